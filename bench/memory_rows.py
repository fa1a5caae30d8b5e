"""Rows of peak memory: the maximum resident set of a conversion minus that of `tessera --version`."""

import resource
import statistics
from collections.abc import Callable, Iterator
from pathlib import Path

from measure import Bench, Case, Failed, interleave, run
from table import Row, failed, within

LIMIT = 128 << 20


def memory(bench: Bench) -> Iterator[Row]:
    """Conversions in both directions, of many bytes, many tensors, one large tensor and a compressed source."""
    base = base_bytes(bench)
    for kind, suffix, title, both_ways in (
        ("layers", "safetensors", "1 GB", True),
        ("small", "safetensors", "4,000 small tensors", True),
        ("single", "safetensors", "one tensor of 1 GB", True),
        ("deflated", "npz", "npz of 268 MB, deflated", False),
    ):
        ours = bench.folder / "ours.h5"
        yield _row(bench, base, f"{title} → units", ours, lambda: bench.cut(bench.input(kind, suffix), ours))
        if both_ways:
            back = bench.folder / "ours.safetensors"
            yield _row(
                bench, base, f"{title}, units → safetensors", back, lambda: bench.join(bench.checkpoint(kind), back))
        if suffix == "safetensors" and kind != "small":
            yield from _compressed(bench, base, kind, title)
        bench.drop(kind, f"{kind}.h5")


def _compressed(bench: Bench, base: int, kind: str, title: str) -> Iterator[Row]:
    """The same with --compress, in both directions."""
    ours, back = bench.folder / "ours.h5", bench.folder / "ours.safetensors"
    yield _row(bench, base, f"{title} → units, --compress", ours, lambda: bench.cut(bench.input(kind), ours) + ["--compress"])
    kept = bench.folder / "compressed.h5"
    try:
        run([bench.cut(bench.input(kind), kept) + ["--compress"]])
        yield _row(bench, base, f"{title}, compressed units → safetensors", back, lambda: bench.join(kept, back))
    finally:
        kept.unlink(missing_ok=True)


def base_bytes(bench: Bench) -> int:
    """The peak memory of `tessera --version`, which is part of every process."""
    base = statistics.median(run([[bench.tessera, "--version"]]).peak_bytes for _ in range(5))
    # The kernel starts a child's maximum at its parent's; a larger parent would hide the child's own.
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    if own >= base:
        raise Failed(f"the measuring process takes {own >> 10} KiB, as much as tessera --version ({int(base) >> 10})")
    return int(base)


def _row(bench: Bench, base: int, what: str, destination: Path, command: Callable[[], list[str]]) -> Row:
    title = f"peak memory: {what}"
    try:
        runs = interleave([Case([command()], destination)], bench.runs)[0]
    except Failed as failure:
        return failed(title, str(failure))
    # The largest and not the median: a memory limit must hold for every run.
    return within(title, max(one.peak_bytes for one in runs) - base, LIMIT, "MiB")
