"""Counts every element of every sub-network one by one, from a plan and shapes alone, and judges `tessera count`.

    python counts.py PLAN.json COUNT.json SOURCE.safetensors|- POLICY.json…

`-` takes dtypes and shapes from the plan. COUNT.json is what `tessera count --json` printed for these policies, whose
only choice may be `names` with `*`. Prints {"rows": n, "elements": n, "failures": [...]}; nothing here is shared with
the program: a position has an owner, an element is looked at, and sums are made.
"""

import hashlib
import json
import re
import struct
import sys

import numpy as np

BITS = {"F4": 4, "F6_E2M3": 6, "F6_E3M2": 6, "F64": 64, "I64": 64, "U64": 64, "C64": 64, "C128": 128, "F32": 32,
        "I32": 32, "U32": 32, "F16": 16, "BF16": 16, "I16": 16, "U16": 16}


def specs_of(path, plan):
    """{name: (dtype, shape)} and {tied name: the name that stands for it}."""
    if path == "-":
        return {t["name"]: (t["dtype"], t["shape"]) for t in plan["tensors"] if "dtype" in t}, {}
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
    metadata = header.pop("__metadata__", {})
    return ({name: (t["dtype"], t["shape"]) for name, t in header.items()},
            json.loads(metadata.get("tessera.ties", "{}")))


def regex(pattern):
    parts = re.split(r"(\*|\{\})", pattern)
    return re.compile("".join({"*": "(?:.*)", "{}": "([^./]+)"}.get(p, re.escape(p)) for p in parts), re.S)


def selects(item, name):
    if isinstance(item, str):
        item = {"match": item}
    return name == item["name"] if "name" in item else regex(item["match"]).fullmatch(name) is not None


def filled(entry, name):
    """The entry with what its pattern's {} took put into the names of its axes, in order."""
    if not entry or "match" not in entry or "axes" not in entry:
        return entry
    taken = list(regex(entry["match"]).fullmatch(name).groups())

    def fill(value):
        if isinstance(value, str):
            return re.sub(r"\{\}", lambda _, rest=iter(taken): next(rest), value)
        if isinstance(value, list):
            return [fill(item) for item in value]
        return {key: fill(item) if key in ("axis", "concat") else item for key, item in value.items()} if value else value
    return {**entry, "axes": fill(entry["axes"])}


