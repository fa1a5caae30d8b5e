"""Makes the PyTorch fixtures and what PyTorch itself says is in them (expected.json).

Run by hand with PyTorch 2.13: python make.py. The files are committed; no test needs PyTorch.
"""
import argparse
import collections
import hashlib
import io
import json
import pickle
import tarfile
import warnings
import zipfile
from pathlib import Path

import numpy
import torch
from torch import nn

from names import DTYPES, logical

warnings.filterwarnings("ignore")
HERE = Path(__file__).parent
UNTYPED = {"F8_E4M3", "F8_E5M2", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ", "F4", "U64", "U32", "U16"}
EXPECTED = {}


def ramp(*shape, dtype=torch.float32, start=0):
    count = 1
    for extent in shape:
        count *= extent
    return (torch.arange(count, dtype=torch.float64) * 0.37 + start - 1).to(dtype).reshape(shape)


def raw(dtype, *shape):
    """Random bits."""
    items = 1
    for extent in shape:
        items *= extent
    width = torch.empty(0, dtype=dtype).element_size()
    generator = numpy.random.default_rng(len(EXPECTED) + 5)
    data = generator.integers(0, 256, items * width, dtype=numpy.uint8)
    if dtype == torch.bool:
        data &= 1
    return torch.from_numpy(data).view(dtype).reshape(shape)


def describe(tensors):
    rows, roots = [], {}
    for name, tensor in tensors.items():
        shape = list(tensor.shape)
        if tensor.dtype == torch.float4_e2m1fn_x2:
            shape[-1] *= 2
        row = {"name": name, "dtype": DTYPES[tensor.dtype], "shape": shape,
               "sha256": hashlib.sha256(logical(tensor)).hexdigest()}
        place = (tensor.untyped_storage()._cdata if tensor.untyped_storage().nbytes() == 0
                 else tensor.untyped_storage().data_ptr(), tensor.storage_offset(), tuple(tensor.shape),
                 tensor.stride(), tensor.dtype)
        if place in roots:
            row["tied_to"] = roots[place]
        roots.setdefault(place, name)
        rows.append(row)
    return rows


def flat(value, prefix=""):
    """Names as tessera gives them, for containers of Python's own."""
    if isinstance(value, torch.Tensor):
        return {prefix[:-1]: value}
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, (list, tuple)) else ()
    result = {}
    for key, member in pairs:
        result.update(flat(member, f"{prefix}{key}."))
    return result


def save(name, value, names=None, notes=(), left_out=(), **options):
    """Saves `value`, loads it again, and notes the tensors that PyTorch gives back."""
    torch.save(value, HERE / name, **options)
    note(name, names, notes, left_out)


def note(name, names=None, notes=(), left_out=()):
    loaded = torch.load(HERE / name, weights_only=False)
    tensors = names(loaded) if names else flat(loaded)
    EXPECTED[name] = {"tensors": describe(tensors), "notes": sorted(notes), "left_out": sorted(left_out)}


class Net(nn.Module):
    """A convolution, a norm, and two layers that share their weight."""

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3))
        self.embedding = nn.Embedding(5, 4)
        self.head = nn.Linear(4, 5, bias=False)
        self.head.weight = self.embedding.weight
        self.register_buffer("mask", torch.ones(2, 3).triu(), persistent=True)

    def forward(self, x):
        return self.features(x)


