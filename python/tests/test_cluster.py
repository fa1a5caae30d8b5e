"""samples/cluster: a checkpoint in parts by Slurm, xargs and Dask, with one part killed in the middle of its writing.

The scheduler is a real Slurm of one node, which the test starts itself.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Iterator, NamedTuple

import numpy as np
import pytest
from conftest import ROOT, command, run
from local_slurm import LocalSlurm, wait

SAMPLES = ROOT / "samples" / "cluster"
SHARDS = 8


class Model(NamedTuple):
    source: Path
    plan: Path
    single: Path


def write_shards(folder: Path) -> None:
    """A Llama-like model of 4 MB in shards, in the order of its names."""
    hidden, inner, head = 128, 384, 32
    shapes: dict[str, tuple[int, ...]] = {"model.embed_tokens.weight": (1000, hidden)}
    for layer in range(8):
        start = f"model.layers.{layer}."
        shapes |= {start + "input_layernorm.weight": (hidden,), start + "mlp.down_proj.weight": (hidden, inner),
                   start + "mlp.gate_proj.weight": (inner, hidden), start + "mlp.up_proj.weight": (inner, hidden),
                   start + "post_attention_layernorm.weight": (hidden,)}
        shapes |= {start + f"self_attn.{name}_proj.weight": (4 * head, hidden) for name in "qkvo"}
    shapes |= {"model.norm.weight": (hidden,), "lm_head.weight": (1000, hidden)}
    random_source = np.random.default_rng(20)
    names = list(shapes)
    weight_map: dict[str, str] = {}
    for number in range(SHARDS):
        file = f"model-{number + 1:05}-of-{SHARDS:05}.safetensors"
        header: dict[str, Any] = {}
        body = b""
        for name in names[number * len(names) // SHARDS:(number + 1) * len(names) // SHARDS]:
            data = random_source.bytes(2 * int(np.prod(shapes[name])))
            header[name] = {"dtype": "BF16", "shape": shapes[name], "data_offsets": [len(body), len(body) + len(data)]}
            body += data
            weight_map[name] = file
        text = json.dumps(header).encode()
        (folder / file).write_bytes(len(text).to_bytes(8, "little") + text + body)
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))
    (folder / "config.json").write_text(json.dumps({
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": hidden, "head_dim": head,
        "intermediate_size": inner, "num_attention_heads": 4, "num_key_value_heads": 4, "num_hidden_layers": 8,
        "vocab_size": 1000, "tie_word_embeddings": False}))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    folder = tmp_path_factory.mktemp("cluster")
    made = Model(folder / "a model", folder / "plan.json", folder / "single.h5")
    made.source.mkdir()
    write_shards(made.source)
    run("plan", made.source, "--units", "4", "-o", made.plan)
    run("convert", made.source, made.single, "--plan", made.plan)
    return made


@pytest.fixture(scope="module")
def slurm() -> Iterator[LocalSlurm]:
    if LocalSlurm.missing():
        pytest.skip(f"Slurm (Debian's slurm-wlm and munge) is not installed: {LocalSlurm.missing()}")
    # Not in pytest's folder, because the path of a Unix socket has at most 107 bytes.
    with tempfile.TemporaryDirectory(prefix="slurm-") as folder, LocalSlurm(Path(folder) / "node") as started:
        yield started


def path_with_a_kill(folder: Path, part: str) -> str:
    """A PATH whose tessera is killed by SIGKILL in its 20th write of this part. Later runs of the part are whole.

    strace sends the signal, so that the moment does not depend on the speed of the machine.
    """
    folder.mkdir()
    program = folder / "tessera"
    program.write_text(f"""#!/bin/bash
if [[ " $* " == *" {part} "* ]] && mkdir '{folder}/killed' 2>/dev/null; then
  exec strace -f -o '{folder}/calls' -e trace=pwrite64 -e inject=pwrite64:signal=KILL:when=20 '{command()}' "$@"
