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
    """What the command prints on standard output. `places` replaces parts of its error, such as a temporary path.

    Raises `CommandError` unless the exit code is 0.
    """
    return run_with_words(arguments, places)[0]


def run_with_words(arguments: list[str], places: dict[str, str] | None = None) -> tuple[str, str]:
    """What the command prints on standard output, and on standard error: notes and warnings. See `run`."""
    result = subprocess.run([find(), *arguments], stdin=subprocess.DEVNULL, capture_output=True, check=False)
    words = result.stderr.decode("utf-8", "replace")
    for place, text in (places or {}).items():
        words = words.replace(place, text)
    if result.returncode:
        raise CommandError(sentence_of(words) or f"tessera {arguments[0]} ended with {result.returncode}",
                           result.returncode)
    return result.stdout.decode(), words


def sentence_of(words: str) -> str:
    """The sentence of an error: that about a file, or that about a wrong command line, without help and usage."""
    lines = words.splitlines()
    for start in ("tessera: ", "Error: "):
        found = [line[len(start):] for line in lines if line.startswith(start)]
        if found:
            return found[-1]
    return lines[-1] if lines else ""


def warnings_of(words: str) -> list[str]:
    """The warnings among the lines of standard error; indented lines continue a warning."""
    found: list[str] = []
    is_warning = False
    for line in words.splitlines():
        if line.startswith("warning: "):
            found.append(line[len("warning: "):])
            is_warning = True
        elif is_warning and line.startswith(" "):
            found[-1] += " " + line.strip()
        else:
            is_warning = False
    return found


def run_json(arguments: list[str]) -> dict[str, Any]:
    return json.loads(run([*arguments, "--json"]))
