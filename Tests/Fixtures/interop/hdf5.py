"""h5py judges the HDF5 files that tessera writes.

    hdf5.py make FOLDER             writes names.safetensors, whose names are paths of Keras 3
    hdf5.py judge SAFETENSORS H5    compares every tensor with the dataset at its path, and prints a report
"""
import json
import struct
import sys
from pathlib import Path

import h5py
import numpy as np

SIZES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "V2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1",
         "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "u1", "BOOL": "?", "F8_E4M3": "V1", "F8_E5M2": "V1",
         "C64": "<c8"}
NAMES = {"BF16": "bfloat16", "F8_E4M3": "float8_e4m3fn", "F8_E5M2": "float8_e5m2"}


def make(folder: Path) -> None:
    random = np.random.default_rng(6)
    header, body = {}, b""
    for number, dtype in enumerate(SIZES):
        layer = "layers/dense" + (f"_{number}" if number else "")
        for place, shape in enumerate([(3, 2 + number), (5,), (), (0, 4)]):
            size = int(np.prod(shape)) * np.dtype(SIZES[dtype]).itemsize
            data = random.integers(0, 2 if dtype == "BOOL" else 256, size, "u1").tobytes()
            header[f"{layer}/vars/{place}"] = {"dtype": dtype, "shape": shape,
                                               "data_offsets": [len(body), len(body) + size]}
            body += data
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    (folder / "names.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + body)


def judge(source: Path, written: Path) -> None:
    data = source.read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + size])
    header.pop("__metadata__", None)
    failures = []
    with h5py.File(written) as file:
        found = []
        file.visititems(lambda name, item: found.append(name) if isinstance(item, h5py.Dataset) else None)
        if sorted(found) != sorted(header):
            failures.append("other names")
        for name, entry in header.items():
            dataset = file[name]
            begin, end = entry["data_offsets"]
            if dataset.shape != tuple(entry["shape"]) or dataset.dtype != np.dtype(SIZES[entry["dtype"]]):
                failures.append(f"{name}: {dataset.dtype} {dataset.shape}")
            elif dataset[()].tobytes() != data[8 + size + begin:8 + size + end]:
                failures.append(f"{name}: other bytes")
            label = dataset.attrs.get("dtype")
            label = label.decode() if isinstance(label, bytes) else label
            if label != NAMES.get(entry["dtype"]):
                failures.append(f"{name}: dtype {label!r}")
    print(json.dumps({"failures": failures, "tensors": len(header)}))


if __name__ == "__main__":
    if sys.argv[1] == "make":
        make(Path(sys.argv[2]))
    else:
        judge(Path(sys.argv[2]), Path(sys.argv[3]))
