"""Writes a unit checkpoint of layout 2 from arrays and a description, with h5py and NumPy.

    python minimal_writer.py MODEL.h5 [compressed] [MODEL.safetensors]     # the example below, and its flat weights

`write` takes a list of `Tensor`, the axes, the tasks, the plan and the source. It was written from
schemas/checkpoint-layout-v2.md alone and shares no code with tessera_h5, so that each of them checks the other.
"""

import hashlib
import json
import math
import struct
import sys
import zlib
from dataclasses import dataclass, field

import h5py
import numpy as np
from xxhash import xxh3_64, xxh3_64_intdigest

NUMPY = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1", "U64": "<u8",
    "U32": "<u4", "U16": "<u2", "U8": "u1", "C64": "<c8", "C128": "<c16",
}
SMALL = {"F6_E2M3": 6, "F6_E3M2": 6, "F4": 4, "I4": 4, "U4": 4, "I2": 2, "U2": 2}


@dataclass
class Tensor:
    name: str
    dtype: str
    shape: tuple
    data: bytes = b""                            # none for a tied tensor
    cuts: dict = field(default_factory=dict)     # {dimension: [(positions, unit or −1, axis), ...]}
    units: tuple = ()                            # an expert's units
    scope: tuple = ()                            # the networks, as (task, level), that alone have the tensor
    owners: str = ""                             # the owner map's name
    tied_to: str = ""                            # the name of the tensor with the data
    views: list = field(default_factory=list)    # [([(task, level), ...], name or None, mask's name or None), ...]
    reordered: dict = field(default_factory=dict)  # {dimension: (axis, inner, outer)}


def hdf5_type(dtype):
    if dtype == "BF16":
        result = h5py.h5t.IEEE_F16LE.copy()
        result.set_fields(15, 7, 8, 0, 7)
        result.set_ebias(127)
        return result
    return h5py.h5t.py_create(np.dtype(NUMPY.get(dtype, "u1")))


def bits_of(dtype):
    return SMALL.get(dtype) or {"BF16": 16}.get(dtype) or 8 * np.dtype(NUMPY.get(dtype, "u1")).itemsize


def elements_of(tensor):
    """One row of bits for each element."""
    width = bits_of(tensor.dtype)
    bits = np.unpackbits(np.frombuffer(tensor.data, np.uint8), bitorder="little")
    return bits[:math.prod(tensor.shape) * width].reshape(-1, width)


class Tables:
    """Rows under construction. Lists of numbers in `units`, `cut_axes` and `scope_networks` are stored once."""

    def __init__(self):
        self.names, self.offsets, self.lists, self.rows = b"", {}, {}, {}

    def text(self, text):
        if text not in self.offsets:
            self.offsets[text] = len(self.names)
            self.names += struct.pack("<I", len(text.encode())) + text.encode()
        return self.offsets[text]

    def add(self, table, row):
        self.rows.setdefault(table, []).append(row)
        return len(self.rows[table]) - 1

    def share(self, table, numbers):
        """(first, count) of a list."""
        key = table, tuple(numbers)
        if key not in self.lists:
            self.lists[key] = len(self.rows.setdefault(table, []))
            self.rows[table] += numbers
        return (self.lists[key], len(numbers)) if numbers else (0, 0)

    def cut(self, segments):
        """The row of a cut; segments are (positions, unit, slot)."""
        key = "cuts", tuple(segments)
        if key not in self.lists:
            first = len(self.rows.setdefault("segments", []))
            self.rows["segments"] += segments
            self.lists[key] = self.add("cuts", (first if segments else 0, len(segments)))
        return self.lists[key]


