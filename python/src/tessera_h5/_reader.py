"""Tensors, whole or as a network has them, from the blocks of a file."""

from __future__ import annotations

import itertools
import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ._dtypes import BLOCKS, byte_count, cell_shape, cell_type, is_packed, to_codes, to_packed
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
# Blocks of at most this size are copied from the page in memory.
SMALL = 1 << 16
# A list of positions with runs of this length is copied run by run.
LONG_RUN = 16


class Block(NamedTuple):
    """An active block of a tensor: its section among those of the layout, its bytes there, and its places."""

    key: int
    before: int
    """Bytes of the tensor's blocks before it in the section."""
    size: int
    where: tuple[Positions, ...]
    extents: tuple[int, ...]
    is_simple: bool
    """Whether its places are one range on each dimension."""
    is_contiguous: bool
    """Whether its elements lie one after another in the tensor, too."""


class Recipe(NamedTuple):
    """How a tensor is made of its blocks. Tensors of the same layout, shape and axes share one."""

    shape: tuple[int, ...]
    grid: tuple[int, ...]
    """The shape with neighbouring dimensions joined that are not divided. NumPy has at most 32 or 64 dimensions."""
    blocks: list[Block]


class TensorReader:
    """Makes dense tensors of the blocks of a checkpoint."""

    def __init__(self, index: Index, placement: Placement, sections: list[Section], reader: SectionReader) -> None:
        self.index, self.placement, self.sections, self.reader = index, placement, sections, reader
        self.place_lists: dict[Any, tuple[int, list[Positions]]] = {}
        self.recipes: dict[Any, Recipe] = {}

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
        if network is None:
            return self.index.shape(row)
        if self.placement.layout_of[row] is not None and row not in self.index.owned:
            return self._recipe(row, network).shape
        return self._shape(row, network)

    def _shape(self, row: int, network: int | None) -> tuple[int, ...]:
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
            ends: list[int] = np.cumsum(np.where(active, lengths, 0)).tolist()
            starts: list[int] = (np.array(ends, np.int64) - lengths).tolist()
            lists: list[Positions] = []
            for part in range(len(parts.unit)):
                mine = np.flatnonzero(parts.of_segment == part) if kept[part] else np.empty(0, np.int64)
                if len(mine) == 1:
                    lists.append(slice(starts[mine[0]], ends[mine[0]]))
                else:
                    runs = [np.arange(starts[s], ends[s]) for s in mine.tolist()]
                    lists.append(np.concatenate([*runs, np.empty(0, np.int64)]))
            found = self.place_lists[cut, kept] = (ends[-1] if ends else 0), lists
        return found

    # Cells

    def cells(self, row: int, network: int | None = None, mask: int = -1) -> Array:
        """The elements of a tensor as unsigned integers of their width, in C order and of any shape; packed bytes for
        small dtypes, and whole blocks for block-quantised ones.

        Tied rows have the data of the row that they are tied to.
        """
        row = self.index.data_row(row)
        cells = self._stored(row, network)
        if network is not None:
            for dimension, axis, inner, outer in self.index.reordered.get(row, []):
                cells = self._sorted(row, cells, network, dimension, axis, inner, outer)
        if mask >= 0:
            kept = self.cells(mask).reshape(-1)
            cells.reshape(-1)[kept == 0] = 0
        return cells

    def _sorted(self, row: int, cells: Array, network: int, dimension: int, axis: int, inner: int, outer: int) -> Array:
        dtype, shape = self.index.dtypes[row], self.shape(row, network)
        need(dtype not in BLOCKS or dimension + 1 < len(shape),
             f"tensor {self.index.names[row]!r}: expected channels of whole blocks to sort, found a last dimension")
        shape = cell_shape(dtype, shape)
        order = np.argsort(self.index.channels(axis, network))
        if is_packed(dtype):
            cells = to_codes(cells, dtype, math.prod(shape))
        before, after = math.prod(shape[:dimension]), math.prod(shape[dimension + 1:])
        cells = np.take(cells.reshape(before * outer, len(order), inner * after), order, axis=1)
        return to_packed(cells, dtype) if is_packed(dtype) else cells

    def _stored(self, row: int, network: int | None) -> Array:
        index = self.index
        dtype, owned, cuts = index.dtypes[row], index.owned.get(row), index.cuts(row)
        if self.placement.layout_of[row] is None:
            # A tensor without elements has no data.
            return np.zeros(0, cell_type(dtype))
        if owned:
            return self._owned(row, network, owned)
        if is_packed(dtype):
            return self._packed(row, network)
        if cuts:
            recipe = self._recipe(row, network)
            cells = np.empty(recipe.grid if recipe.blocks else 0, cell_type(dtype))
            self._fill(row, recipe, cells)
        else:
            # The dataset of a whole tensor is looked up even without elements.
            cells = np.empty(math.prod(cell_shape(dtype, index.shape(row))), cell_type(dtype))
            (number, start), = self._ranges(row)
            self._read(number, start, cells)
        return cells

    def _layout_keys(self, row: int) -> Any:
        layout = self.placement.layout_of[row]
        assert layout is not None
        return layout.keys

    def _recipe(self, row: int, network: int | None) -> Recipe:
        index, layout, cuts = self.index, self.placement.layout_of[row], self.index.cuts(row)
        assert layout is not None
        key = id(layout), index.shape(row), cuts, network
        found = self.recipes.get(key)
        if found is None:
            shape = self._shape(row, network)
            dtype, inner = index.dtypes[row], self.placement.inner(row)
            kept = [self.active_parts(cut, first, network) for _, cut, first in cuts]
            lists = [self.places(cut, parts)[1] for (_, cut, _), parts in zip(cuts, kept)]
            if dtype in BLOCKS and cuts and cuts[-1][0] + 1 == len(shape):
                lists[-1] = [_blocks(positions, BLOCKS[dtype][0]) for positions in lists[-1]]
            divided = {dimension: place for place, (dimension, _, _) in enumerate(cuts) if len(kept[place]) > 1}
            # The place in `cuts` of each extent of the grid, or −1.
            grid: list[int] = []
            cut_at: list[int] = []
            for dimension, extent in enumerate(cell_shape(dtype, shape)):
                place = divided.get(dimension, -1)
                if place < 0 and cut_at and cut_at[-1] < 0:
                    grid[-1] *= extent
                else:
                    grid.append(extent)
                    cut_at.append(place)
            active = [[part for part, is_kept in enumerate(parts) if is_kept] for parts in kept]
            blocks = []
            for parts in itertools.product(*active) if 0 not in shape else ():
                number = 0
                for part, extent in zip(parts, kept):
                    number = number * len(extent) + part
                where: tuple[Positions, ...] = tuple(
                    slice(0, extent) if place < 0 else lists[place][parts[place]]
                    for place, extent in zip(cut_at, grid))
                extents = tuple(_extent(one) for one in where)
                is_simple = all(isinstance(one, slice) for one in where)
                blocks.append(Block(int(layout.section[number]), byte_count(dtype, int(layout.before[number]) * inner),
                                    byte_count(dtype, int(layout.count[number]) * inner), where, extents, is_simple,
                                    is_simple and _is_contiguous(extents, tuple(grid))))
            found = self.recipes[key] = Recipe(shape, tuple(grid), blocks)
        return found

    def _ranges(self, row: int) -> list[tuple[int, int]]:
        """For each section of the tensor's layout: its number, and where the tensor begins there."""
        first = self.placement.first_pair[row]
        numbers = [self.placement.keys[key] for key in self._layout_keys(row)]
        return list(zip(numbers, self.placement.pair_offset[first:first + len(numbers)].tolist()))

    def _fill(self, row: int, recipe: Recipe, cells: Array) -> None:
        ranges = self._ranges(row)
        for block in recipe.blocks:
            number, start = ranges[block.key]
            section, start = self._open(number), start + block.before
            if block.size <= SMALL:
                part = self.reader.view(section, start, block.size).view(cells.dtype).reshape(block.extents)
                if block.is_simple:
                    cells[block.where] = part
                else:
                    _assign(cells, block.where, part)
            elif block.is_contiguous:
                self.reader.read(section, start, cells[block.where].reshape(-1).view(np.uint8))
            else:
                self._scatter(section, start, block, cells)

    def _scatter(self, section: Section, start: int, block: Block, cells: Array) -> None:
        """Copies a large block, some rows at a time: a block of gigabytes takes no second memory of this size."""
        rows, row_bytes = block.extents[0], block.size // block.extents[0]
        step = max(1, SCRATCH // row_bytes)
        scratch = np.empty([min(step, rows), *block.extents[1:]], cells.dtype)
        for first in range(0, rows, step):
            part = scratch[:min(step, rows - first)]
            self.reader.read(section, start + first * row_bytes, part.reshape(-1).view(np.uint8))
            _assign(cells, (_some(block.where[0], first, len(part)), *block.where[1:]), part)

    def _packed(self, row: int, network: int | None) -> Array:
        """Elements smaller than a byte: packed bytes."""
        dtype, ranges = self.index.dtypes[row], self._ranges(row)
        layout, recipe = self.placement.layout_of[row], self._recipe(row, network)
        assert layout is not None
        if not recipe.blocks and self.index.cuts(row):
            return np.zeros(0, np.uint8)
        if len(layout.count) == 1:
            # The block is the tensor, with the unused bits of its last byte.
            packed = np.empty(byte_count(dtype, math.prod(recipe.shape)), np.uint8)
            self._read(*ranges[0], packed)
            return packed
        codes = np.zeros(recipe.grid, np.uint8)
        for block in recipe.blocks:
            number, start = ranges[block.key]
            packed = np.empty(block.size, np.uint8)
            self._read(number, start + block.before, packed)
            _assign(codes, block.where, to_codes(packed, dtype, math.prod(block.extents)).reshape(block.extents))
        return to_packed(codes, dtype)

    def _owned(self, row: int, network: int | None, owned: list[tuple[int, int, int]]) -> Array:
        owners = self.cells(owned[0][0]).reshape(-1)
        units, counts = np.unique(owners, return_counts=True)
        need(list(zip(units.tolist(), counts.tolist())) == [(unit + 1, count) for _, unit, count in owned],
             f"tensor {self.index.names[row]!r}: expected the owners of the table owned, found others in its owner map")
        cells = np.zeros(len(owners), cell_type(self.index.dtypes[row]))
        for (number, start), (_, unit, count) in zip(self._ranges(row), owned):
            # No network has the free elements.
            if network is None or unit >= 0 and self.is_active(unit, None, network):
                part = np.empty(count, cells.dtype)
                self._read(number, start, part)
                cells[owners == unit + 1] = part
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


def _is_contiguous(extents: tuple[int, ...], shape: tuple[int, ...]) -> bool:
    """Whether a block of these extents is a run of the tensor's flat order."""
    lead = next((d for d, extent in enumerate(extents) if extent != 1), len(extents))
    return extents[lead + 1:] == shape[lead + 1:]


def _blocks(positions: Positions, elements: int) -> Positions:
    """Positions of elements as those of whole blocks."""
    if isinstance(positions, slice):
        need(positions.start % elements == 0 and positions.stop % elements == 0, "cuts: found one inside a block")
        return slice(positions.start // elements, positions.stop // elements)
    whole = positions.reshape(-1, elements) if len(positions) % elements == 0 else positions[:, None]
    need(whole.shape[1] == elements and not (whole[:, 0] % elements).any()
         and bool((whole - whole[:, :1] == np.arange(elements)).all()), "cuts: found one inside a block")
    return whole[:, 0] // elements


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


def _assign(out: Array, where: tuple[Positions, ...], part: Array) -> None:
    """`out[where] = part`, with one entry of `where` for each dimension."""
    lists = [_runs(one) for one in where]
    scattered = [d for d, runs in enumerate(lists) if runs is None]
    if len(scattered) > 1:
        out[np.ix_(*(np.arange(one.start, one.stop) if isinstance(one, slice) else one for one in where))] = part
        return
    choices = [[(where[d], slice(None))] if runs is None else runs for d, runs in enumerate(lists)]
    for choice in itertools.product(*choices):
        out[tuple(target for target, _ in choice)] = part[tuple(source for _, source in choice)]
