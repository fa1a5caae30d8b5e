"""Model files: their names, sets of shards, and patterns for them."""

from __future__ import annotations

import glob
import os
import re
from typing import Iterable

# Also `files` of the hooks in .pre-commit-hooks.yaml. A .bin is a model only by its name: firmware has this ending too.
NAMES = r"(?i)(\.(safetensors(\.index\.json)?|npz|pt|pth|ckpt|onnx|h5|hdf5|dduf)|(model|weights)[^/]*\.bin)$"


SHARD = re.compile(r"(?P<stem>.*)-\d{5}-of-\d{5}\.safetensors", re.DOTALL)
INDEX = ".safetensors.index.json"


def is_model(path: str) -> bool:
    return re.search(NAMES, path) is not None


def as_sets(files: Iterable[str]) -> list[str]:
    """The files, with a set of shards given by its index: the set is checked and counted as one model."""
    found = ((file, SHARD.fullmatch(file)) for file in files)
    indexes = ((file, shard["stem"] + INDEX if shard else file) for file, shard in found)
    return sorted({index if os.path.exists(index) else file for file, index in indexes})


def parts(path: str | os.PathLike[str]) -> list[str]:
    """The file, and its shards if it is the index of a set."""
    text = os.fspath(path)
    if not text.endswith(INDEX):
        return [text]
    return [text, *sorted(glob.glob(glob.escape(text.removesuffix(INDEX)) + "-?????-of-?????.safetensors"))]


def size(path: str | os.PathLike[str]) -> int:
    """The bytes of a file, or of a set of shards."""
    return sum(os.stat(part).st_size for part in parts(path) if os.path.exists(part))


def pattern(text: str) -> re.Pattern[str]:
    """A glob as an expression for whole paths: `*` and `?` stay within one name, `**` does not.

    A folder's name stands for the model files in it.
    """
    text = text[2:] if text.startswith("./") else text
    if text in ("", "."):
        return re.compile("(?P<inside>.*)", re.DOTALL)
    words = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    found = re.findall(r"\*\*/|\*\*|\*|\?|\[[^\]]+\]|.", text.rstrip("/"))
    expression = "".join(words.get(p) or (_set(p) if len(p) > 1 else re.escape(p)) for p in found)
    inside = "" if re.search(r"[*?\[]", text) else "/.*"
    return re.compile(f"{expression}(?P<inside>{inside})?", re.DOTALL)


def _set(text: str) -> str:
    inner = text[1:-1]
    start = "^" if inner.startswith("!") and len(inner) > 1 else ""
    return "[" + start + re.sub(r"([\[\\^&~|])", r"\\\1", inner.removeprefix("!") if start else inner) + "]"


def matches(expression: re.Pattern[str], path: str) -> bool:
    found = expression.fullmatch(path)
    return found is not None and (not found["inside"] or is_model(path))
