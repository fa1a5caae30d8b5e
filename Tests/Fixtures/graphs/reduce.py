"""Makes a failing model smaller while it fails in the same way.

usage: reduce.py TESSERA MODEL.onnx UNITS SMALL.onnx [OPTION OF plan …]

Three steps are tried until none helps: another value as the only output, a node left out whose input has its output's
shape, and a constant in the place of what a node makes. The inputs are seeded.
"""

import os
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import masked
import numpy
import onnx
import onnx.inliner
import trial
from onnx import helper, numpy_helper


def feeds_of(model):
    rng = numpy.random.default_rng(1)
    weights = {t.name for t in model.graph.initializer}
    shapes = {
        v.name: [d.dim_value or 2 for d in v.type.tensor_type.shape.dim] for v in model.graph.input if v.name not in weights}
    return {name: rng.standard_normal(shape).astype(numpy.float32) for name, shape in shapes.items()}


def values_of(model, feeds):
    walk = masked.Walk([(o.domain, o.version) for o in model.opset_import], {})
    values = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer} | feeds
    presence = dict.fromkeys(values)
    for node in model.graph.node:
        walk.node(node, values, presence)
    return values


def pruned(model, outputs, values):
    """The model with only what these outputs need."""
    needed, kept = set(outputs), []
    for node in reversed(model.graph.node):
        if needed & set(node.output):
            kept.append(node)
            needed.update(node.input)
            needed.update(name for a in node.attribute if a.type == onnx.AttributeProto.GRAPH for name in masked.captured(a.g))
    graph = helper.make_graph(
        kept[::-1], "g", [v for v in model.graph.input if v.name in needed],
        [helper.make_tensor_value_info(n, masked.KINDS[values[n].dtype], list(values[n].shape)) for n in outputs],
        [t for t in model.graph.initializer if t.name in needed])
    return helper.make_model(graph, opset_imports=model.opset_import, ir_version=model.ir_version)


def smaller(model, values):
    """Models with less in them, the smallest first."""
    outputs = [o.name for o in model.graph.output]
    for node in model.graph.node:
        for name in node.output:
            if name and [name] != outputs and values[name].dtype == numpy.float32:
                yield pruned(model, [name], values)
    for place, node in enumerate(model.graph.node):
        same = [n for n in node.input if n in values and values[n].shape == values[node.output[0]].shape and values[n].dtype == values[node.output[0]].dtype]
        for source in [*same, None]:
            copy = onnx.ModelProto()
            copy.CopyFrom(model)
            del copy.graph.node[place]
            if source is None:
                if node.op_type == "Constant":
                    continue
                copy.graph.initializer.append(numpy_helper.from_array(values[node.output[0]], node.output[0]))
            else:
                for other in copy.graph.node:
                    other.input[:] = [source if n == node.output[0] else n for n in other.input]
            made = {t.name for t in copy.graph.initializer} | {v.name for v in copy.graph.input} | {n for o in copy.graph.node for n in o.output}
            if all(o in made for o in outputs):
                yield pruned(copy, outputs, values)


def main():
    tessera, path, units, out, *options = sys.argv[1:]
    model = onnx.inliner.inline_local_functions(onnx.load(path))
    feeds = feeds_of(model)

    def fails(candidate):
        taken = {v.name: feeds[v.name] for v in candidate.graph.input}
        with tempfile.TemporaryDirectory() as folder:
            try:
                return trial.judge(tessera, folder, candidate, taken, units, options)
            except Exception:
                return {"failure": None}

    found = fails(model)
    kind = found["failure"]
    assert kind, "the model does not fail"
    progress = True
    while progress:
        progress = False
        values = values_of(model, feeds)
        for candidate in smaller(model, values):
            if len(candidate.graph.node) < len(model.graph.node) and candidate.graph.input:
                outcome = fails(candidate)
                if outcome["failure"] == kind:
                    model, found, progress = candidate, outcome, True
                    break
    onnx.save(model, out)
    print(len(model.graph.node), kind, found["text"])
    for node in model.graph.node:
        print(" ", node.op_type, list(node.input), "->", list(node.output))


main()
