"""Nodes of cases that other scripts write, joined with the graph.

A template is a case of one node, with the outputs that ONNX Runtime gives: it contradicts the text in some cases. Its inputs become inputs or constants of the graph; the first one can be another value,
whose elements are put into its shape.
"""

import functools
import glob
import os

import numpy
import onnx
from onnx import numpy_helper

from .growth import FLOATS, NUMPY_TYPES, UNITS, Rejected, change, greatest, run

# Operators whose first input must be what it is: indices, flags, ranges, probabilities, or numbers with a meaning.
FIXED = {
    "Bernoulli", "BlackmanWindow", "CDist", "EmbedLayerNormalization", "HammingWindow", "HannWindow", "Inverse", "MaxUnpool",
    "MelWeightMatrix", "Multinomial", "NonMaxSuppression", "RoiAlign", "SoftmaxCrossEntropyLoss",
    "NegativeLogLikelihoodLoss", "TreeEnsemble", "TreeEnsembleClassifier", "SVMClassifier", "LinearClassifier",
    "Unique", "DequantizeLinear", "LabelEncoder",
}
# Drawn, or with graphs: the recipes have them.
LEFT_OUT = {
    "Bernoulli", "Multinomial", "RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "If", "Loop", "Scan",
    "SequenceMap", "Dropout", "Constant",
}


class Template:
    def __init__(self, node, inputs, version):
        self.node, self.inputs, self.version = node, inputs, version
        self.key = f"{node.domain}.{node.op_type}" if node.domain else node.op_type


@functools.cache
def version_of(operation, domain, opset):
    """The version of the operator in an operator set; ONNX Runtime's own domain has only one."""
    if domain == "com.microsoft":
        return 1
    try:
        return onnx.defs.get_schema(operation, opset, domain).since_version
    except onnx.defs.SchemaError:
        return None


def templates(folders):
    """By operator, the cases of one node in these folders."""
    found = {}
    for folder in folders:
        for path in sorted(glob.glob(os.path.join(folder, "*", "model.onnx"))):
            template = read(path)
            if template:
                found.setdefault(template.key, []).append(template)
    return found


def read(path):
    model = onnx.load(path)
    graph = model.graph
    if len(graph.node) != 1 or model.functions or graph.node[0].op_type in LEFT_OUT:
        return None
    if any(o.type.WhichOneof("value") not in (None, "tensor_type") for o in [*graph.input, *graph.output]):
        return None
    values = {t.name: (numpy_helper.to_array(t), True) for t in graph.initializer}
    for place, info in enumerate(graph.input):
        data = os.path.join(os.path.dirname(path), "test_data_set_0", f"input_{place}.pb")
        if info.name in values or not os.path.exists(data):
            continue
        values[info.name] = (numpy_helper.to_array(onnx.load_tensor(data)), False)
    node = graph.node[0]
    if any(name and name not in values for name in node.input):
        return None
    if sum(array.size for array, _ in values.values()) > 40000:
        return None
    if graph.node[0].op_type == "BatchNormalization" and any(a.name == "training_mode" for a in graph.node[0].attribute):
        # ONNX Runtime writes the running mean over the input if it is no output of the graph.
        return None
    opsets = {o.domain: o.version for o in model.opset_import}
    if not is_judged(path, model, {i.name: values[i.name][0] for i in graph.input if i.name in values}):
        return None
    version = version_of(node.op_type, node.domain, opsets.get(node.domain, 1))
    return Template(node, [values[name] if name else None for name in node.input], version)


def is_judged(path, model, feeds):
    """Whether ONNX Runtime runs the case and gives its outputs."""
    outputs = []
    for place in range(len(model.graph.output)):
        data = os.path.join(os.path.dirname(path), "test_data_set_0", f"output_{place}.pb")
        outputs.append(numpy_helper.to_array(onnx.load_tensor(data)) if os.path.exists(data) else None)
    try:
        _, evaluate = run(model, None)
        found = evaluate({n: a.astype(object) if a.dtype.kind in "US" else a for n, a in feeds.items()})
    except Exception:
        return False
    for a, b in zip(found, outputs):
        if b is None:
            continue
        a = numpy.asarray(a)
        if a.shape != b.shape:
            return False
        if b.dtype in UNITS:

            if (change(a, b) > 1e-6 + 3e-4 * greatest(b)).any():
                return False
        elif (a.astype(b.dtype) != b).any():
            return False
    return True


def plant(g, template):
    """The template's node with its inputs."""
    node = template.node
    opset = g.opsets.get(node.domain)
    if opset is None or version_of(node.op_type, node.domain, opset) != template.version:
        raise Rejected("version")
    values = []
    for place, given in enumerate(template.inputs):
        if given is None:
            values.append(None)
            continue
        array, constant = given
        if array.dtype.kind in "US":
            array = array.astype(object)
        joins = place == 0 and not constant and node.op_type not in FIXED and array.dtype in [d for d in NUMPY_TYPES]
        if joins and array.dtype.type in FLOATS and g.chance(0.5):
            values.append(g.value(array.dtype.type, shape=array.shape))
        elif array.dtype not in NUMPY_TYPES:
            values.append(g.fresh(array, constant=True))
        else:
            values.append(g.fresh(array, constant=True if constant else None))
    copy = onnx.NodeProto()
    copy.CopyFrom(node)
    del copy.input[:], copy.output[:]
    copy.input.extend(v.name if v else "" for v in values)
    names = [g.name() if name else "" for name in node.output]
    copy.output.extend(names)
    return g.add([copy], [v for v in values if v], [n for n in names if n])
