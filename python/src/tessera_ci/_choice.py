"""Which files are checked."""

from __future__ import annotations

import os
import re
from typing import Callable, NamedTuple

from . import _onnx, _repository
from ._files import as_sets, is_model, matches, pattern
from ._folders import is_compared, kind_of_link, of_models
from ._repository import Base, Change
from ._settings import SettingError, Settings
from ._text import Problem


class Chosen(NamedTuple):
    files: list[str]
    # All files that were changed or chosen, and those that the base has and HEAD has not, renamed ones too.
    touched: list[str]
    removed: list[str]
    # The model files that the base has and HEAD has not.
    deleted: list[str]
    renamed: dict[str, str]
    # Why these files were chosen, in words.
    why: str
    is_left_out: Callable[[str], bool]
    # What was chosen and is not there as a file.
    absent: list[Problem]


def is_weights(path: str) -> bool:
    """Whether a file begins as a format of weights does, whatever its name is."""
    try:
        with open(path, "rb") as file:
            head = file.read(9)
    except OSError:
        return False
    return head.startswith((b"\x89HDF", b"PK\3\4", b"\x93NUMPY", b"GGUF", b"\x80\2", b"\x80\3", b"\x80\4",
                            b"\x80\5")) or head[4:] == b"\0\0\0\0{"


def _is_for_all(text: str) -> bool:
    """Whether a pattern stands for whole folders, and so for files that are not weights, too."""
    return re.fullmatch(r"\*+", text.rsplit("/", 1)[-1]) is not None


def choose(settings: Settings, base: Base | None, changes: list[Change]) -> Chosen:
    """Raises `SettingError` if a pattern matches no file: a gate that checks nothing must not pass in silence."""
    lines = settings.lines("files")
    globs = {line: pattern(line) for line in lines if not line.startswith("!")}
    without = [pattern(line[1:]) for line in lines if line.startswith("!")]

    def is_left_out(path: str) -> bool:
        return any(one.fullmatch(path) for one in without)

    def is_checked(line: str, path: str) -> bool:
        """Whether a pattern means a file as a model. Files beside weights are checked with their folder."""
        if not matches(globs[line], path):
            return False
        return is_model(path) or not (_is_for_all(line) or is_compared(path)) or is_weights(path)

    def is_wanted(path: str) -> bool:
        wanted = any(is_checked(line, path) for line in globs) if globs else is_model(path)
        return wanted and not is_left_out(path)

    def is_touched(path: str) -> bool:
        return not is_left_out(path) and (not globs or any(one.fullmatch(path) for one in globs.values()))

    if globs:
        candidates, why = _repository.files(), "chosen by files"
        for line, one in globs.items():
            found = [path for path in candidates if matches(one, path)]
            if not any(is_checked(line, path) for path in found) and not of_models(found, []):
                kind, others = ("model file", "others") if found else ("file", "none")
                raise SettingError(f"files: expected a {kind} that matches {line!r}, found {others}")
    elif base:
        candidates, why = [change.new for change in changes], f"changed since {base.title}"
        candidates += _onnx.naming({path for change in changes for path in (change.old, change.new)})
    else:
        candidates, why = _repository.tracked(), "in the repository"
    # A deleted shard damages its set.
    wanted = [path for path in candidates if is_wanted(path)]
    deleted = {change.old for change in changes if change.kind == "D"}
    absent = [Problem(path, "error", "unreadable", "expected a model file, found " + (
        kind_of_link(path) or ("a folder" if os.path.isdir(path) else "none in the work tree, and HEAD has it")))
        for path in sorted(set(wanted) - deleted) if not os.path.isfile(path)]
    files = set(as_sets(wanted)) - {problem.file for problem in absent}
    return Chosen(
        sorted(path for path in files if os.path.lexists(path) and not os.path.isdir(path)),
        [path for path in candidates if is_touched(path) and os.path.lexists(path)],
        [change.old for change in changes if change.kind in "DR" and is_touched(change.old)],
        [change.old for change in changes if change.kind == "D" and is_wanted(change.old)],
        {change.new: change.old for change in changes if change.kind == "R"}, why, is_left_out, absent)
