#!/usr/bin/env python3
"""Break folders in many ways, and print what from_pretrained and `tessera validate` say about each.

    python broken.py TESSERA

The folders are copies of Tests/Fixtures/folders, each with one defect. The first column of the table is the defect,
the second what transformers does, the third the worst finding of `tessera validate`, with its place. Needs torch, transformers and
safetensors. Exit code 1 if validate finds nothing in one of the folders, or finds something in a sound one.
"""

import argparse
import io
import json
import logging
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

os.environ["HF_HUB_OFFLINE"] = "1"
import torch  # noqa: E402
import transformers  # noqa: E402
from safetensors.torch import load_file, save_file  # noqa: E402

FOLDERS = pathlib.Path(__file__).resolve().parents[2] / "Tests" / "Fixtures" / "folders"
INDEX = "model.safetensors.index.json"


class Folder:
    """A copy of a model's folder."""

    def __init__(self, model, path):
        self.path = pathlib.Path(path)
        for file in (FOLDERS / model).iterdir():
            if file.name != "expected.json":
                shutil.copy(file, self.path)

    def edit(self, name="config.json", **changes):
        path = self.path / name
        value = json.loads(path.read_text()) if path.exists() else {}
        for key, new in changes.items():
            if new is None:
                value.pop(key, None)
            else:
                value[key] = new
        path.write_text(json.dumps(value, indent=2))

    def text(self, name, text):
        (self.path / name).write_text(text)

    def tensors(self, change, name="model.safetensors"):
        tensors = load_file(self.path / name)
        change(tensors)
        save_file(tensors, self.path / name, metadata={"format": "pt"})

    def split(self, change=lambda index: None):
        """Replace the weights by two shards; `change` edits the index."""
        tensors = load_file(self.path / "model.safetensors")
        (self.path / "model.safetensors").unlink()
        names = sorted(tensors)
        index = {"metadata": {}, "weight_map": {}}
        for number, part in enumerate((names[: len(names) // 2], names[len(names) // 2 :]), 1):
            shard = f"model-0000{number}-of-00002.safetensors"
            save_file({name: tensors[name] for name in part}, self.path / shard, metadata={"format": "pt"})
            index["weight_map"].update(dict.fromkeys(part, shard))
        elements = sum(tensor.numel() for tensor in tensors.values())
        index["metadata"] = {"total_parameters": elements, "total_size": 4 * elements}
        change(index)
        self.text(INDEX, json.dumps(index, indent=2))


def drop(name):
    return lambda folder: folder.tensors(lambda tensors: tensors.pop(name))


def drop_all(end):
    """Remove a tensor from every layer."""
    def change(tensors):
        for name in [name for name in tensors if name.endswith(end)]:
            tensors.pop(name)
    return lambda folder: folder.tensors(change)


def halve_heads(folder):
    """Halve the heads in every layer; the loader computes their width from the number of heads."""
    def change(tensors):
        for name in [name for name in tensors if ".self_attn." in name]:
            tensor = tensors[name]
            tensors[name] = (tensor[:, :tensor.shape[1] // 2] if "o_proj" in name else tensor[:len(tensor) // 2]).clone()
    folder.tensors(change)
    folder.edit(head_dim=None)


def classifier(folder):
    folder.edit(architectures=["LlamaForSequenceClassification"], id2label={"0": "no", "1": "yes"})
    folder.tensors(lambda tensors: tensors.update({"score.weight": torch.zeros(3, 24)}))


def resize(name, *shape):
    return lambda folder: folder.tensors(lambda tensors: tensors.update({name: torch.zeros(shape)}))


def config(**changes):
    return lambda folder: folder.edit(**changes)


def index(change):
    return lambda folder: folder.split(change)


def both(folder):
    whole = (folder.path / "model.safetensors").read_bytes()
    folder.split()
    (folder.path / "model.safetensors").write_bytes(whole)


def missing_shard(folder):
    folder.split()
    (folder.path / "model-00002-of-00002.safetensors").unlink()


def extra_shard(folder):
    folder.split()
    save_file({"x": torch.zeros(2)}, folder.path / "extra.safetensors", metadata={"format": "pt"})


def tokenizer(ids, added=()):
    value = {
        "version": "1.0",
        "model": {"type": "BPE", "vocab": {f"t{i}": i for i in range(ids)}, "merges": []},
        "added_tokens": [
            {"id": i, "content": f"<{i}>", "single_word": False, "lstrip": False, "rstrip": False,
             "normalized": False, "special": True} for i in added
        ],
    }
    return lambda folder: folder.text("tokenizer.json", json.dumps(value))


def twice(folder):
    text = (folder.path / "config.json").read_text()
    folder.text("config.json", text.replace("{", '{"vocab_size": 32, ', 1))


LAYER = "model.layers.1."
EXPERT = "model.layers.0.block_sparse_moe.experts.2."
# (defect, model, change). A sound folder is one without a defect.
CASES = [
    ("none", "llama", lambda folder: None),
    ("none, in two shards", "llama", lambda folder: folder.split()),
    ("wrong `total_size`", "llama", index(lambda i: i["metadata"].update(total_size=1))),
    ("wrong `total_parameters`", "llama", index(lambda i: i["metadata"].update(total_parameters=1))),
    ("tensor listed in the wrong shard", "llama",
     index(lambda i: i["weight_map"].update({"lm_head.weight": "model-00002-of-00002.safetensors"}))),
    ("tensor not in `weight_map`", "llama", index(lambda i: i["weight_map"].pop("lm_head.weight"))),
    ("index without `metadata`", "llama", index(lambda i: i.pop("metadata"))),
    ("listed shard missing", "llama", missing_shard),
    ("a file that the index does not name", "llama", extra_shard),
    ("model.safetensors and an index", "llama", both),
    ("tensor of a layer missing", "llama", drop(LAYER + "mlp.up_proj.weight")),
    ("final norm missing", "qwen3", drop("model.norm.weight")),
    ("untied output layer missing", "mistral", drop("lm_head.weight")),
    ("embedding missing", "t5", drop("shared.weight")),
    ("fewer layers in config.json", "llama", config(num_hidden_layers=1)),
    ("more layers in config.json", "gpt2", config(n_layer=3)),
    ("`intermediate_size`", "llama", config(intermediate_size=44)),
    ("`moe_intermediate_size`", "qwen3_moe", config(moe_intermediate_size=33)),
    ("`hidden_size`", "llama", config(hidden_size=48)),
    ("heads halved, `head_dim` kept", "llama", config(num_attention_heads=2)),
    ("heads halved, `head_dim` doubled", "qwen3",
     config(num_attention_heads=2, num_key_value_heads=1, head_dim=16)),
    ("heads halved, no `head_dim`, no grouped keys", "bert", config(num_attention_heads=2)),
    ("key heads halved", "qwen2", config(num_key_value_heads=1)),
    ("key heads that do not divide", "qwen2", config(num_key_value_heads=3)),
    ("`vocab_size`", "gpt_neox", config(vocab_size=64)),
    ("tokenizer larger than the embedding", "llama", tokenizer(40)),
    ("added token without a row", "llama", tokenizer(32, [40])),
    ("`layer_types` too short", "gemma2", config(layer_types=["full_attention"])),
    ("fewer experts in config.json", "mixtral", config(num_local_experts=3)),
    ("more experts for a token than there are", "olmoe", config(num_experts_per_tok=5)),
    ("`n_group` does not divide", "deepseek_v3", config(n_group=3)),
    ("an expert of another shape", "mixtral", resize(EXPERT + "w1.weight", 39, 24)),
    ("an expert without a tensor", "mixtral", drop(EXPERT + "w1.weight")),
    ("one layer of another shape", "llama", resize(LAYER + "mlp.up_proj.weight", 39, 24)),
    ("`dtype` unlike the tensors", "llama", config(dtype="bfloat16")),
    ("`pad_token_id` beyond the vocabulary", "llama", config(pad_token_id=32)),
    ("`eos_token_id` beyond the vocabulary", "llama", config(eos_token_id=32)),
    ("a tensor missing in every layer", "llama", drop_all("mlp.up_proj.weight")),
    ("a norm missing in every layer", "qwen3", drop_all("q_norm.weight")),
    ("a bias missing in every layer", "qwen2", drop_all("q_proj.bias")),
    ("heads halved in every layer, no `head_dim`", "mistral", halve_heads),
    ("biases that a flag asks for", "llama", config(attention_bias=True)),
    ("biases that a flag denies", "starcoder2", config(use_bias=False)),
    ("norms that a flag asks for", "phi", config(qk_layernorm=True)),
    ("a classifier without its layer", "mistral", config(architectures=["MistralForSequenceClassification"])),
    ("an encoder without the layer for answers", "bert", config(architectures=["BertForQuestionAnswering"])),
    ("untied output layer missing", "t5", config(tie_word_embeddings=False)),
    ("no `intermediate_size`", "llama", config(intermediate_size=None)),
    ("no `head_dim`", "gemma2", config(head_dim=None)),
    ("no `num_key_value_heads`", "llama", config(num_key_value_heads=None)),
    ("experts in other layers", "qwen3_moe-8", config(mlp_only_layers=[])),
    ("`first_k_dense_replace`", "deepseek_v3", config(first_k_dense_replace=0)),
    ("more layers with their own keys", "gemma3n_text", config(num_kv_shared_layers=2)),
    ("labels of a classifier", "llama", classifier),
    ("config.json cut off", "llama", lambda folder: folder.text("config.json", '{"model_type": "llama"')),
    ("a key twice in config.json", "llama", twice),
]
# What no shape shows; the guide says so.
UNSEEN = {"none", "none, in two shards", "heads halved, no `head_dim`, no grouped keys"}


def loaded(path):
    """What from_pretrained does: it loads, with what it logs, or refuses; then one forward pass."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    logger = logging.getLogger("transformers")
    logger.addHandler(handler)
    try:
        transformers.AutoConfig.from_pretrained(path)
        name = json.loads((path / "config.json").read_text())["architectures"][0]
        model = getattr(transformers, name).from_pretrained(path).eval()
        log = stream.getvalue()
        words = "loads, says nothing"
        for status in ("MISSING", "UNEXPECTED", "MISMATCH"):
            if status in log:
                words = f"loads, logs {status}"
        try:
            inputs = torch.tensor([[1, 2, 3]])
            more = {"decoder_input_ids": inputs} if model.config.is_encoder_decoder else {}
            with torch.no_grad():
                model(input_ids=inputs, **more)
        except Exception as error:
            words += f"; forward fails ({type(error).__name__})"
        return words
    except Exception as error:
        lines = str(error).strip().splitlines() or [""]
        if "ignore_mismatched_sizes" in lines[0]:
            return "refuses: sizes differ"
        return f"refuses: {type(error).__name__}"
    finally:
        logger.removeHandler(handler)


def validated(binary, path):
    """The severity and the place of the worst finding of validate, and its sentence."""
    run = subprocess.run([binary, "validate", "--json", path], capture_output=True, text=True)
    if run.returncode not in (0, 1):
        sys.exit(f"{path}: exit code {run.returncode}: {run.stderr.strip()}")
    findings = json.loads(run.stdout)["findings"]
    if not findings:
        return "nothing", ""
    ranks = ["note", "warning", "error"]
    worst = max(findings, key=lambda finding: ranks.index(finding["severity"]))
    place = worst["location"] or pathlib.Path(worst["file"]).name
    return f"{worst['severity']}: {place}", worst["message"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tessera", help="the tessera command")
    parser.add_argument("--verbose", action="store_true", help="also print the sentences of validate")
    arguments = parser.parse_args()
    binary, verbose = arguments.tessera, arguments.verbose
    transformers.utils.logging.disable_progress_bar()
    print("| defect | transformers | `tessera validate` |\n|---|---|---|")
    wrong = 0
    for defect, model, change in CASES:
        with tempfile.TemporaryDirectory() as path:
            folder = Folder(model, path)
            change(folder)
            said, sentence = validated(binary, path)
            wrong += (said == "nothing") != (defect in UNSEEN)
            cells = [f"{defect} ({model})", loaded(folder.path), said]
            print("| " + " | ".join(cell.replace("|", "\\|").replace(path + "/", "") for cell in cells) + " |")
            if verbose and sentence:
                print(f"  {sentence}", file=sys.stderr)
            sys.stdout.flush()
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
