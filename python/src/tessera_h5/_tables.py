"""The tables of a unit checkpoint, from schemas/checkpoint-layout-v2.md."""

from __future__ import annotations

import re
from typing import Any

import h5py
import numpy as np

from ._dtypes import NUMPY

# The tables in the order in which index_xxh3 covers them: a plain type, or the members of a row.
TABLES = {
    "names": "u1",
    "tensors": "name u4, dtype S12, first_dimension u4, rank u4, tied_to i4, scope i4, first_unit u4, unit_count u4, "
               "sha256 32u1",
    "dimensions": "size u8, cut i4, first_axis u4", "cut_axes": "u4", "axes": "name u4, cut u4",
    "cuts": "first_segment u4, segment_count u4", "segments": "length u8, unit i4, slot u4", "units": "u4",
    "tasks": "name u4, first_network u4, network_count u4", "networks": "name i4, first_unit u4, unit_count u4",
    "axis_units": "network u4, axis u4, first_unit u4, unit_count u4",
    "scopes": "first_network u4, network_count u4", "scope_networks": "u4",
    "views": "tensor u4, first_network u4, network_count u4, name i4, mask i4",
    "owned": "tensor u4, map u4, unit i4, elements u8",
    "reordered": "tensor u4, dimension u4, axis u4, inner u8, outer u8",
    "sections": "kind u4, tensor i4, scope i4, first_unit u4, unit_count u4, dtype S12, address u8, bytes u8",
    "pages": "u8", "plan": "u1", "source": "u1",
    "seal": "file_end u8, page_bytes u8, rest_xxh3 u8, headers_xxh3 u8, model_sha256 32u1, index_xxh3 u8",
}


def _row_type(text: str) -> np.dtype[Any]:
    if " " not in text:
        return np.dtype("<" + text)
    members = [member.split() for member in text.split(", ")]
    return np.dtype([(name, "(32,)u1" if kind == "32u1" else "<" + kind) for name, kind in members])


TYPES: dict[str, np.dtype[Any]] = {name: _row_type(text) for name, text in TABLES.items()}
NO_ADDRESS = 2**64 - 1
# An HDF5 group, dataset or type. h5py has no stubs.
Identifier = Any


def link(name: str) -> str:
    """The name of the link for a tensor's name."""
    if name in ("", ".", ".."):
        return name.replace(".", "%2E") or "%"
    return re.sub(r"[\x00-\x1f\x7f/%]", lambda match: f"%{ord(match[0]):02X}", name)


def stored_type(dtype: str) -> Identifier:
    """The HDF5 type of an element."""
    if dtype == "BF16":
        result = h5py.h5t.IEEE_F16LE.copy()
        result.set_fields(15, 7, 8, 0, 7)
        result.set_ebias(127)
        return result
    return h5py.h5t.py_create(np.dtype(NUMPY[dtype] if has_number_type(dtype) else "u1"))


def has_number_type(dtype: str) -> bool:
    """Whether HDF5 knows what an element is; all other elements are raw bytes."""
    return dtype == "BF16" or dtype in NUMPY and dtype != "BOOL"
