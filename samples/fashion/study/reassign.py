#!/usr/bin/env python3
"""Reassigns the units of trained networks without training, and measures every (task, level) before and after.

usage: reassign.py [TESSERA] [--output FOLDER]

Two networks, each with one output for each task; a lower level is the network without the other units:

  units  the network of level 4 of the sample (network.onnx), which was trained with the orders of `nearest`.  The norms
         and heads of its other levels cannot serve other units, and `tessera assign` refuses them.
  whole  whole.onnx, which was trained without units.

The orders are learned on the first 500 test images, and the accuracies are those on the 500 others.  Writes for each
network a table (units.csv), a study that `tessera compare` reads (units.study.json), and the plan with shapes for it.
Needs numpy and onnx.
"""

import argparse
import json
import subprocess
import tempfile
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np
import onnx
import onnx.utils
from documents import write_study, write_table

HERE = Path(__file__).resolve().parent
TASKS = ["fine", "coarse", "digits", "parity"]
METHODS = ["nearest", "weights", "activations", "ablation"]


def level_4(plan):
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

        onnx.utils.extract_model(str(HERE.parent / "network.onnx"), str(folder / "units.onnx"), ["images"],
                                 [f"{task}.4" for task in TASKS])
        (folder / "whole.onnx").write_bytes((HERE / "whole.onnx").read_bytes())
        plans = {"units": level_4(json.loads((HERE.parent / "plan.json").read_text())),
                 "whole": json.loads((HERE / "plan.json").read_text())}
        arrays = {f"{task}.images": images[task][:500] for task in TASKS}
        arrays |= {f"{task}.labels": test[f"{task}.labels"][:500] for task in TASKS}
        np.savez(folder / "learn.npz", **arrays)
        # Without labels, `activations` goes by affinity alone.
        np.savez(folder / "inputs.npz", **{name: array for name, array in arrays.items() if "images" in name})
        data = {"weights": [], "activations": ["--data", "inputs.npz"], "ablation": ["--data", "learn.npz"]}
        rows, orders = {network: [] for network in plans}, {}
        for network, plan in plans.items():
            (folder / "plan.json").write_text(json.dumps(plan))
            tessera("convert", f"{network}.onnx", "nearest.h5", "--plan", "plan.json")
            for method in METHODS:
                if method != "nearest":
                    found = json.loads(tessera("assign", "nearest.h5", "--learn", method, *data[method],
                                               "-o", f"{method}.h5", "--json"))
                    orders[network, method] = {task["name"]: task["order"] for task in found["tasks"]}
                    tessera("verify", f"{network}.onnx", f"{method}.h5")
                for task in TASKS:
                    np.save(folder / "x.npy", images[task][500:])
                    labels = test[f"{task}.labels"][500:]
                    for level in range(1, 5):
                        tessera("run", f"{method}.h5", "--task", task, "--level", level, "--input", "x.npy",
                                "--output", "y.npy")
                        right = int((np.load(folder / "y.npy").argmax(1) == labels).sum())
                        rows[network].append({
                            "method": method, "task": task, "level": level,
                            "accuracy": f"{100 * right / len(labels):.1f}", "test_size": len(labels)})
            text = json.dumps(shaped(plan, folder / f"{network}.onnx"), separators=(",", ":"))
            (arguments.output / f"{network}.shapes.plan.json").write_text(text + "\n")
    for network, found in rows.items():
        write_study(arguments.output / f"{network}.study.json", f"{network}.csv", "nearest",
                    dict.fromkeys(METHODS, f"{network}.shapes.plan.json"),
                    title=f"Learned orders without more training: {network}")
        write_table(arguments.output / f"{network}.csv", found)
        print(f"{network:8}{'level':>6}" + "".join(f"{method:>13}" for method in METHODS))
        for task in TASKS:
            for level in range(1, 5):
                cells = [row["accuracy"] for method in METHODS for row in found
                         if (row["method"], row["task"], row["level"]) == (method, task, level)]
                print(f"{task:8}{level:6}" + "".join(f"{cell:>12}%" for cell in cells))
    for (network, method), found in orders.items():
        print(network, method, found)


def shaped(plan, path):
    """The plan with each tensor's own shape, so that `compare` can count it without the weights."""
    model = onnx.load(path, load_external_data=False)
    tensors = []
    for tensor in model.graph.initializer:
        axes = next((entry["axes"] for entry in plan["tensors"]
                     if entry.get("name") == tensor.name or fnmatchcase(tensor.name, entry.get("match", ""))), None)
        tensors.append({"name": tensor.name, "dtype": "F32", "shape": list(tensor.dims)} | ({"axes": axes} if axes else {}))
    return plan | {"tensors": tensors}


if __name__ == "__main__":
    main()
