"""Plants bugs behind the command, and checks that trial.py finds each.

usage: planted.py TESSERA

Prints {"bugs": {bug: {kind: count}}, "missed": […]}; without a bug nothing may be found.
"""

import collections
import json
import os
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import numpy
import onnx
import operators
import trial
from onnx import numpy_helper

really = trial.call


def altered(change):
    """A change of the extract's first weight matrix."""
    def bug(tessera, folder, *words):
        answer = really(tessera, folder, *words)
        if words[0] == "extract" and answer[0] == 0:
            path = os.path.join(folder, words[2])
            model = onnx.load(path)
            tensor = next(t for t in model.graph.initializer if t.data_type == 1 and len(t.dims) >= 2)
            tensor.CopyFrom(numpy_helper.from_array(change(numpy_helper.to_array(tensor).copy()), tensor.name))
            onnx.save(model, path)
        return answer
    return bug


def one_weight(array):
    array.flat[0] += 0.05 * numpy.abs(array).max() + 0.01
    return array


def other_level(tessera, folder, *words):
    words = list(words)
    if words[0] == "extract":
        words[-1] = 2 if words[-1] == 1 else 1
    return really(tessera, folder, *words)


def wrong_unit(tessera, folder, *words):
    """convert cuts by another order of units than the plan's."""
    if words[0] != "convert":
        return really(tessera, folder, *words)
    path = os.path.join(folder, "m.json")
    with open(path) as file:
        text = file.read()
    plan = json.loads(text)
    for task in plan["tasks"]:
        task["order"] = task["order"][::-1]
    with open(path, "w") as file:
        json.dump(plan, file)
    answer = really(tessera, folder, *words)
    with open(path, "w") as file:
        file.write(text)
    return answer


def failing(command, code, words=""):
    def bug(tessera, folder, *arguments):
        answer = really(tessera, folder, *arguments)
        return (code, words) if arguments[0] == command else answer
    return bug


def program(script):
    """A program in the place of the command."""
    def bug(tessera, folder, *words):
        path = os.path.join(folder, "program")
        with open(path, "w") as file:
            file.write(f"#!/bin/sh\n{script}\n")
        os.chmod(path, 0o755)
        return really(path, folder, *words)
    return bug


BUGS = {
    "none": really,
    "one weight": altered(one_weight),
    "a row less": altered(lambda array: array[:-1]),
    "rows in another order": altered(lambda array: array[::-1].copy()),
    "another level": other_level,
    "units in another order": wrong_unit,
    "verify finds something": failing("verify", 1),
    "extract refuses": failing("extract", 2, "no"),
    "a signal": program("kill -ILL $$"),
    "a refusal without words": program("exit 2"),
    "a refusal of two lines": program("printf 'one\\ntwo\\n' >&2; exit 2"),
    "a command without an end": program("sleep 60"),
}


def main():
    report = {"bugs": {}, "missed": []}
    graphs = [next(operators.graphs(name, 1, 1)) for name in ("Relu", "Concat", "Add")]
    with tempfile.TemporaryDirectory() as folder:
        for title, bug in BUGS.items():
            trial.call = bug
            trial.TIME = 3 if title == "a command without an end" else 20
            kinds = collections.Counter()
            for seed, b, model in graphs[:1] if title == "a command without an end" else graphs:
                outcome = trial.judge(sys.argv[1], folder, model, b.feeds(), 2, ["--cut-first"])
                assert outcome["cut"] or outcome["failure"], "nothing was cut"
                kinds[outcome["failure"]] += 1
            report["bugs"][title] = {str(kind): count for kind, count in kinds.items()}
            if (None in kinds) != (title == "none"):
                report["missed"].append(title)
    print(json.dumps(report))


main()
