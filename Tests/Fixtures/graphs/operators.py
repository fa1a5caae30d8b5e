"""Makes random graphs for every operator that channels pass, between layers that can be cut; trial.py judges them.

usage: operators.py TESSERA [--only OPERATOR,…] [--graphs N] [--first SEED] [--padded] [--keep FOLDER] [--no-verify]

With --padded, zeros are put before and behind the channels that the operator gets, and some of the graphs end in an
operator that the runner lacks: channels that a sub-network lacks then meet positions that all of them have.

Prints one JSON object; `operators` says for each operator how many graphs were cut, were left whole, and were refused.
"""

import argparse
import json
import os
import re
import shutil
import sys
import tempfile
import zlib

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import catalog
import eager
import trial

HERE = os.path.dirname(os.path.abspath(__file__))


def stopping():
    """The operators that stop channels, by the page that FlowRuleTests compares with the planner's table."""
    with open(os.path.join(HERE, "..", "..", "..", "docs", "channels.md")) as file:
        table = file.read().split("## Operators that stop channels")[1]
    return set(re.findall(r"`([^`]+)`", table))


def padded(b, v):
    """Zeros before and behind the channels, so many that they fit four groups."""
    rank, channels = b.rank(v), b.shape(v)[1]
    before = b.pick(1, 2, 4)
    pads = [0] * (2 * rank)
    pads[1], pads[rank + 1] = before, (-channels - before) % 4
    if b.opset < 11:
        return b.node("Pad", [v], pads=pads)
    return b.node("Pad", [v, b.ints(pads)])


def build(name, seed, pads=False):
    """A graph with the operator between two layers, in some with a residual around it."""
    b = eager.Builder(zlib.crc32(f"{name} {seed}".encode()))
    b.opset = b.pick(*catalog.OPSETS[name])
    b.opsets = [("", b.opset)]
    shape = b.pick((2, 3, 6, 6), (2, 3, 6, 6), (1, 4, 5, 8), (2, 7, 6), (2, 5))
    v = b.layer(b.input(shape))
    if b.chance(0.6):
        v = b.layer(b.node("Relu", [v]))
    if pads and b.rank(v) > 1:
        v = padded(b, v)
    before = v
    v = catalog.OPERATORS[name](b, v)
    v = b.float(v)
    if b.chance(0.35) and b.shape(v) == b.shape(before):
        v = b.node("Add", [v, before])
    if b.chance(0.4):
        v = b.node("Relu", [v])
    y = b.layer(v)
    if b.chance(0.5) and b.rank(y) == 4:
        y = b.node("Flatten", [b.node("GlobalAveragePool", [y])])
        y = b.node("Gemm", [y, b.weight((b.shape(y)[1], 3), 0.5)])
    if pads and b.chance(0.4):
        y = b.node("SampleOp", [y], domain="com.microsoft")
    return b, b.model([y], open_batch=b.chance(0.3))


def graphs(name, first, count, pads=False):
    """Graphs for one operator. A graph that ONNX Runtime refuses is drawn again."""
    seed, found = first, 0
    while found < count:
        try:
            b, model = build(name, seed, pads)
        except eager.Impossible:
            if seed - first > 60 + 20 * count:
                raise
        else:
            found += 1
            yield seed, b, model
        seed += 1


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("tessera")
    arguments.add_argument("--only")
    arguments.add_argument("--graphs", type=int, default=3)
    arguments.add_argument("--first", type=int, default=0)
    arguments.add_argument("--padded", action="store_true")
    arguments.add_argument("--keep")
    arguments.add_argument("--no-verify", action="store_true")
    arguments = arguments.parse_args()
    with open(os.path.join(HERE, "..", "onnx", "operators.txt")) as file:
        known = file.read().split()
    # An operator that channels never pass needs no graph.
    missing = sorted(set(known) - set(catalog.OPERATORS) - stopping() - set(catalog.UNJUDGED))
    report = {"seen": 0, "levels": 0, "missing": missing, "operators": {}, "failures": []}
    with tempfile.TemporaryDirectory() as folder:
        for name in arguments.only.split(",") if arguments.only else known:
            if name not in catalog.OPERATORS:
                continue
            row = {"cut": 0, "whole": 0, "refused": []}
            for seed, b, model in graphs(name, arguments.first, arguments.graphs, arguments.padded):
                units = 2 + seed % 2
                options = ["--cut-first"] if seed % 4 else []
                outcome = trial.judge(os.path.abspath(arguments.tessera), folder, model, b.feeds(), units, options, not arguments.no_verify)
                report["seen"] += 1
                report["levels"] += outcome["levels"]
                row["cut" if outcome["cut"] else "whole"] += 1
                if outcome["refused"]:
                    row["refused"].append(outcome["refused"][:300])
                if outcome["failure"]:
                    failure = {"operator": name, "seed": seed, "units": units, "options": options, "kind": outcome["failure"],
                               "text": outcome["text"], "nodes": len(model.graph.node)}
                    report["failures"].append(failure)
                    if arguments.keep:
                        os.makedirs(arguments.keep, exist_ok=True)
                        for end in ("onnx", "json"):
                            if os.path.exists(f"{folder}/m.{end}"):
                                shutil.copy(f"{folder}/m.{end}", f"{arguments.keep}/{name}-{seed}.{end}")
            report["operators"][name] = row
    print(json.dumps(report))


if __name__ == "__main__":
    main()
