"""The rules of schemas/checkpoint-layout-v2.md that a reader can check; a file that breaks one is refused.

`check_tables` and `check_sections` check the tables, `verify` every byte of the file. The reader's own methods check
the rest: `rows` that rows exist, `find` how a dataset is stored, `section` its pages.
"""

import hashlib
import itertools
import math
import re
import struct

import h5py
import numpy as np
from xxhash import xxh3_64

from unit_checkpoint_tables import BITS, raw


def need(holds, sentence):
    if not holds:
        raise ValueError(sentence)


def ascending(items):
    return all(a < b for a, b in itertools.pairwise(items))


def check_tables(c):
    """Checks every rule about the tables except `sections` and `pages`; c is a Checkpoint."""
    t = c.table
    follow(c, "tensors", "first_dimension", "rank", "dimensions")
    follow(c, "cuts", "first_segment", "segment_count", "segments")
    follow(c, "tasks", "first_network", "network_count", "networks")
    need(not np.any(t["units"] >= 1024), "a unit beyond 1,023")
    need(len(t["tensors"]) <= 2**19 and len(t["networks"]) <= 65536, "too many tensors or networks")
    for number in range(len(t["cuts"])):
        segments = c.segments(number)
        unit, slot = segments["unit"], segments["slot"]
        need(len(segments) <= 2**22 and np.all(segments["length"] >= 1), "a segment without positions")
        need(np.all((unit >= -1) & (unit < 1024)) and not np.any(slot[unit == -1]), "a segment of a wrong part")
        need(np.all((unit[1:] != unit[:-1]) | (slot[1:] != slot[:-1])), "neighbouring segments of one part")
    for row in t["axes"]:
        need(c.text(row["name"]) is not None and not np.any(c.segments(row["cut"])["slot"]), "an axis with slots")
        need(sum(map(int, c.segments(row["cut"])["length"])) <= 2**40, "an axis with too many channels")
    need(len(c.tasks) == len(t["tasks"]), "a task's name occurs twice")
    need(ascending([(row["network"], row["axis"]) for row in t["axis_units"]]), "axis_units is out of order")
    need(all(n < len(t["networks"]) and (axis or 0) < len(t["axes"]) + (axis is None) for n, axis in c.units),
         "axis_units is out of range")
    need(all(len(set(units)) == len(units) for units in c.units.values()), "a network has a unit twice")
    need(sum(map(len, c.units.values())) <= 2**24, "too many units of networks")
    need(all(ascending(scope) and all(n < len(t["networks"]) for n in scope) for scope in c.scopes), "a wrong scope")
    need(len(set(c.scopes)) == len(c.scopes), "two scopes with the same networks")
    need(len({tensor.name for tensor in c.tensors}) == len(c.tensors), "a tensor's name occurs twice")
    for table, second in (("owned", "unit"), ("reordered", "dimension"), ("views", "first_network")):
        need(ascending(t[table][["tensor", second]].tolist()), f"{table} is out of order")
        need(not np.any(t[table]["tensor"] >= len(c.tensors)), f"{table} is out of range")
    for number, tensor in enumerate(c.tensors):
        check_tensor(c, number, tensor)
    check_views(c)
    starts = sorted(c.text_ends)
    need(all(c.text_ends[a] <= b for a, b in itertools.pairwise(starts)), "texts overlap")


def follow(c, owners, first, count, table):
    """Checks that the rows of `table` belong to its owners in order, without gaps or rows left over."""
    end = 0
    for row in c.table[owners]:
        need(row[count] == 0 or row[first] == end, f"{owners}: rows of {table} out of order")
        end += len(c.rows(table, row[first], row[count]))
    need(end == len(c.table[table]), f"rows of {table} without an owner")


