#!/usr/bin/env python3
"""Collects the results of arms.py into results.csv and study.json, which `tessera compare` reads.

usage: collect.py [--work FOLDER] [--output FOLDER]

A seed counts if all of its arms are there, so that every pair of arms has the same seeds.  Every arm has the sizes of
network.shapes.plan.json: the same network, whatever the order of its units.  `independent` has the same size for each
(task, level), but shares nothing.
"""

import argparse
import csv
import json
from pathlib import Path

from arms import AXES, CONVOLUTIONS, FIXED, LEARNED, NEAREST, TASKS, UNITS, Cut

ARMS = [*FIXED, *LEARNED]


def shapes():
    """The plan of the network with its shapes, for counting."""
    tensors = []
    tasks = {task: {"name": task, "order": NEAREST[task], "levels": list(range(1, UNITS + 1)), "private": [f"stem.{task}.*"],
                    "private_per_level": {str(level): [f"norm.{task}_{level}.*", f"head.{task}_{level}.*"]
                                          for level in range(1, UNITS + 1)}} for task in TASKS}
    for name, value in Cut(NEAREST).state_dict().items():
        if name.endswith("num_batches_tracked"):
            continue
        entry = {"name": name, "dtype": "F32", "shape": list(value.shape)}
        parts = name.split(".")
        if parts[0] == "conv":
            entry["axes"] = [*CONVOLUTIONS[parts[1]], None, None]
        elif parts[0] == "norm":
            entry["axes"] = [{"axis": CONVOLUTIONS[parts[2]][0], "compact": True}]
        elif parts[0] == "head" and parts[2] == "weight":
            entry["axes"] = [None, {"axis": "stage2", "compact": True}]
        tensors.append(entry)
    return {"format": "tessera.plan/1", "units": UNITS,
            "axes": {name: {"size": size} for name, size in AXES.items()},
            "tensors": tensors, "tasks": list(tasks.values()), "assignment": {"rule": "nearest"}}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=Path, default=Path("study-runs"))
    parser.add_argument("--output", type=Path, default=Path(__file__).resolve().parent)
    arguments = parser.parse_args()
    runs = {}
    for path in arguments.work.glob("*.json"):
        seed, _, arm = path.stem.partition("-")
        if arm in ARMS:
            runs[int(seed), arm] = json.loads(path.read_text())
    seeds = sorted({seed for seed, _ in runs if all((seed, arm) in runs for arm in ARMS)})
    rows = [{"method": arm, "task": row["task"], "level": row["level"], "seed": seed,
             "accuracy": f"{100 * row['correct'] / row['of']:.2f}", "test_size": row["of"]}
            for arm in ARMS for seed in seeds for row in runs[seed, arm]["results"]]
    with open(arguments.output / "results.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    plan = json.dumps(shapes(), separators=(",", ":")).replace('{"name"', '\n{"name"')
    (arguments.output / "network.shapes.plan.json").write_text(plan + "\n")
    study = {"format": "tessera.study/1", "title": "Do learned orders of units help?",
             "description": "Arms of the same network with the same counts; each seed is one pretraining.",
             "policy": "trainable", "policies": ["trainable"],
             "methods": [{"name": arm, "file": "network.shapes.plan.json"} for arm in ARMS], "results": "results.csv"}
    (arguments.output / "study.json").write_text(json.dumps(study, indent=2) + "\n")
    print(f"{len(seeds)} seeds, {len(rows)} results")


if __name__ == "__main__":
    main()
