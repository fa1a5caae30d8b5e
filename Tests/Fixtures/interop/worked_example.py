"""Writes the specification's worked example: a checkpoint of two tensors, and a page that prints all of it.

    python worked_example.py MODEL.h5 worked_example.md

minimal_writer.py writes the checkpoint. Tables and sections are then read with h5py, as they are stored.
"""

import sys

import h5py
import numpy as np

import minimal_writer
from minimal_writer import Tensor

TABLES = ["names", *minimal_writer.TYPES, "plan", "source", "seal"]
SECTIONS = {
    "common/F32": "block 0 of `weight`, then block 0 of `bias`: channel 0",
    "intra/0/F32": "block 1 of `weight`, then block 1 of `bias`: channels 1 and 2",
    "intra/1/F32": "block 2 of `weight`, then block 2 of `bias`: channel 3",
}
TEXT = """# A worked example

The network has two tensors: `weight`, F32, of the shape [4, 3], and `bias`, F32, of the shape [4]. Their first
dimensions lie on the axis `out` with four channels. Channel 0 is common. Channels 1 and 2 belong to unit 0, channel 3
to unit 1. The task `digits` takes unit 0 at level 1, and units 0 and 1 at level 2.

```
weight  1  2  3      channel 0, common          bias  0.5    channel 0, common
        4  5  6      channel 1, unit 0                1.5    channel 1, unit 0
        7  8  9      channel 2, unit 0                2.5    channel 2, unit 0
       10 11 12      channel 3, unit 1                3.5    channel 3, unit 1
```

`worked_example.py` made this page with `minimal_writer.py`. Addresses and checksums are those of its file; another
writer may place the same data elsewhere.

## How a reader finds the data

Row 0 of `dimensions` has cut 0. Its segments are one common channel, two of unit 0 and one of unit 1, so it has three
parts. `weight` has no other cut dimension, so it has three blocks, and `bias` has three blocks too. A block of `weight`
has three elements for each channel. The bytes of a block give the offset of the next block in the same section:

| tensor | block | units | section | offset | bytes |
|---|---|---|---|---|---|
| `weight` | 0 | none | `/common/F32` | 0 | 1 × 3 × 4 = 12 |
| `weight` | 1 | 0 | `/intra/0/F32` | 0 | 2 × 3 × 4 = 24 |
| `weight` | 2 | 1 | `/intra/1/F32` | 0 | 1 × 3 × 4 = 12 |
| `bias` | 0 | none | `/common/F32` | 12 | 1 × 4 = 4 |
| `bias` | 1 | 0 | `/intra/0/F32` | 24 | 2 × 4 = 8 |
| `bias` | 2 | 1 | `/intra/1/F32` | 12 | 1 × 4 = 4 |

The network (`digits`, 1) has unit 0. It reads `/common/F32` and `/intra/0/F32`: `weight` of the shape [3, 3] with the
channels 0, 1 and 2, and `bias` of the shape [3].
"""


def hexadecimal(data):
    """Lines of sixteen bytes, each with its offset."""
    return [f"{start:04x}  {data[start:start + 16].hex(' ', -4)}" for start in range(0, len(data), 16)]


def value(member, item):
    if member.endswith("xxh3"):
        return f"`{int(item):016x}`"
    if isinstance(item, np.ndarray):
        return f"`{item.tobytes().hex()}`"
    if isinstance(item, bytes):
        return item.decode()
    return {2**64 - 1: "2⁶⁴ − 1"}.get(int(item), str(item))


def table_lines(name, table):
    """A table as Markdown: a line for each row, a column for each member."""
    size = f"{table.size} × {table.dtype.itemsize} bytes" if table.shape else f"one row of {table.dtype.itemsize} bytes"
    title = f"**{name}** · {size}"
    if name in ("plan", "source"):
        return [title, "", "```", table[()].tobytes().decode(), "```", ""]
    if name == "names":
        return [title, "", "```", *hexadecimal(table[()].tobytes()), "```", ""]
    if not table.size:
        return [title, ""]
    if name == "seal":
        return [title, "", "| member | |", "|---|---|",
                *(f"| `{member}` | {value(member, table[member])} |" for member in table.dtype.names), ""]
    members = table.dtype.names or ["xxh3" if name == "pages" else ""]
    lines = [f"| {' | '.join(['row', *(f'`{m}`' if table.dtype.names else '' for m in members)])} |",
             "|---" * (len(members) + 1) + "|"]
    for number, row in enumerate(table[()]):
        items = [value(member, row[member] if table.dtype.names else row) for member in members]
        lines.append(f"| {' | '.join([str(number), *items])} |")
    return [title, "", *lines, ""]


def main(model, page):
    cut = {0: [(1, -1, "out"), (2, 0, "out"), (1, 1, "out")]}
    tensors = [
        Tensor("weight", "F32", (4, 3), np.arange(1, 13, dtype="<f4").tobytes(), cuts=cut),
        Tensor("bias", "F32", (4,), np.arange(0.5, 4, dtype="<f4").tobytes(), cuts=cut),
    ]
    plan = {
        "format": "tessera.plan/1", "units": 2, "axes": {"out": {"size": 4, "common": [0], "units": [[1, 2], [3]]}},
        "tensors": [{"name": "weight", "axes": ["out", None]}, {"name": "bias", "axes": ["out"]}],
        "tasks": [{"name": "digits", "order": [0, 1], "levels": [1, 2]}],
    }
    source = {"format": "tessera.source/1", "kind": "arrays", "shards": [{"tensors": 2, "header": None}]}
    axes, tasks = {"out": [(1, -1), (2, 0), (1, 1)]}, {"digits": [(None, [0], {}), (None, [0, 1], {})]}
    minimal_writer.write(model, tensors, axes, tasks, plan, source)
    lines = [TEXT, "## The sections", ""]
    with h5py.File(model) as file:
        for path, content in SECTIONS.items():
            data, offset = file[path][()].tobytes(), file[path].id.get_offset()
            lines += [f"`/{path}`, {len(data)} bytes from byte {offset:,} of the file, {content}:", ""]
            lines += ["```", *hexadecimal(data), "```", ""]
        lines += ["## The tables", "", "A table without rows stands here with its size alone.", ""]
        for name in TABLES:
            lines += table_lines(name, file["tessera"][name])
    with open(page, "w", encoding="utf-8") as output:
        output.write("\n".join(lines).rstrip() + "\n")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: worked_example.py MODEL.h5 worked_example.md")
    main(*sys.argv[1:])
