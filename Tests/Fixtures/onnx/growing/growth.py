"""A graph that grows node by node; ONNX Runtime runs each new node at once.

So every value, its shape and its sensitivity are known. A node runs four times: with its inputs, and with inputs
that are shifted by what rounding may have changed so far. Nodes that enlarge these changes too much are dropped: rounding
in another order would give other results there (`Floor` next to a whole number, ties of `ArgMax`, cancellation).
"""

import numpy
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

onnxruntime.set_default_logger_severity(4)
F16, F32, F64 = numpy.float16, numpy.float32, numpy.float64
I64 = numpy.int64
FLOATS = (F16, F32, F64)
INTEGERS = tuple(getattr(numpy, f"{sign}int{bits}") for sign in ("", "u") for bits in (8, 16, 32, 64))
NUMPY_TYPES = {numpy.dtype(t) for t in (*FLOATS, *INTEGERS, numpy.bool_, object)}
# What a node may round, relative to the greatest element: F64 as F32, because some kernels compute in binary32.
UNITS = {numpy.dtype(F16): 2.0**-10, numpy.dtype(F32): 2.0**-21, numpy.dtype(F64): 2.0**-21}
# The greatest change that a value may have, relative to its greatest element: a third of what the comparison allows.
LIMITS = {numpy.dtype(F16): 2.0**-8, numpy.dtype(F32): 3e-5, numpy.dtype(F64): 3e-5}
TRIALS = 3
MOST_ELEMENTS = 1 << 17


class Rejected(Exception):
    """ONNX Runtime refuses the node, or its results are too sensitive."""


class Value:
    """A tensor in the graph. `noise` bounds what rounding changes, by element; constants are in the model."""

    def __init__(self, name, array, noise=None, constant=False):
        self.name, self.array, self.noise, self.constant = name, array, noise, constant
        self.uses = 0

    dtype = property(lambda self: self.array.dtype)
    shape = property(lambda self: self.array.shape)
    rank = property(lambda self: self.array.ndim)
    size = property(lambda self: self.array.size)


def element_type(array):
    return TensorProto.STRING if array.dtype == object else helper.np_dtype_to_tensor_dtype(array.dtype)


def is_float(array):
    return array.dtype in UNITS


def finite(array):
    """The finite elements as binary64."""
    wide = array.astype(F64)
    return wide[numpy.isfinite(wide)]


def greatest(array):
    return numpy.abs(finite(array)).max(initial=0)


def change(a, b):
    """|a − b| by element: 0 for equal infinities and for two NaN, infinite if only one is special."""
    with numpy.errstate(invalid="ignore"):
        wide, other = a.astype(F64), b.astype(F64)
        difference = numpy.abs(wide - other)
        same = (wide == other) | (numpy.isnan(wide) & numpy.isnan(other))
    return numpy.where(same, 0, numpy.where(numpy.isfinite(difference), difference, numpy.inf))


def run(model, feeds):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return session, lambda given: session.run(None, given)


