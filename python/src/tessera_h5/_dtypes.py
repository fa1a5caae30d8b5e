"""The dtypes of a unit checkpoint, and the arrays that hold them."""

from __future__ import annotations

import functools
import importlib
import math
from typing import Any

import numpy as np
import numpy.typing as npt

Cells = npt.NDArray[Any]

# Bits of one element.
BITS = {
    "F64": 64, "F32": 32, "F16": 16, "BF16": 16, "F8_E4M3": 8, "F8_E5M2": 8, "F8_E8M0": 8, "F8_E4M3FNUZ": 8,
    "F8_E5M2FNUZ": 8, "F6_E2M3": 6, "F6_E3M2": 6, "F4": 4, "I64": 64, "I32": 32, "I16": 16, "I8": 8, "U64": 64,
    "U32": 32, "U16": 16, "U8": 8, "I4": 4, "U4": 4, "I2": 2, "U2": 2, "BOOL": 8, "C64": 64, "C128": 128,
}
# Elements and bytes of one block, for dtypes whose elements have no bits of their own; spelled as in GGUF.
BLOCKS = {
    "Q4_0": (32, 18), "Q4_1": (32, 20), "Q5_0": (32, 22), "Q5_1": (32, 24), "Q8_0": (32, 34), "Q8_1": (32, 36),
    "Q2_K": (256, 84), "Q3_K": (256, 110), "Q4_K": (256, 144), "Q5_K": (256, 176), "Q6_K": (256, 210),
    "Q8_K": (256, 292), "IQ2_XXS": (256, 66), "IQ2_XS": (256, 74), "IQ3_XXS": (256, 98), "IQ1_S": (256, 50),
    "IQ4_NL": (32, 18), "IQ3_S": (256, 110), "IQ2_S": (256, 82), "IQ4_XS": (256, 136), "IQ1_M": (256, 56),
    "TQ1_0": (256, 54), "TQ2_0": (256, 66), "MXFP4": (32, 17), "NVFP4": (64, 36), "Q1_0": (128, 18),
}
NUMPY = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1", "U64": "<u8",
    "U32": "<u4", "U16": "<u2", "U8": "u1", "BOOL": "?", "C64": "<c8", "C128": "<c16",
}
ML_DTYPES = {
    "BF16": "bfloat16", "F8_E4M3": "float8_e4m3fn", "F8_E5M2": "float8_e5m2", "F8_E8M0": "float8_e8m0fnu",
    "F8_E4M3FNUZ": "float8_e4m3fnuz", "F8_E5M2FNUZ": "float8_e5m2fnuz", "F6_E2M3": "float6_e2m3fn",
    "F6_E3M2": "float6_e3m2fn", "F4": "float4_e2m1fn", "I4": "int4", "U4": "uint4", "I2": "int2", "U2": "uint2",
}
TORCH = {
    "F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16", "I64": "int64", "I32": "int32",
    "I16": "int16", "I8": "int8", "U64": "uint64", "U32": "uint32", "U16": "uint16", "U8": "uint8", "BOOL": "bool",
    "C64": "complex64", "C128": "complex128", "F8_E4M3": "float8_e4m3fn", "F8_E5M2": "float8_e5m2",
    "F8_E8M0": "float8_e8m0fnu", "F8_E4M3FNUZ": "float8_e4m3fnuz", "F8_E5M2FNUZ": "float8_e5m2fnuz",
}
# Exponent bits, mantissa bits, bias, and the codes that are not finite: infinity and NaN as in IEEE 754 ("ieee"), NaN
# with all bits but the sign set ("fn"), NaN for the code of −0 ("fnuz"), or none ("finite").
SMALL_FLOATS = {
    "F8_E4M3": (4, 3, 7, "fn"), "F8_E5M2": (5, 2, 15, "ieee"), "F8_E4M3FNUZ": (4, 3, 8, "fnuz"),
    "F8_E5M2FNUZ": (5, 2, 16, "fnuz"), "F6_E2M3": (2, 3, 1, "finite"), "F6_E3M2": (3, 2, 3, "finite"),
    "F4": (2, 1, 1, "finite"),
}
FRAMEWORKS = ("numpy", "ml_dtypes", "torch", "bits")


