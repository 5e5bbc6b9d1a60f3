"""Starts the real program with a configuration of its own on loopback, port 0, and helps to talk to it.

Environment: CANHGAC_BINARY (the program), CANHGAC_TEST_RESULTS (folder for reports), CANHGAC_SANITIZE (set: slow build),
CANHGAC_LONG (set: long versions), CANHGAC_KEEP (set: keep the folders of failed tests).
"""
import base64
import contextlib
import http.client
import http.server
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import xml.etree.ElementTree as xml

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BINARY = pathlib.Path(os.environ.get("CANHGAC_BINARY", ROOT / "build/release/app/canhgac")).resolve()
SLOW = bool(os.environ.get("CANHGAC_SANITIZE"))
LONG = bool(os.environ.get("CANHGAC_LONG"))


def wait_until(condition, seconds=20.0, what="the condition", pause=0.05):
    """Returns the first true value of condition(); fails after `seconds`."""
    end = time.monotonic() + seconds * (4 if SLOW else 1)
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"{what} did not come true within {seconds} s; last: {value!r}")
        time.sleep(pause)


class Server:
    """One data folder and the program running on it, or not."""

    def __init__(self, folder, **config):
        self.folder = pathlib.Path(folder)
        self.data = self.folder / "data"
        self.config = {
            "data_dir": str(self.data),
            "api": {"address": "127.0.0.1:0"},
            "collectors": {name: {"address": "127.0.0.1:0"} for name in ("syslog_udp", "syslog_tcp", "elastic_bulk")},
            "sources": [{"network": "127.0.0.0/8", "organization": "Sở Thử nghiệm", "service": "Cổng thử", "level": 2}],
        }
        for key, value in config.items():
            if isinstance(value, dict):
                self.config.setdefault(key, {}).update(value)
            else:
                self.config[key] = value
        self.process = None
        self.ports = {}
        self.token = ""
        self.log = self.folder / "serve.log"

    def write_config(self):
        path = self.folder / "canhgac.yaml"
        path.write_text(json.dumps(self.config, ensure_ascii=False, indent=1), encoding="utf-8")  # JSON is YAML
        return path

    def launch(self):
        (self.data / "ports.json").unlink(missing_ok=True)
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([BINARY, "serve", "--config", self.write_config()], stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log, cwd=self.folder)
        return self

    def start(self, seconds=60.0):
        self.launch()
        begin = time.monotonic()

        def ready():
            if self.process.poll() is not None:
                raise AssertionError(f"the server ended with {self.process.returncode}:\n{self.log_text()}")
            with contextlib.suppress(OSError, ValueError, http.client.HTTPException):
                self.ports = json.loads((self.data / "ports.json").read_text())
                return self.http("GET", "/readyz")[0] == 200
            return False

        wait_until(ready, seconds, "ready", pause=0.01)
        self.token = (self.data / "token").read_text().strip()
        self.ready_after = time.monotonic() - begin
        return self

    def refuses_to_start(self, seconds=30.0):
        """Starts, expects it to end by itself; returns (exit status, what it said)."""
        self.launch()
        status = self.process.wait(seconds)
        return status, self.log_text()

    def stop(self, seconds=60.0):
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"the server did not stop within {seconds} s:\n{self.log_text()}") from None
        if status != 0:
            raise AssertionError(f"the server stopped with {status}:\n{self.log_text()}")

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def running(self):
        return self.process is not None and self.process.poll() is None

    def log_text(self):
        return self.log.read_text(errors="replace")[-6000:] if self.log.exists() else ""

    # --- HTTP -----------------------------------------------------------------------------------------------------
    def http(self, method, path, body=None, headers=None, port="api", timeout=60):
        connection = http.client.HTTPConnection("127.0.0.1", self.ports[port], timeout=timeout)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def api(self, method, path, body=None, timeout=120):
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        return self.http(method, path, json.dumps(body) if body is not None else None, headers, timeout=timeout)

    def search(self, query, limit=1000, **more):
        status, body = self.api("POST", "/api/v1/search", {"query": query, "limit": limit, **more})
        if status != 200:
            raise AssertionError(f"search {query!r} answered {status}: {body[:500]!r}")
        lines = [json.loads(line) for line in body.splitlines() if line.strip()]
        return [line for line in lines if "event.original" in line]

    def alerts(self, rule_id=None):
        status, body = self.api("GET", "/api/v1/alerts?limit=1000")
        if status != 200:
            raise AssertionError(f"alerts answered {status}: {body[:500]!r}")
        answer = json.loads(body)
        found = answer.get("alerts", answer.get("items"))
        return [alert for alert in found if rule_id is None or alert["rule_id"] == rule_id]

    def metrics(self):
        """{name: {labels as text: value}}"""
        status, body = self.api("GET", "/metrics")
        if status != 200:
            raise AssertionError(f"metrics answered {status}")
        result = {}
        for line in body.decode().splitlines():
            if not line or line.startswith("#"):
                continue
            name, value = line.rsplit(" ", 1)
            name, _, labels = name.partition("{")
            result.setdefault(name, {})[labels.rstrip("}")] = float(value)
        return result

    def count(self, name, **labels):
        """Sum of a metric over every series that has these labels."""
        wanted = [f'{key}="{value}"' for key, value in labels.items()]
        return sum(value for text, value in self.metrics().get(name, {}).items() if all(w in text for w in wanted))

    def ledger(self, listener):
        """The ledger's equation of one listener: received = committed + rejected + in flight."""
        numbers = {
            "received": self.count("canhgac_received_records_total", listener=listener),
            "committed": self.count("canhgac_committed_records_total", listener=listener),
            "rejected": self.count("canhgac_rejected_records_total", listener=listener),
            "in_flight": self.count("canhgac_in_flight_records", listener=listener),
        }
        return {name: int(value) for name, value in numbers.items()}

    # --- senders --------------------------------------------------------------------------------------------------
    def bulk(self, body, headers=None, path="/_bulk", timeout=60):
        headers = {"Content-Type": "application/x-ndjson", **(headers or {})}
        return self.http("POST", path, body, headers, port="elastic_bulk", timeout=timeout)

    def tcp(self, data):
        with socket.create_connection(("127.0.0.1", self.ports["syslog_tcp"]), timeout=20) as connection:
            connection.sendall(data)

    def udp(self, *datagrams):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for datagram in datagrams:
                sender.sendto(datagram, ("127.0.0.1", self.ports["syslog_udp"]))


