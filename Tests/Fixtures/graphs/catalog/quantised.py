"""Operators on quantised numbers, between a conversion to bytes and one back."""

import numpy
from onnx import TensorProto

from .registry import axis_of, image, need, operator

MICROSOFT = "com.microsoft"


def plain(kind):
    return kind.rsplit(".", 1)[-1]


def real(b, value):
    return b.constant(numpy.asarray(value, numpy.float32), "s")


def point(b, unsigned, value=None):
    """A zero point: often one that is not 0."""
    value = b.pick(0, 0, 3, 128 if unsigned else -5) if value is None else value
    return b.constant(numpy.array(value, numpy.uint8 if unsigned else numpy.int8), "z")


def bytes_of(b, v, unsigned=None, zero=None):
    """v as bytes, with its scale and zero point."""
    unsigned = b.chance() if unsigned is None else unsigned
    scale, z = real(b, 0.03), point(b, unsigned, zero)
    return b.node("QuantizeLinear", [v, scale, z]), scale, z


def weights(b, shape, unsigned=False):
    low, high = (100, 156) if unsigned else (-40, 41)
    return b.constant(b.rng.integers(low, high, shape).astype(numpy.uint8 if unsigned else numpy.int8), "w")


def channel_scale(b, count):
    return b.constant(b.rng.uniform(0.005, 0.02, count).astype(numpy.float32), "s")


def back(b, q, scale, z):
    return b.node("DequantizeLinear", [q, scale, z])


def signed(b, unsigned):
    return b.constant(numpy.zeros((), numpy.uint8 if unsigned else numpy.int8), "z")


@operator("QuantizeLinear", "com.microsoft.QuantizeLinear")
def quantize(b, v, kind):
    domain = MICROSOFT if "." in kind else ""
    unsigned = b.chance()
    if b.chance():
        axis = axis_of(b, v)
        extent = b.shape(v)[axis]
        scale = b.constant(b.rng.uniform(0.02, 0.05, extent).astype(numpy.float32), "s")
        z = b.constant(b.rng.integers(0, 4, extent).astype(numpy.uint8 if unsigned else numpy.int8), "z")
        q = b.node("QuantizeLinear", [v, scale, z], axis=axis, domain=domain)
        return b.node("DequantizeLinear", [q, scale, z], axis=axis) if b.chance() else b.node("Mul", [b.float(q), b.scalar(0.02)])
    scale, z = real(b, 0.04), point(b, unsigned)
    q = b.node("QuantizeLinear", [v, scale, z], domain=domain)
    return back(b, q, scale, z)


@operator("DequantizeLinear", "com.microsoft.DequantizeLinear")
def dequantize(b, v, kind):
    domain = MICROSOFT if "." in kind else ""
    way = b.whole(0, 2)
    if way == 0:
        q, scale, z = bytes_of(b, v)
        return b.node("DequantizeLinear", [q, scale, z], domain=domain)
    shape, rank = b.shape(v), b.rank(v)
    if way == 1 and rank in (3, 4):
        # A convolution whose weights and bias are stored as whole numbers.
        w, scale = weights(b, (6, shape[1], *[1] * (rank - 2))), channel_scale(b, 6)
        zero = b.constant(b.rng.integers(0, 3, 6).astype(numpy.int8), "z") if b.chance() else b.constant(numpy.zeros(6, numpy.int8), "z")
        bias = b.constant(b.rng.integers(-50, 50, 6).astype(numpy.int32), "w")
        names = [b.node("DequantizeLinear", [w, scale, zero], axis=0, domain=domain)]
        names.append(b.node("DequantizeLinear", [bias, scale], axis=0))
        return b.node("Conv", [v, *names])
    need(rank >= 2)
    w, scale = weights(b, (shape[-1], 6)), channel_scale(b, 6)
    z = b.constant(b.rng.integers(0, 3, 6).astype(numpy.int8), "z")
    w = b.node("DequantizeLinear", [w, scale, z], axis=1, domain=domain)
    return b.node("MatMul", [v, w])


