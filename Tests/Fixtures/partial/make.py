"""Makes files of which something is left out, and arrays of NumPy inside PyTorch files, with what NumPy says of them.

Run by hand with NumPy, ml_dtypes and onnx: python make.py. PyTorch is not needed: modules of its names stand for it, so
that pickle writes the names that PyTorch's own files have. The files are committed.
"""
import argparse
import collections
import hashlib
import io
import json
import pickle
import struct
import sys
import types
import zipfile
from pathlib import Path

import ml_dtypes
import numpy as np

HERE = Path(__file__).parent
EXPECTED = {}
NAMES = {
    "float16": "F16", "float32": "F32", "float64": "F64", "int8": "I8", "int16": "I16", "int32": "I32",
    "int64": "I64", "uint8": "U8", "uint16": "U16", "uint32": "U32", "uint64": "U64", "bool": "BOOL",
    "complex64": "C64", "complex128": "C128", "bfloat16": "BF16", "float8_e4m3fn": "F8_E4M3",
    "float8_e5m2": "F8_E5M2",
}


def stand_in(module, *names):
    """Functions of a module that is not there."""
    made = sys.modules.setdefault(module, types.ModuleType(module))
    for name in names:
        function = type(name, (), {"__module__": module, "__qualname__": name})
        setattr(made, name, function)


stand_in("mine")
stand_in("torch.nn")
stand_in("torch", "FloatStorage", "QUInt8Storage", "Tensor", "sparse_coo", "per_tensor_affine", "float32")
stand_in("torch._utils", "_rebuild_tensor_v2", "_rebuild_parameter", "_rebuild_wrapper_subclass",
         "_rebuild_sparse_tensor", "_rebuild_qtensor", "_rebuild_meta_tensor_no_storage")
stand_in("torch._tensor", "_rebuild_from_type_v2")
stand_in("torch.nn.parameter", "UninitializedParameter")
stand_in("mine.layers", "Tagged", "Packed", "rebuild", "Block")
torch, utils, mine = sys.modules["torch"], sys.modules["torch._utils"], sys.modules["mine.layers"]


class Call:
    """What a pickle makes by calling `function`."""

    def __init__(self, function, *arguments, state=None):
        self.parts = (function, arguments) if state is None else (function, arguments, state)

    def __reduce__(self):
        return self.parts


class Storage:
    def __init__(self, array, kind=None):
        self.array, self.kind = array, kind or torch.FloatStorage


def tensor(array):
    storage = Storage(array)
    strides = tuple(step // array.itemsize for step in array.strides)
    return Call(utils._rebuild_tensor_v2, storage, 0, array.shape, strides, False, collections.OrderedDict())


def ramp(*shape, dtype="float32"):
    return (np.arange(np.prod(shape, dtype=int), dtype="float64") * 0.37 - 1).astype(dtype).reshape(shape)


class Pickler(pickle.Pickler):
    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.storages, self.numbers = [], {}

    def persistent_id(self, value):
        if not isinstance(value, Storage):
            return None
        number = self.numbers.setdefault(id(value), len(self.storages))
        if number == len(self.storages):
            self.storages.append(value.array)
        return ("storage", value.kind, str(number), "cpu", value.array.size)


def pickled(value, protocol):
    file = io.BytesIO()
    pickler = Pickler(file, protocol=protocol)
    pickler.dump(value)
    return file.getvalue(), pickler.storages


def save(name, value, protocol=2, packed=False):
    """The zip form."""
    data, storages = pickled(value, protocol)
    with zipfile.ZipFile(HERE / name, "w", zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED) as archive:
        members = [("data.pkl", data), ("byteorder", b"little")]
        members += [(f"data/{number}", array.tobytes()) for number, array in enumerate(storages)]
        for member, content in members + [("version", b"3\n")]:
            info = zipfile.ZipInfo(f"m/{member}", (1980, 1, 1, 0, 0, 0))
            info.compress_type = archive.compression
            archive.writestr(info, content)


def save_legacy(name, value, protocol=2):
    """The form before version 1.6."""
    data, storages = pickled(value, protocol)
    parts = [pickle.dumps(part, 2) for part in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True})]
    parts += [data, pickle.dumps([str(number) for number in range(len(storages))], 2)]
    parts += [struct.pack("<q", array.size) + array.tobytes() for array in storages]
    (HERE / name).write_bytes(b"".join(parts))


