"""Holds extracted PyTorch files against the file that they come from, without PyTorch.

usage: torch_networks.py SOURCE PLAN FOLDER

Reads SOURCE and FOLDER/<task>.<level>.pt with Python's own unpickler, which is told what the few globals of a tensor
are and refuses all others, and with zipfile. A network's tensors must be the source's, with the channels of its units.
Prints one JSON object: how many networks and tensors were compared, and what differs.
"""

import collections
import io
import json
import os
import pickle
import struct
import sys
import zipfile

import numpy

DTYPES = {"FloatStorage": "<f4", "LongStorage": "<i8", "HalfStorage": "<f2", "DoubleStorage": "<f8"}


def rebuild(storage, offset, size, stride, requires_grad, hooks, *metadata):
    data, dtype = storage
    array = numpy.frombuffer(data, dtype)
    item = array.dtype.itemsize
    assert all(extent > 0 for extent in size)
    last = offset + sum((extent - 1) * step for extent, step in zip(size, stride))
    assert 0 <= offset and last < len(array)
    return numpy.lib.stride_tricks.as_strided(array[offset:], size, [step * item for step in stride], writeable=False).copy()


class Restricted(pickle.Unpickler):
    def __init__(self, file, storages):
        super().__init__(file)
        self.storages = storages

    def find_class(self, module, name):
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return rebuild
        if module == "torch" and name in DTYPES:
            return name
        raise pickle.UnpicklingError(f"{module}.{name}")

    def persistent_load(self, value):
        kind, storage, key, location, count = value[:5]
        assert kind == "storage" and location == "cpu"
        data = self.storages(key)
        if data is not None:
            assert len(data) == count * numpy.dtype(DTYPES[storage]).itemsize
        return data, DTYPES[storage]


def legacy(raw):
    """The form before 1.6: the object names its storages, whose bytes follow; so it is read twice."""
    def walk(storages):
        file = io.BytesIO(raw)
        heads = [pickle.load(file) for _ in range(3)]
        assert heads[0] == 0x1950A86A20F9469CFC6C and heads[1] == 1001 and heads[2]["little_endian"]
        return Restricted(file, storages), file

    wanted = {}

    class Listing(Restricted):
        def find_class(self, module, name):
            found = super().find_class(module, name)
            return (lambda *ignored: None) if found is rebuild else found

        def persistent_load(self, value):
            wanted[value[2]] = numpy.dtype(DTYPES[value[1]]).itemsize

    _, file = walk(None)
    Listing(file, None).load()
    storages = {}
    for key in pickle.load(file):
        (count,) = struct.unpack("<q", file.read(8))
        storages[key] = file.read(count * wanted[key])
    machine, _ = walk(storages.__getitem__)
    return machine.load()


def tensors(path):
    if not zipfile.is_zipfile(path):
        return legacy(open(path, "rb").read())
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        (pickled,) = [name for name in names if name.endswith("/data.pkl")]
        top = pickled[: -len("data.pkl")]
        assert len(set(names)) == len(names) and all(name.startswith(top) for name in names)
        return Restricted(io.BytesIO(archive.read(pickled)), lambda key: archive.read(f"{top}data/{key}")).load()


def main(source, plan, folder):
    whole = tensors(source)
    plan = json.load(open(plan))
    cuts = {entry.get("name", entry.get("match")): entry["axes"] for entry in plan["tensors"]}
    failures, networks, compared = [], 0, 0
    for task in plan["tasks"]:
        for level in task["levels"]:
            found = tensors(os.path.join(folder, f"{task['name']}.{level}.pt"))
            networks += 1
            if list(found) != list(whole) and set(found) != set(whole):
                failures.append(f"{task['name']} {level}: names")
            for name, array in whole.items():
                expected = array
                for dimension, axis in enumerate(cuts.get(name, [])):
                    if axis is None:
                        continue
                    # Equal shares: the first channels mod units of them have one more.
                    parts = numpy.array_split(numpy.arange(array.shape[dimension]), plan["units"])
                    active = numpy.concatenate([parts[unit] for unit in sorted(task["order"][:level])])
                    expected = expected.take(active, dimension)
                compared += 1
                other = found.get(name)
                if other is None or other.dtype != expected.dtype or other.shape != expected.shape \
                        or other.tobytes() != expected.tobytes():
                    failures.append(f"{task['name']} {level}: {name}")
    print(json.dumps({"networks": networks, "tensors": compared, "cut": len(cuts), "failures": failures}))


main(*sys.argv[1:])
