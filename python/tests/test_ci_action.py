"""The composite action: its steps run in repositories of two commits."""

from __future__ import annotations

import hashlib
import http.server
import json
import os
import re
import shutil
import threading
from functools import partial
from pathlib import Path

import pytest
import yaml
from ci_support import BAD, GOOD, GROWN, POINTER, ZEROS, Repository, act, ones, request, safetensors
from conftest import ROOT, command

ODD = "a b/x $(touch made) `touch made`;&'\"|%,:.safetensors"
NEWLINE = "two\n::error::lines.safetensors"


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "repository")


def rows(summary: str, title: str) -> list[list[str]]:
    """The cells of the table below a title of a summary."""
    table = summary.partition(title)[2].partition("\n\n")[2].partition("\n\n")[0]
    lines = table.splitlines()
    found = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
    assert found and all(len(row) == len(found[0]) for row in found)
    return found[2:]


def test_every_bad_file_stops_a_pull_request(repository: Repository, tmp_path: Path) -> None:
    base = repository.commit({"README": b"", "old.safetensors": BAD["truncated"][0]})
    ran = 0
    for name, (content, inputs, words) in BAD.items():
        repository.git("checkout", "--quiet", "-B", name, base)
        # -h would ask for help, which passes.
        bad = f"-h {name}.safetensors"
        repository.commit({bad: content, "fine.safetensors": GOOD})
        outcome = act(repository, tmp_path / name, request(repository, base), inputs)
        assert outcome.code == 1, outcome.log
        errors = [line for line in outcome.log.splitlines() if line.startswith("::error ")]
        assert words in errors[0] and all(f"file={bad}," in line for line in errors)
        (row, *_), (found, *_) = rows(outcome.summary, "### "), rows(outcome.summary, "Difference")
        assert row[:2] == [f"`{bad}`", "error"] and words in row[3] and found[:2] == [f"`{bad}`", "new"]
        assert (outcome.outputs["files"], outcome.outputs["failed"]) == ("2", "1")
        # A change of another file is not a reason to fail for old.safetensors.
        assert "old.safetensors" not in outcome.log + outcome.summary
        ran += 1
    assert ran == 5


def test_a_good_pull_request_passes_and_shows_the_difference(repository: Repository, tmp_path: Path,
                                                             fashion: Path) -> None:
    base = repository.commit({
        "good.safetensors": GOOD, ODD: GOOD, "gone.safetensors": GOOD, "moved.safetensors": safetensors(q=ones(13)),
        "same.safetensors": safetensors(s=ones(17)), "-dash.safetensors": GOOD, NEWLINE: GOOD, "notes.txt": b"1"})
    repository.commit({
        "good.safetensors": GROWN, ODD: safetensors(a=2 * ones(3, 5)), "gone.safetensors": None,
        "moved.safetensors": None, "new/moved.safetensors": safetensors(q=ones(13)), "m.h5": fashion.read_bytes(),
        "-dash.safetensors": safetensors(a=ones(3, 5), b=ones(7), c=ones(2)), NEWLINE: GROWN, "notes.txt": b"2"})
    outcome = act(repository, tmp_path / "run", request(repository, base), GITHUB_BASE_REF="main")
    assert outcome.code == 0, outcome.log
    assert "Tessera: 6 model files changed since main" in outcome.log and "::error" not in outcome.log
    difference = {row[0]: row[1:] for row in rows(outcome.summary, "Difference to main")}
    grown = ["changed", "1", "0", "2", "22 → 1,518 (+6,800.0 %)"]
    odd = "`` " + ODD.replace("|", "\\|") + " ``"
    expected = {
        "`good.safetensors`": grown, "`two\\u{a}::error::lines.safetensors`": grown,
        odd: ["changed", "0", "1", "1", "22 → 15 (-31.8 %)"],
        "`gone.safetensors`": ["deleted", "", "", "", "22 → 0 (-100.0 %)"],
        "`new/moved.safetensors`": ["renamed from moved.safetensors", "0", "0", "0", "13 (same)"],
        "`m.h5`": ["new", "", "", "", "0 → 132,080"],
        "`-dash.safetensors`": ["changed", "1", "0", "0", "22 → 24 (+9.1 %)"]}
    assert set(difference) == set(expected)
    for name, cells in expected.items():
        assert difference[name][:5] == cells, name
    assert difference["`gone.safetensors`"][5] == f"{len(GOOD)} → 0 (-100.0 %)"
    assert difference["`good.safetensors`"][5].startswith(f"{len(GOOD):,} → {len(GROWN):,} (+")
    assert "* added: `c`\n* changed: `a`, `b`\n" in outcome.summary
    counts = rows(outcome.summary, "#### Parameters")
    assert ["`m.h5`", "`fine`", "2", "31,073", "124,320"] in counts
    assert [row for row in counts if row[0] == "`good.safetensors`"] == [
        ["`good.safetensors`", "(stored)", "", "1,518", "6,072"]]
    assert sorted(p.name for p in repository.path.iterdir()) == sorted([
        ".git", "-dash.safetensors", "a b", "good.safetensors", "m.h5", "new", "notes.txt", "same.safetensors",
        NEWLINE]), "a name was run"


