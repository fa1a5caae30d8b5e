#!/usr/bin/env python3
"""Trains the sample: a nested residual network of four units on Fashion-MNIST.

The network is one set of weights with four levels.  Level l uses the first l quarters of the channels of
every divided layer, so each level is a complete, smaller network.  All four are trained together: each step
minimises the sum of their four losses on the same images.  Needs torch, numpy and safetensors.
"""

import argparse
import gzip
import time
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional as F

UNITS = 4
LEVELS = range(1, UNITS + 1)
STEM, STAGE1, STAGE2 = 16, 32, 64
CLASSES = 10
REFERENCE_IMAGES = 16


def active(channels, level):
    """How many channels of a divided layer the level uses: the first `level` of four equal units."""
    return channels * level // UNITS


class NestedConv(nn.Conv2d):
    """A 3×3 convolution without bias whose level l is a leading slice of its weights.

    Computing with the slice is the same as setting the other weights and channels to zero, and cheaper.
    An input that is not divided (the stem's output) is used whole at every level.
    """

    def __init__(self, inputs, outputs, stride=1, input_divided=True):
        super().__init__(inputs, outputs, 3, stride=stride, padding=1, bias=False)
        self.input_divided = input_divided

    def forward(self, x, level):
        inputs = active(self.in_channels, level) if self.input_divided else self.in_channels
        weight = self.weight[: active(self.out_channels, level), :inputs]
        return F.conv2d(x, weight, stride=self.stride, padding=self.padding)


class NormPerLevel(nn.ModuleDict):
    """One batch normalisation per level, each exactly as wide as its level.

    A channel receives the sum of fewer products at a low level than at a high one, so its mean and variance
    differ from level to level and one set of running statistics would be right for none of them.
    """

    def __init__(self, channels):
        super().__init__({f"level{l}": nn.BatchNorm2d(active(channels, l)) for l in LEVELS})

    def forward(self, x, level):
        return self[f"level{level}"](x)


class Reduce(nn.Module):
    """A convolution of stride 2 that begins a stage: half the height and width, more channels."""

    def __init__(self, inputs, outputs, input_divided):
        super().__init__()
        self.conv = NestedConv(inputs, outputs, stride=2, input_divided=input_divided)
        self.bn = NormPerLevel(outputs)

    def forward(self, x, level):
        return F.relu(self.bn(self.conv(x, level), level))


class Residual(nn.Module):
    """A basic residual block; its shortcut is the identity and has no parameters."""

    def __init__(self, channels):
        super().__init__()
        self.conv1 = NestedConv(channels, channels)
        self.bn1 = NormPerLevel(channels)
        self.conv2 = NestedConv(channels, channels)
        self.bn2 = NormPerLevel(channels)

    def forward(self, x, level):
        y = F.relu(self.bn1(self.conv1(x, level), level))
        return F.relu(x + self.bn2(self.conv2(y, level), level))


class NestedNetwork(nn.Module):
    """x: [N, 1, 28, 28], grey values divided by 255 → logits: [N, 10]."""

    def __init__(self):
        super().__init__()
        # The first layer is undivided: its image channel cannot be cut, and every level sees the same output.
        self.stem = nn.ModuleDict({
            "conv": nn.Conv2d(1, STEM, 3, padding=1, bias=False),
            "bn": nn.BatchNorm2d(STEM),
        })
        self.stage1 = nn.ModuleList([Reduce(STEM, STAGE1, input_divided=False), Residual(STAGE1)])
        self.stage2 = nn.ModuleList([Reduce(STAGE1, STAGE2, input_divided=True), Residual(STAGE2)])
        self.head = nn.ModuleDict({f"level{l}": nn.Linear(active(STAGE2, l), CLASSES) for l in LEVELS})

    def first_layer(self, x):
        """The part that every level shares; a training step computes it once for all four."""
        return F.relu(self.stem["bn"](self.stem["conv"](x)))

    def rest(self, x, level):
        for part in [*self.stage1, *self.stage2]:
            x = part(x, level)
        return self.head[f"level{level}"](x.mean(dim=(2, 3)))

    def forward(self, x, level):
        return self.rest(self.first_layer(x), level)


def read_idx(path):
    """One array of unsigned bytes from a gzipped idx file (the format of the MNIST data sets)."""
    with gzip.open(path, "rb") as file:
        data = file.read()
    if data[:3] != b"\x00\x00\x08":
        raise SystemExit(f"{path}: not an idx file of unsigned bytes")
    rank = data[3]
    shape = np.frombuffer(data, ">u4", rank, 4)
    return np.frombuffer(data, np.uint8, offset=4 + 4 * rank).reshape(shape)


