"""Measures tessera against its targets; each figure is compared with a peer's in the same run.

Each time is the median of five interleaved runs (ours, peer, ours, peer, …) on a warm cache, after the destination is
deleted. A peer's write is followed by `sync DEST`, because ours flushes too. A ratio is the median of the ratios of the
rounds. Processor time (user + system) is printed next to wall time: on a shared disk it varies less.
"""

import argparse
import contextlib
import os
import shutil
import statistics
import sys
import tempfile
from datetime import date
from pathlib import Path

import machine
from compress_rows import compress
from conversion_rows import cut_1gb, cut_small, join_1gb
from inference_rows import inference
from inspect_rows import inspect, stats
from layout_rows import growth, layout, level
from level_rows import levels
from measure import Bench, Case, Failed, interleave, need, run
from memory_rows import memory
from python_rows import python
from reading_rows import extract, validate
from table import failed, markdown

# To add a row, write a function from a Bench to its rows in a *_rows.py of this folder, and add a line here. The order
# matters only for the disk: rows that share an input of a gigabyte are together.
ROWS = {
    "cut-1gb": cut_1gb,
    "join-1gb": join_1gb,
    "stats": stats,
    "validate": validate,
    "extract": extract,
    "python": python,
    "cut-small": cut_small,
    "layout": layout,
    "level": level,
    "growth": growth,
    "compress": compress,
    "memory": memory,
    "inspect": inspect,
    "inference": inference,
    "levels": levels,
}


def main() -> int:
    options = parse()
    parent = options.folder or Path(os.environ.get("TMPDIR") or ".build-bench")
    made = not parent.exists()
    parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="tessera-bench-", dir=parent))
    try:
        return measure(options, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        with contextlib.suppress(OSError):
            # Removed if this run made it and it is empty; another run may use it.
            if made:
                parent.rmdir()


def measure(options: argparse.Namespace, folder: Path) -> int:
    runs = options.runs or (1 if options.quick else 5)
    bench = Bench(str(Path(options.tessera).resolve()), folder, runs, options.quick)
    try:
        need(folder, 100_000_000 if options.quick else 5_000_000_000)
        run([[bench.tessera, "--version"]])
    except (Failed, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    rows = []
    for name in options.rows or ROWS:
        bench.say(name)
        try:
            rows.extend(ROWS[name](bench))
        except Failed as failure:
            rows.append(failed(name, str(failure)))
    bench.say("")
    text = report(bench, rows)
    print(text, end="")
    results = options.results or (None if options.quick or options.rows else Path(__file__).with_name("RESULTS.md"))
    if results:
        results.write_text(text)
    return 1 if any(row.is_failed for row in rows) else 0


def report(bench: Bench, rows: list) -> str:
    size = "smaller inputs; the figures mean nothing" if bench.quick else "with full-size inputs (not `--quick`)"
    lines = [
        "# Benchmark\n",
        f"\nMeasured by `make bench` on {date.today()}: median of {bench.runs} interleaved runs, {size}.\n",
        "`bench/bench.py` describes the method.\n\n",
        # A failed row quotes a command's message, which has the file's path.
        markdown(rows).replace(f"{bench.folder}/", ""),
        "\nIn the rows of bytes read, \"peer\" is the size of the sub-network's tensors.\n",
        "\nCPU is user + system time of all threads together. Peak memory is the largest of all runs.\n",
        f"Of the times of NumPy + h5py, {start_up(bench):.2f} s is for starting Python and importing both.\n",
        "\n| machine | |\n| --- | --- |\n",
    ]
    return "".join(lines + [f"| {name} | {value} |\n" for name, value in machine.describe(bench)])


def start_up(bench: Bench) -> float:
    """The seconds that a peer's script takes before it does anything."""
    runs = interleave([Case([[bench.python, "-c", "import h5py, numpy"]])], bench.runs)[0]
    return statistics.median(one.seconds for one in runs)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measures tessera against its targets and its peers.")
    parser.add_argument("--tessera", default=".build/release/tessera", help="the command to measure")
    parser.add_argument("--folder", type=Path, help="where inputs and outputs go (default: $TMPDIR or .build-bench)")
    parser.add_argument("--rows", nargs="+", choices=list(ROWS), metavar="NAME", help=f"only these: {', '.join(ROWS)}")
    parser.add_argument("--runs", type=int, help="runs of each (default 5)")
    parser.add_argument("--quick", action="store_true", help="smaller inputs and one run: does everything work?")
    parser.add_argument(
        "--results", type=Path, help="where the report goes (default: bench/RESULTS.md, for a complete run)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
