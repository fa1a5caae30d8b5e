"""Graphs of kinds that random ones seldom have, each through plan, convert, extract and verify (trial.py).

usage: kinds.py TESSERA

parts         a cut value is taken apart, its parts go different ways and are put together: a level has nothing of some
two           a value has the same channels on two dimensions (x·xᵀ), and an operator behind it may keep one of them alone
sparse        sparse tensors, as constants and as initializers
wide          more channels than can be followed: what meets them is whole, and the rest is cut all the same

Prints {"seen": …, "failures": […], "kinds": {kind: [[case, tensors cut, levels], …]}}.
"""

import json
import os
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import numpy
import trial
from onnx import TensorProto, helper, numpy_helper

rng = numpy.random.default_rng(15)


def normal(*shape):
    return rng.standard_normal(shape).astype(numpy.float32)


def whole(*numbers):
    return numpy.array(numbers, numpy.int64)


def model(nodes, weights, shape, sparse=()):
    graph = helper.make_graph(
        [helper.make_node(operation, inputs, outputs, name=f"n{place}", **attributes) for place, (operation, inputs, outputs, attributes) in enumerate(nodes)],
        "g", [helper.make_tensor_value_info("x", 1, shape)], [helper.make_tensor_value_info("y", 1, ["a"] * len(shape))],
        [numpy_helper.from_array(numpy.asarray(array), name) for name, array in weights.items()], sparse_initializer=sparse)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def node(operation, inputs, output, **attributes):
    return operation, inputs.split(), output.split(), attributes


def parts():
    """Parts of random sizes, in another order, each behind an activation of its own; zeros become something else in some."""
    for seed in range(16):
        count = int(rng.integers(2, 6))
        sizes = rng.integers(2, 7, count)
        channels, image = int(sizes.sum()), seed % 2 == 0
        layer, extents = ("Conv", (1, 1)) if image else ("MatMul", ())
        flip = lambda array: array if image else array.T
        names = [f"p{i}" for i in range(count)]
        nodes = [node(layer, "x w", "h"), node("Split", "h sizes", " ".join(names), axis=1)]
        nodes += [node(str(rng.choice(["Relu", "Sigmoid", "Softplus", "Exp", "Neg"])), name, f"{name}a") for name in names]
        order = rng.permutation(count)
        nodes += [node("Concat", " ".join(f"p{i}a" for i in order), "c", axis=1), node(layer, "c v", "y")]
        weights = {"w": flip(normal(channels, 3, *extents)), "v": flip(normal(2, channels, *extents)), "sizes": whole(*sizes)}
        yield f"{count} parts {'of images' if image else ''} {seed}", model(nodes, weights, [2, 3, 4, 4] if image else [2, 3]), 2 + seed % 3


def two():
    """The products of all pairs of channels, and what is done with them."""
    size = 8
    start = [node("MatMul", "x w", "h"), node("Transpose", "h", "t", perm=[1, 0]), node("MatMul", "t h", "g")]
    end = [node("ReduceSum", "z axis", "s", keepdims=1), node("Transpose", "s", "r", perm=[1, 0]), node("MatMul", "r v", "y")]
    wide = (1 << 20) // size + 1
    for title, middle, more in [
        ("as they are", [node("Identity", "g", "z")], {}),
        ("and their transpose", [node("Transpose", "g", "gt", perm=[1, 0]), node("Add", "g gt", "z")], {}),
        ("half of them", [node("Slice", "g from to axis", "z")], {"from": whole(0), "to": whole(4)}),
        ("some rows", [node("Gather", "g rows", "gr", axis=1), node("Relu", "gr", "z")], {"rows": whole(0, 3, 5)}),
        ("mixed along one", [node("Softmax", "g", "z", axis=1)], {}),
        ("ranked along one", [node("CumSum", "g last", "z")], {"last": numpy.array(1)}),
        ("repeated", [node("Tile", "g twice", "z")], {"twice": whole(1, 2)}),
        ("repeated too often to be followed", [node("Tile", "g often", "z")], {"often": whole(1, wide)}),
        ("beside more than can be followed", [node("Expand", "one far", "o"), node("Concat", "g o", "z", axis=1)], {"one": normal(1, 1), "far": whole(size, 1 << 20)}),
        ("in one row", [node("Reshape", "g flat", "gf"), node("Reshape", "gf square", "z")], {"flat": whole(1, -1), "square": whole(size, size)}),
    ]:
        yield title, model(start + middle + end, {"w": normal(3, size), "v": normal(size, 2), "axis": whole(1)} | more, [2, 3]), 2


def sparse():
    def tensor(name, shape):
        """One element in seven."""
        count = int(numpy.prod(shape))
        places = numpy.arange(0, count, 7)
        return helper.make_sparse_tensor(
            helper.make_tensor(name, TensorProto.FLOAT, [len(places)], normal(len(places))),
            helper.make_tensor("", TensorProto.INT64, [len(places)], places), shape)

    ends = [node("Relu", "b", "r"), node("MatMul", "r v", "y")]
    for operation in ("Add", "Mul"):
        yield f"constant in {operation}", model(
            [node("MatMul", "x w", "h"), node("Constant", "", "c", sparse_value=tensor("c", [12])), node(operation, "h c", "b"), *ends],
            {"w": normal(3, 12), "v": normal(12, 2)}, [2, 3]), 2
        yield f"initializer in {operation}", model(
            [node("MatMul", "x w", "h"), node(operation, "h c", "b"), *ends], {"w": normal(3, 12), "v": normal(12, 2)}, [2, 3], [tensor("c", [12])]), 2
    yield "initializer as a matrix", model(
        [node("MatMul", "x w", "h"), node("MatMul", "h u", "i"), node("MatMul", "i c", "b"), *ends],
        {"w": normal(3, 10), "u": normal(10, 700), "v": normal(12, 2)}, [2, 3], [tensor("c", [700, 12])]), 3


def wide():
    count, size = 300, 1 << 17
    nodes = [node("MatMul", "x w", "h"), node("Relu", "h", "r"), node("MatMul", "r u", "b")]
    nodes += [node("Slice", "b from to axis", f"s{i}") for i in range(count)]
    nodes += [node("Sum", " ".join(f"s{i}" for i in range(count)), "z"), node("MatMul", "z v", "y")]
    yield "slices of one value", model(
        nodes, {"w": normal(3, 8), "u": normal(8, size), "v": normal(size // 2, 2), "from": whole(0), "to": whole(size // 2), "axis": whole(1)}, [2, 3]), 2


def main():
    report = {"seen": 0, "failures": [], "kinds": {}}
    with tempfile.TemporaryDirectory() as folder:
        for kind in (parts, two, sparse, wide):
            rows = report["kinds"][kind.__name__] = []
            for title, graph, units in kind():
                shape = [extent.dim_value for extent in graph.graph.input[0].type.tensor_type.shape.dim]
                outcome = trial.judge(sys.argv[1], folder, graph, {"x": normal(*shape)}, units, ["--cut-first"], kind != wide)
                report["seen"] += 1
                rows.append([title, outcome["cut"], outcome["levels"]])
                if outcome["failure"] or outcome["refused"]:
                    report["failures"].append([kind.__name__, title, outcome["failure"], outcome["refused"], outcome.get("text")])
    print(json.dumps(report))


if __name__ == "__main__":
    main()
