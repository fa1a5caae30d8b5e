"""Makes models that hold tensors in every way ONNX has, and compares what the command says of them.

usage: flat_weights.py TESSERA DIRECTORY

Every element type, as raw_data and in its typed field, packed and one by one; external data;
Constant nodes; tensors in If branches; an IR version that lists initializers as inputs. Prints one JSON object with
the number of tensors compared and every failure.
"""

import hashlib
import json
import os
import subprocess
import sys

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "interop"))
import package

T = TensorProto
SPELLING = {
    T.FLOAT: "F32", T.DOUBLE: "F64", T.FLOAT16: "F16", T.BFLOAT16: "BF16", T.INT64: "I64", T.INT32: "I32",
    T.INT16: "I16", T.INT8: "I8", T.UINT64: "U64", T.UINT32: "U32", T.UINT16: "U16", T.UINT8: "U8", T.BOOL: "BOOL",
    T.COMPLEX64: "C64", T.COMPLEX128: "C128", T.FLOAT8E4M3FN: "F8_E4M3", T.FLOAT8E5M2: "F8_E5M2",
    T.FLOAT8E4M3FNUZ: "F8_E4M3FNUZ", T.FLOAT8E5M2FNUZ: "F8_E5M2FNUZ", T.FLOAT8E8M0: "F8_E8M0",
    T.FLOAT4E2M1: "F4", T.FLOAT6E2M3: "F6_E2M3", T.FLOAT6E3M2: "F6_E3M2",
    T.INT4: "I4", T.UINT4: "U4", T.INT2: "I2", T.UINT2: "U2",
}
BITS = {T.FLOAT4E2M1: 4, T.FLOAT6E2M3: 6, T.FLOAT6E3M2: 6, T.INT4: 4, T.UINT4: 4, T.INT2: 2, T.UINT2: 2}
# What ONNX alone has.
INTEGERS = (T.INT4, T.UINT4, T.INT2, T.UINT2)
INT32_DATA = {
    T.INT32, T.INT16, T.INT8, T.UINT16, T.UINT8, T.BOOL, T.FLOAT16, T.BFLOAT16, T.FLOAT8E4M3FN, T.FLOAT8E5M2,
    T.FLOAT8E4M3FNUZ, T.FLOAT8E5M2FNUZ, T.FLOAT8E8M0, T.FLOAT4E2M1, T.FLOAT6E2M3, T.FLOAT6E3M2, *INTEGERS,
}
SHAPE = (2, 3, 4)
COUNT = 24


def width(kind):
    return BITS.get(kind) or helper.tensor_dtype_to_np_dtype(kind).itemsize * 8