def block_of(dtype: str) -> tuple[int, int]:
    """The elements and the bytes of the shortest run of elements that has bytes of its own."""
    if dtype in BLOCKS:
        return BLOCKS[dtype]
    bits = BITS[dtype]
    return (1, bits // 8) if bits % 8 == 0 else (4, 3) if bits == 6 else (8 // bits, 1)


def bit_count(dtype: str, elements: int) -> int:
    """The bits of a list of elements."""
    return elements // BLOCKS[dtype][0] * BLOCKS[dtype][1] * 8 if dtype in BLOCKS else elements * BITS[dtype]


def byte_count(dtype: str, elements: int) -> int:
    """The bytes of a list of elements, rounded up."""
    return -(-bit_count(dtype, elements) // 8)


def is_packed(dtype: str) -> bool:
    """Whether elements are smaller than a byte."""
    return BITS.get(dtype, 8) < 8


def cell_shape(dtype: str, shape: tuple[int, ...]) -> tuple[int, ...]:
    """A shape in cells: elements, or blocks along the last dimension."""
    return (*shape[:-1], shape[-1] // BLOCKS[dtype][0]) if dtype in BLOCKS else shape


def cell_type(dtype: str) -> np.dtype[Any]:
    """The type in which elements are copied: as wide as an element or a block, or a byte if elements are packed.

    Integers, because an assignment of floats may change the payload of a NaN on some processors.
    """
    if dtype in BLOCKS:
        return np.dtype(f"V{BLOCKS[dtype][1]}")
    width = max(BITS[dtype], 8) // 8
    return np.dtype("<c16" if width == 16 else f"<u{width}")


def to_codes(packed: Cells, dtype: str, elements: int) -> Cells:
    """Packed elements of fewer than eight bits, as one byte for each."""
    bits = BITS[dtype]
    unpacked = np.unpackbits(packed, count=elements * bits, bitorder="little").reshape(elements, bits)
    return np.packbits(unpacked, axis=1, bitorder="little").reshape(elements)


def to_packed(codes: Cells, dtype: str) -> Cells:
    """The reverse of `to_codes`; unused bits of the last byte are 0."""
    unpacked = np.unpackbits(codes.reshape(-1, 1), axis=1, count=BITS[dtype], bitorder="little")
    return np.packbits(unpacked.reshape(-1), bitorder="little")


@functools.lru_cache(maxsize=None)
def float_values(dtype: str) -> npt.NDArray[np.float32]:
    """The value of each code of a floating-point dtype of at most eight bits. float32 holds all of them exactly."""
    if dtype == "F8_E8M0":
        values = np.ldexp(1.0, np.arange(256) - 127)
        values[255] = np.nan
        return values.astype("f4")
    exponent_bits, mantissa_bits, bias, special = SMALL_FLOATS[dtype]
    codes = np.arange(1 << BITS[dtype])
    sign = np.where(codes >> (exponent_bits + mantissa_bits), -1.0, 1.0)
    exponent, mantissa = codes >> mantissa_bits & (1 << exponent_bits) - 1, codes & (1 << mantissa_bits) - 1
    fraction = mantissa / (1 << mantissa_bits) + (exponent > 0)
    values = sign * np.ldexp(fraction, np.maximum(exponent, 1) - bias)
    if special == "ieee":
        top = exponent == (1 << exponent_bits) - 1
        values[top] = np.where(mantissa[top] == 0, sign[top] * np.inf, np.nan)
    elif special == "fn":
        values[codes & 0x7F == 0x7F] = np.nan
    elif special == "fnuz":
        values[0x80] = np.nan
    return values.astype("f4")


def shaped(array: Any, shape: tuple[int, ...]) -> Any:
    """The array in a tensor's shape, or in one dimension if the framework cannot have this shape.

    NumPy has at most 32 or 64 dimensions. It refuses an array without elements if its other extents are too large.
    """
    try:
        return array.reshape(shape)
    except (ValueError, RuntimeError):
        return array.reshape(-1)


def as_numbers(cells: Cells, dtype: str, shape: tuple[int, ...]) -> Cells:
    """An array of NumPy's own types with exactly the tensor's values."""
    if dtype in NUMPY:
        return shaped(cells.reshape(-1).view(NUMPY[dtype]), shape)
    if dtype == "BF16":
        return shaped((cells.reshape(-1).astype("<u4") << np.uint32(16)).view("<f4"), shape)
    codes = cells.reshape(-1)
    if BITS[dtype] < 8:
        codes = to_codes(codes, dtype, math.prod(shape))
    if dtype[0] == "F":
        return shaped(float_values(dtype)[codes], shape)
    return shaped(codes if dtype[0] == "U" else _signed(codes, dtype), shape)


def _signed(codes: Cells, dtype: str) -> Cells:
    half = 1 << BITS[dtype] - 1
    return ((codes.astype("i1") ^ np.int8(half)) - np.int8(half)).astype("i1")


def as_ml_dtypes(cells: Cells, dtype: str, shape: tuple[int, ...]) -> Cells:
    """An array of exactly this dtype, with the package ml_dtypes if NumPy lacks it."""
    if dtype in NUMPY:
        return as_numbers(cells, dtype, shape)
    kind = np.dtype(getattr(importlib.import_module("ml_dtypes"), ML_DTYPES[dtype]))
    codes = cells.reshape(-1)
    if BITS[dtype] < 8:
        codes = to_codes(codes, dtype, math.prod(shape))
        codes = _signed(codes, dtype) if dtype[0] == "I" else codes
    return shaped(codes.view(kind), shape)


def as_bits(cells: Cells, dtype: str, shape: tuple[int, ...]) -> Cells:
    """The elements as unsigned integers, or the packed bytes if elements are smaller than a byte."""
    if BITS[dtype] < 8:
        return cells.reshape(-1)
    return shaped(cells, shape) if dtype != "C128" else shaped(cells.reshape(-1).view("<u8"), (*shape, 2))


def as_torch(cells: Cells, dtype: str, shape: tuple[int, ...], device: Any = None) -> Any:
    """A torch tensor that shares the memory of `cells`, unless it is moved to another device."""
    torch: Any = importlib.import_module("torch")
    flat: Any = torch.from_numpy(cells.reshape(-1).view("u1"))
    if dtype in TORCH:
        flat = shaped(flat.view(getattr(torch, TORCH[dtype])), shape)
    elif dtype == "F4" and hasattr(torch, "float4_e2m1fn_x2") and shape and shape[-1] % 2 == 0:
        flat = flat.view(torch.float4_e2m1fn_x2).reshape((*shape[:-1], shape[-1] // 2))
    return flat if device is None else flat.to(device)


def converted(cells: Cells, dtype: str, shape: tuple[int, ...], framework: str, device: Any = None) -> Any:
    """An array or tensor of a framework; see `Checkpoint.state_dict`."""
    if dtype in BLOCKS:
        elements, size = BLOCKS[dtype]
        cells = cells.reshape(-1).view("u1")
        shape, dtype = (*shape[:-1], shape[-1] // elements * size), "U8"
    if framework == "torch":
        return as_torch(cells, dtype, shape, device)
    make = {"numpy": as_numbers, "ml_dtypes": as_ml_dtypes, "bits": as_bits}[framework]
    return make(cells, dtype, shape)
