"""The gates: validate, count with a limit, and the difference from the base."""

from __future__ import annotations

import functools
import os
from pathlib import Path
from typing import Any, NamedTuple, Sequence

from . import _files, _folders, _project, _reports, _repository, _tool
from ._choice import Chosen
from ._reports import Keep
from ._repository import Base, pointer_of
from ._settings import SettingError, Settings
from ._text import Problem, number, parse_annotation, shown


class Size(NamedTuple):
    """A row of `tessera count`. The row of everything stored has no task."""

    task: str | None
    level: int | str | None
    parameters: int
    bytes: int


class Difference(NamedTuple):
    """A file against its version at the base. A number that is not known is none."""

    file: str
    what: str
    added: list[str] | None = None
    removed: list[str] | None = None
    changed: list[str] | None = None
    parameters: tuple[int | None, int | None] = (None, None)
    bytes: tuple[int | None, int | None] = (None, None)


class Selection(NamedTuple):
    """The files and folders that can be read, and what is said about the others."""

    readable: list[str]
    folders: list[str]
    skipped: dict[str, str]
    problems: list[Problem]

    @property
    def targets(self) -> list[str]:
        """What `tessera validate` gets: the folders, and the files that are in none of them."""
        return [*self.folders, *(file for file in self.readable
                                 if not any(_folders.belongs(file, folder) for folder in self.folders))]


def advice() -> str:
    if os.environ.get("GITHUB_ACTIONS") == "true":
        return "give actions/checkout the input lfs: true"
    if os.environ.get("GITLAB_CI"):
        return "install git-lfs in the image, and run 'git lfs pull' first"
    return "run 'git lfs pull'"


def select(settings: Settings, files: list[str], folders: Sequence[str] = ()) -> Selection:
    """Leaves out Git LFS pointers and files above the size limit, and the folders with them."""
    selection = Selection([], [], {}, [])
    for file in _files.as_sets(files):
        if (why := _unreadable(settings, [file], selection)) is None:
            selection.readable.append(file)
        elif why:
            selection.skipped[file] = why
    for folder in folders:
        sets = _files.as_sets(_folders.weights(folder))
        if (why := _unreadable(settings, sets, selection)) is None:
            selection.folders.append(folder)
        elif why:
            selection.skipped[folder] = f"as a whole: {why}"
    return selection


def _unreadable(settings: Settings, sets: list[str], selection: Selection) -> str | None:
    """Why files are skipped; none if they can be read. Empty if they are problems, which are noted."""
    pointers = {part: size for file in sets for part in _files.parts(file) if (size := pointer_of(part)) is not None}
    if pointers and settings["lfs"] == "skip":
        first, more = next(iter(pointers)), len(pointers) - 1
        where = "" if sets == [first] else f" in {shown(first)}" + (f" and {more} more" if more else "")
        return f"a Git LFS pointer{where} ({number(sum(pointers.values()))} bytes are in LFS)"
    for part, size in pointers.items():
        problem = Problem(part, "error", "lfs", f"expected a model, found a Git LFS pointer: the {number(size)} bytes "
                          f"of the file were not fetched; {advice()}")
        if problem not in selection.problems:
            selection.problems.append(problem)
    if pointers:
        return ""
    size = max((_files.size(file) for file in sets), default=0)
    if settings.size_limit is not None and size > settings.size_limit:
        return f"{number(size)} bytes are more than size-limit {settings['size-limit']}"
    return None


def _runs(settings: Settings, targets: list[str]) -> list[tuple[list[str], list[str]]]:
    """The options and the files of each run: --locked fails for a file that has no lock."""
    locked = [path for path in targets if settings.is_locked and _project.above(_project.LOCK, path)]
    others = [path for path in targets if path not in locked]
    runs = [([*settings.validation, "--locked"], locked), (settings.validation, others)]
    return [(options, paths) for options, paths in runs if paths]


def validate(settings: Settings, targets: list[str], keep: Keep = lambda file: True) -> tuple[list[Problem], bool]:
    """The findings, and whether they fail. `keep` says for which files findings are wanted."""
    found: list[Problem] = []
    is_valid = True
    for options, paths in _runs(settings, targets):
        result = _tool.run("validate", *options, "--format=github", "--", *paths)
        lines = [line for line in result.out.split("\n") if line]
        problems = [problem for line in lines if (problem := parse_annotation(line))]
        if len(problems) < len(lines):
            # Such as help, which has exit code 0: then no file was checked.
            raise SettingError(f"tessera validate: expected findings, found the line {shown(lines[0])!r}; "
                               "check validate-options")
        if result.code and not problems:
            problems = [Problem("", "error", "validate", message) for message in result.errors]
        kept = [problem for problem in problems if keep(problem.file)]
        # A finding that is not wanted can be the reason for the exit code.
        is_valid &= result.code == 0 or len(kept) < len(problems)
        found += kept
    return found, is_valid


