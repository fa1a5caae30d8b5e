"""The command `tessera-ci`: check, for a CI job; validate and count, for hooks; install, for a CI job."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from . import _check, _files, _install, _repository, _tool
from ._check import Difference, Size
from ._settings import SettingError, Settings, from_arguments, from_environment
from ._summary import summary
from ._text import Problem, annotation, number, shown

USAGE = """tessera-ci check             check the model files of this repository; the settings are variables
                             TESSERA_FILES, TESSERA_MAX, ...: the options below, in capitals
       tessera-ci validate [options] FILE ...
       tessera-ci count --max SIZE [options] FILE ..."""


def is_github() -> bool:
    return os.environ.get("GITHUB_ACTIONS") == "true"


def tell(problem: Problem) -> None:
    if is_github():
        print(annotation(problem))
    else:
        place = f"{shown(problem.file)}: " if problem.file else ""
        print(f"{problem.severity}: {place}{shown(problem.message)} [{problem.title}]")


def is_failing(problem: Problem, settings: Settings) -> bool:
    order = ("note", "warning", "error")
    return order.index(problem.severity) >= order.index(settings["fail-on"])


def plural(count: int, noun: str) -> str:
    return f"{number(count)} {noun}{'' if count == 1 else 's'}"


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
    chosen = _files.choose(settings, base, changes)
    selection = _check.select(settings, chosen.files)
    findings, is_valid = _check.validate(settings, selection.readable)
    problems = [*selection.problems, *findings]
    unreadable = {problem.file for problem in findings if problem.title in ("unreadable", "structure", "format")}
    sizes: dict[str, list[Size]] = {}
    for file in selection.readable:
        if file not in unreadable:
            sizes[file], above = _check.count(settings, file)
            problems += above
    readable = [file for file in selection.readable if file not in unreadable]
    differences: list[Difference] = []
    if base and settings.flag("diff"):
        differences = _check.differences(settings, chosen, readable, base)
    _check.report(settings, [*selection.readable, *(problem.file for problem in selection.problems)])

    for problem in problems:
        tell(problem)
    for file, why in selection.skipped.items():
        tell(Problem(file, "note", "skipped", f"not checked: {why}"))
    failed = {problem.file for problem in problems if is_failing(problem, settings)}
    has_failed = bool(failed) or not is_valid
    number_of_files = len(chosen.files)
    if not chosen.files:
        title = f"Tessera: no model files {chosen.why}"
    elif has_failed:
        title = f"Tessera: {len(failed)} of {plural(number_of_files, 'model file')} {chosen.why} failed"
    else:
        title = f"Tessera: {plural(number_of_files, 'model file')} {chosen.why}, no problem found"
    print(title)
    path = settings["summary"] or os.environ.get("GITHUB_STEP_SUMMARY")
    if path:
        text = summary(title, problems, selection.skipped, sizes, differences, base.title if base else "")
        with open(path, "a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
    output("files", str(number_of_files))
    output("failed", str(len(failed)))
    output("sarif", settings["sarif"] if settings["sarif"] and Path(settings["sarif"]).exists() else "")
    return 1 if has_failed else 0


def hook(name: str, arguments: list[str]) -> int:
    """One gate, for the given files."""
    settings, files = from_arguments(name, arguments)
    if name == "count" and not settings["max"]:
        raise SettingError("count: expected --max with a size such as 2M or 64MB; in .pre-commit-config.yaml, "
                           "args: [--max, 2M]")
    selection = _check.select(settings, files)
    problems, is_valid = list(selection.problems), True
    if name == "validate":
        findings, is_valid = _check.validate(settings, selection.readable)
        problems += findings
        _check.report(settings, selection.readable)
    else:
        for file in selection.readable:
            problems += _check.count(settings, file)[1]
    for problem in problems:
        tell(problem)
    for file, why in selection.skipped.items():
        tell(Problem(file, "note", "skipped", f"not checked: {why}"))
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
    except SettingError as error:
        tell(Problem("", "error", "ci", str(error)))
        return 2
    print(f"usage: {USAGE}", file=sys.stderr)
    return 64


if __name__ == "__main__":
    sys.exit(main())
