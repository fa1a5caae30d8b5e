#!/usr/bin/env python3
"""Writes the plans of this folder: shapes without weights, for counting. Python's standard library is enough.

    python3 make_plans.py [FOLDER]

J1.plan.json, H1.plan.json (WRN-32-4, two units, two tasks) and J2.plan.json (ResNet-42, four units, four tasks) are
the scenarios of Kim, Ahn, Torr and Oh, *Deep Virtual Networks for Memory Efficient Inference of Multiple Tasks*,
CVPR 2019; toy.plan.json is a small network for which PyTorch and Keras give different numbers. README.md lists the
details that the paper leaves open, and the choices made here.
"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import line_json  # noqa: E402


class Network:
    """A residual network of basic blocks, cut into units; names as in PyTorch."""

    def __init__(self, units, stem, widths, blocks):
        self.units, self.stem, self.widths, self.blocks = units, stem, widths, blocks
        self.axes, self.tensors = {}, []
        self.add_axes()

    def tensor(self, name, shape, axes=None, dtype="F32"):
        entry = {"name": name, "dtype": dtype, "shape": shape}
        if axes is not None and any(axes):
            entry["axes"] = axes
        self.tensors.append(entry)

    def norm(self, name, channels, axis=None):
        for what in ["weight", "bias", "running_mean", "running_var"]:
            self.tensor(f"{name}.{what}", [channels], [axis])
        self.tensor(f"{name}.num_batches_tracked", [], dtype="I64")

    def add_axes(self):
        """Adds an axis for each stage, whose channels additions join, and one between the convolutions of each block.

        A shortcut from a narrower stage pads channels with zeros, so channel c of one stage is channel c of the
        other, and unit i of the wider stage must include the channels of unit i of the narrower one. The additional
        channels are divided equally.
        """
        held = [[] for _ in range(self.units)]
        for stage, width in enumerate(self.widths, 1):
            done = sum(len(channels) for channels in held)
            share = (width - done) // self.units
            for unit, channels in enumerate(held):
                channels.extend(range(done + unit * share, done + (unit + 1) * share))
            self.axes[f"stage{stage}"] = {"size": width, "units": [list(channels) for channels in held]}
        self.axes["stage{}.inner{}"] = {}

    def add_body(self):
        before, axis_before = self.stem, None
        for stage, width in enumerate(self.widths, 1):
            for block in range(self.blocks):
                name, axis, inner = f"stage{stage}.{block}", f"stage{stage}", f"stage{stage}.inner{block}"
                self.tensor(f"{name}.conv1.weight", [width, before, 3, 3], [inner, axis_before, None, None])
                self.norm(f"{name}.bn1", width, inner)
                self.tensor(f"{name}.conv2.weight", [width, width, 3, 3], [axis, inner, None, None])
                self.norm(f"{name}.bn2", width, axis)
                before, axis_before = width, axis

    def add_task(self, task, classes, order):
        """Adds an input layer of the task's own, and a head for each level with that level's channels."""
        self.tensor(f"stem.{task}.conv.weight", [self.stem, 3, 3, 3])
        self.norm(f"stem.{task}.bn", self.stem)
        last, axis = self.widths[-1], f"stage{len(self.widths)}"
        levels = {}
        for level in range(1, self.units + 1):
            head = f"head.{task}.level{level}"
            channels = {"axis": axis, "compact": True}
            self.tensor(f"{head}.weight", [classes, last * level // self.units], [None, channels])
            self.tensor(f"{head}.bias", [classes])
            levels[str(level)] = [{"match": f"{head}.*", "as": "head.*"}]
        return {
            "name": task, "order": order, "levels": list(range(1, self.units + 1)),
            "private": [{"match": f"stem.{task}.*", "as": "stem.*"}], "private_per_level": levels}


def nearest(task, units):
    """The rule `nearest`: units by their distance from the task's own; if equal, the lower one first."""
    return sorted(range(units), key=lambda unit: (abs(unit - task), unit))


def plan(description, units, stem, widths, blocks, tasks):
    network = Network(units, stem, widths, blocks)
    network.add_body()
    entries = [network.add_task(name, classes, nearest(place, units))
               for place, (name, classes) in enumerate(tasks)]
    return {
        "format": "tessera.plan/1", "description": description, "units": units, "axes": network.axes,
        "tensors": network.tensors, "tasks": entries, "assignment": {"rule": "nearest"}}


def has_lines(value, depth):
    """Whether an axis, a tensor or a private name has a line of its own, so that a diff shows single entries."""
    return depth <= 1 or isinstance(value, dict) and "private_per_level" in value


def toy():
    """A network for which general tools give different numbers: 1 x 64 x 64 input, convolution, norm, two layers."""
    tensors = [("conv.weight", [32, 1, 3, 3]), ("conv.bias", [32])]
    tensors += [(f"bn.{what}", [32]) for what in ["weight", "bias", "running_mean", "running_var"]]
    tensors += [("bn.num_batches_tracked", []), ("dense.weight", [100, 32 * 64 * 64]), ("dense.bias", [100]),
                ("head.weight", [10, 100]), ("head.bias", [10])]
    entries = [{"name": name, "dtype": "F32" if name != "bn.num_batches_tracked" else "I64", "shape": shape}
               for name, shape in tensors]
    return {"format": "tessera.plan/1", "description": "A toy CNN that PyTorch and Keras count differently",
            "units": 1, "tensors": entries}


WRN = {"units": 2, "stem": 16, "widths": [64, 128, 256], "blocks": 5}
RESNET = {"units": 4, "stem": 64, "widths": [64, 128, 256, 512], "blocks": 5}
PLANS = {
    "J1": plan("WRN-32-4 for CIFAR-10 and CIFAR-100", **WRN, tasks=[("cifar10", 10), ("cifar100", 100)]),
    "H1": plan("WRN-32-4 for the 20 coarse and the 100 fine classes of CIFAR-100", **WRN,
               tasks=[("coarse", 20), ("fine", 100)]),
    "J2": plan("ResNet-42 for four subsets of Tiny-ImageNet, 50 classes each", **RESNET,
               tasks=[(f"subset{number}", 50) for number in range(1, 5)]),
    "toy": toy(),
}

if __name__ == "__main__":
    folder = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__))
    for name, document in PLANS.items():
        with open(os.path.join(folder, f"{name}.plan.json"), "w", encoding="utf-8") as file:
            file.write(line_json.text(document, has_lines))
