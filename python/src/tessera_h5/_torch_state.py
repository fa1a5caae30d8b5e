"""The tensors of a smaller module: those of a state dict, or parts of the module's own. Plans from files."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ._errors import StateDictError, TesseraError
from ._torch_masked import Cuts, part
from ._torch_tensors import ties_of
from ._torch_words import listed


def document(plan: Any) -> Mapping[str, Any]:
    """A plan, or the one in the file of this path."""
    if isinstance(plan, Mapping):
        return plan
    if not isinstance(plan, (str, os.PathLike)):
        raise TesseraError(f"plan: expected a plan or the path of one, found {type(plan).__name__}")
    path = os.fspath(plan)
    try:
        with open(path, encoding="utf-8") as file:
            found = json.load(file)
    except OSError as error:
        raise TesseraError(f"{path}: cannot open the plan: {(error.strerror or str(error)).lower()}") from error
    except ValueError as error:
        raise TesseraError(f"{path}: expected a plan in JSON, found other data ({error})") from error
    if not isinstance(found, dict):
        raise TesseraError(f"{path}: expected a plan, found another JSON document")
    return found


def small_tensors(
    module: nn.Module, tensors: Mapping[str, Tensor], cuts: Cuts, others: Collection[str],
    state_dict: Mapping[str, Any] | None, network: str
) -> dict[str, Tensor]:
    """The sub-network's tensors by their names: all of `state_dict`, else the cut ones of the module.

    `others` are the names of tensors that the sub-network lacks. `network` is the sub-network for messages. Raises
    `StateDictError` for missing and unexpected names, and other shapes.
    """
    given = _given(module, tensors, cuts, others, state_dict, network) if state_dict is not None else {}
    result: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        if name in given:
            result[name] = given[name].detach().to(tensor.device, tensor.dtype, copy=True)
        elif name in cuts:
            result[name] = part(tensor, cuts[name])
    return result


def _given(
    module: nn.Module, tensors: Mapping[str, Tensor], cuts: Cuts, others: Collection[str], state: Mapping[str, Any],
    network: str
) -> dict[str, Tensor]:
    if not isinstance(state, Mapping):
        raise TesseraError(f"state_dict: expected a mapping from names to tensors, found {type(state).__name__}")
    ties = ties_of(tensors)
    own = [name for name in module.state_dict() if name in tensors and name not in others]
    missing = [name for name in own if name not in state and not any(other in state for other in ties.get(name, ()))]
    known = {*tensors, *module.state_dict()}
    unexpected = [str(name) for name in state if name not in known]
    given = {name: _tensor(name, state[name]) for name in tensors if name in state and name not in others}
    sizes = {name: tuple(each.size for each in cuts[name]) if name in cuts else tuple(tensors[name].shape)
             for name in given}
    different = [name for name, value in given.items() if tuple(value.shape) != sizes[name]]
    if missing or unexpected or different:
        parts = [f"{what}: {listed(names)}"
                 for what, names in (("missing", missing), ("unexpected", unexpected)) if names]
        parts += [f"'{name}' has the shape {list(given[name].shape)} instead of {list(sizes[name])}"
                  for name in different[:1]] + [f"{len(different) - 1} more shapes differ"] * (len(different) > 1)
        raise StateDictError(f"state_dict: expected the tensors of {type(module).__name__} at {network}; "
                             + "; ".join(parts), missing, unexpected, different)
    return given


def _tensor(name: str, value: Any) -> Tensor:
    if isinstance(value, Tensor):
        return value
    try:
        array = np.array(value)
        return torch.from_numpy(array.astype(array.dtype.newbyteorder("="), copy=False))
    except (TypeError, ValueError) as error:
        kind = getattr(value, "dtype", type(value).__name__)
        raise TesseraError(f"state_dict: '{name}': expected a torch tensor, or a NumPy array of a dtype that torch "
                           f"has, found {kind}") from error
