"""Operators of ONNX Runtime and of ai.onnx.ml on floats."""

import numpy

from .heads import sequence
from .registry import axis_of, need, operator

MICROSOFT, LEARNING = "com.microsoft", "ai.onnx.ml"


def plain(kind):
    return kind.rsplit(".", 1)[-1]


@operator("com.microsoft.Gelu", "com.microsoft.QuickGelu", "com.microsoft.ScaledSiLU")
def unary(b, v, kind):
    return b.node(plain(kind), [v], domain=MICROSOFT)


@operator("com.microsoft.BiasGelu", "com.microsoft.FastGelu")
def bias_gelu(b, v, kind):
    names = [v, b.weight((b.shape(v)[-1],), 0.3)]
    return b.node(plain(kind), names[:1] if plain(kind) == "FastGelu" and b.chance() else names, domain=MICROSOFT)


@operator("com.microsoft.GatedAdd")
def gated_add(b, v, kind):
    gate = b.node("Sigmoid", [b.node("ReduceMean", [b.inputs[0]], keepdims=1)]) if b.rank(v) == b.rank(b.inputs[0]) else None
    need(gate is not None)
    gate = b.node("Expand", [gate, b.ints([*b.shape(v)[:-1], 1])])
    return b.node("GatedAdd", [v, b.like(v), gate], domain=MICROSOFT)


@operator("com.microsoft.FusedConv")
def fused_conv(b, v, kind):
    need(b.rank(v) == 4)
    channels = b.shape(v)[1]
    same = b.chance()
    width = channels if same else b.pick(4, 6, 9)
    names = [v, b.weight((width, channels, 1, 1))] + ([b.weight((width,), 0.3)] if same or b.chance() else [])
    if same:
        names.append(b.pick(v, b.like(v)))
    extra = b.pick({}, {"activation": "Relu"}, {"activation": "Sigmoid"}, {"activation": "LeakyRelu", "activation_params": [0.1]})
    return b.node("FusedConv", names, domain=MICROSOFT, **extra)


@operator("com.microsoft.FusedGemm")
def fused_gemm(b, v, kind):
    if b.rank(v) != 2:
        v = b.node("Flatten", [v])
    width, turned, out = b.shape(v)[1], b.pick(0, 1), b.pick(4, 6, 9)
    names = [v, b.weight((out, width) if turned else (width, out), 1 / width ** 0.5)]
    names += b.pick([], [b.weight((out,), 0.3)], [b.weight((1, out), 0.3)])
    return b.node("FusedGemm", names, domain=MICROSOFT, transB=turned, activation=b.pick("Relu", "Sigmoid", "Tanh"))


@operator("com.microsoft.FusedMatMul", "com.microsoft.TransposeMatMul")
def fused_matmul(b, v, kind):
    need(b.rank(v) >= 2)
    shape, way, alpha = b.shape(v), b.whole(0, 3), b.pick(1.0, 0.5)
    if way == 0:
        return b.node(plain(kind), [v, b.like(v)], domain=MICROSOFT, transB=1, alpha=alpha)
    if way == 1:
        return b.node(plain(kind), [v, b.weight((6, shape[-1]), 1 / shape[-1] ** 0.5)], domain=MICROSOFT, transB=1, alpha=alpha)
    if way == 2:
        return b.node(plain(kind), [v, b.weight((shape[-2], 5), 1 / shape[-2] ** 0.5)], domain=MICROSOFT, transA=1, alpha=alpha)
    return b.node(plain(kind), [v, b.weight((shape[-1], 6), 1 / shape[-1] ** 0.5)], domain=MICROSOFT, alpha=alpha)


@operator("com.microsoft.SkipLayerNormalization", "com.microsoft.SkipSimplifiedLayerNormalization")
def skip(b, v, kind):
    x = sequence(b, v)
    n = b.shape(x)[2]
    names = [x, b.like(x), b.positive((n,))]
    if "Simplified" in kind:
        names += [b.weight((n,), 0.3)] if b.chance() else []
    else:
        names += [b.weight((n,), 0.3)] + ([b.weight((n,), 0.3)] if b.chance() else [])
    # ONNX Runtime makes a sum only if it is wanted.
    made = b.node(plain(kind), names, 4 if b.chance() else 1, domain=MICROSOFT)
    return made if isinstance(made, str) else b.node("Add", [made[0], made[3]])


@operator("com.microsoft.CausalConvWithState")
def causal(b, v, kind):
    if b.rank(v) == 4:
        v = b.node("Reshape", [v, b.ints([0, 0, -1])])
    need(b.rank(v) == 3)
    n, c, _ = b.shape(v)
    k = b.pick(2, 3)
    names = [v, b.weight((c, 1, k))] + ([b.weight((c,), 0.3)] if b.chance() else [])
    made = b.node("CausalConvWithState", names, 2, domain=MICROSOFT, activation=b.pick("none", "silu"), ndim=1)
    return made[0]


@operator("com.microsoft.ExpandDims")
def expand_dims(b, v, kind):
    need(b.rank(v) <= 4)
    return b.node("ExpandDims", [v, b.constant(numpy.array(b.pick(0, 1, 2, -1), numpy.int32), "i")], domain=MICROSOFT)


@operator("com.microsoft.Pad")
def pad(b, v, kind):
    pads = [0] * (2 * b.rank(v))
    axis = axis_of(b, v) % b.rank(v)
    pads[axis], pads[axis + b.rank(v)] = b.whole(0, 2), b.whole(0, 2)
    names = [v, b.ints(pads)] + ([b.scalar(b.pick(0.0, 0.7))] if b.chance() else [])
    return b.node("Pad", names, domain=MICROSOFT, mode="constant")


@operator("com.microsoft.Trilu")
def triangle(b, v, kind):
    need(b.rank(v) >= 2)
    return b.node("Trilu", [v], domain=MICROSOFT, upper=b.whole(0, 1))


@operator("ai.onnx.ml.Binarizer", "ai.onnx.ml.Normalizer")
def learned(b, v, kind):
    if plain(kind) == "Normalizer" and b.rank(v) != 2:
        v = b.node("Flatten", [v])
    extra = {"threshold": b.pick(-0.2, 0.3)} if plain(kind) == "Binarizer" else {"norm": b.pick("MAX", "L1", "L2")}
    return b.node(plain(kind), [v], domain=LEARNING, **extra)


@operator("ai.onnx.ml.Scaler")
def scaler(b, v, kind):
    if b.rank(v) != 2 and b.chance(0.7):
        v = b.node("Flatten", [v])
    n = b.pick(1, b.shape(v)[-1])
    return b.node("Scaler", [v], domain=LEARNING, offset=[0.3] * n, scale=b.rng.uniform(0.5, 1.5, n).tolist())


@operator("ai.onnx.ml.Imputer")
def imputer(b, v, kind):
    n = b.pick(1, b.shape(v)[-1])
    v = b.node("Relu", [v])
    return b.node("Imputer", [v], domain=LEARNING, replaced_value_float=0.0, imputed_value_floats=b.rng.uniform(0.5, 1.5, n).tolist())
