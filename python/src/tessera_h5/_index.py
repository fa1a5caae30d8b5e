"""The index of a unit checkpoint: its tables as arrays, decoded and checked without a loop over tensors if possible."""

from __future__ import annotations

import json
import struct
from typing import Any

import numpy as np
import numpy.typing as npt
from h5py import h5t
from xxhash import xxh3_64

from ._dtypes import BITS, BLOCKS
from ._errors import DamagedFile, need
from ._storage import Storage, whole
from ._tables import TABLES, TYPES

Array = npt.NDArray[Any]
Units = tuple[int, ...]


class Index:
    """All tables, the names, and for each tensor its dtype and shape."""

    def __init__(self, storage: Storage) -> None:
        self.table, self.raw, index_xxh3 = self._read(storage)
        self.seal = self.table["seal"][0]
        expected = int(self.seal["index_xxh3"])
        if index_xxh3 != expected:
            raise DamagedFile("/tessera", "the tables", f"{expected:016x}", f"{index_xxh3:016x}")
        self.page_bytes = int(self.seal["page_bytes"])
        need(self.page_bytes in [1 << n for n in range(10, 21)], f"seal: found page_bytes {self.page_bytes}")
        # If another program has rewritten the file, the data have moved, and `address` is not used.
        self.is_as_written = storage.length == int(self.seal["file_end"])
        self.plan: dict[str, Any] = json.loads(self.raw["plan"].tobytes())
        self.source: dict[str, Any] = json.loads(self.raw["source"].tobytes())
        self.text_ends: dict[int, int] = {}
        self.unit_lists: dict[tuple[int, int], Units] = {}
        self._decode_tensors()
        self._decode_networks()

    @staticmethod
    def _read(storage: Storage) -> tuple[dict[str, Array], dict[str, Array], int]:
        found = {}
        for name in TABLES:
            if name == "seal" or storage.has("tessera/" + name):
                found[name] = storage.find("tessera/" + name, h5t.py_create(TYPES[name]))
                need(len(found[name].shape) == (name != "seal"), f"/tessera/{name}: found another shape")
        size = sum(TYPES[name].itemsize * (dataset.shape or (1,))[0] for name, dataset in found.items())
        limit = min(1 << 27, (1 << 20) + 100 * storage.length)
        need(size <= limit, f"/tessera: expected at most {limit:,} bytes of tables, found {size:,}")
        raw = {name: whole(found[name]) if name in found else np.empty(0, np.uint8) for name in TABLES}
        index = xxh3_64()
        for name, data in raw.items():
            # Of the seal, only the bytes before index_xxh3.
            index.update(struct.pack("<Q", len(data)) + data.tobytes() if name != "seal" else data[:64].tobytes())
        return {name: data.view(TYPES[name]) for name, data in raw.items()}, raw, index.intdigest()

    # Texts and rows

    def text(self, offset: int) -> str:
        start = offset + 4
        names = self.raw["names"]
        need(start <= len(names), "names: a text is out of range")
        end = start + int.from_bytes(names[offset:start].tobytes(), "little")
        need(end <= len(names), "names: a text is out of range")
        self.text_ends[offset] = end
        return names[start:end].tobytes().decode()

    def rows(self, table: str, first: int, count: int) -> Array:
        first, count = int(first), int(count)
        need(first + count <= len(self.table[table]) and (count or not first), f"{table}: rows are out of range")
        return self.table[table][first:first + count]

    def unit_list(self, first: int, count: int) -> Units:
        found = self.unit_lists.get((first, count))
        if found is None:
            found = self.unit_lists[first, count] = tuple(self.rows("units", first, count).tolist())
        return found

    def segments(self, cut: int) -> Array:
        need(0 <= cut < len(self.table["cuts"]), "cuts: a row is out of range")
        return self.rows("segments", *self.table["cuts"][cut].tolist())

    # Tensors

    def _decode_tensors(self) -> None:
        t, dimensions = self.table["tensors"], self.table["dimensions"]
        need(len(t) <= 1 << 19, "tensors: found too many rows")
        self.names = [self.text(offset) for offset in t["name"].tolist()]
        self.row_of = {name: row for row, name in enumerate(self.names)}
        need(len(self.row_of) == len(self.names), "tensors: a name occurs twice")
        texts, which = np.unique(t["dtype"], return_inverse=True)
        known = [text.decode("ascii", "replace") for text in texts.tolist()]
        for text in known:
            need(text in BITS or text in BLOCKS, f"tensors: found an unknown dtype {text!r}")
        self.dtypes = [known[number] for number in which.reshape(-1).tolist()]
        need(not (dimensions["size"] > 1 << 40).any(), "dimensions: found too large a size")
        self._follow("tensors", "first_dimension", "rank", "dimensions")
        self.first_dimension, self.rank = t["first_dimension"].tolist(), t["rank"].tolist()
        self.sizes, self.cut_of = dimensions["size"].tolist(), dimensions["cut"].tolist()
        self.first_axis = dimensions["first_axis"].tolist()
        self.tied_to, self.scope = t["tied_to"].tolist(), t["scope"].tolist()
        self.own_units = list(zip(t["first_unit"].tolist(), t["unit_count"].tolist()))

    def _follow(self, owners: str, first: str, count: str, table: str) -> None:
        """Checks that the rows of `table` belong to its owners in order, without gaps or rows left over."""
        starts, counts = self.table[owners][first].astype(np.int64), self.table[owners][count].astype(np.int64)
        ends = np.cumsum(counts)
        need(bool(np.all(np.where(counts > 0, starts == ends - counts, starts == 0))),
             f"{owners}: rows of {table} are out of order")
        need((int(ends[-1]) if len(ends) else 0) == len(self.table[table]), f"{table}: found rows without an owner")

    def shape(self, row: int) -> tuple[int, ...]:
        first = self.first_dimension[row]
        return tuple(self.sizes[first:first + self.rank[row]])

    def cuts(self, row: int) -> tuple[tuple[int, int, int], ...]:
        """(dimension, row of cuts, first row of cut_axes) of each cut dimension."""
        first, rank = self.first_dimension[row], self.rank[row]
        cuts = self.cut_of[first:first + rank]
        if not rank or max(cuts) < 0:
            return ()
        return tuple((d, cut, self.first_axis[first + d]) for d, cut in enumerate(cuts) if cut >= 0)

    def units_of(self, row: int) -> Units:
        return self.unit_list(*self.own_units[row])

    def data_row(self, row: int) -> int:
        """The row of the tensor with the data: the row itself, or the one that it is tied to."""
        return row if self.tied_to[row] < 0 else self.tied_to[row]

    # Networks

    def _decode_networks(self) -> None:
        t = self.table
        self._follow("tasks", "first_network", "network_count", "networks")
        self._follow("cuts", "first_segment", "segment_count", "segments")
        tasks = [(self.text(name), first, count) for name, first, count in t["tasks"].tolist()]
        self.tasks = {name: (first, count) for name, first, count in tasks}
        need(len(self.tasks) == len(tasks), "tasks: a name occurs twice")
        self.level_names = [None if name < 0 else self.text(name) for name in t["networks"]["name"].tolist()]
        self.network_units = [self.unit_list(*row[1:]) for row in t["networks"].tolist()]
        self.axis_units = {(n, axis): self.unit_list(*row) for n, axis, *row in t["axis_units"].tolist()}
        self.axis_names = [self.text(name) for name in t["axes"]["name"].tolist()]
        self.scopes = [tuple(self.rows("scope_networks", *row).tolist()) for row in t["scopes"].tolist()]
        self.views: dict[int, list[tuple[int, int, str | None, int]]] = {}
        for tensor, first, count, name, mask in t["views"].tolist():
            view = (first, first + count, None if name < 0 else self.text(name), mask)
            self.views.setdefault(tensor, []).append(view)
        self.owned: dict[int, list[tuple[int, int, int]]] = {}
        for tensor, owner_map, unit, elements in t["owned"].tolist():
            self.owned.setdefault(tensor, []).append((owner_map, unit, elements))
        self.reordered: dict[int, list[tuple[int, int, int, int]]] = {}
        for tensor, *row in t["reordered"].tolist():
            self.reordered.setdefault(tensor, []).append((row[0], row[1], row[2], row[3]))
        self.maps = {self.data_row(rows[0][0]) for rows in self.owned.values() if rows[0][0] < len(self.names)}

    def active_units(self, network: int, axis: int | None = None) -> Units:
        if axis is not None:
            units = self.axis_units.get((network, axis))
            if units is not None:
                return units
        return self.network_units[network]

    def channels(self, axis: int, network: int) -> Array:
        """The channels of an axis in the network, in the order in which a reordered tensor stores them."""
        segments = self.segments(int(self.table["axes"]["cut"][axis]))
        unit = np.repeat(segments["unit"], segments["length"].astype(np.int64))
        return np.concatenate([np.flatnonzero(unit == u) for u in (-1, *self.active_units(network, axis))])
