#!/usr/bin/python3
"""A real HTTP receiver on loopback for tests. Prints its port, then one JSON line per request. Answers with the
statuses given on the command line in turn, the last one for ever; "hang" never answers."""
import http.server
import json
import ssl
import sys
import time

answers = sys.argv[1].split(",")
served = 0


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        global served
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        answer = answers[min(served, len(answers) - 1)]
        served += 1
        print(json.dumps({"path": self.path, "headers": dict(self.headers), "body": body.decode("utf-8")}), flush=True)
        if answer == "hang":
            time.sleep(600)
        status, _, retry_after = answer.partition(":")
        self.send_response(int(status))
        if retry_after:
            self.send_header("Retry-After", retry_after)
        if status == "302":
            self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
if len(sys.argv) > 3:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[2], sys.argv[3])
    server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_address[1], flush=True)
server.serve_forever()
