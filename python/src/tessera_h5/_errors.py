"""The exceptions of this package, which are a `TesseraError`, and its warning."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class TesseraError(Exception):
    """An error of this package. Its text is one sentence."""


class FormatError(TesseraError, ValueError):
    """A file is not a unit checkpoint, or breaks a rule of `schemas/checkpoint-layout-v2.md`.

    `file` is the path; `rule` is the sentence without it.
    """

    def __init__(self, rule: str, file: str = "") -> None:
        super().__init__(rule)
        self.rule = rule
        self.file = file

    def __str__(self) -> str:
        return f"{self.file}: {self.rule}" if self.file else self.rule


class DamagedFile(FormatError):
    """A checksum of a file differs.

    `dataset` is the HDF5 path of the damaged data, such as `/intra/0/F32`. `expected` and `found` are the checksums, in
    hexadecimal.
    """

    def __init__(self, dataset: str, place: str, expected: str, found: str, file: str = "") -> None:
        where = f"{dataset}: {place}" if place else dataset
        super().__init__(f"{where}: expected the checksum {expected}, found {found}", file)
        self.dataset = dataset
        self.expected = expected
        self.found = found


class NotInFile(TesseraError, KeyError):
    """A checkpoint has no task, level or tensor of this name."""

    def __str__(self) -> str:
        # KeyError shows the representation of its argument, which puts a sentence in quotes.
        return str(self.args[0])


class CommandError(TesseraError):
    """The command `tessera` failed. The text is its own sentence; `returncode` is its exit code."""

    def __init__(self, sentence: str, returncode: int) -> None:
        super().__init__(sentence)
        self.returncode = returncode


class CommandNotFound(TesseraError, FileNotFoundError):
    """The command `tessera` is not installed."""


class PackageNotFound(TesseraError, ImportError):
    """A Python package that a function needs is not installed. The text has the line for pip."""


class StateDictError(TesseraError):
    """A state dict and a module do not fit.

    `missing` are names that only the module has, and `unexpected` those that only the checkpoint has. `different` are
    the others that are refused: two shapes, a dtype that loses values, no values, or different values for one tensor.
    """

    def __init__(self, sentence: str, missing: list[str], unexpected: list[str], different: list[str]) -> None:
        super().__init__(sentence)
        self.missing = missing
        self.unexpected = unexpected
        self.different = different


class StateDictWarning(UserWarning):
    """A module was loaded in part. `missing` and `unexpected` are those of `StateDictError`."""

    def __init__(self, sentence: str, missing: list[str], unexpected: list[str]) -> None:
        super().__init__(sentence)
        self.missing = missing
        self.unexpected = unexpected


def require_packages(what: str, *names: str) -> None:
    """Raises `PackageNotFound` with the line for pip, if a package that `what` needs is missing."""
    import importlib.util

    missing = [name for name in names if importlib.util.find_spec(name) is None]
    if missing:
        raise PackageNotFound(f"{what} needs {' and '.join(missing)}: pip install {' '.join(missing)}")


def need(holds: object, rule: str) -> None:
    """Raises a `FormatError` with the rule unless it holds."""
    if not holds:
        raise FormatError(rule)


def nearest(kind: str, name: object, known: Iterable[str], file: str) -> NotInFile:
    """The error for an unknown name, with the most similar names."""
    names = list(known)
    # `difflib` compares with every name; a file of many thousands would take seconds.
    close = difflib.get_close_matches(str(name), names[:20_000], n=3, cutoff=0.5)
    if close:
        hint = "nearest: " + ", ".join(repr(one) for one in close)
    elif len(names) <= 8:
        hint = "it has " + (", ".join(repr(one) for one in names) or "none")
    else:
        hint = f"it has {len(names):,}, such as {names[0]!r}"
    return NotInFile(f"{file}: found no {kind} {name!r}; {hint}")
