"""Elementwise operators, and others that keep the shape."""

import numpy
from onnx import TensorProto

from .registry import axis_of, need, operator


@operator("Relu", "Sigmoid", "Tanh", "Erf", "Softplus", "Abs", "Neg", "Floor", "Ceil", "Round", "Sign", "Identity", "Exp", "Sin", "Cos",
          "Softsign")
def unary(b, v, kind):
    return b.node(kind, [b.float(v)])


@operator("Mish", opsets=(18, 20, 21))
def mish(b, v, kind):
    return b.node(kind, [v])


@operator("HardSwish", opsets=(15, 17, 18, 20))
def hard_swish(b, v, kind):
    return b.node(kind, [v])


@operator("Gelu", opsets=(20, 21))
def gelu(b, v, kind):
    return b.node(kind, [v], approximate=b.pick("none", "tanh"))


@operator("Elu", "Selu", "LeakyRelu", "HardSigmoid")
def unary_alpha(b, v, kind):
    return b.node(kind, [v], **b.pick({}, {"alpha": 0.2}))


@operator("Log", "Sqrt", "Reciprocal")
def of_positive(b, v, kind):
    p = b.pick(lambda: b.node("Sigmoid", [v]), lambda: b.node("Add", [b.node("Abs", [v]), b.scalar(0.5)]), lambda: b.node("Softplus", [v]))()
    return b.node(kind, [p])


@operator("Softmax", "LogSoftmax")
def softmax(b, v, kind):
    return b.node(kind, [v], axis=axis_of(b, v))


@operator("Clip")
def clip(b, v, kind):
    low, high = b.scalar(-0.5), b.scalar(0.8)
    return b.node(kind, b.pick([v, low, high], [v, low], [v, "", high], [v]))


@operator("Dropout")
def dropout(b, v, kind):
    return b.node(kind, b.pick([v], [v, b.scalar(0.3)]))


@operator("CumSum")
def cumsum(b, v, kind):
    return b.node(kind, [v, b.ints(axis_of(b, v))], exclusive=b.pick(0, 1), reverse=b.pick(0, 1))


@operator("Cast")
def cast(b, v, kind):
    to = b.pick(TensorProto.FLOAT16, TensorProto.INT64, TensorProto.BOOL, TensorProto.DOUBLE, TensorProto.FLOAT)
    return b.float(b.node(kind, [b.node("Mul", [v, b.scalar(3.0)]) if to == TensorProto.INT64 else v], to=to))


@operator("CastLike", opsets=(18, 20, 21))
def cast_like(b, v, kind):
    to = b.pick(numpy.float16, numpy.float64, numpy.float32)
    return b.float(b.node(kind, [v, b.constant(numpy.zeros(b.pick((), (1,), (2, 3)), to))]))


@operator("Mod")
def mod(b, v, kind):
    return b.node(kind, [v, b.scalar(b.pick(1.7, -0.6, 2.9))], fmod=1)


@operator("Add", "Sub", "Mul", "Min", "Max")
def binary(b, v, kind):
    other = b.operand(v)
    return b.node(kind, [v, other] if b.chance(0.7) else [other, v])


@operator("Div")
def div(b, v, kind):
    other = b.node("Add", [b.node("Abs", [b.operand(v)]), b.scalar(0.5)])
    return b.node(kind, [v, other] if b.chance(0.7) else [b.operand(v), b.node("Add", [b.node("Abs", [v]), b.scalar(0.5)])])


@operator("Pow")
def pow_(b, v, kind):
    if b.chance(0.6):
        return b.node(kind, [v, b.scalar(b.pick(2.0, 3.0))])
    base = b.node("Add", [b.node("Abs", [v]), b.scalar(0.5)])
    return b.node(kind, [base, b.node("Tanh", [b.operand(v)])])


@operator("Mean", "Sum")
def variadic(b, v, kind):
    return b.node(kind, [v, *[b.operand(v) for _ in range(b.whole(0, 2))]])


@operator("PRelu")
def prelu(b, v, kind):
    shape = b.shape(v)
    slope = b.pick((1,), shape[-1:], (shape[1], *(1,) * (len(shape) - 2)) if len(shape) > 1 else (1,))
    return b.node(kind, [v, b.weight(slope, 0.3)])


def truth(b, v):
    return b.node(b.pick("Less", "Greater"), [v, b.operand(v)])


def spent(b, v, truths):
    """A number or a choice, made of booleans."""
    if b.chance():
        return b.float(truths)
    return b.node("Where", [truths, v, b.operand(v)])


