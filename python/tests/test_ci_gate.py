"""Changes that a gate must not pass: files that an index hides, limits, names of options, files that are not there."""

from __future__ import annotations

import json
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest
from ci_support import BAD, GOOD, GROWN, POINTER, Repository, act, environment, ones, request, safetensors
from conftest import FIXTURES, ROOT, command

from tessera_ci import _files, _settings, _summary
from tessera_ci._check import Difference, Size
from tessera_ci._text import Problem

BROKEN = BAD["truncated"][0]


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "repository")


def failing(log: str) -> set[str]:
    return {line.partition("file=")[2].partition(",")[0] for line in log.splitlines() if line.startswith("::error ")}


def index(**names: str) -> bytes:
    return json.dumps({"metadata": {"total_size": 12}, "weight_map": names}).encode()


ONE = {"model-00001-of-00001.safetensors": safetensors(a=ones(3)),
       "model.safetensors.index.json": index(a="model-00001-of-00001.safetensors")}


@pytest.mark.parametrize("before, after, inputs, file", [
    (ONE, {"model-00002-of-00009.safetensors": BROKEN}, {}, "model-00002-of-00009.safetensors"),
    ({"other.safetensors": GOOD, "model.safetensors.index.json": index(a="other.safetensors", b="other.safetensors")},
     {"model-00001-of-00001.safetensors": BROKEN}, {}, "model-00001-of-00001.safetensors"),
    ({"other.safetensors": GOOD, "model.safetensors.index.json": index(a="other.safetensors", b="other.safetensors")},
     {"other.safetensors": safetensors(a=ones(3))}, {}, "model.safetensors.index.json"),
    (ONE, {"model-00001-of-00001.safetensors": BROKEN, "model-99999-of-99999.safetensors": POINTER}, {"lfs": "skip"},
     "model-00001-of-00001.safetensors"),
    (ONE, {"model-00001-of-00001.safetensors": BROKEN, "model-99999-of-99999.safetensors": bytes(5000)},
     {"size-limit": "4kB"}, "model-00001-of-00001.safetensors"),
    ({**ONE, "model.safetensors.index.json": b"[" * 9000}, {"model-00001-of-00001.safetensors": BROKEN}, {},
     "model-00001-of-00001.safetensors")],
    ids=["not named", "another name", "named", "pointer", "large", "damaged index"])
def test_an_index_hides_no_file(before: dict[str, bytes], after: dict[str, bytes], inputs: dict[str, str], file: str,
                                repository: Repository, tmp_path: Path) -> None:
    base = repository.commit({"README": b"", **before})
    repository.commit({**after})
    outcome = act(repository, tmp_path / "run", request(repository, base), inputs)
    assert outcome.code == 1 and file in failing(outcome.log), outcome.log


def pieces(name: str) -> dict[str, bytes]:
    """A distributed checkpoint of PyTorch."""
    return {f"m/{path.name}": path.read_bytes() for path in (FIXTURES / "dcp" / name).iterdir()}


def test_a_distributed_checkpoint_is_one_model(repository: Repository, tmp_path: Path) -> None:
    base = repository.commit({"README": b"", **pieces("grid")})
    damaged = bytearray(pieces("grid")["m/__3_0.distcp"])
    damaged[damaged.index(b"_rebuild_tensor_v2")] ^= 1
    repository.commit({"m/__3_0.distcp": bytes(damaged)})
    outcome = act(repository, tmp_path / "run", request(repository, base), {})
    assert outcome.code == 1 and failing(outcome.log) <= {"m/.metadata", "m/__3_0.distcp"}, outcome.log
    repository.commit({name: None for name in pieces("grid")})
    base = repository.commit({"README": b"1"})
    repository.commit(pieces("uneven"))
    outcome = act(repository, tmp_path / "run", request(repository, base), {})
    assert outcome.code == 0 and not failing(outcome.log), outcome.log
    (tmp_path / "one.distcp").write_bytes(b"1")
    assert _files.as_sets([str(tmp_path / "one.distcp")]) == [str(tmp_path / "one.distcp")]


def test_reports_have_what_only_the_gate_finds(repository: Repository, tmp_path: Path) -> None:
    repository.commit({"README": b"", "m/a.safetensors": GOOD, "gone.safetensors": GOOD})
    subprocess.run([command(), "lock", "a.safetensors"], cwd=repository.path / "m", check=True, capture_output=True)
    base = repository.commit({})
    repository.commit({"b c.safetensors": GROWN, "m/a.safetensors": None, "gone.safetensors": BROKEN})
    (repository.path / "gone.safetensors").unlink()
    report = tmp_path / "findings.xml"
    outcome = act(repository, tmp_path / "run", request(repository, base), {"max": "1k", "sarif": "true"},
                  TESSERA_JUNIT=str(report))
    assert outcome.code == 1, outcome.log
    expected = {("b c.safetensors", "count"), ("m/a.safetensors", "lock"), ("gone.safetensors", "unreadable")}
    suites = ElementTree.parse(report).getroot()
    assert {(suite.get("name"), case.get("name")) for suite in suites for case in suite
            if case.find("failure") is not None} == expected
    assert suites.get("failures") == "3" and suites.get("tests") == str(len(list(suites.iter("testcase"))))
    results = json.loads(Path(outcome.outputs["sarif"]).read_text())["runs"][0]["results"]
    assert {(one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].replace("%20", " "), one["ruleId"])
            for one in results} == expected
    assert "none in the work tree, and HEAD has it" in outcome.log and outcome.outputs["failed"] == "3"


