#!/usr/bin/env python3
"""Cuts torch modules as people write them, and compares each sub-network with the masked original.

    pip install torch torchvision timm transformers onnx onnxscript
    python torch_modules.py                 # all modules; writes torch_modules.md beside this file
    python torch_modules.py resnet unet     # modules with these words in their names; writes nothing
    python torch_modules.py refusals        # only what shrink refuses

The command `tessera` must be on the PATH, or TESSERA must be its path. No test runs this program, because CI has no
PyTorch. Exit code 1 if a module fails.

For each module: `plan_for` makes a plan for four units; `tessera convert` and `tessera extract` write the unit checkpoint
of its state_dict and each sub-network; `shrink` makes the smaller module, once with the extracted tensors and once with
those that it takes itself. The judge does not use the package: a second checkpoint, whose tensors hold the number of each
of their elements, gives the elements that a sub-network has. All other elements of the original become zero.
"""

from __future__ import annotations

import contextlib
import copy
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils import _pytree

if importlib.util.find_spec("tessera_h5") is None:
    sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "python" / "src"))

from tessera_h5._errors import TesseraError
from tessera_h5._torch_plan import plan_for
from tessera_h5._torch_shrink import shrink
from torch_refusals import REFUSALS, refusal
from torch_zoo import CASES, Case

UNITS = 4
# The largest difference of outputs, divided by the largest output (if that is more than 1).
TOLERANCE = 1e-5


@dataclass
class Row:
    """The result of a module."""

    name: str
    result: str = "ok"
    whole: int = 0
    sizes: list[int] = field(default_factory=list[int])
    error: float = 0.0
    change: float = float("inf")
    folded: str = ""
    """What a plan from a file of PyTorch's default exporter is, which folds norms and transposes weights."""
    notes: list[str] = field(default_factory=list[str])
    is_expected: bool = True


def tessera(*arguments: str) -> None:
    subprocess.run([os.environ.get("TESSERA", "tessera"), *arguments], check=True, capture_output=True)


def unsettle(module: nn.Module) -> None:
    """Gives random values to tensors of equal elements, such as the weights and the statistics of untrained norms."""
    for name, tensor in [*module.named_parameters(), *module.named_buffers()]:
        if tensor.is_floating_point() and tensor.numel() > 1 and bool((tensor == tensor.flatten()[0]).all()):
            low, high = (0.5, 1.5) if name.endswith(("var", "weight", "scale", "gamma")) else (-0.5, 0.5)
            tensor.data.uniform_(low, high)


def extracted(state: dict[str, Tensor], plan: Path, folder: Path, name: str) -> dict[tuple[str, int], dict[str, Tensor]]:
    """The tensors of each (task, level), by way of a unit checkpoint."""
    torch.save(state, folder / f"{name}.pt")
    tessera("convert", str(folder / f"{name}.pt"), str(folder / f"{name}.h5"), "--plan", str(plan))
    result: dict[tuple[str, int], dict[str, Tensor]] = {}
    for task in json.loads(plan.read_text())["tasks"]:
        for level in range(1, len(task["levels"]) + 1):
            file = folder / f"{name}.{level}.pt"
            tessera("extract", str(folder / f"{name}.h5"), str(file), "--task", task["name"], "--level", str(level))
            result[task["name"], level] = torch.load(file, weights_only=True)
    return result


def masked(module: nn.Module, positions: dict[str, Tensor]) -> nn.Module:
    """The original with zero in every element whose number is not in `positions`."""
    result = copy.deepcopy(module)
    with torch.no_grad():
        for name, tensor in result.state_dict(keep_vars=True).items():
            if name in positions and tensor.is_floating_point():
                mask = torch.zeros(tensor.numel())
                mask[positions[name].flatten()] = 1
                tensor.mul_(mask.reshape(tensor.shape).to(tensor.dtype))
    return result


def outputs(module: nn.Module, inputs: Any) -> list[Tensor | None]:
    """The outputs; None for those of a head that is left out."""
    module.eval()
    with torch.no_grad():
        values, _ = _pytree.tree_flatten(module(*inputs) if isinstance(inputs, tuple) else module(inputs))
    return [value.double() if isinstance(value, Tensor) else None for value in values]


def distance(found: list[Tensor | None], expected: list[Tensor | None]) -> float:
    """The largest difference of outputs that both have; infinity if the shapes or the numbers of outputs differ."""
    pairs = [(x, y) for x, y in zip(found, expected) if x is not None and y is not None]
    a, b = [x for x, _ in pairs], [y for _, y in pairs]
    if not pairs or len(found) != len(expected) or [x.shape for x in a] != [x.shape for x in b]:
        return float("inf")
    return max(float((x - y).abs().max()) / max(1.0, float(y.abs().max())) for x, y in zip(a, b))


