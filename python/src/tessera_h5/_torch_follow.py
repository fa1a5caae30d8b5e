"""Keeps the axes of a plan that a module's own code can follow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor, nn

from ._errors import TesseraError
from ._torch_export import Inputs
from ._torch_names import axis_names, without_axes
from ._torch_shrink import shrink


# Axes whose reasons an error lists.
LISTED = 3


class TorchPlan(dict[str, Any]):
    """A plan (`schemas/plan.schema.json`) whose tensor names are those of a module's state_dict.

    `json.dump` writes it like any dict; only the dict is the plan. The attributes are for `shrink` and for readers.
    """

    notes: tuple[str, ...]
    """What stays whole and why, and the parameters that the graph does not use: one sentence each."""
    buffers: tuple[dict[str, Any], ...]
    """The entries of cut buffers that are not in the state_dict (`persistent=False`)."""
    example_inputs: Inputs | None
    """The inputs that the plan was made with."""

    def __init__(self, plan: Mapping[str, Any], notes: Sequence[str] = (), buffers: Sequence[dict[str, Any]] = (),
                 example_inputs: Inputs | None = None) -> None:
        super().__init__(plan)
        self.notes = tuple(notes)
        self.buffers = tuple(buffers)
        self.example_inputs = example_inputs


def followed(module: nn.Module, plan: TorchPlan) -> TorchPlan:
    """The plan without the axes with which `shrink` refuses the smallest sub-network of the first task.

    Raises `TesseraError` if no axis is left.
    """
    axes = [name for name in plan["axes"] if "{}" not in name]
    reasons: dict[str, str] = {}
    kept = _working(module, plan, [], axes, set(axes), reasons)
    dropped = [name for name in axes if name not in kept]
    if dropped and not kept:
        listed = [f"axis '{name}': {reasons[name]}" for name in dropped[:LISTED]]
        more = f"; and {len(dropped) - LISTED} more" if len(dropped) > LISTED else ""
        raise TesseraError(f"no axis of the plan can be cut: {'; '.join(listed)}{more}")
    result = _only(plan, set(kept)) if dropped else plan
    notes = [*plan.notes, *(f"axis '{name}' stays whole, because {reasons[name]}" for name in dropped)]
    return TorchPlan(result, [*notes, _summary(module, result)], result.buffers, plan.example_inputs)


def _working(
    module: nn.Module, plan: TorchPlan, base: list[str], axes: list[str], cut: set[str], reasons: dict[str, str]
) -> list[str]:
    """The axes of `axes` that can be cut together with those of `base`; halves the list until one axis is left."""
    if not axes:
        return []
    reason = _refusal(module, _only(plan, {*base, *axes}))
    if reason is None:
        return axes
    if len(axes) == 1:
        reasons[axes[0]] = reason
        return []
    middle = len(axes) // 2
    first = _working(module, plan, base, axes[:middle], cut, reasons)
    return first + _working(module, plan, [*base, *first], axes[middle:], cut, reasons)


def _refusal(module: nn.Module, plan: TorchPlan) -> str | None:
    try:
        shrink(module, plan, plan["tasks"][0]["name"], 1)
    except TesseraError as error:
        return str(error)
    return None


def _only(plan: TorchPlan, axes: set[str]) -> TorchPlan:
    """The plan with these axes; the others are whole."""
    entries = without_axes(plan["tensors"], plan["axes"], axes)
    buffers = without_axes(plan.buffers, plan["axes"], axes)
    used = axis_names([*entries, *buffers])
    own = {name: axis for name, axis in plan["axes"].items() if "{}" in name or name in used}
    return TorchPlan({**plan, "axes": own, "tensors": entries}, plan.notes, buffers, plan.example_inputs)


def _summary(module: nn.Module, plan: Mapping[str, Any]) -> str:
    state = {name: each for name, each in module.state_dict(keep_vars=True).items() if isinstance(each, Tensor)}
    cut: Sequence[str] = [entry["name"] for entry in plan["tensors"] if "name" in entry and any(entry.get("axes", []))]
    total, elements = sum(each.numel() for each in state.values()), sum(state[name].numel() for name in cut)
    return (f"{len(cut)} of {len(state)} tensors are cut, with {100 * elements / max(1, total):.1f} % of the elements")
