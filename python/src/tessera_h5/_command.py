"""The command `tessera`."""

from __future__ import annotations

import os


def find() -> str:
    """The path of the command: the environment variable TESSERA, else its name for the PATH."""
    return os.environ.get("TESSERA") or "tessera"
