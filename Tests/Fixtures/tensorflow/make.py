"""Makes the checkpoints and expected.json in this folder, with TensorFlow itself. CI has no TensorFlow: run it by hand.

    python3 -m venv .build-tensorflow
    .build-tensorflow/bin/pip install tensorflow-cpu==2.21.0
    .build-tensorflow/bin/python Tests/Fixtures/tensorflow/make.py

expected.json has, for each index, the dtypes, shapes and SHA-256 of the tensors that TensorFlow's own reader gives, under
the names that this script expects, and the names of everything that is left out. Commit all files together: object graphs
differ from run to run.
"""

import hashlib
import json
import os
import shutil
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERAS_BACKEND"] = "tensorflow"
import keras  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402

FOLDER = Path(__file__).parent
DTYPES = {"float64": "F64", "float32": "F32", "float16": "F16", "bfloat16": "BF16", "int64": "I64", "int32": "I32",
          "int16": "I16", "int8": "I8", "uint64": "U64", "uint32": "U32", "uint16": "U16", "uint8": "U8",
          "bool": "BOOL", "complex64": "C64", "complex128": "C128", "float8_e4m3fn": "F8_E4M3",
          "float8_e5m2": "F8_E5M2"}
VALUE = "/.ATTRIBUTES/VARIABLE_VALUE"
random = np.random.default_rng(5)
expected: dict[str, dict] = {}


def normal(*shape):
    return random.standard_normal(shape).astype(np.float32)


def note(prefix, names, left_out, ties=()):
    """- names: {key of the checkpoint: name that is expected}"""
    reader = tf.train.load_checkpoint(str(FOLDER / prefix))
    rows = []
    for key, name in names.items():
        # The reader of Python lacks some dtypes.
        value = tf.raw_ops.RestoreV2(prefix=str(FOLDER / prefix), tensor_names=[key], shape_and_slices=[""],
                                     dtypes=[reader.get_variable_to_dtype_map()[key]])[0].numpy()
        value = np.asarray(value)
        rows.append({"name": name, "dtype": DTYPES[value.dtype.name], "shape": list(value.shape),
                     "sha256": hashlib.sha256(value.tobytes("C")).hexdigest()})
        if name in dict(ties):
            rows[-1]["tied_to"] = dict(ties)[name]
    expected[prefix + ".index"] = {"tensors": rows, "left_out": sorted(left_out)}
    keys = set(reader.get_variable_to_shape_map())
    assert keys >= set(names), keys
    print(prefix, len(rows), "tensors of", len(keys), "entries")


def save(prefix, tensors, slices=None):
    names = list(tensors)
    tf.raw_ops.SaveV2(prefix=str(FOLDER / prefix), tensor_names=names, shape_and_slices=slices or [""] * len(names),
                      tensors=[tf.constant(value) for value in tensors.values()])


def names():
    """TensorFlow 1: names of variables, slots of an optimizer beside them."""
    tensors = {"conv/kernel": normal(3, 3, 2, 4), "conv/bias": normal(4), "conv/kernel/Adam": normal(3, 3, 2, 4),
               "conv/kernel/Adam_1": normal(3, 3, 2, 4), "conv/bias/ExponentialMovingAverage": normal(4),
               "beta1_power": np.float32(0.9), "beta2_power": np.float32(0.99), "global_step": np.int64(7)}
    save("names", tensors)
    kept = ["conv/bias", "conv/bias/ExponentialMovingAverage", "conv/kernel"]
    note("names", {key: key for key in kept}, ["beta1_power", "global_step"])


def dtypes():
    tensors = {}
    for number, (name, short) in enumerate(DTYPES.items()):
        dtype = tf.as_dtype(name)
        if name == "bool":
            value = np.array([True, False, True])
        else:
            count = 6 * dtype.size
            value = random.integers(0, 256, count, dtype=np.uint8).view(dtype.as_numpy_dtype).reshape(2, 3)
        tensors[short] = value
    tensors["scalar"] = np.float32(2.5)
    tensors["empty"] = np.zeros((0, 4), np.float32)
    save("dtypes", tensors | {"texts": np.array(["ab", "", "cdef"]), "quantised": tf.quantization.quantize(
        normal(3), -2.0, 2.0, tf.qint8).output})
    note("dtypes", {key: key for key in tensors}, ["texts", "quantised"])


def sliced():
    """Partitioned variables: slices along the first, a middle and the last axis, and two data files."""
    wholes = {"rows": normal(7, 3), "middle": normal(2, 9, 3), "columns": normal(3, 150).astype(np.float64)}
    cuts = {"rows": (0, [3, 2, 2]), "middle": (1, [4, 5]), "columns": (1, [100, 1, 49])}
    for half in range(2):
        keys, specs, parts = [], [], []
        for name, (axis, lengths) in cuts.items():
            whole, start = wholes[name], 0
            for number, length in enumerate(lengths):
                place = [slice(None)] * whole.ndim
                place[axis] = slice(start, start + length)
                if number % 2 == half:
                    text = ":".join(f"{start},{length}" if other == axis else "-" for other in range(whole.ndim))
                    keys.append(name)
                    specs.append(" ".join(map(str, whole.shape)) + " " + text)
                    parts.append(tf.constant(whole[tuple(place)]))
                start += length
        if half == 1:
            keys.append("plain")
            specs.append("")
            parts.append(tf.constant(normal(5)))
        tf.raw_ops.SaveV2(prefix=str(FOLDER / f"part{half}"), tensor_names=keys, shape_and_slices=specs, tensors=parts)
    tf.raw_ops.MergeV2Checkpoints(checkpoint_prefixes=[str(FOLDER / f"part{half}") for half in range(2)],
                                  destination_prefix=str(FOLDER / "sliced"))
    # TensorFlow puts the slices together itself.
    note("sliced", {key: key for key in ["rows", "middle", "columns", "plain"]}, [])
    hashes = {row["name"]: row["sha256"] for row in expected["sliced.index"]["tensors"]}
    assert all(hashes[name] == hashlib.sha256(value.tobytes()).hexdigest() for name, value in wholes.items())