TYPES = {
    "tensors": [("name", "<u4"), ("dtype", "S12"), ("first_dimension", "<u4"), ("rank", "<u4"), ("tied_to", "<i4"),
                ("scope", "<i4"), ("first_unit", "<u4"), ("unit_count", "<u4"), ("sha256", "u1", (32,))],
    "dimensions": [("size", "<u8"), ("cut", "<i4"), ("first_axis", "<u4")],
    "cut_axes": "<u4",
    "axes": [("name", "<u4"), ("cut", "<u4")],
    "cuts": [("first_segment", "<u4"), ("segment_count", "<u4")],
    "segments": [("length", "<u8"), ("unit", "<i4"), ("slot", "<u4")],
    "units": "<u4",
    "tasks": [("name", "<u4"), ("first_network", "<u4"), ("network_count", "<u4")],
    "networks": [("name", "<i4"), ("first_unit", "<u4"), ("unit_count", "<u4")],
    "axis_units": [("network", "<u4"), ("axis", "<u4"), ("first_unit", "<u4"), ("unit_count", "<u4")],
    "scopes": [("first_network", "<u4"), ("network_count", "<u4")],
    "scope_networks": "<u4",
    "views": [("tensor", "<u4"), ("first_network", "<u4"), ("network_count", "<u4"), ("name", "<i4"), ("mask", "<i4")],
    "owned": [("tensor", "<u4"), ("map", "<u4"), ("unit", "<i4"), ("elements", "<u8")],
    "reordered": [("tensor", "<u4"), ("dimension", "<u4"), ("axis", "<u4"), ("inner", "<u8"), ("outer", "<u8")],
    "sections": [("kind", "<u4"), ("tensor", "<i4"), ("scope", "<i4"), ("first_unit", "<u4"), ("unit_count", "<u4"),
                 ("dtype", "S12"), ("address", "<u8"), ("bytes", "<u8")],
    "pages": "<u8",
}
SEAL = np.dtype([("file_end", "<u8"), ("page_bytes", "<u8"), ("rest_xxh3", "<u8"), ("headers_xxh3", "<u8"),
                 ("model_sha256", "u1", (32,)), ("index_xxh3", "<u8")])


def blocks_of(tensor, owners):
    """(units, elements' numbers) of each block. Equal keys are one block, and a stable sort keeps the order within."""
    if tensor.owners:
        found = np.frombuffer(owners.data, np.uint8)
        return [((int(k) - 1,) if k else (), np.flatnonzero(found == k)) for k in np.unique(found)]
    keys, units = np.zeros(tensor.shape, np.int64), {0: tensor.units}
    for dimension, segments in sorted(tensor.cuts.items()):
        # A part is (unit, slot); axes ascend, so their names' order in `write` is that of the slots.
        parts = sorted({(unit, slot) for _, unit, slot in segments})
        of_position = np.repeat([parts.index(s[1:]) for s in segments], [s[0] for s in segments])
        keys = keys * len(parts) + of_position.reshape([-1 if d == dimension else 1 for d in range(keys.ndim)])
        units = {key * len(parts) + n: tuple(sorted({*before, *[unit][:unit + 1]}))
                 for key, before in units.items() for n, (unit, _) in enumerate(parts)}
    keys = keys.reshape(-1)
    order = np.argsort(keys, kind="stable")
    return [(units[int(keys[run[0]])], run) for run in np.split(order, np.flatnonzero(np.diff(keys[order])) + 1)]


def link_of(name):
    encoded = "".join(f"%{b:02X}" if b < 32 or b in (127, 47, 37) else chr(b) for b in name.encode()).encode("latin-1")
    return {b"": b"%", b".": b"%2E", b"..": b"%2E%2E"}.get(encoded, encoded)


