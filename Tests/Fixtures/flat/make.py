"""Writes the fixtures of this folder with NumPy, safetensors and ml_dtypes.

    pip install numpy==2.4.6 safetensors==0.8.0 ml_dtypes==0.6.0
    python make.py

The Swift tests hold our reader against these files and our writer against their bytes. `pattern` is repeated in
the tests: byte i of a tensor is (i * 37 + salt) mod 251, so every shape and dtype has known, asymmetric bytes.
"""
import pathlib
import zipfile

import h5py
import ml_dtypes
import numpy as np
import safetensors
import safetensors.numpy

HERE = pathlib.Path(__file__).parent


def pattern(dtype, shape, salt):
    count = int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize
    raw = bytes((i * 37 + salt) % 251 for i in range(count))
    return np.frombuffer(raw, dtype=dtype).reshape(shape)


# name, dtype, shape, salt: the same table is in the tests.
TABLE = [
    ("b.f32", "<f4", (3, 5), 1),
    ("a.f32", "<f4", (2, 1, 3), 2),
    ("c.f64", "<f8", (7,), 3),
    ("d.f16", "<f2", (4, 3), 4),
    ("e.i64", "<i8", (), 5),
    ("f.i32", "<i4", (0, 4), 6),
    ("g.i16", "<i2", (5,), 7),
    ("h.i8", "|i1", (3, 3), 8),
    ("i.u64", "<u8", (2,), 9),
    ("j.u32", "<u4", (1, 1, 1, 3), 10),
    ("k.u16", "<u2", (6,), 11),
    ("l.u8", "|u1", (11,), 12),
    ("m.c64", "<c8", (2, 3), 13),
    ('quote"\\slash/\n\x01\x7fé', "<f4", (1,), 14),
]
TENSORS = {name: pattern(dtype, shape, salt) for name, dtype, shape, salt in TABLE}

safetensors.numpy.save_file(TENSORS, HERE / "plain.safetensors")
safetensors.numpy.save_file(TENSORS, HERE / "meta.safetensors", metadata={"for\tmat": 'n"p\n'})
safetensors.numpy.save_file({}, HERE / "none.safetensors")

# Every dtype that safetensors' Python writer has: our dtype, its name, bytes an element, shape as stored. A packed
# F4 pair counts as one stored byte and as two elements in the header.
RAW = [
    ("F64", "float64", 8, (3, 2)), ("F32", "float32", 4, (2, 3)), ("F16", "float16", 2, (5,)),
    ("BF16", "bfloat16", 2, (3, 3)), ("F8_E4M3", "float8_e4m3fn", 1, (7,)), ("F8_E5M2", "float8_e5m2", 1, (3,)),
    ("F8_E8M0", "float8_e8m0fnu", 1, (2, 2)), ("F8_E4M3FNUZ", "float8_e4m3fnuz", 1, (1, 5)),
    ("F8_E5M2FNUZ", "float8_e5m2fnuz", 1, (6,)), ("F4", "float4_e2m1fn_x2", 1, (3, 2)), ("I64", "int64", 8, (2,)),
    ("I32", "int32", 4, (3,)), ("I16", "int16", 2, (3, 1)), ("I8", "int8", 1, (4,)), ("U64", "uint64", 8, (1,)),
    ("U32", "uint32", 4, (2, 1)), ("U16", "uint16", 2, (7,)), ("U8", "uint8", 1, (0, 3)), ("BOOL", "bool", 1, (9,)),
    ("C64", "complex64", 8, ()),
]


def raw():
    keep, specs = [], {}
    for salt, (ours, theirs, width, shape) in enumerate(RAW):
        data = pattern("|u1", (int(np.prod(shape, dtype=np.int64)) * width,), salt)
        keep.append(data)
        specs[ours.lower()] = safetensors.TensorSpec(
            dtype=theirs, shape=list(shape), data_ptr=data.ctypes.data, data_len=data.nbytes)
    return bytes(safetensors.serialize(specs)), keep


(HERE / "dtypes.safetensors").write_bytes(raw()[0])

npy = HERE / "npy"
npy.mkdir(exist_ok=True)
for name, dtype, shape in [
    ("f4", "<f4", (3, 5)), ("f8-scalar", "<f8", ()), ("f2-empty", "<f2", (0, 4)), ("i1", "|i1", (7,)),
    ("i2", "<i2", (3, 1, 2)), ("i4", "<i4", (5, 2)), ("i8", "<i8", (2, 3)), ("u1", "|u1", (9,)),
    ("u2", "<u2", (4,)), ("u4", "<u4", (1, 3)), ("u8", "<u8", (3,)), ("c8", "<c8", (2, 3)),
    ("c16", "<c16", (3,)), ("b1", "|b1", (2, 5)), ("rank5", "<f4", (2, 3, 1, 4, 5)),
    ("big-f4", ">f4", (3, 5)), ("big-i2", ">i2", (4, 3)), ("big-c16", ">c16", (2, 3)), ("big-u8", ">u8", (5,)),
    ("wide-header", "<f4", (1,) * 31 + (3,)),
]:
    np.save(npy / f"{name}.npy", pattern(dtype, shape, 21))
np.save(npy / "fortran-f4.npy", np.asfortranarray(pattern("<f4", (3, 5), 21)))
np.save(npy / "fortran-big-i4.npy", np.asfortranarray(pattern(">i4", (2, 3, 4), 21)))
np.save(npy / "fortran-u1-rank4.npy", np.asfortranarray(pattern("|u1", (3, 2, 5, 4), 21)))
np.save(npy / "bf16.npy", pattern("<u2", (3, 2), 21).view(ml_dtypes.bfloat16))
np.save(npy / "f8e4m3.npy", pattern("|u1", (5,), 21).view(ml_dtypes.float8_e4m3fn))
np.lib.format.write_array(open(npy / "version2.npy", "wb"), pattern("<f4", (3, 5), 21), version=(2, 0))
np.lib.format.write_array(open(npy / "version3.npy", "wb"), pattern("<f4", (3, 5), 21), version=(3, 0))
np.save(npy / "refused-string.npy", np.array(["ab", "c"]))
np.save(npy / "refused-bytes.npy", np.array([b"ab", b"c"]))
np.save(npy / "refused-structured.npy", np.zeros(2, dtype=[("x", "<f4"), ("y", "<i2")]))
np.save(npy / "refused-longdouble.npy", np.zeros(2, dtype=np.longdouble))
np.save(npy / "refused-datetime.npy", np.zeros(2, dtype="<M8[s]"))
np.save(npy / "refused-object.npy", np.array([None, 1], dtype=object))

arrays = {"f4": pattern("<f4", (3, 5), 1), "x/y:0": pattern("<i2", (2, 3), 2), "scalar": pattern("<f8", (), 3),
          "empty": pattern("<f4", (0, 3), 4), "fortran": np.asfortranarray(pattern("<f4", (4, 3), 5)),
          "é": pattern("|b1", (3,), 6)}
np.savez(HERE / "plain.npz", **{k: v for k, v in arrays.items() if k != "fortran"})
np.savez(HERE / "stored.npz", **arrays)
np.savez_compressed(HERE / "deflated.npz", **arrays)
np.savez(HERE / "none.npz")
with h5py.File(HERE / "unwritten.h5", "w") as file:
    file.create_dataset("x", (12_345,), "u1")
with zipfile.ZipFile(HERE / "member.npz", "w") as archive:
    archive.writestr("readme.txt", "not an array")
