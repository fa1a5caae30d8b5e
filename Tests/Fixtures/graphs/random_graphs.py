"""Makes random graphs of 5 to 30 nodes; trial.py judges them.

usage: random_graphs.py TESSERA [--first SEED] [--count N] [--keep FOLDER] [--no-verify]

A graph has an input, layers, and operators of catalog.py in random order and on random values; residuals, tied weights,
functions of a domain of its own (which ONNX Runtime runs), and now and then an operator that no runtime knows (then only
`plan` is judged). The same seed gives the same graph.
Prints {"seen", "planned", "cut", "levels", "refused": {sentence: count}, "failures": […]}.
"""

import argparse
import json
import os
import re
import shutil
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import catalog
import eager
import trial
from onnx import helper

# Drawn more often than the others.
OFTEN = ["Relu", "Add", "Mul", "Concat", "Reshape", "Transpose", "Split", "Slice", "BatchNormalization", "MatMul", "Conv", "ReduceMean", "Gather"]
# Others need opsets of their own; operators.py has them.
USUAL = sorted(name for name, opsets in catalog.OPSETS.items() if {13, 17, 18, 20, 21} & set(opsets))


def function(b):
    """A local function: elementwise, or one that mixes channels."""
    name = f"fun{len(b.functions)}"
    nodes = b.pick(
        [helper.make_node("Tanh", ["a"], ["t"]), helper.make_node("Mul", ["a", "t"], ["r"])],
        [helper.make_node("Softmax", ["a"], ["r"], axis=1)],
        [helper.make_node("Relu", ["a"], ["t"]), helper.make_node("Neg", ["t"], ["r"])])
    opsets = [helper.make_opsetid("", b.opset)]
    b.functions.append(helper.make_function("f", name, ["a"], ["r"], nodes, opsets))
    if ("f", 1) not in b.opsets:
        b.opsets.append(("f", 1))
    return name


def step(b, pool):
    """Adds an operator or a layer to a value of the pool."""
    recent = pool[-3:] if b.chance(0.8) else pool
    v = b.pick(*recent)
    way = b.rng.random()
    if way < 0.22:
        return b.layer(v)
    if way < 0.30:
        return b.residual(v)
    if way < 0.34:
        return b.node(function(b), [v], domain="f")
    if way < 0.38:
        # A tied weight: a stored matrix again, as it is or transposed.
        stored = [w.name for w in b.weights if len(w.dims) == 2 and w.name.startswith("w")]
        if not stored:
            raise eager.Impossible("no weight")
        w = b.pick(*stored)
        return b.node("MatMul", [v, w if b.chance() else b.node("Transpose", [w], perm=[1, 0])])
    name = b.pick(*OFTEN) if b.chance(0.4) else b.pick(*USUAL)
    if b.opset not in catalog.OPSETS[name]:
        raise eager.Impossible("opset")
    return b.float(catalog.OPERATORS[name](b, v))


def build(seed):
    """Builder, model, options, and whether a runtime can run it."""
    b = eager.Builder(seed * 7919 + 1)
    b.opset = b.pick(13, 17, 17, 18, 20, 21)
    b.opsets = [("", b.opset)]
    shape = b.pick((2, 3, 6, 6), (2, 3, 6, 6), (1, 4, 8, 5), (2, 6, 7), (2, 5, 6), (2, 5))
    pool = [b.layer(b.input(shape))]
    target = b.whole(5, 30)
    for _ in range(200):
        if len(b.nodes) >= target:
            break
        mark = (len(b.nodes), len(b.weights), set(b.values), len(b.functions))
        try:
            pool.append(step(b, pool))
        except eager.Impossible:
            # What an attempt left is taken back.
            del b.nodes[mark[0]:], b.weights[mark[1]:], b.functions[mark[3]:]
            b.values = {name: value for name, value in b.values.items() if name in mark[2]}
    outputs = [pool[-1]]
    if len(pool) > 2 and b.chance(0.2):
        outputs.append(b.pick(*pool[:-1]))
    try:
        outputs = [b.layer(o) if b.chance(0.8) else o for o in dict.fromkeys(outputs)]
    except eager.Impossible:
        pass
    unknown = b.chance(0.06)
    model = b.model(list(dict.fromkeys(outputs)), open_batch=b.chance(0.25))
    if unknown:
        node = model.graph.node[b.whole(0, len(model.graph.node) - 1)]
        node.domain, node.op_type = "org.unknown", b.pick("Mystery", node.op_type)
        model.opset_import.append(helper.make_opsetid("org.unknown", 1))
    options = [] if b.chance(0.3) else ["--cut-first"]
    if b.chance(0.1):
        options.append("--cut-last")
    return b, model, options, not unknown


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("tessera")
    arguments.add_argument("--first", type=int, default=0)
    arguments.add_argument("--count", type=int, default=100)
    arguments.add_argument("--keep")
    arguments.add_argument("--no-verify", action="store_true")
    arguments = arguments.parse_args()
    report = {"seen": 0, "planned": 0, "cut": 0, "levels": 0, "refused": {}, "failures": []}
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(arguments.first, arguments.first + arguments.count):
            b, model, options, runs = build(seed)
            units = 2 + seed % 2
            outcome = trial.judge(
                arguments.tessera, folder, model, b.feeds(), units, options, not arguments.no_verify, every_level=False, runs=runs)
            report["seen"] += 1
            report["planned"] += outcome["planned"]
            report["cut"] += outcome["cut"] > 0
            report["levels"] += outcome["levels"]
            if outcome["refused"]:
                sentence = re.sub(r"'[^']*'|\d+", "…", outcome["refused"])[:200]
                report["refused"][sentence] = report["refused"].get(sentence, 0) + 1
            if outcome["failure"]:
                report["failures"].append({
                    "seed": seed, "units": units, "options": options, "kind": outcome["failure"], "text": outcome["text"],
                    "nodes": len(model.graph.node)})
                if arguments.keep:
                    os.makedirs(arguments.keep, exist_ok=True)
                    for end in ("onnx", "json"):
                        if os.path.exists(f"{folder}/m.{end}"):
                            shutil.copy(f"{folder}/m.{end}", f"{arguments.keep}/{seed}.{end}")
    print(json.dumps(report))


if __name__ == "__main__":
    main()
