"""Lets PyTorch judge what Tessera gives back: python judge.py TESSERA.

Run by hand with PyTorch. Each training goes through a unit checkpoint and back, and goes on: the next step equals that
of the uninterrupted training bit for bit. Sub-networks are extracted and trained on, and equal a small model whose
weights and moments were cut with slices.
"""
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
from torch import nn

import make
from make import HERE, Net, Tied, step, trained

TESSERA = sys.argv[1]
PLAN = str(HERE / "training.json")


def tessera(*arguments, code=0):
    run = subprocess.run([TESSERA, *map(str, arguments)], capture_output=True, text=True)
    assert run.returncode == code, (arguments, run.returncode, run.stderr)
    return run.stdout + run.stderr


def same(one, other, place=""):
    """Values of Python, types and bits included."""
    assert type(one) is type(other), (place, type(one), type(other))
    if isinstance(one, torch.Tensor):
        assert one.dtype == other.dtype and one.shape == other.shape, place
        assert torch.equal(one.contiguous().reshape(-1).view(torch.uint8), other.contiguous().reshape(-1).view(torch.uint8)), place
    elif isinstance(one, dict):
        assert one.keys() == other.keys(), (place, one.keys(), other.keys())
        for key in one:
            same(one[key], other[key], f"{place}.{key}")
    elif isinstance(one, (list, tuple)):
        assert len(one) == len(other), place
        for number, (a, b) in enumerate(zip(one, other)):
            same(a, b, f"{place}.{number}")
    elif isinstance(one, float):
        assert one.hex() == other.hex(), place
    else:
        assert one == other, (place, one, other)


def by_names(make_one):
    return lambda model: make_one(model.named_parameters())


CASES = {
    "AdamW": (Net, make.adamw),
    "AdamW with names": (Net, by_names(lambda p: torch.optim.AdamW(p, lr=1e-2))),
    "AdamW, amsgrad": (Net, lambda m: torch.optim.AdamW(m.parameters(), amsgrad=True, betas=(0.85, 0.97))),
    "two groups with names": (Net, make.named),
    "two groups without names": (Net, lambda m: torch.optim.AdamW(
        [{"params": [p for _, p in make.split(m)[0]]},
         {"params": [p for _, p in make.split(m)[1]], "weight_decay": 0.0}])),
    "tied weights, lr as a tensor": (Tied, make.groups),
    "SGD with momentum": (Net, make.sgd),
    "SGD without state": (Net, lambda m: torch.optim.SGD(m.parameters(), lr=0.1)),
    "RMSprop, centered": (Net, lambda m: torch.optim.RMSprop(m.parameters(), momentum=0.3, centered=True)),
    "Adagrad": (Net, lambda m: torch.optim.Adagrad(m.parameters())),
    "Adafactor": (Net, lambda m: torch.optim.Adafactor(m.parameters())),
    "NAdam": (Net, lambda m: torch.optim.NAdam(m.parameters())),
    "a group twice its rate": (Tied, lambda m: torch.optim.Adam(
        [{"params": m.embed.parameters(), "lr": float("1e-3")}, {"params": m.norm.parameters()},
         {"params": m.layers.parameters(), "lr": 2e-3}])),
}


def uninterrupted(folder):
    for name, (kind, make_one) in CASES.items():
        torch.manual_seed(7)
        model = kind()
        optimizer = trained(model, make_one)
        first = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 3}
        for plan in ([], ["--plan", PLAN]) if kind is Net else ([],):
            torch.manual_seed(7)
            model = kind()
            optimizer = trained(model, make_one)
            torch.save(first | {"model": model.state_dict(), "optimizer": optimizer.state_dict()}, folder / "t.pt")
            tessera("convert", folder / "t.pt", folder / "t.h5", "--with-optimizer", *plan)
            tessera("validate", "--deep", folder / "t.h5")
            tessera("convert", folder / "t.h5", folder / "back.pt")
            back = torch.load(folder / "back.pt", weights_only=True)
            same(dict(back["model"]), dict(model.state_dict()))
            same(back["optimizer"], optimizer.state_dict())
            torch.manual_seed(99)
            again = kind()
            other = make_one(again)
            again.load_state_dict(back["model"])
            other.load_state_dict(back["optimizer"])
            for number in range(3, 6):
                step(model, optimizer, number)
                step(again, other, number)
                same(dict(again.state_dict()), dict(model.state_dict()), f"{name}, step {number}")
                same(other.state_dict(), optimizer.state_dict(), f"{name}, step {number}")
            if kind is Tied:
                assert again.out.weight is again.embed.weight
        print(f"{name}: three more steps are equal bit for bit")


CHANNELS = {("a", 1): [0, 1, 2], ("a", 2): list(range(6)), ("b", 1): [3, 4, 5], ("b", 2): list(range(6))}
CUT = {"up.weight": 0, "up.bias": 0, "norm.weight": 0, "norm.bias": 0, "norm.running_mean": 0, "norm.running_var": 0,
       "down.weight": 1}