def test_inputs_are_not_run(repository: Repository, tmp_path: Path) -> None:
    base = repository.commit({"README": b""})
    repository.commit({ODD: GOOD})
    evil = "$(touch made); touch made #'\"`touch made`"
    helps = act(repository, tmp_path / "help", request(repository, base), {"validate-options": "--help"})
    assert helps.code == 2 and "expected findings, found the line" in helps.log
    for names in (("files",), ("validate-options",), ("max",), ("policy", "task", "level"), ("base",),
                  ("deep", "sarif"), ("size-limit",)):
        # A task that is not there, a pattern that matches nothing, a word that is not true or false.
        outcome = act(repository, tmp_path / names[0], request(repository, base), dict.fromkeys(names, evil))
        assert outcome.code in (1, 2) and "::error " in outcome.log, outcome.log
    for inputs in ({"install": evil}, {"version": evil, "install": "wheel"}):
        outcome = act(repository, tmp_path / "install", request(repository, base), inputs, PIP_NO_INDEX="1")
        assert outcome.code == 2 and "::error " in outcome.log
    assert not list(tmp_path.rglob("made"))


def test_no_model_files_pass(repository: Repository, tmp_path: Path) -> None:
    base = repository.commit({"README": b"1", "gone.safetensors": GOOD})
    repository.commit({"README": b"2"})
    outcome = act(repository, tmp_path / "run", request(repository, base), {"sarif": "true"})
    assert outcome.code == 0 and "Tessera: no model files changed since" in outcome.log
    assert "no model files changed" in outcome.summary and outcome.outputs["files"] == "0"
    # The upload needs a file, and without one GitHub waits for the check.
    assert json.loads(Path(outcome.used["github/codeql-action/upload-sarif@v4"]["sarif_file"]).read_text())[
        "runs"][0]["results"] == []
    repository.commit({"gone.safetensors": None})
    outcome = act(repository, tmp_path / "deleted", request(repository, base))
    assert outcome.code == 0 and "| `gone.safetensors` | deleted |" in outcome.summary


def test_a_push_is_compared_with_the_commit_before(repository: Repository, tmp_path: Path) -> None:
    before = repository.commit({"a.safetensors": GOOD, "b.safetensors": BAD["truncated"][0]})
    repository.commit({"a.safetensors": GROWN})
    # In a container, the repository belongs to another user.
    outcome = act(repository, tmp_path / "push", {"before": before}, GIT_TEST_ASSUME_DIFFERENT_OWNER="1")
    assert outcome.code == 0 and "#### Difference to the commit before" in outcome.summary
    for inputs, is_reported in (({"sarif": "true"}, True), ({"sarif": "true", "files": "."}, False), ({}, False)):
        outcome = act(repository, tmp_path / "alerts", {"before": ZEROS}, inputs, GITHUB_EVENT_NAME="push")
        assert ("GitHub closes the alerts of all others" in outcome.log) == is_reported
    outcome = act(repository, tmp_path / "target", request(repository, repository.git("rev-parse", "HEAD")),
                  GITHUB_EVENT_NAME="pull_request_target")
    assert outcome.code == 2 and "use the event pull_request" in outcome.log
    for event in ({"before": ZEROS}, {}):
        # Without a base, all model files are checked.
        outcome = act(repository, tmp_path / "new", event)
        assert outcome.code == 1 and "file=b.safetensors" in outcome.log and "Difference" not in outcome.summary
        assert "1 of 2 model files in the repository failed" in outcome.log


def test_patterns_choose_files(repository: Repository, tmp_path: Path) -> None:
    base = repository.commit({"README": b""})
    bad = BAD["truncated"][0]
    repository.commit({"m/a.safetensors": GOOD, "m/deep/b.safetensors": GOOD, "m/deep/bad.safetensors": bad,
                       "c.bin": GOOD, "firmware.bin": b"1"})
    (repository.path / "made.safetensors").write_bytes(GOOD)
    cases = {"m/**\n!**/bad.*": ("2", 0), "m": ("3", 1), "!m/deep": ("1", 0), "made.safetensors\n./m/a.*": ("2", 0),
             "none/*": ("", 2)}
    ran = 0
    for files, (number, code) in cases.items():
        outcome = act(repository, tmp_path / "run", request(repository, base), {"files": files})
        assert (outcome.outputs["files"], outcome.code) == (number, code), (files, outcome.log)
        ran += 1
    assert ran == 5 and "files: expected a file that matches 'none/*', found none" in outcome.log


