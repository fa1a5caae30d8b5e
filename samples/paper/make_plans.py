#!/usr/bin/env python3
"""Writes the plans and the claims of this folder: shapes without weights, and the numbers to find in them.

    python3 make_plans.py [FOLDER]

J1, J2, J3, H1, S1 and S2 are the scenarios of Kim, Ahn, Torr and Oh, *Deep Virtual Networks for Memory Efficient
Inference of Multiple Tasks*, CVPR 2019; toy.plan.json is a small network for which PyTorch and Keras give different
numbers. README.md lists the details that the paper leaves open, and the choices made here. Python's standard library
is enough.
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

    def add_task(self, task, classes, order, levels):
        """Adds an input layer of the task's own, and a head for each level with that level's channels.

        `levels` are the numbers of units at each level.
        """
        self.tensor(f"stem.{task}.conv.weight", [self.stem, 3, 3, 3])
        self.norm(f"stem.{task}.bn", self.stem)
        last, axis = self.widths[-1], f"stage{len(self.widths)}"
        heads = {}
        for level, units in enumerate(levels, 1):
            head = f"head.{task}.level{level}"
            channels = {"axis": axis, "compact": True}
            self.tensor(f"{head}.weight", [classes, last * units // self.units], [None, channels])
            self.tensor(f"{head}.bias", [classes])
            heads[str(level)] = [{"match": f"{head}.*", "as": "head.*"}]
        return {
            "name": task, "order": order, "levels": levels,
            "private": [{"match": f"stem.{task}.*", "as": "stem.*"}], "private_per_level": heads}


def nearest(task, units):
    """The rule `nearest`: units by their distance from the task's own; if equal, the lower one first."""
    return sorted(range(units), key=lambda unit: (abs(unit - task), unit))


def plan(description, units, stem, widths, blocks, tasks, levels=None):
    network = Network(units, stem, widths, blocks)
    network.add_body()
    entries = [network.add_task(name, classes, nearest(place, units), levels or list(range(1, units + 1)))
               for place, (name, classes) in enumerate(tasks)]
    return {
        "format": "tessera.plan/1", "description": description, "units": units, "axes": network.axes,
        "tensors": network.tensors, "tasks": entries, "assignment": {"rule": "nearest"}}


def claims(scenario, shapes, numbers, more=()):
    """`numbers` are what the paper prints for every task, by level; or, if it prints none, ours by task."""
    ours = isinstance(numbers, dict)
    rows = numbers if ours else {task["name"]: numbers for task in shapes["tasks"]}
    entries = [{"method": f"DVN, {scenario}", "task": task, "level": level, "claimed": number, "policy": "dvn-all"}
               for task, row in rows.items() for level, number in enumerate(row, 1)]
    origin = "The paper prints no number. These are ours." if ours else "The numbers are those that the paper prints."
    return {
        "format": "tessera.claims/1", "description": f"{shapes['description']}. {origin}",
        "claims": entries + list(more)}


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


WRN_4 = {"units": 2, "stem": 16, "widths": [64, 128, 256], "blocks": 5}
WRN_8 = WRN_4 | {"widths": [128, 256, 512]}
RESNET = {"units": 4, "stem": 64, "widths": [64, 128, 256, 512], "blocks": 5}

# A plan, and its claims. Our numbers for S1 and S2 were computed from the shapes of the layers, not with `count`.
SCENARIOS = {
    "J1": (plan("WRN-32-4 for CIFAR-10 and CIFAR-100", **WRN_4, tasks=[("cifar10", 10), ("cifar100", 100)]),
           ["1.9M", "7.4M"], [{"method": "two networks", "claimed": "14.8M", "policy": "policies/separate.json"}]),
    "H1": (plan("WRN-32-4 for the 20 coarse and the 100 fine classes of CIFAR-100", **WRN_4,
                tasks=[("coarse", 20), ("fine", 100)]), ["1.8M", "7.4M"]),
    "J2": (plan("ResNet-42 for four subsets of Tiny-ImageNet, 50 classes each", **RESNET,
                tasks=[(f"subset{number}", 50) for number in range(1, 5)]), ["1.9M", "7.5M", "16.8M", "29.8M"]),
    "J3": (plan("ResNet-42 for CIFAR-100 (32 x 32), Tiny-ImageNet (64 x 64) and STL-10 (96 x 96); "
                "levels of 2, 3 and 4 quarters of the channels", **RESNET, levels=[2, 3, 4],
                tasks=[("cifar100", 100), ("tiny-imagenet", 200), ("stl10", 10)]), ["7.5M", "16.8M", "29.8M"]),
    "S1": (plan("WRN-32-4 for two halves of CIFAR-10, 5 classes each, one after the other", **WRN_4,
                tasks=[("first", 5), ("second", 5)]), {"first": [1844181, 7355861], "second": [1844181, 7355861]}),
    "S2": (plan("WRN-32-8 for CIFAR-10, then CIFAR-100", **WRN_8, tasks=[("cifar10", 10), ("cifar100", 100)]),
           {"cifar10": [7357146, 29385690], "cifar100": [7380276, 29431860]}),
}


def documents():
    """The documents of this folder, by file name."""
    yield "toy.plan.json", toy()
    for name, (shapes, numbers, *more) in SCENARIOS.items():
        yield f"{name}.plan.json", shapes
        yield f"{name}.claims.json", claims(name, shapes, numbers, *more)


if __name__ == "__main__":
    folder = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__))
    for name, document in documents():
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            file.write(line_json.text(document, has_lines))
