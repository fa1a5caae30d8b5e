"""The configuration of a smaller transformers model, so that `save_pretrained` and `from_pretrained` work with it."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import nn

from ._torch_channels import AxisUse
from ._torch_counts import HEADS, counts
from ._torch_masked import Cuts

# Widths of feed-forward layers. Other widths are also those of embeddings and norms, which stay whole.
_WIDTHS = re.compile(r"(moe_|shared_expert_|shared_)?(intermediate|ffn|feed_forward)_(size|dim|width)|n_inner|d_ff|"
                     r"(encoder|decoder)_ffn_dim|ffn_hidden_size|ffn_hidden|hidden_dim")


def describe(module: nn.Module, cuts: Cuts, is_right: Callable[[], bool]) -> list[str]:
    """Changes the numbers in the configurations of a smaller module, if they then describe all of its layers.

    Returns a sentence for each model whose configuration stays as it is. A configuration describes a model if its class
    makes a model with the same shapes and the same numbers in all layers from it. Layers with copies of the numbers get
    the new ones; `is_right` says whether the module still computes the same.
    """
    notes: list[str] = []
    for path, model in _models(module, ""):
        start = f"{path}." if path else ""
        own = {name: dimensions for name, dimensions in cuts.items() if name.startswith(start)}
        if own and not _describe(model, own, is_right):
            notes.append(f"the configuration of {type(model).__name__} cannot describe the smaller module, so "
                         "from_pretrained cannot load what its save_pretrained writes; 'tessera plan FOLDER' and "
                         "'tessera extract MODEL.h5 SMALL/' make folders that it loads")
    return notes


def _describe(model: Any, cuts: Cuts, is_right: Callable[[], bool]) -> bool:
    changed = _changed(model.config, cuts)
    copies = None if changed is None else _copies(model, changed)
    if changed is None or copies is None:
        return False
    before = dict(vars(model.config))
    for name, (_, value) in _new_numbers(model.config, changed).items():
        setattr(model.config, name, value)
    old = [(layer, name, getattr(layer, name)) for layer, name, _ in copies]
    for layer, name, value in copies:
        setattr(layer, name, value)
    if is_right():
        return True
    vars(model.config).clear()
    vars(model.config).update(before)
    for layer, name, value in old:
        setattr(layer, name, value)
    return False


def _models(module: nn.Module, path: str) -> Iterator[tuple[str, Any]]:
    """The outermost models of transformers: modules with a configuration that they save."""
    model: Any = module
    if hasattr(model, "save_pretrained") and hasattr(getattr(model, "config", None), "to_dict"):
        yield path, model
        return
    for name, child in module.named_children():
        yield from _models(child, f"{path}.{name}" if path else name)


def _changed(config: Any, cuts: Cuts) -> Any:
    """A copy of the configuration with smaller numbers; None if layers need different ones."""
    changed = copy.deepcopy(config)
    uses = [use for dimensions in cuts.values() for dimension in dimensions for use in dimension.uses]
    numbers: Mapping[str, Any] = config.to_dict()
    heads = [use for use in uses if use.inner > 1]
    for name, value in numbers.items():
        if type(value) is not int or value < 1:
            continue
        if HEADS.fullmatch(name):
            found = {value // use.size * len(use.kept) for use in heads if counts(value, use)}
        elif _WIDTHS.fullmatch(name):
            found = {len(use.kept) for use in uses if _is_width(value, use)}
        else:
            continue
        if len(found) > 1:
            return None
        if found:
            setattr(changed, name, found.pop())
    _set_head_dim(config, changed)
    return changed


def _is_width(value: int, use: AxisUse) -> bool:
    return use.inner == 1 and use.size == value


def _set_head_dim(config: Any, changed: Any) -> None:
    """Keeps the width of a head, which classes compute from the number of heads if the configuration lacks it."""
    heads, width = getattr(config, "num_attention_heads", None), getattr(config, "hidden_size", None)
    if heads and width and changed.num_attention_heads != heads and getattr(config, "head_dim", None) is None:
        changed.head_dim = width // heads


def _new_numbers(config: Any, changed: Any) -> dict[str, tuple[Any, Any]]:
    """The numbers that differ: before and after."""
    return {name: (getattr(config, name, None), getattr(changed, name)) for name in changed.to_dict()
            if hasattr(changed, name) and getattr(config, name, None) != getattr(changed, name)}


def _copies(model: Any, config: Any) -> list[tuple[Any, str, Any]] | None:
    """The attributes of layers that repeat a number of the configuration: the layer, the name and the new number.

    None if a model of the new configuration has other shapes or other numbers than `model`.
    """
    try:
        with torch.device("meta"):
            made = type(model)(copy.deepcopy(config))
    except Exception:  # noqa: BLE001 (a class can refuse its configuration with any error)
        return None
    shapes = [{name: tuple(each.shape) for name, each in one.state_dict().items() if isinstance(each, torch.Tensor)}
              for one in (model, made)]
    layers = dict(made.named_modules())
    if shapes[0] != shapes[1] or list(layers) != [path for path, _ in model.named_modules()]:
        return None
    result: list[tuple[Any, str, Any]] = []
    numbers = _new_numbers(model.config, config)
    for path, layer in model.named_modules():
        for name, value in vars(layer).items():
            if type(value) not in (int, float) or name.startswith("_"):
                continue
            new = getattr(layers[path], name, None)
            if new != value:
                if numbers.get(name) != (value, new):
                    return None
                result.append((layer, name, new))
    return result
