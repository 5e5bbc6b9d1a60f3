#!/usr/bin/env python3
"""Every number of the Sigma checklist (docs/reference/sigma.md) has a test named by it.

Tests are TEST(SigmaChecklist, SIGMA_<group><number>_<what>), e.g. SIGMA_D21_ModifierWildcardAfterParsing, in
tests/unit/*/sigma_checklist_*_test.cpp. Lists numbers without a test and tests with a wrong group; exit status 1.
"""
import pathlib
import re
import sys

# Last number of each group.
GROUPS = {"A": 6, "B": 11, "C": 16, "D": 24, "E": 29, "F": 34, "G": 51, "H": 60, "I": 73, "J": 78}


def group_of(number):
    return next((group for group, last in GROUPS.items() if number <= last), None)


def main():
    root = pathlib.Path(__file__).resolve().parent.parent
    found, wrong = set(), []
    for path in sorted(root.glob("tests/unit/*/sigma_checklist_*_test.cpp")):
        for group, number in re.findall(r"TEST\(SigmaChecklist,\s*SIGMA_([A-Z])(\d+)_\w+\)", path.read_text()):
            if group_of(int(number)) != group:
                wrong.append(f"{path.relative_to(root)}: SIGMA_{group}{number} is not a number of this group")
            found.add(int(number))
    wanted = set(range(1, max(GROUPS.values()) + 1))
    missing = sorted(wanted - found)
    for line in wrong + [f"SIGMA_{group_of(number)}{number}: no test" for number in missing]:
        print(line)
    if wrong or missing:
        return 1
    print(f"sigma checklist: {len(found)} numbers have tests")
    return 0


if __name__ == "__main__":
    sys.exit(main())
