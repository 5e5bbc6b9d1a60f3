#!/usr/bin/env python3
"""Plays the demo's story into a running server and prints the alerts it raises (script/server --demo starts it).

usage: demo_player.py --data DIR --story FILE [--check N] [--watch PID] [--remove DIR]
--check N    ends with status 0 as soon as N different rules have raised an alert, 1 after 60 s from ready
--watch PID  keeps printing alerts until this process ends
--remove DIR is deleted at the end
"""
import argparse
import datetime
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import string
import sys
import time

VIETNAM = datetime.timezone(datetime.timedelta(hours=7))
READY_WITHIN = 300.0  # the first start compiles the rule databases
ALERTS_WITHIN = 60.0


class Player:
    def __init__(self, options):
        self.options = options
        self.data = pathlib.Path(options.data)
        self.ports = {}
        self.seen = {}  # alert id -> count last printed
        self.rules = set()
        self.pid = 2000
        self.connections = {}

    def alive(self):
        try:
            os.kill(self.options.watch, 0)
        except ProcessLookupError:
            return False
        return True

    def request(self, method, path, body=None, port="api", headers=None, source="127.0.0.1"):
        connection = http.client.HTTPConnection("127.0.0.1", self.ports[port], timeout=10, source_address=(source, 0))
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def wait_ready(self):
        end = time.monotonic() + READY_WITHIN
        while time.monotonic() < end:
            if not self.alive():
                sys.exit("demo: the server ended before it was ready")
            try:
                self.ports = json.loads((self.data / "ports.json").read_text())
                if self.request("GET", "/readyz")[0] == 200:
                    return
            except (OSError, ValueError, http.client.HTTPException):
                pass
            time.sleep(0.1)
        sys.exit("demo: the server is not ready")

    def variables(self, number):
        self.pid += 1
        now = datetime.datetime.now(datetime.timezone.utc)
        here = now.astimezone(VIETNAM)
        return {
            "n": number, "pid": self.pid,
            "rfc3164": here.strftime("%b %e %H:%M:%S"),
            "rfc3339": now.strftime("%Y-%m-%dT%H:%M:%S.") + f"{now.microsecond // 1000:03}Z",
            "clf": here.strftime("%d/%b/%Y:%H:%M:%S %z"),
            "date": here.strftime("%Y-%m-%d"), "time": here.strftime("%H:%M:%S"),
            "epoch_ns": time.time_ns(),
        }

    def send(self, step, number):
        fill = self.variables(number)
        source = step.get("from", "127.0.0.1")
        if step["to"] == "elastic_bulk":
            event = string.Template(json.dumps(step["event"])).substitute(fill)
            body = '{"create":{"_index":"winlogbeat-8.19.0"}}\n' + event + "\n"
            status, answer = self.request("POST", "/_bulk", body.encode(), "elastic_bulk",
                                          {"Content-Type": "application/x-ndjson"}, source)
            if status != 200 or b'"errors":false' not in answer:
                raise RuntimeError(f"_bulk answered {status}: {answer[:200]!r}")
            return
        line = string.Template(step["line"]).substitute(fill).encode()
        if step["to"] == "syslog_udp":
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
                udp.bind((source, 0))
                udp.sendto(line, ("127.0.0.1", self.ports["syslog_udp"]))
        else:
            if source not in self.connections:
                address = ("127.0.0.1", self.ports["syslog_tcp"])
                self.connections[source] = socket.create_connection(address, timeout=10, source_address=(source, 0))
            self.connections[source].sendall(line + b"\n")

    def show_alerts(self):
        token = (self.data / "token").read_text().strip()
        status, body = self.request("GET", "/api/v1/alerts?limit=100", headers={"Authorization": f"Bearer {token}"})
        if status != 200:
            raise RuntimeError(f"the API answered {status}: {body[:200]!r}")
        found = json.loads(body)
        for alert in reversed(found.get("alerts", found.get("items", []))):
            new = alert["id"] not in self.seen
            if new or self.seen[alert["id"]] != alert["count"]:
                entity = ", ".join(f"{pair['field']}={pair['value']}" for pair in alert["entity"])
                print(f"   {'ALERT ' if new else 'again '} [{alert['level']}] {alert['title']} - {entity}, "
                      f"{alert['organization']}, seen {alert['count']}", flush=True)
            self.seen[alert["id"]] = alert["count"]
            self.rules.add(alert["rule_id"])

    def pause(self, seconds):
        end = time.monotonic() + seconds
        while True:
            self.show_alerts()
            if self.done() or time.monotonic() >= end or not self.alive():
                return
            time.sleep(min(0.25, max(0.0, end - time.monotonic())))

    def done(self):
        return self.options.check and len(self.rules) >= self.options.check

    def play(self):
        for line in pathlib.Path(self.options.story).read_text(encoding="utf-8").splitlines():
            if not line.strip() or line.startswith("#"):
                continue
            step = json.loads(line)
            if "step" in step:
                print(f"-- {step['step']}", flush=True)
            elif "wait" in step:
                self.pause(step["wait"])
            else:
                for number in range(1, step.get("repeat", 1) + 1):
                    self.send(step, number)
                    time.sleep(step.get("gap", 0))

    def run(self):
        print("demo: waiting for the server (the first start compiles the rules)", flush=True)
        begin = time.monotonic()
        self.wait_ready()
        ready = time.monotonic()
        print(f"demo: ready after {ready - begin:.1f} s, ports {json.dumps(self.ports)}", flush=True)
        self.play()
        if self.options.check:
            while not self.done() and time.monotonic() < ready + ALERTS_WITHIN and self.alive():
                self.pause(1)
            print(f"demo: {len(self.rules)} different alerts {time.monotonic() - ready:.1f} s after ready", flush=True)
            return 0 if self.done() else 1
        program = os.environ.get("CANHGAC_BINARY", "canhgac")
        print(f"demo: the story is over. Look around:\n   {program} alerts --data {self.data}\n"
              f"   {program} search --data {self.data} '203.0.113.40'\ndemo: Ctrl-C stops the server", flush=True)
        while self.alive():
            try:
                self.show_alerts()
            except (OSError, http.client.HTTPException):
                pass  # the server is stopping
            time.sleep(0.5)
        return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True)
    parser.add_argument("--story", required=True)
    parser.add_argument("--check", type=int, default=0)
    parser.add_argument("--watch", type=int, required=True)
    parser.add_argument("--remove", default="")
    options = parser.parse_args()
    if not options.check:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server; this ends with it
    try:
        return Player(options).run()
    except (OSError, RuntimeError, http.client.HTTPException) as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    finally:
        if options.remove:
            while Player(options).alive() and not options.check:
                time.sleep(0.2)
            shutil.rmtree(options.remove, ignore_errors=True)


sys.exit(main())