fi
exec '{command()}' "$@"
""")
    program.chmod(0o755)
    return f"{folder}{os.pathsep}{os.environ['PATH']}"


def call(folder: Path, environment: dict[str, str], *words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(word) for word in words], cwd=folder, env=environment, capture_output=True, text=True,
                          timeout=300)


def check_against_single(folder: Path, model: Model, count: int = SHARDS) -> None:
    """The parts are all there and nothing else; list and merged file equal the conversion by one process."""
    names = [f"model-{number:05}-of-{count:05}.h5" for number in range(1, count + 1)]
    left = sorted(path.name for path in folder.iterdir() if path.suffix != ".log")
    assert left == sorted([*names, "model.h5.index.json"]), left
    files = model.single, folder / "model.h5.index.json"
    whole, parts = (json.loads(run("inspect", "--json", path)) for path in files)
    assert len(whole["sha256"]) == 64 and len(whole["tensors"]) == 75
    assert parts.pop("file") != whole.pop("file") and parts.pop("parts") == names
    # The digest of the model covers those of all its tensors.
    assert parts == whole
    assert "equal: 75 tensors" in run("diff", model.single, folder / "model.h5.index.json")
    run("validate", "--deep", folder / "model.h5.index.json")
    run("convert", "--merge", folder / "model.h5")
    assert (folder / "model.h5").read_bytes() == model.single.read_bytes()


def test_a_slurm_array_with_a_killed_task(slurm: LocalSlurm, model: Model, tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    environment = {**slurm.environment, "PARTS": "8"}
    environment["PATH"] = path_with_a_kill(tmp_path / "bin", "3/8") + os.pathsep + slurm.environment["PATH"]
    submitted = call(work, environment, SAMPLES / "submit.sh", model.source, "model.h5", "--plan", model.plan)
    assert submitted.returncode == 0, submitted.stderr
    array, join = re.findall(r"job (\d+)", submitted.stdout)

    def tasks() -> dict[str, dict[str, str]]:
        return {one["ArrayTaskId"]: one for one in slurm.jobs() if one.get("ArrayJobId") == array}

    wait("a requeued task 3", lambda: tasks().get("3", {}).get("Restarts") == "1", slurm)
    wait("seven parts", lambda: len(list(work.glob("model-*.h5"))) == 7, slurm)
    # It leaves nothing under its name, only the hidden file that its next run removes.
    assert not (work / "model-00003-of-00008.h5").exists() and len(list(work.glob(".*.tmp"))) == 1
    assert [one["JobState"] for one in slurm.jobs() if one["JobId"] == join] == ["PENDING"]
    refused = call(work, environment, "tessera", "convert", "--join", "model.h5")
    assert refused.returncode == 2 and "7; run --part again for 3" in refused.stderr, refused.stderr

    # A node refuses a task in the second of its requeue ("Job credential revoked"), and Slurm calls it failed.
    time.sleep(2)

    def hurried() -> bool:
        # Slurm starts a requeued task after two minutes, unless it is asked to hurry.
        slurm.ask("scontrol", "update", f"JobId={array}_3", "StartTime=now")
        return tasks()["3"]["JobState"] != "PENDING"

    wait("a second run of task 3", hurried, slurm)
    states = {one["JobId"]: one["JobState"] for one in slurm.finish()}
    assert set(states.values()) == {"COMPLETED"} and len(states) == 9, states
    log = (work / f"tessera-convert-{array}_3.log").read_text()
    assert "part 3/8: killed by signal 9; requeued" in log and "run 2, " in log
    assert "in 8 files" in (work / f"tessera-join-{join}.log").read_text()
    check_against_single(work, model)


def test_a_slurm_array_that_fails_and_is_submitted_again(slurm: LocalSlurm, model: Model, tmp_path: Path) -> None:
    environment = {**slurm.environment, "PARTS": "3"}
    environment["PATH"] = f"{Path(command()).parent}{os.pathsep}{slurm.environment['PATH']}"

    def submit(source: Path) -> list[str]:
        submitted = call(tmp_path, environment, SAMPLES / "submit.sh", source, "model.h5", "--plan", model.plan)
        numbers = re.findall(r"job (\d+)", submitted.stdout)
        assert submitted.returncode == 0 and len(numbers) == 2, submitted.stderr
        return [f"{one['JobState']} {one['ExitCode']} {one['Restarts']}" for one in slurm.finish()
                if numbers[0] in (one.get("ArrayJobId"), one["JobId"]) or one["JobId"] == numbers[1]]

    # Nothing is requeued that would only fail again, and the join does not wait for ever.
    assert sorted(submit(tmp_path / "nothing")) == ["CANCELLED 0:0 0"] + 3 * ["FAILED 2:0 0"]
    # An array of some numbers: one without the number of all parts, and one with it.
    script = SAMPLES / "convert.sbatch"
    call(tmp_path, {name: text for name, text in environment.items() if name != "PARTS"}, "sbatch", "--array=2-3",
         "--output=wrong-%a.log", script, model.source, "model.h5")
    call(tmp_path, environment, "sbatch", "--array=2", "--output=right.log", script, model.source, "model.h5", "--plan",
         model.plan)
    codes = [one["ExitCode"] for one in slurm.finish()][-3:]
    assert sorted(codes) == ["0:0", "64:0", "64:0"] and "expected PARTS" in (tmp_path / "wrong-3.log").read_text()
    assert submit(model.source) == 4 * ["COMPLETED 0:0 0"]
    logs = "".join(path.read_text() for path in tmp_path.glob("tessera-convert-*.log"))
    assert logs.count("kept model-00002-of-00003.h5") == 1 and logs.count("\nwrote ") == 2
    check_against_single(tmp_path, model, 3)


def without_slurm(words: list[str | Path], message: str, model: Model, tmp_path: Path) -> None:
    """The same with a script that needs no scheduler."""
    work = tmp_path / "work"
    work.mkdir()
    environment = {**os.environ, "PATH": path_with_a_kill(tmp_path / "bin", "3/8")}
    done = call(work, environment, *words)
    assert done.returncode == 0 and "in 8 files" in done.stdout, done.stdout + done.stderr
    assert message in done.stderr and (tmp_path / "bin" / "killed").exists()
    check_against_single(work, model)
    failed = call(work, environment, *words, "--take", "nothing")
    assert failed.returncode == 1 and "the same command runs only what is missing" in failed.stderr


def test_xargs_with_a_killed_part(model: Model, tmp_path: Path) -> None:
    words = [SAMPLES / "convert-xargs.sh", model.source, "model.h5", "--plan", model.plan]
    without_slurm(words, "part 3/8: run 1 of 3 was killed by signal 9", model, tmp_path)


def test_dask_with_a_killed_part(model: Model, tmp_path: Path) -> None:
    # Not in the requirements: its 20 packages take longer than this test.
    pytest.importorskip("distributed", reason="Dask is not installed; pip install distributed")
    words = [sys.executable, "-B", SAMPLES / "convert_dask.py", model.source, "model.h5", "--", "--plan", model.plan]
    without_slurm(words, "", model, tmp_path)


def test_usage_is_printed(tmp_path: Path) -> None:
    environment = {name: text for name, text in os.environ.items() if not name.startswith("SLURM_")}
    for name in ("submit.sh", "convert-xargs.sh", "convert.sbatch"):
        done = call(tmp_path, environment, "bash", SAMPLES / name, "only-a-source")
        assert done.returncode == 64 and done.stderr.startswith("usage: "), name
    if shutil.which("shellcheck"):
        done = call(tmp_path, environment, "shellcheck", *SAMPLES.glob("*.sh"), *SAMPLES.glob("*.sbatch"))
        assert done.returncode == 0, done.stdout
