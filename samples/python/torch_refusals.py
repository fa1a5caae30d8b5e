"""What `shrink` refuses, for torch_modules.py: modules with plans that their layers cannot follow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tessera_h5._errors import TesseraError
from tessera_h5._torch_shrink import shrink
from torch_zoo import FixedView, Tied, own_parameter, quantized, weight_norm


@dataclass(frozen=True)
class Refusal:
    """A call of `shrink` at level 1 that must fail with `words` in its sentence."""

    name: str
    words: str
    make: Callable[[], nn.Module]
    tensors: dict[str, list[Any]]
    """The dimensions of each tensor of the plan; every axis has four equal units."""
    axes: dict[str, dict[str, Any]]
    inputs: Tensor | None = None
    state_dict: dict[str, Tensor] | None = None
    level: int | str = 1


class DividedByWidth(nn.Module):
    """Divides by the number of channels, so the values depend on it."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = nn.Linear(6, 24), nn.Linear(24, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(self.one(x))
        return self.two(x / x.shape[-1])


class Labels(nn.Module):
    """The same, with the place of the largest value as output."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = DividedByWidth()

    def forward(self, x: Tensor) -> Tensor:
        return self.inner(x).argmax(-1)


def zero_head() -> nn.Module:
    module = DividedByWidth()
    for tensor in module.two.parameters():
        nn.init.zeros_(tensor)
    return module


class FixedNorm(nn.Module):
    """Its forward has the shape of a norm as a number."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = nn.Linear(6, 24), nn.Linear(24, 5)

    def forward(self, x: Tensor) -> Tensor:
        return self.two(F.layer_norm(self.one(x), (24,)))


