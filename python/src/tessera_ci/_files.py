"""Model files: their names, sets of shards, and patterns for them."""

from __future__ import annotations

import glob
import json
import os
import re
from typing import Any, Iterable

# Also `files` of the hooks in .pre-commit-hooks.yaml. A .bin is a model only by its name: firmware has this ending too.
# TensorFlow's checkpoints are known by their data files: many programs have an .index.
NAMES = r"(?i)(\.(safetensors(\.index\.json)?|npz|pt|pth|ckpt|onnx|keras|gguf|distcp|h5|hdf5|msgpack|dduf)|" \
        r"(model|weights|consolidated)[^/]*\.bin|\.data-\d{5}-of-\d{5})$"


SHARD = re.compile(r"(?P<stem>.*)-\d{5}-of-\d{5}\.safetensors", re.DOTALL)
INDEX = ".safetensors.index.json"
# A distributed checkpoint of PyTorch: files of pieces, and what they are pieces of. The metadata is not a model by its
# name: Flutter's projects have a file of this name.
PIECES, METADATA = ".distcp", ".metadata"
# The data files of a TensorFlow checkpoint, whose index is `stem.index`.
DATA = re.compile(r"(?P<stem>.*)\.data-\d{5}-of-\d{5}", re.DOTALL)
# Bytes of an index that is read. The largest published ones have about 10 MB.
INDEX_LIMIT = 200_000_000


def is_model(path: str) -> bool:
    return re.search(NAMES, path) is not None


def as_sets(files: Iterable[str]) -> list[str]:
    """The files, with a set of shards given by its index: the set is checked and counted as one model. The pieces of a
    distributed checkpoint are given by its metadata.

    A file that no index names is not a part of a set, whatever its own name is: it stays. A shard beside an index that
    cannot be read stays, too, and the index is added. The data of a TensorFlow checkpoint are given by its index.
    """
    found: set[str] = set()
    indexes: dict[str, dict[str, set[str] | None]] = {}
    for file in files:
        data = DATA.fullmatch(file)
        if data and os.path.lexists(data["stem"] + ".index"):
            found.add(data["stem"] + ".index")
            continue
        folder, name = os.path.split(file)
        if name.endswith(PIECES) and os.path.isfile(metadata := os.path.join(folder, METADATA)):
            found.add(metadata)
            continue
        if folder not in indexes:
            indexes[folder] = {index: named(index) for index in glob.glob(
                os.path.join(glob.escape(folder), "*" + INDEX))}
        sets = [index for index, names in indexes[folder].items() if names is not None and name in names]
        shard = SHARD.fullmatch(file)
        if shard and indexes[folder].get(shard["stem"] + INDEX, set()) is None:
            found.add(shard["stem"] + INDEX)
        found.update(sets or [file])
    return sorted(found)


def named(index: str) -> set[str] | None:
    """The names of the files in an index; none if it cannot be read, which `tessera validate` reports."""
    try:
        # A link to a device would have no end.
        if not os.path.isfile(index) or os.path.getsize(index) > INDEX_LIMIT:
            return None
        with open(index, encoding="utf-8") as file:
            document: Any = json.load(file)
        return {str(name) for name in document["weight_map"].values()}
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None


def parts(path: str | os.PathLike[str]) -> list[str]:
    """The file, and the files that it names if it is the index of a set, or the pieces beside their metadata."""
    text = os.fspath(path)
    if os.path.basename(text) == METADATA:
        return [text, *sorted(glob.glob(os.path.join(glob.escape(os.path.dirname(text)), "*" + PIECES)))]
    if text.endswith(".index"):
        data = glob.glob(glob.escape(text.removesuffix("index")) + "data-?????-of-?????")
        return [text, *(file for file in sorted(data) if DATA.fullmatch(file) and os.path.isfile(file))]
    if not text.endswith(INDEX):
        return [text]
    folder = os.path.dirname(text)
    # The command refuses a name that is a path.
    found = (os.path.join(folder, name) for name in sorted(named(text) or ()) if name == os.path.basename(name) != "")
    return [text, *(part for part in found if os.path.isfile(part))]


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
