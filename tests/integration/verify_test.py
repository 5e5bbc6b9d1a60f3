"""Proof of the store with the real program: through a server, of a stopped store, and of one that was rolled back."""
import json
import shutil
import subprocess
import time

import harness


class Verify(harness.Case):
    def verify(self, server, *arguments, status=0):
        done = subprocess.run([harness.BINARY, "verify", "--data", server.data, "--output", "jsonl", *arguments],
                              capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return json.loads(done.stdout.splitlines()[-1])["verify"] if status < 2 else done.stderr

    def send(self, server, *texts):
        for text in texts:  # a batch each
            status, body = server.bulk(harness.bulk_body([{"@timestamp": "2026-11-22T01:00:00Z", "text": text}]))
            self.assertEqual(status, 200, body)

    def test_a_good_store_holds_and_one_that_was_rolled_back_does_not(self):
        server = self.server(rules={"pack": False}).start()
        self.send(server, "one", "two", "three")
        running = self.verify(server)
        self.assertTrue(running["ok"], running)
        self.assertEqual((running["events"], running["first_bad"]), (3, None))
        self.assertGreater(running["events_per_second"], 0)
        server.stop()
        old = self.folder / "old"
        shutil.copytree(server.data, old)

        stopped = self.verify(server)
        self.assertEqual(stopped["head"], running["head"])
        noted = self.folder / "proven.json"
        self.assertEqual(self.verify(server, "--resume", noted)["events"], 3)
        server.start()
        self.send(server, "four", "five")
        rest = self.verify(server, "--resume", noted)
        self.assertEqual((rest["events"], rest["skipped"], rest["batches"]), (2, 3, 5))
        self.assertEqual(json.loads(noted.read_text())["reached"], 5)
        self.assertEqual(self.verify(server, "--from", "1h")["events"], 5)
        self.assertEqual(self.verify(server, "--to", "2026-01-01T00:00:00Z")["events"], 0)
        server.stop()

        shutil.rmtree(server.data)
        shutil.copytree(old, server.data)  # chain, signed heads and events of the end are gone together
        self.assertTrue(self.verify(server)["ok"], "by itself the older store holds")
        bad = self.verify(server, "--resume", noted, status=1)
        self.assertEqual(bad["first_bad"], {"batch": 4, "problem": "the chain was proven up to a later batch before: "
                                                                   "its end was cut off"})
        server.start()  # and another history in its place
        self.send(server, "four!", "five!")
        time.sleep(0.1)
        bad = self.verify(server, "--resume", noted, status=1)
        self.assertEqual(bad["first_bad"]["batch"], 5)
        table = subprocess.run([harness.BINARY, "verify", "--data", server.data, "--output", "table"], capture_output=True,
                               text=True, timeout=120)
        self.assertIn("holds; head of batch 5: ", table.stdout)
        server.stop()

    def test_wrong_usage_and_no_store(self):
        server = self.server()
        server.data.mkdir()
        self.assertIn("there is no store here", self.verify(server, status=2))
        self.assertIn("takes no --from", self.verify(server, "--resume", "x", "--from", "1h", status=2))
        self.assertIn("--from must be before --to", self.verify(server, "--from", "1h", "--to", "2h", status=2))
        self.assertIn("--to takes a time", self.verify(server, "--to", "soon", status=2))
        broken = self.folder / "broken.json"
        broken.write_text("{}")
        self.assertIn("remove it to begin anew", self.verify(server, "--resume", broken, status=2))


if __name__ == "__main__":
    harness.main("verify")
