"""The server as a whole: health, token, search, alerts, metrics, clean stop, reload, the packaged configuration."""
import json
import os
import re
import signal
import stat
import subprocess
import threading
import time

import harness

MARKER_RULE = """
title: {title}
id: {id}
status: test
logsource:
    product: linux
detection:
    marker:
        message|contains: '{marker}'
    condition: marker
level: high
canhgac:
    entity: [host.name]
"""


def rule(folder, name, number, marker):
    folder.mkdir(exist_ok=True)
    rule_id = f"00000000-0000-4000-8000-{number:012d}"
    (folder / f"{name}.yml").write_text(MARKER_RULE.format(title=name, id=rule_id, marker=marker))
    return rule_id


class Serve(harness.Case):
    def test_health_is_open_and_everything_else_needs_the_token(self):
        server = self.server().start()
        self.assertEqual(server.http("GET", "/healthz")[0], 200)
        self.assertEqual(server.http("GET", "/readyz")[0], 200)
        for method, path in (("GET", "/metrics"), ("GET", "/api/v1/alerts"), ("POST", "/api/v1/search"), ("GET", "/")):
            self.assertEqual(server.http(method, path)[0], 401, path)
        wrong = {"Authorization": "Bearer " + "0" * len(server.token)}
        self.assertEqual(server.http("GET", "/api/v1/alerts", headers=wrong)[0], 401)
        self.assertEqual(server.api("GET", "/api/v1/alerts")[0], 200)
        self.assertEqual(stat.S_IMODE(os.stat(server.data / "token").st_mode), 0o600)
        server.stop()

    def command_line_search(self, server, query):
        return subprocess.run([harness.BINARY, "search", "--data", str(server.data), "--output", "csv", query],
                              capture_output=True, text=True, timeout=60)

    def test_steps_of_a_search_compute_on_the_command_line(self):
        server = self.server().start()
        for host in ("quay1", "quay2", "quay1"):
            server.udp(f"<13>Nov 22 08:00:00 {host} app: gull".encode())
        harness.wait_until(lambda: len(server.search("gull")) == 3, what="three events")
        counted = self.command_line_search(server, "gull | summarize n=count(), raw=dcount(_raw) by host | top 5 by n")
        self.assertEqual((counted.returncode, counted.stdout.splitlines()), (0, ["host.name,n,raw", "quay1,2,1", "quay2,1,1"]))
        first = self.command_line_search(server, 'gull | where host startswith "QUAY" | sort by host desc | project host | take 1')
        self.assertEqual((first.returncode, first.stdout.splitlines()), (0, ["host.name", "quay2"]))
        misspelt = self.command_line_search(server, "gull | sumarize n=count() by host")
        self.assertNotEqual(misspelt.returncode, 0)
        self.assertEqual(misspelt.stdout, "")
        self.assertIn("summarize", misspelt.stderr)

    def test_events_of_every_listener_are_found_with_their_source(self):
        server = self.server().start()
        server.udp(b"<13>Nov 22 08:00:00 udphost app: sail-one")
        server.tcp(b"<13>1 2026-11-22T08:00:00+07:00 tcphost app - - - sail-two\n")
        status, body = server.bulk(harness.bulk_body([{"message": "sail-three", "host": {"name": "bulkhost"}}]))
        self.assertEqual((status, json.loads(body)["errors"]), (200, False))
        found = harness.wait_until(lambda: len(server.search("sail*")) == 3 and server.search("sail*"), what="three events")
        self.assertEqual({event["host.name"] for event in found}, {"udphost", "tcphost", "bulkhost"})
        self.assertEqual({event["organization.name"] for event in found}, {"Sở Thử nghiệm"})
        self.assertEqual([e["host.name"] for e in server.search("sail* AND host.name:tcphost")], ["tcphost"])
        self.assertEqual([e["host.name"] for e in server.search('sail* NOT (host.name:tcphost OR host.name:udphost)')], ["bulkhost"])
        for listener in ("syslog_udp", "syslog_tcp", "elastic_bulk"):
            self.assertEqual(server.ledger(listener), {"received": 1, "committed": 1, "rejected": 0, "in_flight": 0})
        server.stop()

    def test_a_clean_stop_keeps_what_was_received(self):
        server = self.server().start()
        total = 20_000
        server.tcp(b"".join(b"<13>1 - drainhost app - - - drain number %d\n" % n for n in range(total)))
        harness.wait_until(lambda: server.ledger("syslog_tcp")["received"] == total, 30, "all received", pause=0.001)
        server.stop()
        server.start()
        found = {int(re.search(rb"number (\d+)", e["event.original"].encode())[1]) for e in server.search("drain", total + 1)}
        self.assertEqual(len(found), total)
        server.stop()

    def test_reload_brings_new_rules_in_without_a_gap(self):
        rules = self.folder / "rules"
        always = rule(rules, "always", 1, "pulse")
        server = self.server(rules={"pack": False, "paths": [str(rules)]}).start()
        sent, stop = [0], threading.Event()

        def send():
            while not stop.is_set():
                server.tcp(b"".join(b"<13>1 - pulse%d sshd - - - pulse\n" % n for n in range(sent[0], sent[0] + 20)))
                sent[0] += 20
                time.sleep(0.02)

        sender = threading.Thread(target=send)
        sender.start()
        try:
            time.sleep(0.5)
            later = rule(rules, "later", 2, "late-comer")
            server.process.send_signal(signal.SIGHUP)
            harness.wait_until(lambda: "reloaded" in server.log_text(), 30, "the reload")
            server.tcp(b"<13>1 - host-after sshd - - - late-comer\n")
            harness.wait_until(lambda: server.alerts(later), 20, "an alert of the new rule")
            (rules / "later.yml").write_text("title: [broken\n")
            server.process.send_signal(signal.SIGHUP)
            harness.wait_until(lambda: re.search("left out|not reloaded", server.log_text()), 30, "word about the broken rule")
            time.sleep(0.5)
        finally:
            stop.set()
            sender.join()
        harness.wait_until(lambda: server.ledger("syslog_tcp")["committed"] >= sent[0], 30, "all stored")

        def hosts():
            return {event["host.name"] for event in server.search("pulse AND NOT late", sent[0] + 10)}

        self.assertEqual(len(hosts()), sent[0])
        opened = lambda: server.count("canhgac_alerts_opened_total")  # noqa: E731
        harness.wait_until(lambda: opened() >= sent[0] + 1, 60, f"an alert for each of {sent[0]} events of {always}")
        self.assertEqual(opened(), sent[0] + 1)
        server.stop()

    def test_the_packaged_configuration_is_accepted(self):
        text = (harness.ROOT / "packaging/canhgac.yaml").read_text(encoding="utf-8")
        server = self.server()
        text = text.replace("data_dir: /var/lib/canhgac", f"data_dir: {server.data}")
        text = re.sub(r"^(\s+address: 127\.0\.0\.1):\d+", r"\1:0", text, flags=re.M)
        server.write_config = lambda: (server.folder / "canhgac.yaml").write_text(text) and server.folder / "canhgac.yaml"
        server.start()
        self.assertLessEqual({"api", "syslog_udp", "syslog_tcp", "elastic_bulk"}, set(server.ports))
        self.assertNotIn("syslog_tls", server.ports)
        server.stop()


if __name__ == "__main__":
    harness.main("serve")