class Flattened(nn.Module):
    """Its forward writes the channels as 16, so fewer channels become fewer rows."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = nn.Linear(6, 16), nn.Linear(16, 5)

    def forward(self, x: Tensor) -> Tensor:
        y = torch.relu(self.one(x)).view(-1, 4)
        return self.two(y.view(-1, self.two.in_features)) if len(y) % 2 == 0 else y


def pair(first: nn.Module, second: nn.Module) -> nn.Module:
    return nn.Sequential(first, second)


def old_weight_norm() -> nn.Module:
    return pair(nn.utils.weight_norm(nn.Linear(6, 24)), nn.Linear(24, 5))


def two_lstm_layers() -> nn.Module:
    return nn.LSTM(6, 8, 2)


# The inputs below, so that every run writes the same sentences.
torch.manual_seed(0)
A = {"a": {"size": 24}}
LINEAR = {"0.weight": ["a", None], "0.bias": ["a"], "1.weight": [None, "a"]}


def linear() -> nn.Module:
    return pair(nn.Linear(6, 24), nn.Linear(24, 5))


REFUSALS = [
    Refusal("view(-1, 512) in forward", "'[-1, 512]'", FixedView,
            {"conv2.weight": ["c", None, None, None], "conv2.bias": ["c"],
             "fc.weight": [None, {"axis": "c", "inner": 16}]},
            {"c": {"size": 32}}, torch.randn(2, 3, 8, 8)),
    Refusal("weight_norm", "weight_norm", weight_norm,
            {"2.parametrizations.weight.original1": ["a", None], "2.parametrizations.weight.original0": ["a", None],
             "2.bias": ["a"], "4.weight": [None, "a"]}, A),
    Refusal("weight_norm, the older function", "WeightNorm", old_weight_norm,
            {"0.weight_v": ["a", None], "0.weight_g": ["a", None], "0.bias": ["a"], "1.weight": [None, "a"]}, A),
    Refusal("attention that would lose a part of each head", "head_dim would change",
            lambda: nn.MultiheadAttention(24, 2),
            {"in_proj_weight": [{"axis": "a", "outer": 3}, None], "in_proj_bias": [{"axis": "a", "outer": 3}],
             "out_proj.weight": [None, "a"]}, A),
    Refusal("attention with other channels in its keys", "different channels", lambda: nn.MultiheadAttention(24, 4),
            {"in_proj_weight": [{"concat": ["a", "b", "a"]}, None]},
            {"a": {"size": 24}, "b": {"units": [[*range(6, 12)], [*range(6)], [*range(12, 18)], [*range(18, 24)]]}}),
    Refusal("tied tensors that are cut differently", "are one tensor", Tied,
            {"embedding.weight": [None, "a"]}, A),
    Refusal("a parameter of a layer of one's own, without example inputs", "give example_inputs", own_parameter,
            {"2.weight": ["a", None], "2.bias": ["a"], "3.scale": ["a"], "5.weight": [None, "a"]}, {"a": {"size": 20}}),
    Refusal("quantized layers", "quantized", quantized, {}, {}),
    Refusal("GroupNorm that would lose a part of each group", "whole groups",
            lambda: pair(nn.Conv1d(3, 24, 1), nn.GroupNorm(2, 24)),
            {"0.weight": ["a", None, None], "1.weight": ["a"]}, A),
    Refusal("a grouped convolution with unequal groups", "expected as many in each group",
            lambda: nn.Conv1d(24, 24, 1, groups=3),
            {"weight": ["a", None, None]}, {"a": {"units": [12, 4, 4, 4]}}),
    Refusal("LSTM layers of different sizes", "one hidden_size", two_lstm_layers,
            {f"{name}_l0": [{"axis": "a", "outer": 4}] + [None] * (not name.startswith("b"))
             for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")}, {"a": {"size": 8}}),
    Refusal("LSTM gates with different channels", "gates of 'weight_ih_l0'", lambda: nn.LSTM(6, 8),
            {"weight_ih_l0": [{"axis": "a", "inner": 4}, None]}, {"a": {"size": 8}}),
    Refusal("rows of an embedding", "numbers of rows", lambda: nn.Embedding(24, 6), {"weight": ["a", None]}, A),
    Refusal("a value that depends on the number of channels", "differs from the masked original", DividedByWidth,
            {"one.weight": ["a", None], "one.bias": ["a"], "two.weight": [None, "a"]}, A, torch.randn(3, 6)),
    Refusal("the same before a head that is zero", "with random weights, output 0", zero_head,
            {"one.weight": ["a", None], "one.bias": ["a"], "two.weight": [None, "a"]}, A, torch.randn(3, 6)),
    Refusal("the same with labels as outputs", "differs from the masked original", Labels,
            {"inner.one.weight": ["a", None], "inner.one.bias": ["a"], "inner.two.weight": [None, "a"]}, A,
            torch.randn(3, 6)),
    Refusal("example inputs of another size", "example_inputs: ", linear, LINEAR, A, torch.randn(3, 7)),
    Refusal("F.layer_norm with a fixed shape", "normalized_shape", FixedNorm,
            {"one.weight": ["a", None], "one.bias": ["a"], "two.weight": [None, "a"]}, A, torch.randn(3, 6)),
    Refusal("a reshape that makes rows of channels", "has the shape", Flattened,
            {"one.weight": ["a", None], "one.bias": ["a"]}, {"a": {"size": 16}}, torch.randn(4, 6)),
    Refusal("a norm whose channels the plan forgot", "fails with fewer channels",
            lambda: nn.Sequential(nn.Linear(6, 24), nn.BatchNorm1d(24), nn.Linear(24, 5)),
            {"0.weight": ["a", None], "0.bias": ["a"], "2.weight": [None, "a"]}, A, torch.randn(3, 6)),
    Refusal("a plan of another module", "has no tensor 'other.weight'", linear, {"other.weight": ["a", None]}, A),
    Refusal("a plan for another size", "expected 24 positions", linear, {"0.weight": [None, "a"]}, A),
    Refusal("an unknown level", "found 9", linear, LINEAR, A, level=9),
    Refusal("a state_dict of another level", "'0.weight' has the shape [12, 6] instead of [6, 6]", linear, LINEAR, A,
            state_dict={"0.weight": torch.zeros(12, 6), "0.bias": torch.zeros(12), "1.weight": torch.zeros(5, 12),
                        "1.bias": torch.zeros(5)}),
    Refusal("a state_dict without a tensor", "missing: '0.bias', '1.bias'", linear, LINEAR, A,
            state_dict={"0.weight": torch.zeros(6, 6), "1.weight": torch.zeros(5, 6)}),
    Refusal("a state_dict of another module", "unexpected: '2.bias'", linear, LINEAR, A,
            state_dict={"0.weight": torch.zeros(6, 6), "0.bias": torch.zeros(6), "1.weight": torch.zeros(5, 6),
                        "1.bias": torch.zeros(5), "2.bias": torch.zeros(5)}),
    Refusal("a lazy layer that has not run", "has no shape yet", lambda: nn.LazyLinear(5), {}, {}),
]


def refusal(case: Refusal) -> str:
    """The sentence with which `shrink` refuses a case, or what it made instead."""
    torch.manual_seed(0)
    plan = {"format": "tessera.plan/1", "units": 4, "axes": case.axes, "tasks": [{"name": "all"}],
            "tensors": [{"name": name, "axes": axes} for name, axes in case.tensors.items()]}
    try:
        small = shrink(case.make(), plan, "all", case.level, case.state_dict, example_inputs=case.inputs)
    except TesseraError as error:
        return str(error)
    return f"FAILED: expected a refusal, found {small}"

