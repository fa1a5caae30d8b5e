"""The dtypes of each framework: values, bits, and the parts without a copy."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import ROOT, networks, run

import tessera_h5
from tessera_h5._dtypes import BITS, ML_DTYPES, NUMPY, SMALL_FLOATS, as_bits, as_ml_dtypes, as_numbers, float_values

SHAPE = (3, 8)


def packed(dtype: str, seed: int = 1) -> Any:
    """Random bytes of a tensor of `SHAPE`, in the type in which the reader copies elements."""
    data = np.random.default_rng(seed).integers(0, 256, 24 * BITS[dtype] // 8, "u1")
    if dtype == "BOOL":
        data %= 2
    return data.view("<c16" if dtype == "C128" else f"<u{max(BITS[dtype], 8) // 8}")


@pytest.mark.parametrize("dtype", BITS)
def test_numbers_are_those_of_ml_dtypes(dtype: str) -> None:
    pytest.importorskip("ml_dtypes")
    exact, numbers = as_ml_dtypes(packed(dtype), dtype, SHAPE), as_numbers(packed(dtype), dtype, SHAPE)
    assert exact.shape == numbers.shape == SHAPE
    assert exact.dtype.name == (ML_DTYPES.get(dtype) or np.dtype(NUMPY[dtype]).name)
    wanted = exact if dtype in NUMPY else exact.astype("f4" if dtype[0] in "FB" else "i1" if dtype[0] == "I" else "u1")
    assert numbers.dtype == wanted.dtype
    with np.errstate(invalid="ignore"):
        assert np.array_equal(numbers, wanted, equal_nan=numbers.dtype.kind in "fc")


@pytest.mark.parametrize("dtype", [*SMALL_FLOATS, "F8_E8M0"])
def test_every_code_of_a_small_float_has_its_value(dtype: str) -> None:
    ml_dtypes = pytest.importorskip("ml_dtypes")
    codes = np.arange(1 << BITS[dtype], dtype="u1")
    wanted = codes.view(getattr(ml_dtypes, ML_DTYPES[dtype])).astype("f4")
    found = float_values(dtype)
    assert np.array_equal(found, wanted, equal_nan=True)
    assert np.array_equal(np.signbit(found[~np.isnan(found)]), np.signbit(wanted[~np.isnan(wanted)]))


@pytest.mark.parametrize("dtype", BITS)
def test_bits_are_the_stored_bytes(dtype: str) -> None:
    bits = as_bits(packed(dtype), dtype, SHAPE)
    assert bits.tobytes() == packed(dtype).tobytes() and bits.dtype.kind == "u"
    wanted = (24 * BITS[dtype] // 8,) if BITS[dtype] < 8 else (*SHAPE, 2) if dtype == "C128" else SHAPE
    assert bits.shape == wanted


def test_nan_payloads_and_negative_zero_survive() -> None:
    words = np.array([0x7FC0, 0x7F81, 0xFFD5, 0x8000, 1, 0x7FFF], "<u2")
    numbers = as_numbers(words, "BF16", (6,))
    assert (numbers.view("<u4") >> 16).tolist() == words.tolist()
    assert as_numbers(np.array([0x7F800001, 0x80000000], "<u4"), "F32", (2,)).view("<u4").tolist() == [
        0x7F800001, 0x80000000]


def test_torch_is_not_imported_unless_asked_for(fashion: Path) -> None:
    code = (f"import sys; sys.path.insert(0, {str(ROOT / 'python' / 'src')!r}); import tessera_h5; "
            f"m = tessera_h5.open({str(fashion)!r}); m.state_dict('fine', 1); m.verify(); "
            "print([name for name in ('torch', 'ml_dtypes', 'safetensors') if name in sys.modules])")
    printed = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert printed == "[]\n"


@pytest.mark.parametrize("name", ["fashion", "case-dtypes", "golden-types", "golden-mixed"])
def test_torch_tensors_are_those_of_the_bits(name: str, checkpoint: Any) -> None:
    torch: Any = pytest.importorskip("torch")
    compared = 0
    with tessera_h5.open(checkpoint(name)) as m:
        for task, level in networks(checkpoint(name)):
            bits, network = m.state_dict(task, level, framework="bits"), m.network(task, level, framework="torch")
            for tensor, value in network.state_dict().items():
                info = network.info(tensor)
                assert value.reshape(-1).view(torch.uint8).numpy().tobytes() == bits[tensor].tobytes(), (name, tensor)
                if BITS[info.dtype] >= 8 and info.nbytes:
                    assert tuple(value.shape) == info.shape and value.element_size() * 8 == BITS[info.dtype]
                compared += 1
    assert compared >= 8


def test_torch_shares_the_memory() -> None:
    pytest.importorskip("torch")
    from tessera_h5._dtypes import as_torch

    cells = packed("BF16")
    value = as_torch(cells, "BF16", SHAPE)
    assert value.data_ptr() == cells.ctypes.data and str(value.dtype) == "torch.bfloat16"


def test_state_dict_loads_into_a_module(fashion: Path) -> None:
    torch: Any = pytest.importorskip("torch")

    class Head(torch.nn.Module):
        def __init__(self, width: int) -> None:
            super().__init__()
            self.head = torch.nn.Linear(width, 10)

    with pytest.warns(tessera_h5.StateDictWarning, match="loaded 2 of 2 tensors of Head; unexpected: "):
        module = tessera_h5.load_into(Head(32), fashion, "digits", 2, strict=False)
    with tessera_h5.open(fashion) as m:
        assert np.array_equal(module.head.weight.detach().numpy(), m.network("digits", 2)["head.weight"])
    with pytest.raises(tessera_h5.StateDictError) as caught:
        tessera_h5.load_into(Head(32), fashion, "digits", 2)
    error = caught.value
    assert not error.missing and len(error.unexpected) == 42 and "unexpected: " in str(error)
    with pytest.raises(tessera_h5.StateDictError, match=r"shape: head.weight \(expected \[10, 16\], found \[10, "):
        tessera_h5.load_into(Head(16), fashion, "digits", 2, strict=False)
    torch.nn.init.zeros_(module.head.weight)
    module.extra = torch.nn.Linear(2, 2)
    with pytest.raises(tessera_h5.StateDictError, match="missing: extra.weight, extra.bias"):
        tessera_h5.load_into(module, fashion, "digits", 2)
    assert not module.head.weight.any(), "a refused state dict changes nothing"


def test_a_module_is_saved_and_loaded(tmp_path: Path) -> None:
    torch: Any = pytest.importorskip("torch")
    module = torch.nn.Sequential(torch.nn.Linear(6, 8), torch.nn.ReLU(), torch.nn.Linear(8, 6)).to(torch.bfloat16)
    module[2].weight = torch.nn.Parameter(module[0].weight.detach().T)
    module.again = module[0]
    path = tmp_path / "module.h5"
    tessera_h5.save(path, module, {
        "format": "tessera.plan/1", "units": 2, "axes": {"hidden": {"size": 8}}, "tasks": [{"name": "t"}],
        "tensors": [{"match": name, "axes": axes} for name, axes in (
            ("0.weight", ["hidden", None]), ("0.bias", ["hidden"]), ("2.weight", [None, "hidden"]),
            ("again.weight", ["hidden", None]), ("again.bias", ["hidden"]))]})
    run("validate", "--deep", path)
    with tessera_h5.open(path) as m:
        assert m.tensors["again.weight"].tied_to == "0.weight" and m.tensors["2.weight"].tied_to is None
        half = m.state_dict("t", 1, framework="torch")
        assert half["0.weight"].shape == (4, 6) and half["again.weight"] is half["0.weight"]
        assert torch.equal(half["2.weight"], module[2].weight[:, :4])
        assert torch.equal(m.tensor("2.bias", framework="torch", device="cpu"), module[2].bias)
    other = torch.nn.Sequential(torch.nn.Linear(6, 8), torch.nn.ReLU(), torch.nn.Linear(8, 6)).to(torch.bfloat16)
    other.again = other[0]
    tessera_h5.load_into(other, path, "t", 2)
    assert all(torch.equal(a, b) for a, b in zip(other.state_dict().values(), module.state_dict().values()))
