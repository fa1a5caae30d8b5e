#!/usr/bin/env python3
"""Prints the counts of `tessera count` for the paper's networks next to the published ones. Standard library only.

    python3 compare.py TESSERA
"""

import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
SCENARIOS = ["J1", "J2", "J3", "H1", "S1", "S2"]
POLICIES = [f"policies/{name}.json" for name in ["convolutions", "with-stem", "with-norms", "trained", "heads"]]
POLICIES += ["weights-only", "all-stored"]


def read(name):
    with open(os.path.join(HERE, name), encoding="utf-8") as file:
        return json.load(file)


def tessera(program, *arguments):
    run = subprocess.run([program, *arguments], cwd=HERE, capture_output=True)
    if run.returncode not in (0, 1):
        sys.exit(run.stderr.decode())
    return run.stdout.decode()


def count(program, name):
    arguments = ["count", f"{name}.plan.json", "--claims", f"{name}.claims.json", "--json"]
    for policy in POLICIES:
        arguments += ["--policy", policy]
    return json.loads(tessera(program, *arguments))


def table(rows):
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = [row[0].ljust(widths[0])] + [cell.rjust(width) for cell, width in zip(row[1:], widths[1:])]
        print("  " + "  ".join(cells).rstrip())
    print()


def label(row):
    return "everything stored" if row["task"] is None else f"{row['task']}, {row['level']}"


def short(policy):
    return policy["id"].removeprefix("paper-")


def follows(claim, policy):
    return policy["id"] in [rule["id"] for rule in claim["holds_under"]]


def scenario(name, counted):
    """The counts of every sub-network under each policy; a claim is marked where it follows."""
    policies, claims = counted["policies"], {label(claim): claim for claim in counted["claims"] if claim["task"]}
    print(f"{name}: {read(f'{name}.claims.json')['description']}")
    rows = [["task, level"] + [short(policy) for policy in policies] + ["claimed"]]
    for place, row in enumerate(policies[0]["rows"]):
        claim = claims.get(label(row))
        cells = [f"{policy['rows'][place]['parameters']:,}" + (" =" if claim and follows(claim, policy) else "  ")
                 for policy in policies]
        rows.append([label(row)] + cells + [claim["claimed"] if claim else ""])
    table(rows)


def rules(counted):
    """How many of the numbers that the paper prints each policy reproduces, for each scenario."""
    printed = {name: [claim for claim in document["claims"] if claim["task"] and claim["claimed"].endswith("M")]
               for name, document in counted.items()}
    printed = {name: claims for name, claims in printed.items() if claims} | {"all": sum(printed.values(), [])}
    rows = [["counted"] + list(printed)]
    for policy in counted["J1"]["policies"]:
        rows.append([short(policy)] + [f"{sum(follows(claim, policy) for claim in claims)} of {len(claims)}"
                                       for claims in printed.values()])
    table(rows)


def missed(name, counted):
    """The claims that do not follow under their own policy, and the policies under which they would."""
    claims = counted["claims"]
    print(f"  {name}: {sum(claim['holds'] for claim in claims)} of {len(claims)} claims hold")
    for claim in claims:
        if not claim["holds"]:
            under = ", ".join(rule["id"] for rule in claim["holds_under"]) or "no policy here"
            print(f"    {label(claim)}: claimed {claim['claimed']}, found {claim['found']:,}; holds under: {under}")


if __name__ == "__main__":
    program = os.path.abspath(sys.argv[1])
    counted = {name: count(program, name) for name in SCENARIOS}
    for name, document in counted.items():
        scenario(name, document)
    print("= follows: the count rounds to the claim. The paper names no rule.\n")
    print("How many of the printed numbers each rule reproduces (one for each task and level):")
    rules(counted)
    print("The claims, each under the policy that its file names (dvn-all counts everything that is trained):")
    for name, document in counted.items():
        missed(name, document)
    print()
    for study in ["study.json", "deep-elastic.study.json"]:
        print(tessera(program, "compare", study), end="")
