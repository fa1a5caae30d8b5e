"""Rows that compare the times of conversions with a peer's."""

import filecmp

from measure import Bench, Case, Failed, interleave, run
from table import Row, beside


def cut_1gb(bench: Bench) -> list[Row]:
    """1 GB of safetensors to units, compared with a script that makes the same cut, and with a copy."""
    title = "convert 1 GB safetensors → units"
    runs = interleave(_cut_cases(bench, "layers", with_copy=True), bench.runs)
    return [
        beside(f"{title}, against NumPy + h5py", runs[0], runs[1], limit=1.0),
        beside(f"{title}, against cp + sync", runs[0], runs[2], limit=1.2),
    ]


def cut_small(bench: Bench) -> list[Row]:
    """4,000 tensors of 64 × 64, 64 MB in total, compared with the script."""
    runs = interleave(_cut_cases(bench, "small", with_copy=False), bench.runs)
    return [beside("convert 4,000 small tensors → units, against NumPy + h5py", runs[0], runs[1], limit=0.25)]


def join_1gb(bench: Bench) -> list[Row]:
    """Back to safetensors, compared with a copy of the same number of bytes."""
    source, checkpoint = bench.input("layers"), bench.checkpoint("layers")
    ours, peer = bench.folder / "ours.safetensors", bench.folder / "peer.safetensors"

    def identical():
        if not filecmp.cmp(source, ours, shallow=False):
            raise Failed("units → safetensors gave another file than the one the units came from")

    runs = interleave(
        [Case([bench.join(checkpoint, ours)], ours, identical), Case(bench.copy(source, peer), peer)], bench.runs)
    return [beside("convert 1 GB units → safetensors, against cp + sync", runs[0], runs[1], limit=1.2)]


def _cut_cases(bench: Bench, kind: str, with_copy: bool) -> list[Case]:
    source = bench.input(kind)
    ours, peer, copy = (bench.folder / name for name in ("ours.h5", "peer.h5", "copy.safetensors"))
    reference = bench.folder / "reference.h5"

    def same():
        # The peer's file for this check is not part of the measurement.
        script = bench.script("h5py_cut.py") + [str(source), str(reference)]
        try:
            run([script, bench.script("same_units.py") + [str(ours), str(reference)]])
        finally:
            reference.unlink(missing_ok=True)

    cases = [
        Case([bench.cut(source, ours)], ours, same),
        Case([bench.script("h5py_cut.py") + [str(source), str(peer)], bench.flush(peer)], peer),
    ]
    return cases + ([Case(bench.copy(source, copy), copy)] if with_copy else [])
