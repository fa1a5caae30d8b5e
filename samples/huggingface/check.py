"""Extracts smaller folders from a tiny seeded folder of each architecture, and has transformers judge them.

usage: check.py TESSERA [--keep FOLDER] [MODEL …]   (in a Python with torch and transformers; not in CI)

For each model: transformers makes it with random weights and saves it; `tessera plan`, `convert` and `extract` make the
folder of a level. By default there are two levels: of two units the first, with half of the feed-forward channels and,
where loaders allow it, of the heads; and three of four units of the feed-forward channels only. Then

* every tensor must be the slice that the architecture's document gives, and every other file must be the same;
* `from_pretrained` must build the folder with nothing missing and nothing unexpected;
* its last output must be that of the whole model with the removed channels zero, to 1e-5;
* `convert` must give back every file of the original folder.

Where experts or layers are removed, the reference is a model that this script slices by hand. Its config.json must
equal the extracted one in the eyes of transformers.

Prints one line for each level. With --keep, each folder that passed is written to FOLDER/MODEL, with `expected.json`:
for each level the config.json that transformers accepted, the last output, and shape and SHA-256 of every tensor.
"""

import glob
import hashlib
import json
import os
import re
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
EIGHT = {"num_hidden_layers": 3, "num_experts_per_tok": 2}
MODELS |= {
    "mixtral-8": MODELS["mixtral"] | EIGHT | {"num_local_experts": 8},
    "deepseek_v3-8": DEEPSEEK | EIGHT | {"n_routed_experts": 8},
    "deepseek_v3-groups": DEEPSEEK | EIGHT | {"n_routed_experts": 8, "n_group": 2},
    "qwen3_moe-8": MODELS["qwen3_moe"] | EIGHT | {"num_experts": 8, "mlp_only_layers": [1]},
    "gpt_oss-8": MODELS["gpt_oss"] | EIGHT | {"num_local_experts": 8},
    "granitemoe-8": MODELS["granitemoe"] | EIGHT | {"num_local_experts": 8},
    "gemma3n_text": {
        "hidden_size": 32, "num_hidden_layers": 10, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 8,
        "intermediate_size": [40] * 10, "vocab_size": 48, "vocab_size_per_layer_input": 40, "num_kv_shared_layers": 4,
        "hidden_size_per_layer_input": 4, "laurel_rank": 4, "altup_num_inputs": 2, "max_position_embeddings": 64,
        "sliding_window": 16, "activation_sparsity_pattern": [0.95] * 3 + [0.0] * 7,
        "layer_types": (["sliding_attention"] * 2 + ["full_attention"]) * 3 + ["sliding_attention"]},
    "qwen2-deep": MODELS["qwen2"] | {"num_hidden_layers": 6, "use_sliding_window": True, "max_window_layers": 3},
}
# Two of eight experts in each layer, best first; a list may go on.
RANKING = {"0": [5, 1], "1": [6, 2], "2": [7, 3, 0]}


