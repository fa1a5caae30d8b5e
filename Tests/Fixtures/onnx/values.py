"""Makes cases with sequences, optionals, maps and scans, with the outputs of ONNX Runtime, in the layout of ONNX's own
test data.

usage: values.py DESTINATION
"""

import itertools
import os
import sys

import numpy
import onnx
import onnxruntime
from onnx import TensorProto as T
from onnx import helper, numpy_helper

RANDOM = numpy.random.default_rng(7)
CASES = {}


def tensor(name, type=T.FLOAT, shape=None):
    return helper.make_tensor_value_info(name, type, shape)


def sequence(name, type=T.FLOAT):
    return helper.make_tensor_sequence_value_info(name, type, None)


def optional(name, inner):
    return helper.make_value_info(name, helper.make_optional_type_proto(inner.type))


def map_type(key, value):
    return helper.make_map_type_proto(key, helper.make_tensor_type_proto(value, []))


def case(name, nodes, inputs, outputs, *feeds, opset=21, initializers=()):
    """A case whose graph has these inputs; `feeds` are their values."""
    graph = helper.make_graph(nodes, name, inputs, outputs, list(initializers))
    sets = [helper.make_opsetid("", opset), helper.make_opsetid("ai.onnx.ml", 3)]
    model = helper.make_model(graph, opset_imports=sets, ir_version=8)
    CASES["test_" + name] = (model, list(feeds))


def floats(*shape):
    return numpy.asarray(RANDOM.standard_normal(shape), numpy.float32)


def numbers(type, *shape):
    if type == T.STRING:
        return numpy.array([f"t{n}" for n in RANDOM.integers(0, 9, int(numpy.prod(shape)))], object).reshape(shape)
    if type == T.BOOL:
        return RANDOM.integers(0, 2, shape).astype(bool)
    return RANDOM.integers(0, 90, shape).astype(helper.tensor_dtype_to_np_dtype(type))


def constant(name, value):
    return helper.make_node("Constant", [], [name], value=numpy_helper.from_array(numpy.asarray(value), name))


# Sequences


def sequences():
    items = [floats(2, 3), floats(1), floats(), floats(0, 4)]
    for position in [None, *range(-4, 5)]:
        place = [] if position is None else ["p"]
        inputs = [sequence("s"), tensor("x")] + ([tensor("p", T.INT64, [])] if place else [])
        feed = [items, floats(5)] + ([numpy.int64(position)] if place else [])
        case(f"insert_{position}", [helper.make_node("SequenceInsert", ["s", "x", *place], ["y"])], inputs,
             [sequence("y")], *feed)
        if position in (None, 4):
            continue
        case(f"at_or_erase_{position}", [helper.make_node("SequenceErase", ["s", *place], ["y"])],
             inputs[:1] + inputs[2:], [sequence("y")], feed[0], *feed[2:])
        case(f"at_{position}", [helper.make_node("SequenceAt", ["s", *place], ["y"])], inputs[:1] + inputs[2:],
             [tensor("y")], feed[0], *feed[2:])
    case("erase_last", [helper.make_node("SequenceErase", ["s"], ["y"])], [sequence("s")], [sequence("y")], items)
    case("position_i32", [helper.make_node("SequenceAt", ["s", "p"], ["y"])], [sequence("s"), tensor("p", T.INT32, [])],
         [tensor("y")], items, numpy.int32(-1))
    for type in [T.FLOAT, T.DOUBLE, T.FLOAT16, T.INT64, T.INT32, T.INT16, T.INT8, T.UINT8, T.UINT16, T.UINT32, T.UINT64,
                 T.BOOL, T.STRING]:
        nodes = [helper.make_node("SequenceEmpty", [], ["e"], dtype=type),
                 helper.make_node("SequenceInsert", ["e", "x"], ["s"]),
                 helper.make_node("SequenceInsert", ["s", "z"], ["y"]),
                 helper.make_node("SequenceLength", ["y"], ["n"]),
                 helper.make_node("SequenceLength", ["e"], ["none"])]
        case(f"types_{type}", nodes, [tensor("x", type), tensor("z", type)],
             [sequence("y", type), tensor("n", T.INT64, []), tensor("none", T.INT64, [])],
             numbers(type, 2, 3), numbers(type, 4))
        case(f"construct_{type}", [helper.make_node("SequenceConstruct", ["x", "z", "x"], ["y"])],
             [tensor("x", type), tensor("z", type)], [sequence("y", type)], numbers(type, 2, 3), numbers(type, 4))
    # Two sequences that begin with the same one.
    nodes = [helper.make_node("SequenceInsert", ["s", "x"], ["a"]), helper.make_node("SequenceInsert", ["s", "z"], ["b"]),
             helper.make_node("SequenceInsert", ["a", "z"], ["c"]), helper.make_node("SequenceErase", ["c"], ["d"]),
             helper.make_node("SequenceInsert", ["d", "q"], ["e"])]
    case("shared_beginnings", nodes, [sequence("s"), tensor("x"), tensor("z"), tensor("q")],
         [sequence(name) for name in "abcde"], items, floats(1), floats(2), floats(3))


