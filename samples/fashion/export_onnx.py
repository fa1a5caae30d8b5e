#!/usr/bin/env python3
"""Exports the sample to ONNX with PyTorch's own exporter: one graph, sixteen outputs.

`network.onnx` takes `images` ([N, 1, 28, 28], grey values divided by 255) and gives the logits of every task and
level, [N, classes]: outputs `fine.1` … `parity.4`.  Each output is the *masked network* of its (task, level): the
result of the whole network with the weights and channels of the level's other units set to zero.  Full-width layers
cannot express that, because every (task, level) has its own normalisation, with entries only for its active channels.
So each of the sixteen paths takes the part of the shared convolution weights that a mask would keep, by Slice nodes,
like `UnitConv.forward` in train.py.  No path uses the part that a mask sets to zero: zeroing it changes no output.

The weights are initializers under their names in weights.safetensors, each stored once however many paths use it.
Nothing is folded: convolutions and normalisations are separate, and running means and variances are weights too.  In
operator set 9, the last in which Slice has its bounds as attributes, the file has no other tensor.  Only the counters
`*.num_batches_tracked` are missing, which no inference reads.

Needs torch, numpy, safetensors and onnx; checks the result with onnxruntime if that is installed.
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
        # This exporter warns that it is the older of two.  The newer one has no operator set below 18.
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.onnx.export(network, (torch.zeros(2, 1, 28, 28),), str(path), dynamo=False, opset_version=OPERATOR_SET,
                          do_constant_folding=False, input_names=["images"], output_names=names,
                          dynamic_axes={name: {0: "N"} for name in ["images", *names]})


def check_weights(model, weights):
    """Raises if an initializer differs from the tensor of its name, or if a tensor that is not a counter is missing."""
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
