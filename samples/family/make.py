#!/usr/bin/env python3
"""Writes small files in the form in which the methods of this family save them: NAME.safetensors and NAME.family.json.

    python3 make.py [FOLDER]

Python's standard library is enough. A fixed generator makes the values, so the files are always the same.
"""

import json
import os
import struct
import sys

SIZES = {"F32": 4, "U8": 1, "I64": 8}


class Numbers:
    """A linear congruential generator (Knuth's MMIX constants)."""

    def __init__(self, seed):
        self.state = seed

    def next(self):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return self.state >> 40


class File:
    def __init__(self, seed):
        self.tensors, self.numbers = [], Numbers(seed)

    def add(self, name, shape, dtype="F32", values=None):
        count = 1
        for extent in shape:
            count *= extent
        if values is None:
            values = [self.numbers.next() / 2**23 - 1 for _ in range(count)]
        code = {"F32": "f", "U8": "B", "I64": "q"}[dtype]
        self.tensors.append((name, dtype, shape, struct.pack(f"<{count}{code}", *values)))

    def norm(self, name, channels):
        self.add(f"{name}.weight", [channels])
        self.add(f"{name}.bias", [channels])
        self.add(f"{name}.running_mean", [channels])
        self.add(f"{name}.running_var", [channels])

    def write(self, path):
        header, offset = {}, 0
        for name, dtype, shape, data in self.tensors:
            header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [offset, offset + len(data)]}
            offset += len(data)
        text = json.dumps(header, separators=(",", ":")).encode()
        text += b" " * (-len(text) % 8)
        with open(path, "wb") as file:
            file.write(struct.pack("<Q", len(text)) + text + b"".join(data for _, _, _, data in self.tensors))


CONVS = {"conv1.weight": "c1,-,-,-", "conv2.weight": "c2,c1,-,-", "fc.weight": "-,c2"}


def network(file, c1=12, c2=20, classes=5):
    file.add("conv1.weight", [c1, 3, 3, 3])
    file.add("conv2.weight", [c2, c1, 3, 3])
    file.add("fc.weight", [classes, c2])
    file.add("fc.bias", [classes])


def nested():
    """NestedNet: a 0/1 vector of channels for each level, each within the next; one channel of c2 is in no level."""
    file = File(1)
    network(file)
    masks = {}
    for axis, size, ends in [("c1", 12, [4, 7, 12]), ("c2", 20, [5, 11, 19])]:
        # Not prefixes: the channels of every level are spread over the axis.
        order = sorted(range(size), key=lambda channel: channel * 7 % size)
        masks[axis] = [f"masks.{axis}.{level}" for level in range(3)]
        for name, end in zip(masks[axis], ends):
            file.add(name, [size], "U8", [int(channel in order[:end]) for channel in range(size)])
    return file, {"family": "NestedNet", "cuts": CONVS, "channel_masks": masks}


def slimmable():
    file = File(2)
    network(file)
    cuts = dict(CONVS)
    for layer, size in [("bn1", 12), ("bn2", 20)]:
        for place, width in enumerate([0.25, 0.5, 0.75, 1]):
            file.norm(f"{layer}.{place}", round(size * width))
        cuts[f"{layer}.{{}}.*"] = f"c{layer[-1]}:compact"
    return file, {"family": "slimmable", "widths": [0.25, 0.5, 0.75, 1], "cuts": cuts,
                  "per_level": ["bn1.{level}.*", "bn2.{level}.*"]}


def once_for_all():
    """Elastic width and depth; the second block is skipped at level 1, a matrix makes 3 x 3 kernels from 5 x 5."""
    file = File(3)
    for block in [1, 2]:
        file.add(f"blocks.{block}.expand.weight", [24, 8, 1, 1])
        file.add(f"blocks.{block}.depth.weight", [24, 1, 5, 5])
        file.add(f"blocks.{block}.depth.5to3_matrix", [9, 9])
        file.add(f"blocks.{block}.project.weight", [8, 24, 1, 1])
    file.add("classifier.weight", [5, 8])
    cuts = {"blocks.{}.expand.weight": "mid{},-,-,-", "blocks.{}.depth.weight": "mid{},-,-,-",
            "blocks.{}.project.weight": "-,mid{},-,-"}
    return file, {"family": "Once-for-All", "widths": [0.5, 0.6666666667, 1], "cuts": cuts,
                  "skipped": {"1": ["blocks.2.*"]}}


