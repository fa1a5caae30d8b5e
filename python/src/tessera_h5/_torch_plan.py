"""Plans the cut of a torch module."""

from __future__ import annotations

import contextlib
import json
import tempfile
import warnings
from collections.abc import Callable, Generator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ._command import argument, warnings_of
from ._errors import CommandError, TesseraError, require_packages
from ._torch_channels import kept_channels
from ._torch_export import Inputs, export
from ._torch_folded import folded_entries
from ._torch_follow import TorchPlan, followed
from ._torch_names import Origin, origins, renamed
from ._torch_options import Levels
from ._torch_options import options as _options
from ._torch_rewrite import show_channels
from ._torch_run import Failed, run
from ._torch_tensors import named_tensors, require_cuttable, shown, ties_of
from ._torch_words import listed, planned
from ._wrappers import advice_for


def plan_for(
    module: nn.Module, example_inputs: Inputs, units: int = 4, *, tasks: Sequence[str] | None = None,
    levels: Levels | None = None, rule: str | None = None, cuts: Sequence[str] | None = None,
    axes: Sequence[str] | None = None, order: Sequence[str] | None = None, cut_first: bool = False,
    cut_last: bool = False, checked: bool = True, onnx_file: str | Path | None = None
) -> TorchPlan:
    """Makes a plan for a module from its graph, with the module's own tensor names.

    The module is exported to ONNX in a temporary folder, without folding, and `tessera plan` plans the file. The module
    stays as it is; it runs in evaluation mode, and a transformers model without its cache.

    Args:
        module: the network, with values for all parameters.
        example_inputs: a tensor, a sequence of positional arguments, or a mapping of keyword arguments.
        units: k, the number of units.
        tasks: the names of tasks; one task 'all' by default. If there are as many tasks as outputs (at least two), each
            task is one output, and tensors that only its output needs are private to it.
        levels: the levels of each task: numbers of units such as [1, 2, 4], lists of units such as [1, [0, 3]], or a
            mapping from names to these. A text has the syntax of `tessera plan`.
        rule, cuts, axes, order, cut_first, cut_last: the options of `tessera plan`, in its syntax.
        checked: tries the smallest sub-network of the first task on the example inputs, with the module's own values
            and with random ones. Axes with which the module's own code fails, such as a forward with a fixed number of
            channels, stay whole, and `notes` gives the reasons. False keeps the plan of the graph, which `tessera
            extract` can follow and `shrink` may refuse.
        onnx_file: plans this file instead of an export. Its tensors are matched by name, then by their elements.

    Warnings of the command are Python warnings, and so is a note that begins with 'not checked'.

    Raises:
        TesseraError: PyTorch cannot export the module, or no tensor can be cut. The message has the reason.
        PackageNotFound: the package onnx or onnxscript is missing.
    """
    require_packages("plan_for", *(("onnx",) if onnx_file is not None else ("onnx", "onnxscript")))
    _require_exportable(module)
    options = _options(units, tasks, levels, rule, cuts, axes, order)
    tensors = named_tensors(module)
    try:
        count = run(module, example_inputs).count
    except Failed as error:
        raise TesseraError(f"example_inputs: {error} with them: {error.reason}") from error
    # The tasks become the names of the outputs, if there are as many.
    output_names = list(tasks) if tasks is not None and len(tasks) == count > 1 else None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(onnx_file) if onnx_file is not None else Path(folder) / "module.onnx"
        notes: list[str] = [word for word in [advice_for(tensors)] if word]
        if onnx_file is None:
            with _replaced(module):
                notes += export(module, example_inputs, path, output_names)
        path, found = _prepare(path, Path(folder) / "plan.onnx", tensors)
        name = type(module).__name__ if onnx_file is None else str(onnx_file)

        def attempt(first: bool, last: bool) -> tuple[TorchPlan, list[str]]:
            """The plan, and the warnings of the command."""
            cut = ["--cut-first"] * first + ["--cut-last"] * last
            words = planned(["plan", argument(path), "-o", f"{folder}/plan.json", *options, *cut], name, str(path))
            plan: dict[str, Any] = json.loads((Path(folder) / "plan.json").read_text(encoding="utf-8"))
            finished = _finished(module, tensors, plan, found, list(notes), words, example_inputs)
            return (followed(module, finished) if checked else finished), warnings_of(words)
        try:
            result, reported = attempt(cut_first, cut_last)
        except TesseraError as error:
            # The command ends with 1 if no tensor is cut; otherwise, other cuts would fail, too.
            if isinstance(error, CommandError) and error.returncode != 1:
                raise
            raise TesseraError(_with_advice(str(error), attempt, cut_first, cut_last, module)) from error
    for text in [*reported, *(note for note in result.notes if note.startswith("not checked"))]:
        warnings.warn(text, stacklevel=2)
    return result


def _with_advice(
    sentence: str, attempt: Callable[[bool, bool], tuple[TorchPlan, list[str]]], cut_first: bool, cut_last: bool,
    module: nn.Module
) -> str:
    """The sentence of an error, with the first of `cut_first` and `cut_last` that was tried and works."""
    sentence, _, _ = sentence.partition("; try cut_first")
    for first, last in ((True, False), (False, True), (True, True)):
        if (first, last) == (cut_first, cut_last) or first < cut_first or last < cut_last:
            continue
        # The export is the slow part, and is not repeated.
        with contextlib.suppress(TesseraError):
            number = len(attempt(first, last)[0]["axes"])
            words = " and ".join(["cut_first=True"] * (first and not cut_first) + ["cut_last=True"] * (
                last and not cut_last))
            return f"{sentence}; with {words}, {number} {'axis' if number == 1 else 'axes'} can be cut"
    unwrap = advice_for(module.state_dict())
    tried = "neither cut_first=True nor cut_last=True helps" if not (cut_first and cut_last) else ""
    return "; ".join(part for part in (sentence, tried, unwrap) if part)


