"""The guides to writing rules say what the program prints: every file in them is written, every command run."""
import pathlib
import re
import shlex
import subprocess

import harness

GUIDES = harness.ROOT / "docs" / "guide"
BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.M | re.S)


def same_everywhere(text):
    """Without what differs from run to run: how long it took, where events are stored."""
    text = re.sub(r"days in \d+\.\d s", "days in N s", text)
    return re.sub(r"\b\d+\.\d+( \d+\.\d+)*$", "IDS", text, flags=re.M) if "sample events" in text else text


class RuleGuide(harness.Case):
    def blocks(self, name):
        found = BLOCK.findall((GUIDES / name).read_text(encoding="utf-8"))
        self.assertGreater(len(found), 8, name)
        return found

    def follow(self, name):
        server = self.server().start()
        folder = server.folder
        ran = 0
        for kind, file, text in self.blocks(name):
            if file:
                (folder / file).write_text(text, encoding="utf-8")
                if file == "events.log":
                    for line in text.splitlines():
                        server.tcp(line.encode() + b"\n")
                    harness.wait_until(lambda: len(server.search("sudo")) == 3, what="the events of the guide")
                continue
            if kind != "console":
                continue
            for part in re.split(r"^\$ ", text, flags=re.M)[1:]:
                command, _, want = part.partition("\n")
                words = shlex.split(command)
                self.assertEqual(words[0], "canhgac", command)
                got = subprocess.run([harness.BINARY, *words[1:]], cwd=folder, capture_output=True, text=True, timeout=300)
                self.assertEqual(got.stderr, "", command)
                self.assertEqual(same_everywhere(got.stdout), same_everywhere(want), command)
                ran += 1
        self.assertGreaterEqual(ran, 5, name)
        server.stop()
        return folder

    def test_the_english_guide(self):
        folder = self.follow("rules.en.md")
        # The server has stopped: the same command opens its store.
        command = [harness.BINARY, "rules", "backtest", "sudo_shell.yml", "--data", "data", "--from", "2026-11-01T00:00:00Z",
                   "--to", "2026-12-01T00:00:00Z"]
        got = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
        self.assertIn("2 matches, 2 alerts", got.stdout + got.stderr)

    def test_an_exception_keeps_quiet_and_stays_visible(self):
        server = self.server().start()
        folder = server.folder
        files = {file: text for _, file, text in self.blocks("rules.en.md") if file}  # the last version of each
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8")
        for line in files["events.log"].splitlines():
            server.tcp(line.encode() + b"\n")
        harness.wait_until(lambda: len(server.search("sudo")) == 3, what="the events")

        def run(*words):
            got = subprocess.run([harness.BINARY, "rules", "exception", *words, "--data", "data", "--rules", "sudo_shell.yml"],
                                 cwd=folder, capture_output=True, text=True, timeout=300)
            self.assertEqual((got.returncode, got.stderr), (0, ""), words)
            return got.stdout

        run("add", "Web Account Starts a Shell Through Sudo", "--field", "host.name", "--value", "app02", "--until", "2099-12-31",
            "--reason", "hardening test", "--who", "Lan")
        for _ in ("running", "stopped"):
            listed = run("list", "--count", "--from", "2026-11-01T00:00:00Z")
            self.assertIn("would have fired 1 times", listed)
            self.assertIn("hardening test (Lan)", listed)
            if server.running():
                server.stop()

    def test_the_vietnamese_guide(self):
        self.follow("viet-luat.vi.md")

    def test_both_guides_show_the_same_files_and_commands(self):
        english = [block for block in self.blocks("rules.en.md")]
        vietnamese = [block for block in self.blocks("viet-luat.vi.md")]
        self.assertEqual(english, vietnamese)


if __name__ == "__main__":
    harness.main("rule_guide")
