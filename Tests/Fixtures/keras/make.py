"""Makes the Keras files and expected.json in this folder, with Keras itself. CI has no Keras: run it by hand.

    python3 -m venv .build-keras
    .build-keras/bin/pip install keras==3.15.1 jax==0.7.1 scipy h5py==3.16.0 ml_dtypes
    KERAS_BACKEND=jax .build-keras/bin/python Tests/Fixtures/keras/make.py

expected.json has, for each file, the names, dtypes, shapes and SHA-256 of the values that h5py and Keras give, in
Keras's order. The files are written again on each run and then contain other dates; commit all of them together.
"""

import hashlib
import json
import os
import sys
import warnings
import zipfile
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "jax")
warnings.filterwarnings("ignore")

import h5py  # noqa: E402
import keras  # noqa: E402
import ml_dtypes  # noqa: E402
import numpy as np  # noqa: E402
from keras import layers  # noqa: E402

FOLDER = Path(__file__).parent
DTYPES = {"float64": "F64", "float32": "F32", "float16": "F16", "bfloat16": "BF16", "int64": "I64", "int32": "I32",
          "uint32": "U32", "int8": "I8", "uint8": "U8"}
expected: dict[str, dict] = {}


def row(name: str, value: np.ndarray) -> dict:
    value = np.ascontiguousarray(value).reshape(np.shape(value))
    return {"name": name, "dtype": DTYPES[value.dtype.name], "shape": list(value.shape),
            "sha256": hashlib.sha256(value.tobytes()).hexdigest()}


def note(name: str, rows: list[dict], left_out: tuple[str, ...] = (), notes: tuple[str, ...] = ()) -> None:
    expected[name] = {"tensors": rows, "left_out": sorted(left_out), "notes": sorted(notes)}


def write(expected: dict[str, dict]) -> None:
    """One tensor on a line."""
    files = []
    for name, case in expected.items():
        rows = ",\n  ".join(json.dumps(item) for item in case["tensors"])
        rest = json.dumps({key: value for key, value in case.items() if key != "tensors"})
        files.append(f'{json.dumps(name)}: {{"tensors": [\n  {rows}],\n {rest[1:]}')
    (FOLDER / "expected.json").write_text("{\n" + ",\n".join(files) + "\n}\n")


def fill(model: keras.Model, seed: int) -> None:
    random = np.random.default_rng(seed)
    model.set_weights([random.standard_normal(w.shape).astype(np.asarray(w).dtype) for w in model.get_weights()])


def small() -> keras.Model:
    """A functional model with a nested one, layers without weights, and a layer in bfloat16."""
    inputs = keras.Input((8, 8, 3), name="pixels")
    x = layers.Conv2D(4, 3, name="stem")(inputs)
    x = layers.BatchNormalization(name="norm")(x)
    x = layers.ReLU()(x)
    x = layers.DepthwiseConv2D(3, use_bias=False, name="depthwise")(x)
    x = layers.GlobalAveragePooling2D()(x)
    head = keras.Sequential([keras.Input((4,)), layers.Dense(5, name="hidden"),
                             layers.Dense(6, use_bias=False, name="wide")], name="head")
    x = layers.Dense(7, dtype="bfloat16", name="scores")(head(x))
    model = keras.Model(inputs, x, name="small")
    fill(model, 1)
    return model


def many() -> keras.Model:
    """Twelve layers of one class, whose names are in another order than their counters, and whose names are not sorted."""
    inputs = keras.Input((3,))
    x = inputs
    for number in range(12):
        x = layers.Dense(3 + number, name=f"fc_{(number * 5) % 12}")(x)
    model = keras.Model(inputs, x, name="many")
    fill(model, 2)
    return model


def named(model: keras.Model) -> list[dict]:
    """The weights by Keras's own paths, without the model's name."""
    rows = []
    for weight in model.weights:
        rows.append(row(weight.path, np.asarray(weight.value)))
    return rows


def in_order_of_file(rows: list[dict], names: list[str]) -> list[dict]:
    found = {item["name"]: item for item in rows}
    return [found[name] for name in names]


def trained(model: keras.Model) -> keras.Model:
    model.compile(optimizer="adam", loss="mse")
    size = (2, *model.input_shape[1:])
    model.fit(np.ones(size, "float32"), np.zeros((2, *model.output_shape[1:]), "float32"), verbose=0)
    return model