def row(name, array, tied_to=None):
    array = np.asarray(array)
    native = array.astype(array.dtype.newbyteorder("<")) if array.dtype.kind in "fiuc" else array
    result = {"name": name, "dtype": NAMES[array.dtype.name], "shape": list(array.shape),
              "sha256": hashlib.sha256(native.tobytes(order="C")).hexdigest()}
    return result | ({"tied_to": tied_to} if tied_to else {})


def arrays():
    """Arrays of every kind, those that can be tensors first."""
    rng = np.random.default_rng(15)
    values = {}
    for kind in NAMES:
        dtype = getattr(ml_dtypes, kind) if hasattr(ml_dtypes, kind) else np.dtype(kind)
        bits = rng.integers(0, 256, 12 * np.dtype(dtype).itemsize, dtype=np.uint8)
        values[kind] = (bits & 1 if kind == "bool" else bits).view(dtype).reshape(3, 4)
    for kind in ["float32", "float64", "int16", "uint64", "complex64"]:
        values[f"big.{kind}"] = values[kind].astype(np.dtype(kind).newbyteorder(">"))
    cube = ramp(2, 3, 4)
    values |= {
        "fortran": np.asfortranarray(ramp(3, 5)), "fortran.cube": np.asfortranarray(cube),
        "transposed": cube.transpose(1, 2, 0), "steps": ramp(6, 6)[::2, 1::2], "none": np.zeros((0, 3), "int32"),
        "rank0": np.array(1.5), "ones": np.ones((1, 4, 1), "int8"), "matrix": np.matrix([[1.0, 2.0], [3.0, 4.0]]),
        "large": ramp(130, 130), "large.fortran": np.asfortranarray(ramp(95, 90, dtype="float64")),
        "large.big": ramp(130, 130).astype(">f4"), "list": [ramp(2), {"x": ramp(3)}],
        "scalar": np.float32(0.1), "counter": np.int64(-3), "flag": np.bool_(True), "half": np.float16(2.5),
    }
    named = argparse.Namespace(weight=ramp(2, 2))
    tensors = [row(name, value) for name, value in values.items() if not isinstance(value, list)]
    tensors += [row("list.0", ramp(2)), row("list.1.x", ramp(3)), row("named.weight", ramp(2, 2)),
                row("again", values["fortran"], "fortran"), row("torch", ramp(2, 3))]
    values |= {"named": named, "again": values["fortran"], "torch": tensor(ramp(2, 3))}
    inner = np.empty(2, object)
    inner[:] = [np.empty(1, object), ramp(2)]
    left_out = {
        "text": (np.array(["a", "bc"]), "an array of '<U2', text"),
        "bytes": (np.array([b"a", b"bc"]), "an array of '|S2', text"),
        "objects": (np.array([1, None, "x"], object),
                    "an array of '|O8', Python objects in a pickle, which is not run"),
        "nested": (inner, "an array of '|O8', Python objects in a pickle, which is not run"),
        "dates": (np.array(["2026-01-02"], "datetime64[D]"), "an array of '<M8', dates"),
        "records": (np.zeros(2, [("a", "f4"), ("b", "i4")]), "an array of records of several fields"),
        "long": (np.zeros(2, "longdouble"), "an array of '<f16', long double, whose bits differ between machines"),
        "masked": (np.ma.array([1.0, 2.0], mask=[0, 1]), "a masked NumPy array"),
        "four": (np.zeros(2, ml_dtypes.int4), "an array of 'ml_dtypes.int4'"),
    }
    values |= {name: value for name, (value, _) in left_out.items()}
    # Values like Python's own.
    values |= {"name": np.str_("adam"), "day": np.datetime64("2026-01-02"), "steps.done": 17}
    return values, tensors, [{"name": name, "why": why} for name, (_, why) in left_out.items()]


