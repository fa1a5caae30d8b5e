"""Reports and texts of tessera_ci; the YAML files against their published schemas; a job of GitLab; the samples."""

from __future__ import annotations

import doctest
import importlib
import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest
import yaml
from ci_support import BAD, GOOD, GROWN, POINTER, Repository, act, environment, evaluate, request
from conftest import ROOT, command, run

from tessera_ci import _files, _settings, _text
from tessera_ci._text import Problem

SOURCE = ROOT / "python" / "src" / "tessera_ci"


def official_sarif_schema() -> dict[str, Any]:
    """The schema of OASIS, which the package schemastore has in a cache. Its own code needs the network to open it."""
    import sqlite3
    from importlib import metadata

    try:
        path = metadata.distribution("schemastore").locate_file("schemastore/cache.sqlite")
    except metadata.PackageNotFoundError:
        pytest.skip("schemastore is not installed")
    address = "https://raw.githubusercontent.com/oasis-tcs/sarif-spec/master/Schemata/sarif-schema-2.1.0.json"
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as store:
        for (value,) in store.execute("select value from responses where instr(value, ?)", (f'"$id": "{address}"',)):
            start = value.index(b'{\r\n  "$schema"')
            schema, _ = json.JSONDecoder().raw_decode(value[start:].decode("utf-8", "ignore"))
            if schema.get("$id") == address:
                return schema
    raise AssertionError("schemastore lacks the schema of SARIF 2.1.0")


def test_sarif_follows_the_official_schema(tmp_path: Path) -> None:
    import jsonschema

    validator = jsonschema.Draft7Validator(official_sarif_schema())
    assert list(validator.iter_errors({"version": "2.1.0", "runs": [{}]})), "the schema refuses a run without a tool"
    repository = Repository(tmp_path / "repository")
    base = repository.commit({"README": b""})
    names = {name: f"m/{name} 1%,:.safetensors" for name in BAD}
    repository.commit({names[name]: content for name, (content, _, _) in BAD.items()})
    outcome = act(repository, tmp_path / "run", request(repository, base), {"sarif": "true"})
    assert outcome.code == 1 and outcome.used["github/codeql-action/upload-sarif@v4"] == {
        "sarif_file": outcome.outputs["sarif"], "category": "tessera"}
    document = json.loads(Path(outcome.outputs["sarif"]).read_text())
    assert [error.message for error in validator.iter_errors(document)] == []
    found = {one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
             for one in document["runs"][0]["results"]}
    assert len(found) == 4 and all("%20" in uri for uri in found), "all but the large one, which count finds"


@pytest.mark.parametrize("schema, path", [
    ("vendor.github-actions", "action.yml"), ("vendor.gitlab-ci", "ci/gitlab.yml"),
    ("vendor.github-workflows", "samples/ci/github-workflow.yml"), ("vendor.gitlab-ci", "samples/ci/gitlab-ci.yml")])
def test_yaml_follows_its_schema(schema: str, path: str, tmp_path: Path) -> None:
    pytest.importorskip("check_jsonschema")

    def check(file: Path) -> int:
        return subprocess.run([sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, file],
                              capture_output=True).returncode
    assert check(ROOT / path) == 0
    text = (ROOT / path).read_text()
    wrong = tmp_path / "wrong.yml"
    wrong.write_text(text.replace("using: composite", "using: nothing").replace("runs-on:", "runs-off:")
                     .replace("rules:", "rules: 1 #").replace("- remote:", "- remotely:"))
    assert check(wrong) == 1, "the schema finds a mistake"


def test_samples_for_pre_commit_are_valid(tmp_path: Path) -> None:
    pytest.importorskip("pre_commit")
    for verb, path in (("validate-config", "samples/ci/pre-commit-config.yaml"),
                       ("validate-manifest", ".pre-commit-hooks.yaml")):
        result = subprocess.run([sys.executable, "-m", "pre_commit", verb, ROOT / path], capture_output=True, text=True,
                                env=environment(PRE_COMMIT_HOME=str(tmp_path)))
        assert result.returncode == 0, result.stdout


def test_options_are_the_same_everywhere() -> None:
    """The inputs of the action, the variables that its step gets, and the table in the guide."""
    action = yaml.safe_load((ROOT / "action.yml").read_text())
    step = next(step for step in action["runs"]["steps"] if step.get("id") == "check")
    options = {name for name in _settings.OPTIONS if name not in ("junit", "summary")}
    assert set(action["inputs"]) == options | {"install", "version"}
    assert {f"TESSERA_{name.upper().replace('-', '_')}" for name in options} == set(step["env"]) - {"TESSERA"}
    for name in options - {"sarif"}:
        assert action["inputs"][name].get("default", "") == _settings.OPTIONS[name].default, name
        assert step["env"][f"TESSERA_{name.upper().replace('-', '_')}"] == f"${{{{ inputs.{name} }}}}"
    guide = (ROOT / "docs/guides/gate-in-ci.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| `([a-z-]+)` \|", guide, re.MULTILINE)
    assert listed == list(action["inputs"])
    hooks = re.findall(r"^\* `tessera-(\w+)`: (.*?)\.$", guide, re.MULTILINE | re.DOTALL)
    assert {name: tuple(re.findall("`([a-z-]+)`", text)) for name, text in hooks} == _settings.HOOKS