@operator("Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual")
def comparison(b, v, kind):
    if kind == "Equal":
        v = b.node("Round", [v])
        return spent(b, v, b.node(kind, [v, b.pick(b.scalar(0.0), b.node("Round", [b.operand(v)]))]))
    other = b.operand(v)
    return spent(b, v, b.node(kind, [v, other] if b.chance() else [other, v]))


@operator("And", "Or", "Xor")
def logic(b, v, kind):
    return spent(b, v, b.node(kind, [truth(b, v), truth(b, v)]))


@operator("Not")
def negation(b, v, kind):
    return spent(b, v, b.node(kind, [truth(b, v)]))


@operator("IsNaN", "IsInf")
def special(b, v, kind):
    return spent(b, v, b.node(kind, [v]))


@operator("Trilu", opsets=(15, 17, 18, 20, 21))
def triangle(b, v, kind):
    need(b.rank(v) >= 2)
    names = [v] + ([b.ints(b.whole(-2, 2))] if b.chance() else [])
    return b.node(kind, names, upper=b.whole(0, 1))


@operator("Where")
def where(b, v, kind):
    shape = b.shape(v)
    way = b.whole(0, 2)
    if way == 0:
        condition = b.constant(b.rng.random(b.pick(shape, shape[-1:], shape[1:])) < 0.5)
    else:
        condition = truth(b, v)
    return b.node(kind, [condition, v, b.operand(v)] if b.chance(0.7) else [condition, b.operand(v), v])


@operator("Asinh", "Atan", "Sinh", "Cosh", "Celu", "ThresholdedRelu", "Shrink")
def more_unary(b, v, kind):
    extra = {"Celu": [{}, {"alpha": 0.5}], "ThresholdedRelu": [{"alpha": 0.2}], "Shrink": [{"lambd": 0.1, "bias": 0.05}, {"lambd": 0.3}]}
    return b.node(kind, [v], **b.pick(*extra.get(kind, [{}])))


@operator("Asin", "Acos", "Atanh", "Tan", "Acosh")
def bounded_unary(b, v, kind):
    if kind == "Acosh":
        return b.node(kind, [b.node("Add", [b.node("Abs", [v]), b.scalar(1.1)])])
    return b.node(kind, [b.node("Mul", [b.node("Tanh", [v]), b.scalar(0.9)])])


@operator("Swish", opsets=(24,))
def swish(b, v, kind):
    return b.node(kind, [v], **b.pick({}, {"alpha": 0.7}))


def whole_numbers(b, v, to=TensorProto.INT32):
    scaled = b.node("Mul", [v, b.scalar(4.0)])
    return b.node("Cast", [b.node("Abs", [scaled]) if to == TensorProto.UINT8 else scaled], to=to)


@operator("BitwiseAnd", "BitwiseOr", "BitwiseXor", opsets=(18, 20, 21))
def bitwise(b, v, kind):
    other = b.constant(b.rng.integers(0, 9, b.shape(v)[-1]).astype(numpy.int32), "k") if b.chance(0.4) else whole_numbers(b, b.like(v))
    return b.float(b.node(kind, [whole_numbers(b, v), other]))


@operator("BitwiseNot", opsets=(18, 20, 21))
def bitwise_not(b, v, kind):
    return b.float(b.node(kind, [whole_numbers(b, v)]))


@operator("BitShift")
def bit_shift(b, v, kind):
    other = b.constant(numpy.array(1, numpy.uint8), "k") if b.chance() else whole_numbers(b, b.like(v), TensorProto.UINT8)
    return b.float(b.node(kind, [whole_numbers(b, v, TensorProto.UINT8), other], direction=b.pick("LEFT", "RIGHT")))


@operator("BitCast", opsets=(26,))
def bit_cast(b, v, kind):
    bits = b.node(kind, [v], to=TensorProto.INT32)
    cut = b.node("BitwiseAnd", [bits, b.constant(numpy.array(-65536, numpy.int32), "k")])
    return b.node(kind, [cut], to=TensorProto.FLOAT)


@operator("Hardmax", "LpNormalization")
def along_axis(b, v, kind):
    return b.node(kind, [v], axis=axis_of(b, v), **({"p": b.pick(1, 2)} if kind == "LpNormalization" else {}))


@operator("MeanVarianceNormalization")
def mean_variance(b, v, kind):
    rank = b.rank(v)
    need(rank >= 3)
    return b.node(kind, [v], axes=b.pick([0, *range(2, rank)], list(range(2, rank)), [1], [-1]))


@operator("CumProd", opsets=(26,))
def cumprod(b, v, kind):
    v = b.node("Add", [b.node("Mul", [b.node("Tanh", [v]), b.scalar(0.3)]), b.scalar(1.0)])
    return b.node(kind, [v, b.ints(axis_of(b, v))], exclusive=b.pick(0, 1), reverse=b.pick(0, 1))
