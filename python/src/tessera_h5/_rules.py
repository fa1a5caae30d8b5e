"""The rules of schemas/checkpoint-layout-v2.md for the tables; a file that breaks one is refused when it is opened.

`Index` checks the rest while it decodes: texts, dtypes, and rows that another table owns. `Placement` checks the table
`sections`, `Storage` how a dataset is stored, and `SectionReader` its pages.
"""

from __future__ import annotations

import math
from typing import Any, Iterable

import numpy as np

from ._dtypes import BITS, BLOCKS, bit_count
from ._errors import need
from ._index import Index
from ._storage import Section
from ._tables import NO_ADDRESS


def ascending(items: Iterable[Any]) -> bool:
    items = list(items)
    return all(a < b for a, b in zip(items, items[1:]))


def check_tables(index: Index) -> None:
    """Checks every rule about the tables except `sections` and `pages`."""
    _check_segments(index)
    _check_dimensions(index)
    _check_networks(index)
    t = index.table
    for table, second in (("owned", "unit"), ("reordered", "dimension"), ("views", "first_network")):
        need(ascending(t[table][["tensor", second]].tolist()), f"{table}: rows are out of order")
        need(not np.any(t[table]["tensor"] >= len(index.names)), f"{table}: a row of tensors is out of range")
    _check_tensors(index)
    for row in index.owned:
        _check_owned(index, row)
    for row in index.reordered:
        _check_reordered(index, row)
    _check_views(index)
    starts = np.array(sorted(index.text_ends), np.int64)
    ends = np.array([index.text_ends[start] for start in starts.tolist()], np.int64)
    need(bool(np.all(ends[:-1] <= starts[1:])), "names: texts overlap")
    _check_name_references(index)


def _check_segments(index: Index) -> None:
    cuts, segments = index.table["cuts"], index.table["segments"]
    length, unit, slot = segments["length"], segments["unit"], segments["slot"]
    need(not (cuts["segment_count"] > 1 << 22).any(), "cuts: found too many segments")
    need(bool(np.all((length >= 1) & (length <= 1 << 40))), "segments: found a wrong length")
    need(bool(np.all((unit >= -1) & (unit < 1024))) and not slot[unit == -1].any(), "segments: found a wrong part")
    same = (unit[1:] == unit[:-1]) & (slot[1:] == slot[:-1])
    # Rows that begin a cut have no neighbour before them.
    same[cuts["first_segment"][cuts["segment_count"] > 0][1:].astype(np.int64) - 1] = False
    need(not same.any(), "segments: neighbours are of one part")
    need(not (index.table["units"] >= 1024).any(), "units: found a unit above 1,023")
    for name, cut in index.table["axes"].tolist():
        own = index.segments(cut)
        need(not own["slot"].any(), f"axis {index.text(name)!r}: found a slot above 0")
        need(int(own["length"].sum()) <= 1 << 40, f"axis {index.text(name)!r}: found too many channels")
    need(len(set(index.axis_names)) == len(index.axis_names), "axes: a name occurs twice")


def _check_dimensions(index: Index) -> None:
    t = index.table["dimensions"]
    cuts, segments = index.table["cuts"], index.table["segments"]
    cut = t["cut"].astype(np.int64)
    need(bool(np.all((cut >= -1) & (cut < len(cuts)))), "dimensions: a row of cuts is out of range")
    is_cut = cut >= 0
    need(not t["first_axis"][~is_cut].any(), "dimensions: found first_axis without a cut")
    # Sums of lengths and highest slots, by differences of running sums: reduceat cannot sum empty ranges.
    first = cuts["first_segment"].astype(np.int64)
    end = first + cuts["segment_count"].astype(np.int64)
    sums = np.concatenate([[0], np.cumsum(segments["length"].astype(np.int64))])
    totals = sums[end] - sums[first]
    need(bool(np.all(totals[cut[is_cut]] == t["size"][is_cut].astype(np.int64))),
         "dimensions: the segments of a cut do not fill its dimension")
    slots = np.zeros(len(cuts), np.int64)
    owner = np.repeat(np.arange(len(cuts)), end - first)
    has_unit = segments["unit"] >= 0
    np.maximum.at(slots, owner[has_unit], segments["slot"][has_unit].astype(np.int64) + 1)
    pairs = {(a, n) for a, n in zip(t["first_axis"][is_cut].tolist(), slots[cut[is_cut]].tolist())}
    need(sum(count for _, count in pairs) <= 1 << 22, "cut_axes: dimensions select too many rows")
    for first_axis, count in pairs:
        axes = index.rows("cut_axes", first_axis, count)
        need(bool(np.all(axes[1:] > axes[:-1])) and not (axes >= len(index.axis_names)).any(),
             "cut_axes: found wrong axes for a dimension")


