"""Small models that once went wrong, each judged by ONNX Runtime or by what must be said of it.

usage: corners.py TESSERA   (in an empty folder; prints a JSON object: how many checks were made, and what failed)
"""

import json
import os
import subprocess
import sys

import numpy
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

TESSERA = sys.argv[1]
rng = numpy.random.default_rng(11)
checks, failures = 0, []


def expect(what, holds, found=""):
    global checks
    checks += 1
    if not holds:
        failures.append(f"{what}: {found}")


def run(*words):
    return subprocess.run([TESSERA, *words], capture_output=True, text=True, timeout=120)


def done(*words):
    result = run(*words)
    expect(" ".join(words), result.returncode == 0, result.stdout + result.stderr)


def refused(*words, naming):
    result = run(*words)
    said = result.stderr.strip()
    expect(
        " ".join(words), result.returncode == 2 and "\n" not in said and all(word in said for word in naming),
        f"{result.returncode} {result.stdout}{said}")


def save(name, nodes, weights, inputs, outputs):
    graph = helper.make_graph(
        nodes, "g",
        [helper.make_tensor_value_info(n, kind, shape) for n, kind, shape in inputs],
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, shape) for n, shape in outputs],
        [numpy_helper.from_array(array, n) for n, array in weights.items()])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), name)


def normal(*shape):
    return rng.standard_normal(shape).astype(numpy.float32)


def agrees(model, arrays, tolerance=1e-5):
    """Whether both backends give what ONNX Runtime gives."""
    numpy.savez("in.npz", **arrays)
    names = [o.name for o in onnx.load(model).graph.output]
    wanted = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"]).run(names, arrays)
    for backend in ("reference", "fast"):
        done("run", model, "--input", "in.npz", "--output", "out.npz", "--backend", backend)
        with numpy.load("out.npz") as found:
            for name, array in zip(names, wanted):
                gap = numpy.abs(found[name] - array).max()
                expect(f"{model} {backend} {name}", gap <= tolerance * numpy.abs(array).max(), gap)


def plan(name, size, cuts):
    document = {
        "format": "tessera.plan/1", "units": 2, "axes": {"c": {"size": size}},
        "tensors": [{"name": tensor, "axes": axes} for tensor, axes in cuts.items()],
        "tasks": [{"name": "t"}], "assignment": {"rule": "nearest"}}
    with open(name, "w") as file:
        json.dump(document, file)


def shared_weights():
    """Two convolutions with the same weights and different numbers of groups: what is made of the weights differs."""
    nodes = [
        helper.make_node("Conv", ["a", "w"], ["y"], pads=[1] * 4),
        helper.make_node("Conv", ["b", "w"], ["z"], pads=[1] * 4, group=2),
    ]
    save("shared.onnx", nodes, {"w": normal(32, 16, 3, 3)},
         [("a", 1, [1, 16, 20, 20]), ("b", 1, [1, 32, 20, 20])], [("y", None), ("z", None)])
    agrees("shared.onnx", {"a": normal(1, 16, 20, 20), "b": normal(1, 32, 20, 20)})


def bounds_that_are_no_numbers():
    """A bound that is NaN is no bound that a fused activation could use."""
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["c"]), helper.make_node("Clip", ["c", "low", "high"], ["y"]),
    ]
    weights = {"w": normal(4, 3, 1, 1), "low": numpy.float32(-0.5), "high": numpy.float32(numpy.nan)}
    save("clip.onnx", nodes, weights, [("x", 1, [1, 3, 5, 5])], [("y", None)])
    x = normal(1, 3, 5, 5)
    numpy.savez("in.npz", x=x)
    results = []
    for backend in ("reference", "fast"):
        done("run", "clip.onnx", "--input", "in.npz", "--output", "out.npz", "--backend", backend)
        with numpy.load("out.npz") as found:
            results.append(found["y"])
    expect("clip.onnx", numpy.allclose(results[0], results[1], atol=1e-5, equal_nan=True), results)


