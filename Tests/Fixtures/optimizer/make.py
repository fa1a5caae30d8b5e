"""Makes the training checkpoints of this folder: models of a few weights after three steps of training.

Run by hand with PyTorch 2.15: python make.py. The files are committed; no test needs PyTorch.
"""
import sys
from pathlib import Path

import torch
from torch import nn

HERE = Path(__file__).parent


class Net(nn.Module):
    """Weights and biases of different sizes, a norm with statistics, and two heads."""

    def __init__(self, hidden=6, heads=("a", "b")):
        super().__init__()
        self.up = nn.Linear(3, hidden)
        self.norm = nn.BatchNorm1d(hidden)
        self.down = nn.Linear(hidden, 4)
        self.heads = nn.ModuleDict({name: nn.Linear(4, 2) for name in heads})

    def forward(self, x):
        x = torch.relu(self.norm(self.up(x)))
        return sum(head(self.down(x)) for head in self.heads.values())


class Tied(nn.Module):
    """An embedding that is the output layer, too, and three matrices of one size."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(7, 4)
        self.norm = nn.LayerNorm(4)
        self.layers = nn.ModuleList(nn.Linear(4, 4) for _ in range(3))
        self.out = nn.Linear(4, 7, bias=False)
        self.out.weight = self.embed.weight

    def forward(self, x):
        x = self.embed(x)
        for layer in self.layers:
            x = torch.relu(layer(self.norm(x)))
        return self.out(x)


def batch(model, step):
    generator = torch.Generator().manual_seed(step)
    if isinstance(model, Tied):
        return torch.randint(0, 7, (5,), generator=generator)
    return torch.randn(5, 3, generator=generator)


def step(model, optimizer, number):
    optimizer.zero_grad()
    model(batch(model, number)).square().mean().backward()
    optimizer.step()


def split(model):
    """The usual two groups: weights with decay, and all others."""
    names = [(n, p) for n, p in model.named_parameters()]
    decay = [(n, p) for n, p in names if p.ndim >= 2]
    return decay, [(n, p) for n, p in names if p.ndim < 2]


def adamw(model):
    return torch.optim.AdamW(model.parameters(), lr=1e-3)


def named(model):
    decay, rest = split(model)
    groups = [{"params": rest, "weight_decay": 0.0}, {"params": decay, "betas": (0.8, 0.95)}]
    return torch.optim.AdamW(groups, lr=0.1 + 0.2, amsgrad=True)


def groups(model):
    decay, rest = split(model)
    return torch.optim.Adam([{"params": [p for _, p in decay], "weight_decay": 0.1},
                             {"params": [p for _, p in rest]}], lr=torch.tensor(3e-3))


def sgd(model):
    return torch.optim.SGD(model.parameters(), lr=1 / 3, momentum=0.9, nesterov=True)


def trained(model, make, steps=3):
    optimizer = make(model)
    for number in range(steps):
        step(model, optimizer, number)
    return optimizer


CASES = {
    "adamw.pt": (Net, adamw, lambda m, o: {"epoch": 3, "model": m, "optimizer": o}),
    "named.pt": (Net, named, lambda m, o: {"model_state_dict": m, "optimizer_state_dict": o}),
    "groups.pt": (Tied, groups, lambda m, o: {"model": m, "optimizer": o}),
    "sgd.ckpt": (Net, sgd, lambda m, o: {"state_dict": m, "optimizer_states": [o], "epoch": 1}),
}


def main():
    for name, (kind, make, form) in CASES.items():
        torch.manual_seed(len(name))
        model = kind()
        optimizer = trained(model, make)
        torch.save(form(model.state_dict(), optimizer.state_dict()), HERE / name)
    # The moments are copies of the parameters, so whatever is cut alike has the same bytes.
    torch.manual_seed(1)
    model = Net()
    optimizer = trained(model, named)
    for parameter, state in optimizer.state.items():
        for key in ("exp_avg", "exp_avg_sq", "max_exp_avg_sq"):
            state[key].copy_(parameter.detach())
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, HERE / "copies.pt")
    # An optimizer that was built in another order than the model, from matrices of one size.
    model = Tied()
    layers = list(model.layers)
    order = [model.embed.weight, *model.norm.parameters(), *(p for l in layers for p in l.parameters())]
    optimizer = torch.optim.SGD([{"params": order[:5]}, {"params": order[5:]}], momentum=0.5)
    # No step: no state has a shape.
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, HERE / "several.pt")
    optimizer = torch.optim.SGD(layers[0].parameters(), momentum=0.5)
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, HERE / "some.pt")
    # Two optimizers, each with a part of the model.
    two = [torch.optim.SGD(l.parameters(), momentum=0.5).state_dict() for l in layers[:2]]
    torch.save({"state_dict": model.state_dict(), "optimizer_states": two}, HERE / "two.ckpt")
    # The file of a Trainer of transformers is the state_dict itself.
    model = Net()
    torch.save(trained(model, adamw).state_dict(), HERE / "optimizer.pt")


if __name__ == "__main__":
    sys.exit(main())
