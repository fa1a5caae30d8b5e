"""Writes random graphs of 5 to 30 nodes with ONNX Runtime's outputs, in the layout of ONNX's test data.

usage: random_graphs.py DESTINATION COUNT SEED [CASES]

The graphs depend only on the count and the seed. Graphs whose names begin
with `element` have only operators on single elements, special values among them, and are compared element by element;
the others are compared by the greatest element of a tensor.

The folder `growing` has the recipes of nodes. Operators without a recipe come from the cases that the other scripts write,
to the folder CASES if they are not there yet.
Prints the number of graphs in which each operator occurs. Fails if an operator that ONNX Runtime and
`operators.txt` share occurs in none.
"""

import collections
import os
import subprocess
import sys
import tempfile
import warnings

import numpy
import onnx
from growing import control, elementwise, growth, layers, moves, quantised, templates
from growing.growth import Growth, Rejected
from onnx import helper, numpy_helper
from onnxruntime.capi import onnxruntime_pybind11_state as runtime

HERE = os.path.dirname(os.path.abspath(__file__))
# cases.py writes ONNX's own cases to a folder `node`.
SOURCES = ["cases", "ml", "microsoft", "quantised", "vision", "texts"]
OPSETS = [13, 15, 17, 18, 19, 20, 21, 21, 22, 23, 24, 25, 26, 27, 28]
# Not in a set of 13 or later, or on maps, which are only inputs and outputs of graphs.
LEFT_OUT = {"Scatter", "Upsample", "ai.onnx.ml.CastMap", "ai.onnx.ml.DictVectorizer", "ai.onnx.ml.ZipMap"}
ALL = elementwise.RECIPES + elementwise.LINES + layers.RECIPES + moves.RECIPES + control.RECIPES + quantised.RECIPES


def sources(scratch):
    folders = []
    for name in SOURCES:
        folder = os.path.join(scratch, name)
        if not os.path.exists(folder):
            subprocess.run([sys.executable, "-B", "-W", "ignore", os.path.join(HERE, f"{name}.py"), folder], check=True,
                           stdout=subprocess.DEVNULL)
        folders.append(os.path.join(folder, "node") if name == "cases" else folder)
    return folders


def required():
    """The operators that both programs have."""
    with open(os.path.join(HERE, "operators.txt"), encoding="utf-8") as file:
        ours = set(file.read().split())
    kernels = {
        f"{k.domain}.{k.op_name}" if k.domain not in ("", "ai.onnx") else k.op_name
        for k in runtime.get_all_opkernel_def() if k.provider == "CPUExecutionProvider"
    }
    return (ours & kernels) - LEFT_OUT


def grown(seed, number, known, tally):
    rng = numpy.random.default_rng([seed, number])
    kind = number % 8
    opsets = {"": OPSETS[int(rng.integers(len(OPSETS)))]}
    g = Growth(rng, opsets, elementwise=kind == 0)
    g.known = tally.refused
    if kind == 0:
        g.specials = bool(rng.random() < 0.6)
        control.grow(g, elementwise.RECIPES, g.int(3, 9))
        return g
    if g.chance(0.5):
        opsets["com.microsoft"] = 1
    if g.chance(0.4):
        opsets["ai.onnx.ml"] = g.int(2, 5)
    wanted = g.int(5, 30)
    # Half of the graphs look like parts of models; the others mix everything.
    recipes = ALL if g.chance(0.5) else layers.RECIPES + elementwise.RECIPES + elementwise.LINES
    for _ in range(60):
        if sum(n.op_type != "Constant" for n in g.nodes) >= wanted:
            break
        try:
            if recipes is ALL and g.chance(0.35):
                fitting = [k for k in known if ("." not in k or k.rsplit(".", 1)[0] in opsets)]
                rare = sorted(fitting, key=lambda k: (tally.operators[k] + tally.tried[k], k))
                # Rare operators first; a fifth of the time, any.
                key = rare[g.int(0, min(9, len(rare) - 1))] if g.chance(0.8) else g.choose(fitting)
                tally.tried[key] += 0.5
                templates.plant(g, g.choose(known[key]))
            else:
                control.grow(g, recipes, 1)
        except Rejected:
            continue
    return g


