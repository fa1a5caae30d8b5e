"""The command `tessera`: where it is, running it, and the sentences of its errors."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from typing import Any, NamedTuple, Sequence

DISTRIBUTION = "tessera-h5"


class NotFound(Exception):
    """The command is not installed. The text is one sentence."""


class Run(NamedTuple):
    code: int
    out: str
    # Standard error.
    words: str

    @property
    def document(self) -> dict[str, Any]:
        return json.loads(self.out)

    @property
    def errors(self) -> list[str]:
        """The sentences about files."""
        return _after("tessera: ", self.words)


def find() -> str:
    """The path of the command: the environment variable TESSERA, the installed wheel, or the PATH, in this order.

    Raises `NotFound`.
    """
    given = os.environ.get("TESSERA")
    found = shutil.which(given) if given else _in_wheel() or shutil.which("tessera")
    if found is None:
        raise NotFound(f"TESSERA: expected the path of the command tessera, found {given!r}" if given else
                       "the command tessera: expected it in the wheel of tessera-h5 or on the PATH, found none; "
                       "set the environment variable TESSERA to its path")
    return found


def _in_wheel() -> str | None:
    """Where pip put the command of the wheel: with `--user`, this is not the folder of Python."""
    # The import takes 15 ms, and an action sets TESSERA.
    import importlib.metadata

    try:
        files = importlib.metadata.distribution(DISTRIBUTION).files or []
    except importlib.metadata.PackageNotFoundError:
        return None
    return next((os.path.realpath(file.locate()) for file in files
                 if file.name == "tessera" and os.access(file.locate(), os.X_OK)), None)


def run(path: str, arguments: Sequence[str]) -> Run:
    result = subprocess.run([path, *arguments], stdin=subprocess.DEVNULL, capture_output=True, check=False)
    return Run(result.returncode, result.stdout.decode("utf-8", "replace"), result.stderr.decode("utf-8", "replace"))


def sentence_of(words: str) -> str:
    """The sentence of an error: that about a file, or that about a wrong command line, without help and usage."""
    return (_after("tessera: ", words) or _after("Error: ", words) or words.splitlines() or [""])[-1]


def _after(start: str, words: str) -> list[str]:
    return [line[len(start):] for line in words.splitlines() if line.startswith(start)]
