"""Runs the command `tessera`."""

from __future__ import annotations

from _tessera_shared import command

from ._settings import SettingError


def run(*arguments: str) -> command.Run:
    """Raises `SettingError` if the command line is wrong, or if the command crashed."""
    result = command.run(command.find(), arguments)
    if result.code not in (0, 1, 2):
        raise SettingError(f"tessera {arguments[0]} ended with exit code {result.code}: "
                           f"{command.sentence_of(result.words) or 'no message'}")
    return result
