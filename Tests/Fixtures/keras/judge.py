"""Keras loads the files that tessera writes. CI has no Keras: run it by hand, in an empty folder.

    KERAS_BACKEND=jax .build-keras/bin/python Tests/Fixtures/keras/judge.py PATH-OF-TESSERA

Keras 3.15 cannot load a bfloat16 layer from an older file, not even from its own, so these models have none.
"""

import json
import os
import shutil
import struct
import subprocess
import sys

os.environ.setdefault("KERAS_BACKEND", "jax")

import h5py  # noqa: E402
import keras  # noqa: E402
import make  # noqa: E402
import numpy as np  # noqa: E402

tessera = sys.argv[1]


def run(*arguments: str) -> None:
    subprocess.run([tessera, *arguments], check=True, capture_output=True)


def same(one: keras.Model, other: keras.Model) -> bool:
    left, right = one.get_weights(), other.get_weights()
    return len(left) == len(right) and all(a.shape == b.shape and a.tobytes() == b.tobytes()
                                           for a, b in zip(left, right))


def emptied(model: keras.Model) -> keras.Model:
    model.set_weights([np.zeros_like(weight) for weight in model.get_weights()])
    return model


def safetensors(path: str, rows: list[tuple[str, np.ndarray]]) -> None:
    header, body = {}, b""
    for name, value in rows:
        data = value.tobytes()
        dtype = "BF16" if value.dtype.kind == "V" else "F32"
        header[name] = {"dtype": dtype, "shape": list(value.shape), "data_offsets": [len(body), len(body) + len(data)]}
        body += data
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + body)


results = {}
small, many = make.small(), make.many()

small.save("small.keras")
run("convert", "small.keras", "units.h5")
run("convert", "units.h5", "back.keras")
results[".keras through units"] = same(keras.models.load_model("back.keras"), small)
run("convert", "units.h5", "inner.weights.h5")
loaded = emptied(make.small())
loaded.load_weights("inner.weights.h5")
results["the weights of a .keras"] = same(loaded, small)

many.save("many.h5")
run("convert", "many.h5", "units.h5")
run("convert", "units.h5", "back.h5")
results["a whole .h5 through units"] = same(keras.models.load_model("back.h5"), many)

small.save_weights("small.weights.h5")
with h5py.File("small.weights.h5") as file:
    rows = []
    file.visititems(lambda name, item: rows.append((name, item[()])) if isinstance(item, h5py.Dataset) else None)
safetensors("paths.safetensors", rows)
run("convert", "paths.safetensors", "new.weights.h5")
loaded = emptied(make.small())
loaded.load_weights("new.weights.h5")
results["a new .weights.h5"] = same(loaded, small)

run("convert", "many.h5", "names.safetensors")
names = json.loads(subprocess.run([tessera, "inspect", "many.h5", "--json"], check=True, capture_output=True).stdout)
values = dict(zip([tensor["name"] for tensor in names["tensors"]], many.get_weights()))
safetensors("names.safetensors", list(values.items()))
run("convert", "names.safetensors", "older.weights.h5")
shutil.copy("older.weights.h5", "older.h5")
loaded = emptied(make.many())
loaded.load_weights("older.h5")
results["new weights in the older form"] = same(loaded, many)

for name, value in results.items():
    print("equal" if value else "DIFFERENT", name)
sys.exit(0 if all(results.values()) else 1)
