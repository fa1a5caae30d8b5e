"""Runs `tessera plan`, whose reasons are on standard error."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

from ._command import find
from ._errors import CommandError


def planned(arguments: Sequence[str]) -> str:
    """Runs `tessera` with `arguments`, and returns what it prints on standard error.

    Raises `CommandError` with the command's own sentence, or `CommandNotFound`.
    """
    result = subprocess.run([find(), *arguments], stdin=subprocess.DEVNULL, capture_output=True, check=False)
    words = result.stderr.decode("utf-8", "replace")
    if result.returncode:
        sentences = [line[len("tessera: "):] for line in words.splitlines() if line.startswith("tessera: ")]
        raise CommandError(sentences[-1] if sentences else words.strip(), result.returncode)
    return words
