"""Counts roles in models whose names say nothing.

usage: roles.py TESSERA SAMPLE_FOLDER   (in an empty folder)

The light architectures of the `onnx` wheel with small weights, each tensor called t and a number, against sums over
the inputs of their nodes; and the sample's network without its names, as a model and as a checkpoint with its graph,
against the sample's state dict, whose names PyTorch gave. Prints one JSON object: sums compared, and what failed.
"""

import collections
import glob
import json
import os
import subprocess
import sys

import numpy
import onnx
import onnx.backend.test
from seeding import nodes_and_weights

# What the operators' definitions call these inputs; products of matrices are told by their rank below.
MEANINGS = {
    "Conv": {1: "weight", 2: "bias"},
    "Gemm": {0: "weight", 1: "weight", 2: "bias"},
    "BatchNormalization": {1: "norm-affine", 2: "norm-affine", 3: "norm-statistics", 4: "norm-statistics"},
}


def renamed(model):
    """Every initializer gets a number for its name."""
    names = {tensor.name: f"t{number}" for number, tensor in enumerate(model.graph.initializer)}
    for tensor in model.graph.initializer:
        tensor.name = names[tensor.name]
    for node in model.graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
        if node.name:
            node.name = f"n{list(model.graph.node).index(node)}"
    kept = [value for value in model.graph.input if value.name not in names]
    del model.graph.input[:]
    model.graph.input.extend(kept)
    return model


def sums(tessera, file):
    run = subprocess.run([tessera, "count", file, "--json"], capture_output=True, text=True, check=True)
    row = json.loads(run.stdout)["policies"][0]["rows"][-1]
    return {role: entry["parameters"] for role, entry in row["roles"].items()}


def wanted(model):
    sizes = {t.name: int(numpy.prod(t.dims, dtype=numpy.int64)) for t in model.graph.initializer}
    integers = {t.name for t in model.graph.initializer if t.data_type == onnx.TensorProto.INT64}
    found, seen = collections.Counter(), set()
    forms = {}
    for node in model.graph.node:
        for place, name in enumerate(node.input):
            name = forms.get(name, name)
            if name not in sizes or name in seen:
                continue
            if node.op_type == "Reshape" and place == 0:
                forms[node.output[0]] = name
                continue
            role = MEANINGS.get(node.op_type, {}).get(place)
            if role:
                seen.add(name)
                found[role] += sizes[name]
            elif name in integers:
                seen.add(name)
                found["buffer"] += sizes[name]  # Whole numbers are no parameters.
            elif node.op_type == "MatMul":
                seen.add(name)
                found["weight"] += sizes[name]
            else:
                # Nothing else in these models has a meaning; names and shapes decide, and here names say nothing.
                seen.add(name)
                rank = len(next(t for t in model.graph.initializer if t.name == name).dims)
                bias = node.op_type == "Add" and rank == 1
                found["bias" if bias else "weight" if rank >= 2 else "other"] += sizes[name]
    return found


def main(tessera, sample):
    compared, failures = 0, []

    def compare(what, found, expected):
        nonlocal compared
        for role in sorted(set(found) | set(expected)):
            compared += 1
            if found.get(role, 0) != expected.get(role, 0):
                failures.append(f"{what}: {role} {found.get(role, 0)}, not {expected.get(role, 0)}")

    rng = numpy.random.default_rng(1)
    data = os.path.join(os.path.dirname(onnx.backend.test.__file__), "data", "light")
    for path in sorted(glob.glob(os.path.join(data, "*.onnx"))):
        model = onnx.load(path)
        nodes, weights = nodes_and_weights(model, rng, {4096: 64})
        del model.graph.node[:]
        model.graph.node.extend(nodes)
        model.graph.initializer.extend(weights)
        used = {name for node in nodes for name in node.input}
        kept = [t for t in model.graph.initializer if t.name in used]
        del model.graph.initializer[:]
        model.graph.initializer.extend(kept)
        model.ir_version = 4
        renamed(model)
        expected = wanted(model)
        onnx.save(model, "model.onnx")
        del model
        compare(os.path.basename(path), sums(tessera, "model.onnx"), expected)

    # Tensors that other nodes bring into the form that their users want.
    array = numpy.arange(4, dtype=numpy.float32)
    weights = {"t0": numpy.ones((4, 3, 1, 1), numpy.float32), "t1": array.astype(numpy.float16), "t2": array + 1,
               "t3": array.reshape(1, 4), "t4": array.reshape(2, 2), "t5": array + 1, "t6": numpy.array([4]),
               "t7": array}
    nodes = [
        ("Cast", ["t1"], ["bias"], {"to": onnx.TensorProto.FLOAT}), ("Conv", ["x", "t0", "bias"], ["a"], {}),
        ("Identity", ["t2"], ["scale"], {}), ("Squeeze", ["t3"], ["shift"], {}),
        ("Reshape", ["t4", "t6"], ["mean"], {}),
        ("BatchNormalization", ["a", "scale", "shift", "mean", "t5"], ["b"], {}), ("Add", ["b", "t7"], ["y"], {}),
    ]
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node(kind, inputs, outputs, **more) for kind, inputs, outputs, more in nodes], "forms",
        [onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1, 3, 4, 4])],
        [onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, None)],
        [onnx.numpy_helper.from_array(value, name) for name, value in weights.items()])
    onnx.save(onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8), "forms.onnx")
    # The last one is added to what no product made, so that nobody knows what it is.
    compare("forms.onnx", sums(tessera, "forms.onnx"),
            {"weight": 12, "bias": 4, "norm-affine": 8, "norm-statistics": 8, "buffer": 1, "other": 4})

    named = sums(tessera, os.path.join(sample, "weights.safetensors"))
    named.pop("counter")
    model = renamed(onnx.load(os.path.join(sample, "network.onnx")))
    onnx.save(model, "sample.onnx")
    compare("sample.onnx", sums(tessera, "sample.onnx"), named)
    for words in (["plan", "sample.onnx", "--units", "4", "-o", "plan.json"],
                  ["convert", "sample.onnx", "sample.h5", "--plan", "plan.json"]):
        subprocess.run([tessera, *words], capture_output=True, check=True)
    compare("sample.h5", sums(tessera, "sample.h5"), named)
    print(json.dumps({"compared": compared, "failures": failures}))


main(*sys.argv[1:])
