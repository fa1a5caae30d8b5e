"""Checks unit_checkpoint.py and one_network.py against the arrays of minimal_writer.py's example.

    python check_example.py FOLDER

Every network is cut out of the arrays by the channel numbers below, which are written down by hand. Then the file's
tables are changed, one member of one row at a time, with checksums that match again: the reader must refuse the file,
or read the same tensors.
"""

import os
import subprocess
import sys

import h5py
import numpy as np
from xxhash import xxh3_64

import minimal_writer

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "..", "samples", "python"))
import one_network  # noqa: E402
import unit_checkpoint  # noqa: E402

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
            if {"expert.0": {0}, "expert.1": {1}}.get(x.name, {0, 1}) <= units:
                add(x, x.name)
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


def check(path, tensors):
    """How many tensors were compared."""
    flat, data = unit_checkpoint.flat_tensors(path), {x.name: x.data for x in tensors}
    assert list(flat) == list(data)
    for x in tensors:
        assert flat[x.name] == (x.dtype, list(x.shape), data[x.tied_to or x.name]), x.name
    count = len(flat)
    for task, level in NETWORKS:
        wanted = expected(tensors, task, level)
        found = unit_checkpoint.virtual_network(path, task, level)
        assert list(found) == list(wanted), set(found) ^ set(wanted)
        for name in wanted:
            assert found[name] == wanted[name], (task, level, name)
        with h5py.File(path) as file:
            short = one_network.one_network(file, task, level)
        for name, (dtype, shape, data_) in wanted.items():
            # h5py makes float32 of bfloat16; elements below a byte are not for the short function.
            if dtype in unit_checkpoint.NUMPY:
                assert list(short[name].shape) == shape and short[name].tobytes() == data_, (task, level, name)
                count += 1
            elif dtype == "BF16":
                with_zeros = np.frombuffer(data_, "<u2").astype("<u4") << 16
                assert (short[name].reshape(-1).view("<u4") == with_zeros).all()
        assert set(short) == {name for name in wanted if wanted[name][0] != "I4" and wanted[name][0] != "F4"}
        count += len(wanted)
    return count


def reseal(path):
    """Makes the checksums match the tables again. Returns nothing."""
    size = os.path.getsize(path)
    with h5py.File(path) as file:
        offset = file["tessera/seal"].id.get_offset()
        left_out = sorted(
            [(int(s.row["address"]), int(s.row["address"]) + n) for s, n in reseal.sections] + [(offset, offset + 72)])
        index = xxh3_64()
        for name in unit_checkpoint.TABLES:
            data = unit_checkpoint.raw(file["tessera/" + name])
            if name != "seal":
                index.update(len(data).to_bytes(8, "little") + data)
    with open(path, "r+b") as file:
        content, rest, position = bytearray(file.read()), xxh3_64(), 0
        for start, end in [*left_out, (size, size)]:
            rest.update(bytes(content[position:start]))
            position = end
        seal = np.frombuffer(content[offset:offset + 72], unit_checkpoint.TYPES["seal"]).copy()
        seal["rest_xxh3"] = rest.intdigest()
        index.update(seal.tobytes()[:64])
        seal["index_xxh3"] = index.intdigest()
        file.seek(offset)
        file.write(seal.tobytes())


def change_members(path, changed):
    """Changes every member of every row of every table; returns how many were refused, and those that were not."""
    original = open(path, "rb").read()
    checkpoint = unit_checkpoint.Checkpoint(path)
    flat = unit_checkpoint.flat_tensors(path)
    networks = [checkpoint.network(n) for n in range(len(checkpoint.table["networks"]))]
    reseal.sections = [
        (s, checkpoint.sizes[p]) for p, s in checkpoint.sections.items() if s.row["address"] != 2**64 - 1]
    places = []
    for name in unit_checkpoint.TABLES:
        kind, table = unit_checkpoint.TYPES[name], checkpoint.table[name]
        start = checkpoint.file["tessera/" + name].id.get_offset()
        for row in range(len(table) if name not in ("plan", "source", "names", "seal") else 0):
            for member in kind.names or [None]:
                part, at = kind.fields[member][:2] if member else (kind, 0)
                places.append((name, row, member, start + row * kind.itemsize + at, part.itemsize))
    checkpoint.file.close()
    refused, alike, others = 0, [], []
    for name, row, member, at, size in places:
        for step in (1, -1):
            value = (int.from_bytes(original[at:at + size], "little") + step) % 2**(8 * size)
            with open(changed, "wb") as file:
                file.write(original[:at] + value.to_bytes(size, "little") + original[at + size:])
            reseal(changed)
            try:
                found = unit_checkpoint.flat_tensors(changed)
                reader = unit_checkpoint.Checkpoint(changed)
                same = found == flat and [reader.network(n) for n in range(len(networks))] == networks
                (alike if same else others).append((name, row, member, step))
            except ValueError:
                refused += 1
    return refused, alike, others


def main(folder):
    arguments, safetensors = minimal_writer.example(), minimal_writer.example(is_safetensors=True)
    for name, given, compressed in (
            ("plain", arguments, False), ("compressed", arguments, True), ("safetensors", safetensors, False)):
        path = os.path.join(folder, name + ".h5")
        minimal_writer.write(path, **given, compressed=compressed, empty_tables=not compressed)
        print(f"{name}: {check(path, given['tensors'])} tensors compared")
    plain, changed = os.path.join(folder, "plain.h5"), os.path.join(folder, "changed.h5")
    try:
        for options in ([], ["-l", "CHUNK=5", "-f", "GZIP=1"]):
            subprocess.run(["h5repack", *options, plain, changed], check=True, capture_output=True)
            print(f"h5repack {options}: {check(changed, arguments['tensors'])} tensors compared")
    except FileNotFoundError:
        print("h5repack is not there")
    # Every byte of the file counts.
    original, unseen = open(plain, "rb").read(), 0
    for at in range(0, len(original), 7):
        with open(changed, "wb") as file:
            file.write(original[:at] + bytes([original[at] ^ 1]) + original[at + 1:])
        try:
            unit_checkpoint.flat_tensors(changed)
            unseen += 1
        except (ValueError, OSError, KeyError, RuntimeError):
            pass
    print(f"bits changed: {len(range(0, len(original), 7))}, not refused: {unseen}")
    refused, alike, others = change_members(plain, changed)
    print(f"members changed: {refused} refused, {len(alike)} without effect, {len(others)} with another meaning")
    for title, items in (("without effect", alike), ("another meaning", others)):
        for item in sorted({(name, member) for name, _, member, _ in items}, key=str):
            print(f"  {title}: {item[0]}.{item[1]}", sum((i[0], i[2]) == item for i in items))


if __name__ == "__main__":
    main(sys.argv[1])
