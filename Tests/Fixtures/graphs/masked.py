"""Computes the masked network of a plan and a level, node by node, without Tessera.

Every value has a *presence*: the elements that a sub-network has. The plan's JSON gives the presence of a weight. The
presence of all other values follows element by element:

- An operator that moves data (Reshape, Gather, Concat, …) moves presence. ONNX Runtime runs the node on the presence.
- The result of an elementwise operator is present where all operands are.
- A channel that a product or a convolution makes is present if any of its weights is. The result of a reduction, a pool
  or an ArgMax is present if any element that it reads is.
- Results of Shape, Range and unknown operators are present.

After each node the absent elements become zero. Inactive weights and inactive values are therefore zero, as the contract
says of the masked network. ONNX Runtime computes the values, one node at a time; branches and loops are entered.
"""

import channels
import numpy
import onnx
import onnxruntime
import plans
from onnx import helper, numpy_helper
from plans import Unjudged

PRESENT = None  # Every element of a value is present.

MOVES = {  # Operator: the inputs that hold data.
    "Reshape": [0], "Transpose": [0], "Flatten": [0], "Squeeze": [0], "Unsqueeze": [0], "Expand": [0], "Tile": [0],
    "Slice": [0], "Split": [0], "Gather": [0], "GatherElements": [0], "GatherND": [0], "ScatterND": [0, 2],
    "ScatterElements": [0, 2], "DepthToSpace": [0], "SpaceToDepth": [0], "Identity": [0], "Compress": [0],
    "ReverseSequence": [0], "TensorScatter": [0, 1], "ExpandDims": [0],
}
SAME = {
    "Softmax", "LogSoftmax", "LRN", "CumSum", "GroupNormalization", "Dropout", "LayerNormalization", "RMSNormalization", "Clip",
    "CastLike", "Trilu", "Hardmax", "CumProd", "LpNormalization", "MeanVarianceNormalization", "Normalizer", "Scaler", "Imputer",
    "QLinearSoftmax", "RotaryEmbedding", "SimplifiedLayerNormalization",
}
SCALED = {"LayerNormalization", "RMSNormalization", "SimplifiedLayerNormalization"}
FREE = {"Shape", "Size", "Range", "Constant", "ConstantOfShape", "NonZero", "EyeLike"}
KINDS = {numpy.dtype(k): v for k, v in {"float32": 1, "uint8": 2, "int8": 3, "int32": 6, "int64": 7, "bool": 9, "float16": 10, "float64": 11, "uint16": 4, "int16": 5, "uint32": 12, "uint64": 13}.items()}
RUNTIME = {"com.microsoft": 1, "ai.onnx.ml": 3}  # Other domains with operators that ONNX Runtime has.


sessions = {}


def captured(graph, known=()):
    """The names that a graph takes from outside."""
    inside = {t.name for t in graph.initializer} | {v.name for v in graph.input}
    names = []
    for node in graph.node:
        names += [name for name in node.input if name and name not in inside]
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH:
                names += [name for name in captured(attribute.g) if name not in inside]
        inside.update(node.output)
    names += [v.name for v in graph.output if v.name not in inside]
    return list(dict.fromkeys(names))


def options():
    result = onnxruntime.SessionOptions()
    result.log_severity_level = 4
    result.intra_op_num_threads = result.inter_op_num_threads = 1
    result.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return result


