"""The channels of every tensor that one (task, level) of a plan has. It needs no PyTorch."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ._errors import TesseraError

Plan = Mapping[str, Any]
Positions = tuple[int, ...]


@dataclass(frozen=True)
class AxisUse:
    """An axis on a dimension: position = (o · size + channel) · inner + i, with o < outer and i < inner."""

    axis: str
    size: int
    inner: int
    outer: int
    kept: Positions
    """The channels of the sub-network, ascending."""


@dataclass(frozen=True)
class Dimension:
    """One dimension of a tensor in a sub-network."""

    extent: int
    """The number of positions in the whole network."""
    kept: Positions | None
    """The positions that the sub-network has, ascending; None if the dimension is not cut."""
    uses: tuple[AxisUse, ...] = ()

    @property
    def size(self) -> int:
        """The number of positions that the sub-network has."""
        return self.extent if self.kept is None else len(self.kept)

    @property
    def is_smaller(self) -> bool:
        return self.size < self.extent


def kept_channels(
    plan: Plan, shapes: Mapping[str, Sequence[int]], task: str, level: int | str
) -> dict[str, tuple[Dimension, ...]]:
    """The dimensions of each tensor that the plan cuts.

    `shapes` has the shape of every tensor by its name. `level` is a number from 1 or the level's name. Raises
    `TesseraError` if the plan has no such task or level, does not fit the shapes, or uses a feature that needs other
    tensors instead of smaller ones (owner maps, masks, whole tensors of single units).
    """
    if plan.get("format") != "tessera.plan/1":
        raise TesseraError(f"plan: expected \"format\": \"tessera.plan/1\", found {plan.get('format')!r}")
    chosen = _Units(plan, task, level)
    entries = [_Entry.read(entry) for entry in plan.get("tensors", [])]
    matched: list[tuple[str, _Entry, tuple[list[str], list[str]]]] = []
    for name in shapes:
        for entry in entries:
            if (captures := entry.captures(name)) is not None:
                matched.append((name, entry, captures))
                break
    sizes = _sizes(plan, matched, shapes)
    axes: dict[str, tuple[int, Positions]] = {}
    result: dict[str, tuple[Dimension, ...]] = {}
    for name, entry, captures in matched:
        entry.check(name, shapes[name])
        if entry.axes:
            result[name] = tuple(
                _dimension(plan, chosen, axes, sizes, name, number, place, captures[0], shapes[name][number])
                for number, place in enumerate(entry.axes))
    return result


def chosen_level(plan: Plan, task: str, level: int | str) -> int:
    """The index of a level from 0. Raises `TesseraError` if the plan has no such task or level."""
    return _Units(plan, task, level).place


def matches(pattern: str, name: str) -> bool:
    """Whether a name matches a pattern of a plan."""
    return _match(pattern, name) is not None


class _Units:
    """The units of one (task, level), which can differ by axis."""

    def __init__(self, plan: Plan, task: str, level: int | str) -> None:
        self.count: int = plan["units"]
        tasks: list[dict[str, Any]] = list(plan.get("tasks", []))
        names = [entry["name"] for entry in tasks]
        if task not in names:
            raise TesseraError(f"plan: expected one of the tasks {', '.join(map(repr, names)) or '(none)'}, "
                               f"found '{task}'")
        index = names.index(task)
        entry = tasks[index]
        self.order: list[int] = entry.get("order") or self._by_rule(plan, index)
        levels: dict[str, Any] | list[Any] = entry.get("levels") or [count + 1 for count in range(len(self.order))]
        self.place = self._place(levels, task, level)
        self.units = self._at(levels, self.order)
        self.levels = levels
        self.own: dict[str, dict[str, Any]] = entry.get("axes", {})

    def _by_rule(self, plan: Plan, index: int) -> list[int]:
        rule = plan.get("assignment", {}).get("rule", "nearest")
        units = range(self.count)
        if rule == "adjacent":
            return [*range(index, -1, -1), *range(index + 1, self.count)]
        if rule == "nearest":
            return sorted(units, key=lambda unit: (abs(unit - index), unit))
        raise TesseraError(f"plan: tasks[{index}] has no \"order\", and the rule '{rule}' does not make one")

    @staticmethod
    def _place(levels: dict[str, Any] | list[Any], task: str, level: int | str) -> int:
        names = list(levels) if isinstance(levels, dict) else []
        if isinstance(level, str) and level in names:
            return names.index(level)
        if isinstance(level, int) and 1 <= level <= len(levels):
            return level - 1
        raise TesseraError(f"plan: task '{task}': expected one of the levels "
                           f"{', '.join([f'1 to {len(levels)}', *names])}, found {level!r}")

    def _at(self, levels: dict[str, Any] | list[Any], order: list[int]) -> frozenset[int]:
        listed: list[Any] = list(levels.values()) if isinstance(levels, dict) else levels
        level: int | list[int] = listed[self.place]
        return frozenset(order[:level] if isinstance(level, int) else level)

    def of(self, axis: str) -> frozenset[int]:
        """The units on an axis. An entry with exactly the axis's name is used before templates."""
        for name in sorted(self.own, key=lambda name: "{}" in name):
            if name == axis or _match(name, axis) is not None:
                own = self.own[name]
                return self._at(own.get("levels", self.levels), own.get("order", self.order))
        return self.units


