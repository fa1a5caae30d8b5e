"""Writes random cases of operators of images and signals, in the layout of ONNX's test data.

usage: vision.py DESTINATION

ONNX Runtime judges. ONNX's own evaluator judges what ONNX Runtime has no kernel for, and Fourier transforms, which
ONNX Runtime computes in binary32. Prints the number of cases of each judge.
"""

import collections
import json
import os
import sys

import numpy
import onnx
import onnxruntime
from onnx import helper, numpy_helper
from onnx.reference import ReferenceEvaluator

SEED = 20260412
Case = collections.namedtuple("Case", "operation inputs attributes opset outputs batch_first", defaults=[1, False])


def normal(rng, *shape, dtype=numpy.float32):
    return rng.standard_normal(shape).astype(dtype)


def flag(rng):
    return int(rng.integers(0, 2))


def some(rng, low, high, count):
    return [int(rng.integers(low, high)) for _ in range(count)]


def floating(rng):
    return rng.choice([numpy.float32, numpy.float32, numpy.float64, numpy.float16])


def grid_sample(rng):
    rank = int(rng.choice([2, 2, 3]))
    opset = int(rng.choice([16, 20, 22])) if rank == 2 else int(rng.choice([20, 22]))
    words = ["bilinear", "nearest", "bicubic"] if opset == 16 else ["linear", "nearest", "cubic"]
    mode = str(rng.choice(words))
    dtype = numpy.float32 if opset == 16 else rng.choice([numpy.float32, numpy.float64])
    batch = int(rng.integers(1, 3))
    extents = some(rng, 2, 4 if mode == "cubic" and rank == 3 else 7, rank)
    grid = normal(rng, batch, *some(rng, 1, 4, rank), rank, dtype=dtype)
    x = normal(rng, batch, int(rng.integers(1, 4)), *extents, dtype=dtype)
    padding = str(rng.choice(["zeros", "border", "reflection"]))
    if mode == "bicubic" and padding == "border":
        # This word has no other judge than ONNX Runtime.
        mode, opset = "cubic", 20
    return Case("GridSample", [x, grid], {"mode": mode, "padding_mode": padding, "align_corners": flag(rng)}, opset)


def affine_grid(rng):
    rank = int(rng.integers(2, 4))
    batch = int(rng.integers(1, 4))
    theta = normal(rng, batch, rank, rank + 1, dtype=rng.choice([numpy.float32, numpy.float64]))
    size = numpy.array([batch, 3, *some(rng, 2, 6, rank)])
    return Case("AffineGrid", [theta, size], {"align_corners": flag(rng)}, 20)


def roi_align(rng):
    opset = int(rng.choice([10, 16, 22]))
    dtype = rng.choice([numpy.float32, numpy.float64])
    x = normal(rng, 3, 2, *some(rng, 3, 9, 2), dtype=dtype)
    count = int(rng.integers(1, 5))
    regions = (normal(rng, count, 4) * 4 + 3).astype(dtype)
    attributes = {
        "mode": str(rng.choice(["avg", "max"])), "sampling_ratio": int(rng.integers(0, 4)),
        "output_height": int(rng.integers(1, 4)), "output_width": int(rng.integers(1, 4)),
        "spatial_scale": float(rng.choice([1.0, 0.5, 1.7])),
    }
    if attributes["sampling_ratio"] == 0:
        # ONNX Runtime fails for a region whose corners are swapped.
        regions[:, 2:] = regions[:, :2] + abs(regions[:, 2:])
    if opset >= 16:
        attributes["coordinate_transformation_mode"] = str(rng.choice(["half_pixel", "output_half_pixel"]))
    return Case("RoiAlign", [x, regions, rng.integers(0, 3, count)], attributes, opset)


def max_roi_pool(rng):
    x = normal(rng, 3, 2, *some(rng, 3, 9, 2))
    count = int(rng.integers(1, 5))
    regions = numpy.concatenate([rng.integers(0, 3, (count, 1)), normal(rng, count, 4) * 4 + 3], axis=1)
    attributes = {"pooled_shape": some(rng, 1, 5, 2), "spatial_scale": float(rng.choice([1.0, 0.5, 1.7]))}
    return Case("MaxRoiPool", [x, regions.astype(numpy.float32)], attributes, 7)


