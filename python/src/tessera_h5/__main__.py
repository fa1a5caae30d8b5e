"""Runs the command: `python -m tessera_h5 ARGUMENTS`."""

from __future__ import annotations

import os
import sys

from ._command import find
from ._errors import CommandNotFound


def main() -> None:
    try:
        command = find()
    except CommandNotFound as error:
        sys.exit(f"tessera: {error}")
    os.execv(command, [command, *sys.argv[1:]])


if __name__ == "__main__":
    main()