@dataclass(frozen=True)
class _Entry:
    """An item of a plan's `tensors`."""

    name: str | None
    match: str | None
    axes: tuple[Any, ...]
    other: tuple[str, ...]

    @staticmethod
    def read(entry: Mapping[str, Any]) -> _Entry:
        other = tuple(key for key in ("owners", "mask", "units", "channel_of") if key in entry)
        return _Entry(entry.get("name"), entry.get("match"), tuple(entry.get("axes", ())), other)

    def captures(self, name: str) -> tuple[list[str], list[str]] | None:
        if self.match is None:
            return ([], []) if self.name == name else None
        return _match(self.match, name)

    def check(self, name: str, shape: Sequence[int]) -> None:
        if self.other:
            raise TesseraError(f"plan: tensor '{name}': \"{self.other[0]}\" removes tensors or sets elements to zero, "
                               "and does not make layers smaller; expected only \"axes\"")
        if self.axes and len(self.axes) != len(shape):
            raise TesseraError(f"plan: tensor '{name}': expected {len(self.axes)} dimensions, found the shape "
                               f"{list(shape)}")


def _match(pattern: str, name: str) -> tuple[list[str], list[str]] | None:
    """The texts that `{}` and `*` of a pattern match; each matches as little as possible, from left to right."""
    parts = re.split(r"(\{\}|\*+)", pattern)
    kinds = [part for part in parts if part == "{}" or part.startswith("*")]
    regex = "".join("([^./]+?)" if part == "{}" else "(.*?)" if part.startswith("*") else re.escape(part)
                    for part in parts)
    found = re.fullmatch(regex, name, re.DOTALL)
    if found is None:
        return None
    texts = list(zip(kinds, found.groups()))
    return ([text for kind, text in texts if kind == "{}"], [text for kind, text in texts if kind != "{}"])


def _fill(axis: str, components: list[str]) -> str:
    parts = axis.split("{}")
    if len(parts) - 1 > len(components):
        raise TesseraError(f"plan: axis '{axis}' has more {{}} than the pattern of its tensors")
    return "".join(part + text for part, text in zip(parts, [*components, ""][:len(parts) - 1] + [""]))


def _described(plan: Plan, axis: str) -> Mapping[str, Any]:
    """The plan's entry for an axis: the one of exactly this name, else the first template that gives the name."""
    axes: Mapping[str, Any] = plan.get("axes", {})
    if axis in axes:
        return axes[axis]
    for name, entry in axes.items():
        if "{}" in name and _match(name, axis) is not None:
            return entry
    raise TesseraError(f"plan: expected an entry in \"axes\" for '{axis}', found none")


def _parts(place: Any, components: list[str]) -> list[int | tuple[str, int, int]]:
    """A dimension as numbers of uncut positions and (axis, inner, outer)."""
    if place is None:
        return []
    if isinstance(place, str):
        return [(_fill(place, components), 1, 1)]
    if "concat" in place:
        return [part["size"] if isinstance(part, dict) and "size" in part else _parts(part, components)[0]
                for part in place["concat"]]
    if place.get("compact"):
        raise TesseraError(f"plan: a compact dimension of axis '{place['axis']}' has only one level's channels; "
                           "expected a plan without private norms")
    return [(_fill(place["axis"], components), place.get("inner", 1), place.get("outer", 1))]