def experts(key, *layers, order=None, kept=2):
    """A level that keeps some of eight experts in each layer."""
    ranking = {layer: order or RANKING[layer] for layer in layers}
    return {"plan": ["--units", str(8 // kept), "--cut", "experts", "--order", "experts=ranking.json"], "level": 1,
            "ranking": ranking, "experts": {layer: sorted(ranking[layer][:kept]) for layer in layers},
            "sizes": {key: kept}}


DENSE = [{"plan": ["--units", "2"], "level": 1}, {"plan": ["--units", "4", "--cut", "ffn"], "level": 3}]
LEVELS = {
    "dinov2": DENSE[:1],
    # transformers computes experts with kernels that need widths of a multiple of four.
    **dict.fromkeys(("mixtral", "olmoe", "granitemoe", "gpt_oss", "phimoe"), [
        DENSE[0], {"plan": ["--units", "5", "--cut", "ffn"], "level": 3}]),
    # One key gives the width of routed and of shared experts.
    **dict.fromkeys(("deepseek_v2", "deepseek_v3", "glm4_moe"), [
        DENSE[0], {"plan": ["--units", "4", "--cut", "ffn,shared"], "level": 3}]),
    "mixtral-8": [experts("num_local_experts", "0", "1", "2")],
    "deepseek_v3-8": [experts("n_routed_experts", "1", "2")],
    "deepseek_v3-groups": [experts("n_routed_experts", "1", "2", order=[0, 3, 4, 6], kept=4)],
    "qwen3_moe-8": [experts("num_experts", "0", "2")],
    "gpt_oss-8": [experts("num_local_experts", "0", "1", "2")],
    "granitemoe-8": [experts("num_local_experts", "0", "1", "2")],
    "gemma3n_text": [
        {"plan": ["--units", "2", "--cut", "ffn", "--skip-layers", "6-7"], "level": 1, "skipped": [6, 7], "ffn": 20,
         "sizes": {"num_hidden_layers": 8, "num_kv_shared_layers": 2, "intermediate_size": [20] * 8}},
        {"plan": ["--units", "4", "--cut", "ffn"], "level": 3, "ffn": 30, "skipped": [],
         "sizes": {"intermediate_size": [30] * 10}}],
    "qwen2-deep": [
        {"plan": ["--units", "2", "--cut", "ffn", "--skip-layers", "1,4"], "level": 1, "skipped": [1, 4], "ffn": 20,
         "sizes": {"num_hidden_layers": 4, "max_window_layers": 2, "intermediate_size": 20}}],
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
    """The positions of a dimension that the beginning of each part of `text` keeps."""
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
        places.append(numpy.arange(start, start + size * new // old))
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


def by_hand(level, old):
    """The tensors of a level that removes experts or layers, under the names that transformers gives them."""
    found = {}
    for name, tensor in old.items():
        stack = re.search(r"layers\.(\d+)\.", name)
        if stack is None:
            if "skipped" in level and name.endswith(("embed_tokens_per_layer.weight", "per_layer_model_projection.weight")):
                part, last = [n for n in range(10) if n not in level["skipped"]], name.endswith("layer.weight")
                tensor = tensor.unflatten(1 if last else 0, (10, -1))
                tensor = (tensor[:, part] if last else tensor[part]).flatten(*((1, 2) if last else (0, 1)))
            found[name] = tensor
            continue
        layer = int(stack[1])
        if layer in level.get("skipped", []):
            continue
        kept = level.get("experts", {}).get(stack[1])
        if kept and re.search(r"(gate|router)\.(layer\.)?(weight|bias|e_score_correction_bias)$", name):
            tensor = tensor[kept]
        elif kept and re.search(r"experts\.[a-z_]+$|(input|output)_linear\.weight$", name):
            tensor = tensor[kept]
        elif kept and (expert := re.search(r"\.experts\.(\d+)\.", name)):
            if int(expert[1]) not in kept:
                continue
            name = name.replace(expert[0], f".experts.{kept.index(int(expert[1]))}.")
        if "ffn" in level and re.search(r"mlp\.(gate|up)_proj\.weight$", name):
            tensor = tensor[:level["ffn"]]
        elif "ffn" in level and name.endswith("mlp.down_proj.weight"):
            tensor = tensor[:, :level["ffn"]]
        rank = layer - sum(n < layer for n in level.get("skipped", []))
        found[name.replace(stack[0], f"layers.{rank}.")] = tensor.contiguous()
    return found


def reference_by_hand(level, whole, hand, old, kind):
    """A model with the tensors and the sizes of `level`; its configuration is transformers' own."""
    slices = by_hand(level, old)
    sizes = dict(level["sizes"])
    config = transformers.AutoConfig.from_pretrained(whole)
    if "skipped" in level:
        for key in ("layer_types", "activation_sparsity_pattern"):
            if isinstance(values := getattr(config, key, None), list):
                sizes[key] = [value for n, value in enumerate(values) if n not in level["skipped"]]
    values = config.to_dict() | sizes
    if kind == "qwen3_moe":
        values["num_local_experts"] = values.pop("num_experts")
    transformers.AutoConfig.for_model(kind, **{k: v for k, v in values.items() if k != "model_type"}).save_pretrained(hand)
    safetensors.torch.save_file({k: v.clone() for k, v in slices.items()}, f"{hand}/model.safetensors", metadata={"format": "pt"})
    model, told = load(hand, kind)
    assert not told, told
    return model, slices


def reference_by_mask(work, whole, old, new, kind):
    """The whole model with zeros in place of what a smaller one lacks."""
    masked, slices = {}, {}
    for name, tensor in old.items():
        if tensor.shape == new[name].shape:
            masked[name] = slices[name] = tensor
            continue
        index = numpy.ix_(*positions(name, tensor.shape, new[name].shape, kind))
        slices[name] = tensor[index].contiguous()
        masked[name] = torch.zeros_like(tensor)
        masked[name][index] = tensor[index]
    assert any(old[name].shape != new[name].shape for name in old), "nothing was cut"
    reference, told = load(whole, kind)
    if set(masked) <= set(reference.state_dict()):
        reference.load_state_dict(masked, strict=False)
        return reference, slices
    # Stacked experts have other names in memory than on disk.
    shutil.copytree(whole, f"{work}/masked")
    for path in glob.glob(f"{work}/masked/*.safetensors"):
        os.remove(path)
    safetensors.torch.save_file(masked, f"{work}/masked/model.safetensors", metadata={"format": "pt"})
    reference, told = load(f"{work}/masked", kind)
    assert not told, told
    return reference, slices


def check(tessera, kind, level, whole, work):
    """What one level must be; raises AssertionError if it is not."""
    small, back = f"{work}/small", f"{work}/back"

    def run(*words):
        result = subprocess.run([tessera, *words], capture_output=True, text=True, cwd=work)
        assert result.returncode == 0, f"{words[0]}: {result.stderr}"
        return result.stderr

    if "ranking" in level:
        json.dump(level["ranking"], open(f"{work}/ranking.json", "w"))
    words = run("plan", whole, *level["plan"], "-o", "plan.json")
    run("convert", whole, "m.h5", "--plan", "plan.json")
    run("extract", "m.h5", "small/", "--level", str(level["level"]))
    run("convert", "m.h5", "back/")
    assert files(back) == files(whole), "the folder does not come back"

    old, new = tensors(whole), tensors(small)
    loaded, told = load(small, kind)
    assert not told, told
    if "sizes" in level:
        os.makedirs(f"{work}/hand")
        reference, slices = reference_by_hand(level, whole, f"{work}/hand", old, kind)
        ours, theirs = (transformers.AutoConfig.from_pretrained(f"{work}/{name}").to_dict() for name in ("small", "hand"))
        different = {key for key in ours | theirs if ours.get(key) != theirs.get(key)}
        different -= {"_name_or_path", "architectures", "dtype"}
        assert not different, {key: (ours.get(key), theirs.get(key)) for key in different}
    else:
        reference, slices = reference_by_mask(work, whole, old, new, kind)
    assert slices.keys() == new.keys(), slices.keys() ^ new.keys()
    for name, tensor in slices.items():
        assert torch.equal(tensor, new[name]), name
    found = output(loaded, kind)
    gap = float(numpy.abs(found - output(reference, kind)).max())
    assert gap <= 1e-5, f"outputs differ by {gap}"
    rows = {name: {"shape": list(tensor.shape), "sha256": hashlib.sha256(tensor.numpy().tobytes()).hexdigest()}
            for name, tensor in sorted(slices.items())}
    expected = {key: level[key] for key in ("plan", "level", "ranking") if key in level}
    expected |= {"config": open(f"{small}/config.json").read(), "output": found.reshape(-1)[-8:].tolist(), "tensors": rows}
    same = sum(name in old and old[name].shape == tensor.shape for name, tensor in new.items())
    heads = ", with heads" if "heads:" in words else ""
    return expected, f"{len(old)} tensors: {same} as before, {len(new) - same} cut{heads}, {len(old) - len(new)} gone; {gap:.1e}"


def check_all(tessera, name, work):
    """A line for each level, and what tests without transformers need."""
    kind = name if name in transformers.CONFIG_MAPPING else name.split("-")[0]
    torch.manual_seed(7)
    config = transformers.AutoConfig.for_model(kind, **MODELS[name])
    loader = getattr(transformers, CLASSES.get(kind, "AutoModelForCausalLM"))
    model = loader.from_config(config) if loader.__name__.startswith("Auto") else loader(config)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn_like(parameter) * 0.2)
    whole = f"{work}/whole"
    model.save_pretrained(whole)
    open(f"{whole}/tokenizer.json", "w").write("{}\n")
    levels, lines = [], []
    for number, level in enumerate(LEVELS.get(name, DENSE)):
        place = f"{work}/{number}"
        os.makedirs(place)
        expected, line = check(tessera, kind, level, whole, place)
        levels.append(expected)
        lines.append(line)
    os.remove(f"{whole}/tokenizer.json")
    return {"transformers": transformers.__version__, "levels": levels}, lines


def main():
    tessera, *names = sys.argv[1:]
    tessera, kept_folder = os.path.abspath(tessera), None
    if names[:1] == ["--keep"]:
        kept_folder, names = names[1], names[2:]
    failed = 0
    print(f"transformers {transformers.__version__}, torch {torch.__version__}")
    for name in names or MODELS:
        with tempfile.TemporaryDirectory() as work:
            try:
                expected, lines = check_all(tessera, name, work)
                for line in lines:
                    print(f"{name:18} ok      {line}", flush=True)
                if kept_folder:
                    shutil.copytree(f"{work}/whole", f"{kept_folder}/{name}", dirs_exist_ok=True)
                    with open(f"{kept_folder}/{name}/expected.json", "w") as file:
                        json.dump(expected, file, indent=1)
                        file.write("\n")
            except Exception as error:  # noqa: BLE001
                failed += 1
                print(f"{name:18} FAILED  {type(error).__name__}: {error}"[:1500], flush=True)
    return 1 if failed else 0


sys.exit(main())
