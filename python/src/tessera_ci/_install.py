"""Brings the command `tessera` to a CI job, without the rest of the wheel."""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from ._settings import SettingError


def version() -> str:
    """The version of this package, read as text: tessera_h5 needs h5py, which a CI job may lack."""
    text = (Path(__file__).parents[1] / "tessera_h5" / "_version.py").read_text(encoding="utf-8")
    found = re.search(r'VERSION = "([^"]+)"', text)
    assert found
    return found[1]


def install(how: str, wanted: str, folder: Path, releases: str) -> Path:
    """The path of the command: from the wheel of PyPI, from the program of a release, or from a given file.

    A command that is in the folder, from the cache, is used again.
    """
    command = folder / "tessera"
    if how not in ("wheel", "binary"):
        given = Path(how)
        if not given.is_file():
            raise SettingError(f"install: expected wheel, binary, or the path of a command or a wheel, found {how!r}")
        if given.suffix != ".whl":
            return given.resolve()
        _unpack(given, command)
    elif not command.is_file():
        if platform.system() != "Linux":
            raise SettingError(f"install: expected a runner with Linux, found {platform.system()}")
        folder.mkdir(parents=True, exist_ok=True)
        if how == "wheel":
            _download_wheel(wanted, command)
        else:
            _download_program(f"{releases}/v{wanted}/tessera-linux-{platform.machine()}", command)
    return command.resolve()


def _unpack(wheel: Path, command: Path) -> None:
    command.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(wheel) as archive:
        name = next((name for name in archive.namelist() if name.endswith(".data/scripts/tessera")), None)
        if name is None:
            raise SettingError(f"{wheel.name}: expected a wheel with the command tessera, found none in it")
        with archive.open(name) as source, open(command, "wb") as target:
            shutil.copyfileobj(source, target)
    command.chmod(0o755)


def _download_wheel(wanted: str, command: Path) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        result = subprocess.run([sys.executable, "-I", "-m", "pip", "download", "--quiet",
                                 "--disable-pip-version-check", "--no-deps", "--only-binary=:all:",
                                 f"--dest={temporary}", f"tessera-h5=={wanted}"],
                                capture_output=True, text=True, check=False)
        wheel = next(Path(temporary).glob("*.whl"), None)
        if result.returncode or wheel is None:
            raise SettingError(f"install: pip cannot download tessera-h5 {wanted}: "
                               f"{(result.stderr.strip().splitlines() or ['no wheel'])[-1]}")
        _unpack(wheel, command)


def _download_program(address: str, command: Path) -> None:
    """The release must also have the program's SHA-256, which sha256sum writes."""
    # A check and a hook install nothing, and this import is half of their start.
    import urllib.request

    try:
        with urllib.request.urlopen(f"{address}.sha256", timeout=60) as answer:
            expected = answer.read(1000).decode("ascii", "replace").split()[0]
        with urllib.request.urlopen(address, timeout=60) as answer, open(command, "wb") as target:
            shutil.copyfileobj(answer, target)
    except (OSError, IndexError) as error:
        raise SettingError(f"install: cannot download {address}: {error}") from None
    found = hashlib.sha256(command.read_bytes()).hexdigest()
    if found != expected:
        os.unlink(command)
        raise SettingError(f"install: {address}: expected SHA-256 {expected}, found {found}")
    command.chmod(0o755)
