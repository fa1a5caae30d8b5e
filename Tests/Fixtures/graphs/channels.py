"""The presence of channels after operators that masked.py does not compute element by element.

Each rule takes the walk, the node, its attributes, the inputs' values and presences, and the outputs.
"""

import masked
import numpy

RULES = {}


def rule(*names):
    def register(function):
        for name in names:
            RULES[name] = function
        return function
    return register


def at(ps, index):
    return ps[index] if len(ps) > index else None


def beside(p, axis, rank):
    """A vector's presence, along one axis."""
    if p is None or p.size == 1:
        return None
    return p.reshape([-1 if d == axis % rank else 1 for d in range(rank)]) if p.ndim == 1 else p


@rule("QuantizeLinear", "DequantizeLinear")
def linear(walk, node, a, ins, ps, made):
    shape, axis, block = ins[0].shape, a.get("axis", 1), a.get("block_size", 0)
    parts = [ps[0]]
    for p in ps[1:]:
        if p is not None and block:
            p = numpy.repeat(p, block, axis=axis)
            p = p[(slice(None),) * (axis % len(shape)) + (slice(0, shape[axis]),)]
        parts.append(p if p is None or block else beside(p, axis, len(shape)))
    return [masked.both(*parts)]


@rule("DynamicQuantizeLinear")
def dynamic(walk, node, a, ins, ps, made):
    return [ps[0], None, None]


def convolved(walk, a, ins, x, w, perChannel, made):
    spatial = (1,) * (made[0].ndim - 2)
    base = walk.convolution("Conv", a, ins, [x, w], made[0].shape)
    return masked.both(base, *[p.reshape((-1,) + spatial) for p in perChannel if p is not None and p.size > 1])


@rule("ConvInteger")
def conv_integer(walk, node, a, ins, ps, made):
    return [convolved(walk, a, ins, ps[0], ps[1], [at(ps, 3)], made)]


@rule("QLinearConv")
def qlinear_conv(walk, node, a, ins, ps, made):
    return [convolved(walk, a, ins, ps[0], ps[3], [at(ps, n) for n in (4, 5, 8)], made)]


@rule("DeformConv")
def deform_conv(walk, node, a, ins, ps, made):
    return [convolved(walk, a, ins, ps[0], ps[1], [at(ps, 3)], made)]


@rule("FusedConv")
def fused_conv(walk, node, a, ins, ps, made):
    return [masked.both(convolved(walk, a, ins, ps[0], ps[1], [at(ps, 2)], made), at(ps, 3))]


@rule("CausalConvWithState")
def causal(walk, node, a, ins, ps, made):
    parts = [None if p is None else masked.anywhere(p, [2]) for p in (ps[0], at(ps, 3))]
    parts += [None if p is None else p.reshape(p.shape[0], -1).any(1).reshape(-1, 1) for p in (ps[1], at(ps, 2))]
    return [masked.both(*parts)] * len(made)


def multiplied(walk, ins, ps, a, b, rows, columns, turned=(0, 0)):
    pa, pb = [p if p is None or not turn else numpy.swapaxes(p, -1, -2) for p, turn in zip((ps[a], ps[b]), turned)]
    parts = [walk.product(None, None, pa, pb)]
    for n in rows:
        p = at(ps, n)
        if p is not None and p.size > 1:
            parts.append(p.reshape(-1, 1) if p.ndim == 1 else p)
    for n in columns:
        p = at(ps, n)
        if p is not None and p.size > 1:
            parts.append(p)
    return [masked.both(*parts)]


@rule("MatMulInteger")
def matmul_integer(walk, node, a, ins, ps, made):
    return multiplied(walk, ins, ps, 0, 1, [2], [3])


@rule("QLinearMatMul")
def qlinear_matmul(walk, node, a, ins, ps, made):
    return multiplied(walk, ins, ps, 0, 3, [1, 2], [4, 5])


@rule("DynamicQuantizeMatMul")
def dynamic_matmul(walk, node, a, ins, ps, made):
    return multiplied(walk, ins, ps, 0, 1, [], [2, 3, 4])


@rule("MatMulIntegerToFloat")
def integer_to_float(walk, node, a, ins, ps, made):
    return multiplied(walk, ins, ps, 0, 1, [2, 4], [3, 5, 6])


@rule("QGemm")
def qgemm(walk, node, a, ins, ps, made):
    turned = (a.get("transA", 0), a.get("transB", 0))
    return [masked.both(*multiplied(walk, ins, ps, 0, 3, [1, 2], [4, 5], turned), at(ps, 6))]


@rule("FusedMatMul", "TransposeMatMul")
def fused_matmul(walk, node, a, ins, ps, made):
    return multiplied(walk, ins, ps, 0, 1, [], [], (a.get("transA", 0), a.get("transB", 0)))


@rule("FusedGemm")
def fused_gemm(walk, node, a, ins, ps, made):
    return [masked.both(*multiplied(walk, ins, ps, 0, 1, [], [], (a.get("transA", 0), a.get("transB", 0))), at(ps, 2))]


