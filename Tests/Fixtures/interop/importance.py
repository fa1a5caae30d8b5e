"""Judges `plan --order importance` on graphs: NumPy computes weights' norms and activations. Prints JSON.

    python importance.py TESSERA

Runs in a folder of its own. The networks have a convolution, MatMul, and Gemm of both kinds. `failures` must be empty.
"""

import json
import subprocess
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper

random = np.random.default_rng(11)
UNITS = 4


def save(path, nodes, weights, shape):
    graph = helper.make_graph(
        nodes, "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [onnx.numpy_helper.from_array(value, name) for name, value in weights.items()])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)


def normal(*shape):
    return random.standard_normal(shape).astype(np.float32)


def matmul(path):
    """x W1 + b, Relu, times W2: both weights are MatMul's, [in, out]."""
    weights = {"w1": normal(6, 16), "b1": normal(16), "w2": normal(16, 5)}
    nodes = [helper.make_node("MatMul", ["x", "w1"], ["a"]), helper.make_node("Add", ["a", "b1"], ["b"]),
             helper.make_node("Relu", ["b"], ["h"]), helper.make_node("MatMul", ["h", "w2"], ["y"])]
    save(path, nodes, weights, ["n", 6])
    x = normal(7, 6)
    hidden = np.maximum(x @ weights["w1"] + weights["b1"], 0)
    return x, [(weights["w1"], 1, weights["w2"], 0, hidden.reshape(-1, 16))]


def gemm(path):
    """The same with Gemm: the first weight [out, in], the second [in, out]."""
    weights = {"w1": normal(16, 6), "b1": normal(16), "w2": normal(16, 5), "b2": normal(5)}
    nodes = [helper.make_node("Gemm", ["x", "w1", "b1"], ["a"], transB=1), helper.make_node("Relu", ["a"], ["h"]),
             helper.make_node("Gemm", ["h", "w2", "b2"], ["y"])]
    save(path, nodes, weights, [7, 6])
    x = normal(7, 6)
    hidden = np.maximum(x @ weights["w1"].T + weights["b1"], 0)
    return x, [(weights["w1"], 0, weights["w2"], 0, hidden)]


def convolution(path):
    """Two convolutions of 1 × 1, so that NumPy's product is enough."""
    weights = {"w1": normal(16, 3, 1, 1), "w2": normal(4, 16, 1, 1)}
    nodes = [helper.make_node("Conv", ["x", "w1"], ["a"]), helper.make_node("Relu", ["a"], ["h"]),
             helper.make_node("Conv", ["h", "w2"], ["y"])]
    save(path, nodes, weights, [2, 3, 5, 5])
    x = normal(2, 3, 5, 5)
    hidden = np.maximum(np.einsum("oc,nchw->nhwo", weights["w1"][:, :, 0, 0], x), 0)
    return x, [(weights["w1"], 0, weights["w2"], 1, hidden.reshape(-1, 16))]


def norms(weight, dimension):
    rows = np.moveaxis(weight.astype(np.float64), dimension, 0).reshape(weight.shape[dimension], -1)
    return np.sqrt((rows**2).sum(1))


def best(scores):
    order = np.lexsort((np.arange(len(scores)), -scores))
    return [sorted(part.tolist()) for part in np.split(order, UNITS)]


def main(tessera):
    failures, checked = [], 0
    for make in (matmul, gemm, convolution):
        x, layers = make("net.onnx")
        np.savez("samples.npz", x=x)
        for samples in (False, True):
            words = [tessera, "plan", "net.onnx", "--units", str(UNITS), "--cut-first", "--order",
                     "importance"]
            run = subprocess.run(words + ["--samples", "samples.npz"] * samples, capture_output=True, text=True)
            if run.returncode:
                failures.append(f"{make.__name__}: {run.stderr}")
                continue
            axes = list(json.loads(run.stdout)["axes"].values())
            for axis, (made, out, read, into, hidden) in zip(axes, layers, strict=True):
                first = np.sqrt((hidden.astype(np.float64) ** 2).mean(0)) if samples else norms(made, out)
                wanted = best(first * norms(read, into))
                checked += 1
                if axis["units"] != wanted:
                    failures.append(f"{make.__name__}, samples {samples}: {axis['units']}, expected {wanted}")
    print(json.dumps({"checked": checked, "failures": failures}))


if __name__ == "__main__":
    main(*sys.argv[1:])
