"""Writes cases of quantised operators with ONNX Runtime's outputs, in the layout of ONNX's test data.

usage: quantised.py DESTINATION

The operators of com.microsoft, and those of ONNX's domain that its own cases cover little. Each case is a function that
is called with a random generator and gives the node's inputs and attributes.
"""

import os
import sys

import ml_dtypes
import numpy
import onnx
import onnxruntime
from onnx import helper, numpy_helper

SEED = 20261104
f32, f16 = numpy.float32, numpy.float16
BYTES = {"u8": numpy.uint8, "i8": numpy.int8}
MICROSOFT = "com.microsoft"


def draw(rng, type, shape):
    limits = ml_dtypes.iinfo(type) if type in (ml_dtypes.int4, ml_dtypes.uint4) else numpy.iinfo(type)
    return rng.integers(limits.min, limits.max + 1, shape).astype(type)


def scale(rng, shape=(), type=f32):
    return rng.uniform(0.01, 0.1, shape).astype(type)


def middle(rng, type, shape=()):
    """Zero points near the middle of the range, so that few results saturate."""
    return (rng.integers(-20, 20, shape) + (128 if type == numpy.uint8 else 0)).astype(type)


class Writer:
    def __init__(self, destination):
        self.destination = destination
        self.count = 0

    def write(self, name, operator, inputs, domain="", opset=21, outputs=1, more=None, **attributes):
        """One case. An input of None is left out; `more` holds attributes with the names of parameters."""
        inputs = [None if array is None else numpy.asarray(array) for array in inputs]
        names = [f"x{index}" if array is not None else "" for index, array in enumerate(inputs)]
        results = [f"y{index}" for index in range(outputs)]
        node = helper.make_node(operator, names, results, domain=domain, **attributes, **(more or {}))
        given = [(name, array) for name, array in zip(names, inputs) if array is not None]
        graph = helper.make_graph(
            [node],
            name,
            [
                helper.make_tensor_value_info(
                    name, helper.np_dtype_to_tensor_dtype(array.dtype), list(array.shape)
                )
                for name, array in given
            ],
            [onnx.ValueInfoProto(name=name) for name in results],
        )
        imports = [helper.make_opsetid("", opset), helper.make_opsetid(MICROSOFT, 1)]
        model = helper.make_model(graph, opset_imports=imports, ir_version=10)
        small = any(array.dtype in (ml_dtypes.int4, ml_dtypes.uint4) for _, array in given)
        found = run(model, given, small)
        for output, array in zip(graph.output, found):
            dtype = helper.np_dtype_to_tensor_dtype(array.dtype)
            output.CopyFrom(helper.make_tensor_value_info(output.name, dtype, list(array.shape)))
        model = helper.make_model(graph, opset_imports=imports, ir_version=10)
        folder = os.path.join(self.destination, name)
        data = os.path.join(folder, "test_data_set_0")
        os.makedirs(data)
        onnx.save(model, os.path.join(folder, "model.onnx"))
        for prefix, arrays in [("input", [array for _, array in given]), ("output", found)]:
            for index, array in enumerate(arrays):
                with open(os.path.join(data, f"{prefix}_{index}.pb"), "wb") as file:
                    file.write(numpy_helper.from_array(array, f"{prefix}_{index}").SerializeToString())
        self.count += 1


def run(model, given, small):
    """ONNX Runtime's Python cannot be given integers of four bits, so they become constants of the model."""
    feeds = dict(given)
    if small:
        held = onnx.ModelProto()
        held.CopyFrom(model)
        constant = {name for name, array in given if array.dtype in (ml_dtypes.int4, ml_dtypes.uint4)}
        kept = [value for value in held.graph.input if value.name not in constant]
        del held.graph.input[:]
        held.graph.input.extend(kept)
        for name in sorted(constant):
            held.graph.initializer.append(numpy_helper.from_array(feeds.pop(name), name))
        model = held
    options = onnxruntime.SessionOptions()
    # Each node as it is written: no other node may stand in for it.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return session.run(None, feeds)


