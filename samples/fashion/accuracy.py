#!/usr/bin/env python3
"""Prints the sample's accuracy at every task and level; the command runs it on the images of test.npz.

usage: accuracy.py [TESSERA]

Each of the sixteen networks is run from one checkpoint, and only its own weights are read.  Next to the accuracy are
PyTorch's, and the number of the 1,000 images with another class than PyTorch's.  Exits with 1 if there is any.
Needs numpy.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

here = Path(__file__).resolve().parent
tessera = sys.argv[1] if len(sys.argv) > 1 else "tessera"
test = np.load(here / "test.npz")
others = 0
with tempfile.TemporaryDirectory() as folder:
    def run(*words):
        subprocess.run([tessera, *map(str, words)], check=True, stdout=subprocess.DEVNULL, cwd=folder)

    run("convert", here / "network.onnx", "fashion.h5", "--plan", here / "plan.json")
    print(f"{'task':8}{'level':>6}{'accuracy':>10}{'PyTorch':>10}{'other classes':>15}")
    for task in ("fine", "coarse", "digits", "parity"):
        images = test["clothes.images" if task in ("fine", "coarse") else "digits.images"]
        np.save(f"{folder}/images.npy", images[:, None] / np.float32(255))
        labels = test[f"{task}.labels"]
        for level in range(1, 5):
            run("run", "fashion.h5", "--task", task, "--level", level, "--input", "images.npy",
                "--output", "logits.npy")
            found = np.load(f"{folder}/logits.npy").argmax(1)
            expected = test[f"{task}.classes_level{level}"]
            other = int((found != expected).sum())
            others += other
            print(f"{task:8}{level:6}{100 * (found == labels).mean():9.2f}%{100 * (expected == labels).mean():9.2f}%"
                  f"{other:15}")
sys.exit(others > 0)
