"""Replaces parts of an exported graph that hide channels by parts that show them. Values stay the same."""

from __future__ import annotations

from typing import Any


def show_channels(model: Any) -> bool:
    """Rewrites an `onnx.ModelProto` in place. Returns whether something changed.

    Scaled dot-product attention with a mask ends in Where(IsNaN(x), 0, x), which is x unless a row is masked
    completely. Indexing with one tensor becomes GatherND with indices of one component, which is Gather.
    """
    import onnx

    graph = model.graph
    makers = {name: node for node in graph.node for name in node.output}
    renamed: dict[str, str] = {}
    removed: set[int] = set()
    for node in graph.node:
        if node.op_type == "Where":
            condition = makers.get(node.input[0])
            if condition is not None and condition.op_type == "IsNaN" and condition.input[0] == node.input[2]:
                renamed[node.output[0]] = node.input[2]
                removed.add(id(node))
        elif node.op_type == "GatherND" and not any(each.name == "batch_dims" and each.i for each in node.attribute):
            indices = makers.get(node.input[1])
            if indices is not None and indices.op_type == "Concat" and len(indices.input) == 1:
                indices = makers.get(indices.input[0])
            if indices is not None and indices.op_type == "Unsqueeze" and _is_last(makers.get(indices.input[1])):
                node.op_type = "Gather"
                node.input[1] = indices.input[0]
                del node.attribute[:]
                node.attribute.append(onnx.helper.make_attribute("axis", 0))
                removed.add(0)
    if not removed:
        return False
    kept = [node for node in graph.node if id(node) not in removed]
    for node in kept:
        for place, name in enumerate(node.input):
            while name in renamed:
                name = renamed[name]
            node.input[place] = name
    for output in graph.output:
        if output.name in renamed:
            kept.append(onnx.helper.make_node("Identity", [renamed[output.name]], [output.name]))
    del graph.node[:]
    graph.node.extend(kept)
    _remove_unused(graph)
    return True


def _is_last(node: Any) -> bool:
    """Whether a Constant is the axis −1."""
    from onnx import numpy_helper

    if node is None or node.op_type != "Constant":
        return False
    for attribute in node.attribute:
        if attribute.name == "value":
            return numpy_helper.to_array(attribute.t).reshape(-1).tolist() == [-1]
        if attribute.name in ("value_int", "value_ints"):
            return (list(attribute.ints) or [attribute.i]) == [-1]
    return False


def _remove_unused(graph: Any) -> None:
    """Removes nodes whose outputs nothing uses."""
    needed = {output.name for output in graph.output}
    kept: list[Any] = []
    for node in reversed(graph.node):
        if any(name in needed for name in node.output):
            kept.append(node)
            needed.update(node.input)
            for attribute in node.attribute:
                for inner in [attribute.g, *attribute.graphs]:
                    needed.update(name for each in inner.node for name in each.input)
    del graph.node[:]
    graph.node.extend(reversed(kept))