def test_the_base_of_a_merge_commit_is_fetched(repository: Repository, tmp_path: Path) -> None:
    """What actions/checkout leaves: a shallow clone of the merge of the request into its base."""
    start = repository.commit({"a.safetensors": GOOD, "README": b""})
    repository.git("checkout", "--quiet", "-b", "feature")
    head = repository.commit({"a.safetensors": GROWN})
    repository.git("checkout", "--quiet", "main")
    repository.commit({"elsewhere.safetensors": GOOD})
    repository.git("merge", "--quiet", "--no-ff", "-m", "merge", "feature")
    event = {"pull_request": {"base": {"sha": start}, "head": {"sha": head}}}
    clone = Repository(tmp_path / "clone")
    clone.git("remote", "add", "origin", repository.path.as_uri())
    clone.git("fetch", "--quiet", "--depth=1", "origin", "main")
    clone.git("checkout", "--quiet", "FETCH_HEAD")
    outcome = act(clone, tmp_path / "run", event)
    assert outcome.code == 0, outcome.log
    assert [row[0] for row in rows(outcome.summary, "Difference")] == ["`a.safetensors`"], "elsewhere is not its change"
    clone.git("remote", "remove", "origin")
    outcome = act(clone, tmp_path / "gone", {"before": "1" * 40})
    assert outcome.code == 2 and "after a force push, and git cannot fetch the default branch (" in outcome.log
    outcome = act(clone, tmp_path / "given", {"before": start}, {"base": "1" * 40})
    assert outcome.code == 2 and "give the checkout fetch-depth: 0" in outcome.log


@pytest.mark.parametrize("depth", [["--depth=1"], []])
def test_after_a_force_push_the_default_branch_is_the_base(depth: list[str], repository: Repository,
                                                           tmp_path: Path) -> None:
    repository.commit({"old.safetensors": BAD["truncated"][0]})
    repository.git("checkout", "--quiet", "-b", "feature")
    repository.commit({"a.safetensors": GOOD})
    repository.commit({"a.safetensors": GROWN})
    repository.git("checkout", "--quiet", "main")
    repository.commit({"elsewhere.safetensors": BAD["truncated"][0]})
    clone = Repository(tmp_path / "clone")
    clone.git("remote", "add", "origin", repository.path.as_uri())
    event = {"before": "1" * 40, "forced": True, "repository": {"default_branch": "main"}}
    for branch, code, words in (("feature", 0, "compared with the merge base with main"),
                                ("main", 1, "HEAD is a commit of main, so all model files are checked")):
        clone.git("fetch", "--quiet", *depth, "origin", branch)
        clone.git("checkout", "--quiet", "FETCH_HEAD")
        outcome = act(clone, tmp_path / branch, event)
        assert outcome.code == code and f"after a force push; {words}" in outcome.log, outcome.log
        if branch == "feature":
            assert [row[0] for row in rows(outcome.summary, "Difference to the merge base with main")] == [
                "`a.safetensors`"]


def test_pointers_of_git_lfs(repository: Repository, tmp_path: Path) -> None:
    base = repository.commit({"a.safetensors": POINTER, "b.pt": POINTER})
    repository.commit({"a.safetensors": GROWN, "b.pt": POINTER.replace(b"12345", b"12346")})
    outcome = act(repository, tmp_path / "fail", request(repository, base))
    assert outcome.code == 1 and "give actions/checkout the input lfs: true" in outcome.log
    difference = {row[0]: row[1:] for row in rows(outcome.summary, "Difference")}
    assert difference["`a.safetensors`"][0] == "changed; not fetched from Git LFS"
    assert difference["`a.safetensors`"][4:] == ["? → 1,518", "12,345 → 6,284 (-49.1 %)"]
    outcome = act(repository, tmp_path / "skip", request(repository, base), {"lfs": "skip"})
    assert outcome.code == 0 and "::notice file=b.pt,title=tessera skipped::not checked: a Git LFS" in outcome.log
    fetched = safetensors(a=ones(3)), safetensors(b=ones(4))
    index = json.dumps({"metadata": {"total_size": 28}, "weight_map": {
        "a": "m-00001-of-00002.safetensors", "b": "m-00002-of-00002.safetensors"}}).encode()
    repository.commit({"m.safetensors.index.json": index, "m-00001-of-00002.safetensors": fetched[0],
                       "m-00002-of-00002.safetensors": POINTER})
    outcome = act(repository, tmp_path / "shard", {}, {"files": "m*", "sarif": "true"})
    errors = [line for line in outcome.log.splitlines() if line.startswith("::error ")]
    assert len(errors) == 1 and errors[0].startswith("::error file=m-00002-of-00002.safetensors,title=tessera lfs::")
    report = json.loads(Path(outcome.outputs["sarif"]).read_text())["runs"][0]["results"]
    assert {one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for one in report} == {
        "m-00002-of-00002.safetensors"}
    outcome = act(repository, tmp_path / "shard", {}, {"files": "m*", "lfs": "skip"})
    assert outcome.code == 0 and "a Git LFS pointer in m-00002-of-00002.safetensors (12,345 bytes" in outcome.log
    # Git runs git-lfs from the PATH. This one has the file.
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "good").write_bytes(GOOD)
    (programs / "git-lfs").write_text(f"#!/bin/sh\n[ \"$1\" = smudge ] && cat '{programs}/good'\n")
    (programs / "git-lfs").chmod(0o755)
    outcome = act(repository, tmp_path / "smudged", request(repository, base), {"lfs": "skip"},
                  PATH=f"{programs}:/usr/bin:/bin")
    found = rows(outcome.summary, "Difference")[0]
    assert found[:6] == ["`a.safetensors`", "changed", "1", "0", "2", "22 → 1,518 (+6,800.0 %)"]