def deep_elastic():
    """Groups of a quarter, a quarter and a half, chosen for each block and task; a selector beside the estimator."""
    file = File(4)
    for block in [1, 2]:
        file.add(f"block{block}.up.weight", [16, 6])
        file.add(f"block{block}.down.weight", [6, 16])
    file.add("head.near.weight", [3, 6])
    file.add("head.far.weight", [4, 6])
    file.add("selector.weight", [6, 6])
    cuts = {"block{}.up.weight": "g{},-", "block{}.down.weight": "-,g{}"}
    choices = {"near": [{"g1": 0.25, "g2": 0.5}, {"g1": 0.5, "g2": 1}],
               "far": [{"g1": 1, "g2": 0.25}, {"g1": 1, "g2": 1}]}
    return file, {"family": "Deep Elastic Networks", "tasks": ["near", "far"], "groups": [0.25, 0.25, 0.5],
                  "cuts": cuts, "choices": choices, "per_task": ["head.{task}.*"]}


def matformer():
    """Prefixes of the feed-forward layers; the last layer is skipped below the whole model."""
    file = File(5)
    file.add("embed.weight", [30, 8])
    for layer in range(3):
        file.add(f"layers.{layer}.attn.weight", [8, 8])
        file.add(f"layers.{layer}.ffn.up.weight", [32, 8])
        file.add(f"layers.{layer}.ffn.down.weight", [8, 32])
    cuts = {"layers.{}.ffn.up.weight": "ffn{},-", "layers.{}.ffn.down.weight": "-,ffn{}"}
    return file, {"family": "MatFormer", "widths": [0.125, 0.25, 0.5, 1], "cuts": cuts,
                  "skipped": {"1": ["layers.2.*"], "2": ["layers.2.*"], "3": ["layers.2.*"]}}


def adapters():
    file = File(6)
    file.add("up.weight", [16, 12])
    for task, rank in [("legal", 2), ("medical", 3)]:
        file.add(f"lora.{task}.up.a", [rank, 12])
        file.add(f"lora.{task}.up.b", [16, rank])
    return file, {"family": "low-rank adapters", "tasks": ["legal", "medical"], "per_task": ["lora.{task}.*"]}


def experts():
    file = File(7)
    file.add("router.weight", [4, 6])
    for expert in range(4):
        file.add(f"experts.{expert}.up.weight", [10, 6])
        file.add(f"experts.{expert}.down.weight", [6, 10])
    return file, {"family": "experts", "experts": "experts.{}.*"}


def piggyback():
    """A shared backbone, and for each task a classifier and masks with a byte for each element of a weight."""
    file = File(8)
    file.add("conv1.weight", [12, 3, 3, 3])
    file.add("conv2.weight", [20, 12, 3, 3])
    for task, classes in [("birds", 5), ("cars", 7)]:
        for layer, shape in [("conv1", [12, 3, 3, 3]), ("conv2", [20, 12, 3, 3])]:
            count = shape[0] * shape[1] * 9
            file.add(f"masks.{task}.{layer}", shape, "U8", [file.numbers.next() % 3 and 1 for _ in range(count)])
        file.add(f"classifiers.{task}.weight", [classes, 20])
    return file, {"family": "Piggyback", "tasks": ["birds", "cars"], "masks": {"conv{}.weight": "masks.{task}.conv{}"},
                  "per_task": ["classifiers.{task}.*"]}


def packnet():
    """An owner for every element: 0 is free, t belongs to task t and is used by tasks from t on."""
    file = File(9)
    for layer, shape in [("conv1", [12, 3, 3, 3]), ("conv2", [20, 12, 3, 3])]:
        count = shape[0] * shape[1] * 9
        file.add(f"{layer}.weight", shape)
        file.add(f"{layer}.owner", shape, "U8", [file.numbers.next() % 4 for _ in range(count)])
    for task, classes in [("one", 5), ("two", 7), ("three", 4)]:
        file.add(f"classifiers.{task}.weight", [classes, 20])
    return file, {"family": "PackNet", "tasks": ["one", "two", "three"], "owners": {"{}.weight": "{}.owner"},
                  "per_task": ["classifiers.{task}.*"]}


FAMILY = {"nested": nested, "slimmable": slimmable, "once-for-all": once_for_all, "deep-elastic": deep_elastic,
          "matformer": matformer, "adapters": adapters, "experts": experts, "piggyback": piggyback, "packnet": packnet}

if __name__ == "__main__":
    folder = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__))
    for name, make in FAMILY.items():
        file, description = make()
        file.write(os.path.join(folder, f"{name}.safetensors"))
        with open(os.path.join(folder, f"{name}.family.json"), "w", encoding="utf-8") as target:
            json.dump({"format": "tessera.family/1", **description}, target, indent=2)
            target.write("\n")