@operator("DynamicQuantizeLinear")
def dynamic(b, v, kind):
    q, scale, z = b.node(kind, [v], 3)
    if b.chance(0.3) or b.rank(v) < 2:
        return b.node("DequantizeLinear", [q, scale, z])
    w, ws = weights(b, (b.shape(v)[-1], b.pick(4, 6, 9))), real(b, 0.01)
    made = b.float(b.node("MatMulInteger", [q, w, z, *([signed(b, False)] if b.chance() else [])]))
    return b.node("Mul", [made, b.node("Mul", [scale, ws])])


@operator("MatMulInteger")
def matmul_integer(b, v, kind):
    need(b.rank(v) >= 2)
    q, scale, z = bytes_of(b, v)
    count, unsigned = b.pick(4, 6, 9), b.chance(0.3)
    w = weights(b, (b.shape(v)[-1], count), unsigned)
    dtype = numpy.uint8 if unsigned else numpy.int8
    names = [q, w, z] + b.pick([], [b.constant(numpy.zeros(count, dtype), "z")], [b.constant(b.rng.integers(0, 5, count).astype(dtype), "z")])
    return b.node("Mul", [b.float(b.node(kind, names)), b.scalar(0.001)])


@operator("QLinearMatMul")
def qlinear_matmul(b, v, kind):
    need(b.rank(v) >= 2)
    q, scale, z = bytes_of(b, v)
    count = b.pick(4, 6, 9)
    w = weights(b, (b.shape(v)[-1], count))
    y = real(b, 0.05), point(b, b.values[z].dtype == numpy.uint8)
    if b.chance():
        names = [channel_scale(b, count), b.constant(b.pick(numpy.zeros(count, numpy.int8), b.rng.integers(0, 4, count).astype(numpy.int8)), "z")]
    else:
        names = [real(b, 0.01), point(b, False)]
    return back(b, b.node(kind, [q, scale, z, w, *names, *y]), *y)


