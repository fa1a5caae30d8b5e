"""Keras loads the files that tessera writes. CI has no Keras: run it by hand, in an empty folder.

    KERAS_BACKEND=jax .build-keras/bin/python Tests/Fixtures/keras/judge.py PATH-OF-TESSERA

Keras 3.15 cannot load a bfloat16 layer from an older file, not even from its own, so these models have none.
"""

import json
import os
import re
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


def smaller(model: keras.Model, widths: dict[str, int]) -> keras.Model:
    """The same model with other numbers of filters; its weights are random."""
    config = model.get_config()
    for layer in config["layers"]:
        if layer["config"]["name"] in widths:
            layer["config"]["filters"] = widths[layer["config"]["name"]]
        layer.pop("build_config", None)
    return keras.Model.from_config(config)


def judged(title: str, model: keras.Model, makers: str, readers: dict[str, str]) -> None:
    """Level 1 of two units equals the model in which the readers of the other unit's channels are zero."""
    random = np.random.default_rng(7)
    model.set_weights([np.abs(random.standard_normal(w.shape).astype(w.dtype)) * 0.1 + 0.05 if w.ndim == 1
                       else random.standard_normal(w.shape).astype(w.dtype) * 0.2 for w in model.get_weights()])
    model.save("app.keras")
    run("plan", "app.keras", "--units", "2", "-o", "plan.json")
    run("convert", "app.keras", "units.h5", "--plan", "plan.json")
    run("extract", "units.h5", "sub.weights.h5", "--level", "1")
    shutil.move("sub.weights.h5", "sub.h5")
    widths = {layer.name: layer.filters // 2 for layer in model.layers if re.fullmatch(makers, layer.name)}
    sub = smaller(model, widths)
    sub.load_weights("sub.h5")
    for name, width in widths.items():
        reader = model.get_layer(re.sub(makers, lambda found: readers[found[1]].format(found[0][:-len(found[1])]), name))
        kernel, *rest = reader.get_weights()
        kernel[..., width:, :] = 0
        reader.set_weights([kernel, *rest])
    pixels = random.standard_normal((2, *model.input_shape[1:])).astype("float32")
    left, right = sub.predict(pixels, verbose=0), model.predict(pixels, verbose=0)
    whole = np.abs(right).max()
    print(title, len(widths), "layers are smaller;", sub.count_params(), "of", model.count_params(), "parameters; difference",
          np.abs(left - right).max() / whole)
    results[title] = bool(widths) and np.isfinite(right).all() and np.abs(left - right).max() < 1e-4 * whole


apps = keras.applications
shape = {"weights": None, "input_shape": (32, 32, 3), "classes": 10, "classifier_activation": None}
judged("a sub-network of MobileNetV2", apps.MobileNetV2(alpha=0.35, **shape), r"block_\d+_(expand)", {"expand": "{}project"})
judged("a sub-network of ResNet50", apps.ResNet50(**shape), r"conv\d_block\d_(1_conv|2_conv)",
       {"1_conv": "{}2_conv", "2_conv": "{}3_conv"})

for name, value in results.items():
    print("equal" if value else "DIFFERENT", name)
sys.exit(0 if all(results.values()) else 1)