def report(settings: Settings, targets: list[str], problems: Sequence[Problem] = (),
           keep: Keep = lambda file: True) -> None:
    """Writes the reports for other programs, which must exist even without a file.

    The files of pointers are among the targets. `problems` are those that only this package finds.
    """
    for kind, merged in (("sarif", _reports.sarif), ("junit", _reports.junit)):
        if settings[kind]:
            outputs = [_tool.run("validate", *options, f"--format={kind}", "--", *paths).out
                       for options, paths in _runs(settings, targets)]
            path = Path(settings[kind])
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(merged([out for out in outputs if out], list(problems), keep), encoding="utf-8")


@functools.lru_cache(maxsize=None)
def _count(path: str, options: tuple[str, ...]) -> tuple[list[Size], list[str]]:
    result = _tool.run("count", "--json", *options, "--", path)
    rows: list[dict[str, Any]] = result.document["policies"][0]["rows"] if result.code < 2 else []
    errors = [message.removeprefix(f"{shown(path)}: ") for message in result.errors] if result.code else []
    return [Size(row["task"], row["level"], row["parameters"], row["bytes"]) for row in rows], errors


def count(settings: Settings, file: str) -> tuple[list[Size], list[Problem]]:
    """The rows of a file, and a problem for each that is above the limit.

    Without a limit, a file that cannot be counted is not a problem: its row is left out.
    """
    limit = [f"--max={settings['max']}"] if settings["max"] else []
    rows, errors = _count(file, (*settings.counting, *limit))
    return rows, [Problem(file, "error", "count", message) for message in errors if limit or settings.counting]


def stored(settings: Settings, path: str | Path) -> int | None:
    """The parameters of everything that a file stores."""
    rows, _ = _count(str(path), tuple(settings.policy))
    return rows[-1].parameters if rows else None


def differences(settings: Settings, chosen: Chosen, readable: list[str], base: Base) -> list[Difference]:
    """One row for each file that differs from the base."""
    found: list[Difference] = []
    with _repository.temporary_folder() as temporary:
        for index, file in enumerate([*chosen.files, *chosen.deleted]):
            folder = Path(temporary) / str(index)
            old = chosen.renamed.get(file, file)
            if file in chosen.deleted:
                version = _repository.version(base, old, folder)
                size, before = (version.size, version.path) if version else (None, None)
                found.append(Difference(file, "deleted", parameters=(before and stored(settings, before), 0),
                                        bytes=(size, 0)))
                continue
            difference = _difference(settings, file, old, folder, file in readable, base)
            if difference:
                found.append(difference)
            # The base's versions of large models must not fill the disk.
            for path in folder.glob("*"):
                path.unlink()
    return found


def _difference(settings: Settings, file: str, old: str, folder: Path, is_readable: bool,
                base: Base) -> Difference | None:
    size = pointer_of(file) or _files.size(file)
    after = stored(settings, file) if is_readable else None
    version = _repository.with_neighbours(base, old, folder)
    if version is None:
        return Difference(file, "new", parameters=(0, after), bytes=(0, size))
    what = f"renamed from {old}" if old != file else "changed"
    if version.path is None or not is_readable:
        why = version.why or "not compared"
        return Difference(file, f"{what}; {why}", parameters=(None, after), bytes=(version.size, size))
    # The values of an ONNX model can be in other files.
    is_alone = len(_files.parts(file)) == 1 and not file.endswith(".onnx")
    if old == file and is_alone and _same(version.path, Path(file)):
        return None
    sizes = (stored(settings, version.path), after), (_files.size(version.path), size)
    result = _tool.run("diff", "--json", "--", str(version.path), file)
    if result.code == 2:
        return Difference(file, f"{what}; not compared: one version cannot be read", None, None, None, *sizes)
    document = result.document
    if old == file and document["equal"] and not is_alone:
        return None
    names = {one["name"]: None for one in document["changed"]}
    return Difference(file, what, document["extra"], document["missing"], list(names), *sizes)


def _same(one: Path, other: Path) -> bool:
    if one.stat().st_size != other.stat().st_size:
        return False
    with open(one, "rb") as a, open(other, "rb") as b:
        while block := a.read(1 << 20):
            if block != b.read(1 << 20):
                return False
    return True
