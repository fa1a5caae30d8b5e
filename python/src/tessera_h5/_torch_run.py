"""Runs a module on example inputs, and notes what can be compared."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils import _pytree

from ._torch_export import Inputs, arguments_of, first_line, inference
from ._torch_tensors import shown


@dataclass
class Run:
    """What a run of a module gave."""

    outputs: list[Tensor] = field(default_factory=list[Tensor])
    """The tensors and floats of the output and of dataclasses in it, in their order."""
    count: int = 0
    """The number of leaves of the output."""
    shapes: list[tuple[str, tuple[int, ...]]] = field(default_factory=list[Any])
    """The path of each module that ran, and the shape of its first input."""
    inner: tuple[str, Tensor] | None = None
    """The last inner module with a floating-point output, and this output."""

    @property
    def is_weak(self) -> bool:
        """Whether the outputs are only labels, flags and such, which are equal for many different values."""
        return not any(each.is_floating_point() or each.is_complex() for each in self.outputs)

    @property
    def infinite(self) -> int:
        """The number of elements that are not finite."""
        return sum(int((~torch.isfinite(each)).sum()) for each in self.outputs)


class Failed(Exception):
    """A forward raised an error. `place` is the path of the module."""

    def __init__(self, module: nn.Module, place: str, error: Exception) -> None:
        layers = dict(module.named_modules())
        super().__init__(f"{shown(place, layers.get(place, module))} fails")
        self.reason = first_line(error)


def run(module: nn.Module, inputs: Inputs, *, with_gradients: bool = False) -> Run:
    """Runs a module in evaluation mode. Every run draws the same random numbers on the CPU. Raises `Failed`."""
    args, kwargs = arguments_of(inputs)
    result = Run()
    stack: list[str] = []
    handles: list[Any] = []

    def enter(path: str) -> Any:
        def hook(layer: nn.Module, given: tuple[Any, ...]) -> None:
            stack.append(path)
            if given and isinstance(given[0], Tensor):
                result.shapes.append((path, tuple(given[0].shape)))
        return hook

    def leave(path: str) -> Any:
        def hook(layer: nn.Module, given: Any, output: Any) -> None:
            stack.pop()
            if path and isinstance(output, Tensor) and output.is_floating_point():
                result.inner = (path, output)
        return hook

    for path, layer in module.named_modules():
        handles += [layer.register_forward_pre_hook(enter(path)), layer.register_forward_hook(leave(path))]
    state = torch.random.get_rng_state()
    try:
        with inference(module, with_gradients=with_gradients):
            torch.default_generator.manual_seed(0)
            output = module(*args, **kwargs)
    except Exception as error:  # noqa: BLE001 (a forward can raise anything)
        raise Failed(module, stack[-1] if stack else "", error) from error
    finally:
        torch.random.set_rng_state(state)
        for handle in handles:
            handle.remove()
    leaves, _ = _pytree.tree_flatten(output)
    result.count = len(leaves)
    result.outputs = [tensor for leaf in leaves for tensor in _tensors(leaf)]
    return result


def _tensors(leaf: Any) -> list[Tensor]:
    if isinstance(leaf, Tensor):
        return [] if leaf.is_quantized else [leaf]
    if isinstance(leaf, float):
        return [torch.tensor(leaf, dtype=torch.float64)]
    if isinstance(leaf, np.ndarray) and leaf.dtype.kind in "biufc":
        return [torch.from_numpy(np.array(leaf))]
    if dataclasses.is_dataclass(leaf) and not isinstance(leaf, type):
        leaves, _ = _pytree.tree_flatten([getattr(leaf, each.name) for each in dataclasses.fields(leaf)])
        return [tensor for inner in leaves for tensor in _tensors(inner)]
    return []
