"""Reads unit checkpoints with h5py and NumPy, from the tables that schemas/checkpoint-layout-v1.md describes.

    from unit_checkpoint import flat_tensors, virtual_network
    for name, (dtype, shape, data) in flat_tensors("model.h5").items(): ...
    small = virtual_network("model.h5", "digits", 2)           # {name: (dtype, shape, data)}
    array = as_array(*small["stage1.0.conv.weight"])

`data` are the tensor's little-endian bytes in C order. Tensors are put together from the datasets under `units`,
`common`, `free`, `tensors` and `private` alone; the stored header of the flat file is never looked at.
"""

import json
import re
import sys

import h5py
import numpy as np

# Bits of one element.
BITS = {
    "F64": 64, "F32": 32, "F16": 16, "BF16": 16, "F8_E4M3": 8, "F8_E5M2": 8, "F8_E8M0": 8, "F8_E4M3FNUZ": 8,
    "F8_E5M2FNUZ": 8, "F6_E2M3": 6, "F6_E3M2": 6, "F4": 4, "I64": 64, "I32": 32, "I16": 16, "I8": 8, "U64": 64,
    "U32": 32, "U16": 16, "U8": 8, "I4": 4, "U4": 4, "I2": 2,
    "U2": 2, "BOOL": 8, "C64": 64, "C128": 128,
}

NUMPY = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1", "U64": "<u8",
    "U32": "<u4", "U16": "<u2", "U8": "u1", "BOOL": "?", "C64": "<c8", "C128": "<c16",
}


def escaped(name):
    """The link of a tensor's name."""
    if name in ("", ".", ".."):
        return name.replace(".", "%2E") or "%"
    return re.sub(r"[\x00-\x1f\x7f/%]", lambda match: f"%{ord(match[0]):02X}", name)


def raw(dataset, start=0, stop=None):
    """The bytes of a dataset, never converted; of a one-dimensional one perhaps only elements start..<stop."""
    stored = dataset.id.get_type()
    memory, file = h5py.h5s.ALL, h5py.h5s.ALL
    count = int(np.prod(dataset.shape, dtype=np.int64))
    if stop is not None:
        file = dataset.id.get_space()
        file.select_hyperslab((start,), (stop - start,))
        count = stop - start
        memory = h5py.h5s.create_simple((count,))
    buffer = np.empty(count * stored.get_size(), np.uint8)
    if count:
        # h5py shows bfloat16 as float32, so the type in memory is said to be the type in the file.
        dataset.id.read(memory, file, buffer, mtype=stored)
    return buffer


