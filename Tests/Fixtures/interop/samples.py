"""Reads every unit checkpoint that is given with the Python readers, and prints JSON.

    python samples.py MODEL.h5 [...]

tessera_h5 checks every byte and makes all flat tensors and all networks; one_network.py makes the networks of the files
that it covers. `failures` must be empty.
"""

import json
import os
import sys

import h5py
import numpy as np

import package

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "..", "samples", "python"))
import one_network  # noqa: E402


def main():
    numbers, failures = {"files": 0, "tensors": 0, "networks": 0, "short": 0}, []
    for path in sys.argv[1:]:
        try:
            numbers["tensors"] += len(package.flat_tensors(path))
            with package.tessera_h5.open(path) as reader:
                file = reader._storage.file
                is_covered = one_network.is_covered(file)
                for task in reader.tasks:
                    for level, _, _ in reader.levels(task):
                        whole = package.network(path, task, level)
                        numbers["networks"] += 1
                        if is_covered:
                            compare(whole, one_network.one_network(file, task, level), f"{path}: ({task}, {level})", failures)
                            numbers["short"] += 1
        except (ValueError, OSError) as error:
            failures.append(f"{path}: {error}")
        numbers["files"] += 1
    print(json.dumps({**numbers, "failures": failures[:20]}))


def compare(whole, short, place, failures):
    for name, (dtype, shape, data) in whole.items():
        if name not in short and 0 in shape:
            continue
        array = short.get(name)
        same = array is not None and list(array.shape) == shape
        if same and dtype == "BF16":
            # h5py makes float32 of it, and another NaN of a NaN.
            wide = (np.frombuffer(data, "<u2").astype("<u4") << 16).view("<f4").reshape(shape)
            same = np.array_equal(array, wide, equal_nan=True)
        elif same:
            same = array.tobytes() == data
        if not same:
            failures.append(f"{place}: {name!r} differs")


if __name__ == "__main__":
    main()
