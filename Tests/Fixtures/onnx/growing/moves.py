"""Nodes that move elements, make shapes, or select."""

import numpy

from .elementwise import floating
from .growth import F16, F32, F64, I64, INTEGERS, Rejected
from .layers import volume

ANY = [F32, F32, F32, F64, F16, I64, numpy.int32, numpy.uint8, numpy.int8, bool, object]


def anything(g, **wanted):
    return g.value(g.choose(ANY), **wanted)


def reshape(g):
    x = anything(g)
    name = g.choose(["Reshape", "Flatten", "Squeeze", "Unsqueeze", "Identity"])
    if name == "Flatten":
        return g.node(name, [x], axis=g.int(-x.rank, x.rank), exact=True)
    if name == "Identity":
        return g.node(name, [x], exact=True)
    if name == "Squeeze":
        ones = [a for a, e in enumerate(x.shape) if e == 1]
        if not ones or g.chance(0.2):
            return g.node(name, [x], exact=True)
        return g.node(name, [x, g.constant([g.choose(ones)])], exact=True)
    if name == "Unsqueeze":
        count = g.int(1, 2)
        axes = [int(a) - (x.rank + count if g.chance(0.4) else 0) for a in g.rng.choice(x.rank + count, count, replace=False)]
        return g.node(name, [x, g.constant(axes)], exact=True)
    if x.size == 0:
        raise Rejected("empty")
    rest, shape = x.size, []
    while rest > 1 and len(shape) < 4 and g.chance(0.8):
        factor = g.choose([d for d in range(1, rest + 1) if rest % d == 0][:12])
        shape.append(factor)
        rest //= factor
    shape.insert(g.int(0, len(shape)), rest if g.chance(0.4) else -1)
    return g.node(name, [x, g.constant(shape)], exact=True)


def transpose(g):
    x = anything(g)
    if g.chance(0.1):
        return g.node("Transpose", [x], exact=True)
    return g.node("Transpose", [x], perm=[int(p) for p in g.rng.permutation(x.rank)], exact=True)


def cut(g):
    x = anything(g, least_rank=1)
    axes = sorted(int(a) for a in g.rng.choice(x.rank, g.int(1, x.rank), replace=False))
    starts, ends, steps = [], [], []
    for axis in axes:
        extent = x.shape[axis]
        step = g.choose([1, 1, 1, 2, 3, -1, -2])
        a, b = g.int(-extent - 1, extent + 1), g.int(-extent - 1, extent + 1)
        if g.chance(0.5):
            a, b = (0, extent) if step > 0 else (-1, -(2**31))
            if g.chance(0.3):
                b = 2**62 if step > 0 else b
        starts.append(a), ends.append(b), steps.append(step)
    axes = [a - x.rank if g.chance(0.3) else a for a in axes]
    inputs = [x, g.constant(starts), g.constant(ends), g.constant(axes), g.constant(steps)]
    return g.node("Slice", inputs[: g.choose([4, 5, 5])], exact=True)


def concat(g):
    x = anything(g, least_rank=1)
    axis = g.int(0, x.rank - 1)
    parts = [x]
    for _ in range(g.int(0, 3)):
        shape = list(x.shape)
        shape[axis] = g.int(1, 5)
        parts.append(g.value(x.dtype, shape=shape))
    g.rng.shuffle(parts)
    return g.node("Concat", parts, axis=axis - x.rank if g.chance(0.4) else axis, exact=True)


def split(g):
    x = anything(g, least_rank=1)
    axis = g.int(0, x.rank - 1)
    extent = x.shape[axis]
    count = g.int(1, min(4, max(1, extent)))
    if g.chance(0.6) or extent < count:
        cuts = sorted(int(c) for c in g.rng.integers(0, extent + 1, count - 1))
        sizes = [b - a for a, b in zip([0, *cuts], [*cuts, extent])]
        return g.node("Split", [x, g.constant(sizes)], count, axis=axis, exact=True)
    if g.opset >= 18:
        return g.node("Split", [x], count, axis=axis, num_outputs=count, exact=True)
    if extent % count:
        raise Rejected("uneven")
    return g.node("Split", [x], count, axis=axis, exact=True)


