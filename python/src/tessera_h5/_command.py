"""The command `tessera`: where it is, and running it."""

from __future__ import annotations

import importlib.metadata
import json
import os
import shutil
import subprocess
from typing import Any

from ._errors import CommandError, CommandNotFound

DISTRIBUTION = "tessera-h5"


def find() -> str:
    """The path of the command: the environment variable TESSERA, this package's wheel, or the PATH, in this order.

    Raises `CommandNotFound`.
    """
    given = os.environ.get("TESSERA")
    if given:
        found = shutil.which(given)
        if found is None:
            raise CommandNotFound(f"TESSERA: expected the path of the command tessera, found {given!r}")
        return found
    found = _in_wheel() or shutil.which("tessera")
    if found is None:
        raise CommandNotFound(
            "the command tessera: expected it in the wheel of tessera-h5 or on the PATH, found none; "
            "set the environment variable TESSERA to its path")
    return found


def _in_wheel() -> str | None:
    try:
        files = importlib.metadata.distribution(DISTRIBUTION).files or []
    except importlib.metadata.PackageNotFoundError:
        return None
    for file in files:
        if file.name == "tessera" and os.access(file.locate(), os.X_OK):
            return os.path.realpath(file.locate())
    return None


def argument(path: str | os.PathLike[str]) -> str:
    """A path as an argument, which must not begin like an option."""
    text = os.fspath(path)
    return os.path.join(os.curdir, text) if text.startswith("-") else text


def run(arguments: list[str], places: dict[str, str] | None = None) -> str:
    """What the command prints on standard output.

    `places` replaces parts of its error, such as a temporary path. Raises `CommandError` unless the exit code is 0.
    """
    result = subprocess.run([find(), *arguments], stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if result.returncode:
        lines = result.stderr.decode("utf-8", "replace").splitlines()
        told = [line[len("tessera: "):] for line in lines if line.startswith("tessera: ")]
        sentence = (told or lines or [f"tessera {arguments[0]} ended with {result.returncode}"])[-1]
        for place, text in (places or {}).items():
            sentence = sentence.replace(place, text)
        raise CommandError(sentence, result.returncode)
    return result.stdout.decode()


def run_json(arguments: list[str]) -> dict[str, Any]:
    return json.loads(run([*arguments, "--json"]))
