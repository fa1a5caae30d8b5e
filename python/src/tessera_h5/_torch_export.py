"""Exports a torch module to ONNX so that every initializer keeps the name of its parameter."""

from __future__ import annotations

import contextlib
import copy
import logging
import os
import warnings
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from typing import Any, Union

import torch
from torch import Tensor, nn

from ._errors import TesseraError

Inputs = Union[Tensor, Sequence[Any], Mapping[str, Any]]


def arguments_of(inputs: Inputs) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The positional and the keyword arguments of a call: a tensor, a sequence of arguments, or keyword arguments."""
    if isinstance(inputs, Tensor):
        return (inputs,), {}
    if isinstance(inputs, Mapping):
        return (), dict(inputs)
    if not isinstance(inputs, (list, tuple)):
        raise TesseraError("example_inputs: expected a tensor, a tuple of positional arguments or a dict of keyword "
                           f"arguments, found {type(inputs).__name__}")
    return tuple(inputs), {}


@contextlib.contextmanager
def inference(*modules: nn.Module, with_gradients: bool = False) -> Generator[None, None, None]:
    """Sets modules to evaluation without fused attention, without caches, and without gradients; then restores them.

    The fused attention reads the weights of its submodules directly, so no exporter sees the single operators. A model
    of transformers whose configuration has `use_cache` returns its keys and values as objects that no exporter knows.
    """
    training = [(each, each.training) for module in modules for each in module.modules()]
    configs = {id(each.config): each.config for module in modules for each in module.modules()
               if getattr(getattr(each, "config", None), "use_cache", None) is True}
    fused = torch.backends.mha.get_fastpath_enabled()
    try:
        torch.backends.mha.set_fastpath_enabled(False)
        for config in configs.values():
            config.use_cache = False
        for module in modules:
            module.eval()
        with torch.set_grad_enabled(with_gradients):
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fused)
        for config in configs.values():
            config.use_cache = True
        for each, flag in training:
            each.training = flag


def export(module: nn.Module, inputs: Inputs, path: Path, output_names: Sequence[str] | None = None) -> list[str]:
    """Writes `path`, an ONNX file in which nothing is folded. Returns notes.

    The exporter of torch.export comes first, because it names initializers like the state_dict. The older exporter is
    the second choice. Raises `TesseraError` with both reasons if neither can export the module.
    """
    reasons: list[str] = []
    for exporter in (_export_program, _export_trace):
        try:
            with inference(module), _quiet():
                exporter(module, inputs, path, output_names)
        except Exception as error:  # noqa: BLE001 (the exporters raise their own and many built-in types)
            reasons.append(first_line(error))
            continue
        return [f"exported with the older exporter, because the newer one failed: {reasons[0]}"] if reasons else []
    advice = "" if "Cache" not in "".join(reasons) else (
        "; the module returns a cache: with a model of transformers, give use_cache=False in example_inputs")
    raise TesseraError(f"{type(module).__name__}: PyTorch cannot export the module to ONNX: {reasons[0]}; "
                       f"the older exporter: {reasons[1]}{advice}")


def _export_program(module: nn.Module, inputs: Inputs, path: Path, output_names: Sequence[str] | None) -> None:
    args, kwargs = arguments_of(inputs)
    torch.onnx.export(module, args, str(path), kwargs=kwargs or None, dynamo=True, optimize=False, verbose=False,
                      output_names=output_names)


def _export_trace(module: nn.Module, inputs: Inputs, path: Path, output_names: Sequence[str] | None) -> None:
    args, kwargs = arguments_of(inputs)
    # This exporter stores equal tensors once, as if they were tied. Random values in a copy make all tensors differ.
    other = copy.deepcopy(module)
    generator = torch.Generator().manual_seed(0)
    for tensor in [*other.parameters(), *other.buffers()]:
        if tensor.is_floating_point():
            values = torch.rand(tensor.shape, generator=generator) + 0.5
            tensor.data.copy_(values.to(tensor.dtype))
    torch.onnx.export(other, args, str(path), kwargs=kwargs or None, dynamo=False, do_constant_folding=False,
                      verbose=False, output_names=output_names)
    restore_values(path, module.state_dict())


def restore_values(path: Path, state: Mapping[str, Tensor]) -> None:
    """Gives each initializer of an ONNX file the values of the tensor of the same name."""
    import onnx
    from onnx import numpy_helper

    model = onnx.load(str(path))
    for initializer in model.graph.initializer:
        tensor = state.get(initializer.name)
        if tensor is not None and list(tensor.shape) == list(initializer.dims) and tensor.dtype == torch.float32:
            initializer.CopyFrom(numpy_helper.from_array(tensor.detach().cpu().contiguous().numpy(), initializer.name))
    onnx.save(model, str(path))


@contextlib.contextmanager
def _quiet() -> Generator[None, None, None]:
    """Keeps the exporters' warnings and progress from standard output and standard error."""
    disabled = logging.root.manager.disable
    with warnings.catch_warnings(), open(os.devnull, "w", encoding="utf-8") as nowhere:
        warnings.simplefilter("ignore")
        logging.disable(logging.WARNING)
        try:
            with contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere):
                yield
        finally:
            logging.disable(disabled)


def first_line(error: Exception) -> str:
    """The type of an error and the first line of its text, for a message."""
    # The newer exporter's own message says which step failed; its cause says why.
    error = error.__cause__ if isinstance(error.__cause__, Exception) else error
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0][:200]}" if lines else type(error).__name__
