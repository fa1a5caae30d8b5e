"""Operators that move elements."""

import numpy as np

from . import SCHEMAS, Case, floats, makes, one


@makes("Concat")
def concat(name, version, rng):
    by = lambda axis: lambda *inputs: [np.concatenate(inputs, axis)]
    inputs = [floats(rng, 2, 1, 3), floats(rng, 2, 4, 3)]
    yield Case(inputs, {"axis": 1}, by=by(1))
    if version < 4:
        yield Case(inputs, by=by(1), variant="default")
    if version >= 11:
        yield Case(inputs, {"axis": -2}, by=by(1), variant="negative")


@makes("DepthToSpace", "SpaceToDepth")
def depth(name, version, rng):
    def by(x):
        b, c, h, w = x.shape
        if name == "DepthToSpace":
            y = x.reshape(b, 2, 2, c // 4, h, w).transpose(0, 3, 4, 1, 5, 2)
            return [y.reshape(b, c // 4, h * 2, w * 2)]
        return [x.reshape(b, c, h // 2, 2, w // 2, 2).transpose(0, 3, 5, 1, 2, 4).reshape(b, c * 4, h // 2, w // 2)]

    x = floats(rng, 2, 8, 4, 6)
    yield Case([x], {"blocksize": 2}, by=by)
    if "mode" in SCHEMAS[name, version].attributes:
        yield Case([x], {"blocksize": 2, "mode": "CRD"}, variant="crd")


@makes("Expand")
def expand(name, version, rng):
    yield Case([floats(rng, 3, 1), np.array([2, 1, 4], np.int64)])


@makes("Flatten")
def flatten(name, version, rng):
    x = floats(rng, 2, 3, 4, 5)
    yield Case([x], by=one(lambda x: x.reshape(2, -1)))
    yield Case([x], {"axis": 0}, by=one(lambda x: x.reshape(1, -1)), variant="zero")
    if version >= 11:
        yield Case([x], {"axis": -1}, by=one(lambda x: x.reshape(24, 5)), variant="negative")


@makes("Gather")
def gather(name, version, rng):
    x, indices = floats(rng, 3, 4, 2), np.array([[2, 0], [1, 1]], np.int64)
    yield Case([x, indices], by=one(lambda x, i: np.take(x, i, 0)))
    yield Case([x, indices], {"axis": 1}, by=one(lambda x, i: np.take(x, i, 1)), variant="axis")
    if version >= 11:
        yield Case([x, -indices], {"axis": -2}, variant="negative")


@makes("GatherElements", "ScatterElements", "Scatter")
def elements(name, version, rng):
    indices = np.array([[2, 0, 1], [0, 1, -1]], np.int64)
    if version < 11:
        indices = np.abs(indices)
    inputs = [floats(rng, 3, 4), indices] + ([floats(rng, 2, 3)] if "Scatter" in name else [])

    def by(x, indices, updates):
        y = x.copy()
        for i, j in np.ndindex(indices.shape):
            y[indices[i, j], j] = updates[i, j]
        return [y]

    yield Case(inputs, by=by if "Scatter" in name else None)
    for reduction in {16: ["add", "mul"], 18: ["max", "min"]}.get(version, []) if "Elements" in name else []:
        yield Case(inputs, {"reduction": reduction, "axis": 1}, variant=reduction)


@makes("GatherND", "ScatterND")
def points(name, version, rng):
    indices = np.array([[0, 1], [2, -1]], np.int64)
    inputs = [floats(rng, 3, 4, 2), indices] + ([floats(rng, 2, 2)] if "Scatter" in name else [])
    yield Case(inputs)
    if name == "GatherND" and version >= 12:
        yield Case([floats(rng, 2, 4, 2), np.array([[3], [1]], np.int64)], {"batch_dims": 1}, variant="batch")
    for reduction in {16: ["add", "mul"], 18: ["max", "min"]}.get(version, []) if "Scatter" in name else []:
        yield Case(inputs, {"reduction": reduction}, variant=reduction)


@makes("OneHot")
def onehot(name, version, rng):
    inputs = [np.array([[1, 4], [0, 2]], np.int64), np.int64(5), np.array([-1, 2], np.float32)]
    yield Case(inputs)
    yield Case(inputs, {"axis": 1}, variant="axis")


@makes("Pad")
def pad(name, version, rng):
    x, pads = floats(rng, 3, 4), [1, 0, 2, 2]
    modes = {"constant": {"constant_values": 1.5}, "reflect": {}, "edge": {}} | ({"wrap": {}} if version >= 19 else {})
    for mode, more in modes.items():
        by = one(lambda x, *_, mode=mode, more=more: np.pad(x, [(1, 2), (0, 2)], mode, **more))
        if version < 11:
            attributes = {"paddings" if version < 2 else "pads": pads, "mode": mode}
            yield Case([x], attributes | ({"value": 1.5} if more else {}), by=by, variant=mode)
        else:
            value = [np.float32(1.5)] if more else []
            yield Case([x, np.array(pads, np.int64), *value], {"mode": mode}, by=by, variant=mode)
    if version >= 18:
        yield Case([x, np.array([1, 2], np.int64), None, np.array([-1], np.int64)], variant="axes")


@makes("Reshape")
def reshape(name, version, rng):
    x, shape = floats(rng, 2, 3, 4), [0, -1, 2]
    by = one(lambda x, *_: x.reshape(2, 6, 2))
    yield Case([x], {"shape": shape}, by=by) if version < 5 else Case([x, np.array(shape, np.int64)], by=by)
    if version >= 14:
        yield Case([floats(rng, 0, 3), np.array([3, 0], np.int64)], {"allowzero": 1}, variant="zero")


@makes("Slice")
def slices(name, version, rng):
    x = floats(rng, 4, 5, 6)
    starts, ends, axes = [1, -3], [1000, -1], [0, 2]
    by = one(lambda x, *_: x[1:1000, :, -3:-1])
    if version < 10:
        yield Case([x], {"starts": starts, "ends": ends, "axes": axes}, by=by)
        yield Case([x], {"starts": [1], "ends": [3]}, by=one(lambda x: x[1:3]), variant="default")
        return
    yield Case([x, *(np.array(v, np.int64) for v in [starts, ends, axes])], by=by)
    lists = [[-1, 0], [-1000, 5], [1, 2], [-2, 3]]
    yield Case([x, *(np.array(v, np.int64) for v in lists)], by=one(lambda x, *_: x[:, ::-2, 0:5:3]), variant="steps")


@makes("Split")
def split(name, version, rng):
    x, sizes = floats(rng, 2, 6, 3), [1, 3, 2]
    by = lambda x, *_: [x[:, :1], x[:, 1:4], x[:, 4:]]
    equal = lambda x: np.split(x, 3, 1)
    if version < 13:
        yield Case([x], {"axis": 1, "split": sizes}, 3, by)
        yield Case([x], {"axis": 1}, 3, equal, variant="equal")
        if version < 2:
            yield Case([x, np.array(sizes, np.float32)], {"axis": 1}, 3, by, variant="input")
        else:
            yield Case([x], outputs=2, by=lambda x: np.split(x, 2), variant="default")
        return
    yield Case([x, np.array(sizes, np.int64)], {"axis": 1}, 3, by)
    if version < 18:
        yield Case([x], {"axis": -2}, 3, equal, variant="equal")
    else:
        yield Case([floats(rng, 7, 2)], {"num_outputs": 3}, 3, variant="uneven")


@makes("Squeeze", "Unsqueeze")
def squeeze(name, version, rng):
    isSqueeze = name == "Squeeze"
    x = floats(rng, 1, 3, 1, 4) if isSqueeze else floats(rng, 3, 4)
    by = one((lambda x, *_: x.reshape(3, 4)) if isSqueeze else (lambda x, *_: x.reshape(1, 3, 1, 4)))
    lists = {"": [0, 2]} | ({"negative": [0, -2]} if version >= 11 else {})
    for variant, axes in lists.items():
        if version < 13:
            yield Case([x], {"axes": axes}, by=by, variant=variant)
        else:
            yield Case([x, np.array(axes, np.int64)], by=by, variant=variant)
    if isSqueeze:
        yield Case([x], by=by, variant="all")


@makes("Tile")
def tile(name, version, rng):
    x = floats(rng, 2, 3)
    if version < 6:
        by = one(lambda x, *_: np.tile(x, [1, 3]))
        yield Case([x, np.array([3], np.float32), np.array([1], np.float32)], by=by)
        yield Case([x, np.int64(3), np.int64(1)], by=by, variant="int64")
        return
    yield Case([x, np.array([2, 3], np.int64)], by=one(np.tile))


@makes("TopK")
def topk(name, version, rng):
    x = floats(rng, 3, 6)

    def by(x, *_):
        order = np.argsort(-x, 1)[:, :4]
        return [np.take_along_axis(x, order, 1), order]

    given, attributes = ([], {"k": 4}) if version < 10 else ([np.array([4], np.int64)], {})
    yield Case([x, *given], attributes, 2, by)
    if version < 10:
        yield Case([x.T], {"k": 4, "axis": 0}, 2, lambda x: [v.T for v in by(x.T)], variant="axis")
    if version >= 11:
        yield Case([x, *given], {"largest": 0, "axis": 1}, 2, variant="least")


@makes("Transpose")
def transpose(name, version, rng):
    x = floats(rng, 2, 3, 4)
    yield Case([x], by=one(np.transpose))
    yield Case([x], {"perm": [1, 2, 0]}, by=one(lambda x: x.transpose(1, 2, 0)), variant="perm")


@makes("Trilu")
def trilu(name, version, rng):
    yield Case([floats(rng, 4, 5)])
    yield Case([floats(rng, 4, 5), np.int64(-1)], {"upper": 0}, variant="lower")
