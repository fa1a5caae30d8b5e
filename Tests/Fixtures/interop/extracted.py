"""Extracts every sub-network of a case and judges what comes out and what was read, and prints JSON.

    python extracted.py CASE SOURCE.safetensors MODEL.h5 TESSERA

Runs in a folder of its own. `failures` must be empty; the other numbers say how much was looked at.

- Every tensor is the slice of the source that the case's own numbers give, bit for bit, as safetensors and as npz.
- With garbage in every page that has nothing of the sub-network, the same file comes out.
- The bytes that strace sees are those that are reported, and no more data than the design allows: nothing but pages of
  the sections that it uses, each once, in ascending order, in few reads.
"""

import collections
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
import package
from check import failures


def judge(holds, sentence):
    if not holds:
        failures.append(sentence)


class Needs:
    """What a network needs of a checkpoint, and what may be read for it."""

    def __init__(self, path, task, level):
        reader = package.tessera_h5.open(path)
        index, sections, file = reader._index, package.sections(reader), reader._storage.file
        number, step = index.tasks[task][0] + level - 1, index.page_bytes
        # Bytes of the blocks before any filter; pages with such blocks; whether all units are the same on all axes.
        self.total, pages, woven = 0, set(), set()
        self.is_uniform = all(n != number for n, axis in index.axis_units)
        for active in package.active_blocks(reader, number):
            active = [block for block in active if block.size]
            # A tensor with several blocks in a section is put together from all of them at once.
            woven |= {path for path, count in collections.Counter(b.path for b in active).items() if count > 1}
            for block in active:
                self.total += block.size
                pages |= {(block.path, page) for page in range(block.offset // step, -(-(block.offset + block.size) // step))}
        # Ranges of the file: of these pages, of the other pages of their sections, and of everything else.
        self.touched, self.beside, self.others = [], [], []
        self.sections, self.chunks = [], 0
        for path, section in sections.items():
            is_used, stored = any((path, page) in pages for page in range(-(-section.size // step))), file[path]
            if is_used and stored.chunks:
                self.chunks += stored.id.get_num_chunks()
            elif is_used:
                self.sections.append((stored.id.get_offset(), stored.id.get_offset() + section.size, path in woven))
            for start, end, page in self.pieces(stored, section.size, step):
                # The chunks of a whole tensor are not pages, but all of it is read.
                has = is_used if section.kind == 0 else (path, page) in pages
                (self.touched if has else self.beside if is_used else self.others).append((start, end))
        # Private tensors and tasks with axes of their own bring tables.
        self.spare = 20 if "views" not in file["tessera"] else len(file["tessera"]) + 10
        reader.close()

    @staticmethod
    def pieces(stored, size, step):
        """Of each page or chunk: first byte, end, number."""
        if stored.chunks is None:
            address = stored.id.get_offset() or 0
            return [(address + start, address + min(start + step, size), start // step) for start in range(0, size, step)]
        chunks = [stored.id.get_chunk_info(number) for number in range(stored.id.get_num_chunks())]
        return [(c.byte_offset, c.byte_offset + c.size, c.chunk_offset[0] // stored.chunks[0]) for c in chunks]


def byte_count(ranges):
    return sum(end - start for start, end in ranges)


def run(tessera, *arguments):
    result = subprocess.run([tessera, *arguments], capture_output=True, text=True)
    judge(result.returncode == 0, f"{arguments}: {result.returncode} {result.stderr}")
    return json.loads(result.stdout) if result.stdout[:1] == "{" else {}


def traced(tessera, model, *arguments):
    """The printed JSON, and the reads of the model's file: where and how many bytes, as they began."""
    result = subprocess.run(
        ["strace", "-f", "-y", "-s", "0", "-o", "trace", "-e", "trace=read,pread64,readv,preadv,preadv2,mmap", tessera,
         "extract", model, *arguments], capture_output=True, text=True)
    judge(result.returncode == 0, f"{arguments}: {result.returncode} {result.stderr}")
    calls, name = [], os.path.realpath(model)
    # Calls of several threads may overlap; then a call's arguments and its result stand in different lines.
    waiting = {}
    with open("trace", encoding="utf-8", errors="surrogateescape") as trace:
        for line in trace:
            thread = line.split()[0]
            if "resumed>" in line and thread in waiting:
                call, place = waiting.pop(thread), re.search(r", (\d+)\) += ", line)
            elif f"<{name}>" in line:
                judge("mmap" not in line, f"mapped: {line}")
                call, place = len(calls), re.search(r", (\d+)\) += ", line)
                calls.append([None, 0])
                if "<unfinished" in line:
                    waiting[thread] = call
                    continue
            else:
                continue
            calls[call] = [int(place[1]) if place else None, max(0, int(re.search(r"= (-?\d+)", line)[1]))]
    return json.loads(result.stdout), calls


def judge_calls(place, calls, report, needs):
    """Reads of a section ascend, where no tensor has several blocks in it, and there are no more than
    their bytes and the sections ask for."""
    for start, end, is_woven in needs.sections:
        # HDF5's own structures are read in pieces of 2,048 bytes, which can begin inside a section and end behind it.
        offsets = [at for at, count in calls if at is not None and start <= at and at + count <= end]
        judge(is_woven or offsets == sorted(offsets), f"{place}: reads of {start}..<{end} at {offsets}")
        judge(offsets, f"{place}: no read of {start}..<{end}")
    # The last are for the tables, one each, and for the superblock and the groups. Chunks are read one by one, and have
    # indexes.
    limit = (report["bytes_read"] + report["index_bytes"]) / (1 << 20) + 3 * max(1, len(needs.sections)) + needs.spare
    judge(len(calls) <= limit + 3 * needs.chunks,
          f"{place}: {len(calls)} reads, not {limit:.0f}, for {len(needs.sections)} sections, {needs.chunks} chunks")


def judge_tensors(place, path, expected, source_metadata):
    header, found = check.parse_safetensors(path)
    judge(sorted(found) == sorted(expected), f"{place}: {sorted(found)} instead of {sorted(expected)}")
    for name, (dtype, shape, data) in expected.items():
        same = name in found and found[name][:2] == (dtype, shape) and bytes(found[name][2]) == data
        judge(same, f"{place}: tensor {name!r} differs")
    metadata = json.loads(header).get("__metadata__", {})
    metadata.pop("tessera.ties", None)
    # A new file has `format`, unless the source has another one.
    judge(metadata == {"format": "pt"} | source_metadata, f"{place}: metadata {metadata}")


def judge_npz(place, path, expected):
    """As NumPy reads it; names that a zip holds in another way are looked at in the safetensors file only."""
    with zipfile.ZipFile(path) as archive:
        judge(len(archive.namelist()) == len(expected), f"{place}: {len(archive.namelist())} members")
    with np.load(path) as arrays:
        for name, (dtype, shape, data) in expected.items():
            if name in arrays:
                same = arrays[name].tobytes() == data and list(arrays[name].shape)[:len(shape)] == shape
                judge(same or dtype not in package.NUMPY, f"{place}: array {name!r} differs")


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
        report, calls = traced(tessera, model, "out.safetensors", "--json", *which)
        judge_tensors(place, "out.safetensors", expected, metadata)

        total = sum(len(data) for name, (_, _, data) in expected.items() if name not in ties)
        judge(report["bytes"] == total, f"{place}: {report['bytes']} bytes, not {total}")
        judge(report["tensors"] == len(expected), f"{place}: {report['tensors']} tensors")
        seen = sum(count for _, count in calls)
        judge(seen == report["bytes_read"] + report["index_bytes"], f"{place}: strace saw {seen}, not {report}")

        needs = Needs(model, task, level)
        judge(needs.total == total, f"{place}: the blocks have {needs.total} bytes, not {total}")
        least, most = byte_count(needs.touched), byte_count(needs.touched + needs.beside)
        judge(least <= report["bytes_read"] <= most, f"{place}: {report['bytes_read']} read, not {least} to {most}")
        if needs.is_uniform:
            judge(report["bytes_read"] <= 1.02 * total, f"{place}: {report['bytes_read']} read for {total}")
        judge_calls(place, calls, report, needs)
        others = needs.beside + needs.others
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
