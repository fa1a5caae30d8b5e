"""The tables of a unit checkpoint and the types of its elements, from schemas/checkpoint-layout-v2.md."""

import re

import h5py
import numpy as np

# Bits of one element.
BITS = {
    "F64": 64, "F32": 32, "F16": 16, "BF16": 16, "F8_E4M3": 8, "F8_E5M2": 8, "F8_E8M0": 8, "F8_E4M3FNUZ": 8,
    "F8_E5M2FNUZ": 8, "F6_E2M3": 6, "F6_E3M2": 6, "F4": 4, "I64": 64, "I32": 32, "I16": 16, "I8": 8, "U64": 64,
    "U32": 32, "U16": 16, "U8": 8, "I4": 4, "U4": 4, "I2": 2, "U2": 2, "BOOL": 8, "C64": 64, "C128": 128,
}
NUMPY = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1", "U64": "<u8",
    "U32": "<u4", "U16": "<u2", "U8": "u1", "BOOL": "?", "C64": "<c8", "C128": "<c16",
}
# The tables in the order in which index_xxh3 hashes them: a plain type, or the members of a row.
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
    "sections": "kind u4, tensor i4, scope i4, first_unit u4, unit_count u4, dtype S12, address u8, "
                "bytes u8",
    "pages": "u8", "plan": "u1", "source": "u1",
    "seal": "file_end u8, page_bytes u8, rest_xxh3 u8, headers_xxh3 u8, model_sha256 32u1, index_xxh3 u8",
}
TYPES = {
    name: np.dtype([(member.split()[0], "<" + member.split()[1] if "32u1" not in member else "(32,)u1")
                    for member in text.split(", ")] if " " in text else "<" + text) for name, text in TABLES.items()}
NO_ADDRESS = 2**64 - 1


def escaped(name):
    """The name of the link for a tensor's name."""
    if name in ("", ".", ".."):
        return name.replace(".", "%2E") or "%"
    return re.sub(r"[\x00-\x1f\x7f/%]", lambda match: f"%{ord(match[0]):02X}", name)


def stored_type(dtype):
    """The HDF5 type of an element."""
    if dtype == "BF16":
        result = h5py.h5t.IEEE_F16LE.copy()
        result.set_fields(15, 7, 8, 0, 7)
        result.set_ebias(127)
        return result
    return h5py.h5t.py_create(np.dtype(NUMPY[dtype] if dtype in NUMPY and dtype != "BOOL" else "u1"))


def raw(dataset):
    """The bytes of a dataset, without conversion."""
    kind = dataset.id.get_type()
    buffer = np.empty(dataset.size * kind.get_size(), np.uint8)
    if buffer.size:
        # h5py would convert bfloat16 to float32, so the type in memory is set to the type in the file.
        dataset.id.read(h5py.h5s.ALL, h5py.h5s.ALL, buffer, mtype=kind)
    return buffer.tobytes()
