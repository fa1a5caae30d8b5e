"""Checks that two npy files have equal numbers within 1e-4 of the largest: `python same_outputs.py OURS PEER`.

OURS may also be an npz; then its first array is compared.
"""

import sys

import numpy as np

ours, peer = np.load(sys.argv[1]), np.load(sys.argv[2])
if sys.argv[1].endswith(".npz"):
    ours = ours[ours.files[0]]
difference = np.abs(ours - peer).max() if ours.shape == peer.shape else np.inf
if not difference <= 1e-4 * np.abs(peer).max():
    sys.exit(f"the outputs differ by {difference}, of at most {np.abs(peer).max()}")