def save_arrays():
    for protocol in (0, 2, 5):
        name = f"arrays-{protocol}.pt"
        values, tensors, left_out = arrays()
        if protocol == 0:
            # Text on a line, which is read up to 64 KiB; and no tensors, as PyTorch cannot read its own of this protocol.
            values = {key: value for key, value in values.items() if not key.startswith(("large", "torch"))}
            tensors = [tensor for tensor in tensors if tensor["name"] in values or "list" in tensor["name"]
                       or "named" in tensor["name"]]
        save(name, values, protocol)
        EXPECTED[name] = {"tensors": tensors, "left_out": left_out}
    values, tensors, left_out = arrays()
    for name in ["arrays-legacy.pt", "arrays-packed.pt"]:
        EXPECTED[name] = {"tensors": tensors, "left_out": left_out}
    save_legacy("arrays-legacy.pt", values)
    save("arrays-packed.pt", values, protocol=4, packed=True)
    # Arrays beside a model do not change the names of its tensors, but where they would take them.
    save("beside.pt", {"state_dict": {"w": tensor(ramp(2, 3))}, "history": ramp(4), "best": np.float64(0.5)})
    EXPECTED["beside.pt"] = {"left_out": [], "tensors": [
        row("w", ramp(2, 3)), row("history", ramp(4)), row("best", np.float64(0.5))]}
    save("taken.pt", {"state_dict": {"w": tensor(ramp(2, 3))}, "w": ramp(4)})
    EXPECTED["taken.pt"] = {"left_out": [], "tensors": [row("state_dict.w", ramp(2, 3)), row("w", ramp(4))]}
    save("only.pt", {"model": {"w": ramp(2, 3)}, "step": 3})
    EXPECTED["only.pt"] = {"left_out": [], "tensors": [row("w", ramp(2, 3))]}


def npz(name, members, left_out):
    """`w`, and what else is in the archive."""
    with zipfile.ZipFile(HERE / name, "w") as archive:
        for member, content in [("w.npy", ramp(2, 3))] + members:
            if isinstance(content, np.ndarray):
                file = io.BytesIO()
                np.lib.format.write_array(file, content, allow_pickle=True)
                content = file.getvalue()
            archive.writestr(zipfile.ZipInfo(member, (1980, 1, 1, 0, 0, 0)), content)
    note(name, left_out)


def odd(name, value, why):
    save(name, collections.OrderedDict(w=tensor(ramp(2, 3)), odd=value))
    note(name, [("odd", why)])


def note(name, left_out, lost=True):
    EXPECTED[name] = {"odd": True, "tensors": [row("w", ramp(2, 3))],
                      "left_out": [{"name": name, "why": why} for name, why in left_out]}
    if not lost:
        EXPECTED[name]["apart"] = True


def save_odd():
    """One kind of thing that is left out in each file, beside a tensor `w`."""
    npz("text.npz", [("odd.npy", np.array(["a", "bc"]))], [("odd", "an array of '<U2', text")])
    npz("objects.npz", [("odd.npy", np.array([1, None], object))],
        [("odd", "an array of '|O', Python objects in a pickle, which is not run")])
    npz("records.npz", [("odd.npy", np.zeros(2, [("a", "f4"), ("b", "i4")]))],
        [("odd", "an array of records of several fields")])
    npz("opaque.npz", [("odd.npy", np.zeros(2, "V2"))],
        [("odd", "an array of '|V2': elements of unknown meaning, perhaps BF16 (--assume-dtype)")])
    npz("readme.npz", [("README.md", "# Weights\n")], [("README.md", "a file that is not an array")])
    npz("several.npz", [("README.md", "# Weights\n"), ("odd.npy", np.array(["a"])), ("::error.npy", np.array(["b"]))],
        [("README.md", "a file that is not an array"), ("odd", "an array of '<U1', text"), ("::error", "an array of '<U1', text")])
    data = Storage(ramp(6))
    plain = (data, 0, (2, 3), (3, 1), False, collections.OrderedDict())
    odd("wrapper.pt", Call(utils._rebuild_wrapper_subclass, mine.Packed, None, (4, 4), (4, 1), 0, None, None, False),
        "a tensor inside another class, 'mine.layers.Packed' (_rebuild_wrapper_subclass)")
    odd("sparse.pt", Call(utils._rebuild_sparse_tensor, torch.sparse_coo, (tensor(ramp(1, 3)), tensor(ramp(3)), (9,), True)),
        "a sparse tensor (_rebuild_sparse_tensor)")
    odd("quantised.pt", Call(utils._rebuild_qtensor, Storage(np.arange(6, dtype="uint8"), torch.QUInt8Storage), 0, (2, 3), (3, 1),
                             (torch.per_tensor_affine, 0.1, 10), False, collections.OrderedDict()),
        "a quantised tensor (_rebuild_qtensor)")
    odd("meta.pt", Call(utils._rebuild_meta_tensor_no_storage, torch.float32, (2, 3), (3, 1), False),
        "a tensor on the meta device, which has no elements (_rebuild_meta_tensor_no_storage)")
    odd("subclass.pt", Call(sys.modules["torch._tensor"]._rebuild_from_type_v2, mine.rebuild, mine.Tagged, plain, {}),
        "the result of 'mine.layers.rebuild'")
    odd("storages.pt", Call(mine.rebuild, *plain), "the result of 'mine.layers.rebuild' on a storage")
    odd("empty-parameter.pt", Call(sys.modules["torch.nn.parameter"].UninitializedParameter, True),
        "a parameter that has no elements yet")
    odd("array.pt", np.array([ramp(2), None], object),
        "an array of '|O8', Python objects in a pickle, which is not run")
    save("optimizer.pt", {"state_dict": {"w": tensor(ramp(2, 3))}, "optimizer": {
        "state": {0: {"exp_avg": tensor(ramp(2, 3))}}, "param_groups": [{"lr": 0.1, "params": [0]}]}})
    note("optimizer.pt", [("optimizer", "the state of an optimizer, 1 tensor (24 B)")], lost=False)
    save_onnx()


