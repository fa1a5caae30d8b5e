"""Graphs in nodes, sequences, optionals, random numbers."""

import numpy
import onnx
from onnx import TensorProto, helper

from .elementwise import LINES
from .elementwise import RECIPES as ELEMENTWISE
from .elementwise import binary, element, function
from .growth import F32, F64, I64, Rejected, Value
from .layers import RECIPES as LAYERS
from .moves import RECIPES as MOVES


def grow(g, recipes, count):
    """Adds up to `count` pieces; pieces that are refused leave what they had already added."""
    weights = numpy.array([w for _, w in recipes], F64)
    for _ in range(count * 2):
        if count == 0:
            break
        try:
            recipes[int(g.rng.choice(len(recipes), p=weights / weights.sum()))][0](g)
            count -= 1
        except Rejected:
            continue


INNER = ELEMENTWISE + LINES + LAYERS + MOVES


def value_info(value, shape=None):
    return helper.make_tensor_value_info(value.name, element(value.dtype), shape)


def branch(g):
    """If, with what its graphs compute from values outside."""
    test = g.value(bool, shape=())
    kind = g.value([F32, I64, F64, numpy.int32, numpy.uint8])
    graphs, captured = [], {test.name: test}
    for _ in range(2):
        child = g.child()
        grow(child, INNER, g.int(0, 3))
        made = [v for v in child.pool[len(g.pool):] if v.dtype == kind.dtype]
        result = child.choose(made) if made else child.node("Identity", [kind], exact=True)[0]
        if result.noise is None or g.chance(0.5):
            (result,) = child.node("Identity", [result], exact=True)
        graph, outer = child.subgraph([result], shaped=False)
        graphs.append(graph)
        captured.update((v.name, v) for v in outer)
    name = g.name()
    node = helper.make_node("If", [test.name], [name], then_branch=graphs[0], else_branch=graphs[1])
    # What the branch computes has its own rounding; the probe moves only its inputs.
    return g.add([node], list(captured.values()), [name])


def stepped(child, x):
    """A few bounded steps that keep the shape and type of x."""
    for _ in range(child.int(1, 3)):
        try:
            if x.dtype == numpy.dtype(bool):
                (x,) = child.node("Not", [x])
            elif x.dtype.kind in "iu":
                (x,) = child.node(child.choose(["Add", "Mul", "Sub"]), [x, child.value(x.dtype, shape=())], exact=True)
            elif child.chance(0.5):
                x = function(child, x, child.choose(["Tanh", "Sigmoid", "Relu", "Neg", "Erf", "Abs", "Softsign"]))
            else:
                shape = x.shape if child.chance(0.5) else ()
                (x,) = child.node(child.choose(["Add", "Mul", "Max"]), [x, child.value(x.dtype, shape=shape)])
        except Rejected:
            continue
    return child.node("Identity", [x], exact=True)[0]


def loop(g):
    """Loop with carried values, outputs that are stacked, and a condition."""
    trips = g.int(0, 4)
    limit = g.constant(trips) if g.chance(0.8) else g.value(I64, shape=(), low=0, high=4)
    go = g.value(bool, shape=()) if g.chance(0.3) else None
    carried = [g.value(g.choose([F32, F32, I64, F64])) for _ in range(g.int(0, 2))]
    child = g.child()
    number, inner = Value(g.name(), numpy.array(0, I64)), Value(g.name(), numpy.array(True))
    states = [Value(g.name(), v.array, v.noise) for v in carried]
    child.pool += [number, inner, *states]
    grow(child, INNER, g.int(0, 2))
    results = [stepped(child, state) for state in states]
    if g.chance(0.5):
        test = child.node("Less", [number, child.constant(g.int(0, 5))])[0]
    else:
        (test,) = child.node("Identity", [inner], exact=True)
    outside = len(g.pool) + 2 + len(states)
    scans = [v for v in child.pool[outside:] if v.size < 2000 and v.name not in {r.name for r in [*results, test]}]
    stacked = [child.node("Identity", [child.choose(scans)], exact=True)[0] for _ in range(min(len(scans), g.int(0, 2)))]
    if not results and not stacked:
        raise Rejected("no output")
    graph, outer = child.subgraph([test, *results, *stacked], [number, inner, *states])
    names = [g.name() for _ in [*results, *stacked]]
    node = helper.make_node(
        "Loop", [limit.name, go.name if go else "", *[v.name for v in carried]], names, body=graph)
    return g.add([node], [limit, *([go] if go else []), *carried, *outer], names)


def scan(g):
    """Scan along the first or the last axis."""
    x = g.value(F32, least_rank=1, where=lambda v: v.rank and 0 < v.size < 2000 and 0 < v.shape[0] < 20)
    axis = g.choose([0, -1])
    row = numpy.take(x.array, 0, axis)
    state = g.value(F32, shape=row.shape)
    child = g.child()
    inner, part = Value(g.name(), state.array, state.noise), Value(g.name(), row)
    child.pool += [inner, part]
    (sum_,) = child.node("Add", [inner, part])
    new = stepped(child, sum_)
    (out,) = child.node("Mul", [new, part])
    graph, outer = child.subgraph([new, out], [inner, part])
    names = [g.name(), g.name()]
    node = helper.make_node(
        "Scan", [state.name, x.name], names, body=graph, num_scan_inputs=1, scan_input_axes=[axis],
        scan_input_directions=[g.int(0, 1)], scan_output_directions=[g.int(0, 1)], scan_output_axes=[g.choose([0, -1])])
    return g.add([node], [state, x, *outer], names)


