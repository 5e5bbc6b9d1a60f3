"""kill -9 in the middle of a correlation window: nine failures before, the tenth after the restart gives one alert with
count 10; killed right after the alert, there is no second one. Also over a checkpoint, a reload of the rules and `not`.
"""
import time

import harness

BRUTE = "00000000-0000-4000-8000-0000000000c2"
SPRAY = "00000000-0000-4000-8000-0000000000c3"
LONELY = "00000000-0000-4000-8000-0000000000c6"
RULES = f"""
title: Failed
id: 00000000-0000-4000-8000-0000000000c1
name: failed
status: test
logsource: {{product: windows, category: process_creation}}
detection:
    failed: {{CommandLine|startswith: 'failed'}}
    condition: failed
---
title: Brute Force
id: {BRUTE}
status: test
correlation: {{type: event_count, rules: failed, group-by: Address, timespan: 10m, condition: {{gte: 10}}}}
level: high
---
title: Spray
id: {SPRAY}
status: test
correlation: {{type: value_count, rules: failed, group-by: Address, timespan: 10m, condition: {{field: Account, gte: 5}}}}
level: high
---
title: Opened
id: 00000000-0000-4000-8000-0000000000c4
name: opened
status: test
logsource: {{product: windows, category: process_creation}}
detection:
    opened: {{CommandLine|startswith: 'opened'}}
    condition: opened
---
title: Approved
id: 00000000-0000-4000-8000-0000000000c5
name: approved
status: test
logsource: {{product: windows, category: process_creation}}
detection:
    approved: {{CommandLine|startswith: 'approved'}}
    condition: approved
---
title: Opened Without Approval
id: {LONELY}
status: test
correlation: {{type: temporal, group-by: Address, timespan: 2s, condition: opened and not approved}}
level: high
"""


def item(number, command, address, account):
    return {
        "@timestamp": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime()) + f".{number % 1000:03}Z",
        "agent": {"type": "winlogbeat", "version": "8.19.0", "id": "resume-test"},
        "host": {"name": "demo-resume"},
        "winlog": {
            "channel": "Microsoft-Windows-Sysmon/Operational", "provider_name": "Microsoft-Windows-Sysmon", "event_id": "1",
            "record_id": number, "computer_name": "demo-resume",
            "event_data": {"Image": "C:\\Windows\\System32\\cmd.exe", "CommandLine": command, "Address": address,
                           "Account": account},
        },
    }


class Resume(harness.Case):
    def setUp(self):
        super().setUp()
        self.number = 0
        rules = self.folder / "rules"
        rules.mkdir()
        self.rules = rules / "rules.yml"
        self.rules.write_text(RULES)
        secret = self.folder / "secret"
        secret.write_text("x\n")
        self.hook = harness.WebhookReceiver()
        self.addCleanup(self.hook.close)
        self.canhgac = self.server(
            rules={"pack": False, "paths": [str(rules)]}, engine={"lateness": "1s"},
            alerting={"webhook": {"url": self.hook.url, "secret_file": str(secret), "per_minute": 0}}).start()

    def send(self, times, address, command="failed", account="root"):
        items = []
        for _ in range(times):
            self.number += 1
            items.append(item(self.number, command, address, account))
        status, answer = self.canhgac.bulk(harness.bulk_body(items))
        self.assertEqual(status, 200, answer[:300])

    def kill_and_start(self):
        self.canhgac.kill()
        self.canhgac.start()
        if not harness.SLOW:
            self.assertLess(self.canhgac.ready_after, 5.0)

    def one_alert(self, rule, address, count):
        def found():
            alerts = [a for a in self.canhgac.alerts(rule) if a["entity"][0]["value"] == address]
            return alerts and alerts[0]["count"] >= count and alerts

        alerts = harness.wait_until(found, what=f"an alert about {address}")
        self.assertEqual([a["count"] for a in alerts], [count])

    def calls(self, address):
        return [body for _, _, body in self.hook.snapshot() if address.encode() in body]

    def test_nine_before_and_the_tenth_after(self):
        self.send(9, "192.0.2.1")
        self.kill_and_start()
        self.assertEqual(self.canhgac.alerts(BRUTE), [])
        self.send(1, "192.0.2.1")
        self.one_alert(BRUTE, "192.0.2.1", 10)
        # killed right after it: no second alert, no second notice under another key, and the count goes on
        self.kill_and_start()
        time.sleep(1.5)
        self.one_alert(BRUTE, "192.0.2.1", 10)
        self.send(3, "192.0.2.1")
        self.one_alert(BRUTE, "192.0.2.1", 13)
        harness.wait_until(lambda: self.calls("192.0.2.1"), what="the notice")
        keys = {h["Idempotency-Key"] for _, h, body in self.hook.snapshot() if b"192.0.2.1" in body}
        self.assertEqual(len(keys), 1)

    def test_killed_while_the_alert_is_made(self):
        for round_ in range(10 if harness.LONG else 3):
            address = f"198.51.100.{round_}"
            self.send(9, address)
            self.send(1, address)  # acknowledged: whatever happens now, there is one alert
            self.kill_and_start()
            self.one_alert(BRUTE, address, 10)
        time.sleep(1.0)
        self.assertEqual(len(self.canhgac.alerts(BRUTE)), 10 if harness.LONG else 3)

    def test_a_clean_stop_and_a_reload_keep_windows(self):
        for account in ("a", "b", "c"):
            self.send(1, "192.0.2.2", account=account)
        self.canhgac.stop()  # writes a checkpoint
        self.canhgac.start()
        self.send(1, "192.0.2.2", account="a")  # the same value again
        self.send(1, "192.0.2.2", account="d")
        self.rules.write_text(RULES.replace("title: Spray", "title: Spray of Passwords")
                              .replace("condition: {gte: 10}", "condition: {gte: 100}"))
        status, body = self.canhgac.api("POST", "/api/v1/rules/reload")
        self.assertEqual(status, 200, body)
        self.assertEqual(self.canhgac.alerts(SPRAY), [])
        self.send(1, "192.0.2.2", account="e")
        self.one_alert(SPRAY, "192.0.2.2", 6)
        self.assertEqual(self.canhgac.alerts(SPRAY)[0]["title"], "Spray of Passwords")
        self.kill_and_start()
        self.send(1, "192.0.2.2", account="f")
        self.one_alert(SPRAY, "192.0.2.2", 7)

    def test_what_did_not_come_is_told_once(self):
        self.send(1, "192.0.2.3", "opened")
        self.send(1, "192.0.2.4", "opened")
        self.send(1, "192.0.2.4", "approved")
        self.kill_and_start()
        self.one_alert(LONELY, "192.0.2.3", 1)
        self.kill_and_start()
        time.sleep(3.0)
        self.assertEqual([a["entity"][0]["value"] for a in self.canhgac.alerts(LONELY)], ["192.0.2.3"])
        self.assertGreater(self.canhgac.count("canhgac_correlation_groups", rule=BRUTE) + 1, 0)


if __name__ == "__main__":
    harness.main("resume")
