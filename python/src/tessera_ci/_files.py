"""Which files are checked."""

from __future__ import annotations

import os
import re
from typing import NamedTuple

from . import _repository
from ._repository import Base, Change
from ._settings import SettingError, Settings

# Also `files` of the hooks in .pre-commit-hooks.yaml. A .bin is a model only by its name: firmware has this ending too.
NAMES = r"(?i)(\.(safetensors(\.index\.json)?|npz|pt|pth|ckpt|onnx|h5|hdf5|dduf)|(model|weights)[^/]*\.bin)$"


class Chosen(NamedTuple):
    files: list[str]
    # The model files that the base has and HEAD has not.
    deleted: list[str]
    renamed: dict[str, str]
    # Why these files were chosen, in words.
    why: str


def is_model(path: str) -> bool:
    return re.search(NAMES, path) is not None


def pattern(glob: str) -> re.Pattern[str]:
    """A glob as an expression for whole paths: `*` and `?` stay within one name, `**` does not.

    A folder stands for the model files in it.
    """
    glob = glob[2:] if glob.startswith("./") else glob
    parts = re.findall(r"\*\*/|\*\*|\*|\?|\[[^\]]+\]|.", glob.rstrip("/"))
    words = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    text = "".join(words.get(p) or (p.replace("[!", "[^") if len(p) > 1 else re.escape(p)) for p in parts)
    return re.compile(f"(?:{text})(?P<inside>/.*)?", re.DOTALL)


def matches(glob: re.Pattern[str], path: str) -> bool:
    found = glob.fullmatch(path)
    return found is not None and (found["inside"] is None or is_model(path))


def choose(settings: Settings, base: Base | None, changes: list[Change]) -> Chosen:
    """Raises `SettingError` if a pattern matches no file: a gate that checks nothing must not pass in silence."""
    lines = settings.lines("files")
    globs = {line: pattern(line) for line in lines if not line.startswith("!")}
    without = [pattern(line[1:]) for line in lines if line.startswith("!")]

    def is_wanted(path: str) -> bool:
        wanted = any(matches(glob, path) for glob in globs.values()) if globs else is_model(path)
        return wanted and not any(glob.fullmatch(path) for glob in without)

    if globs:
        candidates, why = _repository.files(), "that match `files`"
        for line, glob in globs.items():
            if not any(matches(glob, path) for path in candidates):
                raise SettingError(f"files: expected a file that matches {line!r}, found none")
    elif base:
        candidates, why = [change.new for change in changes if change.kind != "D"], f"changed since {base.title}"
        candidates = [path for path in candidates if os.path.lexists(path)]
    else:
        candidates, why = _repository.tracked(), "in the repository"
    return Chosen(
        [path for path in sorted(candidates) if is_wanted(path) and not os.path.isdir(path)],
        [change.old for change in changes if change.kind == "D" and is_wanted(change.old)],
        {change.new: change.old for change in changes if change.kind == "R"}, why)