def legacy() -> None:
    """Files in the form of TensorFlow's Keras 2: names with :0, lists of bytes, an empty list as float64."""
    with h5py.File(FOLDER / "layers.h5", "w") as file:
        rows = []
        file.attrs["layer_names"] = np.array([b"conv1d_2", b"activation_1", b"conv1d_10", b"shared"])
        file.attrs["backend"] = np.bytes_(b"tensorflow")
        file.attrs["keras_version"] = np.bytes_(b"2.4.0")
        random = np.random.default_rng(3)
        for layer, weights in [("conv1d_2", {"kernel:0": (3, 2, 4), "bias:0": (4,)}), ("activation_1", {}),
                               ("conv1d_10", {"kernel:0": (2, 4, 5), "bias:0": (5,)}), ("shared", {})]:
            group = file.create_group(layer)
            names = [f"{layer}/{name}".encode() for name in weights]
            if layer == "shared":
                names, weights = [b"other/kernel:0"], {"other": (2,)}
                value = random.standard_normal(2).astype("<f8")
                group.create_dataset("other/kernel:0", data=value)
                group.attrs["weight_names"] = np.array(names)
                rows.append(row("shared/other/kernel", value))
                continue
            group.attrs["weight_names"] = np.array(names) if names else np.array([], "float64")
            for name, shape in weights.items():
                value = random.standard_normal(shape).astype("<f4")
                group.create_dataset(f"{layer}/{name}", data=value)
                rows.append(row(f"{layer}/{name.removesuffix(':0')}", value))
        note("layers.h5", rows)
    # Lists of more than 64 KiB are split.
    with h5py.File(FOLDER / "split.h5", "w") as file:
        names = [f"layer_{(number * 7) % 30}" for number in range(30)]
        for part in range(3):
            file.attrs[f"layer_names{part}"] = np.array([name.encode() for name in names[part * 10:part * 10 + 10]])
        rows = []
        for number, layer in enumerate(names):
            group = file.create_group(layer)
            group.attrs["weight_names0"] = np.array([f"{layer}/w:0".encode()])
            group.attrs["weight_names1"] = np.array([f"{layer}/v:0".encode()])
            for name in "wv":
                value = np.full((2,), number, "float32")
                group.create_dataset(f"{layer}/{name}:0", data=value)
                rows.append(row(f"{layer}/{name}", value))
        note("split.h5", rows)


class Doubled(layers.Layer):
    def call(self, x):
        return 2 * x


def main() -> None:
    model = small()
    names = ["stem/kernel", "stem/bias", "norm/gamma", "norm/beta", "norm/moving_mean", "norm/moving_variance",
             "depthwise/kernel", "head/hidden/kernel", "head/hidden/bias", "head/wide/kernel", "scores/kernel",
             "scores/bias"]
    nested = {"hidden/kernel": "head/hidden/kernel", "hidden/bias": "head/hidden/bias", "wide/kernel": "head/wide/kernel"}
    rows = []
    for item in named(model):
        path = item["name"].removeprefix("small/")
        rows.append({**item, "name": nested.get(path, path)})
    rows = in_order_of_file(rows, names)
    model.save(FOLDER / "small.h5")
    note("small.h5", rows)
    model.save(FOLDER / "small.keras")
    note("small.keras", rows)
    model.save_weights(FOLDER / "small.weights.h5")
    note("small.weights.h5", rows)

    model = many()
    rows = [{**item, "name": item["name"].removeprefix("many/")} for item in named(model)]
    model.save_weights(FOLDER / "many.weights.h5")
    note("many.weights.h5", rows)
    model.save_weights(FOLDER / "many.weights.json", max_shard_size=1e-6)
    note("many.weights.json", rows)

    model = trained(keras.Sequential([keras.Input((3,)), layers.Dense(2, name="out")], name="line"))
    rows = [{**item, "name": item["name"].removeprefix("line/")} for item in named(model)][:2]
    model.save(FOLDER / "trained.keras")
    note("trained.keras", rows, ("optimizer",))
    model.save(FOLDER / "trained.h5")
    note("trained.h5", rows, ("optimizer_weights",))

    inputs = keras.Input((4,))
    x = layers.Embedding(9, 5, name="words")(inputs)
    x = layers.Bidirectional(layers.LSTM(3, name="memory"), name="both")(x)
    x = layers.LayerNormalization(name="last")(x)
    model = keras.Model(inputs, x, name="text")
    fill(model, 4)
    model.save_weights(FOLDER / "text.weights.h5")
    with h5py.File(FOLDER / "text.weights.h5") as file:
        found = []
        file.visititems(lambda name, item: found.append((name, item[()])) if isinstance(item, h5py.Dataset) else None)
    values = {name: value for name, value in found}
    cell = "layers/bidirectional/{}_layer/cell/vars/{}"
    rows = [row("words/embeddings", values["layers/embedding/vars/0"])]
    # Keras writes the parts of a layer in the order of their attributes' names.
    for side in ["backward", "forward"]:
        for number, name in enumerate(["kernel", "recurrent_kernel", "bias"]):
            rows.append(row(f"both/{side}_memory/lstm_cell/{name}", values[cell.format(side, number)]))
    for number, name in enumerate(["gamma", "beta"]):
        rows.append(row(f"last/{name}", values[f"layers/layer_normalization/vars/{number}"]))
    note("text.weights.h5", rows)

    keras.saving.register_keras_serializable("mine")(Doubled)
    model = keras.Sequential([keras.Input((3,)), layers.Dense(2, name="out"), Doubled(name="twice"),
                              layers.Lambda(lambda x: x + 1, name="more")], name="code")
    fill(model, 5)
    rows = [{**item, "name": item["name"].removeprefix("code/")} for item in named(model)]
    model.save(FOLDER / "code.keras")
    model.save(FOLDER / "code.h5")
    note("code.keras", rows, notes=("keras.code", "keras.module"))
    note("code.h5", rows, notes=("keras.code", "keras.module"))

    legacy()
    write(expected)


if __name__ == "__main__":
    main()
