"""Makes the HDF5 fixtures and, beside each, what h5py reads from it.

    python3 make.py    (needs h5py >= 3.16; writes into its own folder)

NAME.h5 is the file; NAME.json lists every dataset and attribute that has to be read, with the place of its raw
bytes in NAME.bin, and every path that has to be refused, with the word its sentence must hold. The bytes are read
in the file's own datatype, so that h5py converts nothing.
"""

import json
import os

import h5py
import numpy as np

here = os.path.dirname(os.path.abspath(__file__))
random = np.random.default_rng(20240607)


def bfloat16():
    kind = h5py.h5t.IEEE_F32LE.copy()
    kind.set_fields(15, 7, 8, 0, 7)
    kind.set_size(2)
    kind.set_ebias(127)
    return kind


def raw_dataset(group, name, kind, shape, data, **layout):
    """A dataset of any low-level type whose elements are exactly the bytes `data`."""
    space = h5py.h5s.create_simple(shape) if shape is not None else h5py.h5s.create(h5py.h5s.SCALAR)
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    if layout.get("compact"):
        plist.set_layout(h5py.h5d.COMPACT)
    if "fill_time" in layout:
        plist.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    dataset = h5py.h5d.create(group.id, name.encode(), kind, space, dcpl=plist)
    array = np.frombuffer(data, np.uint8).copy()
    dataset.write(h5py.h5s.ALL, h5py.h5s.ALL, array, mtype=kind)
    return dataset


def numbers(dtype, shape):
    """Random bytes of that type: NaN payloads, negative zeros and extremes come by themselves."""
    dtype = np.dtype(dtype)
    count = int(np.prod(shape, dtype=np.int64))
    return np.frombuffer(random.bytes(count * dtype.itemsize), dtype).reshape(shape)


def types(f):
    g = f.create_group("types")
    for dtype in ["<f8", "<f4", "<f2", "<i8", "<i4", "<i2", "i1", "<u8", "<u4", "<u2", "u1", ">f4", ">i4", ">u2"]:
        g[dtype.replace("<", "le_").replace(">", "be_")] = numbers(dtype, (3, 5))
    g["bool"] = np.array([[True, False, True], [False, False, True]])
    g["complex64"] = numbers("<c8", (2, 3))
    g["complex128"] = numbers("<c16", (3,))
    raw_dataset(g, "bfloat16", bfloat16(), (4, 3), random.bytes(24))
    g["string"] = np.array([b"one", b"three", b""], "S7")
    g.create_dataset("string_utf8", data="zwölf é e\u0301".encode(), dtype=h5py.string_dtype("utf-8", 24))
    space_padded = h5py.h5t.C_S1.copy()
    space_padded.set_size(6)
    space_padded.set_strpad(h5py.h5t.STR_SPACEPAD)
    raw_dataset(g, "string_space", space_padded, (2,), b"ab    cdefg ")
    opaque = h5py.h5t.create(h5py.h5t.OPAQUE, 5)
    opaque.set_tag(b"five bytes of mine")
    raw_dataset(g, "opaque", opaque, (3,), bytes(range(15)))
    colours = h5py.enum_dtype({"RED": 1, "GREEN": -2, "BLUE_AS_THE_SKY": 300}, basetype="<i2")
    g.create_dataset("enum", data=np.array([1, -2, 300, 1], "<i2"), dtype=colours)
    point = np.dtype([("x", "<f4"), ("size", "<u8"), ("tag", "S3")])
    outer = np.dtype(
        {"names": ["id", "matrix", "inner", "flag", "points"],
         "formats": ["<u2", ("<i4", (2, 3)), point, "?", (point, (2,))],
         "offsets": [0, 4, 32, 50, 52], "itemsize": 88})
    g["compound"] = np.frombuffer(random.bytes(2 * 15), np.dtype([("x", "<f4"), ("size", "<u8"), ("tag", "S3")]))
    data = np.zeros((3,), outer)
    data["id"] = [7, 8, 9]
    data["matrix"] = numbers("<i4", (3, 2, 3))
    data["inner"]["size"] = [2**63 + 1, 2, 3]
    data["points"]["tag"] = b"abc"
    data["flag"] = [True, False, True]
    g["compound_nested"] = data
    array = h5py.h5t.array_create(h5py.h5t.STD_I16LE, (3, 4))
    raw_dataset(g, "array", array, (2,), random.bytes(48))
    bits = h5py.h5t.STD_I32LE.copy()
    bits.set_precision(20)
    bits.set_offset(4)
    raw_dataset(g, "int20", bits, (3,), bytes([16, 1, 2, 0, 32, 1, 2, 0, 240, 255, 127, 0]))
    f["committed"] = np.dtype([("a", "<i4"), ("b", "<f8")])
    committed = g.create_dataset("of_committed", (4,), dtype=f["committed"])
    committed[...] = np.array([(1, 0.5), (2, -0.0), (3, np.inf), (-4, 1e300)], committed.dtype)
    committed.attrs.create("typed", np.array((5, 2.5), committed.dtype), dtype=f["committed"])