@rule("QLinearAdd", "QLinearMul")
def qlinear_pair(walk, node, a, ins, ps, made):
    return [masked.both(ps[0], ps[3])]


@rule("QLinearConcat")
def qlinear_concat(walk, node, a, ins, ps, made):
    return [walk.concatenation(a["axis"], ins[2::3], ps[2::3])]


@rule("QLinearAveragePool", "QLinearGlobalAveragePool")
def qlinear_pool(walk, node, a, ins, ps, made):
    x = ps[0]
    return [x if x is None else masked.anywhere(x, range(1, x.ndim - 1) if a.get("channels_last", 0) else range(2, x.ndim))]


@rule("RoiAlign", "MaxRoiPool")
def regions(walk, node, a, ins, ps, made):
    return [None if ps[0] is None else masked.anywhere(ps[0], [0, 2, 3])]


@rule("GridSample")
def grid(walk, node, a, ins, ps, made):
    return [None if ps[0] is None else masked.anywhere(ps[0], range(2, ps[0].ndim))]


@rule("CenterCropPad")
def centre(walk, node, a, ins, ps, made):
    x = ps[0]
    return [x if x is None else masked.anywhere(x, [d for d in range(x.ndim) if x.shape[d] != made[0].shape[d]])]


@rule("SkipLayerNormalization", "SkipSimplifiedLayerNormalization")
def skip(walk, node, a, ins, ps, made):
    y = masked.both(*ps)
    moments = None if y is None else y.any(-1, keepdims=True)
    return [y, moments, moments, y][: len(made)]


@rule("GatedRMSNorm")
def gated(walk, node, a, ins, ps, made):
    return [masked.both(ps[0], ps[2])]


def heads_of(p, count, start=0, stop=None):
    """Which heads are present in a packed last axis."""
    if p is None:
        return None
    part = p[..., start:stop]
    return part.reshape(-1, count, part.shape[-1] // count).any((0, 2))


def on(p, axis):
    """Which heads are present along an axis."""
    return None if p is None else p.any(tuple(d for d in range(p.ndim) if d != axis % p.ndim))


def per(p, count):
    """The presence of groups of heads, of which any head is present."""
    return p if p is None else p.reshape(count, -1).any(1)


def results(made, heads, groups):
    """y [B, S, H·E] or [B, H, S, E]; caches with the groups on axis −3; scores [B, H, S, T]."""
    if groups is None:
        return [None] * len(made)
    every = numpy.repeat(groups, heads // len(groups))
    y = every[None, :, None, None] if made[0].ndim == 4 else numpy.repeat(every, made[0].shape[2] // heads)
    return [y] + [None if v is None else (groups if n < 2 else every)[:, None, None] for n, v in enumerate(made[1:])]


@rule("Attention")
def attention(walk, node, a, ins, ps, made):
    if node.domain:
        heads, w = a["num_heads"], ps[1]
        sizes = list(a.get("qkv_hidden_sizes", [])) or [ins[1].shape[1] // 3] * 3
        parts = []
        for p in (w, at(ps, 2)):
            start = 0
            for size in sizes:
                parts.append(heads_of(p, heads, start, start + size))
                start += size
        return results(made, heads, masked.both(*parts))
    if ins[0].ndim == 3:
        heads, count = a["q_num_heads"], a["kv_num_heads"]
        parts = [per(heads_of(ps[0], heads), count), heads_of(ps[1], count), heads_of(ps[2], count)]
    else:
        heads, count = ins[0].shape[1], ins[1].shape[1]
        parts = [per(on(ps[0], 1), count), on(ps[1], 1), on(ps[2], 1)]
    return results(made, heads, masked.both(*parts))


@rule("MultiHeadAttention")
def multi_head(walk, node, a, ins, ps, made):
    heads, parts = a["num_heads"], []
    for n, p in enumerate(ps[:3]):
        if p is not None:
            parts.append(heads_of(p, heads) if p.ndim == 3 else on(p, 1 if p.ndim == 4 else 2))
    if at(ps, 3) is not None:
        width = made[0].shape[2]
        size = (ins[3].shape[0] - width) // 2
        for start, stop in ((0, size), (size, 2 * size), (2 * size, None)):
            parts.append(heads_of(ps[3], heads, start, stop))
    return results(made, heads, masked.both(*parts))


@rule("GroupQueryAttention")
def group_query(walk, node, a, ins, ps, made):
    heads, count = a["num_heads"], a["kv_num_heads"]
    if len(ins) > 1 and ins[1] is not None:
        parts = [per(heads_of(ps[0], heads), count), heads_of(ps[1], count), heads_of(ps[2], count)]
    else:
        size = ins[0].shape[2] // (heads + 2 * count)
        cuts = [0, heads * size, (heads + count) * size, None]
        parts = [per(heads_of(ps[0], heads, 0, cuts[1]), count)] + [heads_of(ps[0], count, i, j) for i, j in zip(cuts[1:], cuts[2:])]
    return results(made, heads, masked.both(*parts))
