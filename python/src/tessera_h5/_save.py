"""Writing a unit checkpoint: a temporary safetensors file, which `tessera convert` cuts by a plan."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ._command import argument, run_with_words, warnings_of
from ._dtypes import BITS, ML_DTYPES, NUMPY, TORCH, to_packed
from ._errors import CommandError
from ._wrappers import advice_for, hint

# Where `tessera` looks for ties in a safetensors file: the name that repeats, and the name that it repeats.
TIES = "tessera.ties"
# Dtypes that safetensors lacks.
NOT_IN_SAFETENSORS = ("C128", "I4", "U4", "I2", "U2", "F8_E4M3FNUZ", "F8_E5M2FNUZ")
_NUMPY = {np.dtype(text): dtype for dtype, text in NUMPY.items()}
_ML_DTYPES = {text: dtype for dtype, text in ML_DTYPES.items()}
_TORCH = {text: dtype for dtype, text in TORCH.items()}


@dataclass
class _Entry:
    """A tensor on its way to the file: its bytes are made only when they are written."""

    dtype: str
    shape: tuple[int, ...]
    value: Any
    identity: Any
    """Equal for two tensors that share all of their memory."""

    def data(self) -> memoryview:
        if _is_torch(self.value):
            value = self.value.detach().cpu().contiguous().reshape(-1)
            return value.view(sys.modules["torch"].uint8).numpy().data
        if BITS[self.dtype] < 8:
            return to_packed(np.ascontiguousarray(self.value).view("u1"), self.dtype).data
        array = np.ascontiguousarray(self.value)
        if self.dtype in NUMPY:
            array = array.astype(NUMPY[self.dtype], copy=False)
        return array.reshape(-1).view("u1").data

    @property
    def nbytes(self) -> int:
        elements = 1
        for extent in self.shape:
            elements *= extent
        return elements * BITS[self.dtype] // 8


def save(path: str | os.PathLike[str], state_dict: Any, plan: Mapping[str, Any] | str | os.PathLike[str] | None = None,
         *, metadata: Mapping[str, str] | None = None, compress: bool = False) -> None:
    """Writes a unit checkpoint by `tessera convert`.

    `state_dict` is a mapping from name to NumPy array or torch tensor, or a torch module. `plan` is a document of
    format `tessera.plan/1`, or the path of one; without a plan, all tensors are whole and common. `metadata` is free
    text that is kept with the weights. Tensors that share all of their memory stay tied.

    Tensors are written one by one to a temporary file beside `path`, so the memory needed does not grow with their
    number. The checkpoint appears whole or not at all. Raises TypeError for a value that is not a tensor or has a dtype
    that safetensors lacks, and `CommandError` if the plan does not fit. A warning of the command, such as a half cut (a
    tensor that is whole although others with the same channels are cut), is a Python warning.

    >>> weights = {"up": numpy.ones((8, 3), "f4"), "down": numpy.ones((3, 8), "f4")}
    >>> tessera_h5.save("small.h5", weights, {
    ...     "format": "tessera.plan/1", "units": 4, "axes": {"hidden": {"size": 8}}, "tasks": [{"name": "main"}],
    ...     "tensors": [{"match": "up", "axes": ["hidden", None]}, {"match": "down", "axes": [None, "hidden"]}]})
    >>> with tessera_h5.open("small.h5") as m:
    ...     print(m.network("main", 1)["up"].shape)
    (2, 3)
    """
    entries = _entries(state_dict)
    texts: Mapping[Any, Any] = metadata or {}
    for name, value in texts.items():
        if not (isinstance(name, str) and isinstance(value, str)):
            raise TypeError(f"metadata: expected names and values of type str, found {name!r}: {value!r}; "
                            f"write {str(name)!r}: {str(value)!r}")
    folder = os.path.dirname(os.path.abspath(path))
    with tempfile.TemporaryDirectory(prefix=".tessera-", dir=folder) as temporary:
        flat = os.path.join(temporary, "weights.safetensors")
        _write(flat, entries, dict(texts))
        places = {flat: "state_dict"}
        command = ["convert", flat, argument(path)]
        if isinstance(plan, Mapping):
            document = os.path.join(temporary, "plan.json")
            with open(document, "w", encoding="utf-8") as file:
                json.dump(plan, file)
            places[document] = "plan"
            command += ["--plan", document]
        elif plan is not None:
            command += ["--plan", argument(plan)]
        try:
            _, words = run_with_words(command + ["--compress"] * compress, places)
        except CommandError as error:
            given = plan.get("tensors", []) if isinstance(plan, Mapping) else []
            planned = [entry.get("name", entry.get("match", "")) for entry in given if isinstance(entry, Mapping)]
            advice = (hint(entries, planned, "the plan") or advice_for(entries)) if plan is not None else ""
            raise (CommandError(f"{error}; {advice}", error.returncode) if advice else error) from None
    for warning in warnings_of(words):
        warnings.warn(warning, stacklevel=2)


def _entries(state_dict: Any) -> dict[str, _Entry]:
    if not isinstance(state_dict, Mapping):
        if not callable(getattr(state_dict, "state_dict", None)):
            raise TypeError(f"state_dict: expected a mapping or a torch module, found {type(state_dict).__name__}")
        state_dict = state_dict.state_dict()
    return {name: _entry(name, value) for name, value in state_dict.items()}


def _is_torch(value: Any) -> bool:
    torch: Any = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


def _entry(name: Any, value: Any) -> _Entry:
    if not isinstance(name, str):
        raise TypeError(f"state_dict: expected names of type str, found {name!r}")
    if _is_torch(value):
        text, shape = str(value.dtype).rpartition(".")[2], tuple(value.shape)
        dtype = _TORCH.get(text)
        if text == "float4_e2m1fn_x2":
            dtype, shape = "F4", (*shape[:-1], shape[-1] * 2)
        identity = (value.data_ptr(), value.stride()) if value.numel() and value.device.type != "meta" else id(value)
    elif hasattr(value, "__array__"):
        value = np.asarray(value)
        text, shape = value.dtype.name, value.shape
        dtype = _ML_DTYPES.get(text) or _NUMPY.get(value.dtype.newbyteorder("<"))
        identity = (value.ctypes.data, value.strides) if value.size else id(value)
    else:
        raise TypeError(f"state_dict: {name!r}: expected a tensor, found {type(value).__name__}")
    if dtype is None or dtype in NOT_IN_SAFETENSORS:
        raise TypeError(f"state_dict: {name!r}: expected a dtype of safetensors, found {text}")
    return _Entry(dtype, shape, value, (identity, shape, dtype))


def _write(path: str, entries: dict[str, _Entry], metadata: dict[str, str]) -> None:
    header: dict[str, Any] = {}
    first: dict[Any, str] = {}
    ties: dict[str, str] = {}
    position = 0
    for name, entry in entries.items():
        root = first.setdefault(entry.identity, name)
        if root != name:
            ties[name] = root
        header[name] = {"dtype": entry.dtype, "shape": list(entry.shape),
                        "data_offsets": [position, position + entry.nbytes]}
        position += entry.nbytes
    metadata.setdefault("format", "pt")
    if ties:
        metadata[TIES] = json.dumps(ties)
    text = json.dumps({"__metadata__": metadata, **header}, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for entry in entries.values():
            file.write(entry.data())