class Small(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(3, 2)
        self.register_buffer("scale", torch.tensor([1.5, 2.5]))

    def forward(self, x):
        return self.layer(x) * self.scale + torch.tensor([0.5, 0.25])


def optimizer_checkpoint(net):
    optimizer = torch.optim.Adam(net.parameters(), lr=0.1)
    net(ramp(2, 1, 5, 5)).sum().backward()
    optimizer.step()
    return optimizer.state_dict()


def views():
    base = ramp(4, 6)
    long = ramp(30, start=5)
    lstm = ramp(40, start=9)
    return collections.OrderedDict(
        base=base, transposed=base.t(), rows=base[1:3], columns=base[:, 1:4], steps=base[::2, ::3],
        scalar=base[2, 3], row=base[3], none=base[2:2], permuted=ramp(2, 3, 4, 5).permute(3, 1, 0, 2),
        expanded=long[:3].unsqueeze(0).expand(4, 3), windows=long.unfold(0, 6, 2), tail=long[20:],
        part1=lstm[:12].reshape(3, 4), part2=lstm[12:24].reshape(4, 3), part3=lstm[24:],
        again=lstm[:12].reshape(3, 4), other_shape=lstm[:12].reshape(4, 3),
        channels_last=ramp(2, 3, 4, 5).to(memory_format=torch.channels_last), ones=ramp(1, 7, 1).transpose(0, 2),
        bytes=raw(torch.uint8, 5, 7).t(), halves=raw(torch.float16, 3, 5, 2).transpose(0, 1),
        doubles=raw(torch.float64, 3, 4).t(), complex=raw(torch.complex128, 3, 2).t())


def rezip(source, target, compress=zipfile.ZIP_STORED, change=lambda name, data: data, drop=()):
    with zipfile.ZipFile(HERE / source) as old, zipfile.ZipFile(HERE / target, "w", compress) as new:
        for entry in old.infolist():
            if entry.filename.split("/", 1)[1] not in drop:
                member = zipfile.ZipInfo(entry.filename, (1980, 1, 1, 0, 0, 0))
                member.compress_type = compress
                new.writestr(member, change(entry.filename, old.read(entry)))


def main():
    torch.manual_seed(7)
    every = {name: raw(dtype, 3, 4) for dtype, name in DTYPES.items()}
    save("dtypes.pt", every)
    # PyTorch itself cannot read what it writes of the newer types in this form.
    typed = {name: value for name, value in every.items() if name not in UNTYPED}
    save("dtypes-legacy.pt", typed, _use_new_zipfile_serialization=False)
    save("empty.pt", collections.OrderedDict())
    save("zeros.pt", {"none": torch.empty(0), "wide": torch.empty(3, 0, 2, dtype=torch.int16), "one": ramp()})
    shared = ["pytorch.overlapping-strides"] * 2 + ["pytorch.shared-storage"] * 3 
    save("views.pt", views(), notes=shared)
    save("views-legacy.pt", views(), notes=shared, _use_new_zipfile_serialization=False)
    save("slice.pt", {"slice": ramp(100)[10:20], "gaps": ramp(10, 10)[:, :5]}, notes=["pytorch.unreferenced-bytes"] * 2)
    net = Net()
    save("ties.pt", net.state_dict())
    save("ties-legacy.pt", net.state_dict(), _use_new_zipfile_serialization=False)
    small = {"b": ramp(2, 3), "a": [ramp(3), {"x": ramp(1, dtype=torch.int64)}], 7: ramp(2, dtype=torch.int8)}
    for protocol in range(1, 6):
        save(f"protocol{protocol}.pt", small, pickle_protocol=protocol)
        save(f"protocol{protocol}-legacy.pt", small, pickle_protocol=protocol, _use_new_zipfile_serialization=False)
    state = optimizer_checkpoint(net)
    model = lambda key: lambda loaded: dict(loaded[key])
    save("optimizer.pt", {"epoch": 3, "model_state_dict": net.state_dict(), "optimizer_state_dict": state},
         names=model("model_state_dict"), left_out=["optimizer_state_dict"])
    save("lightning.ckpt",
         {"epoch": 1, "state_dict": net.state_dict(), "optimizer_states": [state, state], "lr_schedulers": [],
          "hyper_parameters": argparse.Namespace(depth=3, name="net")},
         names=model("state_dict"), notes=["pickle.data-global"],
         left_out=["optimizer_states.0", "optimizer_states.1"])
    save("two-models.pt", {"generator": small, "model": {"w": ramp(2)}, "step": 4},
         notes=["pytorch.several-models"])
    save("scalars.pt", {"state_dict": {"w": ramp(2, 2)}, "best": numpy.float64(0.5), "history": numpy.arange(4.0)},
         names=lambda loaded: {**loaded["state_dict"], "best": torch.tensor(loaded["best"], dtype=torch.float64),
                               "history": torch.from_numpy(loaded["history"])},
         notes=["pickle.data-global"] * 4)
    parameters = {"w": nn.Parameter(ramp(2, 2)), "tagged": nn.Parameter(ramp(3))}
    parameters["tagged"].kind = "bias"
    save("parameters.pt", parameters)
    save("lone.pt", ramp(3, 2), names=lambda loaded: {"tensor": loaded})
    save("storage.pt", {"bytes": raw(torch.uint8, 6).untyped_storage(), "typed": ramp(3).storage()},
         names=lambda loaded: {"bytes": torch.tensor(loaded["bytes"].tolist(), dtype=torch.uint8),
                               "typed": torch.tensor(loaded["typed"].tolist())})
    modules = lambda loaded: dict(loaded.state_dict())
    # The older form keeps the source of every class beside the pickle; PyTorch's own is not ours to ship.
    torch.serialization.get_source_lines_and_file = lambda *_: (["class Net: ...\n"], 0, "net.py")
    save("module.pt", net, names=modules, notes=["pickle.foreign-global"] * 6)
    save("module-legacy.pt", net, names=modules, notes=["pickle.foreign-global"] * 6,
         _use_new_zipfile_serialization=False)
    torch.jit.save(torch.jit.script(Small()), HERE / "script.pt")
    EXPECTED["script.pt"] = {
        "tensors": describe(dict(torch.jit.load(HERE / "script.pt").state_dict())),
        "notes": ["pickle.foreign-global"], "left_out": []}
    rezip("views.pt", "deflated.pt", zipfile.ZIP_DEFLATED)
    note("deflated.pt", notes=shared)
    widths = {k: v.element_size() // (2 if v.dtype.is_complex else 1) for k, v in enumerate(typed.values())}

    def swap(name, data):
        if name.endswith("/byteorder"):
            return b"big"
        if "/data/" in name:
            width = widths[int(name.rsplit("/", 1)[1])]
            return b"".join(data[i:i + width][::-1] for i in range(0, len(data), width))
        return data
    # PyTorch does not swap the bytes of untyped storages, whatever lies there.
    torch.save(typed, HERE / "big-endian.pt")
    (HERE / "big-endian.pt").rename(HERE / "little.pt")
    rezip("little.pt", "big-endian.pt", change=swap)
    (HERE / "little.pt").unlink()
    note("big-endian.pt")
    rezip("ties.pt", "old-zip.pt", drop=("byteorder", ".format_version", ".storage_alignment", ".data/serialization_id"))
    note("old-zip.pt")

    foreign = {"dense": ramp(2), "sparse": torch.eye(3).to_sparse(), "meta": torch.empty(3, device="meta"),
               "conjugate": raw(torch.complex64, 3).conj(), "quantised": torch.quantize_per_tensor(ramp(3), 0.1, 10, torch.quint8),
               "half_complex": ramp(2).to(torch.complex32), "nested": torch.nested.nested_tensor([ramp(2), ramp(3)])}
    torch.save(foreign, HERE / "foreign.pt")
    EXPECTED["foreign.pt"] = {"tensors": describe({"dense": foreign["dense"]}), "notes": [],
                              "left_out": sorted(set(foreign) - {"dense"})}

    with tarfile.open(HERE / "refused-tar.pt", "w", format=tarfile.USTAR_FORMAT) as tar:
        for member in ["sys_info", "pickle", "tensors", "storages"]:
            data = pickle.dumps({"member": member}, protocol=2)
            info = tarfile.TarInfo(member)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    for name in ["protocol0.pt"]:
        torch.save(small, HERE / ("refused-" + name), pickle_protocol=0)
    (HERE / "expected.json").write_text(json.dumps(EXPECTED, indent=1) + "\n")
    print(len(EXPECTED), "files, PyTorch", torch.__version__)


main()
