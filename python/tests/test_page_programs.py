"""The programs of a page: ordinary files that follow a few rules."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import ROOT

PAGE = ROOT / "Sources" / "Reporting" / "Page"


def test_page_without_data_is_small() -> None:
    assert sum(path.stat().st_size for path in PAGE.iterdir()) < 250_000


@pytest.mark.parametrize("path", sorted(PAGE.glob("*.js")), ids=lambda path: path.name)
def test_program_follows_the_rules(path: Path) -> None:
    """Text becomes text nodes; nothing is evaluated, and nothing is loaded. A file is short and begins strict."""
    text = path.read_text()
    # The name of SVG in XML is the only address.
    text = text.replace('"http://www.w3.org/2000/svg"', "")
    assert text.startswith('"use strict";\n') and len(text.splitlines()) <= 500
    for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", "http://",
                 "https://", "fetch(", "XMLHttpRequest", "WebSocket", "import(", "</script", "<!--", "localStorage",
                 "var "):
        assert word not in text, word
    # `== null` also finds undefined; other comparisons are strict.
    assert re.findall(r"[^=!]==[^=](?!null)|!=[^=](?!null)", text) == []
    assert not [line for line in text.splitlines() if len(line) > 120 or line != line.rstrip() or "\t" in line]


def test_programs_parse() -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("no program is parsed: node is not installed")
    for path in sorted(PAGE.glob("*.js")):
        subprocess.run([node, "--check", path], check=True)


def test_no_name_is_declared_twice() -> None:
    """The programs are joined into one, so their names must differ."""
    names = [name for path in PAGE.glob("*.js")
             for name in re.findall(r"^(?:function|class|const|let) (\w+)", path.read_text(), re.MULTILINE)]
    assert sorted(set(names)) == sorted(names)
