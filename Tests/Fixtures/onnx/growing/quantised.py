"""Chains of quantised nodes between QuantizeLinear and DequantizeLinear."""

import numpy

from .growth import F32, I64, Rejected
from .layers import volume, windows

U8, I8, I32 = numpy.uint8, numpy.int8, numpy.int32


def scale(g, spread=0.03):
    return g.constant(float(g.rng.uniform(0.5, 1.5) * spread), F32)


def zero(g, dtype):
    return g.constant(g.int(100, 156) if dtype == U8 else g.int(-20, 20), dtype)


def parameters(g, dtype, spread=0.03):
    return [scale(g, spread), zero(g, dtype)]


def quantised(g, x, dtype):
    """The quantised value and its scale and zero point."""
    pair = parameters(g, dtype)
    return [g.node("QuantizeLinear", [x, *pair])[0], *pair]


def weights(g, shape, dtype, channels):
    w = g.fresh(g.numbers(shape, dtype, -60, 60) if dtype == I8 else g.numbers(shape, dtype, 60, 190), constant=True)
    if g.chance(0.5):
        return [w, g.fresh(g.floats((channels,), F32, 0.005, 0.02), constant=True),
                g.fresh(numpy.zeros(channels, dtype) if dtype == I8 else g.numbers((channels,), dtype, 120, 136), constant=True)]
    return [w, scale(g, 0.01), zero(g, dtype)]


def convolution(g):
    dtype = g.choose([U8, U8, I8])
    q = quantised(g, volume(g, rank=g.choose([3, 4, 4]), dtype=F32), dtype)
    for _ in range(g.int(1, 3)):
        c, spatial = q[0].shape[1], q[0].shape[2:]
        groups = g.choose([1, 1, c])
        outputs = c if groups == c else g.choose([3, 8, 16])
        attributes = windows(g, spatial, kernels=(1, 3))
        w = weights(g, (outputs, c // groups, *attributes["kernel_shape"]), I8 if dtype == I8 else g.choose([U8, I8]), outputs)
        if w[0].dtype == U8 and w[1].rank:
            # ONNX Runtime wants one zero point for all unsigned weights.
            w[2] = g.constant(numpy.full(outputs, 128), U8)
        bias = [g.fresh(g.numbers((outputs,), I32, -500, 500), constant=True)] if g.chance(0.6) else []
        pair = parameters(g, dtype, 0.05)
        (y,) = g.node("QLinearConv", [*q, *w, *pair, *bias], group=groups, **attributes)
        q = [y, *pair]
        if g.chance(0.3):
            (y,) = g.node("MaxPool", [y], kernel_shape=[1] * (y.rank - 2) or [1], exact=True)
            q = [y, *pair]
    return g.node("DequantizeLinear", q)


def product(g):
    dtype = g.choose([U8, I8])
    q = quantised(g, g.value(F32, rank=g.choose([2, 2, 3])), dtype)
    depth, columns = q[0].shape[-1], g.choose([1, 4, 9, 16, 17])
    w = [g.fresh(g.numbers((depth, columns), dtype), constant=True), scale(g, 0.01), zero(g, dtype)]
    pair = parameters(g, dtype, 0.06)
    (y,) = g.node("QLinearMatMul", [*q, *w, *pair])
    return g.node("DequantizeLinear", [y, *pair])


def integers(g):
    if g.chance(0.5):
        a = g.value(g.choose([U8, I8]), rank=g.choose([2, 3]))
        b = g.value(g.choose([U8, I8]), shape=(a.shape[-1], g.choose([1, 5, 8, 19])))
        inputs = [a, b]
        if g.chance(0.6):
            inputs.append(zero(g, a.dtype.type))
            if g.chance(0.6):
                inputs.append(zero(g, b.dtype.type))
        return g.node("MatMulInteger", inputs)
    x = volume(g, rank=4, dtype=F32)
    q = g.node("DynamicQuantizeLinear", [x], 3)
    attributes = windows(g, x.shape[2:], kernels=(1, 3))
    w = g.fresh(g.numbers((4, x.shape[1], *attributes["kernel_shape"]), U8), constant=True)
    return g.node("ConvInteger", [q[0], w, q[2], zero(g, U8)], **attributes)


def linear(g):
    """Quantisation by tensor, axis or block, and back."""
    x = g.value(F32, least_rank=1, where=lambda v: 0 < v.size)
    axis = g.int(0, x.rank - 1)
    kinds = [U8, I8] + [numpy.uint16, numpy.int16] * (g.opset >= 21)
    dtype = numpy.dtype(g.choose(kinds))
    form = g.int(0, 2) if g.opset >= 21 else g.int(0, 1)
    shape, attributes = (), {}
    if form == 1:
        shape, attributes = (x.shape[axis],), {"axis": axis}
    elif form == 2:
        block = g.int(1, x.shape[axis])
        if x.shape[axis] % block:
            raise Rejected("block")
        shape = (*x.shape[:axis], x.shape[axis] // block, *x.shape[axis + 1:])
        attributes = {"axis": axis, "block_size": block}
    s = g.fresh(g.floats(shape, F32, 0.01, 0.2), constant=True)
    z = g.fresh(g.numbers(shape, dtype, 0, 50), constant=True)
    (q,) = g.node("QuantizeLinear", [x, s, z], **attributes)
    return g.node("DequantizeLinear", [q, s, z], **attributes)


def microsoft(g):
    """Sums, products, activations, pools and joins of quantised values."""
    if "com.microsoft" not in g.opsets:
        raise Rejected("domain")
    dtype = g.choose([U8, I8])
    x = volume(g, rank=4, dtype=F32)
    q = quantised(g, x, dtype)
    for _ in range(g.int(1, 4)):
        name = g.choose(["QLinearAdd", "QLinearMul", "QLinearSigmoid", "QLinearLeakyRelu", "QLinearAveragePool",
                         "QLinearGlobalAveragePool", "QLinearConcat", "QLinearSoftmax"])
        pair = parameters(g, dtype, 0.04)
        if name in ("QLinearAdd", "QLinearMul"):
            shape = g.choose([q[0].shape, (), (1, q[0].shape[1], 1, 1), q[0].shape[-1:]])
            other = quantised(g, g.value(F32, shape=shape), dtype)
            inputs, attributes = [*q, *other, *pair], {}
        elif name == "QLinearConcat":
            other = quantised(g, g.value(F32, shape=q[0].shape), dtype)
            inputs, attributes = [*pair, *q, *other], {"axis": g.choose([1, -1, 0])}
        elif name == "QLinearAveragePool":
            attributes = windows(g, q[0].shape[2:], kernels=(1, 2, 3), dilates=False)
            inputs = [*q, *pair]
        else:
            inputs = [*q, *pair]
            attributes = {"channels_last": 0} if "Pool" in name else {"axis": -1, "opset": g.opset} if "Soft" in name else {}
        (y,) = g.node(name, inputs, domain="com.microsoft", **attributes)
        q = [y, *pair]
    return g.node("DequantizeLinear", q)


RECIPES = [(convolution, 4), (product, 3), (integers, 3), (linear, 3), (microsoft, 2)]
