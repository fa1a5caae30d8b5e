"""Runs commands and measures them: wall time, processor time, peak memory.

The measuring process stays small, so it imports no NumPy: the kernel starts a child's peak memory at that of its parent
at the moment of spawning.
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path


class Failed(Exception):
    """A command did not exit with 0; the text is its last line."""


@dataclass(frozen=True)
class Run:
    """One run of one or more commands, one after another."""

    seconds: float
    """Wall time, from the start of the first to the end of the last."""
    processor_seconds: float
    """User and system time of all commands."""
    peak_bytes: int
    """The largest maximum resident set of any command."""


@dataclass(frozen=True)
class Case:
    """Commands that are run several times."""

    commands: list[list[str]]
    destination: Path | None = None
    """Deleted before and after every run."""
    check: object = field(default=None)
    """Called once, after the first run, while the destination exists: the time of a wrong result would mean nothing."""


def run(commands: list[list[str]]) -> Run:
    """Runs the commands; their output is discarded."""
    processor, peak = 0.0, 0
    with tempfile.TemporaryFile() as errors:
        start = time.perf_counter()
        for command in commands:
            child = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors)
            _, status, usage = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
            processor += usage.ru_utime + usage.ru_stime
            peak = max(peak, usage.ru_maxrss * 1024)
            if child.returncode != 0:
                errors.seek(0)
                lines = errors.read().decode(errors="replace").strip().splitlines() or ["no message"]
                raise Failed(f"{Path(command[0]).name} ended with {child.returncode}: {lines[-1]}")
        seconds = time.perf_counter() - start
    return Run(seconds, processor, peak)


def interleave(cases: list[Case], runs: int) -> list[list[Run]]:
    """Runs `runs` rounds with every case once; the result has one list for each case."""
    results: list[list[Run]] = [[] for _ in cases]
    for number in range(runs):
        for case, measured in zip(cases, results):
            remove(case.destination)
            # Earlier writes and deletions reach the disk first, so that each case pays only for its own.
            os.sync()
            measured.append(run(case.commands))
            if number == 0 and case.check:
                case.check()
            remove(case.destination)
    return results


def remove(path: Path | None) -> None:
    if path:
        path.unlink(missing_ok=True)


def warm(path: Path) -> None:
    """Reads the file once, so that every run finds it in the page cache."""
    with open(path, "rb", buffering=0) as file:
        while file.read(1 << 20):
            pass


def ratio(ours: list[float], peer: list[float]) -> float:
    """The median of the rounds' ratios: a slow minute of the machine slows both."""
    return statistics.median(mine / other for mine, other in zip(ours, peer))


@dataclass
class Bench:
    """The settings of every row: the command, a folder, and the number of runs."""

    tessera: str
    folder: Path
    runs: int
    quick: bool
    python: str = sys.executable
    made: dict = field(default_factory=dict)
    load: float = field(default_factory=lambda: os.getloadavg()[0])
    """The system's load in the minute before; with more than a few processes, wall times mean little."""

    def script(self, name: str) -> list[str]:
        """The command line that runs a script of this folder."""
        return [self.python, str(Path(__file__).with_name(name))]

    def input(self, kind: str, suffix: str = "safetensors") -> Path:
        """The input of this kind (see inputs.py), made at its first use."""
        if kind not in self.made:
            path = self.folder / f"{kind}.{suffix}"
            self.say(f"making {path.name}")
            run([self.script("inputs.py") + [kind, str(path)] + (["--quick"] if self.quick else [])])
            if kind != "sparse":
                warm(path)
            self.made[kind] = path
        return self.made[kind]

    def grid(self, count: int, size: int, units: int, tasks: int = 1) -> Path:
        """`count` matrices of `size` × `size`, with a plan that cuts both dimensions into `units`."""
        path = self.folder / f"grid-{count}-{size}.safetensors"
        self.say(f"making {path.name}")
        run([self.script("inputs.py") + ["grid", str(path), str(count), str(size), str(units), str(tasks)]])
        warm(path)
        return path

    def drop_grid(self, path: Path) -> None:
        """Deletes the files of `grid`."""
        remove(path)

    def checkpoint(self, kind: str) -> Path:
        """The input of this kind as a unit checkpoint."""
        key = f"{kind}.h5"
        if key not in self.made:
            source, path = self.input(kind), self.folder / key
            run([self.cut(source, path)])
            warm(path)
            self.made[key] = path
        return self.made[key]

    def drop(self, *kinds: str) -> None:
        """Deletes large inputs that no later row is likely to use."""
        for kind in kinds:
            remove(self.made.pop(kind, None))

    def cut(self, source: Path, destination: Path) -> list[str]:
        """Our command that cuts an input by its plan."""
        return [self.tessera, "convert", str(source), str(destination), "--plan", f"{source}.plan.json"]

    def join(self, source: Path, destination: Path) -> list[str]:
        """Our command that converts a checkpoint back."""
        return [self.tessera, "convert", str(source), str(destination)]

    def copy(self, source: Path, destination: Path) -> list[list[str]]:
        """The commands `cp` and `sync`."""
        return [["cp", str(source), str(destination)], self.flush(destination)]

    def flush(self, destination: Path) -> list[str]:
        """The sync of a peer's file; our command flushes its own."""
        return ["sync", str(destination)]

    @staticmethod
    def say(text: str) -> None:
        """Shows progress, only on a terminal."""
        if sys.stderr.isatty():
            print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def need(folder: Path, count: int) -> None:
    """Checks the free space: a disk that fills up later would look like a failure of the command that writes then."""
    free = shutil.disk_usage(folder).free
    if free < count:
        raise Failed(f"{folder}: expected {count / 1e9:.0f} GB free for the inputs, found {free / 1e9:.1f} GB")
