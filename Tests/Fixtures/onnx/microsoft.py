"""Writes cases of ONNX Runtime's own operators with its outputs, in the layout of ONNX's test data.

usage: microsoft.py DESTINATION

The operators of `com.microsoft` for transformers, those that its optimisers write into saved models, and models that it
has optimised. Extents differ from each other; the inputs are seeded. ONNX Runtime defines no output for some rows of
buffers, so the cases with such rows lack these outputs. Compare cases that end in `_f16` element by element, because a
unit in the last place is large, and all others by the greatest element of a tensor, because ONNX Runtime sums in
binary32.
"""

import os
import sys
import tempfile

import numpy
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

SEED = 20260702
DOMAIN = "com.microsoft"
OPSETS = [helper.make_opsetid("", 21), helper.make_opsetid(DOMAIN, 1)]


class Random:
    """Numbers of one case."""

    def __init__(self, seed):
        self.rng = numpy.random.default_rng(seed)

    def floats(self, *shape, type=numpy.float32):
        return self.rng.standard_normal(shape).astype(type)

    def table(self, *shape, type=numpy.float32):
        """Cosines or sines."""
        return self.rng.uniform(-1, 1, shape).astype(type)

    def ints(self, low, high, *shape, type=numpy.int32):
        return self.rng.integers(low, high, shape).astype(type)

    def mask(self, *shape):
        """Zeros and ones; the first of each row is one."""
        mask = (self.rng.random(shape) > 0.4).astype(numpy.int32)
        mask[..., 0] = 1
        return mask


def i32(*numbers):
    return numpy.array(numbers, numpy.int32)


def elementwise():
    for name, inputs in [("Gelu", 1), ("QuickGelu", 1), ("FastGelu", 1), ("FastGelu", 2), ("BiasGelu", 2)]:
        for shape in [(2, 3, 5), (7,), (1, 4), (0, 3)]:
            r = Random(len(shape))
            # ONNX Runtime approximates the sigmoid, with fewer digits far from 0.
            x = r.floats(*shape) * (1 if name == "QuickGelu" else 3)
            yield name, [x, r.floats(shape[-1])][:inputs], {}, 1
    for alpha in [0.5, 1.0, -2.0]:
        yield "QuickGelu", [Random(1).floats(3, 5) * 3], {"alpha": alpha}, 1
    special = numpy.array([numpy.inf, -numpy.inf, numpy.nan, 0, 30, -30, 1e-30], numpy.float32)
    yield "QuickGelu", [special[3:]], {}, 1
    yield "Gelu", [special[3:]], {}, 1
    yield "FastGelu", [special[3:]], {}, 1