def test_a_file_that_is_now_a_folder_fails(repository: Repository, tmp_path: Path) -> None:
    base = repository.commit({"a.safetensors": GOOD, "folder/notes.txt": b"1"})
    (repository.path / "a.safetensors").unlink()
    (repository.path / "a.safetensors").symlink_to("folder")
    repository.commit({})
    for inputs, event in (({}, request(repository, base)), ({}, {}), ({"files": "*"}, {})):
        outcome = act(repository, tmp_path / "run", event, inputs)
        assert outcome.code == 1 and failing(outcome.log) == {"a.safetensors"}, outcome.log
        assert "expected a model file, found a link to a folder" in outcome.log


def hook(name: str, folder: Path, *arguments: str) -> tuple[int, str]:
    program = f"import sys; sys.path.insert(0, {str(ROOT / 'python/src')!r}); from tessera_ci.__main__ import main; " \
        "sys.exit(main())"
    result = subprocess.run([sys.executable, "-c", program, name, *arguments], cwd=folder, capture_output=True,
                            text=True, env=environment(TESSERA=command()))
    return result.returncode, result.stdout + result.stderr


def test_the_name_of_a_file_is_not_an_option(tmp_path: Path) -> None:
    """As pre-commit gives them: `args`, and then files, whose names the repository decides."""
    note, rule = "--fail-on=note", "--validate-options=--rule=tiles=off.safetensors"
    (tmp_path / note).write_bytes(GOOD)
    (tmp_path / rule).write_bytes(BROKEN)
    (tmp_path / "--max=9.safetensors").write_bytes(GROWN)
    (tmp_path / "m.npz").write_bytes(GOOD)
    code, text = hook("validate", tmp_path, "--validate-options=--rule=format=note", note, "--", "m.npz")
    assert code == 1 and "note: m.npz: " in text, "the option counts although a file has its name"
    for arguments in ((rule,), ("--", rule), (note, rule), ("--deep", "false", note, rule), (note, "m.npz", rule)):
        code, text = hook("validate", tmp_path, *arguments)
        assert code == 1 and f"error: {rule}: " in text, (arguments, text)
    code, text = hook("count", tmp_path, "--max", "1k", "--max=9.safetensors")
    assert code == 1 and "error: --max=9.safetensors: everything stored: expected at most 1,000" in text
    code, text = hook("validate", tmp_path, "m.npz", "--deep=false")
    assert code == 2 and "expected options before the files, found '--deep=false' behind 'm.npz'" in text
    for arguments in (("--deep", rule), ("--no-deep", rule), ("--locked", "--forbid-nan", "--", rule)):
        code, text = hook("validate", tmp_path, *arguments)
        assert code == 1 and f"error: {rule}: " in text, (arguments, text)
    # With "--", a file of any name is a file.
    settings, files = _settings.from_arguments("validate", ["--fail-on=error", "--", note, "--", "./-x"])
    assert (settings["fail-on"], files) == ("error", [note, "--", "-x"])


@pytest.mark.parametrize("words, values, files", [
    (["--deep", "--", "f"], {"deep": "true"}, ["f"]), (["--deep", "a.pt", "true"], {"deep": "true"}, ["a.pt", "true"]),
    (["--no-deep", "a.pt"], {"deep": "false"}, ["a.pt"]), (["--deep", "FALSE", "a.pt"], {"deep": "false"}, ["a.pt"]),
    (["--deep=false", "--deep"], {"deep": "true"}, []), (["--locked=false", "f"], {"locked": "false"}, ["f"]),
    (["--no-locked", "--no-forbid-nan", "f"], {"locked": "false", "forbid-nan": "false"}, ["f"]),
    (["--fail-on", "Note", "f"], {"fail-on": "note"}, ["f"]),
    (["--validate-options", "a b", "--validate-options=--c", "f"], {"validate-options": "a b\n--c"}, ["f"])])
def test_options_of_a_hook(words: list[str], values: dict[str, str], files: list[str]) -> None:
    settings, found = _settings.from_arguments("validate", words)
    assert {name: settings[name] for name in values} == values and found == files


