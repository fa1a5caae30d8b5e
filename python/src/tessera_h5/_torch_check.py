"""Compares a smaller module with the masked original: the whole module with inactive channels set to zero."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils import _pytree

from ._torch_channels import Dimension
from ._torch_export import Inputs, arguments_of, inference

Cuts = Mapping[str, tuple[Dimension, ...]]

# `tessera verify` has the same relative tolerance.
TOLERANCE = 1e-4


def masked_original(module: nn.Module, small: Mapping[str, Tensor], cuts: Cuts) -> nn.Module:
    """A copy of `module` with the elements of the sub-network's tensors `small`, and zero where these have none.

    Tensors that are not in `small` stay as they are. A LayerNorm or RMSNorm over cut channels sees only the active
    ones, as in the sub-network.
    """
    tensors = dict(module.named_parameters(remove_duplicate=False)) | dict(module.named_buffers(remove_duplicate=False))
    memo: dict[int, Any] = {}
    for name, new in small.items():
        old = tensors[name]
        if name in cuts:
            new = torch.zeros_like(old, requires_grad=False)
            new[grid(cuts[name], old.device)] = small[name]
        memo[id(old)] = nn.Parameter(new, requires_grad=False) if isinstance(old, nn.Parameter) else new
    masked = copy.deepcopy(module, memo)
    norms = (nn.LayerNorm, getattr(nn, "RMSNorm", nn.LayerNorm))
    for path, layer in masked.named_modules():
        dimensions = cuts.get(f"{path}.weight" if path else "weight")
        if isinstance(layer, norms) and dimensions is not None and dimensions[-1].is_smaller:
            layer.__dict__["forward"] = _active_norm(layer, dimensions[-1])
    return masked


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


class _Calls:
    """Notes which modules run, and the shapes of their inputs."""

    def __init__(self, module: nn.Module) -> None:
        self.stack: list[str] = []
        self.shapes: list[tuple[str, tuple[int, ...]]] = []
        self._handles: list[Any] = []
        for path, each in module.named_modules():
            self._handles.append(each.register_forward_pre_hook(self._enter(path)))
            self._handles.append(each.register_forward_hook(self._leave))

    def _enter(self, path: str) -> Any:
        def note(module: nn.Module, inputs: tuple[Any, ...]) -> None:
            self.stack.append(path)
            if inputs and isinstance(inputs[0], Tensor):
                self.shapes.append((path, tuple(inputs[0].shape)))
        return note

    def _leave(self, module: nn.Module, inputs: Any, output: Any) -> None:
        self.stack.pop()

    def close(self) -> None:
        for handle in self._handles:
            handle.remove()


def difference(small: nn.Module, masked: nn.Module, inputs: Inputs, cuts: Cuts) -> str | None:
    """Why the smaller module is wrong: the place and the reason; None if both compute the same.

    Both run on `inputs` in evaluation mode. Outputs are equal if they differ by at most 1e-4 times the largest value.
    """
    args, kwargs = arguments_of(inputs)
    with inference(small, masked):
        # Both draw the same random numbers, if they draw any.
        state = torch.random.get_rng_state()
        calls = _Calls(masked)
        try:
            expected, _ = _pytree.tree_flatten(masked(*args, **kwargs))
        finally:
            calls.close()
        whole = calls.shapes
        torch.random.set_rng_state(state)
        calls = _Calls(small)
        try:
            found, _ = _pytree.tree_flatten(small(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 (a forward can raise anything)
            place = calls.stack[-1] if calls.stack else ""
            return f"{_shown(small, place)} fails with fewer channels: {_first_line(error)}"
        finally:
            calls.close()
    for (path, before), (other, after) in zip(whole, calls.shapes):
        if path == other and before and after and (len(before) != len(after) or before[0] != after[0]):
            return (f"the input of {_shown(small, path)} has the shape {list(after)} instead of {list(before)}: a "
                    "forward before it has a fixed number of channels")
    return _compared(small, [each for each in expected if isinstance(each, Tensor)],
                     [each for each in found if isinstance(each, Tensor)], cuts)


def _compared(small: nn.Module, expected: list[Tensor], found: list[Tensor], cuts: Cuts) -> str | None:
    if len(expected) != len(found):
        return f"{_shown(small, '')} has {len(found)} outputs instead of {len(expected)}"
    for number, (a, b) in enumerate(zip(expected, found)):
        if not a.is_floating_point() and a.shape == b.shape:
            continue
        error = min((_distance(each, b) for each in _candidates(a, b, cuts)), default=None)
        if error is None:
            return f"output {number} of {_shown(small, '')} has the shape {list(b.shape)} instead of {list(a.shape)}"
        limit = TOLERANCE * float(a.abs().max()) + 1e-6 if a.numel() else 0.0
        if not error <= limit:
            return (f"output {number} of {_shown(small, '')} differs from the masked original by {error:.2g}; at most "
                    f"{limit:.2g} was expected")
    return None


def _candidates(a: Tensor, b: Tensor, cuts: Cuts) -> list[Tensor]:
    """An output of the masked original without the channels that the smaller module's output lacks."""
    if a.shape == b.shape:
        return [a]
    places = [place for place in range(a.dim()) if a.dim() == b.dim() and a.shape[place] != b.shape[place]]
    if len(places) != 1:
        return []
    extents = (a.shape[places[0]], b.shape[places[0]])
    lists = {each.kept for dimensions in cuts.values() for each in dimensions
             if each.kept is not None and (each.extent, each.size) == extents}
    return [a.index_select(places[0], torch.tensor(kept, device=a.device)) for kept in lists]


def _distance(a: Tensor, b: Tensor) -> float:
    return float((a.double() - b.double()).abs().max()) if a.numel() else 0.0


def _shown(module: nn.Module, path: str) -> str:
    for name, each in module.named_modules():
        if name == path:
            return f"'{path}' ({type(each).__name__})" if path else f"the module ({type(each).__name__})"
    return f"'{path}'"


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0][:200]}" if lines else type(error).__name__
