"""An open unit checkpoint."""

from __future__ import annotations

import operator
import os
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any, Union

import numpy as np

from . import _verify
from ._counts import Counts, count
from ._dtypes import FRAMEWORKS, byte_count, converted
from ._errors import NotInFile, nearest
from ._index import Index
from ._network import Level, Network, TensorInfo
from ._placement import Placement
from ._reader import TensorReader
from ._rules import check_sections, check_tables
from ._storage import SectionReader, Storage, reading
from ._tables import TABLES

Path = Union[str, "os.PathLike[str]"]


class Tensors(Mapping[str, TensorInfo]):
    """The flat tensors of a checkpoint, in their order: a mapping from name to `TensorInfo`."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self._checkpoint = checkpoint

    def __getitem__(self, name: str) -> TensorInfo:
        index, row = self._checkpoint._index, self._checkpoint._row(name)
        elements, tied_to = 1, index.tied_to[row]
        for extent in index.shape(row):
            elements *= extent
        return TensorInfo(name, index.dtypes[row], index.shape(row), byte_count(index.dtypes[row], elements),
                          index.table["tensors"]["sha256"][row].tobytes().hex(),
                          None if tied_to < 0 else index.names[tied_to])

    def __iter__(self) -> Iterator[str]:
        return iter(self._checkpoint._index.names)

    def __len__(self) -> int:
        return len(self._checkpoint._index.names)

    def __contains__(self, name: object) -> bool:
        return name in self._checkpoint._index.row_of

    def __repr__(self) -> str:
        return f"<Tensors: {len(self)}>"


class Checkpoint:
    """An open unit checkpoint; `tessera_h5.open` makes one. It is a context manager, which closes the file.

    Opening reads and checks all tables, and no tensor. A checkpoint must be used by one thread at a time.

    >>> m = tessera_h5.open("fashion.h5")
    >>> m.tasks
    ('fine', 'coarse', 'digits', 'parity')
    >>> m.levels("digits")[1]
    Level(number=2, name=None, units=(2, 1))
    >>> m.tensors["stage1.1.conv1.weight"].shape
    (32, 32, 3, 3)
    >>> m["stage1.1.conv1.weight"].dtype
    dtype('float32')
    >>> small = m.state_dict("digits", 2)
    >>> len(small), small["head.weight"].shape
    (44, (10, 32))
    >>> m.count(policy="weights-only").row("digits", 2).parameters
    30416
    >>> m.close()
    """

    def __init__(self, path: Path, *, check: bool = True) -> None:
        self.path = os.fspath(path)
        """The path, as given."""
        self._storage = Storage.open(self.path)
        try:
            with reading(self.path):
                self._index = Index(self._storage)
                check_tables(self._index)
                self._placement = Placement(self._index)
                self._sections = self._placement.sections()
                self._ranges = check_sections(self._index, self._sections, self._storage.length)
        except BaseException:
            self._storage.close()
            raise
        pages = SectionReader(self._storage, self._index.table["pages"], self._index.page_bytes,
                              self._index.is_as_written, check)
        self._reader = TensorReader(self._index, self._placement, self._sections, pages)
        self.tasks = tuple(self._index.tasks)
        """The names of the tasks."""
        self.tensors = Tensors(self)
        """The flat tensors: a mapping from name to `TensorInfo`, in the order of the flat files."""

    def close(self) -> None:
        """Closes the file. Arrays that were read stay valid."""
        self._storage.close()

    def __enter__(self) -> Checkpoint:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Checkpoint {self.path!r}: {len(self.tensors)} tensors, tasks {list(self.tasks)}>"

    # What the file has

    @property
    def plan(self) -> dict[str, Any]:
        """The plan under which the file was written: a JSON document of format `tessera.plan/1`."""
        return self._index.plan

    @property
    def model_sha256(self) -> str:
        """The digest of all tensors, in hexadecimal. The flat files have the same one (`tessera inspect --digests`)."""
        return self._index.seal["model_sha256"].tobytes().hex()

    @property
    def index_bytes(self) -> int:
        """The bytes of all tables."""
        return sum(len(self._index.raw[name]) for name in TABLES)

    @property
    def bytes_read(self) -> int:
        """The stored bytes of tensors that were read since the file was opened. The index is not counted."""
        return self._storage.bytes_read

    def levels(self, task: str) -> tuple[Level, ...]:
        """The levels of a task, level 1 first. Raises `NotInFile` (a KeyError) for an unknown task."""
        first, level_count = self._task(task)
        return tuple(Level(n - first + 1, self._index.level_names[n], self._index.network_units[n])
                     for n in range(first, first + level_count))

    def _task(self, task: str) -> tuple[int, int]:
        found = self._index.tasks.get(task)
        if found is None:
            raise nearest("task", task, self.tasks, self.path)
        return found

    def _level(self, task: str, level: int | str) -> Level:
        levels = self.levels(task)
        if isinstance(level, str):
            found = [one for one in levels if one.name == level]
            if found:
                return found[0]
        elif not isinstance(level, (bool, np.bool_)):
            try:
                number = operator.index(level)
            except TypeError:
                number = 0
            if 1 <= number <= len(levels):
                return levels[number - 1]
        names = [repr(one.name) for one in levels if one.name is not None]
        numbers = "level 1" if len(levels) == 1 else f"a level from 1 to {len(levels)}"
        expected = (numbers if levels else "no level") + (" or " + ", ".join(names) if names else "")
        raise NotInFile(f"{self.path}: task {task!r}: expected {expected}, found {level!r}")

    def _row(self, name: str) -> int:
        found = self._index.row_of.get(name)
        if found is None:
            raise nearest("tensor", name, self.tensors, self.path)
        return found

    # Tensors

    def __contains__(self, name: object) -> bool:
        return name in self.tensors

    def __getitem__(self, name: str) -> Any:
        """The whole tensor of the flat weights, as NumPy values (see `state_dict`)."""
        return self.tensor(name)

    def tensor(self, name: str, *, framework: str = "numpy", device: Any = None) -> Any:
        """The whole tensor of the flat weights. Raises `NotInFile` (a KeyError) with the nearest names."""
        _check_framework(framework, device)
        return self._read_row(self._row(name), None, -1, framework, device)

    def network(self, task: str, level: int | str, *, framework: str = "numpy", device: Any = None) -> Network:
        """One sub-network: a mapping from name to array that reads each tensor when it is asked for.

        `level` is a number from 1, or the level's name. Raises `NotInFile` (a KeyError) for another task or level; it
        lists those that exist.
        """
        _check_framework(framework, device)
        first, _ = self._task(task)
        found = self._level(task, level)
        with reading(self.path):
            return Network(self, task, found, first + found.number - 1, framework, device)

    def state_dict(self, task: str | None = None, level: int | str | None = None, *, framework: str = "numpy",
                   device: Any = None) -> dict[str, Any]:
        """The tensors of one sub-network, or the flat tensors if no task is given: a dict from name to array.

        Only the blocks of the sub-network are read, with the pages around them, and all of these pages are checked.
        Tied tensors are the same object. `framework` is one of these:

        - `"numpy"`: arrays of NumPy's own dtypes with the tensors' values and shapes. NumPy has no BF16, FP8, FP6 or
          FP4. These become float32, which holds each of their values exactly. I4 and I2 become int8, U4 and U2 uint8.
          `save(path, m.state_dict())` so makes F32 of BF16: to keep the dtypes, take "ml_dtypes" or "torch".
        - `"ml_dtypes"`: the exact dtype, from the package ml_dtypes if NumPy lacks it. Elements smaller than a byte
          take a byte each.
        - `"torch"`: torch tensors of the exact dtype, without a copy, on `device`. Of the dtypes smaller than a byte,
          torch has only FP4 with an even last extent (`float4_e2m1fn_x2`, two elements each). The others become uint8
          tensors of the packed bytes.
        - `"bits"`: the stored bits. A dtype of 8, 16, 32 or 64 bits becomes an unsigned integer of this width, in the
          tensor's shape. C128 has one more dimension, of two. Elements smaller than a byte become a uint8 array of the
          packed bytes.

        A block-quantised tensor (Q4_0, Q4_K, …) is a uint8 array of its blocks in every framework, as in the package
        gguf: its last extent counts bytes. `gguf.quants.dequantize` makes numbers of it.

        Raises `NotInFile` (a KeyError) for an unknown task or level, `DamagedFile` (a ValueError) if a checksum
        differs, and ImportError if torch or ml_dtypes is missing.
        """
        _check_framework(framework, device)
        if task is not None:
            if level is None:
                levels = [one.number for one in self.levels(task)]
                raise TypeError(f"{self.path}: task {task!r}: expected a level of {levels}, found none")
            return self.network(task, level, framework=framework, device=device).state_dict()
        if level is not None:
            raise TypeError(f"{self.path}: expected a task beside level {level!r}, found none")
        made: dict[int, Any] = {}
        for row in range(len(self._index.names)):
            root = self._index.data_row(row)
            if root not in made:
                made[root] = self._read_row(root, None, -1, framework, device)
        return {name: made[self._index.data_row(row)] for row, name in enumerate(self._index.names)}

    def _read_row(self, row: int, network: int | None, mask: int, framework: str, device: Any) -> Any:
        with reading(self.path):
            cells = self._reader.cells(row, network, mask)
        shape = self._reader.shape(self._index.data_row(row), network)
        return converted(cells, self._index.dtypes[row], shape, framework, device)

    def verify(self) -> None:
        """Reads every byte of the file, and checks all pages, digests and records. Raises `DamagedFile` or
        `FormatError` for the first difference."""
        with reading(self.path):
            _verify.verify(self)

    def count(self, *, policy: str | Path = "all-stored") -> Counts:
        """The exact parameter counts of each sub-network under a counting policy, by `tessera count`.

        `policy` is the id of a preset (`tessera count --help` lists them) or the path of a JSON file. Raises
        `CommandNotFound` without the command, and `CommandError` if it fails.
        """
        return count(self.path, policy)


def _check_framework(framework: str, device: Any) -> None:
    if framework not in FRAMEWORKS:
        raise ValueError(f"framework: expected one of {', '.join(FRAMEWORKS)}, found {framework!r}")
    if device is not None and framework != "torch":
        raise ValueError(f"device: expected None for framework {framework!r}, found {device!r}")


def open_checkpoint(path: Path, *, check: bool = True) -> Checkpoint:
    """Opens a unit checkpoint for reading.

    `check=False` leaves out the checksums of pages; the tables are checked in any case. Raises OSError (such as
    FileNotFoundError) if the file cannot be opened, and `FormatError` (a ValueError) if it is not a unit checkpoint or
    breaks a rule of the layout.
    """
    return Checkpoint(path, check=check)
