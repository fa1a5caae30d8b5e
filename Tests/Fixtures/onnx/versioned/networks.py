"""Windows, normalisations, losses and interpolation."""

import numpy as np

from . import Case, floats, makes, one


@makes("Conv")
def conv(name, version, rng):
    x, w, b = floats(rng, 2, 4, 7, 6), floats(rng, 6, 2, 3, 2), floats(rng, 6)
    yield Case([x, w, b], {"group": 2, "pads": [1, 0, 2, 1], "strides": [2, 1], "kernel_shape": [3, 2]})
    yield Case([x, w], {"group": 2, "auto_pad": "SAME_LOWER", "dilations": [1, 2]}, variant="same")


@makes("ConvTranspose")
def conv_transpose(name, version, rng):
    x, w, b = floats(rng, 2, 4, 5, 6), floats(rng, 4, 3, 3, 2), floats(rng, 6)
    yield Case([x, w, b], {"group": 2, "pads": [1, 0, 0, 1], "strides": [2, 3], "output_padding": [1, 2]})
    yield Case([x, w], {"strides": [2, 3], "output_shape": [11, 18]}, variant="shape")
    for pad in ["SAME_UPPER", "SAME_LOWER", "VALID"]:
        yield Case([x, w], {"strides": [2, 1], "auto_pad": pad}, variant=pad.lower())


@makes("AveragePool", "MaxPool")
def pooling(name, version, rng):
    x = floats(rng, 2, 3, 7, 8)

    def by(strides, pads):
        """Windows of 3 × 2. The wheel's evaluator counts the padding of AveragePool 1, whose text leaves it out."""
        def function(x):
            padded = np.pad(x, [(0, 0), (0, 0), *pads], constant_values=np.nan)
            windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 2), axis=(2, 3))
            y = (np.nanmean if name == "AveragePool" else np.nanmax)(windows, (4, 5))
            return [y[:, :, :: strides[0], :: strides[1]]]

        return function

    attributes = {"kernel_shape": [3, 2], "strides": [2, 2], "pads": [1, 0, 1, 1]}
    yield Case([x], attributes, by=by([2, 2], [(1, 1), (0, 1)]))
    attributes = {"kernel_shape": [3, 2], "auto_pad": "SAME_UPPER"}
    yield Case([x], attributes, by=by([1, 1], [(1, 1), (0, 1)]), variant="same")
    if name == "AveragePool" and version >= 7:
        yield Case([x], {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1], "count_include_pad": 1}, variant="pad")
    if version >= 10:
        yield Case([x], {"kernel_shape": [3, 3], "strides": [3, 3], "ceil_mode": 1}, variant="ceil")
    if version >= (10 if name == "MaxPool" else 19):
        yield Case([x], {"kernel_shape": [2, 3], "dilations": [2, 1]}, variant="dilations")
    if name == "MaxPool" and version >= 8:
        yield Case([x], {"kernel_shape": [3, 2], "strides": [2, 2]}, outputs=2, variant="indices")
    if name == "MaxPool" and version >= 12:
        yield Case([rng.integers(-99, 99, x.shape).astype(np.int8)], {"kernel_shape": [2, 2]}, variant="int8")


@makes("GlobalAveragePool", "GlobalMaxPool")
def global_pooling(name, version, rng):
    function = np.mean if "Average" in name else np.max
    yield Case([floats(rng, 2, 3, 4, 5)], by=one(lambda x: function(x, (2, 3), keepdims=True)))


@makes("BatchNormalization")
def batch_normalization(name, version, rng):
    epsilon, momentum = 1e-3, 0.75
    x = floats(rng, 3, 4, 2, 3)
    attributes = {"epsilon": epsilon} | ({"is_test": 1} if version < 7 else {})

    def four(*shape):
        return [floats(rng, *shape), floats(rng, *shape), floats(rng, *shape), floats(rng, *shape, low=0.5)]

    def normal(x, scale, shift, mean, var):
        each = [v[None] if v.ndim > 1 else v[:, None, None] for v in [scale, shift, mean, var]]
        return (x - each[2]) / np.sqrt(each[3] + np.float32(epsilon)) * each[0] + each[1]

    def training(x, scale, shift, mean, var):
        new = x.mean((0, 2, 3)), x.var((0, 2, 3))
        running = [old * momentum + own * (1 - momentum) for old, own in zip([mean, var], new)]
        results = [normal(x, scale, shift, *new), *running, *new]
        return [r.astype(np.float32) for r in results][: 3 if version >= 14 else 5]

    yield Case([x, *four(4)], attributes, by=one(normal))
    if version < 9:
        yield Case([x, *four(4, 2, 3)], attributes | {"spatial": 0}, by=one(normal), variant="positions")
    mode = {"training_mode": 1} if version >= 14 else {"is_test": 0} if version < 7 else {}
    yield Case(
        [x, *four(4)], {"epsilon": epsilon, "momentum": momentum} | mode, outputs=3 if version >= 14 else 5,
        # Output 4 is the "saved variance"; ONNX Runtime gives 1 / √(variance + epsilon).
        by=training, variant="training", decides=7 <= version < 14,
    )


@makes("Dropout")
def dropout(name, version, rng):
    x = floats(rng, 3, 4)
    mask = np.ones(x.shape, bool if version >= 10 else x.dtype)
    attributes = {"is_test": 1} if version < 7 else {}
    yield Case([x], attributes | ({"ratio": 0.3} if version < 12 else {}), by=one(lambda x: x))
    # Versions 7 and 10 do not define the mask of a network that is not being trained. Version 12 says true, as all is
    # kept; ONNX Runtime gives false before.
    by = lambda x: [x, mask]
    yield Case([x], attributes, outputs=2, by=by, variant="mask", decides=7 <= version < 12)
    if version >= 12:
        yield Case([x, np.float32(0.3), np.array(False)], outputs=2, by=lambda x, *_: [x, mask], variant="inputs")


