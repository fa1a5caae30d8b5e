"""Operators with graphs in attributes."""

import numpy
from onnx import TensorProto, helper

from .registry import operator


def value_info(name):
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, None)


@operator("If")
def if_(b, v, kind):
    other = b.like(v) if b.chance() else v
    mark = len(b.values)
    first = [helper.make_node("Relu", [v], [f"t{mark}"])]
    second = [helper.make_node(b.pick("Tanh", "Neg"), [other], [f"e{mark}"])]
    if b.chance(0.4) and b.rank(v) == 4:
        c = b.shape(v)[1]
        w = b.weight((c, c, 1, 1))
        second = [helper.make_node("Conv", [other, w], [f"e{mark}"])]
    branches = [helper.make_graph(n, "branch", [], [value_info(n[-1].output[0])]) for n in (first, second)]
    if b.chance():
        condition = b.constant(numpy.array(b.chance()))
    else:
        condition = b.node("Greater", [b.node("Reshape", [b.node("ReduceMean", [b.inputs[0]], keepdims=0), b.ints([1])]), b.constant(numpy.array([0.0], numpy.float32))])
    return b.node(kind, [condition], then_branch=branches[0], else_branch=branches[1])


@operator("Loop")
def loop(b, v, kind):
    mark = len(b.values)
    i, c, h, h2, c2, s = (f"{stem}{mark}" for stem in ("i", "c", "h", "hh", "cc", "s"))
    inner = b.pick(lambda: helper.make_node("Tanh", [h], [h2]), lambda: helper.make_node("Add", [h, v], [h2]),
                   lambda: helper.make_node("Mul", [h, b.scalar(0.5)], [h2]))()
    nodes = [inner, helper.make_node("Identity", [c], [c2])]
    outputs = [helper.make_tensor_value_info(c2, TensorProto.BOOL, []), value_info(h2)]
    scan = b.chance(0.4)
    if scan:
        nodes.append(helper.make_node("Relu", [h2], [s]))
        outputs.append(value_info(s))
    body = helper.make_graph(nodes, "body", [
        helper.make_tensor_value_info(i, TensorProto.INT64, []), helper.make_tensor_value_info(c, TensorProto.BOOL, []), value_info(h)], outputs)
    made = b.node(kind, [b.ints(b.pick(1, 2, 3)), b.constant(numpy.array(True)), v], 2 if scan else 1, body=body)
    if scan:
        return b.node("ReduceSum", [made[1], b.ints([0])], keepdims=0) if b.chance() else made[0]
    return made
