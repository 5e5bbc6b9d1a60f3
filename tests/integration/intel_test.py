"""Indicators and inventory in the running server: hits become fields and alerts, reload brings lists in, senders cannot
write what enrichment writes."""
import signal
import subprocess

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

    def test_what_is_new_in_a_list_is_found_in_stored_events(self):
        c2 = self.folder / "c2.txt"
        c2.write_text("old.example\n")
        server = self.server(intel={"lists": [{"name": "c2", "path": str(c2), "level": "high"}]}, rules={"pack": False}).start()
        for number in range(3):
            self.event(server, mark="past", QueryName="late.example", src_ip="10.0.0.9", number=number)
        self.event(server, mark="past", QueryName="old.example", src_ip="10.0.0.9")
        harness.wait_until(lambda: len(server.search("mark:past")) == 4, 20, "the events")
        harness.wait_until(lambda: len(server.alerts()) == 1, 20, "the alert of the old entry")
        c2.write_text("old.example\nlate.example\n")
        server.process.send_signal(signal.SIGHUP)
        alert = harness.wait_until(lambda: [a for a in server.alerts() if a["title"].startswith("Look-back")], 60, "an alert")
        self.assertEqual(len(alert), 1)
        self.assertEqual({e["value"] for e in alert[0]["entity"]}, {"late.example", "10.0.0.9"})
        found = server.search("tags:look-back")
        self.assertEqual(len(found), 1)
        self.assertIn("in 3 stored events", found[0]["message"])
        self.assertEqual(len(server.alerts()), 2)
        server.stop()
        server.start()
        harness.wait_until(lambda: server.count("canhgac_intel_entries", list="c2") == 2, 20, "the lists")
        self.assertEqual(len(server.search("tags:look-back")), 1)
        server.stop()

    def test_a_signed_bundle_is_imported_used_and_rolled_back(self):
        def run(*arguments, status=0):
            done = subprocess.run([harness.BINARY, "rules", *map(str, arguments)], capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, status, done.stderr)
            return done.stdout + done.stderr

        key = self.folder / "secret.key"
        public = run("keygen", "-o", key).strip()
        self.assertEqual(key.stat().st_mode & 0o777, 0o600)
        folder = self.folder / "bundle-in"
        (folder / "intel").mkdir(parents=True)
        (folder / "intel" / "c2.txt").write_text("one.example\n")
        into = self.folder / "bundles"
        signed = self.folder / "u.signed"
        place = ["--trust", public, "--into", into]
        run("bundle", folder, "--key", key, "--version-number", 1, "-o", signed)
        self.assertIn("no signature", run("import", signed, "--trust", "A" * 43 + "=", "--into", into, status=1))
        run("import", signed, *place)
        self.assertIn("must increase", run("import", signed, *place, status=1))
        server = self.server(intel={"look_back": "0s", "lists": [{"name": "c2", "path": str(into / "current/intel/c2.txt")}]},
                             rules={"pack": False}).start()
        entries = lambda: server.count("canhgac_intel_entries", list="c2")  # noqa: E731
        self.assertEqual(entries(), 1)
        (folder / "intel" / "c2.txt").write_text("one.example\ntwo.example\n")
        run("bundle", folder, "--key", key, "--version-number", 2, "-o", signed)
        run("import", signed, *place)
        server.process.send_signal(signal.SIGHUP)
        harness.wait_until(lambda: entries() == 2, 20, "the new bundle")
        run("rollback", "--into", into)
        server.process.send_signal(signal.SIGHUP)
        harness.wait_until(lambda: entries() == 1, 20, "the old bundle")
        server.stop()


if __name__ == "__main__":
    harness.main("intel")
