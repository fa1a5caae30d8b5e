"""Extents used as values; constants."""

import numpy
from onnx import TensorProto, helper, numpy_helper

from .registry import axis_of, operator


@operator("Shape", "Size")
def extents(b, v, kind):
    if b.chance():
        number = b.node("Cast", [b.node(kind, [v])], to=TensorProto.FLOAT)
        if kind == "Shape":
            number = b.node("Gather", [number, b.ints(axis_of(b, v))])
        scale = b.node("Reciprocal", [b.node("Sqrt", [number])])
        return b.node("Mul", [v, scale])
    if kind == "Shape":
        back = b.node("Shape", [v])
        flat = b.node("Reshape", [v, b.ints([0, -1])])
        return b.node("Reshape", [b.node("Tanh", [flat]), back])
    return b.node("Reshape", [v, b.node("Reshape", [b.node(kind, [v]), b.ints([1])])])


@operator("Range")
def range_(b, v, kind):
    axis = b.pick(b.rank(v) - 1, 1 if b.rank(v) > 1 else 0)
    extent = b.node("Gather", [b.node("Shape", [v]), b.ints(axis)]) if b.chance() else b.ints(b.shape(v)[axis])
    numbers = b.float(b.node(kind, [b.ints(0), extent, b.ints(1)]))
    numbers = b.node("Mul", [numbers, b.scalar(0.1)])
    after = b.rank(v) - 1 - axis
    if after:
        numbers = b.node("Reshape", [numbers, b.ints([-1, *[1] * after])])
    return b.node(b.pick("Add", "Mul"), [v, numbers])


@operator("Constant")
def constant(b, v, kind):
    way = b.whole(0, 2)
    if way == 0:
        name = b.node(kind, [], value_floats=b.rng.standard_normal(b.shape(v)[-1]).tolist())
    elif way == 1:
        name = b.node(kind, [], value_float=0.7)
    else:
        name = b.node(kind, [], value=numpy_helper.from_array(b.rng.standard_normal(b.shape(v)[1:]).astype(numpy.float32)))
    return b.node(b.pick("Add", "Mul"), [v, name])


@operator("ConstantOfShape")
def constant_of_shape(b, v, kind):
    shape = b.node("Shape", [v]) if b.chance(0.6) else b.ints(b.shape(v))
    value = helper.make_tensor("value", TensorProto.FLOAT, [1], [b.pick(0.0, 1.0, 0.5)])
    full = b.node(kind, [shape], value=value)
    return b.pick(lambda: b.node("Add", [v, full]), lambda: b.node("Concat", [v, full], axis=1 if b.rank(v) > 1 else 0), lambda: b.node("Max", [v, full]))()


@operator("OneHot")
def one_hot(b, v, kind):
    axis = axis_of(b, v)
    index = b.node("ArgMax", [v], axis=axis, keepdims=0)
    depth = b.shape(v)[axis]
    places = b.node(kind, [index, b.ints(depth), b.constant(numpy.array([0, 1], numpy.float32))], axis=axis)
    return b.node("Mul", [v, places])


@operator("ArgMax", "ArgMin")
def arguments(b, v, kind):
    index = b.node(kind, [v], axis=axis_of(b, v), keepdims=1)
    number = b.node("Mul", [b.float(index), b.scalar(0.1)])
    return b.pick(number, b.node("Add", [v, number]))


@operator("TopK")
def top_k(b, v, kind):
    axis = axis_of(b, v)
    k = b.whole(1, b.shape(v)[axis])
    values, index = b.node(kind, [v, b.ints([k])], 2, axis=axis, largest=b.pick(0, 1))
    if b.chance(0.3):
        return b.node("GatherElements", [b.like(v), index], axis=axis)
    return values
