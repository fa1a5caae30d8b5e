"""Judges one unit checkpoint by the written specification alone, and prints what it found as JSON.

    python check.py CASE SOURCE.safetensors MODEL.h5 [repacked]

`failures` must be empty; the other numbers say how much was looked at, so that a check that looked at nothing shows.
`compressed` counts the sections in chunks, `short` the networks that one_network.py made, too. tessera_h5 checks all
checksums. After h5repack (`repacked`) addresses are others, and are not checked.
"""

import hashlib
import json
import os
import struct
import sys

import h5py
import numpy as np

import cases
import package

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "..", "samples", "python"))
import one_network  # noqa: E402

failures = []


def check(holds, sentence):
    if not holds:
        failures.append(sentence)


def parse_safetensors(path):
    """(header bytes after the length, {name: (dtype, shape, data)} in the order of the body)."""
    with open(path, "rb") as file:
        content = file.read()
    (length,) = struct.unpack("<Q", content[:8])
    header, body = content[8:8 + length], memoryview(content)[8 + length:]
    tensors = json.loads(header)
    tensors.pop("__metadata__", None)
    order = sorted(tensors, key=lambda name: tensors[name]["data_offsets"])
    return header, {
        name: (t["dtype"], t["shape"], body[t["data_offsets"][0]:t["data_offsets"][1]])
        for name in order for t in [tensors[name]]}


def check_tensors(source, path):
    found = package.flat_tensors(path)
    # Tensors without bytes share their place, and JSON's order decides between them.
    check(sorted(found) == sorted(source), "the names differ")
    check([n for n in found if len(source[n][2])] == [n for n in source if len(source[n][2])], "the order differs")
    for name, (dtype, shape, data) in source.items():
        check(found[name] == (dtype, shape, bytes(data)), f"tensor {name!r} differs")
    return found


def check_file(source, header, path, is_repacked):
    """Everything of the file that `flat_tensors` has not looked at: what belongs to this source, and the layout's own
    rules for writers."""
    with package.tessera_h5.open(path) as reader:
        file, sections = reader._storage.file, package.sections(reader)
        headers = file["tessera/headers"]
        check(list(headers) == ["0"], "there is not one header")
        stored = package.raw(headers["0"])
        check(stored == struct.pack("<Q", len(header)) + header, "the header differs")
        for name, tensor in reader.tensors.items():
            check(tensor.sha256 == hashlib.sha256(source[name][2]).hexdigest(), f"the digest of {name!r} differs")
        check(reader._index.is_as_written != is_repacked, "file_end is not the file's length")

        compressed, last = 0, 0
        for place, section in sections.items():
            dataset, size = file[place], section.size
            address = dataset.id.get_offset()
            if is_repacked or not size:
                continue
            if dataset.chunks is not None:
                compressed += 1
                check_chunks(dataset, size, reader)
                continue
            check(address % 64 == 0 or size < 64, f"/{place} is not aligned: {address}")
            # What this writer does: sections lie in the order of their table.
            check(address >= last or size < 64, f"/{place} lies before the section before it")
            last = address if size >= 64 else last

        found = []
        file.visititems(lambda name, item: found.append(name) if isinstance(item, h5py.Dataset) else None)
        tables = [name for name in package.TABLES if len(reader._index.table[name])]
        check(len(found) == len(sections) + len(tables) + 1, f"other datasets: {len(found)}")
        check(all(len(table.shape) == 0 or table.size for name, table in file["tessera"].items() if name != "headers"),
              "a table without rows is there")
        return {"datasets": len(found), "sections": len(sections), "blocks": reader._placement.blocks, "compressed": compressed}