def transposed_groups():
    """A transposed convolution in groups is planned, converted, proved and returned."""
    nodes = [
        helper.make_node("Conv", ["x", "w1"], ["a"], name="first", pads=[1] * 4), helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("ConvTranspose", ["b", "w2", "b2"], ["c"], name="up", group=4, strides=[2, 2]),
        helper.make_node("Relu", ["c"], ["d"]), helper.make_node("Conv", ["d", "w3"], ["y"], name="last"),
    ]
    weights = {"w1": normal(16, 3, 3, 3), "w2": normal(16, 3, 2, 2), "b2": normal(12), "w3": normal(5, 12, 1, 1)}
    save("up.onnx", nodes, weights, [("x", 1, [1, 3, 7, 7])], [("y", None)])
    agrees("up.onnx", {"x": normal(1, 3, 7, 7)})
    done("plan", "up.onnx", "--units", "2", "--tasks", "p,q", "-o", "up.json")
    done("convert", "up.onnx", "up.h5", "--plan", "up.json")
    done("verify", "up.onnx", "up.h5")
    done("convert", "up.h5", "up2.onnx")
    with open("up.onnx", "rb") as one, open("up2.onnx", "rb") as other:
        expect("up.onnx comes back", one.read() == other.read())
    with open("up.json") as file:
        cut = {tensor["name"] for tensor in json.load(file)["tensors"]}
    expect("up.json cuts the transposed weights", "w2" in cut, cut)


def tables():
    """Rows that are looked up by number keep their numbers."""
    nodes = [
        helper.make_node("Gather", ["table", "i"], ["e"], name="lookup"),
        helper.make_node("MatMul", ["e", "w"], ["y"], name="product"),
    ]
    save("table.onnx", nodes, {"table": normal(8, 6), "w": normal(6, 3)}, [("i", TensorProto.INT64, [1, 4])],
         [("y", None)])
    plan("rows.json", 8, {"table": ["c", None]})
    refused("convert", "table.onnx", "table.h5", "--plan", "rows.json", naming=["node 'lookup' (Gather)"])
    plan("columns.json", 6, {"table": [None, "c"], "w": ["c", None]})
    done("convert", "table.onnx", "table.h5", "--plan", "columns.json")
    numpy.savez("ids.npz", i=numpy.array([[7, 0, 3, 3]]))
    done("verify", "table.onnx", "table.h5", "--input", "ids.npz")


def extents_that_overflow():
    """Shapes whose product no number holds end in a sentence, or stay unknown; nothing traps."""
    huge = 1 << 40
    for name, target in [("reshape", [huge, huge, 0]), ("reshape", [huge, huge, 1]), ("flatten", None)]:
        node = (
            helper.make_node("Flatten", ["x"], ["y"], name=name, axis=2) if target is None
            else helper.make_node("Reshape", ["x", "target"], ["y"], name=name, allowzero=1))
        weights = {} if target is None else {"target": numpy.array(target)}
        weights["w"] = normal(4, 4)
        path = f"{name}{len(weights)}{0 if target is None else target[-1]}.onnx"
        save(path, [node, helper.make_node("MatMul", ["z", "w"], ["v"])], weights,
             [("x", 1, [huge, huge, huge, 0] if target is None else [1, 4]), ("z", 1, [1, 4])],
             [("y", None), ("v", None)])
        result = run("plan", path, "--units", "2", "--tasks", "t", "-o", "overflow.json")
        expect(f"plan {path}", result.returncode in (1, 2) and "Fatal" not in result.stderr, result.stderr)
        refused("run", path, "--output", "y.npz", naming=[path])


