"""Batch norms that an exporter folded into the layer before them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from torch import Tensor, nn

from ._torch_export import Inputs, arguments_of, inference

_PRODUCERS = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)


def folded_entries(
    module: nn.Module, inputs: Inputs, entries: Sequence[Mapping[str, Any]], missing: Collection[str]
) -> list[dict[str, Any]]:
    """Entries of a plan for the tensors of batch norms that the graph lacks.

    An exporter can multiply the weight of a layer by those of the norm after it. The norm's channels are then the
    layer's outputs. The module runs once to find the layer before each norm.
    """
    axes = {entry["name"]: entry.get("axes", []) for entry in entries if "name" in entry}
    result: list[dict[str, Any]] = []
    for path, (producer, layer) in _norms(module, inputs).items():
        own: list[Any] = axes.get(f"{producer}.weight", [])
        is_transposed = isinstance(layer, (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d))
        if not own or is_transposed and layer.groups > 1:
            continue
        place = own[1] if is_transposed else own[0]
        # Without a place for the weight's outputs, the norm stays whole, too. A folded layer may also get a bias.
        for name in (f"{path}.{each}" for each in ("weight", "bias", "running_mean", "running_var")):
            if name in missing and place is not None:
                result.append({"name": name, "axes": [place]})
    return result


def _norms(module: nn.Module, inputs: Inputs) -> dict[str, tuple[str, Any]]:
    """For each batch norm that reads the output of one layer: the layer's path, and the layer."""
    made: dict[int, tuple[str, Any, Tensor]] = {}
    found: dict[str, tuple[str, Any]] = {}
    handles: list[Any] = []

    def note(path: str) -> Any:
        def hook(layer: nn.Module, given: Any, output: Any) -> None:
            if isinstance(output, Tensor):
                # The tensor is kept, so that no later one has its number.
                made[id(output)] = (path, layer, output)
        return hook

    def look(path: str) -> Any:
        def hook(layer: nn.Module, given: Any) -> None:
            if given and id(given[0]) in made:
                found[path] = made[id(given[0])][:2]
        return hook

    for path, layer in module.named_modules():
        if isinstance(layer, _PRODUCERS):
            handles.append(layer.register_forward_hook(note(path)))
        elif isinstance(layer, nn.modules.batchnorm._BatchNorm):
            handles.append(layer.register_forward_pre_hook(look(path)))
    args, kwargs = arguments_of(inputs)
    try:
        with inference(module):
            module(*args, **kwargs)
    finally:
        for handle in handles:
            handle.remove()
    return found