class Growth:
    """A graph, or with `parent` the graph of a node."""

    def __init__(self, rng, opsets, parent=None, elementwise=False):
        self.rng, self.opsets, self.parent = rng, opsets, parent
        self.nodes, self.pool, self.inputs, self.initializers = [], [], [], []
        # Whether each element depends only on elements at its place, so that results can be compared one by one.
        self.elementwise = elementwise
        self.specials = False
        self.operators = set()
        self.counter = parent.counter if parent else [0]
        self.known = parent.known if parent else {}
        if parent:
            self.pool = list(parent.pool)
            self.specials, self.dims = parent.specials, parent.dims
        else:
            self.dims = [int(d) for d in rng.choice([1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 13, 16, 17, 24, 33], 4, replace=False)]

    opset = property(lambda self: self.opsets[""])

    # Draws.

    def chance(self, p):
        return self.rng.random() < p

    def choose(self, options):
        return options[int(self.rng.integers(len(options)))]

    def int(self, low, high):
        """From `low` to `high`, both included."""
        return int(self.rng.integers(low, high + 1))

    def shape(self, rank=None):
        rank = self.choose([0, 1, 1, 2, 2, 3, 3, 4, 4, 5]) if rank is None else rank
        shape = [self.choose(self.dims) for _ in range(rank)]
        while numpy.prod(shape, dtype=I64) > 6000:
            shape[self.int(0, rank - 1)] = 1
        if rank and self.chance(0.01):
            shape[self.int(0, rank - 1)] = 0
        return tuple(shape)

    def floats(self, shape, dtype=F32, low=None, high=None):
        if low is not None:
            array = self.rng.uniform(low, high, shape)
        else:
            array = self.rng.standard_normal(shape) * self.choose([1, 1, 1, 3, 0.2])
            if self.specials:
                odd = [numpy.nan, numpy.inf, -numpy.inf, 0, -0.0, 1e-40, -1e-39, 3e38, -1e30, 1e-20, 88.8, -104, 200]
                places = self.rng.random(shape) < 0.08
                array = numpy.where(places, self.rng.choice(odd, shape), array)
            elif self.chance(0.1):
                array = numpy.where(self.rng.random(shape) < 0.3, 0, array)
        with numpy.errstate(over="ignore"):
            return numpy.asarray(array, dtype)

    def numbers(self, shape, dtype, low=None, high=None):
        dtype = numpy.dtype(dtype)
        if dtype in UNITS:
            return self.floats(shape, dtype, low, high)
        if dtype == bool:
            return numpy.asarray(self.rng.random(shape) < 0.5)
        if dtype == object:
            words = ["", "a", "Tessera", "ä b", "b,c", "12", "a b  c", "é", "-1.5"]
            return self.rng.choice(words, shape).astype(object) if shape else numpy.array(self.choose(words), object)
        limits = numpy.iinfo(dtype)
        if low is None:
            # Extremes now and then: integers wrap.
            low, high = (limits.min, limits.max) if self.chance(0.1) else (max(limits.min, -20), 20)
        return self.rng.integers(max(low, int(limits.min)), min(high, int(limits.max)), shape, dtype, endpoint=True)

    # Values.

    def name(self):
        self.counter[0] += 1
        return f"v{self.counter[0]}"

    def fresh(self, array, constant=None):
        """A new input of the graph, or a constant: an initializer or the value of a node."""
        value = Value(self.name(), numpy.asarray(array), constant=True)
        if constant is None:
            constant = self.chance(0.35)
        feedable = value.dtype in NUMPY_TYPES
        if not self.parent and not constant and feedable:
            value.constant = False
            self.inputs.append(value)
        elif feedable and self.chance(0.25) and value.dtype != object:
            tensor = numpy_helper.from_array(value.array, value.name)
            self.nodes.append(helper.make_node("Constant", [], [value.name], value=tensor))
            self.operators.add("Constant")
        else:
            self.initializers.append(value)
        if feedable:
            self.pool.append(value)
        return value

    def constant(self, numbers, dtype=I64):
        return self.fresh(numpy.asarray(numbers, dtype), constant=True)

    def value(self, dtype=F32, shape=None, rank=None, low=None, high=None, least_rank=0, where=None, extra=0.25):
        """A value from the pool that fits, or one made to fit, or a new one."""
        dtypes = [numpy.dtype(t) for t in (dtype if isinstance(dtype, (tuple, list)) else (dtype,))]

        def fits(v, shaped=True):
            return (
                v.dtype in dtypes and v.size <= MOST_ELEMENTS
                and (not shaped or shape is None or v.shape == tuple(shape))
                and (rank is None or v.rank == rank or not shaped) and (v.rank >= least_rank or not shaped)
                and (where is None or not shaped or where(v))
                and (low is None or v.dtype == object or v.size == 0 or (v.array.min() >= low and v.array.max() <= high))
            )

        if not self.chance(extra):
            found = [v for v in self.pool if fits(v)]
            if found:
                return self.used(self.recent(found))
            if shape is not None and self.chance(0.6):
                found = [v for v in self.pool if fits(v, shaped=False) and v.size > 0 and numpy.prod(shape) > 0]
                if found:
                    return self.fit(self.recent(found), shape)
        dtype = self.choose(dtypes)
        if shape is None:
            shape = self.shape(rank)
            while len(shape) < least_rank:
                shape = (*shape, self.choose(self.dims))
            if where:
                # A condition on the shape is met by one that the caller gives.
                for _ in range(30):
                    candidate = Value("", numpy.zeros(shape, dtype))
                    if where(candidate):
                        break
                    shape = self.shape(rank)
                else:
                    raise Rejected("no shape")
        return self.fresh(self.numbers(tuple(shape), dtype, low, high))

    def recent(self, found):
        """One of the values; unused ones and the newest are likelier."""
        weights = numpy.array([(3.0 if v.uses == 0 else 1.0) * (1 + place) for place, v in enumerate(found)])
        return found[int(self.rng.choice(len(found), p=weights / weights.sum()))]

    def used(self, value):
        value.uses += 1
        return value

    def fit(self, value, shape):
        """The value's elements in another shape, repeated or cut off."""
        shape, count = tuple(int(e) for e in shape), int(numpy.prod(shape, dtype=I64))
        if value.shape == shape:
            return value
        if value.size == 0 or count == 0:
            raise Rejected("empty")
        if value.size != count:
            if value.rank != 1:
                (value,) = self.node("Reshape", [value, self.constant([-1])])
            if value.size < count:
                (value,) = self.node("Tile", [value, self.constant([-(-count // value.size)])])
            if value.size > count:
                (value,) = self.node("Slice", [value, self.constant([0]), self.constant([count])])
        return self.node("Reshape", [value, self.constant(list(shape))])[0]

    def between(self, value, low, high):
        """The value, clipped if it has elements outside; NaN stays."""
        parts = finite(value.array)
        if parts.size and (parts.min() < low or parts.max() > high):
            bounds = [self.constant(low, value.dtype), self.constant(high, value.dtype)]
            return self.node("Clip", [value, *bounds])[0]
        return value

    # Nodes.

    def node(self, operation, inputs, outputs=1, domain="", exact=False, random=False, **attributes):
        """Adds a node and returns its outputs. None for an input leaves it out."""
        names = [self.name() for _ in range(outputs)]
        # An empty list has no type.
        attributes = {key: value for key, value in attributes.items() if value != []}
        node = helper.make_node(operation, [v.name if v else "" for v in inputs], names, domain=domain, **attributes)
        return self.add([node], [v for v in inputs if v], names, exact=exact)

    def add(self, nodes, inputs, outputs, exact=False, hidden=(), keeps_noise=False):
        """Adds nodes that have tensors as inputs and outputs; other values may be in between."""
        inputs = list({v.name: v for v in inputs}.values())
        key = tuple((n.domain, n.op_type) for n in nodes) + tuple(str(v.dtype) for v in inputs)
        if self.known.get(key, 0) >= 12:
            raise Rejected("refused before")
        try:
            results = self.probe(nodes, inputs, outputs, exact)
        except Rejected:
            self.known[key] = self.known.get(key, 0) + 1
            raise
        self.known[key] = -1000
        self.nodes += nodes
        for node in nodes:
            self.note(node)
        for value in inputs:
            value.uses += 1
        self.pool += results
        return results

    def note(self, node):
        self.operators.add(f"{node.domain}.{node.op_type}" if node.domain else node.op_type)
        for attribute in node.attribute:
            for inner in attribute.g.node:
                self.note(inner)

    def probe(self, nodes, inputs, outputs, exact):
        fed = [v for v in inputs if not v.constant]
        model = self.model(nodes, fed, [v for v in inputs if v.constant], outputs)
        try:
            _, evaluate = run(model, None)
            arrays = evaluate({v.name: v.array for v in fed})
        except Exception as error:
            raise Rejected(str(error)) from error
        # Functions of scalars come back as NumPy's scalars; missing values of optionals as None.
        if any(not isinstance(a, (numpy.ndarray, numpy.generic)) for a in arrays):
            raise Rejected("no tensor")
        arrays = [numpy.asarray(a, object) if a.dtype.kind in "US" else numpy.asarray(a) for a in arrays]
        if any(a.size > MOST_ELEMENTS for a in arrays):
            raise Rejected("too large")
        noises = [numpy.zeros(a.shape) if is_float(a) else None for a in arrays]
        if any(v.noise is not None and v.noise.any() for v in fed):
            for _ in range(TRIALS):
                try:
                    moved = evaluate({v.name: self.moved(v) for v in fed})
                except Exception as error:
                    raise Rejected("sensitive") from error
                for index, (was, now) in enumerate(zip(arrays, moved)):
                    now = numpy.asarray(now)
                    if was.shape != now.shape:
                        raise Rejected("sensitive")
                    if noises[index] is not None:
                        noises[index] = numpy.maximum(noises[index], 2 * change(was, now))
                    elif (was != now).any():
                        raise Rejected("sensitive")
        for array, noise in zip(arrays, noises):
            if noise is None or array.size == 0:
                continue
            size = numpy.where(numpy.isfinite(array), numpy.abs(array.astype(F64)), 0)
            if not exact:
                noise += UNITS[array.dtype] * (size if self.elementwise else size.max())
            if not numpy.isfinite(noise).all():
                raise Rejected("sensitive")
            bound = LIMITS[array.dtype] * size.max() + 3e-8
            if self.elementwise:
                # Less than a unit in the last place of F16.
                bound = 1.2e-4 * size + 3e-8
            if (noise > bound).any():
                raise Rejected("sensitive")
            if not self.specials and (not numpy.isfinite(array).all() or size.max() > 1e6):
                raise Rejected("not finite")
        return [Value(name, array, noise) for name, array, noise in zip(outputs, arrays, noises)]

    def moved(self, value):
        if value.noise is None:
            return value.array
        with numpy.errstate(invalid="ignore", over="ignore"):
            shift = value.noise * self.rng.choice([-1, 1], value.shape)
            return numpy.asarray(value.array + shift.astype(value.dtype) if value.array.size else value.array, value.dtype)

    # Graphs.

    def model(self, nodes, inputs, initializers, outputs):
        graph = helper.make_graph(
            nodes, "grown",
            [helper.make_tensor_value_info(v.name, element_type(v.array), v.shape) for v in inputs],
            [onnx.ValueInfoProto(name=name) for name in outputs],
            [numpy_helper.from_array(v.array, v.name) for v in initializers],
        )
        opsets = [helper.make_opsetid(domain, version) for domain, version in self.opsets.items()]
        return helper.make_model(graph, opset_imports=opsets, ir_version=10)

    def child(self):
        return Growth(self.rng, self.opsets, parent=self)

    def subgraph(self, outputs, inputs=(), shaped=True):
        """The graph of a node, and the values of outer graphs that it uses.

        Without trips, a loop's outputs have the declared types and shapes.
        """
        made = {v.name for v in [*inputs, *self.initializers]} | {n for node in self.nodes for n in node.output}
        graph = helper.make_graph(
            self.nodes, "body",
            [helper.make_tensor_value_info(v.name, element_type(v.array), v.shape) for v in inputs],
            [helper.make_tensor_value_info(v.name, element_type(v.array), v.shape if shaped else None) for v in outputs],
            [numpy_helper.from_array(v.array, v.name) for v in self.initializers],
        )
        used = {n for node in self.nodes for n in names_used(node)} | {v.name for v in outputs}
        captured = [v for v in self.parent.pool if v.name in used - made]
        return graph, captured


def names_used(node):
    """The names that a node reads, also in its graphs."""
    yield from (name for name in node.input if name)
    for attribute in node.attribute:
        for inner in attribute.g.node:
            yield from names_used(inner)
