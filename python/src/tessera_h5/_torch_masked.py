"""The masked original of a smaller module: the whole module with inactive channels set to zero."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ._errors import TesseraError
from ._torch_channels import Dimension
from ._torch_tensors import named_tensors, shown

Cuts = Mapping[str, tuple[Dimension, ...]]


def copied(module: nn.Module, values: Mapping[str, Tensor], left_out: Mapping[int, nn.Module]) -> nn.Module:
    """A copy of a module with other tensors. `deepcopy` finds them instead of the module's own, wherever they are.

    `left_out` has modules by the `id` of those that copies of them replace.
    """
    tensors = named_tensors(module)
    memo: dict[int, Any] = {key: copy.deepcopy(other) for key, other in left_out.items()}
    for name, new in values.items():
        old = tensors[name]
        if id(old) not in memo:
            memo[id(old)] = nn.Parameter(new, old.requires_grad) if isinstance(old, nn.Parameter) else new
    try:
        return copy.deepcopy(module, memo)
    except Exception as error:
        raise TesseraError(f"{shown('', module)} cannot be copied: {error}") from error


def part(tensor: Tensor, dimensions: tuple[Dimension, ...]) -> Tensor:
    """The elements of a whole tensor that the sub-network has, in memory of their own."""
    result = tensor.detach()
    for number, dimension in enumerate(dimensions):
        if dimension.kept is not None and dimension.is_smaller:
            result = result.index_select(number, torch.tensor(dimension.kept, device=result.device))
    return result.clone()


def spread(small: Tensor, whole: Tensor, dimensions: tuple[Dimension, ...]) -> Tensor:
    """A tensor of the shape of `whole` with the sub-network's elements, and zero everywhere else."""
    result = torch.zeros_like(whole, requires_grad=False)
    result[grid(dimensions, whole.device)] = small
    return result


def hide_inactive_norms(masked: nn.Module, cuts: Cuts) -> None:
    """Lets each LayerNorm and RMSNorm over cut channels see only the active ones, as in the sub-network."""
    norms = (nn.LayerNorm, getattr(nn, "RMSNorm", nn.LayerNorm))
    for path, layer in masked.named_modules():
        dimensions = cuts.get(f"{path}.weight" if path else "weight")
        if isinstance(layer, norms) and dimensions is not None and dimensions[-1].is_smaller:
            layer.__dict__["forward"] = _active_norm(layer, dimensions[-1])


def grid(dimensions: tuple[Dimension, ...], device: torch.device) -> tuple[Tensor, ...]:
    """The indices of the kept elements, for indexing a whole tensor."""
    kept = [torch.tensor(range(each.extent) if each.kept is None else each.kept, device=device, dtype=torch.long)
            for each in dimensions]
    return tuple(each.reshape([-1 if place == number else 1 for place in range(len(kept))])
                 for number, each in enumerate(kept))


def _active_norm(layer: Any, channels: Dimension) -> Any:
    kept = torch.tensor(channels.kept)

    def forward(x: Tensor) -> Tensor:
        at = kept.to(x.device)
        part = x[..., at]
        if isinstance(layer, nn.LayerNorm):
            bias = None if layer.bias is None else layer.bias[at]
            y = F.layer_norm(part, (len(at),), layer.weight[at], bias, layer.eps)
        else:
            y = F.rms_norm(part, (len(at),), layer.weight[at], layer.eps)
        return torch.zeros_like(x).index_copy(-1, at, y)

    return forward
