"""Rows of the cost of levels: latency, bytes read and memory of `run` at every level, from one checkpoint.

The peer is ONNX Runtime on the dense model that `extract` writes for the same level.
"""

from pathlib import Path

from inference_rows import milliseconds, said
from measure import Bench, Failed, ratio, run
from memory_rows import base_bytes
from table import Row, failed

SAMPLE = Path(__file__).resolve().parent.parent / "samples" / "fashion"
LEVELS = (1, 2, 3, 4)
IMAGE = "import sys, numpy; numpy.save(sys.argv[2], numpy.load(sys.argv[1])['fine.images'][:1, None] / numpy.float32(255))"


def levels(bench: Bench) -> list[Row]:
    """The trained sample, and the paper's network cut by `plan`."""
    rows = []
    for words, make, repeat in (
        ("the sample, 'fine'", _sample, 200), ("WRN-32-4 at 32², k = 4", _wide, 20),
        ("ResNet-18 at 224², k = 4", _residual, 10),
    ):
        try:
            checkpoint, task, source = make(bench)
            base = base_bytes(bench)
            for level in LEVELS:
                title = f"run level {level} of 4, {words}, batch 1, 1 thread, against ONNX Runtime on its extract"
                chosen = [str(checkpoint), "--task", task, "--level", str(level)]
                rows.append(_row(bench, title, chosen, source, 2 if bench.quick else repeat, base))
        except Failed as failure:
            rows.append(failed(f"run levels of {words}", str(failure)))
    return rows


def _sample(bench: Bench):
    checkpoint, source = bench.folder / "sample.h5", bench.folder / "sample.npy"
    run([[bench.tessera, "convert", str(SAMPLE / "network.onnx"), str(checkpoint), "--plan", str(SAMPLE / "plan.json")]])
    # In its own process: this process's memory would hide that of the command.
    run([[bench.python, "-c", IMAGE, str(SAMPLE / "reference.npz"), str(source)]])
    return checkpoint, "fine", source


def _wide(bench: Bench):
    return _planned(bench, "wrn32_4")


def _residual(bench: Bench):
    return _planned(bench, "resnet18")


def _planned(bench: Bench, network: str):
    model, source = bench.folder / f"{network}.onnx", bench.folder / f"{network}.1.npy"
    plan, checkpoint = bench.folder / f"{network}.plan.json", bench.folder / f"{network}.h5"
    run([bench.script("networks.py") + [network, str(model), f"1={source}"]])
    run([[bench.tessera, "plan", str(model), "--units", "4", "--tasks", "t", "-o", str(plan)]])
    run([[bench.tessera, "convert", str(model), str(checkpoint), "--plan", str(plan)]])
    return checkpoint, "t", source


def _row(bench: Bench, title: str, chosen: list[str], source: Path, repeat: int, base: int) -> Row:
    small, ours, peer = (bench.folder / name for name in ("small.onnx", "ours.npy", "peer.npy"))
    run([[bench.tessera, "extract", chosen[0], str(small), *chosen[1:]]])
    mine = [bench.tessera, "run", *chosen, "--input", str(source), "--output", str(ours), "--threads", "1"]
    other = bench.script("onnxruntime_latency.py") + [str(small), str(source), str(peer), "1", str(repeat)]
    seconds: tuple[list[float], list[float]] = ([], [])
    peak = read = 0
    for number in range(bench.runs):
        document = said(mine + ["--repeat", str(repeat), "--json"])
        read = document["bytes_read"]
        seconds[0].append(document["latency_seconds"]["median"])
        seconds[1].append(said(other)["median"])
        peak = max(peak, run([mine]).peak_bytes)
        if number == 0:
            run([bench.script("same_outputs.py") + [str(ours), str(peer)]])
    memory = f"{(peak - base) / (1 << 20):.0f} MiB"
    return Row(
        title, f"{milliseconds(seconds[0])}, {read:,} B, {memory}", milliseconds(seconds[1]),
        f"{ratio(*seconds):.2f}", "", None, verdict="")
