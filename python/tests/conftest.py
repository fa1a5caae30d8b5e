"""Checkpoints for the tests, made once by the command, and what `tessera extract` makes of them."""

from __future__ import annotations

import functools
import json
import os
import shutil
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "python" / "src"))

import tessera_h5  # noqa: E402

FIXTURES = ROOT / "Tests" / "Fixtures"
FAMILY = ("adapters", "deep-elastic", "experts", "matformer", "nested", "once-for-all", "packnet", "piggyback",
          "slimmable")
GOLDEN = ("compressed", "graph", "grid", "mixed", "owners", "private", "scattered", "shards", "types")
# Cases of Tests/Fixtures/interop/cases.py: every dtype; empty tensors with huge extents; cuts of every kind.
CASES = ("dtypes", "mixed", "cubes", "family", "thin", "squeezed", "arbitrary1", "arbitrary2", "arbitrary3")
SAMPLES = ("fashion", "fashion-compressed", "fashion-repacked", "added", *(f"family-{name}" for name in FAMILY),
           *(f"golden-{name}" for name in GOLDEN), *(f"case-{name}" for name in CASES), "case-squeezed-compressed",
           "written-flat", "written-flat-compressed")


class Tensor(NamedTuple):
    dtype: str
    shape: tuple[int, ...]
    data: bytes


def command() -> str:
    found = shutil.which(os.environ.get("TESSERA") or "tessera")
    if found is None:
        pytest.exit("the tests need the command tessera; set TESSERA to its path", returncode=2)
    return found


def run(*arguments: str | Path, cwd: Path | None = None) -> str:
    result = subprocess.run([command(), *map(str, arguments)], capture_output=True, text=True, cwd=cwd)
    assert result.returncode == 0, f"tessera {arguments}: {result.stderr}"
    return result.stdout


def parse(path: Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file, by the format's own description."""
    content = path.read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    header: dict[str, Any] = json.loads(content[8:8 + length])
    header.pop("__metadata__", None)
    body = content[8 + length:]
    return {name: Tensor(one["dtype"], tuple(one["shape"]), body[one["data_offsets"][0]:one["data_offsets"][1]])
            for name, one in header.items()}


def build(name: str, folder: Path) -> Path:
    """Makes the checkpoint of a sample."""
    path = folder / f"{name}.h5"
    kind, _, rest = name.partition("-")
    sample, what = ROOT / "samples" / "fashion", rest.removesuffix("-compressed")
    flags = ["--compress"] if name.endswith("-compressed") else []
    if kind == "golden":
        shutil.copy(FIXTURES / "checkpoints" / f"{rest}.h5", path)
    elif name == "fashion-repacked":
        # Another program rewrites the file: data move, and sections get other chunks and filters.
        subprocess.run(["h5repack", "-l", "CHUNK=100", "-f", "GZIP=1", build("fashion", folder), path], check=True)
    elif kind == "fashion":
        run("convert", sample / "weights.safetensors", path, "--plan", sample / "plan.json", *flags)
    elif name == "added":
        base = FIXTURES / "adapters"
        run("convert", base / "base", path, "--add", f"sql={base / 'sql'}", "--add", f"chat={base / 'chat'}", "--add",
            f"head={base / 'head.safetensors'}")
    elif kind == "family":
        source, plan = ROOT / "samples" / "family" / f"{rest}.safetensors", folder / f"{rest}.plan.json"
        run("plan", source, "--family", source.with_suffix(".family.json"), "-o", plan)
        run("convert", source, path, "--plan", plan)
    elif kind == "written":
        # By a writer that shares no code with Tessera. Without `flat` it has I4, which safetensors lacks.
        words = ["compressed"] * name.endswith("compressed") + [folder / f"{name}.safetensors"] * ("flat" in name)
        subprocess.run([sys.executable, "-B", FIXTURES / "interop" / "minimal_writer.py", path, *words], check=True)
    else:
        case = folder / name
        case.mkdir()
        subprocess.run([sys.executable, "-B", FIXTURES / "interop" / "cases.py", what, case], check=True,
                       capture_output=True)
        run("convert", case / "source.safetensors", path, "--plan", case / "plan.json", *flags)
    return path


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A function from a sample's name to its checkpoint."""
    folder = tmp_path_factory.mktemp("checkpoints")
    return functools.lru_cache(maxsize=None)(lambda name: build(name, folder))


@pytest.fixture(scope="session")
def fashion(checkpoint: Any) -> Path:
    return checkpoint("fashion")


def extracted(path: Path, task: str, level: int, folder: Path) -> dict[str, Tensor]:
    run("extract", path, folder / "out.safetensors", "--task", task, "--level", str(level))
    return parse(folder / "out.safetensors")


def networks(path: Path) -> list[tuple[str, int]]:
    with tessera_h5.open(path) as m:
        return [(task, level.number) for task in m.tasks for level in m.levels(task)]


@pytest.fixture(scope="session")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """24 MB: eight layers of 1024 × 700, cut on both dimensions into four units."""
    folder, random_source = tmp_path_factory.mktemp("large"), np.random.default_rng(5)
    path = folder / "large.h5"
    weights = {f"layer{n}.weight": random_source.standard_normal((1024, 700), dtype="f4") for n in range(8)}
    weights["bias"] = random_source.standard_normal(1024, dtype="f4")
    tessera_h5.save(path, weights, {
        "format": "tessera.plan/1", "units": 4, "axes": {"out": {"size": 1024}, "in": {"size": 700}},
        "tensors": [{"match": "layer{}.weight", "axes": ["out", "in"]}, {"match": "bias", "axes": ["out"]}],
        "tasks": [{"name": "t"}]})
    return path


@pytest.fixture(scope="session")
def sharded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The sample as a set of four shards with their index."""
    folder = tmp_path_factory.mktemp("sharded") / "set"
    run("convert", ROOT / "samples" / "fashion" / "weights.safetensors", f"{folder}/", "--shard-size", "200kB")
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder from which pip installs tessera-h5 without a network."""
    import ci_wheels

    pytest.importorskip("hatchling")
    return ci_wheels.make(tmp_path_factory.mktemp("wheels"))
