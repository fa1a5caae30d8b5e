"""Makes the files of the interoperability tests, and says what their sub-networks must be.

    python cases.py CASE FOLDER      # writes FOLDER/source.safetensors and, where the case has one, FOLDER/plan.json

safetensors files are written byte by byte: the Python library lacks some dtypes, and sorts and spaces the header in
its own way. Everything is seeded. `active` gives positions by arithmetic on the case's own numbers, never from a
checkpoint.
"""

import json
import random
import struct
import sys

BITS = {
    "F64": 64, "F32": 32, "F16": 16, "BF16": 16, "F8_E4M3": 8, "F8_E5M2": 8, "F8_E8M0": 8, "F8_E4M3FNUZ": 8,
    "F8_E5M2FNUZ": 8, "F6_E2M3": 6, "F6_E3M2": 6, "F4": 4, "I64": 64, "I32": 32, "I16": 16, "I8": 8, "U64": 64,
    "U32": 32, "U16": 16, "U8": 8, "BOOL": 8, "C64": 64,
}


class Source:
    """Tensors on their way to a safetensors file, in the order of the file's body."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.tensors = []

    def add(self, name, dtype, shape, data=None):
        bits = BITS[dtype]
        for extent in shape:
            bits *= extent
        if data is None:
            data = self.random.randbytes(bits // 8)
        assert len(data) * 8 == bits, name
        self.tensors.append((name, dtype, shape, data))

    def write(self, path, metadata=None):
        entries, position = [], 0
        for name, dtype, shape, data in self.tensors:
            entries.append((name, {"dtype": dtype, "shape": shape, "data_offsets": [position, position + len(data)]}))
            position += len(data)
        # The header is in another order than the body, with spaces and escapes of its own.
        self.random.shuffle(entries)
        if metadata is not None:
            entries.insert(len(entries) // 2, ("__metadata__", metadata))
        header = json.dumps(dict(entries), separators=(" , ", " : ")).encode()
        header += b" " * (-len(header) % 8)
        with open(path, "wb") as file:
            file.write(struct.pack("<Q", len(header)) + header)
            for _, _, _, data in self.tensors:
                file.write(data)


def plan(units, axes=None, tensors=(), tasks=()):
    document = {"format": "tessera.plan/1", "units": units, "axes": axes or {}, "tensors": list(tensors),
                "tasks": list(tasks)}
    return {key: value for key, value in document.items() if value or key == "units"}


NAMES = {
    "empty": "", "dot": ".", "dots": "..", "slash": "a/b", "nul": "before\0after", "composed": "caf\u00e9",
    "decomposed": "cafe\u0301", "percent": "%", "escape": "%2F", "long": "n" * 300, "control": "tab\tline\n\x7f",
    "astral": "\U0001F600", "space": " ", "quote": "\"\\'",
}


def dtypes(folder):
    """Every dtype, whole and cut in two; hard names, NaN payloads, scalars, tensors without elements."""
    source, entries = Source(3), []
    for dtype in BITS:
        source.add(f"whole.{dtype}", dtype, [3, 8])
        source.add(f"rows.{dtype}", dtype, [6, 4])
        source.add(f"columns.{dtype}", dtype, [3, 8])
        source.add(f"scalar.{dtype}", dtype, [] if BITS[dtype] % 8 == 0 else [4])
        source.add(f"nothing.{dtype}", dtype, [0])
    entries.append({"match": "rows.*", "axes": ["rows", None]})
    entries.append({"match": "columns.*", "axes": [None, "columns"]})
    source.add("nan.F32", "F32", [6], struct.pack("<6I", 0x7FC00000, 0x7F800001, 0xFFC12345, 0x80000000, 1, 0x7FFFFFFF))
    source.add("nan.F16", "F16", [6], struct.pack("<6H", 0x7E00, 0x7C01, 0xFE55, 0x8000, 1, 0x7FFF))
    source.add("nan.BF16", "BF16", [6], struct.pack("<6H", 0x7FC0, 0x7F81, 0xFFD5, 0x8000, 1, 0x7FFF))
    source.add("nan.F64", "F64", [6], struct.pack(
        "<6Q", 0x7FF8 << 48, (0x7FF0 << 48) + 1, (0xFFF8 << 48) + 77, 1 << 63, 1, (1 << 63) - 1))
    source.add("nan.C64", "C64", [6], struct.pack("<12I", *[0x7F800001, 0x80000000] * 6))
    source.add("nan.BOOL", "BOOL", [6], bytes([0, 1, 2, 255, 128, 3]))
    entries.append({"match": "nan.*", "axes": ["rows"]})
    for number, (key, name) in enumerate(NAMES.items()):
        source.add(name, "I16", [6, number + 1])
        if number % 3 != 2:
            entries.append({"name": name, "axes": ["rows", None]})
    source.add("none.cut", "F32", [6, 0])
    entries.append({"name": "none.cut", "axes": ["rows", None]})
    source.add("none.big", "F32", [1 << 40, 0, 1 << 40])
    source.add("many.dimensions", "U8", [2] + [1] * 33 + [3])
    source.write(f"{folder}/source.safetensors", {"format": "pt", "made by": "hand \u00e9 e\u0301"})
    axes = {"rows": {"size": 6, "units": [[1, 4, 5], [0, 2, 3]]}, "columns": {"size": 8, "granule": 4}}
    tasks = [{"name": "t", "order": [1, 0], "levels": [1, 2]}]
    return plan(2, axes, entries, tasks)


def dtypes_active(task, level, name, shape):
    if level == 2 or len(shape) == 0:
        return [None] * len(shape)
    key = next((key for key, value in NAMES.items() if value == name), None)
    cut = name.startswith(("rows.", "nan.")) or name == "none.cut" or (key and list(NAMES).index(key) % 3 != 2)
    if cut:
        return [[0, 2, 3]] + [None] * (len(shape) - 1)
    if name.startswith("columns."):
        return [None, [4, 5, 6, 7]]
    return [None] * len(shape)


# The axes of the mixed case: positions of each unit, and of all.
HIDDEN = {0: [1, 2, 5], 1: [3, 4, 6, 7], "common": [0, 8]}
INPUT = {0: [0, 1, 2], 1: [3, 4], "common": []}
HEADS = {0: [0, 1, 2], 1: [3, 4], "common": []}
CONV = {0: [4, 0], 1: [1, 2, 3, 5, 6], "common": []}


def mixed(folder):
    """Gates, fused QKV, flatten, concat of two axes and an uncut part, an expert, compact and tied tensors."""
    source = Source(4)
    source.add("lstm.weight_ih", "F32", [4 * 9, 5])
    source.add("lstm.weight_hh", "F32", [4 * 9, 9])
    source.add("lstm.bias_ih", "F32", [4 * 9])
    source.add("attn.qkv.weight", "BF16", [3 * 5 * 4, 6])
    source.add("attn.qkv.bias", "BF16", [3 * 5 * 4])
    source.add("attn.out.weight", "BF16", [6, 5 * 4])
    source.add("conv.weight", "F16", [7, 5, 3, 3])
    source.add("conv.bias", "F16", [7])
    source.add("fc.weight", "F64", [3, 7 * 6])
    source.add("cat.weight", "F32", [2, 7 + 3 + 2 * 5 + 9])
    source.add("cat2.weight", "I32", [7 + 5, 5 + 7])
    source.add("small.weight", "F32", [1, 4])
    source.add("expert.0.weight", "F32", [3, 4])
    source.add("expert.1.weight", "F32", [3, 4])
    source.add("norm.a.1", "F32", [2])
    source.add("norm.a.2", "F32", [7])
    source.add("head.a.weight", "F32", [3, 7])
    source.add("head.b.weight", "F32", [2, 7])
    tied = next(data for name, _, _, data in source.tensors if name == "lstm.bias_ih")
    source.add("lstm.bias_hh", "F32", [4 * 9], tied)
    source.write(f"{folder}/source.safetensors", {"tessera.ties": json.dumps({"lstm.bias_hh": "lstm.bias_ih"})})
    gates = {"axis": "hidden", "outer": 4}
    heads = {"axis": "heads", "inner": 4, "outer": 3}
    return plan(
        2,
        {
            "hidden": {"size": 9, "units": [HIDDEN[0], HIDDEN[1]], "common": HIDDEN["common"]},
            "input": {"size": 5}, "heads": {}, "conv": {"units": [CONV[0], CONV[1]]}, "small": {"size": 1},
        },
        [
            {"name": "lstm.weight_ih", "axes": [gates, "input"]},
            {"name": "lstm.weight_hh", "axes": [gates, "hidden"]},
            {"name": "lstm.bias_ih", "axes": [gates]},
            {"name": "attn.qkv.weight", "axes": [heads, None]},
            {"name": "attn.qkv.bias", "axes": [heads]},
            {"name": "attn.out.weight", "axes": [None, {"axis": "heads", "inner": 4}]},
            {"name": "conv.weight", "axes": ["conv", "input", None, None]},
            {"match": "conv.*", "axes": ["conv"]},
            {"name": "fc.weight", "axes": [None, {"axis": "conv", "inner": 6}]},
            {"name": "cat.weight", "axes": [
                None, {"concat": ["conv", {"size": 3}, {"axis": "input", "inner": 2}, "hidden"]}]},
            {"name": "cat2.weight", "axes": [{"concat": ["conv", "input"]}, {"concat": ["input", "conv"]}]},
            {"name": "small.weight", "axes": ["small", None]},
            {"name": "expert.0.weight", "units": [0]},
            {"name": "expert.1.weight", "units": [1]},
            {"match": "norm.a.*", "axes": [{"axis": "conv", "compact": True}]},
            {"match": "head.*.weight", "axes": [None, "conv"]},
        ],
        [
            {"name": "a", "order": [0, 1], "levels": [1, 2], "private": ["head.a.*"],
             "private_per_level": {"1": [{"match": "norm.a.1", "as": "norm"}],
                                   "2": [{"match": "norm.a.2", "as": "norm"}]}},
            {"name": "b", "order": [1, 0], "levels": [1, [0, 1]],
             "axes": {"hidden": {"order": [0, 1], "levels": [1, 2]}},
             "private": [{"match": "head.b.*", "as": "head.*"}, {"name": "lstm.weight_ih", "as": "lstm.weight_ih"}]},
        ])


def mixed_active(task, level, name, shape):
    """Positions per dimension, None for all; or None when the sub-network lacks the tensor; a string is its alias."""
    units = {("a", 1): [0], ("a", 2): [0, 1], ("b", 1): [1], ("b", 2): [0, 1]}[task, level]
    hidden_units = [0] if level == 1 else [0, 1]

    def on(axis, units=units):
        return sorted(axis["common"] + [c for unit in units for c in axis[unit]])

    hidden, inputs, heads, conv = on(HIDDEN, hidden_units), on(INPUT), on(HEADS), on(CONV)
    gates = [g * 9 + c for g in range(4) for c in hidden]
    qkv = [(o * 5 + head) * 4 + i for o in range(3) for head in heads for i in range(4)]
    cat = (conv + [7, 8, 9] + [10 + 2 * c + i for c in inputs for i in range(2)] + [20 + c for c in hidden])
    return {
        "lstm.weight_ih": [gates, inputs] if task == "b" else None,
        "lstm.weight_hh": [gates, hidden], "lstm.bias_ih": [gates], "lstm.bias_hh": [gates],
        "attn.qkv.weight": [qkv, None], "attn.qkv.bias": [qkv],
        "attn.out.weight": [None, [head * 4 + i for head in heads for i in range(4)]],
        "conv.weight": [conv, inputs, None, None], "conv.bias": [conv],
        "fc.weight": [None, [c * 6 + i for c in conv for i in range(6)]], "cat.weight": [None, cat],
        "cat2.weight": [conv + [7 + c for c in inputs], inputs + [5 + c for c in conv]],
        "small.weight": [None, None],
        "expert.0.weight": [None, None] if 0 in units else None,
        "expert.1.weight": [None, None] if 1 in units else None,
        "norm.a.1": ["norm", None] if (task, level) == ("a", 1) else None,
        "norm.a.2": ["norm", None] if (task, level) == ("a", 2) else None,
        "head.a.weight": [None, conv] if task == "a" else None,
        "head.b.weight": ["head.weight", None, conv] if task == "b" else None,
    }[name]


def cubes(folder):
    """Tensors cut on three dimensions, a unit that has nothing on one axis, and an axis with channels here and there."""
    source = Source(5)
    source.add("cube", "I16", [7, 10, 9])
    source.add("apart", "F64", [7, 2, 10, 3, 9, 2])
    source.add("same", "U8", [7, 7, 7])
    source.write(f"{folder}/source.safetensors")
    return plan(
        3, {"x": {"size": 7}, "y": {"size": 10, "units": [[9, 0, 4], [1, 8], [2, 3, 5, 6, 7]]},
            "z": {"size": 9, "units": [5, 0, 4]}},
        [{"name": "cube", "axes": ["x", "y", "z"]}, {"name": "apart", "axes": ["x", None, "y", None, "z", None]},
         {"name": "same", "axes": ["x", "x", "x"]}],
        [{"name": "t", "order": [2, 0, 1], "levels": [1, 2, 3]}])


def cubes_active(task, level, name, shape):
    units = [2, 0, 1][:level]
    x = sorted(c for u in units for c in {0: [0, 1, 2], 1: [3, 4], 2: [5, 6]}[u])
    y = sorted(c for u in units for c in {0: [9, 0, 4], 1: [1, 8], 2: [2, 3, 5, 6, 7]}[u])
    z = sorted(c for u in units for c in {0: [0, 1, 2, 3, 4], 1: [], 2: [5, 6, 7, 8]}[u])
    return {"cube": [x, y, z], "apart": [x, None, y, None, z, None], "same": [x, x, x]}[name]


# The axes of the family: positions of each unit, unequal, scattered, and of all.
BODY = {0: [3, 0, 8], 1: [1, 9, 10, 11, 12], 2: [5], "common": [2, 4, 6, 7]}
NECK = {0: [0, 1, 2, 3], 1: [], 2: [4, 5, 6], "common": []}
FAMILY_UNITS = {("walk", 1): [1], ("walk", 2): [0, 2], ("walk", 3): [0, 1, 2], ("swim", 1): [2], ("swim", 2): [1, 2]}


def on_axis(axis, units):
    return sorted(axis["common"] + [c for unit in units for c in axis[unit]])


def family_neck(task, level):
    return {("swim", 1): [0], ("swim", 2): [0, 1]}.get((task, level), FAMILY_UNITS[task, level])


def family(folder):
    """Unequal units, common channels, private and compact tensors, a task whose levels are not nested, an expert."""
    source = Source(9)
    source.add("stem.walk", "F32", [13, 3])
    source.add("stem.swim", "F32", [13, 3])
    source.add("conv.weight", "BF16", [7, 13, 3])
    source.add("conv.bias", "BF16", [7])
    source.add("back.weight", "F32", [13, 7])
    source.add("square.weight", "F64", [13, 2, 13])
    source.add("expert.0", "F16", [5])
    source.add("expert.2", "F16", [6])
    source.add("shared.scale", "F32", [4])
    for (task, level), units in FAMILY_UNITS.items():
        neck = len(on_axis(NECK, family_neck(task, level)))
        source.add(f"head.{task}.{level}.weight", "F32", [3 + level, neck])
        source.add(f"norm.{task}.{level}", "F64", [len(on_axis(BODY, units))])
    tied = next(data for name, _, _, data in source.tensors if name == "back.weight")
    source.add("again.weight", "F32", [13, 7], tied)
    source.write(
        f"{folder}/source.safetensors",
        {"format": "pt", "tessera.ties": json.dumps({"again.weight": "back.weight"})})

    def private(task):
        return {
            str(level): [{"match": f"head.{task}.{level}.*", "as": "head.*"}, {"name": f"norm.{task}.{level}", "as": "norm"}]
            for other, level in FAMILY_UNITS if other == task}

    body = {"size": 13, "units": [BODY[0], BODY[1], BODY[2]], "common": BODY["common"]}
    return plan(
        3, {"body": body, "neck": {"size": 7, "units": [NECK[0], NECK[1], NECK[2]]}},
        [
            {"match": "stem.*", "axes": ["body", None]}, {"name": "conv.weight", "axes": ["neck", "body", None]},
            {"name": "conv.bias", "axes": ["neck"]}, {"name": "back.weight", "axes": ["body", "neck"]},
            {"name": "square.weight", "axes": ["body", None, "body"]},
            {"name": "expert.0", "units": [0]}, {"name": "expert.2", "units": [2]},
            {"match": "head.*.*.weight", "axes": [None, {"axis": "neck", "compact": True}]},
            {"match": "norm.*.*", "axes": [{"axis": "body", "compact": True}]},
        ],
        [
            {"name": "walk", "order": [1, 0, 2], "levels": [1, [0, 2], 3], "private": [{"match": "stem.walk", "as": "stem"}],
             "private_per_level": private("walk")},
            {"name": "swim", "order": [2, 1], "levels": [1, 2], "axes": {"neck": {"order": [0, 1, 2]}},
             "private": [{"match": "stem.swim", "as": "stem"}], "private_per_level": private("swim")},
        ])


def family_active(task, level, name, shape):
    units = FAMILY_UNITS[task, level]
    body, neck = on_axis(BODY, units), on_axis(NECK, family_neck(task, level))
    if name.startswith("stem."):
        return ["stem", body, None] if name == f"stem.{task}" else None
    if name.startswith("head."):
        return ["head.weight", None, None] if name == f"head.{task}.{level}.weight" else None
    if name.startswith("norm."):
        return ["norm", None] if name == f"norm.{task}.{level}" else None
    if name.startswith("expert."):
        return [None] if int(name[-1]) in units else None
    return {"conv.weight": [neck, body, None], "conv.bias": [neck], "back.weight": [body, neck],
            "again.weight": [body, neck], "square.weight": [body, None, body], "shared.scale": [None]}[name]


def unplanned(folder):
    """No plan: one unit."""
    source = Source(6)
    source.add("a.weight", "F32", [13, 7])
    source.add("b", "BF16", [])
    source.add("c.bias", "F16", [5])
    source.write(f"{folder}/source.safetensors", {})
    return None


def thin(folder):
    """Five units of one channel each, axes with fewer channels than units, sizes that say so themselves."""
    source = Source(7)
    source.add("one.weight", "F32", [5, 3, 2])
    source.add("few.weight", "F32", [3, 5])
    source.add("uneven.weight", "U16", [2, 11])
    source.add("uneven.bias", "U16", [11])
    source.write(f"{folder}/source.safetensors")
    return plan(
        5, {"one": {"size": 5}, "few": {"size": 3}, "uneven": {"size": 11, "units": [3, 0, 6, 1, 1]}},
        [{"name": "one.weight", "axes": ["one", "few", None]}, {"name": "few.weight", "axes": ["few", "one"]},
         {"match": "uneven.weight", "axes": [None, "uneven"]}, {"match": "uneven.bias", "axes": ["uneven"]}],
        [{"name": "t", "order": [4, 1, 0, 3, 2], "levels": [2, 3, 5]}, {"name": "nobody", "order": [], "levels": [0]}])


def thin_active(task, level, name, shape):
    units = [4, 1, 0, 3, 2][:[2, 3, 5][level - 1]] if task == "t" else []
    one = sorted(units)
    uneven = sorted(c for u in units for c in {0: [0, 1, 2], 1: [], 2: [3, 4, 5, 6, 7, 8], 3: [9], 4: [10]}[u])
    return {"one.weight": [one, None, None], "few.weight": [None, one], "uneven.weight": [None, uneven],
            "uneven.bias": [uneven]}[name]


def wide(folder):
    """Cut tensors that no buffer of a few megabytes holds: long rows, many rows, packed elements."""
    source = Source(8)
    source.add("row", "F32", [1, 10 * 250_000])
    source.add("rows", "I8", [3, 10 * 500_000, 1])
    source.add("grid", "F64", [1200, 1100])
    source.add("packed", "F4", [2, 10 * 1_000_000])
    source.add("bits", "F6_E3M2", [600, 10 * 1_200])
    source.write(f"{folder}/source.safetensors")
    mixed_axis = {"units": [[1, 6, 7], [0, 9], [2, 3, 5, 8]], "common": [4]}
    return plan(
        3, {"m": mixed_axis, "r": {"size": 1200}, "c": {"size": 1100}},
        [{"name": name, "axes": [None, {"axis": "m", "inner": inner}] + [None] * more}
         for name, inner, more in [("row", 250_000, 0), ("rows", 500_000, 1), ("packed", 1_000_000, 0),
                                   ("bits", 1_200, 0)]] + [{"name": "grid", "axes": ["r", "c"]}],
        [{"name": "t", "order": [2, 0, 1], "levels": [1, 2]}])


def wide_active(task, level, name, shape):
    units = [2, 0, 1][:level]
    if name == "grid":
        rows = sorted(c for u in units for c in range(400 * u, 400 * u + 400))
        columns = sorted(c for u in units for c in [range(367), range(367, 734), range(734, 1100)][u])
        return [rows, columns]
    inner = shape[1] // 10
    channels = sorted([4] + [c for u in units for c in {0: [1, 6, 7], 1: [0, 9], 2: [2, 3, 5, 8]}[u]])
    return [None, [c * inner + i for c in channels for i in range(inner)]] + [None] * (len(shape) - 2)


# Channels modulo 7 of each unit, and of all.
SQUEEZED = [[0], [1, 2], [3], [4, 5, 6]]


def squeezed(folder):
    """Tensors that compress in every way: blocks with gaps between their chunks, chunks at the edges of whole tensors."""
    source = Source(21)

    def normal(count):
        return struct.pack(f"<{count}f", *(source.random.gauss(0, 0.02) for _ in range(count)))

    def upper_halves(data):
        return b"".join(data[i + 2:i + 4] for i in range(0, len(data), 4))

    def pruned(count):
        return b"".join(normal(1) if source.random.random() < 0.1 else bytes(4) for _ in range(count))

    source.add("grid", "F32", [384, 300], normal(384 * 300))
    source.add("rows", "BF16", [384, 90], upper_halves(normal(384 * 90)))
    source.add("pruned", "F32", [300, 200], pruned(300 * 200))
    source.add("edges", "F32", [2, 1001, 70], normal(2 * 1001 * 70))
    source.add("zeros", "F64", [384, 100], bytes(384 * 100 * 8))
    source.add("range", "I64", [70_000], struct.pack("<70000q", *range(70_000)))
    source.add("noise", "U8", [300_001])
    source.add("complex", "C64", [60, 120])
    source.add("flags", "BOOL", [300, 200], bytes(source.random.choice((0, 0, 0, 1)) for _ in range(60_000)))
    source.add("packed", "F4", [200_002])
    source.add("small", "F32", [300])
    source.add("twice", "F16", [384, 300, 3])
    source.write(f"{folder}/source.safetensors")
    return plan(
        3, {"a": {"size": 384, "units": [100, 150, 134]},
            "b": {"size": 300, "units": [[c for c in range(300) if c % 7 in own] for own in SQUEEZED[:3]],
                  "common": [c for c in range(300) if c % 7 in SQUEEZED[3]]}},
        [{"name": "grid", "axes": ["a", "b"]}, {"name": "rows", "axes": ["a", None]},
         {"name": "pruned", "axes": ["b", None]}, {"name": "zeros", "axes": ["a", None]},
         {"name": "flags", "axes": ["b", None]}, {"name": "small", "axes": ["b"]},
         {"name": "twice", "axes": ["a", "b", None]}],
        [{"name": "t", "order": [2, 0, 1], "levels": [1, 2, 3]}])


def squeezed_active(task, level, name, shape):
    units = [2, 0, 1][:level]
    a = sorted(c for u in units for c in [range(100), range(100, 250), range(250, 384)][u])
    b = [c for c in range(300) if any(c % 7 in SQUEEZED[part] for part in [*units, 3])]
    return {"grid": [a, b], "rows": [a, None], "pruned": [b, None], "zeros": [a, None], "flags": [b, None],
            "small": [b], "twice": [a, b, None]}.get(name, [None] * len(shape))


class Arbitrary:
    """A plan and tensors that nobody thought of, with the owner of every position, all from one seed."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.units = self.random.choice([2, 3, 4, 6])
        self.axes, self.owners = {}, {}
        # Two of the names look alike and differ in their bytes.
        for name in ["caf\u00e9", "cafe\u0301", "a{", "b/c", "%", "", "x.y"]:
            self.axes[name], self.owners[name] = self.axis()
        self.tensors, self.places = [], {}
        for number in range(40):
            self.tensor(f"t{number}.{self.random.choice(['w', 'b', 'x/y', 'é'])}")
        self.orders, self.tasks = {}, []
        for name in ["one", "two"]:
            self.task(name)

    def axis(self):
        pick, k = self.random, self.units
        kind = pick.choice(["equal", "granule", "sizes", "lists", "lists", "few"])
        if kind in ("equal", "granule", "few"):
            granule = pick.randint(2, 4) if kind == "granule" else 1
            granules = pick.randint(1, k - 1) if kind == "few" else pick.randint(k, 3 * k)
            # The first r units get one granule more; with too few granules nobody gets one.
            counts = [granules // k + (u < granules % k) for u in range(k)]
            owners = [u for u in range(k) for _ in range(counts[u] * granule)]
            owners = [-1] * granules if kind == "few" else owners
            return {"size": granules * granule, **({"granule": granule} if granule > 1 else {})}, owners
        if kind == "sizes":
            sizes = [pick.randint(0, 4) for _ in range(k)]
            sizes[pick.randrange(k)] += 1
            return {"size": sum(sizes), "units": sizes}, [u for u in range(k) for _ in range(sizes[u])]
        owners = [pick.randint(-1, k - 1) for _ in range(pick.randint(k, 4 * k))] + [0]
        lists = [[c for c, owner in enumerate(owners) if owner == u] for u in range(-1, k)]
        for channels in lists:
            pick.shuffle(channels)
        return {"size": len(owners), "units": lists[1:], **({"common": lists[0]} if lists[0] else {})}, owners

    def use(self):
        name, inner, outer = self.random.choice(list(self.axes)), self.random.randint(1, 2), self.random.randint(1, 3)
        owned = [(name, owner) for _ in range(outer) for owner in self.owners[name] for _ in range(inner)]
        return {"axis": name, "inner": inner, "outer": outer}, owned

    def tensor(self, name):
        dimensions, places = [], []
        for _ in range(self.random.choice([0, 1, 1, 2, 2, 2, 3])):
            kind = self.random.choice(["whole", "axis", "axis", "plain", "concat"])
            if kind == "whole":
                dimension, owned = None, [("", -1)] * self.random.randint(0 if self.random.random() < 0.1 else 1, 4)
            elif kind == "plain":
                dimension = self.random.choice(list(self.axes))
                owned = [(dimension, owner) for owner in self.owners[dimension]]
            elif kind == "axis":
                dimension, owned = self.use()
            else:
                dimension, owned = {"concat": []}, []
                for _ in range(self.random.randint(1, 3)):
                    if self.random.random() < 0.3:
                        part, more = {"size": 2}, [("", -1)] * 2
                    else:
                        part, more = self.use()
                    dimension["concat"].append(part)
                    owned += more
            dimensions.append(dimension)
            places.append(owned)
        dtype = self.random.choice(["F32", "BF16", "F16", "U8", "I64", "C64", "BOOL", "F8_E4M3", "F4", "F6_E2M3"])
        if BITS[dtype] % 8:
            # Whole bytes inside every position that can be cut.
            dimensions.append(None)
            places.append([("", -1)] * 4)
        self.tensors.append((name, dtype, dimensions))
        self.places[name] = places

    def task(self, name):
        def order_and_levels(count):
            order = self.random.sample(range(self.units), self.random.randint(1, self.units))
            levels = [self.random.randint(0, len(order)) if self.random.random() < 0.6
                      else self.random.sample(range(self.units), self.random.randint(0, self.units))
                      for _ in range(count)]
            return {"order": order, "levels": levels}, [
                set(order[:level] if isinstance(level, int) else level) for level in levels]
        entry, sets = order_and_levels(3)
        used = sorted({axis for places in self.places.values() for owned in places for axis, owner in owned
                       if owner != -1})
        own = {}
        for axis in self.random.sample(used, min(2, len(used))):
            entry.setdefault("axes", {})[axis], own[axis] = order_and_levels(3)
        self.tasks.append({"name": name, **entry})
        for level in range(1, 4):
            self.orders[name, level] = (sets[level - 1], {axis: own[axis][level - 1] for axis in own})

    def write(self, folder):
        source = Source(self.random.random())
        for name, dtype, _ in self.tensors:
            source.add(name, dtype, [len(owned) for owned in self.places[name]])
        source.write(f"{folder}/source.safetensors", {"k": "v"})
        used = {axis for _, _, dimensions in self.tensors for axis in axes_in(dimensions)}
        return plan(
            self.units, {name: axis for name, axis in self.axes.items() if name in used},
            [{"name": name, "axes": dimensions} for name, _, dimensions in self.tensors if dimensions], self.tasks)

    def active(self, task, level, name, shape):
        units, own = self.orders[task, level]
        return [[p for p, (axis, owner) in enumerate(owned) if owner == -1 or owner in own.get(axis, units)]
                for owned in self.places[name]]


def axes_in(dimensions):
    for dimension in dimensions:
        if isinstance(dimension, str):
            yield dimension
        elif isinstance(dimension, dict):
            yield from axes_in(dimension.get("concat", [])) if "concat" in dimension else filter(
                lambda axis: axis is not None, [dimension.get("axis")])


def arbitrary(seed):
    def write(folder):
        return Arbitrary(seed).write(folder)

    def active(task, level, name, shape):
        if seed not in KNOWN:
            KNOWN[seed] = Arbitrary(seed)
        return KNOWN[seed].active(task, level, name, shape)

    return write, active


KNOWN = {}
ARBITRARY = {f"arbitrary{seed}": arbitrary(seed) for seed in range(1, 5)}


def minilm_active(task, level, name, shape):
    units = [0, 1, 2, 3][:level] if task == "search" else [[1, 2], [0, 2, 3]][level - 1]
    units = sorted(units)
    heads = [head * 32 + i for unit in units for head in range(3 * unit, 3 * unit + 3) for i in range(32)]
    if ".layer.3." in name:
        ffn = [c for c in range(1536) if [0, 0, 1, 2, 3][c % 5] in units]
    else:
        ffn = [c for unit in units for c in range(384 * unit, 384 * unit + 384)]
    positions = [None] * len(shape)
    if ".attention.self." in name:
        positions[0] = heads
    elif ".attention.output.dense.weight" in name:
        positions[1] = heads
    elif ".intermediate.dense." in name:
        positions[0] = ffn
    elif ".output.dense.weight" in name:
        positions[1] = ffn
    return positions


FASHION_ORDERS = {"fine": [0, 1, 2, 3], "coarse": [1, 0, 2, 3], "digits": [2, 1, 3, 0], "parity": [3, 2, 1, 0]}


def fashion_active(task, level, name, shape):
    units = sorted(FASHION_ORDERS[task][:level])
    stage1 = [8 * unit + channel for unit in units for channel in range(8)]
    stage2 = [16 * unit + channel for unit in units for channel in range(16)]
    cuts = {
        "stage1.0.conv.weight": [stage1, None], "stage1.1.conv1.weight": [stage1, stage1],
        "stage1.1.conv2.weight": [stage1, stage1], "stage2.0.conv.weight": [stage2, stage1],
        "stage2.1.conv1.weight": [stage2, stage2], "stage2.1.conv2.weight": [stage2, stage2],
    }
    if name in cuts:
        return cuts[name] + [None, None]
    # What a task or a level has to itself is whole, and known by its name without them.
    parts = name.split(".")
    place = next(index for index, part in enumerate(parts) if part in FASHION_ORDERS)
    own = parts[place:place + 2] if parts[0] != "stem" else [parts[place], f"level{level}"]
    if own != [task, f"level{level}"]:
        return None
    rest = parts[:place] + parts[place + (1 if parts[0] == "stem" else 2):]
    return [".".join(rest)] + [None] * len(shape)


GENERATED = {"dtypes": dtypes, "mixed": mixed, "cubes": cubes, "family": family, "unplanned": unplanned, "thin": thin,
             "wide": wide, "squeezed": squeezed, **{case: write for case, (write, _) in ARBITRARY.items()}}
# Per case what its sub-networks must be, and those that are asked for.
EXPECTED = {
    "dtypes": (dtypes_active, [("t", 1), ("t", 2)]),
    "mixed": (mixed_active, [("a", 1), ("a", 2), ("b", 1), ("b", 2)]),
    "cubes": (cubes_active, [("t", 1), ("t", 2), ("t", 3)]),
    "family": (family_active, list(FAMILY_UNITS)),
    "unplanned": (None, []),
    "thin": (thin_active, [("t", 1), ("t", 2), ("t", 3), ("nobody", 1)]),
    "wide": (wide_active, [("t", 1), ("t", 2)]),
    "squeezed": (squeezed_active, [("t", 1), ("t", 2), ("t", 3)]),
    **{case: (active, [(task, level) for task in ("one", "two") for level in (1, 2, 3)])
       for case, (_, active) in ARBITRARY.items()},
    "minilm": (minilm_active, [("search", 2), ("cluster", 2)]),
    "fashion": (fashion_active, [("fine", 1), ("coarse", 2), ("digits", 2), ("parity", 3)]),
}

if __name__ == "__main__":
    made = GENERATED[sys.argv[1]](sys.argv[2])
    if made is not None:
        with open(f"{sys.argv[2]}/plan.json", "w") as file:
            json.dump(made, file)
