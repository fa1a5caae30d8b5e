"""Judges one unit checkpoint by the written specification alone, and prints what it found as JSON.

    python check.py CASE SOURCE.safetensors MODEL.h5 [repacked]

`failures` must be empty; the other numbers say how much was looked at, so that a check that looked at nothing shows.
`compressed` counts the datasets in chunks, of which `gaps` counts the places where a block does not follow another.
After h5repack (`repacked`) addresses and the bytes between the tensors are others, and are not checked.
"""

import hashlib
import json
import os
import struct
import sys

import h5py
import numpy as np
import xxhash

import cases

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "..", "samples", "python"))
import one_network  # noqa: E402
import unit_checkpoint  # noqa: E402

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
    found = unit_checkpoint.flat_tensors(path)
    # Tensors without bytes share their place, and JSON's order decides between them.
    check(sorted(found) == sorted(source), "the names differ")
    check([n for n in found if len(source[n][2])] == [n for n in source if len(source[n][2])], "the order differs")
    for name, (dtype, shape, data) in source.items():
        check(found[name] == (dtype, shape, bytes(data)), f"tensor {name!r} differs")
    return found


def check_digests(source, header, path, is_repacked):
    """Everything in the seal and the tables that is a digest, by the recipes of the specification."""
    with h5py.File(path, "r") as file:
        t = file["tessera"]
        tables = ["names", "tensors", "dimensions", "cuts", "parts", "segments", "datasets", "blocks", "coordinates",
                  "plan", "source"]
        table_bytes = [unit_checkpoint.raw(t[name]).tobytes() for name in tables]
        headers = t["headers"] if "headers" in t else {}
        check(list(headers) == ["0"], "there is not one header")
        stored = [unit_checkpoint.raw(headers[str(n)]).tobytes() for n in range(len(headers))]
        check(stored == [struct.pack("<Q", len(header)) + header], "the header differs")
        seal = t["seal"][()]
        index = xxhash.xxh3_64()
        for content in table_bytes + stored:
            index.update(struct.pack("<Q", len(content)) + content)
        index.update(unit_checkpoint.raw(t["seal"]).tobytes()[:-8])
        check(index.intdigest() == seal["index_xxh3"], "index_xxh3 differs")

        rows = {name: t[name][()] for name in ("tensors", "datasets", "blocks")}
        reader = unit_checkpoint.Checkpoint(path)
        model = []
        for row in rows["tensors"]:
            name = reader.tensor_name(row)
            digest = hashlib.sha256(source[name][2]).digest()
            check(bytes(row["sha256"]) == digest, f"the digest of {name!r} differs")
            model.append((name.encode(), row["dtype"], ",".join(map(str, source[name][1])).encode(), digest))
        total = hashlib.sha256()
        for name, dtype, shape, digest in sorted(model):
            total.update(struct.pack("<Q", len(name)) + name + dtype + shape + digest)
        check(bytes(seal["model_sha256"]) == total.digest(), "model_sha256 differs")

        blocks, compressed, gaps = 0, 0, 0
        for row in rows["tensors"]:
            for dataset, stored_dataset in reader.datasets(row):
                data = unit_checkpoint.raw(stored_dataset).tobytes()
                check(len(data) == dataset["bytes"], f"{stored_dataset.name} has {len(data)} bytes")
                if not is_repacked:
                    offset = stored_dataset.id.get_offset()
                    address = None if dataset["address"] == 2**64 - 1 else int(dataset["address"])
                    check(offset == address, f"{stored_dataset.name} lies at {offset}, not {address}")
                    check((stored_dataset.chunks is None) == bool(dataset["contiguous"]), f"{stored_dataset.name}: chunks")
                    check(address is None or address % 64 == 0 or len(data) < 64,
                          f"{stored_dataset.name} is not aligned: {address}")
                chunk = 1
                if not dataset["contiguous"] and not is_repacked:
                    compressed += 1
                    chunk = check_chunks(stored_dataset, dataset)
                end = 0
                for block in rows["blocks"][int(dataset["first_block"]):][:int(dataset["block_count"])]:
                    if dataset["contiguous"] or not is_repacked:
                        start = -(-end // chunk) * chunk
                        gaps += start > end
                        check(block["offset"] == start, f"a block of {stored_dataset.name} is not where it should be")
                        check(not any(data[end:start]), f"{stored_dataset.name}: a gap has other bytes than zeros")
                    end = int(block["offset"] + block["bytes"])
                    piece = data[int(block["offset"]):end]
                    check(xxhash.xxh3_64_intdigest(piece) == block["xxh3"], f"a block of {stored_dataset.name} differs")
                    blocks += 1
                check(end == len(data), f"the blocks of {stored_dataset.name} do not fill it")
        check(blocks == len(rows["blocks"]), "not every block belongs to a tensor")

        if not is_repacked:
            check(seal["file_end"] == os.path.getsize(path), "file_end is not the file's length")
            left_out = [(int(d["address"]), int(d["address"] + d["bytes"]))
                        for d in rows["datasets"] if d["bytes"] and d["contiguous"]]
            left_out.append((t["seal"].id.get_offset(), t["seal"].id.get_offset() + 56))
            rest, position = xxhash.xxh3_64(), 0
            with open(path, "rb") as raw:
                for start, end in sorted(left_out):
                    raw.seek(position)
                    rest.update(raw.read(start - position))
                    position = end
                raw.seek(position)
                rest.update(raw.read())
            check(rest.intdigest() == seal["rest_xxh3"], "rest_xxh3 differs")

        found = []
        file.visititems(lambda name, item: found.append(name) if isinstance(item, h5py.Dataset) else None)
        expected = len(rows["datasets"]) + len(tables) + len(stored) + 1
        check(len(found) == expected, f"{len(found)} datasets, not {expected}")
        return {"datasets": len(found), "blocks": blocks, "compressed": compressed, "gaps": gaps}


def check_chunks(stored, row):
    """The rules for compressed datasets; returns the bytes after which a block begins, 1 for a whole tensor."""
    name, size, shape, chunk = stored.name, stored.id.get_type().get_size(), stored.shape, stored.chunks
    chunk_bytes = int(np.prod(chunk)) * size
    pipeline = stored.id.get_create_plist()
    filters = [pipeline.get_filter(number)[0] for number in range(pipeline.get_nfilters())]
    wanted = [h5py.h5z.FILTER_SHUFFLE] * (size > 1) + [h5py.h5z.FILTER_DEFLATE]
    check(filters == wanted, f"{name}: filters {filters}")
    infos = [stored.id.get_chunk_info(number) for number in range(stored.id.get_num_chunks())]
    check(len(infos) == np.prod([-(-s // c) for s, c in zip(shape, chunk)]), f"{name}: {len(infos)} chunks")
    check(all(info.filter_mask == 0 for info in infos), f"{name}: a filter was left out")
    check(chunk_bytes <= 256 << 10, f"{name}: chunks of {chunk_bytes} bytes")
    check(row["bytes"] >= 16 << 10, f"{name}: {row['bytes']} bytes are compressed")
    first = next((d for d, c in enumerate(chunk) if c > 1), len(chunk) - 1)
    check(chunk[first + 1:] == shape[first + 1:], f"{name}: chunks of {chunk} are no runs of {shape}")
    return chunk_bytes if row["owner"] >= -1 else 1


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
        found = unit_checkpoint.virtual_network(path, task, level)
        expected = slices(case, source, task, level)
        check(sorted(found) == sorted(expected), f"{place}: {sorted(found)} instead of {sorted(expected)}")
        for name in expected:
            check(found.get(name) == expected[name], f"{place}: tensor {name!r} differs")
        smaller += sum(len(e[2]) for e in expected.values()) < sum(len(t[2]) for t in source.values())
    return len(networks), smaller


def check_one_network(case, source, path):
    """The ten-line sample, where it covers a case: no tensor that is private, tied or smaller than a byte."""
    asked = {"minilm": ("cluster", 2, [0, 2, 3]), "cubes": ("t", 2, [0, 2])}.get(case)
    if asked is None:
        return 0
    task, level, units = asked
    with h5py.File(path, "r") as file:
        found = one_network.virtual_network(file, units)
    check(sorted(found) == sorted(source), "the short sample: the names differ")
    for name in source:
        shape, data = positions_of(source, name, cases.EXPECTED[case][0](task, level, name, source[name][1]))
        check(list(found[name].shape) == shape and found[name].tobytes() == data, f"the short sample: {name!r} differs")
    return 1


def main():
    case, source_path, path = sys.argv[1:4]
    is_repacked = sys.argv[4:] == ["repacked"]
    header, source = parse_safetensors(source_path)
    check_tensors(source, path)
    counts = check_digests(source, header, path, is_repacked)
    result = {"tensors": len(source), **counts, "networks": 0, "smaller": 0, "short": 0}
    if not is_repacked:
        size, limit = os.path.getsize(path), os.path.getsize(source_path) * 1.01 + 1024 * counts["datasets"]
        # Of a compressed dataset the index of its chunks takes as much again as its header, and more.
        limit += 3072 * counts["compressed"]
        check(size <= limit, f"{size} bytes are more than {limit:.0f}")
        result["networks"], result["smaller"] = check_networks(case, source, path)
        result["short"] = check_one_network(case, source, path)
    result["failures"] = failures[:20]
    print(json.dumps(result))


if __name__ == "__main__":
    main()
