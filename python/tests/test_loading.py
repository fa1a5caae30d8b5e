"""`load_into` refuses what would leave a module with other values than the file's; wrappers are named."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable

import pytest

import tessera_h5
from tessera_h5._wrappers import bare, hint

torch: Any = pytest.importorskip("torch")
nn = torch.nn

PLAN: dict[str, Any] = {
    "format": "tessera.plan/1", "units": 2, "axes": {"h": {"size": 8}}, "tasks": [{"name": "main"}],
    "tensors": [{"match": "up.weight", "axes": ["h", None]}, {"match": "up.bias", "axes": ["h"]},
                {"match": "down.weight", "axes": [None, "h"]}]}


class Pair(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.up, self.down = nn.Linear(6, 8), nn.Linear(8, 3)

    def forward(self, x: Any) -> Any:
        return self.down(self.up(x).relu())


class Tied(nn.Module):
    def __init__(self, is_tied: bool = True) -> None:
        super().__init__()
        self.emb, self.head = nn.Embedding(10, 8), nn.Linear(8, 10, bias=False)
        if is_tied:
            self.head.weight = self.emb.weight


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("loading") / "m.h5"
    tessera_h5.save(path, Pair(), PLAN)
    return path


def load(module: Any, path: Path, **more: Any) -> Any:
    return tessera_h5.load_into(module, path, "main", 2, **more)


def refused(module: Any, path: Path, **more: Any) -> str:
    before = {name: value.clone() for name, value in module.state_dict().items()}
    with pytest.raises(tessera_h5.StateDictError) as caught:
        load(module, path, **more)
    assert all(value.is_meta or value.equal(before[name]) for name, value in module.state_dict().items())
    return str(caught.value)


@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize("wrap, words", [
    (nn.DataParallel, "begin with 'module.': give module.module instead"),
    (torch.compile, "begin with '_orig_mod.': give module._orig_mod instead"),
    (nn.Sequential, "begin with '0.': give module[0] instead"),
    (lambda m: torch.compile(nn.DataParallel(m)), "give module._orig_mod.module instead"),
    (lambda m: nn.Linear(2, 2), "missing: weight, bias; unexpected: up.weight")])
def test_a_module_without_a_common_name_is_refused(wrap: Callable[[Any], Any], words: str, strict: bool,
                                                   file: Path) -> None:
    assert words in refused(wrap(Pair()), file, strict=strict)


def test_names_that_are_left_are_a_warning(file: Path) -> None:
    module = Pair()
    module.extra = nn.Linear(2, 2)
    words = "loaded 4 of 6 tensors of Pair; missing: extra.weight"
    with pytest.warns(tessera_h5.StateDictWarning, match=words) as reported:
        assert load(module, file, strict=False) is module
    assert reported[0].message.missing == ["extra.weight", "extra.bias"] and reported[0].filename == __file__
    inner = Pair()
    inner.up = torch.compile(inner.up)
    with pytest.warns(tessera_h5.StateDictWarning, match="contain '_orig_mod.' of torch.compile"):
        load(inner, file, strict=False)


def test_a_module_on_meta_is_refused(file: Path) -> None:
    with torch.device("meta"):
        module = Pair()
    assert "on the device meta, which has no values: up.weight" in refused(module, file)
    loaded = load(module.to_empty(device="cpu"), file).state_dict()
    with tessera_h5.open(file) as m:
        assert all(loaded[name].equal(value) for name, value in m.state_dict(framework="torch").items())


def test_dtypes_that_lose_values_are_refused(file: Path, tmp_path: Path) -> None:
    ran = 0
    for dtype, is_exact in (("float64", True), ("float32", True), ("bfloat16", False), ("float16", False),
                            ("float8_e4m3fn", False)):
        module = Pair().to(getattr(torch, dtype))
        if not is_exact:
            assert f"a dtype that loses values: up.weight (expected {dtype}, found F32)" in refused(module, file)
        assert str(load(module, file, cast=not is_exact).up.weight.dtype) == f"torch.{dtype}"
        ran += 1
    assert ran == 5
    tessera_h5.save(tmp_path / "b.h5", Pair().to(torch.bfloat16), PLAN)
    load(Pair(), tmp_path / "b.h5")
    assert "found BF16" in refused(Pair().half(), tmp_path / "b.h5"), "F16 has not the range of BF16"
    whole = Pair()
    whole.up.weight = nn.Parameter(torch.zeros(8, 6, dtype=torch.int8), requires_grad=False)
    assert "give cast=True" in refused(whole, file)
    assert "values that the module's dtype cannot have: up.weight" in refused(whole, file, cast=True)
    large = Pair()
    nn.init.constant_(large.up.weight, 1e6)
    tessera_h5.save(tmp_path / "l.h5", large, PLAN)
    assert "up.weight (expected float16, found F32)" in refused(Pair().half(), tmp_path / "l.h5", cast=True)
    load(Pair().to(torch.bfloat16), tmp_path / "l.h5", cast=True)


@pytest.mark.parametrize("source, target, is_exact", [
    ("U8", "float16", True), ("I32", "float32", False), ("I32", "float64", True), ("I64", "int32", False),
    ("U8", "int16", True), ("I8", "uint8", False), ("BOOL", "int8", True), ("I8", "bool", False),
    ("F32", "complex64", True), ("C64", "float32", False), ("C64", "complex128", True), ("F16", "bfloat16", False),
    ("F8_E4M3", "float16", True), ("F8_E5M2", "float16", True), ("F8_E5M2", "float8_e4m3fn", False),
    ("F6_E2M3", "uint8", True), ("F6_E2M3", "float32", False)])
def test_which_dtypes_have_all_values(source: str, target: str, is_exact: bool) -> None:
    from tessera_h5._load import _holds

    assert _holds(torch.empty(1, dtype=getattr(torch, target)), source) == is_exact


def test_tied_parameters(tmp_path: Path) -> None:
    tied: dict[str, Any] = {**PLAN, "tensors": [{"match": name, "axes": [None, "h"]}
                                                for name in ("emb.weight", "head.weight")]}
    path, source = tmp_path / "t.h5", Tied(False)
    tessera_h5.save(path, source, tied)
    assert "different tensors in the file: emb.weight, head.weight" in refused(Tied(), path)
    load(Tied(False), path)
    with torch.no_grad():
        source.head.weight.copy_(source.emb.weight)
        source.emb.weight[3, 3] = source.head.weight[3, 3] = float("nan")
    tessera_h5.save(path, source, tied)
    load(Tied(), path)
    # As save_model of safetensors writes it.
    tessera_h5.save(path, {"head.weight": source.head.weight}, {**tied, "tensors": tied["tensors"][1:]})
    module = load(Tied(), path)
    assert module.emb.weight is module.head.weight and module.emb.weight[:3].equal(source.emb.weight[:3])
    assert "missing: emb.weight" in refused(Tied(False), path)


def test_the_wrapper_of_a_plan_is_named(tmp_path: Path) -> None:
    with pytest.raises(tessera_h5.CommandError, match="begin with 'module.': give module.module instead"):
        tessera_h5.save(tmp_path / "m.h5", nn.DataParallel(Pair()), PLAN)
    planned = {**PLAN, "tensors": [{**one, "match": f"module.{one['match']}"} for one in PLAN["tensors"]]}
    with pytest.raises(tessera_h5.CommandError, match="the names in the plan begin with 'module.'"):
        tessera_h5.save(tmp_path / "m.h5", Pair(), planned)
    with pytest.raises(tessera_h5.TesseraError, match="has no tensor 'up.weight'; the module's names begin with"):
        tessera_h5.shrink(nn.DataParallel(Pair()), {
            **PLAN, "tensors": [{"name": one["match"], "axes": one["axes"]} for one in PLAN["tensors"]]}, "main", 1)
    assert bare("module.a._orig_mod.b") == "a.b" and hint(["a", "b"], ["c", "d"]) == ""


class Block(nn.Module):
    """A block as in diffusers: GroupNorm over the outputs of a first layer, and a time embedding."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.norm, self.one = nn.Conv2d(3, 32, 1), nn.GroupNorm(8, 32), nn.Conv2d(32, 32, 1)
        self.time, self.again, self.two = nn.Linear(16, 32), nn.GroupNorm(8, 32), nn.Conv2d(32, 32, 1)
        self.last = nn.Conv2d(32, 3, 1)

    def forward(self, x: Any, time: Any) -> Any:
        x = self.first(x)
        h = self.one(self.norm(x).relu()) + self.time(time.relu())[:, :, None, None]
        return self.last(x + self.two(self.again(h).relu()))


def test_an_error_of_plan_for_names_what_works() -> None:
    pytest.importorskip("onnxscript")
    inputs = torch.randn(1, 3, 8, 8), torch.randn(1, 16)
    with pytest.raises(tessera_h5.TesseraError) as caught:
        tessera_h5.plan_for(Block(), inputs, units=2)
    found = str(caught.value)
    assert "axis 'norm': " in found and "; axis 'one': " in found, "every axis has its reason"
    assert found.endswith("; with cut_first=True, 2 axes can be cut")
    assert len(tessera_h5.plan_for(Block(), inputs, units=2, cut_first=True)["axes"]) == 2
    with pytest.raises(tessera_h5.TesseraError, match="neither cut_first=True nor cut_last=True helps"):
        tessera_h5.plan_for(nn.LayerNorm(6), torch.randn(2, 6), units=2)
    wrapped = tessera_h5.plan_for(nn.DataParallel(Pair()), torch.randn(2, 6), units=2, cut_first=True)
    assert "give the module inside it, module.module" in wrapped.notes[0]
