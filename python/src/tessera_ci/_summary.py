"""The summary of a check, as Markdown."""

from __future__ import annotations

from ._check import Difference, Size
from ._text import Problem, change, code, number, plain, shown, table

# GitHub shows at most 1 MiB of a job's summary.
ROWS, NAMES = 200, 20


def summary(title: str, problems: list[Problem], skipped: dict[str, str], sizes: dict[str, list[Size]],
            differences: list[Difference], base: str) -> str:
    parts = [f"### {plain(title)}\n"]
    if problems:
        rows = [[code(one.file) if one.file else "", one.severity, plain(one.title), plain(one.message)]
                for one in problems]
        parts.append(table(["file", "severity", "rule", "finding"], cut(rows), 0))
    if skipped:
        parts.append("Not checked:\n\n" + table(["file", "reason"], cut(
            [[code(file), plain(why)] for file, why in skipped.items()]), 0))
    counts = [[code(file), *_level(size), number(size.parameters), number(size.bytes)]
              for file, rows in sizes.items() for size in rows]
    if counts:
        parts.append("#### Parameters\n\n" + table(["file", "task", "level", "parameters", "bytes"], cut(counts), 2))
    if differences:
        parts.append(f"#### Difference to {plain(base)}\n\n" + table(
            ["file", "", "tensors added", "removed", "changed", "parameters", "bytes of the file"],
            cut([_row(one) for one in differences]), 5))
        parts += [text for one in differences if (text := _names(one))]
    return "\n".join(parts) + "\n"


def cut(rows: list[list[str]]) -> list[list[str]]:
    if len(rows) <= ROWS:
        return rows
    return [*rows[:ROWS], [f"… and {len(rows) - ROWS} more", *[""] * (len(rows[0]) - 1)]]


def _level(size: Size) -> list[str]:
    if size.task is None:
        return ["(stored)", ""]
    return [code(size.task), "" if size.level is None else shown(str(size.level))]


def _row(one: Difference) -> list[str]:
    tensors = ["" if names is None else number(len(names)) for names in (one.added, one.removed, one.changed)]
    return [code(one.file), plain(one.what), *tensors, change(*one.parameters), change(*one.bytes)]


def _names(one: Difference) -> str:
    lines: list[str] = []
    for word, names in (("added", one.added), ("removed", one.removed), ("changed", one.changed)):
        if names:
            more = f" and {len(names) - NAMES} more" if len(names) > NAMES else ""
            lines.append(f"* {word}: {', '.join(code(name, in_table=False) for name in names[:NAMES])}{more}")
    if not lines:
        return ""
    return f"<details><summary>Tensors of {plain(one.file)}</summary>\n\n" + "\n".join(lines) + "\n\n</details>\n"