def _sizes(
    plan: Plan, matched: list[tuple[str, _Entry, tuple[list[str], list[str]]]], shapes: Mapping[str, Sequence[int]]
) -> dict[str, int]:
    """The number of channels of every axis, from its entry, else from a dimension that has no other unknown axis."""
    places: list[tuple[str, int, list[int | tuple[str, int, int]], int]] = []
    sizes: dict[str, int] = {}
    for name, entry, captures in matched:
        if len(entry.axes) == len(shapes[name]):
            for number, place in enumerate(entry.axes):
                places.append((name, number, _parts(place, captures[0]), shapes[name][number]))
    for _, _, parts, _ in places:
        for part in parts:
            if not isinstance(part, int) and part[0] not in sizes:
                described = _described(plan, part[0])
                units: list[Any] = described.get("units", [])
                if "size" in described:
                    sizes[part[0]] = described["size"]
                elif units:
                    own = sum(unit if isinstance(unit, int) else len(unit) for unit in units)
                    sizes[part[0]] = own + len(described.get("common", []))
    # A concat can need a size that only a later dimension gives.
    for _ in range(len(places)):
        before = len(sizes)
        for _, _, parts, extent in places:
            unknown = {part[0] for part in parts if not isinstance(part, int) and part[0] not in sizes}
            if len(unknown) != 1:
                continue
            axis = next(iter(unknown))
            taken = sum(part if isinstance(part, int) else sizes.get(part[0], 0) * part[1] * part[2] for part in parts)
            each = sum(part[1] * part[2] for part in parts if not isinstance(part, int) and part[0] == axis)
            if (extent - taken) % each == 0 and extent > taken:
                sizes[axis] = (extent - taken) // each
        if len(sizes) == before:
            break
    return sizes


def _kept(plan: Plan, chosen: _Units, axis: str, size: int) -> Positions:
    """The channels of an axis that the sub-network has, ascending."""
    described = _described(plan, axis)
    common: list[int] = described.get("common", [])
    units: list[Any] | None = described.get("units")
    free = sorted(set(range(size)) - set(common))
    if units is None:
        granule: int = described.get("granule", 1)
        whole, rest = divmod(len(free) // granule, chosen.count)
        if whole == 0:
            return tuple(range(size))
        units = [(whole + (unit < rest)) * granule for unit in range(chosen.count)]
    lists: list[list[int]] = []
    for unit in units:
        if isinstance(unit, int):
            lists.append(free[:unit])
            free = free[unit:]
        else:
            lists.append(unit)
    active = chosen.of(axis)
    return tuple(sorted({*common, *(channel for unit, own in enumerate(lists) if unit in active for channel in own)}))


def _dimension(
    plan: Plan, chosen: _Units, axes: dict[str, tuple[int, Positions]], sizes: dict[str, int], name: str,
    number: int, place: Any, components: list[str], extent: int
) -> Dimension:
    parts = _parts(place, components)
    if not parts:
        return Dimension(extent, None)
    positions: list[int] = []
    uses: list[AxisUse] = []
    at = 0
    for part in parts:
        if isinstance(part, int):
            positions += range(at, at + part)
            at += part
            continue
        axis, inner, outer = part
        if axis not in axes:
            if axis not in sizes:
                raise TesseraError(f"plan: expected a \"size\" of axis '{axis}', found none")
            axes[axis] = (sizes[axis], _kept(plan, chosen, axis, sizes[axis]))
        size, kept = axes[axis]
        uses.append(AxisUse(axis, size, inner, outer, kept))
        positions += [at + (o * size + channel) * inner + i for o in range(outer) for channel in kept
                      for i in range(inner)]
        at += size * inner * outer
    if at != extent:
        raise TesseraError(f"plan: tensor '{name}' dimension {number}: expected {at} positions of "
                           f"{', '.join(use.axis for use in uses)}, found {extent}")
    return Dimension(extent, tuple(positions), tuple(uses))
