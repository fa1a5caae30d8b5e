"""What h5py and Keras's lists say of real files from PyPI (real.json): names, dtypes, shapes, SHA-256, in Keras's order.

real.json has, for each file, the number of tensors, that of other datasets, the first and the last tensor, and one
SHA-256 for all tensors: that of their lines, `name dtype extent,extent,… digest`.

Run by hand with h5py: python digest.py SITE-PACKAGES, where tools/requirements-files.txt has been installed. The order and
the names are those that Keras's loader of older files follows: the lists `layer_names` and `weight_names`.
"""
import hashlib
import json
import re
import sys
from pathlib import Path

import h5py
import numpy as np

FILES = ["deepcut/weight/cnn_without_ne_ab.h5", "fer/data/emotion_model.hdf5"] + [
    f"spliceai/models/spliceai{number}.h5" for number in range(1, 6)]
DTYPES = {"float32": "F32", "float64": "F64", "float16": "F16", "int64": "I64", "int32": "I32"}


def texts(group, name):
    values = list(group.attrs[name]) if name in group.attrs else []
    return [value.decode() if isinstance(value, bytes) else str(value) for value in values]


def short(layer, weight):
    """The name that people know: TensorFlow numbers a scope that it has met before, and ends names in :0."""
    plain = re.sub(rf"^{re.escape(layer)}_\d+/", f"{layer}/", weight.removesuffix(":0"))
    return plain if plain.startswith(layer + "/") else f"{layer}/{plain}"


site = Path(sys.argv[1])
real = {}
for name in FILES:
    with h5py.File(site / name) as file:
        root = file["model_weights"] if "model_weights" in file else file
        rows, used = [], set()
        for layer in texts(root, "layer_names"):
            for weight in texts(root[layer], "weight_names"):
                dataset = root[layer][weight]
                used.add(dataset.name)
                value = np.ascontiguousarray(dataset[()])
                rows.append([short(layer, weight), DTYPES[value.dtype.name], list(dataset.shape),
                             hashlib.sha256(value.tobytes()).hexdigest()])
        others = []
        file.visititems(lambda path, item: others.append(path)
                        if isinstance(item, h5py.Dataset) and item.name not in used else None)
        lines = "".join(f"{name} {dtype} {','.join(map(str, shape))} {digest}\n" for name, dtype, shape, digest in rows)
        real[name] = {"tensors": len(rows), "others": len(others), "first": rows[0], "last": rows[-1],
                      "sha256": hashlib.sha256(lines.encode()).hexdigest()}
        print(name, len(rows), "tensors,", len(others), "other datasets")
text = ",\n".join(f"{json.dumps(name)}: {json.dumps(row)}" for name, row in real.items())
(Path(__file__).parent / "real.json").write_text("{\n" + text + "\n}\n")
