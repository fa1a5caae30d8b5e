"""The exporters' models and the presets' models, planned, converted, extracted at every level and judged.

usage: exported.py TESSERA exporters [MODEL.FORM …]   (each form beside its plain form: what level 1 leaves out)
       exported.py TESSERA presets [NAME …]           (plan by preset beside plan by graph, both judged)

Prints one JSON object; `behind` names the forms that leave out less than 98 % of what the plain form leaves out, and the
presets that cut a tensor otherwise than the graph.
"""

import glob
import json
import os
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import numpy
import onnx
import plans
import trial
from onnx import numpy_helper

FIXTURES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
FORMS = ["legacy", "traced", "default", "unoptimised", "modules", "functions"]


def elements(path):
    return sum(numpy_helper.to_array(t).size for t in onnx.load(path).graph.initializer if t.data_type == 1)


def cuts(plan, names):
    """Tensor: which of its dimensions are cut."""
    return {name: [d is not None for d in axes] for name, axes in plans.resolved(plan, names).items()}


def exporters(tessera, chosen):
    report = {"seen": 0, "levels": 0, "rows": {}, "behind": [], "failures": []}
    folder = os.path.join(FIXTURES, "exporters")
    for name in sorted({os.path.basename(path).split(".")[0] for path in glob.glob(f"{folder}/*.legacy.onnx")}):
        plain = None
        with numpy.load(f"{folder}/{name}.expected.npz") as arrays:
            x = arrays["x"]
        for form in FORMS:
            path, title = f"{folder}/{name}.{form}.onnx", f"{name}.{form}"
            if chosen and title not in chosen and form != "legacy":
                continue
            with tempfile.TemporaryDirectory() as scratch:
                model = onnx.load(path)
                weights = {t.name for t in model.graph.initializer}
                (entry,) = [v.name for v in model.graph.input if v.name not in weights]
                shape = f"{entry}={','.join(map(str, x.shape))}"
                outcome = trial.judge(tessera, scratch, model, {entry: x}, 2, ["--input-shape", shape])
                left = 0
                if outcome["levels"]:
                    task = json.load(open(f"{scratch}/m.json"))["tasks"][0]["name"]
                    trial.call(tessera, scratch, "extract", "m.h5", "first.onnx", "--task", task, "--level", 1)
                    left = elements(f"{scratch}/m.onnx") - elements(f"{scratch}/first.onnx")
            report["seen"] += 1
            report["levels"] += outcome["levels"]
            plain = left if form == "legacy" else plain
            report["rows"][title] = {"tensors": outcome["cut"], "left_out": left, "plain": plain, "refused": outcome["refused"]}
            if outcome["failure"]:
                report["failures"].append({"model": title, "kind": outcome["failure"], "text": outcome["text"]})
            elif left < 0.98 * plain:
                report["behind"].append(title)
    return report


def presets(tessera, chosen):
    report = {"seen": 0, "levels": 0, "rows": {}, "behind": [], "failures": []}
    folder = os.path.join(FIXTURES, "presets")
    with open(f"{folder}/presets.json") as file:
        table = json.load(file)
    for name, entry in table.items():
        if chosen and name not in chosen:
            continue
        rng = numpy.random.default_rng(2)
        shape = entry["shape"]
        x = rng.integers(0, 32, shape) if entry["input"] == "tokens" else rng.standard_normal(shape).astype(numpy.float32)
        feeds, extents = {entry["input"]: x}, f"{entry['input']}={','.join(map(str, shape))}"
        model = onnx.load(f"{folder}/{name}.onnx")
        known = {t.name for t in model.graph.initializer}
        row = report["rows"][name] = {}
        with tempfile.TemporaryDirectory() as scratch:
            by_graph = trial.judge(tessera, scratch, model, feeds, 2, ["--input-shape", extents])
            graph = cuts(json.load(open(f"{scratch}/m.json")), known) if by_graph["cut"] else {}
            outcome = {"refused": None, "failure": None, "levels": 0}
            words = ["--heads", entry["heads"]] if entry["heads"] else []
            try:
                os.path.exists(f"{scratch}/m.json") and os.remove(f"{scratch}/m.json")
                code, said = trial.call(
                    tessera, scratch, "plan", os.path.abspath(f"{folder}/{name}.safetensors"), "--units", 2, "--preset", entry["preset"],
                    "--tasks", "logits", "-o", "m.json", *words)
                if code:
                    raise trial.Failed("preset", said)
                plan = json.load(open(f"{scratch}/m.json"))
                preset = cuts(plan, known)
                trial.judge_plan(tessera, scratch, model, feeds, plan, outcome)
            except trial.Failed as failure:
                outcome["failure"], outcome["text"], preset = failure.kind, failure.text, {}
        different = sorted(t for t in {*graph, *preset} if graph.get(t) != preset.get(t) and t in known)
        row.update(graph=len(graph), preset=len(preset), different=different, refused=[by_graph["refused"], outcome["refused"]])
        report["seen"] += 1
        report["levels"] += by_graph["levels"] + outcome["levels"]
        for way, found in (("graph", by_graph), ("preset", outcome)):
            if found["failure"]:
                report["failures"].append({"model": name, "way": way, "kind": found["failure"], "text": found["text"]})
        if different:
            report["behind"].append(name)
    return report


def main():
    tessera, what, *chosen = sys.argv[1:]
    print(json.dumps({"exporters": exporters, "presets": presets}[what](os.path.abspath(tessera), chosen)))


main()
