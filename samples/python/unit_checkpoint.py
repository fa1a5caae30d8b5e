"""Reads unit checkpoints (schemas/checkpoint-layout-v2.md) with h5py and NumPy.

    from unit_checkpoint import flat_tensors, virtual_network
    for name, (dtype, shape, data) in flat_tensors("model.h5").items(): ...
    small = virtual_network("model.h5", "digits", 2)           # {name: (dtype, shape, data)}
    array = as_array(*small["stage1.0.conv.weight"])

`data` are the tensor's little-endian bytes in C order. Opening a file checks its tables, and reading a section checks
its pages (with the package xxhash). `flat_tensors` checks every byte. A file that breaks a rule raises a ValueError.
The rules are in unit_checkpoint_rules.py, and the rows of the tables in unit_checkpoint_tables.py.
"""

import itertools
import json
import math
import os
import struct
import sys
from collections import namedtuple
from functools import cache

import h5py
import numpy as np
from xxhash import xxh3_64, xxh3_64_intdigest

import unit_checkpoint_rules as rules
from unit_checkpoint_rules import need
from unit_checkpoint_tables import BITS, NO_ADDRESS, NUMPY, TABLES, TYPES, escaped, raw, stored_type

# cuts: {dimension: (row of cuts, rows of axes by slot)}. owned, reordered: the tensor's rows of these tables.
Tensor = namedtuple("Tensor", "name dtype shape cuts units scope tied_to sha256 owned reordered")
# The bytes offset..<offset + size of a section. needs: (unit, axis or None) of each part that is not common.
# parts: the index of the part on each cut dimension; the unit, if elements have owners.
Block = namedtuple("Block", "path offset size needs parts")
Section = namedtuple("Section", "row dtype shape first_page")


