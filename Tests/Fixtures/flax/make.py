"""Makes the msgpack files and expected.json in this folder, with Flax itself. CI has no Flax: run it by hand.

    python3 -m venv .build-flax
    .build-flax/bin/pip install flax==0.12.8
    JAX_PLATFORMS=cpu .build-flax/bin/python Tests/Fixtures/flax/make.py

expected.json has, for each file, the names, dtypes, shapes and SHA-256 of the arrays that Flax reads from it
(`msgpack_restore`, flattened with slashes), and the names of its other values. Runs give the same files.
"""

import hashlib
import json
from pathlib import Path

import flax
import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np
import optax
from flax import linen as nn
from flax import serialization
from flax.training import train_state

FOLDER = Path(__file__).parent
DTYPES = {"float64": "F64", "float32": "F32", "float16": "F16", "bfloat16": "BF16", "int64": "I64", "int32": "I32",
          "int16": "I16", "int8": "I8", "uint64": "U64", "uint32": "U32", "uint16": "U16", "uint8": "U8",
          "bool": "BOOL", "complex64": "C64", "complex128": "C128", "float8_e4m3fn": "F8_E4M3",
          "float8_e5m2": "F8_E5M2", "float8_e8m0fnu": "F8_E8M0", "float8_e4m3fnuz": "F8_E4M3FNUZ",
          "float8_e5m2fnuz": "F8_E5M2FNUZ"}
random = np.random.default_rng(5)


def escaped(key):
    return key.replace("%", "%25").replace("/", "%2F")


def leaves(tree, keys=()):
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield from leaves(value, (*keys, escaped(str(key))))
    elif isinstance(tree, (list, tuple)):
        for index, value in enumerate(tree):
            yield from leaves(value, (*keys, str(index)))
    else:
        yield "/".join(keys), tree


def describe(content, state):
    """The arrays of a file, and the names of everything else; the optimizer's state is one of them."""
    rows, others = [], []
    for name, value in leaves(serialization.msgpack_restore(content)):
        if state and name.startswith(state + "/"):
            if state not in others:
                others.append(state)
        elif isinstance(value, (np.ndarray, np.generic)) and value.dtype.name in DTYPES:
            rows.append({"name": name, "dtype": DTYPES[value.dtype.name], "shape": list(value.shape),
                         "sha256": hashlib.sha256(value.tobytes("C")).hexdigest()})
        else:
            others.append(name)
    return {"tensors": rows, "left_out": sorted(others)}


class Model(nn.Module):
    @nn.compact
    def __call__(self, x, train=False):
        x = nn.Conv(4, (3, 3), name="stem")(x)
        x = nn.BatchNorm(use_running_average=not train, name="norm")(x)
        x = nn.relu(x).mean(axis=(1, 2))
        return nn.Dense(3, param_dtype=jnp.bfloat16, name="head")(x)


def filled(tree):
    return jax.tree_util.tree_map(
        lambda leaf: jnp.asarray(random.standard_normal(leaf.shape), leaf.dtype), tree)


def filler(dtype, shape):
    bits = random.integers(0, 256, (*shape, np.dtype(dtype).itemsize), dtype=np.uint8)
    return bits.view(dtype).reshape(shape)


def trained(variables):
    state = train_state.TrainState.create(apply_fn=None, params=variables["params"], tx=optax.adam(1e-3))
    return state.apply_gradients(grads=filled(variables["params"]))


def main():
    files = {}
    variables = filled(Model().init(jax.random.PRNGKey(0), jnp.zeros((1, 8, 8, 3))))
    files["model.msgpack"] = (serialization.to_bytes(variables), None)
    files["trained.msgpack"] = (serialization.to_bytes(trained(variables)), "opt_state")
    odd = {name: filler(np.dtype(getattr(ml_dtypes, name, name)) if name != "bool" else np.uint8, (2, 3))
           for name in DTYPES if name != "bool"}
    odd["bool"] = np.array([True, False, True])
    files["dtypes.msgpack"] = (serialization.to_bytes(odd), None)
    files["values.msgpack"] = (serialization.to_bytes({
        "mlp/~/linear": {"w": np.arange(6, dtype=np.float32).reshape(2, 3), "100%": np.zeros((0, 4), np.float32)},
        "scalar": np.float32(1.5), "rank0": np.array(7, np.int16), "fortran": np.asfortranarray(
            np.arange(12, dtype=np.int32).reshape(3, 4)),
        "step": 3, "large": 2 ** 63, "negative": -70000, "rate": 0.5, "name": "a text", "none": None, "flag": True,
        "complex": 1 + 2j, "list": [np.ones(2, np.float64), {"deep": [np.zeros(1, np.uint8)]}],
        "dates": np.array(["2026-11-30"], "datetime64[D]"), "four": np.ones(3, ml_dtypes.int4), "empty": {},
        "wide": np.zeros((1,) * 20 + (2,), np.float32)}), None)
    # Flax chunks arrays of more than 2**30 bytes; a smaller limit makes the same form.
    serialization.MAX_CHUNK_SIZE = 64
    files["chunked.msgpack"] = (serialization.to_bytes({
        "many": {"kernel": random.standard_normal((11, 17)).astype(np.float32), "bias": np.ones(3, np.float32)},
        "half": random.standard_normal((5, 7, 2)).astype(ml_dtypes.bfloat16)}), None)
    expected = []
    for name, (content, state) in files.items():
        (FOLDER / name).write_bytes(content)
        case = describe(content, state)
        rows = ",\n  ".join(json.dumps(row) for row in case["tensors"])
        expected.append(
            f'{json.dumps(name)}: {{"tensors": [\n  {rows}],\n "left_out": {json.dumps(case["left_out"])}}}')
        print(name, len(content), "bytes,", len(case["tensors"]), "tensors")
    (FOLDER / "expected.json").write_text("{\n" + ",\n".join(expected) + "\n}\n")
    print("flax", flax.__version__)


main()
