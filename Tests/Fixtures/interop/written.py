"""Judges the command by checkpoints that minimal_writer.py has written from the specification alone, and prints JSON.

    python written.py TESSERA

Runs in a folder of its own. Every network is cut out of the arrays by the channel numbers below, which are written down
by hand. tessera_h5 and the command must read the same, and the command must accept the files. `failures` must be
empty.
"""

import json
import os
import subprocess
import sys

import numpy as np

import minimal_writer
import package

import check as judge

# (task, level): (units, channels on axis a, channels on axis b)
NETWORKS = {
    ("first", 1): ({0}, [0, 1, 2], [0, 2]),
    ("first", 2): ({0, 1}, [0, 1, 2, 3, 4], [0, 1, 2, 3]),
    ("second", 1): ({1}, [0, 3, 4], [0, 2]),
    ("second", 2): ({0, 1}, [0, 1, 2, 3, 4], [0, 1, 2, 3]),
}


def expected(tensors, task, level):
    """{name: (dtype, shape, data)} of a network."""
    units, a, b = NETWORKS[task, level]
    data = {x.name: x for x in tensors}
    result = {}

    def add(x, alias, *kept, change=None):
        source = data[x.tied_to] if x.tied_to else x
        bits = minimal_writer.bits_of(x.dtype)
        cells = minimal_writer.elements_of(source).reshape(*x.shape, bits)
        for dimension, numbers in enumerate(kept):
            if numbers is not None:
                cells = np.take(cells, numbers, axis=dimension)
        if change is not None:
            cells = cells * np.array(change, np.uint8).reshape(*x.shape, 1)
        packed = np.packbits(cells.reshape(-1), bitorder="little").tobytes()
        # Whole tensors keep the bits beyond their last element.
        result[alias] = (x.dtype, list(cells.shape[:-1]), packed if kept or change is not None else source.data)

    for x in tensors:
        if x.name in ("weight", "weight.again"):
            add(x, x.name, a, b)
        elif x.name == "bias":
            add(x, x.name, a)
        elif x.name == f"head.{task}":
            add(x, "head", None, a)
        elif (x.name, task, level) == ("norm.small", "second", 1):
            add(x, "norm")
        elif (x.name, task, level) == ("norm.full", "second", 2):
            # Stored: channels 0, then 3, 4 of unit 1, then 1, 2 of unit 0, two positions each.
            add(x, "norm", [0, 1, 6, 7, 8, 9, 2, 3, 4, 5])
        elif x.name.startswith("expert"):
            if {"expert.0": {0}, "expert.1": {1}, "expert.cut": {1}}.get(x.name, {0, 1}) <= units:
                add(x, x.name, *([a] if x.name == "expert.cut" else []))
        elif x.name == "packed":
            add(x, x.name, change=[owner > 0 and owner - 1 in units for owner in data["packed.owners"].data])
        elif x.name == "masked":
            add(x, x.name, change=[1, 0, 0, 1] if (task, level) == ("first", 2) else None)
        elif x.name in ("half", "nibbles"):
            add(x, x.name, b)
        elif x.name == "both":
            add(x, x.name, a + [5 + channel for channel in b], b)
        elif x.name == "nibbles.columns":
            add(x, x.name, None, [2 * channel + i for channel in b for i in range(2)])
        elif x.name in ("steps", "tiny/é", "nothing") or x.name == "scale" and task == "first":
            add(x, x.name)
    return result


def compare_reader(path, tensors):
    """tessera_h5; returns how many tensors were compared."""
    flat, data = package.flat_tensors(path), {x.name: x.data for x in tensors}
    judge.check(list(flat) == list(data), f"{path}: names")
    for x in tensors:
        judge.check(flat[x.name] == (x.dtype, list(x.shape), data[x.tied_to or x.name]), f"{path}: {x.name}")
    count = len(flat)
    for task, level in NETWORKS:
        wanted, found = expected(tensors, task, level), package.network(path, task, level)
        judge.check(list(found) == list(wanted), f"{path}: ({task}, {level}): {set(found) ^ set(wanted)}")
        for name in wanted:
            judge.check(found.get(name) == wanted[name], f"{path}: ({task}, {level}): {name}")
        count += len(wanted)
    return count


def run(tessera, *arguments):
    result = subprocess.run([tessera, *arguments], capture_output=True, text=True)
    judge.check(result.returncode == 0, f"{arguments}: {result.returncode} {result.stdout[:300]} {result.stderr}")
    return result.stdout


def compare_command(tessera, path, tensors, flat):
    """The command; returns how many networks were compared."""
    run(tessera, "validate", "--deep", path, "--rule", "non-finite=off")
    run(tessera, "inspect", path, "--digests")
    run(tessera, "convert", path, "back.safetensors")
    with open(flat, "rb") as one, open("back.safetensors", "rb") as other:
        judge.check(one.read() == other.read(), f"{path}: other flat weights")
    rows = json.loads(run(tessera, "count", path, "--json"))["policies"][0]["rows"]
    for task, level in NETWORKS:
        place, wanted = f"{path}: ({task}, {level})", expected(tensors, task, level)
        run(tessera, "extract", path, "small.safetensors", "--task", task, "--level", str(level))
        _, found = judge.parse_safetensors("small.safetensors")
        judge.check(sorted(found) == sorted(wanted), f"{place}: {set(found) ^ set(wanted)}")
        for name, (dtype, shape, data) in wanted.items():
            there = found.get(name, (None, None, b""))
            judge.check((there[0], list(there[1] or []), bytes(there[2])) == (dtype, shape, data), f"{place}: {name}")
        row = next(row for row in rows if (row["task"], row["level"]) == (task, level))
        judge.check(row["parameters"] > 0, f"{place}: nothing counted")
    return len(NETWORKS)


def main():
    tessera, numbers = sys.argv[1], {"tensors": 0, "networks": 0, "files": 0}
    arguments = minimal_writer.example(is_safetensors=True)
    tensors, data = arguments["tensors"], {x.name: x.data for x in arguments["tensors"]}
    with open("flat.safetensors", "wb") as file:
        file.write(arguments["headers"][0] + b"".join(data[x.tied_to or x.name] for x in tensors))
    for name, compressed in (("plain.h5", False), ("compressed.h5", True)):
        minimal_writer.write(name, **arguments, compressed=compressed)
    for options, name in (([], "repacked.h5"), (["-l", "CHUNK=5", "-f", "GZIP=1"], "chunked.h5")):
        judge.check(subprocess.run(["h5repack", *options, "plain.h5", name]).returncode == 0, f"h5repack {options}")
    for name in ("plain.h5", "compressed.h5", "repacked.h5", "chunked.h5"):
        numbers["tensors"] += compare_reader(name, tensors)
        numbers["networks"] += compare_command(tessera, name, tensors, "flat.safetensors")
        numbers["files"] += 1
    print(json.dumps({**numbers, "failures": judge.failures[:20]}))


if __name__ == "__main__":
    main()