def splits():
    x = floats(4, 6)
    for axis, size, keeps in itertools.product([0, 1, -1, -2], [None, 1, 2, 3, 4, 9, "list", "zeros"], [None, 0, 1]):
        if keeps == 0 and size not in (None, 1, "list", "zeros"):
            continue  # ONNX Runtime fails.
        extent = x.shape[axis]
        split = {"list": [1, extent - 1], "zeros": [0, extent, 0]}.get(size, size)
        attributes = {"axis": axis} | ({} if keeps is None else {"keepdims": keeps})
        inputs, feed = [tensor("x")], [x]
        if split is not None:
            feed.append(numpy.array(split, numpy.int64 if axis != 1 else numpy.int32))
            inputs.append(tensor("p", T.INT64 if axis != 1 else T.INT32, list(feed[1].shape)))
        node = helper.make_node("SplitToSequence", [info.name for info in inputs], ["y"], **attributes)
        case(f"split_{axis}_{size}_{keeps}", [node], inputs, [sequence("y")], *feed, opset=11)
    for type in [T.DOUBLE, T.INT64, T.INT32, T.STRING]:
        case(f"split_types_{type}", [helper.make_node("SplitToSequence", ["x"], ["y"], axis=1)], [tensor("x", type)],
             [sequence("y", type)], numbers(type, 2, 3))


def joins():
    for new, axis in [(0, 0), (0, 1), (0, -1), (0, -2), (1, 0), (1, 1), (1, 2), (1, -1), (1, -2), (1, -3)]:
        for type in [T.FLOAT, T.INT64, T.STRING]:
            shapes = [[2, 3], [2, 3], [2, 3]] if new else [[2, 3], [4, 3], [1, 3]] if axis in (0, -2) else [[2, 3], [2, 5]]
            case(f"join_{new}_{axis}_{type}",
                 [helper.make_node("ConcatFromSequence", ["s"], ["y"], axis=axis, new_axis=new)], [sequence("s", type)],
                 [tensor("y", type)], [numbers(type, *shape) for shape in shapes])
    case("join_scalars", [helper.make_node("ConcatFromSequence", ["s"], ["y"], axis=0, new_axis=1)], [sequence("s")],
         [tensor("y")], [floats(), floats()])


def maps_of_sequences():
    body = helper.make_graph(
        [helper.make_node("Add", ["a", "b"], ["c"]), helper.make_node("Mul", ["c", "outer"], ["d"]),
         helper.make_node("Shape", ["a"], ["n"])],
        "body", [tensor("a"), tensor("b")], [tensor("d"), tensor("n", T.INT64)])
    node = helper.make_node("SequenceMap", ["s", "t"], ["y", "z"], body=body)
    outputs = [sequence("y"), sequence("z", T.INT64)]
    case("map_two", [node], [sequence("s"), sequence("t"), tensor("outer")], outputs, [floats(2), floats(3, 1)],
         [floats(2), floats(3, 4)], floats())
    case("map_tensor", [node], [sequence("s"), tensor("t"), tensor("outer")], outputs, [floats(2), floats(3, 2)],
         floats(2), floats())
    case("map_one", [helper.make_node("SequenceMap", ["s"], ["y"], body=helper.make_graph(
        [helper.make_node("Neg", ["a"], ["b"])], "body", [tensor("a")], [tensor("b")]))], [sequence("s")],
        [sequence("y")], [floats(2), floats(0, 3), floats()])


