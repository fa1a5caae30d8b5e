"""The tensors of a torch module by their names."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from ._errors import TesseraError


def named_tensors(module: nn.Module) -> dict[str, Tensor]:
    """Every parameter and buffer by each of its names, including buffers that the state_dict leaves out."""
    tensors: dict[str, Tensor] = {}
    for named in (module.named_parameters(remove_duplicate=False), module.named_buffers(remove_duplicate=False)):
        tensors.update(named)
    for name, tensor in tensors.items():
        if nn.parameter.is_lazy(tensor):
            raise TesseraError(f"'{name}' has no shape yet; run the module once before you plan it")
    return tensors


def ties_of(tensors: Mapping[str, Tensor]) -> dict[str, tuple[str, ...]]:
    """For each name of a tied tensor, its other names."""
    groups: dict[int, list[str]] = {}
    for name, tensor in tensors.items():
        groups.setdefault(id(tensor), []).append(name)
    return {name: tuple(other for other in group if other != name)
            for group in groups.values() if len(group) > 1 for name in group}


def shown(path: str, layer: nn.Module) -> str:
    """A module's path and class for a message; the path of the whole module is empty."""
    return f"'{path}' ({type(layer).__name__})" if path else f"the module ({type(layer).__name__})"


def require_cuttable(module: nn.Module) -> None:
    """Raises `TesseraError` if a module has quantized layers, or no Python forward."""
    if not isinstance(module, nn.Module):
        raise TesseraError(f"module: expected a torch.nn.Module, found {type(module).__name__}")
    for path, layer in module.named_modules():
        if isinstance(layer, torch.jit.ScriptModule):
            raise TesseraError(f"{shown(path, layer)} is a TorchScript module, whose code cannot be changed; give the "
                               "module that it was made from")
        if ".quantized" in type(layer).__module__ and not isinstance(layer, nn.MultiheadAttention):
            raise TesseraError(f"{shown(path, layer)} has quantized weights, which cannot be cut; cut the module "
                               "before you quantize it")
