"""Multiply-adds and peak bytes of activations of an ONNX model, from its nodes and the shapes that ONNX Runtime gives.

Independent of Tessera: the arithmetic is what the operators' definitions say, and liveness is found by looking forward.
"""

import math

import onnx
import onnxruntime

# Of these the output has its first input's memory.
SHARES = {"Reshape", "Flatten", "Squeeze", "Unsqueeze", "Identity", "Dropout"}


def shapes_and_sizes(model, inputs):
    """(shape, bytes) of every value that a node makes, of inputs and of initializers."""
    every = onnx.ModelProto()
    every.CopyFrom(model)
    declared = {value.name for value in every.graph.output}
    names = list(declared)
    for node in every.graph.node:
        for name in node.output:
            if name and name not in declared:
                every.graph.output.append(onnx.ValueInfoProto(name=name))
                names.append(name)
                declared.add(name)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(every.SerializeToString(), options, providers=["CPUExecutionProvider"])
    found = {name: (value.shape, value.nbytes) for name, value in zip(names, session.run(names, inputs))}
    for name, value in inputs.items():
        found[name] = (value.shape, value.nbytes)
    for tensor in every.graph.initializer:
        found[tensor.name] = (tuple(tensor.dims), 0)
    return found


def multiply_adds(model, found):
    total = 0
    for node in model.graph.node:
        attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
        shape = [found[name][0] if name in found else None for name in node.input]
        made = found[node.output[0]][0] if node.output[0] else None
        if node.op_type == "Conv":
            total += math.prod(made) * math.prod(shape[0][1:2]) // attributes.get("group", 1) * math.prod(shape[1][2:])
        elif node.op_type == "ConvTranspose":
            total += math.prod(shape[0]) * math.prod(shape[1][1:])
        elif node.op_type == "MatMul":
            total += math.prod(made) * shape[0][-1]
        elif node.op_type == "Gemm":
            total += math.prod(made) * shape[0][0 if attributes.get("transA", 0) else 1]
        elif node.op_type in ("LSTM", "GRU"):
            length, batch, width = shape[0]
            directions, rows, hidden = shape[2]
            total += directions * length * batch * rows * (width + hidden)
        else:
            assert node.op_type not in ("Einsum", "If", "Loop", "Scan"), node.op_type
    return total


def peak_bytes(model, found):
    fixed = {tensor.name for tensor in model.graph.initializer}
    memory = {value.name: value.name for value in model.graph.input if value.name not in fixed}
    last = {}
    for place, node in enumerate(model.graph.node):
        if all(not name or name in fixed for name in node.input):
            fixed.update(node.output)
            continue
        for number, name in enumerate(node.output):
            if name:
                shared = node.op_type in SHARES and number == 0 and node.input[0] in memory
                memory[name] = memory[node.input[0]] if shared else name
                last[memory[name]] = max(last.get(memory[name], -1), place)
        for name in node.input:
            if name in memory:
                last[memory[name]] = place
    for value in model.graph.output:
        if value.name in memory:
            last[memory[value.name]] = len(model.graph.node)
    born = {name: -1 for name in memory if name == memory[name]}
    for place, node in enumerate(model.graph.node):
        for name in node.output:
            if name in born:
                born[name] = place
    size = {}
    for name, owner in memory.items():
        size[owner] = max(size.get(owner, 0), found[name][1])
    return max(
        sum(size[owner] for owner in born if born[owner] <= place <= last.get(owner, -1))
        for place in range(-1, len(model.graph.node)))
