"""Tensors, whole or as a network has them, from the blocks of a file."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import numpy.typing as npt

from ._dtypes import BITS, cell_type, to_codes, to_packed
from ._errors import need
from ._index import Index
from ._placement import Placement
from ._storage import Section, SectionReader
from ._tables import has_number_type, stored_type

Array = npt.NDArray[Any]
# The positions of a block on one dimension of the tensor: a range, or a list.
Positions = Any

# Bytes of a block that are read before they are copied to their places: they are still in the processor's cache.
SCRATCH = 1 << 20
# A list of positions with runs of this length is copied run by run.
LONG_RUN = 16


class TensorReader:
    """Makes dense tensors of the blocks of a checkpoint."""

    def __init__(self, index: Index, placement: Placement, sections: list[Section], reader: SectionReader) -> None:
        self.index, self.placement, self.sections, self.reader = index, placement, sections, reader
        self.place_lists: dict[Any, tuple[int, list[Positions]]] = {}

    # Shapes

    def is_active(self, unit: int, axis: int | None, network: int) -> bool:
        return unit < 0 or unit in self.index.active_units(network, axis)

    def active_parts(self, cut: int, first_axis: int, network: int | None) -> tuple[bool, ...]:
        """Whether the network has each part of a dimension's cut."""
        parts = self.placement.parts(cut)
        axes = self.index.table["cut_axes"]
        return tuple(network is None or unit < 0 or self.is_active(unit, int(axes[first_axis + slot]), network)
                     for unit, slot in zip(parts.unit.tolist(), parts.slot.tolist()))

    def shape(self, row: int, network: int | None = None) -> tuple[int, ...]:
        """The shape of a tensor, or of the network's part of it."""
        shape = list(self.index.shape(row))
        for dimension, cut, first_axis in self.index.cuts(row) if network is not None else ():
            kept = self.active_parts(cut, first_axis, network)
            shape[dimension] = int(self.placement.parts(cut).count[np.array(kept, bool)].sum())
        return tuple(shape)

    def places(self, cut: int, kept: tuple[bool, ...]) -> tuple[int, list[Positions]]:
        """The number of active positions, and the places of each part among them."""
        found = self.place_lists.get((cut, kept))
        if found is None:
            parts = self.placement.parts(cut)
            lengths = self.index.segments(cut)["length"].astype(np.int64)
            active = np.array(kept, bool)[parts.of_segment]
            ends = np.cumsum(np.where(active, lengths, 0))
            starts = ends - lengths
            lists: list[Positions] = []
            for part in range(len(parts.unit)):
                mine = np.flatnonzero(parts.of_segment == part) if kept[part] else np.empty(0, np.int64)
                if len(mine) == 1:
                    lists.append(slice(int(starts[mine[0]]), int(ends[mine[0]])))
                else:
                    runs = [np.arange(starts[s], ends[s]) for s in mine.tolist()]
                    lists.append(np.concatenate([*runs, np.empty(0, np.int64)]))
            found = self.place_lists[cut, kept] = (int(ends[-1]) if len(ends) else 0), lists
        return found

    # Cells

    def cells(self, row: int, network: int | None = None, mask: int = -1) -> Array:
        """The elements of a tensor as unsigned integers of their width, in C order; packed bytes for small dtypes.

        Tied rows have the data of the row that they are tied to.
        """
        row = self.index.data_row(row)
        cells = self._stored(row, network)
        for dimension, axis, inner, outer in self.index.reordered.get(row, []) if network is not None else []:
            cells = self._sorted(row, cells, network, dimension, axis, inner, outer)
        if mask >= 0:
            kept = self.cells(mask).reshape(-1)
            cells.reshape(-1)[kept == 0] = 0
        return cells

    def _sorted(self, row: int, cells: Array, network: int, dimension: int, axis: int, inner: int, outer: int) -> Array:
        dtype, shape = self.index.dtypes[row], self.shape(row, network)
        order = np.argsort(self.index.channels(axis, network))
        if BITS[dtype] < 8:
            cells = to_codes(cells, dtype, math.prod(shape))
        runs = cells.reshape(*shape[:dimension], outer, len(order), inner, *shape[dimension + 1:])
        cells = np.take(runs, order, axis=dimension + 1).reshape(shape)
        return to_packed(cells, dtype) if BITS[dtype] < 8 else cells

    def _stored(self, row: int, network: int | None) -> Array:
        index = self.index
        dtype, shape, owned, cuts = index.dtypes[row], self.shape(row, network), index.owned.get(row), index.cuts(row)
        if self.placement.layout_of[row] is None:
            # A tensor without elements has no data.
            return np.zeros(shape, cell_type(dtype)) if BITS[dtype] >= 8 else np.zeros(0, np.uint8)
        if owned:
            return self._owned(row, network, owned)
        if BITS[dtype] < 8:
            return self._packed(row, network, shape)
        cells = np.empty(shape, cell_type(dtype))
        if not cells.size:
            # The dataset of a whole tensor is looked up even without elements.
            if not cuts:
                self._open(self.placement.keys[self._layout_keys(row)[0]])
            return cells
        if not cuts:
            _, sections, offsets, _ = self.placement.blocks_of(row)
            self._read(int(sections[0]), int(offsets[0]), cells)
        else:
            self._fill(row, network, cells)
        return cells

    def _layout_keys(self, row: int) -> Any:
        layout = self.placement.layout_of[row]
        assert layout is not None
        return layout.keys

    def _blocks(self, row: int, network: int | None) -> Any:
        """For each active block: section, offset, bytes, and its places on each dimension."""
        places: list[list[Positions]] = []
        active: list[list[int]] = []
        extents: list[int] = []
        cut_of = {dimension: (cut, first) for dimension, cut, first in self.index.cuts(row)}
        kinds = []
        for dimension, (cut, first) in cut_of.items():
            kept = self.active_parts(cut, first, network)
            places.append(self.places(cut, kept)[1])
            active.append([part for part, is_kept in enumerate(kept) if is_kept])
            extents.append(len(kept))
            kinds.append(dimension)
        _, sections, offsets, sizes = self.placement.blocks_of(row)
        whole = [slice(0, size) for size in self.shape(row, network)]
        for parts in itertools.product(*active):
            number = 0
            for part, extent in zip(parts, extents):
                number = number * extent + part
            where = list(whole)
            for dimension, part, lists in zip(kinds, parts, places):
                where[dimension] = lists[part]
            yield int(sections[number]), int(offsets[number]), int(sizes[number]), where

    def _fill(self, row: int, network: int | None, cells: Array) -> None:
        for section, offset, size, where in self._blocks(row, network):
            if not size:
                continue
            if all(isinstance(one, slice) for one in where):
                view = cells[tuple(where)]
                if view.flags.c_contiguous:
                    self._read(section, offset, view)
                    continue
            extents = [_extent(one) for one in where]
            # Rows of the block at a time, so that a block of gigabytes takes no second memory of this size.
            row_bytes = size // extents[0]
            step = max(1, SCRATCH // row_bytes)
            for first in range(0, extents[0], step):
                count = min(step, extents[0] - first)
                part = np.empty([count, *extents[1:]], cells.dtype)
                self._read(section, offset + first * row_bytes, part)
                _assign(cells, [_some(where[0], first, count), *where[1:]], part)

    def _packed(self, row: int, network: int | None, shape: tuple[int, ...]) -> Array:
        """Elements smaller than a byte: packed bytes."""
        dtype = self.index.dtypes[row]
        layout, sections, offsets, sizes = self.placement.blocks_of(row)
        if 0 in shape and self.index.cuts(row):
            return np.zeros(0, np.uint8)
        if len(layout.count) == 1:
            # The block is the tensor, with the unused bits of its last byte.
            packed = np.empty(int(sizes[0]), np.uint8)
            self._read(int(sections[0]), int(offsets[0]), packed)
            return packed
        codes = np.zeros(shape, np.uint8)
        for section, offset, size, where in self._blocks(row, network):
            packed = np.empty(size, np.uint8)
            self._read(section, offset, packed)
            extents = [_extent(one) for one in where]
            _assign(codes, where, to_codes(packed, dtype, math.prod(extents)).reshape(extents))
        return to_packed(codes, dtype)

    def _owned(self, row: int, network: int | None, owned: list[tuple[int, int, int]]) -> Array:
        owners = self.cells(owned[0][0]).reshape(-1)
        units, counts = np.unique(owners, return_counts=True)
        need(list(zip(units.tolist(), counts.tolist())) == [(unit + 1, count) for _, unit, count in owned],
             f"tensor {self.index.names[row]!r}: expected the owners of the table owned, found others in its owner map")
        cells = np.zeros(self.index.shape(row), cell_type(self.index.dtypes[row]))
        flat = cells.reshape(-1)
        _, sections, offsets, _ = self.placement.blocks_of(row)
        for number, (_, unit, count) in enumerate(owned):
            # No network has the free elements.
            if network is None or unit >= 0 and self.is_active(unit, None, network):
                part = np.empty(count, cells.dtype)
                self._read(int(sections[number]), int(offsets[number]), part)
                flat[owners == unit + 1] = part
        return cells

    # Bytes

    def _open(self, number: int) -> Section:
        section = self.sections[number]
        if section.dataset is None:
            attribute = None
            if section.kind == 0 and not has_number_type(section.dtype):
                attribute = section.dtype.encode()
            self.reader.open(section, stored_type(section.dtype), attribute)
        return section

    def _read(self, number: int, offset: int, out: Array) -> None:
        self.reader.read(self._open(number), offset, out.reshape(-1).view(np.uint8))


def _extent(positions: Positions) -> int:
    return positions.stop - positions.start if isinstance(positions, slice) else len(positions)


def _some(positions: Positions, first: int, count: int) -> Positions:
    if isinstance(positions, slice):
        return slice(positions.start + first, positions.start + first + count)
    return positions[first:first + count]


def _runs(positions: Positions) -> list[tuple[slice, slice]] | None:
    """Where the positions lie and which they are, as ranges; None if there are many short ones."""
    if isinstance(positions, slice):
        return [(positions, slice(0, positions.stop - positions.start))]
    heads = np.flatnonzero(np.diff(positions, prepend=-2) != 1)
    if len(heads) * LONG_RUN > len(positions) and len(heads) > 1:
        return None
    ends = np.append(heads[1:], len(positions))
    return [(slice(int(positions[a]), int(positions[b - 1]) + 1), slice(a, b))
            for a, b in zip(heads.tolist(), ends.tolist())]


def _assign(out: Array, where: list[Positions], part: Array) -> None:
    """`out[where] = part`, with one entry of `where` for each dimension."""
    lists = [_runs(one) for one in where]
    scattered = [d for d, runs in enumerate(lists) if runs is None]
    if len(scattered) > 1:
        out[np.ix_(*(np.arange(one.start, one.stop) if isinstance(one, slice) else one for one in where))] = part
        return
    choices = [[(where[d], slice(None))] if runs is None else runs for d, runs in enumerate(lists)]
    for choice in itertools.product(*choices):
        out[tuple(target for target, _ in choice)] = part[tuple(source for _, source in choice)]
