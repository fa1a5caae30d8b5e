"""Where the blocks of each tensor lie.

The file stores no offsets: a block begins after all earlier blocks of its section. Tensors that are cut in the same way
share a `Layout`, so that a file of 10,000 tensors takes a few hundred of them at most.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ._dtypes import BITS, bit_count, block_of, byte_count
from ._errors import need
from ._index import Index, Units
from ._storage import Section
from ._tables import link

Array = npt.NDArray[Any]
# (kind, scope or row of a whole tensor, units, dtype)
Key = tuple[int, int, Units, str]
WHOLE, COMMON, UNITS, FREE = 0, 1, 2, 3


@dataclass(frozen=True)
class Parts:
    """The parts of a cut, ascending: the unit (−1: common), slot and number of positions of each."""

    unit: Array
    slot: Array
    count: Array
    of_segment: Array


@dataclass(frozen=True)
class Layout:
    """How a tensor is divided: its blocks, in units of the elements that one position of the cut dimensions has."""

    keys: tuple[Key, ...]
    """The sections with blocks of the tensor."""
    totals: Array
    """For each of `keys`: the positions in it."""
    section: Array
    """For each block, in the order of blocks: its place in `keys`."""
    count: Array
    """For each block: its positions."""
    before: Array
    """For each block: the positions of the tensor's blocks before it in the same section."""


