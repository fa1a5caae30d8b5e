"""The tessera.toml and the tessera.lock of a file."""

from __future__ import annotations

import json
import os
from typing import Any, Iterable

from ._text import Problem, shown

RULES, LOCK = "tessera.toml", "tessera.lock"


def above(name: str, path: str) -> list[str]:
    """The documents for a file or folder, as `tessera validate` finds them: beside it, and above it up to .git."""
    folder = os.path.abspath(path)
    if not os.path.isdir(folder):
        folder = os.path.dirname(folder)
    found: list[str] = []
    while True:
        if os.path.isfile(os.path.join(folder, name)):
            found.append(os.path.relpath(os.path.join(folder, name)))
        if os.path.lexists(os.path.join(folder, ".git")) or folder == os.path.dirname(folder):
            return found
        folder = os.path.dirname(folder)


def listed(lock: str) -> list[str]:
    """The paths of the files in a lock; none if it cannot be read, which `tessera validate` reports."""
    try:
        with open(lock, encoding="utf-8") as file:
            document: Any = json.load(file)
        return [os.path.normpath(os.path.join(os.path.dirname(lock), one["path"])) for one in document["files"]]
    except (OSError, ValueError, LookupError, TypeError):
        return []


def lost(changed: Iterable[str], removed: Iterable[str]) -> list[Problem]:
    """A problem for each file that a lock lists and that is not there, if the lock or the file was changed."""
    removed = list(removed)
    found: dict[str, str] = {}
    for lock in (path for path in changed if os.path.basename(path) == LOCK):
        found |= {path: lock for path in listed(lock) if not os.path.lexists(path)}
    for path in removed:
        found |= {path: lock for lock in above(LOCK, path) if path in listed(lock)}
    problems = [Problem(path, "error", "project", f"expected the file of {shown(lock)}, found none")
                for path, lock in sorted(found.items())]
    return problems + [Problem(path, "note", "project", "this lock was deleted: its files are not compared any more")
                       for path in removed if os.path.basename(path) == LOCK]


def used(name: str, paths: Iterable[str]) -> list[str]:
    """The documents that apply to files and folders."""
    return sorted({found for path in paths for found in above(name, path)})
