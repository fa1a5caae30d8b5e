"""Makes files whose elements have owners or masks, and judges what Tessera makes of them; prints JSON.

    python elements.py make packnet|piggyback|nested FOLDER      source.safetensors and family.json
    python elements.py judge packnet|piggyback|nested TESSERA    in that folder, with model.h5

What is expected comes from NumPy alone: PackNet's task t has the elements of owners 1 to t, Piggyback's those for which
its mask is not 0, and a level of nested masks those of its own; everything else is zero, in the tensor's own shape.
`failures` must be empty.
"""

import json
import subprocess
import sys

import numpy as np

import extracted
import package
from check import failures

WIDTHS = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "F8_E4M3": 1, "I8": 1, "I64": 8, "C64": 8}
TASKS = ["plain", "birds", "none", "cars"]
LEVELS = {"packnet": 1, "piggyback": 1, "nested": 3}
# 6 MB: more than the windows of either direction.
LAYERS = [
    ("stem.weight", "F32", [9, 3, 5, 5]), ("block.0.conv.weight", "F16", [7, 9, 3, 3]),
    ("block.1.conv.weight", "BF16", [11, 7, 1, 1]), ("block.2.fc.weight", "F64", [13, 11]),
    ("block.3.codes.weight", "I8", [4097]), ("block.4.wave.weight", "C64", [5, 3]),
    ("block.5.small.weight", "F8_E4M3", [6, 7]), ("block.6.large.weight", "F32", [1201, 1250]),
    ("block.7.scalar.weight", "F32", []), ("block.8.empty.weight", "F32", [0, 3]),
    ("block.9.mine.weight", "F32", [8, 4]), ("block.10.free.weight", "I64", [3, 5]),
]


def write(path, tensors):
    header, data = {"__metadata__": {"made": "by hand"}}, b""
    for name, (dtype, shape, content) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(content)]}
        data += content
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text + data)


def elements(random, dtype, count):
    """Any bytes at all: NaN with payloads and negative zeros among them."""
    content = bytearray(random.bytes(count * WIDTHS[dtype]))
    # One in eight is zero.
    for element in range(3, count, 8):
        content[element * WIDTHS[dtype]:(element + 1) * WIDTHS[dtype]] = bytes(WIDTHS[dtype])
    if dtype == "F32" and count > 2:
        content[:8] = (0x7FA12345).to_bytes(4, "little") + (0x80000000).to_bytes(4, "little")
    return bytes(content)


def make(kind, folder):
    random = np.random.RandomState(5)
    tensors = {}
    for name, dtype, shape in LAYERS:
        count = int(np.prod(shape, dtype=np.int64))
        module = name.removesuffix(".weight")
        tensors[name] = (dtype, shape, elements(random, dtype, count))
        tensors[f"{module}.bias"] = ("F32", [2], random.bytes(8))
        if module == "stem":
            continue
        if kind == "packnet":
            # Nothing belongs to the third task; one layer is all the second one's, one is all free.
            owners = random.choice([0, 1, 2, 4], count, p=[0.2, 0.5, 0.1, 0.2]).astype(np.uint8)
            owners[:] = {"block.9.mine": 2, "block.10.free": 0}.get(module, owners)
            tensors[f"{module}.pack"] = ("U8", shape, owners.tobytes())
        elif kind == "nested":
            # Each level's mask has that of the level below; the third task has none at the last level.
            for task in TASKS[1:]:
                mask = np.zeros(count, np.uint8)
                for level in range(3 - (task == "none")):
                    mask |= random.choice([0, 1], count, p=[0.7, 0.3]).astype(np.uint8)
                    tensors[f"{module}.mask_{task}_{level}"] = ("BOOL", shape, mask.tobytes())
        else:
            for task in TASKS[1:]:
                mask = random.choice([0, 1, 255], count).astype(np.uint8)
                if task == "none":
                    mask[:] = 0
                tensors[f"masks.{task}.{module}"] = ("U8" if task == "cars" else "BOOL", shape, mask.clip(0, 1 if task != "cars" else 255).tobytes())
    for task in TASKS:
        tensors[f"heads.{task}.weight"] = ("F32", [3, 2], random.bytes(24))
    # Known by other names: a tensor of one task with a mask, or with an owner map, that is the task's too.
    if kind == "packnet":
        owners = random.choice([0, 2, 3], 6).astype(np.uint8)
        tensors["heads.cars.pack"] = ("U8", [3, 2], owners.tobytes())
    elif kind == "piggyback":
        tensors["masks.cars.heads"] = ("U8", [3, 2], random.choice([0, 9], 6).astype(np.uint8).tobytes())
    write(f"{folder}/source.safetensors", tensors)
    family = {"format": "tessera.family/1", "family": kind, "tasks": TASKS, "per_task": ["heads.{task}.*"]}
    if kind == "packnet":
        family["owners"] = {"*.weight": "*.pack"}
    elif kind == "nested":
        family["masks"] = {"*.weight": "*.mask_{task}_{level}"}
    else:
        family["masks"] = {"block.{}.{}.weight": "masks.{task}.block.{}.{}", "heads.cars.weight": "masks.{task}.heads"}
    with open(f"{folder}/family.json", "w", encoding="utf-8") as file:
        json.dump(family, file)


