"""Products, convolutions, pools, normalisations, attention and recurrent layers, alone and in blocks."""

import numpy

from .elementwise import floating, function, gelu, hard_swish, swish
from .growth import F16, F32, F64, I64, Rejected, greatest


def weights(g, shape, dtype=F32):
    """Mostly constants, as in a model; their sums have a deviation of about 1."""
    depth = int(numpy.prod(shape[1:])) if len(shape) > 1 else shape[0]
    array = g.rng.standard_normal(shape) / max(1, depth) ** 0.5
    return g.fresh(array.astype(dtype), constant=g.chance(0.85))


def activation(g, y):
    """What often follows a layer, and is fused with it."""
    kind = g.int(0, 7)
    if kind == 0:
        return g.node("Relu", [y], exact=True)[0]
    if kind == 1:
        return g.node("Clip", [y, g.constant(0, y.dtype), g.constant(g.choose([1, 6]), y.dtype)], exact=True)[0]
    if kind == 2:
        return g.choose([swish, gelu, hard_swish])(g, y)
    if kind == 3:
        return function(g, y, g.choose(["LeakyRelu", "Sigmoid", "Tanh", "HardSigmoid", "Elu", "Softplus", "Erf"]))
    return y


def finished(g, y):
    """A residual, a normalisation and an activation."""
    if g.chance(0.35) and y.rank > 1:
        channel = (1, y.shape[1]) + (1,) * (y.rank - 2)
        shape = g.choose([y.shape, y.shape, channel, ()])
        pair = [y, g.value(y.dtype, shape=shape)]
        if g.chance(0.5):
            pair.reverse()
        (y,) = g.node("Add", pair)
    return activation(g, y)


def volume(g, rank=None, dtype=None, channels=None):
    """[N, C, …] with one to three spatial axes."""
    dtype = dtype or floating(g)
    rank = rank or g.choose([3, 4, 4, 4, 4, 5])
    if channels is None and g.chance(0.5):
        found = [v for v in g.pool if v.rank == rank and v.dtype == dtype and 0 < v.size < 30000]
        if found:
            return g.used(g.recent(found))
    sizes = {3: [5, 9, 16, 31, 64], 4: [3, 5, 7, 8, 13, 20], 5: [3, 4, 5]}[rank]
    spatial = tuple(g.choose(sizes) for _ in range(rank - 2))
    return g.value(dtype, shape=(g.choose([1, 1, 2, 3]), channels or g.choose([1, 3, 4, 8, 16, 20]), *spatial))