def finished(g):
    """The model, its inputs, and the names of its outputs: unused values, and some of the others."""
    used = {name for node in g.nodes for name in growth.names_used(node)}
    made = {n for node in g.nodes for n in node.output}
    values = [v for v in g.pool if v.name in made and not v.constant]
    outputs = [v for v in values if v.name not in used or g.chance(0.04)]
    inputs = [v for v in g.inputs if v.name in used]
    initializers = [v for v in g.initializers if v.name in used]
    if not outputs:
        raise Rejected("no outputs")
    # Constants that nothing uses would be outputs of nodes without users.
    nodes = [n for n in g.nodes if n.op_type != "Constant" or n.output[0] in used]
    model = g.model(nodes, inputs, initializers, [])
    for v in outputs:
        info = model.graph.output.add()
        info.CopyFrom(helper.make_tensor_value_info(v.name, growth.element_type(v.array), None))
    return model, inputs, outputs


class Tally:
    def __init__(self):
        self.operators, self.tried, self.refused = collections.Counter(), collections.Counter(), {}
        self.nodes = self.disagreed = self.failed = 0


def write(folder, model, inputs, outputs, arrays):
    data = os.path.join(folder, "test_data_set_0")
    os.makedirs(data)
    onnx.save(model, os.path.join(folder, "model.onnx"))
    for role, named in [("input", [(v.name, v.array) for v in inputs]), ("output", zip([v.name for v in outputs], arrays))]:
        for index, (name, array) in enumerate(named):
            with open(os.path.join(data, f"{role}_{index}.pb"), "wb") as file:
                file.write(numpy_helper.from_array(numpy.asarray(array), name).SerializeToString(deterministic=True))


def agrees(array, value):
    """Whether the whole graph gives what its nodes gave one by one.

    ONNX Runtime computes F16 in binary32 and leaves out casts between nodes, so results in F16 can differ.
    """
    array = numpy.asarray(array)
    if array.dtype.kind in "US":
        array = array.astype(object)
    if array.shape != value.shape:
        return False
    if value.dtype not in growth.UNITS:
        return bool((array == value.array).all())
    size = growth.greatest(value.array)
    return bool((growth.change(array, value.array) <= 2 * growth.LIMITS[value.dtype] * size + 1e-6).all())


def main(destination, count, seed, cases=None):
    warnings.simplefilter("ignore")
    tally = Tally()
    with tempfile.TemporaryDirectory() as scratch:
        known = templates.templates(sources(cases or scratch))
    for number in range(count):
        g = grown(seed, number, known, tally)
        try:
            model, inputs, outputs = finished(g)
            _, evaluate = growth.run(model, None)
            arrays = evaluate({v.name: v.array for v in inputs})
        except Rejected:
            continue
        except Exception as error:
            tally.failed += 1
            print(f"graph {number}: {error}", file=sys.stderr)
            continue
        different = [v.name for a, v in zip(arrays, outputs) if not agrees(a, v)]
        if different:
            tally.disagreed += 1
            print(f"graph {number}: ONNX Runtime computes {different[0]} differently alone", file=sys.stderr)
            continue
        name = f"{'element' if g.elementwise else 'graph'}_{number:05}"
        write(os.path.join(destination, name), model, inputs, outputs, arrays)
        tally.operators.update(g.operators)
        tally.nodes += len(model.graph.node)
    for operator, graphs in sorted(tally.operators.items()):
        print(operator, graphs)
    print(f"{tally.nodes} nodes; {tally.disagreed} graphs left out, which ONNX Runtime computes in two ways; {tally.failed} failed")
    missing = sorted(required() - set(tally.operators))
    # Fewer graphs can leave out a rare operator.
    if missing and count >= 800:
        sys.exit(f"in no graph: {', '.join(missing)}")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), *sys.argv[4:])
