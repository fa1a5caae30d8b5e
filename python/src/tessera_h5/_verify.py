"""Checks of every byte of a file: pages, digests, headers, and everything outside the tensors."""

from __future__ import annotations

import hashlib
import re
import struct
from typing import TYPE_CHECKING, Any

from h5py import h5t
from xxhash import xxh3_64

from ._errors import DamagedFile, need
from ._storage import Bytes, whole

if TYPE_CHECKING:
    from ._checkpoint import Checkpoint

BATCH = 1 << 20


def verify(checkpoint: Checkpoint) -> None:
    index, total = checkpoint._index, hashlib.sha256()
    for row in sorted(range(len(index.names)), key=lambda row: index.names[row].encode()):
        name, sha256 = index.names[row].encode(), index.table["tensors"]["sha256"][row].tobytes()
        if index.tied_to[row] < 0:
            found = hashlib.sha256(checkpoint._reader.cells(row).reshape(-1).view("u1").data).digest()
            _compare(f"tensor {index.names[row]!r}", "SHA-256", sha256, found)
        shape = ",".join(map(str, index.shape(row)))
        total.update(struct.pack("<Q", len(name)) + name + index.dtypes[row].encode() + shape.encode() + sha256)
    _compare("/tessera/seal", "model_sha256", index.seal["model_sha256"].tobytes(), total.digest())
    headers = _headers(checkpoint)
    need(index.plan["format"] == "tessera.plan/1", "plan: expected the format tessera.plan/1")
    need(index.source["format"] == "tessera.source/1", "source: expected the format tessera.source/1")
    _verify_inputs(checkpoint, headers)
    if index.is_as_written:
        _verify_rest(checkpoint)


def _compare(place: str, what: str, expected: bytes, found: bytes) -> None:
    if expected != found:
        raise DamagedFile(place, what, expected.hex(), found.hex())


def _header(checkpoint: Checkpoint, path: str) -> Bytes:
    return whole(checkpoint._storage.find(path, h5t.STD_U8LE))


def _headers(checkpoint: Checkpoint) -> int:
    """Checks `headers_xxh3`, and returns the number of headers."""
    hashed, number = xxh3_64(), 0
    group = checkpoint._storage.group("tessera/headers") if checkpoint._storage.has("tessera/headers") else None
    count = 0 if group is None else group.get_num_objs()
    for number in range(count):
        data = _header(checkpoint, f"tessera/headers/{number}")
        hashed.update(struct.pack("<Q", len(data)))
        hashed.update(data.data)
    expected = int(checkpoint._index.seal["headers_xxh3"])
    _compare("/tessera/headers", "", expected.to_bytes(8, "big"), hashed.digest())
    return count


def _verify_rest(checkpoint: Checkpoint) -> None:
    """Checks everything except tensors and the seal."""
    storage, seal = checkpoint._storage, checkpoint._storage.file["tessera/seal"].id.get_offset()
    end, position, rest = int(checkpoint._index.seal["file_end"]), 0, xxh3_64()
    ranges = sorted([*checkpoint._ranges, (seal, seal + 72), (end, end)])
    buffer = bytearray(BATCH)
    for start, stop in ranges:
        while position < start:
            part = memoryview(buffer)[:min(start - position, BATCH)]
            storage.read(position, part)
            rest.update(part)
            position += len(part)
        position = max(position, stop)
    expected = int(checkpoint._index.seal["rest_xxh3"])
    _compare("/tessera", "rest_xxh3", expected.to_bytes(8, "big"), rest.digest())


def _verify_inputs(checkpoint: Checkpoint, headers: int) -> None:
    """Checks the record of the first input and of added ones: their tensors, and the headers that they name."""
    index = checkpoint._index
    inputs: list[dict[str, Any]] = [index.source, *index.source.get("added", [])]
    named: list[int] = []
    shared: set[int] = set()
    first = 0
    for source in inputs:
        count = sum(shard["tensors"] for shard in source["shards"])
        need(first + count <= len(index.names), "source: counts other tensors")
        for name in index.names[first:first + count]:
            need(source is index.source or name.startswith(source["name"] + "/"), f"source: {name!r}: another prefix")
        first += count
        if source is index.source and "optimizer" in source:
            # Its tensors follow those of the weights that it trained.
            first += source["optimizer"]["tensors"]
            named.append(source["optimizer"]["header"])
            need(first <= len(index.names), "source: counts other tensors")
        named += [shard["header"] for shard in source["shards"] if shard["header"] is not None]
        for file in source.get("files", []):
            shared.add(file["header"])
            data = _header(checkpoint, f"tessera/headers/{file['header']}")
            _compare(f"/tessera/headers/{file['header']}", file["name"], bytes.fromhex(file["sha256"]),
                     hashlib.sha256(data.data).digest())
        if "index" in source:
            number = source["index"].get("header")
            path = "tessera/shard_index" if number is None else f"tessera/headers/{number}"
            named += [] if number is None else [number]
            _compare("/" + path, source["index"]["name"], bytes.fromhex(source["index"]["sha256"]),
                     hashlib.sha256(_header(checkpoint, path).data).digest())
    need(first == len(index.names), "source: counts other tensors")
    names = [source["name"] for source in inputs[1:]]
    need(len(set(names)) == len(names), "source: an added input occurs twice")
    need(all(re.fullmatch("[A-Za-z0-9][A-Za-z0-9._-]{0,63}", name) for name in names), "source: a wrong name")
    need(sorted(named + list(shared)) == list(range(headers)), "source: names other headers than the file has")
