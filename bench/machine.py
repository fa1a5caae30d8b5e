"""Describes the machine on which the figures were measured."""

import os
import platform
import subprocess
from importlib import metadata
from pathlib import Path

HDF5_OF_H5PY = "import h5py; print(h5py.version.hdf5_version)"
"""Run in its own process; h5py's wheel has its own library."""


def describe(bench) -> list[tuple[str, str]]:
    """Names and values in the order in which they are printed; without a host name or a path."""
    return [
        ("processor", _processor()),
        ("cores", str(len(os.sched_getaffinity(0)))),
        ("load before the first run", f"{bench.load:.1f}"),
        ("memory", f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / (1 << 30):.0f} GiB"),
        ("kernel", platform.release()),
        ("file system", _file_system(bench.folder)),
        ("tessera", _said([bench.tessera, "--version"])),
        ("swift", _said([os.environ.get("SWIFT", "swift"), "--version"])),
        ("libhdf5", _package("libhdf5-103-1", "libhdf5-dev")),
        ("zlib", _package("zlib1g")),
        ("onnxruntime", _module("onnxruntime")),
        ("python", platform.python_version()),
        ("numpy", _module("numpy")),
        ("h5py", f"{_module('h5py')}, with HDF5 {_said([bench.python, '-c', HDF5_OF_H5PY])}"),
    ]


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def _file_system(folder: Path) -> str:
    """The type of the file system of the files, from the longest mount point that contains them."""
    best = ("", "unknown")
    for line in Path("/proc/mounts").read_text().splitlines():
        _, point, kind, *_ = line.split()
        if folder.resolve().is_relative_to(point) and len(point) > len(best[0]):
            best = (point, kind)
    return best[1]


def _said(command: list[str]) -> str:
    try:
        result = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return result.stdout.splitlines()[0] if result.stdout else "unknown"


def _package(*names: str) -> str:
    """The version of the first package that is installed."""
    for name in names:
        version = _said(["dpkg-query", "--show", "--showformat", "${Version}", name])
        if version != "unknown":
            return version
    return "unknown"


def _module(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"