def of_gitlab(repository: Repository, base: str, folder: Path, **more: str) -> tuple[int, str, str, Any]:
    """The exit code, the log, the summary and the JUnit report of the job."""
    job = yaml.safe_load((ROOT / "ci/gitlab.yml").read_text())["tessera"]
    # The script without pip; tessera-ci is that of this checkout.
    lines = [line for line in job["script"] if not line.startswith("pip ")]
    assert len(lines) == len(job["script"]) - 1
    program = folder / "bin" / "tessera-ci"
    program.parent.mkdir(exist_ok=True)
    program.write_text(f"#!/bin/sh\nexec '{sys.executable}' -I '{ROOT}/ci/run.py' \"$@\"\n")
    program.chmod(0o755)
    given = {**job["variables"], "TESSERA": command(), "CI": "true", "GITLAB_CI": "true",
             "CI_MERGE_REQUEST_DIFF_BASE_SHA": base, "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
             "PATH": f"{program.parent}:{os.environ['PATH']}", **more}
    result = subprocess.run(["bash", "-ec", "\n".join(lines)], cwd=repository.path, env=environment(**given),
                            capture_output=True, text=True)
    report = repository.path / job["artifacts"]["reports"]["junit"]
    summary = (repository.path / job["artifacts"]["paths"][0] / "summary.md").read_text()
    return result.returncode, result.stdout + result.stderr, summary, ElementTree.parse(report).getroot()


def test_a_job_of_gitlab_writes_its_reports(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "repository")
    base = repository.commit({"a.safetensors": GOOD})
    repository.commit({"a.safetensors": GROWN, "bad.safetensors": BAD["truncated"][0]})
    code, log, summary, report = of_gitlab(repository, base, tmp_path, TESSERA_MAX="1k")
    assert code == 1, log
    assert "error: a.safetensors: everything stored: expected at most 1,000" in log
    assert "::error" not in log and "2 of 2 model files changed since main" in log
    assert {(suite.get("name"), suite.get("failures")) for suite in report} == {
        ("a.safetensors", "1"), ("bad.safetensors", "2")}, "the limit counts, too"
    assert "| `a.safetensors` | changed | 1 | 0 | 2 | 22 → 1,518" in summary


@pytest.mark.parametrize("files, more, words", [
    ({"README": b"2"}, {}, "no model files changed"),
    ({"a.safetensors": GROWN}, {"TESSERA_SIZE_LIMIT": "1kB"}, "more than size-limit 1kB"),
    ({"a.safetensors": POINTER}, {"TESSERA_LFS": "skip"}, "a Git LFS pointer")])
def test_a_job_of_gitlab_without_a_file_writes_empty_reports(files: dict[str, bytes | None], more: dict[str, str],
                                                             words: str, tmp_path: Path) -> None:
    repository = Repository(tmp_path / "repository")
    base = repository.commit({"README": b"1"})
    repository.commit(files)
    code, log, summary, report = of_gitlab(repository, base, tmp_path, **more)
    assert code == 0 and words in log and words in summary, log
    assert len(report) == 0 and report.attrib == {
        "name": "tessera validate", "tests": "0", "failures": "0", "errors": "0", "skipped": "0"}


