"""`inspect --format cyclonedx` against the schema of CycloneDX 1.6, and against the files themselves."""

import hashlib
import json
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from conftest import FIXTURES, command

TESSERA = command()


def validator() -> Any:
    """The schema in the package of the CycloneDX project, which is installed without its dependencies."""
    import jsonschema
    import referencing
    import referencing.jsonschema

    distribution = metadata.distribution("cyclonedx-python-lib")

    def schema(name: str) -> Any:
        path = distribution.locate_file(f"cyclonedx/schema/_res/{name}.SNAPSHOT.schema.json")
        return json.loads(Path(str(path)).read_text())

    resources = [
        (f"http://cyclonedx.org/schema/{name}.SNAPSHOT.schema.json", referencing.Resource.from_contents(schema(name)))
        for name in ("spdx", "jsf-0.82")
    ]
    return jsonschema.Draft7Validator(schema("bom-1.6"), registry=referencing.Registry().with_resources(resources))


def component(path: Path, *options: str) -> dict[str, Any]:
    line = [TESSERA, "inspect", str(path), "--format", "cyclonedx", *options]
    run = subprocess.run(line, capture_output=True, text=True, check=True)
    document = json.loads(run.stdout)
    assert [error.message for error in validator().iter_errors(document)] == []
    (only,) = document["components"]
    return only


def values(found: dict[str, Any], name: str) -> list[str]:
    return [item["value"] for item in found["properties"] if item["name"] == f"tessera:{name}"]


def test_the_schema_refuses_other_documents() -> None:
    assert list(validator().iter_errors({"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [{}]}))


def test_a_file_has_its_digest_and_its_counts() -> None:
    path = FIXTURES / "flat" / "plain.safetensors"
    found = component(path)
    assert found["type"] == "machine-learning-model"
    assert found["name"] == "plain.safetensors"
    assert found["hashes"] == [{"alg": "SHA-256", "content": hashlib.sha256(path.read_bytes()).hexdigest()}]
    size = int.from_bytes(path.read_bytes()[:8], "little")
    header = json.loads(path.read_bytes()[8 : 8 + size])
    header.pop("__metadata__", None)
    assert values(found, "tensors") == [str(len(header))]
    assert set(values(found, "dtype")) == {entry["dtype"] for entry in header.values()}
    sizes = [entry["data_offsets"][1] - entry["data_offsets"][0] for entry in header.values()]
    assert values(found, "tensor-bytes") == [str(sum(sizes))]


def test_a_set_of_shards_has_each_file(tmp_path: Path) -> None:
    source = FIXTURES / "flat" / "plain.safetensors"
    subprocess.run([TESSERA, "convert", source, f"{tmp_path}/set/", "--shard-size", "64"], check=True)
    found = component(tmp_path / "set")
    assert "hashes" not in found
    files = {item["name"]: item["hashes"][0]["content"] for item in found["components"]}
    assert files == {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (tmp_path / "set").iterdir()
    }
    assert len(files) > 2
    assert values(found, "model-sha256") == values(component(source), "model-sha256")


@pytest.mark.parametrize("path", sorted((FIXTURES / "checkpoints").glob("*.h5")), ids=lambda path: path.name)
def test_a_checkpoint_has_its_sub_networks(path: Path) -> None:
    found = component(path)
    assert found["hashes"][0]["content"] == hashlib.sha256(path.read_bytes()).hexdigest()
    run = subprocess.run([TESSERA, "count", path, "--json"], capture_output=True, text=True, check=True)
    (policy,) = json.loads(run.stdout)["policies"]
    networks = [row for row in policy["rows"] if row["task"] is not None]
    texts = values(found, "sub-network")
    assert len(texts) == len(networks)
    for row, text in zip(networks, texts, strict=True):
        assert f"{row['parameters']} parameters, {row['bytes']} bytes" in text
        assert row["task"] in text
    stored = next(row for row in policy["rows"] if row["task"] is None)
    assert values(found, "parameters") == [str(stored["parameters"])]


def test_equal_files_give_equal_documents(tmp_path: Path) -> None:
    bytes_ = (FIXTURES / "flat" / "plain.safetensors").read_bytes()
    texts = []
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "w.safetensors").write_bytes(bytes_)
        line = [TESSERA, "inspect", f"{tmp_path}/{folder}/w.safetensors", "--format", "cyclonedx"]
        texts.append(subprocess.run(line, capture_output=True, check=True).stdout)
    assert texts[0] == texts[1]


def test_what_is_left_out_is_named() -> None:
    found = component(FIXTURES / "pytorch" / "lightning.ckpt")
    assert values(found, "left-out")


@pytest.mark.parametrize(
    "options", [["--json"], ["--stats"], ["--tree"], ["--digests"], ["--plan"], ["--sort", "name"], ["--match", "a"]]
)
def test_options_that_say_something_else_are_refused(options: list[str]) -> None:
    path = FIXTURES / "flat" / "plain.safetensors"
    run = subprocess.run([TESSERA, "inspect", path, "--format", "cyclonedx", *options], capture_output=True, text=True)
    assert run.returncode == 64
    assert run.stdout == ""
