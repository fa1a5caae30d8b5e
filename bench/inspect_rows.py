"""Rows of commands that must answer at once, however large the file is."""

from measure import Bench, Case, interleave
from table import Row, beside, within

LIMIT = 0.100
"""In seconds."""


def inspect(bench: Bench) -> list[Row]:
    """A flat file of 10 GB, and a checkpoint of 10,000 tensors, as text and as JSON."""
    files = [("10 GB safetensors", bench.input("sparse")), ("10,000 tensors", bench.checkpoint("many"))]
    rows = []
    for what, path in files:
        for command in (["inspect"], ["inspect", "--json"], ["count"], ["count", "--json"]):
            case = Case([[bench.tessera, *command, str(path)]])
            runs = interleave([case, case], bench.runs)[1]
            rows.append(within(" ".join([*command, what]), _median(runs), LIMIT, "ms", runs))
    return rows


def stats(bench: Bench) -> list[Row]:
    """Statistics of 1 GB, compared with NumPy, which reads every tensor once for each number."""
    source = bench.input("layers")
    ours, peer = interleave([
        Case([[bench.tessera, "inspect", "--stats", str(source)]]),
        Case([[*bench.script("numpy_stats.py"), str(source)]]),
    ], bench.runs)
    return [beside("inspect --stats of 1 GB, against NumPy", ours, peer, limit=1 / 3)]


def _median(runs):
    return sorted(one.seconds for one in runs)[len(runs) // 2]
