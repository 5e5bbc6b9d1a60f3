"""kill -9 at random moments under _bulk load: nothing acknowledged is lost, nothing doubled, every alert comes once.

The client sends every unanswered request again, as shippers do. One item in fifty matches a rule whose entity is the
item's own number, so each of them must have exactly one alert, and the webhook must have seen each under one key.
5 rounds; 30 with CANHGAC_LONG.
"""
import collections
import http.client
import json
import os
import random
import threading
import time

import harness

RULE_ID = "00000000-0000-4000-8000-0000000000aa"
RULE = f"""
title: Kill test marker
id: {RULE_ID}
status: test
logsource:
    product: windows
    category: process_creation
detection:
    marker:
        CommandLine|contains: 'kill-marker'
    condition: marker
level: high
canhgac:
    entity: [KillNumber]
"""
ROUNDS = 30 if harness.LONG else 5
BATCH = 100
SENDERS = 2
PART = 25_000  # events asked for at once: the API gives at most 100,000 to a search


def item(number):
    command = f"kill-marker {number}" if number % 50 == 0 else f"ordinary {number}"
    return {
        "@timestamp": "2026-11-22T01:00:00.000Z",
        "agent": {"type": "winlogbeat", "version": "8.19.0", "id": "kill-test"},
        "host": {"name": "demo-kill"},
        "winlog": {
            "channel": "Microsoft-Windows-Sysmon/Operational", "provider_name": "Microsoft-Windows-Sysmon", "event_id": "1",
            "record_id": number, "computer_name": "demo-kill",
            "event_data": {"Image": "C:\\Windows\\System32\\cmd.exe", "CommandLine": command, "KillNumber": f"n{number}",
                           "Part": f"p{number // PART}"},
        },
    }


class Sender(threading.Thread):
    """Sends numbered batches until told to stop; repeats a request until it is answered."""

    def __init__(self, server, next_batch):
        super().__init__()
        self.server, self.next_batch = server, next_batch
        self.answered, self.resent, self.stop, self.problem = [], 0, threading.Event(), None

    def run(self):
        while not self.stop.is_set():
            batch = self.next_batch()
            body = harness.bulk_body([item(n) for n in range(batch * BATCH, (batch + 1) * BATCH)])
            while True:
                try:
                    status, answer = self.server.bulk(body, timeout=30)
                except (OSError, http.client.HTTPException):
                    self.resent += 1
                    time.sleep(0.02)
                    continue
                if status == 429:
                    time.sleep(0.1)
                    continue
                answer = json.loads(answer)
                if status != 200 or answer["errors"] or len(answer["items"]) != BATCH:
                    self.problem = f"{status} {str(answer)[:300]}"
                    return
                self.answered.append(batch)
                break


class Kill(harness.Case):
    def test_nothing_acknowledged_is_lost_or_doubled(self):
        rules = self.folder / "rules"
        rules.mkdir()
        (rules / "marker.yml").write_text(RULE)
        secret = self.folder / "secret"
        secret.write_text("x\n")
        hook = harness.WebhookReceiver()
        self.addCleanup(hook.close)
        server = self.server(rules={"pack": False, "paths": [str(rules)]},
                             alerting={"webhook": {"url": hook.url, "secret_file": str(secret), "per_minute": 0}}).start()
        # The same ports after each start, as a shipper's configuration has them.
        for name in ("api", *server.config["collectors"]):
            port = server.ports[name]
            (server.config["api"] if name == "api" else server.config["collectors"][name])["address"] = f"127.0.0.1:{port}"
        seed = int(os.environ.get("CANHGAC_SEED", random.randrange(1 << 30)))
        print(f"{ROUNDS} rounds, seed {seed}")
        chance = random.Random(seed)
        lock, counter = threading.Lock(), [0]

        def next_batch():
            with lock:
                counter[0] += 1
                return counter[0] - 1

        senders = [Sender(server, next_batch) for _ in range(SENDERS)]
        for sender in senders:
            sender.start()
        slowest = 0.0
        try:
            for _ in range(ROUNDS):
                time.sleep(chance.uniform(0.2, 1.5))
                server.kill()
                server.start()
                slowest = max(slowest, server.ready_after)
        finally:
            for sender in senders:
                sender.stop.set()
            for sender in senders:
                sender.join()
        self.assertEqual([s.problem for s in senders if s.problem], [])
        total = counter[0] * BATCH
        resent = sum(s.resent for s in senders)
        print(f"{total} events in {counter[0]} requests, {resent} tries unanswered, ready again within {slowest:.2f} s")
        self.assertGreater(resent, 0)
        self.assertEqual(sorted(b for s in senders for b in s.answered), list(range(counter[0])))
        if not harness.SLOW:
            self.assertLessEqual(slowest, 5.0)
        self.check_events(server, total)
        self.check_alerts(server, hook, total)
        server.stop()

    def check_events(self, server, total):
        found = collections.Counter()
        for part in range(total // PART + 1):
            found.update(int(e["KillNumber"][1:]) for e in server.search(f"host.name:demo-kill Part:p{part}", 4 * PART))
        self.assertEqual([n for n in range(total) if n not in found][:20], [], "lost")
        self.assertEqual([n for n, times in found.items() if times > 1][:20], [], "doubled")
        self.assertEqual(len(found), total)

    def check_alerts(self, server, hook, total):
        wanted = {f"n{n}" for n in range(0, total, 50)}

        def seen():
            keys = collections.defaultdict(set)
            for _, headers, body in hook.snapshot():
                keys[json.loads(body)["alert"]["entity"][0]["value"]].add(headers["Idempotency-Key"])
            return keys

        def missing():
            return sorted(wanted - set(seen()), key=lambda name: int(name[1:]))

        end = time.monotonic() + 60
        while missing() and time.monotonic() < end:
            time.sleep(0.5)
        self.assertEqual(missing()[:20], [], f"{len(missing())} of {len(wanted)} alerts without a webhook call")
        self.assertEqual(set(seen()), wanted)
        self.assertEqual([n for n, keys in seen().items() if len(keys) != 1], [], "more than one idempotency key")
        alerts = collections.Counter(a["entity"][0]["value"] for a in self.every_alert(server))
        self.assertEqual(set(alerts), wanted)
        self.assertEqual([n for n, times in alerts.items() if times != 1], [], "more than one alert")

    def every_alert(self, server):
        found, cursor = [], ""
        while True:
            status, body = server.api("GET", f"/api/v1/alerts?limit=500{cursor}")
            self.assertEqual(status, 200)
            answer = json.loads(body)
            found += [a for a in answer["alerts"] if a["rule_id"] == RULE_ID]
            if not answer.get("next"):
                return found
            cursor = f"&cursor={answer['next']}"


if __name__ == "__main__":
    harness.main("kill")
