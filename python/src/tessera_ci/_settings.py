"""The settings of a check: options of the command line, or environment variables in CI."""

from __future__ import annotations

import os
import re
import shlex
from typing import Mapping, NamedTuple, Sequence

from ._files import is_model


class SettingError(Exception):
    """A setting has a value that is refused; or a program that is needed is missing."""


class Option(NamedTuple):
    default: str
    help: str


# In CI, the variable of `size-limit` is TESSERA_SIZE_LIMIT.
OPTIONS = {
    "files": Option("", "glob patterns, one a line; a pattern after ! leaves files out. Default: changed model files"),
    "deep": Option("true", "also read all data, and verify checksums and digests"),
    "forbid-nan": Option("true", "fail if a weight is NaN or infinite; needs deep"),
    "fail-on": Option("warning", "the lowest severity that fails: error, warning or note"),
    "validate-options": Option("", "more options of tessera validate, one a line or as in a shell, such as "
                               "--rule half-cut=off"),
    "locked": Option("true", "compare files with each tessera.lock in their folder or above"),
    "max": Option("", "the size limit of each sub-network or file: 2M (parameters) or 64MB (bytes)"),
    "policy": Option("", "the counting policy"),
    "task": Option("", "count only these tasks, one a line"),
    "level": Option("", "count only this level"),
    "diff": Option("true", "compare each file with its version at the base"),
    "base": Option("", "the commit to compare with. Default: from the event in CI"),
    "lfs": Option("fail", "what to do with a Git LFS pointer: fail or skip"),
    "size-limit": Option("", "skip files that are larger, such as 2GB, with a note"),
    "sarif": Option("", "write the findings to this SARIF file"),
    "junit": Option("", "write the findings to this JUnit file"),
    "summary": Option("", "add the summary, as Markdown, to this file"),
}
# What each hook uses.
HOOKS = {"validate": ("deep", "forbid-nan", "fail-on", "validate-options", "locked", "lfs", "size-limit", "sarif",
                      "junit"),
         "count": ("max", "policy", "task", "level", "lfs", "size-limit")}
BOOLEAN = ("true", "false")
FLAGS = ("deep", "forbid-nan", "locked", "diff")
# An option of a hook can be repeated, for several lines.
LISTS = ("validate-options", "task")
CHOICES = {**dict.fromkeys(FLAGS, BOOLEAN),
           "fail-on": ("error", "warning", "note"), "lfs": ("fail", "skip")}
UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12,
         "KIB": 2**10, "MIB": 2**20, "GIB": 2**30, "TIB": 2**40}


class Settings:
    """The values of all options. Raises `SettingError` for a value that an option refuses."""

    def __init__(self, given: Mapping[str, str]) -> None:
        # An input of an action that is not given is an empty text.
        self.values = {name: given.get(name, "").strip() or option.default for name, option in OPTIONS.items()}
        for name, choices in CHOICES.items():
            value = self.values[name] = self.values[name].lower()
            if value not in choices:
                raise SettingError(f"{name}: expected {either(choices)}, found {value!r}")
        self.size_limit = number_of_bytes(self.values["size-limit"]) if self.values["size-limit"] else None

    def __getitem__(self, name: str) -> str:
        return self.values[name]

    def flag(self, name: str) -> bool:
        return self.values[name] == "true"

    def lines(self, name: str) -> list[str]:
        return [line.strip() for line in self.values[name].splitlines() if line.strip()]

    @property
    def validation(self) -> list[str]:
        """The options of `tessera validate`."""
        options = [f"--fail-on={self['fail-on']}"]
        if self.flag("deep"):
            options.append("--deep")
            if self.flag("forbid-nan"):
                options.append("--rule=non-finite=error")
        return options + self.validate_options

    @property
    def validate_options(self) -> list[str]:
        """The words of `validate-options`: each line is split as by a shell, which runs nothing."""
        try:
            return [word for line in self.lines("validate-options") for word in shlex.split(line)]
        except ValueError as error:
            raise SettingError(f"validate-options: expected words as in a shell, found {self['validate-options']!r} "
                               f"({error})") from None

    @property
    def is_locked(self) -> bool:
        """Whether a tessera.lock is looked for. An option of `validate-options` names another one."""
        return self.flag("locked") and not any(word.startswith("--lock") for word in self.validate_options)

    @property
    def counting(self) -> list[str]:
        """The options of `tessera count`, without the limit."""
        options = [f"--task={task}" for task in self.lines("task")]
        options += [f"--level={self['level']}"] if self["level"] else []
        return options + self.policy

    @property
    def policy(self) -> list[str]:
        return [f"--policy={self['policy']}"] if self["policy"] else []


