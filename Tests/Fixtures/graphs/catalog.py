"""For every operator of the runner a function that puts it behind a value of a graph, with random attributes.

Each takes a Builder and the name of a value, and gives the name of a value that the operator made, of any type and rank.
"""

import numpy
from eager import Impossible
from onnx import TensorProto, helper, numpy_helper

OPERATORS, OPSETS = {}, {}
COMMON = (13, 15, 17, 18, 20, 21)


def operator(*names, opsets=COMMON):
    def register(function):
        for name in names:
            OPERATORS[name] = lambda b, v, name=name: function(b, v, name)
            OPSETS[name] = opsets
        return function
    return register


def axis_of(b, v, low=1):
    """An axis of v, more often that of the channels than another, counted from either end."""
    rank = b.rank(v)
    if not rank:
        raise Impossible("no axis")
    axis = b.pick(min(1, rank - 1), rank - 1, b.whole(min(low, rank - 1), rank - 1))
    return axis - rank if b.chance(0.3) else axis


def need(holds, what="shape"):
    if not holds:
        raise Impossible(what)


def image(b, v):
    need(b.rank(v) == 4, "rank 4")
    return b.shape(v)


# Layers.

@operator("Conv")
def conv(b, v, kind):
    rank, shape = b.rank(v), b.shape(v)
    need(rank in (3, 4, 5))
    group = b.pick(1, 1, shape[1], *[g for g in (2, 3) if shape[1] % g == 0])
    width = group * b.pick(1, 2, 3) if group > 1 else b.pick(4, 6, 9)
    kernel = [b.pick(1, 3) for _ in shape[2:]]
    attributes = b.pick({"pads": [k // 2 for k in kernel] * 2}, {"auto_pad": "SAME_UPPER"}, {"pads": [k // 2 for k in kernel] * 2, "dilations": [1 + (k == 1) for k in kernel]})
    names = [v, b.weight((width, shape[1] // group, *kernel))] + ([b.weight((width,), 0.3)] if b.chance() else [])
    return b.node(kind, names, group=group, strides=[b.pick(1, 1, 2) for _ in kernel], **attributes)


@operator("ConvTranspose")
def conv_transpose(b, v, kind):
    shape = b.shape(v)
    need(b.rank(v) in (3, 4))
    group = b.pick(1, 1, *[g for g in (2, 3, shape[1]) if shape[1] % g == 0])
    width = b.pick(2, 3, 4)
    kernel = [b.pick(1, 2, 3) for _ in shape[2:]]
    names = [v, b.weight((shape[1], width, *kernel))] + ([b.weight((width * group,), 0.3)] if b.chance() else [])
    return b.node(kind, names, group=group, strides=[b.pick(1, 2) for _ in kernel])


@operator("Gemm")
def gemm(b, v, kind):
    if b.rank(v) != 2:
        v = b.node("Flatten", [v])
    rows, width = b.shape(v)
    turned, out = b.pick(0, 1), b.pick(4, 6, 9)
    names = [v, b.weight((out, width) if turned else (width, out), 1 / width ** 0.5)]
    way = b.whole(0, 3)
    if way == 1:
        names.append(b.weight((out,), 0.3))
    if way == 2:
        names.append(b.weight((1, out), 0.3))
    if way == 3:
        names.append(b.node("Gemm", [v, b.weight((width, out), 1 / width ** 0.5)]))
    return b.node(kind, names, transB=turned, alpha=b.pick(1.0, 0.5), beta=b.pick(1.0, 2.0))


@operator("MatMul")
def matmul(b, v, kind):
    need(b.rank(v) >= 2)
    shape, way = b.shape(v), b.whole(0, 4)
    if way == 0:
        return b.node(kind, [v, b.node("Transpose", [b.like(v)], perm=[*range(len(shape) - 2), len(shape) - 1, len(shape) - 2])])
    if way == 1 and len(shape) > 2:
        return b.node(kind, [v, b.weight((*shape[:-2], shape[-1], 6), 1 / shape[-1] ** 0.5)])
    if way == 2:
        return b.node(kind, [b.weight((5, shape[-2]), 1 / shape[-2] ** 0.5), v])
    if way == 3:
        return b.node(kind, [v, b.weight((shape[-1],), 1 / shape[-1] ** 0.5)])
    return b.node(kind, [v, b.weight((shape[-1], b.pick(4, 6, 9)), 1 / shape[-1] ** 0.5)])


@operator("Einsum")
def einsum(b, v, kind):
    shape, rank = b.shape(v), b.rank(v)
    if rank == 4:
        c, w = shape[1], shape[3]
        way = b.whole(0, 4)
        if way == 0:
            return b.node(kind, [v, b.weight((6, c))], equation="bchw,dc->bdhw")
        if way == 1:
            return b.node(kind, [v, b.like(v)], equation="bchw,bcgw->bchg")
        if way == 2:
            return b.node(kind, [v, b.weight((c,), 0.5)], equation="bchw,c->bchw")
        if way == 3:
            return b.node(kind, [v], equation="bchw->bhwc")
        return b.node(kind, [v, b.weight((w, 4), 0.5)], equation="bchw,wk->bckh")
    need(rank in (2, 3))
    if rank == 2:
        return b.node(kind, [v, b.weight((shape[1], 6), 0.5)], equation=b.pick("bc,cd->bd", "bi,ij->bj"))
    c = shape[2]
    way = b.whole(0, 3)
    if way == 0:
        return b.node(kind, [v, b.weight((c, 6), 1 / c ** 0.5)], equation="btc,cd->btd")
    if way == 1:
        return b.node(kind, [v, b.like(v)], equation="btc,bsc->bts")
    if way == 2:
        return b.node(kind, [v, b.weight((3, c), 0.5)], equation="btc,kc->bktc")
    return b.node(kind, [v], equation="btc->bc")


# Norms.

@operator("BatchNormalization")
def batch_norm(b, v, kind):
    need(b.rank(v) >= 2)
    c = b.shape(v)[1]
    return b.node(kind, [v, b.positive((c,)), b.weight((c,), 0.3), b.weight((c,), 0.3), b.positive((c,))])


@operator("InstanceNormalization")
def instance_norm(b, v, kind):
    need(b.rank(v) >= 3)
    c = b.shape(v)[1]
    return b.node(kind, [v, b.positive((c,)), b.weight((c,), 0.3)])


@operator("GroupNormalization", opsets=(21, 22))
def group_norm(b, v, kind):
    need(b.rank(v) >= 3)
    c = b.shape(v)[1]
    groups = b.pick(1, c, *[g for g in (2, 3) if c % g == 0])
    return b.node(kind, [v, b.positive((c,)), b.weight((c,), 0.3)], num_groups=groups)


@operator("LayerNormalization", opsets=(17, 18, 20, 21))
def layer_norm(b, v, kind):
    rank, shape = b.rank(v), b.shape(v)
    need(rank >= 2)
    axis = b.pick(rank - 1, b.whole(1, rank - 1))
    if b.chance(0.4):
        # Often behind a transposition, as a norm over channels of an image.
        if rank == 4:
            v = b.node("Transpose", [v], perm=[0, 2, 3, 1])
            shape, axis = b.shape(v), 3
    names = [v, b.positive(shape[axis:])] + ([b.weight(shape[axis:], 0.3)] if b.chance() else [])
    return b.node(kind, names, axis=b.pick(axis, axis - rank))


@operator("RMSNormalization", opsets=(23,))
def rms_norm(b, v, kind):
    rank, shape = b.rank(v), b.shape(v)
    need(rank >= 2)
    axis = b.pick(rank - 1, b.whole(1, rank - 1))
    return b.node(kind, [v, b.positive(shape[axis:])], axis=axis)


@operator("LRN")
def lrn(b, v, kind):
    image(b, v)
    return b.node(kind, [v], size=b.pick(3, 5), alpha=0.1, beta=0.75)


# One value in, the same shape out.

@operator("Relu", "Sigmoid", "Tanh", "Erf", "Softplus", "Abs", "Neg", "Floor", "Ceil", "Round", "Sign", "Identity", "Exp")
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


# Two values.

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
    """What can be made of truths: a number, a choice."""
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


@operator("And", "Or")
def logic(b, v, kind):
    return spent(b, v, b.node(kind, [truth(b, v), truth(b, v)]))


@operator("Not")
def negation(b, v, kind):
    return spent(b, v, b.node(kind, [truth(b, v)]))


@operator("Where")
def where(b, v, kind):
    shape = b.shape(v)
    way = b.whole(0, 2)
    if way == 0:
        condition = b.constant(b.rng.random(b.pick(shape, shape[-1:], shape[1:])) < 0.5)
    else:
        condition = truth(b, v)
    return b.node(kind, [condition, v, b.operand(v)] if b.chance(0.7) else [condition, b.operand(v), v])


# What moves elements.

@operator("Concat")
def concat(b, v, kind):
    axis = axis_of(b, v)
    if b.rank(v) == 4 and axis in (1, -3) and b.chance(0.6):
        other = b.node("Conv", [v, b.weight((b.pick(2, 4, 5), b.shape(v)[1], 1, 1))])
    elif b.chance(0.2):
        shape = list(b.shape(v))
        shape[axis] = b.whole(1, 3)
        other = b.weight(tuple(shape), 0.5)
    else:
        other = b.like(v)
    parts = b.pick([v, other], [other, v], [v, other, v], [v, v])
    return b.node(kind, parts, axis=axis)


@operator("Split")
def split(b, v, kind):
    axis = axis_of(b, v)
    extent = b.shape(v)[axis]
    need(extent >= 2)
    if extent % 2 == 0 and b.chance():
        extra = {"num_outputs": 2} if b.opset >= 18 else {}
        one, two = b.node(kind, [v], 2, axis=axis, **extra)
        return b.pick(lambda: b.node("Add", [one, two]), lambda: b.node("Mul", [one, b.node("Sigmoid", [two])]), lambda: b.node("Concat", [two, one], axis=axis), lambda: one)()
    first = b.whole(1, extent - 1)
    one, two = b.node(kind, [v, b.ints([first, extent - first])], 2, axis=axis)
    return b.pick(lambda: b.node("Concat", [two, one], axis=axis), lambda: one, lambda: two)()


@operator("Slice")
def slice_(b, v, kind):
    axis = axis_of(b, v)
    extent = b.shape(v)[axis]
    need(extent >= 2)
    way = b.whole(0, 3)
    if way == 0:
        start, end, step = b.whole(0, extent - 1), 2 ** 31, 1
    elif way == 1:
        start, end, step = 0, b.whole(1, extent), 1
    elif way == 2:
        start, end, step = b.pick(0, 1), extent, 2
    else:
        start, end, step = -1, -(2 ** 31), -1
    return b.node(kind, [v, b.ints([start]), b.ints([end]), b.ints([axis]), b.ints([step])])


def computed_shape(b, v, kept, rest):
    """A shape whose first entries come from the value's own shape."""
    shape = b.node("Shape", [v])
    parts = []
    for d in range(kept):
        one = b.node("Gather", [shape, b.ints([d])]) if b.chance() else b.node("Unsqueeze", [b.node("Gather", [shape, b.ints(d)]), b.ints([0])])
        parts.append(one)
    return b.node("Concat", [*parts, b.ints(rest)], axis=0)


@operator("Reshape")
def reshape(b, v, kind):
    shape, rank = b.shape(v), b.rank(v)
    need(rank >= 2)
    way = b.whole(0, 5)
    c = shape[1]
    small = [g for g in (2, 3, 4) if c % g == 0 and c > g]
    if way == 0:
        return b.node(kind, [v, b.pick(b.ints([0, -1]), b.ints([shape[0], -1]), computed_shape(b, v, 1, [-1]))])
    if way == 1 and small:
        g = b.pick(*small)
        return b.node(kind, [v, b.ints([0, g, c // g, *shape[2:]])])
    if way == 2 and small and rank == 4:
        # A shuffle of channels.
        g = b.pick(*small)
        v = b.node(kind, [v, b.ints([0, g, c // g, *shape[2:]])])
        v = b.node("Transpose", [v], perm=[0, 2, 1, 3, 4])
        return b.node(kind, [v, b.ints([0, -1, *shape[2:]])])
    if way == 3 and rank >= 3:
        return b.node(kind, [v, b.pick(b.ints([0, 0, -1]), computed_shape(b, v, 2, [-1]))])
    if way == 4:
        last = shape[-1]
        heads = [g for g in (2, 3) if last % g == 0 and last > g]
        need(heads)
        h = b.pick(*heads)
        v = b.node(kind, [v, b.ints([*[0] * (rank - 1), h, last // h])])
        return b.node("Transpose", [v], perm=[*range(rank - 2), rank - 1, rank - 2, rank]) if b.chance() else v
    return b.node(kind, [v, b.ints([-1, shape[-1]])])


@operator("Transpose")
def transpose(b, v, kind):
    perm = b.rng.permutation(b.rank(v)).tolist()
    if b.rank(v) == 4 and b.chance():
        perm = [0, 2, 3, 1]
    v = b.node(kind, [v], perm=perm)
    if b.chance(0.4):
        v = b.node(kind, [b.node("Relu", [v])], perm=numpy.argsort(perm).tolist())
    return v


@operator("Flatten")
def flatten(b, v, kind):
    return b.node(kind, [v], axis=b.pick(1, 1, b.whole(1, b.rank(v)), -1))


@operator("Squeeze")
def squeeze(b, v, kind):
    rank = b.rank(v)
    if rank == 4 and b.chance(0.6):
        v = b.node("GlobalAveragePool", [v])
        return b.node(kind, [v, b.ints(b.pick([2, 3], [-1], [3]))])
    axis = b.whole(0, rank)
    v = b.node("Unsqueeze", [v, b.ints([axis])])
    return b.node(kind, [v, b.ints([axis])])


@operator("Unsqueeze")
def unsqueeze(b, v, kind):
    need(b.rank(v) <= 4)
    return b.node(kind, [v, b.ints([b.pick(0, 1, 2, -1)])])


@operator("Expand")
def expand(b, v, kind):
    shape = b.shape(v)
    if len(shape) == 4 and b.chance():
        pooled = b.node("GlobalAveragePool", [v])
        return b.node(kind, [pooled, b.pick(b.ints(shape), b.node("Shape", [v]), b.ints([1, 1, *shape[2:]]))])
    if len(shape) >= 2 and b.chance():
        c = shape[1]
        bias = b.weight((c, *(1,) * (len(shape) - 2)), 0.5)
        return b.node("Add", [v, b.node(kind, [bias, b.pick(b.node("Shape", [v]), b.ints(shape))])])
    wide = b.node("Unsqueeze", [v, b.ints([1])])
    return b.node(kind, [wide, b.ints([1, b.pick(2, 3), *(1,) * (len(shape) - 1)])])


@operator("Tile")
def tile(b, v, kind):
    repeats = [1] * b.rank(v)
    repeats[axis_of(b, v)] = b.pick(2, 2, 3)
    return b.node(kind, [v, b.ints(repeats)])


@operator("Pad")
def pad(b, v, kind):
    rank = b.rank(v)
    pads = [0] * (2 * rank)
    mode = b.pick("constant", "constant", "edge", "reflect")
    for _ in range(b.whole(1, 2)):
        axis = axis_of(b, v) % rank
        if mode == "reflect" and b.shape(v)[axis] < 3:
            continue
        pads[axis], pads[axis + rank] = b.whole(0, 2), b.whole(0, 2)
    names = [v, b.ints(pads)] + ([b.scalar(b.pick(0.0, 0.7))] if mode == "constant" and b.chance() else [])
    return b.node(kind, names, mode=mode)


@operator("Gather")
def gather(b, v, kind):
    axis = axis_of(b, v)
    extent = b.shape(v)[axis]
    count = b.whole(1, extent)
    index = b.pick(b.rng.permutation(extent)[:count], b.rng.integers(0, extent, count), numpy.arange(extent), numpy.array(b.whole(-extent, extent - 1)),
                   b.rng.permutation(extent))
    return b.node(kind, [v, b.ints(index)], axis=axis)


@operator("GatherElements")
def gather_elements(b, v, kind):
    axis, shape = axis_of(b, v), list(b.shape(v))
    extent = shape[axis]
    shape[axis] = b.whole(1, extent)
    return b.node(kind, [v, b.ints(b.rng.integers(0, extent, shape))], axis=axis)


@operator("GatherND")
def gather_nd(b, v, kind):
    shape = b.shape(v)
    need(len(shape) >= 2)
    if b.chance():
        return b.node(kind, [v, b.ints([[i] for i in range(shape[0])])])
    if len(shape) >= 3 and b.chance():
        return b.node(kind, [v, b.ints([[[b.whole(0, shape[1] - 1)] for _ in range(2)] for _ in range(shape[0])])], batch_dims=1)
    pairs = [[b.whole(0, shape[0] - 1), b.whole(0, shape[1] - 1)] for _ in range(b.whole(1, 4))]
    return b.node(kind, [v, b.ints(pairs)])


@operator("ScatterND")
def scatter_nd(b, v, kind):
    shape = b.shape(v)
    need(len(shape) >= 2)
    if b.chance():
        index = [[0]]
        updates = b.pick(b.weight((1, *shape[1:]), 0.5), b.node("Slice", [b.like(v), b.ints([0]), b.ints([1]), b.ints([0])]))
    else:
        index = [[n, b.whole(0, shape[1] - 1)] for n in range(shape[0])]
        updates = b.weight((shape[0], *shape[2:]), 0.5)
    return b.node(kind, [v, b.ints(index), updates])


@operator("DepthToSpace", "SpaceToDepth")
def blocks(b, v, kind):
    shape = image(b, v)
    if kind == "DepthToSpace":
        if shape[1] % 4:
            v = b.node("Conv", [v, b.weight((8, shape[1], 1, 1))])
        return b.node(kind, [v], blocksize=2, mode=b.pick("DCR", "CRD"))
    need(shape[2] % 2 == 0 and shape[3] % 2 == 0)
    return b.node(kind, [v], blocksize=2)


# Shapes and constants.

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


# Reductions and pools.

@operator("ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL2")
def reduce(b, v, kind):
    rank = b.rank(v)
    axes = sorted({axis_of(b, v) % rank for _ in range(b.whole(1, 2))})
    if b.chance(0.25):
        axes = list(range(2, rank)) or [rank - 1]
    axes = [d - rank if b.chance(0.3) else d for d in axes]
    keep = b.pick(0, 1)
    if kind == "ReduceProd":
        v = b.node("Add", [b.node("Mul", [b.node("Tanh", [v]), b.scalar(0.3)]), b.scalar(1.0)])
    inputs = kind == "ReduceSum" or b.opset >= 18
    if b.chance(0.1):
        made = b.node(kind, [v], keepdims=1)
    else:
        made = b.node(kind, [v, b.ints(axes)], keepdims=keep) if inputs else b.node(kind, [v], axes=axes, keepdims=keep)
    if b.rank(made) == rank and b.chance(0.6):
        return b.node(b.pick("Sub", "Add", "Mul"), [v, made])
    return made


@operator("MaxPool", "AveragePool")
def pool(b, v, kind):
    shape = b.shape(v)
    need(len(shape) in (3, 4) and min(shape[2:]) >= 2)
    size = len(shape) - 2
    extra = {"pads": [1] * 2 * size} if min(shape[2:]) >= 3 and b.chance() else {}
    if kind == "AveragePool" and extra:
        extra["count_include_pad"] = b.pick(0, 1)
    return b.node(kind, [v], kernel_shape=[3 if extra else 2] * size, strides=[b.pick(1, 2)] * size, **extra)


@operator("GlobalAveragePool", "GlobalMaxPool")
def global_pool(b, v, kind):
    need(b.rank(v) >= 3)
    return b.node(kind, [v])


@operator("Resize")
def resize(b, v, kind):
    shape = image(b, v)
    mode = b.pick(("nearest", "asymmetric"), ("linear", "half_pixel"), ("linear", "align_corners"), ("nearest", "half_pixel"))
    extra = {"nearest_mode": "floor"} if mode[0] == "nearest" else {}
    if b.chance():
        names = [v, "", b.constant(numpy.array([1, 1, 2, 2], numpy.float32))]
    else:
        sizes = b.ints([shape[0], shape[1], 5, 7]) if b.chance() else b.node("Concat", [b.node("Slice", [b.node("Shape", [v]), b.ints([0]), b.ints([2])]), b.ints([5, 7])], axis=0)
        names = [v, "", "", sizes]
    return b.node(kind, names, mode=mode[0], coordinate_transformation_mode=mode[1], **extra)


@operator("Upsample", opsets=(9,))
def upsample(b, v, kind):
    image(b, v)
    return b.node(kind, [v, b.constant(numpy.array([1, 1, 2, b.pick(1, 2)], numpy.float32))], mode=b.pick("nearest", "linear"))


# Recurrence.

@operator("LSTM", "GRU")
def recurrent(b, v, kind):
    shape, rank = b.shape(v), b.rank(v)
    if rank == 4:
        v = b.node("Reshape", [b.node("Transpose", [v], perm=[2, 0, 1, 3]), b.ints([shape[2], shape[0], -1])])
    elif rank == 2:
        v = b.node("Unsqueeze", [v, b.ints([0])])
    need(b.rank(v) == 3)
    steps, batch, width = b.shape(v)
    hidden, gates = b.pick(4, 5, 6), 4 if kind == "LSTM" else 3
    direction = b.pick("forward", "reverse", "bidirectional")
    count = 2 if direction == "bidirectional" else 1
    names = [v, b.weight((count, gates * hidden, width), 0.5), b.weight((count, gates * hidden, hidden), 0.5)]
    if b.chance(0.8):
        names.append(b.weight((count, 2 * gates * hidden), 0.3))
    if len(names) == 4 and b.chance(0.3):
        names += ["", b.constant(numpy.zeros((count, batch, hidden), numpy.float32))]
    extra = {"linear_before_reset": b.pick(0, 1)} if kind == "GRU" else {}
    made = b.node(kind, names, 3 if kind == "LSTM" else 2, hidden_size=hidden, direction=direction, **extra)
    y, last = made[0], made[1]
    way = b.whole(0, 3)
    if way == 0:
        return b.node("Reshape", [b.node("Transpose", [last], perm=[1, 0, 2]), b.ints([batch, -1])])
    if way == 1:
        return b.node("Reshape", [b.node("Transpose", [y], perm=[0, 2, 1, 3]), b.ints([0, 0, -1])])
    if count == 1:
        return b.node("Squeeze", [y, b.ints([1])])
    return b.node("ReduceSum", [y, b.ints([1])], keepdims=0) if way == 2 else y


# Graphs in attributes.

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
