#!/usr/bin/env python3
"""Holds every #include "module/..." against docs/layers.txt. Prints each breach as file:line; exit status 1 if any."""
import pathlib
import re
import sys

root = pathlib.Path(__file__).resolve().parent.parent
allowed: dict[str, set[str]] = {}
for line in filter(str.strip, (root / "docs/layers.txt").read_text().splitlines()):
    left, right = line.split(":")
    for module in left.split():
        allowed[module] = {module, *right.split()}

# Third-party headers and the only folders that may name them (STYLE: types of a library stay inside).
owners = {
    r"hs/|hs\.h|re2/": ("text",),
    r"rocksdb/": ("storage",),
    r"yaml-cpp/": ("common",),
    r"boost/beast": ("net",),
    r"openssl/": ("net", "storage"),  # storage: SHA-256 only, docs/decisions/0002-hash-in-storage.md
    r"boost/asio": ("net", "collector", "api", "app"),
    r"curl/": ("net",),
    r"prometheus/": ("common",),
    r"spdlog/": ("common",),
}
bad = []
for module in allowed:
    for path in sorted((root / module).rglob("*.[hc]pp")):
        for number, text in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            ours = re.match(r'\s*#include "(\w+)/', text)
            if ours and ours[1] not in allowed[module]:
                bad.append(f"{path.relative_to(root)}:{number}: {module} may not include {ours[1]}")
            theirs = re.match(r"\s*#include <([^>]+)>", text)
            if theirs:
                for pattern, modules in owners.items():
                    if re.match(pattern, theirs[1]) and module not in modules:
                        bad.append(f"{path.relative_to(root)}:{number}: <{theirs[1]}> belongs to {', '.join(modules)}")
print("\n".join(bad) if bad else "layers: every include respects docs/layers.txt")
sys.exit(1 if bad else 0)
