#!/usr/bin/env python3
"""Makes the distributed checkpoints (DCP) of this folder with PyTorch, and the digests of their tensors.

    python make.py [FOLDER]

Needs torch 2.15 with gloo, and safetensors. Each folder is written by that many processes:

* `ranks`: two ranks, tensors that are sharded by rows or columns, replicated ones, a model with its optimizer.
* `uneven`: FSDP (fully_shard) over three ranks with rows that three does not divide, under plain names.
* `grid`: four ranks in a mesh of 2 x 2 with tensors cut in both dimensions, and a strided piece.
* `safetensors`: two ranks' files of HuggingFaceStorageWriter, without an index.
* `named`, `flat`, `numbered`: FSDP over two ranks with AdamW in two groups after two steps; the optimizer's state by the
  names of parameters, by names without a nested dictionary (flatten_optimizer_state_dict), and by their numbers.

expected.json has, for each tensor of the model, its dtype, shape and the SHA-256 of its bytes after PyTorch's own
consolidation: dcp_to_torch_save, or consolidate_safetensors_files. optimizers.json has the same for the tensors of
optimizers (`state`), and the learning rate of each parameter (`rates`).
"""
import hashlib
import json
import os
import shutil
import sys
import tempfile
import warnings
from pathlib import Path

import torch
import torch.distributed as dist
import torch.distributed.checkpoint as dcp
import torch.multiprocessing as mp
from torch.distributed.checkpoint.format_utils import dcp_to_torch_save
from torch.distributed.checkpoint.hf_storage import HuggingFaceStorageWriter
from torch.distributed.checkpoint._consolidate_hf_safetensors import consolidate_safetensors_files
from torch.distributed.checkpoint.state_dict import StateDictOptions, get_state_dict
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import Replicate, Shard, distribute_tensor

HERE = Path(__file__).resolve().parent
warnings.filterwarnings("ignore")


def numbers(dtype, *shape, salt=0):
    """Different numbers in every element, without randomness."""
    count = 1
    for extent in shape:
        count *= extent
    whole = (torch.arange(count, dtype=torch.int64) * 37 + salt) % 251
    if dtype == torch.bool:
        return (whole % 3 == 0).reshape(shape)
    if dtype.is_floating_point:
        whole = whole.to(torch.float64) / 8 - 11
    return whole.reshape(shape).to(dtype)


def ranks(folder):
    mesh = init_device_mesh("cpu", (2,))
    cut = lambda tensor, way: distribute_tensor(tensor, mesh, [way])
    model = {
        "rows": cut(numbers(torch.float32, 4, 3), Shard(0)),
        "columns": cut(numbers(torch.bfloat16, 3, 4, salt=5), Shard(1)),
        "middle": cut(numbers(torch.int64, 2, 4, 3, salt=7), Shard(1)),
        "whole": cut(numbers(torch.float16, 5, salt=9), Replicate()),
        "scalar": torch.tensor(1.5),
        "none": torch.zeros(0, 3),
    }
    optimizer = {"state": {"rows": {"exp_avg": cut(numbers(torch.float32, 4, 3, salt=1), Shard(0))}},
                 "param_groups": [{"lr": 0.5}]}
    dcp.save({"model": model, "optimizer": optimizer, "steps": 7},
             storage_writer=dcp.FileSystemWriter(folder, sync_files=False))


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.first = torch.nn.Linear(3, 7)
        self.last = torch.nn.Linear(7, 2, bias=False)
        with torch.no_grad():
            for number, parameter in enumerate(self.parameters()):
                parameter.copy_(numbers(torch.float32, *parameter.shape, salt=number))

    def forward(self, x):
        return self.last(self.first(x).relu())


def uneven(folder):
    mesh = init_device_mesh("cpu", (3,))
    model = Net()
    fully_shard(model, mesh=mesh)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    model(numbers(torch.float32, 2, 3)).sum().backward()
    optimizer.step()
    weights, state = get_state_dict(model, optimizer)
    # As torchtitan names them: the model's own names, and the optimizer's state beside them.
    flat = dict(weights)
    for name, values in state["state"].items():
        for key, value in values.items():
            flat[f"state.{name}.{key}"] = value
    flat["param_groups.first.weight.lr"] = 0.1
    dcp.save(flat, storage_writer=dcp.FileSystemWriter(folder, sync_files=False))


def grid(folder):
    mesh = init_device_mesh("cpu", (2, 2), mesh_dim_names=("a", "b"))
    weights = {
        "grid": distribute_tensor(numbers(torch.float32, 5, 3, salt=3), mesh, [Shard(0), Shard(1)]),
        "swapped": distribute_tensor(numbers(torch.int32, 3, 5, salt=4), mesh, [Shard(1), Shard(0)]),
        "strided": distribute_tensor(numbers(torch.uint8, 4, 3, salt=2), mesh, [Replicate(), Shard(0)]),
    }
    weights["strided"]._local_tensor = weights["strided"]._local_tensor.t().contiguous().t()
    dcp.save(weights, storage_writer=dcp.FileSystemWriter(folder, sync_files=False))


