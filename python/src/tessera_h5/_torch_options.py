"""The arguments of `plan_for` as options of `tessera plan`. It needs no PyTorch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Union

from ._errors import TesseraError

Levels = Union[str, Sequence[Union[int, Sequence[int]]], Mapping[str, Union[int, Sequence[int]]]]


def options(
    units: int, tasks: Sequence[str] | None, levels: Levels | None, rule: str | None, cuts: Sequence[str] | None,
    axes: Sequence[str] | None, order: Sequence[str] | None
) -> list[str]:
    """The options; raises `TesseraError` for a value of another type. The command checks the values themselves."""
    if type(units) is not int:
        raise TesseraError(f"units: expected a whole number, found {units!r}")
    for name in _names("tasks", tasks):
        if "," in name or not name:
            raise TesseraError(f"tasks: expected names without commas, found {name!r}")
    if rule is not None and not isinstance(rule, str):
        raise TesseraError(f"rule: expected the name of a rule, found {rule!r}")
    # An option and its value are one word, because a value may begin with a dash.
    result = [f"--units={units}", f"--tasks={','.join(_names('tasks', tasks) or ['all'])}"]
    result += [f"--levels={_levels(levels)}"] if levels is not None else []
    result += [f"--rule={rule}"] if rule is not None else []
    for option, values in (("cut", _names("cuts", cuts)), ("axis", _names("axes", axes)),
                           ("order", _names("order", order))):
        result += [f"--{option}={value}" for value in values]
    return result


def _names(what: str, values: Any) -> list[str]:
    if values is None:
        return []
    if isinstance(values, str) or not isinstance(values, Sequence):
        raise TesseraError(f"{what}: expected a list of texts such as [{values!r}], found {values!r}"
                           if isinstance(values, str) else f"{what}: expected a list of texts, found {values!r}")
    for value in values:
        if not isinstance(value, str):
            raise TesseraError(f"{what}: expected a list of texts, found {value!r} in it")
    return list(values)


def _levels(levels: Any) -> str:
    if isinstance(levels, str):
        return levels
    if isinstance(levels, Mapping):
        return ",".join(f"{name}={_level(level, levels)}" for name, level in levels.items())
    if not isinstance(levels, Sequence):
        raise _wrong(levels)
    return ",".join(_level(level, levels) for level in levels)


def _level(level: Any, levels: Any) -> str:
    """A number of units, or a list of units in brackets."""
    if type(level) is int:
        return str(level)
    if isinstance(level, (list, tuple)) and all(type(unit) is int for unit in level):
        return "[" + ",".join(map(str, level)) + "]"
    raise _wrong(levels)


def _wrong(levels: Any) -> TesseraError:
    return TesseraError("levels: expected numbers of units such as [1, 2, 4], lists of units such as [1, [0, 3]], or a "
                        f"dict such as {{'small': 1, 'large': 4}}, found {levels!r}")
