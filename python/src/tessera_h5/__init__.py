"""Reads and writes unit checkpoints of Tessera with h5py and NumPy.

    import tessera_h5
    with tessera_h5.open("model.h5") as m:
        print(m.tasks, m.levels("fine"))
        weights = m.state_dict(task="fine", level=2)             # {name: NumPy array}
        state = m.state_dict(task="fine", level=2, framework="torch")

Reading is pure Python. `save` and `Checkpoint.count` run the command `tessera`, which the wheel contains. torch and
ml_dtypes are imported only if a call asks for them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._checkpoint import Checkpoint
from ._checkpoint import open_checkpoint as open
from ._counts import CountRow, Counts
from ._errors import (CommandError, CommandNotFound, DamagedFile, FormatError, NotInFile, PackageNotFound,
                      StateDictError, StateDictWarning, TesseraError)
from ._errors import require_packages as _require_packages
from ._load import load_into
from ._network import Level, Network, TensorInfo
from ._save import save
from ._version import VERSION as __version__

if TYPE_CHECKING:
    from ._torch_plan import plan_for  # pyright: ignore
    from ._torch_shrink import shrink  # pyright: ignore

__all__ = [
    "Checkpoint", "CommandError", "CommandNotFound", "CountRow", "Counts", "DamagedFile", "FormatError", "Level",
    "Network", "NotInFile", "PackageNotFound", "StateDictError", "StateDictWarning", "TensorInfo", "TesseraError",
    "__version__",
    "load_into", "open", "plan_for", "save", "shrink",
]

for _name in __all__:
    if isinstance(globals().get(_name), type):
        # Tracebacks and `help` show the public name.
        globals()[_name].__module__ = __name__

# Their modules import torch, so they are imported at the first use.
_LAZY = {"plan_for": "_torch_plan", "shrink": "_torch_shrink"}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    _require_packages(name, *(("torch", "onnx", "onnxscript") if name == "plan_for" else ("torch",)))
    return getattr(importlib.import_module(f"{__name__}.{_LAZY[name]}"), name)
