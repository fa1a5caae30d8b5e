"""Runs operators on NaN, infinities, zeros of both signs and very large and small numbers, with ONNX Runtime as the judge.

usage: special_values.py TESSERA

Every case runs on both backends; models with a convolution before the operator have it fused by `fast`. A value agrees
if both are NaN, or equal, or close. Prints one JSON object: how many cases and values agreed, and every failure.
"""

import json
import os
import subprocess
import sys
import tempfile

import numpy
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

OPSET = 17
SPECIAL = [numpy.nan, numpy.inf, -numpy.inf, 0.0, -0.0, 1e-42, -1e-42, 3e38, -3e38, 0.5, -0.5, 2.5, -3.0, 3.0, 7.0, -1.0]


def unary(operation, *constants, **attributes):
    """The operator on every special number, alone."""
    def build():
        tensors = [numpy_helper.from_array(numpy.asarray(c, numpy.float32), f"c{i}") for i, c in enumerate(constants)]
        node = helper.make_node(operation, ["x", *[t.name for t in tensors]], ["y"], **attributes)
        # Lanes and a rest.
        x = numpy.array(SPECIAL + SPECIAL[:5], numpy.float32).reshape(1, 1, 1, -1)
        return [node], tensors, {"x": x}

    return build


def binary(operation):
    """Every special number with every other."""
    def build():
        a, b = numpy.meshgrid(numpy.array(SPECIAL, numpy.float32), numpy.array(SPECIAL, numpy.float32))
        return [helper.make_node(operation, ["a", "b"], ["y"])], [], {"a": a.copy(), "b": b.copy()}

    return build


def reduction(operation, **attributes):
    """Rows that each have one special number at another place."""
    def build():
        x = numpy.arange(len(SPECIAL) * 9, dtype=numpy.float32).reshape(len(SPECIAL), 9) / 16 - 4
        for row, value in enumerate(SPECIAL):
            x[row, row % 9] = value
        return [helper.make_node(operation, ["x"], ["y"], **attributes)], [], {"x": x}

    return build


def pooling(operation, **attributes):
    """Planes that each have one special number, in windows with padding."""
    def build():
        x = numpy.arange(len(SPECIAL) * 35, dtype=numpy.float32).reshape(1, len(SPECIAL), 5, 7) / 64 - 4
        for plane, value in enumerate(SPECIAL):
            x[0, plane, plane % 5, plane % 7] = value
        return [helper.make_node(operation, ["x"], ["y"], **attributes)], [], {"x": x}

    return build


def fused(operation, *constants, **attributes):
    """A convolution that keeps its input, with the operator behind it."""
    def build():
        (node,), tensors, inputs = unary(operation, *constants, **attributes)()
        one = numpy_helper.from_array(numpy.ones((1, 1, 1, 1), numpy.float32), "w")
        node.input[0] = "h"
        return [helper.make_node("Conv", ["x", "w"], ["h"]), node], [one, *tensors], inputs

    return build


