"""Networks with seeded weights for `run` and ONNX Runtime: `python networks.py NAME MODEL INPUT [--quick]`.

Weights are normal numbers of He's scale; the graph has batch normalisation, so that both sides may fuse it. Inputs are
normal numbers; those of encoders are tokens and a mask, so their file is an npz.
"""

import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


class Network:
    """A sequence of nodes; each method takes the name of a value and returns that of the next."""

    def __init__(self, size):
        self.size, self.nodes, self.weights = size, [], []
        self.generator = np.random.default_rng(7)

    def held(self, array, kind=np.float32):
        """A tensor of the model."""
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.asarray(array, kind), name))
        return name

    def node(self, operator, inputs, **attributes):
        name = f"{operator.lower()}{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [name], name=name, **attributes))
        return name

    def convolution(self, x, channels, outputs, kernel, stride=1, groups=1):
        """Convolution and batch normalisation."""
        fan_in = channels // groups * kernel * kernel
        weights = self.generator.standard_normal((outputs, channels // groups, kernel, kernel)) * np.sqrt(2 / fan_in)
        x = self.node(
            "Conv", [x, self.held(weights)], kernel_shape=[kernel, kernel], strides=[stride, stride],
            pads=[kernel // 2] * 4, group=groups)
        scale, shift, mean, variance = (
            self.held(self.generator.uniform(low, high, outputs))
            for low, high in ((0.8, 1.2), (-0.1, 0.1), (-0.1, 0.1), (0.8, 1.2)))
        return self.node("BatchNormalization", [x, scale, shift, mean, variance])

    def relu(self, x):
        return self.node("Relu", [x])

    def classified(self, x, channels, classes):
        """The model: mean over the image, then one layer."""
        x = self.node("Flatten", [self.node("GlobalAveragePool", [x])])
        weights = self.generator.standard_normal((classes, channels)) / np.sqrt(channels)
        x = self.node("Gemm", [x, self.held(weights), self.held(np.zeros(classes))], transB=1)
        graph = helper.make_graph(
            self.nodes, "network",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 3, self.size, self.size])],
            [helper.make_tensor_value_info(x, TensorProto.FLOAT, ["N", classes])], self.weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
        onnx.checker.check_model(model)
        return model


def start(size):
    """The first layers of a residual network for 224²."""
    network = Network(size)
    x = network.relu(network.convolution("x", 3, 64, 7, 2))
    return network, network.node("MaxPool", [x], kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])


def resnet18(size):
    network, x = start(size)
    channels = 64
    for width in (64, 128, 256, 512):
        for block in range(2):
            stride = 2 if block == 0 and width > 64 else 1
            shortcut = x if channels == width else network.convolution(x, channels, width, 1, stride)
            y = network.relu(network.convolution(x, channels, width, 3, stride))
            x = network.relu(network.node("Add", [network.convolution(y, width, width, 3), shortcut]))
            channels = width
    return network.classified(x, channels, 1000)


def resnet50(size):
    network, x = start(size)
    channels = 64
    for width, blocks in ((64, 3), (128, 4), (256, 6), (512, 3)):
        for block in range(blocks):
            stride = 2 if block == 0 and width > 64 else 1
            shortcut = x if block else network.convolution(x, channels, 4 * width, 1, stride)
            y = network.relu(network.convolution(x, channels, width, 1))
            y = network.relu(network.convolution(y, width, width, 3, stride))
            x = network.relu(network.node("Add", [network.convolution(y, width, 4 * width, 1), shortcut]))
            channels = 4 * width
    return network.classified(x, channels, 1000)


def wrn32_4(size):
    """The paper's network: shortcuts without parameters, by means of 2 × 2 and zeros for the additional channels."""
    network = Network(size)
    channels = 16
    x = network.relu(network.convolution("x", 3, channels, 3))
    for width in (64, 128, 256):
        for block in range(5):
            stride = 2 if block == 0 and width > 64 else 1
            shortcut = x
            if stride == 2:
                shortcut = network.node("AveragePool", [shortcut], kernel_shape=[2, 2], strides=[2, 2])
            if channels != width:
                pads = network.held([0, 0, 0, 0, 0, width - channels, 0, 0], np.int64)
                shortcut = network.node("Pad", [shortcut, pads])
            y = network.relu(network.convolution(x, channels, width, 3, stride))
            x = network.relu(network.node("Add", [network.convolution(y, width, width, 3), shortcut]))
            channels = width
    return network.classified(x, channels, 100)


def mobile(size):
    """Like MobileNetV2: inverted residual blocks with a 3 × 3 convolution of each channel."""
    network = Network(size)
    low, high = network.held(0.0), network.held(6.0)

    def clipped(x):
        return network.node("Clip", [x, low, high])

    channels = 32
    x = clipped(network.convolution("x", 3, channels, 3, 2))
    for factor, width, blocks, first in (
            (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)):
        for block in range(blocks):
            stride, inner, y = first if block == 0 else 1, channels * factor, x
            if factor > 1:
                y = clipped(network.convolution(y, channels, inner, 1))
            y = clipped(network.convolution(y, inner, inner, 3, stride, groups=inner))
            y = network.convolution(y, inner, width, 1)
            x = network.node("Add", [y, x]) if stride == 1 and channels == width else y
            channels = width
    return network.classified(clipped(network.convolution(x, channels, 1280, 1)), 1280, 1000)


def efficient(size):
    """Like EfficientNet-B0: inverted residual blocks with x · sigmoid(x) and squeeze and excitation."""
    network = Network(size)

    def swish(x):
        return network.node("Mul", [x, network.node("Sigmoid", [x])])

    def layer(x, channels, outputs):
        weights = network.generator.standard_normal((outputs, channels, 1, 1)) / np.sqrt(channels)
        return network.node("Conv", [x, network.held(weights), network.held(np.zeros(outputs))], kernel_shape=[1, 1])

    channels = 32
    x = swish(network.convolution("x", 3, channels, 3, 2))
    for factor, width, blocks, first, kernel in (
            (1, 16, 1, 1, 3), (6, 24, 2, 2, 3), (6, 40, 2, 2, 5), (6, 80, 3, 2, 3), (6, 112, 3, 1, 5), (6, 192, 4, 2, 5),
            (6, 320, 1, 1, 3)):
        for block in range(blocks):
            stride, inner, y = first if block == 0 else 1, channels * factor, x
            if factor > 1:
                y = swish(network.convolution(y, channels, inner, 1))
            y = swish(network.convolution(y, inner, inner, kernel, stride, groups=inner))
            squeezed = swish(layer(network.node("GlobalAveragePool", [y]), inner, max(1, channels // 4)))
            y = network.node("Mul", [y, network.node("Sigmoid", [layer(squeezed, max(1, channels // 4), inner)])])
            y = network.convolution(y, inner, width, 1)
            x = network.node("Add", [y, x]) if stride == 1 and channels == width else y
            channels = width
    return network.classified(swish(network.convolution(x, channels, 1280, 1)), 1280, 1000)


def encoder(layers, width, heads):
    """A transformer encoder of 128 tokens as exporters write it: layer norm and GELU are single nodes."""
    def make(tokens):
        network = Network(tokens)
        held, node, normal = network.held, network.node, network.generator.standard_normal

        def dense(x, inputs, outputs):
            product = node("MatMul", [x, held(normal((inputs, outputs)) / np.sqrt(inputs))])
            return node("Add", [held(0.01 * normal(outputs)), product])

        def norm(x):
            centred = node("Sub", [x, node("ReduceMean", [x], axes=[-1])])
            variance = node("ReduceMean", [node("Pow", [centred, held(2.0)])], axes=[-1])
            x = node("Div", [centred, node("Sqrt", [node("Add", [variance, held(1e-12)])])])
            scaled = node("Mul", [x, held(network.generator.uniform(0.9, 1.1, width))])
            return node("Add", [scaled, held(0.1 * normal(width))])

        def gelu(x):
            erf = node("Erf", [node("Div", [x, held(np.sqrt(2))])])
            return node("Mul", [node("Mul", [x, node("Add", [erf, held(1.0)])]), held(0.5)])

        def split(x, order):
            shape = held([0, 0, heads, width // heads], np.int64)
            return node("Transpose", [node("Reshape", [x, shape])], perm=order)

        mask = node("Cast", [node("Unsqueeze", ["mask", held([1, 2], np.int64)])], to=TensorProto.FLOAT)
        mask = node("Mul", [node("Sub", [held(1.0), mask]), held(-10000.0)])
        embedded = node("Gather", [held(normal((1000, width))), "ids"])
        x = norm(node("Add", [embedded, held(normal((1, tokens, width)))]))
        for _ in range(layers):
            query, key, value = (
                split(dense(x, width, width), order) for order in ([0, 2, 1, 3], [0, 2, 3, 1], [0, 2, 1, 3]))
            scores = node("Div", [node("MatMul", [query, key]), held(np.sqrt(width // heads))])
            weights = node("Softmax", [node("Add", [scores, mask])], axis=-1)
            y = node("Transpose", [node("MatMul", [weights, value])], perm=[0, 2, 1, 3])
            y = dense(node("Reshape", [y, held([0, 0, width], np.int64)]), width, width)
            x = norm(node("Add", [y, x]))
            x = norm(node("Add", [dense(gelu(dense(x, width, 4 * width)), 4 * width, width), x]))
        inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, ["N", tokens]) for name in ("ids", "mask")]
        output = helper.make_tensor_value_info(x, TensorProto.FLOAT, ["N", tokens, width])
        graph = helper.make_graph(network.nodes, "encoder", inputs, [output], network.weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=8)
        onnx.checker.check_model(model)
        return model
    return make


def lstm(steps):
    """One LSTM of 256 units over 64 numbers at each step."""
    network = Network(steps)
    held, normal = network.held, network.generator.standard_normal
    weights = [held(normal(shape) / np.sqrt(shape[-1])) for shape in ((1, 1024, 64), (1, 1024, 256))]
    y = network.node("LSTM", ["x", *weights, held(0.1 * normal((1, 2048)))], hidden_size=256)
    graph = helper.make_graph(
        network.nodes, "lstm", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [steps, "N", 64])],
        [helper.make_tensor_value_info(y, TensorProto.FLOAT, [steps, 1, "N", 256])], network.weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=8)
    onnx.checker.check_model(model)
    return model


def images(generator, batch, size):
    return generator.standard_normal((batch, 3, size, size), dtype=np.float32)


def tokens(generator, batch, size):
    return {"ids": generator.integers(0, 1000, (batch, size)), "mask": np.ones((batch, size), np.int64)}


def steps(generator, batch, size):
    return generator.standard_normal((size, batch, 64), dtype=np.float32)


NETWORKS = {
    "resnet18": (resnet18, 224, images), "resnet50": (resnet50, 224, images), "wrn32_4": (wrn32_4, 32, images),
    "mobile": (mobile, 224, images), "efficient": (efficient, 224, images), "minilm": (encoder(6, 384, 12), 128, tokens),
    "bert": (encoder(12, 768, 12), 128, tokens), "lstm": (lstm, 64, steps)}


def main(name, model, batches):
    make, size, inputs = NETWORKS[name]
    onnx.save(make(size), model)
    generator = np.random.default_rng(8)
    for batch, path in (item.split("=", 1) for item in batches):
        made = inputs(generator, int(batch), size)
        np.savez(path, **made) if isinstance(made, dict) else np.save(path, made)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