def write(path, tensors, axes, tasks, plan, source, headers=(), page_bytes=1024, compressed=False):
    """axes: {name: [(channels, unit or −1), …]}. tasks: {name: [(level's name or None, units, {axis: units}), …]}."""
    axis_rows, tensor_rows = {name: n for n, name in enumerate(axes)}, {x.name: n for n, x in enumerate(tensors)}
    t = Tables()
    for name, segments in axes.items():
        t.add("axes", (t.text(name), t.cut([(length, unit, 0) for length, unit in segments])))
    numbers = {}
    for name, levels in tasks.items():
        t.add("tasks", (t.text(name), len(numbers) if levels else 0, len(levels)))
        for level, (label, units, by_axis) in enumerate(levels, 1):
            number = numbers[name, level] = t.add(
                "networks", (-1 if label is None else t.text(label), *t.share("units", list(units))))
            for axis, own in sorted((axis_rows[axis], own) for axis, own in by_axis.items()):
                t.add("axis_units", (number, axis, *t.share("units", list(own))))
    sections, scopes, model = {}, {}, {}
    for row, x in enumerate(tensors):
        root = tensors[tensor_rows[x.tied_to]] if x.tied_to else x
        scope = -1
        if x.scope:
            networks = sorted(numbers[network] for network in x.scope)
            scope = scopes.setdefault(tuple(networks), len(scopes))
            if scope == len(t.rows.get("scopes", ())):
                t.add("scopes", t.share("scope_networks", networks))
        first = len(t.rows.get("dimensions", ()))
        cuts = {}
        for dimension, size in enumerate(x.shape):
            if dimension not in x.cuts:
                t.add("dimensions", (size, -1, 0))
                continue
            used = sorted({axis_rows[axis] for _, unit, axis in x.cuts[dimension] if unit >= 0})
            cuts[dimension] = [(length, unit, used.index(axis_rows[axis]) if unit >= 0 else 0)
                               for length, unit, axis in x.cuts[dimension]]
            t.add("dimensions", (size, t.cut(cuts[dimension]), t.share("cut_axes", used)[0]))
        digest = hashlib.sha256(root.data).digest()
        model[x.name.encode()] = x.dtype.encode() + ",".join(map(str, x.shape)).encode() + digest
        t.add("tensors", (t.text(x.name), x.dtype, first if x.shape else 0, len(x.shape),
                          tensor_rows[x.tied_to] if x.tied_to else -1, scope, *t.share("units", list(x.units)),
                          np.frombuffer(digest, np.uint8)))
        for networks, name, mask in sorted(x.views, key=lambda view: numbers[view[0][0]]):
            t.add("views", (row, numbers[networks[0]], len(networks), -1 if name is None else t.text(name),
                            tensor_rows[mask] if mask else -1))
        for dimension, (axis, inner, outer) in sorted(x.reordered.items()):
            t.add("reordered", (row, dimension, axis_rows[axis], inner, outer))
        owners = tensors[tensor_rows[x.owners]] if x.owners else None
        if owners:
            for owner, count in zip(*np.unique(np.frombuffer(owners.data, np.uint8), return_counts=True)):
                t.add("owned", (row, tensor_rows[x.owners], int(owner) - 1, count))
        if x.tied_to:
            continue
        if not (x.scope or x.cuts or x.units or x.owners):
            sections[0, row, -1, (), x.dtype] = x.data
        elif math.prod(x.shape):
            elements, cut = elements_of(x), Tensor(x.name, x.dtype, x.shape, cuts=cuts, units=x.units, owners=x.owners)
            for units, numbers_of_block in blocks_of(cut, owners):
                kind = 2 if units else 3 if x.owners else 1
                data = np.packbits(elements[numbers_of_block].reshape(-1), bitorder="little").tobytes()
                key = kind, -1, scope, units, x.dtype
                sections[key] = sections.get(key, b"") + data
    for (kind, row, scope, units, dtype), data in sections.items():
        t.add("sections", (kind, row, scope, *t.share("units", list(units)), dtype, 2**64 - 1, len(data)))
    pages = [xxh3_64_intdigest(data[i:i + page_bytes]) for data in sections.values()
             for i in range(0, len(data), page_bytes)]
    t.rows["pages"] = pages
    seal = np.zeros((), SEAL)
    total, header_sum = hashlib.sha256(), xxh3_64()
    for name in sorted(model):
        total.update(struct.pack("<Q", len(name)) + name + model[name])
    for data in headers:
        header_sum.update(struct.pack("<Q", len(data)) + data)
    seal["page_bytes"], seal["headers_xxh3"] = page_bytes, header_sum.intdigest()
    seal["model_sha256"] = np.frombuffer(total.digest(), np.uint8)
    tables = {"names": np.frombuffer(t.names, np.uint8),
              **{name: np.array(t.rows.get(name, []), np.dtype(kind)) for name, kind in TYPES.items()},
              "plan": np.frombuffer(json.dumps(plan).encode(), np.uint8),
              "source": np.frombuffer(json.dumps(source).encode(), np.uint8)}
    write_hdf5(path, tensors, sections, tables, headers, seal, compressed)