def spaces(f):
    g = f.create_group("spaces")
    g["scalar"] = np.float32(-0.0)
    g["empty"] = np.zeros((0,), "<f4")
    g["empty_2d"] = np.zeros((3, 0, 5), "<i2")
    g["one"] = numbers("<f4", (1,))
    g["rank5"] = numbers("u1", (2, 1, 3, 2, 4))
    g.create_dataset("null", data=h5py.Empty("<f8"))
    g.create_dataset("never_written", (4, 3), "<f4")
    g.create_dataset("never_written_fill", (4, 3), "<i4", fillvalue=-7)
    g.create_dataset("never_written_chunked", (5,), "<i4", chunks=(2,), fillvalue=9)
    g.create_dataset("empty_chunked", (0, 3), "<i4", chunks=(2, 2), maxshape=(None, 3))


def chunks(f, chunk_limit):
    g = f.create_group("chunked")
    g.create_dataset("plain", data=numbers("<f4", (7, 5)), chunks=(3, 2))
    g.create_dataset("one_chunk", data=numbers("<f4", (7, 5)), chunks=(7, 5))
    g.create_dataset("over_chunk", data=numbers("<i2", (3,)), chunks=(8,), maxshape=(8,))
    smooth = (np.arange(2500) // 3).astype("<i4")
    g.create_dataset("deflate", data=smooth, chunks=(256,), compression="gzip", compression_opts=4)
    g.create_dataset("shuffle_deflate", data=smooth, chunks=(300,), compression="gzip", shuffle=True)
    g.create_dataset(
        "all_three", data=smooth.reshape(50, 50).astype("<f8"), chunks=(16, 24), compression="gzip",
        shuffle=True, fletcher32=True)
    g.create_dataset("fletcher32", data=numbers("u1", (77,)), chunks=(11,), fletcher32=True)
    g.create_dataset("shuffle_odd", data=numbers("S3", (50,)), chunks=(7,), shuffle=True)
    g.create_dataset("rank3", data=numbers("<u2", (5, 6, 7)), chunks=(2, 4, 3), shuffle=True, compression="gzip")
    g.create_dataset("many", data=numbers("u1", (chunk_limit,)), chunks=(1,))
    # With low bound 1.10, growing shapes have chunk indexes of their own: an extensible array, a B-tree.
    g.create_dataset("grows", data=numbers("u1", (chunk_limit * 2,)), chunks=(1,), maxshape=(None,))
    g.create_dataset(
        "grows_second", data=numbers("<i2", (7, 50)), chunks=(2, 1), maxshape=(9, None), compression="gzip")
    g.create_dataset("grows_both", data=numbers("<i2", (20, 30)), chunks=(2, 3), maxshape=(None, None))
    g.create_dataset(
        "grows_both_filtered", data=numbers("<i2", (5, 7)), chunks=(2, 3), maxshape=(None, None), shuffle=True)
    early = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    early.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    g.create_dataset("implicit", data=numbers("<i4", (5, 7)), chunks=(2, 3), maxshape=(8, 9), dcpl=early)
    sparse = g.create_dataset("sparse", (100, 10), "<i4", chunks=(10, 4), fillvalue=3, compression="gzip")
    sparse[25:35, 3:6] = numbers("<i4", (10, 3))
    masked = g.create_dataset("masked", (40,), "<i4", chunks=(10,), compression="gzip", shuffle=True)
    masked[...] = np.arange(40, dtype="<i4")
    masked.id.write_direct_chunk((20,), numbers("<i4", (10,)).tobytes(), filter_mask=3)
    shrunk = g.create_dataset("shrunk", data=numbers("<i4", (20, 6)), chunks=(4, 4), maxshape=(None, None))
    shrunk.resize((9, 5))


def names(f):
    g = f.create_group("names")
    for name in ["é", "e\u0301", "a b", "x" * 300, "n\u00e4me-" + "long" * 250, "%2F", "tab\there", "日本"]:
        g[name] = numbers("u1", (2,))
    deep = f
    for level in range(12):
        deep = deep.create_group(f"level{level}")
    deep["leaf"] = numbers("<f4", (2, 2))
    f["hard_link"] = f["names/a b"]
    raw_dataset(f, "compact", h5py.h5t.STD_U16LE, (3, 4), random.bytes(24), compact=True)


def attributes(f, many):
    g = f.create_group("attributes")
    g.attrs["scalar"] = np.int64(-5)
    g.attrs["fixed"] = np.bytes_(b"four")
    g.attrs["matrix"] = numbers("<f4", (3, 4))
    g.attrs["empty_f8"] = np.zeros((0,), "<f8")
    g.attrs["names"] = np.array([b"conv", b"dense_12"], "S8")
    g.attrs["große"] = np.uint8(7)
    g.attrs.create("null", h5py.Empty("<i4"))
    d = g.create_dataset("with", data=numbers("<i4", (3,)))
    for number in range(many):
        d.attrs[f"attribute number {number}"] = numbers("<f8", (number % 5 + 1,))


def everything(path, libver, many_attributes=40, chunk_limit=150, **options):
    with h5py.File(path, "w", libver=libver, **options) as f:
        types(f)
        spaces(f)
        chunks(f, chunk_limit)
        names(f)
        attributes(f, many_attributes)


def many_links(path, libver, count):
    """One dataset under many names; the test knows them, so they are not listed in the JSON."""
    with h5py.File(path, "w", libver=libver) as f:
        f["target"] = numbers("<f4", (3,))
        g = f.create_group("many")
        for number in range(count):
            g[f"layer{number * 7919 % count}.weight"] = f["target"]


def refused(path, libver):
    with h5py.File(path, "w", libver=libver) as f:
        f["fine"] = numbers("<f4", (3,))
        f["soft"] = h5py.SoftLink("/fine")
        f["external_link"] = h5py.ExternalLink("/etc/hostname.h5", "/x")
        f.create_dataset("external_storage", (4,), "u1", external=[("/etc/hostname", 0, 4)])
        f["vlen_string"] = "hello"
        f.create_dataset("vlen", (2,), h5py.vlen_dtype("<i4"))[0] = [1, 2, 3]
        f.create_dataset("reference", (1,), h5py.ref_dtype)[0] = f["fine"].ref
        raw_dataset(f, "bitfield", h5py.h5t.STD_B8LE, (3,), b"abc")
        f.create_dataset("lzf", data=np.zeros(1000, "<f4"), chunks=(100,), compression="lzf")
        f.create_dataset("scaleoffset", data=np.arange(50), chunks=(50,), scaleoffset=0)
        f.create_dataset("vlen_member", (1,), np.dtype([("a", "<i4"), ("s", h5py.string_dtype())]))
        f["fine"].attrs["vlen"] = "text"
        group = f.create_group("with_soft")
        group["inner"] = numbers("u1", (2,))
        f["soft_group"] = h5py.SoftLink("/with_soft")
    return {
        "soft": "soft link", "external_link": "external link", "external_storage": "external storage",
        "vlen_string": "variable-length string", "vlen": "variable-length sequence", "reference": "reference",
        "bitfield": "bitfield", "lzf": "lzf", "scaleoffset": "scale-offset",
        "vlen_member": "variable-length string", "soft_group": "soft link",
        "soft_group/inner": "soft link", "fine@vlen": "variable-length string",
    }


def refused_latest(path):
    with h5py.File(path, "w", libver="latest") as f:
        layout = h5py.VirtualLayout((4,), "<f4")
        layout[...] = h5py.VirtualSource("/etc/hostname.h5", "x", (4,))
        f.create_virtual_dataset("virtual", layout)
        f["fine"] = numbers("<f4", (3,))
    return {"virtual": "virtual"}


def describe(kind):
    """The facts of a datatype that the reader has to find, in the file's words."""
    c = kind.get_class()
    base = {"size": kind.get_size()}
    if c == h5py.h5t.INTEGER:
        order = "big" if kind.get_order() == h5py.h5t.ORDER_BE else "little"
        return base | {
            "class": "integer", "order": order, "signed": kind.get_sign() == h5py.h5t.SGN_2,
            "precision": kind.get_precision(), "offset": kind.get_offset()}
    if c == h5py.h5t.FLOAT:
        order = "big" if kind.get_order() == h5py.h5t.ORDER_BE else "little"
        return base | {
            "class": "float", "order": order, "fields": list(kind.get_fields()), "bias": kind.get_ebias(),
            "precision": kind.get_precision(), "offset": kind.get_offset()}
    if c == h5py.h5t.STRING:
        return base | {"class": "string", "padding": kind.get_strpad(), "set": kind.get_cset()}
    if c == h5py.h5t.OPAQUE:
        return base | {"class": "opaque", "tag": kind.get_tag().decode()}
    if c == h5py.h5t.COMPOUND:
        count = kind.get_nmembers()
        return base | {
            "class": "compound",
            "members": [
                [kind.get_member_name(i).decode(), kind.get_member_offset(i), describe(kind.get_member_type(i))]
                for i in range(count)]}
    if c == h5py.h5t.ARRAY:
        return base | {
            "class": "array", "dimensions": list(kind.get_array_dims()), "element": describe(kind.get_super())}
    if c == h5py.h5t.ENUM:
        count = kind.get_nmembers()
        return base | {
            "class": "enumeration", "base": describe(kind.get_super()),
            "names": [kind.get_member_name(i).decode() for i in range(count)],
            "values": [kind.get_member_value(i) for i in range(count)]}
    raise ValueError(c)


def raw_bytes(item, count):
    kind = item.get_type()
    array = np.zeros(max(1, count * kind.get_size()), np.uint8)
    if count == 0:
        return b""
    if isinstance(item, h5py.h5a.AttrID):
        item.read(array, mtype=kind)
    else:
        item.read(h5py.h5s.ALL, h5py.h5s.ALL, array, mtype=kind)
    return array.tobytes()


def expected(path, refusals):
    """Every dataset and attribute that is not refused, as h5py reads it."""
    entries, blob = [], bytearray()

    def add(name, item, shape):
        null = item.get_space().get_simple_extent_type() == h5py.h5s.NULL
        count = 0 if null else int(np.prod(shape, dtype=np.int64))
        data = raw_bytes(item, count)
        entries.append(
            {"path": name, "shape": list(shape), "null": null, "type": describe(item.get_type()),
             "offset": len(blob), "count": len(data)})
        blob.extend(data)

    def walk(group, prefix, depth):
        for name in group:
            full = prefix + name
            if full in refusals or isinstance(group.get(name, getlink=True), (h5py.SoftLink, h5py.ExternalLink)):
                continue
            item = group[name]
            if isinstance(item, h5py.Dataset):
                add(full, item.id, item.shape or ())
            if isinstance(item, h5py.Datatype):
                continue
            for key in item.attrs:
                if f"{full}@{key}" in refusals:
                    continue
                attribute = item.attrs.get_id(key)
                add(f"{full}@{key}", attribute, attribute.shape or ())
            if isinstance(item, h5py.Group) and full != "many":
                walk(item, full + "/", depth + 1)

    with h5py.File(path, "r") as f:
        walk(f, "", 0)
    stem = os.path.splitext(path)[0]
    with open(stem + ".json", "w") as out:
        lines = ",\n".join(json.dumps(entry, ensure_ascii=True) for entry in entries)
        out.write(f'{{"refused": {json.dumps(refusals)},\n"entries": [\n{lines}\n]}}\n')
    with open(stem + ".bin", "wb") as out:
        out.write(blob)
    return len(entries)


def main():
    os.chdir(here)
    files = {
        "earliest": lambda p: everything(p, ("earliest", "v108")),
        "v108": lambda p: everything(p, ("v108", "v108")),
        "default": lambda p: everything(p, None, 9, 5),
        "v110": lambda p: everything(p, ("v110", "v110"), chunk_limit=2100),
        "latest": lambda p: everything(p, "latest"),
        "userblock": lambda p: everything(p, ("earliest", "v108"), 3, 5, userblock_size=1024),
        "ordered": lambda p: everything(p, ("earliest", "v108"), 12, 5, track_order=True),
        "links_earliest": lambda p: many_links(p, ("earliest", "v108"), 3000),
        "links_v108": lambda p: many_links(p, ("v108", "v108"), 3000),
        "refused_earliest": lambda p: refused(p, ("earliest", "v108")),
        "refused_v108": lambda p: refused(p, ("v108", "v108")),
        "refused_latest": refused_latest,
    }
    for name, make in files.items():
        refusals = make(name + ".h5") or {}
        count = expected(name + ".h5", refusals)
        print(name, os.path.getsize(name + ".h5"), count)


main()
