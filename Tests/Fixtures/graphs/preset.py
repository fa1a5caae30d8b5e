"""Plans a tiny model of a family by its preset and by its graph, and has ONNX Runtime judge what the preset's plan gives.

usage: preset.py TESSERA FOLDER NAME UNITS

FOLDER has NAME.safetensors and NAME.onnx, whose initializers have the same names. Every level is judged in two ways:

* substituted: the plan without --heads, extracted from the weights alone, put into the graph instead of its tensors
  (where the graph has sizes as constants, extracted as a graph: "constants" says so)
* extracted: the plan with --heads, extracted as a graph; where `convert` refuses the plan, its sentence

Both beside the whole graph with inactive weights zero. Prints one JSON object.
"""

import json
import os
import re
import subprocess
import sys
import tempfile

import numpy
import onnx
import onnxruntime
from onnx import numpy_helper

tessera_path, folder, name, units = sys.argv[1:]
info = json.load(open(f"{folder}/presets.json"))[name]
weights, graph = f"{folder}/{name}.safetensors", f"{folder}/{name}.onnx"
report = {"failures": [], "differences": [], "rows": [], "constants": None}


def tessera(*words, codes=(0,)):
    result = subprocess.run([tessera_path, *map(str, words)], capture_output=True, text=True)
    assert result.returncode in codes, f"{words}: {result.returncode} {result.stderr[-2000:]}{result.stdout[-500:]}"
    return result


