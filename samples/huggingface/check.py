"""Extracts a smaller folder from a tiny seeded folder of each architecture, and has transformers judge it.

usage: check.py TESSERA [--keep FOLDER] [MODEL_TYPE …]   (in a Python with torch and transformers; not in CI)

For each architecture: transformers makes a model with random weights and saves it; `tessera plan`, `convert` and
`extract` make the folder of level 1, half of the feed-forward channels and, where loaders allow it, of the heads. Then

* every tensor must be the slice that the architecture's document gives, and every other file must be the same;
* `from_pretrained` must build the folder with nothing missing and nothing unexpected;
* its last output must be that of the whole model with the removed channels zero, to 1e-5;
* `convert` must give back every file of the original folder.

Prints one line for each architecture. With --keep, each folder that passed is written to FOLDER/MODEL_TYPE, with
`expected.json`: the config.json that transformers accepted, and shape and SHA-256 of every tensor of the slice.
"""

import glob
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile

import numpy
import safetensors.torch
import torch
import transformers

HERE = os.path.dirname(os.path.abspath(__file__))
DOCUMENTS = [json.load(open(path)) for path in glob.glob(f"{HERE}/../../Sources/Planning/Architectures/*.json")]
transformers.logging.set_verbosity_error()
transformers.utils.logging.disable_progress_bar()

TEXT = {
    "hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 40, "vocab_size": 32,
    "max_position_embeddings": 64, "pad_token_id": 0, "bos_token_id": 0, "eos_token_id": 1}
GROUPED = TEXT | {"num_key_value_heads": 2}
IMAGE = {
    "hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 40, "image_size": 16,
    "patch_size": 8}
EXPERTS = {"num_experts": 4, "num_experts_per_tok": 2}
T5 = {
    "d_model": 24, "d_ff": 40, "d_kv": 6, "num_layers": 2, "num_heads": 4, "vocab_size": 32,
    "decoder_start_token_id": 0}
SEQUENCES = {
    "d_model": 24, "encoder_layers": 2, "decoder_layers": 2, "encoder_attention_heads": 4,
    "decoder_attention_heads": 4, "encoder_ffn_dim": 40, "decoder_ffn_dim": 40, "vocab_size": 32,
    "max_position_embeddings": 64, "pad_token_id": 0, "bos_token_id": 0, "eos_token_id": 1,
    "decoder_start_token_id": 2}
DEEPSEEK = TEXT | {
    "num_key_value_heads": 4, "moe_intermediate_size": 32, "n_routed_experts": 4, "num_experts_per_tok": 2,
    "n_shared_experts": 2, "n_group": 1, "topk_group": 1, "first_k_dense_replace": 1, "q_lora_rank": 12,
    "kv_lora_rank": 10, "qk_nope_head_dim": 6, "qk_rope_head_dim": 4, "v_head_dim": 8}
