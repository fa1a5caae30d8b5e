#!/usr/bin/env python3
"""Exports the sample to ONNX with PyTorch's own exporter: one graph, sixteen outputs.

`network.onnx` takes `images` ([N, 1, 28, 28], grey values divided by 255) and gives the logits of every task and
level, [N, classes]: outputs `fine.1` … `parity.4`.  Each output is the *masked original* of its (task, level): what
the whole network computes when the weights and channels of the level's other units are zero.  Full-width layers
cannot say that, because every (task, level) has its own normalisation, which has entries for its active channels
only.  So each of the sixteen paths takes the part of the shared convolution weights that a mask would leave, by Slice
nodes, as `UnitConv.forward` in train.py does.  What a mask sets to zero is in no path: zero it, and no output changes.

The weights are initializers under their names in weights.safetensors, each stored once however many paths use it, and
nothing is folded: convolutions and normalisations stay apart, and running means and variances are weights too.  In
operator set 9, the last where Slice has its bounds as attributes, no other tensor is in the file.  What is missing are
the counters `*.num_batches_tracked`, which no inference reads.

Needs torch, numpy, safetensors and onnx; checks what it wrote with onnxruntime where that is installed.
"""

import argparse
import warnings
from pathlib import Path

import numpy as np
import onnx
import torch
from safetensors.torch import load_file
from train import LEVELS, NETWORKS, ORDERS, DeepVirtualNetwork, as_input

OPERATOR_SET = 9


class AllNetworks(DeepVirtualNetwork):
    """images: [N, 1, 28, 28] → the logits of all sixteen networks, task by task and level by level.

    A subclass, so that the parameters keep their names.
    """

    def forward(self, images):
        logits = []
        for task in ORDERS:
            first = self.first_layer(images, task)
            logits += [self.rest(first, (task, level)) for level in LEVELS]
        return tuple(logits)


def export(weights, path):
    network = AllNetworks()
    network.load_state_dict(weights)
    network.eval()
    names = [f"{task}.{level}" for task, level in NETWORKS]
    with warnings.catch_warnings():
        # It says that it is the older of two exporters.  The newer one has no operator set below 18.
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.onnx.export(network, (torch.zeros(2, 1, 28, 28),), str(path), dynamo=False, opset_version=OPERATOR_SET,
                          do_constant_folding=False, input_names=["images"], output_names=names,
                          dynamic_axes={name: {0: "N"} for name in ["images", *names]})


def check_weights(model, weights):
    """Raises where an initializer is not the tensor of its name, or a tensor but a counter is missing."""
    stored = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    expected = {name: tensor.numpy() for name, tensor in weights.items() if "num_batches_tracked" not in name}
    assert stored.keys() == expected.keys(), stored.keys() ^ expected.keys()
    for name, array in expected.items():
        assert stored[name].dtype == array.dtype and stored[name].tobytes() == array.tobytes(), name
    return len(stored)


def check_outputs(path, reference):
    """The largest difference between ONNX Runtime's logits and PyTorch's committed ones."""
    try:
        import onnxruntime
    except ImportError:
        return None
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    worst = 0.0
    for task, level in NETWORKS:
        images = as_input(reference[f"{task}.images"]).numpy()
        logits, = session.run([f"{task}.{level}"], {"images": np.ascontiguousarray(images)})
        worst = max(worst, float(np.abs(logits - reference[f"{task}.logits_level{level}"]).max()))
    return worst


def main():
    here = Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=here / "network.onnx")
    arguments = parser.parse_args()
    weights = load_file(here / "weights.safetensors")
    export(weights, arguments.output)
    model = onnx.load(arguments.output)
    onnx.checker.check_model(model, full_check=True)
    count = check_weights(model, weights)
    worst = check_outputs(arguments.output, np.load(here / "reference.npz"))
    print(f"{arguments.output}: {len(model.graph.node)} nodes, {count} weights, "
          f"{arguments.output.stat().st_size} bytes; "
          + ("onnxruntime is not installed" if worst is None else f"at most {worst:.1e} from PyTorch's logits"))


if __name__ == "__main__":
    main()
