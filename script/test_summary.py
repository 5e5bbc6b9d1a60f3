#!/usr/bin/env python3
"""Counts test cases: usage: test_summary.py RESULTS_FOLDER...

Each folder holds ctest.junit (one entry per test program) and NAME.xml reports with the single cases of those programs
(GoogleTest's, or ours from tests/integration). A program that failed without a failing case in its report (crash,
leak, time-out) counts as one failure; a program without a report counts as one case. Lists failures and skips, then
prints "N passed, N failed, N skipped". Exit status 1 if anything failed or nothing ran.
"""
import pathlib
import sys
import xml.etree.ElementTree as xml


def cases_of(report: pathlib.Path):
    for case in xml.parse(report).getroot().iter("testcase"):
        name = f"{case.get('classname')}.{case.get('name')}"
        if case.find("failure") is not None or case.find("error") is not None:
            yield name, "failed", ""
        elif case.get("status") == "notrun":
            continue
        elif (skipped := case.find("skipped")) is not None or case.get("result") == "skipped":
            reason = skipped.get("message", "") if skipped is not None else ""
            yield name, "skipped", " ".join(reason.split()[:40])
        else:
            yield name, "passed", ""


def programs_of(folder: pathlib.Path):
    for case in xml.parse(folder / "ctest.junit").getroot().iter("testcase"):
        state = "passed" if case.get("status") == "run" and case.find("failure") is None else "failed"
        why = case.find("skipped")
        if why is not None and why.get("message", "").startswith("SKIP_"):  # else: the program was not there to run
            state = "skipped"
        yield case.get("name"), state


def main(folders: list[str]) -> int:
    outcome: list[tuple[str, str, str]] = []
    for folder in map(pathlib.Path, folders):
        reports = {r.stem.removeprefix("test_"): r for r in folder.glob("*.xml")}
        for program, state in programs_of(folder):
            cases = []
            if program in reports:
                try:
                    cases = list(cases_of(reports[program]))
                except xml.ParseError:
                    state = "failed"
            outcome += [(f"{program}: {name}", result, why) for name, result, why in cases]
            if not cases or (state == "failed" and all(result != "failed" for _, result, _ in cases)):
                outcome.append((program, state, ""))
    for wanted in ("skipped", "failed"):
        for name, result, why in outcome:
            if result == wanted:
                print(f"{wanted}: {name}{' - ' + why if why else ''}")
    count = {state: sum(result == state for _, result, _ in outcome) for state in ("passed", "failed", "skipped")}
    print("{passed} passed, {failed} failed, {skipped} skipped".format(**count))
    return 1 if count["failed"] or not count["passed"] else 0


sys.exit(main(sys.argv[1:]))