def save_onnx():
    import onnx
    from onnx import helper, numpy_helper

    def graph(nodes, name, outputs, **options):
        inputs = [helper.make_tensor_value_info("x", 1, [2])]
        made = helper.make_graph(nodes, "g", inputs, [helper.make_tensor_value_info(*output) for output in outputs],
                                 [numpy_helper.from_array(ramp(2, 3), "w")], **options)
        model = helper.make_model(made, ir_version=8, opset_imports=[helper.make_opsetid("", 17)])
        (HERE / name).write_bytes(model.SerializeToString(deterministic=True))

    sparse = helper.make_sparse_tensor(numpy_helper.from_array(np.array([1.0], "float32"), "odd"),
                                       numpy_helper.from_array(np.array([1], "int64")), [2])
    product = helper.make_node("MatMul", ["x", "w"], ["y"])
    graph([product, helper.make_node("Add", ["x", "odd"], ["z"])], "sparse.onnx", [("y", 1, [3]), ("z", 1, [2])],
          sparse_initializer=[sparse])
    note("sparse.onnx", [("odd", "a sparse tensor of shape [2]")])
    EXPECTED["sparse.onnx"]["in_graph"] = True
    constants = {"value_float": 0.1, "value_floats": [1.0, float("nan"), -0.0], "value_int": -7,
                 "value_ints": [1, -(2 ** 62), 3], "value_string": "text"}
    nodes = [helper.make_node("Constant", [], [name], **{name: value}) for name, value in constants.items()]
    inner = helper.make_graph([helper.make_node("Constant", [], ["c"], value_floats=[0.5])], "inner", [],
                              [helper.make_tensor_value_info("c", 1, [1])])
    nodes += [helper.make_node("Add", ["y", "value_floats"], ["s"]),
              helper.make_node("Constant", [], ["yes"], value=numpy_helper.from_array(np.array(True))),
              helper.make_node("If", ["yes"], ["t"], name="if", then_branch=inner, else_branch=inner)]
    graph([product] + nodes, "constants.onnx", [("s", 1, [3]), ("t", 1, [1])])
    rows = [row("w", ramp(2, 3)), row("value_float", np.float32(0.1)),
            row("value_floats", np.array(constants["value_floats"], "float32")), row("value_int", np.int64(-7)),
            row("value_ints", np.array(constants["value_ints"], "int64")), row("yes", np.array(True)),
            row("if/then_branch/c", np.array([0.5], "float32")), row("if/else_branch/c", np.array([0.5], "float32"))]
    EXPECTED["constants.onnx"] = {"tensors": rows, "left_out": []}


