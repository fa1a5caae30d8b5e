"""Plans, converts, verifies and extracts one network with the command, and judges every sub-network by ONNX Runtime.

usage: judge.py TESSERA NETWORK UNITS [--levels N,…] [--no-verify] [--backend B]

The masked network is the whole graph with inactive weights zero: made here from the plan's JSON, run by ONNX Runtime.
What enters a weight's inactive columns is multiplied by zero, so inactive activations need no mask of their own.
Prints one JSON object.
"""

import argparse
import filecmp
import json
import os
import subprocess
import sys
import tempfile

import numpy
import onnx
import onnxruntime
from onnx import numpy_helper

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import networks
import work


def owners(axis, units):
    """The unit of each channel of an axis; −1 for common ones."""
    size, given = axis["size"], axis.get("units")
    result = [-1] * size
    if given and isinstance(given[0], list):
        for unit, channels in enumerate(given):
            for channel in channels:
                result[channel] = unit
        return result
    if size // axis.get("granule", 1) < units:
        return result
    sizes = given or [size // units + (unit < size % units) for unit in range(units)]
    return [unit for unit, count in enumerate(sizes) for _ in range(count)]


def positions(dimension, axes, active):
    """Which positions of a dimension are active, by the plan's own words."""
    if "concat" in dimension:
        parts = []
        for part in dimension["concat"]:
            parts += [True] * part["size"] if isinstance(part, dict) and "size" in part else positions(part if isinstance(part, dict) else {"axis": part}, axes, active)
        return parts
    one = [owner < 0 or owner in active for owner in axes[dimension["axis"]]]
    inner = [flag for flag in one for _ in range(dimension.get("inner", 1))]
    return inner * dimension.get("outer", 1)


def mask(model, plan, active):
    """The model with inactive weights zero."""
    axes = {name: owners(axis, plan["units"]) for name, axis in plan["axes"].items()}
    cuts = {entry["name"]: entry["axes"] for entry in plan["tensors"]}
    masked = onnx.ModelProto()
    masked.CopyFrom(model)
    tensors = {t.name: t for t in masked.graph.initializer}
    for node in masked.graph.node:
        if node.op_type == "Constant" and node.attribute[0].name == "value":
            tensors[node.output[0]] = node.attribute[0].t
    seen = 0
    for name, dimensions in cuts.items():
        tensor = tensors[name]
        array = numpy_helper.to_array(tensor).copy()
        for number, dimension in enumerate(dimensions):
            if dimension is None:
                continue
            keep = numpy.array(positions(dimension if isinstance(dimension, dict) else {"axis": dimension}, axes, active))
            assert len(keep) == array.shape[number], (name, number)
            array[(slice(None),) * number + (~keep,)] = 0
            seen += 1
        title = tensor.name
        tensor.CopyFrom(numpy_helper.from_array(array, title))
    return masked, seen


def session(model):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 2
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("tessera")
    arguments.add_argument("network")
    arguments.add_argument("units", type=int)
    arguments.add_argument("--levels")
    arguments.add_argument("--no-verify", action="store_true")
    arguments.add_argument("--no-run", action="store_true")
    arguments.add_argument("--backend")
    arguments = arguments.parse_args()
    backend = ["--backend", arguments.backend] if arguments.backend else []

    def tessera(*words, codes=(0,)):
        result = subprocess.run([arguments.tessera, *map(str, words)], capture_output=True, text=True)
        assert result.returncode in codes, f"{words}: {result.returncode} {result.stderr[-2000:]}{result.stdout[-500:]}"
        return result

    model, shape = networks.make(arguments.network)
    report = {"network": arguments.network, "units": arguments.units, "failures": [], "rows": []}
    with tempfile.TemporaryDirectory() as scratch:
        os.chdir(scratch)
        onnx.save(model, "model.onnx")
        known = {t.name for t in model.graph.initializer}
        (name,) = [value.name for value in model.graph.input if value.name not in known]
        rng = numpy.random.default_rng(1)
        isWhole = [i for i in model.graph.input if i.name == name][0].type.tensor_type.elem_type == 7
        x = rng.integers(0, 40, shape) if isWhole else rng.standard_normal(shape).astype(numpy.float32)
        numpy.savez("x.npz", **{name: x})
        extents = f"{name}={','.join(map(str, shape))}"
        words = tessera("plan", "model.onnx", "--units", arguments.units, "--input-shape", extents, "-o", "plan.json").stderr
        plan = json.load(open("plan.json"))
        report["cut"] = len(plan.get("tensors", []))
        report["axes"] = len(plan.get("axes", {}))
        report["words"] = words.split("\n")
        tessera("convert", "model.onnx", "model.h5", "--plan", "plan.json")
        tessera("convert", "model.h5", "back.onnx")
        if not filecmp.cmp("model.onnx", "back.onnx", shallow=False):
            report["failures"].append("the model comes back changed")
        if not arguments.no_verify:
            document = json.loads(tessera("verify", "model.onnx", "model.h5", "--input", "x.npz", "--json", *backend, codes=(0, 1)).stdout)
            report["verified"] = max(row["max_rel_error"] for row in document["networks"])
            if not document["ok"]:
                report["failures"].append(f"verify: {document['networks']} {document['digest_mismatches']}")
        shape_option = ["--input-shape", f"{name}={'x'.join(map(str, shape))}"]
        counted = json.loads(tessera("count", "model.h5", "--work", *shape_option, "--json").stdout)["work"]["rows"]
        for task in plan["tasks"]:
            for level, units in enumerate(task["levels"], 1):
                if arguments.levels and str(level) not in arguments.levels.split(","):
                    continue
                active = set(task["order"][:units])
                masked, count = mask(model, plan, active)
                options = ["model.h5", "--task", task["name"], "--level", level]
                told = json.loads(tessera("extract", options[0], "small.onnx", *options[1:], "--json").stdout)
                small = onnx.load("small.onnx")
                arrays = [numpy_helper.to_array(tensor) for tensor in small.graph.initializer]
                written = (len(arrays), sum(array.size for array in arrays), sum(array.nbytes for array in arrays))
                if (told["tensors"], told["parameters"], told["bytes"]) != written:
                    report["failures"].append(f"extract: expected {written}, found {told}")
                onnx.checker.check_model(small)
                outputs = [value.name for value in small.graph.output]
                onnx.save(masked, "masked.onnx")
                expected = session("masked.onnx").run(outputs, {name: x})
                extracted = session("small.onnx").run(outputs, {name: x})
                found = work.shapes_and_sizes(small, {value.name: x for value in small.graph.input})
                expectation = (work.multiply_adds(small, found), work.peak_bytes(small, found))
                (line,) = [row for row in counted if (row["task"], row["level"]) == (task["name"], level)]
                if (line["multiply_adds"], line["peak_activation_bytes"]) != expectation:
                    report["failures"].append(f"work: expected {expectation}, found {line}")
                if arguments.no_run:
                    ran = dict(zip(outputs, extracted))
                else:
                    tessera("run", *options, "--input", "x.npz", "--output", "y.npz", *backend)
                    ran = numpy.load("y.npz")
                for output, a, b in zip(outputs, expected, extracted):
                    limit = 1e-4 * float(numpy.abs(a).max()) + 1e-6
                    gaps = [float(numpy.abs(a - b).max()) if a.shape == b.shape else 1e9,
                            float(numpy.abs(a - ran[output]).max()) if a.shape == ran[output].shape else 1e9]
                    row = {"task": task["name"], "level": level, "output": output, "greatest": float(numpy.abs(a).max()),
                           "multiply_adds": expectation[0], "peak": expectation[1], "extracted": gaps[0] / limit, "ran": gaps[1] / limit, "bytes": os.path.getsize("small.onnx")}
                    report["rows"].append(row)
                    if max(gaps) > limit or not float(numpy.abs(a).max()) > 1e-3:
                        report["failures"].append(row)
    print(json.dumps(report))


main()