def check_tensor(c, number, t):
    row = c.table["tensors"][number]
    for size, cut, first in c.rows("dimensions", row["first_dimension"], row["rank"]).tolist():
        need(size <= 2**40 and cut >= -1 and (cut >= 0 or first == 0), f"{t.name!r}: a wrong dimension")
        need(cut < 0 or sum(map(int, c.segments(cut)["length"])) == size, f"{t.name!r}: a cut of another size")
    for _, axes in t.cuts.values():
        need(ascending(axes) and all(axis < len(c.table["axes"]) for axis in axes), f"{t.name!r}: wrong axes of a cut")
    elements = math.prod(t.shape)
    need(elements < 2**63 and elements * BITS[t.dtype] < 2**66, f"{t.name!r}: too large")
    need(-1 <= t.scope < len(c.scopes), f"{t.name!r}: a scope out of range")
    need(ascending(t.units), f"{t.name!r}: units that do not ascend")
    need(not t.owned or not t.cuts and not t.units, f"{t.name!r} lies in two ways")
    need(-1 <= t.tied_to < len(c.tensors), f"{t.name!r}: a tie out of range")
    if t.tied_to >= 0:
        root = c.tensors[t.tied_to]
        need(root.tied_to < 0 and not t.owned and described(c, t) == described(c, root),
             f"{t.name!r} is not tied to its equal")
    if t.owned:
        need(len({row[1] for row in t.owned}) == 1 and t.owned[0][1] < len(c.tensors), f"{t.name!r}: a wrong owner map")
        owners = c.tensors[t.owned[0][1]]
        need(is_whole_in(owners, t) and owners.dtype == "U8", f"{t.name!r}: a wrong owner map")
        need(owners.scope < 0 or t.scope >= 0 and set(c.scopes[t.scope]) <= set(c.scopes[owners.scope]),
             f"{t.name!r}: a network without the owner map")
        need(BITS[t.dtype] % 8 == 0 and t.dtype != "F8_E8M0", f"{t.name!r}: owners of elements of {t.dtype}")
        need(all(elements and -1 <= unit <= 254 for _, _, unit, elements in t.owned), f"{t.name!r}: wrong owners")
        need(sum(elements for *_, elements in t.owned) == math.prod(t.shape), f"{t.name!r}: other elements than owned")
    for _, dimension, axis, inner, outer in t.reordered:
        need(dimension < len(t.shape) and axis < len(c.table["axes"]) and dimension not in t.cuts and t.scope >= 0,
             f"{t.name!r}: a wrong row of reordered")
        for network in c.scopes[t.scope]:
            need(outer * len(c.channels(axis, network)) * inner == t.shape[dimension], f"{t.name!r}: a wrong size")


def described(c, t):
    """The properties in which a tied tensor must equal the tensor that it is tied to."""
    cuts = {dimension: (axes, c.segments(cut).tolist()) for dimension, (cut, axes) in t.cuts.items()}
    return (t.dtype, t.shape, cuts, t.units, t.scope, t.sha256,
            [row[1:] for row in t.reordered])


def is_whole_in(t, other):
    """Whether a tensor has no cut, no owners and no units, and has the shape of another tensor."""
    return not t.cuts and not t.units and not t.owned and t.shape == other.shape


def check_views(c):
    task_of = [number for number, row in enumerate(c.table["tasks"]) for _ in range(row["network_count"])]
    last = (-1, -1)
    for tensor, first, count, _, mask in c.table["views"].tolist():
        t, networks = c.tensors[tensor], set(range(first, first + count))
        need(count and (tensor, first) > last and len(set(task_of[first:first + count])) == 1
             and first + count <= len(task_of), f"{t.name!r}: a view of wrong networks")
        last = (tensor, first + count - 1)
        need(t.scope < 0 or networks <= set(c.scopes[t.scope]), f"{t.name!r}: a view out of scope")
        need(-1 <= mask < len(c.tensors), f"{t.name!r}: a mask out of range")
        if mask >= 0:
            m = c.tensors[mask]
            need(is_whole_in(m, t) and is_whole_in(t, t) and m.dtype in ("U8", "BOOL"), f"{t.name!r}: a wrong mask")
            need(m.scope < 0 or networks <= set(c.scopes[m.scope]), f"{t.name!r}: a mask out of scope")


