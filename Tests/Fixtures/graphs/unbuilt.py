"""Writes m.onnx: two layers that can be cut, then an operator that the runner lacks, then a third layer.

usage: unbuilt.py FOLDER
"""

import sys

import numpy
import onnx
from onnx import helper, numpy_helper

rng = numpy.random.default_rng(5)


def weight(name, *shape):
    return numpy_helper.from_array((rng.standard_normal(shape) * 0.4).astype(numpy.float32), name)


nodes = [
    helper.make_node("Gemm", ["x", "a"], ["h"], transB=1),
    helper.make_node("Relu", ["h"], ["r"]),
    helper.make_node("Gemm", ["r", "b"], ["s"], transB=1),
    helper.make_node("SampleOp", ["s"], ["t"], name="sample", domain="com.microsoft"),
    helper.make_node("Gemm", ["t", "c"], ["y"], transB=1),
]
graph = helper.make_graph(
    nodes, "g", [helper.make_tensor_value_info("x", 1, [2, 5])], [helper.make_tensor_value_info("y", 1, [2, 3])],
    [weight("a", 8, 5), weight("b", 6, 8), weight("c", 3, 6)])
opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=8), f"{sys.argv[1]}/m.onnx")
