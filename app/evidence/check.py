#!/usr/bin/env python3
"""Checks an unpacked evidence package of Canh Gac: python3 check.py [FOLDER]

Needs Python 3.8 or later and openssl 3 (for the signatures). Exit status: 0 everything holds, 1 something does not.
Every step stands in README.txt and can be done by hand.
"""
import csv
import hashlib
import json
import pathlib
import struct
import subprocess
import sys


class Wrong(Exception):
    pass


def sha256(*parts):
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.digest()


def signature_holds(folder, message, signature):
    done = subprocess.run(["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", folder / "signer.pub.pem", "-rawin",
                           "-in", folder / message, "-sigfile", folder / signature], capture_output=True, check=False)
    return done.returncode == 0


def lines_of(path):
    with open(path, encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def check_manifest(folder):
    if not signature_holds(folder, "MANIFEST.sha256", "MANIFEST.sha256.sig"):
        raise Wrong("the signature of the manifest does not hold")
    named = {"MANIFEST.sha256", "MANIFEST.sha256.sig"}
    for line in (folder / "MANIFEST.sha256").read_text(encoding="utf-8").splitlines():
        digest, name = line.split("  ", 1)
        named.add(name)
        if sha256((folder / name).read_bytes()).hex() != digest:
            raise Wrong(f"{name} was changed")
    for path in folder.rglob("*"):
        if path.is_file() and path.relative_to(folder).as_posix() not in named:
            raise Wrong(f"{path.relative_to(folder)} does not belong to the package")


def head_of(record):
    return sha256(b"CGC1", bytes.fromhex(record["previous"]), bytes.fromhex(record["root"]),
                  struct.pack("<QIIqqq", record["seq"], record["rows"], record["stored"], record["time_ns"],
                              record["min_time_ns"], record["max_time_ns"]),
                  bytes.fromhex(record["duplicates_sha256"])).hex()


def check_chain(folder):
    """Returns the records by number, each of which leads to a signed head."""
    records = {}
    for record in lines_of(folder / "proof/chain.jsonl"):
        if head_of(record) != record["head"]:
            raise Wrong(f"the head of batch {record['seq']} does not fit its record")
        records[record["seq"]] = record
    for record in records.values():
        seq = record["seq"]
        if not record["signed"]:
            following = records.get(seq + 1)
            if following is None or following["previous"] != record["head"]:
                raise Wrong(f"batch {seq} does not lead to a signed head")
            continue
        message = (folder / f"proof/heads/{seq}.msg").read_bytes()
        if message[:4] != b"CGH1" or struct.unpack("<Q", message[4:12])[0] != seq or message[20:].hex() != record["head"]:
            raise Wrong(f"the signed head of batch {seq} is another one")
        if not signature_holds(folder, f"proof/heads/{seq}.msg", f"proof/heads/{seq}.sig"):
            raise Wrong(f"the signature of the head of batch {seq} does not hold")
    return records


def check_event(event, proof, raw, records):
    identity = event["id"]
    batch, row = (int(part) for part in identity.split("."))
    if proof["id"] != identity or sha256(raw).hex() != event["sha256"]:
        raise Wrong(f"event {identity}: the raw record was changed")
    node = sha256(b"\x00", struct.pack("<IqI", row, int(event["received_ns"]), int(event["source"])), raw)
    place = row
    for step in proof["path"]:
        nodes = [bytes.fromhex(each) for each in step["nodes"]]
        if step["position"] != place % 16 or nodes[step["position"]] != node:
            raise Wrong(f"event {identity}: its path does not begin with it")
        node = sha256(b"\x01", *nodes)
        place //= 16
    if batch not in records or node.hex() != records[batch]["root"]:
        raise Wrong(f"event {identity}: its path does not end in the root of its batch")


def check_events(folder, records):
    count = 0
    with open(folder / "index.csv", encoding="utf-8", newline="") as index, open(folder / "raw.log", "rb") as raw:
        proofs = {proof["n"]: proof for proof in lines_of(folder / "proof/paths.jsonl")}
        for event in csv.DictReader(index):
            count += 1
            raw.seek(int(event["offset"]))
            check_event(event, proofs[int(event["n"])], raw.read(int(event["length"])), records)
    about = json.loads((folder / "case.json").read_text(encoding="utf-8"))
    if about["events"] != count:
        raise Wrong(f"case.json says {about['events']} events, there are {count}")
    return count


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent).resolve()
    try:
        check_manifest(folder)
        records = check_chain(folder)
        count = check_events(folder, records)
    except Wrong as wrong:
        print(f"WRONG: {wrong}")
        return 1
    except (OSError, ValueError, KeyError, IndexError, struct.error) as error:
        print(f"WRONG: the package is not whole: {error!r}")
        return 1
    print(f"OK: {count} events, {len(records)} batches of the chain, every signature holds")
    return 0


if __name__ == "__main__":
    sys.exit(main())