def save_hdf5():
    """HDF5 files of no program in particular, with every kind of storage; h5py gives what is expected."""
    import h5py

    for name, libver in [("datasets.h5", "earliest"), ("datasets-latest.h5", "latest")]:
        rows = []
        with h5py.File(HERE / name, "w", libver=libver) as file:
            def add(path, value, **options):
                file.create_dataset(path, data=value, **options)
                rows.append(row(path, value))

            file.attrs["title"] = "anything"
            file.attrs["sizes"] = np.array([3, 4], ">i2")
            for number, kind in enumerate(["f8", "f4", "f2", "i8", "i4", "i2", "i1", "u8", "u4", "u2", "u1", "c8", "c16", "?"]):
                add(f"plain/{kind}", (np.arange(6) * (number + 1)).reshape(2, 3).astype(kind))
            for kind in [">f8", ">f4", ">f2", ">i8", ">i4", ">u2", ">c8"]:
                add(f"big/{kind[1:]}", np.arange(10, dtype=kind).reshape(5, 2))
            large = np.arange(40 * 50, dtype="float32").reshape(40, 50)
            add("chunked/deflated", large, chunks=(7, 9), compression="gzip", shuffle=True, fletcher32=True)
            add("chunked/plain", large, chunks=(40, 10))
            add("chunked/one", large, chunks=(40, 50))
            add("chunked/growing", large, chunks=(7, 50), maxshape=(None, 50))
            add("chunked/wide", large, chunks=(7, 9), maxshape=(None, None), compression="gzip")
            add("chunked/fixed", large, chunks=(3, 5), compression="gzip")
            add("empty", np.zeros((0, 3), "int32"))
            add("scalar", np.float64(7))
            filled = file.create_dataset("filled", (3, 2), "int16", fillvalue=-2)
            rows.append(row("filled", filled[()]))
            brain = np.arange(6, dtype="float32").reshape(2, 3).astype(ml_dtypes.bfloat16)
            made = file.create_dataset("brain", data=brain.view("V2"))
            made.attrs["dtype"] = "bfloat16"
            rows.append(row("brain", brain))
            arrays = np.arange(24, dtype="int32").reshape(2, 3, 4)
            kind = h5py.h5t.array_create(h5py.h5t.STD_I32LE, (4,))
            made = h5py.h5d.create(file.id, b"arrays", kind, h5py.h5s.create_simple((2, 3)))
            made.write(h5py.h5s.ALL, h5py.h5s.ALL, arrays, mtype=kind)
            rows.append(row("arrays", arrays))
            file["tied"] = file["plain/f4"]
            rows.append(row("tied", file["plain/f4"][()]))
            left_out = {
                "texts": "a dataset of text", "words": "a dataset of a variable-length string",
                "rows": "a dataset of compounds of 2 members", "references": "a dataset of a reference",
                "opaque": "a dataset of opaque elements of 3 bytes",
                "nothing": "a dataset without a value (a null dataspace)", "kind": "a committed datatype",
                "soft": "a soft link to '/plain/f8'", "outside": "an external link", "raw": "external storage",
                "virtual": "a virtual dataset", "packed": "a dataset with the filter number 32000 ('lzf'), which is not read here",
                "again": "a second name of the group '/plain'",
            }
            file["texts"] = np.array([b"ab", b"c"])
            file["words"] = ["some", "words"]
            file["rows"] = np.zeros(2, [("a", "f4"), ("b", "i4")])
            file.create_dataset("references", (1,), h5py.ref_dtype)[0] = file["empty"].ref
            file["opaque"] = np.zeros(2, "V3")
            file["nothing"] = h5py.Empty("f4")
            file["kind"] = np.dtype("f4")
            file["soft"] = h5py.SoftLink("/plain/f8")
            file["outside"] = h5py.ExternalLink("other.h5", "/x")
            file.create_dataset("raw", (2,), "f4", external=[("other.raw", 0, 8)])
            if libver == "latest":
                layout = h5py.VirtualLayout((2,), "f4")
                layout[:] = h5py.VirtualSource("other.h5", "x", (2,))
                file.create_virtual_dataset("virtual", layout)
            else:
                del left_out["virtual"]
            file.create_dataset("packed", data=large, compression="lzf")
            file["again"] = file["plain"]
        # Datasets of a group come before those of the groups in it, and of two names of a group the first is entered.
        for item in rows:
            item["name"] = item["name"].replace("plain/", "again/")
            if item["name"] == "again/f4":
                item["tied_to"] = "tied"
        left_out["plain"] = left_out.pop("again").replace("plain", "again")
        left = [{"name": key, "why": why} for key, why in sorted(left_out.items())]
        EXPECTED[name] = {"tensors": rows, "left_out": left, "in_graph": True}


save_arrays()
save_odd()
save_hdf5()
(HERE / "expected.json").write_text(json.dumps(EXPECTED, indent=1) + "\n")
print(len(EXPECTED), "files")