def check_same(what: str, a: dict[str, Tensor], b: dict[str, Tensor], lacks: set[str]) -> None:
    """Raises if the tensors differ in a name, a dtype, a shape or a bit. `lacks`: names that `b` need not have."""
    assert set(a) - lacks == set(b) - lacks, f"{what}: names {sorted(set(a) ^ set(b))}"
    for name in set(a) & set(b):
        assert a[name].dtype == b[name].dtype and a[name].shape == b[name].shape, f"{what}: {name}"
        assert torch.equal(a[name], b[name]), f"{what}: elements of {name}"


def check_kept(module: nn.Module, small: nn.Module, lacks: set[str]) -> None:
    """Raises if a property that `shrink` keeps differs. `lacks`: tensors of other tasks."""
    assert [layer.training for layer in module.modules()] == [layer.training for layer in small.modules()]
    whole = {name: each for name, each in module.named_parameters(remove_duplicate=False) if name not in lacks}
    own = dict(small.named_parameters(remove_duplicate=False))
    assert list(whole) == list(own), f"parameters {sorted(set(whole) ^ set(own))}"
    assert len({id(each) for each in whole.values()}) == len({id(each) for each in own.values()}), "ties"
    for name, a in whole.items():
        b = own[name]
        assert (a.requires_grad, a.dtype, a.device) == (b.requires_grad, b.dtype, b.device), name


def folded(module: nn.Module, inputs: Any, plan: dict[str, Any], folder: Path, options: dict[str, Any]) -> str:
    """How a plan from the default exporter's file compares with `plan`."""
    file = folder / "folded.onnx"
    module.eval()
    with torch.no_grad(), open(os.devnull, "w") as nowhere, contextlib.redirect_stderr(nowhere):
        try:
            torch.onnx.export(module, inputs if isinstance(inputs, tuple) else (inputs,), str(file), dynamo=True,
                              verbose=False)
        except Exception:  # noqa: BLE001 (the exporter raises its own types)
            return "not exported"
    try:
        other = plan_for(module, inputs, UNITS, onnx_file=file, **options)
    except TesseraError:
        return "refused"
    same = {entry["name"] for entry in other["tensors"]} == {entry["name"] for entry in plan["tensors"]}
    return "same" if same else f"{len(other['tensors'])} of {len(plan['tensors'])} tensors"


def judge(case: Case, row: Row, folder: Path) -> None:
    torch.manual_seed(0)
    module, inputs = case.make(), case.inputs()
    unsettle(module)
    next(module.parameters(), torch.nn.Parameter(torch.zeros(1))).requires_grad_(False)
    module.train()
    before = {name: tensor.clone() for name, tensor in module.state_dict().items() if isinstance(tensor, Tensor)}
    plan = plan_for(module, inputs, UNITS, **case.options)
    names = [entry["name"] for entry in plan["tensors"]]
    assert case.cut is None or case.cut in names, f"'{case.cut}' is whole"
    row.notes = [note for note in plan.notes if "stays whole" in note or "older exporter" in note
                 or note.startswith("not checked")]
    row.whole = sum(each.numel() for each in module.parameters())
    path = folder / "plan.json"
    path.write_text(json.dumps(plan))
    check_same("the module changed", module.state_dict(), before, set())
    tensors = extracted(module.state_dict(), path, folder, "units")
    numbers = {name: torch.arange(tensor.numel()).reshape(tensor.shape) for name, tensor in before.items()}
    positions = extracted(numbers, path, folder, "numbers")
    private = {item["name"] for task in plan["tasks"] for item in task.get("private", [])}
    full = copy.deepcopy(module)
    for (task, level), own in tensors.items():
        small = shrink(module, plan, task, level, own)
        check_same("extract and shrink", small.state_dict(), own, set())
        check_same("shrink with and without state_dict", shrink(module, plan, task, level).state_dict(),
                   small.state_dict(), set())
        check_kept(module, small, private - set(own))
        whole = masked(module, positions[task, level])
        for name in sorted(private - set(own)):
            row.notes.append(f"'{name}' is not in task '{task}'") if level == 1 else None
        found, expected = outputs(small, inputs), outputs(whole, inputs)
        assert (None in found) == bool(private - set(own)), "an output is None"
        row.error = max(row.error, distance(found, expected))
        if level < UNITS:
            row.change = min(row.change, distance(expected, outputs(full, inputs)))
        if len(row.sizes) < UNITS:
            row.sizes.append(sum(each.numel() for each in small.parameters()))
    try:
        small = shrink(module, dict(plan), plan["tasks"][0]["name"], 1)
        task = plan["tasks"][0]["name"]
        alone = distance(outputs(small, inputs), outputs(masked(module, positions[task, 1]), inputs))
        assert alone <= TOLERANCE, f"without example inputs, outputs differ by {alone:.1g}"
    except TesseraError as error:
        row.notes.append(f"without example inputs: {error}")
    row.folded = folded(copy.deepcopy(module), inputs, plan, folder, case.options)
    assert row.error <= TOLERANCE, f"outputs differ from those of the masked original by {row.error:.1g}"
    assert row.change > 100 * TOLERANCE, f"the outputs of a level are almost those of the whole module ({row.change:.1g})"


