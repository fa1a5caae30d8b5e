"""Makes sharded safetensors, and judges what a conversion through a unit checkpoint has made of them.

    python shards.py make FOLDER              # FOLDER/hf: three shards and an index; FOLDER/plan.json
    python shards.py judge HF SET SIZE        # a set with shards of at most SIZE bytes of tensors: prints JSON
    python shards.py read HF MODEL.h5         # tessera_h5 on the checkpoint: prints JSON

The shards are written by the safetensors package; the index is written as transformers does it.
"""

import json
import os
import re
import sys

import numpy as np
import safetensors
import safetensors.numpy

INDEX = "model.safetensors.index.json"


def tensors():
    random = np.random.default_rng(29)
    made = {"embed.weight": random.standard_normal((40, 9)).astype("f4")}
    for layer in range(5):
        made[f"layers.{layer}.up.weight"] = random.standard_normal((14, 9)).astype("f4")
        made[f"layers.{layer}.down.weight"] = random.standard_normal((9, 14)).astype("f2")
        made[f"layers.{layer}.steps"] = np.array(layer, "i8")
    made["nothing"] = np.zeros((0, 3), "u1")
    made["größe 日本"] = random.integers(0, 200, (7,), "u1")
    return made


def make(folder):
    os.makedirs(f"{folder}/hf")
    made, weight_map = tensors(), {}
    names = list(made)
    for number, part in enumerate((names[:6], names[6:7], names[7:]), 1):
        file = f"model-{number:05d}-of-00003.safetensors"
        safetensors.numpy.save_file({name: made[name] for name in part}, f"{folder}/hf/{file}", {"format": "pt"})
        weight_map.update(dict.fromkeys(part, file))
    index = {"metadata": {"total_size": sum(array.nbytes for array in made.values())}, "weight_map": weight_map}
    with open(f"{folder}/hf/{INDEX}", "w", encoding="utf-8") as file:
        file.write(json.dumps(index, indent=2, sort_keys=True) + "\n")
    with open(f"{folder}/plan.json", "w") as file:
        json.dump({"format": "tessera.plan/1", "units": 3, "axes": {"ffn{}": {"size": 14}},
                   "tensors": [{"match": "layers.{}.up.weight", "axes": ["ffn{}", None]},
                               {"match": "layers.{}.down.weight", "axes": [None, "ffn{}"]}]}, file)


def load(folder):
    """Every tensor, read as a loader does that trusts the index."""
    with open(f"{folder}/{INDEX}", encoding="utf-8") as file:
        index = json.load(file)
    loaded = {}
    for name, shard in index["weight_map"].items():
        with safetensors.safe_open(f"{folder}/{shard}", "np") as file:
            loaded[name] = file.get_tensor(name)
    return index, loaded


def differences(one, other):
    found = [f"{name}: only in one" for name in one.keys() ^ other.keys()]
    for name in one.keys() & other.keys():
        same = one[name].dtype == other[name].dtype and one[name].shape == other[name].shape
        if not same or one[name].tobytes() != other[name].tobytes():
            found.append(f"{name}: other values")
    return found


def judge(hf, folder, size):
    index, found = load(folder)
    failures = differences(load(hf)[1], found)
    shards = sorted(set(index["weight_map"].values()))
    if sorted(os.listdir(folder)) != sorted(shards + [INDEX]):
        failures.append(f"the folder holds {os.listdir(folder)}")
    if not all(re.fullmatch(rf"model-\d{{5}}-of-{len(shards):05d}\.safetensors", name) for name in shards):
        failures.append(f"names of shards: {shards}")
    if index["metadata"]["total_size"] != sum(array.nbytes for array in found.values()):
        failures.append("total_size")
    previous = None
    for shard in shards:
        with safetensors.safe_open(f"{folder}/{shard}", "np") as file:
            held = list(file.keys())
            if file.metadata() != {"format": "pt"}:
                failures.append(f"{shard}: metadata {file.metadata()}")
        if sorted(held) != sorted(name for name, place in index["weight_map"].items() if place == shard):
            failures.append(f"{shard}: holds {held}")
        nbytes = sum(found[name].nbytes for name in held)
        if nbytes > size and len(held) > 1:
            failures.append(f"{shard}: {nbytes} bytes")
        # The one before had no room for this one's first tensor, whichever it is.
        if previous is not None and previous + max(found[name].nbytes for name in held) <= size:
            failures.append(f"{shard}: begun too early")
        previous = nbytes
    return {"tensors": len(found), "shards": len(shards), "failures": failures}


def read(hf, model):
    import package

    with package.tessera_h5.open(model) as m:
        m.verify()
        found = m.state_dict()
    return {"tensors": len(found), "failures": differences(load(hf)[1], found)}


if __name__ == "__main__":
    if sys.argv[1] == "make":
        make(sys.argv[2])
    elif sys.argv[1] == "judge":
        print(json.dumps(judge(sys.argv[2], sys.argv[3], int(sys.argv[4]))))
    else:
        print(json.dumps(read(sys.argv[2], sys.argv[3])))