def is_beside(name):
    """Whether a tensor is a map or a mask."""
    return name.endswith(".pack") or name.startswith("masks.") or ".mask_" in name


def mask_name(kind, module, task, level):
    return f"{module}.mask_{task}_{level - 1}" if kind == "nested" else f"masks.{task}.{module}"


def expected(kind, source, task, level):
    """What the network has, and how many bytes of the file it needs: its own elements, and the maps or masks."""
    result, needed, kept_elements = {}, 0, 0
    number = TASKS.index(task) + 1
    for name, (dtype, shape, data) in source.items():
        data = bytes(data)
        # A map of a tensor without elements gives none to anybody; the file has it as a tensor like others.
        if is_beside(name) and (data or kind != "packnet"):
            continue
        if name.startswith("heads."):
            kept = kept_by(kind, source, name, task, level)
            if kept is not None:
                beside = head_beside(kind, source, task)
                elements = len(data) if kind != "packnet" or beside is None else 4 * int(kept.sum())
                needed += elements + (0 if beside is None else len(kept))
                data = np.where(kept[:, None], np.frombuffer(data, np.uint8).reshape(-1, 4), np.uint8(0)).tobytes()
                result[name.replace(f"{task}.", "")] = (dtype, shape, data)
                kept_elements += int(kept.sum())
            continue
        module = name.removesuffix(".weight")
        own, others = f"{module}.pack", mask_name(kind, module, task, level)
        kept = None
        if own in source and name.endswith(".weight"):
            owners = np.frombuffer(source[own][2], np.uint8)
            kept = (owners >= 1) & (owners <= number)
            needed += len(owners) + int(kept.sum()) * WIDTHS[dtype]
        elif others in source and name.endswith(".weight"):
            kept = np.frombuffer(source[others][2], np.uint8) != 0
            needed += len(kept) + len(data)
        else:
            needed += len(data)
            kept_elements += len(data) // WIDTHS.get(dtype, 1)
        if kept is not None and data:
            kept_elements += int(kept.sum())
            array = np.frombuffer(data, np.uint8).reshape(len(kept), WIDTHS[dtype])
            data = np.where(kept[:, None], array, np.uint8(0)).tobytes()
        result[name] = (dtype, shape, data)
    return result, needed, kept_elements


def judge(kind, tessera):
    import check
    _, source = check.parse_safetensors("source.safetensors")
    numbers = {"networks": 0, "data": 0, "masked": []}
    with package.tessera_h5.open("model.h5") as m:
        is_compressed = any(m._storage.file[path].chunks for path in package.sections(m))
    flat = package.flat_tensors("model.h5")
    extracted.judge(list(flat) == list(source), "h5py: other names")
    for name, (dtype, shape, data) in source.items():
        extracted.judge(flat[name] == (dtype, shape, bytes(data)), f"h5py: tensor {name!r} differs")
    for task, level in networks(kind):
        wanted, needed, kept = expected(kind, source, task, level)
        report, calls = extracted.traced(
            tessera, "model.h5", "out.safetensors", "--json", "--task", task, "--level", str(level))
        extracted.judge_tensors(task, "out.safetensors", wanted, {"made": "by hand"})
        judged = package.network("model.h5", task, level)
        extracted.judge(judged == {name: tensor for name, tensor in wanted.items()}, f"{task}: h5py has others")
        seen = sum(count for _, count in calls)
        extracted.judge(seen == report["bytes_read"] + report["index_bytes"], f"{task}: strace saw {seen}")
        if not is_compressed:
            extracted.judge(report["bytes_read"] == needed, f"{task}: {report['bytes_read']} read, {needed} needed")
        numbers["networks"] += 1
        numbers["data"] += needed
        numbers["masked"].append(kept)
    judge_counts(kind, tessera, source, numbers["masked"])
    print(json.dumps({**numbers, "compressed": is_compressed, "failures": failures[:20]}))


def is_nonzero(dtype, shape, data):
    """Which elements are not zero; a float's sign says nothing."""
    values = np.frombuffer(data, np.uint8).reshape(-1, WIDTHS[dtype]).copy()
    if dtype[0] in "FB":
        values[:, -1] &= 0x7F
    if dtype == "C64":
        values[:, [3, 7]] &= 0x7F
    return values.any(axis=1)


def head_beside(kind, source, task):
    """The owner map or the mask of a task's head, where it has one."""
    name = f"heads.{task}.pack" if kind == "packnet" else f"masks.{task}.heads"
    return name if name in source else None