@pytest.mark.parametrize("words, sentence", [
    (["--deep=x", "f"], "deep: expected true or false, found 'x'"), (["--no-deep=x"], "found '--no-deep=x'"),
    (["--fail-on", "a.pt"], "fail-on: expected error, warning or note, found 'a.pt'"),
    (["--fail-on"], "fail-on: expected error, warning or note, found none"),
    (["--size-limit", "--", "f"], "size-limit: expected a value, found '--'; write --size-limit=… for a value that"),
    (["--validate-options", "--strict", "f"], "validate-options: expected a value, found '--strict'; write --validate"),
    (["--max=1k", "f"], "validate: expected --deep, --forbid-nan, "), (["--max=1k"], " or --junit, found '--max=1k'"),
    (["-x"], "found '-x'"), (["--diff"], "found '--diff'"), (["--no-diff"], "found '--no-diff'")])
def test_a_wrong_option_is_a_sentence(words: list[str], sentence: str) -> None:
    with pytest.raises(_settings.SettingError) as caught:
        _settings.from_arguments("validate", words)
    assert sentence in str(caught.value)


def test_a_hook_has_help(tmp_path: Path) -> None:
    for name, options in _settings.HOOKS.items():
        code, text = hook(name, tmp_path, "--help")
        assert code == 0 and all(f"\n  --{option}" in text for option in options), text
    (tmp_path / "-h").write_bytes(BROKEN)
    assert hook("validate", tmp_path, "-h")[0] == 1, "a file of this name is checked"


def test_the_limit_holds_for_a_file_with_a_note(repository: Repository, tmp_path: Path) -> None:
    base = repository.commit({"README": b""})
    repository.commit({"m.npz": GOOD})
    for options in ("--rule=format=note", "--rule=format=warning", "--rule=format=off"):
        outcome = act(repository, tmp_path / "run", request(repository, base),
                      {"max": "1", "fail-on": "error", "validate-options": options})
        assert outcome.code == 1 and "expected at most 1 parameters, found 22" in outcome.log, (options, outcome.log)


def onnx_files(folder: Path, value: float, data: str) -> dict[str, bytes]:
    onnx = pytest.importorskip("onnx")
    import numpy as np

    weights = onnx.numpy_helper.from_array(np.full((40, 40), value, "f4"), "w")
    output = onnx.helper.make_tensor_value_info("y", 1, [40, 40])
    graph = onnx.helper.make_graph([onnx.helper.make_node("Identity", ["w"], ["y"])], "g", [], [output], [weights])
    folder.mkdir()
    (folder / data).parent.mkdir(exist_ok=True)
    onnx.save(onnx.helper.make_model(graph), folder / "m.onnx", save_as_external_data=True, location=data,
              size_threshold=0)
    return {f"x/{path.relative_to(folder)}": path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("data", ["m.onnx.data", "weights", "deep/w.raw"])
def test_external_data_of_onnx(data: str, repository: Repository, tmp_path: Path) -> None:
    good = onnx_files(tmp_path / "good", 1, data)
    # An old broken model that the change does not touch is not a reason to fail.
    base = repository.commit({"x/old.onnx": b"broken", "y/m.onnx": b"broken", **good})
    bad = onnx_files(tmp_path / "bad", float("nan"), data)[f"x/{data}"]
    cases: list[tuple[str, bytes | None, int]] = [
        ("nan", bad, 1), ("cut", good[f"x/{data}"][:-9], 1), ("deleted", None, 1), ("other", bytes(6400), 0)]
    ran = 0
    for name, content, code in cases:
        repository.git("checkout", "--quiet", "-B", name, base)
        repository.commit({f"x/{data}": content, "x/README": b"changed"})
        outcome = act(repository, tmp_path / name, request(repository, base))
        assert (outcome.code, outcome.outputs["files"]) == (code, "1"), (name, outcome.log)
        assert all(file.startswith("x/") and file != "x/old.onnx" for file in failing(outcome.log)), outcome.log
        ran += 1
    # Only the files in the model's own folder are read from the base.
    how = "changed; not compared: one version cannot be read | " if "/" in data else "changed | 0 | 0 | 1 |"
    assert ran == 4 and f"| `x/m.onnx` | {how}" in outcome.summary


def test_a_summary_is_below_the_limit_of_github() -> None:
    longest = ("\U000e0001|" * 3000, "a" * 6000, "&`<\\" * 900)
    tried = 0
    for name in longest:
        files = [f"{n}{name}" for n in range(2000)]
        problems = [Problem(file, "error", "tiles", name) for file in files]
        sizes: dict[str, list[Any]] = {file: [Size(name, name, 1, 1)] for file in files}
        differences = [Difference(file, f"renamed from {name}", files[:9], files[:30], [name]) for file in files]
        text = _summary.summary("Tessera: " + name, problems, dict.fromkeys(files, name), sizes, differences, name)
        assert len(text.encode()) < 900_000
        for title in ("### ", "Not checked:", "#### Parameters", "#### Difference"):
            rows = text.partition(title)[2].partition("| ---")[2].partition("\n\n")[0].splitlines()
            assert len(rows) > 5 and rows[-1].startswith("| … and 1,") and " more |" in rows[-1], title
            assert f"… and {2000 - (len(rows) - 2):,} more" in rows[-1], title
        assert "more files\n" in text
        tried += 1
    assert tried == 3