def tensors(path):
    """Name → array of a safetensors file of F32, others as raw shapes."""
    with open(path, "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        start = file.tell()
        found = {}
        for key, row in header.items():
            if key == "__metadata__":
                continue
            file.seek(start + row["data_offsets"][0])
            data = file.read(row["data_offsets"][1] - row["data_offsets"][0])
            dtype = {"F32": numpy.float32, "I64": numpy.int64, "BOOL": numpy.bool_}[row["dtype"]]
            found[key] = numpy.frombuffer(data, dtype).reshape(row["shape"])
        return found


def pattern(text):
    parts = {"{}": "([^./]+)", "*": "(.*)"}
    return re.compile("".join(parts.get(part, re.escape(part)) for part in re.split(r"(\{\}|\*)", text)) + "$")


def placements(plan, shapes):
    """Name → for each dimension None or {"axis", "inner", "outer"}, axes' names filled in."""
    placed = {}
    for key, shape in shapes.items():
        for entry in plan.get("tensors", []):
            match = re.match(re.escape(entry["name"]) + "$", key) if "name" in entry else pattern(entry["match"]).match(key)
            if not match or not shape:
                continue
            captures = [group for part, group in zip(re.findall(r"\{\}|\*", entry.get("match", "")), match.groups()) if part == "{}"]
            dimensions = []
            for dimension in entry.get("axes", []):
                if isinstance(dimension, str):
                    dimension = {"axis": dimension}
                if dimension and "axis" in dimension:
                    left = iter(captures)
                    dimension = dict(dimension, axis=re.sub(r"\{\}", lambda _: next(left), dimension["axis"]))
                dimensions.append(dimension)
            if any(dimensions):
                placed[key] = dimensions
            break
    return placed


def kept(dimension, axes, active):
    axis = axes[dimension["axis"]]
    if axis["common"] == axis["size"]:
        owners = [None] * axis["size"]
    else:
        owners = [unit for unit, count in enumerate(axis["units"]) for _ in range(count)]
    assert len(owners) == axis["size"], axis
    one = [owner is None or owner in active for owner in owners]
    return numpy.array([flag for flag in one for _ in range(dimension.get("inner", 1))] * dimension.get("outer", 1))


def masked(model, placed, axes, active):
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    for tensor in copy.graph.initializer:
        if tensor.name not in placed:
            continue
        array = numpy_helper.to_array(tensor).copy()
        for number, dimension in enumerate(placed[tensor.name]):
            if dimension is not None:
                array[(slice(None),) * number + (~kept(dimension, axes, active),)] = 0
        tensor.CopyFrom(numpy_helper.from_array(array, tensor.name))
    return copy


def outputs(path, feed):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 2
    runner = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return dict(zip([value.name for value in runner.get_outputs()], runner.run(None, feed)))


def compare(how, task, level, expected, found):
    for key, a in expected.items():
        b = found[key]
        limit = 1e-4 * float(numpy.abs(a).max()) + 1e-6
        gap = float(numpy.abs(a - b).max()) if a.shape == b.shape else 1e9
        row = {"how": how, "task": task, "level": level, "gap": gap / limit, "greatest": float(numpy.abs(a).max())}
        report["rows"].append(row)
        if not gap <= limit or not row["greatest"] > 1e-3:
            report["failures"].append(row)


whole = tensors(weights)
shapes = {key: list(array.shape) for key, array in whole.items()}
model = onnx.load(graph)
heads = ["--heads", info["heads"]] if info["heads"] else []
rng = numpy.random.default_rng(3)
kind = [value for value in model.graph.input if value.name == info["input"]][0].type.tensor_type.elem_type
x = rng.integers(0, 16, info["shape"]) if kind == onnx.TensorProto.INT64 else rng.standard_normal(info["shape"]).astype(numpy.float32)
feed = {info["input"]: x}

with tempfile.TemporaryDirectory() as scratch:
    os.chdir(scratch)
    for title, options in (("extracted", heads), ("substituted", [])):
        told = tessera("plan", weights, "--units", units, *options, "-o", "plan.json").stderr
        tessera("convert", weights, "weights.h5", "--plan", "plan.json")
        axes = {axis["name"]: axis for axis in json.loads(tessera("inspect", "weights.h5", "--json").stdout)["axes"]}
        plan = json.load(open("plan.json"))
        placed = placements(plan, shapes)
        if title == "extracted":
            report["words"] = told.split("\n")
            extents = f"{info['input']}={'x'.join(map(str, info['shape']))}"
            report["graph_words"] = tessera("plan", graph, "--units", units, "--input-shape", extents, "-o", "graph.json").stderr.split("\n")
            by_graph = placements(json.load(open("graph.json")), shapes)
            for key, shape in shapes.items():
                none = [None] * len(shape)
                for number, pair in enumerate(zip(placed.get(key, none), by_graph.get(key, none))):
                    isWhole = pair[0] is None or axes[pair[0]["axis"]]["common"] == axes[pair[0]["axis"]]["size"]
                    if isWhole != (pair[1] is None):
                        report["differences"].append({"tensor": key, "dimension": number, "by": "graph" if isWhole else "preset"})
        if "half cut" in told or tessera("validate", "weights.h5", codes=(0, 1)).returncode:
            report["failures"].append(f"{title}: half cuts: {told}")
        report[title + "_cut"] = len(placed)
        if title == "extracted":
            result = tessera("convert", graph, "graph.h5", "--plan", "plan.json", codes=(0, 2))
            report["refused"] = result.stderr if result.returncode else None
            if result.returncode:
                continue
        for task in plan["tasks"]:
            for level, count in enumerate(task["levels"], 1):
                active = set(task["order"][:count])
                onnx.save(masked(model, placed, axes, active), "masked.onnx")
                expected = outputs("masked.onnx", feed)
                if title == "extracted":
                    tessera("extract", "graph.h5", "small.onnx", "--task", task["name"], "--level", level)
                else:
                    tessera("extract", "weights.h5", "small.safetensors", "--task", task["name"], "--level", level)
                    small = tensors("small.safetensors")
                    copy = onnx.ModelProto()
                    copy.CopyFrom(model)
                    for tensor in copy.graph.initializer:
                        if tensor.name in small:
                            tensor.CopyFrom(numpy_helper.from_array(small[tensor.name], tensor.name))
                    del copy.graph.value_info[:]
                    onnx.save(copy, "small.onnx")
                    try:
                        outputs("small.onnx", feed)
                    except Exception as error:
                        report["constants"] = str(error)
                        tessera("convert", graph, "graph.h5", "--plan", "plan.json")
                        tessera("extract", "graph.h5", "small.onnx", "--task", task["name"], "--level", level)
                compare(title, task["name"], level, expected, outputs("small.onnx", feed))
print(json.dumps(report))
