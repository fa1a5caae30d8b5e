"""Loading a sub-network into a torch module."""

from __future__ import annotations

import importlib
import os
import warnings
from typing import Any

from ._checkpoint import open_checkpoint
from ._dtypes import TORCH
from ._errors import StateDictError, StateDictWarning
from ._wrappers import hint

# Names of each kind that an error lists.
LISTED = 5
META = ("make the module without torch.device('meta'); or call module.to_empty(device=...) before, and fill the "
        "buffers that its state_dict leaves out")


def load_into(module: Any, path: str | os.PathLike[str], task: str, level: int | str, *, strict: bool = True,
              check: bool = True, cast: bool = False) -> Any:
    """Loads the tensors of a sub-network into a torch module with the sub-network's shapes, and returns the module.

    With `strict`, the names must be the same. Without it, names that only one side has are left as they are, and a
    `StateDictWarning` lists them; at least one name must be the same. Shapes must be equal in any case. Parameters that
    the module ties need one name in the file; if it has several, their tensors must be equal.

    A tensor may change its dtype if the module's dtype has all values of the file's dtype, as F32 has those of BF16.
    With `cast`, values are also rounded, as from F32 to BF16. Floating-point numbers never become integers, and finite
    numbers never become infinite.

    Raises `StateDictError` with the names before it changes the module, even if the module is on the device meta.
    """
    with open_checkpoint(path, check=check) as checkpoint:
        network = checkpoint.network(task, level, framework="torch")
        place = f"{checkpoint.path}: task {task!r}, level {level!r}"
        own = {name: value for name, value in module.state_dict(keep_vars=True).items() if hasattr(value, "shape")}
        ties = _ties(own)
        missing = [name for name in own if name not in network and not any(one in network for one in ties[name])]
        unexpected = [name for name in network if name not in own]
        both = [name for name in own if name in network]
        shapes = [f"{name} (expected {list(own[name].shape)}, found {list(network.info(name).shape)})"
                  for name in both if tuple(own[name].shape) != network.info(name).shape]
        dtypes = [] if cast else [f"{name} (expected {_dtype(own[name])}, found {network.info(name).dtype})"
                                  for name in both if not _holds(own[name], network.info(name).dtype)]
        on_meta = [name for name in both if own[name].device.type == "meta"]
        is_other = bool(own) and not both
        different = [word.partition(" (")[0] for word in (*shapes, *dtypes)]

        renamed = hint(own, network) if missing and unexpected else ""

        def refused(*parts: str, names: list[str]) -> StateDictError:
            return StateDictError(f"{place}: expected the tensors of {type(module).__name__}; "
                                  + "; ".join(part for part in parts if part), missing, unexpected, names)
        if shapes or dtypes or is_other or strict and (missing or unexpected):
            of_names = strict or is_other
            raise refused(_listed("missing", missing if of_names else []),
                          _listed("unexpected", unexpected if of_names else []), _listed("another shape", shapes),
                          _listed("a dtype that loses values", dtypes),
                          "give cast=True to round values" if dtypes else "",
                          renamed, names=different)
        if on_meta:
            raise refused(_listed("on the device meta, which has no values", on_meta), META, names=on_meta)
        state = network.state_dict()
        untied = _untied(both, ties, state)
        if untied:
            raise refused(_listed("one tensor in the module, and different tensors in the file", untied),
                          "untie them in the module, or make the file from a module that ties them", names=untied)
        lost = [name for name in both if _is_lost(state[name], own[name])] if cast else []
        if lost:
            raise refused(_listed("values that the module's dtype cannot have", [
                f"{name} (expected {_dtype(own[name])}, found {network.info(name).dtype})" for name in lost]),
                names=lost)
        if missing or unexpected:
            parts = (_listed("missing", missing), _listed("unexpected", unexpected), renamed)
            warnings.warn(StateDictWarning(f"{place}: loaded {len(both):,} of {len(own):,} tensors of "
                                           f"{type(module).__name__}; " + "; ".join(part for part in parts if part),
                                           missing, unexpected), stacklevel=2)
        module.load_state_dict(state, strict=False)
    return module


def _listed(what: str, names: list[str]) -> str:
    if not names:
        return ""
    more = f" and {len(names) - LISTED:,} more" if len(names) > LISTED else ""
    return f"{what}: {', '.join(names[:LISTED])}{more}"


def _dtype(value: Any) -> str:
    return str(value.dtype).rpartition(".")[2]


def _ties(own: dict[str, Any]) -> dict[str, list[str]]:
    """For each name, the other names of the same tensor."""
    groups: dict[Any, list[str]] = {}
    for name, value in own.items():
        # Two parameters can also share their memory. On the device meta, all tensors have the address 0.
        has_memory = value.device.type != "meta" and value.numel()
        key = (value.data_ptr(), value.shape, value.stride()) if has_memory else id(value)
        groups.setdefault(key, []).append(name)
    return {name: [other for other in group if other != name] for group in groups.values() for name in group}


def _untied(both: list[str], ties: dict[str, list[str]], state: dict[str, Any]) -> list[str]:
    """Names of tied parameters for which the file has different tensors."""
    def is_same(one: Any, other: Any) -> bool:
        return one is other or one.dtype == other.dtype and bool(_bytes(one).equal(_bytes(other)))
    return [name for name in both for other in ties[name]
            if other in state and not is_same(state[name], state[other])]


def _bytes(value: Any) -> Any:
    torch: Any = importlib.import_module("torch")

    # Bytes, because NaN is not equal to itself.
    return value.reshape(-1).view(torch.uint8)


def _holds(value: Any, stored: str) -> bool:
    """Whether the dtype of a module's tensor has every value of a dtype of a file."""
    torch: Any = importlib.import_module("torch")

    if stored not in TORCH:
        # Packed bytes, which only a tensor of the same packed bytes takes.
        return value.dtype in (torch.uint8, getattr(torch, "float4_e2m1fn_x2", torch.uint8))
    source, target = getattr(torch, TORCH[stored]), value.dtype
    if source == target or source == torch.bool:
        return True
    if source.is_complex and not target.is_complex or target == torch.bool:
        return False
    source, target = (one.to_real() if one.is_complex else one for one in (source, target))
    if not source.is_floating_point:
        whole = torch.iinfo(source)
        if target.is_floating_point:
            return max(whole.max, -whole.min) <= 2 / torch.finfo(target).eps
        return torch.iinfo(target).min <= whole.min and torch.iinfo(target).max >= whole.max
    if not target.is_floating_point:
        return False
    one, other = torch.finfo(source), torch.finfo(target)
    return other.eps <= one.eps and other.max >= one.max and other.tiny * other.eps <= one.tiny * one.eps


def _is_lost(value: Any, target: Any) -> bool:
    """Whether more than rounding would change the values of a tensor of a file."""
    torch: Any = importlib.import_module("torch")

    old, new = value.dtype, target.dtype
    if old == new:
        return False
    is_whole = not (new.is_floating_point or new.is_complex)
    if is_whole and (old.is_floating_point or old.is_complex) or old.is_complex and not new.is_complex:
        return True
    changed = value.to(new)
    if is_whole:
        return new == torch.bool or not changed.to(old).equal(value)
    # torch.isfinite has no kernel for floats of 8 bits, so these are widened first.
    value, changed = (one if one.is_complex() else one.double() for one in (value, changed))
    return bool((value.isfinite() & ~changed.isfinite()).any())