def convolutions(writer, rng):
    shapes = [
        ("plain", [2, 3, 7, 9], [4, 3, 3, 2], {}),
        ("groups", [1, 6, 8, 5], [4, 3, 3, 3], {"group": 2, "pads": [1, 0, 2, 1]}),
        ("depthwise", [2, 5, 6, 7], [5, 1, 3, 2], {"group": 5, "strides": [2, 1], "pads": [0, 1, 1, 2]}),
        ("dilated", [1, 2, 11, 12], [3, 2, 3, 3], {"dilations": [2, 3], "pads": [2, 3, 1, 0]}),
        ("same", [1, 3, 6, 7], [2, 3, 3, 4], {"auto_pad": "SAME_UPPER", "strides": [2, 2]}),
        ("line", [2, 4, 13], [6, 2, 5], {"group": 2, "pads": [3, 1]}),
        ("volume", [1, 2, 4, 5, 6], [3, 2, 2, 3, 2], {"pads": [1, 0, 1, 0, 1, 1]}),
    ]
    for name, x_shape, w_shape, attributes in shapes:
        for x_type, w_type in [("u8", "u8"), ("u8", "i8"), ("i8", "i8")]:
            x, w = draw(rng, BYTES[x_type], x_shape), draw(rng, BYTES[w_type], w_shape)
            outputs = w_shape[0]
            if x_type == "u8":
                # ONNX Runtime computes ConvInteger only for unsigned x.
                for point in [None, middle(rng, x.dtype)]:
                    weights = [middle(rng, w.dtype)] if point is not None else []
                    kind = "points" if weights else "bare"
                    writer.write(
                        f"conv_integer_{name}_{w_type}_{kind}", "ConvInteger", [x, w, point, *weights],
                        opset=10, **attributes)
            for each in [False, True]:
                for bias in [False, True]:
                    # One zero point for all channels is all that ONNX Runtime allows.
                    point = middle(rng, w.dtype) if not each else numpy.full(outputs, 3, w.dtype)
                    inputs = [
                        x, scale(rng), middle(rng, x.dtype), w, scale(rng, outputs if each else ()), point,
                        f32(rng.uniform(2, 5)), middle(rng, x.dtype),
                    ]
                    if bias:
                        inputs.append(rng.integers(-3000, 3000, outputs).astype(numpy.int32))
                    writer.write(
                        f"qlinear_conv_{name}_{x_type}{w_type}_{'each' if each else 'one'}{'_bias' * bias}",
                        "QLinearConv", inputs, opset=10, **attributes)


PRODUCTS = [([3, 5], [5, 4]), ([2, 1, 3, 6], [4, 6, 5]), ([7], [7, 3]), ([2, 4, 5], [5])]


def products(writer, rng):
    for index, (a_shape, b_shape) in enumerate(PRODUCTS):
        columns = b_shape[-1] if len(b_shape) > 1 else 1
        for a_type, b_type in [("u8", "u8"), ("u8", "i8"), ("i8", "i8"), ("i8", "u8")]:
            a, b = draw(rng, BYTES[a_type], a_shape), draw(rng, BYTES[b_type], b_shape)
            label = f"{index}_{a_type}{b_type}"
            points = middle(rng, a.dtype), middle(rng, b.dtype)
            each = middle(rng, b.dtype, columns)
            writer.write(f"matmul_integer_{label}", "MatMulInteger", [a, b], opset=10)
            writer.write(f"matmul_integer_{label}_points", "MatMulInteger", [a, b, *points], opset=10)
            if len(b_shape) == 2:
                writer.write(
                    f"matmul_integer_{label}_each", "MatMulInteger", [a, b, points[0], each], opset=10)
            if (a_type, b_type) != ("i8", "u8"):
                writer.write(
                    f"qlinear_matmul_{label}", "QLinearMatMul",
                    [a, scale(rng), points[0], b, scale(rng), points[1], f32(3.3), middle(rng, a.dtype)])
                if len(b_shape) == 2:
                    writer.write(
                        f"qlinear_matmul_{label}_each", "QLinearMatMul",
                        [a, scale(rng), points[0], b, scale(rng, columns), each, f32(3.1),
                         middle(rng, a.dtype)])
                bias = rng.standard_normal(columns).astype(f32)
                writer.write(
                    f"matmul_integer_to_float_{label}", "MatMulIntegerToFloat",
                    [a, b, scale(rng), scale(rng)], domain=MICROSOFT)
                writer.write(
                    f"matmul_integer_to_float_{label}_points", "MatMulIntegerToFloat",
                    [a, b, scale(rng), scale(rng), *points, bias], domain=MICROSOFT)
                if len(b_shape) == 2:
                    writer.write(
                        f"matmul_integer_to_float_{label}_each", "MatMulIntegerToFloat",
                        [a, b, scale(rng), scale(rng, columns), points[0], each, bias], domain=MICROSOFT)
            if a_type == "u8":
                real = rng.standard_normal(a_shape).astype(f32)
                bias = rng.standard_normal(columns).astype(f32)
                writer.write(
                    f"dynamic_quantize_matmul_{label}", "DynamicQuantizeMatMul", [real, b, scale(rng)],
                    domain=MICROSOFT)
                writer.write(
                    f"dynamic_quantize_matmul_{label}_points", "DynamicQuantizeMatMul",
                    [real, b, scale(rng), points[1], bias], domain=MICROSOFT)
                if len(b_shape) == 2:
                    writer.write(
                        f"dynamic_quantize_matmul_{label}_each", "DynamicQuantizeMatMul",
                        [real, b, scale(rng, columns), each, bias], domain=MICROSOFT)