def windows(g, spatial, kernels=(1, 1, 2, 3, 3, 3, 5, 7), dilates=True):
    """Kernel, strides, dilations and pads that leave at least one output."""
    # A longer kernel has no window by the text; ONNX Runtime divides towards zero and has one.
    kernel = [min(g.choose(kernels), e) for e in spatial]
    if g.chance(0.5):
        kernel = [min(kernel[0], e) for e in spatial]
    attributes = {"kernel_shape": kernel}
    if g.chance(0.5):
        stride = g.choose([1, 2, 2, 3])
        attributes["strides"] = [stride if g.chance(0.8) else g.int(1, 3) for _ in spatial]
    if dilates and g.chance(0.2):
        attributes["dilations"] = [g.int(1, 2) if (k - 1) * 2 < e else 1 for k, e in zip(kernel, spatial)]
    form = g.int(0, 5)
    if form == 0:
        attributes["auto_pad"] = g.choose(["SAME_UPPER", "SAME_LOWER", "VALID"])
        if "dilations" in attributes and attributes["auto_pad"] != "VALID":
            del attributes["dilations"]
    elif form < 4:
        pads = [min(g.int(0, k // 2 + 1), k - 1) if form == 1 else k // 2 for k in kernel]
        attributes["pads"] = pads + ([min(g.int(0, 2), k - 1) for k in kernel] if form == 1 else pads)
    return attributes


def convolution(g, x=None):
    x = x or volume(g, dtype=g.choose([F32] * 9 + [F64, F16]))
    c, spatial = x.shape[1], x.shape[2:]
    groups = g.choose([1, 1, 1, c, g.choose([d for d in range(1, c + 1) if c % d == 0])])
    outputs = groups * g.choose([1, 1, 2, 3] if groups > 1 else [1, 3, 4, 7, 8, 16, 17, 24])
    if groups == c and g.chance(0.6):
        outputs = c
    attributes = windows(g, spatial)
    w = weights(g, (outputs, c // groups, *attributes["kernel_shape"]), x.dtype)
    inputs = [x, w] + ([weights(g, (outputs,), x.dtype)] if g.chance(0.6) else [])
    if g.chance(0.3):
        del attributes["kernel_shape"]
    (y,) = g.node("Conv", inputs, group=groups, **attributes)
    if g.chance(0.3):
        (y,) = batch_normalised(g, y)
    return finished(g, y)


def transposed(g):
    x = volume(g, dtype=F32)
    c, spatial = x.shape[1], x.shape[2:]
    if x.size > 8000:
        raise Rejected("large")
    groups = g.choose([1, 1, g.choose([d for d in range(1, c + 1) if c % d == 0])])
    attributes = windows(g, spatial)
    if attributes.get("auto_pad", "").startswith("SAME"):
        # The versions of the text disagree about the pads of SAME.
        del attributes["auto_pad"]
    if g.chance(0.3) and "strides" in attributes:
        attributes["output_padding"] = [g.int(0, s - 1) for s in attributes["strides"]]
    w = weights(g, (c, g.choose([1, 2, 3, 5]), *attributes["kernel_shape"]))
    inputs = [x, w] + ([weights(g, (w.shape[1] * groups,))] if g.chance(0.5) else [])
    return finished(g, g.node("ConvTranspose", inputs, group=groups, **attributes)[0])


def batch_normalised(g, x=None):
    x = x or volume(g)
    c = x.shape[1]
    rows = [g.floats((c,), x.dtype, 0.5, 1.5), g.floats((c,), x.dtype), g.floats((c,), x.dtype),
            g.floats((c,), x.dtype, 0.2, 2)]
    constant = g.chance(0.85)
    return g.node("BatchNormalization", [x, *[g.fresh(r, constant=constant) for r in rows]],
                  epsilon=float(g.choose([1e-5, 1e-3])))


def pool(g):
    name = g.choose(["MaxPool", "MaxPool", "AveragePool", "AveragePool", "LpPool", "Global"])
    if name == "Global":
        kind = g.choose(["GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool"])
        return g.node(kind, [volume(g, dtype=F32)])
    x = volume(g, dtype=F32 if name == "LpPool" else g.choose([F32] * 6 + [F64, F16]))
    dilates = name == "MaxPool" or (name == "AveragePool" and g.opset >= 19) or (name == "LpPool" and g.opset >= 18)
    attributes = windows(g, x.shape[2:], dilates=dilates)
    if g.chance(0.3) and (name != "LpPool" or g.opset >= 18) and "auto_pad" not in attributes:
        attributes["ceil_mode"] = 1
    if name == "AveragePool" and g.chance(0.4):
        attributes["count_include_pad"] = 1
    if name == "LpPool":
        attributes["p"] = g.choose([1, 2, 3])
    return g.node(name, [x], exact=name == "MaxPool", outputs=2 if name == "MaxPool" and g.chance(0.2) else 1, **attributes)


def product(g):
    dtype = g.choose([F32] * 8 + [F64, F16, numpy.int32, I64])
    x = g.value(dtype, least_rank=1)
    if x.size > 20000:
        raise Rejected("large")
    if g.chance(0.25) and x.rank >= 2:
        (x,) = g.node("Transpose", [x], perm=[*range(x.rank - 2), x.rank - 1, x.rank - 2], exact=True)
    k = x.shape[-1]
    columns = g.choose([1, 2, 3, 5, 7, 8, 15, 16, 17, 31, 33, 48])
    if g.chance(0.1):
        shape = (k,)
    else:
        batch = [e if g.chance(0.6) else 1 for e in x.shape[:-2]][g.int(0, max(0, x.rank - 2)):] if g.chance(0.4) else []
        shape = (*batch, k, columns)
    if g.chance(0.6) and len(shape) == 2 and numpy.dtype(dtype).kind == "f":
        y = weights(g, shape[::-1], dtype)
        y = g.node("Transpose", [y], perm=[1, 0], exact=True)[0] if g.chance(0.5) else weights(g, shape, dtype)
    else:
        y = g.value(dtype, shape=shape)
    (z,) = g.node("MatMul", [x, y], exact=numpy.dtype(dtype).kind == "i")
    if g.chance(0.4) and z.dtype.kind == "f" and z.rank:
        (z,) = g.node("Add", [z, weights(g, (z.shape[-1],), dtype)])
    return finished(g, z) if z.dtype.kind == "f" else z


def gemm(g):
    dtype = g.choose([F32] * 8 + [F64, F16])
    x = g.value(dtype, rank=2)
    flips = {k: 1 for k in ("transA", "transB") if g.chance(0.4)}
    m, k = x.shape[::-1] if "transA" in flips else x.shape
    n = g.choose([1, 3, 4, 8, 9, 16, 17, 32])
    w = weights(g, (n, k) if "transB" in flips else (k, n), dtype)
    inputs = [x, w]
    if g.chance(0.75):
        inputs.append(g.value(dtype, shape=g.choose([(), (n,), (1, n), (m, 1), (m, n), (1,)]), extra=0.6))
    scales = {k: float(g.choose([0.5, 1, 2, -1])) for k in ("alpha", "beta") if g.chance(0.3)}
    return finished(g, g.node("Gemm", inputs, **flips, **scales)[0])


def sums(g):
    equation = g.choose(["ij,jk->ik", "bij,bjk->bik", "bhqd,bhkd->bhqk", "bhqk,bhkd->bhqd", "ij->ji", "ii->i", "ij->", "i,j->ij",
                         "...ij,...jk->...ik", "bij,bj->bi", "ij,ij->", "ijk,il,jm->klm", "bqhd,bkhd->bhqk"])
    dims = {c: g.choose(g.dims[:3]) for c in "abcdefghijklmnopqrstuvwxyz"}
    dims |= {c: min(dims[c], 7) for c in dims}
    dtype = g.choose([F32] * 4 + [F64, numpy.int32])
    lead = [g.int(1, 3) for _ in range(g.int(0, 2))]
    shapes = []
    for term in equation.split("->")[0].split(","):
        own = lead if term.startswith("...") else []
        shapes.append((*own, *[dims[c] for c in term.replace("...", "")]))
    limits = (-99, 99) if dtype == numpy.int32 else (None, None)
    return g.node("Einsum", [g.value(dtype, shape=s, low=limits[0], high=limits[1]) for s in shapes], equation=equation,
                  exact=numpy.dtype(dtype).kind == "i")


def rows(g):
    """Operators along an axis."""
    name = g.choose(["Softmax", "LogSoftmax", "Softmax", "Hardmax", "LpNormalization", "CumSum", "CumProd", "LayerNormalization",
                     "LayerNormalization", "RMSNormalization", "MeanVarianceNormalization", "ArgMax", "ArgMin", "TopK"])
    x = g.value(g.choose([F32] * 6 + [F64, F16]), least_rank=1)
    axis = g.int(-x.rank, x.rank - 1)
    if name in ("Softmax", "LogSoftmax"):
        return g.node(name, [x], axis=axis)
    if name == "Hardmax":
        return g.node(name, [x], axis=axis, exact=True)
    if name == "LpNormalization":
        return g.node(name, [x], axis=axis, p=g.int(1, 2))
    if name in ("CumSum", "CumProd"):
        if name == "CumProd" and g.opset < 26:
            raise Rejected(name)
        flags = {k: 1 for k in ("exclusive", "reverse") if g.chance(0.4)}
        if name == "CumSum" and g.chance(0.3):
            x = g.value(g.choose([numpy.int32, I64]), rank=x.rank)
        return g.node(name, [x, g.constant(axis, g.choose([numpy.int32, I64]))], **flags)
    if name == "MeanVarianceNormalization":
        return g.node(name, [volume(g, rank=4, dtype=F32)])
    if name in ("LayerNormalization", "RMSNormalization"):
        if g.opset < (17 if name[0] == "L" else 23):
            raise Rejected(name)
        shape = x.shape[axis:]
        inputs = [x, g.fresh(g.floats(shape, x.dtype))]
        if name[0] == "L" and g.chance(0.7):
            inputs.append(g.fresh(g.floats(shape, x.dtype)))
        return g.node(name, inputs, axis=axis, epsilon=float(g.choose([1e-5, 0.01])))
    if name == "TopK":
        k = g.int(1, max(1, min(9, x.shape[axis])))
        return g.node(name, [x, g.constant([k])], 2, axis=axis, largest=g.int(0, 1), exact=True)
    return g.node(name, [x], axis=axis, keepdims=g.int(0, 1), select_last_index=g.int(0, 1))


def reduction(g):
    kind = g.choose(["L1", "L2", "LogSum", "LogSumExp", "Max", "Mean", "Min", "Prod", "Sum", "SumSquare", "Sum", "Mean"])
    name = "Reduce" + kind
    dtypes = [F32] * 5 + [F64, F16, numpy.int32, I64]
    if kind in ("Max", "Min"):
        dtypes += [numpy.int8, numpy.uint8]
    if kind in ("Max", "Min", "Sum", "Mean"):
        x = g.value(g.choose(dtypes))
    else:
        # Of integers, logarithms and roots are undefined where they are no numbers, and products overflow.
        x = g.value(g.choose(dtypes[:7]))
    if x.dtype.kind in "iu" and x.size and numpy.abs(x.array.astype(F64)).max() > 2**20:
        raise Rejected("overflow is undefined")
    if x.size == 0:
        # What nothing sums up to is undefined.
        raise Rejected("empty")
    if kind == "LogSum":
        (x,) = g.node("Abs", [x], exact=True)
    axes = sorted(int(a) for a in g.rng.choice(x.rank, g.int(0, x.rank), replace=False)) if x.rank else []
    axes = [a - x.rank if g.chance(0.4) else a for a in axes]
    attributes = {"keepdims": g.int(0, 1)}
    inputs = [x]
    if kind == "Sum" or g.opset >= 18:
        if axes or g.chance(0.5):
            inputs.append(g.fresh(numpy.array(axes, I64), constant=True))
        if g.chance(0.2):
            attributes["noop_with_empty_axes"] = 1
    elif axes:
        attributes["axes"] = axes
    return g.node(name, inputs, exact=kind in ("Max", "Min"), **attributes)


def channels(g):
    name = g.choose(["InstanceNormalization", "GroupNormalization", "LRN", "BatchNormalization"])
    if name == "BatchNormalization":
        return batch_normalised(g)
    x = volume(g, dtype=F32)
    c = x.shape[1]
    if name == "LRN":
        return g.node(name, [x], size=g.choose([1, 3, 5]), alpha=float(g.rng.uniform(1e-4, 0.5)), bias=1.5)
    if numpy.prod(x.shape[2:]) < 2 or greatest(x.array) > 20:
        # ONNX Runtime computes x · a + (b − mean · a), which loses digits where the variance is small.
        raise Rejected("cancels")
    if name == "InstanceNormalization":
        return g.node(name, [x, weights(g, (c,)), weights(g, (c,))], epsilon=1e-3)
    if g.opset < 18:
        raise Rejected(name)
    groups = g.choose([d for d in range(1, c + 1) if c % d == 0])
    rows_ = c if g.opset >= 21 else groups
    return g.node(name, [x, weights(g, (rows_,)), weights(g, (rows_,))], num_groups=groups, epsilon=1e-3)


def attention(g):
    """Scaled products of queries and keys as single nodes, or as ONNX's operator."""
    b, s, t, h, d = g.choose([1, 2]), g.choose([1, 3, 8, 17]), g.choose([1, 4, 9, 16]), g.choose([1, 2, 4]), g.choose([4, 5, 8])
    q = g.value(F32, shape=(b, s, h * d))
    k, v = g.value(F32, shape=(b, t, h * d)), g.value(F32, shape=(b, t, h * d))
    if g.opset >= 23 and g.chance(0.4):
        inputs = [q, k, v]
        if g.chance(0.5):
            mask = g.choose([(s, t), (1, 1, s, t), (b, h, s, t)])
            inputs.append(g.value(F32, shape=mask))
        return g.node("Attention", inputs, q_num_heads=h, kv_num_heads=h, is_causal=g.int(0, 1),
                      **({"softcap": 3.0} if g.chance(0.2) else {}))

    def heads(x, perm):
        shape = [0, 0, h, d] if g.chance(0.5) else [b, -1, h, d]
        (x,) = g.node("Reshape", [x, g.constant(shape)])
        return g.node("Transpose", [x], perm=perm, exact=True)[0]

    (scores,) = g.node("MatMul", [heads(q, [0, 2, 1, 3]), heads(k, [0, 2, 3, 1])])
    (scores,) = g.node("Div", [scores, g.constant(d**0.5, F32)])
    if g.chance(0.5):
        (scores,) = g.node("Add", [scores, g.value(F32, shape=g.choose([(s, t), (b, 1, 1, t), (1, h, s, t), ()]))])
    (shares,) = g.node("Softmax", [scores], axis=g.choose([-1, 3]))
    (y,) = g.node("MatMul", [shares, heads(v, [0, 2, 1, 3])])
    (y,) = g.node("Transpose", [y], perm=[0, 2, 1, 3], exact=True)
    return g.node("Reshape", [y, g.constant([0, 0, h * d])])


def recurrent(g):
    name, gates = g.choose([("RNN", 1), ("GRU", 3), ("LSTM", 4)])
    s, b, n, h = g.choose([1, 3, 6]), g.choose([1, 2, 5]), g.choose([3, 4, 9]), g.choose([1, 4, 7])
    direction = g.choose(["forward", "reverse", "bidirectional"])
    count = 2 if direction == "bidirectional" else 1
    inputs = [g.value(F32, shape=(s, b, n)), weights(g, (count, gates * h, n)), weights(g, (count, gates * h, h))]
    inputs.append(weights(g, (count, 2 * gates * h)) if g.chance(0.6) else None)
    inputs.append(g.constant([g.int(1, s) for _ in range(b)], numpy.int32) if g.chance(0.3) else None)
    inputs.append(g.value(F32, shape=(count, b, h)) if g.chance(0.5) else None)
    attributes = {"direction": direction, "hidden_size": h}
    if name == "LSTM":
        inputs.append(g.value(F32, shape=(count, b, h)) if inputs[-1] and g.chance(0.5) else None)
        inputs.append(weights(g, (count, 3 * h)) if g.chance(0.3) else None)
    if name == "GRU" and g.chance(0.5):
        attributes["linear_before_reset"] = 1
    if g.chance(0.2) and name != "LSTM":
        # By the text, the threshold holds for the inputs of all activations; ONNX Runtime's LSTM leaves out the last one.
        attributes["clip"] = 0.7
    while inputs[-1] is None:
        inputs.pop()
    return g.node(name, inputs, 3 if name == "LSTM" else 2, **attributes)


def recur_block(g):
    """A convolutional block: pointwise, depthwise, pointwise, and a sum with its input."""
    x = volume(g, rank=4, dtype=F32)
    c = x.shape[1]
    wide = c * 2
    (y,) = g.node("Conv", [x, weights(g, (wide, c, 1, 1)), weights(g, (wide,))])
    y = activation(g, y)
    size = g.choose([3, 5])
    (y,) = g.node("Conv", [y, weights(g, (wide, 1, size, size))], group=wide, pads=[size // 2] * 4)
    y = activation(g, batch_normalised(g, y)[0])
    if g.chance(0.4):
        (s,) = g.node("GlobalAveragePool", [y])
        (s,) = g.node("Conv", [s, weights(g, (wide, wide, 1, 1))])
        (s,) = g.node(g.choose(["Sigmoid", "HardSigmoid"]), [s])
        (y,) = g.node("Mul", [y, s])
    (y,) = g.node("Conv", [y, weights(g, (c, wide, 1, 1)), weights(g, (c,))])
    (y,) = g.node("Add", [x, y] if g.chance(0.5) else [y, x])
    return activation(g, y)


RECIPES = [
    (convolution, 12), (transposed, 3), (pool, 5), (product, 8), (gemm, 4), (sums, 3), (rows, 8), (reduction, 6), (channels, 4),
    (attention, 3), (recurrent, 3), (recur_block, 2),
]
