"""One sub-network of a checkpoint, as a mapping of tensors that are read when they are asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from ._dtypes import byte_count
from ._errors import nearest, need

if TYPE_CHECKING:
    from ._checkpoint import Checkpoint


class Level(NamedTuple):
    """A level of a task: its number (from 1), its name or None, and its units in the order in which they are added."""

    number: int
    name: str | None
    units: tuple[int, ...]


@dataclass(frozen=True)
class TensorInfo:
    """What is known about a tensor without reading it."""

    name: str
    dtype: str
    """The dtype as the layout spells it, such as `BF16` or `F8_E4M3`."""
    shape: tuple[int, ...]
    nbytes: int
    """Bytes of all elements. Elements smaller than a byte are packed."""
    sha256: str | None
    """SHA-256 of the tensor's bytes, in hexadecimal. None if a network has only a part of the tensor."""
    tied_to: str | None
    """The name of the tensor that has the data, or None."""


class Network(Mapping[str, Any]):
    """The tensors of one (task, level): a mapping from name to array.

    An access reads the tensor's blocks and checks their pages. It reads again at the next access, so keep the array, or
    take all tensors with `network.state_dict()`, which reads tied tensors once.

    >>> m = tessera_h5.open("fashion.h5")
    >>> network = m.network("fine", 1)
    >>> network
    <Network 'fine' level 1: 44 tensors>
    >>> network.info("head.weight").shape, m.bytes_read
    ((10, 16), 0)
    >>> network["head.weight"].shape
    (10, 16)
    >>> m.network("fine", 9)
    Traceback (most recent call last):
    tessera_h5.NotInFile: fashion.h5: task 'fine': expected a level from 1 to 4, found 9
    >>> m.close()
    """

    def __init__(self, checkpoint: Checkpoint, task: str, level: Level, number: int, framework: str,
                 device: Any) -> None:
        self._checkpoint, self._number, self._framework, self._device = checkpoint, number, framework, device
        self.task, self.level = task, level
        self._rows = members(checkpoint, number)

    def __getitem__(self, name: str) -> Any:
        row, mask = self._find(name)
        return self._checkpoint._read_row(row, self._number, mask, self._framework, self._device)

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, name: object) -> bool:
        return name in self._rows

    def __repr__(self) -> str:
        return f"<Network {self.task!r} level {self.level.number}: {len(self)} tensors>"

    def _find(self, name: str) -> tuple[int, int]:
        found = self._rows.get(name)
        if found is None:
            raise nearest(f"tensor of task {self.task!r} at level {self.level.number}", name, self._rows,
                          self._checkpoint.path)
        return found

    def info(self, name: str) -> TensorInfo:
        """The dtype and shape of a tensor in this network, without reading it."""
        row, mask = self._find(name)
        index, tensors = self._checkpoint._index, self._checkpoint._reader
        root, dtype = index.data_row(row), index.dtypes[row]
        shape = tensors.shape(root, self._number)
        elements = 1
        for extent in shape:
            elements *= extent
        is_whole = shape == index.shape(row) and mask < 0 and root not in index.owned and root not in index.reordered
        tied = next((other for other, (at, its_mask) in self._rows.items()
                     if index.data_row(at) == root and its_mask == mask), name)
        return TensorInfo(name, dtype, shape, byte_count(dtype, elements),
                          index.table["tensors"]["sha256"][row].tobytes().hex() if is_whole else None,
                          tied if tied != name else None)

    def state_dict(self) -> dict[str, Any]:
        """All tensors. Tied tensors are the same array."""
        made: dict[tuple[int, int], Any] = {}
        result = {}
        for name, (row, mask) in self._rows.items():
            key = self._checkpoint._index.data_row(row), mask
            if key not in made:
                made[key] = self[name]
            result[name] = made[key]
        return result


def members(checkpoint: Checkpoint, number: int) -> dict[str, tuple[int, int]]:
    """For each name in the network, in the order of rows: the row of `tensors`, and the row of its mask or −1."""
    index = checkpoint._index
    in_scope = [number in networks for networks in index.scopes]
    own = set(index.active_units(number))
    views, masks = {}, set()
    for row, listed in index.views.items():
        for first, stop, name, mask in listed:
            if first <= number < stop:
                views[row] = name, mask
                masks.add(mask)
    found: dict[str, tuple[int, int]] = {}
    for row in range(len(index.names)):
        scope = index.scope[row]
        if scope >= 0 and not in_scope[scope]:
            continue
        units = index.units_of(row)
        if units and not own.issuperset(units) or row in masks or index.data_row(row) in index.maps:
            continue
        name, mask = views.get(row, (None, -1))
        name = index.names[row] if name is None else name
        need(name not in found, f"a network has two tensors {name!r}")
        found[name] = row, mask
    return found
