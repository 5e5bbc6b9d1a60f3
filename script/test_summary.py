#!/usr/bin/env python3
"""Counts test cases: usage: test_summary.py RESULTS_FOLDER...

Each folder holds ctest.junit (one entry per test program) and NAME.xml reports with the single cases of those programs
(GoogleTest's, or ours from tests/integration). A program that failed without a failing case in its report (crash,
leak, time-out) counts as one failure; a program without a report counts as one case. Lists skips and failures, each
failure with the part of the output that says why, then prints "N passed, N failed, N skipped". Exit status 1 if
anything failed or nothing ran.
"""
import pathlib
import re
import sys
import xml.etree.ElementTree as xml


LINES = 24  # of a failure's output that are shown
REPORT = re.compile(r"(WARNING|ERROR): \w+Sanitizer|runtime error:|terminate called")


def why_it_failed(output: str) -> str:
    """The report of a sanitizer if there is one, else the end of the output."""
    lines = [line.rstrip() for line in output.splitlines() if line.strip()]
    start = next((i for i, line in enumerate(lines) if REPORT.search(line)), len(lines) - LINES)
    return "\n".join("    " + line[:200] for line in lines[max(start, 0) :][:LINES])


def cases_of(report: pathlib.Path):
    for case in xml.parse(report).getroot().iter("testcase"):
        name = f"{case.get('classname')}.{case.get('name')}"
        if (failure := case.find("failure")) is not None or (failure := case.find("error")) is not None:
            yield name, "failed", why_it_failed(failure.get("message") or failure.text or "")
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
        yield case.get("name"), state, why_it_failed(case.findtext("system-out") or "") if state == "failed" else ""


def main(folders: list[str]) -> int:
    outcome: list[tuple[str, str, str]] = []
    for folder in map(pathlib.Path, folders):
        reports = {r.stem.removeprefix("test_"): r for r in folder.glob("*.xml")}
        for program, state, output in programs_of(folder):
            cases = []
            if program in reports:
                try:
                    cases = list(cases_of(reports[program]))
                except xml.ParseError:
                    state = "failed"
            outcome += [(f"{program}: {name}", result, why) for name, result, why in cases]
            if not cases or (state == "failed" and all(result != "failed" for _, result, _ in cases)):
                outcome.append((program, state, output))
    for wanted in ("skipped", "failed"):
        for name, result, why in outcome:
            if result == wanted:
                print(f"{wanted}: {name}{(chr(10) if wanted == 'failed' else ' - ') + why if why else ''}")
    count = {state: sum(result == state for _, result, _ in outcome) for state in ("passed", "failed", "skipped")}
    print("{passed} passed, {failed} failed, {skipped} skipped".format(**count))
    return 1 if count["failed"] or not count["passed"] else 0


sys.exit(main(sys.argv[1:]))
