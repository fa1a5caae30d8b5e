"""Lists that tessera_ci and the schemas repeat, against the sources of the command and what it recognises."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

from conftest import FIXTURES, ROOT, command

from tessera_ci import _choice, _files, _folders, _settings
from tessera_h5 import _dtypes

SOURCES = ROOT / "Sources"
# One array is not a model; the names of a .bin are tested by themselves.
NOT_BY_NAME = {".npy", ".bin"}
# protobuf has no mark at its start, and an index of shards is JSON.
# A map of msgpack begins with any of many bytes, and the mark of TensorFlow's index is at its end.
NOT_BY_CONTENT = {"onnx", "safetensors-sharded", "flax", "tensorflow"}
# The metadata of a distributed checkpoint is a pickle under its own name.
BY_NAME_ONLY = {"dcp"}
# What `validate` recognises beside the formats of weights.
OF_VALIDATE = ["unit-checkpoint", "pickle", "dduf"]


def swift(path: str) -> str:
    return (SOURCES / path).read_text(encoding="utf-8")


def strings(text: str) -> list[str]:
    return re.findall(r'"([^"]*)"', text)


def kinds() -> list[str]:
    """The raw values of FlatFormatKind."""
    cases = re.findall(r'^  case (\w+)(?: = "([^"]+)")?$', swift("FlatFormats/FlatFormatKind.swift"), re.MULTILINE)
    return [value or name for name, value in cases]


def suffixes() -> set[str]:
    """The endings of all formats that the command opens."""
    found: set[str] = set()
    rows = 0
    for path in (SOURCES / "FlatFormats").rglob("*.swift"):
        for row in re.findall(r"static let format = FlatFormat\(.*?matches:", path.read_text(), re.DOTALL):
            found |= set(re.findall(r'"(\.\w+)"', row))
            rows += 1
    assert rows == len(kinds()) >= 6
    words = swift("FlatFormats/FormatInWords.swift")
    found |= set(re.findall(r'"(\.\w+)"', words[words.index("let promises"):].partition("\n\n")[0]))
    index, dduf = (re.search(rf'static let {name} = "([^"]+)"', swift(path)) for name, path in (
        ("indexSuffix", "FlatFormats/Sharded/ShardName.swift"), ("suffix", "Validation/Folders/DDUFValidation.swift")))
    assert index and dduf and index[1] == _files.INDEX
    return found | {index[1], dduf[1]}


def test_names_of_models_are_those_of_the_formats() -> None:
    endings = suffixes()
    assert len(endings) >= 12
    for ending in endings:
        for name in (f"a/x{ending}", f"x{ending.upper()}"):
            assert _files.is_model(name) == (ending not in NOT_BY_NAME), name
    for ending in re.findall(r"\w{2,}", _files.NAMES.partition(r"\.(")[2].partition(")|")[0]):
        assert any(ending in known.split(".") for known in endings), ending


def test_data_of_a_tensorflow_checkpoint_are_given_by_its_index(tmp_path: Path) -> None:
    names = [f"m.data-0000{number}-of-00002" for number in range(2)]
    paths = [str(tmp_path / name) for name in names]
    for path in paths:
        Path(path).write_bytes(b"12")
    # Without an index, the command says that it is missing.
    assert _files.as_sets(paths) == paths
    index = str(tmp_path / "m.index")
    Path(index).write_bytes(b"3")
    (tmp_path / "m.data-00000-of-2").write_bytes(b"other")
    assert _files.as_sets(paths) == [index] and _files.parts(index) == [index, *paths] and _files.size(index) == 5
    assert _files.parts(str(tmp_path / "faiss.index")) == [str(tmp_path / "faiss.index")]


def test_names_of_a_bin_are_those_that_the_command_knows() -> None:
    words = swift("FlatFormats/FormatInWords.swift")
    names = strings(words[words.index("func isTorchName"):].partition("\n  }")[0])
    assert names[0] == ".bin" and len(names) >= 5
    for name in names[1:]:
        assert _files.is_model(f"a/{name}.bin") and _files.is_model(f"{name}-00001-of-00002.bin"), name


def test_content_is_recognised_as_the_command_does(tmp_path: Path) -> None:
    """With a name that says nothing."""
    samples = [*(FIXTURES / "flat").rglob("*.*"), *(FIXTURES / "pytorch").glob("*.pt"),
               *(FIXTURES / "checkpoints").glob("*.h5"), *(FIXTURES / "cases").glob("*.onnx"),
               *(FIXTURES / "shards" / "indexes").glob("*.json"), FIXTURES / "keras" / "small.keras",
               FIXTURES / "gguf" / "llama.gguf", FIXTURES / "dcp" / "ranks" / "__0_0.distcp",
               FIXTURES / "flax" / "model.msgpack", FIXTURES / "tensorflow" / "names.index"]
    for number, path in enumerate(samples):
        (tmp_path / f"{number}.weights").symlink_to(path)
        # A checkpoint of TensorFlow has its data beside it.
        data = path.with_suffix(".data-00000-of-00001")
        if data.exists():
            (tmp_path / f"{number}.weights.data-00000-of-00001").write_bytes(data.read_bytes())
    result = subprocess.run([command(), "validate", "--json", *(f"{number}.weights" for number in range(len(samples)))],
                            cwd=tmp_path, capture_output=True, text=True)
    seen: set[str] = set()
    for one in json.loads(result.stdout)["files"]:
        path = tmp_path / one["file"]
        # Pickles of protocols 0 and 1 begin like text.
        if one["kind"] in (*kinds(), "unit-checkpoint") and not samples[int(path.stem)].stem.startswith("protocol1-"):
            assert _choice.is_weights(str(path)) == (one["kind"] not in NOT_BY_CONTENT), samples[int(path.stem)]
            seen.add(one["kind"])
    assert seen == {*kinds(), "unit-checkpoint"} - BY_NAME_ONLY, "a format without a fixture"
    named = FIXTURES / "dcp" / "ranks" / ".metadata"
    result = subprocess.run([command(), "validate", "--json", named], capture_output=True, text=True)
    assert [one["kind"] for one in json.loads(result.stdout)["files"]] == [*BY_NAME_ONLY] and _choice.is_weights(named)
    for content in (b"", b"{}", b"text of more than nine bytes", b"\x89PNG\r\n\x1a\n0"):
        (tmp_path / "other").write_bytes(content)
        assert not _choice.is_weights(str(tmp_path / "other"))


def test_files_of_a_folder_are_those_of_the_command() -> None:
    subject = swift("Validation/Folders/FolderSubject.swift")
    described = strings(subject[subject.index("let described"):].partition("]\n")[0])
    assert len(described) >= 5 and set(_folders.DESCRIPTIONS) == set(described)
    # The functions that look into the folders below.
    functions = swift("Validation/Rules/PartsRule.swift").split("static func ")
    parts = {found[1] for text in functions if "subject.folders" in text
             and (found := re.search(r'let name = "([^"]+)"', text))}
    assert len(parts) >= 2 and set(_folders.PARTS) == parts
    names = {name.rpartition("/")[2] for folder in ("Rules", "Folders")
             for path in (SOURCES / "Validation" / folder).glob("*.swift")
             for name in strings(path.read_text(encoding="utf-8")) if re.fullmatch(r".+\.(\w{3,5}|safetensors)", name)
             and not re.search(r"[ *^]", name)}
    read = {name for name in names if name.endswith((".json", ".model", ".txt", ".spm"))}
    assert len(read) >= 14
    for name in read:
        assert _folders.is_compared(f"m/{name}") and _folders.is_compared(name.upper()), name
    for name in ("README.md", "notes.txt", "merges.txt", "model.safetensors", "json"):
        assert not _folders.is_compared(f"m/{name}"), name


def schema(name: str) -> Any:
    return json.loads((ROOT / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8"))


def test_schemas_have_the_same_dtypes_and_formats() -> None:
    project, inspect = schema("project")["$defs"], schema("inspect")
    assert project["dtype"]["enum"] == inspect["$defs"]["dtype"]["enum"] and len(project["dtype"]["enum"]) >= 27
    assert set(project["dtype"]["enum"]) == {*_dtypes.BITS, *_dtypes.BLOCKS}
    assert inspect["properties"]["kind"]["enum"] == [*kinds(), "unit-checkpoint"]
    assert project["entry"]["properties"]["formats"]["items"]["enum"] == [*kinds(), *OF_VALIDATE]
    parsing = swift("Tessera/Project/ProjectDocument+Parsing.swift")
    assert f"FlatFormatKind.allCases.map(\\.rawValue) + {json.dumps(OF_VALIDATE)}" in parsing


def test_rules_and_severities_are_those_of_the_command() -> None:
    finding = schema("validate")["properties"]["findings"]["items"]["properties"]
    assert set(_settings.CHOICES["fail-on"]) == set(finding["severity"]["enum"])
    # The others are findings of the gate alone.
    own = {"ci", "count", "lfs", "sarif", "skipped", "unreadable", "validate"}
    text = "".join(path.read_text(encoding="utf-8") for path in Path(_choice.__file__).parent.glob("*.py"))
    titles = set(re.findall(r'Problem\(\s*(?:""|[\w.]+), "(?:error|warning|note)", "([a-z-]+)"', text))
    (skipped,) = re.findall(r'problem\.title in \(([^)]*)\)', text)
    titles |= set(strings(skipped))
    assert own < titles and len(titles - own) >= 5
    assert titles - own <= set(finding["rule"]["enum"])