def _check_networks(index: Index) -> None:
    count = len(index.network_units)
    need(count <= 65536, "networks: found too many rows")
    axis_rows = [(n, axis) for n, axis, *_ in index.table["axis_units"].tolist()]
    need(ascending(axis_rows), "axis_units: rows are out of order")
    need(all(n < count and axis < len(index.axis_names) for n, axis in index.axis_units), "axis_units: out of range")
    lists = [*index.network_units, *index.axis_units.values()]
    need(all(len(set(units)) == len(units) for units in lists), "networks: a network has a unit twice")
    need(sum(map(len, lists)) <= 1 << 24, "networks: found too many units")
    need(all(ascending(scope) and (not scope or scope[-1] < count) for scope in index.scopes),
         "scopes: found a wrong row")
    need(len(set(index.scopes)) == len(index.scopes), "scopes: two rows have the same networks")


def _check_tensors(index: Index) -> None:
    t, count = index.table["tensors"], len(index.names)
    need(bool(np.all((t["tied_to"] >= -1) & (t["tied_to"] < count))), "tensors: tied_to is out of range")
    need(bool(np.all((t["scope"] >= -1) & (t["scope"] < len(index.scopes)))), "tensors: scope is out of range")
    for row in range(count):
        name = index.names[row]
        units = index.units_of(row)
        need(not units or ascending(units), f"tensor {name!r}: its units do not ascend")
        dtype, shape = index.dtypes[row], index.shape(row)
        need(dtype not in BLOCKS or bool(shape) and shape[-1] % BLOCKS[dtype][0] == 0,
             f"tensor {name!r}: its rows end inside a block")
        need(bit_count(dtype, math.prod(shape)) < 1 << 63, f"tensor {name!r}: is too large")
    sha256 = t["sha256"]
    for row in np.flatnonzero(t["tied_to"] >= 0).tolist():
        root = index.tied_to[row]
        same = (index.tied_to[root] < 0 and row not in index.owned
                and _described(index, row) == _described(index, root)
                and bool(np.array_equal(sha256[row], sha256[root])))
        need(same, f"tensor {index.names[row]!r}: differs from the tensor that it is tied to")


def _described(index: Index, row: int) -> Any:
    """The properties in which a tied tensor must equal the tensor that it is tied to."""
    cuts = []
    for dimension, cut, first_axis in index.cuts(row):
        segments = index.segments(cut)
        slots = int(segments["slot"].max()) + 1 if np.any(segments["unit"] >= 0) else 0
        cuts.append((dimension, segments.tolist(), index.rows("cut_axes", first_axis if slots else 0, slots).tolist()))
    return (index.dtypes[row], index.shape(row), cuts, index.units_of(row), index.scope[row],
            index.reordered.get(row, []))


def _is_plain(index: Index, row: int, other: int) -> bool:
    """Whether a tensor has no cut, no owners and no units, and has the shape of another tensor."""
    return (not index.cuts(row) and not index.units_of(row) and row not in index.owned
            and index.shape(row) == index.shape(other))


def _check_owned(index: Index, row: int) -> None:
    name, rows = f"tensor {index.names[row]!r}", index.owned[row]
    need(not index.cuts(row) and not index.units_of(row), f"{name}: has an owner map beside cuts or units")
    owner_map = rows[0][0]
    need(owner_map < len(index.names) and all(one == owner_map for one, _, _ in rows), f"{name}: a wrong owner map")
    need(_is_plain(index, owner_map, row) and index.dtypes[owner_map] == "U8", f"{name}: a wrong owner map")
    need(_has_all(index, index.scope[owner_map], index.scope[row]), f"{name}: a network lacks the owner map")
    dtype = index.dtypes[row]
    need(BITS.get(dtype, 1) % 8 == 0 and dtype != "F8_E8M0", f"{name}: elements of {dtype} cannot have owners")
    need(all(elements >= 1 and -1 <= unit <= 254 for _, unit, elements in rows), f"{name}: wrong owners")
    need(sum(elements for *_, elements in rows) == math.prod(index.shape(row)),
         f"{name}: its owners have another number of elements")


