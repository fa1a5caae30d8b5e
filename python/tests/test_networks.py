"""Every sub-network of every sample is that of `tessera extract`, byte for byte."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import FIXTURES, GOLDEN, SAMPLES, Tensor, extracted, networks, parse, run

import tessera_h5
from tessera_h5._dtypes import BITS, NUMPY

# Sub-networks and tensors of all samples together; another number means that a sample or the tests changed.
NETWORKS, TENSORS = 157, 6_048
seen = {"networks": 0, "tensors": 0, "dtypes": set[str]()}


def compare(place: str, info: tessera_h5.TensorInfo, bits: Any, wanted: Tensor) -> None:
    assert (info.dtype, info.shape) == wanted[:2], place
    assert bits.tobytes() == wanted.data, place
    if BITS[info.dtype] >= 8 and len(info.shape) <= 32 and info.nbytes:
        assert bits.shape[:len(info.shape)] == info.shape, place
    assert info.nbytes == len(wanted.data), place
    seen["tensors"] += 1
    seen["dtypes"].add(info.dtype)


@pytest.mark.parametrize("name", SAMPLES)
def test_networks_are_those_of_extract(name: str, checkpoint: Any, tmp_path: Path) -> None:
    path = checkpoint(name)
    found = networks(path)
    assert found
    with tessera_h5.open(path) as m:
        for task, level in found:
            wanted = extracted(path, task, level, tmp_path)
            network = m.network(task, level, framework="bits")
            made = m.state_dict(task, level, framework="bits")
            if name == "added" and task != "base":
                # `extract` writes an added input as it was; its network has the base's tensors, too.
                base = extracted(path, "base", 1, tmp_path)
                wanted = {**{one: base[one] for one in made if one in base}, **wanted}
            assert set(network) == set(made) == set(wanted), (name, task, level)
            for tensor, one in wanted.items():
                place = f"{name} ({task}, {level}) {tensor!r}"
                compare(place, network.info(tensor), made[tensor], one)
                assert network[tensor].tobytes() == one.data, place
            seen["networks"] += 1


@pytest.mark.parametrize("name", SAMPLES)
def test_flat_tensors_are_those_of_convert(name: str, checkpoint: Any, tmp_path: Path) -> None:
    path = checkpoint(name)
    with tessera_h5.open(path) as m:
        m.verify()
        whole = m.state_dict(framework="bits")
        if name == "added" or name in ("golden-graph", "golden-shards", "golden-types"):
            # These come back as several files, as ONNX, or with dtypes that safetensors lacks.
            wanted = None
        else:
            run("convert", path, tmp_path / "back.safetensors")
            wanted = parse(tmp_path / "back.safetensors")
            assert set(wanted) == set(whole) == set(m.tensors)
        for tensor, info in m.tensors.items():
            import hashlib
            assert hashlib.sha256(whole[tensor].tobytes()).hexdigest() == info.sha256, (name, tensor)
            if wanted is not None:
                compare(f"{name} {tensor!r}", info, whole[tensor], wanted[tensor])
            if info.tied_to is not None:
                assert whole[tensor] is whole[info.tied_to]


@pytest.mark.parametrize("name", ["written", "written-compressed"])
def test_another_writer_s_file_is_read(name: str, checkpoint: Any) -> None:
    """Its tensor of three I4 has unused bits, which belong to the flat file."""
    with tessera_h5.open(checkpoint(name)) as m:
        m.verify()
        odd = m.tensors["tiny/é"]
        assert (odd.dtype, odd.shape, odd.nbytes) == ("I4", (3,), 2)
        assert m["tiny/é"].dtype == np.int8 and m["tiny/é"].shape == (3,)
        assert m.tensor("tiny/é", framework="bits")[1] >> 4, "the case has no unused bits that are set"
        assert [level.name for level in m.levels("second")] == ["small", "full"]
        small, number = m.network("second", "small"), m.network("second", 1)
        assert list(small) == list(number) and small["weight"].tobytes() == number["weight"].tobytes()
        # Axis b has an order of its own at this level: unit 0, where the task has unit 1.
        assert small.level.units == (1,) and small.info("weight").shape == (3, 2)


def test_numbers_have_the_dtype_of_the_tensor(checkpoint: Any) -> None:
    looked_at = 0
    with tessera_h5.open(checkpoint("golden-types")) as m:
        for name, info in m.tensors.items():
            array = m[name]
            if info.dtype in NUMPY:
                assert array.dtype == np.dtype(NUMPY[info.dtype]) and array.shape == info.shape
                assert array.tobytes() == m.tensor(name, framework="bits").tobytes()
                looked_at += 1
    assert looked_at >= 8


def test_every_sample_was_compared() -> None:
    assert len(list((FIXTURES / "checkpoints").glob("*.h5"))) == len(GOLDEN)
    assert seen["networks"] >= NETWORKS and seen["tensors"] >= TENSORS, seen
    # C128 and the integers below eight bits cannot be extracted to safetensors.
    assert set(BITS) - seen["dtypes"] <= {"C128", "I4", "U4", "I2", "U2", "F8_E4M3FNUZ", "F8_E5M2FNUZ"}, seen["dtypes"]