MODELS = {
    "llama": GROUPED, "mistral": GROUPED, "qwen2": GROUPED, "qwen3": GROUPED | {"head_dim": 8},
    "gemma": GROUPED | {"head_dim": 8}, "gemma2": GROUPED | {"head_dim": 8},
    "gemma3_text": GROUPED | {"head_dim": 8}, "phi": GROUPED | {"hidden_size": 32}, "phi3": GROUPED,
    "gpt2": {"n_embd": 24, "n_layer": 2, "n_head": 4, "n_inner": 40, "vocab_size": 32, "n_positions": 64},
    "gpt_neox": TEXT, "bert": TEXT, "roberta": TEXT, "modernbert": TEXT,
    "distilbert": {"dim": 24, "n_layers": 2, "n_heads": 4, "hidden_dim": 40, "vocab_size": 32},
    "vit": IMAGE, "deit": IMAGE, "dinov2": {key: IMAGE[key] for key in IMAGE if key != "intermediate_size"},
    "clip": {"text_config": TEXT | {"model_type": "clip_text_model"}, "vision_config": IMAGE, "projection_dim": 12},
    "whisper": {
        "d_model": 24, "encoder_layers": 2, "decoder_layers": 2, "encoder_attention_heads": 4,
        "decoder_attention_heads": 4, "encoder_ffn_dim": 40, "decoder_ffn_dim": 40, "vocab_size": 32,
        "num_mel_bins": 8, "max_source_positions": 16, "max_target_positions": 16, "pad_token_id": 0,
        "bos_token_id": 0, "eos_token_id": 1, "decoder_start_token_id": 2},
    "t5": T5,
    "mixtral": GROUPED | {"num_local_experts": 4, "num_experts_per_tok": 2},
    "qwen2_moe": GROUPED | EXPERTS | {"moe_intermediate_size": 32, "shared_expert_intermediate_size": 40},
    "qwen3_moe": GROUPED | EXPERTS | {"moe_intermediate_size": 32, "head_dim": 8},
    "olmoe": GROUPED | EXPERTS,
    "granitemoe": GROUPED | {"num_local_experts": 4, "num_experts_per_tok": 2},
    "gpt_oss": GROUPED | {"num_local_experts": 4, "num_experts_per_tok": 2, "head_dim": 8},
    "deepseek_v3": DEEPSEEK,
    "xlm-roberta": TEXT, "camembert": TEXT, "electra": TEXT | {"embedding_size": 24},
    "granite": GROUPED, "cohere2": GROUPED | {"head_dim": 8}, "exaone4": GROUPED | {"head_dim": 8},
    "olmo2": GROUPED,
    "siglip": {"text_config": TEXT, "vision_config": IMAGE},
    "bart": SEQUENCES, "mbart": SEQUENCES,
    "mt5": T5, "umt5": T5,
    "phimoe": GROUPED | {"num_local_experts": 4, "num_experts_per_tok": 2},
    "glm4_moe": GROUPED | {
        "head_dim": 8, "moe_intermediate_size": 32, "n_routed_experts": 4, "num_experts_per_tok": 2, "n_group": 1,
        "topk_group": 1, "first_k_dense_replace": 1, "n_shared_experts": 2},
    "deepseek_v2": DEEPSEEK | {"topk_method": "greedy"},
}
CLASSES = {
    "bert": "AutoModel", "roberta": "AutoModel", "distilbert": "AutoModel", "modernbert": "AutoModel",
    "xlm-roberta": "AutoModel", "camembert": "AutoModel", "electra": "AutoModel", "siglip": "AutoModel",
    "bart": "BartForConditionalGeneration", "mbart": "MBartForConditionalGeneration",
    "mt5": "MT5ForConditionalGeneration", "umt5": "UMT5ForConditionalGeneration",
    "vit": "AutoModel", "deit": "AutoModel", "dinov2": "AutoModel", "clip": "AutoModel", "whisper": "WhisperForConditionalGeneration",
    "t5": "T5ForConditionalGeneration"}


def inputs(kind):
    tokens = torch.tensor([[3, 7, 11, 5, 30, 2, 9]])
    pixels = torch.linspace(-1, 1, 3 * 16 * 16).reshape(1, 3, 16, 16)
    match kind:
        case "vit" | "deit" | "dinov2":
            return {"pixel_values": pixels}
        case "clip" | "siglip":
            return {"input_ids": tokens, "pixel_values": pixels}
        case "whisper":
            return {"input_features": torch.linspace(-1, 1, 8 * 32).reshape(1, 8, 32), "decoder_input_ids": tokens}
        case "t5" | "mt5" | "umt5" | "bart" | "mbart":
            return {"input_ids": tokens, "decoder_input_ids": tokens}
    return {"input_ids": tokens}


def output(model, kind):
    with torch.no_grad():
        found = model.eval()(**inputs(kind))
    names = ("logits", "logits_per_text", "last_hidden_state")
    return next(found[name] for name in names if name in found).double().numpy()


