"""The package as a whole: its version, names, doctests and types."""

from __future__ import annotations

import doctest
import importlib
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy
import pytest
from conftest import ROOT, command, run

import tessera_h5

SOURCE = ROOT / "python" / "src" / "tessera_h5"
MODULES = sorted(path.stem for path in SOURCE.glob("*.py") if not path.stem.startswith("_torch"))


def test_the_version_is_that_of_the_command() -> None:
    swift = (ROOT / "Sources/TesseraTool/TesseraCommand.swift").read_text(encoding="utf-8")
    found = re.search(r'static let version = "([^"]+)"', swift)
    assert found and found[1] == tessera_h5.__version__
    assert run("--version") == f"tessera {tessera_h5.__version__}\n"


def test_every_name_is_there() -> None:
    for name in tessera_h5.__all__:
        if name in ("plan_for", "shrink"):
            # Their modules need torch.
            continue
        assert getattr(tessera_h5, name) is not None
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        getattr(tessera_h5, "nothing")


def test_doctests_print_what_they_show(fashion: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TESSERA", command())
    monkeypatch.chdir(fashion.parent)
    names = {"tessera_h5": tessera_h5, "numpy": numpy}
    tried = 0
    for name in MODULES:
        if name == "__main__":
            continue
        module: Any = tessera_h5 if name == "__init__" else importlib.import_module(f"tessera_h5.{name}")
        result = doctest.testmod(module, extraglobs=names, optionflags=doctest.IGNORE_EXCEPTION_DETAIL)
        assert result.failed == 0, name
        tried += result.attempted
    assert tried >= 18


def test_public_names_have_docstrings() -> None:
    for name in set(tessera_h5.__all__) - {"__version__", "plan_for", "shrink"}:
        item = getattr(tessera_h5, name)
        assert item.__doc__, name
        if isinstance(item, type):
            for member, value in vars(item).items():
                if not member.startswith("_") and (callable(value) or isinstance(value, property)):
                    assert value.__doc__, f"{name}.{member}"


def test_the_types_are_right() -> None:
    pytest.importorskip("pyright", reason="pyright is not installed")
    if subprocess.run([sys.executable, "-m", "pyright", "--version"], capture_output=True).returncode:
        pytest.skip("pyright cannot load its own program, which needs the network")
    result = subprocess.run([sys.executable, "-m", "pyright", "--project", str(ROOT / "python"),
                             "--pythonpath", sys.executable], capture_output=True, text=True)
    assert result.returncode == 0, result.stdout[-3000:]


def test_files_are_short() -> None:
    files = [*SOURCE.parent.glob("*/*.py"), *Path(__file__).parent.glob("*.py"), *(ROOT / "python").glob("*.py")]
    assert len(files) >= 20
    for path in files:
        lines = path.read_text(encoding="utf-8").splitlines()
        assert len(lines) < 500 and all(len(line) <= 120 for line in lines), path