def sequences(g):
    """Tensors through a sequence and back."""
    shape = g.shape(g.int(1, 3))
    dtype = g.choose([F32, I64, F64])
    parts = [g.value(dtype, shape=shape) for _ in range(g.int(1, 4))]
    nodes, names = [], [v.name for v in parts]

    def node(operation, inputs, **attributes):
        name = g.name()
        nodes.append(helper.make_node(operation, inputs, [name], **attributes))
        return name

    inputs = list(parts)
    form = g.int(0, 3)
    if form == 0:
        axis = g.int(0, len(shape) - 1)
        attributes = {"axis": axis, "keepdims": 1}
        extra = []
        if g.chance(0.5):
            inputs.append(g.constant(g.int(1, max(1, shape[axis]))))
            extra = [inputs[-1].name]
        sequence = node("SplitToSequence", [names[0], *extra], **attributes)
        inputs = [parts[0], *inputs[len(parts):]]
    elif form == 1:
        sequence = node("SequenceEmpty", [], dtype=element(dtype))
        for name in names:
            sequence = node("SequenceInsert", [sequence, name])
    else:
        sequence = node("SequenceConstruct", names)
    place = g.constant(g.int(-len(parts), len(parts) - 1) if form else 0)
    inputs.append(place)
    outputs = []
    if form and g.chance(0.4):
        sequence = node("SequenceInsert", [sequence, names[0], place.name])
    if form and g.chance(0.4):
        sequence = node("SequenceErase", [sequence, place.name])
        sequence = node("SequenceInsert", [sequence, names[-1]])
    if g.chance(0.3):
        sequence = node("Identity", [sequence])
    if form and g.opset >= 17 and g.chance(0.5):
        item, mapped = g.name(), g.name()
        body = helper.make_graph(
            [helper.make_node("Neg", [item], [mapped])], "body", [helper.make_tensor_value_info(item, element(dtype), None)],
            [helper.make_tensor_value_info(mapped, element(dtype), None)])
        sequence = node("SequenceMap", [sequence], body=body)
    if g.opset >= 15 and g.chance(0.4):
        wrapped = node("Optional", [sequence])
        outputs.append(node("OptionalHasElement", [wrapped]))
        sequence = node("OptionalGetElement", [wrapped])
    outputs.append(node("SequenceLength", [sequence]))
    outputs.append(node("SequenceAt", [sequence, place.name]))
    if form:
        outputs.append(node("ConcatFromSequence", [sequence], axis=g.int(0, len(shape) - 1), new_axis=g.int(0, 1)))
    return g.add(nodes, inputs, outputs, exact=True)


def optional(g):
    if g.opset < 15:
        raise Rejected("Optional")
    x = g.value(g.choose([F32, I64, F64]))
    wrapped, there, back = g.name(), g.name(), g.name()
    return g.add(
        [
            helper.make_node("Optional", [x.name], [wrapped]), helper.make_node("OptionalHasElement", [wrapped], [there]),
            helper.make_node("OptionalGetElement", [wrapped], [back]),
        ], [x], [there, back], exact=True)


def drawn(g):
    """Random numbers, of which only shapes and bounds are the same in every program."""
    name = g.choose(["RandomNormal", "RandomUniform", "RandomNormalLike", "RandomUniformLike", "Bernoulli", "Multinomial",
                     "Dropout"])
    numbers, shape, test = g.name(), g.name(), g.name()
    inputs, attributes = [], {}
    if name in ("RandomNormal", "RandomUniform"):
        attributes = {"shape": [g.choose(g.dims), 3], "dtype": TensorProto.FLOAT}
    elif name == "Bernoulli":
        if g.opset < 15:
            raise Rejected(name)
        inputs = [g.fresh(g.floats((5, 7), F32, 0, 1))]
    elif name == "Multinomial":
        inputs, attributes = [g.fresh(g.floats((2, 4)))], {"sample_size": 6}
    elif name == "Dropout":
        x = g.value(F32)
        if g.chance(0.3):
            return g.node(name, [x, g.constant(0.3, F32), g.constant(False, bool)], 2, exact=True)
        return g.node(name, [x], exact=True)
    else:
        inputs = [g.value(F32)]
    nodes = [
        helper.make_node(name, [v.name for v in inputs], [numbers], **attributes),
        helper.make_node("Shape", [numbers], [shape]),
    ]
    outputs = [shape]
    if name != "Multinomial":
        nodes.append(helper.make_node("IsNaN", [numbers], [test]))
        outputs.append(test)
    return g.add(nodes, inputs, outputs, exact=True)


def losses(g):
    classes, batch = g.int(2, 6), g.int(1, 5)
    rest = g.choose([(), (3,), (2, 3)])
    scores = g.value(F32, shape=(batch, classes, *rest))
    labels = g.fresh(g.numbers((batch, *rest), g.choose([I64, numpy.int32]), 0, classes - 1))
    inputs = [scores, labels]
    if g.chance(0.4):
        inputs.append(g.fresh(g.floats((classes,), F32, 0.2, 1)))
    attributes = {"reduction": g.choose(["none", "sum", "mean"])}
    if g.chance(0.3):
        attributes["ignore_index"] = g.int(0, classes - 1)
        # The mean over labels that are all left out is 0 / 0.
        attributes["reduction"] = g.choose(["none", "sum"])
    if g.chance(0.5):
        return g.node("NegativeLogLikelihoodLoss", inputs, **attributes)
    return g.node("SoftmaxCrossEntropyLoss", inputs, g.int(1, 2), **attributes)


RECIPES = [(branch, 3), (loop, 3), (scan, 2), (sequences, 3), (optional, 1), (drawn, 2), (losses, 2)]
