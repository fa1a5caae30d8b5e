"""Extracts smaller folders from a tiny seeded folder of each architecture, and has transformers judge them.

usage: check.py TESSERA [--keep FOLDER] [MODEL …]   (in a Python with torch, transformers and timm; not in CI)

For each model: transformers makes it with random weights and saves it; `tessera plan`, `convert` and `extract` make the
folder of a level. By default there are two levels: of two units the first, with half of the feed-forward channels and,
where loaders allow it, of the heads; and three of four units of the feed-forward channels only. Then

* every tensor must be the slice that the architecture's document gives, and every other file must be the same;
* `from_pretrained` must build the folder with nothing missing and nothing unexpected;
* its last output must be that of the whole model with the removed channels zero, to 1e-5, and not that of the whole
  model;
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
TOKENS = {"pad_token_id": 0, "bos_token_id": 0, "eos_token_id": 1}
# Smaller than the first models, because there are many folders.
SMALL = TEXT | {"hidden_size": 16, "intermediate_size": 20, "max_position_embeddings": 16}
PAIRED = SMALL | {"num_key_value_heads": 2}
PICTURE = IMAGE | {"hidden_size": 16, "intermediate_size": 20, "image_size": 8, "patch_size": 4}
PATCHES = {key: PICTURE[key] for key in PICTURE if key != "image_size"}
# One pair of heads of width 8, where heads are left whole.
WIDE = PAIRED | {"num_attention_heads": 2, "num_key_value_heads": 1}
SMALL_T5 = T5 | {"d_model": 16, "d_ff": 20, "d_kv": 4, "num_layers": 1, "relative_attention_num_buckets": 8}
PAIR = SEQUENCES | {
    "d_model": 16, "encoder_layers": 1, "decoder_layers": 1, "encoder_ffn_dim": 20, "decoder_ffn_dim": 20,
    "max_position_embeddings": 16}
GPT = {
    "n_embd": 16, "n_layer": 2, "n_head": 4, "n_inner": 20, "vocab_size": 32, "n_positions": 16, "bos_token_id": 0,
    "eos_token_id": 1}
FALCON = {key: SMALL[key] for key in SMALL if key != "intermediate_size"} | {"ffn_hidden_size": 20}
SOUND = SMALL | {
    "conv_dim": [8, 8], "conv_kernel": [10, 3], "conv_stride": [5, 2], "num_conv_pos_embeddings": 8,
    "num_conv_pos_embedding_groups": 2, "num_feat_extract_layers": 2}
# The part for images of a model with several kinds of input; it stays whole.
VISION = PICTURE | {
    "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 12}
CLIP_VISION, SIGLIP_VISION = (VISION | {"model_type": f"{name}_vision_model"} for name in ("clip", "siglip"))
LLAMA = PAIRED | {"model_type": "llama"}


def rotary(*section):
    """The sizes of the parts of a head that turn by time, height and width."""
    return {"rope_parameters": {"rope_type": "default", "mrope_section": list(section), "rope_theta": 10000.0}}


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
    "cohere": PAIRED | {"head_dim": 8}, "smollm3": PAIRED | {"head_dim": 8}, "olmo": PAIRED, "olmo3": PAIRED,
    "starcoder2": PAIRED, "stablelm": WIDE,
    "falcon": FALCON | {"new_decoder_architecture": True, "num_kv_heads": 2},
    "bloom": {"hidden_size": 16, "n_layer": 2, "n_head": 4, "vocab_size": 32} | TOKENS,
    "opt": TOKENS | {
        "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 4, "ffn_dim": 20, "vocab_size": 32,
        "max_position_embeddings": 16, "word_embed_proj_dim": 16},
    "gptj": GPT | {"rotary_dim": 4}, "codegen": GPT | {"rotary_dim": 4}, "gpt_bigcode": GPT,
    "glm": PAIRED | {"head_dim": 8}, "glm4": PAIRED | {"head_dim": 8}, "nemotron": PAIRED | {"head_dim": 8},
    "seed_oss": PAIRED | {"head_dim": 8}, "ernie4_5": PAIRED | {"head_dim": 8},
    "helium": WIDE | {"head_dim": 8},
    "gpt_neo": TOKENS | {
        "hidden_size": 16, "num_layers": 2, "num_heads": 4, "intermediate_size": 20, "vocab_size": 32,
        "max_position_embeddings": 16, "attention_types": [[["global", "local"], 1]], "window_size": 4},
    "persimmon": SMALL | {"num_attention_heads": 2}, "biogpt": SMALL,
    "xglm": TOKENS | {
        "d_model": 16, "num_layers": 2, "attention_heads": 4, "ffn_dim": 20, "vocab_size": 32,
        "max_position_embeddings": 16},
    "mpt": {"d_model": 16, "n_layers": 3, "n_heads": 4, "vocab_size": 32, "max_seq_len": 16},
    "ernie4_5_moe": PAIRED | {
        "head_dim": 8, "moe_intermediate_size": 16, "moe_num_experts": 4, "moe_k": 2, "moe_num_shared_experts": 2,
        "moe_layer_start_index": 1},
    "dots1": PAIRED | {
        "head_dim": 4, "moe_intermediate_size": 16, "n_routed_experts": 4, "num_experts_per_tok": 2, "n_group": 1,
        "topk_group": 1, "first_k_dense_replace": 1, "n_shared_experts": 2},
    "minimax": PAIRED | {
        "head_dim": 4, "intermediate_size": 16, "num_local_experts": 2, "num_experts_per_tok": 1, "block_size": 4,
        "layer_types": ["full_attention", "linear_attention"]},
    "qwen3_next": PAIRED | {
        "head_dim": 8, "moe_intermediate_size": 16, "shared_expert_intermediate_size": 16, "num_experts": 4,
        "num_experts_per_tok": 2, "layer_types": ["linear_attention", "full_attention"], "linear_key_head_dim": 4,
        "linear_value_head_dim": 4, "linear_num_key_heads": 2, "linear_num_value_heads": 4},
    "albert": SMALL | {"embedding_size": 8},
    "deberta-v2": SMALL | {
        "relative_attention": True, "position_buckets": 8, "pos_att_type": ["p2c", "c2p"],
        "norm_rel_ebd": "layer_norm", "share_att_key": True, "type_vocab_size": 2},
    "mpnet": SMALL | {"pad_token_id": 1}, "nomic_bert": SMALL,
    "marian": PAIR, "pegasus": PAIR, "m2m_100": PAIR, "blenderbot": PAIR,
    "longt5": SMALL_T5 | {"local_radius": 3, "global_block_size": 2},
    "beit": PICTURE, "vit_mae": PICTURE, "ijepa": PICTURE, "dinov3_vit": PICTURE | {"num_register_tokens": 2},
    "dinov2_with_registers": {key: PICTURE[key] for key in PICTURE if key != "intermediate_size"},
    "siglip2": {
        "text_config": SMALL | {"num_hidden_layers": 1},
        "vision_config": PATCHES | {"num_hidden_layers": 1, "num_patches": 4}},
    "clip_text_model": SMALL, "clip_vision_model": PICTURE, "siglip_text_model": SMALL, "siglip_vision_model": PICTURE,
    "wav2vec2": SOUND, "hubert": SOUND,
    "audio-spectrogram-transformer": PATCHES | {
        "max_length": 12, "num_mel_bins": 8, "frequency_stride": 4, "time_stride": 4},
    "gemma3": {
        "text_config": PAIRED | {"head_dim": 8}, "vision_config": SIGLIP_VISION, "mm_tokens_per_image": 1,
        "image_token_index": 31},
    "llava": {"text_config": LLAMA, "vision_config": CLIP_VISION, "image_token_index": 31},
    "llava_next": {
        "text_config": LLAMA, "vision_config": CLIP_VISION, "image_token_index": 31, "image_grid_pinpoints": [[8, 8]]},
    "mistral3": {
        "text_config": PAIRED | {"model_type": "mistral"}, "image_token_index": 31,
        "vision_config": VISION | {"model_type": "pixtral", "head_dim": 4, "image_size": 16}},
    "qwen2_vl": {
        "text_config": WIDE | rotary(1, 1, 2), "image_token_id": 31, "video_token_id": 29,
        "vision_config": {
            "depth": 1, "embed_dim": 8, "hidden_size": 16, "num_heads": 2, "mlp_ratio": 2, "patch_size": 4}},
    "qwen2_5_vl": {
        "text_config": WIDE | rotary(1, 1, 2), "image_token_id": 31, "video_token_id": 29,
        "vision_config": {
            "depth": 1, "hidden_size": 8, "out_hidden_size": 16, "num_heads": 2, "intermediate_size": 12,
            "patch_size": 4, "fullatt_block_indexes": [0]}},
    "qwen3_vl": {
        "text_config": PAIRED | {"head_dim": 8} | rotary(2, 1, 1), "image_token_id": 31, "video_token_id": 29,
        "vision_config": {
            "depth": 1, "hidden_size": 8, "out_hidden_size": 16, "num_heads": 2, "intermediate_size": 12,
            "patch_size": 4, "deepstack_visual_indexes": [0], "num_position_embeddings": 4}},
    "idefics3": {
        "text_config": LLAMA, "vision_config": VISION, "scale_factor": 2, "image_token_id": 31, "pad_token_id": 0},
    "smolvlm": {
        "text_config": LLAMA, "vision_config": VISION, "scale_factor": 2, "image_token_id": 31, "pad_token_id": 0},
    "paligemma": {
        "text_config": PAIRED | {"model_type": "gemma", "head_dim": 8}, "projection_dim": 16, "image_token_index": 31,
        "vision_config": SIGLIP_VISION | {"projection_dim": 16}},
}
MODELS |= {
    "cohere-norm": MODELS["cohere"] | {"use_qk_norm": True},
    "smollm3-deep": MODELS["smollm3"] | {"num_hidden_layers": 5, "no_rope_layer_interval": 3, "head_dim": 4},
    "ernie4_5_moe-8": MODELS["ernie4_5_moe"] | {"moe_num_experts": 8, "moe_intermediate_size": 8, "head_dim": 4},
    "qwen3_next-8": MODELS["qwen3_next"] | {"num_experts": 8, "moe_intermediate_size": 4, "head_dim": 4},
    "ernie4_5_moe-deep": MODELS["ernie4_5_moe"] | {
        "num_hidden_layers": 4, "moe_num_experts": 2, "moe_k": 1, "moe_intermediate_size": 8,
        "head_dim": 4},
    "falcon-query": FALCON, "falcon-old": FALCON | {"multi_query": False, "alibi": True, "parallel_attn": False},
    "beit-bias": MODELS["beit"] | {"use_relative_position_bias": True},
    "longt5-global": MODELS["longt5"] | {"encoder_attention_type": "transient-global"},
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
# The part for images is a model of timm.
MODELS["gemma3n"] = {
    "text_config": MODELS["gemma3n_text"] | {
        "hidden_size": 16, "head_dim": 4, "num_hidden_layers": 4, "intermediate_size": [24] * 4,
        "num_kv_shared_layers": 2, "activation_sparsity_pattern": [0.95] + [0.0] * 3,
        "layer_types": ["sliding_attention", "full_attention"] * 2},
    "vision_config": {
        "architecture": "test_vit", "hidden_size": 8, "vocab_size": 8, "vocab_offset": 32,
        "model_args": {"embed_dim": 8, "depth": 1, "num_heads": 2, "img_size": 16, "patch_size": 8}},
    "audio_config": {
        "hidden_size": 8, "conf_num_hidden_layers": 1, "conf_num_attention_heads": 2, "vocab_size": 4,
        "vocab_offset": 44, "input_feat_size": 16, "sscp_conv_channel_size": [4, 4], "conf_attention_chunk_size": 4,
        "conf_attention_context_left": 5},
    "image_token_id": 41, "audio_token_id": 47, "vision_soft_tokens_per_image": 4}
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
    "dinov2": DENSE[:1], "dinov2_with_registers": DENSE[:1],
    # transformers computes experts with kernels that need widths of a multiple of four.
    **dict.fromkeys(("mixtral", "olmoe", "granitemoe", "gpt_oss", "phimoe"), [
        DENSE[0], {"plan": ["--units", "5", "--cut", "ffn"], "level": 3}]),
    # One key gives the width of routed and of shared experts.
    **dict.fromkeys(("deepseek_v2", "deepseek_v3", "glm4_moe", "dots1", "ernie4_5_moe"), [
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
    "gemma3n": [
        {"plan": ["--units", "2", "--cut", "ffn", "--skip-layers", "3"], "level": 1, "skipped": [3], "ffn": 12,
         "sizes": {"num_hidden_layers": 3, "num_kv_shared_layers": 1, "intermediate_size": [12] * 3}}],
    "qwen2-deep": [
        {"plan": ["--units", "2", "--cut", "ffn", "--skip-layers", "1,4"], "level": 1, "skipped": [1, 4], "ffn": 20,
         "sizes": {"num_hidden_layers": 4, "max_window_layers": 2, "intermediate_size": 20}}],
    "smollm3-deep": [
        {"plan": ["--units", "2", "--cut", "ffn", "--skip-layers", "1,3"], "level": 1, "skipped": [1, 3], "ffn": 10,
         "sizes": {"num_hidden_layers": 3, "intermediate_size": 10}}],
    "ernie4_5_moe-deep": [
        {"plan": ["--units", "2", "--cut", "layers", "--skip-layers", "0,2"], "level": 1, "skipped": [0, 2],
         "sizes": {"num_hidden_layers": 2, "moe_layer_start_index": 0, "moe_layer_end_index": 1}}],
    "ernie4_5_moe-8": [experts("moe_num_experts", "1")],
    "qwen3_next-8": [experts("num_experts", "0", "1")],
    # No key gives the width of a feed-forward layer.
    "bloom": [{"plan": ["--units", "2", "--skip-layers", "1"], "level": 1, "skipped": [1], "sizes": {"n_layer": 1}}],
    "mpt": [{"plan": ["--units", "2", "--skip-layers", "1"], "level": 1, "skipped": [1], "sizes": {"n_layers": 2}}],
}
ENCODERS = (
    "bert", "roberta", "distilbert", "modernbert", "xlm-roberta", "camembert", "electra", "siglip", "vit", "deit",
    "dinov2", "clip", "albert", "deberta-v2", "mpnet", "nomic_bert", "beit", "vit_mae", "ijepa", "dinov3_vit",
    "dinov2_with_registers", "siglip2", "wav2vec2", "hubert", "audio-spectrogram-transformer")
WITH_IMAGES = (
    "gemma3", "llava", "llava_next", "mistral3", "qwen2_vl", "qwen2_5_vl", "qwen3_vl", "idefics3", "smolvlm",
    "paligemma", "gemma3n")
SEQUENCE_CLASSES = {
    "bart": "Bart", "mbart": "MBart", "mt5": "MT5", "umt5": "UMT5", "whisper": "Whisper", "t5": "T5",
    "longt5": "LongT5", "pegasus": "Pegasus", "m2m_100": "M2M100", "blenderbot": "Blenderbot"}
CLASSES = {
    **dict.fromkeys(ENCODERS, "AutoModel"), **dict.fromkeys(WITH_IMAGES, "AutoModelForImageTextToText"),
    **{kind: f"{name}ForConditionalGeneration" for kind, name in SEQUENCE_CLASSES.items()}, "marian": "MarianMTModel",
    "clip_text_model": "CLIPTextModel", "clip_vision_model": "CLIPVisionModel",
    "siglip_text_model": "SiglipTextModel", "siglip_vision_model": "SiglipVisionModel"}


def inputs(kind):
    tokens = torch.tensor([[3, 7, 11, 5, 30, 2, 9]])
    pixels = torch.linspace(-1, 1, 3 * 16 * 16).reshape(1, 3, 16, 16)
    small = pixels[..., ::2, ::2]
    # The places of an image's features in the text, of which some models have several.
    text = torch.tensor([[3, 7, 31, 11, 5, 30, 2, 9]])
    match kind:
        case "vit" | "deit" | "dinov2":
            return {"pixel_values": pixels}
        case ("beit" | "ijepa" | "dinov3_vit" | "dinov2_with_registers" | "clip_vision_model" | "siglip_vision_model"):
            return {"pixel_values": small}
        case "vit_mae":
            # Noise chooses the patches that the model sees.
            return {"pixel_values": small, "noise": torch.tensor([[0.1, 0.4, 0.2, 0.3]])}
        case "clip" | "siglip":
            return {"input_ids": tokens, "pixel_values": pixels}
        case "siglip2":
            return {"input_ids": tokens, "pixel_values": small.reshape(1, 4, 48),
                    "pixel_attention_mask": torch.ones(1, 4, dtype=torch.long),
                    "spatial_shapes": torch.tensor([[2, 2]])}
        case "wav2vec2" | "hubert":
            return {"input_values": torch.sin(torch.arange(400) / 7.0).reshape(1, 400)}
        case "audio-spectrogram-transformer":
            return {"input_values": torch.linspace(-1, 1, 12 * 8).reshape(1, 12, 8)}
        case "whisper":
            return {"input_features": torch.linspace(-1, 1, 8 * 32).reshape(1, 8, 32), "decoder_input_ids": tokens}
        case "marian" | "bart" | "mbart" | "pegasus" | "m2m_100" | "blenderbot" | "t5" | "mt5" | "umt5" | "longt5":
            return {"input_ids": tokens, "decoder_input_ids": tokens}
        case "gemma3":
            return {"input_ids": text, "pixel_values": small}
        case "llava" | "paligemma":
            return {"input_ids": torch.cat([text[:, :2], text[:, 2:3].repeat(1, 4), text[:, 3:]], 1),
                    "pixel_values": small}
        case "mistral3":
            return {"input_ids": torch.cat([text[:, :3], text[:, 2:]], 1),
                    "pixel_values": pixels[..., ::2, :], "image_sizes": torch.tensor([[8, 16]])}
        case "idefics3" | "smolvlm":
            return {"input_ids": text, "pixel_values": small[None]}
        case "qwen2_vl" | "qwen2_5_vl" | "qwen3_vl":
            return {"input_ids": text, "mm_token_type_ids": (text == 31).long(),
                    "pixel_values": torch.linspace(-1, 1, 4 * 96).reshape(4, 96),
                    "image_grid_thw": torch.tensor([[1, 2, 2]])}
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


def positions(name, old, new, kinds):
    """For each dimension of a tensor the positions that the smaller model keeps, by the architecture's document."""
    document = next(document for document in DOCUMENTS if set(kinds) & set(document.get("model_types", [])))
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
        stack = re.search(r"\b(layers|h|blocks)\.(\d+)\.", name)
        if stack is None:
            if "skipped" in level and name.endswith(("embed_tokens_per_layer.weight", "per_layer_model_projection.weight")):
                count = 1 + max(int(found[1]) for found in (re.search(r"layers\.(\d+)", name) for name in old) if found)
                part, last = [n for n in range(count) if n not in level["skipped"]], name.endswith("layer.weight")
                tensor = tensor.unflatten(1 if last else 0, (count, -1))
                tensor = (tensor[:, part] if last else tensor[part]).flatten(*((1, 2) if last else (0, 1)))
            found[name] = tensor
            continue
        layer = int(stack[2])
        if layer in level.get("skipped", []):
            continue
        kept = level.get("experts", {}).get(stack[2])
        if kept and re.search(r"\b(gate|router)\.(layer\.)?(weight|bias|e_score_correction_bias)$", name):
            tensor = tensor[kept]
        elif kept and name.endswith("moe_statics.e_score_correction_bias"):
            tensor = tensor[:, kept]
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
        found[name.replace(stack[0], f"{stack[1]}.{rank}.")] = tensor.contiguous()
    return found


def reference_by_hand(level, whole, hand, old, kind):
    """A model with the tensors and the sizes of `level`; its configuration is transformers' own."""
    slices = by_hand(level, old)
    sizes = dict(level["sizes"])
    config = transformers.AutoConfig.from_pretrained(whole)
    if "skipped" in level:
        for key in ("layer_types", "activation_sparsity_pattern", "no_rope_layers"):
            if isinstance(values := getattr(config.get_text_config(), key, None), list):
                sizes[key] = [value for n, value in enumerate(values) if n not in level["skipped"]]
    values = config.to_dict()
    values.get("text_config", values).update(sizes)
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
    config = json.load(open(f"{whole}/config.json"))
    kinds = [kind, config.get("text_config", {}).get("model_type", kind)]
    for name, tensor in old.items():
        if tensor.shape == new[name].shape:
            masked[name] = slices[name] = tensor
            continue
        index = numpy.ix_(*positions(name, tensor.shape, new[name].shape, kinds))
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
    moved = float(numpy.abs(found - output(load(whole, kind)[0], kind)).max())
    assert moved > 1e-4, f"the whole model has the same output, to {moved}"
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
