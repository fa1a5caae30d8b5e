"""Makes one input of the benchmark: `python inputs.py KIND PATH [--quick]`.

Each input is made in its own process. The kernel starts a child's peak memory at that of the process that spawned it,
so the measuring process must stay small, and NumPy with a gigabyte of numbers is not.
"""

import json
import sys
from pathlib import Path

import numpy as np

SIZES = {"F32": 4, "BF16": 2, "I64": 8}
"""Bytes of an element."""

UNITS = 4
"""Every cut of the benchmark has this many units."""


def header(tensors, dtype="F32"):
    """The length and JSON of a safetensors file with `tensors` (name, shape) of one dtype, and the size of its body."""
    entries, position = {}, 0
    for name, shape in tensors:
        size = SIZES[dtype] * int(np.prod(shape, dtype=np.int64))
        entries[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [position, position + size]}
        position += size
    text = json.dumps(entries, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text, position


def weights(tensors, path, dtype="F32", changed=lambda numbers, generator: numbers):
    """A safetensors file with small normal numbers, like trained weights; `changed` converts them."""
    head, _ = header(tensors, dtype)
    generator = np.random.default_rng(7)
    with open(path, "wb") as file:
        file.write(head)
        for _, shape in tensors:
            # In slices, so that a tensor of a gigabyte does not take a gigabyte of memory.
            left = int(np.prod(shape, dtype=np.int64))
            while left > 0:
                count = min(left, 1 << 22)
                numbers = generator.standard_normal(count, dtype=np.float32) * np.float32(0.02)
                file.write(changed(numbers, generator))
                left -= count


def square(count, size):
    """`count` matrices with both dimensions on one axis of `size` channels."""
    return [(f"layer{index}.weight", (size, size)) for index in range(count)]


def plan(path, size):
    """Writes a plan into the folder of `path`: both dimensions of every matrix are on one axis."""
    entry = {"match": "*", "axes": ["channels", "channels"]}
    text = {"format": "tessera.plan/1", "units": UNITS, "axes": {"channels": {"size": size}}, "tensors": [entry]}
    Path(f"{path}.plan.json").write_text(json.dumps(text))


def layers(path, quick):
    """64 layers of 2048 × 2048: 1.07 GB."""
    count, size = (4, 512) if quick else (64, 2048)
    weights(square(count, size), path)
    plan(path, size)


def small(path, quick):
    """4,000 tensors of 64 × 64: 64 MB."""
    weights(square(200 if quick else 4000, 64), path)
    plan(path, 64)


def single(path, quick):
    """One tensor of 16384 × 16384: 1.07 GB."""
    size = 1024 if quick else 16384
    weights(square(1, size), path)
    plan(path, size)


def deflated(path, quick):
    """An npz with deflated members: 16 layers of 2048 × 2048, 268 MB."""
    count, size = (2, 256) if quick else (16, 2048)
    generator = np.random.default_rng(7)
    matrices = {
        name: generator.standard_normal(shape, dtype=np.float32) * np.float32(0.02)
        for name, shape in square(count, size)
    }
    np.savez_compressed(path, **matrices)
    plan(path, size)


def sparse(path, quick):
    """A sparse safetensors file of 10 GB: its whole body is a hole."""
    tensors = square(600, 2048)
    head, body = header(tensors)
    with open(path, "wb") as file:
        file.write(head)
        file.truncate(len(head) + body)


def many(path, quick):
    """10,000 tensors of 8 × 8."""
    weights(square(100 if quick else 10_000, 8), path)
    plan(path, 8)


def compressible(dtype, changed):
    """An input for compression: 8 layers of 2048 × 2048."""
    def make(path, quick):
        count, size = (2, 512) if quick else (8, 2048)
        weights(square(count, size), path, dtype, changed)
        plan(path, size)

    return make


def rounded(numbers):
    """The bits of the nearest bf16; halfway cases are rounded away from zero."""
    return ((numbers.view(np.uint32) + np.uint32(0x8000)) >> 16).astype(np.uint16)


COMPRESSIBLE = {
    "normal": ("F32", lambda numbers, _: numbers),
    "bfloat": ("BF16", lambda numbers, _: rounded(numbers)),
    "pruned": ("F32", lambda numbers, generator: np.where(generator.random(numbers.size) < 0.9, np.float32(0), numbers)),
    "upcast_bfloat": ("F32", lambda numbers, _: rounded(numbers).astype(np.uint32) << 16),
    "upcast_half": ("F32", lambda numbers, _: numbers.astype(np.float16).astype(np.float32)),
    "zeros": ("F32", lambda numbers, _: np.zeros_like(numbers)),
    "range": ("I64", lambda numbers, _: np.arange(numbers.size, dtype=np.int64)),
}

def grid(path, count, size, units, tasks):
    """`count` matrices with rows on one axis and columns on another, and a plan of `units` and tasks `t0`, `t1`, …."""
    if not Path(path).exists():
        weights(square(count, size), path)
    axes = {"rows": {"size": size}, "columns": {"size": size}}
    text = {
        "format": "tessera.plan/1", "units": units, "axes": axes,
        "tensors": [{"match": "*", "axes": ["rows", "columns"]}], "tasks": [{"name": f"t{task}"} for task in range(tasks)],
    }
    Path(f"{path}.{units}.json").write_text(json.dumps(text))


KINDS = {kind.__name__: kind for kind in (layers, small, single, deflated, sparse, many)} | {
    name: compressible(*how) for name, how in COMPRESSIBLE.items()}

if __name__ == "__main__":
    if sys.argv[1] == "grid":
        grid(sys.argv[2], *map(int, sys.argv[3:]))
    else:
        KINDS[sys.argv[1]](sys.argv[2], "--quick" in sys.argv[3:])
