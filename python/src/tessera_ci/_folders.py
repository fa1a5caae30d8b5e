"""The folders of models: a change of one file can contradict the others, which are then checked with it."""

from __future__ import annotations

import glob
import os
import re
from typing import Iterable

from ._files import INDEX, SHARD, is_model
from ._text import Problem, plural

# What `tessera validate FOLDER` compares, beside weights.
COMPARED = re.compile(r"(.*\.(json|model|spm)|vocab\.txt)", re.IGNORECASE)
# Without one of these, the command compares no files of a folder.
DESCRIPTIONS = ("config.json", "adapter_config.json", "modules.json", "model_index.json", "tokenizer.json")
# These name folders below theirs, which are parts of the model.
PARTS = ("modules.json", "model_index.json")


def is_compared(path: str) -> bool:
    return COMPARED.fullmatch(os.path.basename(path)) is not None


def has(folder: str, names: Iterable[str]) -> bool:
    return any(os.path.lexists(os.path.join(folder, name)) for name in names)


def kind_of_link(path: str) -> str:
    """What a link leads to, in words; empty if this is a file, or if the path is not a link."""
    if not os.path.islink(path) or os.path.isfile(path):
        return ""
    return "a link to a folder" if os.path.isdir(path) else "a link to no file"


def weights(folder: str) -> list[str]:
    """The files of weights in a folder, and in the folders that are parts of the same model."""
    # "**" would also match in folders of other models.
    patterns = ["*", "*/*"] if has(folder, PARTS) else ["*"]
    found = [path for one in patterns for path in glob.glob(os.path.join(glob.escape(folder), one))]
    return sorted(os.path.normpath(path) for path in found if is_model(path) and not os.path.isdir(path))


def belongs(path: str, folder: str) -> bool:
    """Whether a file is one of the model's in a folder."""
    parent = os.path.dirname(path) or "."
    return path == folder or parent == folder or has(folder, PARTS) and (os.path.dirname(parent) or ".") == folder


def of_models(present: Iterable[str], removed: Iterable[str]) -> list[str]:
    """The folders that must be checked as a whole, because these files of theirs were changed or removed."""
    gone = set(removed)
    found: dict[str, None] = {}
    for path in (*present, *sorted(gone)):
        if not (is_model(path) or is_compared(path)):
            continue
        folder = os.path.dirname(path) or "."
        above = os.path.dirname(folder) or "."
        if has(above, PARTS) and above != folder:
            found[above] = None
        is_member = path in gone and (path.endswith(INDEX) or SHARD.fullmatch(path) is not None)
        if os.path.isdir(folder) and (has(folder, DESCRIPTIONS) or is_member) and weights(folder):
            found[folder] = None
    return sorted(one for one in found if not any(one != other and has(other, PARTS) and belongs(
        os.path.join(one, "x"), other) for other in found))


def lost(touched: Iterable[str], removed: Iterable[str]) -> list[Problem]:
    """What a change leaves: a link to no file, which the command ignores; weights or an index that others need."""
    problems = [Problem(path, "error", "parts", f"expected a file, found {kind_of_link(path)}")
                for path in touched if is_compared(path) and kind_of_link(path) and of_models([path], [])]
    for path in removed:
        folder = os.path.dirname(path) or "."
        if path.endswith(INDEX):
            shards = glob.glob(glob.escape(path.removesuffix(INDEX)) + "-?????-of-?????.safetensors")
            if shards and not has(folder, DESCRIPTIONS):
                problems.append(Problem(path, "error", "shards", "expected the index of "
                                        f"{plural(len(shards), 'shard')}, found none: this change deletes it"))
        elif is_model(path) and not weights(folder):
            left = [name for name in ("config.json", "adapter_config.json") if has(folder, [name])]
            if left and not has(folder, PARTS):
                problems.append(Problem(path, "error", "parts", f"expected the weights that {left[0]} describes, found "
                                        "none: this change deletes them"))
    return problems
