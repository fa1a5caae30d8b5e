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
        # The command refuses a link to no file. It must not hide the document.
        if os.path.lexists(os.path.join(folder, name)):
            found.append(os.path.relpath(os.path.join(folder, name)))
        if os.path.lexists(os.path.join(folder, ".git")) or folder == os.path.dirname(folder):
            return found
        folder = os.path.dirname(folder)


def listed(lock: str) -> list[str] | None:
    """The paths of the files in a lock; none if it cannot be read."""
    try:
        with open(lock, encoding="utf-8") as file:
            document: Any = json.load(file)
        return [os.path.normpath(os.path.join(os.path.dirname(lock), one["path"])) for one in document["files"]]
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return None


def lost(changed: Iterable[str], removed: Iterable[str]) -> list[Problem]:
    """A problem for each lock that cannot be read, and for each file that a lock lists and that is not there.

    A lock is examined if it or a file that it can list was changed.
    """
    removed = dict.fromkeys(removed)
    locks = {path for path in changed if os.path.basename(path) == LOCK}
    problems: list[Problem] = []
    for lock in sorted(locks.union(*(above(LOCK, path) for path in removed))):
        files = listed(lock)
        if files is None:
            found = "another file" if os.path.exists(lock) else "a link to no file"
            problems.append(Problem(lock, "error", "lock", f"expected what tessera lock writes, found {found}"))
        problems += [Problem(path, "error", "lock", f"expected the file of {shown(lock)}, found none")
                     for path in sorted(files or ()) if path in removed or lock in locks and not os.path.lexists(path)]
    return problems + [Problem(path, "note", "lock", "this lock was deleted: its files are not compared any more")
                       for path in removed if os.path.basename(path) == LOCK]


def used(name: str, paths: Iterable[str]) -> list[str]:
    """The documents that apply to files and folders."""
    return sorted({found for path in paths for found in above(name, path)})
