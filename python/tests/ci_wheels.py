"""A folder of wheels, from which pip installs without a network."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path

from conftest import ROOT, command


def wheel_of(name: str, folder: Path) -> None:
    """Packs an installed distribution and what it needs as wheels again."""
    from packaging.requirements import Requirement

    distribution = metadata.distribution(name)
    tags = [line.partition(": ")[2] for line in (distribution.read_text("WHEEL") or "").splitlines()
            if line.startswith("Tag: ")]
    stem = f"{distribution.metadata['Name'].replace('-', '_')}-{distribution.version}"
    path = folder / f"{stem}-{tags[0]}.whl"
    if path.exists():
        return
    with zipfile.ZipFile(path, "w") as archive:
        for file in distribution.files or []:
            if ".." not in file.parts and "tests" not in file.parts and file.suffix != ".pyc":
                archive.write(str(file.locate()), str(file))
    for line in distribution.requires or []:
        need = Requirement(line)
        if need.marker is None or need.marker.evaluate({"extra": ""}):
            wheel_of(need.name, folder)


def make(folder: Path) -> Path:
    """The wheel of tessera-h5 with the command, and the wheels that it and its build need."""
    subprocess.run([sys.executable, ROOT / "python" / "build_wheel.py", "--binary", command(), "--out", folder],
                   check=True, capture_output=True)
    for name in ("h5py", "xxhash", "hatchling"):
        wheel_of(name, folder)
    return folder
