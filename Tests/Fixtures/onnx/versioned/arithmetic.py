"""Operators with several operands, sums and extremes."""

import numpy as np

from . import SCHEMAS, Case, floats, makes, one

BINARY = {
    "Add": np.add, "Sub": np.subtract, "Mul": np.multiply, "Div": np.divide, "Pow": np.power,
    "And": np.logical_and, "Or": np.logical_or, "Xor": np.logical_xor, "Equal": np.equal, "Greater": np.greater,
    "Less": np.less, "GreaterOrEqual": np.greater_equal, "LessOrEqual": np.less_equal, "BitwiseAnd": np.bitwise_and,
    "BitwiseOr": np.bitwise_or, "BitwiseXor": np.bitwise_xor,
}


@makes(*BINARY)
def binary(name, version, rng):
    types = SCHEMAS[name, version].type_constraints[0].allowed_type_strs

    def numbers(*shape):
        if name in ["And", "Or", "Xor"]:
            return rng.integers(0, 2, shape).astype(bool)
        if name.startswith("Bitwise"):
            return rng.integers(-1000, 1000, shape).astype(np.int32)
        if "tensor(float)" not in types:
            return rng.integers(0, 3, shape).astype(np.int32)
        values = floats(rng, *shape, low=0.5, high=3)
        return np.round(values) if name in ["Equal", "Greater", "Less", "GreaterOrEqual", "LessOrEqual"] else values

    def by(a, b):
        y = BINARY[name](a, b)
        return [y if y.dtype == bool else y.astype(a.dtype)]

    x = numbers(2, 3, 4)
    if version >= 7:
        yield Case([x, numbers(3, 1)], by=by)
        if name in ["Equal", "Greater", "Less", "Add", "Mul", "Sub", "Div"] and "tensor(int64)" in types:
            integers = [rng.integers(1, 50, shape) for shape in [(2, 1, 4), (3, 1)]]
            judge = one(lambda a, b: a // b) if name == "Div" else by
            yield Case(integers, by=judge, variant="int64")
        if name == "Equal" and "tensor(bool)" in types:
            yield Case([x > 1, x > 2], by=by, variant="bool")
        return
    yield Case([x, numbers(2, 3, 4)], by=by)
    yield Case([x, numbers(4)], {"broadcast": 1}, by=by, variant="suffix")
    yield Case([x, numbers(3)], {"broadcast": 1, "axis": 1}, by=lambda a, b: by(a, b[:, None]), variant="axis")
    yield Case([x, numbers(2, 3)], {"broadcast": 1, "axis": 0}, by=lambda a, b: by(a, b[..., None]), variant="two")
    yield Case([x, numbers(1)], {"broadcast": 1}, by=by, variant="one")


@makes("Mod")
def modulo(name, version, rng):
    a, b = (rng.integers(-9, 9, shape) for shape in [(3, 4), (4,)])
    b[b == 0] = 3
    yield Case([a, b])
    yield Case([a, b], {"fmod": 1}, variant="fmod")
    yield Case([floats(rng, 3, 4), floats(rng, 4)], {"fmod": 1}, variant="floats")


@makes("BitShift")
def shift(name, version, rng):
    x, y = rng.integers(0, 255, (3, 4)).astype(np.uint8), rng.integers(0, 7, 4).astype(np.uint8)
    for direction in ["LEFT", "RIGHT"]:
        yield Case([x, y], {"direction": direction}, variant=direction.lower())
    if version >= 28:
        x, y = (values.astype(np.int8) for values in [x, y])
        yield Case([x, y], {"direction": "RIGHT"}, by=one(np.right_shift), variant="signed")


@makes("PRelu")
def prelu(name, version, rng):
    def by(x, slope):
        if version < 7 and slope.ndim == 1:
            slope = slope[:, None, None]
        return [np.where(x < 0, slope * x, x)]

    yield Case([floats(rng, 2, 3, 4, 5), floats(rng, *([3] if version < 7 else [3, 1, 1]))], by=by)
    yield Case([floats(rng, 2, 3, 4, 5), floats(rng, 1)], by=by, variant="shared")


@makes("Max", "Min", "Sum", "Mean")
def variadic(name, version, rng):
    def by(*inputs):
        total = {"Max": np.maximum, "Min": np.minimum}.get(name, np.add)
        result = inputs[0]
        for other in inputs[1:]:
            result = total(result, other)
        return [result / np.float32(len(inputs)) if name == "Mean" else result]

    shapes = [(2, 3), (2, 3), (2, 3)] if version < 8 else [(2, 3), (3,), (4, 2, 1)]
    yield Case([floats(rng, *shape) for shape in shapes], by=by)
    yield Case([floats(rng, 2, 3)], by=by, variant="one")
    if version >= 12 and name in ["Max", "Min"]:
        yield Case([rng.integers(-9, 9, (2, 3)) for _ in range(2)], by=by, variant="int64")


REDUCTIONS = {
    "L1": lambda x, **a: np.abs(x).sum(**a), "L2": lambda x, **a: np.sqrt((x * x).sum(**a)),
    "LogSum": lambda x, **a: np.log(x.sum(**a)), "LogSumExp": lambda x, **a: np.log(np.exp(x).sum(**a)),
    "Max": np.max, "Mean": np.mean, "Min": np.min, "Prod": np.prod, "Sum": np.sum,
    "SumSquare": lambda x, **a: (x * x).sum(**a),
}


@makes(*("Reduce" + name for name in REDUCTIONS))
def reductions(name, version, rng):
    function = REDUCTIONS[name.removeprefix("Reduce")]
    x = floats(rng, 2, 3, 4, low=0.1)
    isInput = version >= (13 if name == "ReduceSum" else 18)

    def by(axes, keeps):
        return lambda x, *_: [np.asarray(function(x, axis=axes and tuple(axes), keepdims=keeps), x.dtype)]

    def case(axes, keeps, variant=""):
        attributes = {} if keeps else {"keepdims": 0}
        if axes and not isInput:
            attributes["axes"] = axes
        inputs = [x] + ([np.array(axes, np.int64)] if axes and isInput else [])
        return Case(inputs, attributes, by=by(axes, keeps), variant=variant)

    yield case(None, True)
    yield case([0, 2], False, "some")
    if version >= 11:
        yield case([-2], True, "negative")
    if isInput:
        yield Case([x], {"noop_with_empty_axes": 1}, variant="noop", by=one(lambda x: function(x[None], axis=0)))
    if name == "ReduceMax" and version >= 20 or name == "ReduceMin" and version >= 20:
        yield Case([x > 1], variant="bool", by=one(lambda x: function(x, keepdims=True)))


@makes("ArgMax", "ArgMin")
def extremes(name, version, rng):
    function = {"ArgMax": np.argmax, "ArgMin": np.argmin}[name]
    x = np.round(floats(rng, 3, 4, 5) * 2)
    yield Case([x], by=one(lambda x: function(x, 0, keepdims=True)))
    yield Case([x], {"axis": 1, "keepdims": 0}, by=one(lambda x: function(x, 1)), variant="axis")
    if version >= 11:
        yield Case([x], {"axis": -1}, by=one(lambda x: function(x, -1, keepdims=True)), variant="negative")
    if version >= 12:
        yield Case([x], {"select_last_index": 1}, variant="last")


@makes("Softmax", "LogSoftmax")
def softmax(name, version, rng):
    def by(axis):
        def function(x):
            flat = x if version >= 13 else x.reshape(int(np.prod(x.shape[:axis])), -1)
            e = np.exp(flat - flat.max(axis if version >= 13 else 1, keepdims=True))
            y = e / e.sum(axis if version >= 13 else 1, keepdims=True)
            return [(np.log(y) if name == "LogSoftmax" else y).reshape(x.shape)]

        return function

    x = floats(rng, 2, 3, 4, 2)
    yield Case([x], by=by(1 if version < 13 else -1))
    yield Case([x], {"axis": 2}, by=by(2), variant="axis")
    if version >= 11:
        yield Case([x], {"axis": -2}, by=by(-2), variant="negative")


@makes("CumSum", "CumProd")
def cumulative(name, version, rng):
    x = floats(rng, 3, 4, 2)
    yield Case([x, np.int64(1)])
    yield Case([x, np.int32(-1)], {"exclusive": 1, "reverse": 1}, variant="exclusive")


@makes("Einsum")
def einsum(name, version, rng):
    yield Case([floats(rng, 2, 3, 4), floats(rng, 2, 4, 5)], {"equation": "bij,bjk->bik"})


@makes("Gemm")
def gemm(name, version, rng):
    def by(a, b, c=0):
        return [np.float32(0.5) * a.T @ b.T + np.float32(2) * c]

    attributes = {"alpha": 0.5, "beta": 2.0, "transA": 1, "transB": 1}
    a, b = floats(rng, 4, 3), floats(rng, 5, 4)
    old = {"broadcast": 1} if version < 7 else {}
    yield Case([a, b, floats(rng, 3, 5)], attributes, by=by)
    yield Case([a, b, floats(rng, 5)], attributes | old, by=by, variant="row")
    yield Case([a, b, floats(rng, 3, 1)], attributes | old, by=by, variant="column")
    if version >= 11:
        yield Case([a, b], attributes, by=by, variant="two")


@makes("MatMul")
def matmul(name, version, rng):
    yield Case([floats(rng, 2, 3, 4), floats(rng, 4, 5)], by=one(np.matmul))
    if version >= 9:
        yield Case([rng.integers(-9, 9, shape).astype(np.int32) for shape in [(3, 4), (4,)]], variant="int32")


@makes("Where")
def where(name, version, rng):
    yield Case([rng.integers(0, 2, (3, 1)).astype(bool), floats(rng, 4), floats(rng, 3, 4)], by=one(np.where))
