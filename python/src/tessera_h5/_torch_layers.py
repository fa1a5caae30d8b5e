"""The attributes of PyTorch's layers for smaller parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from torch import nn

from ._torch_channels import Dimension, Positions

Own = Mapping[str, tuple[Dimension, ...]]
"""The dimensions of a layer's own tensors by their names in the layer, without those that the plan does not cut."""

Changes = dict[str, Any]


class Unshrinkable(Exception):
    """Why a layer cannot have the channels of a plan: the words that follow the layer's name."""


def changes(layer: nn.Module, own: Own) -> Changes:
    """The attributes that a layer must have with its smaller tensors. Raises `Unshrinkable`."""
    reason = _unreadable(layer)
    if reason is not None:
        raise Unshrinkable(reason)
    rule = _rule(layer)
    if rule is not None:
        return rule(layer, own)
    name = next(iter(own))
    raise Unshrinkable(f"its parameter '{name}' is cut, and shrink does not know how a {type(layer).__name__} uses it")


def is_known(layer: nn.Module) -> bool:
    """Whether `changes` has a rule for the layer."""
    return _rule(layer) is not None


def _rule(layer: nn.Module) -> Callable[[nn.Module, Own], Changes] | None:
    for kind in type(layer).__mro__:
        rule = _RULES.get(kind) or _NAMED_RULES.get(f"{kind.__module__}.{kind.__name__}")
        if rule is not None:
            return rule
    return None


def _unreadable(layer: nn.Module) -> str | None:
    """Why the weights of a layer are not its parameters."""
    if nn.utils.parametrize.is_parametrized(layer):
        lists: Any = layer.parametrizations
        kinds = {type(each).__name__.lstrip("_") for group in lists.values() for each in group}
        norm = "weight_norm" if "WeightNorm" in kinds else f"parametrization ({', '.join(sorted(kinds))})"
        return (f"it has a {norm}, which computes its weight; first make the weight a parameter with "
                "torch.nn.utils.parametrize.remove_parametrizations")
    for hook in layer._forward_pre_hooks.values():
        kind = type(hook).__name__
        if kind in ("WeightNorm", "SpectralNorm") or "prune" in type(hook).__module__:
            return f"it has a hook ({kind}) that computes its weight; first remove the hook"
    return None


def _at(own: Own, name: str, dimension: int) -> Dimension | None:
    return own[name][dimension] if name in own else None


def _sized(own: Own, name: str, dimension: int, attribute: str) -> Changes:
    found = _at(own, name, dimension)
    return {attribute: found.size} if found is not None else {}


def _linear(layer: nn.Module, own: Own) -> Changes:
    return _sized(own, "weight", 0, "out_features") | _sized(own, "weight", 1, "in_features")


def _transformers_linear(layer: nn.Module, own: Own) -> Changes:
    """transformers' Conv1D, a linear layer with the weight [in, out]."""
    return _sized(own, "weight", 0, "nx") | _sized(own, "weight", 1, "nf")


def _bilinear(layer: nn.Module, own: Own) -> Changes:
    return (_sized(own, "weight", 0, "out_features") | _sized(own, "weight", 1, "in1_features")
            | _sized(own, "weight", 2, "in2_features"))


def _convolution(layer: nn.Module, own: Own) -> Changes:
    """Shapes: [out, in / groups, …]; transposed: [in, out / groups, …]."""
    assert isinstance(layer, (nn.Conv1d, nn.Conv2d, nn.Conv3d))
    if "weight" not in own:
        return {}
    first, second = own["weight"][:2]
    groups = len(kept_groups(first, layer.groups, "output"))
    return {"out_channels": first.size, "in_channels": second.size * groups, "groups": groups}


def _transposed(layer: nn.Module, own: Own) -> Changes:
    assert isinstance(layer, (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d))
    if "weight" not in own:
        return {}
    first, second = own["weight"][:2]
    groups = len(kept_groups(first, layer.groups, "input"))
    return {"in_channels": first.size, "out_channels": second.size * groups, "groups": groups}


