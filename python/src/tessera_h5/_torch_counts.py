"""Numbers of heads and widths that modules other than PyTorch's layers keep as attributes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from torch import nn

from ._torch_channels import AxisUse, Dimension

# num_heads, n_head, heads, num_attention_heads, num_key_value_heads, num_kv_heads, …; but not head_dim.
HEADS = re.compile(r"_?(n|num|number_of)?_?((attention|attn|kv|key_value|local|query|q|k|v)_)*n?heads?|nhead")
# The width of all heads together.
_WIDTHS = re.compile(r"_?(attn_dim|attn_width|all_head_size|inner_dim|inner_width|proj_dim|split_size)")
# Names that are often the width outside the attention, which can be the same number as the width of all heads.
_OUTER = re.compile(r"_?(embed_dim|dim|d_model|hidden_size|width|channels|c|n_embd|features|hidden_dim|d_inner)")


def count_changes(
    module: nn.Module, cuts: Mapping[str, tuple[Dimension, ...]], path: str, *, is_bold: bool
) -> dict[str, int]:
    """The smaller numbers for attributes of `module`, whose children have tensors that are cut by heads.

    A number is a count of the axis's channels: size · m, where m divides the positions of each channel. An attribute
    changes if its name is that of a number of heads or of their width. `is_bold` also changes attributes with names
    such as embed_dim; they can mean a width that stays, so only a comparison of outputs shows whether this is right.
    """
    uses = list(_uses(module, cuts, path))
    result: dict[str, int] = {}
    for name, value in vars(module).items():
        if type(value) is not int or value < 1:
            continue
        is_count = HEADS.fullmatch(name) is not None
        if not is_count and not _WIDTHS.fullmatch(name) and not (is_bold and _OUTER.fullmatch(name)):
            continue
        found = {value // use.size * len(use.kept) for use in uses if counts(value, use)}
        if len(found) == 1:
            result[name] = found.pop()
    return {name: value for name, value in result.items() if value != getattr(module, name)}


def counts(value: int, use: AxisUse) -> bool:
    """Whether a number counts the channels of an axis: size · m, where m divides the positions of each channel."""
    multiple, rest = divmod(value, use.size)
    return rest == 0 and multiple > 0 and use.inner % multiple == 0


def _uses(
    module: nn.Module, cuts: Mapping[str, tuple[Dimension, ...]], path: str
) -> Iterator[AxisUse]:
    """The axes of the heads in the tensors of a module's children: those with several positions for each channel."""
    for name, _ in module.named_children():
        start = f"{path}.{name}." if path else f"{name}."
        for tensor, dimensions in cuts.items():
            if tensor.startswith(start) and "." not in tensor[len(start):]:
                for dimension in dimensions:
                    yield from (use for use in dimension.uses if use.inner > 1)