def to_cells(data, dtype, shape):
    """The elements of a tensor with one more axis: an element's bytes, or its bits if elements share bytes."""
    cells, bits = np.frombuffer(data, np.uint8), BITS[dtype]
    if bits % 8:
        return np.unpackbits(cells, count=math.prod(shape) * bits, bitorder="little").reshape(*shape, bits)
    return cells.reshape(*shape, bits // 8)


def to_bytes(cells, dtype):
    return (np.packbits(cells.reshape(-1), bitorder="little") if BITS[dtype] % 8 else cells).tobytes()


class Checkpoint:
    """An open unit checkpoint: its tables as arrays, its tensors, and for each tensor its blocks."""

    def __init__(self, path):
        self.path, self.file = path, h5py.File(path, "r")
        need(self.file.attrs.get("format") == b"tessera.checkpoint", f"{path}: not a unit checkpoint")
        version = self.file.attrs["layout_version"]
        need(version[0] == 2, f"{path}: layout version {version}, not 2.x")
        # If another program has rewritten the file, the data have moved, and `address` is not used.
        self.is_as_written, self.text_ends = False, {}
        self.read_tables()
        t = self.table
        self.tasks = {self.text(row["name"]): row for row in t["tasks"]}
        self.level_names = [None if row["name"] < 0 else self.text(row["name"]) for row in t["networks"]]
        # The units of (network, axis), or of (network, None) if the axis has no units of its own.
        self.units = {(n, None): self.unit_list(row) for n, row in enumerate(t["networks"])}
        self.units |= {(int(row["network"]), int(row["axis"])): self.unit_list(row) for row in t["axis_units"]}
        self.scopes = [tuple(self.rows("scope_networks", *row).tolist()) for row in t["scopes"]]
        # {(tensor, network): (name or None, row of the mask or −1)}
        self.views = {(tensor, network): (None if name < 0 else self.text(name), mask)
                      for tensor, first, count, name, mask in t["views"].tolist()
                      for network in range(first, min(first + count, len(t["networks"])))}
        rows_of = {"owned": {}, "reordered": {}}
        for table, by_tensor in rows_of.items():
            for row in t[table].tolist():
                by_tensor.setdefault(row[0], []).append(row)
        self.tensors = [self.read_tensor(row, number, rows_of) for number, row in enumerate(t["tensors"])]
        rules.check_tables(self)
        self.maps = {self.data_row(row) for row in set(t["owned"]["map"].tolist())}
        self.sizes = {}     # {path: bytes} of each section
        self.blocks = [self.place_blocks(t) for t in self.tensors]
        self.sections = self.read_sections()
        rules.check_sections(self)
        self.section = cache(self.section)

    # The tables

    def read_tables(self):
        # An absent table has no rows.
        found = {name: self.find("tessera/" + name, h5py.h5t.py_create(TYPES[name])) for name in TABLES
                 if name == "seal" or name in self.file["tessera"]}
        need(all(len(table.shape) == (name != "seal") for name, table in found.items()), "a table of another shape")
        need(sum(table.size * TYPES[name].itemsize for name, table in found.items()) <= 2**27, "too large tables")
        content, index = {name: raw(found[name]) if name in found else b"" for name in TABLES}, xxh3_64()
        for name, data in content.items():
            # For the seal, only the bytes before index_xxh3.
            index.update(struct.pack("<Q", len(data)) + data if name != "seal" else data[:64])
        self.table = {name: np.frombuffer(data, TYPES[name]) for name, data in content.items()}
        self.seal = self.table["seal"][0]
        need(index.intdigest() == self.seal["index_xxh3"], "index_xxh3 does not match the tables")
        self.is_as_written = os.path.getsize(self.path) == self.seal["file_end"]
        self.plan, self.source = json.loads(content["plan"]), json.loads(content["source"])

    def text(self, offset):
        start = int(offset) + 4
        length = int.from_bytes(self.table["names"][int(offset):start].tobytes(), "little")
        need(start + length <= len(self.table["names"]), "a name out of range")
        self.text_ends[int(offset)] = start + length
        return self.table["names"][start:start + length].tobytes().decode()

    def rows(self, table, first, count):
        first, count = int(first), int(count)
        need(first + count <= len(self.table[table]) and (count or not first), f"rows of {table} out of range")
        return self.table[table][first:first + count]

    def unit_list(self, row):
        return tuple(self.rows("units", row["first_unit"], row["unit_count"]).tolist())

    def segments(self, cut):
        need(0 <= cut < len(self.table["cuts"]), "a cut out of range")
        return self.rows("segments", *self.table["cuts"][cut])

    def read_tensor(self, row, number, rows_of):
        cuts, dimensions = {}, self.rows("dimensions", row["first_dimension"], row["rank"])
        for dimension, (_, cut, first) in enumerate(dimensions.tolist()):
            if cut >= 0:
                segments = self.segments(cut)
                slots = int(segments["slot"].max()) + 1 if np.any(segments["unit"] >= 0) else 0
                cuts[dimension] = cut, tuple(self.rows("cut_axes", first if slots else 0, slots).tolist())
        dtype = row["dtype"].decode()
        need(dtype in BITS, f"an unknown dtype {dtype!r}")
        return Tensor(self.text(row["name"]), dtype, tuple(dimensions["size"].tolist()), cuts, self.unit_list(row),
                      int(row["scope"]), int(row["tied_to"]), row["sha256"].tobytes(),
                      rows_of["owned"].get(number, []), rows_of["reordered"].get(number, []))

    # Blocks and sections

    @cache
    def parts(self, cut, axes):
        """The parts of a cut, ascending, as (unit, axis, number of positions), and the part of each segment."""
        segments = self.segments(cut)
        keys = (segments["unit"].astype(np.int64) + 1 << 32) + segments["slot"]
        keys, part_of = np.unique(keys, return_inverse=True)
        counts = np.zeros(len(keys), np.int64)
        np.add.at(counts, part_of, segments["length"].astype(np.int64))
        return [((key >> 32) - 1, axes[key & 2**32 - 1] if key else None, count)
                for key, count in zip(keys.tolist(), counts.tolist())], part_of

    def section_path(self, kind, scope, units, dtype):
        group = {1: "common", 3: "free"}.get(kind) or ("intra" if len(units) == 1 else "inter")
        steps = ["private", str(scope)] if scope >= 0 else []
        return "/".join([*steps, group, *(["-".join(map(str, units))] if units else []), dtype])

    def place_blocks(self, t):
        """The blocks of a tensor; in each section they follow the blocks of earlier tensors."""
        bits, elements, blocks = BITS[t.dtype], math.prod(t.shape), []
        is_whole, own = t.scope < 0 and not t.cuts and not t.units and not t.owned, tuple((unit, None) for unit in t.units)

        def add(count, needs, parts=(), kind=None):
            units = sorted({unit for unit, _ in needs if unit >= 0})
            path = self.section_path(kind or (2 if units else 1), t.scope, units, t.dtype)
            path = "tensors/" + escaped(t.name) if is_whole else path
            size, offset = -(-count * bits // 8), self.sizes.get(path, 0)
            need(len(blocks) < 2**20, f"{t.name!r} has too many blocks")
            need(count * bits % 8 == 0 or count == elements, f"{t.name!r}: a block without a whole number of bytes")
            self.sizes[path] = offset + size
            blocks.append(Block(path, offset, size, needs, parts))

        if t.tied_to >= 0 or not elements and not is_whole:
            pass
        elif t.owned:
            for _, _, unit, count in t.owned:
                # No network has the unit −1: free elements are zero in every network.
                add(count, ((unit, None),), unit, 2 if unit >= 0 else 3)
        elif t.cuts:
            uncut = math.prod(size for dimension, size in enumerate(t.shape) if dimension not in t.cuts)
            for block in itertools.product(*(enumerate(self.parts(*cut)[0]) for cut in t.cuts.values())):
                needs = tuple((unit, axis) for _, (unit, axis, _) in block if unit >= 0) + own
                add(uncut * math.prod(count for _, (_, _, count) in block), needs, tuple(part for part, _ in block))
        else:
            add(elements, own)
        return blocks

    def read_sections(self):
        """{path: Section}, in the order of the table."""
        found, page = {}, 0
        for row in self.table["sections"]:
            dtype = row["dtype"].decode()
            need(dtype in BITS, f"an unknown dtype {dtype!r}")
            path, shape = self.section_path(row["kind"], row["scope"], self.unit_list(row), dtype), None
            if row["kind"] == 0:
                need(0 <= row["tensor"] < len(self.tensors), "a section of a wrong tensor")
                t = self.tensors[row["tensor"]]
                path, shape = "tensors/" + escaped(t.name), t.shape if len(t.shape) <= 32 and BITS[dtype] >= 8 else None
            size = self.sizes.get(path, 0)
            found[path] = Section(row, dtype, shape if shape is not None else (size // max(BITS[dtype] // 8, 1),), page)
            page += -(-size // int(self.seal["page_bytes"]) if self.seal["page_bytes"] else 0)
        return found

    def section(self, path):
        """The bytes of a section, or of a whole tensor; checks all of its pages."""
        row, dtype, shape, first_page = self.sections[path]
        dataset = self.find(path, stored_type(dtype))
        need(dataset.shape == shape, f"/{path} has the shape {dataset.shape}, not {shape}")
        offset, step = dataset.id.get_offset(), int(self.seal["page_bytes"])
        need(not self.is_as_written or (NO_ADDRESS if offset is None else offset) == row["address"],
             f"/{path} lies at {offset}, not at {row['address']}")
        is_bytes = dtype != "BF16" and (dtype not in NUMPY or dtype == "BOOL")
        need(row["kind"] or not is_bytes or dataset.attrs.get("dtype") == dtype.encode(), f"/{path}: another dtype")
        data = raw(dataset)
        for number, start in enumerate(range(0, len(data), step), first_page):
            need(xxh3_64_intdigest(data[start:start + step]) == self.table["pages"][number], f"/{path}: damaged page")
        return data

    def find(self, path, wanted):
        """The dataset at a path; raises unless it has the wanted type and its data are in this file."""
        item = self.file
        for step in path.split("/"):
            need(isinstance(item, h5py.Group) and isinstance(item.get(step, getlink=True), h5py.HardLink),
                 f"/{path} is missing")
            item = item[step]
        need(isinstance(item, h5py.Dataset) and item.id.get_type().equal(wanted), f"/{path} has another type")
        created = item.id.get_create_plist()
        filters = {created.get_filter(number)[0] for number in range(created.get_nfilters())}
        need(not item.is_virtual and not item.external and filters <= {1, 2, 3}, f"/{path} is stored in another way")
        return item

    # Tensors and networks

    def data_row(self, row):
        """The row of the tensor with the data: the row itself, or the one that it is tied to."""
        return row if self.tensors[row].tied_to < 0 else self.tensors[row].tied_to

    def active(self, network, axis=None):
        return self.units.get((network, axis), self.units[network, None])

    def channels(self, axis, network):
        """The channels of an axis in the network, in the order of a reordered tensor."""
        segments = self.segments(self.table["axes"]["cut"][axis])
        unit = np.repeat(segments["unit"], segments["length"].astype(np.int64))
        return np.concatenate([np.flatnonzero(unit == u) for u in (-1, *self.active(network, axis))])

    def tensor(self, row, network=None):
        """A tensor of the flat weights, or a network's part of it: (dtype, shape, data)."""
        t, blocks = self.tensors[self.data_row(row)], self.blocks[self.data_row(row)]
        is_active = [network is None or all(unit in self.active(network, axis) for unit, axis in block.needs)
                     for block in blocks]
        blocks = [(block, self.section(block.path)[block.offset:block.offset + block.size])
                  for block, active in zip(blocks, is_active) if active]
        shape = list(t.shape)
        if t.owned:
            owners = np.frombuffer(self.tensor(t.owned[0][1])[2], np.uint8).astype(int) - 1
            found = zip(*(x.tolist() for x in np.unique(owners, return_counts=True)))
            need(dict(found) == {unit: count for *_, unit, count in t.owned}, f"{t.name!r}: other owners than owned")
            cells = np.zeros([len(owners), BITS[t.dtype] // 8], np.uint8)
            for block, data in blocks:
                cells[owners == block.parts] = to_cells(data, t.dtype, [-1])
            data = cells.tobytes()
        elif t.cuts:
            # For each dimension, the positions of each part, counted among the active positions.
            places = {}
            for dimension, cut in t.cuts.items():
                parts, part_of = self.parts(*cut)
                part_of = np.repeat(part_of, self.segments(cut[0])["length"].astype(np.int64))
                kept = np.array([network is None or unit < 0 or unit in self.active(network, axis)
                                 for unit, axis, _ in parts], bool)
                part_of = part_of[kept[part_of]]
                shape[dimension] = len(part_of)
                places[dimension] = [np.flatnonzero(part_of == part) for part in range(len(parts))]
            cells = to_cells(bytes(-(-math.prod(shape) * BITS[t.dtype] // 8)), t.dtype, shape).copy()
            for block, data in blocks:
                place = [np.arange(size) for size in shape]
                for (dimension, positions), part in zip(places.items(), block.parts):
                    place[dimension] = positions[part]
                cells[np.ix_(*place)] = to_cells(data, t.dtype, [len(positions) for positions in place])
            data = to_bytes(cells, t.dtype)
        else:
            data = b"".join(data for _, data in blocks)
        for _, dimension, axis, inner, outer in t.reordered if network is not None else []:
            order = np.argsort(self.channels(axis, network))
            runs = [*shape[:dimension], outer, len(order), inner, *shape[dimension + 1:]]
            data = to_bytes(np.take(to_cells(data, t.dtype, runs), order, axis=dimension + 1), t.dtype)
        return t.dtype, shape, data

    def network(self, number):
        """The dense sub-network of a row of `networks`: {name in the network: (dtype, shape, data)}."""
        result, views = {}, {row: view for (row, network), view in self.views.items() if network == number}
        masks = {mask for _, mask in views.values()}
        for row, t in enumerate(self.tensors):
            if ((t.scope < 0 or number in self.scopes[t.scope]) and set(t.units) <= set(self.active(number))
                    and self.data_row(row) not in self.maps and row not in masks):
                name, mask = views.get(row, (None, -1))
                dtype, shape, data = self.tensor(row, number)
                if mask >= 0:
                    kept = np.frombuffer(self.tensor(mask)[2], np.uint8) != 0
                    data = to_bytes(to_cells(data, dtype, [len(kept)]) * kept[:, None], dtype)
                need((t.name if name is None else name) not in result, f"two tensors {name!r} in a network")
                result[t.name if name is None else name] = dtype, shape, data
        return result


def flat_tensors(path):
    """Every tensor of the flat weights, in their order: {name: (dtype, shape, data)}; checks every byte of the file."""
    checkpoint = Checkpoint(path)
    with checkpoint.file:
        rules.verify(checkpoint)
        return {t.name: checkpoint.tensor(row) for row, t in enumerate(checkpoint.tensors)}


def virtual_network(path, task, level):
    """The dense sub-network of (task, level): {name: (dtype, shape, data)}; reads only its sections."""
    checkpoint = Checkpoint(path)
    with checkpoint.file:
        _, first, count = checkpoint.tasks[task].tolist()
        need(1 <= level <= count, f"{task} has {count} levels")
        return checkpoint.network(first + level - 1)


def as_array(dtype, shape, data):
    """The tensor as a NumPy array; a flat array of bytes if NumPy has no such dtype."""
    if dtype in NUMPY:
        return np.frombuffer(data, NUMPY[dtype]).reshape(shape)
    return np.frombuffer(data, np.uint8)


if __name__ == "__main__":
    if len(sys.argv) == 2:
        listed = flat_tensors(sys.argv[1])
    elif len(sys.argv) == 4:
        listed = virtual_network(sys.argv[1], sys.argv[2], int(sys.argv[3]))
    else:
        sys.exit("usage: unit_checkpoint.py MODEL.h5 [TASK LEVEL]")
    for name, (dtype, shape, data) in listed.items():
        print(f"{name}  {dtype}  {shape}  {len(data)} bytes")