def read_split(folder, prefix):
    images = read_idx(folder / f"{prefix}-images-idx3-ubyte.gz")
    labels = read_idx(folder / f"{prefix}-labels-idx1-ubyte.gz")
    return images, torch.from_numpy(labels.astype(np.int64))


def as_input(images):
    x = torch.from_numpy(images.astype(np.float32) / np.float32(255)).unsqueeze(1)
    return x.contiguous(memory_format=torch.channels_last)


@torch.no_grad()
def accuracies(network, inputs, labels):
    """The share of right answers at each level, in percent."""
    network.eval()
    right = {level: 0 for level in LEVELS}
    for x, y in zip(inputs.split(500), labels.split(500)):
        first = network.first_layer(x)
        for level in LEVELS:
            right[level] += int((network.rest(first, level).argmax(1) == y).sum())
    return {level: 100 * count / len(labels) for level, count in right.items()}


def show(accuracy):
    return "  ".join(f"level {level} {value:.2f} %" for level, value in accuracy.items())


def train(network, arguments, inputs, labels, test):
    steps = -(-len(labels) // arguments.batch)
    optimizer = torch.optim.SGD(network.parameters(), lr=arguments.rate, momentum=0.9, nesterov=True,
                                weight_decay=arguments.decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, arguments.rate,
                                                   total_steps=arguments.epochs * steps)
    for epoch in range(1, arguments.epochs + 1):
        started = time.monotonic()
        network.train()
        # An epoch's order and flips follow from the seed and its number alone.
        random = torch.Generator().manual_seed(arguments.seed * 1000 + epoch)
        total = 0.0
        for chosen in torch.randperm(len(labels), generator=random).split(arguments.batch):
            x, y = inputs[chosen], labels[chosen]
            flipped = torch.rand(len(x), 1, 1, 1, generator=random) < 0.5
            first = network.first_layer(torch.where(flipped, x.flip(3), x))
            loss = sum(F.cross_entropy(network.rest(first, level), y) for level in LEVELS)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item() * len(chosen)
        seconds = time.monotonic() - started
        torch.save(network.state_dict(), arguments.checkpoints / f"epoch{epoch}.pt")
        print(f"epoch {epoch}/{arguments.epochs}: {seconds:.0f} s, sum of losses {total / len(labels):.4f}, "
              f"test: {show(accuracies(network, *test))}", flush=True)


@torch.no_grad()
def export(network, folder, images, labels):
    """Writes the weights under their state_dict names, and what PyTorch computes for a few test images."""
    network.eval()
    weights = {name: tensor.contiguous() for name, tensor in network.state_dict().items()}
    # One metadata key only: the safetensors library does not keep the order of several.
    save_file(weights, folder / "weights.safetensors", metadata={"format": "pt"})
    images, labels = images[:REFERENCE_IMAGES], labels[:REFERENCE_IMAGES]
    logits = {f"logits_level{level}": network(as_input(images), level).numpy() for level in LEVELS}
    np.savez(folder / "reference.npz", images=images, labels=labels.numpy(), **logits)
    print(f"exported {sum(tensor.numel() for tensor in network.parameters())} parameters "
          f"in {len(weights)} tensors to {folder}")


def parse_arguments():
    here = Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("/usr/share/datasets/fashion-mnist"),
                        help="folder of the four idx files (default: where Debian's package puts them)")
    parser.add_argument("--checkpoints", type=Path, default=Path("checkpoints"),
                        help="folder for one checkpoint per epoch")
    parser.add_argument("--output", type=Path, default=here, help="folder for the exported files")
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--rate", type=float, default=0.1, help="the highest rate of the one-cycle schedule")
    parser.add_argument("--decay", type=float, default=1e-4)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--export-only", action="store_true",
                        help="export the last epoch's checkpoint again, without training")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    # One thread, because the order in which several add up is not fixed.
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(arguments.seed)
    # Channels last in memory makes the convolutions a quarter faster; the exported files do not show it.
    network = NestedNetwork().to(memory_format=torch.channels_last)
    test_images, test_labels = read_split(arguments.data, "t10k")
    test = as_input(test_images), test_labels
    arguments.checkpoints.mkdir(parents=True, exist_ok=True)
    if arguments.export_only:
        network.load_state_dict(torch.load(arguments.checkpoints / f"epoch{arguments.epochs}.pt"))
    else:
        print(f"torch {torch.__version__}, seed {arguments.seed}", flush=True)
        images, labels = read_split(arguments.data, "train")
        train(network, arguments, as_input(images), labels, test)
    print(f"test accuracy: {show(accuracies(network, *test))}")
    arguments.output.mkdir(parents=True, exist_ok=True)
    export(network, arguments.output, test_images, test_labels)


if __name__ == "__main__":
    main()
