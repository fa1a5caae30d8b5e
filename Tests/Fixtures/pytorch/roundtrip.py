"""Asks PyTorch about what tessera writes: .pt -> units -> .pt, and .pt -> .pt, for every fixture.

Run by hand with PyTorch 2.13: python roundtrip.py TESSERA. Every file must load with weights_only=True; names, dtypes,
shapes and bytes must be those of expected.json; tied names must share a storage, and others must not.
"""
import hashlib
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import torch

from names import DTYPES, logical

HERE = Path(__file__).parent
tessera = sys.argv[1]


def check(path, expected):
    loaded = torch.load(path, weights_only=True)
    assert set(loaded) == {row["name"] for row in expected}, set(loaded) ^ {row["name"] for row in expected}
    owners = {}
    for row in expected:
        tensor = loaded[row["name"]]
        shape = list(tensor.shape)
        if tensor.dtype == torch.float4_e2m1fn_x2:
            shape[-1] *= 2
        assert (DTYPES[tensor.dtype], shape) == (row["dtype"], row["shape"]), row
        assert hashlib.sha256(logical(tensor)).hexdigest() == row["sha256"], row
        if tensor.untyped_storage().nbytes():
            owner = owners.setdefault(tensor.untyped_storage().data_ptr(), row.get("tied_to", row["name"]))
            assert owner == row.get("tied_to", row["name"]), (row, owner)
    return len(expected), sum("tied_to" in row for row in expected)


totals = [0, 0, 0]
with tempfile.TemporaryDirectory() as folder:
    folder = Path(folder)
    for name, case in json.loads((HERE / "expected.json").read_text()).items():
        if case["left_out"]:
            continue
        for steps in (["units.h5", "back.pt"], ["flat.pt"], ["units.h5", "units.safetensors", "back.pt"]):
            if "C128" in {row["dtype"] for row in case["tensors"]} and "units.safetensors" in steps:
                continue
            source = HERE / name
            for step in steps:
                subprocess.run([tessera, "convert", source, folder / step], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                source = folder / step
            tensors, ties = check(source, case["tensors"])
            totals = [totals[0] + 1, totals[1] + tensors, totals[2] + ties]
print(f"{totals[0]} round trips, {totals[1]} tensors equal, {totals[2]} ties tied, PyTorch {torch.__version__}")
