"""Runs commands on files of n and of 8 n parts under valgrind, and compares the instructions that they take.

usage: linear.py TESSERA

Prints one JSON object: for each case the instructions beyond those of `--version`, and their ratio. A walk that is linear
in the file gives 8 or less; one that searches for each part among the others gives up to 64.
"""

import json
import os
import re
import subprocess
import sys
import tempfile

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import save_file

N = 60
TESSERA = sys.argv[1]


def instructions(folder, words):
    """How many instructions a command executes; its exit code is 0 or 1, or 2 with a sentence."""
    result = subprocess.run(
        ["valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null", TESSERA, *words],
        cwd=folder, capture_output=True, text=True, timeout=300)
    assert result.returncode in (0, 1), (words, result.returncode, result.stderr[-800:])
    return int(re.search(r"I\s+refs:\s+([\d,]+)", result.stderr)[1].replace(",", ""))


def model(nodes, inputs, outputs, tensors, functions=(), domains=()):
    graph = helper.make_graph(nodes, "g", inputs, outputs, [numpy_helper.from_array(a, n) for n, a in tensors.items()])
    opsets = [helper.make_opsetid("", 17)] + [helper.make_opsetid(d, 1) for d in domains]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8, functions=functions)


def value(name, shape=(1, 4)):
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


def weights(n):
    return {f"layer.{i}.weight": numpy.full((4, 4), i, numpy.float32) for i in range(n)}


def chain(n):
    """A layer after a layer."""
    nodes = [helper.make_node("MatMul", [f"v{i}", f"layer.{i}.weight"], [f"v{i + 1}"]) for i in range(n)]
    return model(nodes, [value("v0")], [value(f"v{n}")], weights(n))


def fan(n):
    """As many inputs and outputs as layers."""
    nodes = [helper.make_node("MatMul", [f"x{i}", f"layer.{i}.weight"], [f"y{i}"]) for i in range(n)]
    return model(nodes, [value(f"x{i}") for i in range(n)], [value(f"y{i}") for i in range(n)], weights(n))


def heads(n):
    """One stem, and as many outputs as heads."""
    nodes = [helper.make_node("MatMul", ["x", "stem.weight"], ["s"])]
    nodes += [helper.make_node("MatMul", ["s", f"layer.{i}.weight"], [f"y{i}"]) for i in range(n)]
    return model(nodes, [value("x")], [value(f"y{i}") for i in range(n)], weights(n) | {"stem.weight": numpy.eye(4, dtype=numpy.float32)})


def calls(n):
    """A function that is called again and again."""
    function = helper.make_function(
        "own", "Twice", ["a"], ["c"], [helper.make_node("Add", ["a", "a"], ["b"]), helper.make_node("Relu", ["b"], ["c"])],
        [helper.make_opsetid("", 17)])
    nodes = [helper.make_node("Twice", [f"v{i}"], [f"v{i + 1}"], domain="own") for i in range(n)]
    return model(nodes, [value("v0")], [value(f"v{n}")], {}, [function], ["own"])


def constants(n):
    """Small numbers that are put together."""
    nodes = [helper.make_node("Constant", [], [f"c{i}"], value=numpy_helper.from_array(numpy.float32([i]), f"c{i}")) for i in range(n)]
    nodes += [helper.make_node("Concat", [f"c{i}" for i in range(n)], ["all"], axis=0), helper.make_node("Add", ["x", "all"], ["y"])]
    return model(nodes, [value("x", (n,))], [value("y", (n,))], {})


def copies(n):
    """A wide value that one node takes again and again."""
    nodes = [helper.make_node("MatMul", ["x", "w"], ["h"]), helper.make_node("Sum", ["h"] * 2 * n, ["s"]), helper.make_node("MatMul", ["s", "v"], ["y"])]
    return wide(nodes, 16 * n)


def slices(n):
    """A wide value of which every part is taken by a node of its own."""
    nodes = [helper.make_node("MatMul", ["x", "w"], ["h"])]
    nodes += [helper.make_node("Slice", ["h", f"at{i}", f"at{i + 1}", "axis"], [f"s{i}"]) for i in range(n)]
    nodes += [helper.make_node("Concat", [f"s{i}" for i in range(n)], ["c"], axis=1), helper.make_node("MatMul", ["c", "v"], ["y"])]
    return wide(nodes, 16 * n, {f"at{i}": numpy.array([16 * i]) for i in range(n + 1)} | {"axis": numpy.array([1])})


