"""Extracts every sub-network of a case and judges what comes out and what was read, and prints JSON.

    python extracted.py CASE SOURCE.safetensors MODEL.h5 TESSERA

Runs in a folder of its own. `failures` must be empty; the other numbers say how much was looked at.

- Every tensor is the slice of the source that the case's own numbers give, bit for bit, as safetensors and as npz.
- With garbage in every byte of data that the sub-network does not need, the same file comes out.
- The bytes that strace sees are those that are reported, and no more data than the design allows.
"""

import json
import os
import random
import re
import subprocess
import sys
import zipfile

import numpy as np

import cases
import check
import unit_checkpoint
from check import failures


def judge(holds, sentence):
    if not holds:
        failures.append(sentence)


def ranges(stored, dataset, block):
    """Where the bytes of a block are in the file: one range, or one for each of its chunks."""
    if dataset["contiguous"]:
        start = int(dataset["address"]) + int(block["offset"])
        return [(start, start + int(block["bytes"]))]
    found, size = [], stored.id.get_type().get_size()
    first, last = int(block["offset"]) // size, int(block["offset"] + block["bytes"]) // size
    for number in range(stored.id.get_num_chunks()):
        chunk = stored.id.get_chunk_info(number)
        if len(stored.shape) > 1 or first <= chunk.chunk_offset[0] < last:
            found.append((chunk.byte_offset, chunk.byte_offset + chunk.size))
    return found


def needed_and_not(path, task, level):
    """Byte ranges of the file with data that a sub-network needs, and with data that it does not; bytes of the former
    before any filter."""
    reader = unit_checkpoint.Checkpoint(path)
    entry = next(entry for entry in reader.plan["tasks"] if entry["name"] == task)
    units, own = unit_checkpoint.active_units(entry, reader.axes_used, level)
    needed, others, total = [], [], 0
    rows = reader.table["tensors"]
    scopes = unit_checkpoint.scopes(reader)
    for number, (row, private) in enumerate(zip(rows, scopes)):
        is_seen = not private or any(user == task and at in (None, level) for user, at, _ in private)
        dimensions = reader.rows("dimensions", row["first_dimension"], row["rank"])
        parts = [reader.cut(cut)[0] for cut in dimensions["cut"] if cut >= 0]
        for dataset, stored in reader.datasets(row):
            for block in reader.rows("blocks", dataset["first_block"], dataset["block_count"]):
                coordinates = [
                    int(c) for c in reader.rows("coordinates", block["first_coordinate"], block["coordinate_count"])]
                if dataset["owner"] <= -2:
                    is_active = all(unit in units for unit in coordinates)
                else:
                    owners = [parts[place][part] for place, part in enumerate(coordinates)]
                    is_active = all(
                        owner is None or owner[0] in own.get(owner[1], units) for owner in owners)
                (needed if is_seen and is_active else others).extend(ranges(stored, dataset, block))
                total += int(block["bytes"]) if is_seen and is_active else 0
    reader.file.close()
    return needed, others, total


def run(tessera, *arguments):
    result = subprocess.run([tessera, *arguments], capture_output=True, text=True)
    judge(result.returncode == 0, f"{arguments}: {result.returncode} {result.stderr}")
    return json.loads(result.stdout) if result.stdout[:1] == "{" else {}


def traced(tessera, model, *arguments):
    """The printed JSON, and how many bytes came from the model's file."""
    result = subprocess.run(
        ["strace", "-f", "-y", "-s", "0", "-o", "trace", "-e", "trace=read,pread64,readv,preadv,preadv2,mmap", tessera,
         "extract", model, *arguments], capture_output=True, text=True)
    judge(result.returncode == 0, f"{arguments}: {result.returncode} {result.stderr}")
    total, name = 0, os.path.realpath(model)
    # Calls of several threads may overlap; then a call's result stands in a later line of the same thread.
    waiting = set()
    with open("trace", encoding="utf-8", errors="surrogateescape") as trace:
        for line in trace:
            thread = line.split()[0]
            is_rest = "resumed>" in line and thread in waiting
            if f"<{name}>" not in line and not is_rest:
                continue
            judge("mmap" not in line, f"mapped: {line}")
            waiting.discard(thread)
            if "<unfinished" in line:
                waiting.add(thread)
            else:
                total += max(0, int(re.search(r"= (-?\d+)", line)[1]))
    return json.loads(result.stdout), total