def products():
    r = Random(2)
    for name in ["FusedMatMul", "TransposeMatMul"]:
        for type in [numpy.float32, numpy.float64] if name == "FusedMatMul" else [numpy.float32]:
            for a, b in [((3, 4), (4, 5)), ((2, 3, 4), (4, 5)), ((2, 3, 4), (2, 4, 5)), ((2, 1, 3, 4), (6, 4, 5))]:
                for flip_a in [0, 1]:
                    for flip_b in [0, 1]:
                        left = (*a[:-2], a[-1], a[-2]) if flip_a else a
                        right = (*b[:-2], b[-1], b[-2]) if flip_b else b
                        attributes = {"transA": flip_a, "transB": flip_b, "alpha": 0.75}
                        yield name, [r.floats(*left, type=type), r.floats(*right, type=type)], attributes, 1
    for flip_a in [0, 1]:
        for flip_b in [0, 1]:
            for batch_a in [0, 1]:
                for batch_b in [0, 1]:
                    a = (4, 2, 3) if flip_a and batch_a else (3, 2, 4) if batch_a else (2, 4, 3) if flip_a else (2, 3, 4)
                    b = (5, 2, 4) if flip_b and batch_b else (4, 2, 5) if batch_b else (2, 5, 4) if flip_b else (2, 4, 5)
                    # With both flags, the last axis becomes the rows.
                    if flip_a and batch_a:
                        a = (4, 2, 3)
                    attributes = {"transA": flip_a, "transB": flip_b, "transBatchA": batch_a, "transBatchB": batch_b}
                    yield "FusedMatMul", [r.floats(*a), r.floats(*b)], attributes, 1
    yield "FusedMatMul", [r.floats(4), r.floats(4, 5)], {"alpha": 2.0}, 1
    yield "FusedMatMul", [r.floats(3, 4), r.floats(4)], {"alpha": 2.0}, 1
    yield "FusedMatMul", [r.floats(2, 0), r.floats(0, 3)], {}, 1
    activations = [
        ("Relu", {}), ("Tanh", {}), ("Sigmoid", {}), ("LeakyRelu", {"activation_alpha": 0.2}), ("Softplus", {}), ("Softsign", {}),
        ("HardSigmoid", {"activation_alpha": 0.3, "activation_beta": 0.4}), ("Elu", {"activation_alpha": 0.7}),
        ("ThresholdedRelu", {"activation_alpha": 0.6}),
    ]
    for name, parameters in activations:
        for flip in [0, 1]:
            a, b = r.floats(*((4, 3) if flip else (3, 4))), r.floats(*((5, 4) if flip else (4, 5)))
            attributes = {"activation": name, "transA": flip, "transB": flip, "alpha": 0.5, "beta": 2.0, **parameters}
            yield "FusedGemm", [a, b, r.floats(5)], attributes, 1
    yield "FusedGemm", [r.floats(3, 4), r.floats(4, 5)], {"activation": "Relu"}, 1
    for type in [numpy.float32, numpy.float64]:
        for shape in [(1, 1), (3, 3), (2, 4, 4), (2, 3, 5, 5)]:
            yield "Inverse", [r.floats(*shape, type=type)], {}, 1


