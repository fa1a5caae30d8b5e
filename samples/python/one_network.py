"""One virtual network from a unit checkpoint, with nothing but h5py and NumPy.

    python one_network.py MODEL.h5 0,1 OUT.npz        # the sub-network of units 0 and 1

`virtual_network` below is the whole method: of every dataset it reads the blocks whose units are all wanted, and
puts each where its channels are. What it leaves out, because many checkpoints do not have it: private tensors, ties,
experts, axes with an order of their own, elements smaller than a byte, names with characters that a link escapes.
unit_checkpoint.py beside it has all of that.
"""

import sys

import h5py
import numpy as np


def virtual_network(file, units):
    t = read_tables(file)
    network = {link: whole[()] for link, whole in file.get("tensors", {}).items()}
    wanted = np.isin(t["parts"]["unit"], [-1, *units])
    for stored, link, parts, blocks in cut_datasets(file, t):
        dense = network.setdefault(link, np.zeros([wanted[p].sum() for p in parts], stored.dtype))
        for start, stop, block in blocks:
            if wanted[block].all():
                place = np.ix_(*[p[wanted[p]] == part for p, part in zip(parts, block)])
                dense[place] = stored[start:stop].reshape(dense[place].shape)
    return network


def read_tables(file):
    """The index; one more row of `parts` stands for the dimensions that are not cut."""
    t = {name: table[()] for name, table in file["tessera"].items() if isinstance(table, h5py.Dataset)}
    t["parts"] = np.append(t["parts"], np.array([(-1, -1)], t["parts"].dtype))
    return t


def cut_datasets(file, t):
    """Each dataset of a cut tensor, with its link, per dimension the row of `parts` of every position, its blocks."""
    def some(table, first, count):
        return t[table][int(first):int(first) + int(count)]

    for row in t["datasets"][t["datasets"]["owner"] >= -1]:
        tensor = t["tensors"][row["tensor"]]
        length = some("names", tensor["name"], 4).view("<u4")[0]
        link = some("names", tensor["name"] + 4, length).tobytes().decode()
        stored = file["common" if row["owner"] == -1 else f"units/{row['owner']}"][link]
        parts, first = [], []
        for size, number in some("dimensions", tensor["first_dimension"], tensor["rank"]):
            cut = t["cuts"][number] if number >= 0 else None
            first.append(int(cut["first_part"]) if number >= 0 else None)
            parts.append(np.full(size, len(t["parts"]) - 1) if cut is None else np.concatenate([
                np.full(s["length"], int(cut["first_part"] + s["part"]))
                for s in some("segments", cut["first_segment"], cut["segment_count"])]))
        yield stored, link, parts, list(runs(row, stored, first, len(t["parts"]) - 1, some))


def runs(row, stored, first, uncut, some):
    """Per block where its elements begin and end in the dataset, and per dimension its row of `parts`."""
    for block in some("blocks", row["first_block"], row["block_count"]):
        coordinates = iter(some("coordinates", block["first_coordinate"], block["coordinate_count"]))
        start, count = (int(block[key]) * stored.size // int(row["bytes"]) for key in ("offset", "bytes"))
        yield start, start + count, [uncut if f is None else f + int(next(coordinates)) for f in first]


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit("usage: one_network.py MODEL.h5 UNIT[,UNIT...] OUT.npz")
    with h5py.File(sys.argv[1], "r") as file:
        np.savez(sys.argv[3], **virtual_network(file, [int(unit) for unit in sys.argv[2].split(",")]))