def write_hdf5(path, tensors, sections, tables, headers, seal, compressed):
    # The alignment of 64 bytes is the specification's; h5py offers it for everything of 64 bytes or more.
    with h5py.File(path, "w", libver=("v108", "v108"), alignment_threshold=64, alignment_interval=64) as file:
        file.attrs.create("format", np.bytes_(b"tessera.checkpoint"), shape=(), dtype="S18")
        file.attrs.create("layout_version", np.array([2, 0], "<u4"), shape=(2,), dtype="<u4")
        for n, ((kind, row, scope, units, dtype), data) in enumerate(sections.items()):
            scoped = f"private/{scope}/" if scope >= 0 else ""
            group = ("tensors", "common", "intra" if len(units) == 1 else "inter", "free")[kind]
            under = f"{scoped}{group}" + ("/" + "-".join(map(str, units)) if units else "")
            shape = tensors[row].shape if kind == 0 and len(tensors[row].shape) <= 32 and dtype not in SMALL else None
            link = link_of(tensors[row].name) if kind == 0 else dtype.encode()
            dataset = make(file.require_group(under), link, hdf5_type(dtype), data, shape,
                           int(seal["page_bytes"]) if compressed and kind else None)
            if kind == 0 and dtype not in NUMPY and dtype != "BF16":
                dataset.attrs.create("dtype", np.bytes_(dtype.encode()), shape=(), dtype=f"S{len(dtype)}")
            offset = dataset.id.get_offset()
            tables["sections"]["address"][n] = 2**64 - 1 if offset is None else offset
        group = file.create_group("tessera")
        for name, table in tables.items():
            if len(table):
                make(group, name.encode(), h5py.h5t.py_create(table.dtype), table.tobytes())
        for n, data in enumerate(headers):
            make(group.require_group("headers"), b"%d" % n, h5py.h5t.STD_U8LE, data)
        offset = make(group, b"seal", h5py.h5t.py_create(SEAL), seal.tobytes(), ()).id.get_offset()
    with open(path, "r+b") as file:
        content = file.read()
        rest, position, seal["file_end"] = xxh3_64(), 0, len(content)
        left_out = [(int(row["address"]), int(row["address"]) + len(data))
                    for row, data in zip(tables["sections"], sections.values()) if row["address"] != 2**64 - 1]
        for start, end in sorted([*left_out, (offset, offset + SEAL.itemsize), (len(content),) * 2]):
            rest.update(content[position:start])
            position = end
        seal["rest_xxh3"] = rest.intdigest()
        index = xxh3_64()
        for table in tables.values():
            index.update(struct.pack("<Q", table.nbytes) + table.tobytes())
        index.update(seal.tobytes()[:64])
        seal["index_xxh3"] = index.intdigest()
        file.seek(offset)
        file.write(seal.tobytes())