def judge_tensors(place, path, expected, source_metadata):
    header, found = check.parse_safetensors(path)
    judge(sorted(found) == sorted(expected), f"{place}: {sorted(found)} instead of {sorted(expected)}")
    for name, (dtype, shape, data) in expected.items():
        same = name in found and found[name][:2] == (dtype, shape) and bytes(found[name][2]) == data
        judge(same, f"{place}: tensor {name!r} differs")
    metadata = json.loads(header).get("__metadata__", {})
    metadata.pop("tessera.ties", None)
    judge(metadata == source_metadata, f"{place}: metadata {metadata}")


def judge_npz(place, path, expected):
    """As NumPy reads it; names that a zip holds in another way are looked at in the safetensors file only."""
    with zipfile.ZipFile(path) as archive:
        judge(len(archive.namelist()) == len(expected), f"{place}: {len(archive.namelist())} members")
    with np.load(path) as arrays:
        for name, (dtype, shape, data) in expected.items():
            if name in arrays:
                same = arrays[name].tobytes() == data and list(arrays[name].shape)[:len(shape)] == shape
                judge(same or dtype not in unit_checkpoint.NUMPY, f"{place}: array {name!r} differs")


def main():
    case, source_path, model, tessera = sys.argv[1:5]
    header, source = check.parse_safetensors(source_path)
    metadata = json.loads(header).get("__metadata__", {})
    ties = json.loads(metadata.pop("tessera.ties", "{}"))
    networks = cases.EXPECTED[case][1]
    if case == "fashion":
        networks = [(task, level) for task in cases.FASHION_ORDERS for level in (1, 2, 3, 4)]
    with open(model, "rb") as file:
        content = file.read()
    numbers = {"networks": 0, "garbage": 0, "data": 0, "tied": 0}
    for task, level in networks:
        place = f"({task}, {level})"
        which = ["--task", task, "--level", str(level)]
        expected = check.slices(case, source, task, level)
        report, seen = traced(tessera, model, "out.safetensors", "--json", *which)
        judge_tensors(place, "out.safetensors", expected, metadata)

        total = sum(len(data) for name, (_, _, data) in expected.items() if name not in ties)
        judge(report["bytes"] == total, f"{place}: {report['bytes']} bytes, not {total}")
        judge(report["tensors"] == len(expected), f"{place}: {report['tensors']} tensors")
        judge(seen == report["bytes_read"] + report["index_bytes"], f"{place}: strace saw {seen}, not {report}")
        judge(report["bytes_read"] <= 1.02 * total, f"{place}: {report['bytes_read']} read for {total}")

        needed, others, logical = needed_and_not(model, task, level)
        judge(logical == total, f"{place}: the index disagrees about {total}")
        stored = sum(end - start for start, end in needed)
        judge(report["bytes_read"] == stored, f"{place}: {report['bytes_read']} read of {stored}")
        damaged, noise = bytearray(content), random.Random(place)
        for start, end in others:
            # Every byte becomes another one.
            damaged[start:end] = bytes(
                b ^ (r or 0x55) for b, r in zip(content[start:end], noise.randbytes(end - start)))
        with open("damaged.h5", "wb") as file:
            file.write(damaged)
        run(tessera, "extract", "damaged.h5", "again.safetensors", *which)
        with open("out.safetensors", "rb") as one, open("again.safetensors", "rb") as other:
            judge(one.read() == other.read(), f"{place}: another file where other blocks are damaged")

        # One case has names and a rank that npz cannot hold.
        if case != "dtypes":
            run(tessera, "extract", model, "out.npz", "--opaque", *which)
            judge_npz(place, "out.npz", expected)
        numbers["networks"] += 1
        numbers["garbage"] += sum(end - start for start, end in others)
        numbers["data"] += total
        numbers["tied"] += sum(name in expected for name in ties)
    print(json.dumps({**numbers, "failures": failures[:20]}))


if __name__ == "__main__":
    main()
