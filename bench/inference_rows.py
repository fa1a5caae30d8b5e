"""Rows of `run` compared with ONNX Runtime on the processor: the same model, input and number of threads."""

import json
import statistics
import subprocess

from measure import Bench, Failed, ratio, run
from table import Row, failed

CASES = [
    ("resnet18", "ResNet-18 at 224²", 1, 10),
    ("wrn32_4", "WRN-32-4 at 32²", 1, 20),
    ("wrn32_4", "WRN-32-4 at 32²", 32, 3),
    ("resnet50", "ResNet-50 at 224²", 1, 5),
    ("mobile", "a network like MobileNetV2 at 224²", 1, 20),
    ("efficient", "a network like EfficientNet-B0 at 224²", 1, 10),
    ("minilm", "an encoder like MiniLM, 128 tokens", 1, 10),
    ("bert", "an encoder like BERT-base, 128 tokens", 1, 3),
    ("lstm", "an LSTM of 256 units, 64 steps", 1, 20),
]
"""Network, its name in words, batch, and timed runs of a process."""

LIMIT, MEAN = 1.25, 0.9
"""The limits of our time divided by the peer's: for each network, and for the geometric mean of all."""


def inference(bench: Bench) -> list[Row]:
    """Every network on one thread and on two; each round runs one process of ours and one of the peer's."""
    rows, values = [], []
    for network, words, batch, repeat in CASES:
        for threads in (1, 2):
            title = f"run {words}, batch {batch}, {threads} thread{'s' if threads > 1 else ''}, against ONNX Runtime"
            try:
                row, value = _row(bench, title, network, batch, threads, 2 if bench.quick else repeat)
                rows.append(row)
                values.append(value)
            except Failed as failure:
                rows.append(failed(title, str(failure)))
    if values:
        mean = statistics.geometric_mean(values)
        title = f"run, geometric mean of {len(values)} rows, against ONNX Runtime"
        rows.append(Row(title, "", "", f"{mean:.2f}", f"≤ {MEAN:.2f} ×", mean <= MEAN, verdict=None))
    return rows


def _row(bench, title, network, batch, threads, repeat) -> tuple[Row, float]:
    kind = "npz" if network in ("minilm", "bert") else "npy"
    model, source = bench.folder / f"{network}.onnx", bench.folder / f"{network}.{batch}.{kind}"
    ours, peer = bench.folder / "ours.npz", bench.folder / "peer.npy"
    if not source.exists():
        bench.say(f"making {network}")
        run([bench.script("networks.py") + [network, str(model), f"{batch}={source}"]])
    mine = [bench.tessera, "run", str(model), "--input", str(source), "--output", str(ours),
            "--threads", str(threads), "--repeat", str(repeat), "--json"]
    other = bench.script("onnxruntime_latency.py") + [str(model), str(source), str(peer), str(threads), str(repeat)]
    seconds: tuple[list[float], list[float]] = ([], [])
    for number in range(bench.runs):
        seconds[0].append(said(mine)["latency_seconds"]["median"])
        seconds[1].append(said(other)["median"])
        if number == 0:
            run([bench.script("same_outputs.py") + [str(ours), str(peer)]])
    value = ratio(*seconds)
    row = Row(
        title, milliseconds(seconds[0]), milliseconds(seconds[1]), f"{value:.2f}", f"≤ {LIMIT:.2f} ×", value <= LIMIT,
        verdict=None)
    return row, value


def said(command: list[str]) -> dict:
    """The JSON that a command prints."""
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode != 0:
        raise Failed((result.stderr.strip().splitlines() or ["no message"])[-1])
    return json.loads(result.stdout)


def milliseconds(seconds: list[float]) -> str:
    return f"{statistics.median(seconds) * 1e3:.1f} ms"