def gemm(writer, rng):
    for a_type, b_type in [("u8", "u8"), ("u8", "i8"), ("i8", "i8")]:
        for left in [0, 1]:
            for right in [0, 1]:
                for each in [False, True]:
                    a = draw(rng, BYTES[a_type], [6, 4] if left else [4, 6])
                    b = draw(rng, BYTES[b_type], [5, 6] if right else [6, 5])
                    shape = 5 if each else ()
                    inputs = [
                        a, scale(rng), middle(rng, a.dtype), b, scale(rng, shape), middle(rng, b.dtype, shape)
                    ]
                    c = rng.integers(-9000, 9000, [[5], [4, 1], [4, 5], [1]][left * 2 + right])
                    label = f"qgemm_{a_type}{b_type}_{left}{right}{'_each' * each}"
                    attributes = {"transA": left, "transB": right, "alpha": 0.7}
                    writer.write(
                        f"{label}_quantised", "QGemm",
                        [*inputs, c.astype(numpy.int32), f32(1.7), middle(rng, a.dtype)], domain=MICROSOFT,
                        **attributes)
                    writer.write(f"{label}_real", "QGemm", inputs, domain=MICROSOFT, **attributes)


def elementwise(writer, rng):
    for name, type in BYTES.items():
        for index, (a_shape, b_shape) in enumerate([([2, 3, 4], [2, 3, 4]), ([3, 1, 5], [4, 1]), ([], [7])]):
            for operator in ["QLinearAdd", "QLinearMul"]:
                a, b = draw(rng, type, a_shape), draw(rng, type, b_shape)
                # The second case has ties, with an odd zero point. ONNX Runtime refuses these operators without zero points.
                scales = [scale(rng), scale(rng), scale(rng)]
                if index == 1:
                    scales = [f32(0.5), f32(0.25), f32(2 if operator == "QLinearAdd" else 16)]
                points = [numpy.array(point, type) for point in (3, 101, 57)]
                writer.write(
                    f"{operator.lower()}_{index}_{name}", operator,
                    [a, scales[0], points[0], b, scales[1], points[1], scales[2], points[2]],
                    domain=MICROSOFT)
        x = numpy.arange(256).astype(numpy.uint8).view(type).reshape(16, 16)
        for operator, attributes in [
            ("QLinearSigmoid", {}), ("QLinearLeakyRelu", {}), ("QLinearLeakyRelu", {"alpha": 0.3}),
        ]:
            label = f"{operator.lower()}_{name}{'_alpha' * len(attributes)}"
            out = f32(1 / 256) if operator == "QLinearSigmoid" else scale(rng)
            writer.write(
                label, operator, [x, scale(rng), middle(rng, type), out, numpy.array(5, type)],
                domain=MICROSOFT, **attributes)
            writer.write(
                f"{label}_bare", operator, [x, scale(rng), None, out, None], domain=MICROSOFT, **attributes)
        for opset in [11, 13]:
            for axis in [0, 1, 2, -1]:
                x = draw(rng, type, [3, 4, 5])
                point = numpy.array(0 if type == numpy.uint8 else -128, type)
                # ONNX Runtime's result of I8 would leave the range with a divisor of 256.
                writer.write(
                    f"qlinear_softmax_{opset}_{axis % 4}_{name}", "QLinearSoftmax",
                    [x, scale(rng), middle(rng, type), f32(1 / 255), point], domain=MICROSOFT,
                    axis=axis, more={"opset": opset})
        for axis in [0, 1, -1]:
            shapes = [[2, 3, 4], [2, 3, 4], [2, 3, 4]]
            shapes[1][axis] = 5
            inputs = [scale(rng), middle(rng, type)]
            for shape in shapes:
                inputs += [draw(rng, type, shape), scale(rng), middle(rng, type)]
            writer.write(f"qlinear_concat_{axis % 3}_{name}", "QLinearConcat", inputs, domain=MICROSOFT, axis=axis)