def content(kind, rng):
    """Random bits: NaN payloads and −0.0 among them."""
    data = rng.integers(0, 256, COUNT * width(kind) // 8, dtype=numpy.uint8)
    return (data % 2 if kind == T.BOOL else data).tobytes()


def typed(tensor, kind, data):
    array = numpy.frombuffer(data, numpy.uint8)
    if kind in (T.FLOAT, T.COMPLEX64):
        tensor.float_data.extend(numpy.frombuffer(data, numpy.float32))
    elif kind in (T.DOUBLE, T.COMPLEX128):
        tensor.double_data.extend(numpy.frombuffer(data, numpy.float64))
    elif kind == T.INT64:
        tensor.int64_data.extend(numpy.frombuffer(data, numpy.int64))
    elif kind in (T.UINT32, T.UINT64):
        tensor.uint64_data.extend(numpy.frombuffer(data, numpy.uint32 if kind == T.UINT32 else numpy.uint64))
    elif width(kind) == 6:
        bits = numpy.unpackbits(array, bitorder="little").reshape(COUNT, 6)
        tensor.int32_data.extend(int(n) for n in bits @ (1 << numpy.arange(6)))
    elif width(kind) in (2, 4):
        tensor.int32_data.extend(int(n) for n in array)
    else:
        names = {8: (numpy.int8, numpy.uint8), 16: (numpy.int16, numpy.uint16), 32: (numpy.int32, numpy.int32)}
        signed = kind in (T.INT8, T.INT16, T.INT32)
        tensor.int32_data.extend(int(n) for n in numpy.frombuffer(data, names[width(kind)][0 if signed else 1]))


def tensor(name, kind, data, how):
    result = TensorProto(name=name, data_type=kind, dims=SHAPE)
    if how == "raw":
        result.raw_data = data
    else:
        typed(result, kind, data)
    return result


def unpacked(message):
    """A serialised tensor whose packed float_data stand one by one, as old writers have them."""
    head = TensorProto()
    head.CopyFrom(message)
    head.ClearField("float_data")
    single = b"".join(b"\x25" + numpy.float32(value).tobytes() for value in message.float_data)
    return head.SerializeToString() + single


def field(number, data):
    """A length-delimited field."""
    def varint(value):
        out = b""
        while value >= 0x80:
            out, value = out + bytes([value & 0x7F | 0x80]), value >> 7
        return out + bytes([value])
    return varint(number << 3 | 2) + varint(len(data)) + data


def compare(tessera, path, expected, failures):
    run = subprocess.run([tessera, "inspect", path, "--json", "--digests"], capture_output=True, text=True)
    if run.returncode != 0:
        failures.append(run.stderr)
        return
    found = {t["name"]: t for t in json.loads(run.stdout)["tensors"]}
    if set(found) != set(expected):
        failures.append(f"{path}: names {sorted(set(found) ^ set(expected))}")
    for name, (dtype, shape, data) in expected.items():
        entry = found.get(name, {})
        wanted = {"dtype": dtype, "shape": list(shape), "sha256": hashlib.sha256(data).hexdigest()}
        for key, value in wanted.items():
            if entry.get(key) != value:
                failures.append(f"{path}: {name}: {key} {entry.get(key)}, not {value}")


def packed(tessera, folder, rng, failures):
    """Whole numbers of two and four bits: through units, cut and not, and back into the same model."""
    graph, expected, elements = onnx.GraphProto(name="packed"), {}, 0
    for kind in INTEGERS:
        # The last: three and five elements do not fill their bytes, and what is left of them is not zero.
        for shape in ((8, 16), (4, 4, 4), (3,), (5,), ()):
            count = int(numpy.prod(shape, dtype=int))
            data = rng.integers(1, 256, (count * BITS[kind] + 7) // 8, dtype=numpy.uint8).tobytes()
            name = f"{SPELLING[kind]}.{len(expected)}"
            expected[name] = (SPELLING[kind], shape, data)
            elements += count
            graph.initializer.append(TensorProto(name=name, data_type=kind, dims=shape, raw_data=data))
    path = os.path.join(folder, "packed.onnx")
    onnx.save(helper.make_model(graph), path)
    compare(tessera, path, expected, failures)
    names = [name for name, (_, shape, _) in expected.items() if shape == (8, 16)]

    def run(*words):
        return subprocess.run([tessera, *words], cwd=folder, capture_output=True, text=True)

    plan = {
        "format": "tessera.plan/1", "units": 2, "axes": {"a": {"size": 16}},
        "tensors": [{"name": name, "axes": [None, "a"]} for name in names],
        "tasks": [{"name": "t"}], "assignment": {"rule": "nearest"},
    }
    with open(os.path.join(folder, "packed.json"), "w") as file:
        json.dump(plan, file)
    for words in (["convert", "packed.onnx", "packed.h5", "--plan", "packed.json"],
                  ["convert", "packed.h5", "packed2.onnx"], ["validate", "--deep", "packed.h5"],
                  ["diff", "packed.onnx", "packed.h5"]):
        done = run(*words)
        if done.returncode != 0:
            failures.append(f"{words}: {done.stdout}{done.stderr}")
    with open(path, "rb") as first, open(os.path.join(folder, "packed2.onnx"), "rb") as second:
        if first.read() != second.read():
            failures.append("packed.onnx came back as another file")
    compare(tessera, os.path.join(folder, "packed.h5"), expected, failures)
    for name, (dtype, shape, data) in package.flat_tensors(os.path.join(folder, "packed.h5")).items():
        if (dtype, tuple(shape), data) != expected[name]:
            failures.append(f"{name}: h5py reads other bytes")
    row = json.loads(run("count", "packed.onnx", "--json").stdout)["policies"][0]["rows"][-1]
    wanted = (elements, sum(len(data) for _, _, data in expected.values()))
    if (row["parameters"], row["bytes"]) != wanted:
        failures.append(f"count: {row['parameters']} parameters in {row['bytes']} bytes, not {wanted}")
    with open(os.path.join(folder, "nonzero.json"), "w") as file:
        json.dump({"format": "tessera.counting-policy/1", "id": "nz", "version": 1, "title": "t", "density": "non-zero"},
                  file)
    row = json.loads(
        run("count", "packed.onnx", "--policy", "nonzero.json", "--json").stdout)["policies"][0]["rows"][-1]
    nonzero = 0
    for dtype, shape, data in expected.values():
        bits = numpy.unpackbits(numpy.frombuffer(data, numpy.uint8), bitorder="little")
        width = int(dtype[1:])
        count = int(numpy.prod(shape, dtype=int))
        nonzero += int(bits[:count * width].reshape(count, width).any(axis=1).sum())
    if row["parameters"] != nonzero:
        failures.append(f"count: {row['parameters']} not zero, not {nonzero}")
    refused = run("convert", "packed.onnx", "packed.safetensors")
    if refused.returncode != 2 or "I4" not in refused.stderr:
        failures.append(f"safetensors: {refused.returncode} {refused.stderr}")
    # One element of each kind is changed by a known step, and no more than it is found.
    changed = onnx.load(path)
    for tensor_ in changed.graph.initializer:
        if list(tensor_.dims) == [5]:
            bits = BITS[tensor_.data_type]
            data = bytearray(tensor_.raw_data)
            last = 5 * bits - bits
            data[last // 8] ^= 1 << (last % 8)
            tensor_.raw_data = bytes(data)
        if list(tensor_.dims) == [3]:
            data = bytearray(tensor_.raw_data)
            data[-1] ^= 0x80
            tensor_.raw_data = bytes(data)
    onnx.save(changed, os.path.join(folder, "changed.onnx"))
    report = json.loads(run("diff", "packed.onnx", "changed.onnx", "--json").stdout)
    found = [(c["max_abs"], c["max_ulp"], c["elements"], c["first"]) for c in report["changed"]]
    if found != [(1, 1, 1, [4])] * len(INTEGERS):
        failures.append(f"diff: {report['changed']}")


def main(tessera, folder):
    rng = numpy.random.default_rng(3)
    failures, expected, graph = [], {}, onnx.GraphProto(name="main")
    for kind, dtype in SPELLING.items():
        for how in ("raw", "typed"):
            data = content(kind, rng)
            name = f"{dtype}.{how}"
            expected[name] = (dtype, SHAPE, data)
            graph.initializer.append(tensor(name, kind, data, how))
    constant = content(T.FLOAT, rng)
    graph.node.append(helper.make_node("Constant", [], ["from_node"], value=tensor("", T.FLOAT, constant, "raw")))
    expected["from_node"] = ("F32", SHAPE, constant)
    branches = {}
    for branch in ("then_branch", "else_branch"):
        data = content(T.INT64, rng)
        value = helper.make_tensor_value_info("out", T.INT64, SHAPE)
        branches[branch] = helper.make_graph(
            [helper.make_node("Identity", ["inner"], ["out"])], branch, [], [value],
            [tensor("inner", T.INT64, data, "raw")])
        expected[f"choice/{branch}/inner"] = ("I64", SHAPE, data)
    graph.node.append(helper.make_node("If", ["c"], ["y"], name="choice", **branches))
    graph.initializer.append(numpy_helper.from_array(numpy.zeros((3, 0), numpy.float32), "empty"))
    expected["empty"] = ("F32", (3, 0), b"")
    graph.initializer.append(numpy_helper.from_array(numpy.array(2.5, numpy.float64), "scalar"))
    expected["scalar"] = ("F64", (), numpy.float64(2.5).tobytes())
    graph.input.extend(helper.make_tensor_value_info(t.name, t.data_type, t.dims) for t in graph.initializer)
    single = tensor("unpacked", T.FLOAT, rng.standard_normal(COUNT).astype(numpy.float32).tobytes(), "typed")
    expected["unpacked"] = ("F32", SHAPE, numpy.array(single.float_data, numpy.float32).tobytes())
    model = helper.make_model(graph, ir_version=3, opset_imports=[helper.make_opsetid("", 11)])
    path = os.path.join(folder, "all.onnx")
    with open(path, "wb") as file:
        # The graph's bytes with one more field behind them.
        whole = model.graph.SerializeToString() + field(5, unpacked(single))
        head = onnx.ModelProto()
        head.CopyFrom(model)
        head.ClearField("graph")
        file.write(head.SerializeToString() + field(7, whole))
    compare(tessera, path, expected, failures)

    # The same bytes through safetensors, units and back, but for the types that safetensors lacks.
    plain = onnx.GraphProto(name="plain")
    plain.initializer.extend(t for t in graph.initializer if t.data_type not in (T.COMPLEX128, *INTEGERS))
    big = rng.standard_normal((300, 70)).astype(numpy.float32)
    plain.initializer.append(numpy_helper.from_array(big, "outside"))
    outside = os.path.join(folder, "outside.onnx")
    onnx.save(
        helper.make_model(plain), outside, save_as_external_data=True, location="weights.bin", size_threshold=1024)
    wanted = {t.name: expected[t.name] for t in plain.initializer if t.name in expected}
    wanted["outside"] = ("F32", big.shape, big.tobytes())
    assert os.path.exists(os.path.join(folder, "weights.bin"))
    compare(tessera, outside, wanted, failures)
    steps = [("outside.onnx", "flat.safetensors"), ("outside.onnx", "units.h5"), ("units.h5", "back.safetensors")]
    for source, target in steps:
        subprocess.run([tessera, "convert", source, target], cwd=folder, check=True, capture_output=True)
        compare(tessera, os.path.join(folder, target), wanted, failures)
    for other in ("flat.safetensors", "units.h5"):
        if subprocess.run([tessera, "diff", "outside.onnx", other], cwd=folder, capture_output=True).returncode != 0:
            failures.append(f"{other} differs from the model")
    check = subprocess.run([tessera, "validate", "outside.onnx"], cwd=folder, capture_output=True, text=True)
    if check.returncode not in (0, 1) or "error" in check.stdout:
        failures.append(f"validate: {check.stdout}{check.stderr}")
    count = subprocess.run([tessera, "count", "outside.onnx", "--json"], cwd=folder, capture_output=True, text=True)
    elements = sum(int(numpy.prod(shape, dtype=int)) for _, shape, _ in wanted.values())
    row = json.loads(count.stdout)["policies"][0]["rows"][-1]
    if row["parameters"] != elements:
        failures.append(f"count: {row['parameters']} parameters, not {elements}")
    packed(tessera, folder, rng, failures)
    print(json.dumps({"tensors": len(expected) + len(wanted), "failures": failures}))


main(sys.argv[1], sys.argv[2])
