"""Rows of the layout: the size of a checkpoint, the part of its index that one extract reads, and how both grow."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

from measure import Bench, Case, Failed, Run, interleave, remove, run
from memory_rows import base_bytes
from table import Row, beside, failed

SAMPLE = Path(__file__).resolve().parent.parent / "samples" / "fashion"


def layout(bench: Bench) -> Iterator[Row]:
    """The sizes and the index of small files with many units."""
    weights, plan = SAMPLE / "weights.safetensors", SAMPLE / "plan.json"
    yield from _sizes(bench, "the sample, k = 4", weights, plan, ["--task", "fine"], size=1.25, index=120_000)
    for units, size, index in ((4, 1.03, None), (16, 1.05, 200_000)):
        source = bench.grid(400, 64, units)
        plan = Path(f"{source}.{units}.json")
        yield from _sizes(bench, f"400 × [64, 64] F32, k = {units}", source, plan, [], size=size, index=index)


def growth(bench: Bench) -> Iterator[Row]:
    """Time, memory, size and index for growing numbers of tensors, units, networks and bytes."""
    base = base_bytes(bench)
    cases = [(f"{count:,} tensors of [16, 16], k = 4", count, 16, 4, 1) for count in (1_000, 10_000, 100_000)]
    cases += [(f"16 tensors of [2048, 2048], k = {units}", 16, 2048, units, 1) for units in (4, 16, 64, 256)]
    cases += [(f"16 tensors of [256, 256], k = 64, {tasks * 64:,} networks", 16, 256, 64, tasks) for tasks in (1, 8, 64)]
    cases += [(f"{count / 60:.0f} GB: {count} tensors of [2048, 2048], k = 4", count, 2048, 4, 1) for count in (60, 240, 600)]
    for title, count, size, units, tasks in cases[:2] if bench.quick else cases:
        source = bench.grid(count, size, units, tasks)
        try:
            yield _growth(bench, base, title, source, Path(f"{source}.{units}.json"))
        except Failed as failure:
            yield failed(title, str(failure))
        bench.drop_grid(source)


def level(bench: Bench) -> Iterator[Row]:
    """The highest level of 1 GB compared with `dd` of as many bytes, with a warm and a cold page cache."""
    source = bench.grid(64, 2048 if not bench.quick else 256, 4)
    checkpoint, ours, peer = (bench.folder / name for name in ("level.h5", "ours.safetensors", "peer.bin"))
    run([[bench.tessera, "convert", str(source), str(checkpoint), "--plan", f"{source}.4.json"]])
    size = source.stat().st_size
    copy = [["dd", f"if={source}", f"of={peer}", "bs=1M", "status=none"], bench.flush(peer)]
    for words, cold in (("warm", False), ("cold", True)):
        before = [["dd", f"of={path}", "oflag=nocache", "conv=notrunc,fdatasync", "count=0", "status=none"] for path in (checkpoint, source)]
        mine, other = [], []
        for _ in range(bench.runs):
            for runs, commands, destination in (
                (mine, [[bench.tessera, "extract", str(checkpoint), str(ours), "--level", "4"]], ours),
                (other, copy, peer),
            ):
                if cold:
                    run(before)
                runs.append(interleave([Case(commands, destination)], 1)[0][0])
        speed = size / 1e6 / sorted(one.seconds for one in mine)[len(mine) // 2]
        row = beside(f"extract level 4 of 1 GB, {words} ({speed:.0f} MB/s), against dd of as many bytes + sync", mine, other, limit=1.0)
        yield Row(*row.cells[:5], None, row.processor, verdict="")
    remove(checkpoint)
    bench.drop_grid(source)


def _sizes(bench: Bench, title: str, source: Path, plan: Path, task: list[str], size: float, index: int | None):
    checkpoint, out = bench.folder / "sizes.h5", bench.folder / "sizes.safetensors"
    run([[bench.tessera, "convert", str(source), str(checkpoint), "--plan", str(plan)]])
    ours, flat = checkpoint.stat().st_size, source.stat().st_size
    yield Row(f"size of {title}", f"{ours:,} B", f"{flat:,} B", f"{ours / flat:.3f}", f"≤ {size} ×", ours <= size * flat)
    read = _extracted(bench, checkpoint, out, task)["index_bytes"]
    yield Row(
        f"index read by extract, level 1 of {title}", f"{read:,} B", "", "", f"≤ {index:,} B" if index else "",
        read <= index if index else None, verdict=None if index else "")
    remove(checkpoint)


def _growth(bench: Bench, base: int, title: str, source: Path, plan: Path) -> Row:
    checkpoint, out = bench.folder / "growth.h5", bench.folder / "growth.safetensors"
    cut = run([[bench.tessera, "convert", str(source), str(checkpoint), "--plan", str(plan)]])
    ours, flat = checkpoint.stat().st_size, source.stat().st_size
    read = _extracted(bench, checkpoint, out, ["--task", "t0"])["index_bytes"]
    seen = [_timed(run([[bench.tessera, command, str(checkpoint)]])) for command in ("inspect", "count")]
    back = run([[bench.tessera, "convert", str(checkpoint), str(out)]])
    remove(checkpoint)
    remove(out)
    peak = (max(cut.peak_bytes, back.peak_bytes) - base) / (1 << 20)
    return Row(
        f"growth: {title}",
        f"convert {_timed(cut)}, back {_timed(back)}, inspect {seen[0]}, count {seen[1]}, {peak:.0f} MiB, index {read:,} B",
        f"{flat:,} B", f"{ours / flat:.3f}", "", None, verdict="")


def _timed(one: Run) -> str:
    return f"{one.seconds:.2f} s"


def _extracted(bench: Bench, checkpoint: Path, out: Path, task: list[str]) -> dict:
    result = subprocess.run(
        [bench.tessera, "extract", str(checkpoint), str(out), *task, "--level", "1", "--json"], capture_output=True, text=True)
    if result.returncode != 0:
        raise Failed(result.stderr.strip())
    remove(out)
    return json.loads(result.stdout)
