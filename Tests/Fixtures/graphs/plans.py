"""What a plan's JSON says: which tensors it cuts, and which of their elements a level has."""

import re

import numpy


class Unjudged(Exception):
    """The plan says something that the judge cannot follow."""


def owners(axis, units):
    """The unit of each channel of an axis; −1 for common ones."""
    size, given = axis["size"], axis.get("units")
    result = numpy.full(size, -1)
    if given and isinstance(given[0], list):
        for unit, channels in enumerate(given):
            result[channels] = unit
        return result
    granule = axis.get("granule", 1)
    if size // granule < units:
        return result
    if given:
        return numpy.repeat(numpy.arange(len(given)), given)
    runs = size // granule
    return numpy.repeat(numpy.arange(units), [granule * (runs // units + (u < runs % units)) for u in range(units)])


def positions(dimension, axes, active):
    if "concat" in dimension:
        return numpy.concatenate([
            numpy.ones(part["size"], bool) if isinstance(part, dict) and "size" in part
            else positions(part if isinstance(part, dict) else {"axis": part}, axes, active) for part in dimension["concat"]])
    owner = axes[dimension["axis"]]
    one = (owner < 0) | numpy.isin(owner, list(active))
    return numpy.tile(numpy.repeat(one, dimension.get("inner", 1)), dimension.get("outer", 1))


def fill(text, parts):
    for part in parts:
        text = text.replace("{}", part, 1)
    return text


def filled(dimension, parts):
    """A dimension with what the name's components are for {}."""
    if isinstance(dimension, str):
        return fill(dimension, parts)
    if isinstance(dimension, list):
        return [filled(one, parts) for one in dimension]
    if isinstance(dimension, dict):
        return {key: filled(value, parts) if key in ("axis", "concat") else value for key, value in dimension.items()}
    return dimension


def expression(pattern):
    return re.compile(re.escape(pattern).replace(r"\{\}", r"([^.]+)").replace(r"\*", r"(?:.*)"))


def resolved(plan, names):
    """Tensor name: its dimensions. Of entries with patterns the first that matches a name counts."""
    found = {}
    for entry in plan.get("tensors", []):
        if "name" in entry:
            found.setdefault(entry["name"], entry.get("axes"))
            continue
        pattern = expression(entry["match"])
        for name in names:
            match = pattern.fullmatch(name)
            if match:
                found.setdefault(name, filled(entry.get("axes"), match.groups()))
    return {name: axes for name, axes in found.items() if axes and any(axes)}


def known_axis(plan, name):
    """What the plan says of an axis, by its name or by a pattern."""
    axes = plan.get("axes", {})
    return axes.get(name) or next((axis for pattern, axis in axes.items() if expression(pattern).fullmatch(name)), {})


def presences(plan, active, shapes):
    """For each tensor that the plan cuts a function from its shape to its presence."""
    cuts, sizes = resolved(plan, shapes), {}
    for name, dimensions in cuts.items():
        for number, dimension in enumerate(dimensions):
            for use in dimension.get("concat", [dimension]) if isinstance(dimension, dict) else [dimension]:
                use = {"axis": use} if isinstance(use, str) else use or {}
                if "axis" in use:
                    own = known_axis(plan, use["axis"]).get("size")
                    if own is None and name in shapes and not (isinstance(dimension, dict) and "concat" in dimension):
                        own = shapes[name][number] // (use.get("inner", 1) * use.get("outer", 1))
                    if own is not None:
                        sizes[use["axis"]] = own
    axes = {name: owners(known_axis(plan, name) | {"size": size}, plan["units"]) for name, size in sizes.items()}

    def of(dimensions):
        def presence(shape):
            if len(dimensions) != len(shape):
                raise Unjudged(f"{len(dimensions)} dimensions for {shape}")
            result = numpy.ones(shape, bool)
            for number, dimension in enumerate(dimensions):
                if dimension is not None:
                    keep = positions(dimension if isinstance(dimension, dict) else {"axis": dimension}, axes, active)
                    if len(keep) != shape[number]:
                        raise Unjudged(f"{len(keep)} positions for {shape[number]}")
                    result &= keep.reshape((-1,) + (1,) * (len(shape) - number - 1))
            return result
        return presence

    return {name: of(dimensions) for name, dimensions in cuts.items()}