def _require_exportable(module: nn.Module) -> None:
    require_cuttable(module)
    for path, layer in module.named_modules():
        if isinstance(layer, nn.RNNBase) and layer.proj_size:
            raise TesseraError(f"{shown(path, layer)} has proj_size, which PyTorch's exporters to ONNX leave out")


def _prepare(path: Path, rewritten: Path, tensors: Mapping[str, Tensor]) -> tuple[Path, dict[str, Origin]]:
    """The file to plan, with visible channels, and the origins of its initializers.

    The file is `path`, or `rewritten` if something had to be changed.
    """
    import onnx
    from onnx import TensorProto, external_data_helper, numpy_helper

    model = onnx.load(str(path), load_external_data=False)
    floating = {name: tensor for name, tensor in tensors.items() if tensor.is_floating_point()}
    found = {each.name: Origin(each.name, tuple(range(len(each.dims)))) for each in model.graph.initializer
             if each.name in floating and list(each.dims) == list(floating[each.name].shape)}
    kinds = (TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.DOUBLE)
    unnamed = [each for each in model.graph.initializer if each.name not in found and each.data_type in kinds]
    is_rewritten = show_channels(model)
    if is_rewritten or unnamed:
        external_data_helper.load_external_data_for_model(model, str(path.parent))
    if unnamed:
        state = {name: tensor.detach().cpu().contiguous().numpy() for name, tensor in floating.items()
                 if name not in found and tensor.dtype in (torch.float16, torch.float32, torch.float64)}
        found |= origins({each.name: numpy_helper.to_array(each) for each in unnamed}, state)
    if is_rewritten:
        # A protobuf message has less than two gigabytes.
        onnx.save(model, str(rewritten), save_as_external_data=model.ByteSize() > 1 << 30)
    return (rewritten if is_rewritten else path), found


def _finished(
    module: nn.Module, tensors: Mapping[str, Tensor], plan: dict[str, Any], found: dict[str, Origin],
    notes: list[str], words: str, inputs: Inputs
) -> TorchPlan:
    ties = ties_of(tensors)
    own, lost = renamed(plan, found, ties)
    state = module.state_dict(keep_vars=True)
    used = {name for origin in found.values() for name in (origin.name, *ties.get(origin.name, ()))}
    missing = [name for name, tensor in state.items() if isinstance(tensor, Tensor)
               and tensor.is_floating_point() and name not in used]
    if missing:
        folded = folded_entries(module, inputs, own["tensors"], missing)
        own["tensors"] += folded
        missing = [name for name in missing if name not in {entry["name"] for entry in folded}]
    # The command counts every tensor of the graph, even numbers that are not the module's.
    notes += [line for line in words.splitlines() if line and not _counts_tensors(line)]
    if lost:
        notes.append(f"cut in the graph, but not a tensor of the module: {listed(lost)}; a sub-network fails if the "
                     "module needs it")
    if missing:
        notes.append("whole, because the graph has no tensor that is equal: "
                     + ", ".join(f"'{name}'" for name in missing))
    _add_counters(module, own["tasks"], used)
    buffers = [entry for entry in own["tensors"] if entry.get("name", "") in tensors and entry["name"] not in state]
    own["tensors"] = [entry for entry in own["tensors"] if entry not in buffers]
    for task in own["tasks"]:
        kept_channels(own, {name: tuple(tensors[name].shape) for name in state if name in tensors}, task["name"], 1)
    return TorchPlan(own, notes, buffers, inputs)


def _add_counters(module: nn.Module, tasks: Sequence[dict[str, Any]], used: set[str]) -> None:
    """Makes tensors that the graph lacks, such as counters of batches, private with the others of their layer."""
    state = module.state_dict()
    for task in tasks:
        private = {item["name"] for item in task.get("private", []) if isinstance(item, dict) and "name" in item}
        for path, layer in module.named_modules():
            start = f"{path}." if path else ""
            names = [start + name for name in (*layer._parameters, *layer._buffers) if start + name in state]
            if private.intersection(names) and used.intersection(names) <= private:
                task["private"] += [{"name": name} for name in names if name not in private]


def _counts_tensors(line: str) -> bool:
    return " tensors are cut, with " in line or " tensors are left whole and common" in line


@contextlib.contextmanager
def _replaced(module: nn.Module) -> Generator[None, None, None]:
    """Lets every EmbeddingBag compute with Gather, because the exporters write a loop that hides its channels."""
    changed: list[nn.EmbeddingBag] = []
    try:
        for each in module.modules():
            if type(each) is nn.EmbeddingBag and each.mode in ("sum", "mean") and each.padding_idx is None:
                each.__dict__["forward"] = _bag(each)
                changed.append(each)
        yield
    finally:
        for each in changed:
            del each.__dict__["forward"]


def _bag(layer: nn.EmbeddingBag) -> Any:
    original = layer.forward

    def forward(input: Tensor, offsets: Tensor | None = None, per_sample_weights: Tensor | None = None) -> Tensor:
        if input.dim() != 2 or offsets is not None or per_sample_weights is not None:
            return original(input, offsets, per_sample_weights)
        rows = F.embedding(input, layer.weight)
        return rows.sum(1) if layer.mode == "sum" else rows.mean(1)

    return forward
