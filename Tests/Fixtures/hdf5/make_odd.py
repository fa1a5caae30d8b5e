"""Makes odd.json: what is expected of each file in a folder of well-formed but unusual HDF5 files.

    python3 make_odd.py FOLDER    (needs h5py >= 3.16)

Per file either {"open": word} where it cannot be opened, or a list of [path, byte count, CRC-32 of the raw bytes] for
what has to be read and [path, word] for what has to be refused with that word in the sentence.
"""

import json
import os
import sys
import zlib

import h5py
import numpy as np

here = os.path.dirname(os.path.abspath(__file__))
words = {
    h5py.h5t.REFERENCE: "reference", h5py.h5t.BITFIELD: "bitfield", h5py.h5t.TIME: "time",
    h5py.h5t.VLEN: "variable-length sequence",
}


def refused_type(kind):
    c = kind.get_class()
    if c == h5py.h5t.STRING and kind.is_variable_str():
        return "variable-length string"
    if c == h5py.h5t.COMPOUND:
        found = [refused_type(kind.get_member_type(i)) for i in range(kind.get_nmembers())]
        return next((word for word in found if word), None)
    if c == h5py.h5t.ARRAY:
        return refused_type(kind.get_super())
    return words.get(c)


def refused(dataset):
    plist = dataset.get_create_plist()
    if plist.get_layout() == h5py.h5d.VIRTUAL:
        return "virtual"
    if plist.get_external_count():
        return "external storage"
    word = refused_type(dataset.get_type())
    if word:
        return word
    if dataset.get_space().get_simple_extent_npoints() * dataset.get_type().get_size() > 1 << 30:
        return "limit"
    # A filter that could not shrink a chunk was skipped there.
    unknown = sum(1 << i for i in range(plist.get_nfilters()) if plist.get_filter(i)[0] > 3)
    if unknown and any(
            dataset.get_chunk_info(i).filter_mask & unknown != unknown for i in range(dataset.get_num_chunks())):
        return "filter"
    return None


def raw(item):
    count = item.get_space().get_simple_extent_npoints()
    if item.get_space().get_simple_extent_type() == h5py.h5s.NULL:
        count = 0
    kind = item.get_type()
    array = np.zeros(max(1, count * kind.get_size()), np.uint8)
    if count and isinstance(item, h5py.h5a.AttrID):
        item.read(array, mtype=kind)
    elif count:
        item.read(h5py.h5s.ALL, h5py.h5s.ALL, array, mtype=kind)
    return array.tobytes()[: count * kind.get_size()]


def expected(path):
    entries = []
    try:
        f = h5py.File(path, "r")
    except OSError as error:
        return {"open": str(error)}

    def add(name, item, word):
        if word:
            entries.append([name, word])
        else:
            data = raw(item)
            entries.append([name, len(data), zlib.crc32(data)])

    def walk(group, prefix, depth):
        # The large groups say the same a thousand times.
        for name in sorted(group)[:60]:
            full = prefix + name
            link = group.get(name, getlink=True)
            if isinstance(link, h5py.SoftLink):
                entries.append([full, "soft link"])
                continue
            if isinstance(link, h5py.ExternalLink):
                entries.append([full, "external link"])
                continue
            item = group[name]
            if isinstance(item, h5py.Dataset):
                add(full, item.id, refused(item.id))
            if not isinstance(item, h5py.Datatype):
                for key in item.attrs:
                    attribute = item.attrs.get_id(key)
                    add(f"{full}@{key}", attribute, refused_type(attribute.get_type()))
            if isinstance(item, h5py.Group) and depth < 30:
                walk(item, full + "/", depth + 1)

    with f:
        for key in f.attrs:
            attribute = f.attrs.get_id(key)
            add(f"@{key}", attribute, refused_type(attribute.get_type()))
        walk(f, "", 0)
    return entries


folder = sys.argv[1]
files = {name: expected(os.path.join(folder, name)) for name in sorted(os.listdir(folder))}
with open(os.path.join(here, "odd.json"), "w") as out:
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(value)}" for name, value in files.items())
    out.write("{\n" + lines + "\n}\n")
