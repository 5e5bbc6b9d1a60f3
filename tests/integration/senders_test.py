"""Real senders: rsyslog, syslog-ng and logger deliver numbered lines by UDP, TCP and TLS with client certificates.

Every line must be stored, none twice, and the ledger must add up. 100,000 lines for each way; fewer in sanitizer builds.
"""
import collections
import os
import pathlib
import re
import shutil
import subprocess
import time
import unittest

import harness

LINES = 5_000 if harness.SLOW else 100_000
PART = 25_000  # lines asked for at once: the API gives at most 100,000 events to a search
SYSLOG_NG = pathlib.Path(os.environ.get("CANHGAC_SYSLOG_NG", harness.ROOT / "build/tools/syslog-ng")) / "syslog-ng"
MULTIARCH = "/usr/lib/x86_64-linux-gnu/rsyslog"


class Senders(harness.Case):
    def setUp(self):
        super().setUp()
        self.certificates = harness.Certificates(self.folder / "tls")
        path = self.certificates.path
        tls = {"certificate": path("server.crt"), "key": path("server.key"), "client_ca": path("ca.crt"),
               "client_certificates": "required"}
        self.canhgac = self.server(collectors={"syslog_tls": {"address": "127.0.0.1:0", "tls": tls}}).start(120)
        self.input = self.folder / "lines.txt"

    def numbered(self, word):
        with open(self.input, "w", encoding="ascii") as lines:
            lines.writelines(f"{word} line {n} of {LINES} part{n // PART}\n" for n in range(LINES))

    def run_until_received(self, command, listener):
        """Runs a sender until the ledger has all lines, then ends it."""
        with open(self.folder / "sender.log", "wb") as log:
            sender = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        begin = time.monotonic()
        try:
            harness.wait_until(lambda: self.canhgac.ledger(listener)["committed"] >= LINES or sender.poll() is not None, 120,
                               f"{LINES} lines at {listener}", pause=0.2)
        except AssertionError:
            print((self.folder / "sender.log").read_text(errors="replace")[-3000:])
            raise
        finally:
            sender.terminate()
            sender.wait(20)
        print(f"{command[0]} by {listener}: {LINES} lines in {time.monotonic() - begin:.1f} s")

    def check(self, word, listener):
        server = self.canhgac
        harness.wait_until(lambda: server.ledger(listener)["in_flight"] == 0, 20, "nothing in flight")
        numbers = collections.Counter()
        for part in range((LINES + PART - 1) // PART):
            for event in server.search(f'"{word} line" part{part}', 4 * PART):
                numbers[int(re.search(rf"{word} line (\d+) of", event["event.original"])[1])] += 1
        self.assertEqual(len(numbers), LINES, f"missing, e.g. {[n for n in range(LINES) if n not in numbers][:10]}")
        self.assertEqual([n for n, times in numbers.items() if times > 1][:10], [], "stored twice")
        self.assertEqual(server.ledger(listener), {"received": LINES, "committed": LINES, "rejected": 0, "in_flight": 0})
        if listener == "syslog_udp":
            self.assertEqual(server.count("canhgac_kernel_drops_total", listener=listener), 0)
        server.stop()

    # --- rsyslog --------------------------------------------------------------------------------------------------
    def rsyslog(self, listener, action):
        path = self.certificates.path
        config = self.folder / "rsyslog.conf"
        work = self.folder / "rsyslog-work"
        work.mkdir()
        slowly = 'queue.dequeueBatchSize="32" queue.dequeueSlowDown="1000"' if listener == "syslog_udp" else ""
        config.write_text(f'''
global(workDirectory="{work}" maxMessageSize="8k" DefaultNetstreamDriverCAFile="{path("ca.crt")}"
       DefaultNetstreamDriverCertFile="{path("client.crt")}" DefaultNetstreamDriverKeyFile="{path("client.key")}")
module(load="imfile" mode="inotify")
input(type="imfile" file="{self.input}" tag="numbered" severity="info" facility="local0" ruleset="out")
ruleset(name="out" queue.type="LinkedList" queue.size="200000" {slowly}) {{
  action(type="omfwd" target="127.0.0.1" port="{self.canhgac.ports[listener]}"
         template="RSYSLOG_SyslogProtocol23Format" {action})
}}
''', encoding="ascii")
        self.run_until_received(["rsyslogd", "-n", "-f", str(config), "-i", str(work / "pid")], listener)

    @unittest.skipUnless(shutil.which("rsyslogd"), "rsyslog is not installed")
    def test_rsyslog_by_udp(self):
        self.numbered("rsudp")
        self.rsyslog("syslog_udp", 'protocol="udp"')
        self.check("rsudp", "syslog_udp")

    @unittest.skipUnless(shutil.which("rsyslogd"), "rsyslog is not installed")
    def test_rsyslog_by_tcp_octet_counted(self):
        self.numbered("rstcp")
        self.rsyslog("syslog_tcp", 'protocol="tcp" TCP_Framing="octet-counted"')
        self.check("rstcp", "syslog_tcp")

    @unittest.skipUnless(shutil.which("rsyslogd"), "rsyslog is not installed")
    @unittest.skipUnless(os.path.exists(MULTIARCH + "/lmnsd_ossl.so"), "rsyslog-openssl is not installed")
    def test_rsyslog_by_tls_with_client_certificate(self):
        self.numbered("rstls")
        self.rsyslog("syslog_tls", 'protocol="tcp" TCP_Framing="octet-counted" StreamDriver="ossl" StreamDriverMode="1" '
                                   'StreamDriverAuthMode="x509/name" StreamDriverPermittedPeers="localhost"')
        self.check("rstls", "syslog_tls")

    # --- syslog-ng ------------------------------------------------------------------------------------------------
    def syslog_ng(self, listener, destination):
        path = self.certificates.path
        port = self.canhgac.ports[listener]
        config = self.folder / "syslog-ng.conf"
        config.write_text(f'''@version: 3.38
options {{ stats-freq(0); keep-hostname(yes); log-fifo-size(200000); }};
source lines {{ file("{self.input}" follow-freq(0.2) flags(no-parse) program-override("numbered")); }};
destination out {{ {destination.format(port=port, ca=path("ca.crt"), key=path("client.key"), certificate=path("client.crt"))} }};
log {{ source(lines); destination(out); flags(flow-control); }};
''', encoding="ascii")
        work = self.folder
        self.run_until_received([str(SYSLOG_NG), "-F", "-f", str(config), "-R", str(work / "ng.persist"),
                                 "-c", str(work / "ng.ctl"), "-p", str(work / "ng.pid")], listener)

    @unittest.skipUnless(SYSLOG_NG.exists(), "syslog-ng is not unpacked (script/syslog-ng-aside)")
    def test_syslog_ng_by_udp(self):
        self.numbered("ngudp")
        self.syslog_ng("syslog_udp", 'network("127.0.0.1" port({port}) transport("udp") throttle(20000));')
        self.check("ngudp", "syslog_udp")

    @unittest.skipUnless(SYSLOG_NG.exists(), "syslog-ng is not unpacked (script/syslog-ng-aside)")
    def test_syslog_ng_by_tcp(self):
        self.numbered("ngtcp")
        self.syslog_ng("syslog_tcp", 'network("127.0.0.1" port({port}) transport("tcp"));')
        self.check("ngtcp", "syslog_tcp")

    @unittest.skipUnless(SYSLOG_NG.exists(), "syslog-ng is not unpacked (script/syslog-ng-aside)")
    def test_syslog_ng_by_tls_with_client_certificate(self):
        self.numbered("ngtls")
        self.syslog_ng("syslog_tls", 'syslog("127.0.0.1" port({port}) transport("tls") tls(ca-file("{ca}") key-file("{key}") '
                                     'cert-file("{certificate}") peer-verify(required-trusted)));')
        self.check("ngtls", "syslog_tls")

    # --- logger ---------------------------------------------------------------------------------------------------
    @unittest.skipUnless(shutil.which("logger"), "logger (bsdutils) is not installed")
    def test_logger_by_tcp_in_both_framings_and_by_udp(self):
        server = self.canhgac
        self.numbered("lgtcp")
        base = ["logger", "--server", "127.0.0.1", "--tag", "numbered", "--priority", "local0.info"]
        tcp = [*base, "--tcp", "--port", str(server.ports["syslog_tcp"]), "--rfc5424"]
        half = LINES // 2
        with open(self.input, "rb") as lines:
            everything = lines.read().splitlines(keepends=True)
        subprocess.run([*tcp, "--octet-count"], input=b"".join(everything[:half]), check=True)
        subprocess.run(tcp, input=b"".join(everything[half:]), check=True)
        for n in range(20):
            subprocess.run([*base, "--udp", "--rfc3164", "--port", str(server.ports["syslog_udp"]), f"lgudp {n}"], check=True)
        harness.wait_until(lambda: server.ledger("syslog_tcp")["committed"] >= LINES, 60, "all lines")
        harness.wait_until(lambda: len(server.search("lgudp")) == 20, 20, "twenty datagrams")
        self.check("lgtcp", "syslog_tcp")


if __name__ == "__main__":
    harness.main("senders")
