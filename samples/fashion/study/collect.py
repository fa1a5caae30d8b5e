#!/usr/bin/env python3
"""Collects the results of arms.py into two studies, which `tessera compare` reads.

usage: collect.py [--work FOLDER] [--output FOLDER]

A seed counts if all of its arms are there, so that every pair of arms has the same seeds.  study.json has a result for
each (task, level); overall.study.json has the mean of all sixteen, without `reassigned`, which is not trained.  Every
arm has the sizes of network.shapes.plan.json: the same network, whatever the order of its units.  `independent` has
networks of the same sizes that share nothing (independent.shapes.plan.json).
"""

import argparse
import csv
import json
from pathlib import Path

from arms import AXES, CONVOLUTIONS, FIXED, LEARNED, NEAREST, NETWORKS, SHARED, TASKS, UNITS, Cut

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


def write_study(path, title, description, results, arms):
    methods = [{"name": arm, "file": f"{'independent' if arm == 'independent' else 'network'}.shapes.plan.json"}
               for arm in arms]
    study = {"format": "tessera.study/1", "title": title, "description": description, "policy": "trainable",
             "policies": ["trainable"], "baseline": "nearest", "methods": methods, "results": results}
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
    rows, means = [], []
    for arm in ARMS:
        for seed in seeds:
            results = runs[seed, arm]["results"]
            accuracies = [100 * row["correct"] / row["of"] for row in results]
            rows += [{"method": arm, "task": row["task"], "level": row["level"], "seed": seed,
                      "accuracy": f"{accuracy:.2f}", "test_size": row["of"]}
                     for row, accuracy in zip(results, accuracies)]
            if arm == "reassigned":
                continue
            means.append({"method": arm, "task": "mean of sixteen", "seed": seed,
                          "accuracy": f"{sum(accuracies) / len(accuracies):.4f}"})
    write_table(arguments.output / "results.csv", rows)
    write_table(arguments.output / "overall.csv", means)
    write_plan(arguments.output / "network.shapes.plan.json", shapes())
    write_plan(arguments.output / "independent.shapes.plan.json", separate_shapes())
    write_study(arguments.output / "study.json", "Do learned orders of units help?",
                "Each (task, level) of ten ways to train one network; each seed is one pretraining.", "results.csv", ARMS)
    write_study(arguments.output / "overall.study.json", "Do learned orders of units help, on average?",
                "The mean accuracy of all sixteen (task, level), one number for each seed. Without `reassigned`, "
                "which is not trained.", "overall.csv", [arm for arm in ARMS if arm != "reassigned"])
    print(f"{len(seeds)} seeds, {len(rows)} results")


if __name__ == "__main__":
    main()