def safetensors(folder):
    mesh = init_device_mesh("cpu", (2,))
    cut = lambda tensor, way: distribute_tensor(tensor, mesh, [way])
    weights = {
        "rows": cut(numbers(torch.float32, 5, 3), Shard(0)),
        "columns": cut(numbers(torch.bfloat16, 2, 5, salt=5), Shard(1)),
        "whole": cut(numbers(torch.float64, 4, salt=6), Replicate()),
        "first": cut(numbers(torch.float16, 1, 3, salt=8), Shard(0)),
    }
    dcp.save(weights, storage_writer=HuggingFaceStorageWriter(folder, save_distributed=True))


def trained():
    """A sharded model and its optimizer, whose groups have another order than the model."""
    model = Net()
    fully_shard(model, mesh=init_device_mesh("cpu", (2,)))
    weights = [p for p in model.parameters() if p.ndim > 1]
    optimizer = torch.optim.AdamW([{"params": [model.first.bias], "weight_decay": 0.0, "lr": 0.25},
                                   {"params": weights[::-1]}], lr=0.5, betas=(0.75, 0.875))
    for salt in range(2):
        optimizer.zero_grad()
        model(numbers(torch.float32, 2, 3, salt=salt)).square().sum().backward()
        optimizer.step()
    return model, optimizer


def save(folder, weights, state):
    dcp.save({"model": weights, "optimizer": state},
             storage_writer=dcp.FileSystemWriter(folder, sync_files=False))


def named(folder):
    save(folder, *get_state_dict(*trained()))


def flat(folder):
    save(folder, *get_state_dict(*trained(), options=StateDictOptions(flatten_optimizer_state_dict=True)))


def numbered(folder):
    model, optimizer = trained()
    save(folder, model.state_dict(), optimizer.state_dict())


LAYOUTS = {"named": (named, 2), "flat": (flat, 2), "numbered": (numbered, 2),
           "ranks": (ranks, 2), "uneven": (uneven, 3), "grid": (grid, 4), "safetensors": (safetensors, 2)}


def run(rank, name, port, folder):
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port), RANK=str(rank),
                      WORLD_SIZE=str(LAYOUTS[name][1]))
    torch.set_num_threads(1)
    dist.init_process_group("gloo", rank=rank, world_size=LAYOUTS[name][1])
    LAYOUTS[name][0](folder)
    dist.destroy_process_group()


def rows(tensors):
    """[dtype, shape, SHA-256] of each tensor."""
    result = {}
    for name, tensor in sorted(tensors.items()):
        tensor = tensor.detach().contiguous()
        data = bytes(tensor.reshape(-1).view(torch.uint8).tolist()) if tensor.numel() else b""
        result[name] = [str(tensor.dtype).removeprefix("torch."), list(tensor.shape),
                        hashlib.sha256(data).hexdigest()]
    return result


def consolidated(name, folder):
    with tempfile.TemporaryDirectory() as place:
        if name == "safetensors":
            from safetensors.torch import load_file
            names = {key: 1 for file in Path(folder).glob("*.safetensors") for key in load_file(file)}
            consolidate_safetensors_files(folder, place, names)
            return rows(load_file(next(Path(place).glob("*.safetensors"))))
        dcp_to_torch_save(folder, f"{place}/whole.pt")
        whole = torch.load(f"{place}/whole.pt", weights_only=False)
        tensors = whole.get("model", whole)
        return rows({key: value for key, value in tensors.items()
                     if isinstance(value, torch.Tensor) and not key.startswith("state.")})


ORDER = ["first.bias", "last.weight", "first.weight"]
RATES = {"first.bias": 0.25, "last.weight": 0.5, "first.weight": 0.5}


def states(folder):
    """The tensors of an optimizer's state, by the names of parameters."""
    with tempfile.TemporaryDirectory() as place:
        dcp_to_torch_save(folder, f"{place}/whole.pt")
        state = torch.load(f"{place}/whole.pt", weights_only=False)["optimizer"]
    if "state" not in state:
        return rows({key.removeprefix("state."): value for key, value in state.items()
                     if isinstance(value, torch.Tensor)})
    names = {number: name for number, name in enumerate(ORDER)}
    return rows({f"{names.get(key, key)}.{moment}": value
                 for key, values in state["state"].items() for moment, value in values.items()})


def main():
    target = Path(sys.argv[1] if len(sys.argv) > 1 else HERE).resolve()
    expected = {}
    optimizers = {"state": {}, "rates": RATES}
    with tempfile.TemporaryDirectory() as base:
        # The folder's path is in .metadata. A relative one is the same on every machine.
        os.chdir(base)
        for number, name in enumerate(LAYOUTS):
            os.mkdir(name)
            mp.spawn(run, (name, 29610 + number, name), nprocs=LAYOUTS[name][1])
            expected[name] = consolidated(name, name)
            if LAYOUTS[name][0] in (named, flat, numbered):
                optimizers["state"][name] = states(name)
            shutil.rmtree(target / name, ignore_errors=True)
            shutil.copytree(name, target / name)
        os.chdir(target)
    (target / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")
    (target / "optimizers.json").write_text(json.dumps(optimizers, indent=1) + "\n")


if __name__ == "__main__":
    main()