def max_unpool(rng):
    rank = int(rng.integers(1, 4))
    x = normal(rng, 2, 3, *some(rng, 1, 4, rank))
    kernel, strides, pads = some(rng, 2, 4, rank), some(rng, 1, 3, rank), some(rng, 0, 2, 2 * rank)
    # No output is empty.
    kernel = [k + pads[i] + pads[rank + i] for i, k in enumerate(kernel)]
    shape = [
        2, 3,
        *[(x.shape[2 + i] - 1) * strides[i] + kernel[i] - pads[i] - pads[rank + i] for i in range(rank)],
    ]
    inputs = [x]
    if flag(rng):
        shape = [2, 3, *[e + int(rng.integers(0, 3)) for e in shape[2:]]]
        inputs.append(numpy.array(shape))
    places = rng.choice(int(numpy.prod(shape)), x.size, replace=False).reshape(x.shape)
    inputs.insert(1, places)
    attributes = {"kernel_shape": kernel, "strides": strides, "pads": pads}
    return Case("MaxUnpool", inputs, attributes, int(rng.choice([9, 11, 22])))


def lp_pool(rng):
    rank = int(rng.integers(1, 4))
    opset = int(rng.choice([2, 11, 18, 22]))
    kernel = some(rng, 1, 4, rank)
    attributes = {"kernel_shape": kernel, "strides": some(rng, 1, 4, rank), "p": int(rng.integers(1, 4))}
    reach = kernel
    if opset >= 18 and flag(rng):
        attributes["dilations"] = some(rng, 1, 3, rank)
        reach = [(k - 1) * d + 1 for k, d in zip(kernel, attributes["dilations"])]
    elif flag(rng):
        attributes["auto_pad"] = str(rng.choice(["SAME_UPPER", "SAME_LOWER", "VALID"]))
        # Longer strides would need negative pads, which ONNX Runtime refuses for other pooling operators.
        attributes["strides"] = [min(s, k) for s, k in zip(attributes["strides"], kernel)]
    if "auto_pad" not in attributes:
        attributes["pads"] = [int(rng.integers(0, k)) for k in kernel + kernel]
    x = normal(rng, 2, 3, *[k + int(rng.integers(0, 6)) for k in reach])
    return Case("LpPool", [x], attributes, opset)


def global_lp_pool(rng):
    rank = int(rng.integers(1, 4))
    attributes = {"p": int(rng.integers(1, 5))}
    return Case("GlobalLpPool", [normal(rng, 2, 3, *some(rng, 1, 6, rank))], attributes, 2)