def _has_all(index: Index, wide: int, narrow: int) -> bool:
    """Whether every network of one scope is in another."""
    return wide < 0 or narrow >= 0 and set(index.scopes[narrow]) <= set(index.scopes[wide])


def _check_reordered(index: Index, row: int) -> None:
    name, cut = f"tensor {index.names[row]!r}", {dimension for dimension, _, _ in index.cuts(row)}
    for dimension, axis, inner, outer in index.reordered[row]:
        need(dimension < index.rank[row] and axis < len(index.axis_names) and dimension not in cut
             and index.scope[row] >= 0, f"{name}: a wrong row of reordered")
        segments = index.segments(int(index.table["axes"]["cut"][axis]))
        unit, length = segments["unit"], segments["length"].astype(np.int64)
        for network in index.scopes[index.scope[row]]:
            kept = np.isin(unit, [-1, *index.active_units(network, axis)])
            need(outer * int(length[kept].sum()) * inner == index.shape(row)[dimension], f"{name}: a wrong size")


def _check_views(index: Index) -> None:
    task_of = [task for task, (_, count) in enumerate(index.tasks.values()) for _ in range(count)]
    for row, views in index.views.items():
        name, end = f"tensor {index.names[row]!r}", 0
        for first, stop, _, mask in views:
            need(end <= first < stop <= len(task_of) and task_of[first] == task_of[stop - 1],
                 f"{name}: a view of wrong networks")
            end = stop
            networks = set(range(first, stop))
            scope = index.scope[row]
            need(scope < 0 or networks <= set(index.scopes[scope]), f"{name}: a view out of scope")
            need(-1 <= mask < len(index.names), f"{name}: a mask out of range")
            if mask >= 0:
                need(_is_plain(index, mask, row) and _is_plain(index, row, row)
                     and index.dtypes[mask] in ("U8", "BOOL"), f"{name}: a wrong mask")
                need(BITS.get(index.dtypes[row], 1) % 8 == 0 and index.dtypes[row] != "F8_E8M0",
                     f"{name}: elements of {index.dtypes[row]} cannot have a mask")
                of_mask = index.scope[mask]
                need(of_mask < 0 or networks <= set(index.scopes[of_mask]), f"{name}: a mask out of scope")


def _check_name_references(index: Index) -> None:
    own = index.table["tensors"]["name"]
    need(len(np.unique(own)) == len(own), "names: two tensors share a text")
    views = index.table["views"]["name"]
    networks = index.table["networks"]["name"]
    others = np.concatenate([
        index.table["axes"]["name"], index.table["tasks"]["name"], networks[networks >= 0], views[views >= 0]])
    need(not np.isin(own, others).any(), "names: the text of a tensor's name has another reference")


# Deflate makes data at most 1,032 times smaller.
LARGEST_RATIO = 1032


def check_sections(index: Index, sections: list[Section], length: int) -> list[tuple[int, int]]:
    """Checks that the data lie in the file and do not overlap. Returns the ranges of contiguous data, ascending."""
    ranges, end = [], int(index.seal["file_end"])
    # Before memory is taken: a small file must not claim a terabyte.
    need(sum(section.size for section in sections) <= LARGEST_RATIO * length,
         f"sections: found more data than a file of {length:,} bytes can have")
    need(sum(section.kind != 0 for section in sections) <= 65536, "sections: found too many rows")
    for section in sections:
        if section.address != NO_ADDRESS:
            need(section.size and section.address + section.size <= end, f"/{section.path}: lies outside the file")
            ranges.append((section.address, section.address + section.size))
    ranges.sort()
    need(all(a[1] <= b[0] for a, b in zip(ranges, ranges[1:])), "sections: data overlap")
    return ranges
