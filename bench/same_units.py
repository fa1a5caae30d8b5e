"""Whether two HDF5 files hold the same datasets under /units: `python same_units.py OURS PEER`.

The benchmark asks once per pair of converters: a ratio of two different pieces of work would mean nothing.
"""

import sys

import h5py
import numpy as np


def differences(ours, peer):
    """Every dataset of either file that the other has not, or has with other elements."""
    for unit in sorted(ours["units"].keys() | peer["units"].keys()):
        mine, other = ours["units"].get(unit, {}), peer["units"].get(unit, {})
        for name in sorted(set(mine) | set(other)):
            if name not in mine or name not in other:
                yield f"units/{unit}/{name}: only in one of the files"
            elif mine[name].dtype != other[name].dtype or not np.array_equal(mine[name][:], other[name][:]):
                yield f"units/{unit}/{name}: other elements"


if __name__ == "__main__":
    with h5py.File(sys.argv[1]) as ours, h5py.File(sys.argv[2]) as peer:
        for difference in differences(ours, peer):
            sys.exit(f"ours and the peer's differ: {difference}")
