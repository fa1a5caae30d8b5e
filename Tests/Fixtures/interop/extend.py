"""Adds to a unit checkpoint what a later version or somebody else might add.

    python extend.py MODEL.h5 MAJOR MINOR
"""

import sys

import h5py
import numpy as np

with h5py.File(sys.argv[1], "r+") as file:
    file.attrs.modify("layout_version", np.array(sys.argv[2:4], "<u4"))
    file.attrs["remark"] = "not ours"
    file["tessera"].attrs["later"] = 1
    file["tessera/roles"] = b"later"
    file.create_group("graph/nodes").create_dataset("0", data=[1.0, 2.0])
    file["intra" if "intra" in file else "tensors"].attrs["remark"] = "a group with an attribute"
    file["soft"] = h5py.SoftLink("/tessera/plan")
    file["elsewhere"] = h5py.ExternalLink("other.h5", "/")
