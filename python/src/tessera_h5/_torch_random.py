"""Seeded random values for the tensors of a module.

With values such as those of a new network, outputs need not depend on every channel: a head or the last layer of a
residual branch is often zero. Random values show a difference that such a network hides.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from ._torch_channels import Dimension
from ._torch_tensors import named_tensors

_DTYPES = (torch.float16, torch.bfloat16, torch.float32, torch.float64)


def random_values(
    module: nn.Module, cuts: Mapping[str, tuple[Dimension, ...]], *, only_constant: bool
) -> dict[str, Tensor]:
    """Values for every tensor of a module by its name. A tensor that is not random gets a copy of its own values.

    Parameters and the statistics of norms are random; `only_constant` leaves alone those with different elements.
    Weights have a variance of 2 / fan-in, where the fan-in counts only the channels of the sub-network, so that the
    activations of the sub-network neither vanish nor overflow in a deep network. Numbers for single channels lie
    between 0.5 and 1.5; biases and means between −0.5 and 0.5.
    """
    generator = torch.Generator().manual_seed(0)
    statistics = {f"{path}.{name}" if path else name for path, layer in module.named_modules()
                  if isinstance(layer, nn.modules.batchnorm._NormBase) for name in ("running_mean", "running_var")}
    made: dict[int, Tensor] = {}
    result: dict[str, Tensor] = {}
    for name, tensor in named_tensors(module).items():
        if id(tensor) not in made:
            is_value = isinstance(tensor, nn.Parameter) or name in statistics
            if is_value and tensor.dtype in _DTYPES and tensor.numel() and not (only_constant and _varies(tensor)):
                made[id(tensor)] = _random(name, tensor, cuts.get(name), generator)
            else:
                made[id(tensor)] = tensor.detach().clone()
        result[name] = made[id(tensor)]
    return result


def _varies(tensor: Tensor) -> bool:
    return tensor.numel() > 1 and bool((tensor != tensor.reshape(-1)[0]).any())


def _random(name: str, tensor: Tensor, dimensions: tuple[Dimension, ...] | None, generator: torch.Generator) -> Tensor:
    shape = tensor.shape
    if len(shape) > 1:
        extents = [each.size for each in dimensions[1:]] if dimensions is not None else list(shape[1:])
        values = torch.randn(shape, generator=generator) * math.sqrt(2 / max(1, math.prod(extents)))
    else:
        is_offset = any(word in name.rpartition(".")[2] for word in ("bias", "beta", "mean"))
        values = torch.rand(shape, generator=generator) + (-0.5 if is_offset else 0.5)
    return values.to(tensor.device, tensor.dtype)
