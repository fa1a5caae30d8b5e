"""Sends one model through plan, convert, extract and verify, and judges each sub-network by ONNX Runtime.

An outcome is a dictionary: `planned`, `cut` (tensors), `refused` (a clean refusal by plan or convert: its sentence) and
`failure` (None, or a kind) with `text`. Kinds:

crash         a signal, or an exit code that no command has
hang          a command beyond its time
usage         a command that does not know its options
words         a refusal without a sentence, or with several
extract       convert accepted a plan, and extract refuses a level of it
load, run     ONNX Runtime refuses the extract, or fails in it
shape, value  the extract gives other extents or values than the masked network
verify        verify contradicts ONNX Runtime
unjudged      the plan says something that masked.py cannot follow
"""

import json
import os
import subprocess

import masked
import numpy
import onnx
import onnxruntime
import plans

TIME = 20


class Failed(Exception):
    def __init__(self, kind, text):
        super().__init__(f"{kind}: {text}")
        self.kind, self.text = kind, text


def call(tessera, folder, *words):
    """Runs the command; its exit code and its words. A crash, a hang or a refusal without a sentence raises Failed."""
    title = " ".join(map(str, words))
    try:
        result = subprocess.run([tessera, *map(str, words)], cwd=folder, capture_output=True, text=True, errors="replace", timeout=TIME)
    except subprocess.TimeoutExpired as error:
        raise Failed("hang", f"{title}: over {TIME} s") from error
    said = result.stderr.strip()
    if result.returncode == 64:
        raise Failed("usage", f"{title}: {said[:300]}")
    if result.returncode not in (0, 1, 2):
        raise Failed("crash", f"{title}: exit {result.returncode}: {said[:600]}")
    if result.returncode == 2 and (not said or "\n" in said):
        raise Failed("words", f"{title}: {said[:600]!r}")
    return result.returncode, said or result.stdout.strip()


def levels(task):
    """The units of each level."""
    found = task["levels"]
    found = found.values() if isinstance(found, dict) else found
    return [set(task["order"][:level]) if isinstance(level, int) else set(level) for level in found]


def session(path):
    return onnxruntime.InferenceSession(path, masked.options(), providers=["CPUExecutionProvider"])


def passes(model):
    try:
        onnx.checker.check_model(model)
    except onnx.checker.ValidationError:
        return False
    return True


def compare(output, expected, presence, found, may_be_cut):
    # Only --cut-last may give an output fewer channels.
    if may_be_cut and expected.shape != found.shape and presence is not None and int(presence.sum()) == found.size:
        expected, found = expected[presence], found.reshape(-1)
    if expected.shape != found.shape:
        raise Failed("shape", f"output '{output}': expected {list(expected.shape)}, found {list(found.shape)}")
    a, b = expected.astype(numpy.float64), found.astype(numpy.float64)
    limit = 1e-4 * float(numpy.nanmax(numpy.abs(a), initial=0)) + 1e-6
    gap = numpy.abs(a - b)
    if not numpy.array_equal(numpy.isnan(a), numpy.isnan(b)) or float(numpy.nanmax(gap, initial=0)) > limit:
        raise Failed("value", f"output '{output}': off by {numpy.nanmax(gap, initial=0):.3g} of {numpy.nanmax(numpy.abs(a), initial=0):.3g}")


def judge_level(tessera, folder, model, plan, task, level, active, feeds, may_be_cut):
    code, said = call(tessera, folder, "extract", "m.h5", "small.onnx", "--task", task["name"], "--level", level)
    if code:
        raise Failed("extract", said)
    path = os.path.join(folder, "small.onnx")
    try:
        # The checker asks for more than a runtime does: an extract has to pass where its original does.
        if passes(model):
            onnx.checker.check_model(onnx.load(path))
        small = session(path)
    except Exception as error:
        raise Failed("load", str(error)[:400]) from error
    outputs = [o.name for o in small.get_outputs()]
    try:
        found = small.run(outputs, {i.name: feeds[i.name] for i in small.get_inputs()})
    except Exception as error:
        raise Failed("run", str(error)[:400]) from error
    try:
        expected = masked.run(model, plan, active, feeds)
    except plans.Unjudged as error:
        raise Failed("unjudged", str(error)) from error
    for output, value in zip(outputs, found):
        compare(output, *expected[output], value, may_be_cut)


def judge_plan(tessera, folder, model, feeds, plan, outcome, verify=True, every_level=True, may_be_cut=False):
    """Converts m.onnx under m.json and judges the levels; raises Failed."""
    code, said = call(tessera, folder, "convert", "m.onnx", "m.h5", "--plan", "m.json")
    if code:
        outcome["refused"] = f"convert: {said}"
        return
    for task in plan["tasks"]:
        every = levels(task)
        for level, active in enumerate(every, 1):
            if every_level or level < len(every):
                judge_level(tessera, folder, model, plan, task, level, active, feeds, may_be_cut)
                outcome["levels"] += 1
    if verify:
        numpy.savez(os.path.join(folder, "in.npz"), **feeds)
        code, said = call(tessera, folder, "verify", "m.onnx", "m.h5", "--input", "in.npz")
        # An operator that the runner lacks is no contradiction.
        if code == 1 or code == 2 and "a supported operator" not in said:
            raise Failed("verify", f"exit {code}: {said[-500:]}")


def judge(tessera, folder, model, feeds, units, options=(), verify=True, every_level=True, runs=True):
    """The outcome of one model. `runs` is false for a model that ONNX Runtime cannot run: then only plan is judged."""
    outcome = {"planned": False, "cut": 0, "refused": None, "failure": None, "levels": 0}
    for name in ("m.json", "m.h5", "small.onnx"):
        if os.path.exists(os.path.join(folder, name)):
            os.remove(os.path.join(folder, name))
    onnx.save(model, os.path.join(folder, "m.onnx"))
    try:
        code, said = call(tessera, folder, "plan", "m.onnx", "--units", units, "-o", "m.json", *options)
        if code == 2:
            outcome["refused"] = f"plan: {said}"
            return outcome
        outcome["planned"] = True
        # Exit code 1: nothing can be cut.
        if code == 1:
            return outcome
        with open(os.path.join(folder, "m.json")) as file:
            plan = json.load(file)
        outcome["cut"] = len([t for t in plan.get("tensors", []) if t.get("axes")])
        if runs and outcome["cut"]:
            judge_plan(tessera, folder, model, feeds, plan, outcome, verify, every_level, "--cut-last" in options)
    except Failed as failure:
        outcome["failure"], outcome["text"] = failure.kind, failure.text
    return outcome