def kept_groups(dimension: Dimension, groups: int, what: str) -> Positions:
    """The groups of neighbouring channels that have a kept channel; each must have as many. Raises `Unshrinkable`."""
    if dimension.kept is None:
        return tuple(range(groups))
    size = dimension.extent // groups
    counts = [0] * groups
    for position in dimension.kept:
        counts[position // size] += 1
    found = tuple(group for group, count in enumerate(counts) if count)
    if len({counts[group] for group in found}) > 1:
        raise Unshrinkable(f"its {groups} groups would have {min(counts[group] for group in found)} to {max(counts)} "
                           f"{what} channels; expected as many in each group")
    return found


def _batch_norm(layer: nn.Module, own: Own) -> Changes:
    for name in ("weight", "running_mean"):
        if name in own:
            return _sized(own, name, 0, "num_features")
    return {}


def _layer_norm(layer: nn.Module, own: Own) -> Changes:
    return {"normalized_shape": tuple(each.size for each in own["weight"])} if "weight" in own else {}


def _group_norm(layer: nn.Module, own: Own) -> Changes:
    assert isinstance(layer, nn.GroupNorm)
    if "weight" not in own:
        return {}
    channels = own["weight"][0]
    groups = kept_groups(channels, layer.num_groups, "input")
    if channels.size != len(groups) * (channels.extent // layer.num_groups):
        raise Unshrinkable("its groups would lose some of their channels, which changes their mean; expected whole "
                           "groups")
    return {"num_channels": channels.size, "num_groups": len(groups)}


def _prelu(layer: nn.Module, own: Own) -> Changes:
    return _sized(own, "weight", 0, "num_parameters")


def _embedding(layer: nn.Module, own: Own) -> Changes:
    rows = _at(own, "weight", 0)
    if rows is not None and rows.is_smaller:
        raise Unshrinkable("its rows are cut, and its inputs are numbers of rows")
    return _sized(own, "weight", 1, "embedding_dim")


def _recurrent(layer: nn.Module, own: Own) -> Changes:
    """Shapes: weight_ih [gates · hidden, input], weight_hh [gates · hidden, hidden], weight_hr [proj, hidden]."""
    assert isinstance(layer, nn.RNNBase)
    gates = {"LSTM": 4, "GRU": 3}.get(layer.mode, 1)
    directions = 2 if layer.bidirectional else 1
    suffixes = [f"_l{number}{end}" for number in range(layer.num_layers) for end in ("", "_reverse")[:directions]]
    hidden: dict[str, Positions] = {}
    outputs: dict[str, int] = {}
    for suffix in suffixes:
        rows = _at(own, f"weight_ih{suffix}", 0)
        kept = rows.kept if rows is not None and rows.kept is not None else tuple(range(gates * layer.hidden_size))
        blocks = [tuple(position - gate * layer.hidden_size for position in kept
                        if position // layer.hidden_size == gate) for gate in range(gates)]
        if len(set(blocks)) > 1:
            raise Unshrinkable(f"the gates of 'weight_ih{suffix}' would have different channels")
        hidden[suffix] = blocks[0]
        projected = _at(own, f"weight_hr{suffix}", 0)
        outputs[suffix] = projected.size if projected is not None else layer.proj_size
    sizes = {len(each) for each in hidden.values()}
    if len(sizes) > 1:
        raise Unshrinkable(f"its layers and directions would have {min(sizes)} to {max(sizes)} hidden channels; "
                           "PyTorch has one hidden_size for all")
    if len(set(outputs.values())) > 1:
        raise Unshrinkable("its layers and directions would have different proj_size")
    result: Changes = {"hidden_size": sizes.pop()}
    if layer.proj_size:
        result["proj_size"] = next(iter(outputs.values()))
    return result | _sized(own, "weight_ih_l0", 1, "input_size")


def _cell(layer: nn.Module, own: Own) -> Changes:
    return _sized(own, "weight_hh", 1, "hidden_size") | _sized(own, "weight_ih", 1, "input_size")


def _attention(layer: nn.Module, own: Own) -> Changes:
    assert isinstance(layer, nn.MultiheadAttention)
    if layer.bias_k is not None or layer.add_zero_attn:
        raise Unshrinkable("it has bias_k, bias_v or add_zero_attn, which shrink does not support")
    width, size = layer.embed_dim, layer.head_dim
    names = ["in_proj_weight"] if layer.in_proj_weight is not None else ["q_proj_weight", "k_proj_weight",
                                                                       "v_proj_weight"]
    kept: set[Positions] = set()
    for name in names:
        rows = _at(own, name, 0)
        positions = rows.kept if rows is not None and rows.kept is not None else None
        whole = tuple(range(width))
        for part in range(3 if len(names) == 1 else 1):
            kept.add(whole if positions is None else tuple(
                position - part * width for position in positions if position // width == part))
    if len(kept) > 1:
        raise Unshrinkable("its queries, keys and values would have different channels")
    channels = kept.pop()
    heads = sorted({channel // size for channel in channels})
    if channels != tuple(head * size + i for head in heads for i in range(size)):
        raise Unshrinkable(f"its head_dim would change: {len(channels)} of its channels are left; expected whole heads "
                           f"of {size} channels")
    result: Changes = {"num_heads": len(heads)}
    if len(channels) != width:
        result["_qkv_same_embed_dim"] = False
    return result | _sized(own, names[0], 1, "embed_dim")


_RULES: dict[type[nn.Module], Callable[[nn.Module, Own], Changes]] = {
    nn.Linear: _linear, nn.Bilinear: _bilinear,
    nn.Conv1d: _convolution, nn.Conv2d: _convolution, nn.Conv3d: _convolution,
    nn.ConvTranspose1d: _transposed, nn.ConvTranspose2d: _transposed, nn.ConvTranspose3d: _transposed,
    nn.modules.batchnorm._NormBase: _batch_norm, nn.LayerNorm: _layer_norm, nn.GroupNorm: _group_norm,
    nn.PReLU: _prelu, nn.Embedding: _embedding, nn.EmbeddingBag: _embedding,
    nn.RNNBase: _recurrent, nn.RNNCellBase: _cell, nn.MultiheadAttention: _attention,
}
# PyTorch has RMSNorm since 2.4.
if hasattr(nn, "RMSNorm"):
    _RULES[nn.RMSNorm] = _layer_norm
# Layers of packages that need not be installed.
_NAMED_RULES: dict[str, Callable[[nn.Module, Own], Changes]] = {
    "transformers.pytorch_utils.Conv1D": _transformers_linear,
}
