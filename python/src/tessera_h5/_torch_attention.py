"""Attention with fewer heads than its width has room for."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class FewerHeads(nn.MultiheadAttention):
    """A `MultiheadAttention` that lost heads: num_heads · head_dim is less than embed_dim.

    PyTorch's class computes head_dim as embed_dim / num_heads, so it cannot have such weights. The parameters have the
    same names: in_proj_weight [3 · num_heads · head_dim, embed_dim], out_proj.weight [embed_dim,
    num_heads · head_dim].
    """

    def forward(
        self, query: Tensor, key: Tensor, value: Tensor, key_padding_mask: Tensor | None = None,
        need_weights: bool = True, attn_mask: Tensor | None = None, average_attn_weights: bool = True,
        is_causal: bool = False
    ) -> tuple[Tensor, Tensor | None]:
        """The same as `MultiheadAttention.forward`. `is_causal` is only a hint there; `attn_mask` has the mask."""
        is_batched = query.dim() == 3
        if not is_batched:
            query, key, value = (each.unsqueeze(0) for each in (query, key, value))
            key_padding_mask = None if key_padding_mask is None else key_padding_mask.unsqueeze(0)
        elif not self.batch_first:
            query, key, value = (each.transpose(0, 1) for each in (query, key, value))
        q, k, v = (self._heads(each, part) for part, each in enumerate((query, key, value)))
        scores = q @ k.transpose(-2, -1) / math.sqrt(self.head_dim)
        mask = self._mask(attn_mask, key_padding_mask, scores)
        weights = (scores if mask is None else scores + mask).softmax(-1)
        mixed = F.dropout(weights, self.dropout, self.training) @ v
        result = self.out_proj(mixed.transpose(1, 2).flatten(2))
        if not is_batched:
            result = result.squeeze(0)
        elif not self.batch_first:
            result = result.transpose(0, 1)
        if not need_weights:
            return result, None
        shown = weights.mean(1) if average_attn_weights else weights
        return result, shown if is_batched else shown.squeeze(0)

    def _heads(self, x: Tensor, part: int) -> Tensor:
        """[batch, length, width] → [batch, heads, length, head_dim] for the queries (0), keys (1) or values (2)."""
        inner = self.num_heads * self.head_dim
        rows = slice(part * inner, (part + 1) * inner)
        weight = (self.q_proj_weight, self.k_proj_weight, self.v_proj_weight)[part]
        if self.in_proj_weight is not None:
            weight = self.in_proj_weight[rows]
        y = F.linear(x, weight, None if self.in_proj_bias is None else self.in_proj_bias[rows])
        return y.unflatten(-1, (self.num_heads, self.head_dim)).transpose(1, 2)

    @staticmethod
    def _mask(mask: Tensor | None, padding: Tensor | None, scores: Tensor) -> Tensor | None:
        """Both masks as numbers to add to [batch, heads, queries, keys]; a true position is left out."""

        def numbers(each: Tensor) -> Tensor:
            if each.dtype != torch.bool:
                return each.to(scores.dtype)
            return torch.zeros_like(each, dtype=scores.dtype).masked_fill(each, -math.inf)

        total: Tensor | None = None
        if mask is not None:
            total = numbers(mask)
            # One mask for each batch and head: [batch · heads, queries, keys].
            total = total.unflatten(0, (scores.shape[0], -1)) if total.dim() == 3 else total
        if padding is not None:
            other = numbers(padding)[:, None, None, :]
            total = other if total is None else total + other
        return total
