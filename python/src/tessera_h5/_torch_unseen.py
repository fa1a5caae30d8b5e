"""Axes on which no output depends with the example inputs, such as those of an expert that no token reaches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ._torch_channels import kept_channels
from ._torch_masked import copied
from ._torch_random import random_values
from ._torch_run import Failed, run
from ._torch_tensors import named_tensors


def unseen_axes(module: nn.Module, plan: Any, axes: Sequence[str]) -> list[str]:
    """The axes with only zero gradients in their tensors; none if the module has no gradients.

    Values are random, because gradients with the module's own can be zero for all inputs.
    """
    shapes = {name: tuple(each.shape) for name, each in named_tensors(module).items()}
    entries = {**plan, "tensors": [*plan["tensors"], *getattr(plan, "buffers", ())]}
    cuts = kept_channels(entries, shapes, plan["tasks"][0]["name"], 1)
    values = random_values(module, cuts, only_constant=False)
    other = copied(module, values, {})
    own = {name: each for name, each in other.named_parameters(remove_duplicate=False)
           if name in cuts and (each.is_floating_point() or each.is_complex())}
    for each in own.values():
        each.requires_grad_(True)
    try:
        found = run(other, plan.example_inputs, with_gradients=True)
        outputs = [*found.outputs, *([found.inner[1]] if found.is_weak and found.inner else [])]
        parts = [each.abs().sum() if each.is_complex() else (each * torch.rand_like(each)).nan_to_num().sum()
                 for each in outputs if each.requires_grad]
        gradients = _gradients(parts, own)
    except Exception:  # noqa: BLE001 (code that works without gradients can fail with them in any way)
        return []
    seen = {use.axis for name in gradients for dimension in cuts[name] for use in dimension.uses}
    known = {use.axis for name in own for dimension in cuts[name] for use in dimension.uses}
    return [axis for axis in axes if axis in known and axis not in seen] if gradients else []


def _gradients(parts: list[Tensor], own: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The gradients that are not zero, by the names of their tensors."""
    if not parts:
        return {}
    found = torch.autograd.grad(torch.stack(parts).sum(), list(own.values()), allow_unused=True)
    return {name: each for name, each in zip(own, found) if each is not None and bool((each != 0).any())}