@makes("GroupNormalization", "InstanceNormalization")
def normalization(name, version, rng):
    isGroup = name.startswith("Group")
    count = 3 if isGroup and version < 21 else 6

    def by(x, scale, shift):
        parts = x.reshape(x.shape[0], 3 if isGroup else 6, -1)
        y = (parts - parts.mean(2, keepdims=True)) / np.sqrt(parts.var(2, keepdims=True) + np.float32(1e-3))
        scale, shift = (np.repeat(v, 6 // count) for v in [scale, shift])
        return [y.reshape(x.shape) * scale[:, None, None] + shift[:, None, None]]

    attributes = {"epsilon": 1e-3} | ({"num_groups": 3} if isGroup else {})
    yield Case([floats(rng, 2, 6, 4, 5), floats(rng, count), floats(rng, count)], attributes, by=by)


@makes("LayerNormalization", "RMSNormalization")
def layer_normalization(name, version, rng):
    inputs = [floats(rng, 2, 3, 4), floats(rng, 4)] + ([floats(rng, 4)] if name[0] == "L" else [])
    yield Case(inputs)
    yield Case([inputs[0], floats(rng, 3, 4)], {"axis": 1, "epsilon": 0.1}, variant="axis")


@makes("LRN")
def lrn(name, version, rng):
    def by(x):
        y = np.zeros_like(x)
        for c in range(x.shape[1]):
            near = x[:, max(0, c - 1) : c + 2]
            y[:, c] = x[:, c] / (1.5 + 0.01 / 3 * (near**2).sum(1)) ** 0.5
        return [y]

    yield Case([floats(rng, 2, 5, 3, 4)], {"size": 3, "alpha": 0.01, "beta": 0.5, "bias": 1.5}, by=by)


@makes("NegativeLogLikelihoodLoss", "SoftmaxCrossEntropyLoss")
def losses(name, version, rng):
    x, labels, weights = floats(rng, 3, 5, 2), rng.integers(0, 5, (3, 2)), floats(rng, 5, low=0.1)
    for reduction in ["none", "sum", "mean"]:
        for weighted in [[], [weights]]:
            for ignored in [None, 2, -7]:
                target = labels.copy()
                if ignored is not None:
                    target[0, 1] = ignored
                yield Case(
                    [x, target.astype(np.int32) if ignored else target, *weighted],
                    {"reduction": reduction} | ({} if ignored is None else {"ignore_index": ignored}),
                    outputs=2 if name[0] == "S" and ignored == 2 else 1,
                    variant=f"{reduction}{'_weighted' if weighted else ''}{'' if ignored is None else f'_{ignored}'}",
                )
    # A floating-point type with other rounding, and samples without further dimensions.
    yield Case([floats(rng, 4, 3).astype(np.float64), np.array([2, 0, 1, 1])], variant="double")
    yield Case([floats(rng, 4, 3, 2, 2), rng.integers(0, 3, (4, 2, 2))], variant="images")


@makes("Resize", "Upsample")
def resize(name, version, rng):
    x = floats(rng, 1, 2, 3, 4)
    scales = np.array([1, 1, 2, 3], np.float32)
    modes = ["nearest", "bilinear" if name == "Upsample" and version < 7 else "linear"]

    def by(x, *_):
        """Asymmetric coordinates, along rows and then along columns."""
        for axis, scale in [(2, 2), (3, 3)]:
            at = np.arange(x.shape[axis] * scale) / scale
            below = np.floor(at).astype(int)
            part = (at - below).astype(np.float32).reshape([-1] + [1] * (3 - axis))
            above = np.minimum(below + 1, x.shape[axis] - 1)
            x = np.take(x, below, axis) * (1 - part) + np.take(x, above, axis) * part
        return [x]

    for mode in modes:
        attributes = {"mode": mode}
        judge = one(lambda x, *_: x.repeat(2, 2).repeat(3, 3)) if mode == "nearest" else by
        if name == "Upsample" and version < 7:
            attributes |= {"height_scale": 2.0, "width_scale": 3.0}
            yield Case([x], attributes, by=judge, variant=mode)
        elif name == "Upsample" and version < 9:
            yield Case([x], attributes | {"scales": scales.tolist()}, by=judge, variant=mode)
        elif version < 11:
            yield Case([x, scales], attributes, by=judge, variant=mode)
        else:
            yield Case([x, None if version >= 13 else np.array([], np.float32), scales], attributes, variant=mode)
    if name == "Resize" and version == 10:
        small = np.array([1, 1, 0.6, 0.5], np.float32)
        for mode in modes:
            yield Case([floats(rng, 1, 2, 7, 8), small], {"mode": mode}, variant=f"down_{mode}")
    if name == "Resize" and version >= 11:
        sizes = np.array([1, 2, 5, 9], np.int64)
        none = [None, None] if version >= 13 else [np.array([], np.float32)] * 2
        for mode in ["half_pixel", "align_corners", "asymmetric", "pytorch_half_pixel"]:
            attributes = {"mode": "cubic", "coordinate_transformation_mode": mode}
            yield Case([x, *none, sizes], attributes, variant=mode)
    if name == "Resize" and version >= 18:
        yield Case(
            [x, None, np.array([0.6, 0.8], np.float32)], {"mode": "linear", "antialias": 1, "axes": [2, 3]},
            variant="antialias",
        )
