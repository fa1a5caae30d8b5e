"""Makes an npz, and judges what a conversion through a unit checkpoint has made of it.

    python npz.py make FOLDER                                   # source.npz, packed.npz (deflated), plan.json
    python npz.py judge SOURCE.npz BACK.npz OUT.safetensors     # prints {"tensors": n, "failures": [...]}
"""

import json
import sys

import numpy as np
import safetensors.numpy

DTYPES = ["<f8", "<f4", "<f2", "<i8", "<i4", "<i2", "i1", "<u8", "<u4", "<u2", "u1", "?", "<c8"]


def make(folder):
    random = np.random.default_rng(11)
    arrays = {}
    for number, dtype in enumerate(DTYPES):
        size = np.dtype(dtype).itemsize * 7 * 5
        data = random.bytes(size) if dtype != "?" else bytes(random.integers(0, 2, size, np.uint8))
        arrays[f"cut.{np.dtype(dtype).name}"] = np.frombuffer(data, dtype).reshape(7, 5)
        arrays[f"whole/{number}"] = np.frombuffer(data, dtype)[:number]
    arrays["scalar"] = np.array(-0.0, "<f4")
    arrays["fortran"] = np.asfortranarray(arrays["cut.float32"] + 1)
    arrays["big"] = arrays["cut.int32"].astype(">i4")
    np.savez(f"{folder}/source.npz", **arrays)
    np.savez_compressed(f"{folder}/packed.npz", **arrays)
    with open(f"{folder}/plan.json", "w") as file:
        json.dump({"format": "tessera.plan/1", "units": 3, "axes": {"x": {"size": 7}, "y": {"size": 5}},
                   "tensors": [{"match": "cut.*", "axes": ["x", "y"]}, {"name": "fortran", "axes": [None, "y"]}]}, file)


def judge(source, back, out):
    source, back, failures = dict(np.load(source)), dict(np.load(back)), []
    if list(source) != list(back):
        failures.append("the names or their order differ")
    little = {}
    for name, array in source.items():
        little[name] = np.ascontiguousarray(array, array.dtype.newbyteorder("<")).reshape(array.shape)
        found = back.get(name)
        if found is None or found.dtype != little[name].dtype or found.shape != array.shape:
            failures.append(f"{name}: another dtype or shape")
        elif found.tobytes() != little[name].tobytes():
            failures.append(f"{name}: other bytes")
    with open(out, "rb") as file:
        if file.read() != safetensors.numpy.save(little, {"format": "pt"}):
            failures.append("the safetensors file is not what safetensors.numpy writes")
    print(json.dumps({"tensors": len(source), "failures": failures}))


make(sys.argv[2]) if sys.argv[1] == "make" else judge(*sys.argv[2:5])
