"""The external data of ONNX models: files that a model names, of any name of their own."""

from __future__ import annotations

import mmap
import os
import re

from . import _repository
from ._repository import pointer_of


def naming(changed: set[str]) -> list[str]:
    """The ONNX models, in the folder of a changed file or above it, that contain the changed file's name.

    A name found by chance costs a check of one more model. A model that is a Git LFS pointer has no names to find.
    """
    models = [path for path in _repository.tracked() if path.lower().endswith(".onnx") and path not in changed]
    found: list[str] = []
    for model in models if changed else []:
        folder = os.path.dirname(model)
        names = {os.path.basename(path) for path in changed if not folder or path.startswith(folder + "/")}
        if names and _contains(model, names):
            found.append(model)
    return found


def _contains(path: str, names: set[str]) -> bool:
    if not os.path.isfile(path) or not os.path.getsize(path) or pointer_of(path) is not None:
        return False
    expression = re.compile(b"|".join(re.escape(os.fsencode(name)) for name in sorted(names)))
    try:
        with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return expression.search(content) is not None
    except OSError:
        return False
