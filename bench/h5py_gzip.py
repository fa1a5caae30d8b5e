"""The peer of `convert --compress`: `python h5py_gzip.py SOURCE DEST` writes every tensor of a safetensors file as a
dataset with shuffle and gzip at level 4, chunked as h5py chooses.

It writes whole tensors without a cut, digest, checksum or index. That is less work than ours, which favours the peer.
"""

import json
import sys

import h5py
import numpy as np

# BF16 as integers with the same bits: the filters only depend on the bytes.
NUMPY = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "I64": "<i8", "I32": "<i4", "U8": "u1"}


def compress(source, destination):
    mapped = np.memmap(source, dtype=np.uint8, mode="r")
    start = 8 + int(mapped[:8].view("<u8")[0])
    with h5py.File(destination, "w") as file:
        for name, entry in json.loads(mapped[8:start].tobytes()).items():
            if name == "__metadata__":
                continue
            begin, end = entry["data_offsets"]
            data = mapped[start + begin:start + end].view(NUMPY[entry["dtype"]]).reshape(entry["shape"])
            filters = {"compression": "gzip", "compression_opts": 4, "shuffle": True} if data.ndim and data.size else {}
            file.create_dataset(name, data=data, **filters)


if __name__ == "__main__":
    compress(sys.argv[1], sys.argv[2])