@pytest.mark.parametrize("name, content, code", [("good", GOOD, 0), ("cut", GOOD[:-9], 1), ("big", GROWN, 1)])
def test_samples_stop_make_and_slurm(name: str, content: bytes, code: int, tmp_path: Path) -> None:
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / f"{name}.safetensors").write_bytes(content)
    (tmp_path / "tessera").symlink_to(command())
    given = environment(MAX="1k", TRAIN="echo")
    given["PATH"] = f"{tmp_path}:{given['PATH']}"

    def run_there(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(words, cwd=tmp_path, env=given, capture_output=True, text=True)
    job = run_there("bash", str(ROOT / "samples/ci/train.sbatch"), f"models/{name}.safetensors")
    assert job.returncode == code and ("train.py --weights models/" in job.stdout) == (code == 0), job.stderr
    made = run_there("make", "-f", str(ROOT / "samples/ci/Makefile"), "check")
    assert (made.returncode == 0) == (code == 0), made.stderr
    again = run_there("make", "-f", str(ROOT / "samples/ci/Makefile"), "check")
    assert ("tessera validate" in again.stdout) == (code != 0)


def test_the_makefile_takes_pointers_and_shards(tmp_path: Path, sharded: dict[str, bytes]) -> None:
    (tmp_path / "tessera").symlink_to(command())
    given = environment()
    given["PATH"] = f"{tmp_path}:{given['PATH']}"

    def make(**more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["make", "-f", str(ROOT / "samples/ci/Makefile"), "check"], cwd=tmp_path,
                              env={**given, **more}, capture_output=True, text=True)
    (tmp_path / "models/deep").mkdir(parents=True)
    empty = make()
    assert empty.returncode != 0 and "models: expected a model file, found none" in empty.stderr
    for name, content in sharded.items():
        (tmp_path / "models" / name).write_bytes(content)
    first, again = make(MAX="600kB"), make()
    assert first.returncode == 0 and first.stdout.count("tessera validate") == 1, first.stderr
    assert again.returncode == 0 and "tessera validate" not in again.stdout
    assert make(MAX="1kB", FOLDER="models/deep").returncode != 0
    shard = next(path for path in (tmp_path / "models").iterdir() if "-00001-of-" in path.name)
    os.utime(shard, (os.stat(shard).st_atime, os.stat(shard).st_mtime + 5))
    assert "tessera validate" in make().stdout, "a shard changed"
    (tmp_path / "models/deep/p.safetensors").write_bytes(POINTER)
    pointer = make()
    assert pointer.returncode != 0 and "found a Git LFS pointer" in pointer.stdout + pointer.stderr


@pytest.mark.parametrize("text, markdown", [
    ("a", "`a`"), ("a|b", "`a\\|b`"), ("`", "`` ` ``"), ("``a", "``` ``a ```"), ("a\nb", "`a\\u{a}b`"),
    ("a\\|b", "`a\\\\\\|b`"), ("", "`  `"), ("<img src=x>", "`<img src=x>`")])
def test_names_are_code(text: str, markdown: str) -> None:
    assert _text.code(text) == markdown


def test_annotations_are_read_back() -> None:
    for file in ("a.pt", "a b,c:d%2C.pt", "größe.pt"):
        for severity in ("error", "warning", "note"):
            problem = Problem(file, severity, "non-finite", "100 %: a, b::c\nd")
            assert _text.parse_annotation(_text.annotation(problem)) == problem
    assert _text.parse_annotation("::add-mask::x") is None and _text.parse_annotation("a.pt: ok") is None


def test_patterns() -> None:
    files = ["a.bin", "a.pt", "m/a.pt", "m/b.pt", "m/deep/c.pt", "m/deep/notes.txt", "[x].pt"]
    cases = {"*": [0, 1, 6], "*.pt": [1, 6], "**": [0, 1, 2, 3, 4, 5, 6], "**/*.pt": [1, 2, 3, 4, 6],
             "m/*": [2, 3], "m/": [2, 3, 4], "m/**/c.*": [4], "m/?.pt": [2, 3], "m/[!b].pt": [2], "m/[ab].pt": [2, 3],
             "./a.pt": [1], "[[]x].pt": [6], "a": [], ".": [1, 2, 3, 4, 6]}
    ran = 0
    for text, numbers in cases.items():
        expression = _files.pattern(text)
        assert [n for n, file in enumerate(files) if _files.matches(expression, file)] == numbers, text
        ran += 1
    assert ran == 14


def test_numbers_of_bytes() -> None:
    for text, value in (("7", 7), ("1.5kB", 1500), ("2 MiB", 2 << 20), ("3G", None), ("1GB", 10**9), ("x", None),
                        ("-1", None), ("1e9", None)):
        if value is None:
            with pytest.raises(_settings.SettingError, match="size-limit: expected a number of bytes"):
                _settings.number_of_bytes(text)
        else:
            assert _settings.number_of_bytes(text) == value
    assert evaluate("${{ !cancelled() && inputs.a-b == 'x' }}", {"inputs.a-b": "x"}, 1)


def test_only_the_standard_library_is_imported() -> None:
    script = f"import sys; sys.path.insert(0, {str(SOURCE.parent)!r}); import tessera_ci.__main__; " \
        "print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    found = subprocess.run([sys.executable, "-I", "-S", "-c", script], capture_output=True, text=True, check=True)
    assert not {"numpy", "h5py", "tessera_h5", "yaml"} & set(found.stdout.split())


def test_doctests() -> None:
    tried = 0
    for path in sorted(SOURCE.glob("[_a-z]*.py")):
        if path.stem not in ("__init__", "__main__"):
            result = doctest.testmod(importlib.import_module(f"tessera_ci.{path.stem}"))
            assert result.failed == 0
            tried += result.attempted
        lines = path.read_text(encoding="utf-8").splitlines()
        assert len(lines) < 300 and all(len(line) <= 120 for line in lines), path
    assert tried >= 3
    assert run("--version")