def convolution_shapes(b, v):
    rank, shape = b.rank(v), b.shape(v)
    need(rank == 4)
    group = b.pick(1, 1, shape[1], *[g for g in (2, 3) if shape[1] % g == 0])
    width = group * b.pick(1, 2, 3) if group > 1 else b.pick(4, 6, 9)
    kernel = [b.pick(1, 3) for _ in shape[2:]]
    return (width, shape[1] // group, *kernel), {"group": group, "pads": [k // 2 for k in kernel] * 2}


@operator("ConvInteger")
def conv_integer(b, v, kind):
    shape, attributes = convolution_shapes(b, v)
    q, scale, z = bytes_of(b, v, unsigned=True)
    unsigned = b.chance(0.3)
    w = weights(b, shape, unsigned)
    names = [q, w, z] + b.pick([], [point(b, unsigned, 0)], [point(b, unsigned)])
    return b.node("Mul", [b.float(b.node(kind, names, **attributes)), b.scalar(0.001)])


@operator("QLinearConv")
def qlinear_conv(b, v, kind):
    shape, attributes = convolution_shapes(b, v)
    q, scale, z = bytes_of(b, v, unsigned=True)
    w, count, y = weights(b, shape), shape[0], (real(b, 0.05), point(b, True))
    if b.chance():
        names = [channel_scale(b, count), b.constant(b.pick(numpy.zeros(count, numpy.int8), numpy.zeros(count, numpy.int8), b.rng.integers(0, 4, count).astype(numpy.int8)), "z")]
    else:
        names = [real(b, 0.01), point(b, False, b.pick(0, 0, 2))]
    bias = [b.constant(b.rng.integers(-200, 200, count).astype(numpy.int32), "w")] if b.chance(0.6) else []
    return back(b, b.node(kind, [q, scale, z, w, *names, *y, *bias], **attributes), *y)


@operator("com.microsoft.DynamicQuantizeMatMul", "com.microsoft.MatMulIntegerToFloat")
def to_float(b, v, kind):
    need(b.rank(v) >= 2)
    count = b.pick(4, 6, 9)
    w = weights(b, (b.shape(v)[-1], count))
    if b.chance():
        scale, zero = channel_scale(b, count), b.constant(numpy.zeros(count, numpy.int8), "z")
    else:
        scale, zero = real(b, 0.01), point(b, False)
    bias = [b.weight((count,), 0.3)] if b.chance() else []
    zero = zero if b.chance(0.7) or bias else ""
    if plain(kind) == "DynamicQuantizeMatMul":
        return b.node(plain(kind), [v, w, scale, *([zero] if zero or bias else []), *bias], domain=MICROSOFT)
    q, own, z = bytes_of(b, v)
    return b.node(plain(kind), [q, w, own, scale, z, zero, *bias], domain=MICROSOFT)


@operator("com.microsoft.QGemm")
def qgemm(b, v, kind):
    if b.rank(v) != 2:
        v = b.node("Flatten", [v])
    q, scale, z = bytes_of(b, v)
    count, turned = b.pick(4, 6, 9), b.pick(0, 1)
    width = b.shape(v)[1]
    w = weights(b, (count, width) if turned else (width, count))
    names = [q, scale, z, w, *b.pick((real(b, 0.01), point(b, False, b.pick(0, 0, 2))), (channel_scale(b, count), b.constant(numpy.zeros(count, numpy.int8), "z")))]
    bias = b.constant(b.rng.integers(-200, 200, count).astype(numpy.int32), "w") if b.chance() else ""
    if b.chance():
        y = real(b, 0.05), point(b, b.values[z].dtype == numpy.uint8)
        return back(b, b.node("QGemm", [*names, bias, *y], transB=turned, domain=MICROSOFT), *y)
    return b.node("QGemm", [*names, bias], transB=turned, domain=MICROSOFT)


@operator("com.microsoft.QLinearAdd", "com.microsoft.QLinearMul")
def qlinear_pair(b, v, kind):
    unsigned = b.chance()
    other = b.operand(v)
    one, two = bytes_of(b, v, unsigned), bytes_of(b, other, unsigned)
    y = real(b, 0.06), point(b, unsigned)
    return back(b, b.node(plain(kind), [*one, *two, *y], domain=MICROSOFT), *y)


@operator("com.microsoft.QLinearConcat")
def qlinear_concat(b, v, kind):
    unsigned, axis = b.chance(), axis_of(b, v)
    y = real(b, 0.05), point(b, unsigned)
    other = b.node("Conv", [v, b.weight((4, b.shape(v)[1], 1, 1))]) if b.rank(v) == 4 and axis in (1, -3) else b.like(v)
    return back(b, b.node("QLinearConcat", [*y, *bytes_of(b, v, unsigned), *bytes_of(b, other, unsigned)], axis=axis, domain=MICROSOFT), *y)


@operator("com.microsoft.QLinearLeakyRelu", "com.microsoft.QLinearSigmoid")
def qlinear_unary(b, v, kind):
    unsigned = b.chance()
    q, y = bytes_of(b, v, unsigned), (real(b, 0.02), point(b, unsigned))
    extra = {"alpha": 0.2} if "Leaky" in kind else {}
    return back(b, b.node(plain(kind), [*q, *y], domain=MICROSOFT, **extra), *y)


@operator("com.microsoft.QLinearSoftmax")
def qlinear_softmax(b, v, kind):
    unsigned = b.chance()
    q, y = bytes_of(b, v, unsigned), (real(b, 1 / 256), point(b, unsigned, 0 if unsigned else -128))
    return back(b, b.node(plain(kind), [*q, *y], domain=MICROSOFT, axis=b.pick(-1, b.rank(v) - 1), opset=13), *y)


@operator("com.microsoft.QLinearAveragePool", "com.microsoft.QLinearGlobalAveragePool")
def qlinear_pool(b, v, kind):
    image(b, v)
    unsigned, last = b.chance(), b.pick(0, 1)
    if last:
        v = b.node("Transpose", [v], perm=[0, 2, 3, 1])
    q, y = bytes_of(b, v, unsigned), (real(b, 0.02), point(b, unsigned))
    extra = {} if "Global" in kind else {"kernel_shape": [2, 2], "strides": [1, b.pick(1, 2)]}
    made = back(b, b.node(plain(kind), [*q, *y], domain=MICROSOFT, channels_last=last, **extra), *y)
    return b.node("Transpose", [made], perm=[0, 3, 1, 2]) if last else made