def evaluate(node, values, opsets):
    """The outputs of a node, by ONNX Runtime."""
    outer = [name for a in node.attribute if a.type == onnx.AttributeProto.GRAPH for name in captured(a.g)]
    names = list(dict.fromkeys([name for name in node.input if name] + outer))
    if outer:
        one, title = node, {name: name for name in names}
    else:
        title = {name: f"i{number}" for number, name in enumerate(names)}
        one = onnx.NodeProto()
        one.CopyFrom(node)
        one.name = one.doc_string = ""
        one.input[:] = [title.get(name, "") for name in node.input]
        one.output[:] = [f"o{number}" if name else "" for number, name in enumerate(node.output)]
    made = [name for name in one.output if name]
    key = (one.SerializeToString(), tuple((title[n], values[n].dtype.str, values[n].ndim) for n in names), tuple(opsets))
    session = sessions.get(key)
    if session is None:
        graph = helper.make_graph(
            [one], "g", [helper.make_tensor_value_info(title[n], KINDS[values[n].dtype], [None] * values[n].ndim) for n in names],
            [onnx.ValueInfoProto(name=n) for n in made])
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid(d, v) for d, v in opsets], ir_version=8)
        session = onnxruntime.InferenceSession(model.SerializeToString(), options(), providers=["CPUExecutionProvider"])
        if len(sessions) > 4000:
            sessions.clear()
        sessions[key] = session
    found = iter(session.run(made, {title[n]: values[n] for n in names}))
    return [next(found) if name else None for name in one.output]


def both(*parts):
    """Present where all parts are present."""
    parts = [p for p in parts if p is not None]
    if not parts:
        return PRESENT
    return numpy.logical_and.reduce(numpy.broadcast_arrays(*parts)) if len(parts) > 1 else parts[0]


def attributes(node):
    return {a.name: helper.get_attribute_value(a) for a in node.attribute}


def dense(sparse):
    """A sparse tensor, whose indices are those of its elements in a row, with its zeros."""
    values = numpy_helper.to_array(sparse.values)
    array = numpy.zeros(int(numpy.prod(sparse.dims)), values.dtype)
    array[numpy_helper.to_array(sparse.indices)] = values
    return array.reshape(sparse.dims)


def anywhere(p, axes):
    return p.any(axis=tuple(axes), keepdims=True)


