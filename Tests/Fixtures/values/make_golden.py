"""Writes golden.json: what NumPy says of small tensors of every dtype. ml_dtypes is needed here only, not where tests run.

    python make_golden.py

Counts, minimum and maximum are NumPy's. Mean and standard deviation are exact fractions, rounded once (the deviation is
the root of the rounded variance); NumPy's own are held against them within n units in the last place.
"""

import json
import math
import os
from fractions import Fraction

import ml_dtypes
import numpy as np

DTYPES = {
    "F64": np.float64, "F32": np.float32, "F16": np.float16, "BF16": ml_dtypes.bfloat16,
    "F8_E4M3": ml_dtypes.float8_e4m3fn, "F8_E5M2": ml_dtypes.float8_e5m2, "F8_E8M0": ml_dtypes.float8_e8m0fnu,
    "F8_E4M3FNUZ": ml_dtypes.float8_e4m3fnuz, "F8_E5M2FNUZ": ml_dtypes.float8_e5m2fnuz,
    "F6_E2M3": ml_dtypes.float6_e2m3fn, "F6_E3M2": ml_dtypes.float6_e3m2fn, "F4": ml_dtypes.float4_e2m1fn,
    "I64": np.int64, "I32": np.int32, "I16": np.int16, "I8": np.int8, "U64": np.uint64, "U32": np.uint32,
    "U16": np.uint16, "U8": np.uint8, "I4": ml_dtypes.int4, "U4": ml_dtypes.uint4, "I2": ml_dtypes.int2,
    "U2": ml_dtypes.uint2, "BOOL": np.uint8, "C64": np.complex64, "C128": np.complex128,
}
BITS = {"F6_E2M3": 6, "F6_E3M2": 6, "F4": 4, "I4": 4, "U4": 4, "I2": 2, "U2": 2}