def infinite_weight(groups, value, kernel=3):
    """A padded convolution one of whose weights is no number that padding may meet.

    ONNX Runtime multiplies padding with it in some kernels; the definition has no padding there, so `convolved` judges.
    """
    def build():
        rng = numpy.random.default_rng(groups)
        x = rng.standard_normal((1, 8, 6, 9)).astype(numpy.float32)
        w = rng.standard_normal((8, 8 // groups, kernel, kernel)).astype(numpy.float32)
        w[3, 0, 0, 1] = value
        node = helper.make_node("Conv", ["x", "w"], ["y"], group=groups, pads=[kernel // 2] * 4)
        return [node], [numpy_helper.from_array(w, "w")], {"x": x}

    return build


def judge_of(groups):
    return lambda inputs, tensors: convolved(inputs["x"], numpy_helper.to_array(tensors[0]), groups)


def convolved(x, w, groups):
    _, channels, height, width = x.shape
    outputs, per_group, kernel, _ = w.shape
    y = numpy.zeros((1, outputs, height, width))
    with numpy.errstate(all="ignore"):
        for k in range(outputs):
            for c in range(per_group):
                plane = x[0, k // (outputs // groups) * per_group + c].astype(float)
                for i in range(kernel):
                    for j in range(kernel):
                        down, across = i - kernel // 2, j - kernel // 2
                        rows = slice(max(0, -down), min(height, height - down))
                        columns = slice(max(0, -across), min(width, width - across))
                        source = plane[
                            rows.start + down : rows.stop + down, columns.start + across : columns.stop + across
                        ]
                        y[0, k, rows, columns] += source * float(w[k, c, i, j])
    return y.astype(numpy.float32)


def greatest_of_windows(inputs, _):
    """MaxPool of these cases: ONNX Runtime loses NaN, PyTorch and ONNX's own evaluator keep it."""
    x = numpy.pad(inputs["x"], [(0, 0), (0, 0), (1, 1), (1, 1)], constant_values=-numpy.inf)
    windows = numpy.lib.stride_tricks.sliding_window_view(x, (3, 3), axis=(2, 3))
    return windows.max(axis=(4, 5))[:, :, ::2]


# Other judges, by case. Without a bound ONNX Runtime's Clip makes an infinity the greatest number, which neither NumPy
# nor PyTorch does; its ReduceL2 overflows where binary64 does not.
JUDGES = {
    "Clip-below": lambda inputs, _: numpy.maximum(inputs["x"], numpy.float32(0.25)),
    "Conv+Clip-above": lambda inputs, _: numpy.maximum(inputs["x"], numpy.float32(-1)),
    "ReduceL2": lambda inputs, _: numpy.sqrt(
        (inputs["x"].astype(float) ** 2).sum(axis=1, keepdims=True)
    ).astype(numpy.float32),
    "MaxPool": greatest_of_windows,
    "GlobalMaxPool": lambda inputs, _: inputs["x"].max(axis=(2, 3), keepdims=True),
    **{
        f"weight-{value}-{groups}-{kernel}": judge_of(groups)
        for value in [numpy.inf, -numpy.inf, numpy.nan]
        for groups in [1, 2, 8]
        for kernel in [3, 5]
    },
}
OPSETS = {"Clip-6": 6}

CASES = {
    **{
        name: unary(name)
        for name in [
            "Abs", "Ceil", "Elu", "Erf", "Exp", "Floor", "HardSigmoid", "HardSwish", "LeakyRelu", "Log", "Neg",
            "Reciprocal", "Relu", "Round", "Selu", "Sigmoid", "Sign", "Softplus", "Softsign", "Sqrt", "Tanh",
        ]
    },
    "HardSigmoid-steep": unary("HardSigmoid", alpha=3.0, beta=-1.0),
    "Clip": unary("Clip", -1.0, 2.0),
    "Clip-6": unary("Clip", min=-1.0, max=2.0),
    "Clip-below": unary("Clip", 0.25),
    "PRelu": unary("PRelu", [0.25]),
    **{name: binary(name) for name in ["Add", "Div", "Max", "Mean", "Min", "Mul", "Pow", "Sub", "Sum"]},
    **{f"{name}-compared": binary(name) for name in ["Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual"]},
    **{
        name: reduction(name, axes=[1])
        for name in ["ReduceL1", "ReduceL2", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd", "ReduceSumSquare"]
    },
    **{name: reduction(name) for name in ["Softmax", "LogSoftmax"]},
    "MaxPool": pooling("MaxPool", kernel_shape=[3, 3], pads=[1, 1, 1, 1], strides=[2, 1]),
    "AveragePool": pooling("AveragePool", kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
    "GlobalMaxPool": pooling("GlobalMaxPool"),
    "GlobalAveragePool": pooling("GlobalAveragePool"),
    "Conv+Relu": fused("Relu"),
    "Conv+Clip": fused("Clip", 0.0, 6.0),
    "Conv+Clip-above": fused("Clip", -1.0),
    "Conv+HardSwish": fused("HardSwish"),
    "Conv+HardSigmoid": fused("HardSigmoid"),
    "Conv+LeakyRelu": fused("LeakyRelu"),
    **{
        f"weight-{value}-{groups}-{kernel}": infinite_weight(groups, value, kernel)
        for value in [numpy.inf, -numpy.inf, numpy.nan]
        for groups in [1, 2, 8]
        for kernel in [3, 5]
    },
}


def model(nodes, tensors, inputs, opset):
    graph = helper.make_graph(
        nodes,
        "special",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, x.shape) for name, x in inputs.items()],
        [onnx.ValueInfoProto(name="y")],
        tensors,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def judged(made, inputs):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(made.SerializeToString(), options).run(None, inputs)[0]


def differences(found, wanted):
    if found.shape != wanted.shape or found.dtype != wanted.dtype:
        return [f"{found.dtype} {found.shape}, expected {wanted.dtype} {wanted.shape}"]
    with numpy.errstate(all="ignore"):
        same = numpy.isclose(found, wanted, rtol=1e-4, atol=1e-6, equal_nan=True)
    return [
        f"{tuple(map(int, place))}: {found[tuple(place)]}, expected {wanted[tuple(place)]}"
        for place in numpy.argwhere(~same)
    ]


def main(tessera):
    passed, values, failures = 0, 0, []
    with tempfile.TemporaryDirectory() as folder:
        path, given, made_by = (os.path.join(folder, name) for name in ["m.onnx", "x.npz", "y.npz"])
        for name, build in CASES.items():
            nodes, tensors, inputs = build()
            made = model(nodes, tensors, inputs, OPSETS.get(name, OPSET))
            onnx.save(made, path)
            numpy.savez(given, **inputs)
            wanted = JUDGES[name](inputs, tensors) if name in JUDGES else judged(made, inputs)
            for backend in ["reference", "fast"]:
                run = subprocess.run(
                    [tessera, "run", path, "--input", given, "--output", made_by, "--backend", backend],
                    capture_output=True, text=True,
                )
                if run.returncode:
                    failures.append(f"{name}, {backend}: {run.stderr.strip()}")
                    continue
                wrong = differences(numpy.load(made_by)["y"], wanted)
                failures += [f"{name}, {backend}: {text}" for text in wrong[:3]]
                if not wrong:
                    passed, values = passed + 1, values + wanted.size
    print(json.dumps({"cases": 2 * len(CASES), "passed": passed, "values": values, "failures": failures}, indent=1))


if __name__ == "__main__":
    main(*sys.argv[1:])
