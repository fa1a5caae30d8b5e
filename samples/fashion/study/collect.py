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
import json
from pathlib import Path

from arms import AXES, CONVOLUTIONS, FIXED, LEARNED, NEAREST, NETWORKS, SHARED, TASKS, UNITS, UNTRAINED, Cut
from documents import write_study, write_table

TRAINED = [*FIXED, *LEARNED]
ARMS = [*TRAINED, *UNTRAINED]


def parameters(network):
    """The names and shapes of a network's tensors, without its counters."""
    for name, value in network.state_dict().items():
        if not name.endswith("num_batches_tracked"):
            yield name, list(value.shape)


def plan(tensors, private, private_per_level, **more):
    """A plan for all tasks and levels; the names of private tensors may contain {task} and {level}."""
    tasks = []
    for task in TASKS:
        entry = {"name": task, "order": NEAREST[task], "levels": list(range(1, UNITS + 1))}
        if private:
            entry["private"] = [name.format(task=task) for name in private]
        entry["private_per_level"] = {str(level): [name.format(task=task, level=level) for name in private_per_level]
                                      for level in range(1, UNITS + 1)}
        tasks.append(entry)
    return {"format": "tessera.plan/1", "units": UNITS, **more, "tensors": tensors, "tasks": tasks,
            "assignment": {"rule": "nearest"}}


def shared_plan():
    """The plan of the network with its shapes, for counting."""
    tensors = []
    for name, shape in parameters(Cut(NEAREST)):
        entry = {"name": name, "dtype": "F32", "shape": shape}
        parts = name.split(".")
        if parts[0] == "conv":
            entry["axes"] = [*CONVOLUTIONS[parts[1]], None, None]
        elif parts[0] == "norm":
            entry["axes"] = [{"axis": CONVOLUTIONS[parts[2]][0], "compact": True}]
        elif parts[0] == "head" and parts[2] == "weight":
            entry["axes"] = [None, {"axis": "stage2", "compact": True}]
        tensors.append(entry)
    return plan(tensors, ["stem.{task}.*"], ["norm.{task}_{level}.*", "head.{task}_{level}.*"],
                axes={name: {"size": size} for name, size in AXES.items()})


def separate_plan():
    """The plan of sixteen networks that share nothing: each is private to one level of one task."""
    tensors = []
    for task, level in NETWORKS:
        for name, shape in parameters(Cut(SHARED, [(task, level)])):
            if name.startswith("conv."):
                for dimension, axis in enumerate(CONVOLUTIONS[name.split(".")[1]]):
                    shape[dimension] = shape[dimension] * level // UNITS if axis else shape[dimension]
            tensors.append({"name": f"{task}.{level}.{name}", "dtype": "F32", "shape": shape})
    return plan(tensors, [], ["{task}.{level}.*"])


def write_plan(path, plan):
    path.write_text(json.dumps(plan, separators=(",", ":")).replace('{"name"', '\n{"name"') + "\n")


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
    write_plan(output / "network.shapes.plan.json", shared_plan())
    write_plan(output / "independent.shapes.plan.json", separate_plan())
    orders = [json.dumps({"arm": arm, "seed": seed, "orders": runs[seed, arm]["orders"]})
              for arm in ARMS if arm != "independent" for seed in seeds]
    (output / "orders.json").write_text("[" + ",\n".join(orders) + "]\n")
    files = {arm: f"{'independent' if arm == 'independent' else 'network'}.shapes.plan.json" for arm in ARMS}
    trained = {arm: files[arm] for arm in TRAINED}
    write_study(output / "study.json", "results.csv", "nearest", trained, title="Do learned orders of units help?",
                description="Each (task, level) of nine arms; each seed is one pretraining.")
    write_study(output / "overall.study.json", "overall.csv", "nearest", trained,
                title="Do learned orders of units help, on average?",
                description="The mean accuracy of all sixteen (task, level), one number for each seed.")
    write_study(output / "untrained.study.json", "untrained.csv", "unchanged", {arm: files[arm] for arm in UNTRAINED},
                title="Do learned orders of units help without more training?",
                description="The networks of `nearest` after training, with the norms and the head of level 4 at every "
                            "level.")
    print(f"{len(seeds)} seeds, {sum(map(len, rows.values()))} results")


if __name__ == "__main__":
    main()
