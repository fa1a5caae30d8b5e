"""Changes that break a model without a change of a weights file: the gate checks the folder, and what a lock lists."""

from __future__ import annotations

import io
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ci_support import BAD, GOOD, GROWN, POINTER, Outcome, Repository, act, ones, request, safetensors
from conftest import command

SHARDS = ("m/model-00001-of-00002.safetensors", "m/model-00002-of-00002.safetensors")
INDEX = "m/model.safetensors.index.json"


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "repository")


def llama(layers: int = 2) -> dict[str, bytes]:
    """The files of a tiny model; its config.json says that it has `layers` layers."""
    config: dict[str, Any] = {
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 8, "intermediate_size": 12,
        "num_attention_heads": 2, "num_key_value_heads": 2, "head_dim": 4, "num_hidden_layers": layers,
        "vocab_size": 10, "tie_word_embeddings": False}
    tensors = {"model.embed_tokens.weight": ones(10, 8), "model.norm.weight": ones(8), "lm_head.weight": ones(10, 8)}
    for layer in range(2):
        start = f"model.layers.{layer}."
        tensors |= {start + f"self_attn.{name}_proj.weight": ones(8, 8) for name in "qkvo"}
        tensors |= {start + "mlp.gate_proj.weight": ones(12, 8), start + "mlp.up_proj.weight": ones(12, 8),
                    start + "mlp.down_proj.weight": ones(8, 12), start + "input_layernorm.weight": ones(8),
                    start + "post_attention_layernorm.weight": ones(8)}
    return {"m/config.json": json.dumps(config).encode(), "m/model.safetensors": safetensors(**tensors)}


def sharded(**more: bytes) -> dict[str, bytes]:
    names = ("a", "b")
    parts = [safetensors(**{name: ones(3 + n)}) for n, name in enumerate(names)]
    index = {"metadata": {"total_size": 28}, "weight_map": {name: Path(SHARDS[n]).name for n, name in enumerate(names)}}
    return {SHARDS[0]: parts[0], SHARDS[1]: parts[1], INDEX: json.dumps(index).encode(), **more}


def pull(repository: Repository, before: dict[str, bytes], after: dict[str, bytes | None], folder: Path,
         inputs: dict[str, str] | None = None) -> Outcome:
    base = repository.commit({"README": b"", **before})
    repository.commit(after)
    return act(repository, folder, request(repository, base), inputs)


def errors(outcome: Outcome) -> list[tuple[str, str]]:
    lines = [line.partition("title=tessera ") for line in outcome.log.splitlines() if line.startswith("::error ")]
    return [(head.removeprefix("::error file=").rstrip(","), rest) for head, _, rest in lines]


def lock(repository: Repository, *paths: str) -> bytes:
    subprocess.run([command(), "lock", *paths], cwd=repository.path, check=True, capture_output=True)
    return (repository.path / "tessera.lock").read_bytes()


def test_a_changed_configuration_is_compared_with_the_weights(repository: Repository, tmp_path: Path) -> None:
    other = {"m/other/old.safetensors": BAD["truncated"][0]}
    outcome = pull(repository, {**llama(), **other}, {"m/config.json": llama(3)["m/config.json"]}, tmp_path / "run",
                   {"sarif": "true"})
    assert outcome.code == 1, outcome.log
    assert "checked 0 model files and 1 folder changed since" in outcome.log
    ((file, words),) = errors(outcome)
    assert file == "m/config.json" and words.startswith("configuration::num_hidden_layers: expected 2,")
    results = json.loads(Path(outcome.outputs["sarif"]).read_text())["runs"][0]["results"]
    # The folder below is another model, which was not changed.
    assert [one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for one in results] == ["m/config.json"]
    assert "`m/config.json` | error" in outcome.summary and "old.safetensors" not in outcome.log + outcome.summary
    repository.commit({"m/config.json": llama()["m/config.json"]})
    for more in ({"files": "m/*"}, {"files": "m\n!m/other"}, {"files": "**\n!m/other"}):
        assert act(repository, tmp_path / "good", {}, more).code == 0
    assert act(repository, tmp_path / "all", {}, {"files": "**"}).code == 1, "other/old.safetensors is damaged"


def test_changed_weights_are_compared_with_the_configuration(repository: Repository, tmp_path: Path) -> None:
    outcome = pull(repository, {**llama(), "m/config.json": llama(3)["m/config.json"], "m/model.safetensors": GOOD},
                   {"m/model.safetensors": llama()["m/model.safetensors"]}, tmp_path / "run")
    assert outcome.code == 1 and errors(outcome)[0][0] == "m/config.json", outcome.log
    assert outcome.outputs["files"] == "1" and "Difference" in outcome.summary


