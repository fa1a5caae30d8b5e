"""Gives the tensors of an ONNX plan the names of a module's state_dict. It needs NumPy, but no PyTorch."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Origin:
    """The state_dict's tensor that an initializer of a graph holds."""

    name: str
    dimensions: tuple[int | None, ...]
    """For each dimension of the state_dict's tensor, the initializer's dimension; None for an extent of 1 without."""


def origins(
    initializers: Mapping[str, NDArray[Any]], state: Mapping[str, NDArray[Any]]
) -> dict[str, Origin]:
    """The origin of each initializer: the tensor of the same name and shape, else the only one with the same elements.

    A tensor has the same elements if its shape differs only in extents of 1, or if it is a matrix that was transposed.
    Initializers without an origin, such as numbers that the exporter made, are left out.
    """
    result: dict[str, Origin] = {}
    for name, array in initializers.items():
        if name in state and state[name].shape == array.shape:
            result[name] = Origin(name, tuple(range(array.ndim)))
    named = {origin.name for origin in result.values()}
    by_elements: dict[str, list[tuple[str, bool]]] = {}
    for name, array in state.items():
        if name in named or array.size < 2:
            continue
        by_elements.setdefault(_digest(array), []).append((name, False))
        if array.ndim == 2 and min(array.shape) > 1:
            by_elements.setdefault(_digest(np.transpose(array)), []).append((name, True))
    for name, array in initializers.items():
        if name in result:
            continue
        found: list[Origin] = []
        for other, is_transposed in by_elements.get(_digest(array), []):
            shape = state[other].shape[::-1] if is_transposed else state[other].shape
            dimensions = _dimensions(shape, array.shape)
            if dimensions is not None:
                found.append(Origin(other, dimensions[::-1] if is_transposed else dimensions))
        if len(found) == 1:
            result[name] = found[0]
    return result


def _digest(array: NDArray[Any]) -> str:
    # Only the extents other than 1 count, so that a bias reshaped to [C, 1, 1] has the digest of [C].
    shape = tuple(extent for extent in array.shape if extent != 1)
    head = f"{array.dtype.str} {shape}".encode()
    return hashlib.sha256(head + np.ascontiguousarray(array).tobytes()).hexdigest()


def _dimensions(shape: Sequence[int], other: Sequence[int]) -> tuple[int | None, ...] | None:
    """For each dimension of `shape`, the place of the same extent in `other`; None if more than extents of 1 differ."""
    places = [place for place, extent in enumerate(other) if extent != 1]
    if [extent for extent in shape if extent != 1] != [other[place] for place in places]:
        return None
    if len(shape) == len(other) and tuple(shape) == tuple(other):
        return tuple(range(len(shape)))
    rest = iter(places)
    return tuple(next(rest) if extent != 1 else None for extent in shape)


def renamed(
    plan: Mapping[str, Any], found: Mapping[str, Origin], ties: Mapping[str, Sequence[str]]
) -> tuple[dict[str, Any], list[str]]:
    """The plan for the state_dict, and the names of cut tensors that have no origin.

    `ties` has, for a tensor's name, the other names of the same tensor; each gets the same entry. The entries of
    tensors without an origin are left out, and so are axes that only they have.
    """
    entries: list[dict[str, Any]] = []
    lost: list[str] = []
    for entry in plan.get("tensors", []):
        if "match" in entry:
            entries.append(dict(entry))
            continue
        origin = found.get(entry["name"])
        if origin is None:
            if any(place is not None for place in entry.get("axes", [])):
                lost.append(entry["name"])
            continue
        own: list[Any] = entry.get("axes", [])
        places = [None if place is None else own[place] for place in origin.dimensions] if own else []
        for name in (origin.name, *ties.get(origin.name, ())):
            entries.append({**entry, "name": name, **({"axes": places} if own else {})})
    result = {**plan, "tensors": entries, "tasks": [_task(task, found) for task in plan.get("tasks", [])]}
    used = axis_names(entries)
    result["axes"] = {name: axis for name, axis in plan.get("axes", {}).items() if "{}" in name or name in used}
    return result, lost


def _task(task: Mapping[str, Any], found: Mapping[str, Origin]) -> dict[str, Any]:
    def own(items: Sequence[Any]) -> list[Any]:
        result: list[Any] = []
        for item in items:
            if not (isinstance(item, dict) and "name" in item):
                result.append(item)
            elif item["name"] in found:
                result.append({**item, "name": found[item["name"]].name})
        return result

    changed = dict(task)
    if "private" in task:
        changed["private"] = own(task["private"])
    return changed


def without_axes(
    entries: Sequence[Mapping[str, Any]], axes: Mapping[str, Mapping[str, Any]], kept: set[str]
) -> list[dict[str, Any]]:
    """The entries with only the axes in `kept`; a part of a concat on another axis becomes uncut positions."""

    def place_of(place: Any) -> Any:
        parts = [part_of(part) for part in parts_of(place)]
        if not any(isinstance(part, str) or "axis" in part for part in parts):
            return None
        return {"concat": parts} if is_concat(place) else place

    def part_of(part: Any) -> Any:
        use: dict[str, Any] = {"axis": part} if isinstance(part, str) else part
        if "axis" not in use or use["axis"] in kept:
            return part
        return {"size": size(axes[use["axis"]]) * use.get("inner", 1) * use.get("outer", 1)}

    def size(axis: Mapping[str, Any]) -> int:
        units: list[Any] = axis.get("units", [])
        return axis.get("size") or len(axis.get("common", [])) + sum(
            unit if isinstance(unit, int) else len(unit) for unit in units)

    changed = [{**entry, "axes": [place_of(place) for place in entry.get("axes", [])]} for entry in entries]
    return [entry for entry in changed if any(place is not None for place in entry["axes"])]


def axis_names(entries: Sequence[Mapping[str, Any]]) -> set[str]:
    """The axes that lie on dimensions of these entries."""
    names: set[str] = set()
    for entry in entries:
        for place in entry.get("axes", []):
            for part in parts_of(place):
                if isinstance(part, str):
                    names.add(part)
                elif "axis" in part:
                    names.add(part["axis"])
    return names


def is_concat(place: Any) -> bool:
    """Whether a dimension consists of several parts, one after another."""
    return isinstance(place, dict) and "concat" in place


def parts_of(place: Any) -> list[Any]:
    """The parts of a dimension: axes by name, and objects with "axis" or "size"; none if it is not cut."""
    if place is None:
        return []
    return place["concat"] if is_concat(place) else [place]
