"""Names that a wrapper of a module gives to its tensors, as `module.` of DataParallel."""

from __future__ import annotations

from collections.abc import Iterable

# What each wrapper puts before the names, and the attribute with the module in it.
WRAPPERS = {"_orig_mod.": "_orig_mod", "module.": "module"}
_MADE_BY = {"_orig_mod.": "torch.compile", "module.": "DataParallel"}
# The part of names that must agree once the wrapper's are removed.
SHARE = 0.5


def bare(name: str) -> str:
    """A name without the parts of wrappers, wherever they are.

    >>> bare("module.layers.0._orig_mod.weight")
    'layers.0.weight'
    """
    return ".".join(part for part in name.split(".") if f"{part}." not in WRAPPERS)


def hint(own: Iterable[str], found: Iterable[str], source: str = "the file") -> str:
    """Why most names of a module (`own`) and of a file or plan (`found`) differ, and what to do; empty if not known.

    >>> hint(["0.up", "0.down"], ["up", "down"])
    "the module's names begin with '0.': give module[0] instead"
    """
    own, found = list(own), list(found)
    for names, others, is_own in ((own, found, True), (found, own, False)):
        place = "the module's names" if is_own else f"the names in {source}"
        start = _prefix(names, others)
        if start:
            inner = _inner(start) if is_own else ""
            advice = f"give {inner} instead" if inner else f"make {source} with names without '{start}'"
            return f"{place} begin with '{start}': {advice}"
        wrapped = [name for name in names if bare(name) != name]
        if wrapped and _agree((bare(name) for name in names), others):
            part = next(part for part in wrapped[0].split(".") if f"{part}." in WRAPPERS)
            return f"{place} contain '{part}.' of {_MADE_BY[f'{part}.']}: use the modules without the wrapper"
    return ""


def _prefix(longer: list[str], shorter: list[str]) -> str:
    """The text before most of the longer names that makes them the shorter names; empty if there is none."""
    for other in shorter[:1] + shorter[-1:]:
        for name in longer:
            if name.endswith("." + other):
                start = name[:-len(other)]
                if _agree((one[len(start):] for one in longer if one.startswith(start)), shorter):
                    return start
    return ""


def _agree(names: Iterable[str], others: list[str]) -> bool:
    known = set(others)
    return sum(name in known for name in names) > SHARE * len(known)


def _inner(start: str) -> str:
    """The expression for the module below a prefix of names."""
    parts = start.rstrip(".").split(".")
    return "module" + "".join(f"[{part}]" if part.isdigit() else f".{part}" for part in parts)


def advice_for(names: Iterable[str]) -> str:
    """What to do about names that all begin like those of a wrapper; empty if they do not.

    >>> advice_for(["_orig_mod.up", "_orig_mod.down"])
    "all names begin with '_orig_mod.', as those of torch.compile do: give the module inside it, module._orig_mod"
    """
    names = list(names)
    for start, attribute in WRAPPERS.items():
        if names and all(name.startswith(start) for name in names):
            return (f"all names begin with '{start}', as those of {_MADE_BY[start]} do: give the module inside it, "
                    f"module.{attribute}")
    return ""
