"""Attention, and operators on heads."""

import numpy

from .registry import need, operator

MICROSOFT = "com.microsoft"


def sequence(b, v):
    """v as [B, S, C]."""
    rank, shape = b.rank(v), b.shape(v)
    if rank == 4:
        flat = b.node("Reshape", [v, b.ints([shape[0], shape[1], -1])])
        return b.node("Transpose", [flat], perm=[0, 2, 1])
    if rank == 2:
        return b.node("Unsqueeze", [v, b.ints([1])])
    need(rank == 3)
    return b.node("Transpose", [v], perm=[0, 2, 1]) if b.chance() else v


def projected(b, x, width):
    y = b.node("MatMul", [x, b.weight((b.shape(x)[-1], width), 1 / b.shape(x)[-1] ** 0.5)])
    return b.node("Add", [y, b.weight((width,), 0.3)]) if b.chance() else y


def by_heads(b, x, heads):
    y = b.node("Reshape", [x, b.ints([0, 0, heads, -1])])
    return b.node("Transpose", [y], perm=[0, 2, 1, 3])


def output(b, y):
    if b.rank(y) == 4:
        y = b.node("Reshape", [b.node("Transpose", [y], perm=[0, 2, 1, 3]), b.ints([0, 0, -1])])
    return projected(b, y, 6)


@operator("Attention", opsets=(23, 24))
def attention(b, v, kind):
    x = sequence(b, v)
    groups = b.pick(2, 3, 4)
    heads = groups * b.pick(1, 2)
    size, width = b.pick(2, 4), b.pick(2, 3)
    q, k, v = projected(b, x, heads * size), projected(b, x, groups * size), projected(b, x, groups * width)
    extra = {"is_causal": 1} if b.chance(0.3) else {}
    length = b.shape(x)[1]
    mask = []
    if b.chance(0.4):
        mask = [b.weight(b.pick((length, length), (1, 1, length, length), (heads, length, length), (1, heads, length, length)), 0.5)]
    if b.chance():
        return output(b, b.node(kind, [q, k, v, *mask], q_num_heads=heads, kv_num_heads=groups, **extra))
    q, k, v = by_heads(b, q, heads), by_heads(b, k, groups), by_heads(b, v, groups)
    return output(b, b.node(kind, [q, k, v, *mask], **extra))


@operator("com.microsoft.Attention")
def packed_attention(b, v, kind):
    x = sequence(b, v)
    heads, size = b.pick(2, 3, 4), b.pick(2, 4)
    width, extra = size, {}
    if b.chance():
        width = b.pick(2, 3)
        extra["qkv_hidden_sizes"] = [heads * size, heads * size, heads * width]
    columns = heads * (2 * size + width)
    names = [x, b.weight((b.shape(x)[2], columns), 0.5), b.weight((columns,), 0.3)]
    if b.chance(0.3):
        length = b.shape(x)[1]
        names += ["", "", b.weight((1, b.pick(1, heads), length, length), 0.5)]
    return output(b, b.node("Attention", names, domain=MICROSOFT, num_heads=heads, unidirectional=b.pick(0, 1), **extra))


@operator("com.microsoft.MultiHeadAttention")
def multi_head(b, v, kind):
    x = sequence(b, v)
    heads, size = b.pick(2, 3, 4), b.pick(2, 4)
    samples, length = b.shape(x)[:2]
    way = b.whole(0, 3)
    bias = b.weight((3 * heads * size,), 0.3) if b.chance() else ""
    if way == 0:
        q = b.node("Reshape", [projected(b, x, 3 * heads * size), b.ints([0, 0, heads, 3, size])])
        names = [q]
    elif way == 1:
        k = b.node("Reshape", [projected(b, x, 2 * heads * size), b.ints([0, 0, heads, 2, size])])
        names = [projected(b, x, heads * size), k]
    elif way == 2:
        k, w = (by_heads(b, projected(b, x, heads * size), heads) for _ in range(2))
        names, bias = [projected(b, x, heads * size), k, w], ""
    else:
        names = [projected(b, x, heads * size) for _ in range(3)]
    names += [""] * (3 - len(names)) + [bias if way > 2 else ""]
    if b.chance(0.4):
        names += ["", b.weight((1, b.pick(1, heads), length, length), 0.5)]
    while not names[-1]:
        names.pop()
    return output(b, b.node("MultiHeadAttention", names, domain=MICROSOFT, num_heads=heads, unidirectional=b.pick(0, 1)))


@operator("com.microsoft.GroupQueryAttention")
def group_query(b, v, kind):
    x = sequence(b, v)
    groups, size = b.pick(2, 3), b.pick(8, 16)
    heads = groups * b.pick(1, 2)
    samples, length = b.shape(x)[:2]
    lengths = b.constant(numpy.full(samples, length - 1, numpy.int32), "i")
    total = b.constant(numpy.array(length, numpy.int32), "i")
    if b.chance():
        names = [projected(b, x, heads * size), projected(b, x, groups * size), projected(b, x, groups * size)]
    else:
        names = [projected(b, x, (heads + 2 * groups) * size), "", ""]
    names += ["", "", lengths, total]
    extra = {}
    if b.chance(0.5):
        names += [b.weight((length, size // 2), 0.5), b.weight((length, size // 2), 0.5)]
        extra["do_rotary"] = 1
    made = b.node("GroupQueryAttention", names, 3, domain=MICROSOFT, num_heads=heads, kv_num_heads=groups, **extra)
    return output(b, made[0])


@operator("RotaryEmbedding", opsets=(23,))
def rotary(b, v, kind):
    x = sequence(b, v)
    heads, size = b.pick(2, 3, 4), b.pick(2, 4)
    samples, length = b.shape(x)[:2]
    q = projected(b, x, heads * size)
    tables = [b.weight((samples, length, size // 2), 0.5) for _ in range(2)]
    if b.chance():
        return output(b, b.node(kind, [q, *tables], num_heads=heads, interleaved=b.pick(0, 1)))
    return output(b, b.node(kind, [by_heads(b, q, heads), *tables]))


@operator("com.microsoft.RotaryEmbedding")
def runtime_rotary(b, v, kind):
    x = sequence(b, v)
    heads, size = b.pick(2, 3, 4), b.pick(4, 8)
    length = b.shape(x)[1]
    q = projected(b, x, heads * size)
    names = [b.ints([0]), b.weight((length, size // 2), 0.5), b.weight((length, size // 2), 0.5)]
    way = b.whole(0, 2)
    if way == 0:
        return output(b, b.node("RotaryEmbedding", [q, *names], domain=MICROSOFT))
    if way == 1:
        return output(b, b.node("RotaryEmbedding", [q, *names], domain=MICROSOFT, num_heads=heads))
    return output(b, b.node("RotaryEmbedding", [by_heads(b, q, heads), *names], domain=MICROSOFT))


@operator("com.microsoft.GatedRMSNorm")
def gated_norm(b, v, kind):
    x = sequence(b, v)
    heads, size = b.pick(2, 3, 4), b.pick(2, 4)
    q, gate = projected(b, x, heads * size), projected(b, x, heads * size)
    return output(b, b.node("GatedRMSNorm", [q, b.positive((size,)), gate], domain=MICROSOFT, activation=b.pick("silu", "sigmoid")))
