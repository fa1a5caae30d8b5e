#!/usr/bin/env python3
"""Cuts the feed-forward layers of all-MiniLM-L6-v2 into four units, in several orders of their channels.

usage: ffn.py MODEL [--tessera PATH] [--work FOLDER] [--output FILE]

MODEL is the model's folder (config.json, model.safetensors, tokenizer.json).  The script exports the model to ONNX, and
plans only the 1,536 channels of each feed-forward layer.  Level l keeps the first l quarters of the channels:

  prefix       as they are numbered
  random       shuffled, five times
  weights      by |w_in| · |w_out|             (tessera plan --regroup weights)
  activations  by rms of the channel · |w_out| (tessera plan --regroup activations), on 128 sentences

For each level, `tessera run` computes the embeddings of other sentences, and the script compares them with those of the
whole model, by cosine.  All sentences are from this project's own documentation.  Writes ffn.csv.
Needs torch, transformers, onnx and numpy; not part of build or tests.
"""

import argparse
import csv
import json
import random
import re
import subprocess
import warnings
from pathlib import Path

import numpy as np
import torch
from transformers import AutoModel, AutoTokenizer

ROOT = Path(__file__).resolve().parent.parent.parent
LENGTH, CALIBRATION, HELD_OUT, SHUFFLES = 48, 128, 400, 5


def sentences():
    """Sentences of the documentation, in random order, each once."""
    found = set()
    for path in [*sorted(ROOT.glob("docs/guides/*.md")), *sorted(ROOT.glob("*.md")), *sorted(ROOT.glob("schemas/*.md"))]:
        text = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.S)
        prose = " ".join(line for line in text.splitlines() if line and not line.lstrip().startswith(("#", "|", "-", "*")))
        found |= {one.strip() for one in re.split(r"(?<=[.?!]) ", prose) if 40 <= len(one) <= 200}
    found = sorted(found)
    random.Random(1).shuffle(found)
    return found


class Encoder(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, input_ids, attention_mask):
        return self.model(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state


def export(folder, path):
    model = AutoModel.from_pretrained(folder, attn_implementation="eager").eval()
    tokens = torch.ones(2, LENGTH, dtype=torch.long)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(Encoder(model), (tokens, tokens), str(path), dynamo=False, opset_version=17,
                          do_constant_folding=False, input_names=["input_ids", "attention_mask"],
                          output_names=["states"], dynamic_axes={name: {0: "N"} for name in
                                                                 ("input_ids", "attention_mask", "states")})


def pooled(states, mask):
    """Sentence embeddings: the mean over the tokens, of length 1."""
    mask = mask[:, :, None].astype(np.float32)
    means = (states * mask).sum(1) / mask.sum(1)
    return means / np.linalg.norm(means, axis=1, keepdims=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("--tessera", default="tessera")
    parser.add_argument("--work", type=Path, default=Path("minilm-runs"))
    parser.add_argument("--output", type=Path, default=Path(__file__).resolve().parent / "ffn.csv")
    arguments = parser.parse_args()
    work = arguments.work
    work.mkdir(parents=True, exist_ok=True)

    def tessera(*words):
        done = subprocess.run([arguments.tessera, *map(str, words)], cwd=work, text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE)
        assert done.returncode == 0, (words, done.stderr)
        return done.stdout

    if not (work / "minilm.onnx").exists():
        export(arguments.model, work / "minilm.onnx")
    tokenizer = AutoTokenizer.from_pretrained(arguments.model)
    texts = sentences()
    assert len(texts) >= CALIBRATION + HELD_OUT, len(texts)
    for name, part in (("learn", texts[:CALIBRATION]), ("test", texts[CALIBRATION:CALIBRATION + HELD_OUT])):
        tokens = tokenizer(part, padding="max_length", truncation=True, max_length=LENGTH, return_tensors="np")
        np.savez(work / f"{name}.npz", input_ids=tokens["input_ids"].astype(np.int64),
                 attention_mask=tokens["attention_mask"].astype(np.int64))
    mask = np.load(work / "test.npz")["attention_mask"]

    # Only the feed-forward layers: their axes have 1,536 channels.
    tessera("plan", "minilm.onnx", "--units", 4, "-o", "graph.json")
    plan = json.loads((work / "graph.json").read_text())
    plan["axes"] = {name: axis for name, axis in plan["axes"].items() if axis.get("size") == 1536}
    kept = []
    for entry in plan["tensors"]:
        axes = [use if isinstance(use, str) and use in plan["axes"] else None for use in entry["axes"]]
        if any(axes):
            kept.append(entry | {"axes": axes})
    plan["tensors"] = kept
    assert len(plan["axes"]) == 6 and len(kept) == 18, (len(plan["axes"]), len(kept))
    plans = {"prefix": plan}
    for number in range(SHUFFLES):
        shuffled = json.loads(json.dumps(plan))
        for place, axis in enumerate(shuffled["axes"].values()):
            channels = list(range(1536))
            random.Random(100 * number + place).shuffle(channels)
            axis["units"] = [sorted(channels[unit * 384:(unit + 1) * 384]) for unit in range(4)]
        plans[f"random {number + 1}"] = shuffled
    for name, one in plans.items():
        (work / f"{name}.json").write_text(json.dumps(one))
    for method, given in (("weights", []), ("activations", ["--data", "learn.npz"])):
        tessera("plan", "minilm.onnx", "--plan", "prefix.json", "--regroup", method, *given, "-o", f"{method}.json")
        plans[method] = None

    tessera("run", "minilm.onnx", "--input", "test.npz", "--output", "whole.npz")
    whole = pooled(np.load(work / "whole.npz")["states"], mask)
    rows = []
    for name in plans:
        tessera("convert", "minilm.onnx", "cut.h5", "--plan", f"{name}.json", "--no-prove")
        for level in (3, 2, 1):
            tessera("run", "cut.h5", "--level", level, "--input", "test.npz", "--output", "part.npz")
            cosines = (pooled(np.load(work / "part.npz")["states"], mask) * whole).sum(1)
            order, _, seed = name.partition(" ")
            rows.append({"order": order, "seed": seed, "level": level, "channels": 384 * level,
                         "cosine": f"{cosines.mean():.4f}", "error": f"{cosines.std(ddof=1) / len(cosines) ** 0.5:.4f}",
                         "sentences": len(cosines)})
            print(*rows[-1].values(), flush=True)
    with open(arguments.output, "w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