def pools(writer, rng):
    kinds = [
        ("plain", [2, 3, 7, 6], {"kernel_shape": [3, 2]}),
        ("pads", [1, 3, 8, 5], {"kernel_shape": [3, 3], "pads": [1, 0, 2, 1], "strides": [2, 1]}),
        ("counted", [1, 2, 8, 5], {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1], "count_include_pad": 1}),
        ("ceiling", [1, 2, 8, 7], {"kernel_shape": [3, 3], "strides": [2, 2], "ceil_mode": 1}),
        ("same", [1, 2, 8, 7], {"kernel_shape": [3, 2], "strides": [2, 2], "auto_pad": "SAME_LOWER"}),
        ("line", [2, 3, 11], {"kernel_shape": [4], "strides": [3]}),
        ("volume", [1, 2, 4, 5, 6], {"kernel_shape": [2, 3, 2]}),
    ]
    for name, type in BYTES.items():
        for kind, shape, attributes in kinds:
            for last in [0, 1]:
                x = draw(rng, type, shape)
                x = numpy.ascontiguousarray(numpy.moveaxis(x, 1, -1)) if last else x
                inputs = [x, scale(rng), middle(rng, type), scale(rng), middle(rng, type)]
                label = f"{kind}_{name}{'_last' * last}"
                writer.write(
                    f"qlinear_average_pool_{label}", "QLinearAveragePool", inputs, domain=MICROSOFT,
                    channels_last=last, **attributes)
                writer.write(
                    f"qlinear_global_average_pool_{label}", "QLinearGlobalAveragePool", inputs,
                    domain=MICROSOFT, channels_last=last)
        # Means of two that lie in the middle between two numbers.
        x = draw(rng, type, [1, 1, 1, 64])
        writer.write(
            f"qlinear_average_pool_ties_{name}", "QLinearAveragePool",
            [x, f32(0.5), numpy.array(11, type), f32(0.5), numpy.array(8, type)], domain=MICROSOFT,
            kernel_shape=[1, 2])
        writer.write(
            f"qlinear_global_average_pool_ties_{name}", "QLinearGlobalAveragePool",
            [x.reshape(1, 32, 2), f32(0.5), numpy.array(11, type), f32(0.5), numpy.array(8, type)],
            domain=MICROSOFT)


