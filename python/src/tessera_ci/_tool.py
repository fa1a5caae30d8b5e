"""Runs the command `tessera`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

from ._settings import SettingError


class Run(NamedTuple):
    code: int
    out: str
    errors: list[str]

    @property
    def document(self) -> dict[str, Any]:
        return json.loads(self.out)


def find() -> str:
    """The path of the command: the variable TESSERA, the folder of this Python, or the PATH, in this order."""
    given = os.environ.get("TESSERA")
    beside = str(Path(sys.executable).parent / "tessera")
    found = shutil.which(given) if given else shutil.which(beside) or shutil.which("tessera")
    if found is None:
        where = f"in TESSERA, found {given!r}" if given else "on the PATH, found none; pip install tessera-h5 brings it"
        raise SettingError(f"expected the path of the command tessera {where}")
    return found


def run(*arguments: str) -> Run:
    """Raises `SettingError` if the command line is wrong, or if the command crashed."""
    result = subprocess.run([find(), *arguments], stdin=subprocess.DEVNULL, capture_output=True, check=False)
    errors = result.stderr.decode("utf-8", "replace").splitlines()
    told = [line[len("tessera: "):] for line in errors if line.startswith("tessera: ")]
    if result.returncode not in (0, 1, 2):
        wrong = [line[len("Error: "):] for line in errors if line.startswith("Error: ")]
        sentence = (wrong or told or errors or ["no message"])[-1]
        raise SettingError(f"tessera {arguments[0]} ended with exit code {result.returncode}: {sentence}")
    return Run(result.returncode, result.stdout.decode("utf-8", "replace"), told)
