"""The rows of the benchmark and the table they are printed in."""

import statistics
from dataclasses import dataclass

from measure import Run, ratio

HEADINGS = ["what", "ours", "peer", "ratio", "target", "", "CPU ours / peer"]


@dataclass(frozen=True)
class Row:
    """One line: a measurement and its target."""

    title: str
    ours: str
    peer: str
    ratio: str
    target: str
    met: bool | None
    """None if nothing could be measured."""
    processor: str = ""
    verdict: str | None = None
    """The text that replaces met, missed and failed."""

    @property
    def is_failed(self) -> bool:
        return self.met is None and self.verdict is None

    @property
    def cells(self) -> list[str]:
        verdict = {True: "met", False: "missed", None: "failed"}[self.met] if self.verdict is None else self.verdict
        return [self.title, self.ours, self.peer, self.ratio, self.target, verdict, self.processor]


def beside(title: str, ours: list[Run], peer: list[Run], limit: float) -> Row:
    """A row that compares wall times, round by round."""
    value = ratio([one.seconds for one in ours], [one.seconds for one in peer])
    return Row(
        title, _seconds(ours), _seconds(peer), f"{value:.3f}" if limit < 0.2 else f"{value:.2f}", f"≤ {limit:.2f} ×", value <= limit,
        f"{_processor(ours)} / {_processor(peer)}")


def summed(title: str, ours: list[list[Run]], peers: list[list[Run]], limit: float | None) -> Row:
    """A row that compares total wall times of several pairs, round by round; without a limit it is only printed."""
    mine, other = ([_sum(runs) for runs in zip(*lists)] for lists in (ours, peers))
    if limit is not None:
        return beside(title, mine, other, limit)
    value = ratio([one.seconds for one in mine], [one.seconds for one in other])
    return Row(
        title, _seconds(mine), _seconds(other), f"{value:.3f}", "", None, f"{_processor(mine)} / {_processor(other)}",
        verdict="")


def _sum(runs: tuple[Run, ...]) -> Run:
    return Run(
        sum(one.seconds for one in runs), sum(one.processor_seconds for one in runs),
        max(one.peak_bytes for one in runs))


def within(title: str, value: float, limit: float, unit: str, runs: list[Run] | None = None) -> Row:
    """A row with an absolute limit: seconds (`ms`) or bytes (`MiB`)."""
    scale = {"ms": 1e3, "MiB": 1 / (1 << 20)}[unit]
    return Row(
        title, f"{value * scale:.0f} {unit}", "", "", f"≤ {limit * scale:.0f} {unit}", value <= limit,
        _processor(runs) if runs else "")


def failed(title: str, reason: str) -> Row:
    """A row that could not be measured."""
    return Row(title, reason, "", "", "", None)


def markdown(rows: list[Row]) -> str:
    """The table, with aligned columns, so that it is also readable as plain text."""
    lines = [HEADINGS] + [row.cells for row in rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADINGS))]
    text = [" | ".join(cell.ljust(width) for cell, width in zip(line, widths)) for line in lines]
    text.insert(1, " | ".join("-" * width for width in widths))
    return "".join(f"| {line} |\n" for line in text)


def _seconds(runs: list[Run]) -> str:
    return f"{statistics.median(one.seconds for one in runs):.2f} s"


def _processor(runs: list[Run]) -> str:
    return f"{statistics.median(one.processor_seconds for one in runs):.2f} s"
