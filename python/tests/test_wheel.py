"""The wheel: its content and tag, that it is the same twice, and that it works in a fresh environment."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest
from conftest import ROOT, command

import tessera_h5

SOURCE = ROOT / "python" / "src"
SCRIPT = ROOT / "python" / "build_wheel.py"
NAME = f"tessera_h5-{tessera_h5.__version__}"


def build(binary: str | Path, out: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, SCRIPT, "--binary", str(binary), "--out", str(out), *flags],
                          capture_output=True, text=True)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("hatchling")
    result = build(command(), tmp_path_factory.mktemp("wheel"))
    assert result.returncode == 0, result.stderr
    return Path(result.stdout.strip())


def test_the_wheel_has_the_package_the_command_and_the_licence(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        entries = {info.filename: info for info in archive.infolist()}
        source = {str(path.relative_to(SOURCE)) for path in SOURCE.rglob("*")
                  if path.is_file() and path.suffix != ".pyc"}
        assert source <= set(entries) and "tessera_h5/py.typed" in source and len(source) > 50
        assert archive.read(f"{NAME}.dist-info/licenses/LICENSE") == (ROOT / "LICENSE").read_bytes()
        assert archive.read(f"{NAME}.dist-info/licenses/NOTICE") == (ROOT / "NOTICE").read_bytes()
        script = entries[f"{NAME}.data/scripts/tessera"]
        assert script.external_attr >> 16 & 0o111 and script.file_size <= os.path.getsize(command())
        record = archive.read(f"{NAME}.dist-info/RECORD").decode()
        assert len(record.splitlines()) == len(entries)
        for name in entries:
            assert f"{name}," in record
        assert not any("test" in name or "pyc" in name for name in entries)


def test_the_same_source_gives_the_same_bytes(wheel: Path, tmp_path: Path) -> None:
    again = build(command(), tmp_path).stdout.strip()
    assert hashlib.sha256(Path(again).read_bytes()).digest() == hashlib.sha256(wheel.read_bytes()).digest()


def test_the_tag_is_the_binary_s_c_library(tmp_path: Path) -> None:
    """/bin/true needs only the C library: the newest symbol version that it needs gives the tag."""
    pytest.importorskip("hatchling")
    true = shutil.which("true")
    assert true
    result = build(true, tmp_path, "--portable")
    assert result.returncode == 0, result.stderr
    found = re.search(r"-py3-none-manylinux_(\d+)_(\d+)_(\w+)\.whl$", result.stdout.strip())
    assert found and found[3] == os.uname().machine
    needed = subprocess.run(["objdump", "-T", true], capture_output=True, text=True, check=True).stdout
    versions = [(int(a), int(b)) for a, b in re.findall(r"GLIBC_(\d+)\.(\d+)", needed)]
    assert (int(found[1]), int(found[2])) == max(versions)
    auditwheel = shutil.which("auditwheel", path=sysconfig.get_path("scripts"))
    if auditwheel:
        shown = subprocess.run([auditwheel, "show", result.stdout.strip()], capture_output=True, text=True,
                               check=True).stdout
        assert "manylinux_" in " ".join(shown.split())


def test_the_licences_of_the_libraries_are_in_the_wheel(tmp_path: Path) -> None:
    pytest.importorskip("hatchling")
    licences = tmp_path / "licences"
    licences.mkdir()
    (licences / "hdf5").write_text("as is")
    result = build(command(), tmp_path, "--licences", str(licences))
    with zipfile.ZipFile(result.stdout.strip()) as archive:
        assert archive.read(f"{NAME}.dist-info/licenses/libraries/hdf5") == b"as is"
        assert b"\nLicense-File: libraries/hdf5\n" in archive.read(f"{NAME}.dist-info/METADATA")


def test_a_binary_with_libraries_of_this_machine_makes_no_portable_wheel(wheel: Path, tmp_path: Path) -> None:
    assert "-py3-none-manylinux_" in wheel.name
    shared = shutil.which("h5dump")
    assert shared, "hdf5-tools are among the peers that `make test` installs"
    result = build(shared, tmp_path, "--portable")
    assert result.returncode == 1 and "libhdf5" in result.stderr and not list(tmp_path.glob("*.whl"))
    result = build(shared, tmp_path)
    assert result.stdout.strip().endswith(f"-py3-none-linux_{os.uname().machine}.whl"), result.stderr
    other = tmp_path / "script"
    other.write_text("#!/bin/sh\n")
    assert build(other, tmp_path).returncode != 0


def test_the_readme_runs_in_a_fresh_environment(wheel: Path, tmp_path: Path) -> None:
    """The lines of Python in README.md, with nothing on the path but the wheel and what it needs."""
    environment = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    python = environment / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", wheel], check=True)
    # h5py, NumPy and xxhash of this environment, so that the test needs no network.
    packages = subprocess.run([python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], check=True,
                              capture_output=True, text=True).stdout.strip()
    (Path(packages) / "others.pth").write_text(sysconfig.get_path("purelib") + "\n")
    folder = tmp_path / "work"
    shutil.copytree(ROOT / "samples" / "fashion", folder)
    path = f"{environment / 'bin'}:/usr/bin:/bin"
    clean = {"PATH": path, "HOME": str(tmp_path)}
    clean |= {name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ}

    def run(*words: str) -> str:
        result = subprocess.run(words, cwd=folder, env=clean, capture_output=True, text=True)
        assert result.returncode == 0, result.stderr
        return result.stdout

    assert run(str(python), "-m", "tessera_h5", "--version") == f"tessera {tessera_h5.__version__}\n"
    run("tessera", "convert", "weights.safetensors", "fashion.h5", "--plan", "plan.json")
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 1 and 5 <= len(blocks[0].splitlines()) <= 12
    (folder / "lines.py").write_text(blocks[0], encoding="utf-8")
    printed = run(str(python), "lines.py")
    assert printed.splitlines()[0] == "('fine', 'coarse', 'digits', 'parity')"
    where = run(str(python), "-c", "from tessera_h5 import _command, __file__ as f; print(f); print(_command.find())")
    assert all(line.startswith(str(environment)) for line in where.splitlines())
