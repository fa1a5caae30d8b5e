"""Networks for the planner, made with seeded weights: a wide residual network with padded shortcuts as the paper builds
it, a small transformer, a recurrent network, and the light architectures of the `onnx` wheel.

Each function gives an onnx.ModelProto and the shape of its input.
"""

import glob
import os
import sys

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "onnx"))
from seeding import nodes_and_weights


class Builder:
    """Collects nodes and weights."""

    def __init__(self, seed):
        self.rng = numpy.random.default_rng(seed)
        self.nodes, self.weights = [], []

    def weight(self, name, shape, scale=None, low=None):
        if low is not None:
            value = self.rng.uniform(low, low + 0.4, shape)
        else:
            value = self.rng.standard_normal(shape) * (scale if scale else numpy.sqrt(2 / max(1, numpy.prod(shape[1:]))))
        self.weights.append(numpy_helper.from_array(value.astype(numpy.float32), name))
        return name

    def ints(self, name, values):
        self.weights.append(numpy_helper.from_array(numpy.array(values, numpy.int64), name))
        return name

    def node(self, operation, inputs, name, **attributes):
        self.nodes.append(helper.make_node(operation, inputs, [name], name=name, **attributes))
        return name

    def conv(self, x, name, outputs, inputs, kernel=3, stride=1, bias=False, group=1):
        names = [x, self.weight(f"{name}.weight", (outputs, inputs // group, kernel, kernel))]
        if bias:
            names.append(self.weight(f"{name}.bias", (outputs,), 0.1))
        return self.node(
            "Conv", names, f"{name}.out", kernel_shape=[kernel] * 2, strides=[stride] * 2, pads=[kernel // 2] * 4,
            group=group)

    def norm(self, x, name, channels):
        names = [x] + [
            self.weight(f"{name}.weight", (channels,), low=0.8), self.weight(f"{name}.bias", (channels,), 0.1),
            self.weight(f"{name}.running_mean", (channels,), 0.1),
            self.weight(f"{name}.running_var", (channels,), low=0.8)]
        return self.node("BatchNormalization", names, f"{name}.out")

    def relu(self, x):
        return self.node("Relu", [x], f"{x}.relu")

    def model(self, inputs, outputs, opset=17):
        graph = helper.make_graph(
            self.nodes, "network",
            [helper.make_tensor_value_info(n, t, s) for n, t, s in inputs],
            [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in outputs], self.weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
        onnx.checker.check_model(model)
        return model


def wrn(widths=(8, 16, 32), blocks=2, stem=8, concat=False):
    """A wide residual network: 3 × 3 stem, shortcuts of average pooling and zero padding, two heads."""
    b = Builder(3)
    x = b.conv("images", "stem", stem, 3)
    width = stem
    for stage, wide in enumerate(widths, 1):
        for block in range(blocks):
            name = f"stage{stage}.{block}"
            stride = 2 if block == 0 and stage > 1 else 1
            y = b.relu(b.norm(x, f"{name}.bn1", width))
            y = b.conv(y, f"{name}.conv1", wide, width, stride=stride)
            y = b.relu(b.norm(y, f"{name}.bn2", wide))
            y = b.conv(y, f"{name}.conv2", wide, wide)
            if stride == 2:
                x = b.node("AveragePool", [x], f"{name}.pool", kernel_shape=[2, 2], strides=[2, 2])
            if wide != width:
                if concat:
                    size = 16 // 2 ** (stage - 1)
                    zeros = numpy_helper.from_array(numpy.zeros((1, wide - width, size, size), numpy.float32), f"{name}.zeros")
                    b.weights.append(zeros)
                    x = b.node("Concat", [x, f"{name}.zeros"], f"{name}.pad", axis=1)
                else:
                    extra = wide - width
                    pads = b.ints(f"{name}.pads", [0, extra // 2, 0, 0, 0, extra - extra // 2, 0, 0])
                    x = b.node("Pad", [x, pads], f"{name}.pad")
            x = b.node("Add", [x, y], f"{name}.add")
            width = wide
    x = b.relu(b.norm(x, "last.bn", width))
    x = b.node("Flatten", [b.node("GlobalAveragePool", [x], "pool")], "flat")
    for head, classes in (("fine", 10), ("coarse", 4)):
        b.node("Gemm", [x, b.weight(f"head.{head}.weight", (classes, width)), b.weight(f"head.{head}.bias", (classes,), 0.1)],
               head, transB=1)
    return b.model([("images", TensorProto.FLOAT, [1 if concat else "N", 3, 16, 16])], [("fine", ["N", 10]), ("coarse", ["N", 4])]), (1 if concat else 2, 3, 16, 16)


def transformer(layers=2, width=48, heads=8, groups=4, head=6, hidden=40, vocabulary=50, length=9):
    """A decoder with grouped-query attention in one fused projection, RMS norm by hand, and tied embeddings."""
    b = Builder(5)
    table = b.weight("embedding.weight", (vocabulary, width), 0.3)
    x = b.node("Gather", [table, "tokens"], "embedded")
    repeat = heads // groups
    two = b.ints("axis2", [2])
    for layer in range(layers):
        p = f"layer{layer}"

        def norm(x, name):
            square = b.node("Mul", [x, x], f"{name}.square")
            mean = b.node("ReduceMean", [square], f"{name}.mean", axes=[-1])
            eps = numpy_helper.from_array(numpy.float32(1e-5).reshape(()), f"{name}.eps")
            b.weights.append(eps)
            root = b.node("Sqrt", [b.node("Add", [mean, f"{name}.eps"], f"{name}.shifted")], f"{name}.root")
            return b.node("Mul", [b.node("Div", [x, root], f"{name}.divided"), b.weight(f"{name}.weight", (width,), low=0.8)], f"{name}.out")

        y = norm(x, f"{p}.norm1")
        fused = b.node("MatMul", [y, b.weight(f"{p}.qkv.weight", (width, (heads + 2 * groups) * head), 0.2)], f"{p}.qkv.product")
        fused = b.node("Add", [fused, b.weight(f"{p}.qkv.bias", ((heads + 2 * groups) * head,), 0.1)], f"{p}.qkv")
        sizes = b.ints(f"{p}.sizes", [heads * head, groups * head, groups * head])
        b.nodes.append(helper.make_node("Split", [fused, sizes], [f"{p}.q", f"{p}.k", f"{p}.v"], name=f"{p}.split", axis=-1))
        q = b.node("Reshape", [f"{p}.q", b.ints(f"{p}.qshape", [0, 0, heads, head])], f"{p}.q4")
        q = b.node("Transpose", [q], f"{p}.qt", perm=[0, 2, 1, 3])
        several = []
        for one in "kv":
            t = b.node("Reshape", [f"{p}.{one}", b.ints(f"{p}.{one}shape", [0, 0, groups, head])], f"{p}.{one}4")
            t = b.node("Transpose", [t], f"{p}.{one}t", perm=[0, 2, 1, 3])
            t = b.node("Unsqueeze", [t, two], f"{p}.{one}5")
            t = b.node("Expand", [t, b.ints(f"{p}.{one}expand", [1, 1, repeat, 1, 1])], f"{p}.{one}e")
            several.append(b.node("Reshape", [t, b.ints(f"{p}.{one}back", [0, heads, -1, head])], f"{p}.{one}r"))
        k, v = several
        scores = b.node("MatMul", [q, b.node("Transpose", [k], f"{p}.kT", perm=[0, 1, 3, 2])], f"{p}.scores")
        weights = b.node("Softmax", [scores], f"{p}.softmax", axis=-1)
        a = b.node("Transpose", [b.node("MatMul", [weights, v], f"{p}.mixed")], f"{p}.at", perm=[0, 2, 1, 3])
        a = b.node("Reshape", [a, b.ints(f"{p}.ashape", [0, 0, heads * head])], f"{p}.a")
        a = b.node("MatMul", [a, b.weight(f"{p}.out.weight", (heads * head, width), 0.2)], f"{p}.attention")
        x = b.node("Add", [x, a], f"{p}.add1")
        y = norm(x, f"{p}.norm2")
        gate = b.node("MatMul", [y, b.weight(f"{p}.gate.weight", (width, hidden), 0.2)], f"{p}.gate")
        up = b.node("MatMul", [y, b.weight(f"{p}.up.weight", (width, hidden), 0.2)], f"{p}.up")
        silu = b.node("Mul", [gate, b.node("Sigmoid", [gate], f"{p}.sigmoid")], f"{p}.silu")
        y = b.node("MatMul", [b.node("Mul", [silu, up], f"{p}.gated"), b.weight(f"{p}.down.weight", (hidden, width), 0.2)], f"{p}.ffn")
        x = b.node("Add", [x, y], f"{p}.add2")
    b.node("MatMul", [x, b.node("Transpose", [table], "unembedding", perm=[1, 0])], "logits")
    return b.model([("tokens", TensorProto.INT64, ["N", length])], [("logits", ["N", length, vocabulary])]), (2, length)


def recurrent(hidden=10, inputs=7, length=5):
    """An embedding by a product, an LSTM, a GRU in both directions, and a head over the last step."""
    b = Builder(7)
    x = b.node("MatMul", ["x", b.weight("in.weight", (inputs, 8), 0.4)], "projected")
    x = b.node("MatMul", [b.node("Tanh", [x], "tanh"), b.weight("in2.weight", (8, 9), 0.4)], "projected2")
    names = [x, b.weight("lstm.w", (1, 4 * hidden, 9), 0.4), b.weight("lstm.r", (1, 4 * hidden, hidden), 0.4), b.weight("lstm.b", (1, 8 * hidden), 0.2)]
    x = b.node("LSTM", names, "lstm", hidden_size=hidden)
    x = b.node("Squeeze", [x, b.ints("axis1", [1])], "squeezed")
    names = [x, b.weight("gru.w", (2, 3 * 6, hidden), 0.4), b.weight("gru.r", (2, 3 * 6, 6), 0.4), b.weight("gru.b", (2, 36), 0.2)]
    x = b.node("GRU", names, "gru", hidden_size=6, direction="bidirectional")
    x = b.node("Transpose", [x], "turned", perm=[0, 2, 1, 3])
    x = b.node("Reshape", [x, b.ints("flatshape", [0, 0, 12])], "flat")
    b.node("MatMul", [x, b.weight("head.weight", (12, 5), 0.4)], "y")
    return b.model([("x", TensorProto.FLOAT, [length, 3, inputs])], [("y", [length, 3, 5])]), (length, 3, inputs)


def mixed():
    """Grouped and transposed convolutions, a shuffle, concat, split, and a flatten."""
    b = Builder(9)
    x = b.relu(b.conv("x", "first", 12, 3, bias=True))
    a = b.relu(b.conv(x, "a", 24, 12, bias=True, group=3))
    a = b.node("Reshape", [a, b.ints("to5", [0, 3, 8, 8, 8])], "a5")
    a = b.node("Reshape", [b.node("Transpose", [a], "at", perm=[0, 2, 1, 3, 4]), b.ints("to4", [0, 24, 8, 8])], "shuffled")
    a = b.relu(b.conv(a, "depthwise", 24, 24, group=24, bias=True))
    a = b.node("Sigmoid", [b.conv(a, "c", 10, 24, 1, bias=True)], "sigmoid")
    d = b.relu(b.conv(x, "d", 16, 12, bias=True))
    b.nodes.append(helper.make_node("Split", [d, b.ints("parts", [7, 9])], ["d1", "d2"], name="split", axis=1))
    e = b.node("Concat", [a, "d2", b.relu(b.conv("d1", "e", 11, 7, 1, bias=True))], "concat", axis=1)
    e = b.node("ConvTranspose", [e, b.weight("up.weight", (30, 6, 2, 2), 0.2), b.weight("up.bias", (6,), 0.1)], "up", strides=[2, 2])
    e = b.node("MaxPool", [e], "pooled", kernel_shape=[2, 2], strides=[2, 2])
    e = b.node("Reshape", [e, b.ints("flat", [0, -1])], "flattened")
    e = b.relu(b.node("Gemm", [e, b.weight("fc1.weight", (20, 384), 0.1), b.weight("fc1.bias", (20,), 0.1)], "fc1", transB=1))
    b.node("Gemm", [e, b.weight("fc2.weight", (20, 5), 0.3), b.weight("fc2.bias", (5,), 0.1)], "y")
    return b.model([("x", TensorProto.FLOAT, ["N", 3, 8, 8])], [("y", ["N", 5])]), (2, 3, 8, 8)


def light(name):
    """A light architecture, seeded."""
    import onnx.backend.test

    data = os.path.join(os.path.dirname(onnx.backend.test.__file__), "data", "light")
    return seeded(onnx.load(os.path.join(data, f"light_{name}.onnx")), numpy.random.default_rng(11)), (1, 3, 224, 224)


LIGHT = ["bvlc_alexnet", "densenet121", "inception_v1", "inception_v2", "resnet50", "shufflenet", "squeezenet", "vgg19", "zfnet512"]
MADE = {
    "wrn": wrn, "wrn-concat": lambda: wrn(concat=True), "transformer": transformer, "recurrent": recurrent, "mixed": mixed,
}
OCR = {
    "det": ("ch_PP-OCRv4_det_infer", (1, 3, 64, 96)), "rec": ("ch_PP-OCRv4_rec_infer", (1, 3, 48, 64)),
    "cls": ("ch_ppocr_mobile_v2.0_cls_infer", (1, 3, 48, 96)),
}


def make(name):
    """A model by its name, and the shape of its input."""
    if name in MADE:
        return MADE[name]()
    if name in OCR:
        import importlib.util

        file, shape = OCR[name]
        (folder,) = importlib.util.find_spec("rapidocr_onnxruntime").submodule_search_locations
        model = onnx.load(os.path.join(folder, "models", f"{file}.onnx"))
        while model.graph.node[-1].op_type in ("Sigmoid", "Softmax", "Identity"):
            # Noise is no text: probabilities are all but zero or one, and hide what logits show.
            model.graph.output[0].name = model.graph.node.pop().input[0]
        return model, shape
    return light(name)


def seeded(model, rng):
    """The model with an initializer for each ConstantOfShape."""
    graph = model.graph
    shapes = {t.name for t in graph.initializer}
    nodes, weights = nodes_and_weights(model, rng)
    # A softmax of random logits is 1 for one class and hides every other: the logits are compared.
    if nodes[-1].op_type == "Softmax":
        graph.output[0].name = nodes.pop().input[0]
    used = {name for node in nodes for name in node.input}
    kept = [t for t in graph.initializer if t.name in used]
    del graph.node[:], graph.initializer[:]
    graph.node.extend(nodes)
    graph.initializer.extend(kept + weights)
    inputs = [value for value in graph.input if value.name not in shapes]
    del graph.input[:]
    graph.input.extend(inputs)
    # From IR version 4 on an initializer need not be an input.
    model.ir_version = 4
    return model
