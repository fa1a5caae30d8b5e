"""Unites the elements of two virtual networks one by one, and counts what is not zero, from a plan and weights alone.

    python union.py PLAN.json SOURCE.safetensors TASK:LEVEL TASK:LEVEL

Prints {"together", "separate", "nonzero": [of each network], "tensors"}. A mask of True and False per tensor and network
is made, and masks are joined: nothing here is shared with the program.
"""

import json
import struct
import sys

import numpy as np

from counts import Cut, networks, selects, specs_of, users


def mask(cut, entry, shape, network):
    active = np.full(shape, True)
    units, own = set(network[2]), network[3]
    if not units >= set((entry or {}).get("units", [])):
        return ~active
    for place, (dimension, extent) in enumerate(zip((entry or {}).get("axes") or [None] * len(shape), shape)):
        along = [1] * len(shape)
        along[place] = extent
        use = [owner == -1 or owner in own.get(axis, units)
               for owners, axis in cut.dimension(dimension, extent) for owner in owners]
        active = active & np.array(use, bool).reshape(along)
    return active


def main(plan_path, source, *wanted):
    plan = json.load(open(plan_path))
    specs, _ = specs_of(source, plan)
    with open(source, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        data = file.read()
    cut, entries = Cut(plan), {}
    for name, (_, shape) in specs.items():
        entries[name] = next((e for e in plan.get("tensors", []) if selects(e, name)), None)
        for dimension, extent in zip((entries[name] or {}).get("axes", []), shape):
            cut.learn(dimension, extent)
    chosen = [next(n for n in networks(plan) if f"{n[0]}:{n[1]}" == text) for text in wanted]
    together, separate, nonzero = 0, 0, [0] * len(chosen)
    for name, (dtype, shape) in specs.items():
        scope = set(users(plan, name))
        start, end = header[name]["data_offsets"]
        values = np.frombuffer(data[start:end], {"F32": "<f4", "I64": "<i8"}[dtype]).reshape(shape)
        union = np.full(shape, False)
        for place, network in enumerate(chosen):
            if scope and not scope & {(network[0], 0), network[:2]}:
                continue
            used = mask(cut, entries[name], shape, network)
            union = union | used
            separate += int(used.sum())
            nonzero[place] += int((used & (values != 0)).sum())
        together += int(union.sum())
    print(json.dumps({"together": together, "separate": separate, "nonzero": nonzero, "tensors": len(specs)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
