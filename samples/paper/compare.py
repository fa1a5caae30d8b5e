#!/usr/bin/env python3
"""Prints the counts of `tessera count` for the paper's networks next to the published ones. Standard library only.

    python3 compare.py TESSERA
"""

import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))

# Parameters in millions by level, from the paper's tables (Kim, Ahn, Torr, Oh, CVPR 2019).
PUBLISHED = {
    "J1": ("CIFAR-10 and CIFAR-100, WRN-32-4, k = 2", ["1.9", "7.4"]),
    "H1": ("CIFAR-100, 20 coarse and 100 fine classes, WRN-32-4, k = 2", ["1.8", "7.4"]),
    "J2": ("Tiny-ImageNet in four subsets, ResNet-42, k = 4", ["1.9", "7.5", "16.8", "29.8"]),
}
POLICIES = [f"policies/{name}.json" for name in ["convolutions", "with-stem", "with-norms", "trained", "heads"]]
POLICIES += ["weights-only", "all-stored"]


def count(tessera, scenario):
    arguments = [tessera, "count", f"{scenario}.plan.json", "--json"]
    for policy in POLICIES:
        arguments += ["--policy", policy]
    return json.loads(subprocess.run(arguments, cwd=HERE, check=True, capture_output=True).stdout)["policies"]


def table(rows):
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = [row[0].ljust(widths[0])] + [cell.rjust(width) for cell, width in zip(row[1:], widths[1:])]
        print("  " + "  ".join(cells).rstrip())


def scenario(tessera, name):
    words, published = PUBLISHED[name]
    counted = count(tessera, name)
    print(f"{name}: {words}")
    rows = [["task, level"] + [policy["id"].removeprefix("paper-") for policy in counted] + ["paper"]]
    for place, row in enumerate(counted[0]["rows"]):
        label = "everything stored" if row["task"] is None else f"{row['task']}, {row['level']}"
        printed = "" if row["task"] is None else published[row["level"] - 1]
        cells = []
        for policy in counted:
            number = policy["rows"][place]["parameters"]
            agrees = printed and f"{number / 1e6:.1f}" == printed
            cells.append(f"{number:,}" + (" =" if agrees else "  "))
        rows.append([label] + cells + [f"{printed} M" if printed else ""])
    table(rows)
    print()


def claims(tessera, name):
    """Compares each published number with the file, and lists policies under which a different one would hold."""
    run = subprocess.run([tessera, "count", f"{name}.plan.json", "--claims", f"{name}.claims.json", "--json"], cwd=HERE,
                         capture_output=True)
    for claim in json.loads(run.stdout)["claims"]:
        where = "everything stored" if claim["task"] is None else f"{claim['task']}, {claim['level']}"
        text = "holds" if claim["holds"] else "does not hold"
        if not claim["holds"]:
            text += "; would under " + (", ".join(rule["id"] for rule in claim["holds_under"]) or "no policy here")
        print(f"  {name} {where}: {claim['claimed']}, found {claim['found']:,} ({claim['policy']['id']}): {text}")


if __name__ == "__main__":
    program = os.path.abspath(sys.argv[1])
    for name in PUBLISHED:
        scenario(program, name)
    print("= rounds to what the paper prints. The paper names no rule; README.md says which ones fit.\n")
    print("The printed numbers as claims:")
    for name in PUBLISHED:
        claims(program, name)
    print()
    print(subprocess.run([program, "compare", "study.json"], cwd=HERE, check=True, capture_output=True).stdout.decode())
