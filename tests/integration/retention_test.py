"""A disk that fills up: the alarm is shown, and with storage.when_full: drop_oldest the oldest day goes, new
events come in, and what is under legal hold is still found."""
import datetime
import json
import os
import subprocess
import unittest

import harness

OLD = ["2026-11-20", "2026-11-21"]


@unittest.skipUnless(os.geteuid() == 0, "a tmpfs can only be mounted as root")
class FullDisk(harness.Case):
    def mounted(self, size):
        small = self.folder / "small"
        small.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(small)], capture_output=True, check=False)
        if mounted.returncode != 0:
            self.skipTest(f"no tmpfs here: {mounted.stderr.decode().strip()}")
        self.addCleanup(subprocess.run, ["umount", "-l", str(small)], check=False)
        return small

    def store(self, server, day, text, count=1):
        noise = os.urandom(64 * 1024).hex()
        events = [{"@timestamp": f"{day}T10:00:00.000Z", "message": f"{text} {n} {noise[n * 60:n * 60 + 60000]}"} for n in range(count)]
        status, body = server.bulk(harness.bulk_body(events), timeout=60)
        self.assertEqual(status, 200, body)
        self.assertFalse(json.loads(body)["errors"])

    def hold(self, server, *arguments):
        """canhgac hold ...: of the running server, or of its data folder when it is stopped."""
        done = subprocess.run([harness.BINARY, "hold", *arguments, "--data", str(server.data), "--output", "jsonl"],
                              capture_output=True, check=False, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout or "{}")

    def test_the_oldest_day_makes_room(self):
        small = self.mounted("400m")
        server = self.server(data_dir=str(small / "data"), rules={"pack": False},
                             storage={"when_full": "drop_oldest", "seal_after": "1s"})
        server.data = small / "data"
        server.start(120)
        self.assertEqual(json.loads(server.api("GET", "/api/v1/status")[1])["numbers"]["disk_level"], 0)
        today = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
        self.store(server, OLD[0], "first", 50)
        self.store(server, OLD[1], "second", 50)
        self.store(server, today, "third", 5)
        held = self.hold(server, "add", "case-12", "second", "--incident", "Vụ 12")
        self.assertEqual((held["events"], held["actor"], held["incident"]), (50, "token", "Vụ 12"))
        ballast = small / "ballast"
        with open(ballast, "wb") as file:
            file.write(b"b" * (170 << 20))  # less than 256 MiB are left then
        harness.wait_until(lambda: server.count("canhgac_store_dropped_days_total", reason="disk_full") == 2, 90, "two dropped days")
        ballast.unlink()
        self.assertEqual(len(server.search("first")), 0)
        self.assertEqual(len(server.search("second")), 50, "held")
        self.assertEqual(len(server.search("third")), 5, "today is never dropped")
        self.assertIn("storage.when_full: drop_oldest", server.log_text())
        self.assertIn(f"forgot the events of {OLD[0]}", server.log_text())
        server.stop()
        self.assertEqual(self.hold(server, "list")["name"], "case-12")
        server.start(120)
        self.assertEqual(len(server.search("second")), 50)
        server.stop()
        self.hold(server, "release", "case-12", "--reason", "closed")
        server.start(120)
        self.assertEqual(len(server.search("second")), 0)
        self.assertEqual(len(server.search("third")), 5)
        self.assertEqual(len(server.search("first")), 0)

    def test_the_alarm_is_shown_and_refusing_means_not_ready(self):
        small = self.mounted("400m")
        server = self.server(data_dir=str(small / "data"), rules={"pack": False})
        server.data = small / "data"
        server.start(120)
        self.store(server, OLD[0], "kept", 5)
        ballast = small / "ballast"
        with open(ballast, "wb") as file:
            free = os.statvfs(small)
            file.write(b"b" * (free.f_bavail * free.f_frsize - (100 << 20)))
        harness.wait_until(lambda: server.http("GET", "/readyz")[0] == 503, 30, "not ready")
        self.assertIn(b"the disk is full", server.http("GET", "/readyz")[1])
        status = json.loads(server.api("GET", "/api/v1/status")[1])
        self.assertGreaterEqual(status["numbers"]["disk_level"], 1)
        self.assertGreaterEqual(status["numbers"]["disk_used_percent"], 70)
        self.assertIn("events are refused", status["texts"]["disk"])
        self.assertIn("the disk of the store", server.log_text())
        self.assertEqual(len(server.search("kept")), 5, "what is stored stays")
        ballast.unlink()
        harness.wait_until(lambda: server.http("GET", "/readyz")[0] == 200, 30, "ready again")
        self.store(server, OLD[0], "again", 1)
        self.assertEqual(len(server.search("again")), 1)


if __name__ == "__main__":
    harness.main("retention")