def model():
    made = keras.Sequential([
        keras.layers.Input((8, 8, 3)), keras.layers.Conv2D(4, 3, name="stem"),
        keras.layers.BatchNormalization(name="norm"), keras.layers.GlobalAveragePooling2D(),
        keras.layers.Dense(2, name="head")], name="net")
    made.compile("adam", "mse")
    made.fit(normal(4, 8, 8, 3), normal(4, 2), verbose=0)
    return made


def objects():
    """An object-based checkpoint of a trained Keras model: the shortest path to some weights is by the optimizer."""
    made = model()
    shutil.rmtree(FOLDER / "objects", ignore_errors=True)
    prefix = tf.train.Checkpoint(model=made, optimizer=made.optimizer).save(str(FOLDER / "objects" / "ckpt"))
    reader = tf.train.load_checkpoint(prefix)
    weights = {tuple(np.asarray(weight).ravel()): weight.path for weight in made.weights}
    found = {}
    for key in reader.get_variable_to_shape_map():
        value = reader.get_tensor(key)
        path = weights.get(tuple(value.ravel())) if isinstance(value, np.ndarray) else None
        if path:
            found[key] = "net/" + path if not path.startswith("net/") else path
    assert len(found) == len(made.weights), found
    (FOLDER / "objects" / "checkpoint").unlink()
    note("objects/ckpt-1", found, ["_CHECKPOINTABLE_OBJECT_GRAPH", "save_counter" + VALUE,
                                   "optimizer/_iterations" + VALUE])


def saved():
    """A SavedModel of a tf.Module."""
    class Net(tf.Module):
        def __init__(self):
            super().__init__()
            self.kernel = tf.Variable(normal(4, 3), name="dense/kernel")
            self.bias = tf.Variable(normal(3), name="dense/bias")
            self.again = {"a": tf.Variable(normal(2), name="same"), "b": tf.Variable(normal(2), name="other")}

        @tf.function(input_signature=[tf.TensorSpec([None, 4])])
        def __call__(self, x):
            return x @ self.kernel + self.bias

    shutil.rmtree(FOLDER / "saved", ignore_errors=True)
    tf.saved_model.save(Net(), str(FOLDER / "saved"))
    (FOLDER / "saved" / "fingerprint.pb").unlink()
    note("saved/variables/variables", {
        "kernel" + VALUE: "dense/kernel", "bias" + VALUE: "dense/bias", "again/a" + VALUE: "same",
        "again/b" + VALUE: "other"}, ["_CHECKPOINTABLE_OBJECT_GRAPH"])


def alike():
    """Different variables with one name: the paths of their objects are the names."""
    holder = tf.Module()
    holder.first = tf.Variable(normal(3), name="same")
    holder.second = tf.Variable(normal(3), name="same")
    prefix = tf.train.Checkpoint(holder=holder).write(str(FOLDER / "alike"))
    note(Path(prefix).name, {f"holder/{name}{VALUE}": f"holder/{name}" for name in ("first", "second")},
         ["_CHECKPOINTABLE_OBJECT_GRAPH"])


def twice():
    """A model that Keras 3 exports: every weight is stored twice, under one name."""
    made = keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(2, name="only")], name="net")
    made.set_weights([normal(3, 2), normal(2)])
    shutil.rmtree(FOLDER / "exported", ignore_errors=True)
    made.export(str(FOLDER / "exported"), verbose=False)
    for path in [FOLDER / "exported" / "saved_model.pb", FOLDER / "exported" / "fingerprint.pb"]:
        path.unlink()
    (FOLDER / "exported" / "variables" / "variables.index").rename(FOLDER / "twice.index")
    (FOLDER / "exported" / "variables" / "variables.data-00000-of-00001").rename(
        FOLDER / "twice.data-00000-of-00001")
    shutil.rmtree(FOLDER / "exported")
    note("twice", {
        f"_all_variables/0{VALUE}": "net/only/kernel", f"_all_variables/1{VALUE}": "net/only/bias",
        f"variables/0{VALUE}": "variables/0", f"variables/1{VALUE}": "variables/1"},
        ["_CHECKPOINTABLE_OBJECT_GRAPH"],
        [("variables/0", "net/only/kernel"), ("variables/1", "net/only/bias")])


def write():
    files = []
    for name, case in expected.items():
        rows = ",\n  ".join(json.dumps(row) for row in case["tensors"])
        files.append(f'{json.dumps(name)}: {{"tensors": [\n  {rows}],\n "left_out": {json.dumps(case["left_out"])}}}')
    (FOLDER / "expected.json").write_text("{\n" + ",\n".join(files) + "\n}\n")


names()
dtypes()
sliced()
objects()
saved()
alike()
twice()
write()
