"""Makes a smaller torch module for one (task, level) of a plan."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from ._errors import TesseraError
from ._torch_attention import FewerHeads
from ._torch_channels import Dimension, kept_channels
from ._torch_check import Cuts, difference, masked_original
from ._torch_counts import count_changes
from ._torch_export import Inputs
from ._torch_layers import Changes, Unshrinkable, changes, is_known
from ._torch_tensors import named_tensors, require_floats, shown, ties_of
from ._wrappers import hint


def shrink(
    module: nn.Module, plan: Mapping[str, Any], task: str, level: int | str,
    state_dict: Mapping[str, Tensor] | None = None, *, example_inputs: Inputs | None = None
) -> nn.Module:
    """Makes a smaller copy of a module: its layers have only the channels of one (task, level).

    Linear, convolutions (also grouped and transposed), norms, PReLU, Embedding, EmbeddingBag, RNN, LSTM, GRU and
    MultiheadAttention get smaller tensors, and attributes that agree with them. Numbers of heads of other modules
    change too. Ties, dtypes, devices, `requires_grad` and `training` stay. The module itself stays as it is.

    With example inputs, the copy runs once, and its outputs are compared with those of the masked original: the whole
    module with every channel outside the sub-network set to zero. A plan from `plan_for` has example inputs.

    Args:
        module: the whole module.
        plan: a plan with the module's tensor names.
        task: a task of the plan.
        level: the level's number from 1, or its name.
        state_dict: the sub-network's tensors, as `tessera extract` or the reader gives them. By default, they are taken
            from the module.
        example_inputs: a tensor, a sequence of positional arguments, or a mapping of keyword arguments.

    Raises:
        TesseraError: a layer cannot have the channels of the plan. The message names the layer and the reason: a
            parametrization, a quantized layer, a parameter of a custom layer (without example inputs), an attention
            whose head_dim would change, or a forward with a fixed number of channels.
    """
    inputs = example_inputs if example_inputs is not None else getattr(plan, "example_inputs", None)
    require_floats(module)
    tensors = named_tensors(module)
    cuts = _cuts(module, plan, tensors, task, level)
    layers = _layer_changes(module, cuts, is_checked=inputs is not None)
    small = _small_tensors(tensors, cuts, plan, state_dict)
    result = _copied(module, tensors, small, layers)
    if inputs is None:
        _change_counts(result, cuts, is_bold=False)
        return result
    return _checked(result, masked_original(module, small, cuts), cuts, inputs)


def _cuts(
    module: nn.Module, plan: Mapping[str, Any], tensors: Mapping[str, Tensor], task: str, level: int | str
) -> dict[str, tuple[Dimension, ...]]:
    """The dimensions of each tensor that gets smaller."""
    entries = [*plan.get("tensors", []), *getattr(plan, "buffers", ())]
    for entry in entries:
        if "name" in entry and entry["name"] not in tensors and any(entry.get("axes", [])):
            planned = [entry["name"] for entry in entries if "name" in entry]
            advice = hint(tensors, planned, "the plan")
            raise TesseraError(f"plan: the module ({type(module).__name__}) has no tensor '{entry['name']}'"
                               + (f"; {advice}" if advice else ""))
    shapes = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    found = kept_channels({**plan, "tensors": entries}, shapes, task, level)
    cuts = {name: dimensions for name, dimensions in found.items() if any(each.is_smaller for each in dimensions)}
    for name, others in ties_of(tensors).items():
        for other in others:
            if _kept(cuts.get(name)) != _kept(cuts.get(other)):
                raise TesseraError(f"'{name}' and '{other}' are one tensor, but the plan cuts them differently")
    return cuts


def _kept(dimensions: tuple[Dimension, ...] | None) -> Any:
    return None if dimensions is None else [each.kept if each.is_smaller else None for each in dimensions]


def _layer_changes(module: nn.Module, cuts: Cuts, *, is_checked: bool) -> dict[str, Changes]:
    """The new attributes of each layer that has smaller tensors, by its path."""
    result: dict[str, Changes] = {}
    for path, layer in module.named_modules():
        start = f"{path}." if path else ""
        own = {name[len(start):]: dimensions for name, dimensions in cuts.items()
               if name.startswith(start) and "." not in name[len(start):]}
        inner = any(name.startswith(f"{start}parametrizations.") for name in cuts)
        if not own and not inner:
            continue
        # The comparison of outputs shows whether the forward of an unknown layer takes smaller tensors.
        if not inner and is_checked and not is_known(layer):
            continue
        try:
            result[path] = changes(layer, own)
        except Unshrinkable as reason:
            can_try = not (is_known(layer) or inner or is_checked)
            advice = "; give example_inputs, so that shrink can try it" if can_try else ""
            raise TesseraError(f"{shown(path, layer)}: {reason}{advice}") from reason
    return result


def _small_tensors(
    tensors: Mapping[str, Tensor], cuts: Cuts, plan: Mapping[str, Any], state_dict: Mapping[str, Tensor] | None
) -> dict[str, Tensor]:
    """The sub-network's tensors: all of `state_dict`, and the cut ones of the module that it lacks."""
    private = {_name(item) for task in plan.get("tasks", []) for item in task.get("private", [])}
    result: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        size = tuple(each.size for each in cuts[name]) if name in cuts else tuple(tensor.shape)
        if state_dict is not None and name in state_dict:
            given = state_dict[name]
            if tuple(given.shape) != size:
                raise TesseraError(f"state_dict: '{name}': expected the shape {list(size)}, found {list(given.shape)}")
            result[name] = given.detach().to(tensor.device, tensor.dtype, copy=True)
        elif name in cuts:
            if state_dict is not None and name not in private and not _is_tied(name, tensors, state_dict):
                raise TesseraError(f"state_dict: expected a tensor '{name}' of the shape {list(size)}, found none")
            part = tensor.detach()
            for number, dimension in enumerate(cuts[name]):
                if dimension.kept is not None and dimension.is_smaller:
                    part = part.index_select(number, torch.tensor(dimension.kept, device=part.device))
            result[name] = part.clone()
    return result


