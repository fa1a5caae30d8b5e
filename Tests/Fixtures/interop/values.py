"""Makes tensors of several windows, and judges what `inspect --stats` says of them; prints JSON.

    python values.py make FOLDER              # values.safetensors, values.npz, plan.json
    python values.py judge TESSERA FILE...    # {"tensors": n, "failures": [...]}
    python values.py terminal COMMAND...      # runs it on a terminal of 80 columns; {"text": what it shows}

Counts, minimum and maximum are NumPy's, to the bit. Sums of whole numbers are Python's, exact: mean and deviation agree to the
bit. Of floating-point numbers NumPy's own results round at every addition: its error is at most n units in the last place of
the greatest magnitude, far more than ours, and `math.fsum`, which is exact, leaves one unit for the division.
"""

import json
import math
import os
import pty
import struct
import subprocess
import sys
from fractions import Fraction

import ml_dtypes
import numpy as np

COUNT = 700_001
"""Elements: no whole number of windows for any dtype."""

KINDS = {
    "F64": np.float64, "F32": np.float32, "F16": np.float16, "BF16": ml_dtypes.bfloat16, "C64": np.complex64,
    "F8_E4M3": ml_dtypes.float8_e4m3fn, "F8_E5M2": ml_dtypes.float8_e5m2, "I64": np.int64, "I32": np.int32,
    "I16": np.int16, "I8": np.int8, "U64": np.uint64, "U32": np.uint32, "U16": np.uint16, "U8": np.uint8, "BOOL": np.bool_,
}


def arrays():
    random = np.random.default_rng(3)
    for name, dtype in KINDS.items():
        if name == "BOOL":
            yield name, random.random(COUNT) < 0.3
        elif name[0] in "IU":
            info = np.iinfo(dtype)
            yield name, random.integers(info.min, info.max, COUNT, dtype, endpoint=True)
        else:
            values = random.standard_normal(COUNT) * 0.02
            # A few that are not finite, zeros of both signs, and a row far from the others.
            values[::9973], values[5::9973], values[7::1009], values[8::1009] = np.nan, -np.inf, 0.0, -0.0
            values[1000:2000] += 200
            if name == "C64":
                values = values + 1j * values[::-1]
            yield name, values.astype(dtype)
    yield "normal.F32", random.standard_normal(COUNT).astype(np.float32)
    yield "normal.F64", random.standard_normal(COUNT) + 1e6


def make(folder):
    header, data = {}, b""
    plain = {}
    for name, array in arrays():
        kind = name.split(".")[-1]
        raw = array.tobytes()
        header[name] = {"dtype": kind, "shape": [COUNT], "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
        if kind not in ("BF16", "F8_E4M3", "F8_E5M2"):
            plain[name] = array
    text = json.dumps(header).encode()
    with open(f"{folder}/values.safetensors", "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)
    np.savez_compressed(f"{folder}/values.npz", **plain)
    plan = {"format": "tessera.plan/1", "units": 3, "axes": {"x": {"size": COUNT}}, "tensors": [{"match": "*", "axes": ["x"]}]}
    with open(f"{folder}/plan.json", "w") as file:
        json.dump(plan, file)


def judge(tessera, *files):
    known, failures, count = dict(arrays()), [], 0
    for path in files:
        run = subprocess.run([tessera, "inspect", path, "--stats", "--json"], capture_output=True, text=True)
        if run.returncode != 0:
            failures.append(f"{path}: {run.stderr}")
            continue
        for tensor in json.loads(run.stdout)["tensors"]:
            count += 1
            failures += [f"{path}: {tensor['name']}: {what}" for what in wrong(known[tensor["name"]], tensor["stats"])]
    print(json.dumps({"tensors": count, "failures": failures}))


def number(value):
    return {"Infinity": math.inf, "-Infinity": -math.inf}.get(value, value) if not str(value).isdigit() else int(value)


def wrong(array, stats):
    is_complex, is_whole = array.dtype.kind == "c", array.dtype.kind in "iub"
    wide = array if is_complex or is_whole else array.astype(np.float64)
    expected = {"zeros": (wide == 0).sum(), "nan": np.isnan(wide).sum(), "inf": (np.isinf(wide) & ~np.isnan(wide)).sum()}
    if not is_complex:
        expected |= {"min": np.nanmin(wide), "max": np.nanmax(wide)}
    for key, value in expected.items():
        if number(stats[key]) != (int(value) if is_whole else value):
            yield f"{key}: {stats[key]}, not {value}"
    kept = wide[np.isfinite(wide)]
    if is_whole:
        numbers = [int(x) for x in kept.tolist()]
        total, squares, n = sum(numbers), sum(x * x for x in numbers), len(numbers)
        mean, variance = float(Fraction(total, n)), Fraction(n * squares - total * total, n * n)
        if stats["mean"] != mean:
            yield f"mean: {stats['mean']}, not {mean}"
        if stats["std"] != math.sqrt(float(variance)):
            yield f"std: {stats['std']}, not {math.sqrt(float(variance))}"
        magnitudes = np.array([abs(x).bit_length() - 1 for x in numbers])
    else:
        parts = [kept.real, kept.imag] if is_complex else [kept]
        means = stats["mean"] if is_complex else [stats["mean"]]
        for part, mean in zip(parts, means):
            exact = math.fsum(part.tolist()) / len(part)
            if abs(mean - exact) > math.ulp(exact):
                yield f"mean: {mean}, not {exact}"
            if abs(mean - part.astype(np.float64).mean()) > len(part) * 2.0**-53 * np.abs(part).max():
                yield f"mean: {mean}, NumPy says {part.mean()}"
        variance = sum(math.fsum(((part.astype(np.longdouble) - mean) ** 2).tolist()) for part, mean in zip(parts, means))
        deviation = math.sqrt(variance / len(kept))
        # fsum's terms are rounded once each, after a difference that was: three units, and two for quotient and root.
        if abs(stats["std"] - deviation) > 4 * math.ulp(deviation):
            yield f"std: {stats['std']}, not {deviation}"
        if abs(stats["std"] - float(kept.std())) > 1e-6 * deviation:
            yield f"std: {stats['std']}, NumPy says {kept.std()}"
        if is_complex:
            return
        magnitudes = np.frexp(np.abs(kept[kept != 0]))[1] - 1
    histogram = dict(zip(*(part.tolist() for part in np.unique(magnitudes[magnitudes >= -2000], return_counts=True))))
    histogram.pop(-1, None) if is_whole else None
    if {b["exponent"]: b["negative"] + b["positive"] for b in stats["histogram"]} != histogram:
        yield f"histogram: {stats['histogram']}, not {histogram}"


def terminal(*command):
    shown = b""
    process, descriptor = pty.fork()
    if process == 0:
        os.execvp(command[0], command)
    while True:
        try:
            part = os.read(descriptor, 65536)
        except OSError:
            break
        if not part:
            break
        shown += part
    os.waitpid(process, 0)
    print(json.dumps({"text": shown.decode().replace("\r\n", "\n")}))


{"make": make, "judge": judge, "terminal": terminal}[sys.argv[1]](*sys.argv[2:])
