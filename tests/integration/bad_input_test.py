"""Bad input and bad configuration: a clear message or an `unparsed` event, the server lives, the ledger adds up."""
import gzip
import json
import os
import shutil
import socket
import ssl
import subprocess
import time
import unittest

import harness


def deep(text):
    return b'{"a":' * 20_000 + text + b"}" * 20_000


class BadConfiguration(harness.Case):
    def refused(self, server, *words):
        status, said = server.refuses_to_start()
        self.assertNotEqual(status, 0)
        self.assertGreater(status, 0, f"killed by a signal: {said}")
        for word in words:
            self.assertIn(word, said)
        return status

    def test_unknown_key_names_file_line_and_key(self):
        server = self.server(alerting={"langauge": "vi"})
        self.assertEqual(self.refused(server, "canhgac.yaml:", "langauge"), 2)

    def test_yaml_that_is_not_yaml(self):
        server = self.server()
        path = server.folder / "canhgac.yaml"
        path.write_text("api:\n\taddress: 127.0.0.1:0\n")
        server.write_config = lambda: path
        self.assertEqual(self.refused(server, "canhgac.yaml:2:"), 2)

    def test_port_in_use(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            server = self.server(collectors={"syslog_tcp": {"address": f"127.0.0.1:{port}"}})
            self.refused(server, str(port))

    def test_data_folder_cannot_be_written(self):
        server = self.server(data_dir="/proc/canhgac")  # root may write everywhere else
        self.refused(server, "/proc/canhgac")
        (self.folder / "file").write_text("")
        self.refused(self.server("second", data_dir=str(self.folder / "file" / "data")), "file/data")

    def test_data_folder_in_use_by_another_server(self):
        first = self.server().start()
        second = self.server("second", data_dir=str(first.data))
        self.assertNotEqual(subprocess.run([harness.BINARY, "serve", "--config", second.write_config()], timeout=30,
                                           stdin=subprocess.DEVNULL, capture_output=True, check=False).returncode, 0)
        self.assertEqual(first.http("GET", "/readyz")[0], 200)
        first.stop()

    def test_plain_text_beyond_loopback_is_refused(self):
        for name, listener in (("syslog_tcp", {"address": "0.0.0.0:0"}), ("elastic_bulk", {"address": "0.0.0.0:0"})):
            self.refused(self.server(name, collectors={name: listener}), name)
        self.refused(self.server("api", api={"address": "0.0.0.0:0"}), "api")

    def test_missing_certificate(self):
        tls = {"certificate": "/nowhere/server.crt", "key": "/nowhere/server.key"}
        self.refused(self.server(collectors={"syslog_tls": {"address": "127.0.0.1:0", "tls": tls}}), "/nowhere/server.crt")


class BadBulk(harness.Case):
    def setUp(self):
        super().setUp()
        self.canhgac = self.server().start(120)

    def tearDown(self):
        if self.canhgac.running():
            self.canhgac.stop()

    def test_three_broken_items_among_a_thousand(self):
        events = [{"message": f"bulkgood {n}", "host": {"name": "h"}} for n in range(1000)]
        events[300] = b'{"message": "bulkgood 300", "broken'
        events[500] = b'{"message": "bulkgood 500 \xff", "host": {"name": "h"}}'
        events[700] = b'{"message": "bulkgood 700 \\ud800 tail", "host": {"name": "h"}}'
        status, body = self.canhgac.bulk(harness.bulk_body(events))
        answer = json.loads(body)
        self.assertEqual(status, 200)
        self.assertFalse(answer["errors"])
        self.assertEqual([item["create"]["status"] for item in answer["items"]], [201] * 1000)
        found = self.canhgac.search("bulkgood", 2000)
        self.assertEqual(len(found), 1000)
        unparsed = [event for event in found if "event.parse_error" in event]
        self.assertIn("bulkgood 300", [e["event.original"] for e in unparsed][0])
        self.assertEqual(sum(event.get("host.name") == "h" for event in found) + len(unparsed), 1000)
        for event in found:
            self.assertNotIn("\ud800", json.dumps(event, ensure_ascii=False))
        self.assertEqual(self.canhgac.ledger("elastic_bulk"), {"received": 1000, "committed": 1000, "rejected": 0, "in_flight": 0})

    def test_unknown_action_keeps_every_line(self):
        body = b'{"shuffle":{}}\n{"message":"strange one"}\n{"create":{}}\n{"message":"strange two"}\n'
        status, answer = self.canhgac.bulk(body)
        self.assertEqual(status, 200, answer)
        self.assertFalse(json.loads(answer)["errors"])
        self.assertEqual(len(self.canhgac.search("strange")), 2)

    def test_what_the_sender_says_about_itself_is_not_believed(self):
        lie = {"message": "liar", "organization": {"name": "Bộ Khác"}, "tags": ["drill"], "service": {"name": "x"},
               "logsource": {"product": "windows", "category": "process_creation"}, "asset": {"level": 5}}
        self.assertEqual(self.canhgac.bulk(harness.bulk_body([lie]))[0], 200)
        (event,) = self.canhgac.search("liar")
        self.assertEqual(event["organization.name"], "Sở Thử nghiệm")
        self.assertEqual(event["sender.organization.name"], "Bộ Khác")
        self.assertEqual(event["service.name"], "Cổng thử")
        self.assertNotEqual(event.get("tags"), "drill")
        self.assertNotIn("process_creation", json.dumps(event.get("logsource.category", "")))

    def test_gzip_bomb_wrong_type_garbage_and_depth(self):
        bomb = gzip.compress(b"\n" * (300 * 1024 * 1024), 9)
        status, _ = self.canhgac.bulk(bomb, {"Content-Encoding": "gzip"})
        self.assertEqual(status, 413)
        status, _ = self.canhgac.bulk(b"not gzip at all", {"Content-Encoding": "gzip"})
        self.assertIn(status, (400, 415))
        status, _ = self.canhgac.bulk(b"<a/>", {"Content-Type": "text/xml"})
        self.assertIn(status, (406, 415))
        status, answer = self.canhgac.bulk(harness.bulk_body([deep(b'"nested"'), {"message": "after-depth"}]))
        self.assertEqual((status, json.loads(answer)["errors"]), (200, False))
        self.assertEqual(len(self.canhgac.search("after-depth")), 1)

    def test_gzip_and_plain_bodies_are_the_same(self):
        body = gzip.compress(harness.bulk_body([{"message": "zipped"}]))
        self.assertEqual(self.canhgac.bulk(body, {"Content-Encoding": "gzip", "Content-Type": "application/json"})[0], 200)
        self.assertEqual(len(self.canhgac.search("zipped")), 1)


class BadSyslog(harness.Case):
    def setUp(self):
        super().setUp()
        self.certificates = harness.Certificates(self.folder / "tls")
        path = self.certificates.path
        tls = {"certificate": path("server.crt"), "key": path("server.key"), "client_ca": path("ca.crt"),
               "client_certificates": "required"}
        self.canhgac = self.server(collectors={"syslog_tls": {"address": "127.0.0.1:0", "tls": tls}}).start(120)

    def tearDown(self):
        if self.canhgac.running():
            self.canhgac.udp(b"<13>1 - h app - - - still alive")
            harness.wait_until(lambda: self.canhgac.search('"still alive"'), 20, "the server to live")
            self.canhgac.stop()

    def stored(self, query, count=1):
        harness.wait_until(lambda: len(self.canhgac.search(query)) >= count, 20, f"{count} events for {query}")
        return self.canhgac.search(query)

    def test_bytes_that_are_not_text(self):
        self.canhgac.udp(b"<13>Nov 22 08:00:00 h app: brokenutf \xff\xfe\xc3\x28 end", b"<13>Nov 22 08:00:00 h app: nulbyte a\x00b end")
        (event,) = self.stored("brokenutf")
        self.assertIn("�", event["message"])
        self.stored("nulbyte")

    def test_a_line_of_a_mebibyte_is_cut_and_the_next_one_is_whole(self):
        line = b"<13>1 - h app - - - giant " + b"x" * (2 * 1024 * 1024) + b"\n"
        self.canhgac.tcp(line + b"<13>1 - h app - - - after-giant\n")
        self.stored("after-giant")
        self.stored("giant*", 2)
        self.assertEqual(self.canhgac.count("canhgac_truncated_records_total", listener="syslog_tcp"), 1)

    def test_an_octet_count_that_lies(self):
        self.canhgac.tcp(b"9999999999999999 <13>1 - h app - - - liarcount one\n<13>1 - h app - - - liarcount two\n")
        self.canhgac.tcp(b"5 <13>1 - h app - - - liarcount three\n")
        self.stored("liarcount", 2)

    def test_a_client_that_stalls_in_a_frame_does_not_hold_up_others(self):
        with socket.create_connection(("127.0.0.1", self.canhgac.ports["syslog_tcp"])) as stalled:
            stalled.sendall(b"100 <13>1 - h app - - - stalled half")
            self.canhgac.tcp(b"<13>1 - h app - - - not-stalled\n")
            self.stored("not-stalled")
        self.stored("stalled AND half")  # what came before the connection ended is kept

    def test_tls_garbage_and_wrong_certificates(self):
        address = ("127.0.0.1", self.canhgac.ports["syslog_tls"])
        with socket.create_connection(address) as raw:
            raw.sendall(b"<13>1 - h app - - - plain text to a TLS port\n" * 100)
            raw.settimeout(20)
            try:
                while raw.recv(4096):
                    pass
            except OSError:
                pass
        for name in ("stranger", "expired", None):
            self.assertFalse(self.send_tls(address, name, f"unwelcome {name}"), name)
        self.assertTrue(self.send_tls(address, "client", "welcome client"))
        self.stored("welcome")
        self.assertEqual(self.canhgac.search("unwelcome"), [])
        self.assertGreaterEqual(self.canhgac.count("canhgac_refused_total", listener="syslog_tls", reason="tls_failed"), 4)

    def send_tls(self, address, name, text):
        context = ssl.create_default_context(cafile=self.certificates.path("ca.crt"))
        context.check_hostname = False
        if name:
            context.load_cert_chain(self.certificates.path(name + ".crt"), self.certificates.path(name + ".key"))
        message = f"<13>1 - h app - - - {text}".encode()
        try:
            with context.wrap_socket(socket.create_connection(address, timeout=20)) as connection:
                connection.sendall(b"%d %s" % (len(message), message))
                connection.settimeout(1.0)
                try:
                    return connection.recv(1) != b""
                except socket.timeout:
                    return True  # the server keeps listening: it took the certificate
        except OSError:  # ssl.SSLError is one
            return False


@unittest.skipUnless(os.geteuid() == 0, "a tmpfs can only be mounted as root")
class DiskFull(harness.Case):
    def test_a_full_disk_is_said_and_survived(self):
        small = self.folder / "small"
        small.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256m", "tmpfs", str(small)], capture_output=True, check=False)
        if mounted.returncode != 0:
            self.skipTest(f"no tmpfs here: {mounted.stderr.decode().strip()}")
        self.addCleanup(subprocess.run, ["umount", "-l", str(small)], check=False)
        server = self.server(data_dir=str(small / "data"))
        server.data = small / "data"
        server.start(120)
        accepted, refused = 0, 0
        noise = os.urandom(1 << 20).hex()
        end = time.monotonic() + 60
        while refused < 3 and time.monotonic() < end:
            start = (accepted * 7919) % (len(noise) - 60_000)
            events = [{"message": f"fill {accepted}-{n} {noise[start + n * 50:start + n * 50 + 800]}"} for n in range(500)]
            try:
                status, body = server.bulk(harness.bulk_body(events), timeout=60)
            except OSError:
                refused += 1
                continue
            if status == 200:
                self.assertFalse(json.loads(body)["errors"])
                accepted += 1
            else:
                self.assertIn(status, (429, 503, 507))
                refused += 1
        self.assertGreaterEqual(refused, 1, "the disk never filled")
        self.assertTrue(server.running(), server.log_text())
        self.assertEqual(server.http("GET", "/healthz")[0], 200)
        ledger = server.ledger("elastic_bulk")
        self.assertEqual(ledger["received"], ledger["committed"] + ledger["rejected"] + ledger["in_flight"])
        self.assertGreaterEqual(accepted, 1)
        self.assertGreaterEqual(ledger["committed"], accepted * 500)
        self.assertLess(ledger["committed"], (accepted + refused) * 500, "of what was refused a part may be stored")
        server.kill()
        shutil.rmtree(small, ignore_errors=True)


if __name__ == "__main__":
    harness.main("bad_input")
