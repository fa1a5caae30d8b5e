"""Writes the small models that fuzzing begins with: seeds.py DIRECTORY"""

import os
import sys

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper

RNG = numpy.random.default_rng(1)


def weights(name, *shape):
    return numpy_helper.from_array(RNG.standard_normal(shape).astype(numpy.float32), name)


def value(name, kind, *shape):
    return helper.make_tensor_value_info(name, kind, shape)


def save(path, nodes, inputs, outputs, initializers):
    graph = helper.make_graph(nodes, "seed", inputs, outputs, initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, path)


def main(folder):
    F, I, B = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL
    yes = numpy_helper.from_array(numpy.array(True), "yes")
    body = helper.make_graph(
        [helper.make_node("Add", ["v", "v"], ["w"]), helper.make_node("Not", ["go"], ["on"])], "body",
        [value("i", I), value("go", B), value("v", F, 2, 6)], [value("on", B), value("w", F, 2, 6)])
    branches = {
        name: helper.make_graph([helper.make_node(kind, ["l"], ["o"])], name, [], [value("o", F, 2, 6)])
        for name, kind in [("then_branch", "Softmax"), ("else_branch", "Identity")]
    }
    save(
        os.path.join(folder, "branches.onnx"),
        [helper.make_node("Loop", ["", "yes", "x"], ["l"], body=body), helper.make_node("If", ["yes"], ["y"], **branches)],
        [value("x", F, 2, 6)], [value("y", F, 2, 6)], [yes])
    save(
        os.path.join(folder, "network.onnx"),
        [
            helper.make_node("Conv", ["x", "w", "b"], ["c"], pads=[1, 0, 0, 1], strides=[2, 1], group=2),
            helper.make_node("BatchNormalization", ["c", "b", "b", "b", "s"], ["n"]),
            helper.make_node("MaxPool", ["n"], ["p"], kernel_shape=[2, 2], ceil_mode=1),
            helper.make_node("Resize", ["p", "", "scales"], ["r"], mode="linear"),
            helper.make_node("Reshape", ["r", "shape"], ["f"]),
            helper.make_node("Einsum", ["f", "f"], ["y"], equation="ij,kj->ik"),
        ],
        [value("x", F, 1, 4, 6, 5)], [value("y", F, None, None)],
        [
            weights("w", 4, 2, 2, 2), weights("b", 4), numpy_helper.from_array(numpy.ones(4, numpy.float32), "s"),
            numpy_helper.from_array(numpy.array([1, 1, 2, 1.5], numpy.float32), "scales"),
            numpy_helper.from_array(numpy.array([4, -1]), "shape"),
        ])
    save(
        os.path.join(folder, "shapes.onnx"),
        [
            helper.make_node("Pad", ["x", "pads"], ["p"], mode="reflect"),
            helper.make_node("Slice", ["p", "starts", "ends"], ["s"]),
            helper.make_node("Gather", ["s", "indices"], ["g"], axis=1),
            helper.make_node("Tile", ["g", "twice"], ["t"]), helper.make_node("TopK", ["t", "k"], ["y", "z"]),
        ],
        [value("x", F, 3, 4)], [value("y", F, None, None), value("z", I, None, None)],
        [
            helper.make_tensor("pads", I, [4], [1, 0, 1, 2]), helper.make_tensor("starts", I, [2], [1, 0]),
            helper.make_tensor("ends", I, [2], [5, 6]), helper.make_tensor("indices", I, [3], [0, -1, 2]),
            helper.make_tensor("twice", I, [2], [2, 1]), helper.make_tensor("k", I, [1], [2]),
        ])


main(sys.argv[1])
