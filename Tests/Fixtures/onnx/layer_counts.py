"""Holds `count --layers` against formulas over the shapes that onnx infers.

usage: layer_counts.py TESSERA SAMPLE

Models: the light architectures of the onnx wheel, the sample, and the text detector of rapidocr, whose extents are all
open. Prints one JSON object: the sums of each model, how many nodes with products were compared, and what differs.
"""

import json
import math
import os
import subprocess
import sys

import onnx
from onnx import numpy_helper, shape_inference

LIGHT = os.path.join(os.path.dirname(onnx.__file__), "backend", "test", "data", "light")
FLOATS = (onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16, onnx.TensorProto.DOUBLE)


def resized(path, shapes):
    model = onnx.load(path)
    graph = model.graph
    weights = {tensor.name for tensor in graph.initializer}
    for value in list(graph.input):
        # Old files list weights as inputs; the light ones have none any more.
        if value.name in weights:
            continue
        dims = value.type.tensor_type.shape.dim
        for place, dim in enumerate(dims):
            if value.name in shapes:
                dim.dim_value = shapes[value.name][place]
            elif place == 0 and not dim.HasField("dim_value"):
                dim.dim_value = 1
    del graph.value_info[:]
    for output in graph.output:
        output.type.tensor_type.ClearField("shape")
    return shape_inference.infer_shapes(model, strict_mode=True, data_prop=True)


def expected(model):
    """By node: multiply-adds by the textbook, and elements of the floating-point inputs that are weights."""
    graph = model.graph
    shapes, types, fixed = {}, {}, set()
    for value in [*graph.input, *graph.value_info, *graph.output]:
        tensor = value.type.tensor_type
        shapes[value.name] = [dim.dim_value for dim in tensor.shape.dim]
        types[value.name] = tensor.elem_type
    for tensor in graph.initializer:
        shapes[tensor.name], types[tensor.name] = list(tensor.dims), tensor.data_type
        fixed.add(tensor.name)
    rows = {}
    for node in graph.node:
        if node.op_type == "Constant":
            array = numpy_helper.to_array(node.attribute[0].t)
            shapes[node.output[0]], types[node.output[0]] = list(array.shape), node.attribute[0].t.data_type
            fixed.add(node.output[0])
            continue
        inputs = [name for name in node.input if name]
        if all(name in fixed for name in inputs):
            fixed.update(node.output)
            continue
        attributes = {item.name: onnx.helper.get_attribute_value(item) for item in node.attribute}
        count = 0
        if node.op_type in ("Conv", "ConvTranspose"):
            # Every weight meets every place of the output, or of the input for the adjoint, that its channel has.
            at = shapes[node.output[0] if node.op_type == "Conv" else node.input[0]]
            count = at[0] * math.prod(at[2:]) * math.prod(shapes[node.input[1]])
        elif node.op_type == "Gemm":
            a, b = shapes[node.input[0]], shapes[node.input[1]]
            depth = a[0] if attributes.get("transA") else a[1]
            count = math.prod(a) // depth * (math.prod(b) // depth) * depth
        elif node.op_type == "MatMul":
            count = math.prod(shapes[node.output[0]]) * shapes[node.input[0]][-1]
        parameters = sum(math.prod(shapes[name]) for name in inputs if name in fixed and types[name] in FLOATS)
        rows[node.name or node.output[0]] = (node.op_type, shapes[node.output[0]], count, parameters)
    return rows


def main(tessera, sample):
    models = {name[6:-5]: (os.path.join(LIGHT, name), {}) for name in sorted(os.listdir(LIGHT)) if name.endswith(".onnx")}
    models["sample"] = (sample, {"images": [3, 1, 28, 28]})
    import importlib.util
    (package,) = importlib.util.find_spec("rapidocr_onnxruntime").submodule_search_locations
    models["detector"] = (os.path.join(package, "models", "ch_PP-OCRv4_det_infer.onnx"), {"x": [2, 3, 96, 160]})
    report, failures, compared = {}, [], 0
    for name, (path, shapes) in models.items():
        options = [f"--input-shape={key}={'x'.join(map(str, shape))}" for key, shape in shapes.items()]
        result = subprocess.run([tessera, "count", path, "--layers", "--json", *options], check=True, capture_output=True)
        layers = json.loads(result.stdout)["layers"]
        found = {row["node"]: row for row in layers["nodes"]}
        rows = expected(resized(path, shapes))
        for node, (operator, shape, count, parameters) in rows.items():
            row = found.pop(node, None)
            if row is None or (row["operator"], row["shape"], row["multiply_adds"], row["parameters"]) != \
                    (operator, shape, count, parameters):
                failures.append(f"{name}, {node}: {operator} {shape} {count} {parameters}, found {row}")
            compared += count > 0
        # What is left follows from the weights alone.
        failures += [f"{name}, {node}: {row}" for node, row in found.items() if row["multiply_adds"] or row["parameters"]]
        sums = sum(row[2] for row in rows.values()), sum(row[3] for row in rows.values())
        if sums != (layers["multiply_adds"], layers["parameters"]):
            failures.append(f"{name}: {sums}, found {layers['multiply_adds']} {layers['parameters']}")
        report[name] = {"multiply_adds": layers["multiply_adds"], "parameters": layers["parameters"]}
    print(json.dumps({"models": report, "compared": compared, "failures": failures[:20]}))


main(*sys.argv[1:])
