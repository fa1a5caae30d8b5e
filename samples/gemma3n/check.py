#!/usr/bin/env python3
"""Compares the counts of this folder with models that transformers builds (5.24, on the meta device).

    python3 -B check.py TESSERA

TESSERA is the command. Each of the 21 sizes is built with its widths and layers, and counted with
num_parameters(exclude_embeddings=True). The exit code is 1 if a count differs.
"""

import json
import os
import subprocess
import sys

import torch
from transformers import Gemma3nTextConfig, Gemma3nTextModel

from make_plans import FIRST_SHARED, LAYERS, SKIPPED, SLICES, SUBMODELS, WIDTH


def built(skipped, widths):
    kept = [layer for layer in range(LAYERS) if layer not in skipped]
    whole = Gemma3nTextConfig()
    config = Gemma3nTextConfig(
        num_hidden_layers=len(kept), intermediate_size=list(widths),
        num_kv_shared_layers=sum(layer >= FIRST_SHARED for layer in kept),
        activation_sparsity_pattern=[whole.activation_sparsity_pattern[layer] for layer in kept],
        layer_types=[whole.layer_types[layer] for layer in kept])
    with torch.device("meta"):
        return Gemma3nTextModel(config).num_parameters(exclude_embeddings=True)


def counted(command, plan):
    run = subprocess.run(
        [command, "count", f"{plan}.plan.json", "--json", "--policy", "policies/effective-as-built.json"],
        cwd=os.path.dirname(os.path.abspath(__file__)), stdout=subprocess.PIPE, check=True)
    rows = json.loads(run.stdout)["policies"][0]["rows"]
    return {(row["task"], row["level"]): row["parameters"] for row in rows}


def main(command):
    counts = {**counted(command, "E4B"), **counted(command, "submodels")}
    sizes = [("E2B", ("all", 1), SKIPPED, [8192] * 30), ("E4B", ("all", 2), [], [WIDTH] * LAYERS)]
    for level, (name, _, wide) in enumerate(SLICES, 1):
        skipped = SKIPPED if name.startswith("E1.96B") else []
        widths = [WIDTH if layer in wide else 8192 for layer in range(LAYERS) if layer not in skipped]
        sizes.append((name, ("slices", level), skipped, widths))
    sizes += [(name, ("guide", level), skipped, widths) for level, (name, skipped, widths) in enumerate(SUBMODELS, 1)]
    differ = 0
    for name, row, skipped, widths in sizes:
        theirs = built(skipped, widths)
        differ += counts[row] != theirs
        print(f"{name:13} {counts[row]:>13,} {'=' if counts[row] == theirs else '!='} {theirs:,}")
    return differ


if __name__ == "__main__":
    sys.exit(1 if main(os.path.abspath(sys.argv[1])) else 0)
