"""Text for people: names of files and tensors, which may contain anything, in a log, an annotation and Markdown."""

from __future__ import annotations

import re
from typing import NamedTuple


class Problem(NamedTuple):
    """A finding, or a gate that is not passed."""

    file: str
    severity: str
    title: str
    message: str


COMMANDS = {"error": "error", "warning": "warning", "note": "notice"}
SEVERITIES = {command: severity for severity, command in COMMANDS.items()}


def shown(text: str) -> str:
    r"""A text on one line. Control characters and backslashes are escaped.

    >>> shown("a\nb")
    'a\\u{a}b'
    """
    return "".join(c if c.isprintable() and c != "\\" else "\\\\" if c == "\\" else f"\\u{{{ord(c):x}}}" for c in text)


def code(text: str, in_table: bool = True) -> str:
    """A text as code in Markdown. In a cell of a table, a bar has a backslash.

    >>> print(code("a|`b"))
    `` a\\|`b ``
    """
    text = shown(text)
    text = text.replace("|", "\\|") if in_table else text
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", text)), default=0))
    space = " " if fence != "`" or text.startswith(" ") or not text else ""
    return f"{fence}{space}{text}{space}{fence}"


def plain(text: str) -> str:
    """A sentence of the command as Markdown, in which no character has a meaning.

    >>> print(plain("found <b> [x](y) *z*"))
    found &lt;b&gt; &#91;x&#93;(y) &#42;z&#42;
    """
    text = shown(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"[\\`*_\[\]|~#!@]", lambda found: f"&#{ord(found[0])};", text).replace("://", "&#58;//")


def annotation(problem: Problem) -> str:
    """The workflow command of GitHub for a problem."""
    def escaped(text: str) -> str:
        return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")

    def of_property(text: str) -> str:
        return escaped(text).replace(":", "%3A").replace(",", "%2C")
    file = f"file={of_property(problem.file)}," if problem.file else ""
    return (f"::{COMMANDS[problem.severity]} {file}title={of_property('tessera ' + problem.title)}"
            f"::{escaped(problem.message)}")


def parse_annotation(line: str) -> Problem | None:
    """The problem of a line that `tessera validate --format github` prints."""
    found = re.fullmatch(r"::(error|warning|notice) file=([^,:]*),title=tessera ([^,:]*)::(.*)", line)
    if found is None:
        return None

    def text(part: str) -> str:
        for code_, character in (("%2C", ","), ("%3A", ":"), ("%0D", "\r"), ("%0A", "\n"), ("%25", "%")):
            part = part.replace(code_, character)
        return part
    file = text(found[2])
    return Problem(file, SEVERITIES[found[1]], text(found[3]), text(found[4]).removeprefix(f"{shown(file)}: "))


def number(value: int) -> str:
    return f"{value:,}"


def plural(count: int, noun: str) -> str:
    return f"{number(count)} {noun}{'' if count == 1 else 's'}"


def change(before: int | None, after: int | None) -> str:
    """Two numbers and their difference, such as `100 → 150 (+50.0 %)`."""
    def one(value: int | None) -> str:
        return "?" if value is None else number(value)
    if before == after and before is not None:
        return f"{number(before)} (same)"
    share = f" ({(after - before) / before:+,.1%})".replace("%", " %") if before and after is not None else ""
    return f"{one(before)} → {one(after)}{share}"


def table(head: list[str], rows: list[list[str]], numbers: int) -> str:
    """A Markdown table; the last `numbers` columns are aligned to the right."""
    line = ["---"] * (len(head) - numbers) + ["---:"] * numbers
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, line, *rows]) + "\n"
