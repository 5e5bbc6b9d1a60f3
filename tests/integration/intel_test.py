"""Indicators and inventory in the running server: hits become fields and alerts, reload brings lists in, senders cannot
write what enrichment writes."""
import json
import signal

import harness


class Intel(harness.Case):
    def event(self, server, **fields):
        status, body = server.bulk(harness.bulk_body([fields]))
        self.assertEqual(status, 200, body)

    def one(self, server, query):
        return harness.wait_until(lambda: server.search(query), 20, f"an event of {query}")[0]

    def test_hits_reload_and_a_list_that_vanishes(self):
        c2 = self.folder / "c2.txt"
        c2.write_text("203[.]0[.]113[.]7\nevil.example # why\nno indicator\n")
        assets = self.folder / "assets.csv"
        assets.write_text("match,organization,owner\nweb1,Sở Thử nghiệm,Bà Bình\n")
        server = self.server(intel={"lists": [{"name": "c2", "path": str(c2), "level": "high", "tags": ["botnet"]}]},
                             enrichment={"inventory": [str(assets)]}, rules={"pack": False}).start()
        self.assertIn("c2.txt:3:1: ", server.log_text())
        self.event(server, mark="first", QueryName="www.evil.example", **{"host.name": "web1", "threat.indicator.list": "forged",
                                                                          "asset.owner": "forged"})
        event = self.one(server, "mark:first")
        self.assertEqual(event["threat.indicator.list"], "c2")
        self.assertEqual(event["threat.indicator.value"], "evil.example")
        self.assertEqual(event["sender.threat.indicator.list"], "forged")
        self.assertEqual(event["asset.owner"], "Bà Bình")
        self.assertEqual(event["tags"], ["threat-intel", "botnet"])
        alert = harness.wait_until(server.alerts, 20, "an alert")[0]
        self.assertEqual(alert["level"], "high")
        self.assertIn("c2", alert["title"])
        self.assertEqual(len(server.search("threat.indicator.list:c2")), 1)
        self.assertIn(alert["rule_id"], server.api("GET", "/api/v1/rules")[1].decode())

        c2.write_text("new.example\n")
        server.process.send_signal(signal.SIGHUP)
        harness.wait_until(lambda: server.count("canhgac_intel_entries", list="c2") == 1, 30, "the new list")
        self.event(server, mark="second", QueryName="new.example")
        self.assertEqual(self.one(server, "mark:second")["threat.indicator.value"], "new.example")

        c2.unlink()
        server.process.send_signal(signal.SIGHUP)
        harness.wait_until(lambda: "the old ones stay in use" in server.log_text(), 30, "word about the missing list")
        self.event(server, mark="third", QueryName="new.example")
        self.assertEqual(self.one(server, "mark:third")["threat.indicator.value"], "new.example")
        self.assertEqual(server.count("canhgac_intel_hits_total"), 3)
        server.stop()


if __name__ == "__main__":
    harness.main("intel")