# Loops and branches


def loops():
    def loop(trips, body_nodes, inputs, outputs, extra=()):
        body = helper.make_graph(
            [helper.make_node("Identity", ["go"], ["on"]), *body_nodes], "body",
            [tensor("i", T.INT64, []), tensor("go", T.BOOL, []), *inputs], [tensor("on", T.BOOL, []), *outputs])
        return [constant("m", numpy.int64(trips)), constant("true", numpy.bool_(True)), *extra], body

    for position, trips in itertools.product(["end", "front"], [0, 1, 5]):
        nodes, body = loop(
            trips, [constant("zero", numpy.int64(0)), helper.make_node("Add", ["x", "x"], ["x2"]),
                    helper.make_node("SequenceInsert", ["s_in", "x2"] + (["zero"] if position == "front" else []),
                                     ["s_out"]),
                    helper.make_node("SequenceLength", ["s_out"], ["n"])],
            [sequence("s_in"), tensor("x")], [sequence("s_out"), tensor("x2"), tensor("n", T.INT64, [])])
        case(f"loop_{position}_{trips}", [*nodes, helper.make_node("Loop", ["m", "true", "s", "x"], ["y", "z", "all"], body=body)],
             [sequence("s"), tensor("x")], [sequence("y"), tensor("z"), tensor("all", T.INT64)], [floats(2)], floats(3))
    for truth, inner in itertools.product([True, False], ["sequence", "tensor"]):
        kind = sequence if inner == "sequence" else tensor
        branches = [helper.make_graph([helper.make_node("Identity", [name], [f"{name}_out"])], "branch", [],
                                      [kind(f"{name}_out")]) for name in "ab"]
        node = helper.make_node("If", ["c"], ["y"], then_branch=branches[0], else_branch=branches[1])
        feed = [[floats(2), floats(1)], [floats(3)]] if inner == "sequence" else [floats(2), floats(3)]
        case(f"if_{inner}_{truth}", [node], [tensor("c", T.BOOL, []), kind("a"), kind("b")], [kind("y")],
             numpy.bool_(truth), *feed)


def optionals():
    for kind, info, value in [("tensor", tensor("x"), floats(2)), ("sequence", sequence("x"), [floats(2), floats(1)])]:
        out = tensor("y") if kind == "tensor" else sequence("y")
        case(f"optional_get_{kind}", [helper.make_node("OptionalGetElement", ["x"], ["y"]),
                                      helper.make_node("OptionalHasElement", ["x"], ["b"])],
             [optional("x", info)], [out, tensor("b", T.BOOL, [])], value, opset=18)
        case(f"optional_make_{kind}", [helper.make_node("Optional", ["x"], ["o"]),
                                       helper.make_node("OptionalGetElement", ["o"], ["y"])], [info], [out], value,
             opset=15)
        case(f"optional_none_{kind}", [helper.make_node("OptionalHasElement", ["x"], ["b"])], [optional("x", info)],
             [tensor("b", T.BOOL, [])], None, opset=15)
        case(f"optional_plain_{kind}", [helper.make_node("OptionalGetElement", ["x"], ["y"]),
                                        helper.make_node("OptionalHasElement", ["x"], ["b"])],
             [info], [out, tensor("b", T.BOOL, [])], value, opset=18)
    case("optional_left_out", [helper.make_node("OptionalHasElement", [""], ["b"])], [], [tensor("b", T.BOOL, [])],
         opset=18)


# Scans