def bulk_body(events, action="create", index="test"):
    """events: JSON values, or bytes taken as they are; returns the body of a _bulk request."""
    lines = []
    for event in events:
        lines.append(json.dumps({action: {"_index": index}}).encode())
        lines.append(event if isinstance(event, bytes) else json.dumps(event, ensure_ascii=False).encode())
    return b"\n".join(lines) + b"\n"


class Case(unittest.TestCase):
    """A test with a folder of its own; servers made by self.server() are ended with it."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="canhgac-it-"))
        self.servers = []
        self.addCleanup(self._end)

    def server(self, name="server", **config):
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        server = Server(folder, **config)
        self.servers.append(server)
        return server

    def _end(self):
        failed = any(error for _, error in getattr(self._outcome, "errors", []) if error)
        result = getattr(self._outcome, "result", None)
        if result is not None:
            failed = failed or any(test is self for test, _ in result.failures + result.errors)
        for server in self.servers:
            if failed:
                print(f"--- {server.log}\n{server.log_text()}", file=sys.stderr)
            crashed = server.process is not None and server.process.poll() not in (None, 0, 2, -signal.SIGKILL)
            server.kill()
            if crashed and not failed:
                self.fail(f"the server ended with {server.process.returncode}:\n{server.log_text()}")
        if failed and os.environ.get("CANHGAC_KEEP"):
            print(f"kept: {self.folder}", file=sys.stderr)
        else:
            shutil.rmtree(self.folder, ignore_errors=True)


class WebhookReceiver:
    """Takes notices on loopback: .calls is a list of (arrival on the monotonic clock, headers, body as JSON)."""

    def __init__(self):
        self.calls = []
        self.lock = threading.Lock()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):  # pylint: disable=invalid-name
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                with outer.lock:
                    outer.calls.append((time.monotonic(), dict(self.headers), body))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        class Receiver(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, request, client_address):
                pass  # the server under test was killed in the middle of a call

        self.httpd = Receiver(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.httpd.server_address[1]}/hook"
        threading.Thread(target=self.httpd.serve_forever, daemon=True).start()

    def snapshot(self):
        with self.lock:
            return list(self.calls)

    def close(self):
        self.httpd.shutdown()
        self.httpd.server_close()


class MailServer:
    """A real SMTP server (aiosmtpd) on loopback: .mails is a list of (arrival on the monotonic clock, message bytes)."""

    def __init__(self):
        from aiosmtpd.controller import Controller  # pylint: disable=import-outside-toplevel

        self.mails = []
        outer = self

        class Handler:
            async def handle_DATA(self, _server, _session, envelope):  # pylint: disable=invalid-name
                outer.mails.append((time.monotonic(), envelope.content))
                return "250 OK"

        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.controller = Controller(Handler(), hostname="127.0.0.1", port=self.port)
        self.controller.start()

    def close(self):
        self.controller.stop()


class Certificates:
    """A certificate authority made by openssl: server and client certificates, one of them expired, one of strangers."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.authority("ca")
        self.authority("stranger-ca")
        self.issue("server", "ca", extra="subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth\n")
        self.issue("client", "ca", extra="extendedKeyUsage=clientAuth\n")
        self.issue("stranger", "stranger-ca", extra="extendedKeyUsage=clientAuth\n")
        self.issue("expired", "ca", extra="extendedKeyUsage=clientAuth\n", days="-1")

    def path(self, name):
        return str(self.folder / name)

    def openssl(self, *arguments):
        subprocess.run(["openssl", *arguments], check=True, stdin=subprocess.DEVNULL, capture_output=True)

    def authority(self, name):
        self.openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}",
                     "-keyout", self.path(name + ".key"), "-out", self.path(name + ".crt"))

    def issue(self, name, authority, extra, days="2"):
        (self.folder / (name + ".ext")).write_text(extra)
        self.openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}",
                     "-keyout", self.path(name + ".key"), "-out", self.path(name + ".csr"))
        self.openssl("x509", "-req", "-in", self.path(name + ".csr"), "-CA", self.path(authority + ".crt"),
                     "-CAkey", self.path(authority + ".key"), "-CAcreateserial", "-days", days,
                     "-extfile", self.path(name + ".ext"), "-out", self.path(name + ".crt"))