PARTS = {"m/1_Pooling/config.json": b'{"word_embedding_dimension": 8}', "m/modules.json": json.dumps([
    {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
    {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"}]).encode()}


@pytest.mark.parametrize("name, before, after, file, words", [
    ("tokenizer", {**llama(), "m/tokenizer.json": b'{"model": {"type": "WordLevel", "vocab": {"a": 0}}}'},
     {"m/tokenizer.json": b'{"model": {"type": "WordLevel", "vocab": {"a": 0, "b": 10}}}'}, "m/tokenizer.json",
     "tokenizer::"),
    ("adapter", {"m/adapter_model.safetensors": safetensors(**{
        "base_model.model.q.lora_A.weight": ones(4, 6), "base_model.model.q.lora_B.weight": ones(5, 4)}),
        "m/adapter_config.json": b'{"peft_type": "LORA", "r": 4, "target_modules": ["q"]}'},
     {"m/adapter_config.json": b'{"peft_type": "LORA", "r": 8, "target_modules": ["q"]}'}, "m/adapter_config.json",
     "parts::"),
    ("index", sharded(), {INDEX: json.dumps({"metadata": {"total_size": 28}, "weight_map": {
        "a": "model-00001-of-00002.safetensors", "c": "model-00002-of-00002.safetensors"}}).encode()}, INDEX,
     "shards::"),
    ("modules", {**llama(), **PARTS}, {"m/1_Pooling/config.json": None}, "m/modules.json", "parts::"),
    ("module's configuration", {**llama(), **PARTS}, {"m/1_Pooling/config.json": b'{"word_embedding_dimension": 9}'},
     "m/1_Pooling/config.json", "parts::"),
    ("deleted index", sharded(), {INDEX: None}, INDEX, "shards::expected the index of 2 shards, found none"),
    ("deleted index of a model", {**sharded(), "m/config.json": llama()["m/config.json"]}, {INDEX: None}, SHARDS[0],
     "shards::expected 'model.safetensors.index.json' beside it, found none"),
    ("deleted weights", llama(), {"m/model.safetensors": None}, "m/model.safetensors",
     "parts::expected the weights that config.json describes, found none"),
    ("renamed weights", llama(), {"m/model.safetensors": None, "n.safetensors": llama()["m/model.safetensors"]},
     "m/model.safetensors", "parts::"),
    ("deleted shard without index", {name: sharded()[name] for name in SHARDS}, {SHARDS[1]: None}, "m", "shards::")])
def test_what_breaks_a_model_without_its_weights(
    name: str, before: dict[str, bytes], after: dict[str, bytes | None], file: str, words: str,
    repository: Repository, tmp_path: Path
) -> None:
    outcome = pull(repository, before, after, tmp_path / "run")
    assert outcome.code == 1, outcome.log
    assert any(one[0] == file and one[1].startswith(words) for one in errors(outcome)), outcome.log


def test_other_changes_check_no_folder(repository: Repository, tmp_path: Path) -> None:
    broken = {**llama(3), "plain/old.safetensors": BAD["truncated"][0], "plain/gone.safetensors": GOOD}
    outcome = pull(repository, broken, {"m/README.md": b"text", "plain/notes.json": b"{}",
                                        "plain/gone.safetensors": None, "n/config.json": b"{}"}, tmp_path / "run")
    assert outcome.code == 0 and "no model files changed" in outcome.log, outcome.log


def test_the_weights_of_a_folder_can_be_missing_or_large(repository: Repository, tmp_path: Path) -> None:
    base = repository.commit({**llama(), "m/model.safetensors": POINTER})
    repository.commit({"m/config.json": llama(3)["m/config.json"]})
    event = request(repository, base)
    outcome = act(repository, tmp_path / "fail", event)
    assert outcome.code == 1 and [one[0] for one in errors(outcome)] == ["m/model.safetensors"]
    outcome = act(repository, tmp_path / "skip", event, {"lfs": "skip"})
    assert outcome.code == 0 and "not checked: as a whole: a Git LFS pointer" in outcome.log
    repository.commit(llama())
    outcome = act(repository, tmp_path / "large", event, {"size-limit": "1kB"})
    assert outcome.code == 0 and "::notice file=m,title=tessera skipped::not checked: as a whole: " in outcome.log


def test_a_lock_is_applied(repository: Repository, tmp_path: Path) -> None:
    (repository.path / "m").mkdir()
    (repository.path / "m/a.safetensors").write_bytes(GOOD)
    (repository.path / "b.safetensors").write_bytes(GOOD)
    content = lock(repository, "m", "b.safetensors")
    base = repository.commit({})
    event = request(repository, base)
    changed = safetensors(a=2 * ones(3, 5), b=ones(7))
    edited = re.sub(rb'"sha256": "[0-9a-f]+"', b'"sha256": "' + 64 * b"0" + b'"', content, count=1)
    assert edited != content
    cases: list[tuple[str, dict[str, bytes | None], str]] = [
        ("changed", {"m/a.safetensors": changed}, "m/a.safetensors"),
        ("new", {"m/new.safetensors": GOOD}, "m/new.safetensors"),
        ("deleted", {"m/a.safetensors": None}, "m/a.safetensors"),
        ("renamed", {"m/a.safetensors": None, "moved.txt": GOOD}, "m/a.safetensors"),
        ("edited", {"tessera.lock": edited}, "b.safetensors")]
    ran = 0
    for name, after, file in cases:
        repository.git("checkout", "--quiet", "-B", name, base)
        repository.commit(after)
        outcome = act(repository, tmp_path / name, event, {"sarif": "true"})
        assert outcome.code == 1, (name, outcome.log)
        assert {one[0] for one in errors(outcome)} == {file} and errors(outcome)[0][1].startswith("lock::"), name
        assert json.loads(Path(outcome.outputs["sarif"]).read_text())["runs"][0]["results"], name
        assert act(repository, tmp_path / f"{name} off", event, {"locked": "false"}).code == 0, name
        ran += 1
    assert ran == 5
    assert "tessera.toml: none; tessera.lock: tessera.lock" in outcome.log
    repository.git("checkout", "--quiet", "-B", "gone", base)
    repository.commit({"tessera.lock": None})
    outcome = act(repository, tmp_path / "gone", event)
    assert outcome.code == 0, outcome.log
    assert "::notice file=tessera.lock,title=tessera lock::this lock was deleted" in outcome.log


def test_a_lock_deeper_down_hides_nothing(repository: Repository, tmp_path: Path) -> None:
    (repository.path / "m").mkdir()
    for name in ("a", "b"):
        (repository.path / f"m/{name}.safetensors").write_bytes(GOOD)
    lock(repository, "m")
    base = repository.commit({})
    event = request(repository, base)
    inner = b'{"format": "tessera.lock/1", "files": []}'
    for name, content in (("changed", safetensors(a=2 * ones(3, 5), b=ones(7))), ("deleted", None)):
        repository.git("checkout", "--quiet", "-B", name, base)
        repository.commit({"m/a.safetensors": content, "m/tessera.lock": inner})
        outcome = act(repository, tmp_path / name, event)
        assert outcome.code == 1 and "m/a.safetensors" in {one[0] for one in errors(outcome)}, (name, outcome.log)
        if content is not None:
            assert "tessera.lock: m/tessera.lock, tessera.lock" in outcome.log


def npy() -> bytes:
    """A file that a lock can list, and whose name is not that of a model."""
    stream = io.BytesIO()
    np.save(stream, ones(3))
    return stream.getvalue()


@pytest.mark.parametrize("name, files", [
    ("tessera.lock", {"a.safetensors": GOOD}), ("tessera.lock", {"table.npy": npy()}),
    ("tessera.toml", {"a.safetensors": GOOD})], ids=["lock", "lock of other files", "rules"])
@pytest.mark.parametrize("content", [None, b"damaged ["], ids=["link", "damaged"])
def test_a_document_that_cannot_be_read_is_refused(name: str, files: dict[str, bytes], content: bytes | None,
                                                   repository: Repository, tmp_path: Path) -> None:
    repository.commit({**files})
    lock(repository, *files)
    (repository.path / "tessera.toml").write_bytes(b"")
    base = repository.commit({"gone.txt": b""})
    change(repository, name, content)
    broken = repository.commit({})
    outcome = act(repository, tmp_path / "document", request(repository, base))
    assert outcome.code == 1 and name in outcome.log.partition("::error")[2], outcome.log
    # A change of another file, too.
    after: dict[str, bytes | None] = {"gone.txt": None} if name == "tessera.lock" else {"a.safetensors": GROWN}
    repository.commit(after)
    outcome = act(repository, tmp_path / "file", request(repository, broken))
    assert outcome.code == 1 and name in outcome.log.partition("::error")[2], outcome.log


def change(repository: Repository, name: str, content: bytes | None) -> None:
    """Writes a file; without content, a link to no file."""
    (repository.path / name).unlink()
    if content is None:
        (repository.path / name).symlink_to("nowhere")
    else:
        (repository.path / name).write_bytes(content)


@pytest.mark.parametrize("name", ["m/config.json", "m/model.safetensors", "m/tokenizer.json"])
def test_a_link_to_no_file_is_an_error(name: str, repository: Repository, tmp_path: Path) -> None:
    """`tessera validate FOLDER` ignores it."""
    base = repository.commit({**llama(), "m/tokenizer.json": b"{}", "settings.json": b"{}"})
    change(repository, "settings.json", None)
    repository.commit({})
    assert act(repository, tmp_path / "other", request(repository, base)).code == 0, "no file of a model"
    change(repository, name, None)
    repository.commit({})
    outcome = act(repository, tmp_path / "run", request(repository, base))
    assert outcome.code == 1 and {one[0] for one in errors(outcome)} == {name}, outcome.log
    assert "found a link to no file" in outcome.log


def test_an_empty_lock_hides_no_file(repository: Repository, tmp_path: Path) -> None:
    repository.commit({"a.safetensors": GOOD})
    lock(repository, "a.safetensors")
    base = repository.commit({})
    repository.commit({"tessera.lock": b'{"format": "tessera.lock/1", "files": []}'})
    outcome = act(repository, tmp_path / "run", request(repository, base))
    assert outcome.code == 1 and errors(outcome)[0][0] == "a.safetensors", outcome.log


def test_files_with_and_without_a_lock(repository: Repository, tmp_path: Path) -> None:
    """Two runs of the command make one report."""
    outcome = pull(repository, {}, {"m/a.safetensors": GOOD, "n/b.safetensors": BAD["truncated"][0],
                                    "m/tessera.lock": b'{"format": "tessera.lock/1", "files": []}',
                                    "n/tessera.toml": b'[[files]]\nmatch = "*"\ndtypes = ["BF16"]\n'},
                   tmp_path / "run", {"sarif": "true"})
    assert outcome.code == 1
    runs = json.loads(Path(outcome.outputs["sarif"]).read_text())["runs"]
    assert len(runs) == 1 and {"lock", "tiles"} <= {one["ruleId"] for one in runs[0]["results"]}, outcome.log
    assert "tessera.toml: n/tessera.toml; tessera.lock: m/tessera.lock" in outcome.log


def test_changed_rules_are_applied_to_their_files(repository: Repository, tmp_path: Path) -> None:
    rules = b'[[files]]\nmatch = "*.safetensors"\ndtypes = ["BF16"]\n'
    outcome = pull(repository, {"m/a.safetensors": GOOD, "n/a.safetensors": GOOD}, {"m/tessera.toml": rules},
                   tmp_path / "run")
    assert outcome.code == 1 and {one[0] for one in errors(outcome)} == {"m/a.safetensors"}, outcome.log


def test_patterns_leave_other_files_to_their_folder(repository: Repository, tmp_path: Path) -> None:
    base = repository.commit({**llama(), "m/README.md": b"text", "m/image.png": b"\x89PNG\r\n", "m/w.weights": GOOD,
                              "README": b"", "m/.gitattributes": b"", "docs/a.md": b"text"})
    event = request(repository, base)
    cases = {"m/**": ("2", 0), "**": ("2", 0), "m/*": ("2", 0), "m": ("1", 0), "m/config.json": ("0", 0),
             "m/*.weights": ("1", 0), "m/*.md": ("1", 1), "docs/**": ("", 2)}
    ran = 0
    for files, (number, code) in cases.items():
        outcome = act(repository, tmp_path / "run", event, {"files": files})
        assert (outcome.outputs["files"], outcome.code) == (number, code), (files, outcome.log)
        ran += 1
    assert ran == 8 and "expected a model file that matches 'docs/**', found others" in outcome.log
    repository.commit({"m/config.json": llama(3)["m/config.json"]})
    for files in ("m/**", "**", "m/*", "m", "m/config.json"):
        outcome = act(repository, tmp_path / "broken", event, {"files": files})
        assert outcome.code == 1 and errors(outcome)[0][0] == "m/config.json", (files, outcome.log)


def test_validate_options_are_split_as_in_a_shell(repository: Repository, tmp_path: Path) -> None:
    base = repository.commit({"README": b""})
    repository.commit({"a.safetensors": BAD["nan"][0]})
    event = request(repository, base)
    for options, code in (("--rule non-finite=off", 0), ("--strict --rule non-finite=off", 0),
                          ("--strict\n--rule='non-finite=off'", 0), ("--rule non-finite=error", 1), ("--rule 'x", 2)):
        outcome = act(repository, tmp_path / "run", event, {"validate-options": options})
        assert outcome.code == code, (options, outcome.log)
    assert "validate-options: expected words as in a shell" in outcome.log
