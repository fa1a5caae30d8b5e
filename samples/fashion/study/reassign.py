#!/usr/bin/env python3
"""Reassigns the units of the trained sample without training, and measures every (task, level) before and after.

usage: reassign.py [TESSERA] [--output FOLDER]

The norms and heads of levels 1 to 3 of the sample were trained for the units of their level, so they cannot serve other
units (`tessera assign` refuses them).  Therefore the network here is that of level 4 alone: one output for each task,
taken from network.onnx.  A lower level is this network without the other units.  The orders are learned on the 500 test
images with even numbers, and the accuracies are those on the 500 others.  Writes reassigned.csv and
reassigned.study.json, which `tessera compare` reads.  Needs numpy and onnx.
"""

import argparse
import csv
import json
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnx.utils

HERE = Path(__file__).resolve().parent
TASKS = ["fine", "coarse", "digits", "parity"]


def whole_plan(plan):
    """The sample's plan for level 4 alone: the norms and heads that were compact have every channel now."""
    for entry in plan["tensors"]:
        entry["axes"] = [use["axis"] if isinstance(use, dict) else use for use in entry["axes"]]
    for task in plan["tasks"]:
        name = task["name"]
        task["private"] = [f"stem.{name}.*", f"stage*.{name}.level4.*", f"head.{name}.level4.*"]
        task.pop("private_per_level")
    return plan


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tessera", nargs="?", default="tessera")
    parser.add_argument("--output", type=Path, default=HERE)
    arguments = parser.parse_args()
    test = np.load(HERE.parent / "test.npz")
    images = {task: test["clothes.images" if task in ("fine", "coarse") else "digits.images"][:, None]
              / np.float32(255) for task in TASKS}
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)

        def tessera(*words):
            done = subprocess.run([arguments.tessera, *map(str, words)], cwd=folder, text=True,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            assert done.returncode == 0, done.stderr
            return done.stdout

        onnx.utils.extract_model(str(HERE.parent / "network.onnx"), str(folder / "four.onnx"), ["images"],
                                 [f"{task}.4" for task in TASKS])
        plan = whole_plan(json.loads((HERE.parent / "plan.json").read_text()))
        (folder / "plan.json").write_text(json.dumps(plan))
        arrays = {f"{task}.images": images[task][::2] for task in TASKS}
        arrays |= {f"{task}.labels": test[f"{task}.labels"][::2] for task in TASKS}
        np.savez(folder / "learn.npz", **arrays)
        tessera("convert", "four.onnx", "nearest.h5", "--plan", "plan.json")
        methods = {"nearest": "nearest.h5"}
        orders = {}
        for method in ("weights", "activations", "ablation"):
            given = [] if method == "weights" else ["--data", "learn.npz"]
            found = json.loads(tessera("assign", "nearest.h5", "--learn", method, *given, "-o", f"{method}.h5",
                                       "--json"))
            orders[method] = {task["name"]: task["order"] for task in found["tasks"]}
            methods[method] = f"{method}.h5"
            tessera("verify", "four.onnx", f"{method}.h5")
        rows = []
        for method, file in methods.items():
            for task in TASKS:
                np.save(folder / "x.npy", images[task][1::2])
                labels = test[f"{task}.labels"][1::2]
                for level in range(1, 5):
                    tessera("run", file, "--task", task, "--level", level, "--input", "x.npy", "--output", "y.npy")
                    right = int((np.load(folder / "y.npy").argmax(1) == labels).sum())
                    rows.append({"method": method, "task": task, "level": level,
                                 "accuracy": f"{100 * right / len(labels):.1f}", "test_size": len(labels)})
        (arguments.output / "whole.plan.json").write_text(
            json.dumps(shaped(plan, folder / "four.onnx"), separators=(",", ":")) + "\n")
    with open(arguments.output / "reassigned.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    print(f"{'task':8}{'level':>6}" + "".join(f"{method:>13}" for method in methods))
    for task in TASKS:
        for level in range(1, 5):
            cells = [row["accuracy"] for method in methods for row in rows
                     if (row["method"], row["task"], row["level"]) == (method, task, level)]
            print(f"{task:8}{level:6}" + "".join(f"{cell:>12}%" for cell in cells))
    for method, found in orders.items():
        print(method, found)


def shaped(plan, path):
    """The plan with each tensor's own shape, so that `compare` can count it without the weights."""
    model = onnx.load(path, load_external_data=False)
    tensors = []
    for tensor in model.graph.initializer:
        axes = next((entry["axes"] for entry in plan["tensors"]
                     if entry.get("name") == tensor.name or matches(entry.get("match"), tensor.name)), None)
        tensors.append({"name": tensor.name, "dtype": "F32", "shape": list(tensor.dims)} | ({"axes": axes} if axes else {}))
    return plan | {"tensors": tensors}


def matches(pattern, name):
    """Whether a pattern of the plan matches a name; these patterns have `*` only."""
    if pattern is None:
        return False
    first, *rest = pattern.split("*")
    if not name.startswith(first):
        return False
    place = len(first)
    for part in rest[:-1]:
        place = name.find(part, place)
        if place < 0:
            return False
        place += len(part)
    return name.endswith(rest[-1]) and len(name) - len(rest[-1]) >= place if rest else place == len(name)


if __name__ == "__main__":
    main()