def check_chunks(dataset, byte_count, reader):
    """The rules for compressed sections."""
    name, size, shape, chunk = dataset.name, dataset.id.get_type().get_size(), dataset.shape, dataset.chunks
    chunk_bytes, page_bytes = int(np.prod(chunk)) * size, reader._index.page_bytes
    pipeline = dataset.id.get_create_plist()
    filters = [pipeline.get_filter(number)[0] for number in range(pipeline.get_nfilters())]
    wanted = [h5py.h5z.FILTER_SHUFFLE] * (size > 1) + [h5py.h5z.FILTER_DEFLATE]
    check(filters == wanted, f"{name}: filters {filters}")
    infos = [dataset.id.get_chunk_info(number) for number in range(dataset.id.get_num_chunks())]
    check(len(infos) == np.prod([-(-s // c) for s, c in zip(shape, chunk)]), f"{name}: {len(infos)} chunks")
    check(all(info.filter_mask == 0 for info in infos), f"{name}: a filter was left out")
    check(byte_count >= 16 << 10, f"{name}: {byte_count} bytes are compressed")
    if name.startswith("/tensors/"):
        check(chunk_bytes <= 256 << 10, f"{name}: chunks of {chunk_bytes} bytes")
        first = next((d for d, c in enumerate(chunk) if c > 1), len(chunk) - 1)
        check(chunk[first + 1:] == shape[first + 1:], f"{name}: chunks of {chunk} are no runs of {shape}")
    else:
        check(chunk_bytes == min(page_bytes, byte_count), f"{name}: chunks of {chunk_bytes} bytes, pages of {page_bytes}")


def positions_of(source, name, kept):
    """The source's elements at some positions, as the bytes of a dense tensor, with its shape."""
    dtype, shape, data = source[name]
    kept = [range(size) if k is None else k for size, k in zip(shape, kept)]
    new_shape = [len(k) for k in kept]
    if 0 in new_shape or not any(len(k) < size for k, size in zip(kept, shape)):
        return new_shape, b"" if 0 in new_shape else bytes(data)
    bits = cases.BITS[dtype]
    cells = np.frombuffer(data, np.uint8)
    cells = cells if bits % 8 == 0 else np.unpackbits(cells, bitorder="little")
    cells = cells.reshape(*shape, bits // 8 if bits % 8 == 0 else bits)
    for dimension, k in enumerate(kept):
        if len(k) < shape[dimension]:
            cells = np.take(cells, k, axis=dimension)
    return new_shape, (cells if bits % 8 == 0 else np.packbits(cells.reshape(-1), bitorder="little")).tobytes()


def slices(case, source, task, level):
    """What a sub-network must be: {name there: (dtype, shape, data)}, cut out of the source."""
    expected = {}
    for name, (dtype, shape, data) in source.items():
        kept = cases.EXPECTED[case][0](task, level, name, shape)
        if kept is None:
            continue
        alias = name
        if kept and isinstance(kept[0], str):
            alias, kept = kept[0], kept[1:]
        expected[alias] = (dtype, *positions_of(source, name, kept))
    return expected


def check_networks(case, source, path):
    """The sub-networks of a case against slices of the source; returns how many were smaller than the whole."""
    networks = cases.EXPECTED[case][1]
    smaller = 0
    for task, level in networks:
        place = f"({task}, {level})"
        found = package.network(path, task, level)
        expected = slices(case, source, task, level)
        check(sorted(found) == sorted(expected), f"{place}: {sorted(found)} instead of {sorted(expected)}")
        for name in expected:
            check(found.get(name) == expected[name], f"{place}: tensor {name!r} differs")
        smaller += sum(len(e[2]) for e in expected.values()) < sum(len(t[2]) for t in source.values())
    return len(networks), smaller


def check_one_network(case, source, path):
    """The short sample, where it covers a case; returns how many networks it made."""
    count = 0
    with h5py.File(path, "r") as file:
        # It keeps the part of every position in memory.
        if case == "wide" or not one_network.is_covered(file):
            return 0
        for task, level in cases.EXPECTED[case][1]:
            found, expected = one_network.one_network(file, task, level), slices(case, source, task, level)
            check(list(found) == [name for name in expected], f"the short sample: {sorted(found)}")
            for name, (dtype, shape, data) in expected.items():
                there = found.get(name)
                same = there is not None and list(there.shape) == shape and there.tobytes() == data
                if dtype == "BF16" and there is not None:
                    # HDF5 makes float32 of it, and another NaN of a NaN.
                    wide = (np.frombuffer(data, "<u2").astype("<u4") << 16).view("<f4").reshape(shape)
                    same = np.array_equal(there, wide, equal_nan=True)
                check(same, f"the short sample: {name!r} differs in ({task}, {level})")
            count += 1
    return count


def main():
    case, source_path, path = sys.argv[1:4]
    is_repacked = sys.argv[4:] == ["repacked"]
    header, source = parse_safetensors(source_path)
    try:
        check_tensors(source, path)
        counts = check_file(source, header, path, is_repacked)
    except (ValueError, OSError, KeyError, RuntimeError) as error:
        print(json.dumps({"failures": [*failures, str(error)]}))
        return
    result = {"tensors": len(source), **counts, "networks": 0, "smaller": 0, "short": 0}
    if not is_repacked:
        # A tensor has rows and a name, a dataset has its HDF5 header, and each of some is aligned.
        size, limit = os.path.getsize(path), os.path.getsize(source_path) * 1.002 + 256 * len(source) + 704 * counts["datasets"]
        # An index of chunks takes a node of 2 kB for each of them, and more.
        limit += 4096 + 8192 * counts["compressed"]
        check(size <= limit, f"{size} bytes are more than {limit:.0f}")
        result["networks"], result["smaller"] = check_networks(case, source, path)
        result["short"] = check_one_network(case, source, path)
    result["failures"] = failures[:20]
    print(json.dumps(result))


if __name__ == "__main__":
    main()
