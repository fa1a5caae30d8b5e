"""Saves a model of two convolutions, and plans that cut one input of a node and leave whole what it is added to.

usage: half_cut.py MODEL.onnx   (the plans: MODEL.onnx.bias.json, MODEL.onnx.norm.json, MODEL.onnx.kernel.json)
"""

import json
import sys

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper

rng = numpy.random.default_rng(5)
SHAPES = {"w1": (8, 3, 3, 3), "b1": (8,), "scale": (8,), "shift": (8,), "mean": (8,), "var": (8,), "w2": (5, 8, 1, 1)}
weights = [
    numpy_helper.from_array(rng.uniform(0.5, 1.5, shape).astype(numpy.float32), name) for name, shape in SHAPES.items()]
nodes = [
    helper.make_node("Conv", ["x", "w1", "b1"], ["a"], name="first", pads=[1, 1, 1, 1]),
    helper.make_node("BatchNormalization", ["a", "scale", "shift", "mean", "var"], ["b"], name="norm"),
    helper.make_node("Conv", ["b", "w2"], ["y"], name="second"),
]
graph = helper.make_graph(
    nodes, "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 6, 6])],
    [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 5, 6, 6])], weights)
onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), sys.argv[1])


def plan(name, size, cuts):
    tensors = [{"name": tensor, "axes": axes} for tensor, axes in cuts.items()]
    document = {
        "format": "tessera.plan/1", "units": 2, "axes": {"c": {"size": size}}, "tensors": tensors,
        "tasks": [{"name": "t"}], "assignment": {"rule": "nearest"}}
    with open(f"{sys.argv[1]}.{name}.json", "w") as file:
        json.dump(document, file)


plan("bias", 8, {"b1": ["c"], "w2": [None, "c", None, None]})
plan("norm", 8, {name: ["c"] for name in ("scale", "shift", "mean", "var")})
plan("kernel", 3, {"w1": [None, None, "c", None]})