def scan_body(states, scans, rank):
    """h' = h + x₀ (+ x₁ …); outputs: h', x₀ · 2."""
    names = [f"x{index}" for index in range(scans)]
    nodes = []
    last = "h" if states else "x0"
    for index, name in enumerate(names):
        nodes.append(helper.make_node("Add", [last, name], [f"s{index}"]))
        last = f"s{index}"
    nodes += [helper.make_node("Identity", [last], ["h_out"])] if states else []
    nodes += [helper.make_node("Identity", [last], ["first"]), helper.make_node("Add", ["x0", "x0"], ["second"])]
    shape = [None] * rank
    inputs = ([tensor("h", T.FLOAT, shape)] if states else []) + [tensor(name, T.FLOAT, shape) for name in names]
    outputs = ([tensor("h_out", T.FLOAT, shape)] if states else []) + [
        tensor("first", T.FLOAT, shape), tensor("second", T.FLOAT, shape)]
    return helper.make_graph(nodes, "body", inputs, outputs)


def scans():
    shape = [3, 4, 5]
    for number, (opset, axes, directions, out_axes, out_directions, states) in enumerate(itertools.product(
            [9, 11, 16], [None, [0, 0], [1, 2], [2, -2]], [None, [0, 1], [1, 1]], [None, [1, 2], [-1, 0]],
            [None, [1, 0], [1, 1]], [0, 1])):
        flat = [*(axes or []), *(out_axes or [])]
        if opset < 11 and min(flat, default=0) < 0 or number % 3:
            continue
        length, rest, feed = 4, [2, 3], []
        for axis in axes or [0, 0]:
            given = list(rest)
            given.insert(axis if axis >= 0 else axis + 3, length)
            feed.append(floats(*given))
        attributes = {key: value for key, value in [
            ("scan_input_axes", axes), ("scan_input_directions", directions), ("scan_output_axes", out_axes),
            ("scan_output_directions", out_directions)] if value}
        initial = [floats(*rest)] * states
        names = ["h0"] * states + ["a", "b"]
        node = helper.make_node("Scan", names, ["h1"] * states + ["y", "z"], body=scan_body(states, 2, 2),
                                num_scan_inputs=2, **attributes)
        case(f"scan_{opset}_{number}", [node], [tensor(name) for name in names],
             [tensor(name) for name in ["h1"] * states + ["y", "z"]], *initial, *feed, opset=opset)
    for number, (directions, lengths, states, scanned) in enumerate(itertools.product(
            [None, 1, 0], [None, [4, 2, 1], [1, 3, 2]], [0, 1], [1, 2])):
        attributes = {} if directions is None else {"directions": [directions] + [0] * (scanned - 1)}
        names = ["h0"] * states + ["a", "b"][:scanned]
        feed = [floats(3, 5)] * states + [floats(3, 4, 5) for _ in range(scanned)]
        inputs = [tensor(name, T.FLOAT, [None] * value.ndim) for name, value in zip(names, feed)]
        if lengths:
            inputs.insert(0, tensor("n", T.INT64, [3]))
            feed.insert(0, numpy.array(lengths, numpy.int64))
        node = helper.make_node("Scan", ["n" if lengths else "", *names], ["h1"] * states + ["y", "z"],
                                body=scan_body(states, scanned, 1), num_scan_inputs=scanned, **attributes)
        outputs = [tensor("h1", T.FLOAT, [3, 5])] * states + [tensor("y", T.FLOAT, [3, 4, 5]), tensor("z", T.FLOAT, [3, 4, 5])]
        case(f"scan_8_{number}", [node], inputs, outputs, *feed, opset=8)
    del shape


# Maps of ai.onnx.ml