def pack(codes, bits):
    """Elements from the lowest bit on."""
    whole = 0
    for place, code in enumerate(codes):
        whole |= int(code) << (place * bits)
    return whole.to_bytes((len(codes) * bits + 7) // 8, "little")


def elements(name, kind, generator):
    """Tensors of a dtype: its codes and the numbers that they are."""
    dtype = DTYPES[name]
    if name in BITS:
        size = 1 << BITS[name]
        lists = [np.arange(size), generator.integers(0, size, 92), np.zeros(4, int), generator.integers(0, size, 1 if kind else 4)]
        for codes in lists:
            codes = codes.astype(np.uint8)
            yield pack(codes, BITS[name]), codes.view(dtype) if name.startswith("F") else decode(name, codes)
        return
    width = np.dtype(dtype).itemsize
    def raw(count):
        return generator.integers(0, 256, count * width, dtype=np.uint8)
    lists = [raw(97), np.zeros(3 * width, np.uint8)]
    if width == 1:
        lists.append(np.arange(256, dtype=np.uint8))
    if name == "BOOL":
        lists = [np.array([0, 1, 1, 0, 1], np.uint8), np.zeros(4, np.uint8)]
    if name in ("F64", "F32", "F16", "BF16", "C64", "C128"):
        special = [0.0, -0.0, 1.5, -2.25, math.inf, -math.inf, math.nan, -3.0, 1e-3]
        least = {"F64": 5e-324, "F32": 1e-45, "F16": 6e-8, "BF16": 1e-40, "C64": 1e-45, "C128": 5e-324}[name]
        small = [least, -3 * least, 0.0, 7 * least]
        one_sided = [math.inf, 1.0, 2.0]
        normal = list(generator.standard_normal(101) * 0.02)
        shifted = list(1e4 + generator.standard_normal(64))
        huge = {"F64": 1.7e308, "F32": 3.4e38, "F16": 65504.0, "BF16": 3.3e38, "C64": 3.4e38, "C128": 1.7e308}[name]
        for numbers in (special, small, one_sided, normal, shifted, [huge, -huge, huge], [math.nan, math.nan], [math.inf]):
            array = np.array(numbers, np.float64)
            if name.startswith("C"):
                array = array + 0j
                array.imag = np.array(numbers[::-1])
            lists.append(np.frombuffer(array.astype(dtype).tobytes(), np.uint8))
    if name in ("I64", "U64", "I32", "U32", "I16", "U16"):
        info = np.iinfo(dtype)
        for numbers in ([info.min, info.max, info.min, 0], [info.max] * 5, [info.max - 1, info.max], list(range(7))):
            lists.append(np.frombuffer(np.array(numbers, dtype).tobytes(), np.uint8))
    for one in lists:
        yield one.tobytes(), np.frombuffer(one.tobytes(), dtype)


def decode(name, codes):
    size = 1 << BITS[name]
    values = codes.astype(np.int64)
    return np.where(values >= size // 2, values - size, values) if name.startswith("I") else values


def rounded_root(variance):
    """The root of a fraction's nearest double, for numbers of any size."""
    if variance == 0:
        return 0.0
    shift = 0
    while variance >= 4:
        variance, shift = variance / 4, shift + 1
    while variance < 1:
        variance, shift = variance * 4, shift - 1
    try:
        return math.ldexp(math.sqrt(float(variance)), shift)
    except OverflowError:
        return math.inf


def exact(part):
    return [Fraction(float(x)) if isinstance(x, (float, np.floating)) else Fraction(int(x)) for x in part]


def word(value):
    if isinstance(value, int):
        return value if abs(value) < 1 << 63 else str(value)
    return "NaN" if math.isnan(value) else ("-Infinity" if value < 0 else "Infinity") if math.isinf(value) else value


def expected(name, values):
    is_complex = name.startswith("C")
    is_float = name.startswith(("F", "B")) and name != "BOOL"
    numbers = values if is_complex else values.astype(np.float64) if is_float else values
    nan, finite = np.isnan(numbers), np.isfinite(numbers)
    inf = ~nan & ~finite
    row = {"elements": len(values), "zeros": int((numbers == 0).sum()), "nan": int(nan.sum()), "inf": int(inf.sum())}
    known = numbers[~nan]
    if is_complex or not len(known):
        row["min"] = row["max"] = None
    else:
        kind = float if is_float else int
        row["min"], row["max"] = word(kind(known.min()) + kind(0)), word(kind(known.max()) + kind(0))
    kept = numbers[finite]
    row["mean"], row["std"], row["histogram"] = None, None, []
    if len(kept):
        parts = [exact(kept.real), exact(kept.imag)] if is_complex else [exact(kept.tolist())]
        means = [sum(part) / len(part) for part in parts]
        variance = sum(sum((x - mean) ** 2 for x in part) for part, mean in zip(parts, means)) / len(kept)
        floats = [float(mean) for mean in means]
        row["mean"], row["std"] = floats if is_complex else floats[0], rounded_root(variance)
        check(kept, floats, row["std"])
        row["std"] = word(row["std"])
        if not is_complex:
            row["histogram"] = histogram(parts[0])
    return row


def check(kept, means, deviation):
    """NumPy, in the widest type that it has, is within n units in the last place."""
    wide = kept.astype(np.clongdouble if kept.dtype.kind == "c" else np.longdouble)
    scale = len(kept) * 2.0**-53 * float(np.abs(wide).max())
    mean = wide.mean()
    found = [mean.real, mean.imag] if len(means) == 2 else [mean]
    assert all(abs(float(one) - other) <= scale for one, other in zip(found, means)), (found, means)
    assert float(wide.std()) == deviation or abs(float(wide.std()) - deviation) <= scale + 1e-12 * deviation, (wide.std(), deviation)


def histogram(part):
    bins = {}
    for x in part:
        if x == 0:
            continue
        exponent = abs(x).numerator.bit_length() - abs(x).denominator.bit_length()
        if Fraction(2) ** exponent > abs(x):
            exponent -= 1
        bins.setdefault(exponent, [0, 0])[x > 0] += 1
    return [[exponent, *bins[exponent]] for exponent in sorted(bins)]


def main():
    np.seterr(all="ignore")
    generator = np.random.default_rng(11)
    rows = []
    for name in DTYPES:
        kind = name in ("I4", "U4", "I2", "U2")
        for data, values in elements(name, kind, generator):
            rows.append({"dtype": name, "bytes": data.hex(), **expected(name, values)})
        rows.append({"dtype": name, "bytes": "", **expected(name, values[:0])})
    text = "[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n"
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "golden.json"), "w") as file:
        file.write(text)


main()
