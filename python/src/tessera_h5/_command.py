"""Running the command `tessera`: errors are exceptions of this package."""

from __future__ import annotations

import json
import os
from typing import Any

from _tessera_shared import command

from ._errors import CommandError, CommandNotFound


def find() -> str:
    """The path of the command. Raises `CommandNotFound`."""
    try:
        return command.find()
    except command.NotFound as error:
        raise CommandNotFound(str(error)) from None


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
    code, out, words = command.run(find(), arguments)
    for place, text in (places or {}).items():
        words = words.replace(place, text)
    if code:
        raise CommandError(command.sentence_of(words) or f"tessera {arguments[0]} ended with {code}", code)
    return out, words


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