class Placement:
    """The layout of each tensor, and where its range begins in each of its sections."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self.part_lists: dict[int, Parts] = {}
        self.layouts: dict[Any, Layout] = {}
        self.keys: dict[Key, int] = {}
        self.layout_of: list[Layout | None] = []
        self.first_pair: list[int] = []
        self.blocks = self.distinct_blocks = 0
        sections: list[Array] = []
        sizes: list[Array] = []
        pairs = 0
        for row in range(len(index.names)):
            layout = self._layout(row)
            self.layout_of.append(layout)
            self.first_pair.append(pairs)
            if layout is None:
                continue
            numbers = self._section_numbers(layout)
            sections.append(numbers)
            sizes.append(self._sizes(row, layout))
            pairs += len(numbers)
            self.blocks += len(layout.count)
            need(self.blocks <= 1 << 25 and pairs <= 1 << 26, "tensors: found too many blocks")
        section = np.concatenate([*sections, np.empty(0, np.int64)])
        size = np.concatenate([*sizes, np.empty(0, np.int64)])
        need(float(size.astype(float).sum()) < 2.0**62, "tensors: found too many bytes")
        order = np.argsort(section, kind="stable")
        ends = np.cumsum(size[order])
        starts = ends - size[order]
        heads = np.searchsorted(section[order], np.arange(len(self.keys)))
        self.pair_offset = np.empty(len(section), np.int64)
        self.pair_offset[order] = starts - starts[heads][section[order]] if len(section) else starts
        self.section_bytes = np.zeros(len(self.keys), np.int64)
        np.add.at(self.section_bytes, section, size)

    def parts(self, cut: int) -> Parts:
        found = self.part_lists.get(cut)
        if found is None:
            segments = self.index.segments(cut)
            keys = (segments["unit"].astype(np.int64) + 1 << 32) + segments["slot"]
            keys, of_segment = np.unique(keys, return_inverse=True)
            of_segment = of_segment.reshape(-1)
            count = np.zeros(len(keys), np.int64)
            np.add.at(count, of_segment, segments["length"].astype(np.int64))
            found = self.part_lists[cut] = Parts((keys >> 32) - 1, keys & 0xFFFFFFFF, count, of_segment)
        return found

    def _layout(self, row: int) -> Layout | None:
        index = self.index
        if index.tied_to[row] >= 0:
            return None
        dtype, scope, units = index.dtypes[row], index.scope[row], index.units_of(row)
        owned, cuts = index.owned.get(row), index.cuts(row)
        is_whole = scope < 0 and not (owned or cuts or units)
        if not is_whole and 0 in index.shape(row):
            return None
        key: Any
        if is_whole:
            key = row
        elif owned:
            key = dtype, scope, tuple((unit, elements) for _, unit, elements in owned)
        else:
            key = dtype, scope, units, tuple(cut for _, cut, _ in cuts)
        found = self.layouts.get(key)
        if found is None:
            if is_whole:
                found = _layout([(WHOLE, row, (), dtype)], [0], [1])
            elif owned:
                keys: list[Key] = [(UNITS, scope, (unit,), dtype) if unit >= 0 else (FREE, scope, (), dtype)
                                   for _, unit, _ in owned]
                found = _layout(keys, list(range(len(keys))), [elements for _, _, elements in owned])
            else:
                found = self._cut(dtype, scope, units, [cut for _, cut, _ in cuts])
            self.layouts[key] = found
            self.distinct_blocks += len(found.count)
            need(is_whole or self.distinct_blocks - len(index.names) <= 1 << 24, "tensors: found too many blocks")
        return found

    def _cut(self, dtype: str, scope: int, own: Units, cuts: list[int]) -> Layout:
        parts = [self.parts(cut) for cut in cuts]
        extents = [len(part.unit) for part in parts]
        need(math.prod(extents) <= 1 << 20, "tensors: found too many blocks in one tensor")
        positions = np.ones([1] * len(parts), np.int64)
        units = np.empty([*extents, max(len(parts), 1)], np.int64)
        units[:] = -1
        for place, part in enumerate(parts):
            shape = [-1 if other == place else 1 for other in range(len(parts))]
            positions = positions * part.count.reshape(shape)
            units[..., place] = part.unit.reshape(shape)
        distinct, which = np.unique(np.sort(units.reshape(-1, units.shape[-1]), axis=1), axis=0, return_inverse=True)
        numbers: dict[Key, int] = {}
        of_distinct = []
        for row in distinct.tolist():
            all_units = tuple(sorted({unit for unit in row if unit >= 0}.union(own)))
            key = (UNITS if all_units else COMMON, scope, all_units, dtype)
            of_distinct.append(numbers.setdefault(key, len(numbers)))
        return _layout(list(numbers), np.array(of_distinct)[which.reshape(-1)], positions.reshape(-1))

    def _section_numbers(self, layout: Layout) -> Array:
        return np.array([self.keys.setdefault(key, len(self.keys)) for key in layout.keys], np.int64)

    def inner(self, row: int) -> int:
        """The elements of one position of the cut dimensions."""
        if row in self.index.owned:
            return 1
        cut = {dimension for dimension, _, _ in self.index.cuts(row)}
        return math.prod(size for d, size in enumerate(self.index.shape(row)) if d not in cut)

    def _sizes(self, row: int, layout: Layout) -> Array:
        inner, dtype = self.inner(row), self.index.dtypes[row]
        elements, size = block_of(dtype)
        name = self.index.names[row]
        need(bit_count(dtype, math.prod(self.index.shape(row))) < 1 << 63,
             f"tensor {name!r}: found too many elements")
        if len(layout.count) == 1:
            return np.array([byte_count(dtype, int(layout.count[0]) * inner)], np.int64)
        if inner % elements:
            need(not (layout.count * (inner % elements) % elements).any(),
                 f"tensor {name!r}: found a block without a whole number of bytes")
        return layout.totals * inner // elements * size

    def path(self, key: Key) -> str:
        """The path of a section, without a leading slash."""
        kind, scope, units, dtype = key
        if kind == WHOLE:
            return "tensors/" + link(self.index.names[scope])
        group = {COMMON: "common", FREE: "free"}.get(kind) or ("intra" if len(units) == 1 else "inter")
        steps = ["private", str(scope)] if scope >= 0 else []
        return "/".join([*steps, group, *(["-".join(map(str, units))] if units else []), dtype])

    def stored_shape(self, key: Key, size: int) -> tuple[int, ...]:
        """The shape of a section's dataset."""
        bits = BITS.get(key[3], 0)
        if key[0] == WHOLE and bits >= 8:
            shape = self.index.shape(key[1])
            if len(shape) <= 32:
                return shape
        return (size // max(bits // 8, 1),)

    def sections(self) -> list[Section]:
        """The sections by number, from the table `sections`; each must be needed, and each that is needed be there."""
        index, page = self.index, 0
        sections: list[Section | None] = [None] * len(self.keys)
        table = index.table["sections"]
        need(len(table) == len(self.keys), f"sections: expected {len(self.keys)} rows, found {len(table)}")
        for kind, tensor, scope, first, count, dtype, address, size in table.tolist():
            units = index.unit_list(first, count)
            if kind == WHOLE:
                need(scope == -1 and not units and 0 <= tensor < len(index.names), "sections: found a wrong row")
                need(index.dtypes[tensor] == dtype.decode("ascii"), "sections: found another dtype than the tensor's")
            else:
                need(tensor == -1 and kind < 4, "sections: found a wrong row")
            key: Key = (kind, tensor if kind == WHOLE else scope, units, dtype.decode("ascii"))
            number = self.keys.get(key)
            need(number is not None, f"sections: found a row that no block needs: kind {kind}, units {list(units)}")
            assert number is not None
            path = self.path(key)
            need(sections[number] is None, f"sections: found two rows for /{path}")
            need(size == self.section_bytes[number],
                 f"/{path}: expected {int(self.section_bytes[number]):,} bytes, found {size:,} in the table")
            sections[number] = Section(path, size, address, self.stored_shape(key, size), key[3], kind, page)
            page += -(-size // index.page_bytes)
        need(page == len(index.table["pages"]), f"pages: expected {page:,} rows, found {len(index.table['pages']):,}")
        return [section for section in sections if section is not None]


def _layout(keys: list[Key], section: Any, count: Any) -> Layout:
    section, count = np.asarray(section, np.int64), np.asarray(count, np.int64)
    totals = np.zeros(len(keys), np.int64)
    np.add.at(totals, section, count)
    order = np.argsort(section, kind="stable")
    starts = np.cumsum(count[order]) - count[order]
    heads = np.searchsorted(section[order], np.arange(len(keys)))
    before = np.empty(len(count), np.int64)
    before[order] = starts - starts[heads][section[order]]
    return Layout(tuple(keys), totals, section, count, before)
