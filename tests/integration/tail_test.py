"""Events followed as they come: over the API and with the commands."""
import contextlib
import http.client
import json
import subprocess
import threading
import time
import urllib.parse

import harness


class Tail:
    """A live tail read in a thread: .rows is a list of (arrival on the monotonic clock, id, data)."""

    def __init__(self, server, query, last=None):
        self.connection = http.client.HTTPConnection("127.0.0.1", server.ports["api"], timeout=60)
        headers = {"Authorization": f"Bearer {server.token}"}
        if last is not None:
            headers["Last-Event-ID"] = last
        self.connection.request("GET", "/api/v1/tail?" + urllib.parse.urlencode({"q": query}), headers=headers)
        self.answer = self.connection.getresponse()
        if self.answer.status != 200:
            raise AssertionError(f"{self.answer.status}: {self.answer.read()!r}")
        self.rows = []
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        with contextlib.suppress(OSError, http.client.HTTPException):  # the server was stopped
            self.read_lines()

    def read_lines(self):
        event = {}
        while line := self.answer.readline():
            line = line.decode().rstrip("\n")
            if line:
                name, _, value = line.partition(": ")
                event[name] = value
                continue
            if event.get("event") == "row":
                self.rows.append((time.monotonic(), event["id"], json.loads(event["data"])))
            event = {}


class LiveTail(harness.Case):
    def send(self, server, host, *texts):
        events = [{"@timestamp": "2026-11-22T01:00:00Z", "host.name": host, "text": text} for text in texts]
        status, body = server.bulk(harness.bulk_body(events))
        self.assertEqual(status, 200, body)
        return time.monotonic()

    def test_follows_a_host_and_goes_on_after_a_restart(self):
        server = self.server(rules={"pack": False}).start()
        self.send(server, "HOST-0042", "before")
        live = Tail(server, "host:HOST-0042 | tail")  # example 15 of the language
        self.send(server, "HOST-0007", "of another")
        sent = self.send(server, "HOST-0042", "one", "two")
        harness.wait_until(lambda: len(live.rows) >= 2, 20, "two rows")
        self.assertEqual([row[2]["text"] for row in live.rows], ["one", "two"])
        if not harness.SLOW:
            self.assertLess(live.rows[1][0] - sent, 1.0, "within a second of being durable")
        place = live.rows[0][1]
        server.stop()
        server.start()
        again = Tail(server, "host:HOST-0042", last=place)
        self.send(server, "HOST-0042", "three")
        harness.wait_until(lambda: len(again.rows) >= 2, 20, "what came behind the place")
        self.assertEqual([row[2]["text"] for row in again.rows], ["two", "three"])

        status, body = server.api("GET", "/api/v1/tail?" + urllib.parse.urlencode({"q": "x | sort by _time | tail"}))
        self.assertEqual(status, 400)
        self.assertIn("needs more than one row", json.loads(body)["detail"])
        server.stop()

    def run_command(self, server, *arguments, status=0):
        command = subprocess.Popen([harness.BINARY, *arguments, "--data", server.data], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        try:
            harness.wait_until(lambda: command.poll() is not None
                               or json.loads(server.api("GET", "/api/v1/status")[1])["live_streams"] == 1, 20, "the tail")
            self.send(server, "HOST-0042", "one", "=two")
            out, err = command.communicate(timeout=30)
        finally:
            command.kill()
        self.assertEqual(command.returncode, status, err)
        return out, err

    def test_the_commands_follow_until_the_query_wants_no_more(self):
        server = self.server(rules={"pack": False}).start()
        out, _ = self.run_command(server, "search", "--output", "csv", "host:HOST-0042 | project text, host | take 2 | tail")
        self.assertEqual(out, "text,host.name\none,HOST-0042\n'=two,HOST-0042\n")
        out, _ = self.run_command(server, "tail", "--output", "jsonl", "host:HOST-0042 | take 1")
        rows = [json.loads(line) for line in out.splitlines()]
        self.assertEqual([row.get("text") for row in rows], ["one", None])
        self.assertEqual(rows[1], {"stats": {"rows": 1}})
        _, err = self.run_command(server, "tail", "host:x | count", status=2)
        self.assertIn('"count" needs more than one row', err)
        _, err = self.run_command(server, "search", "--from", "1h", "host:x | tail", status=2)
        self.assertIn("it takes no --from", err)
        server.stop()


if __name__ == "__main__":
    harness.main("tail")