def repeat(g):
    x = anything(g)
    name = g.choose(["Expand", "Tile"])
    if x.size > 5000:
        raise Rejected("large")
    if name == "Tile":
        return g.node(name, [x, g.constant([g.int(1, 3) for _ in x.shape])], exact=True)
    shape = [g.int(2, 4) if e == 1 and g.chance(0.6) else (1 if g.chance(0.3) else e) for e in x.shape]
    if g.chance(0.3) and x.rank < 5:
        shape.insert(0, g.int(1, 3))
    return g.node(name, [x, g.constant(shape)], exact=True)


def gather(g):
    x = anything(g, least_rank=1, where=lambda v: 0 not in v.shape)
    axis = g.int(-x.rank, x.rank - 1)
    extent = x.shape[axis]
    index_type = g.choose([numpy.int32, I64])
    name = g.choose(["Gather", "Gather", "GatherElements", "GatherND"])
    if x.dtype == object:
        # ONNX Runtime copies only the first text of each slice.
        name, axis = "Gather", x.rank - 1
        extent = x.shape[-1]
    if name == "Gather":
        shape = g.choose([(), (1,), (3,), (2, 3)])
        return g.node(name, [x, g.value(index_type, shape=shape, low=-extent, high=extent - 1)], axis=axis, exact=True)
    if name == "GatherElements":
        shape = list(x.shape)
        shape[axis] = g.int(1, 6)
        return g.node(name, [x, g.value(index_type, shape=shape, low=-extent, high=extent - 1)], axis=axis, exact=True)
    depth = g.int(1, x.rank)
    batch = g.int(0, 1) if depth < x.rank else 0
    shape = (*x.shape[:batch], g.int(1, 4), depth)
    least = min(x.shape[batch:batch + depth])
    return g.node(name, [x, g.value(I64, shape=shape, low=-least, high=least - 1)], batch_dims=batch, exact=True)


def scatter(g):
    x = g.value(g.choose([F32, F32, F64, I64, numpy.int32, numpy.uint8]), least_rank=1, where=lambda v: 0 not in v.shape)
    name = g.choose(["ScatterElements", "ScatterND"])
    reductions = ["none", "add", "mul"] + ["max", "min"] * (g.opset >= 18)
    reduction = g.choose(reductions) if g.opset >= 16 else "none"
    attributes = {} if reduction == "none" else {"reduction": reduction}
    if name == "ScatterElements":
        axis = g.int(0, x.rank - 1)
        shape = [g.int(1, e) for e in x.shape]
        # Without a reduction, the result of an index that occurs twice is undefined.
        order = numpy.argsort(g.rng.random([*shape[:axis], x.shape[axis], *shape[axis + 1:]]), axis)
        indices = numpy.take(order, range(shape[axis]), axis)
        if reduction != "none":
            indices = g.rng.integers(-x.shape[axis], x.shape[axis], shape)
        updates = g.value(x.dtype, shape=shape)
        return g.node(name, [x, g.constant(indices, g.choose([numpy.int32, I64])), updates], axis=axis, **attributes)
    depth = g.int(1, x.rank)
    places = numpy.array(list(numpy.ndindex(*x.shape[:depth]))[:500])
    count = g.int(1, min(5, len(places)))
    indices = places[g.rng.choice(len(places), count, replace=reduction != "none")]
    updates = g.value(x.dtype, shape=(count, *x.shape[depth:]))
    return g.node(name, [x, g.constant(indices), updates], **attributes)


