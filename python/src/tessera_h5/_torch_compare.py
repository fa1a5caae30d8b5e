"""Compares the run of a smaller module with that of the masked original."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ._torch_masked import Cuts
from ._torch_run import Run
from ._torch_tensors import shown

# `tessera verify` has the same relative tolerance.
TOLERANCE = 1e-4
# Of labels and flags, at most one in this number may differ: rounding can exchange two values that are almost equal.
LABELS = 1000


def compared(small: nn.Module, expected: Run, found: Run, cuts: Cuts) -> str | None:
    """Why the smaller module is wrong: the place and the reason; None if both runs gave the same.

    Outputs are equal if they differ by at most 1e-4 times the largest value; for 16-bit numbers, 8 times the smallest
    relative step. Labels alone do not show much, so the last output of an inner module is then compared, too.
    """
    layers = dict(small.named_modules())
    for (path, before), (other, after) in zip(expected.shapes, found.shapes):
        if path == other and before and after and (len(before) != len(after) or before[0] != after[0]):
            return (f"the input of {shown(path, layers.get(path, small))} has the shape {list(after)} instead of "
                    f"{list(before)}: a forward before it has a fixed number of channels")
    if len(expected.outputs) != len(found.outputs):
        return f"{shown('', small)} has {len(found.outputs)} outputs instead of {len(expected.outputs)}"
    for number, (a, b) in enumerate(zip(expected.outputs, found.outputs)):
        reason = _difference(a, b, cuts, f"output {number} of {shown('', small)}")
        if reason is not None:
            return reason
    if expected.is_weak and expected.inner and found.inner and expected.inner[0] == found.inner[0]:
        path = expected.inner[0]
        return _difference(expected.inner[1], found.inner[1], cuts, f"the output of {shown(path, layers[path])}")
    return None


def depends(whole: Run, masked: Run) -> bool:
    """Whether the outputs, or the last inner output if they are only labels, show that channels are missing."""
    pairs = list(zip(whole.outputs, masked.outputs))
    if masked.is_weak and whole.inner and masked.inner:
        pairs.append((whole.inner[1], masked.inner[1]))
    return any(a.shape != b.shape or _distance(a, b) > _limit(a) for a, b in pairs)


def _difference(a: Tensor, b: Tensor, cuts: Cuts, what: str) -> str | None:
    distances = [_distance(each, b) for each in _candidates(a, b, cuts)]
    if not distances:
        return f"{what} has the shape {list(b.shape)} instead of {list(a.shape)}"
    limit = _limit(a)
    if min(distances) <= limit:
        return None
    if _is_label(a):
        return f"{what} differs from the masked original in {min(distances):.0f} of {b.numel()} elements"
    return f"{what} differs from the masked original by {min(distances):.2g}; at most {limit:.2g} was expected"


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


def _is_label(a: Tensor) -> bool:
    return not (a.is_floating_point() or a.is_complex())


def _limit(a: Tensor) -> float:
    """The largest difference of equal outputs; for labels, the number of elements that may differ."""
    if _is_label(a):
        return a.numel() // LABELS
    finite = a[torch.isfinite(a)].abs()
    step = torch.finfo(a.dtype).eps
    return (max(TOLERANCE, 8 * step) * float(finite.max()) if finite.numel() else 0.0) + 1e-6


def _distance(a: Tensor, b: Tensor) -> float:
    """The largest difference, or the number of different labels. NaN equals NaN, and ∞ equals ∞."""
    if not a.numel():
        return 0.0
    if _is_label(a):
        return float((a != b).sum())
    kind = torch.complex128 if a.is_complex() else torch.float64
    differences = (a.to(kind) - b.to(kind)).abs()
    differences[(a == b) | (torch.isnan(a) & torch.isnan(b))] = 0
    return float(torch.nan_to_num(differences, nan=torch.inf).max())
