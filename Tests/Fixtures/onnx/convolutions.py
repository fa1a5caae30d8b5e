"""Writes random convolutions with ONNX Runtime's outputs, in the layout of ONNX's test data.

usage: convolutions.py DESTINATION COUNT

One, two and three spatial dimensions; groups and depthwise; dilations, strides, asymmetric pads and every auto_pad;
odd sizes; with and without a bias. No two extents of a case are equal by design more often than by chance.
"""

import os
import sys

import numpy
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

SEED = 20260401


def case(rng):
    rank = int(rng.integers(1, 4))
    groups = int(rng.choice([1, 1, 2, 3, 5]))
    per_group, outputs = int(rng.integers(1, 5)), int(rng.integers(1, 4))
    if rng.random() < 0.2:
        per_group = 1
    kernel = [int(rng.integers(1, 6 if rank < 3 else 4)) for _ in range(rank)]
    dilations = [int(rng.integers(1, 4)) for _ in range(rank)]
    strides = [int(rng.integers(1, 4)) for _ in range(rank)]
    extents = [
        (k - 1) * d + 1 + int(rng.integers(0, 14 if rank < 3 else 6)) for k, d in zip(kernel, dilations)
    ]
    attributes = {"kernel_shape": kernel, "strides": strides, "group": groups}
    padding = rng.choice(["none", "pads", "SAME_UPPER", "SAME_LOWER", "VALID"], p=[0.2, 0.5, 0.1, 0.1, 0.1])
    if padding == "pads":
        attributes["pads"] = [int(rng.integers(0, k + 1)) for k in kernel + kernel]
    elif padding != "none":
        attributes["auto_pad"] = str(padding)
    if not str(padding).startswith("SAME"):
        attributes["dilations"] = dilations
    x = rng.standard_normal([int(rng.integers(1, 4)), groups * per_group, *extents]).astype(numpy.float32)
    w = rng.standard_normal([groups * outputs, per_group, *kernel]).astype(numpy.float32)
    weights = [numpy_helper.from_array(w, "w")]
    if rng.random() < 0.5:
        weights.append(numpy_helper.from_array(rng.standard_normal(len(w)).astype(numpy.float32), "b"))
    node = helper.make_node("Conv", ["x", *[t.name for t in weights]], ["y"], name="conv", **attributes)
    graph = helper.make_graph(
        [node],
        "convolution",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        weights,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), x


def main(destination, count):
    rng = numpy.random.default_rng(SEED)
    for number in range(count):
        model, x = case(rng)
        folder = os.path.join(destination, f"conv_{number:03}")
        data = os.path.join(folder, "test_data_set_0")
        os.makedirs(data)
        onnx.save(model, os.path.join(folder, "model.onnx"))
        session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
        (y,) = session.run(None, {"x": x})
        for name, array in [("input_0", x), ("output_0", y)]:
            with open(os.path.join(data, name + ".pb"), "wb") as file:
                file.write(numpy_helper.from_array(array, name).SerializeToString())


main(sys.argv[1], int(sys.argv[2]))
