"""Modules that only other tasks use, such as their heads."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from torch import nn

from ._torch_channels import chosen_level, matches
from ._torch_tensors import named_tensors


class LeftOut(nn.Module):
    """Stands in the place of a module that only other tasks use. Its output is None."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def forward(self, *inputs: Any, **options: Any) -> None:
        return None

    def extra_repr(self) -> str:
        return f"{self.name}, of another task"


def of_other_tasks(plan: Mapping[str, Any], task: str, level: int | str, names: Collection[str]) -> set[str]:
    """The names of tensors that are private to other tasks, or to other levels of the task."""
    own: set[str] = set()
    others: set[str] = set()
    place = chosen_level(plan, task, level)
    for entry in plan.get("tasks", []):
        is_own = entry["name"] == task
        _add(own if is_own else others, entry.get("private", []), names)
        levels = list(entry["levels"]) if isinstance(entry.get("levels"), dict) else []
        for key, items in entry.get("private_per_level", {}).items():
            number = levels.index(key) if key in levels else int(key) - 1 if key.isdigit() else -1
            _add(own if is_own and number == place else others, items, names)
    return others - own


def _add(found: set[str], items: Collection[Any], names: Collection[str]) -> None:
    for item in items:
        if isinstance(item, dict) and "name" in item:
            found.update({item["name"]} & set(names))
        else:
            pattern = item if isinstance(item, str) else item["match"]
            found.update(name for name in names if matches(pattern, name))


def heads_of(module: nn.Module, others: Collection[str]) -> dict[str, nn.Module]:
    """The largest modules whose tensors are all in `others`, by their paths.

    Of a list or dict of modules, the items are taken, because a forward can go through them.
    """
    return dict(_heads(module, "", set(others))) if others else {}


def _heads(module: nn.Module, path: str, others: set[str]) -> Iterator[tuple[str, nn.Module]]:
    names = [f"{path}.{name}" if path else name for name in named_tensors(module)]
    if not others.intersection(names):
        return
    if path and others.issuperset(names) and not isinstance(module, (nn.ModuleList, nn.ModuleDict)):
        yield path, module
        return
    for name, child in module.named_children():
        yield from _heads(child, f"{path}.{name}" if path else name, others)


def hide(module: nn.Module, others: Collection[str]) -> list[str]:
    """Makes tensors of other tasks buffers that are in neither `parameters()` nor `state_dict()`; their names."""
    names: list[str] = []
    for path, layer in module.named_modules():
        start = f"{path}." if path else ""
        for name, value in [*layer._parameters.items(), *layer._buffers.items()]:
            if value is not None and start + name in others:
                layer._parameters.pop(name, None)
                layer._buffers.pop(name, None)
                layer.register_buffer(name, value.detach(), persistent=False)
                names.append(start + name)
    return names