def make(group, link, kind, data, shape=None, page_bytes=None):
    """A dataset of raw bytes: contiguous, or chunks of one page, shuffled and deflated."""
    size = kind.get_size()
    shape = (len(data) // size,) if shape is None else shape
    create = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    create.set_obj_track_times(False)
    chunk = min(page_bytes or 0, len(data)) // size
    if chunk:
        create.set_chunk((chunk,))
        if size > 1:
            create.set_shuffle()
        create.set_deflate(6)
    dataset = h5py.h5d.create(group.id, link, kind, h5py.h5s.create_simple(shape), create)
    # HDF5 itself leaves deflate out where a chunk does not become smaller; the layout does not allow that.
    for start in range(0, shape[0], chunk) if chunk else ():
        piece = np.frombuffer(data[start * size:(start + chunk) * size].ljust(chunk * size, b"\0"), np.uint8)
        dataset.write_direct_chunk((start,), zlib.compress(piece.reshape(-1, size).T.tobytes(), 6))
    if data and not chunk:
        dataset.write(h5py.h5s.ALL, h5py.h5s.ALL, np.frombuffer(data, np.uint8), mtype=kind)
    return h5py.Dataset(dataset)


def safetensors_header(tensors):
    """The bytes before the data of a safetensors file with these tensors."""
    entries, end, data = {}, 0, {x.name: x.data for x in tensors}
    for x in tensors:
        start, end = end, end + len(data[x.tied_to or x.name])
        entries[x.name] = {"dtype": x.dtype, "shape": x.shape, "data_offsets": [start, end]}
    text = json.dumps(entries).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text


def example(is_safetensors=False):
    """Two units, two tasks of two levels, and a tensor of every kind: the arguments of `write` after the path.

    With `is_safetensors` the I4 tensors are F4, of which safetensors takes even counts only.
    """
    random = np.random.default_rng(7)
    # Axis a: channel 0 is common, then two for each unit. Axis b: units 0, 1, 0, 1.
    a, b = [(1, -1), (2, 0), (2, 1)], [(1, 0), (1, 1), (1, 0), (1, 1)]
    on_a, on_b = [(*segment, "a") for segment in a], [(*segment, "b") for segment in b]
    head1, head2 = [("first", 1), ("first", 2)], [("second", 1), ("second", 2)]

    def make(name, dtype, *shape, data=None, **options):
        count = -(-math.prod(shape) * bits_of(dtype) // 8)
        return Tensor(name, dtype, shape, random.bytes(count) if data is None else bytes(data), **options)

    tensors = [
        make("weight", "F32", 5, 4, cuts={0: on_a, 1: on_b}),
        make("bias", "F32", 5, cuts={0: on_a}),
        make("steps", "I64"),
        make("tiny/é", "F4" if is_safetensors else "I4", 4 if is_safetensors else 3),
        make("nothing", "F32", 0, 3),
        make("weight.again", "F32", 5, 4, data=b"", cuts={0: on_a, 1: on_b}, tied_to="weight"),
        make("head.first", "F32", 2, 5, cuts={1: on_a}, scope=tuple(head1), views=[(head1, "head", None)]),
        make("head.second", "F32", 3, 5, cuts={1: on_a}, scope=tuple(head2), views=[(head2, "head", None)]),
        make("norm.small", "F32", 6, scope=(("second", 1),), views=[([("second", 1)], "norm", None)],
             reordered={0: ("a", 2, 1)}),
        make("norm.full", "F32", 10, scope=(("second", 2),), views=[([("second", 2)], "norm", None)],
             reordered={0: ("a", 2, 1)}),
        make("expert.0", "F16", 3, units=(0,)),
        make("expert.1", "F16", 3, units=(1,)),
        make("expert.both", "F16", 3, units=(0, 1)),
        make("expert.cut", "F32", 5, cuts={0: on_a}, units=(1,)),
        make("packed", "F32", 3, 2, owners="packed.owners"),
        make("packed.owners", "U8", 3, 2, data=[0, 1, 2, 2, 1, 2]),
        make("packed.owners.again", "U8", 3, 2, data=b"", tied_to="packed.owners"),
        make("scale", "F64", scope=tuple(head1)),
        make("masked", "F32", 2, 2, views=[([("first", 2)], None, "masked.mask")]),
        make("masked.mask", "BOOL", 2, 2, data=[1, 0, 0, 1], scope=(("first", 2),),
             views=[([("first", 2)], "mask", None)]),
        make("half", "BF16", 4, 3, cuts={0: on_b}),
        make("nibbles", "F4" if is_safetensors else "I4", 4, 2, cuts={0: on_b}),
        make("nibbles.columns", "F4" if is_safetensors else "I4", 2, 8,
             cuts={1: [(2 * length, unit, axis) for length, unit, axis in on_b]}),
        make("both", "C64", 9, 4, cuts={0: on_a + on_b, 1: on_b}),
    ]
    levels = {"first": [(None, [0], {}), (None, [0, 1], {})],
              "second": [("small", [1], {"b": [0]}), ("full", [1, 0], {"b": [0, 1]})]}
    plan = {
        "format": "tessera.plan/1", "units": 2,
        "axes": {"a": {"size": 5, "common": [0], "units": [[1, 2], [3, 4]]},
                 "b": {"size": 4, "units": [[0, 2], [1, 3]]}},
        "tensors": [
            {"name": "weight", "axes": ["a", "b"]}, {"name": "weight.again", "axes": ["a", "b"]},
            {"name": "bias", "axes": ["a"]}, {"match": "head.*", "axes": [None, "a"]},
            {"match": "norm.*", "axes": [{"axis": "a", "inner": 2, "compact": True}], "feature_order": "task"},
            {"name": "expert.0", "units": [0]}, {"name": "expert.1", "units": [1]},
            {"name": "expert.both", "units": [0, 1]},
            {"name": "expert.cut", "units": [1], "axes": ["a"]},
            {"name": "packed", "owners": {"map": "packed.owners", "elements": [1, 2, 3]}},
            {"name": "masked", "mask": "mask"},
            {"name": "half", "axes": ["b", None]}, {"name": "nibbles", "axes": ["b", None]},
            {"name": "both", "axes": [{"concat": ["a", "b"]}, "b"]},
            {"name": "nibbles.columns", "axes": [None, {"axis": "b", "inner": 2}]},
        ],
        "tasks": [
            {"name": "first", "order": [0, 1], "levels": [1, 2],
             "private": [{"name": "head.first", "as": "head"}, "scale"],
             "private_per_level": {"2": [{"name": "masked.mask", "as": "mask"}]}},
            {"name": "second", "order": [1, 0], "levels": {"small": 1, "full": 2},
             "axes": {"b": {"order": [0, 1], "levels": [1, 2]}}, "private": [{"name": "head.second", "as": "head"}],
             "private_per_level": {"small": [{"name": "norm.small", "as": "norm"}],
                                   "full": [{"name": "norm.full", "as": "norm"}]}},
        ],
    }
    source = {"format": "tessera.source/1", "kind": "arrays", "shards": [{"tensors": len(tensors), "header": None}]}
    headers = []
    if is_safetensors:
        source |= {"kind": "safetensors", "shards": [{"tensors": len(tensors), "header": 0}]}
        headers = [safetensors_header(tensors)]
    return {"tensors": tensors, "axes": {"a": a, "b": b}, "tasks": levels, "plan": plan, "source": source,
            "headers": headers}


if __name__ == "__main__":
    flat = [word for word in sys.argv[2:] if word != "compressed"]
    if len(sys.argv) < 2 or len(flat) > 1:
        sys.exit("usage: minimal_writer.py MODEL.h5 [compressed] [MODEL.safetensors]")
    arguments = example(is_safetensors=bool(flat))
    write(sys.argv[1], **arguments, compressed="compressed" in sys.argv[2:])
    for path in flat:
        by_name = {x.name: x.data for x in arguments["tensors"]}
        with open(path, "wb") as file:
            file.write(arguments["headers"][0] + b"".join(by_name[x.tied_to or x.name] for x in arguments["tensors"]))
