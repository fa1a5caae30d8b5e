#!/usr/bin/env python3
"""Writes `test.npz` (test images, their labels, and PyTorch's classes) and `images.npy` (an input for the network).

`images.npy` has the first sixteen images of clothing in the network's input shape, [16, 1, 28, 28].
`clothes.images` are the first 1,000 test images of Fashion-MNIST and `digits.images` all 1,000 digits that train.py
keeps for testing, [1000, 28, 28] bytes.  For each task `fine.labels` (…) are the correct classes, and
`fine.classes_level1` (…) those that PyTorch finds most likely at that level, one byte each.

Needs torch, numpy, safetensors, mlxtend and the Debian package dataset-fashion-mnist, as train.py does.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from train import LEVELS, ORDERS, DeepVirtualNetwork, as_input, digits_path, per_task, read_digits, read_fashion

IMAGES = 1000


@torch.no_grad()
def export(network, data, path):
    network.eval()
    arrays = {"clothes.images": data["fine"][0], "digits.images": data["digits"][0]}
    for task in ORDERS:
        images, labels = data[task]
        arrays[f"{task}.labels"] = labels.numpy().astype(np.uint8)
        closest = np.inf
        for level in LEVELS:
            logits = torch.cat([network(as_input(part), (task, level)) for part in np.array_split(images, 4)])
            arrays[f"{task}.classes_level{level}"] = logits.argmax(1).numpy().astype(np.uint8)
            first, second = logits.topk(2).values.unbind(1)
            closest = min(closest, float((first - second).min()))
        # Another order of summation changes logits by about 1e-5: the two best classes of an image must differ by more.
        print(f"{task}: the two most likely classes are at least {closest:.1e} apart")
    np.savez_compressed(path, **arrays)
    np.save(path.with_name("images.npy"), arrays["clothes.images"][:16, None] / np.float32(255))
    print(f"{path}: {path.stat().st_size} bytes")


def main():
    here = Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("/usr/share/datasets/fashion-mnist"))
    parser.add_argument("--digits", type=Path, default=digits_path())
    parser.add_argument("--output", type=Path, default=here / "test.npz")
    arguments = parser.parse_args()
    network = DeepVirtualNetwork()
    network.load_state_dict(load_file(here / "weights.safetensors"))
    clothes = tuple(part[:IMAGES] for part in read_fashion(arguments.data, "t10k"))
    export(network, per_task(clothes, read_digits(arguments.digits)[1]), arguments.output)


main()
