"""The peer of `convert`: the same cut as a NumPy + h5py script, `python h5py_cut.py SOURCE DEST`.

It writes one dataset for each (tensor, unit), with the blocks in the same order as ours. It maps the source, gathers
each dataset with one NumPy copy and writes it with one h5py call: faster than `safetensors.safe_open`, which copies
every tensor once more. It writes no digest, no checksum and no index.
"""

import json
import sys

import h5py
import numpy as np

from inputs import UNITS


def tensors(path):
    """Every tensor of a safetensors file as a view of the mapped file."""
    mapped = np.memmap(path, dtype=np.uint8, mode="r")
    start = 8 + int(mapped[:8].view("<u8")[0])
    for name, entry in json.loads(mapped[8:start].tobytes()).items():
        begin, end = entry["data_offsets"]
        yield name, mapped[start + begin : start + end].view("<f4").reshape(entry["shape"])


def cut(source, destination):
    """Cuts both dimensions of every matrix into `UNITS` equal, contiguous units."""
    with h5py.File(destination, "w") as file:
        groups = [file.create_group(f"units/{unit}") for unit in range(UNITS)]
        for name, matrix in tensors(source):
            rows, columns = (extent // UNITS for extent in matrix.shape)
            # [unit of the row, row, unit of the column, column]: the two units come first.
            blocks = matrix.reshape(UNITS, rows, UNITS, columns).transpose(0, 2, 1, 3)
            for group, owned in zip(groups, blocks):
                group.create_dataset(name, data=np.ascontiguousarray(owned).reshape(-1))


if __name__ == "__main__":
    cut(sys.argv[1], sys.argv[2])
