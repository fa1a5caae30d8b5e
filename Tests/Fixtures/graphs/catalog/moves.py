"""Operators that move elements."""

import numpy

from .registry import axis_of, image, need, operator


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
    way = b.whole(0, 4)
    if way == 4:
        # One position, whose dimension a Reshape then drops.
        place = b.whole(0, extent - 1)
        one = b.node(kind, [v, b.ints([place]), b.ints([place + 1]), b.ints([axis]), b.ints([1])])
        rest = [d for number, d in enumerate(b.shape(v)) if number != axis % b.rank(v)]
        return b.node("Reshape", [one, b.ints(b.pick(rest, [rest[0], -1], [-1, rest[-1]]))]) if rest else one
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
    """A shape that begins with extents of the value, computed by Shape and Gather."""
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


@operator("ScatterElements")
def scatter_elements(b, v, kind):
    axis, shape = axis_of(b, v), list(b.shape(v))
    extent = shape[axis]
    shape[axis] = b.whole(1, extent)
    # No place of the axis is written twice.
    index = numpy.argsort(b.rng.random([extent if d == axis % len(shape) else n for d, n in enumerate(shape)]), axis=axis)
    index = numpy.take(index, range(shape[axis]), axis=axis)
    return b.node(kind, [v, b.ints(index), b.weight(tuple(shape), 0.5)], axis=axis)


@operator("DepthToSpace", "SpaceToDepth")
def blocks(b, v, kind):
    shape = image(b, v)
    if kind == "DepthToSpace":
        if shape[1] % 4:
            v = b.node("Conv", [v, b.weight((8, shape[1], 1, 1))])
        return b.node(kind, [v], blocksize=2, mode=b.pick("DCR", "CRD"))
    need(shape[2] % 2 == 0 and shape[3] % 2 == 0)
    return b.node(kind, [v], blocksize=2)


@operator("Compress")
def compress(b, v, kind):
    axis = axis_of(b, v)
    chosen = b.rng.random(b.shape(v)[axis]) < 0.6
    chosen[0] = True
    return b.node(kind, [v, b.constant(chosen)], axis=axis)


@operator("CenterCropPad", opsets=(18, 20, 21))
def centre(b, v, kind):
    rank = b.rank(v)
    if b.chance():
        extents = list(b.shape(v))
        extents[-1] += b.pick(-1, 0, 2)
        return b.node(kind, [v, b.ints(extents)])
    axes = [b.pick(1, rank - 1) if rank > 1 else 0]
    return b.node(kind, [v, b.ints([max(1, b.shape(v)[axes[0]] + b.pick(-2, 0, 1))])], axes=axes)


@operator("ReverseSequence")
def reverse(b, v, kind):
    need(b.rank(v) >= 2)
    time = b.pick(0, 1)
    shape = b.shape(v)
    return b.node(kind, [v, b.ints(b.rng.integers(1, shape[time] + 1, shape[1 - time]))], time_axis=time, batch_axis=1 - time)


@operator("TensorScatter", opsets=(24,))
def tensor_scatter(b, v, kind):
    need(b.rank(v) >= 3)
    shape, axis = b.shape(v), b.rank(v) - 1
    if b.chance():
        update = b.node("Slice", [b.like(v), b.ints([0]), b.ints([1]), b.ints([axis])])
    else:
        update = b.weight((*shape[:-1], 1), 0.5)
    return b.node(kind, [v, update] + ([b.ints(b.rng.integers(0, shape[-1], shape[0]))] if b.chance() else []), axis=axis)


@operator("RoiAlign", "MaxRoiPool", opsets=(17, 18, 20, 21))
def regions(b, v, kind):
    shape = image(b, v)
    count = b.whole(1, 3)
    corner = b.rng.uniform(0, 2, (count, 2))
    boxes = numpy.concatenate([corner, corner + b.rng.uniform(1, 3, (count, 2))], 1).astype(numpy.float32)
    samples = b.rng.integers(0, shape[0], count)
    if kind == "RoiAlign":
        return b.node(kind, [v, b.constant(boxes), b.ints(samples)], output_height=2, output_width=3, sampling_ratio=b.pick(0, 2))
    return b.node(kind, [v, b.constant(numpy.concatenate([samples[:, None], boxes], 1).astype(numpy.float32))], pooled_shape=[2, 3])


@operator("GridSample", opsets=(17, 18, 20, 21))
def grid_sample(b, v, kind):
    shape = image(b, v)
    grid = b.constant(b.rng.uniform(-1.1, 1.1, (shape[0], 4, 3, 2)).astype(numpy.float32))
    return b.node(kind, [v, grid], padding_mode=b.pick("zeros", "border", "reflection"), align_corners=b.pick(0, 1))