def passing(n):
    """A wide value that many nodes hand on."""
    nodes = [helper.make_node("MatMul", ["x", "w"], ["v0"])] + [helper.make_node("Relu", [f"v{i}"], [f"v{i + 1}"]) for i in range(n)]
    nodes += [helper.make_node("MatMul", [f"v{n}", "v"], ["y"])]
    return wide(nodes, 16 * n)


def wide(nodes, size, more={}):
    tensors = {"w": numpy.ones((3, size), numpy.float32), "v": numpy.ones((size, 2), numpy.float32)}
    return model(nodes, [value("x", (2, 3))], [value("y", (2, 2))], tensors | more)


def plan(n, cut):
    tensors = [{"name": f"layer.{i}.weight", "axes": [f"a{i}", None]} for i in range(n)] if cut else [{"match": "layer.{}.weight", "axes": ["a{}", None]}]
    axes = {f"a{i}": {"size": 4} for i in range(n)} if cut else {"a{}": {"size": 4}}
    return {"format": "tessera.plan/1", "units": 2, "axes": axes, "tensors": tensors, "tasks": [{"name": "t"}], "assignment": {"rule": "nearest"}}


def tasks(n):
    return plan(4, True) | {"tasks": [{"name": f"t{i}", "order": [0, 1], "levels": [1, 2], "private": [f"layer.{i + 4}.*"]} for i in range(n)]}


def make(folder, n):
    """Files with n parts of each kind, by the commands that use them."""
    path = lambda name: os.path.join(folder, name)
    save_file(weights(n), path("w.safetensors"))
    save_file(weights(n + 4), path("more.safetensors"))
    numpy.savez(path("w.npz"), **weights(n))
    for name, graph in {"chain": chain, "fan": fan, "heads": heads, "calls": calls, "constants": constants, "copies": copies, "slices": slices, "passing": passing}.items():
        onnx.save(graph(n), path(f"{name}.onnx"))
    for name, document in {"pattern": plan(n, False), "names": plan(n, True), "tasks": tasks(n)}.items():
        with open(path(f"{name}.json"), "w") as file:
            json.dump(document, file)
    for words in (["w.safetensors", "w.pt"], ["w.safetensors", "w.h5", "--plan", "names.json"], ["more.safetensors", "t.h5", "--plan", "tasks.json"]):
        subprocess.run([TESSERA, "convert", *words], cwd=folder, check=True, capture_output=True)


CASES = {
    "inspect": [["inspect", f] for f in ("w.safetensors", "w.npz", "w.pt", "w.h5", "chain.onnx", "fan.onnx")],
    "count": [["count", f] for f in ("w.safetensors", "w.pt", "w.h5", "t.h5", "chain.onnx")],
    "validate": [["validate", f] for f in ("w.safetensors", "w.npz", "w.pt", "w.h5", "t.h5", "chain.onnx", "calls.onnx")],
    "layers": [["count", f, "--layers"] for f in ("chain.onnx", "calls.onnx", "constants.onnx")] + [["count", "fan.onnx", "--work"]],
    "plan": [["plan", f, "--units", "2", "--tasks", "t", "--cut-first", "-o", "out.json"] for f in ("chain.onnx", "fan.onnx", "heads.onnx", "calls.onnx", "constants.onnx", "copies.onnx", "slices.onnx", "passing.onnx")]
    + [["plan", "w.safetensors", "--plan", f] for f in ("pattern.json", "names.json")] + [["plan", "more.safetensors", "--plan", "tasks.json"]],
    "convert": [["convert", "w.safetensors", "out.h5", "--plan", "names.json"], ["convert", "w.h5", "out.safetensors"], ["convert", "w.pt", "out.npz"]],
    "diff": [["diff", "w.safetensors", "w.npz"], ["verify", "w.safetensors", "w.h5"], ["extract", "w.h5", "out.npz", "--task", "t", "--level", "1"]],
}


def main():
    report = {"cases": []}
    with tempfile.TemporaryDirectory() as folder:
        start = instructions(folder, ["--version"])
        found = []
        for n in (N, 8 * N):
            make(folder, n)
            found.append([(words, instructions(folder, words) - start) for list_ in CASES.values() for words in list_])
        for (words, small), (_, large) in zip(*found):
            report["cases"].append({"command": " ".join(words), "instructions": [small, large], "ratio": round(large / max(small, 1), 2)})
    print(json.dumps(report))


main()