def infinities():
    """An infinite output is equal to itself, and allows nothing else any gap."""
    nodes = [
        helper.make_node("MatMul", ["x", "w1"], ["a"], name="one"), helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("MatMul", ["b", "w2"], ["c"], name="two"), helper.make_node("Add", ["c", "mask"], ["y"]),
    ]
    mask = numpy.array([0, -numpy.inf, 0, numpy.inf], numpy.float32)
    weights = {"w1": normal(3, 8), "w2": normal(8, 4), "mask": mask}
    save("inf.onnx", nodes, weights, [("x", 1, [2, 3])], [("y", None)])
    done("plan", "inf.onnx", "--units", "2", "--tasks", "t", "--cut-first", "-o", "inf.json")
    done("convert", "inf.onnx", "inf.h5", "--plan", "inf.json")
    done("verify", "inf.onnx", "inf.h5")
    weights["w2"] = weights["w2"].copy()
    weights["w2"][0, 0] += 0.5
    save("other.onnx", nodes, weights, [("x", 1, [2, 3])], [("y", None)])
    result = run("verify", "other.onnx", "inf.h5", "--json")
    networks = json.loads(result.stdout)["networks"]
    expect("verify other.onnx", result.returncode == 1 and not any(n["within_tolerance"] for n in networks), result.stdout)
    refused("verify", "inf.onnx", "inf.h5", "--level", "9", naming=["level", "9"])
    refused("verify", "inf.onnx", "inf.onnx", "--layers", naming=["--layers"])
    numpy.savez("cube.npz", x=normal(1, 2, 3))
    cube = ["cube.npz: array 'x'", "[2, 3]", "[1, 2, 3]"]
    refused("verify", "inf.onnx", "inf.h5", "--input", "cube.npz", naming=cube)
    refused("run", "inf.onnx", "--input", "cube.npz", "--output", "y.npz", naming=["input 'x'", *cube[1:]])
    refused("run", "inf.h5", "--task", "t", "--level", "1", "--input", "cube.npz", "--output", "y.npz", naming=cube)


def orders():
    """Graphs whose nodes cannot run are findings, in graphs within graphs too."""
    add = helper.make_node("Add", ["x", "b"], ["a"], name="one")
    inner = helper.make_graph(
        [helper.make_node("Neg", ["lost"], ["n"], name="deep")], "inner", [],
        [helper.make_tensor_value_info("n", TensorProto.FLOAT, None)])
    ring = helper.make_graph(
        [helper.make_node("Neg", ["m"], ["n"], name="deep"), helper.make_node("Neg", ["n"], ["m"], name="deeper")],
        "ring", [], [helper.make_tensor_value_info("n", TensorProto.FLOAT, None)])
    for name, nodes, said in [
        ("missing", [helper.make_node("Add", ["x", "nothing"], ["y"], name="one")], "node 'one' (Add)"),
        ("circle", [add, helper.make_node("Neg", ["a"], ["b"], name="two"), helper.make_node("Neg", ["b"], ["y"])], "cycle"),
        ("output", [helper.make_node("Neg", ["x"], ["z"], name="one")], "output 'y'"),
        ("inside", [helper.make_node("If", ["c"], ["y"], name="one", then_branch=inner, else_branch=inner)], "'lost'"),
        ("ring", [helper.make_node("If", ["c"], ["y"], name="one", then_branch=ring, else_branch=ring)], "cycle"),
        ("sound", [helper.make_node("Neg", ["x"], ["y"], name="one")], None),
    ]:
        inputs = [("x", 1, [2])] + ([("c", TensorProto.BOOL, [])] if name in ("inside", "ring") else [])
        save(f"{name}.onnx", nodes, {"w": normal(2, 2)}, inputs, [("y", None)])
        result = run("validate", f"{name}.onnx", "--json")
        found = [f for f in json.loads(result.stdout)["findings"] if f["rule"] == "graph"]
        if said is None:
            expect(name, result.returncode == 0 and not found, result.stdout)
        else:
            text = json.dumps(found, ensure_ascii=False)
            expect(name, result.returncode == 1 and len(found) in (1, 2) and said in text, result.stdout)


