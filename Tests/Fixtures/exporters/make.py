"""Exports the models of models.py in the forms that PyTorch's exporters write.

usage: make.py           (torch of README.md: default, unoptimised, modules, legacy, traced)
       make.py functions (torch 2.6, which leaves functions: functions)

Each export must give what PyTorch gives, in ONNX Runtime, to 1e-5 of the greatest value. Stack traces and other metadata
of the exporter are taken out: they name paths, and are most of a small file.
"""

import os
import sys
import warnings

import models
import numpy
import onnx
import onnxruntime
import torch

warnings.filterwarnings("ignore")
HERE = os.path.dirname(os.path.abspath(__file__))


def torchscript(model, x, path, is_open, **options):
    torch.onnx.export(
        model, (x,), path, dynamo=False, opset_version=17, input_names=["x"], output_names=["y"],
        dynamic_axes={"x": {0: "N"}, "y": {0: "N"}} if is_open else None, **options)


def exported(model, x, path, is_open, **options):
    shapes = ({0: torch.export.Dim("N", min=1, max=64)},) if is_open else None
    program = torch.onnx.export(
        model, (x,), dynamo=True, input_names=["x"], output_names=["y"], dynamic_shapes=shapes, verbose=False, **options)
    program.save(path, external_data=False)


MODERN = {
    # The legacy exporter, constants folded and norms fused: the plain form. It comes first because it is what the others
    # are compared with.
    "legacy": lambda *a: torchscript(*a),
    # The default of torch.onnx.export.
    "default": lambda *a: exported(*a, optimize=True),
    "unoptimised": lambda *a: exported(*a, optimize=False),
    # The legacy exporter, with modules as local functions.
    "modules": lambda *a: torchscript(*a, export_modules_as_functions=True),
    # The legacy exporter without folding and fusing.
    "traced": lambda *a: torchscript(*a, do_constant_folding=False, training=torch.onnx.TrainingMode.PRESERVE),
}
# The exporter of torch 2.6 without optimisation: what its operators expand to are local functions.
OLD = {"functions": lambda *a: exported(*a, optimize=False)}


def clean(part):
    """Takes metadata and documentation out of a graph or function, and of the graphs within."""
    del part.metadata_props[:]
    part.doc_string = ""
    for node in part.node:
        del node.metadata_props[:]
        node.doc_string = ""
        for attribute in node.attribute:
            for graph in [attribute.g, *attribute.graphs] if attribute.type in (5, 10) else []:
                clean(graph)
    for tensor in getattr(part, "initializer", []):
        del tensor.metadata_props[:]
        tensor.doc_string = ""
    for values in ("value_info", "input", "output"):
        for value in getattr(part, values, []):
            if not isinstance(value, str):
                del value.metadata_props[:]
                value.doc_string = ""


def main(forms):
    for name in models.MODELS:
        model, x, is_open = models.make(name)
        with torch.no_grad():
            expected = model(x).numpy()
        for form, write in forms.items():
            path = os.path.join(HERE, f"{name}.{form}.onnx")
            try:
                write(model, x, path, is_open)
            except Exception as error:  # An exporter's refusal is reported, not hidden.
                print(name, form, "NOT EXPORTED", type(error).__name__, str(error)[:200])
                if os.path.exists(path):
                    os.remove(path)
                continue
            graph = onnx.load(path)
            graph.doc_string = ""
            del graph.metadata_props[:]
            clean(graph.graph)
            for function in graph.functions:
                clean(function)
            onnx.save(graph, path)
            session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
            (found,) = session.run(None, {session.get_inputs()[0].name: x.numpy()})
            gap = float(numpy.abs(found - expected).max())
            assert gap <= 1e-5 * max(1, float(numpy.abs(expected).max())), (name, form, gap)
            if form == "legacy":
                numpy.savez(os.path.join(HERE, f"{name}.expected.npz"), x=x.numpy(), y=found)
            with numpy.load(os.path.join(HERE, f"{name}.expected.npz")) as known:
                assert numpy.array_equal(known["x"], x.numpy()) and numpy.allclose(known["y"], found, rtol=1e-4, atol=1e-5), (name, form)
            print(name, form, os.path.getsize(path), len(graph.graph.node), len(graph.functions), graph.opset_import[0].version)


if __name__ == "__main__":
    main(OLD if sys.argv[1:] == ["functions"] else MODERN)
