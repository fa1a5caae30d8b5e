"""Layers with weights: products, convolutions, norms, recurrence."""

import numpy

from .registry import image, need, operator


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


@operator("BatchNormalization")
def batch_norm(b, v, kind):
    need(b.rank(v) >= 2)
    c = b.shape(v)[1]
    names = [v, b.positive((c,)), b.weight((c,), 0.3), b.weight((c,), 0.3), b.positive((c,))]
    if b.opset >= 14 and b.chance(0.2):
        return b.node(kind, names, 3, training_mode=1)[0]
    return b.node(kind, names)


@operator("DeformConv", opsets=(19, 20, 21))
def deform_conv(b, v, kind):
    shape = b.shape(v)
    need(len(shape) == 4)
    group = b.pick(1, 1, shape[1], *[g for g in (2, 3) if shape[1] % g == 0])
    offsets = b.pick(1, 1, *[g for g in (2, 3) if shape[1] % g == 0])
    width = group * b.pick(1, 2, 3) if group > 1 else b.pick(4, 6, 9)
    out = [extent - 1 for extent in shape[2:]]
    names = [v, b.weight((width, shape[1] // group, 2, 2)), b.weight((shape[0], offsets * 8, *out), 0.5)]
    names.append(b.weight((width,), 0.3) if b.chance() else "")
    names.append(b.positive((shape[0], offsets * 4, *out)) if b.chance() else "")
    while not names[-1]:
        names.pop()
    return b.node(kind, names, group=group, offset_group=offsets)


@operator("SimplifiedLayerNormalization")
def simplified_norm(b, v, kind):
    rank, shape = b.rank(v), b.shape(v)
    need(rank >= 2)
    return b.node(kind, [v, b.positive(shape[-1:])], axis=-1)


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


@operator("LSTM", "GRU", "RNN")
def recurrent(b, v, kind):
    shape, rank = b.shape(v), b.rank(v)
    if rank == 4:
        v = b.node("Reshape", [b.node("Transpose", [v], perm=[2, 0, 1, 3]), b.ints([shape[2], shape[0], -1])])
    elif rank == 2:
        v = b.node("Unsqueeze", [v, b.ints([0])])
    need(b.rank(v) == 3)
    steps, batch, width = b.shape(v)
    hidden, gates = b.pick(4, 5, 6), {"LSTM": 4, "GRU": 3, "RNN": 1}[kind]
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
