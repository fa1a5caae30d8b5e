"""Recomputes affinities of samples/fashion/study with ONNX Runtime and NumPy, and compares a reassigned checkpoint.

usage: assign.py MODEL PLAN DATA BEFORE AFTER DOCUMENT…

A unit is removed by zeros in the scales and shifts of every norm on its channels.  Each DOCUMENT is what
`tessera assign --json` printed.  BEFORE and AFTER are checkpoints whose assignments differ.
"""

import fnmatch
import json
import sys

import h5py
import numpy as np
import onnx
import onnxruntime
from onnx import numpy_helper

model_path, plan_path, data_path, before, after, *documents = sys.argv[1:]
model = onnx.load(model_path)
plan = json.load(open(plan_path))
data = np.load(data_path)
weights = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
TASKS = [task["name"] for task in plan["tasks"]]
UNITS = plan["units"]


def entry(name):
    for one in plan["tensors"]:
        if one.get("name") == name or fnmatch.fnmatchcase(name, one.get("match", "\n")):
            return one["axes"]
    return []


def array(task, name):
    return data[f"{task}.{name}"] if f"{task}.{name}" in data else data[name]


def channels(axis, unit):
    size = plan["axes"][axis]["size"] // UNITS
    return slice(unit * size, (unit + 1) * size)


def session(changed, outputs=()):
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    for tensor in copy.graph.initializer:
        if tensor.name in changed:
            tensor.CopyFrom(numpy_helper.from_array(changed[tensor.name], tensor.name))
    known = {value.name for value in copy.graph.output}
    for name in outputs:
        if name not in known:
            copy.graph.output.append(onnx.helper.make_empty_tensor_value_info(name))
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return onnxruntime.InferenceSession(copy.SerializeToString(), options, providers=["CPUExecutionProvider"])


def loss(running, task):
    logits, = running.run([task], {"images": array(task, "images")})
    logits = logits.astype(np.float64)
    logits -= logits.max(1, keepdims=True)
    labels = array(task, "labels").astype(int)
    return float((np.log(np.exp(logits).sum(1)) - logits[np.arange(len(labels)), labels]).mean())


def without(unit, axis=None):
    """The network without a unit: on one axis, or on all."""
    changed = {}
    for name, value in weights.items():
        axes = entry(name)
        if name.startswith("norm.") and name.endswith((".weight", ".bias")) and axis in (None, axes[0]):
            value = value.copy()
            value[channels(axes[0], unit)] = 0
            changed[name] = value
    return session(changed)


def ablation():
    """{axis, or None for all together: [task, unit]}, as the functions below."""
    whole = session({})
    base = [loss(whole, task) for task in TASKS]
    result = {}
    for axis in (None, *plan["axes"]):
        removed = [without(unit, axis) for unit in range(UNITS)]
        result[axis] = [[loss(one, task) - base[row] for one in removed] for row, task in enumerate(TASKS)]
    return result


def tables(scores):
    """The share of each unit of a task's scores: on each axis, and their mean."""
    rows = {axis: [] for axis in (None, *plan["axes"])}
    for one in scores:
        own = []
        for axis, values in one.items():
            sums = np.array([values[channels(axis, unit)].sum() for unit in range(UNITS)])
            own.append(sums / sums.sum())
            rows[axis].append(own[-1])
        rows[None].append(np.mean(own, 0))
    return rows


def reading():
    """For each convolution and head on an axis of inputs: its name, that axis, its input and its output."""
    makers = {name: node for node in model.graph.node for name in node.output}
    for node in model.graph.node:
        if node.op_type in ("Conv", "Gemm"):
            weight = node.input[1]
            # The exporter writes slices of the whole weight.
            while weight in makers and makers[weight].op_type == "Slice":
                weight = makers[weight].input[0]
            axes = entry(weight)
            if len(axes) > 1 and axes[1]:
                yield weight, axes[1], node.input[0], node.output[0]


def activations():
    result = []
    values = {value for _, _, value, _ in reading()}
    running = session({}, sorted(values))
    for task in TASKS:
        names = [name for name in sorted(values)]
        found = dict(zip(names, running.run(names, {"images": array(task, "images")})))
        own = ancestors(task)
        scores = {axis: 0 for axis in plan["axes"]}
        for name, axis, value, output in reading():
            if output not in own:
                continue
            x = found[value].astype(np.float64)
            means = (x ** 2).mean(tuple(d for d in range(x.ndim) if d != 1))
            squares = weights[name].astype(np.float64) ** 2
            scores[axis] = scores[axis] + means * squares.sum(tuple(d for d in range(squares.ndim) if d != 1))
        result.append({axis: np.sqrt(value) for axis, value in scores.items()})
    return tables(result)


def ancestors(output):
    """Every value on which an output depends."""
    makers = {name: node for node in model.graph.node for name in node.output}
    seen, todo = set(), [output]
    while todo:
        name = todo.pop()
        if name in seen:
            continue
        seen.add(name)
        todo += makers[name].input if name in makers else []
    return seen


def own_weights():
    result = []
    for task in TASKS:
        scores = {}
        for axis, description in plan["axes"].items():
            scales = np.zeros(description["size"])
            for name, value in weights.items():
                if name.startswith(f"norm.{task}_") and name.endswith(".weight") and entry(name) == [axis]:
                    scales += value.astype(np.float64) ** 2
            heads = [value for name, value in weights.items()
                     if name.startswith(f"head.{task}_") and entry(name)[1:] == [axis]]
            readers = heads or [value for name, value in weights.items()
                                if name.startswith("conv.") and entry(name)[1] == axis]
            read = sum((value.astype(np.float64) ** 2).sum(tuple(d for d in range(value.ndim) if d != 1))
                       for value in readers)
            scores[axis] = np.sqrt(scales * read)
        result.append(scores)
    return tables(result)


failures = []
methods = {"ablation": ablation, "activations": activations, "weights": own_weights}
worst = {}
tables_compared = 0
for path in documents:
    document = json.load(open(path))
    expected = methods[document["method"]]()
    found = {None: document["affinities"]} | document["axis_affinities"]
    if found.keys() != expected.keys():
        failures.append(f"{document['method']}: axes {sorted(map(str, found))}")
    for axis in found.keys() & expected.keys():
        one, other = np.array(found[axis]["values"]), np.array(expected[axis])
        tables_compared += 1
        worst[document["method"]] = max(worst.get(document["method"], 0.0),
                                        float(np.abs(one - other).max() / np.abs(other).max()))
        if document["affinities"]["tasks"] != TASKS or not np.allclose(one, other, rtol=1e-3, atol=1e-5):
            failures.append(f"{document['method']}, axis {axis}: {one.tolist()} instead of {other.tolist()}")

datasets = {}
for path in (before, after):
    with h5py.File(path) as file:
        found = datasets[path] = {}
        file.visititems(lambda name, one: found.update({name: one[()].tobytes()}) if isinstance(one, h5py.Dataset) else None)
names = {name for name in datasets[before] if not name.startswith("tessera/")}
if names != {name for name in datasets[after] if not name.startswith("tessera/")}:
    failures.append("the sections have other names")
failures += [f"{name} has other bytes" for name in sorted(names) if datasets[before][name] != datasets[after].get(name)]
changed = sorted(name for name in datasets[before]
                 if name.startswith("tessera/") and datasets[before][name] != datasets[after].get(name))
print(json.dumps({"failures": failures, "sections": len(names), "changed": changed, "tables": tables_compared,
                  "worst": worst}))