class Cut:
    """The plan's axes, each as an owner per channel: a unit, or -1 for common."""

    def __init__(self, plan):
        self.plan, self.units, self.sizes = plan, plan["units"], {}

    def entry(self, axis):
        axes = self.plan.get("axes", {})
        if axis in axes:
            return axes[axis]
        return next(value for key, value in axes.items() if "{}" in key and regex(key).fullmatch(axis))

    def learn(self, dimension, extent):
        """Sizes that the plan leaves to the tensors; every case says those of concatenations elsewhere."""
        if isinstance(dimension, str):
            dimension = {"axis": dimension}
        if dimension and "axis" in dimension and not dimension.get("compact"):
            self.sizes.setdefault(dimension["axis"],
                                  extent // dimension.get("inner", 1) // dimension.get("outer", 1))

    def owners(self, axis):
        entry, k = self.entry(axis), self.units
        common, listed, granule = entry.get("common", []), entry.get("units"), entry.get("granule", 1)
        size = entry.get("size", self.sizes.get(axis))
        if listed and isinstance(listed[0], list):
            size = size or len(common) + sum(map(len, listed))
            owners = np.full(size, -1)
            for unit, channels in enumerate(listed):
                owners[channels] = unit
            return owners
        size = size or len(common) + sum(listed)
        owners, free = np.full(size, -1), [c for c in range(size) if c not in set(common)]
        granules = len(free) // granule
        if listed is None:
            listed = [(granules // k + (u < granules % k)) * granule if granules >= k else 0 for u in range(k)]
        owners[free[:sum(listed)]] = np.repeat(np.arange(k), listed)
        return owners

    def dimension(self, dimension, extent):
        """Owner and axis (an index of `names`) of every position."""
        none = np.full(extent, -1)
        if dimension is None:
            return [(none, None)]
        if isinstance(dimension, str):
            dimension = {"axis": dimension}
        if dimension.get("compact"):
            return [(none, None)]
        if "concat" in dimension:
            return [piece for part in dimension["concat"]
                    for piece in (self.dimension(part, 0) if "size" not in part or isinstance(part, str)
                                  else [(np.full(part["size"], -1), None)])]
        owners = np.repeat(np.tile(self.owners(dimension["axis"]), dimension.get("outer", 1)),
                           dimension.get("inner", 1))
        # Tiling whole axes and repeating each channel is the layout (o·size + channel)·inner + i.
        return [(owners, dimension["axis"])]


def networks(plan):
    """(task, level number, the units in order, {axis: units})."""
    k = plan["units"]
    for place, task in enumerate(plan.get("tasks", [])):
        order = task.get("order", sorted(range(k), key=lambda unit: (abs(unit - place), unit)))
        levels = task.get("levels", list(range(1, len(order) + 1)))

        def chosen(level, order):
            if isinstance(level, int):
                return order[:level]
            # A list is shown in the task's order; units that the order does not name follow, ascending.
            return [unit for unit in order if unit in level] + sorted(set(level) - set(order))

        own = task.get("axes", {})
        for number, level in enumerate(levels, 1):
            yield task["name"], number, chosen(level, order), {
                axis: chosen(entry.get("levels", levels)[number - 1], entry.get("order", order))
                for axis, entry in own.items()}


def users(plan, name):
    """The (task, level) pairs that use a tensor, level 0 for all of a task's; empty for a shared tensor."""
    found = []
    for task in plan.get("tasks", []):
        levels = [int(level) for level, items in task.get("private_per_level", {}).items()
                  if any(selects(item, name) for item in items)]
        found += [(task["name"], level) for level in levels]
        if not levels and any(selects(item, name) for item in task.get("private", [])):
            found.append((task["name"], 0))
    return found


def count(cut, entry, shape, is_private, network):
    """Elements by class, each looked at, that a network uses; `network` is None for everything stored."""
    if 0 in shape:
        return np.zeros(4, int)
    units, own = (None, {}) if network is None else (set(network[2]), network[3])
    expert = entry.get("units", []) if entry else []
    if units is not None and any(unit not in units for unit in expert):
        return np.zeros(4, int)
    dimensions = (entry or {}).get("axes") or [None] * len(shape)
    k = cut.units
    largest, smallest, active = np.full(shape, -1), np.full(shape, k), np.full(shape, True)
    for place, (dimension, extent) in enumerate(zip(dimensions, shape)):
        pieces = cut.dimension(dimension, extent)
        owners = np.concatenate([piece for piece, _ in pieces])
        assert len(owners) == extent
        use = np.concatenate([
            np.array([owner == -1 or units is None or owner in own.get(axis, units) for owner in piece], bool)
            for piece, axis in pieces])
        along = [1] * len(shape)
        along[place] = extent
        owners = owners.reshape(along)
        largest = np.maximum(largest, owners)
        smallest = np.minimum(smallest, np.where(owners == -1, k, owners))
        active = active & use.reshape(along)
    for unit in expert:
        largest, smallest = np.maximum(largest, unit), np.minimum(smallest, unit)
    if is_private:
        return np.array([0, 0, 0, active.sum()])
    return np.array([(active & (largest == smallest)).sum(), (active & (largest > smallest)).sum(),
                     (active & (largest == -1)).sum(), 0])


def counted(policy, names):
    choice = policy.get("names", {"leave_out": []})
    patterns = [regex(pattern) for pattern in choice.get("only", choice.get("leave_out"))]
    return any(("only" in choice) == any(p.fullmatch(name) for p in patterns) for name in names)


def digest(policy):
    text = json.dumps({key: value for key, value in policy.items() if key != "$schema"}, sort_keys=True,
                      separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def main(plan_path, count_path, source, policy_paths):
    with open(plan_path) as file:
        plan = json.load(file)
    with open(count_path) as file:
        found = json.load(file)["policies"]
    specs, ties = specs_of(source, plan)
    names = {name: [name] + [tied for tied, original in ties.items() if original == name]
             for name in specs if name not in ties}
    cut, entries, failures, rows, elements = Cut(plan), {}, [], 0, 0
    for name, (_, shape) in specs.items():
        entries[name] = filled(next((e for e in plan.get("tensors", []) if selects(e, name)), None), name)
        for dimension, extent in zip((entries[name] or {}).get("axes", []), shape):
            cut.learn(dimension, extent)
    wanted = list(networks(plan)) + [None]
    policies = [json.load(open(path)) for path in policy_paths]
    if [p["digest"] for p in found] != [digest(p) for p in policies]:
        failures.append("the digests differ")
    sums = [[{"classes": np.zeros(4, int), "bits": 0, "excluded": 0, "excluded_bits": 0} for _ in wanted]
            for _ in policies]
    for name in names:
        dtype, shape = specs[name]
        scope = {user for alias in names[name] for user in users(plan, alias)}
        for place, network in enumerate(wanted):
            if network and scope and not scope & {(network[0], 0), network[:2]}:
                continue
            classes = count(cut, entries[name], shape, bool(scope), network)
            elements += classes.sum()
            for policy, row in zip(policies, (rows_of[place] for rows_of in sums)):
                bits = int(classes.sum()) * BITS.get(dtype, 8)
                if counted(policy, names[name]):
                    row["classes"] += classes
                    row["bits"] += bits
                else:
                    row["excluded"] += int(classes.sum())
                    row["excluded_bits"] += bits
    for policy, table, expected in zip(policies, found, sums):
        if len(table["rows"]) != len(wanted):
            failures.append(f"{policy['id']}: {len(table['rows'])} rows, not {len(wanted)}")
        for network, row, sum_ in zip(wanted, table["rows"], expected):
            rows += 1
            intra, inter, common, private = map(int, sum_["classes"])
            truth = {
                "task": network and network[0], "level": network and network[1],
                "units": network[2] if network else list(range(plan["units"])),
                "parameters": intra + inter + common + private, "intra": intra, "interconnection": inter,
                "common": common, "private": private, "bytes": sum_["bits"] // 8, "excluded": sum_["excluded"],
                "excluded_bytes": sum_["excluded_bits"] // 8}
            for key, value in truth.items():
                if row[key] != value:
                    failures.append(f"{policy['id']} {truth['task']} {truth['level']}: {key} {row[key]}, not {value}")
            by_role = row["roles"].values()
            if sum(r["parameters"] for r in by_role) != row["parameters"] or sum(
                    r["excluded"] for r in by_role) != row["excluded"]:
                failures.append(f"{policy['id']} {truth['task']} {truth['level']}: the roles are not all")
    print(json.dumps({"rows": rows, "elements": int(elements), "failures": failures}))


if __name__ == "__main__":
    main(*sys.argv[1:4], sys.argv[4:])