def check_sections(c):
    """Checks the table `sections` against the sections that the blocks need, and the number of pages."""
    pages, page_bytes, end = 0, int(c.seal["page_bytes"]), int(c.seal["file_end"])
    need(page_bytes in [2**n for n in range(10, 21)], "a wrong number of page_bytes")
    for row in c.table["sections"]:
        kind, units = int(row["kind"]), c.unit_list(row)
        need(kind < 4 and ascending(units) and bool(units) == (kind == 2), "a wrong row of sections")
        need(-1 <= row["scope"] < len(c.scopes) and (kind or row["scope"] == -1), "a section of a wrong scope")
        need(row["tensor"] == -1 if kind else 0 <= row["tensor"] < len(c.tensors), "a section of a wrong tensor")
    need(len(c.sections) == len(c.table["sections"]), "two rows for one section")
    need(c.sections.keys() == c.sizes.keys(), f"wrong sections: {sorted(c.sections.keys() ^ c.sizes.keys())[:3]}")
    c.ranges = []
    for path, section in c.sections.items():
        size, address = c.sizes[path], int(section.row["address"])
        need(section.row["bytes"] == size, f"/{path}: the blocks have {size} bytes, the row {section.row['bytes']}")
        need(section.row["kind"] or section.dtype == c.tensors[section.row["tensor"]].dtype, f"/{path}: another dtype")
        pages += -(-size // page_bytes)
        if address != 2**64 - 1:
            need(size and address + size <= end, f"/{path} lies outside the file")
            c.ranges.append((address, address + size))
    need(pages == len(c.table["pages"]), f"{len(c.table['pages'])} pages, not {pages}")
    need(sum(bool(section.row["kind"]) for section in c.sections.values()) <= 65536, "too many sections")
    c.ranges.sort()
    need(all(a[1] <= b[0] for a, b in itertools.pairwise(c.ranges)), "sections overlap")


def verify(c):
    """Checks every byte of the file: pages, digests, headers, and everything outside the tensors."""
    total, headers, numbers = hashlib.sha256(), xxh3_64(), []
    for row in sorted(range(len(c.tensors)), key=lambda row: c.tensors[row].name.encode()):
        t, name = c.tensors[row], c.tensors[row].name.encode()
        need(hashlib.sha256(c.tensor(row)[2]).digest() == t.sha256, f"{t.name!r}: another SHA-256")
        total.update(struct.pack("<Q", len(name)) + name + t.dtype.encode() + ",".join(map(str, t.shape)).encode())
        total.update(t.sha256)
    need(total.digest() == c.seal["model_sha256"].tobytes(), "another model digest")
    for number in range(len(c.file.get("tessera/headers", ()))):
        data = raw(c.find(f"tessera/headers/{number}", h5py.h5t.STD_U8LE))
        headers.update(struct.pack("<Q", len(data)) + data)
        numbers.append(number)
    need(headers.intdigest() == c.seal["headers_xxh3"], "headers_xxh3 does not match")
    need(c.plan["format"] == "tessera.plan/1" and c.source["format"] == "tessera.source/1", "another format")
    verify_inputs(c, numbers)
    if c.is_as_written:
        seal, rest, position = c.file["tessera/seal"].id.get_offset(), xxh3_64(), 0
        with open(c.path, "rb") as file:
            for start, end in sorted([*c.ranges, (seal, seal + 72), (int(c.seal["file_end"]),) * 2]):
                file.seek(position)
                rest.update(file.read(start - position))
                position = end
        need(rest.intdigest() == c.seal["rest_xxh3"], "rest_xxh3 does not match")


def verify_inputs(c, numbers):
    """Checks the record of the first input and of added ones: their tensors, and the headers with these numbers."""
    inputs = [c.source, *c.source.get("added", [])]
    named, shared, first = [], set(), 0
    for source in inputs:
        count = sum(shard["tensors"] for shard in source["shards"])
        need(first + count <= len(c.tensors), "source counts other tensors")
        for tensor in c.tensors[first:first + count]:
            need(source is c.source or tensor.name.startswith(source["name"] + "/"), f"{tensor.name!r}: another prefix")
        first += count
        named += [shard["header"] for shard in source["shards"] if shard["header"] is not None]
        for file in source.get("files", []):
            shared.add(file["header"])
            data = raw(c.find(f"tessera/headers/{file['header']}", h5py.h5t.STD_U8LE))
            need(hashlib.sha256(data).hexdigest() == file["sha256"], f"another file {file['name']!r}")
        if "index" in source:
            number = source["index"].get("header")
            path = "tessera/shard_index" if number is None else f"tessera/headers/{number}"
            named += [] if number is None else [number]
            data = raw(c.find(path, h5py.h5t.STD_U8LE))
            need(hashlib.sha256(data).hexdigest() == source["index"]["sha256"], "another index of shards")
    need(first == len(c.tensors), "source counts other tensors")
    names = [source["name"] for source in inputs[1:]]
    need(len(set(names)) == len(names), "an added input occurs twice")
    need(all(re.fullmatch("[A-Za-z0-9][A-Za-z0-9._-]{0,63}", name) for name in names), "an added input's name")
    need(sorted(named + list(shared)) == numbers, "source names other headers")
