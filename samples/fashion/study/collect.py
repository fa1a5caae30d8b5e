#!/usr/bin/env python3
"""Collects the results of arms.py into three studies, which `tessera compare` reads.

usage: collect.py [--work FOLDER] [--output FOLDER]

A seed counts if all of its arms are there, so that every pair of arms has the same seeds.  study.json has a result for
each (task, level) of the trained arms; overall.study.json has the mean of all sixteen; untrained.study.json has the arms
that are not trained again.  Every arm has the sizes of network.shapes.plan.json: the same network, whatever the order of
its units.  `independent` has networks of the same sizes that share nothing (independent.shapes.plan.json).  orders.json
has the orders of every arm and seed.
"""

import argparse
import csv
import json
from pathlib import Path

from arms import AXES, CONVOLUTIONS, FIXED, LEARNED, NEAREST, NETWORKS, SHARED, TASKS, UNITS, UNTRAINED, Cut

TRAINED = [*FIXED, *LEARNED]
ARMS = [*TRAINED, *UNTRAINED]


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


def separate_shapes():
    """The plan of sixteen networks that share nothing: each is private to one level of one task."""
    tensors = []
    tasks = {task: {"name": task, "order": NEAREST[task], "levels": list(range(1, UNITS + 1)),
                    "private_per_level": {str(level): [f"{task}.{level}.*"] for level in range(1, UNITS + 1)}}
             for task in TASKS}
    for task, level in NETWORKS:
        for name, value in Cut(SHARED, [(task, level)]).state_dict().items():
            if name.endswith("num_batches_tracked"):
                continue
            shape = list(value.shape)
            if name.startswith("conv."):
                for dimension, axis in enumerate(CONVOLUTIONS[name.split(".")[1]]):
                    shape[dimension] = shape[dimension] * level // UNITS if axis else shape[dimension]
            tensors.append({"name": f"{task}.{level}.{name}", "dtype": "F32", "shape": shape})
    return {"format": "tessera.plan/1", "units": UNITS, "tensors": tensors, "tasks": list(tasks.values()),
            "assignment": {"rule": "nearest"}}


def write_table(path, rows):
    with open(path, "w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def write_plan(path, plan):
    path.write_text(json.dumps(plan, separators=(",", ":")).replace('{"name"', '\n{"name"') + "\n")


def write_study(path, title, description, arms, results, baseline="nearest"):
    methods = [{"name": arm, "file": f"{'independent' if arm == 'independent' else 'network'}.shapes.plan.json"}
               for arm in arms]
    study = {"format": "tessera.study/1", "title": title, "description": description, "policy": "trainable",
             "policies": ["trainable"], "baseline": baseline, "methods": methods, "results": results}
    path.write_text(json.dumps(study, indent=2) + "\n")


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
    rows, means = {arm: [] for arm in ARMS}, []
    for arm in ARMS:
        for seed in seeds:
            results = runs[seed, arm]["results"]
            accuracies = [100 * row["correct"] / row["of"] for row in results]
            rows[arm] += [{"method": arm, "task": row["task"], "level": row["level"], "seed": seed,
                           "accuracy": f"{accuracy:.2f}", "test_size": row["of"]}
                          for row, accuracy in zip(results, accuracies)]
            if arm in TRAINED:
                means.append({"method": arm, "task": "mean of sixteen", "seed": seed,
                              "accuracy": f"{sum(accuracies) / len(accuracies):.4f}"})
    output = arguments.output
    write_table(output / "results.csv", [row for arm in TRAINED for row in rows[arm]])
    write_table(output / "untrained.csv", [row for arm in UNTRAINED for row in rows[arm]])
    write_table(output / "overall.csv", means)
    write_plan(output / "network.shapes.plan.json", shapes())
    write_plan(output / "independent.shapes.plan.json", separate_shapes())
    orders = [json.dumps({"arm": arm, "seed": seed, "orders": runs[seed, arm]["orders"]})
              for arm in ARMS if arm != "independent" for seed in seeds]
    (output / "orders.json").write_text("[" + ",\n".join(orders) + "]\n")
    write_study(output / "study.json", "Do learned orders of units help?",
                "Each (task, level) of nine arms; each seed is one pretraining.", TRAINED, "results.csv")
    write_study(output / "overall.study.json", "Do learned orders of units help, on average?",
                "The mean accuracy of all sixteen (task, level), one number for each seed.", TRAINED, "overall.csv")
    write_study(output / "untrained.study.json", "Do learned orders of units help without more training?",
                "The networks of `nearest` after training, with the norms and the head of level 4 at every level.",
                UNTRAINED, "untrained.csv", baseline="unchanged")
    print(f"{len(seeds)} seeds, {sum(map(len, rows.values()))} results")


if __name__ == "__main__":
    main()