def number_of_bytes(text: str) -> int:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT]?I?B?)", text.upper())
    if found is None or found[2] not in UNITS:
        raise SettingError(f"size-limit: expected a number of bytes such as 500MB or 2GiB, found {text!r}")
    return int(float(found[1]) * UNITS[found[2]])


def from_environment(environment: Mapping[str, str]) -> Settings:
    return Settings({name: environment.get("TESSERA_" + name.upper().replace("-", "_"), "") for name in OPTIONS})


def from_arguments(hook: str, arguments: list[str]) -> tuple[Settings, list[str]]:
    """The settings and the files of a command line: options, then perhaps `--`, then files.

    pre-commit gives `args` and then files, without `--` if `args` does not end with it. The repository decides the
    names of its files, so a name such as --fail-on=note must not become an option, nor an option a name.
    """
    given: dict[str, list[str]] = {}
    rest = list(arguments)
    while rest and rest[0].startswith("-"):
        word = rest.pop(0)
        if word == "--":
            return _settings(given), _normal(rest)
        option, equals, value = word.removeprefix("--").partition("=")
        name = option.removeprefix("no-") if option.removeprefix("no-") in FLAGS and not equals else option
        is_option = word.startswith("--") and name in HOOKS[hook]
        if os.path.lexists(word) and (is_model(word) or not is_option):
            rest.insert(0, word)
            break
        if not is_option:
            raise SettingError(f"{hook}: expected {either([f'--{one}' for one in HOOKS[hook]])}, found {word!r}")
        if not equals:
            value = _value(name, option, rest)
        given[name] = [*(given.get(name, []) if name in LISTS else []), value]
    wrong = next((file for file in rest if file.startswith("-") and not os.path.lexists(file)), None)
    if wrong is not None:
        raise SettingError(f"expected options before the files, found {wrong!r} behind {rest[0]!r}")
    return _settings(given), _normal(rest)


def _value(name: str, option: str, rest: list[str]) -> str:
    """The value of an option without `=`, which is taken from the words after it."""
    if option != name:
        return "false"
    if name in FLAGS:
        # The next word can be a file.
        return rest.pop(0) if rest and rest[0].lower() in BOOLEAN else "true"
    # A value that begins with a dash could be an option or a file.
    if not rest or rest[0].startswith("-"):
        expected = either(CHOICES[name]) if name in CHOICES else "a value"
        found = f"{rest[0]!r}; write --{name}=… for a value that begins with a dash" if rest else "none"
        raise SettingError(f"{name}: expected {expected}, found {found}")
    return rest.pop(0)


def _settings(given: Mapping[str, list[str]]) -> Settings:
    return Settings({name: "\n".join(values) for name, values in given.items()})


def _normal(files: list[str]) -> list[str]:
    return [os.path.normpath(file) for file in files]


def usage(hook: str) -> str:
    """The help of a hook."""
    lines = [f"usage: tessera-ci {hook} [options] [--] FILE ...", "", "options:"]
    for name in HOOKS[hook]:
        option = OPTIONS[name]
        default = f" (default: {option.default})" if option.default else ""
        form = f"--{name}, --no-{name}" if name in FLAGS else f"--{name} X"
        lines += [f"  {form}", f"      {option.help.replace('one a line', 'repeatable')}{default}"]
    return "\n".join(lines)


def either(words: Sequence[str]) -> str:
    return f"{', '.join(words[:-1])} or {words[-1]}"