class Small(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.up = nn.Linear(3, hidden)
        self.norm = nn.BatchNorm1d(hidden)
        self.down = nn.Linear(hidden, 4)
        self.head = nn.Linear(4, 2)

    def forward(self, x):
        return self.head(self.down(torch.relu(self.norm(self.up(x)))))


def sliced(name, tensor, channels):
    if name not in CUT or tensor.ndim == 0:
        return tensor.clone()
    return tensor.index_select(CUT[name], torch.tensor(channels))


def networks(folder):
    for case in ["AdamW", "AdamW with names", "AdamW, amsgrad", "two groups with names", "two groups without names",
                 "SGD with momentum", "RMSprop, centered"]:
        make_one = CASES[case][1]
        torch.manual_seed(5)
        model = Net()
        optimizer = trained(model, make_one)
        torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, folder / "t.pt")
        tessera("convert", folder / "t.pt", folder / "t.h5", "--with-optimizer", "--plan", PLAN)
        for (task, level), channels in CHANNELS.items():
            tessera("extract", folder / "t.h5", folder / "s.pt", "--task", task, "--level", level)
            found = torch.load(folder / "s.pt", weights_only=True)
            # The same network by hand.
            hand = Small(len(channels))
            whole = model.state_dict()
            hand.load_state_dict({name: sliced(name, whole[name.replace("head", f"heads.{task}")], channels)
                                  for name in hand.state_dict()})
            by_hand = make_one(hand)
            full = dict(model.named_parameters())
            for name, parameter in hand.named_parameters():
                state = optimizer.state[full[name.replace("head", f"heads.{task}")]]
                by_hand.state[parameter] = {key: sliced(name, value, channels) for key, value in state.items()}
            for group, own in zip(by_hand.param_groups, optimizer.param_groups):
                group.update({key: value for key, value in own.items() if key not in ("params", "param_names")})
            small = Small(len(channels))
            small.load_state_dict(found["model"])
            own = make_one(small)
            own.load_state_dict(found["optimizer"])
            same(own.state_dict(), by_hand.state_dict(), f"{case}, {task} {level}")
            for number in range(3, 6):
                step(hand, by_hand, number)
                step(small, own, number)
                same(dict(small.state_dict()), dict(hand.state_dict()), f"{case}, {task} {level}, step {number}")
        print(f"{case}: four sub-networks go on as those that were cut by hand")


def factored(folder):
    torch.manual_seed(5)
    model = Net()
    optimizer = trained(model, CASES["Adafactor"][1])
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, folder / "t.pt")
    said = tessera("convert", folder / "t.pt", folder / "t.h5", "--with-optimizer", "--plan", PLAN)
    assert "does not have the shape of its parameter" in " ".join(said.split()), said
    said = " ".join(tessera("extract", folder / "t.h5", folder / "s.pt", "--task", "a", "--level", 1).split())
    assert "'optimizer.state.up.weight'" in said and "'optimizer.state.down.weight'" in said, said
    found = torch.load(folder / "s.pt", weights_only=True)
    small = Small(3)
    small.load_state_dict(found["model"])
    own = torch.optim.Adafactor(small.parameters())
    own.load_state_dict(found["optimizer"])
    step(small, own, 3)
    print("Adafactor: parameters that are smaller start again, the others go on")


def trainer(folder):
    """A folder as a Trainer of transformers leaves it, with tensors in the order of their names."""
    from safetensors.torch import save_file
    torch.manual_seed(5)
    model = Net()
    make_one = CASES["two groups without names"][1]
    optimizer = trained(model, make_one)
    home = folder / "run"
    home.mkdir()
    save_file({name: tensor for name, tensor in model.state_dict().items()}, home / "model.safetensors")
    torch.save(optimizer.state_dict(), home / "optimizer.pt")
    assert "--parameter-order" in tessera("convert", home, folder / "f.h5", "--with-optimizer", code=2)
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    order = [names[id(parameter)] for group in optimizer.param_groups for parameter in group["params"]]
    (folder / "names.txt").write_text("".join(f"{name}\n" for name in order))
    tessera("convert", home, folder / "f.h5", "--with-optimizer", "--parameter-order", folder / "names.txt")
    tessera("convert", folder / "f.h5", folder / "f.pt")
    found = torch.load(folder / "f.pt", weights_only=True)
    same(found["optimizer"], optimizer.state_dict())
    tessera("convert", folder / "f.h5", folder / "own.pt", "--take", "optimizer")
    same(torch.load(folder / "own.pt", weights_only=True), optimizer.state_dict())
    tessera("convert", folder / "f.h5", f"{folder}/again/")
    assert (folder / "again/model.safetensors").read_bytes() == (home / "model.safetensors").read_bytes()
    print("a Trainer's folder: weights and state come back")


def by_name(folder):
    """A distributed checkpoint, in both forms of names; PyTorch gives the state to a new optimizer by name."""
    import torch.distributed.checkpoint as dcp
    from torch.distributed.checkpoint.state_dict import StateDictOptions, get_state_dict, set_optimizer_state_dict
    for flat in (False, True):
        options = StateDictOptions(flatten_optimizer_state_dict=flat)
        torch.manual_seed(11)
        model = Net()
        optimizer = trained(model, CASES["two groups with names"][1])
        weights, state = get_state_dict(model, optimizer, options=options)
        home = folder / f"dcp-{flat}"
        dcp.save({"model": weights, "optimizer": state}, checkpoint_id=home, no_dist=True)
        said = tessera("convert", home, folder / "d.h5", "--with-optimizer", "--plan", PLAN)
        assert ("does not have the order" in " ".join(said.split())) == flat, said
        tessera("convert", folder / "d.h5", folder / "d.pt")
        back = torch.load(folder / "d.pt", weights_only=True)
        torch.manual_seed(98)
        again = Net()
        other = CASES["two groups with names"][1](again)
        again.load_state_dict(back["model"])
        set_optimizer_state_dict(again, other, back["optimizer"])
        for number in range(3, 6):
            step(model, optimizer, number)
            step(again, other, number)
            same(dict(again.state_dict()), dict(model.state_dict()), f"by name, step {number}")
    print("distributed checkpoints: three more steps are equal bit for bit")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as path:
        for check in (uninterrupted, networks, factored, trainer, by_name):
            check(Path(path))
