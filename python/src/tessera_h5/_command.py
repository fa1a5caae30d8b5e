"""Runs the `tessera` command."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence


class TesseraError(Exception):
    """What could not be done, in one sentence."""


def run_with_words(arguments: Sequence[str]) -> tuple[str, str]:
    """Runs `tessera` with `arguments` and returns its standard output and error. Raises `TesseraError` if it fails."""
    command = os.environ.get("TESSERA", "tessera")
    try:
        done = subprocess.run([command, *arguments], capture_output=True, text=True, check=False)
    except OSError as error:
        raise TesseraError(f"{command}: {error.strerror}") from error
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or [f"{command}: exit code {done.returncode}"]
        raise TesseraError(lines[-1].removeprefix("tessera: "))
    return done.stdout, done.stderr


def run(arguments: Sequence[str]) -> str:
    """Runs `tessera` with `arguments` and returns its standard output. Raises `TesseraError` if it fails."""
    return run_with_words(arguments)[0]
