"""The peer of `inspect --stats`: `python numpy_stats.py FILE`. NumPy reads one tensor at a time, like most scripts."""

import sys

import numpy as np
from safetensors import safe_open

with safe_open(sys.argv[1], "np") as file:
    for name in file.keys():
        x = file.get_tensor(name)
        print(
            name, x.min(), x.max(), x.mean(dtype=np.float64), x.std(dtype=np.float64), np.count_nonzero(x == 0),
            np.count_nonzero(np.isnan(x)), np.count_nonzero(np.isinf(x)))