def convolutions():
    r = Random(3)
    activations = [
        ("Relu", []), ("Tanh", []), ("Sigmoid", []), ("LeakyRelu", [0.2]), ("Clip", [-0.5, 0.75]), ("HardSigmoid", [0.3, 0.4]),
    ]
    for name, parameters in activations:
        for groups in [1, 2]:
            for has_sum in [False, True]:
                attributes = {"activation": name, "kernel_shape": [3, 2], "pads": [1, 0, 1, 1], "group": groups}
                if parameters:
                    attributes["activation_params"] = [float(p) for p in parameters]
                x, w, b = r.floats(2, 4, 7, 6), r.floats(6, 4 // groups, 3, 2), r.floats(6)
                inputs = [x, w, b, r.floats(2, 6, 7, 6)] if has_sum else [x, w, b]
                yield "FusedConv", inputs, attributes, 1
    yield "FusedConv", [r.floats(1, 3, 9), r.floats(4, 3, 3)], {"activation": "Relu", "strides": [2]}, 1


def normalisations():
    r = Random(4)
    types = [numpy.float32, numpy.float16]
    for type in types:
        for shape, skip in [((2, 3, 8), (2, 3, 8)), ((2, 3, 8), (1, 3, 8)), ((2, 3, 8), (3, 8)), ((5, 6), (5, 6))]:
            n = shape[-1]
            f = lambda *s: r.floats(*s, type=type)
            for outputs in [1, [1, 0, 0, 1]]:
                if len(shape) == 3 or len(skip) == 2:
                    yield "SkipLayerNormalization", [f(*shape), f(*skip), f(n), f(n), f(n)], {}, outputs
                    yield "SkipLayerNormalization", [f(*shape), f(*skip), f(n)], {"epsilon": 1e-3}, outputs
                yield "SkipSimplifiedLayerNormalization", [f(*shape), f(*skip), f(n), f(n)], {}, outputs
                yield "SkipSimplifiedLayerNormalization", [f(*shape), f(*skip), f(n)], {"epsilon": 1e-3}, outputs
        for activation in ["silu", "sigmoid"]:
            inputs = [f(2, 3, 8), f(4), f(2, 3, 8)]
            yield "GatedRMSNorm", inputs, {"activation": activation, "epsilon": 1e-3}, 1
        yield "GatedAdd", [f(2, 3, 8), f(2, 3, 8), f(2, 3, 1)], {}, 1
        yield "ScaledSiLU", [f(2, 3)], {"alpha": 0.5}, 1
        yield "ScaledSiLU", [f(2, 3), numpy.array(1.7, numpy.float32)], {}, 1
    for axis in [-1, 1, 2]:
        x = r.floats(2, 3, 5)
        scale = r.floats(*x.shape[axis:])
        yield "!SimplifiedLayerNormalization", [x, scale], {"axis": axis, "epsilon": 1e-4}, 2
        yield "!LayerNormalization", [x, scale, r.floats(*x.shape[axis:])], {"axis": axis, "epsilon": 1e-4}, 3
    yield "!SimplifiedLayerNormalization", [r.floats(4, 7, type=numpy.float64), r.floats(7, type=numpy.float64)], {}, 1
    ids, segments, places = r.ints(0, 11, 2, 5), r.ints(0, 3, 2, 5), r.ints(0, 9, 2, 5)
    word, position, segment, n = r.floats(11, 8), r.floats(9, 8), r.floats(3, 8), 8
    mask = i32([1, 1, 1, 0, 0], [1, 1, 1, 1, 1])
    plain = [ids, segments, word, position, segment, r.floats(n), r.floats(n)]
    yield "EmbedLayerNormalization", plain, {}, 2
    yield "EmbedLayerNormalization", [*plain, mask], {"epsilon": 1e-4}, 2
    yield "EmbedLayerNormalization", [*plain, mask, places], {}, 3
    yield "EmbedLayerNormalization", [*plain, None, places[:1]], {}, 3
    yield "EmbedLayerNormalization", [ids, None, word, position, None, r.floats(n), r.floats(n)], {}, 2


def rotations():
    r = Random(5)
    for type in [numpy.float32, numpy.float16]:
        f = lambda *s: r.table(*s, type=type)
        for interleaved in [0, 1]:
            for places in [r.ints(0, 9, 2, 5, type=numpy.int64), numpy.array([3], numpy.int64)]:
                attributes = {"interleaved": interleaved}
                yield "RotaryEmbedding", [f(2, 3, 5, 8), places, f(9, 4), f(9, 4)], attributes, 1
                yield "RotaryEmbedding", [f(2, 5, 24), places, f(9, 4), f(9, 4)], attributes, 1
                yield "RotaryEmbedding", [f(2, 5, 24), places, f(9, 4), f(9, 4)], {"num_heads": 3, **attributes}, 1
                partial = {"num_heads": 3, "rotary_embedding_dim": 4, **attributes}
                yield "RotaryEmbedding", [f(2, 5, 24), places, f(9, 2), f(9, 2)], partial, 1
                yield "RotaryEmbedding", [f(2, 3, 5, 8), places, f(9, 2), f(9, 2)], partial, 1


def attentions():
    r = Random(6)
    (b, s, inner, h, d, p) = (2, 3, 7, 2, 4, 5)
    for bias in [False, True]:
        for causal in [0, 1]:
            for past in [0, p]:
                t = past + s
                masks = [
                    None, i32(t - 1, t - 2), i32(t, t - 1, 1, 0), i32(t, t - 1, 0, 1, 2, 0, 3, 6), r.mask(b, t), r.mask(b, s, t),
                    numpy.zeros((b, 1), numpy.int32),
                ]
                for mask in masks:
                    attributes = {"num_heads": h, "unidirectional": causal}
                    inputs = [r.floats(b, s, inner), r.floats(inner, 3 * h * d)]
                    inputs += [r.floats(3 * h * d) if bias else None, mask, r.floats(2, b, h, past, d) if past else None]
                    if bias and not past:
                        inputs.append(r.floats(*[(1, h), (b, 1), (b, h), (1, 1)][len(masks) % 4], s, t))
                    yield "Attention", inputs, attributes, 2 if past or bias else 1
    for attributes in [{"scale": 0.3}, {"mask_filter_value": -3.0}, {"qkv_hidden_sizes": [8, 8, 12]}]:
        columns = sum(attributes.get("qkv_hidden_sizes", [24]))
        inputs = [r.floats(b, s, inner), r.floats(inner, columns), r.floats(columns), i32(2, 3)]
        yield "Attention", inputs, {"num_heads": h, **attributes}, 1


def heads():
    r = Random(7)
    (b, s, l, h, d, e, p) = (2, 3, 5, 2, 4, 6, 4)
    masks = lambda t: [
        None, i32(t - 1, t - 2), i32(t - 1, t - 2, 0, 2, 5, 0, 3, 6), r.mask(b, t), r.mask(b, s, t),
    ]
    for mask in masks(l):
        for bias in [None, r.floats(2 * h * d + h * e)]:
            for added in [None, r.floats(1, h, s, l), r.floats(b, 1, s, l)]:
                inputs = [r.floats(b, s, h * d), r.floats(b, l, h * d), r.floats(b, l, h * e), bias, mask, added]
                yield "MultiHeadAttention", inputs, {"num_heads": h}, 1
    for mask in masks(p + s):
        for causal in [0, 1]:
            for bias in [None, r.floats(3 * h * d)]:
                inputs = [r.floats(b, s, h * d), r.floats(b, s, h * d), r.floats(b, s, h * d), bias, mask]
                inputs += [r.floats(b, h, s, p + s) if causal else None, r.floats(b, h, p, d), r.floats(b, h, p, d)]
                yield "MultiHeadAttention", inputs, {"num_heads": h, "unidirectional": causal}, 4
    for bias in [None, r.floats(3 * h * d)]:
        inputs = [r.floats(b, s, h * d), r.floats(b, h, l, d), r.floats(b, h, l, d), bias]
        yield "MultiHeadAttention", inputs, {"num_heads": h, "scale": 0.4}, 1
    inputs = [r.floats(b, s, h * d), r.floats(b, l, h * d), r.floats(b, l, h * d)]
    yield "MultiHeadAttention", inputs, {"num_heads": h}, 3
    inputs = [r.floats(b, 1, h * d) for _ in range(3)] + [None, None, None, r.floats(b, h, 8, d), r.floats(b, h, 8, d), i32(3)]
    yield "MultiHeadAttention", inputs, {"num_heads": h}, 3


def groups():
    r = Random(8)
    (b, s, h, g, d, c) = (2, 4, 4, 2, 16, 7)
    for type in [numpy.float32, numpy.float16]:
        f = lambda *shape: r.floats(*shape, type=type)
        tables = [r.table(20, d // 2, type=type), r.table(20, d // 2, type=type)]
        options = [
            {}, {"local_window_size": 2}, {"softcap": 0.7}, {"smooth_softmax": 1}, {"scale": 0.3}, {"causal": 0},
            {"do_rotary": 1}, {"do_rotary": 1, "rotary_interleaved": 1}, {"local_window_size": 1, "softcap": 2.0},
        ]
        for attributes in options:
            attributes = {"num_heads": h, "kv_num_heads": g, **attributes}
            extra = tables if "do_rotary" in attributes else [None, None]
            q, k, v = f(b, s, h * d), f(b, s, g * d), f(b, s, g * d)
            # A first prompt, alone and packed, then with rows that are not used.
            lengths, total = i32(s - 1, s - 1), i32(s)
            yield "GroupQueryAttention", [q, k, v, None, None, lengths, total, *extra], attributes, 3
            packed = numpy.concatenate([q, k, v], -1)
            yield "GroupQueryAttention", [packed, *[None] * 4, lengths, total, *extra], attributes, 3
            # Decoding with a cache that grows, one with room, and one with samples of other lengths.
            new, old = [f(b, 1, n * d) for n in (h, g, g)], [f(b, g, c, d), f(b, g, c, d)]
            yield "GroupQueryAttention", [*new, *old, i32(c, c), i32(c + 1), *extra], attributes, 3
            yield "GroupQueryAttention", [*new, *old, i32(c - 1, c - 4), i32(c), *extra], attributes, 3
            # Several positions after a cache.
            part = [f(1, s, n * d) for n in (h, g, g)]
            old = [f(1, g, c, d), f(1, g, c, d)]
            yield "GroupQueryAttention", [*part, *old, i32(c + s - 1), i32(c + s), *extra], attributes, 3
        attributes = {"num_heads": h, "kv_num_heads": g}
        lengths, total = i32(s - 1, s - 1), i32(s)
        prompt = [f(b, s, h * d), f(b, s, g * d), f(b, s, g * d), None, None, lengths, total]
        for added in [f(1, 1, s, s), f(b, h, s, s), f(1, h, s, s)]:
            yield "GroupQueryAttention", [*prompt, None, None, None, added], attributes, 3
            yield "GroupQueryAttention", [*prompt, None, None, None, added], {"softcap": 0.5, **attributes}, 3
        yield "GroupQueryAttention", [*prompt, None, None, None, None, f(h)], attributes, 3
        yield "GroupQueryAttention", [*prompt, None, None, None, f(b, 1, s, s), f(h)], {"local_window_size": 2, **attributes}, 3
        for mode in [1, 2]:
            for more in [{}, {"softcap": 0.5, "local_window_size": 2}, {"smooth_softmax": 1}]:
                yield "GroupQueryAttention", prompt, {"qk_output": mode, **attributes, **more}, 4
                with_bias = [*prompt, None, None, None, f(b, 1, s, s)]
                yield "GroupQueryAttention", with_bias, {"qk_output": mode, **attributes, **more}, 4
        rotary = {"do_rotary": 1, **attributes}
        places = r.ints(0, 20, b, s, type=numpy.int64)
        yield "GroupQueryAttention", [*prompt, *tables, places], rotary, 3
        new, old = [f(b, 1, n * d) for n in (h, g, g)], [f(b, g, c, d), f(b, g, c, d)]
        yield "GroupQueryAttention", [*new, *old, i32(c, c), i32(c + 1), *tables, places[:, :1]], rotary, 3
        # Chunks of which only some positions are used; the samples' own attention is compared in the last one.
        part, old = [f(b, s, n * d) for n in (h, g, g)], [f(b, g, 2 * c, d), f(b, g, 2 * c, d)]
        chunk = [*part, *old, i32(c, c + 1), i32(2 * c), *[None] * 9, i32(s, s)]
        yield "GroupQueryAttention", chunk, attributes, 3
        # Half of each vector is turned.
        prompt[:3] = f(b, s, h * 2 * d), f(b, s, g * 2 * d), f(b, s, g * 2 * d)
        yield "GroupQueryAttention", [*prompt, *tables], rotary, 3


def recurrences():
    r = Random(9)
    (b, t, d, e) = (2, 5, 4, 6)
    for rule in ["linear", "gated", "delta", "gated_delta"]:
        for h, g in [(2, 2), (4, 2), (3, 1), (1, 3)]:
            for past in [False, True]:
                for wide in [False, True]:
                    decay = r.floats(b, t, g * (d if wide else 1)) * 0.2 if "gated" in rule else None
                    rate = r.table(b, t, 1 if wide else g) if "delta" in rule else None
                    state = r.floats(b, g, d, e) if past else None
                    inputs = [r.floats(b, t, h * d), r.floats(b, t, g * d) * 0.5, r.floats(b, t, g * e), state, decay, rate]
                    attributes = {"q_num_heads": h, "kv_num_heads": g, "update_rule": rule}
                    yield "LinearAttention", inputs, attributes if past else {"scale": 0.4, **attributes}, 2
    for dilation in [1, 2, 3]:
        for activation in ["none", "silu"]:
            for k in [1, 4]:
                state = r.floats(b, 3, (k - 1) * dilation) if activation == "silu" and k > 1 else None
                inputs = [r.floats(b, 3, 5), r.floats(3, 1, k), r.floats(3), state]
                yield "CausalConvWithState", inputs, {"activation": activation, "dilation": dilation}, 2


def copies():
    """Operators that ONNX has now, too."""
    r = Random(10)
    for upper in [0, 1]:
        for k in [None, numpy.array(1, numpy.int64), numpy.array(-2, numpy.int64)]:
            yield "Trilu", [r.floats(2, 3, 4), k], {"upper": upper}, 1
    for type in [numpy.int32, numpy.int64, numpy.float32, numpy.float64, numpy.int16]:
        yield "Range", [numpy.array(n, type) for n in (2, 9, 3)], {}, 1
        yield "Range", [numpy.array(n, type) for n in (2, 6)], {}, 1
    yield "Range", [numpy.array(n, numpy.int64) for n in (9, 2, -3)], {}, 1
    for mode in ["constant", "reflect", "edge"]:
        for pads in [numpy.array([1, 2, 0, 1]), numpy.array([[0, 2, 1, 1]])]:
            yield "Pad", [r.floats(3, 4), pads], {"mode": mode}, 1
    yield "Pad", [r.floats(3, 4), numpy.array([1, 2, 0, -1]), r.floats(1)], {}, 1
    for type in [numpy.int32, numpy.int64]:
        yield "GatherND", [r.floats(3, 4, 5), numpy.array([[[0, 1], [2, 3]]], type)], {}, 1
        yield "GatherND", [r.ints(0, 99, 3, 4), numpy.array([[0], [2]], type)], {}, 1
    for axis in [0, 1, 2, -1, -3]:
        yield "ExpandDims", [r.floats(3, 4), i32(axis).reshape(())], {}, 1
    for type in [numpy.float32, numpy.float64]:
        for metric in ["sqeuclidean", "euclidean"]:
            yield "CDist", [r.floats(3, 5, type=type), r.floats(4, 5, type=type)], {"metric": metric}, 1


def single(name, inputs, attributes, outputs, seed):
    """A model of one node; `outputs`: a number, or whether each output is wanted."""
    domain = "" if name.startswith("!") else DOMAIN
    flags = [1] * outputs if isinstance(outputs, int) else outputs
    names = ["" if x is None else f"x{i}" for i, x in enumerate(inputs)]
    results = [f"y{i}" if flag else "" for i, flag in enumerate(flags)]
    while names and not names[-1]:
        names.pop()
    node = helper.make_node(name.removeprefix("!"), names, results, domain=domain, **attributes)
    given = {n: x for n, x in zip(names, inputs) if n}
    infos = [
        helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(x.dtype), x.shape) for n, x in given.items()
    ]
    makes = [onnx.ValueInfoProto(name=n) for n in results if n]
    if results[3:]:
        # Its type is not inferred.
        makes[-1] = helper.make_tensor_value_info(results[3], infos[0].type.tensor_type.elem_type, None)
    graph = helper.make_graph([node], name, infos, makes)
    opsets = [helper.make_opsetid("", 12 if domain == "" else 21), OPSETS[1]]
    return helper.make_model(graph, opset_imports=opsets, ir_version=10), given


def optimised():
    """Models of ONNX's operators and the names of operators that ONNX Runtime makes of them."""
    r = Random(9)
    (b, s, n, m) = (2, 5, 8, 12)

    def model(nodes, weights, x, out="y"):
        initializers = [numpy_helper.from_array(numpy.asarray(w, None), k) for k, w in weights.items()]
        infos = [helper.make_tensor_value_info("x", helper.np_dtype_to_tensor_dtype(x.dtype), x.shape)]
        graph = helper.make_graph(nodes, "optimised", infos, [onnx.ValueInfoProto(name=out)], initializers)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=8), {"x": x}

    node = helper.make_node
    f32 = lambda value: numpy.array(value, numpy.float32)
    x = r.floats(b, s, n)
    gelu = [
        node("MatMul", ["x", "w"], ["p"]), node("Add", ["p", "b"], ["h"]), node("Div", ["h", "root"], ["d"]),
        node("Erf", ["d"], ["e"]), node("Add", ["e", "one"], ["f"]), node("Mul", ["h", "f"], ["g"]), node("Mul", ["g", "half"], ["y"]),
    ]
    numbers = {"w": r.floats(n, m), "b": r.floats(m), "root": f32(2**0.5), "one": f32(1), "half": f32(0.5)}
    yield "Gelu", *model(gelu, numbers, x)
    norm = [
        node("Add", ["x", "k"], ["s0"]), node("ReduceMean", ["s0"], ["mean"], axes=[-1]), node("Sub", ["s0", "mean"], ["c"]),
        node("Pow", ["c", "two"], ["q"]), node("ReduceMean", ["q"], ["var"], axes=[-1]), node("Add", ["var", "eps"], ["v"]),
        node("Sqrt", ["v"], ["dev"]), node("Div", ["c", "dev"], ["z"]), node("Mul", ["z", "gamma"], ["zg"]), node("Add", ["zg", "beta"], ["y"]),
    ]
    numbers = {"k": r.floats(b, s, n), "two": f32(2), "eps": f32(1e-5), "gamma": r.floats(n), "beta": r.floats(n)}
    yield "SkipLayerNormalization", *model(norm, numbers, x)
    simple = [
        node("Pow", ["x", "two"], ["q"]), node("ReduceMean", ["q"], ["var"], axes=[-1]), node("Add", ["var", "eps"], ["v"]),
        node("Sqrt", ["v"], ["dev"]), node("Div", ["x", "dev"], ["z"]), node("Mul", ["z", "gamma"], ["y"]),
    ]
    yield "SimplifiedLayerNormalization", *model(simple, {k: numbers[k] for k in ["two", "eps", "gamma"]}, x)
    conv = [node("Conv", ["x", "w", "b"], ["c"], pads=[1, 1, 1, 1]), node("Relu", ["c"], ["y"])]
    yield "FusedConv", *model(conv, {"w": r.floats(6, 3, 3, 3), "b": r.floats(6)}, r.floats(b, 3, 7, 6))
    gemm = [node("Gemm", ["x", "w", "b"], ["g"]), node("LeakyRelu", ["g"], ["y"], alpha=0.1)]
    yield "FusedGemm", *model(gemm, {"w": r.floats(n, m), "b": r.floats(m)}, r.floats(b, n))
    product = [
        node("Transpose", ["x"], ["t"], perm=[0, 2, 1]), node("MatMul", ["t", "x"], ["p"]), node("Mul", ["p", "half"], ["y"]),
    ]
    yield "FusedMatMul", *model(product, {"half": f32(0.5)}, x)
    quick = [node("Mul", ["x", "alpha"], ["a"]), node("Sigmoid", ["a"], ["g"]), node("Mul", ["x", "g"], ["y"])]
    yield "QuickGelu", *model(quick, {"alpha": f32(1.702)}, x)


def run(model, inputs, level, path=None):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = level
    options.log_severity_level = 3
    if path:
        options.optimized_model_filepath = path
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return session.run(None, inputs)


def write(folder, model, inputs, outputs):
    data = os.path.join(folder, "test_data_set_0")
    os.makedirs(data, exist_ok=True)
    for output, value in zip(model.graph.output, outputs):
        output.CopyFrom(
            helper.make_tensor_value_info(output.name, helper.np_dtype_to_tensor_dtype(value.dtype), value.shape)
        )
    onnx.save(model, os.path.join(folder, "model.onnx"))
    for kind, values in [("input", inputs.values()), ("output", outputs)]:
        for index, value in enumerate(values):
            with open(os.path.join(data, f"{kind}_{index}.pb"), "wb") as file:
                file.write(numpy_helper.from_array(value).SerializeToString())


def main(destination):
    plain = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    extended = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    count = 0
    sources = [
        elementwise, products, convolutions, normalisations, rotations, attentions, heads, groups, recurrences, copies,
    ]
    for source in sources:
        for number, (name, inputs, attributes, outputs) in enumerate(source()):
            model, given = single(name, inputs, attributes, outputs, SEED + number)
            half = "_f16" if any(x.dtype == numpy.float16 for x in given.values()) else ""
            folder = f"microsoft_{name.removeprefix('!')}_{number:03}{half}"
            write(os.path.join(destination, folder), model, given, run(model, given, plain))
            count += 1
    with tempfile.TemporaryDirectory() as folder:
        for name, model, given in optimised():
            path = os.path.join(folder, "model.onnx")
            outputs = run(model, given, extended, path)
            made = onnx.load(path)
            operators = [node.op_type for node in made.graph.node]
            if name not in operators:
                sys.exit(f"ONNX Runtime makes {operators}, without {name}")
            write(os.path.join(destination, f"microsoft_optimised_{name}"), made, given, outputs)
            count += 1
    print(f"{count} cases")


if __name__ == "__main__":
    main(sys.argv[1])