def test_large_files_are_skipped_with_a_note(repository: Repository, tmp_path: Path) -> None:
    base = repository.commit({"README": b""})
    repository.commit({"a.safetensors": BAD["nan"][0], "b.safetensors": GROWN})
    outcome = act(repository, tmp_path / "run", request(repository, base), {"size-limit": "6 kB", "max": "1k",
                                                                            "forbid-nan": "false"})
    assert outcome.code == 0, outcome.log
    assert "not checked: 6,284 bytes are more than size-limit 6 kB" in outcome.log
    assert rows(outcome.summary, "Not checked:")[0][0] == "`b.safetensors`"


def test_shards_are_one_model(repository: Repository, tmp_path: Path, sharded: dict[str, bytes]) -> None:
    base = repository.commit({f"m/{name}": content for name, content in sharded.items()})
    first = next(name for name in sorted(sharded) if "-00001-of-" in name)
    repository.commit({f"m/{first}": None})
    outcome = act(repository, tmp_path / "run", request(repository, base))
    assert outcome.code == 1 and "expected the shard that the index names, found none" in outcome.log
    changed = bytearray(sharded[first])
    changed[-3] ^= 1
    repository.commit({f"m/{first}": bytes(changed)})
    outcome = act(repository, tmp_path / "changed", request(repository, base))
    assert outcome.code == 0 and outcome.outputs["files"] == "1", outcome.log
    found = rows(outcome.summary, "Difference")
    size = sum(len(content) for content in sharded.values())
    assert found == [["`m/model.safetensors.index.json`", "changed", "0", "0", "1", "132,080 (same)",
                      f"{size:,} (same)"]]


def test_the_command_is_installed(repository: Repository, tmp_path: Path, wheels: Path) -> None:
    base = repository.commit({"README": b""})
    repository.commit({"a.safetensors": GOOD})
    wheel = next(wheels.glob("tessera_h5-*.whl"))
    machine = os.uname().machine
    version = yaml.safe_load((ROOT / "ci/gitlab.yml").read_text())["tessera"]["variables"]["TESSERA_VERSION"]
    release = tmp_path / "served" / "owner/tessera/releases/download" / f"v{version}"
    release.mkdir(parents=True)
    program = release / f"tessera-linux-{machine}"
    shutil.copy(command(), program)
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=str(tmp_path / "served"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        more = {"GITHUB_SERVER_URL": f"http://127.0.0.1:{server.server_port}", "PIP_NO_INDEX": "1",
                "PIP_FIND_LINKS": str(wheels), "HOME": str(tmp_path)}

        def run(how: str, folder: str) -> tuple[int, str]:
            outcome = act(repository, tmp_path / folder, request(repository, base), {"install": how}, **more)
            cached = "actions/cache@v4" in outcome.used
            assert cached == (how in ("wheel", "binary"))
            return outcome.code, outcome.log
        assert run("binary", "no sum")[0] == 2
        program.with_name(f"{program.name}.sha256").write_text("00  x\n")
        assert "expected SHA-256 00, found" in run("binary", "wrong sum")[1]
        digest = hashlib.sha256(program.read_bytes()).hexdigest()
        program.with_name(f"{program.name}.sha256").write_text(f"{digest}  {program.name}\n")
        for how in ("wheel", "binary", str(wheel), command()):
            code, log = run(how, f"run {Path(how).suffix}")
            assert code == 0 and f"tessera {version}: " in log and "1 model file changed" in log, (how, log)
        server.shutdown()
    # The cache has it.
    assert run("wheel", "run ")[0] == 0
    more["PIP_FIND_LINKS"] = str(tmp_path)
    code, log = run("wheel", "empty")
    assert code == 2 and f"pip cannot download tessera-h5 {version}" in log
