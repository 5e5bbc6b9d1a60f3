"""Exports with the real program: rows, and evidence packages checked with sha256sum and openssl."""
import csv
import hashlib
import json
import re
import subprocess
import zipfile

import harness

LINES = [b"<34>1 2026-11-22T01:00:0%dZ HOST-0042 sshd 1 - - Failed password for root, attempt %d" % (i, i) for i in range(5)]
ODD = "<34>1 2026-11-22T01:00:07Z HOST-0042 app 1 - - t\u00ean=\u0111\u0103ng ".encode() + b"\xff\xfe \"quoted\", Failed"


class Export(harness.Case):
    def export(self, server, name, *arguments, status=0):
        out = self.folder / name
        done = subprocess.run([harness.BINARY, "export", "--data", server.data, "--out", out, *arguments],
                              capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        if status == 0:
            self.assertIn(hashlib.sha256(out.read_bytes()).hexdigest(), done.stdout)
        return out, done.stderr

    def filled(self):
        server = self.server(rules={"pack": False}).start()
        for line in LINES:
            server.tcp(line + b"\n")
        server.tcp(ODD + b"\n")
        harness.wait_until(lambda: len(server.search("HOST-0042")) == 6, 20, "the events")
        return server

    def unpack(self, package, name):
        folder = self.folder / name
        with zipfile.ZipFile(package) as archive:
            archive.extractall(folder)
        return folder

    def openssl_verifies(self, folder, message, signature):
        done = subprocess.run(["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", "signer.pub.pem", "-rawin", "-in", message,
                               "-sigfile", signature], cwd=folder, capture_output=True, text=True, timeout=60)
        return done.returncode == 0

    def check(self, folder):
        done = subprocess.run(["python3", "check.py"], cwd=folder, capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout

    def expect_good(self, server, package, name):
        """What README.txt says, step by step, with the tools it names."""
        folder = self.unpack(package, name)
        sums = subprocess.run(["sha256sum", "-c", "--strict", "MANIFEST.sha256"], cwd=folder, capture_output=True, text=True,
                              timeout=60)
        self.assertEqual(sums.returncode, 0, sums.stdout + sums.stderr)
        self.assertTrue(self.openssl_verifies(folder, "MANIFEST.sha256", "MANIFEST.sha256.sig"))
        key = subprocess.run("openssl pkey -pubin -in signer.pub.pem -outform DER | tail -c 32 | sha256sum", shell=True,
                             cwd=folder, capture_output=True, text=True, timeout=60).stdout.split()[0]
        about = json.loads((folder / "case.json").read_text())
        self.assertEqual(key, about["key_sha256"])
        self.assertEqual(key, hashlib.sha256(bytes.fromhex((server.data / "store/chain.pub").read_text())).hexdigest())
        heads = sorted((folder / "proof/heads").glob("*.msg"))
        self.assertTrue(heads)
        for head in heads:
            self.assertTrue(self.openssl_verifies(folder, head, head.with_suffix(".sig")), head)
        status, text = self.check(folder)
        self.assertEqual(status, 0, text)
        self.assertIn("OK: 6 events", text)
        raw = (folder / "raw.log").read_bytes()
        with open(folder / "index.csv", encoding="utf-8", newline="") as index:
            records = [raw[int(row["offset"]):int(row["offset"]) + int(row["length"])] for row in csv.DictReader(index)]
        self.assertEqual(sorted(records), sorted(LINES + [ODD]), "byte for byte as received")
        self.assertEqual(len((folder / "events.jsonl").read_text().splitlines()), 6)
        readme = (folder / "README.txt").read_text()
        self.assertIn("CÁCH KIỂM TRA", readme)
        self.assertIn("HOW TO CHECK", readme)
        return folder, about

    def test_a_package_is_checked_with_standard_tools_and_any_change_is_found(self):
        server = self.filled()
        custody = ["--case", "17/2026", "--custodian", "Đội ƯCSC", "--agency", "PA05", "--reason", "xâm nhập"]
        package, _ = self.export(server, "online.zip", "--format", "package", *custody, "HOST-0042")
        folder, about = self.expect_good(server, package, "online")
        self.assertEqual([about[name] for name in ("case", "custodian", "agency", "reason", "query", "exported_by")],
                         ["17/2026", "Đội ƯCSC", "PA05", "xâm nhập", "HOST-0042", "token"])
        self.assertRegex(about["exported_at"], r"^20\d\d-\d\d-\d\dT")
        self.assertFalse((server.data / "evidence.zip").exists())

        _, error = self.export(server, "no.zip", "--format", "package", "HOST-9999", status=1)
        self.assertIn("there are no such events", error)
        _, error = self.export(server, "few.zip", "--format", "package", "--limit", "2", "HOST-0042", status=1)
        self.assertIn("there are more than 2 events", error)
        _, error = self.export(server, "table.zip", "--format", "package", "HOST-0042 | count", status=2)
        self.assertIn("must not make a table", error)
        _, error = self.export(server, "online.zip", "--format", "package", "HOST-0042", status=2)
        self.assertIn("replaces nothing", error)
        server.stop()
        offline, _ = self.export(server, "offline.zip", "--format", "package", "HOST-0042")
        self.expect_good(server, offline, "offline")
        _, error = self.export(server, "no.zip", "--format", "package", "HOST-9999", status=1)
        self.assertIn("there are no such events", error)
        self.assertEqual([path.name for path in self.folder.glob("*.parts-*")], [])

        self.expect_found(folder, "raw.log", lambda data: data.replace(b"root", b"ro0t", 1), "raw.log was changed")
        self.expect_found(folder, "proof/heads/" + sorted(p.name for p in (folder / "proof/heads").glob("*.sig"))[0],
                          lambda data: bytes([data[0] ^ 1]) + data[1:], "was changed")
        # With a manifest that fits, but nobody signed.
        def manifest_of(_):
            names = [line.split("  ", 1)[1] for line in (folder / "MANIFEST.sha256").read_text().splitlines()]
            return "".join(f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n" for name in names).encode()
        self.expect_found(folder, "MANIFEST.sha256", lambda data: data.replace(b"  raw", b"  ./raw"),
                          "the signature of the manifest does not hold")
        # With all that signed by another key: the proof does not lead to the server's heads.
        self.forge_with_another_key(folder, manifest_of)
        status, text = self.check(folder)
        self.assertEqual(status, 1, text)
        self.assertRegex(text, "the signature of the head of batch [0-9]+ does not hold")

    def expect_found(self, folder, name, how, what):
        path = folder / name
        before = path.read_bytes()
        after = how(before)
        self.assertNotEqual(before, after)
        path.write_bytes(after)
        status, text = self.check(folder)
        self.assertEqual(status, 1, text)
        self.assertIn(what, text)
        path.write_bytes(before)
        self.assertEqual(self.check(folder)[0], 0)

    def forge_with_another_key(self, folder, manifest_of):
        def openssl(*arguments):
            subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True, timeout=60)
        openssl("genpkey", "-algorithm", "ed25519", "-out", "../forger.key")
        openssl("pkey", "-in", "../forger.key", "-pubout", "-out", "signer.pub.pem")
        (folder / "MANIFEST.sha256").write_bytes(manifest_of(None))
        openssl("pkeyutl", "-sign", "-inkey", "../forger.key", "-rawin", "-in", "MANIFEST.sha256", "-out", "MANIFEST.sha256.sig")

    def test_rows_as_json_lines_and_csv(self):
        server = self.filled()
        status, body = server.bulk(harness.bulk_body([{"@timestamp": "2026-11-22T02:00:00Z", "who": "=1+1", "n": -5, "k": "+1-1"},
                                                      {"@timestamp": "2026-11-22T02:00:01Z", "who": "a \"b\",\r\nc", "n": 7}]))
        self.assertEqual(status, 200, body)
        table = "who:* | sort by n | project n, who, k"
        for name in ("online", "offline"):
            lines, _ = self.export(server, f"{name}.jsonl", "HOST-0042")
            rows = [json.loads(line) for line in lines.read_text().splitlines()]
            self.assertEqual(len(rows), 6)
            self.assertTrue(all("event.original" in row for row in rows))
            lines, _ = self.export(server, f"{name}-table.jsonl", table)
            self.assertEqual([json.loads(line) for line in lines.read_text().splitlines()],
                             [{"n": -5, "who": "=1+1", "k": "+1-1"}, {"n": 7, "who": 'a "b",\r\nc', "k": None}])
            sheet, _ = self.export(server, f"{name}.csv", "--format", "csv", table)
            self.assertEqual(sheet.read_bytes(), b"n,who,k\r\n-5,'=1+1,'+1-1\r\n7,\"a \"\"b\"\",\r\nc\",\r\n")
            out, error = self.export(server, f"{name}-cut.jsonl", "--limit", "2", "HOST-0042", status=1)
            self.assertIn("there are more than 2 rows", error)
            self.assertEqual(len(out.read_text().splitlines()), 2)
            self.export(server, f"{name}-six.jsonl", "--limit", "6", "HOST-0042")
            missing, error = self.export(server, f"{name}-bad.jsonl", "HOST-0042 | nope", status=2)
            self.assertRegex(error, re.escape("unknown step"))
            self.assertFalse(missing.exists())
            if server.running():
                server.stop()


if __name__ == "__main__":
    harness.main("export")
