"""Runs samples/fashion/network.onnx through the command and through ONNX Runtime, beside PyTorch's logits.

usage: sample_network.py TESSERA FOLDER BACKEND

Prints one JSON object. `outputs`: per (task, level) the largest logit of PyTorch, how far the command's and ONNX
Runtime's are from PyTorch's, and how far ONNX Runtime's move when everything that a mask of the level's units leaves
out is set to zero in the shared weights. `weights`: how many initializers have the bytes of the tensor of their name;
`other`: the names of those that do not, and of tensors that have no initializer.
"""

import json
import os
import subprocess
import sys
import tempfile

import numpy
import onnx
import onnxruntime
from onnx import numpy_helper
from safetensors.numpy import load_file


def session(model):
    return onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])


def masked(model, plan, order, level):
    """The model with zeros where a cut dimension has channels of units that the level does not use."""
    result = onnx.ModelProto()
    result.CopyFrom(model)
    cuts = {entry["name"]: entry["axes"] for entry in plan["tensors"] if "name" in entry}
    found = 0
    for tensor in result.graph.initializer:
        if tensor.name not in cuts:
            continue
        found += 1
        array = numpy_helper.to_array(tensor).copy()
        for dimension, axis in enumerate(cuts[tensor.name]):
            if axis is not None:
                width = array.shape[dimension] // plan["units"]
                active = numpy.zeros(array.shape[dimension], bool)
                for unit in order[:level]:
                    active[unit * width : (unit + 1) * width] = True
                array[(slice(None),) * dimension + (~active,)] = 0
        tensor.CopyFrom(numpy_helper.from_array(array, tensor.name))
    assert found == len(cuts)
    return result


def main(tessera, folder, backend):
    path = os.path.join(folder, "network.onnx")
    model = onnx.load(path)
    plan = json.load(open(os.path.join(folder, "plan.json")))
    reference = numpy.load(os.path.join(folder, "reference.npz"))
    whole = session(model)
    rows = []
    for task in plan["tasks"]:
        name, order = task["name"], task["order"]
        images = (reference[f"{name}.images"].astype(numpy.float32) / numpy.float32(255))[:, None]
        with tempfile.TemporaryDirectory() as scratch:
            source, target = os.path.join(scratch, "x.npz"), os.path.join(scratch, "y.npz")
            numpy.savez(source, images=images)
            subprocess.run(
                [tessera, "run", path, "--input", source, "--output", target, "--backend", backend], check=True,
                capture_output=True)
            ours = dict(numpy.load(target))
        for level in task["levels"]:
            output = f"{name}.{level}"
            expected = reference[f"{name}.logits_level{level}"]
            (peer,) = whole.run([output], {"images": images})
            (zeroed,) = session(masked(model, plan, order, level)).run([output], {"images": images})
            rows.append({
                "output": output, "greatest": float(numpy.abs(expected).max()),
                "shapes": ours[output].shape == expected.shape == peer.shape,
                "tessera": float(numpy.abs(ours[output] - expected).max()),
                "onnxruntime": float(numpy.abs(peer - expected).max()),
                "masked": float(numpy.abs(zeroed - peer).max()),
            })
    weights = load_file(os.path.join(folder, "weights.safetensors"))
    stored = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    equal = [name for name, array in stored.items()
             if name in weights and weights[name].dtype == array.dtype and weights[name].tobytes() == array.tobytes()]
    print(json.dumps({
        "outputs": rows, "weights": len(equal),
        "other": sorted(name for name in stored.keys() | weights.keys() if name not in equal),
    }))


main(*sys.argv[1:])
