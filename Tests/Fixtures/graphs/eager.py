"""Builds ONNX graphs. ONNX Runtime computes each node when it is added, so all shapes and values are known.

A node that ONNX Runtime refuses is not added and raises `Impossible`.
"""

import masked
import numpy
import onnx
import plans
from onnx import TensorProto, helper, numpy_helper


class Impossible(Exception):
    """ONNX Runtime refuses the node, or its result is empty, too large or not finite."""


class Builder:
    def __init__(self, seed, opset=17):
        self.rng = numpy.random.default_rng(seed)
        self.opset = opset
        self.opsets = [("", opset)]
        self.nodes, self.weights, self.values, self.inputs, self.functions = [], [], {}, [], []
        self.layers = 0

    # Draws.

    def pick(self, *items):
        return items[int(self.rng.integers(len(items)))]

    def chance(self, part=0.5):
        return bool(self.rng.random() < part)

    def whole(self, low, high):
        return int(self.rng.integers(low, high + 1))

    # Values.

    def shape(self, name):
        return self.values[name].shape

    def rank(self, name):
        return self.values[name].ndim

    def is_float(self, name):
        return self.values[name].dtype == numpy.float32

    def name(self, stem):
        return f"{stem}{len(self.values)}"

    def input(self, shape, name="x"):
        self.values[name] = self.rng.standard_normal(shape).astype(numpy.float32)
        self.inputs.append(name)
        return name

    def constant(self, array, stem="k"):
        """A tensor as an initializer or, one time in four, as a Constant node."""
        array = numpy.asarray(array)
        name = self.name(stem)
        if self.chance(0.25):
            self.nodes.append(helper.make_node("Constant", [], [name], name=f"n_{name}", value=numpy_helper.from_array(array, name)))
        else:
            self.weights.append(numpy_helper.from_array(array, name))
        self.values[name] = array
        return name

    def ints(self, values):
        return self.constant(numpy.array(values, numpy.int64), "i")

    def scalar(self, value):
        return self.constant(numpy.array(value, numpy.float32), "s")

    def weight(self, shape, scale=None):
        fan = max(1, int(numpy.prod(shape[1:])))
        return self.constant((self.rng.standard_normal(shape) * (scale or 1.3 / fan ** 0.5)).astype(numpy.float32), "w")

    def positive(self, shape):
        return self.constant(self.rng.uniform(0.6, 1.4, shape).astype(numpy.float32), "w")

    # Nodes.

    def node(self, kind, inputs, count=1, domain="", **attributes):
        names = [self.name(kind.lower() + "_") + (f"_{n}" if count > 1 else "") for n in range(count)]
        if domain in masked.RUNTIME and (domain, masked.RUNTIME[domain]) not in self.opsets:
            self.opsets.append((domain, masked.RUNTIME[domain]))
        node = helper.make_node(kind, inputs, names, name=f"n_{names[0]}", domain=domain, **attributes)
        self.add(node)
        return names[0] if count == 1 else names

    def add(self, node, opsets=None):
        try:
            if node.domain and node.domain not in masked.RUNTIME:
                made = self.call(node)
            else:
                made = masked.evaluate(node, self.values, opsets or self.opsets)
        except (plans.Unjudged, Impossible):
            raise
        except Exception as error:
            raise Impossible(f"{node.op_type}: {str(error)[:200]}") from error
        for name, value in zip(node.output, made):
            if name:
                if value.size == 0 or value.size > 200_000:
                    raise Impossible(f"{node.op_type}: {value.shape}")
                if value.dtype.kind == "f" and not (numpy.isfinite(value).all() and numpy.abs(value).max() < 1e4):
                    raise Impossible(f"{node.op_type}: values out of bounds")
        self.nodes.append(node)
        for name, value in zip(node.output, made):
            if name:
                self.values[name] = value

    def call(self, node):
        """The outputs of a local function."""
        (function,) = [f for f in self.functions if f.name == node.op_type]
        values = dict(zip(function.input, (self.values[n] for n in node.input)))
        for inner in function.node:
            for name, value in zip(inner.output, masked.evaluate(inner, values, self.opsets)):
                values[name] = value
        return [values[name] for name in function.output]

    # Layers.

    def layer(self, x, width=None):
        """A convolution, Gemm or MatMul over x, as its rank allows."""
        width = width or self.pick(2, 3, 4, 6, 6, 8, 9, 12)
        rank, shape = self.rank(x), self.shape(x)
        if rank in (3, 4, 5) and (rank == 4 or self.chance(0.4 if rank == 3 else 0.8)):
            kernel = [self.pick(1, 3) if extent >= 2 else 1 for extent in shape[2:]]
            names = [x, self.weight((width, shape[1], *kernel))] + ([self.weight((width,), 0.3)] if self.chance(0.7) else [])
            return self.node("Conv", names, pads=[k // 2 for k in kernel] * 2)
        if rank == 2 and self.chance(0.6):
            turned = self.pick(0, 1)
            w = self.weight((width, shape[1]) if turned else (shape[1], width), 1.3 / shape[1] ** 0.5)
            return self.node("Gemm", [x, w, self.weight((width,), 0.3)], transB=turned)
        if rank >= 2:
            y = self.node("MatMul", [x, self.weight((shape[-1], width), 1.3 / shape[-1] ** 0.5)])
            return self.node("Add", [y, self.weight((width,), 0.3)]) if self.chance() else y
        x = self.node("Reshape", [x, self.ints([1, -1])])
        return self.layer(x, width)

    def like(self, x):
        """Another value with the shape of x, made by another layer if possible."""
        rank, shape = self.rank(x), self.shape(x)
        for source in self.rng.permutation([n for n in self.values if self.is_float(n) and n != x] or [x]).tolist():
            if self.shape(source) == shape and self.chance():
                return source
        if rank == 4 or rank == 3 and self.chance():
            return self.node("Conv", [x, self.weight((shape[1], shape[1]) + (1,) * (rank - 2))])
        if rank >= 2:
            return self.node("MatMul", [x, self.weight((shape[-1], shape[-1]), 1 / shape[-1] ** 0.5)])
        return x

    def operand(self, x):
        """An operand for x: of the same shape, broadcast, or constant."""
        shape = self.shape(x)
        way = self.whole(0, 4)
        if way == 0 or not shape:
            return self.scalar(round(float(self.rng.uniform(0.3, 1.5)), 3))
        if way == 1:
            kept = self.whole(0, len(shape) - 1)
            full = [extent if d == kept or self.chance(0.2) else 1 for d, extent in enumerate(shape)]
            return self.weight(tuple(full), 0.7)
        if way == 2 and len(shape) == 4:
            pooled = self.node("GlobalAveragePool", [x])
            return self.node("Sigmoid", [self.node("Conv", [pooled, self.weight((self.pick(1, shape[1]), shape[1], 1, 1))])])
        return self.like(x)

    def float(self, x):
        return x if self.is_float(x) else self.node("Cast", [x], to=TensorProto.FLOAT)

    def residual(self, x):
        return self.node("Add", [self.like(x), x])

    def model(self, outputs, open_batch=False):
        """The model, without nodes that reach no output."""
        needed, kept = set(outputs), []
        for node in reversed(self.nodes):
            if any(name in needed for name in node.output):
                kept.append(node)
                needed.update(node.input)
                for a in node.attribute:
                    if a.type == onnx.AttributeProto.GRAPH:
                        needed.update(masked.captured(a.g))

        def value(name):
            shape = list(self.shape(name))
            if open_batch and shape:
                shape = ["N", *shape[1:]] if name in self.inputs else [None] * len(shape)
            return helper.make_tensor_value_info(name, masked.KINDS[self.values[name].dtype], shape)

        graph = helper.make_graph(
            kept[::-1], "g", [value(n) for n in self.inputs], [value(n) for n in outputs],
            [w for w in self.weights if w.name in needed])
        used = {n.domain for n in kept}
        opsets = [helper.make_opsetid(d, v) for d, v in self.opsets if not d or d in used]
        return helper.make_model(graph, opset_imports=opsets, ir_version=8 if self.opset < 20 else 10, functions=self.functions if "f" in used else [])

    def feeds(self):
        return {name: self.values[name] for name in self.inputs}
