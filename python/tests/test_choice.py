"""Unknown tasks, levels and tensors, and wrong options: always an error that lists what there is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tessera_h5

WRONG_LEVELS: tuple[Any, ...] = (0, -1, 5, 99, True, False, 1.0, 2.5, "1", "large", None, (1,), b"1", np.int64(0),
                                 np.bool_(True), 2**64)


@pytest.mark.parametrize("level", [level for level in WRONG_LEVELS if level is not None], ids=repr)
def test_a_wrong_level_is_an_error(level: Any, fashion: Path) -> None:
    with tessera_h5.open(fashion) as m:
        for call in (m.state_dict, m.network):
            with pytest.raises(KeyError) as caught:
                call("fine", level)
            assert str(caught.value) == f"{fashion}: task 'fine': expected a level from 1 to 4, found {level!r}"
            assert isinstance(caught.value, tessera_h5.NotInFile)


def test_a_level_is_needed_with_a_task(fashion: Path) -> None:
    with tessera_h5.open(fashion) as m:
        with pytest.raises(TypeError, match=r"expected a level of \[1, 2, 3, 4\], found none"):
            m.state_dict("fine")
        with pytest.raises(TypeError, match="expected a task beside level 1"):
            m.state_dict(level=1)


def test_levels_are_found_by_number_and_name(fashion: Path, tmp_path: Path) -> None:
    with tessera_h5.open(fashion) as m:
        assert [level.units for level in m.levels("digits")] == [(2,), (2, 1), (2, 1, 3), (2, 1, 3, 0)]
        assert m.network("fine", np.int32(2)).level == m.levels("fine")[1] == (2, None, (0, 1))
    tessera_h5.save(tmp_path / "named.h5", {"w": np.zeros((8, 3), "f4")}, {
        "format": "tessera.plan/1", "units": 4, "axes": {"a": {"size": 8}},
        "tensors": [{"match": "w", "axes": ["a", None]}],
        "tasks": [{"name": "fine", "order": [0, 1, 2, 3], "levels": {"small": 1, "v1": 2, "large": 4}}]})
    with tessera_h5.open(tmp_path / "named.h5") as m:
        assert [level.name for level in m.levels("fine")] == ["small", "v1", "large"]
        assert m.network("fine", "large").level.units == (0, 1, 2, 3)
        assert m.network("fine", "v1").level.number == 2 and m.network("fine", 1).level.name == "small"
        with pytest.raises(KeyError, match="expected a level from 1 to 3 or 'small', 'v1', 'large', found 'medium'"):
            m.network("fine", "medium")


def test_a_wrong_name_gives_the_nearest(fashion: Path) -> None:
    with tessera_h5.open(fashion) as m:
        for call in (m.levels, lambda task: m.state_dict(task, 1), lambda task: m.network(task, 1)):
            with pytest.raises(KeyError, match="found no task 'digit'; nearest: 'digits'"):
                call("digit")
        with pytest.raises(KeyError, match="found no task 'x'; it has 'fine', 'coarse', 'digits', 'parity'"):
            m.levels("x")
        for call in (m.__getitem__, m.tensor, m.tensors.__getitem__):
            with pytest.raises(KeyError, match=r"no tensor 'stage1\.1\.conv1\.weigth'; nearest: 'stage1\.1\.conv"):
                call("stage1.1.conv1.weigth")
        network = m.network("fine", 1)
        with pytest.raises(KeyError, match="found no tensor of task 'fine' at level 1 'head.weigh'; nearest: 'head.we"):
            network["head.weigh"]
        assert "head.weight" in network and "head.weigh" not in network and "x" not in m and "x" not in m.tensors


def test_a_wrong_option_is_an_error(fashion: Path) -> None:
    with tessera_h5.open(fashion) as m:
        with pytest.raises(ValueError, match="expected one of numpy, ml_dtypes, torch, bits, found 'jax'"):
            m.state_dict("fine", 1, framework="jax")
        with pytest.raises(ValueError, match="device: expected None for framework 'numpy', found 'cpu'"):
            m.tensor("stage1.1.conv1.weight", device="cpu")


def test_mappings_say_what_there_is(fashion: Path) -> None:
    with tessera_h5.open(fashion) as m:
        assert m.tasks == ("fine", "coarse", "digits", "parity")
        assert len(m.tensors) == 542 and list(m.tensors)[0] in m
        info = m.tensors["stage1.1.conv1.weight"]
        assert (info.dtype, info.shape, info.nbytes, info.tied_to) == ("F32", (32, 32, 3, 3), 36_864, None)
        small = m.network("fine", 1).info("stage1.1.conv1.weight")
        assert (small.shape, small.nbytes, small.sha256) == ((8, 8, 3, 3), 2_304, None)
        assert m.plan["units"] == 4 and len(m.model_sha256) == 64
        assert repr(m.network("fine", 1)) == "<Network 'fine' level 1: 44 tensors>"
    m.close()


def test_ties_are_one_array(checkpoint: Any) -> None:
    tied = 0
    for name in ("case-mixed", "case-family"):
        with tessera_h5.open(checkpoint(name)) as m:
            for task in m.tasks:
                for level in m.levels(task):
                    network = m.network(task, level.number)
                    made = network.state_dict()
                    for tensor in network:
                        root = network.info(tensor).tied_to
                        if root is not None:
                            assert made[tensor] is made[root]
                            tied += 1
    assert tied >= 5
