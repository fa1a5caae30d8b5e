"""Makes a smaller torch module for one (task, level) of a plan."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Union

from torch import Tensor, nn

from ._errors import TesseraError
from ._torch_attention import FewerHeads
from ._torch_channels import Dimension, kept_channels
from ._torch_check import Trial, unchecked
from ._torch_config import describe
from ._torch_counts import count_changes
from ._torch_export import Inputs
from ._torch_heads import LeftOut, heads_of, hide, of_other_tasks
from ._torch_layers import Changes, Unshrinkable, changes, is_known
from ._torch_masked import Cuts, copied
from ._torch_run import Failed, Run
from ._torch_state import document, small_tensors
from ._torch_tensors import named_tensors, require_cuttable, shown, ties_of
from ._torch_words import listed
from ._wrappers import hint

PlanOrPath = Union[Mapping[str, Any], str, "os.PathLike[str]"]


def shrink(
    module: nn.Module, plan: PlanOrPath, task: str, level: int | str,
    state_dict: Mapping[str, Any] | None = None, *, example_inputs: Inputs | None = None
) -> nn.Module:
    """Makes a smaller copy of a module: its layers have only the channels of one (task, level).

    Linear, convolutions (including grouped and transposed ones), norms, PReLU, Embedding, EmbeddingBag, RNN, LSTM, GRU
    and MultiheadAttention get smaller tensors, and attributes that agree with them. Numbers of heads of other modules
    change too, and those of a transformers configuration, if it then describes all layers. Ties, dtypes, devices,
    `requires_grad` and `training` stay. The module itself stays as it is.

    Modules whose tensors are private to other tasks, such as their heads, are left out; their outputs are None. If the
    forward fails without them, they stay, but not in `parameters()` and `state_dict()`, and a warning names them.

    With example inputs, the outputs of the copy are compared with those of the masked original: the whole module with
    every channel outside the sub-network set to zero. Both run with their own values, and with seeded random values in
    further copies. A plan from `plan_for` has example inputs. If the outputs do not depend on the cut channels, a
    warning says that nothing was checked.

    Args:
        module: the whole module.
        plan: a plan with the module's tensor names, or the path of a plan's file.
        task: a task of the plan.
        level: the level's number from 1, or its name.
        state_dict: the sub-network's tensors, as `tessera extract` or the reader gives them: torch tensors or NumPy
            arrays. By default, they are taken from the module.
        example_inputs: a tensor, a sequence of positional arguments, or a mapping of keyword arguments.

    Raises:
        StateDictError: `state_dict` lacks tensors, or has others than those of the sub-network.
        TesseraError: a layer cannot have the channels of the plan. The message names the layer and the reason: a
            parametrization, a quantized layer, a parameter of a custom layer (without example inputs), an attention
            whose head_dim would change, or a forward with a fixed number of channels.
    """
    found = shrunk(module, document(plan), task, level, state_dict, example_inputs)
    for note in found.warnings:
        warnings.warn(note, stacklevel=2)
    return found.module


@dataclass(frozen=True)
class Shrunk:
    """A smaller module, and what a user must know about it."""

    module: nn.Module
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def shrunk(
    module: nn.Module, plan: Mapping[str, Any], task: str, level: int | str, state_dict: Mapping[str, Any] | None,
    example_inputs: Inputs | None
) -> Shrunk:
    """`shrink`, with its warnings as sentences."""
    inputs = example_inputs if example_inputs is not None else getattr(plan, "example_inputs", None)
    require_cuttable(module)
    tensors = named_tensors(module)
    cuts = _cuts(module, plan, tensors, task, level)
    layers = _layer_changes(module, cuts, is_checked=inputs is not None)
    others = of_other_tasks(plan, task, level, tensors.keys())
    small = small_tensors(module, tensors, cuts, others, state_dict, f"task {task!r}, level {level!r}")
    heads = heads_of(module, others)
    left_out: dict[int, nn.Module] = {id(head): LeftOut(type(head).__name__) for head in heads.values()}
    if inputs is None:
        result = _copied(module, small, layers, left_out)
        kept = hide(result, others)
        _change_counts(result, cuts, is_bold=False)
        return Shrunk(result, _kept_words(kept), tuple(describe(result, cuts, lambda: True)))
    try:
        trial, expected = _expected(module, cuts, inputs, small, left_out)
    except Failed as error:
        raise TesseraError(f"example_inputs: {error} with them: {error.reason}") from error
    result = _copied(module, small, layers, trial.left_out)
    kept = hide(result, others)
    _check(result, trial, expected)
    if not cuts:
        return Shrunk(result, _kept_words(kept))
    reason, is_seen = trial.random_reason_of(result, expected)
    if reason is not None:
        raise TesseraError(reason)
    if not is_seen and state_dict is None:
        is_seen = trial.is_seen(expected)
    words = () if is_seen else (unchecked(module),)
    notes = describe(result, cuts, lambda: trial.reason_of(result, expected) is None)
    return Shrunk(result, words + _kept_words(kept), tuple(notes))


def _expected(
    module: nn.Module, cuts: Cuts, inputs: Inputs, small: Mapping[str, Tensor], left_out: Mapping[int, nn.Module]
) -> tuple[Trial, Run]:
    """The masked original's run without the modules of other tasks; with them, if the forward needs them."""
    trial = Trial(module, cuts, inputs, left_out)
    try:
        return trial, trial.masked(small)
    except Failed:
        if not left_out:
            raise
    trial = Trial(module, cuts, inputs, {})
    return trial, trial.masked(small)


def _kept_words(names: Sequence[str]) -> tuple[str, ...]:
    if not names:
        return ()
    return (f"the forward may need tensors of other tasks ({listed(names)}), so they stay, with values of the whole "
            "module; parameters() and state_dict() leave them out",)


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


def _copied(
    module: nn.Module, small: Mapping[str, Tensor], layers: Mapping[str, Changes], left_out: Mapping[int, nn.Module]
) -> nn.Module:
    """A copy of the module with smaller tensors, and attributes that agree with them."""
    result = copied(module, small, left_out)
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


def _check(result: nn.Module, trial: Trial, expected: Run) -> None:
    """Sets the numbers of heads with which the outputs equal those of the masked original; tries both rules."""
    reasons: list[str] = []
    for is_bold in (False, True):
        before = [(layer, dict(vars(layer))) for layer in result.modules()]
        _change_counts(result, trial.cuts, is_bold=is_bold)
        reason = trial.reason_of(result, expected)
        if reason is None:
            return
        reasons.append(reason)
        for layer, attributes in before:
            for name, value in attributes.items():
                if type(value) is int:
                    setattr(layer, name, value)
    raise TesseraError(reasons[0])
