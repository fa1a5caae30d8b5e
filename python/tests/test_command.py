"""What runs the command: `save`, `count`, `python -m tessera_h5`, and where the command is found."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import ROOT, command, run

import tessera_h5
from _tessera_shared import command as shared
from tessera_h5 import _command

PLAN = {"format": "tessera.plan/1", "units": 2, "axes": {"a": {"size": 6}}, "tasks": [{"name": "t"}],
        "tensors": [{"match": "w", "axes": ["a", None]}]}


@pytest.fixture(autouse=True)
def found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TESSERA", command())


def test_counts_are_those_of_the_command(fashion: Path) -> None:
    rows = json.loads(run("count", fashion, "--json", "--policy", "weights-only"))["policies"][0]["rows"]
    with tessera_h5.open(fashion) as m:
        counts = m.count(policy="weights-only")
        assert m.count().stored.parameters == 132_080
        assert (counts.policy, len(counts.rows), counts.stored.task) == ("weights-only", 16, None)
        for row, found in zip(rows, (*counts.rows, counts.stored)):
            for member in ("task", "level", "parameters", "intra", "interconnection", "common", "private", "excluded",
                           "bytes", "density"):
                assert getattr(found, member) == row[member], (row, member)
            assert list(found.units) == row["units"]
        assert counts.row("fine", 2).parameters == 30_416
        with pytest.raises(KeyError, match="nearest: 'fine:4'"):
            counts.row("fine", 5)
        with pytest.raises(tessera_h5.CommandError) as caught:
            m.count(policy="no-such-policy")
        assert "no-such-policy" in str(caught.value) and not str(caught.value).startswith("tessera: ")


def arrays() -> dict[str, Any]:
    random_source = np.random.default_rng(3)
    weights: dict[str, Any] = {"w": random_source.standard_normal((6, 5), dtype="f4"),
                               "big.endian": np.arange(4, dtype=">i4"), "turned": np.arange(12.0).reshape(3, 4).T,
                               "scalar": np.array(2.5, "f2"), "nothing": np.zeros((0, 3), "u1"),
                               "flags": np.array([True, False]), "größe/%": np.arange(3, dtype="u8"),
                               "complex": np.array([1 + 2j], "c8")}
    weights["again"] = weights["w"]
    weights["part"] = weights["w"][:2]
    return weights


@pytest.mark.parametrize("compress", [False, True])
def test_saved_arrays_come_back(compress: bool, tmp_path: Path) -> None:
    path, weights = tmp_path / "saved.h5", arrays()
    tessera_h5.save(path, weights, PLAN, metadata={"who": "me"}, compress=compress)
    with tessera_h5.open(path) as m:
        m.verify()
        assert list(m.tensors) == list(weights)
        for name, array in weights.items():
            assert m[name].dtype == array.dtype.newbyteorder("<") and np.array_equal(m[name], array), name
            assert m[name].shape == array.shape
        assert {name for name in weights if m.tensors[name].tied_to} == {"again"}
        assert m.state_dict("t", 1)["w"].shape == (3, 5)
        assert m._index.source["metadata"]["who"] == "me"
    assert os.listdir(tmp_path) == ["saved.h5"]


def test_ml_dtypes_are_saved(tmp_path: Path) -> None:
    ml_dtypes = pytest.importorskip("ml_dtypes")
    weights = {name: np.arange(-4, 4).astype(getattr(ml_dtypes, kind)).reshape(2, 4) for name, kind in (
        ("BF16", "bfloat16"), ("F8_E4M3", "float8_e4m3fn"), ("F8_E5M2", "float8_e5m2"), ("F4", "float4_e2m1fn"),
        ("F6_E2M3", "float6_e2m3fn"))}
    tessera_h5.save(tmp_path / "small.h5", weights)
    with tessera_h5.open(tmp_path / "small.h5") as m:
        for name, array in weights.items():
            assert m.tensors[name].dtype == name
            exact = m.tensor(name, framework="ml_dtypes")
            assert exact.dtype == array.dtype and np.array_equal(exact.astype("f4"), array.astype("f4"))
            assert np.array_equal(m[name], array.astype("f4"))


def test_a_plan_may_be_a_file(tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_text(json.dumps(PLAN))
    for number, plan in enumerate((tmp_path / "plan.json", str(tmp_path / "plan.json"))):
        tessera_h5.save(tmp_path / f"{number}.h5", arrays(), plan)
        with tessera_h5.open(tmp_path / f"{number}.h5") as m:
            assert m.tasks == ("t",)


def test_errors_of_the_command_are_exceptions(tmp_path: Path) -> None:
    path = tmp_path / "x.h5"
    wrong = {**PLAN, "axes": {"a": {"size": 7}}}
    with pytest.raises(tessera_h5.CommandError) as caught:
        tessera_h5.save(path, arrays(), wrong)
    assert caught.value.returncode == 2 and "'w'" in str(caught.value)
    assert ".tessera-" not in str(caught.value) and not path.exists() and os.listdir(tmp_path) == []
    for value, text in (([1.0], "found list"), (np.array(["x"]), "found str"), (None, "found NoneType"),
                        (np.array([1], "c16"), "found complex128")):
        with pytest.raises(TypeError, match=f"state_dict: 'w': expected .*{text}"):
            tessera_h5.save(path, {"w": value}, PLAN)
    with pytest.raises(TypeError, match="expected a mapping or a torch module, found list"):
        tessera_h5.save(path, [1], PLAN)


def test_the_module_runs_the_command(fashion: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "python" / "src")}
    for words, code in ((["--version"], 0), (["validate", str(fashion)], 0), (["inspect", "nothing.h5"], 2),
                        (["--no-such-option"], 64)):
        ours = subprocess.run([sys.executable, "-m", "tessera_h5", *words], env=environment, capture_output=True)
        direct = subprocess.run([command(), *words], capture_output=True)
        assert (ours.returncode, ours.stdout, ours.stderr) == (direct.returncode, direct.stdout, direct.stderr)
        assert ours.returncode == code


def test_a_missing_command_is_an_error(fashion: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TESSERA", "/nowhere/tessera")
    with tessera_h5.open(fashion) as m:
        with pytest.raises(tessera_h5.CommandNotFound, match="TESSERA: expected the path .* found '/nowhere/tessera'"):
            m.count()
        monkeypatch.delenv("TESSERA")
        monkeypatch.setenv("PATH", "")
        monkeypatch.setattr(shared, "DISTRIBUTION", "no-such-distribution")
        with pytest.raises(FileNotFoundError, match="set the environment variable TESSERA to its path"):
            m.count()
    result = subprocess.run([sys.executable, "-m", "tessera_h5", "--version"], capture_output=True, text=True, env={
        "PYTHONPATH": str(ROOT / "python" / "src"), "PATH": "", "TESSERA": "/nowhere/tessera"})
    assert result.returncode == 1 and result.stderr.startswith("tessera: TESSERA: expected")


FIND = {"tessera_h5": "from tessera_h5 import _command; print(_command.find())",
        "tessera_ci": "from tessera_ci import _tool; print(_tool.run('--version').out, end='')"}


@pytest.mark.parametrize("package", FIND)
def test_both_packages_find_the_command_of_the_wheel(package: str, tmp_path: Path) -> None:
    """`pip install --user` puts it into a folder that is neither that of Python nor on the PATH."""
    packages = tmp_path / "lib" / "site-packages"
    information = packages / "tessera_h5-1.dist-info"
    information.mkdir(parents=True)
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: tessera-h5\nVersion: 1\n")
    (information / "RECORD").write_text("../../bin/tessera,,\n")
    script = tmp_path / "bin" / "tessera"
    script.parent.mkdir()
    script.write_text(f"#!/bin/sh\necho {script}\n")
    script.chmod(0o755)
    other = tmp_path / "path" / "tessera"
    other.parent.mkdir()
    other.write_text("#!/bin/sh\necho another\n")
    other.chmod(0o755)
    given = {"PYTHONPATH": f"{packages}:{ROOT / 'python' / 'src'}", "PATH": str(other.parent)}
    result = subprocess.run([sys.executable, "-B", "-c", FIND[package]], env=given, capture_output=True, text=True)
    assert result.stdout == f"{script}\n", result.stderr


@pytest.mark.parametrize(("words", "sentence"), [
    ("", ""), ("note: a\ntessera: b\ntessera: c\nnote: d\n", "c"), ("Error: a\nHelp: b\nUsage: c\n", "a"),
    ("Fatal error\n", "Fatal error")])
def test_the_sentence_of_an_error(words: str, sentence: str) -> None:
    assert shared.sentence_of(words) == sentence


def test_a_path_that_looks_like_an_option(fashion: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    tessera_h5.save("-x.h5", {"w": np.zeros((6, 5), "f4")}, PLAN)
    with tessera_h5.open("-x.h5") as m:
        assert m.count().stored.parameters == 30


@pytest.mark.parametrize(("name", "sentence"), [
    ("x.pt", "--plan cuts a unit checkpoint, but DEST '{}' is a flat file"),
    ("no/dir/x.h5", None),
])
def test_a_wrong_destination_has_one_sentence(name: str, sentence: str | None, tmp_path: Path) -> None:
    path = tmp_path / name
    if sentence is None:
        with pytest.raises(FileNotFoundError):
            tessera_h5.save(path, arrays(), PLAN)
        return
    with pytest.raises(tessera_h5.CommandError) as caught:
        tessera_h5.save(path, arrays(), PLAN)
    assert str(caught.value) == sentence.format(path) and not path.exists()


def test_warnings_of_the_command_are_python_warnings(tmp_path: Path) -> None:
    weights = {"up.weight": np.ones((8, 3), "f4"), "up.bias": np.ones(8, "f4"), "down.weight": np.ones((3, 8), "f4")}
    half: dict[str, Any] = {"format": "tessera.plan/1", "units": 4, "axes": {"a": {"size": 8}},
                            "tasks": [{"name": "t"}], "tensors": [{"name": "up.weight", "axes": ["a", None]}]}
    with pytest.warns(UserWarning, match="half cut: .* 'up.bias' dimension 0 is left whole") as caught:
        tessera_h5.save(tmp_path / "half.h5", weights, half)
    assert len(caught) == 2 and caught[0].filename == __file__
    half["tensors"] += [{"name": "up.bias", "axes": ["a"]}, {"name": "down.weight", "axes": [None, "a"]}]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tessera_h5.save(tmp_path / "whole.h5", weights, half)


def test_metadata_that_are_not_texts_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="metadata: .* of type str, found 'epoch': 3; write 'epoch': '3'"):
        tessera_h5.save(tmp_path / "x.h5", arrays(), PLAN, metadata={"epoch": 3})  # pyright: ignore


@pytest.mark.parametrize(("words", "warnings"), [
    ("", []), ("note: a\nwarning: b\n  c\n d\nnote: e\n f\n", ["b c d"]),
    ("warning: a\nwarning: b\n", ["a", "b"]),
])
def test_warnings_among_the_lines(words: str, warnings: list[str]) -> None:
    assert _command.warnings_of(words) == warnings


def test_a_missing_package_is_named_with_the_line_for_pip() -> None:
    """Without site-packages of torch: `plan_for` says what to install."""
    code = """if True:
        import importlib.util, sys
        real = importlib.util.find_spec
        importlib.util.find_spec = lambda name, *more: None if name in ("torch", "onnx") else real(name, *more)
        import tessera_h5
        for name in ("plan_for", "shrink"):
            try:
                getattr(tessera_h5, name)
            except tessera_h5.TesseraError as error:
                assert isinstance(error, ImportError)
                print(error)
    """
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True,
                            env={**os.environ, "PYTHONPATH": str(ROOT / "python" / "src")})
    first, second = result.stdout.splitlines()
    assert first.startswith("plan_for needs torch and onnx") and "pip install torch onnx" in first
    assert second == "shrink needs torch: pip install torch"
