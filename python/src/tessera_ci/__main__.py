"""The command `tessera-ci`: check, for a CI job; validate and count, for hooks; install, for a CI job."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from _tessera_shared import command

from . import _check, _choice, _files, _folders, _install, _project, _repository, _tool
from ._check import Difference, Size
from ._settings import SettingError, Settings, from_arguments, from_environment, usage
from ._summary import summary
from ._text import Problem, annotation, plural, shown

USAGE = """tessera-ci check             check the model files of this repository; the settings are variables
                             TESSERA_FILES, TESSERA_MAX, ...: the options below, in capitals
       tessera-ci validate [options] FILE ...
       tessera-ci count --max SIZE [options] FILE ..."""


def is_github() -> bool:
    return os.environ.get("GITHUB_ACTIONS") == "true"


def report(problem: Problem) -> None:
    if is_github():
        print(annotation(problem))
    else:
        place = f"{shown(problem.file)}: " if problem.file else ""
        print(f"{problem.severity}: {place}{shown(problem.message)} [{problem.title}]")


def is_failing(problem: Problem, settings: Settings) -> bool:
    order = ("note", "warning", "error")
    return order.index(problem.severity) >= order.index(settings["fail-on"])


def output(name: str, value: str) -> None:
    """An output of a step of GitHub."""
    path = os.environ.get("GITHUB_OUTPUT")
    if path:
        with open(path, "a", encoding="utf-8") as file:
            file.write(f"{name}={shown(value)}\n")


def check(settings: Settings) -> int:
    """All gates, for the files of a repository."""
    wants_base = settings.flag("diff") or not [line for line in settings.lines("files") if line[0] != "!"]
    base = _repository.base(settings["base"], os.environ) if wants_base else None
    changes = _repository.changes(base) if base else []
    chosen = _choice.choose(settings, base, changes)
    files, folders, own = _with_folders(settings, chosen)
    selection = _check.select(settings, files, folders)
    given = set(files)

    def keep(file: str) -> bool:
        """A folder is checked with the folders in it, which can be other models."""
        return not file or not chosen.is_left_out(file) and (
            file in given or any(_folders.belongs(file, folder) for folder in folders)
            or any(file in _files.parts(one) for one in files))
    findings, is_valid = _check.validate(settings, selection.targets, keep)
    reported = {(problem.file, problem.title) for problem in findings}
    own = [problem for problem in own if (problem.file, problem.title) not in reported]
    problems = [*selection.problems, *own, *findings]
    # Only an error: a rule can be a note, and the limit must hold for the file all the same.
    unreadable = {problem.file for problem in findings
                  if problem.severity == "error" and problem.title in ("unreadable", "structure", "format")}
    gates: list[Problem] = []
    sizes: dict[str, list[Size]] = {}
    for file in selection.readable:
        if file not in unreadable:
            sizes[file], above = _check.count(settings, file)
            gates += above
    problems += gates
    readable = [file for file in selection.readable if file not in unreadable]
    differences: list[Difference] = []
    if base and settings.flag("diff"):
        differences = _check.differences(settings, chosen, readable, base)
    _check.report(settings, [*selection.targets, *(problem.file for problem in selection.problems)],
                  [*own, *(problem for problem in findings if not problem.file), *gates],
                  lambda file: keep(file) or any(file == problem.file for problem in selection.problems))

    for problem in problems:
        report(problem)
    for file, why in selection.skipped.items():
        report(Problem(file, "note", "skipped", f"not checked: {why}"))
    if settings["sarif"] and os.environ.get("GITHUB_EVENT_NAME") == "push" and not settings.lines("files"):
        report(Problem("", "note", "sarif", "the report has only the files of this push, so GitHub closes the alerts "
                       "of all others; give files: '.' for all model files"))
    failed = {problem.file for problem in problems if is_failing(problem, settings)}
    has_failed = bool(failed) or not is_valid
    number_of_files = len(files)
    what = plural(number_of_files, "model file") + (f" and {plural(len(folders), 'folder')}" if folders else "")
    if not files and not folders and not problems:
        title = f"Tessera: no model files {chosen.why}"
    elif has_failed and (folders or own):
        title = f"Tessera: {plural(len(failed), 'file')} failed; checked {what} {chosen.why}"
    elif has_failed:
        title = f"Tessera: {len(failed)} of {what} {chosen.why} failed"
    else:
        title = f"Tessera: {what} {chosen.why}, no problem found"
    _report_rules(settings, selection.targets)
    print(title)
    path = settings["summary"] or os.environ.get("GITHUB_STEP_SUMMARY")
    if path:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        text = summary(title, problems, selection.skipped, sizes, differences, base.title if base else "")
        with open(path, "a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
    output("files", str(number_of_files))
    output("failed", str(len(failed)))
    output("sarif", settings["sarif"] if settings["sarif"] and Path(settings["sarif"]).exists() else "")
    return 1 if has_failed else 0


def _with_folders(settings: Settings, chosen: _choice.Chosen) -> tuple[list[str], list[str], list[Problem]]:
    """The files and the folders that are checked, and the problems that no present file shows.

    A changed tessera.lock or tessera.toml is a reason to check the files that it is for.
    """
    files, touched = set(chosen.files), chosen.touched
    # With patterns, the weights that they match are meant, and not all files beside them.
    reasons = [path for path in touched if not settings.lines("files") or not _files.is_model(path)]
    names = (_project.RULES, *[_project.LOCK] * settings.is_locked)
    changed = {path for path in touched if os.path.basename(path) in names}
    for lock in (path for path in changed if os.path.basename(path) == _project.LOCK):
        there = [path for path in _project.listed(lock) or () if os.path.lexists(path) and not chosen.is_left_out(path)]
        files |= set(there)
        reasons += there
    if changed:
        files |= {path for path in _repository.tracked() if _files.is_model(path) and not chosen.is_left_out(path)
                  and any(not changed.isdisjoint(_project.above(name, path)) for name in names)}
    own = chosen.absent + _folders.lost(touched, chosen.removed)
    if settings.is_locked:
        own += _project.lost(touched, chosen.removed)
    return _files.as_sets(files), _folders.of_models(reasons, chosen.removed), own


def _report_rules(settings: Settings, targets: list[str]) -> None:
    if not targets:
        return
    words = settings.validate_options
    is_named = any(word.startswith(("--project", "--no-project")) for word in words)
    rules = "as in validate-options" if is_named else ", ".join(map(shown, _project.used(_project.RULES, targets)))
    if settings.is_locked:
        locks = ", ".join(map(shown, _project.used(_project.LOCK, targets)))
    else:
        locks = "as in validate-options" if settings.flag("locked") else "not used (locked: false)"
    print(f"Tessera: {_project.RULES}: {rules or 'none'}; {_project.LOCK}: {locks or 'none'}")


def hook(name: str, arguments: list[str]) -> int:
    """One gate, for the given files."""
    if arguments in (["-h"], ["--help"]) and not os.path.lexists(arguments[0]):
        print(usage(name))
        return 0
    settings, files = from_arguments(name, arguments)
    if name == "count" and not settings["max"]:
        raise SettingError("count: expected --max with a size such as 2M or 64MB; in .pre-commit-config.yaml, "
                           "args: [--max, 2M]")
    selection = _check.select(settings, files)
    problems, is_valid = list(selection.problems), True
    if name == "validate":
        findings, is_valid = _check.validate(settings, selection.readable)
        problems += findings
        _check.report(settings, [*selection.readable, *(problem.file for problem in selection.problems)],
                      [problem for problem in findings if not problem.file])
    else:
        for file in selection.readable:
            problems += _check.count(settings, file)[1]
    for problem in problems:
        report(problem)
    for file, why in selection.skipped.items():
        report(Problem(file, "note", "skipped", f"not checked: {why}"))
    return 0 if is_valid and not any(is_failing(problem, settings) for problem in problems) else 1


def install() -> int:
    """Brings the command, and says where it is in the outputs of the step."""
    environment = os.environ
    wanted = environment.get("TESSERA_VERSION") or _install.version()
    folder = Path(environment.get("RUNNER_TEMP", ".")) / f"tessera-{wanted}"
    server, repository = environment.get("GITHUB_SERVER_URL", ""), environment.get("TESSERA_REPOSITORY", "")
    path = _install.install(environment.get("TESSERA_INSTALL") or "wheel", wanted, folder,
                            f"{server}/{repository}/releases/download")
    os.environ["TESSERA"] = str(path)
    print(f"{_tool.run('--version').out.strip()}: {shown(str(path))}")
    output("command", str(path))
    return 0


def main() -> int:
    sys.stdout.reconfigure(errors="backslashreplace")  # pyright: ignore
    name, arguments = (sys.argv[1], sys.argv[2:]) if len(sys.argv) > 1 else ("", [])
    try:
        if name == "check" and not arguments:
            return check(from_environment(os.environ))
        if name in ("validate", "count"):
            return hook(name, arguments)
        if name == "install":
            return install()
        if name == "version":
            output("version", os.environ.get("TESSERA_VERSION") or _install.version())
            return 0
    except (SettingError, command.NotFound) as error:
        report(Problem("", "error", "ci", str(error)))
        return 2
    print(f"usage: {USAGE}", file=sys.stderr)
    return 64


if __name__ == "__main__":
    sys.exit(main())
