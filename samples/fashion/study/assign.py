#!/usr/bin/env python3
"""Learns the orders of the study's arms from trained networks, with `tessera assign` and `tessera plan --regroup`.

usage: assign.py [--tessera PATH] [--seeds 1-5] [--work FOLDER]

For each seed, `arms.py` has trained the whole network (SEED-whole.pt).  It is exported to ONNX with one output for each
task, converted to a checkpoint of four units, and each method of `assign` learns orders from it, on 512 training images
of each task.  `regrouped` first divides the channels among the units by activations, then learns the orders by ablation.
`ablation-trained` learns orders from the network that the arm `nearest` trained.  The results are SEED-ARM.assign.json.
"""

import argparse
import json
import subprocess
import warnings
from pathlib import Path

import numpy as np
import torch
from arms import AXES, CONVOLUTIONS, NEAREST, TASKS, UNITS, Cut, read_data, seeds
from train import digits_path

SAMPLES = 512


class Heads(Cut):
    """images → the logits of every task from the whole network."""

    def forward(self, images):
        return tuple(super(Heads, self).forward(images, (task, UNITS)) for task in TASKS)


def plan():
    """The plan of the exported network: four units on four axes, and what each task has to itself."""
    tensors = []
    for name, (outputs, inputs) in CONVOLUTIONS.items():
        tensors.append({"name": f"conv.{name}.weight", "axes": [outputs, inputs, None, None]})
        for value in ("weight", "bias", "running_mean", "running_var"):
            tensors.append({"match": f"norm.*.{name}.{value}", "axes": [outputs]})
    tensors.append({"match": "head.*.weight", "axes": [None, "stage2"]})
    tasks = [{"name": task, "order": NEAREST[task],
              "private": [f"stem.{task}.*", f"norm.{task}_{UNITS}.*", f"head.{task}_{UNITS}.*"]} for task in TASKS]
    return {"format": "tessera.plan/1", "units": UNITS, "axes": {name: {"size": size} for name, size in AXES.items()},
            "tensors": tensors, "tasks": tasks, "assignment": {"rule": "nearest"}}


def export(state, path):
    """Writes the whole network with its weights as initializers under their names."""
    network = Heads(NEAREST, [(task, UNITS) for task in TASKS])
    network.load_state_dict({name: value for name, value in state.items() if name in network.state_dict()})
    network.eval()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.onnx.export(network, (torch.zeros(2, 1, 28, 28),), str(path), dynamo=False, opset_version=17,
                          do_constant_folding=False, training=torch.onnx.TrainingMode.PRESERVE,
                          input_names=["images"], output_names=TASKS,
                          dynamic_axes={name: {0: "N"} for name in ["images", *TASKS]})


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("/usr/share/datasets/fashion-mnist"))
    parser.add_argument("--digits", type=Path, default=digits_path())
    parser.add_argument("--work", type=Path, default=Path("study-runs"))
    parser.add_argument("--seeds", type=seeds, default=seeds("1-5"))
    parser.add_argument("--tessera", default="tessera")
    arguments = parser.parse_args()
    data, _ = read_data(arguments)
    arrays = {}
    for task, (images, labels) in data.items():
        arrays[f"{task}.images"] = np.ascontiguousarray(images[:SAMPLES].numpy())
        arrays[f"{task}.labels"] = labels[:SAMPLES].numpy()
    np.savez(arguments.work / "data.npz", **arrays)
    # Without labels, `activations` goes by affinity alone.
    np.savez(arguments.work / "inputs.npz", **{name: array for name, array in arrays.items() if "images" in name})
    (arguments.work / "plan.json").write_text(json.dumps(plan(), indent=1))

    def tessera(*words):
        done = subprocess.run([arguments.tessera, *map(str, words)], cwd=arguments.work, text=True, check=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        return done.stdout

    def learn(checkpoint, method):
        given = {"weights": [], "activations": ["--data", "inputs.npz"], "ablation": ["--data", "data.npz"]}[method]
        found = json.loads(tessera("assign", checkpoint, "--learn", method, *given, "--json"))
        return {"orders": {task["name"]: task["order"] for task in found["tasks"]},
                "affinities": found["affinities"]["values"]}

    def record(seed, arm, found):
        (arguments.work / f"{seed}-{arm}.assign.json").write_text(json.dumps(found) + "\n")
        print(seed, arm, found["orders"], flush=True)

    for seed in arguments.seeds:
        whole = arguments.work / f"{seed}-whole.pt"
        if whole.exists() and not (arguments.work / f"{seed}-regrouped.assign.json").exists():
            export(torch.load(whole, weights_only=True), arguments.work / f"{seed}.onnx")
            tessera("convert", f"{seed}.onnx", f"{seed}.h5", "--plan", "plan.json")
            for method in ("weights", "activations", "ablation"):
                record(seed, method, learn(f"{seed}.h5", method))
            tessera("plan", f"{seed}.onnx", "--plan", "plan.json", "--regroup", "activations", "--data", "data.npz",
                    "-o", f"{seed}-regrouped.plan.json")
            tessera("convert", f"{seed}.onnx", f"{seed}-regrouped.h5", "--plan", f"{seed}-regrouped.plan.json")
            tessera("verify", f"{seed}.onnx", f"{seed}-regrouped.h5", "--level", UNITS)
            axes = json.loads((arguments.work / f"{seed}-regrouped.plan.json").read_text())["axes"]
            permutations = {name: [channel for unit in axes[name]["units"] for channel in unit] for name in AXES}
            record(seed, "regrouped", learn(f"{seed}-regrouped.h5", "ablation") | {"permutations": permutations})
        trained = arguments.work / f"{seed}-nearest.pt"
        if trained.exists() and not (arguments.work / f"{seed}-ablation-trained.assign.json").exists():
            export(torch.load(trained, weights_only=True), arguments.work / f"{seed}-trained.onnx")
            tessera("convert", f"{seed}-trained.onnx", f"{seed}-trained.h5", "--plan", "plan.json")
            record(seed, "ablation-trained", learn(f"{seed}-trained.h5", "ablation"))


if __name__ == "__main__":
    main()
