"""The summary of a check, as Markdown."""

from __future__ import annotations

from typing import Callable, TypeVar

from ._check import Difference, Size
from ._text import Problem, change, number, plain, shown, table
from ._text import code as whole_code

Item = TypeVar("Item")

# GitHub shows at most 1 MiB of a step's summary, and nothing of a larger one. Each of the five parts has at most BYTES,
# which is 850 kB for all.
ROWS, NAMES, BYTES = 200, 20, 170_000
# Characters of a name or a sentence. An escaped character has up to 14 bytes.
LENGTH = 400


def short(text: str) -> str:
    """A text with its middle left out, if it is long: the end of a path says as much as its beginning."""
    return text if len(text) <= LENGTH else f"{text[:LENGTH // 2]} … {text[-LENGTH // 2:]}"


def code(text: str, in_table: bool = True) -> str:
    return whole_code(short(text), in_table)


def sentence(text: str) -> str:
    return plain(short(text))


def byte_count(text: str) -> int:
    return len(text.encode("utf-8", "backslashreplace"))


def summary(title: str, problems: list[Problem], skipped: dict[str, str], sizes: dict[str, list[Size]],
            differences: list[Difference], base: str) -> str:
    parts = [f"### {sentence(title)}\n"]
    if problems:
        parts.append(table(["file", "severity", "rule", "finding"], cut(problems, lambda one: [
            code(one.file) if one.file else "", one.severity, sentence(one.title), sentence(one.message)]), 0))
    if skipped:
        parts.append("Not checked:\n\n" + table(["file", "reason"], cut(
            list(skipped.items()), lambda one: [code(one[0]), sentence(one[1])]), 0))
    counts = [(file, size) for file, rows in sizes.items() for size in rows]
    if counts:
        parts.append("#### Parameters\n\n" + table(["file", "task", "level", "parameters", "bytes"], cut(
            counts, lambda one: [code(one[0]), *_level(one[1]), number(one[1].parameters), number(one[1].bytes)]), 2))
    if differences:
        parts.append(f"#### Difference to {sentence(base)}\n\n" + table(
            ["file", "", "tensors added", "removed", "changed", "parameters", "bytes of the file"],
            cut(differences, _row), 5))
        named = [one for one in differences if one.added or one.removed or one.changed]
        texts = _fitting(named, lambda one: [_names(one)])
        parts += [text for made in texts for text in made]
        if len(texts) < len(named):
            parts.append(f"… and the tensors of {number(len(named) - len(texts))} more files\n")
    return "\n".join(parts) + "\n"


def cut(items: list[Item], row: Callable[[Item], list[str]]) -> list[list[str]]:
    """The first rows of a table, and a row that says how many are left out."""
    rows = _fitting(items[:ROWS], row)
    if len(rows) < len(items):
        rows.append([f"… and {number(len(items) - len(rows))} more", *[""] * (len(row(items[0])) - 1)])
    return rows


def _fitting(items: list[Item], make: Callable[[Item], list[str]]) -> list[list[str]]:
    """What is made of the first items, at most BYTES in all."""
    found: list[list[str]] = []
    left = BYTES
    for one in items:
        made = make(one)
        # With the bars between the cells, and the line break.
        left -= sum(byte_count(cell) + 3 for cell in made) + 2
        if left < 0:
            break
        found.append(made)
    return found


def _level(size: Size) -> list[str]:
    if size.task is None:
        return ["(stored)", ""]
    return [code(size.task), "" if size.level is None else shown(short(str(size.level)))]


def _row(one: Difference) -> list[str]:
    tensors = ["" if names is None else number(len(names)) for names in (one.added, one.removed, one.changed)]
    return [code(one.file), sentence(one.what), *tensors, change(*one.parameters), change(*one.bytes)]


def _names(one: Difference) -> str:
    lines: list[str] = []
    for word, names in (("added", one.added), ("removed", one.removed), ("changed", one.changed)):
        if names:
            more = f" and {len(names) - NAMES} more" if len(names) > NAMES else ""
            lines.append(f"* {word}: {', '.join(code(name, in_table=False) for name in names[:NAMES])}{more}")
    return f"<details><summary>Tensors of {sentence(one.file)}</summary>\n\n" + "\n".join(lines) + "\n\n</details>\n"
