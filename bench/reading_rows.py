"""Rows of reading: `validate --deep` compared with openssl, and the bytes that `extract` reads."""

import json
import os
import subprocess
from pathlib import Path

from measure import Bench, Case, Failed, interleave, run
from table import Row, beside


def validate(bench: Bench) -> list[Row]:
    """All bytes of a checkpoint of 1 GB, compared with SHA-256 of the same file on one core."""
    checkpoint = bench.checkpoint("layers")
    # The limit is 0.8 times openssl's speed for each core; openssl uses one core.
    cores = min(2, len(os.sched_getaffinity(0)))
    ours, peer = interleave([
        Case([[bench.tessera, "validate", "--deep", str(checkpoint)]]),
        Case([["openssl", "dgst", "-sha256", str(checkpoint)]]),
    ], bench.runs)
    bench.drop("layers.h5")
    return [beside(f"validate --deep of 1 GB on {cores} cores, against openssl dgst -sha256 on one", ours, peer,
                   limit=1 / (0.8 * cores))]


def one_task(bench: Bench) -> tuple[Path, Path]:
    """The 1 GB of layers, and their plan with one task, `t`."""
    source = bench.input("layers")
    plan = json.loads(Path(f"{source}.plan.json").read_text())
    plan["tasks"] = [{"name": "t"}]
    path = bench.folder / "one-task.json"
    path.write_text(json.dumps(plan))
    return source, path


def extract(bench: Bench) -> list[Row]:
    """The bytes that each level of 1 GB reads from the file, uncompressed and compressed."""
    source, plan_path = one_task(bench)
    rows = []
    for flags, what in (([], ""), (["--compress"], ", compressed")):
        checkpoint, out = bench.folder / "levels.h5", bench.folder / "level.safetensors"
        run([[bench.tessera, "convert", str(source), str(checkpoint), "--plan", str(plan_path), *flags]])
        for level in (1, 3):
            result = subprocess.run(
                [bench.tessera, "extract", str(checkpoint), str(out), "--task", "t", "--level", str(level), "--json"],
                capture_output=True, text=True)
            if result.returncode != 0:
                raise Failed(result.stderr.strip())
            report = json.loads(result.stdout)
            ratio = report["bytes_read"] / report["bytes"]
            rows.append(Row(
                f"bytes read by extract, level {level} of 4{what} (and {report['index_bytes']:,} B of index)",
                f"{report['bytes_read']:,} B", f"{report['bytes']:,} B", f"{ratio:.3f}", "≤ 1.020 ×", ratio <= 1.02))
            out.unlink(missing_ok=True)
        checkpoint.unlink(missing_ok=True)
    return rows
