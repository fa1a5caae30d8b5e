"""How many bytes are read, by the kernel's own count, and how the index is decoded."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import ROOT, run

import tessera_h5

# Counts the bytes of all read calls of the process (rchar) while a sub-network is read.
COUNTED = """
import sys
sys.path.insert(0, sys.argv[1])
import tessera_h5, numpy
def rchar():
    with open("/proc/self/io") as file:
        return int(file.readline().split()[1])
tessera_h5.open(sys.argv[2]).close()
before = rchar()
overhead = rchar() - before
before = rchar()
with tessera_h5.open(sys.argv[2]) as m:
    state = m.state_dict(sys.argv[3], int(sys.argv[4]))
    after = rchar()
    tables = sum(section.size for section in m._sections)
    print(m.bytes_read, after - before - overhead, sum(array.nbytes for array in state.values()), tables, m.index_bytes)
"""


@pytest.mark.parametrize("level", [1, 2, 3, 4])
def test_only_the_needed_bytes_are_read(level: int, large: Path) -> None:
    printed = subprocess.run(
        [sys.executable, "-c", COUNTED, str(ROOT / "python" / "src"), str(large), "t", str(level)],
        check=True, capture_output=True, text=True).stdout
    counted, total, needed, data, index_bytes = map(int, printed.split())
    # The file's other bytes are the index: tables and HDF5's own structures.
    index = large.stat().st_size - data
    assert needed <= counted <= 1.02 * needed
    assert counted <= total <= 1.02 * needed + index
    assert index_bytes <= index < 60_000


def test_the_command_reads_as_much(fashion: Path, tmp_path: Path) -> None:
    compared = 0
    for task in ("fine", "parity"):
        for level in (1, 4):
            report = json.loads(run("extract", fashion, tmp_path / "x.npz", "--json", "--task", task, "--level",
                                    str(level)))
            with tessera_h5.open(fashion) as m:
                m.state_dict(task, level)
                assert m.bytes_read <= 1.02 * report["bytes"]
                compared += 1
    assert compared == 4


def test_opening_reads_no_tensor(fashion: Path) -> None:
    with tessera_h5.open(fashion) as m:
        network = m.network("fine", 2)
        assert len(network) == 44 and network.info("head.weight").shape == (10, 32)
        assert m.bytes_read == 0
        assert network["head.weight"].nbytes <= m.bytes_read <= 64 << 10


def test_ten_thousand_tensors_are_decoded(tmp_path: Path) -> None:
    path = tmp_path / "many.h5"
    weights: dict[str, Any] = {f"layer{n}.weight": np.full((8, 4), n, "f4") for n in range(10_000)}
    tessera_h5.save(path, weights, {
        "format": "tessera.plan/1", "units": 4, "axes": {"out": {"size": 8}},
        "tensors": [{"match": "layer{}.weight", "axes": ["out", None]}], "tasks": [{"name": "t"}]})
    with tessera_h5.open(path) as m:
        assert len(m.tensors) == 10_000 and len(m.network("t", 1)) == 10_000
        # One layout serves all of them.
        assert len(m._placement.layouts) == 1
        for n in (0, 4_567, 9_999):
            assert np.array_equal(m[f"layer{n}.weight"], weights[f"layer{n}.weight"])
        with pytest.raises(KeyError, match="nearest: 'layer77.weight'"):
            m["layer77.weigh"]


def test_many_runs_are_put_in_place(tmp_path: Path) -> None:
    """Units that take every fourth channel, on one and on two dimensions, and blocks larger than a batch."""
    random_source = np.random.default_rng(9)
    weights = {"both": random_source.standard_normal((1200, 900), dtype="f4"),
               "rows": random_source.standard_normal((1200, 901), dtype="f4"),
               "columns": random_source.standard_normal((37, 900, 50), dtype="f4")}
    axes = {"a": {"size": 1200, "units": [list(range(u, 1200, 4)) for u in range(4)]},
            "b": {"size": 900, "units": [list(range(u * 90, u * 90 + 90)) + list(range(360 + u, 900, 4))
                                         for u in range(4)]}}
    plan = {"format": "tessera.plan/1", "units": 4, "axes": axes, "tasks": [{"name": "t", "order": [2, 0, 3, 1]}],
            "tensors": [{"match": "both", "axes": ["a", "b"]}, {"match": "rows", "axes": ["a", None]},
                        {"match": "columns", "axes": [None, "b", None]}]}
    path = tmp_path / "runs.h5"
    tessera_h5.save(path, weights, plan)
    with tessera_h5.open(path) as m:
        for level, units in enumerate(([2], [2, 0], [2, 0, 3], [0, 1, 2, 3]), 1):
            kept = {axis: sorted(sum((axes[axis]["units"][unit] for unit in units), [])) for axis in axes}
            found = m.state_dict("t", level)
            assert np.array_equal(found["both"], weights["both"][np.ix_(kept["a"], kept["b"])])
            assert np.array_equal(found["rows"], weights["rows"][kept["a"]])
            assert np.array_equal(found["columns"], weights["columns"][:, kept["b"]])


def test_a_forked_process_reads_compressed_sections(checkpoint: Any) -> None:
    """A worker of a data loader is forked after its parent has decompressed with threads."""
    code = f"""
import os, sys
sys.path.insert(0, {str(ROOT / "python" / "src")!r})
import tessera_h5
m = tessera_h5.open({str(checkpoint("fashion-compressed"))!r})
m.state_dict("fine", 4)
child = os.fork()
if child == 0:
    m.state_dict("digits", 4)
    os._exit(7)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    printed = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True,
                             timeout=60).stdout
    assert printed == "7\n"


def test_reading_after_close_is_an_error(fashion: Path) -> None:
    m = tessera_h5.open(fashion)
    network = m.network("fine", 1)
    m.close()
    name = next(iter(network))
    for read in (lambda: m.state_dict(), lambda: m.state_dict("fine", 1), lambda: network[name], m.verify):
        with pytest.raises(tessera_h5.TesseraError, match="expected an open checkpoint, found one that was closed"):
            read()
