"""Model files, git repositories and a runner of composite actions, for the tests of tessera_ci."""

from __future__ import annotations

import json
import os
import pickle
import re
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import yaml
from conftest import ROOT, command

ZEROS = "0" * 40
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"4d" * 32 + b"\nsize 12345\n"


def safetensors(**tensors: Any) -> bytes:
    header: dict[str, Any] = {}
    body = b""
    for name, array in tensors.items():
        header[name] = {"dtype": "F32", "shape": array.shape, "data_offsets": [len(body), len(body) + array.nbytes]}
        body += array.astype("<f4").tobytes()
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + body


def ones(*shape: int) -> Any:
    return np.ones(shape, "f4")


GOOD = safetensors(a=ones(3, 5), b=ones(7))
GROWN = safetensors(a=ones(30, 50), b=2 * ones(7), c=ones(11))
# For each name of a bad file: its content, options that find it, and words of the message.
BAD: dict[str, tuple[bytes, dict[str, str], str]] = {
    "truncated": (GOOD[:-9], {}, "expected"),
    "pointer": (POINTER, {}, "found a Git LFS pointer: the 12,345 bytes of the file were not fetched"),
    "pickle": (pickle.dumps({"a": print}), {}, "expected safetensors from its name, found pickle"),
    "nan": (safetensors(a=np.array([1, np.nan], "f4")), {}, "found 1 NaN"),
    "large": (GROWN, {"max": "1k"}, "expected at most 1,000 parameters, found 1,518 parameters"),
}


class Repository:
    """A git repository in a folder."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(parents=True)
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *arguments: str, **more: Any) -> str:
        return subprocess.run(["git", *arguments], cwd=self.path, check=True, capture_output=True, text=True,
                              env=environment(), **more).stdout.strip()

    def commit(self, files: dict[str, bytes | None]) -> str:
        """Writes files (none: deletes them), commits, and returns the commit."""
        for name, content in files.items():
            path = self.path / name
            if content is None:
                path.unlink()
                # Git has no empty folders.
                if path.parent != self.path and not list(path.parent.iterdir()):
                    path.parent.rmdir()
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message=change")
        return self.git("rev-parse", "HEAD")


def environment(**more: str) -> dict[str, str]:
    """Nothing of the person or the CI job that runs the tests."""
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH", "TMPDIR") if name in os.environ}
    identity = {f"GIT_{who}_{what}": f"{who}@example.org" for who in ("AUTHOR", "COMMITTER")
                for what in ("NAME", "EMAIL")}
    return {**kept, **identity, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, "HOME": os.devnull,
            "PYTHONDONTWRITEBYTECODE": "1", **more}


class Outcome(NamedTuple):
    code: int
    log: str
    summary: str
    outputs: dict[str, str]
    # The inputs of the actions that the steps use, for the steps that run.
    used: dict[str, dict[str, str]]


class Action:
    """Runs a composite action as the runner of GitHub does: `run` steps with bash; `uses` steps are only listed."""

    def __init__(self, path: Path = ROOT / "action.yml") -> None:
        self.document: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
        assert self.document["runs"]["using"] == "composite"

    def run(self, repository: Path, inputs: dict[str, str], event: dict[str, Any], folder: Path,
            **more: str) -> Outcome:
        unknown = set(inputs) - set(self.document["inputs"])
        assert not unknown, unknown
        values = {f"inputs.{name}": inputs.get(name, one.get("default", ""))
                  for name, one in self.document["inputs"].items()}
        temporary = folder / "runner"
        temporary.mkdir(parents=True, exist_ok=True)
        (folder / "event.json").write_text(json.dumps(event))
        (folder / "summary.md").write_text("")
        values |= {"runner.temp": str(temporary), "runner.os": "Linux", "runner.arch": "X64",
                   "github.action_repository": "owner/tessera"}
        code, log, used = 0, "", dict[str, dict[str, str]]()
        # Only the tests of the first steps run them: each starts two programs.
        is_installed = not {"install", "version"} & set(inputs)
        if is_installed:
            values["steps.install.outputs.command"] = command()
        for number, step in enumerate(self.document["runs"]["steps"]):
            condition = step.get("if", "${{ success() }}")
            if is_installed and (step.get("id") in ("version", "install") or "actions/cache@" in step.get("uses", "")):
                continue
            if not evaluate(condition, values, code):
                continue
            if code and "cancelled()" not in condition:
                continue
            if "uses" in step:
                used[step["uses"]] = {name: fill(text, values, code) for name, text in step.get("with", {}).items()}
                continue
            assert step["shell"] == "bash" and "${{" not in step["run"], "an expression in the text of a script"
            output, script = folder / f"output{number}", folder / f"step{number}.sh"
            output.write_text("")
            script.write_text(step["run"])
            given = {name: fill(text, values, code) for name, text in step.get("env", {}).items()}
            result = subprocess.run(
                ["bash", "--noprofile", "--norc", "-eo", "pipefail", script], cwd=repository, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, env={**environment(
                    CI="true", GITHUB_ACTIONS="true", GITHUB_ACTION_PATH=str(ROOT), GITHUB_OUTPUT=str(output),
                    GITHUB_STEP_SUMMARY=str(folder / "summary.md"), GITHUB_EVENT_PATH=str(folder / "event.json"),
                    GITHUB_SERVER_URL="https://example.org", RUNNER_TEMP=str(temporary)), **more, **given})
            log += result.stdout.decode()
            code = code or result.returncode
            for line in output.read_text().splitlines():
                name, _, value = line.partition("=")
                values[f"steps.{step['id']}.outputs.{name}"] = value
        outputs = {name: fill(one["value"], values, code) for name, one in self.document["outputs"].items()}
        return Outcome(code, log, (folder / "summary.md").read_text(), outputs, used)


def evaluate(text: str, values: dict[str, str], code: int) -> Any:
    """The value of one `${{ }}`: names, texts, ==, !=, &&, ||, ! and the functions below."""
    inner = text.strip().removeprefix("${{").removesuffix("}}").strip()

    def word(found: re.Match[str]) -> str:
        if found[1]:
            return found[1]
        known = {"&&": " and ", "||": " or ", "!": " not "}
        return known.get(found[0]) or (f"value({found[0]!r})" if "." in found[0] else found[0])
    expression = re.sub(r"('[^']*')|&&|\|\||!(?!=)|[a-z][\w.-]*", word, inner)
    functions: dict[str, Any] = {
        "value": lambda name: values.get(name, ""), "format": lambda shape, *rest: shape.format(*rest),
        "cancelled": lambda: False, "success": lambda: not code}
    return eval(expression, {"__builtins__": {}}, functions)


def fill(text: str, values: dict[str, str], code: int) -> str:
    return re.sub(r"\$\{\{.*?\}\}", lambda found: str(evaluate(found[0], values, code)), str(text))


def request(repository: Repository, base: str) -> dict[str, Any]:
    """The event of a pull request."""
    return {"pull_request": {"base": {"sha": base}, "head": {"sha": repository.git("rev-parse", "HEAD")}}}


def act(repository: Repository, folder: Path, event: dict[str, Any], inputs: dict[str, str] | None = None,
        **more: str) -> Outcome:
    return Action().run(repository.path, inputs or {}, event, folder, **more)