def basic(name, secret):
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()}


class _Result(unittest.TextTestResult):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.suite = xml.Element("testsuite")
        self.started = 0.0

    def startTest(self, test):
        super().startTest(test)
        self.started = time.monotonic()

    def _add(self, test, tag=None, text=""):
        name = test.id().split(".")
        case = xml.SubElement(self.suite, "testcase", classname=".".join(name[1:-1]) or name[0], name=name[-1], status="run",
                              time=f"{time.monotonic() - self.started:.3f}")
        if tag:
            xml.SubElement(case, tag, message=text[:2000])

    def addSuccess(self, test):
        super().addSuccess(test)
        self._add(test)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._add(test, "failure", str(err[1]))

    def addError(self, test, err):
        super().addError(test, err)
        self._add(test, "error", str(err[1]))

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self._add(test, "skipped", reason)


def main(name):
    """Runs the test cases of the calling file; writes NAME.xml for script/test_summary.py."""
    if not os.access(BINARY, os.X_OK):
        print(f"SKIPPED: no program at {BINARY}")
        sys.exit(77)
    runner = unittest.TextTestRunner(resultclass=_Result, verbosity=2, stream=sys.stdout)
    program = unittest.main(module="__main__", testRunner=runner, exit=False)
    if os.environ.get("CANHGAC_TEST_RESULTS"):
        report = pathlib.Path(os.environ["CANHGAC_TEST_RESULTS"]) / f"{name}.xml"
        xml.ElementTree(program.result.suite).write(report, encoding="utf-8", xml_declaration=True)
    sys.exit(0 if program.result.wasSuccessful() else 1)
