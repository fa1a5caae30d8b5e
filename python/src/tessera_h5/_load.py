"""Loading a sub-network into a torch module."""

from __future__ import annotations

import os
from typing import Any

from ._checkpoint import open_checkpoint
from ._errors import StateDictError

# Names of each kind that an error lists.
LISTED = 5


def load_into(module: Any, path: str | os.PathLike[str], task: str, level: int | str, *, strict: bool = True,
              check: bool = True) -> Any:
    """Loads the tensors of a sub-network into a torch module with the sub-network's shapes, and returns the module.

    With `strict`, the names must be the same. Without it, names that only one side has are left as they are; shapes
    must be equal in any case. Raises `StateDictError` with the names before it changes the module.
    """
    with open_checkpoint(path, check=check) as checkpoint:
        network = checkpoint.network(task, level, framework="torch")
        own = {name: tuple(value.shape) for name, value in module.state_dict().items() if hasattr(value, "shape")}
        found = {name: network.info(name).shape for name in network}
        missing = [name for name in own if name not in found]
        unexpected = [name for name in found if name not in own]
        different = [name for name in own if name in found and own[name] != found[name]]
        if different or strict and (missing or unexpected):
            parts = [_listed("missing", missing if strict else []), _listed("unexpected", unexpected if strict else []),
                     _listed("another shape", [f"{name} (expected {list(own[name])}, found {list(found[name])})"
                                               for name in different])]
            raise StateDictError(
                f"{checkpoint.path}: task {task!r}, level {level!r}: expected the tensors of {type(module).__name__}; "
                + "; ".join(part for part in parts if part), missing, unexpected, different)
        module.load_state_dict(network.state_dict(), strict=False)
    return module


def _listed(what: str, names: list[str]) -> str:
    if not names:
        return ""
    more = f" and {len(names) - LISTED:,} more" if len(names) > LISTED else ""
    return f"{what}: {', '.join(names[:LISTED])}{more}"