def deform_conv(rng):
    groups, offset_groups = int(rng.choice([1, 1, 2])), int(rng.choice([1, 1, 2]))
    channels, outputs = 2 * int(rng.integers(1, 3)), groups * int(rng.integers(1, 3))
    kernel, strides, dilations = some(rng, 1, 4, 2), some(rng, 1, 3, 2), some(rng, 1, 3, 2)
    pads = some(rng, 0, 3, 4)
    reach = [(k - 1) * d + 1 for k, d in zip(kernel, dilations)]
    extents = [r + int(rng.integers(1, 5)) for r in reach]
    out = [(e + pads[i] + pads[2 + i] - r) // s + 1 for i, (e, r, s) in enumerate(zip(extents, reach, strides))]
    taps = kernel[0] * kernel[1]
    inputs = [
        normal(rng, 2, channels, *extents), normal(rng, outputs, channels // groups, *kernel),
        normal(rng, 2, offset_groups * taps * 2, *out), normal(rng, outputs) if flag(rng) else None,
        normal(rng, 2, offset_groups * taps, *out) if flag(rng) else None,
    ]
    attributes = {
        "group": groups, "offset_group": offset_groups, "strides": strides, "dilations": dilations, "pads": pads,
        "kernel_shape": kernel,
    }
    return Case("DeformConv", inputs, attributes, int(rng.choice([19, 22])))


def col2im(rng):
    rank = int(rng.integers(2, 4))
    block, strides, dilations = some(rng, 1, 4, rank), some(rng, 1, 3, rank), some(rng, 1, 3, rank)
    pads = some(rng, 0, 3, 2 * rank)
    reach = [(k - 1) * d + 1 for k, d in zip(block, dilations)]
    image = [r + int(rng.integers(0, 5)) for r in reach]
    blocks = [(e + pads[i] + pads[rank + i] - r) // s + 1 for i, (e, r, s) in enumerate(zip(image, reach, strides))]
    x = normal(rng, 2, 3 * int(numpy.prod(block)), int(numpy.prod(blocks)))
    attributes = {"strides": strides, "dilations": dilations, "pads": pads}
    return Case("Col2Im", [x, numpy.array(image), numpy.array(block)], attributes, 18)


def center_crop_pad(rng):
    rank = int(rng.integers(1, 5))
    axes = [int(a) for a in rng.permutation(rank)[: int(rng.integers(1, rank + 1))]]
    shape = numpy.array(some(rng, 0, 8, len(axes)))
    attributes = {"axes": [a - rank if flag(rng) else a for a in axes]}
    return Case("CenterCropPad", [normal(rng, *some(rng, 1, 8, rank)), shape], attributes, 18)


def non_max_suppression(rng):
    batch, classes, count = some(rng, 1, 4, 3)
    count *= 5
    boxes = rng.random((batch, count, 4)).astype(numpy.float32)
    # Equal scores occur.
    scores = (rng.integers(0, 20, (batch, classes, count)) / 20).astype(numpy.float32)
    inputs = [boxes, scores, numpy.array([int(rng.integers(0, count))])]
    inputs.append(numpy.array([rng.random()], numpy.float32) if flag(rng) else None)
    inputs.append(numpy.array([rng.choice([0.25, 0.5])], numpy.float32) if flag(rng) else None)
    return Case("NonMaxSuppression", inputs, {"center_point_box": flag(rng)}, int(rng.choice([10, 11])))


def dft(rng):
    opset = int(rng.choice([17, 20]))
    rank = int(rng.integers(2, 5))
    axis = int(rng.integers(0, rank - 1))
    inverse, one_sided = flag(rng), flag(rng)
    length = int(rng.choice([1, 2, 3, 8, 12, 17, 64, 97, 100, 400]))
    shape = some(rng, 1, 4, rank)
    shape[axis] = length
    shape[-1] = 1 + inverse if one_sided else int(rng.integers(1, 3))
    if inverse and one_sided:
        shape[axis] = length // 2 + 1
    wanted = numpy.array(length + int(rng.integers(0, 3)) if flag(rng) or inverse else max(1, length - 1))
    inputs = [normal(rng, *shape), wanted if flag(rng) or shape[axis] < 2 else None]
    attributes = {"inverse": inverse, "onesided": one_sided}
    if opset == 20:
        inputs.append(numpy.array(axis - rank if flag(rng) else axis))
    else:
        attributes["axis"] = axis
    return Case("DFT", inputs, attributes, opset)


def long_dft(rng):
    """A prime length: neither quadratic nor inexact."""
    return Case("DFT", [normal(rng, 1, 10_007, 2)], {"axis": 1}, 17)


def stft(rng):
    length = int(rng.integers(20, 60))
    frame = int(rng.integers(1, 20))
    kind = int(rng.integers(0, 3))
    inputs = [
        normal(rng, 2, length, int(rng.integers(1, 3))), numpy.array(int(rng.integers(1, 9))),
        normal(rng, frame) if kind != 1 else None, numpy.array(frame) if kind != 0 else None,
    ]
    return Case("STFT", inputs, {"onesided": flag(rng)}, 17)


def window(rng):
    name = str(rng.choice(["HannWindow", "HammingWindow", "BlackmanWindow"]))
    # FLOAT, DOUBLE and INT64, as numbers of ONNX.
    attributes = {"periodic": flag(rng), "output_datatype": int(rng.choice([1, 1, 11, 7]))}
    size = numpy.array(int(rng.integers(0, 30)), rng.choice([numpy.int32, numpy.int64]))
    return Case(name, [size], attributes, 17)


def mel_weight_matrix(rng):
    length, rate = int(rng.choice([64, 100, 512])), 16_000
    edges = [float(rng.integers(0, 1000)), float(rng.integers(3000, 8000))]
    inputs = [numpy.array(int(rng.integers(1, 40))), numpy.array(length), numpy.array(rate)]
    return Case("MelWeightMatrix", inputs + [numpy.array(e, numpy.float32) for e in edges], {}, 17)


def rnn(rng):
    direction = str(rng.choice(["forward", "reverse", "bidirectional"]))
    directions = 2 if direction == "bidirectional" else 1
    steps, batch, width, hidden = some(rng, 1, 6, 4)
    inputs = [
        normal(rng, steps, batch, width), normal(rng, directions, hidden, width),
        normal(rng, directions, hidden, hidden),
        normal(rng, directions, 2 * hidden) if flag(rng) else None,
        rng.integers(1, steps + 1, batch).astype(numpy.int32) if flag(rng) else None,
        normal(rng, directions, batch, hidden) if flag(rng) else None,
    ]
    attributes = {"direction": direction, "hidden_size": hidden}
    if flag(rng):
        attributes["clip"] = 0.5
    if flag(rng):
        with_beta = ["Affine", "ScaledTanh", "HardSigmoid"]
        with_alpha = [*with_beta, "LeakyRelu", "ThresholdedRelu", "Elu"]
        words = ["Tanh", "Relu", "Sigmoid", "Softsign", "Softplus", *with_alpha]
        names = [str(n) for n in rng.choice(words, directions)]
        attributes["activations"] = names
        # ONNX Runtime's defaults are zeros, not those of the operators. An empty list has no type.
        for key, having in [("activation_alpha", with_alpha), ("activation_beta", with_beta)]:
            values = [0.3 + 0.1 * i for i, n in enumerate(names) if n in having]
            if values:
                attributes[key] = values
    return Case("RNN", inputs, attributes, int(rng.choice([7, 14, 22])), 2, bool(flag(rng)))


def resize(rng):
    rank = int(rng.choice([2, 4]))
    fixed = rank - 2
    opset = int(rng.choice([11, 13, 18, 19]))
    mode = str(rng.choice(["nearest", "linear", "cubic"]))
    words = ["half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric", "tf_crop_and_resize"]
    word = str(rng.choice(words + ["half_pixel_symmetric"] * (opset >= 19)))
    attributes = {"mode": mode, "coordinate_transformation_mode": word}
    if mode == "nearest":
        attributes["nearest_mode"] = str(rng.choice(["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"]))
    if mode == "cubic":
        attributes["cubic_coeff_a"] = float(rng.choice([-0.5, -0.75]))
        attributes["exclude_outside"] = flag(rng)
    if opset >= 18 and mode != "nearest" and word not in {"tf_crop_and_resize", "align_corners"}:
        attributes["antialias"] = flag(rng)
    x = normal(rng, *([1, 2] * (fixed // 2)), *some(rng, 2, 9, 2))
    region = None
    if word == "tf_crop_and_resize":
        attributes["extrapolation_value"] = 7.0
        ends = rng.random(4) * 1.4 - 0.2
        region = numpy.array([*[0.0] * fixed, *numpy.minimum(ends[:2], ends[2:]), *[1.0] * fixed,
                              *numpy.maximum(ends[:2], ends[2:])], numpy.float32)
    # Version 11 requires the inputs that are not used.
    unused = numpy.zeros(0, numpy.float32) if opset == 11 else None
    region = unused if region is None else region
    if word not in {"align_corners", "tf_crop_and_resize"} and flag(rng):
        # With these words, ONNX's data and ONNX Runtime differ about the corners of a fraction.
        choices = [0.5, 0.75, 1.5, 2.0, 2.5] + [0.4, 0.7, 2.6] * (mode != "nearest")
        scales = [*[1.0] * fixed, *[float(s) for s in rng.choice(choices, 2)]]
        if all(int(e * s) > 0 for e, s in zip(x.shape, scales)):
            return Case("Resize", [x, region, numpy.array(scales, numpy.float32)], attributes, opset)
    sizes = numpy.array([*x.shape[:fixed], *some(rng, 1, 14, 2)])
    if word == "tf_crop_and_resize":
        # ONNX Runtime does not crop an axis whose extent stays.
        sizes[fixed:] += sizes[fixed:] == x.shape[fixed:]
    return Case("Resize", [x, region, unused, sizes], attributes, opset)


def upsample(rng):
    opset = int(rng.choice([7, 9]))
    scales = [1.0, 1.0, *[float(s) for s in rng.choice([1.0, 2.0, 3.0, 1.5], 2)]]
    x = normal(rng, 1, 2, *some(rng, 2, 6, 2))
    attributes = {"mode": str(rng.choice(["nearest", "linear"]))}
    if opset == 7:
        return Case("Upsample", [x], {**attributes, "scales": scales}, opset)
    return Case("Upsample", [x, numpy.array(scales, numpy.float32)], attributes, opset)


def norms(rng):
    if flag(rng):
        shape = some(rng, 2, 6, 4)
        attributes = {"axes": [0, 2, 3] if flag(rng) else [0, 1, 2, 3]}
        return Case("MeanVarianceNormalization", [normal(rng, *shape)], attributes, 13)
    rank = int(rng.integers(1, 4))
    attributes = {"p": int(rng.integers(1, 3)), "axis": int(rng.integers(-rank, rank))}
    return Case("LpNormalization", [normal(rng, *some(rng, 1, 6, rank))], attributes, int(rng.choice([1, 22])))


def eye_like(rng):
    dtype = rng.choice([numpy.float32, numpy.int32, numpy.int64, numpy.float64])
    attributes = {"k": int(rng.integers(-9, 10))}
    if flag(rng):
        # FLOAT, INT64, DOUBLE.
        attributes["dtype"] = int(rng.choice([1, 7, 11]))
    return Case("EyeLike", [numpy.zeros(some(rng, 1, 8, 2), dtype)], attributes, int(rng.choice([9, 22])))


def det(rng):
    size = int(rng.integers(1, 7))
    shape = [*some(rng, 1, 4, int(rng.integers(0, 3))), size, size]
    return Case("Det", [normal(rng, *shape)], {}, int(rng.choice([11, 22])))


def reverse_sequence(rng):
    batch = flag(rng)
    shape = some(rng, 1, 6, int(rng.integers(2, 5)))
    lengths = rng.integers(0, shape[1 - batch] + 1, shape[batch])
    return Case("ReverseSequence", [normal(rng, *shape), lengths], {"batch_axis": batch, "time_axis": 1 - batch}, 10)


def unique(rng):
    rank = int(rng.integers(1, 4))
    dtype = rng.choice([numpy.float32, numpy.int64, numpy.int8])
    x = rng.integers(-2, 3, some(rng, 1, 6, rank)).astype(dtype)
    if rng.random() < 0.2:
        x = numpy.array([["b", "é", "a", "Z"][i % 4] for i in range(x.size)], object).reshape(x.shape)
    attributes = {"sorted": flag(rng)}
    if flag(rng):
        attributes["axis"] = int(rng.integers(-rank, rank))
    return Case("Unique", [x], attributes, 11, 4)


def non_zero(rng):
    dtype = rng.choice([numpy.float32, numpy.int64, numpy.bool_])
    return Case("NonZero", [rng.integers(-1, 2, some(rng, 0, 6, int(rng.integers(1, 5)))).astype(dtype)], {}, 13)


def compress(rng):
    rank = int(rng.integers(1, 4))
    x = normal(rng, *some(rng, 1, 6, rank), dtype=floating(rng))
    if flag(rng):
        axis = int(rng.integers(-rank, rank))
        return Case("Compress", [x, rng.random(x.shape[axis]) < 0.5], {"axis": axis}, int(rng.choice([9, 11])))
    return Case("Compress", [x, rng.random(int(rng.integers(0, x.size + 3))) < 0.5], {}, 11)


KINDS = {
    grid_sample: 120, affine_grid: 20, roi_align: 60, max_roi_pool: 30, max_unpool: 30, lp_pool: 80, global_lp_pool: 15,
    deform_conv: 60, col2im: 30, center_crop_pad: 30, non_max_suppression: 60, dft: 60, long_dft: 1, stft: 20,
    window: 30, mel_weight_matrix: 20, rnn: 80, resize: 200, upsample: 20, norms: 30, eye_like: 20, det: 20,
    reverse_sequence: 20, unique: 50, non_zero: 20, compress: 30,
}

WIDENED = {max_roi_pool, max_unpool, lp_pool, global_lp_pool, deform_conv, dft, stft, rnn, norms, det}


def model(case):
    names = [f"x{k}" if x is not None else "" for k, x in enumerate(case.inputs)]
    outputs = [f"y{k}" for k in range(case.outputs)]
    node = helper.make_node(case.operation, names, outputs, **case.attributes)
    infos = [
        helper.make_tensor_value_info(
            name, onnx.TensorProto.STRING if x.dtype == object else helper.np_dtype_to_tensor_dtype(x.dtype), x.shape)
        for name, x in zip(names, case.inputs) if name
    ]
    graph = helper.make_graph([node], case.operation, infos, [onnx.ValueInfoProto(name=name) for name in outputs])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", case.opset)], ir_version=8)


def needs_evaluator(case):
    """Whether ONNX Runtime has no right answer."""
    name, first, attributes = case.operation, case.inputs[0], case.attributes
    if name in {"DFT", "STFT"}:
        return True
    if name == "Col2Im":
        # Its kernel for more than two axes forgets pads.
        return len(case.inputs[1]) > 2
    if name == "GridSample" and "cubic" in attributes["mode"]:
        # It refuses cubic volumes. If one coordinate is outside a border, it moves all coordinates to whole elements.
        return first.ndim == 5 or attributes["padding_mode"] == "border"
    return False


def judged(case):
    """The judge's name and the outputs."""
    made = model(case)
    inputs = {f"x{k}": x for k, x in enumerate(case.inputs) if x is not None}
    if not needs_evaluator(case):
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        try:
            return "onnxruntime", onnxruntime.InferenceSession(made.SerializeToString(), options).run(None, inputs)
        except onnxruntime.capi.onnxruntime_pybind11_state.NotImplemented:
            pass
    return "onnx", ReferenceEvaluator(made).run(None, inputs)


def swapped(case, outputs):
    """A recurrent case with the batch in front: ONNX Runtime computes only the other layout."""
    inputs = list(case.inputs)
    for k in (0, 5):
        if inputs[k] is not None:
            inputs[k] = numpy.ascontiguousarray(inputs[k].swapaxes(0, 1))
    changed = case._replace(inputs=inputs, attributes={**case.attributes, "layout": 1}, opset=max(14, case.opset))
    return changed, [outputs[0].transpose(2, 0, 1, 3), outputs[1].swapaxes(0, 1)]


def widened(case, outputs):
    """The same case in binary64, for which ONNX Runtime often has no kernel."""
    def wide(x):
        return x.astype(numpy.float64) if x is not None and x.dtype == numpy.float32 else x

    return case._replace(inputs=[wide(x) for x in case.inputs]), [wide(y) for y in outputs]


def write(folder, case, outputs):
    data = os.path.join(folder, "test_data_set_0")
    os.makedirs(data)
    onnx.save(model(case), os.path.join(folder, "model.onnx"))
    given = [x for x in case.inputs if x is not None]
    for kind, arrays in [("input", given), ("output", outputs)]:
        for number, array in enumerate(arrays):
            with open(os.path.join(data, f"{kind}_{number}.pb"), "wb") as file:
                file.write(numpy_helper.from_array(numpy.asarray(array)).SerializeToString())


def main(destination):
    onnxruntime.set_default_logger_severity(4)
    judges = collections.Counter()
    for kind, count in KINDS.items():
        rng = numpy.random.default_rng([SEED, *kind.__name__.encode()])
        for number in range(count):
            case = kind(rng)
            judge, outputs = judged(case)
            judges[judge] += 1
            if case.batch_first:
                case, outputs = swapped(case, outputs)
            if kind in WIDENED and number % 3 == 0:
                case, outputs = widened(case, outputs)
            write(os.path.join(destination, f"{kind.__name__}_{number:03}"), case, outputs)
    print(json.dumps(judges))


if __name__ == "__main__":
    main(*sys.argv[1:])