def maps():
    ml = {"domain": "ai.onnx.ml"}
    words = {"classlabels_strings": ["d", "a", "c", "b"]}, {"classlabels_int64s": [4, -3, 7, 1]}
    for attributes, key in zip(words, [T.STRING, T.INT64]):
        kind = helper.make_value_info("y", helper.make_sequence_type_proto(map_type(key, T.FLOAT)))
        for shape in [[3, 4], [1, 4], [4], [0, 4]]:
            case(f"zipmap_{key}_{'x'.join(map(str, shape))}", [helper.make_node("ZipMap", ["x"], ["y"], **ml, **attributes)],
                 [tensor("x")], [kind], floats(*shape))
    kind = helper.make_value_info("y", helper.make_sequence_type_proto(map_type(T.INT64, T.FLOAT)))
    case("zipmap_twice", [helper.make_node("ZipMap", ["x"], ["y"], classlabels_int64s=[4, 3, 3, 1], **ml)], [tensor("x")],
         [kind], floats(2, 4))
    # ONNX Runtime's Python interface has only maps to floats.
    for name, vocabulary, key, value, given in [
            ("texts", {"string_vocabulary": ["a", "c", "b", "z", "a"]}, T.STRING, T.FLOAT, {"b": 2.5, "a": 1.5, "q": 9.0}),
            ("numbers", {"int64_vocabulary": [3, 1, -2]}, T.INT64, T.FLOAT, {-2: 1.25, 3: 4.0})]:
        case(f"vectorizer_{name}", [helper.make_node("DictVectorizer", ["x"], ["y"], **ml, **vocabulary)],
             [helper.make_value_info("x", map_type(key, value))], [tensor("y", value)], given)
    given = {3: 1.5, 1: 2.75, 9: -7.3, 0: 1 / 3, 12: 1e10, 4: 1e-7}
    for to, type in [("TO_FLOAT", T.FLOAT), ("TO_INT64", T.INT64), ("TO_STRING", T.STRING)]:
        for attributes in [{}, {"map_form": "SPARSE", "max_map": 5}, {"map_form": "SPARSE"}, {"map_form": "SPARSE", "max_map": 20}]:
            case(f"castmap_{to}_{attributes.get('max_map', len(attributes))}",
                 [helper.make_node("CastMap", ["x"], ["y"], cast_to=to, **ml, **attributes)],
                 [helper.make_value_info("x", map_type(T.INT64, T.FLOAT))], [tensor("y", type)], given)


# Files


def message(value, type):
    """A value as the message of its declared type."""
    kind = type.WhichOneof("value")
    if kind == "tensor_type":
        return numpy_helper.from_array(numpy.asarray(value, helper.tensor_dtype_to_np_dtype(type.tensor_type.elem_type)))
    if kind == "map_type":
        proto = onnx.MapProto(key_type=type.map_type.key_type)
        if type.map_type.key_type == T.STRING:
            proto.string_keys.extend(key.encode() for key in value)
        else:
            proto.keys.extend(value)
        proto.values.elem_type = onnx.SequenceProto.TENSOR
        proto.values.tensor_values.extend(message(item, type.map_type.value_type) for item in value.values())
        return proto
    inner = getattr(type, kind).elem_type
    fields = {"tensor_type": ("tensor_value", 1), "sequence_type": ("sequence_value", 3), "map_type": ("map_value", 4)}
    field, code = fields[inner.WhichOneof("value")]
    if kind == "sequence_type":
        proto = onnx.SequenceProto(elem_type=code)
        getattr(proto, field + "s").extend(message(item, inner) for item in value)
        return proto
    proto = onnx.OptionalProto(elem_type=0 if value is None else code)
    if value is not None:
        getattr(proto, field).CopyFrom(message(value, inner))
    return proto


def write(name, model, feeds, destination):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    # Scalars of NumPy are no inputs, arrays without dimensions are.
    feeds = [numpy.asarray(value) if isinstance(value, numpy.generic) else value for value in feeds]
    outputs = session.run(None, {info.name: value for info, value in zip(model.graph.input, feeds)})
    folder = os.path.join(destination, name)
    data = os.path.join(folder, "test_data_set_0")
    os.makedirs(data)
    onnx.save(model, os.path.join(folder, "model.onnx"))
    for role, infos, values in [("input", model.graph.input, feeds), ("output", model.graph.output, outputs)]:
        for index, (info, value) in enumerate(zip(infos, values)):
            with open(os.path.join(data, f"{role}_{index}.pb"), "wb") as file:
                file.write(message(value, info.type).SerializeToString(deterministic=True))


def main(destination):
    for make in [sequences, splits, joins, maps_of_sequences, loops, optionals, scans, maps]:
        make()
    for name, (model, feeds) in CASES.items():
        try:
            write(name, model, feeds, destination)
        except Exception as error:
            raise SystemExit(f"{name}: {error}") from error
    print(len(CASES))


main(sys.argv[1])
