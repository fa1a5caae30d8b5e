"""Reads one network from a unit checkpoint, with only h5py and NumPy.

    python one_network.py MODEL.h5 TASK LEVEL OUT.npz

A section of the file has the blocks of all tensors that need the same units, one after another. `one_network` visits
all tensors and their blocks in this order, counts in `end` the elements of each section that it has passed, and takes
the network's blocks. It reads each section once. A part of a dimension is (unit, axis), with unit −1 for common
positions; `dims` has the part of every position.

It supports private tensors and their names, ties, experts, cuts with several axes, and units by axis. If `is_covered`
is false, the file has owner maps, masks, `feature_order`, or elements smaller than a byte. The package tessera_h5
supports these too, and checks what it reads. h5py returns BF16 as float32.
"""

import itertools
import math
import re
import sys
from collections import Counter, defaultdict
from functools import cache

import h5py
import numpy as np

# The element types that h5py returns; other elements are bytes.
NUMPY = {b"F64": "f8", b"F32": "f4", b"F16": "f2", b"BF16": "f4", b"C64": "c8", b"C128": "c16"} | {
    f"{kind}{bits}".encode(): f"{kind.lower()}{bits // 8}" for kind in "IU" for bits in (8, 16, 32, 64)}
SMALL = (b"F6_E2M3", b"F6_E3M2", b"F4", b"I4", b"U4", b"I2", b"U2")


def one_network(file, task, level):
    # The tables as lists of rows; a range of a table's rows; sections; the text at an offset; the network's row.
    t = defaultdict(list, {name: table[()].tolist() for name, table in file["tessera"].items() if name != "headers"})
    some, read = lambda table, first, count: t[table][first:first + count], cache(lambda path: file[path][()].ravel())
    text = lambda at: bytes(some("names", at + 4, int.from_bytes(some("names", at, 4), "little"))).decode()
    n = next(first + level - 1 for name, first, count in t["tasks"] if text(name) == task and 0 < level <= count)
    # The network's units on axes with their own order; whether it has a part; its scopes; its tensor names.
    own, end, got = {axis: some("units", *u) for network, axis, *u in t["axis_units"] if network == n}, Counter(), {}
    has = cache(lambda unit, axis: unit < 0 or unit in own.get(axis, some("units", *t["networks"][n][1:])))
    scopes = {-1, *(row for row, networks in enumerate(t["scopes"]) if n in some("scope_networks", *networks))}
    names = {row: name for row, first, count, name, _ in t["views"] if first <= n < first + count and name >= 0}
    for row, (name, dtype, first, rank, tied_to, scope, *experts, _) in enumerate(t["tensors"]):
        link = "tensors/" + re.sub(r"[\0-\x1f\x7f/%]", lambda c: f"%{ord(c[0]):02X}", text(name))
        dims = [[(unit, unit >= 0 and t["cut_axes"][axis + slot]) for length, unit, slot in
                 (some("segments", *t["cuts"][cut]) if cut >= 0 else [(size, -1, 0)]) for _ in range(length)]
                for size, cut, axis in some("dimensions", first, rank)]
        if tied_to < 0 and scope in scopes and all(has(unit, None) for unit in some("units", *experts)):
            got[row] = np.zeros([sum(has(*part) for part in dim) for dim in dims], NUMPY.get(dtype, "u1"))
        for block in itertools.product(*(sorted(set(dim)) for dim in dims)) if tied_to < 0 else ():
            units = sorted({unit for unit, _ in block if unit >= 0} | {*some("units", *experts)})
            group = ("common", "intra/", "inter/")[min(len(units), 2)] + "-".join(map(str, units))
            path = link if link in file else f"private/{scope}/"[:99 * (scope + 1)] + f"{group}/{dtype.decode()}"
            if row in got and all(has(*part) for part in block):
                at = [[i for i, q in enumerate(q for q in d if has(*q)) if q == part] for d, part in zip(dims, block)]
                got[row][np.ix_(*at)] = read(path)[end[path]:][:math.prod(map(len, at))].reshape([*map(len, at)])
            end[path] += math.prod(map(list.count, dims, block))
    return {text(names.get(r, x[0])): got[i] for r, x in enumerate(t["tensors"]) if (i := (r, x[4])[x[4] >= 0]) in got}


def is_covered(file):
    """Whether `one_network` supports everything that a file has."""
    t = file["tessera"]
    has_masks = "views" in t and (t["views"]["mask"] >= 0).any()
    has_others = any(t[name].size for name in ("owned", "reordered") if name in t)
    return not (has_masks or has_others or np.isin(t["tensors"]["dtype"], SMALL).any())


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit("usage: one_network.py MODEL.h5 TASK LEVEL OUT.npz")
    with h5py.File(sys.argv[1], "r") as opened:
        if not is_covered(opened):
            sys.exit(f"{sys.argv[1]} has owner maps, masks or small elements: use tessera_h5")
        try:
            network = one_network(opened, sys.argv[2], int(sys.argv[3]))
        except StopIteration:
            sys.exit(f"{sys.argv[1]} has no task {sys.argv[2]} with a level {sys.argv[3]}")
        np.savez(sys.argv[4], **network)