def weights(writer, rng):
    for bits in [2, 4, 8]:
        for block, depth in [(16, 32), (32, 80), (128, 40)]:
            for type, label in [(f32, "f32"), (f16, "f16")]:
                blocks, columns = -(-depth // block), 5
                a = rng.standard_normal([2, 3, depth]).astype(type)
                b = draw(rng, numpy.uint8, [columns, blocks, block * bits // 8])
                scales = scale(rng, [columns, blocks], type)
                packed = draw(rng, numpy.uint8, [columns, -(-blocks * bits // 8)])
                bias = rng.standard_normal(columns).astype(type)
                attributes = {"K": depth, "N": columns, "bits": bits, "block_size": block}
                name = f"matmul_n_bits_{bits}_{block}_{label}"
                writer.write(name, "MatMulNBits", [a, b, scales], domain=MICROSOFT, **attributes)
                writer.write(
                    f"{name}_points", "MatMulNBits", [a, b, scales, packed, None, bias], domain=MICROSOFT,
                    **attributes)
                if bits == 4:
                    # Only with four bits can ONNX Runtime have real zero points and groups. With groups, it
                    # ignores packed zero points, and the groups must be those of whole blocks.
                    points = rng.uniform(0, 15, [columns, blocks]).astype(type)
                    groups = numpy.repeat(rng.permutation(blocks), block)[:depth].astype(numpy.int32)
                    writer.write(
                        f"{name}_real_points", "MatMulNBits", [a, b, scales, points], domain=MICROSOFT,
                        **attributes)
                    writer.write(
                        f"{name}_groups", "MatMulNBits", [a, b, scales, points, groups], domain=MICROSOFT,
                        **attributes)


def gathers(writer, rng):
    indices = numpy.array([[3, -1, 0], [2, 5, -6]], numpy.int64)
    for type, label in [(f32, "f32"), (f16, "f16")]:
        for bits in [2, 4, 8]:
            data = draw(rng, numpy.uint8, [6, 3, 80 * bits // 8])
            scales = scale(rng, [6, 3, 3], type)
            points = draw(rng, numpy.uint8, [6, 3, -(-3 * bits // 8)])
            attributes = {"bits": bits, "block_size": 32, "quantize_axis": -1, "gather_axis": 0}
            name = f"gather_block_quantized_{bits}_{label}"
            writer.write(
                name, "GatherBlockQuantized", [data, indices, scales], domain=MICROSOFT, **attributes)
            writer.write(
                f"{name}_points", "GatherBlockQuantized", [data, indices, scales, points],
                domain=MICROSOFT, **attributes)
        for kind in [ml_dtypes.int4, ml_dtypes.uint4]:
            for gather, quantise in [(0, 1), (1, 0), (0, 2), (2, 1), (1, 1), (0, 0)]:
                shape = [6, 6, 6]
                shape[quantise] = 40
                data = draw(rng, kind, shape)
                shape[quantise] = 3
                scales, points = scale(rng, shape, type), draw(rng, kind, shape)
                attributes = {"block_size": 16, "quantize_axis": quantise, "gather_axis": gather}
                name = f"gather_block_quantized_{numpy.dtype(kind).name}_{gather}{quantise}_{label}"
                writer.write(
                    name, "GatherBlockQuantized", [data, indices.astype(numpy.int32), scales, points],
                    domain=MICROSOFT, **attributes)
                writer.write(
                    f"{name}_bare", "GatherBlockQuantized", [data, indices[0], scales], domain=MICROSOFT,
                    **attributes)


def linear(writer, rng):
    special = numpy.array([numpy.nan, numpy.inf, -numpy.inf, 1e30, -1e30, 0.5, 1.5, 2.5, -0.5], f32)
    for name, type in [*BYTES.items(), ("u16", numpy.uint16), ("i16", numpy.int16)]:
        x = numpy.concatenate([special, rng.standard_normal(15).astype(f32) * 50]).reshape(4, 6)
        for domain, label in [("", "onnx"), (MICROSOFT, "microsoft")]:
            each = scale(rng, 6), draw(rng, type, 6)
            axis = {"axis": 1}
            writer.write(
                f"quantize_linear_{label}_{name}", "QuantizeLinear", [x, f32(1), numpy.array(3, type)],
                domain=domain)
            writer.write(
                f"quantize_linear_{label}_{name}_axis", "QuantizeLinear", [x, *each], domain=domain, **axis)
            q = draw(rng, type, [4, 6])
            writer.write(
                f"dequantize_linear_{label}_{name}", "DequantizeLinear", [q, scale(rng), middle(rng, type)],
                domain=domain)
            writer.write(
                f"dequantize_linear_{label}_{name}_axis", "DequantizeLinear", [q, *each], domain=domain,
                **axis)
        for axis in [0, 1, 2]:
            for kind, label in [(f32, "f32"), (f16, "f16")]:
                shape = [3, 3, 3]
                shape[axis] = 7
                x, q = (rng.standard_normal(shape) * 3).astype(kind), draw(rng, type, shape)
                shape[axis] = 3
                blocks = scale(rng, shape, kind), draw(rng, type, shape)
                writer.write(
                    f"quantize_linear_blocks_{axis}_{name}_{label}", "QuantizeLinear", [x, *blocks], axis=axis,
                    block_size=3)
                writer.write(
                    f"dequantize_linear_blocks_{axis}_{name}_{label}", "DequantizeLinear", [q, *blocks],
                    axis=axis, block_size=3)
    for kind in [ml_dtypes.int4, ml_dtypes.uint4]:
        q = draw(rng, kind, [3, 7])
        blocks = scale(rng, [3, 3]), draw(rng, kind, [3, 3])
        writer.write(
            f"dequantize_linear_{numpy.dtype(kind).name}", "DequantizeLinear", [q, *blocks], block_size=3)
    q = rng.integers(-(2**31), 2**31, [5, 4]).astype(numpy.int32)
    writer.write("dequantize_linear_i32", "DequantizeLinear", [q, scale(rng, 4)], axis=-1)
    for name, x in [
        ("positive", rng.uniform(1, 9, [3, 5])), ("negative", rng.uniform(-9, -1, [3, 5])),
        ("mixed", rng.standard_normal([2, 3, 4])), ("zeros", numpy.zeros([4])),
    ]:
        writer.write(
            f"dynamic_quantize_linear_{name}", "DynamicQuantizeLinear", [x.astype(f32)], opset=11, outputs=3)


def main(destination):
    writer = Writer(destination)
    for group in [convolutions, products, gemm, elementwise, pools, weights, gathers, linear]:
        group(writer, numpy.random.default_rng(SEED))
    print(f"{writer.count} cases")


main(sys.argv[1])
