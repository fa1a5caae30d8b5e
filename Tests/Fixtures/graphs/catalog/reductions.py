"""Reductions, ordering, pools and resizing."""

import numpy

from .registry import axis_of, image, need, operator


@operator("ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL2", "ReduceL1",
          "ReduceSumSquare")
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


@operator("LpPool")
def lp_pool(b, v, kind):
    shape = b.shape(v)
    need(len(shape) in (3, 4) and min(shape[2:]) >= 2)
    size = len(shape) - 2
    return b.node(kind, [v], kernel_shape=[2] * size, strides=[b.pick(1, 2)] * size, p=b.pick(1, 2, 3))


@operator("GlobalLpPool")
def global_lp_pool(b, v, kind):
    need(b.rank(v) >= 3)
    return b.node(kind, [v], p=b.pick(1, 2))


@operator("ReduceLogSum", "ReduceLogSumExp")
def reduce_log(b, v, kind):
    axis = axis_of(b, v)
    positive = b.node("Add", [b.node("Abs", [v]), b.scalar(0.5)])
    made = b.node(kind, [positive, b.ints([axis])], keepdims=1) if b.opset >= 18 else b.node(kind, [positive], axes=[axis], keepdims=1)
    return made if b.chance() else b.node("Sub", [v, made])