class Walk:
    """One level's walk over a graph."""

    def __init__(self, opsets, cuts):
        self.opsets = opsets
        self.version = dict(opsets).get("", 1)
        self.cuts = cuts  # Name: presence of a weight.
        self.used = set()

    def weight(self, name, array):
        if name in self.cuts:
            self.used.add(name)
            keep = self.cuts[name](array.shape)
            return numpy.where(keep, array, numpy.zeros((), array.dtype)), keep
        return array, PRESENT

    def graph(self, graph, values, presence):
        """Walks a graph; the values and presences of its outputs."""
        values, presence = dict(values), dict(presence)
        for tensor in graph.initializer:
            values[tensor.name], presence[tensor.name] = self.weight(tensor.name, numpy_helper.to_array(tensor))
        for tensor in graph.sparse_initializer:
            values[tensor.values.name], presence[tensor.values.name] = dense(tensor), PRESENT
        for node in graph.node:
            self.node(node, values, presence)
        return [values[o.name] for o in graph.output], [presence[o.name] for o in graph.output]

    def node(self, node, values, presence):
        if node.op_type == "If":
            made, present = self.branches(node, values, presence)
        elif node.op_type == "Loop":
            made, present = self.loop(node, values, presence)
        elif node.op_type in ("SplitToSequence", "SequenceAt"):
            # Sequences are lists here; ONNX Runtime has no part in them.
            self.sequence(node, values, presence)
            return
        else:
            sparse = attributes(node).get("sparse_value")
            # ONNX Runtime gives no sparse tensor back.
            made = evaluate(node, values, self.opsets) if sparse is None else [dense(sparse)]
            ins = [values[n] if n else None for n in node.input]
            ps = [presence[n] if n else None for n in node.input]
            present = [PRESENT] * len(made)
            if any(p is not None for p in ps):
                present = self.follow(node, ins, ps, made)
        for name, value, p in zip(node.output, made, present):
            if not name:
                continue
            if name in self.cuts:
                value, own = self.weight(name, value)
                p = both(p, own)
            if p is not None:
                try:
                    p = numpy.broadcast_to(p, value.shape)
                except ValueError as error:
                    raise Unjudged(f"node '{node.name}' ({node.op_type}): {error}") from error
                if p.all():
                    p = PRESENT
                else:
                    value = numpy.where(p, value, numpy.zeros((), value.dtype))
            values[name], presence[name] = value, p

    def follow(self, node, ins, ps, made):
        kind, a, shape = node.op_type, attributes(node), made[0].shape if made[0] is not None else ()
        x = ps[0] if ps else None
        if kind in FREE or node.domain not in ("", "ai.onnx", *RUNTIME):
            return [PRESENT] * len(made)
        if kind in channels.RULES:
            return channels.RULES[kind](self, node, a, ins, ps, made)
        if kind == "Concat":
            return [self.concatenation(a["axis"], ins, ps)]
        if kind in MOVES:
            return self.move(node, ins, ps, MOVES[kind])
        if kind == "Pad":
            return [self.pad(a, ins, x, shape)]
        if kind in ("Conv", "ConvTranspose"):
            return [self.convolution(kind, a, ins, ps, shape)]
        if kind == "MatMul":
            return [self.product(*ins[:2], *ps[:2])]
        if kind == "Gemm":
            turned = [p if p is None or not a.get(k, 0) else p.T for p, k in zip(ps, ("transA", "transB"))]
            return [both(self.product(None, None, *turned), ps[2] if len(ps) > 2 else None)]
        if kind == "Einsum":
            return [self.einsum(a["equation"].decode(), ins, ps, shape)]
        if kind in ("BatchNormalization", "InstanceNormalization"):
            channel = [p.reshape((-1,) + (1,) * (len(shape) - 2)) for p in ps[1:] if p is not None]
            every = both(x if x is None else anywhere(x, [0, *range(2, x.ndim)])[0], *channel)
            return [both(x, *channel)] + [PRESENT if every is None else every.reshape(-1)] * (len(made) - 1)
        if kind in SAME:
            first = both(x, ps[1]) if kind in SCALED and len(ps) > 1 else x
            return [first] + [x if kind == "Dropout" else PRESENT] * (len(made) - 1)
        if kind.startswith("Reduce") or kind in ("ArgMax", "ArgMin"):
            return [self.reduction(kind, a, ins, x)]
        if kind in ("MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool", "LpPool", "GlobalLpPool"):
            return [x if x is None else anywhere(x, range(2, x.ndim))] + [PRESENT] * (len(made) - 1)
        if kind in ("Resize", "Upsample"):
            return [x if x is None else anywhere(x, [d for d in range(x.ndim) if x.shape[d] != shape[d]])]
        if kind == "OneHot":
            return [x if x is None else numpy.expand_dims(x, a.get("axis", -1) if a.get("axis", -1) >= 0 else x.ndim + 1 + a.get("axis", -1))]
        if kind == "TopK":
            axis = a.get("axis", -1)
            p = x if x is None else numpy.take_along_axis(x, made[1].astype(numpy.int64), axis)
            return [p, p]
        if kind in ("LSTM", "GRU", "RNN"):
            return self.recurrent(kind, ps, made)
        return [both(*ps)] * len(made)

    def move(self, node, ins, ps, data):
        moved = onnx.NodeProto()
        moved.CopyFrom(node)
        values = {}
        for number, value in enumerate(ins):
            if value is None:
                continue
            # Names may repeat with different presence, so each input has its own.
            moved.input[number] = f"n{number}"
            if number in data:
                p = numpy.ones(value.shape, bool) if ps[number] is None else ps[number]
                value = p.astype(numpy.float32)
            values[f"n{number}"] = value
        return [None if p is None else p > 0.5 for p in evaluate(moved, values, self.opsets)]

    def concatenation(self, axis, ins, ps):
        """Presence side by side. On the other dimensions a position that one part lacks is absent from all;
        a part of which nothing is present has no say."""
        parts = [numpy.ones(value.shape, bool) if p is None else p for value, p in zip(ins, ps)]
        rank, whole = parts[0].ndim, numpy.concatenate(parts, axis)
        for d in range(rank):
            if d != axis % rank:
                rest = tuple(other for other in range(rank) if other != d)
                keep = numpy.logical_and.reduce([part.any(rest) for part in parts if part.any()])
                whole = whole & keep.reshape([-1 if other == d else 1 for other in range(rank)])
        return whole

    def sequence(self, node, values, presence):
        a, (x, p), name = attributes(node), (values[node.input[0]], presence[node.input[0]]), node.output[0]
        if node.op_type == "SequenceAt":
            place = int(values[node.input[1]].reshape(-1)[0])
            values[name], presence[name] = x[place], None if p is None else p[place]
            return
        axis, extent = a.get("axis", 0), x.shape[a.get("axis", 0)]
        given = values[node.input[1]] if len(node.input) > 1 and node.input[1] else numpy.array(1)
        starts = numpy.cumsum(given)[:-1] if given.ndim else numpy.arange(int(given), extent, int(given))
        parts = [numpy.split(one, starts, axis) for one in ([x] if p is None else [x, p])]
        if not a.get("keepdims", 1) and all(piece.shape[axis] == 1 for piece in parts[0]):
            parts = [[piece.squeeze(axis) for piece in part] for part in parts]
        values[name], presence[name] = parts[0], None if p is None else parts[1]

    def pad(self, a, ins, x, shape):
        if x is None:
            return PRESENT
        pads = list(a["pads"]) if "pads" in a else ins[1].tolist()
        axes = [d % x.ndim for d in (ins[3].tolist() if len(ins) > 3 and ins[3] is not None else range(x.ndim))]
        for place, d in enumerate(axes):
            before, after = pads[place], pads[place + len(axes)]
            even = x.shape[d] > 0 and (x.any(axis=d) == x.all(axis=d)).all()
            keep = slice(max(0, -before), x.shape[d] - max(0, -after))
            x = x[(slice(None),) * d + (keep,)]
            width = [(0, 0)] * x.ndim
            width[d] = (max(0, before), max(0, after))
            # Padding along a dimension without channels belongs to the channels beside it.
            x = numpy.pad(x, width, mode="edge") if even and x.shape[d] else numpy.pad(x, width, constant_values=True)
        return x

    def convolution(self, kind, a, ins, ps, shape):
        group, spatial = a.get("group", 1), (1,) * (len(shape) - 2)
        # Channels on the batch dimension stay there.
        parts = [] if ps[0] is None else [anywhere(ps[0], range(1, ps[0].ndim))]
        if ps[1] is not None:
            w = ps[1]
            if kind == "Conv":
                rows = w.reshape(w.shape[0], -1).any(1)
            else:
                rows = w.reshape(group, w.shape[0] // group, w.shape[1], -1).any((1, 3)).reshape(-1)
            parts.append(rows.reshape((-1,) + spatial))
        if len(ps) > 2 and ps[2] is not None:
            parts.append(ps[2].reshape((-1,) + spatial))
        return both(*parts)

    def product(self, a, b, pa, pb):
        if pa is not None:
            pa = pa if pa.ndim == 1 else pa.any(-1, keepdims=True)
            pa = pa.any(-1) if pa.ndim == 1 else pa
        if pb is not None:
            pb = pb.any(-1) if pb.ndim == 1 else pb.any(-2, keepdims=True)
        if b is not None and b.ndim == 1 and pa is not None and pa.ndim:
            pa = pa[..., 0]
        if a is not None and a.ndim == 1 and pb is not None and pb.ndim:
            pb = pb[..., 0, :]
        return both(pa, pb)

    def einsum(self, equation, ins, ps, shape):
        left, right = equation.replace(" ", "").split("->")
        parts = []
        for term, p in zip(left.split(","), ps):
            if p is None:
                continue
            if "." in term or len(set(term)) != len(term):
                return PRESENT
            p = p.any(tuple(d for d, letter in enumerate(term) if letter not in right))
            rest = [letter for letter in term if letter in right]
            p = p.transpose([rest.index(letter) for letter in right if letter in rest])
            parts.append(p.reshape([shape[d] if letter in rest else 1 for d, letter in enumerate(right)]))
        return both(*parts)

    def reduction(self, kind, a, ins, x):
        if x is None:
            return PRESENT
        if kind in ("ArgMax", "ArgMin"):
            axes = [a.get("axis", 0)]
        elif "axes" in a:
            axes = a["axes"]
        elif len(ins) > 1 and ins[1] is not None:
            axes = ins[1].tolist()
        else:
            axes = [] if a.get("noop_with_empty_axes", 0) else range(x.ndim)
        if not len(axes) and not a.get("noop_with_empty_axes", 0):
            axes = range(x.ndim)
        return x.any(tuple(d % x.ndim for d in axes), keepdims=bool(a.get("keepdims", 1)))

    def recurrent(self, kind, ps, made):
        gates = {"LSTM": 4, "GRU": 3, "RNN": 1}[kind]
        parts = []
        for p in ps[1:3]:
            if p is not None:
                parts.append(p.any(2).reshape(p.shape[0], gates, -1).any(1))
        every = [PRESENT] * 3
        if parts:
            hidden = both(*parts)  # [directions, hidden]
            every = [hidden[None, :, None, :], hidden[:, None, :], hidden[:, None, :]]
        if ps[0] is not None:
            steps = ps[0].any(2)  # [steps, batch]
            every = [both(every[0], steps[:, None, :, None])] + [both(one, steps.any(0)[None, :, None]) for one in every[1:]]
        return every[: len(made)]

    def branches(self, node, values, presence):
        a = attributes(node)
        taken = a["then_branch"] if bool(values[node.input[0]].reshape(-1)[0]) else a["else_branch"]
        return self.graph(taken, values, presence)

    def loop(self, node, values, presence):
        a = attributes(node)
        body, count = a["body"], node.input[0]
        limit = int(values[count].reshape(-1)[0]) if count else 1000
        goes = bool(values[node.input[1]].reshape(-1)[0]) if len(node.input) > 1 and node.input[1] else True
        carried = [(values[n], presence[n]) for n in node.input[2:]]
        scans = [[] for _ in range(len(body.output) - 1 - len(carried))]
        step = 0
        while goes and step < limit:
            inner, present = dict(values), dict(presence)
            names = [v.name for v in body.input]
            inner[names[0]], present[names[0]] = numpy.array(step, numpy.int64), PRESENT
            inner[names[1]], present[names[1]] = numpy.array(goes), PRESENT
            for name, (value, p) in zip(names[2:], carried):
                inner[name], present[name] = value, p
            made, ps = self.graph(body, inner, present)
            goes = bool(made[0].reshape(-1)[0])
            carried = list(zip(made[1:1 + len(carried)], ps[1:1 + len(carried)]))
            for scan, value, p in zip(scans, made[1 + len(carried):], ps[1 + len(carried):]):
                scan.append((value, numpy.ones(value.shape, bool) if p is None else p))
            step += 1
        if any(not scan for scan in scans):
            raise Unjudged("a loop that never runs")
        made = [v for v, _ in carried] + [numpy.stack([v for v, _ in scan]) for scan in scans]
        return made, [p for _, p in carried] + [numpy.stack([p for _, p in scan]) for scan in scans]


def run(model, plan, active, inputs):
    """Output name: (value, presence) of the masked network."""
    if model.functions:
        import onnx.inliner

        model = onnx.inliner.inline_local_functions(model)
    opsets = [(o.domain, o.version) for o in model.opset_import]
    walk = Walk(opsets, plans.presences(plan, active, {t.name: t.dims for t in model.graph.initializer}))
    values, presence = walk.graph(model.graph, inputs, {name: PRESENT for name in inputs})
    missing = set(walk.cuts) - walk.used
    if missing:
        raise Unjudged(f"cut tensors that were not met: {sorted(missing)[:4]}")
    return {o.name: (v, p) for o, v, p in zip(model.graph.output, values, presence)}