def _name(item: Any) -> str:
    return item if isinstance(item, str) else item.get("name", item.get("match", ""))


def _is_tied(name: str, tensors: Mapping[str, Tensor], given: Mapping[str, Tensor]) -> bool:
    return any(other in given for other in ties_of(tensors).get(name, ()))


def _copied(
    module: nn.Module, tensors: Mapping[str, Tensor], small: Mapping[str, Tensor], layers: Mapping[str, Changes]
) -> nn.Module:
    """A copy of the module with smaller tensors. `deepcopy` finds them instead of the large ones, wherever they are."""
    memo: dict[int, Any] = {}
    for name, new in small.items():
        old = tensors[name]
        if id(old) not in memo:
            memo[id(old)] = nn.Parameter(new, requires_grad=old.requires_grad) if isinstance(old, nn.Parameter) else new
    try:
        result = copy.deepcopy(module, memo)
    except Exception as error:
        raise TesseraError(f"the module ({type(module).__name__}) cannot be copied: {error}") from error
    for path, layer in result.named_modules():
        for name, value in layers.get(path, {}).items():
            setattr(layer, name, value)
        if isinstance(layer, nn.MultiheadAttention) and layers.get(path, {}).get("_qkv_same_embed_dim") is False:
            layer.__class__ = FewerHeads
    return result


def _change_counts(module: nn.Module, cuts: Cuts, *, is_bold: bool) -> None:
    for path, layer in module.named_modules():
        if not is_known(layer):
            for name, value in count_changes(layer, cuts, path, is_bold=is_bold).items():
                setattr(layer, name, value)


def _checked(result: nn.Module, masked: nn.Module, cuts: Cuts, inputs: Inputs) -> nn.Module:
    """The module, if its outputs equal those of the masked original. Numbers of heads are tried with both rules."""
    reasons: list[str] = []
    for is_bold in (False, True):
        before = [(layer, dict(vars(layer))) for layer in result.modules()]
        _change_counts(result, cuts, is_bold=is_bold)
        reason = difference(result, masked, inputs, cuts)
        if reason is None:
            return result
        reasons.append(reason)
        for layer, attributes in before:
            for name, value in attributes.items():
                if type(value) is int:
                    setattr(layer, name, value)
    raise TesseraError(reasons[0])