def result_of(case: Case) -> Row:
    row = Row(case.name)
    try:
        with tempfile.TemporaryDirectory() as folder:
            judge(case, row, Path(folder))
        row.is_expected = case.refusal is None
        if case.refusal is not None:
            row.result = "FAILED: expected a refusal, found none"
    except TesseraError as error:
        row.result = f"refused: {error}"
        row.is_expected = case.refusal is not None and case.refusal in str(error)
    except subprocess.CalledProcessError as error:
        row.result, row.is_expected = f"FAILED: {error.stderr.decode().strip()}", False
    except AssertionError as error:
        row.result, row.is_expected = f"FAILED: {error}", False
    return row


HEAD = """\
* *levels*: the numbers of parameters at levels 1, 2, 3 and 4
* *error*: the largest difference between outputs of a smaller module and its masked original, over all tasks and
  levels, divided by the largest output if that is more than 1
* *change*: the smallest difference between the masked original of a level below 4 and the whole module
* *default export*: the plan from a file of PyTorch's default exporter, which folds norms, transposes weights and renames
  tensors; *same* means that it cuts the same tensors

| module | result | parameters | levels | error | change | default export |
|---|---|---:|---|---:|---:|---|""".splitlines()


def table(rows: list[Row], sentences: list[tuple[str, str]]) -> str:
    good = sum(row.result == "ok" for row in rows)
    lines = ["# Torch modules, cut into four units", "", "<!-- Written by torch_modules.py. Do not edit. -->", "",
             f"{good} of {len(rows)} modules are cut; {len(rows) - good} are refused with the sentence in the table. "
             f"PyTorch {torch.__version__.split('+')[0]}.", "", *HEAD]
    for row in rows:
        is_cut = bool(row.sizes)
        lines.append(f"| {row.name} | {row.result} | {f'{row.whole:,}' if row.whole else ''} | "
                     f"{' · '.join(f'{size:,}' for size in row.sizes)} | {f'{row.error:.1e}' if is_cut else ''} | "
                     f"{f'{row.change:.1e}' if is_cut else ''} | {row.folded} |")
    lines += ["", "## What stays whole, and why", "",
              "Axes of the graph's plan that the module's own code cannot follow, and other notes:", ""]
    for row in rows:
        for note in row.notes[:6]:
            lines.append(f"* {row.name}: {note}")
        if len(row.notes) > 6:
            lines.append(f"* {row.name}: and {len(row.notes) - 6} more")
    lines += ["", "## What shrink refuses", "", "| case | sentence |", "|---|---|"]
    lines += [f"| {name} | {sentence} |" for name, sentence in sentences]
    return "\n".join(lines) + "\n"


def main() -> int:
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    words = [word.lower() for word in sys.argv[1:]]
    rows: list[Row] = []
    for case in CASES:
        if words and not any(word in case.name.lower() for word in words):
            continue
        row = result_of(case)
        rows.append(row)
        mark = "" if row.is_expected else "  <-- NOT EXPECTED"
        print(f"{row.name}: {row.result}; error {row.error:.1e}, change {row.change:.1e}{mark}", flush=True)
    sentences: list[tuple[str, str]] = []
    is_good = all(row.is_expected for row in rows)
    for case in REFUSALS if not words or "refusals" in words else ():
        sentence = refusal(case)
        sentences.append((case.name, sentence))
        is_named = case.words in sentence
        is_good = is_good and is_named
        print(f"{case.name}: {sentence}{'' if is_named else '  <-- NOT EXPECTED'}", flush=True)
    if not words:
        Path(__file__).with_suffix(".md").write_text(table(rows, sentences), encoding="utf-8")
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
