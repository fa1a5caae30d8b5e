"""Seeded weights for the light architectures of the `onnx` wheel, whose own are constants that cannot show a mix-up."""

import numpy
from onnx import numpy_helper


def nodes_and_weights(model, rng, narrowed={}):
    """The nodes of a model of the wheel but its ConstantOfShape ones, and an initializer for each of those.

    Activations neither vanish nor explode. `narrowed`: extents that become others.
    """
    graph = model.graph
    shapes = {t.name: numpy_helper.to_array(t) for t in graph.initializer}
    uses = {}
    for node in graph.node:
        for place, name in enumerate(node.input):
            uses.setdefault(name, (node.op_type, place))
        if node.op_type == "Unsqueeze" and node.output[0]:
            uses[node.output[0]] = ("", 0)
    nodes, weights = [], []
    for node in graph.node:
        if node.op_type != "ConstantOfShape":
            nodes.append(node)
            continue
        shape = [narrowed.get(int(n), int(n)) for n in shapes[node.input[0]]]
        operator, place = uses.get(node.output[0], ("", 0))
        if operator == "BatchNormalization" and place in (1, 4):
            value = rng.uniform(0.8, 1.2, shape)
        elif operator in ("Conv", "Gemm") and place == 1:
            value = rng.standard_normal(shape) * numpy.sqrt(2 / max(1, numpy.prod(shape[1:])))
        else:
            value = rng.uniform(0.9, 1.1, shape) if operator == "Unsqueeze" else rng.standard_normal(shape) * 0.1
        weights.append(numpy_helper.from_array(value.astype(numpy.float32), node.output[0]))
    return nodes, weights
