"""Runs `tessera plan`, and the sentences about a plan."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ._command import run_with_words
from ._errors import CommandError

# Names in a list of names.
LISTED = 8
# Options of the command, and the arguments of `plan_for` that mean the same.
_ARGUMENTS = {"--cut-first": "cut_first=True", "--cut-last": "cut_last=True", "fewer --units": "fewer units",
              "--units": "units", "--tasks": "tasks", "--levels": "levels", "--rule": "rule", "--cut": "cuts",
              "--axis": "axes", "--order": "order"}


def planned(arguments: Sequence[str], name: str, path: str) -> str:
    """Runs `tessera` with `arguments`, and returns what it prints on standard error.

    Raises `CommandError` with the command's own sentence, with `name` for `path` and arguments of `plan_for` for
    options, or `CommandNotFound`.
    """
    try:
        return run_with_words(list(arguments))[1]
    except CommandError as error:
        sentence = str(error).replace(path, name)
        words = "|".join(map(re.escape, _ARGUMENTS))
        sentence = re.sub(rf"({words})(?![\w-])", lambda found: _ARGUMENTS[found[1]], sentence)
        raise CommandError(sentence, error.returncode) from error


def listed(names: Sequence[str]) -> str:
    """Names in quotes, at most eight."""
    rest = f" and {len(names) - LISTED:,} more" if len(names) > LISTED else ""
    return ", ".join(f"'{name}'" for name in names[:LISTED]) + rest


def axis_lines(plan: Mapping[str, Any]) -> list[str]:
    """What `tessera plan` prints about the axes of a plan: one sentence for axes that differ only in numbers."""
    names: dict[tuple[str, str], list[str]] = {}
    for name, axis in plan["axes"].items():
        names.setdefault((re.sub(r"\d", "", name), _channels(axis, plan["units"])), []).append(name)
    return [f"cut axis '{own[0]}': {channels}" if len(own) == 1 else
            f"cut {len(own)} axes '{own[0]}' … '{own[-1]}': {channels}" for (_, channels), own in names.items()]


def is_axis_line(line: str) -> bool:
    """Whether a line is one of `axis_lines`."""
    return re.match(r"cut (axis|\d+ axes) '", line) is not None


def _channels(axis: Mapping[str, Any], count: int) -> str:
    common: list[int] = axis.get("common", [])
    units: list[Any] | None = axis.get("units")
    granule: int = axis.get("granule", 1)
    if units is None:
        whole, rest = divmod((axis["size"] - len(common)) // granule, count)
        units = [(whole + (unit < rest)) * granule for unit in range(count)]
    total = axis.get("size", sum(unit if isinstance(unit, int) else len(unit) for unit in units) + len(common))
    free = iter(sorted(set(range(total)) - set(common)))
    lists = [[next(free) for _ in range(unit)] if isinstance(unit, int) else unit for unit in units]
    sizes = [len(each) for each in lists]
    is_scattered = any(each and max(each) - min(each) >= len(each) for each in lists)
    text = f"{count} × {sizes[0]}" if len(set(sizes)) == 1 else " + ".join(map(str, sizes))
    return (f"{total} channels = {text}" + (f" + {len(common)} common" if common else "")
            + (f", in granules of {granule}" if granule > 1 else "") + (", scattered" if is_scattered else ""))