def networks(kind):
    return [(task, level) for task in TASKS for level in range(1, LEVELS[kind] + 1)]


def kept_by(kind, source, name, task, level):
    """Which elements of a tensor that is neither map nor mask the network uses; None for a head of another task."""
    count = int(np.prod(source[name][1], dtype=np.int64))
    if name.startswith("heads."):
        if not name.startswith(f"heads.{task}."):
            return None
        beside = head_beside(kind, source, task)
        if beside is None:
            return np.ones(count, bool)
        values = np.frombuffer(source[beside][2], np.uint8)
        return values != 0 if kind == "piggyback" else (values >= 1) & (values <= TASKS.index(task) + 1)
    module = name.removesuffix(".weight")
    if name.endswith(".weight") and f"{module}.pack" in source:
        owners = np.frombuffer(source[f"{module}.pack"][2], np.uint8)
        return (owners >= 1) & (owners <= TASKS.index(task) + 1)
    mask = mask_name(kind, module, task, level)
    if name.endswith(".weight") and mask in source:
        return np.frombuffer(source[mask][2], np.uint8) != 0
    return np.ones(count, bool)


def judge_counts(kind, tessera, source, kept):
    """What `count` says under density masked, with the masks as bytes and as bits."""
    beside = [name for name in source if is_beside(name)]
    sizes = {name: len(source[name][2]) for name in beside}
    policy = {"format": "tessera.counting-policy/1", "version": 1, "title": "by hand", "density": "masked"}
    nonzero = {**policy, "id": "nonzero", "density": "non-zero", "names": {"leave_out": beside}}
    policies = {"nonzero": nonzero, "weights": {**policy, "id": "weights", "names": {"leave_out": beside}},
                "bytes": {**policy, "id": "bytes"}, "bits": {**policy, "id": "bits", "bits": {"mask": 1}}}
    tables = {}
    for name, document in policies.items():
        with open(f"{name}.json", "w", encoding="utf-8") as file:
            json.dump(document, file)
        output = subprocess.run(
            [tessera, "count", "model.h5", "--json", "--policy", f"{name}.json", "--union", "birds:1,cars:1"],
            check=True, capture_output=True).stdout
        tables[name] = json.loads(output)["policies"][0]
    own = [name for name in source if name not in beside]
    pairs = [[kept_by(kind, source, name, task, 1) for task in ("birds", "cars")] for name in own]
    union = sum(int(np.logical_or(*pair).sum()) if all(one is not None for one in pair)
                else sum(int(one.sum()) for one in pair if one is not None) for pair in pairs)
    everybody = 0
    for name in own:
        masks = [one for one in (kept_by(kind, source, name, *network) for network in networks(kind)) if one is not None]
        everybody += int(np.logical_or.reduce(masks).sum())
    table = tables["weights"]
    found = [row["parameters"] for row in table["rows"]]
    extracted.judge(found == kept + [everybody], f"masked: {found}, not {kept}, {everybody}")
    extracted.judge(table["union"]["parameters"] == union, f"union: {table['union']}, not {union}")
    extracted.judge(table["union"]["separate"] == sum(
        kept[networks(kind).index((task, 1))] for task in ("birds", "cars")), f"separate: {table['union']}")
    present = {name: is_nonzero(*source[name]) for name in own}
    wanted = [sum(int((one & present[name]).sum()) for name in own
                  if (one := kept_by(kind, source, name, task, level)) is not None)
              for task, level in networks(kind)] + [sum(int(one.sum()) for one in present.values())]
    found = [row["parameters"] for row in tables["nonzero"]["rows"]]
    extracted.judge(found == wanted, f"non-zero: {found}, not {wanted}")
    for place, (task, level) in enumerate(networks(kind)):
        row, bits = tables["bytes"]["rows"][place], tables["bits"]["rows"][place]
        mine = [name for name in beside if name.startswith(f"masks.{task}.") or name.endswith(f".mask_{task}_{level - 1}")
                or kind == "packnet" and (not name.startswith("heads.") or name == f"heads.{task}.pack")]
        count = sum(sizes[name] for name in mine)
        data = 0
        for name in own:
            one = kept_by(kind, source, name, task, level)
            data += 0 if one is None else int(one.sum()) * WIDTHS[source[name][0]]
        extracted.judge(row["parameters"] == kept[place] + count, f"{task}: {row['parameters']} with masks")
        extracted.judge(row["bytes"] == data + count, f"{task}: {row['bytes']} bytes with masks")
        extracted.judge(bits["bytes"] == (data * 8 + count + 7) // 8, f"{task}: {bits['bytes']} bytes with bits")


if __name__ == "__main__":
    make(sys.argv[2], sys.argv[3]) if sys.argv[1] == "make" else judge(sys.argv[2], sys.argv[3])