def kept(text, old, new):
    """The positions of a dimension that the first half of each part of `text` keeps."""
    places, start = [], 0
    terms = text.split("+")
    if len(terms) == 1:
        factors = text.split("*")
        outer = int(factors[0]) if factors[0].isdigit() else 1
        return numpy.concatenate([numpy.arange(part * (old // outer), part * (old // outer) + new // outer)
                                  for part in range(outer)])
    # Queries and keys in one dimension: 4 query heads and 2 key heads of one width.
    width = old // 8
    for term in terms:
        size = (4 if term.endswith("Q") else 2) * width
        places.append(numpy.arange(start, start + size // 2))
        start += size
    return numpy.concatenate(places)


def positions(name, old, new, kind):
    """For each dimension of a tensor the positions that the smaller model keeps, by the architecture's document."""
    document = next(document for document in DOCUMENTS if kind in document.get("model_types", []))
    for group in document["groups"]:
        for suffix, text in group["tensors"].items():
            parts, pattern = name.split("."), suffix.split(".")
            if len(parts) >= len(pattern) and all(q in ("{}", p) for p, q in zip(parts[-len(pattern):], pattern)):
                return [numpy.arange(a) if item == "-" else kept(item, a, b)
                        for item, a, b in zip(text.split(","), old, new)]
    raise AssertionError(f"{name}: no document has it")


def tensors(folder):
    found = {}
    for path in glob.glob(f"{folder}/*.safetensors"):
        found |= safetensors.torch.load_file(path)
    return found


def files(folder):
    return {name: open(f"{folder}/{name}", "rb").read() for name in os.listdir(folder)}


def load(folder, kind):
    loader = getattr(transformers, CLASSES.get(kind, "AutoModelForCausalLM"))
    model, info = loader.from_pretrained(folder, output_loading_info=True, attn_implementation="eager")
    told = {key: sorted(value) for key, value in info.items() if value}
    return model, told


def keep(folder, whole, small, slices):
    """Writes the whole folder and what was found right, for tests without transformers."""
    os.makedirs(folder, exist_ok=True)
    for name in ("config.json", "generation_config.json", "model.safetensors"):
        if os.path.exists(f"{whole}/{name}"):
            shutil.copy(f"{whole}/{name}", folder)
    rows = {name: {"shape": list(tensor.shape), "sha256": hashlib.sha256(tensor.numpy().tobytes()).hexdigest()}
            for name, tensor in sorted(slices.items())}
    expected = {"transformers": transformers.__version__, "config": open(f"{small}/config.json").read(), "tensors": rows}
    with open(f"{folder}/expected.json", "w") as file:
        json.dump(expected, file, indent=1)
        file.write("\n")


def check(tessera, kind, work, kept_folder):
    torch.manual_seed(7)
    config = transformers.AutoConfig.for_model(kind, **MODELS[kind])
    loader = getattr(transformers, CLASSES.get(kind, "AutoModelForCausalLM"))
    model = loader.from_config(config) if loader.__name__.startswith("Auto") else loader(config)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn_like(parameter) * 0.2)
    whole, small, back = f"{work}/whole", f"{work}/small", f"{work}/back"
    model.save_pretrained(whole)
    open(f"{whole}/tokenizer.json", "w").write("{}\n")

    def run(*words):
        result = subprocess.run([tessera, *words], capture_output=True, text=True)
        assert result.returncode == 0, f"{words[0]}: {result.stderr}"
        return result.stderr

    words = run("plan", whole, "--units", "2", "-o", f"{work}/plan.json")
    run("convert", whole, f"{work}/m.h5", "--plan", f"{work}/plan.json")
    run("extract", f"{work}/m.h5", f"{small}/", "--level", "1")
    run("convert", f"{work}/m.h5", f"{back}/")
    assert files(back) == files(whole), "the folder does not come back"

    old, new = tensors(whole), tensors(small)
    assert old.keys() == new.keys()
    masked, slices, cut = {}, {}, 0
    for name, tensor in old.items():
        if tensor.shape == new[name].shape:
            assert torch.equal(tensor, new[name]), name
            masked[name] = slices[name] = tensor
            continue
        cut += 1
        index = numpy.ix_(*positions(name, tensor.shape, new[name].shape, kind))
        slices[name] = tensor[index].contiguous()
        assert torch.equal(slices[name], new[name]), name
        masked[name] = torch.zeros_like(tensor)
        masked[name][index] = tensor[index]
    assert cut, "nothing was cut"

    saved = f"{work}/saved"
    shutil.copytree(whole, saved)
    loaded, told = load(small, kind)
    assert not told, told
    reference, told = load(whole, kind)
    names = dict(reference.state_dict())
    if set(masked) <= set(names):
        reference.load_state_dict(masked, strict=False)
    else:
        # Stacked experts have other names in memory than on disk.
        safetensors.torch.save_file(masked, f"{work}/masked.safetensors", metadata={"format": "pt"})
        for path in glob.glob(f"{whole}/*.safetensors"):
            os.remove(path)
        os.rename(f"{work}/masked.safetensors", f"{whole}/model.safetensors")
        reference, told = load(whole, kind)
        assert not told, told
    gap = float(numpy.abs(output(loaded, kind) - output(reference, kind)).max())
    assert gap <= 1e-5, f"outputs differ by {gap}"
    if kept_folder:
        keep(f"{kept_folder}/{kind}", saved, small, slices)
    heads = "ffn, heads" if "heads:" in words else "ffn"
    return f"{cut} of {len(old)} tensors cut ({heads}), largest difference {gap:.1e}"


def main():
    tessera, *kinds = sys.argv[1:]
    kept_folder = kinds.pop(1) if kinds[:1] == ["--keep"] else None
    kinds = [kind for kind in kinds if kind != "--keep"]
    failed = 0
    print(f"transformers {transformers.__version__}, torch {torch.__version__}")
    for kind in kinds or MODELS:
        with tempfile.TemporaryDirectory() as work:
            try:
                print(f"{kind:12} ok      {check(tessera, kind, work, kept_folder)}", flush=True)
            except Exception as error:  # noqa: BLE001
                failed += 1
                print(f"{kind:12} FAILED  {type(error).__name__}: {error}"[:400], flush=True)
    return 1 if failed else 0


sys.exit(main())
