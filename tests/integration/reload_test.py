"""Rules are replaced while events arrive at full speed: no event goes unevaluated, and nobody waits for it.

Every event matches one rule that is there before, during and after each reload; a hundred events share an entity, so the
alert of each hundred must count exactly a hundred. With the corpus of SigmaHQ's rules the reloads are as large as real ones.
"""
import http.client
import json
import os
import pathlib
import signal
import threading
import time

import harness

RULE_ID = "00000000-0000-4000-8000-0000000000bb"
RULE = f"""
title: Every event of the reload test
id: {RULE_ID}
status: test
logsource:
    product: windows
    category: process_creation
detection:
    every:
        CommandLine|startswith: 'reload-test '
    condition: every
level: low
canhgac:
    entity: [Block]
"""
EXTRA = """
title: Comes and goes {0}
id: 00000000-0000-4000-8000-00000000{0:04d}
status: test
logsource:
    product: windows
    category: process_creation
detection:
    sel:
        CommandLine|contains: ['never-{0}', 'nowhere-{0}']
    condition: sel
level: low
"""
BATCH = 100
SENDERS = 2
RELOADS = 4
CORPUS = os.environ.get("CANHGAC_CORPUS")


def event(block, number):
    return {"@timestamp": "2026-11-22T01:00:00.000Z", "agent": {"type": "winlogbeat", "version": "8.19.0", "id": "reload"},
            "host": {"name": "demo-reload"},
            "winlog": {"channel": "Microsoft-Windows-Sysmon/Operational", "provider_name": "Microsoft-Windows-Sysmon",
                       "event_id": "1", "record_id": block * BATCH + number, "computer_name": "demo-reload",
                       "event_data": {"Image": "C:\\Windows\\System32\\cmd.exe", "Block": f"b{block}",
                                      "CommandLine": f"reload-test {block}/{number}"}}}


class Sender(threading.Thread):
    """Sends blocks until told to stop; notes when each was answered and how long it took."""

    def __init__(self, server, next_block):
        super().__init__()
        self.server, self.next_block = server, next_block
        self.answers, self.problem, self.stop = [], None, threading.Event()

    def run(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.ports["elastic_bulk"], timeout=60)
        while not self.stop.is_set():
            block = self.next_block()
            body = harness.bulk_body([event(block, number) for number in range(BATCH)])
            begin = time.monotonic()
            connection.request("POST", "/_bulk", body, {"Content-Type": "application/x-ndjson"})
            answer = connection.getresponse()
            text = answer.read()
            self.answers.append((begin, time.monotonic() - begin))
            if answer.status != 200 or json.loads(text)["errors"]:
                self.problem = f"{answer.status} {text[:300]!r}"
                return
        connection.close()


class Reload(harness.Case):
    def test_every_event_is_evaluated(self):
        rules = self.folder / "rules"
        rules.mkdir()
        (rules / "every.yml").write_text(RULE)
        paths = [str(rules)]
        if CORPUS and not harness.SLOW:
            folders = ("rules", "rules-emerging-threats", "rules-threat-hunting", "rules-compliance")
            paths += [str(pathlib.Path(CORPUS) / "sigmahq" / name) for name in folders]
        server = self.server(rules={"pack": True, "paths": paths}).start(180)
        lock, counter = threading.Lock(), [0]

        def next_block():
            with lock:
                counter[0] += 1
                return counter[0] - 1

        senders = [Sender(server, next_block) for _ in range(SENDERS)]
        for sender in senders:
            sender.start()
        spans = []
        try:
            for number in range(RELOADS):
                time.sleep(0.5)
                (rules / "extra.yml").write_text(EXTRA.format(number))
                said = server.log.read_text(errors="replace").count("rules reloaded")
                begin = time.monotonic()
                server.process.send_signal(signal.SIGHUP)
                harness.wait_until(
                    lambda: server.log.read_text(errors="replace").count("rules reloaded") > said, 60, "the reload")
                spans.append((begin, time.monotonic()))
            time.sleep(0.5)
        finally:
            for sender in senders:
                sender.stop.set()
            for sender in senders:
                sender.join()
        self.assertEqual([sender.problem for sender in senders if sender.problem], [])
        self.check_counts(server, counter[0])
        self.check_latency([a for sender in senders for a in sender.answers], spans)
        server.stop()

    def check_counts(self, server, blocks):
        wanted = {f"b{block}": BATCH for block in range(blocks)}

        def counted():
            found, cursor = {}, ""
            while True:
                status, body = server.api("GET", "/api/v1/alerts?limit=1000" + cursor)
                self.assertEqual(status, 200, body[:300])
                answer = json.loads(body)
                for alert in answer.get("alerts", answer.get("items")):
                    if alert["rule_id"] == RULE_ID:
                        found[alert["entity"][0]["value"]] = alert["count"]
                if not answer.get("next"):
                    return found
                cursor = "&cursor=" + answer["next"]

        harness.wait_until(lambda: counted() == wanted, 60, f"{blocks} alerts that count {BATCH} each", pause=0.5)
        print(f"{blocks * BATCH} events, {RELOADS} reloads: every one evaluated")

    def check_latency(self, answers, spans):
        def p99(values):
            return sorted(values)[min(len(values) - 1, int(len(values) * 0.99))]

        during = [took for begin, took in answers if any(a <= begin + took and begin <= b for a, b in spans)]
        other = [took for begin, took in answers if not any(a <= begin + took and begin <= b for a, b in spans)]
        seconds = ", ".join(f"{b - a:.2f}" for a, b in spans)
        print(f"reloads took {seconds} s; p99 of an answer {p99(during) * 1000:.0f} ms during them ({len(during)} requests), "
              f"{p99(other) * 1000:.0f} ms otherwise ({len(other)})")
        if not harness.SLOW:
            self.assertLessEqual(p99(during), 0.25)


if __name__ == "__main__":
    harness.main("reload")
