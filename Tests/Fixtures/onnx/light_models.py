"""Gives the light architectures of the `onnx` wheel seeded weights, and runs them through the command and ONNX Runtime.

usage: light_models.py TESSERA BACKEND

As shipped, every weight is a constant from a ConstantOfShape node, which cannot show that two channels are mixed up.
Prints one JSON object: per model the largest value of each output and the largest difference.
"""

import glob
import json
import os
import subprocess
import sys
import tempfile

import numpy
import onnx
import onnx.backend.test
import onnxruntime
from seeding import nodes_and_weights

SEED = 11
# Fully connected layers of 4096 are most of the weights of three models: with all of them VGG-19 is 575 MB, and nothing
# is computed by them that 256 do not compute as well.
NARROWED = {4096: 256}


def seeded(model, rng):
    """The model with an initializer for each ConstantOfShape."""
    graph = model.graph
    nodes, weights = nodes_and_weights(model, rng, NARROWED)
    # A softmax of random logits is 1 for one class and hides every other: the logits are compared.
    if nodes[-1].op_type == "Softmax":
        graph.output[0].name = nodes.pop().input[0]
        graph.output[0].type.tensor_type.ClearField("shape")
    del graph.value_info[:]
    del graph.node[:]
    graph.node.extend(nodes)
    graph.initializer.extend(weights)
    # From IR version 4 on an initializer need not be an input.
    model.ir_version = 4
    return model


def main(tessera, backend):
    rng = numpy.random.default_rng(SEED)
    data = os.path.join(os.path.dirname(onnx.backend.test.__file__), "data", "light")
    report = []
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    for path in sorted(glob.glob(os.path.join(data, "*.onnx"))):
        with tempfile.TemporaryDirectory() as scratch:
            model = seeded(onnx.load(path), rng)
            file = os.path.join(scratch, "model.onnx")
            onnx.save(model, file)
            known = {t.name for t in model.graph.initializer}
            (name,) = [value.name for value in model.graph.input if value.name not in known]
            x = rng.standard_normal((1, 3, 224, 224)).astype(numpy.float32)
            del model
            session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
            (y,) = session.run(None, {name: x})
            del session
            source, target = os.path.join(scratch, "x.npy"), os.path.join(scratch, "y.npy")
            numpy.save(source, x)
            subprocess.run(
                [tessera, "run", file, "--input", source, "--output", target, "--backend", backend], check=True,
                capture_output=True)
            found = numpy.load(target)
        report.append({
            "model": os.path.basename(path), "same_shape": found.shape == y.shape,
            "greatest": float(numpy.abs(y).max()), "spread": float(y.max() - y.min()),
            "difference": float(numpy.abs(found - y).max()) if found.shape == y.shape else -1.0,
        })
    print(json.dumps({"outputs": report}))


main(sys.argv[1], sys.argv[2])