def pad(g):
    x = g.value(g.choose([F32, F32, F64, F16, numpy.int32, I64, numpy.uint8, numpy.int8]), least_rank=1,
                where=lambda v: 0 not in v.shape)
    modes = ["constant", "constant", "reflect", "edge"] + ["wrap"] * (g.opset >= 19)
    mode = g.choose(modes)
    axes = list(range(x.rank))
    inputs = [x]
    if g.opset >= 18 and g.chance(0.4):
        axes = sorted(int(a) for a in g.rng.choice(x.rank, g.int(1, x.rank), replace=False))
    most = [min(3, x.shape[a] - 1) if mode in ("reflect", "wrap") else 3 for a in axes]
    least = [-(x.shape[a] // 3) if mode == "constant" and g.chance(0.3) else 0 for a in axes]
    pads = [g.int(lo, m) for lo, m in zip(least, most)] + [g.int(lo, m) for lo, m in zip(least, most)]
    inputs.append(g.constant(pads))
    explicit = len(axes) < x.rank or (g.opset >= 18 and g.chance(0.2))
    if mode == "constant" and g.chance(0.6):
        inputs.append(g.constant(3, x.dtype))
    elif explicit:
        inputs.append(None)
    if explicit:
        inputs.append(g.constant([a - x.rank if g.chance(0.3) else a for a in axes], g.choose([I64, numpy.int32])))
    return g.node("Pad", inputs, mode=mode, exact=True)


def shapes(g):
    """Numbers of the shape of a value, and values that are made from numbers."""
    x = anything(g)
    form = g.int(0, 7)
    if form == 0:
        ends = {"start": g.int(-3, 2), "end": g.int(-2, 4)} if g.opset >= 15 and g.chance(0.5) else {}
        return g.node("Shape", [x], exact=True, **ends)
    if form == 1:
        return g.node("Size", [x], exact=True)
    if form == 2:
        (shape,) = g.node("Shape", [x], exact=True)
        fill = g.numbers((1,), g.choose([F32, F64, I64, numpy.int32, bool, numpy.uint8, F16]))
        if x.size > 4000:
            raise Rejected("large")
        return g.node("ConstantOfShape", [shape], value=numpy_tensor(fill), exact=True)
    if form == 3:
        dtype = g.choose([F32, F64, numpy.int32, I64])
        step = g.choose([1, 2, -1, 3])
        start = g.int(-5, 5)
        limit = start + step * g.int(0, 6) + (0 if g.chance(0.5) else step // 2)
        return g.node("Range", [g.constant(v, dtype) for v in (start, limit, step)], exact=True)
    if form == 4:
        x = g.value(g.choose([F32, F64, I64, numpy.int32]), rank=2)
        return g.node("EyeLike", [x], k=g.int(-2, 2), exact=True)
    if form == 5:
        indices = g.value(g.choose([I64, numpy.int32]), low=-4, high=3)
        values = g.fresh(g.numbers((2,), g.choose([F32, I64, numpy.int32])))
        return g.node("OneHot", [indices, g.constant(g.choose([4, [4]])), values], axis=g.int(-indices.rank - 1, indices.rank), exact=True)
    if form == 6 and g.opset >= 14:
        x = g.value(g.choose([F32, F64, I64]), least_rank=2)
        inputs = [x] + ([g.constant(g.int(-3, 3))] if g.chance(0.6) else [])
        return g.node("Trilu", inputs, upper=g.int(0, 1), exact=True)
    # The target's shape is computed from another value's, as exporters write it.
    (shape,) = g.node("Shape", [x], exact=True)
    if x.rank == 0 or x.size == 0:
        raise Rejected("scalar")
    (first,) = g.node("Gather", [shape, g.constant([0])], exact=True)
    (joined,) = g.node("Concat", [first, g.constant([-1])], axis=0, exact=True)
    return g.node("Reshape", [x, joined], exact=True)


def numpy_tensor(array):
    from onnx import numpy_helper

    return numpy_helper.from_array(array)


def select(g):
    form = g.int(0, 3)
    if form == 0:
        # By the text, the result has no rows for a scalar; ONNX Runtime's has one.
        x = g.value(g.choose([F32, I64, numpy.int32, bool, numpy.uint8]), least_rank=1)
        return g.node("NonZero", [x], exact=True)
    if form == 1:
        x = g.value(g.choose([F32, I64, F64, numpy.int8, object]), least_rank=1)
        attributes = {"axis": g.int(-x.rank, x.rank - 1)} if g.chance(0.5) else {}
        return g.node("Unique", [x], 4, sorted=g.int(0, 1), exact=True, **attributes)
    if form == 2:
        x = anything(g, least_rank=1)
        axis = g.int(0, x.rank - 1)
        if g.chance(0.3):
            return g.node("Compress", [x, g.value(bool, rank=1, where=lambda v: v.size <= x.size)], exact=True)
        return g.node("Compress", [x, g.fresh(g.numbers((g.int(1, x.shape[axis] or 1),), bool))], axis=axis, exact=True)
    x = g.value(g.choose([F32, F64, I64]), least_rank=2)
    lengths = [g.int(0, x.shape[0]) for _ in range(x.shape[1])]
    return g.node("ReverseSequence", [x, g.constant(lengths)], time_axis=0, batch_axis=1, exact=True)


def images(g):
    name = g.choose(["DepthToSpace", "SpaceToDepth", "Resize", "Resize", "Resize", "GridSample", "CenterCropPad", "AffineGrid"])
    if name == "DepthToSpace":
        x = volume(g, rank=4, dtype=F32, channels=g.choose([4, 8, 9]))
        size = 3 if x.shape[1] == 9 else 2
        return g.node(name, [x], blocksize=size, mode=g.choose(["DCR", "CRD"]), exact=True)
    if name == "SpaceToDepth":
        x = g.value(F32, shape=(g.int(1, 2), 3, 4, 6))
        return g.node(name, [x], blocksize=2, exact=True)
    if name == "CenterCropPad":
        if g.opset < 18:
            raise Rejected(name)
        x = g.value(g.choose([F32, numpy.int32]), least_rank=1)
        return g.node(name, [x, g.constant([max(1, e + g.int(-2, 3)) for e in x.shape])], exact=True)
    if name == "GridSample":
        if g.opset < 16:
            raise Rejected(name)
        x = volume(g, rank=4, dtype=F32)
        grid = g.fresh(g.floats((x.shape[0], 3, 5, 2), F32, -1.2, 1.2))
        new = g.opset >= 20
        mode = g.choose(["linear", "nearest", "cubic"] if new else ["bilinear", "nearest", "bicubic"])
        # With a cubic filter, ONNX Runtime moves all coordinates to whole elements if one is outside the border.
        paddings = ["zeros", "reflection"] if "cubic" in mode else ["zeros", "border", "reflection"]
        return g.node(name, [x, grid], mode=mode, padding_mode=g.choose(paddings), align_corners=g.int(0, 1))
    if name == "AffineGrid":
        if g.opset < 20:
            raise Rejected(name)
        return g.node(name, [g.value(F32, shape=(2, 2, 3)), g.constant([2, 3, 4, 5])], align_corners=g.int(0, 1))
    x = volume(g, rank=g.choose([3, 4, 4]), dtype=g.choose([F32, F32, F64, numpy.uint8]) if g.chance(0.3) else F32)
    # Interpolated integers are cut off, so that a sum that rounds below a whole number is one less.
    mode = g.choose(["nearest", "linear", "cubic"]) if x.dtype.kind == "f" else "nearest"
    if mode == "cubic" and (x.rank != 4 or x.dtype != F32):
        raise Rejected("cubic")
    how = g.choose(["half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel"])
    attributes = {"mode": mode, "coordinate_transformation_mode": how}
    if mode == "nearest":
        attributes["nearest_mode"] = g.choose(["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"])
    scales = [1.0, 1.0, *[g.choose([0.5, 2.0, 1.5, 3.0, 1.0]) for _ in x.shape[2:]]]
    if g.chance(0.5):
        return g.node("Resize", [x, None, g.constant(scales, F32)], **attributes)
    sizes = [*x.shape[:2], *[max(1, int(e * s)) for e, s in zip(x.shape[2:], scales[2:])]]
    return g.node("Resize", [x, None, None, g.constant(sizes)], **attributes)


def matrices(g):
    size = g.choose([1, 2, 3, 5])
    dtype = g.choose([F32, F64])
    x = g.value(dtype, shape=(*g.choose([(), (3,), (2, 2)]), size, size))
    return g.node("Det", [x])


RECIPES = [
    (reshape, 6), (transpose, 4), (cut, 4), (concat, 4), (split, 3), (repeat, 3), (gather, 4), (scatter, 3), (pad, 3), (shapes, 5),
    (select, 3), (images, 4), (matrices, 1),
]