class Checkpoint:
    """An open unit checkpoint: its tables, and tensors put together from them."""

    def __init__(self, path):
        self.file = h5py.File(path, "r")
        if self.file.attrs.get("format") != b"tessera.checkpoint":
            raise ValueError(f"{path}: not a unit checkpoint")
        if self.file.attrs["layout_version"][0] != 1:
            raise ValueError(f"{path}: layout version {self.file.attrs['layout_version']}, not 1.x")
        tables = self.file["tessera"]
        self.table = {name: tables[name][()] for name in (
            "tensors", "dimensions", "cuts", "parts", "segments", "datasets", "blocks", "coordinates", "seal")}
        self.names = tables["names"][()].tobytes()
        self.plan = json.loads(tables["plan"][()].tobytes())
        self.axes_used = sorted({self.text(p["axis"]) for p in self.table["parts"] if p["axis"] >= 0})

    def text(self, offset):
        """The name at an offset of `names`."""
        start = int(offset) + 4
        return self.names[start:start + int.from_bytes(self.names[start - 4:start], "little")].decode()

    def rows(self, table, first, count):
        return self.table[table][int(first):int(first) + int(count)]

    def tensor_name(self, row):
        return self.text(row["name"])

    def cut(self, number):
        """Per part its (unit, axis) or None when common, and per position of the dimension its part."""
        row = self.table["cuts"][number]
        parts = [
            None if part["unit"] == -1 else (int(part["unit"]), self.text(part["axis"]))
            for part in self.rows("parts", row["first_part"], row["part_count"])]
        segments = self.rows("segments", row["first_segment"], row["segment_count"])
        return parts, np.repeat(segments["part"].astype(np.int64), segments["length"].astype(np.int64))

    def datasets(self, row):
        """The datasets of a tensor with their rows."""
        link = escaped(self.tensor_name(row))
        groups = {-1: "common", -2: "tensors", -3: "private", -4: "free"}
        for dataset in self.rows("datasets", row["first_dataset"], row["dataset_count"]):
            owner = int(dataset["owner"])
            yield dataset, self.file[groups.get(owner, f"units/{owner}")][link]

    def assemble(self, row, is_active=lambda unit, axis: True):
        """A tensor, or what is active of it: (dtype, shape, data), or None when no unit it needs is active."""
        if row["tied_to"] >= 0:
            row = self.table["tensors"][row["tied_to"]]
        dtype, dimensions = row["dtype"].decode(), self.rows("dimensions", row["first_dimension"], row["rank"])
        shape = [int(size) for size in dimensions["size"]]
        stored = list(self.datasets(row))

        # For every dimension the active positions of each part, numbered among all that are active.
        cuts = {d: self.cut(number) for d, number in enumerate(dimensions["cut"]) if number >= 0}
        positions, active_parts = {}, {}
        for dimension, (parts, part_of) in cuts.items():
            active = np.array([part is None or is_active(*part) for part in parts])
            kept = part_of[active[part_of]]
            positions[dimension] = [np.flatnonzero(kept == part) for part in range(len(parts))]
            active_parts[dimension] = active
            shape[dimension] = len(kept)

        if not cuts and stored and all(dataset["owner"] in (-4, *range(1024)) for dataset, _ in stored):
            return dtype, shape, self.owned_elements(dtype, stored, is_active)

        if all(dataset["owner"] <= -2 for dataset, _ in stored):
            # Whole: no dimension is cut, or there are no elements.
            for dataset, h5 in stored:
                for block in self.rows("blocks", dataset["first_block"], dataset["block_count"]):
                    units = self.rows("coordinates", block["first_coordinate"], block["coordinate_count"])
                    if not all(is_active(int(unit), None) for unit in units):
                        return None
            return dtype, shape, b"".join(raw(h5).tobytes() for _, h5 in stored)

        # The last axis holds an element: its bytes, or its bits (lowest first) where elements share bytes.
        bits = BITS[dtype]
        width = bits // 8 if bits % 8 == 0 else bits
        result = np.zeros(shape + [width], np.uint8)
        for dataset, h5 in stored:
            size = h5.id.get_type().get_size()
            for block in self.rows("blocks", dataset["first_block"], dataset["block_count"]):
                coordinates = self.rows("coordinates", block["first_coordinate"], block["coordinate_count"])
                place = dict(zip(cuts, (int(c) for c in coordinates)))
                if not all(active_parts[d][part] for d, part in place.items()):
                    continue
                start, count = int(block["offset"]) // size, int(block["bytes"]) // size
                data = raw(h5, start, start + count)
                if bits % 8:
                    data = np.unpackbits(data, bitorder="little")
                index = [positions[d][place[d]] if d in place else np.arange(shape[d]) for d in range(len(shape))]
                result[np.ix_(*index)] = data.reshape([len(i) for i in index] + [width])
        if bits % 8:
            result = np.packbits(result.reshape(-1), bitorder="little")
        return dtype, shape, result.tobytes()


    def owned_elements(self, dtype, stored, is_active):
        """Elements packed by owner, each in its place in the flat tensor; zeros for those of others."""
        result = None
        for dataset, h5 in stored:
            block = self.table["blocks"][dataset["first_block"]]
            map_row, owner = self.rows("coordinates", block["first_coordinate"], 2)
            if result is None:
                owners = np.frombuffer(self.assemble(self.table["tensors"][map_row])[2], np.uint8)
                result = np.zeros([len(owners), BITS[dtype] // 8], np.uint8)
            if is_active(int(owner) - 1, None):
                result[owners == owner] = raw(h5).reshape(-1, BITS[dtype] // 8)
        return result.tobytes()


def flat_tensors(path):
    """Every tensor of the flat weights, in their order: {name: (dtype, shape, data)}."""
    checkpoint = Checkpoint(path)
    with checkpoint.file:
        return {checkpoint.tensor_name(row): checkpoint.assemble(row) for row in checkpoint.table["tensors"]}


def as_pattern(text):
    """A plan's pattern as a regular expression over UTF-8 bytes read as Latin-1."""
    pieces = re.split(r"(\{\}|\*+)", text)
    expression = "".join(
        "([^./]+?)" if piece == "{}" else "(.*?)" if piece[:1] == "*" else re.escape(as_latin(piece))
        for piece in pieces)
    return re.compile(expression, re.DOTALL), [piece for piece in pieces if piece == "{}" or piece[:1] == "*"]


def as_latin(text):
    return text.encode().decode("latin-1")


def matched(item, name):
    """The name a `private` item gives the tensor, or None when it means other tensors."""
    if isinstance(item, str):
        item = {"match": item}
    if "name" in item:
        return item.get("as", name) if item["name"] == name else None
    expression, wildcards = as_pattern(item["match"])
    found = expression.fullmatch(as_latin(name))
    if found is None:
        return None
    if "as" not in item:
        return name
    taken = {"{}": [], "*": []}
    for wildcard, text in zip(wildcards, found.groups()):
        taken[wildcard[:1].replace("{", "{}")].append(text.encode("latin-1").decode())
    return re.sub(r"\{\}|\*+", lambda w: taken[w[0][:1].replace("{", "{}")].pop(0), item["as"])


def level_units(order, levels, level):
    """The units of a level, which is a count of units of the order or a list of units."""
    units = levels[level - 1]
    return set(order[:units] if isinstance(units, int) else units)


def active_units(plan_task, axes, level):
    """The task's units at the level, and those on the axes that have their own."""
    units = level_units(plan_task["order"], plan_task["levels"], level)
    own = {}
    entries = plan_task.get("axes", {})
    # An axis's own entry counts before templates, and among templates the first.
    for entry in sorted(entries, key=lambda text: "{}" in text or "*" in text):
        for axis in axes:
            if as_pattern(entry)[0].fullmatch(as_latin(axis)):
                own.setdefault(axis, level_units(entries[entry]["order"], entries[entry]["levels"], level))
    return units, own


def users(plan, name):
    """Who uses a private tensor: [(task, level or None for all, name there)]; empty when everyone does."""
    found = []
    for task in plan.get("tasks", []):
        own = []
        for level, items in task.get("private_per_level", {}).items():
            own += [(task["name"], int(level), alias) for alias in aliases(items, name)[:1]]
        # A tensor that levels name is theirs alone; the task's own list is for the rest.
        found += own or [(task["name"], None, alias) for alias in aliases(task.get("private", []), name)[:1]]
    return found


def aliases(items, name):
    return [alias for alias in (matched(item, name) for item in items) if alias is not None]


def scopes(checkpoint):
    """For each row of `tensors` its users; a tied tensor that the plan does not name has those of its ties."""
    tensors = checkpoint.table["tensors"]
    names = [checkpoint.tensor_name(row) for row in tensors]
    result = [users(checkpoint.plan, name) for name in names]
    roots = [int(row["tied_to"]) if row["tied_to"] >= 0 else number for number, row in enumerate(tensors)]
    groups = {}
    for number, root in enumerate(roots):
        groups.setdefault(root, []).append(number)
    for group in groups.values():
        named = next((result[number] for number in group if result[number]), [])
        for number in group:
            result[number] = result[number] or [(task, at, names[number]) for task, at, _ in named]
    return result


def virtual_network(path, task, level):
    """The dense sub-network of (task, level): {name: (dtype, shape, data)}; reads only its blocks."""
    checkpoint = Checkpoint(path)
    with checkpoint.file:
        entry = next(entry for entry in checkpoint.plan["tasks"] if entry["name"] == task)
        units, own = active_units(entry, checkpoint.axes_used, level)
        result, known = {}, {}
        applied = {entry["owners"]["map"] for entry in checkpoint.plan.get("tensors", []) if "owners" in entry}
        for row, private in zip(checkpoint.table["tensors"], scopes(checkpoint)):
            names = [alias for user, at, alias in private if user == task and at in (None, level)]
            if private and not names:
                continue
            tensor = checkpoint.assemble(row, lambda unit, axis: unit in own.get(axis, units))
            if tensor is not None:
                name = checkpoint.tensor_name(row)
                result[name], known[name] = tensor, names[0] if names else name
        whole = dict(result)
        for name, mask in masks(checkpoint.plan, known):
            dtype, shape, data = whole[name]
            kept = np.frombuffer(whole[mask][2], np.uint8) != 0
            elements = np.frombuffer(data, np.uint8) * np.repeat(kept, BITS[dtype] // 8)
            result[name] = dtype, shape, elements.astype(np.uint8).tobytes()
            applied.add(mask)
        # What owner maps and masks say has been done.
        return {known[name]: tensor for name, tensor in result.items() if name not in applied}


def masks(plan, known):
    """Tensors and their masks by their own names, as far as the network, which knows them by others, has both."""
    own = {alias: name for name, alias in known.items()}
    for name in known:
        for entry in plan.get("tensors", []):
            item = {key: entry[key] for key in ("match", "name") if key in entry}
            if matched(item, name) is None:
                continue
            mask = matched({**item, "as": entry["mask"]}, name) if "mask" in entry else None
            if mask in own and own[mask] != name:
                yield name, own[mask]
            break


def as_array(dtype, shape, data):
    """The tensor as NumPy sees it; bytes in a row where NumPy has no such dtype."""
    if dtype in NUMPY:
        return np.frombuffer(data, NUMPY[dtype]).reshape(shape)
    return np.frombuffer(data, np.uint8)


if __name__ == "__main__":
    if len(sys.argv) == 2:
        listed = flat_tensors(sys.argv[1])
    elif len(sys.argv) == 4:
        listed = virtual_network(sys.argv[1], sys.argv[2], int(sys.argv[3]))
    else:
        sys.exit("usage: unit_checkpoint.py MODEL.h5 [TASK LEVEL]")
    for name, (dtype, shape, data) in listed.items():
        print(f"{name}  {dtype}  {shape}  {len(data)} bytes")
