"""Rows of reading from Python: `tessera_h5`, compared with `safetensors.numpy.load_file` of the extracted file."""

import statistics

from inference_rows import said
from measure import Bench, ratio, run, warm
from reading_rows import one_task
from table import Row, within


def python(bench: Bench) -> list[Row]:
    """Level 1 of 4 and the whole of 1 GB, uncompressed and compressed; and opening 10,000 tensors."""
    source, plan_path = one_task(bench)
    rows = []
    for flags, what, limit in (([], "", 1.5), (["--compress"], ", compressed", None)):
        checkpoint, out = bench.folder / "python.h5", bench.folder / "python.safetensors"
        run([[bench.tessera, "convert", str(source), str(checkpoint), "--plan", str(plan_path), *flags]])
        warm(checkpoint)
        for level in (1, 4):
            chosen = ["t", str(level)]
            run([[bench.tessera, "extract", str(checkpoint), str(out), "--task", "t", "--level", str(level)]])
            run([bench.script("python_read.py") + ["same", str(checkpoint), *chosen, str(out)]])
            mine, other = [], []
            for _ in range(bench.runs):
                mine.append(said(bench.script("python_read.py") + ["ours", str(checkpoint), *chosen])["seconds"])
                other.append(said(bench.script("python_read.py") + ["peer", str(out), *chosen])["seconds"])
            value = ratio(mine, other)
            rows.append(Row(
                f"state_dict in Python, level {level} of 4{what}, against safetensors.numpy.load_file of its extract",
                f"{statistics.median(mine):.3f} s", f"{statistics.median(other):.3f} s", f"{value:.2f}",
                "" if limit is None else f"≤ {limit:.2f} ×", limit is None or value <= limit,
                verdict="" if limit is None else None))
            out.unlink(missing_ok=True)
        checkpoint.unlink(missing_ok=True)
    return [*rows, _opened(bench)]


def _opened(bench: Bench) -> Row:
    count = 400 if bench.quick else 10_000
    source, checkpoint = bench.grid(count, 8, 4), bench.folder / "python.h5"
    run([[bench.tessera, "convert", str(source), str(checkpoint), "--plan", f"{source}.4.json"]])
    command = bench.script("python_read.py") + ["open", str(checkpoint), "t", "1"]
    seconds = statistics.median(said(command)["seconds"] for _ in range(bench.runs))
    bench.drop_grid(source)
    checkpoint.unlink(missing_ok=True)
    return within(f"open in Python, {count:,} tensors of [8, 8], k = 4", seconds, 1.0, "ms")