def whole_way(name, nodes, weights, shape, least):
    """Planned with at least so many tensors cut, proved, verified, and each level extracted and run by ONNX Runtime."""
    save(name, nodes, weights, [("x", 1, shape)], [("y", None)])
    done("plan", name, "--units", "2", "--tasks", "t", "-o", "way.json")
    cut = len(json.load(open("way.json"))["tensors"])
    expect(f"{name} is cut", cut >= least, cut)
    result = run("convert", name, "way.h5", "--plan", "way.json")
    expect(f"{name} is proved", "proved: 2 sub-networks" in result.stderr, result.stderr)
    done("verify", name, "way.h5")
    for level in ("1", "2"):
        done("extract", "way.h5", "way.onnx", "--task", "t", "--level", level)
        found = onnxruntime.InferenceSession("way.onnx").run(None, {"x": normal(*shape)})
        expect(f"{name} level {level} runs", numpy.isfinite(found[0]).all())


def cut_between_layers():
    """What lies between two cut layers: slices whose start moves, halves of which a level has none, biases that are computed."""
    conv = helper.make_node("Conv", ["x", "stem"], ["p"])
    weights = {"stem": normal(4, 3, 1, 1), "first": normal(8, 4, 3, 3)}
    places = {name: numpy.array([value]) for name, value in {"zero": 0, "four": 4, "eight": 8, "axis": 1}.items()}
    halves = [
        conv, helper.make_node("Conv", ["p", "first"], ["q"]),
        helper.make_node("Slice", ["q", "zero", "four", "axis"], ["a"]), helper.make_node("Slice", ["q", "four", "eight", "axis"], ["b"]),
    ]
    gated = halves + [
        helper.make_node("Sigmoid", ["b"], ["g"]), helper.make_node("Mul", ["a", "g"], ["m"]), helper.make_node("Conv", ["m", "last"], ["y"]),
    ]
    whole_way("gated.onnx", gated, weights | places | {"last": normal(2, 4, 1, 1)}, [2, 3, 5, 5], 2)
    apart = halves + [
        helper.make_node("Conv", ["a", "left"], ["c"]), helper.make_node("Conv", ["b", "right"], ["d"]), helper.make_node("Add", ["c", "d"], ["y"]),
    ]
    whole_way("apart.onnx", apart, weights | places | {"left": normal(2, 4, 1, 1), "right": normal(2, 4, 1, 1)}, [2, 3, 5, 5], 3)
    biased = [
        conv, helper.make_node("Shape", ["first"], ["s"], start=0, end=1), helper.make_node("Expand", ["half", "s"], ["bias"]),
        helper.make_node("Conv", ["p", "first", "bias"], ["q"]), helper.make_node("Relu", ["q"], ["r"]),
        helper.make_node("ReduceSum", ["r", "axis"], ["t"]), helper.make_node("Conv", ["t", "last"], ["y"]),
    ]
    whole_way("biased.onnx", biased, weights | {"half": numpy.float32(0.5), "axis": places["axis"], "last": normal(2, 1, 1, 1)}, [2, 3, 5, 5], 1)


def hostile_attributes():
    """Attributes and places that no exporter writes end in a plan or in a sentence; counts that are added up do not grow."""
    weights = {"w": normal(3, 8), "v": normal(8, 2)}
    first = helper.make_node("MatMul", ["x", "w"], ["h"])
    last = helper.make_node("MatMul", ["r", "v"], ["y"])
    places = {"zero2": numpy.array([0, 0]), "four2": numpy.array([4, 8]), "ones2": numpy.array([1, 1])}
    doubles = [helper.make_node("Shape", ["h"], ["s0"])] + [helper.make_node("Add", [f"s{i}", f"s{i}"], [f"s{i + 1}"]) for i in range(40)]
    cast = [helper.make_node("Cast", ["s40"], ["c"], to=1), helper.make_node("ReduceSum", ["c"], ["e"], keepdims=0), helper.make_node("Mul", ["h", "e"], ["r"])]
    for name, nodes, more in [
        ("axes twice", [first, helper.make_node("Slice", ["h", "zero2", "four2", "ones2"], ["r"]), last], places),
        ("batch dimensions", [first, helper.make_node("GatherND", ["h", "ix"], ["r"], batch_dims=2**63 - 1), last], {"ix": numpy.zeros((1, 1), numpy.int64)}),
        ("a sequence of nothing", [helper.make_node("SplitToSequence", [], ["q"]), helper.make_node("SequenceAt", ["q", "at"], ["r"]), last], {"at": numpy.array(0)}),
        ("counts doubled", [first, *doubles, *cast, last], {}),
    ]:
        save("odd.onnx", nodes, weights | more, [("x", 1, [2, 3])], [("y", None)])
        result = run("plan", "odd.onnx", "--units", "2", "--tasks", "t", "--cut-first", "-o", "odd.json")
        expect(f"plan with {name}", result.returncode in (0, 1, 2), f"{result.returncode} {result.stderr[-300:]}")


