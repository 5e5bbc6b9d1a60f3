"""Steps of searches that ask the running program: its rules, its alerts, its lists."""
import json
import subprocess
from pathlib import Path

import harness

RULE = """title: Office starts a shell
id: 5a1f2a7e-3f0d-4d5b-9a43-1d2f6f0c9b11
status: test
level: high
logsource: {product: windows, category: process_creation}
detection:
    selection: {ParentImage|endswith: '\\\\winword.exe', Image|endswith: '\\\\cmd.exe'}
    condition: selection
"""
MD5 = "44d88612fea8a8f36de82e1278abb02f"


class SearchSteps(harness.Case):
    def rows(self, server, query):
        status, body = server.api("POST", "/api/v1/search", {"query": query})
        self.assertEqual(status, 200, body)
        lines = [json.loads(line) for line in body.splitlines() if line.strip()]
        self.assertIn("stats", lines[-1], body)
        return [line["row"] for line in lines if "row" in line]

    def refusal(self, server, query):
        status, body = server.api("POST", "/api/v1/search", {"query": query})
        self.assertEqual(status, 400, body)
        return json.loads(body)["detail"]

    def test_rules_alerts_lists_and_sequences(self):
        rules = self.folder / "rules"
        rules.mkdir()
        (rules / "office.yml").write_text(RULE)
        hashes = self.folder / "bad.txt"
        hashes.write_text(MD5 + "\n")
        server = self.server(rules={"pack": False, "paths": [str(rules)]},
                             intel={"lists": [{"name": "bad", "path": str(hashes), "level": "high"}]}).start()
        word, shell = "C:\\Office\\WINWORD.EXE", "C:\\Windows\\System32\\cmd.exe"
        common = {"Channel": "Microsoft-Windows-Sysmon/Operational", "Computer": "WS1", "host.name": "WS1"}

        def event(second, **fields):
            return {"@timestamp": f"2026-11-22T01:00:{second:02}Z", **common, **fields}

        events = [event(1, EventID=1, ParentImage="C:\\Windows\\explorer.exe", Image=word, ProcessGuid="{w}", ParentProcessGuid="{e}"),
                  event(2, EventID=1, ParentImage=word, Image=shell, ProcessGuid="{c}", ParentProcessGuid="{w}",
                        Hashes=f"SHA1={'0' * 40},MD5={MD5}"),
                  event(3, EventID=3, Image=shell, ProcessGuid="{c}", DestinationIp="203.0.113.50", DestinationHostname="a.b.gov.vn"),
                  event(40, EventID=22, QueryName="far.example", Image=shell)]
        for each in events:  # a batch each: one after the other in the store
            status, body = server.bulk(harness.bulk_body([each]))
            self.assertEqual(status, 200, body)
        harness.wait_until(lambda: len(server.search("Computer:WS1")) == 4, 20, "the events")

        for reference in ("5a1f2a7e-3f0d-4d5b-9a43-1d2f6f0c9b11", "office STARTS a shell"):
            self.assertEqual(self.rows(server, f'sigma "{reference}" | project Image'), [[shell]])
        self.assertEqual(len(server.search('EventID:1 NOT sigma "Office starts a shell"')), 1)
        self.assertEqual(self.refusal(server, 'x OR sigma "no such rule"'),
                         "query, line:column 1:12: no rule in use has this id or title")

        alert = harness.wait_until(lambda: server.alerts("5a1f2a7e-3f0d-4d5b-9a43-1d2f6f0c9b11"), 20, "the alert")[0]
        self.assertEqual(self.rows(server, f'alert "{alert["id"]}" | around 10s by Computer, ProcessGuid | project EventID'), [[3], [1]])
        self.assertIn("there is no alert with this id", self.refusal(server, 'alert "17"'))

        self.assertEqual(self.rows(server, "EventID:1 | lookup ioc_hashes on Hashes | where isnotnull(ioc.name) "
                                           "| project Image, ioc.name, ioc.list, ioc.type"), [[shell, MD5, "bad", "md5"]])
        self.assertIn("ioc_hashes", self.refusal(server, "* | lookup nothing on Hashes"))

        found = self.rows(server, "sequence by Computer maxspan 30s [EventID:1] with runs 2 [EventID:3] | project Computer, span")
        self.assertEqual(found, [["WS1", "00:00:02"]])
        tree = self.rows(server, 'proctree root="{C}" id=ProcessGuid parent=ParentProcessGuid up=2 | project level, Image')
        self.assertEqual(tree, [[-1, word], [0, shell]])
        self.assertEqual(self.rows(server, "EventID:3 | join (EventID:22 | project Image, QueryName) on Image | project QueryName"),
                         [["far.example"]])
        suffixes = Path("/usr/share/publicsuffix/public_suffix_list.dat").exists()
        self.assertEqual(self.rows(server, "EventID:3 | project d = registered_domain(DestinationHostname)"),
                         [["b.gov.vn" if suffixes else "unknown"]])
        self.assertIn("this answer has an end", self.refusal(server, "host:WS1 | tail"))

        done = subprocess.run([harness.BINARY, "search", "--output", "csv", "--data", server.data,
                               "sequence by Computer maxspan 1m [EventID:1] [EventID:22] | project Computer, first_seen"],
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout, "Computer,first_seen\nWS1,2026-11-22T01:00:02Z\n")
        server.stop()


if __name__ == "__main__":
    harness.main("search_steps")
