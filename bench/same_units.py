"""Checks that a checkpoint has the units that h5py_cut.py makes of the same weights: `python same_units.py OURS PEER`.

The benchmark checks this once for each pair of converters: the ratio of two different results would mean nothing.
"""

import collections
import sys

import h5py
import numpy as np

from inputs import UNITS


def names(ours):
    """The tensors in the file's order."""
    texts = ours["tessera/names"][:].tobytes()
    for offset in ours["tessera/tensors"]["name"].tolist():
        length = int.from_bytes(texts[offset:offset + 4], "little")
        yield texts[offset + 4:offset + 4 + length].decode()


def differences(ours, peer):
    """The blocks that are not where the layout requires; one section has all blocks between two units."""
    ends = collections.Counter()
    for name in names(ours):
        rows = [peer[f"units/{unit}"][name][:].reshape(UNITS, -1) for unit in range(UNITS)]
        for u in range(UNITS):
            for v in range(UNITS):
                path = f"intra/{u}/F32" if u == v else f"inter/{min(u, v)}-{max(u, v)}/F32"
                end = ends[path] + rows[u][v].size
                if not np.array_equal(ours[path][ends[path]:end], rows[u][v]):
                    yield f"{name}, units {u} and {v}: other elements in /{path}"
                ends[path] = end
    for path, end in ends.items():
        if ours[path].size != end:
            yield f"/{path}: {ours[path].size} elements, not {end}"


if __name__ == "__main__":
    with h5py.File(sys.argv[1]) as ours, h5py.File(sys.argv[2]) as peer:
        for difference in differences(ours, peer):
            sys.exit(f"ours and the peer's differ: {difference}")
