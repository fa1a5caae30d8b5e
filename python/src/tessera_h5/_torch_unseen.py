"""Axes on which no output depends with the example inputs, such as those of an expert that no token reaches."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ._torch_channels import kept_channels
from ._torch_masked import Cuts, copied
from ._torch_random import random_values
from ._torch_run import Failed, run
from ._torch_tensors import named_tensors


def unseen_axes(module: nn.Module, plan: Any, axes: Sequence[str]) -> list[str]:
    """The axes with only zero gradients in their tensors; none if the module has no gradients.

    The gradients are those with random values and with the module's own. An axis is seen with one of them: random
    values can saturate a sigmoid, and the module's own can be zero.
    """
    tensors = named_tensors(module)
    shapes = {name: tuple(each.shape) for name, each in tensors.items()}
    entries = {**plan, "tensors": [*plan["tensors"], *getattr(plan, "buffers", ())]}
    cuts = kept_channels(entries, shapes, plan["tasks"][0]["name"], 1)
    unseen = list(axes)
    for values in (lambda: random_values(module, {}, only_constant=False),
                   lambda: {name: each.detach().clone() for name, each in tensors.items()}):
        if unseen:
            seen = _seen(copied(module, values(), {}), cuts, plan.example_inputs)
            unseen = [] if seen is None else [axis for axis in unseen if axis not in seen]
    return unseen


def _seen(module: nn.Module, cuts: Cuts, inputs: Any) -> set[str] | None:
    """The axes with a gradient, and those whose tensors can have none; None if the module has no gradients at all."""
    own = {name: each for name, each in module.named_parameters(remove_duplicate=False)
           if name in cuts and (each.is_floating_point() or each.is_complex())}
    for each in own.values():
        each.requires_grad_(True)
    try:
        found = run(module, inputs, with_gradients=True)
        outputs = [*found.outputs, *([found.inner[1]] if found.is_weak and found.inner else [])]
        parts = [each.abs().sum() if each.is_complex() else (each * torch.rand_like(each)).nan_to_num().sum()
                 for each in outputs if each.requires_grad]
        gradients = _gradients(parts, own)
    except Exception:  # noqa: BLE001 (code that works without gradients can fail with them in any way)
        return None
    if not gradients:
        return None
    return _axes(cuts, gradients) | (_axes(cuts, cuts) - _axes(cuts, own))


def _axes(cuts: Cuts, names: Iterable[str]) -> set[str]:
    return {use.axis for name in names for dimension in cuts[name] for use in dimension.uses}


def _gradients(parts: list[Tensor], own: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The gradients that are not zero, by the names of their tensors."""
    if not parts:
        return {}
    found = torch.autograd.grad(torch.stack(parts).sum(), list(own.values()), allow_unused=True)
    return {name: each for name, each in zip(own, found) if each is not None and bool((each != 0).any())}