def reasons():
    """Why an axis with few channels, or few groups of them, is whole."""
    def convolution(value, weight, made, groups=1):
        return helper.make_node("Conv", [value, weight], [made], group=groups)

    for title, first, second, words in [
        ("two sizes of groups", 8, 6, "nodes take its channels in 2 groups, fewer than the 3 units"),
        ("groups that overlap", 8, 3, "nodes take all its channels together, which 3 units cannot share"),
    ]:
        nodes = [convolution("x", "a", "h"), convolution("h", "g", "i", first), convolution("i", "k", "j", second), convolution("j", "v", "y")]
        weights = {"a": normal(24, 3, 1, 1), "g": normal(24, 24 // first, 1, 1), "k": normal(24, 24 // second, 1, 1), "v": normal(2, 24, 1, 1)}
        save("few.onnx", nodes, weights, [("x", 1, [1, 3, 4, 4])], [("y", None)])
        result = run("plan", "few.onnx", "--units", "3", "--cut-first", "-o", "few.json")
        expect(f"plan with {title}", result.returncode < 2 and words in result.stderr, result.stderr)
    save("few.onnx", [convolution("x", "a", "h"), convolution("h", "g", "i"), convolution("i", "v", "y")],
         {"a": normal(2, 3, 1, 1), "g": normal(9, 2, 1, 1), "v": normal(2, 9, 1, 1)}, [("x", 1, [1, 3, 4, 4])], [("y", None)])
    result = run("plan", "few.onnx", "--units", "3", "--cut-first", "-o", "few.json")
    expect("plan with two channels", result.returncode == 0 and "it has 2 channels, fewer than the 3 units" in result.stderr, result.stderr)


def lacking():
    """A sub-network that has nothing of one part of a concatenation does not have the part."""
    nodes = [
        helper.make_node("Conv", ["x", "a"], ["h"]), helper.make_node("Split", ["h", "sizes"], ["p", "q"], axis=1), helper.make_node("Relu", ["p"], ["r"]),
        helper.make_node("Sigmoid", ["q"], ["s"]), helper.make_node("Concat", ["s", "r"], ["c"], axis=1), helper.make_node("Conv", ["c", "v"], ["y"]),
    ]
    save("lacking.onnx", nodes, {"a": normal(8, 3, 1, 1), "v": normal(2, 8, 1, 1), "sizes": numpy.array([4, 4])}, [("x", 1, [1, 3, 4, 4])], [("y", None)])
    done("plan", "lacking.onnx", "--units", "2", "--tasks", "t", "--cut-first", "-o", "lacking.json")
    # Each part of the concatenation belongs to one unit.
    with open("lacking.json") as file:
        plan = json.load(file)
    plan["axes"]["a"]["units"], plan["axes"]["a.2"]["units"] = [4, 0], [0, 4]
    with open("lacking.json", "w") as file:
        json.dump(plan, file)
    done("convert", "lacking.onnx", "lacking.h5", "--plan", "lacking.json")
    for level, parts in (("1", ["r"]), ("2", ["s", "r"])):
        done("extract", "lacking.h5", "small.onnx", "--task", "t", "--level", level)
        (found,) = [list(node.input) for node in onnx.load("small.onnx").graph.node if node.op_type == "Concat"]
        expect(f"lacking.onnx level {level}", found == parts, found)


for case in (orders, shared_weights, bounds_that_are_no_numbers, transposed_groups, tables, extents_that_overflow, infinities, cut_between_layers, hostile_attributes, reasons, lacking):
    case()
print(json.dumps({"checks": checks, "failures": failures}))
