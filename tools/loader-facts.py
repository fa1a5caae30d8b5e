"""Writes into the architectures' documents what transformers itself says of each model type.

usage: loader-facts.py [MODEL_TYPE …]   (in a Python with torch and transformers; not in CI)

For each model type of samples/huggingface/check.py:

* `kinds`: the tensors of a layer. A name that a flag of the configuration can take away is left out.
* `outside`: the tensors outside the layers that every class for the whole model has.
* `defaults`: the numbers that a loader takes for keys that config.json lacks. A number that it computes from others
  is left out.
* `aliases`: other names that a loader accepts for a key.
* `padding_types`: the types that cannot be built with a padding id that has no row.
"""

import glob
import json
import os
import re
import sys
import tempfile
import textwrap

import safetensors
import torch
import transformers

HERE = os.path.dirname(os.path.abspath(__file__))
FOLDER = f"{HERE}/../Sources/Planning/Architectures"
transformers.logging.set_verbosity_error()
transformers.utils.logging.disable_progress_bar()
SAMPLE = {"__name__": "check", "__file__": f"{HERE}/../samples/huggingface/check.py"}
exec(open(SAMPLE["__file__"]).read().rsplit("sys.exit(", 1)[0], SAMPLE)
MODELS, CLASSES = SAMPLE["MODELS"], SAMPLE["CLASSES"]

# Values that choose between two forms of a layer; check.py has models of further forms.
FORMS = {
    "deepseek_v2": [{"q_lora_rank": None}], "deepseek_v3": [{"q_lora_rank": None}],
    "t5": [{"feed_forward_proj": "gated-gelu"}],
    "longt5": [
        {"num_layers": 2, "num_decoder_layers": 2, "feed_forward_proj": feed, "encoder_attention_type": attention}
        for feed in ("relu", "gated-gelu") for attention in ("local", "transient-global")],
    "mt5": [{"feed_forward_proj": "relu"}], "umt5": [{"feed_forward_proj": "relu"}],
    "dinov2": [{"use_swiglu_ffn": True}], "dinov2_with_registers": [{"use_swiglu_ffn": True}],
    "starcoder2": [{"mlp_type": "gated"}],
    "qwen2_moe": [{"mlp_only_layers": [1]}], "qwen3_moe": [{"mlp_only_layers": [1]}],
    "qwen3_next": [{"mlp_only_layers": [0]}, {"mlp_only_layers": [1]}],
}
# Flags that do so: both forms are above.
CHOICES = ("use_swiglu_ffn", "is_gated_act")
# Parts of a model of several kinds of input, and the model.
PARTS = {
    "siglip2_text_model": "siglip_text_model", "siglip2_vision_model": None, "qwen3_vl_text": "qwen3_vl",
    "qwen2_vl_text": "qwen2_vl", "qwen2_5_vl_text": "qwen2_5_vl"}

# The names that flags take away, by model type.
GONE = {}


def build(kind, **changes):
    torch.manual_seed(7)
    config = transformers.AutoConfig.for_model(kind, **(MODELS[kind] | changes))
    loader = getattr(transformers, CLASSES.get(kind, "AutoModelForCausalLM"))
    return loader.from_config(config) if loader.__name__.startswith("Auto") else loader(config)


def saved(model):
    """The names of the tensors on disk."""
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        names = set()
        for path in glob.glob(f"{folder}/*.safetensors"):
            with safetensors.safe_open(path, "pt") as file:
                names |= set(file.keys())
    return names


def layers(names, pattern):
    """The ends of the tensors' names, by layer."""
    found = {}
    search = re.compile(r"(?:^|\.)" + re.escape(pattern).replace(r"\{\}", r"(\d+)", 1) + "(.*)")
    for name in names:
        if re.search("vision|visual|audio", name) and "vision" not in pattern:
            continue
        if match := search.search(name):
            end = re.sub(r"(?<=experts\.)\d+(?=\.)", "{}", match[2])
            found.setdefault(int(match[1]), set()).add(end)
    return found


def flags(config):
    parts = [config] + [value for value in vars(config).values() if isinstance(value, transformers.PretrainedConfig)]
    for part in parts:
        for key, value in vars(part).items():
            if isinstance(value, bool) and not key.startswith("_") and key not in CHOICES:
                yield part, key


def forms(kind):
    """The names of the default form and of the others, without those that flags take away."""
    model = build(kind)
    present = saved(model)
    in_memory = set(model.state_dict())
    gone = set()
    changes = {}
    config = transformers.AutoConfig.for_model(kind, **MODELS[kind])
    loader = getattr(transformers, CLASSES.get(kind, "AutoModelForCausalLM"))
    for part, key in flags(config):
        value = getattr(part, key)
        try:
            setattr(part, key, not value)
            other = loader.from_config(config) if loader.__name__.startswith("Auto") else loader(config)
            if not in_memory - set(other.state_dict()):
                continue
            missing = (present | in_memory) - saved(other) - set(other.state_dict())
            if len(missing) < len(present) / 2:
                gone |= missing
                if missing:
                    changes[key] = len(missing)
        except Exception:  # noqa: BLE001
            pass
        finally:
            setattr(part, key, value)
    if changes:
        print("  flags:", kind, changes)
    GONE[kind] = gone
    yield present - gone
    # Loaders take experts that are stacked, too, as they are in memory.
    yield in_memory - gone
    others = [values for name, values in MODELS.items() if name.split("-")[0] == kind and name != kind]
    for change in FORMS.get(kind, []) + others:
        try:
            yield {name for name in saved(build(kind, **change)) if name not in gone}
        except Exception as error:  # noqa: BLE001
            print("  no form:", kind, change, type(error).__name__)


TASKS = [
    "", "ForCausalLM", "ForMaskedLM", "ForSequenceClassification", "ForTokenClassification", "ForQuestionAnswering",
    "ForSeq2SeqLM", "ForSpeechSeq2Seq", "ForImageClassification", "ForAudioClassification", "ForCTC",
    "ForImageTextToText", "ForZeroShotImageClassification"]


def outer(kind, document):
    """The ends of the names outside the layers that every class for the whole model has."""
    config = transformers.AutoConfig.for_model(kind, **MODELS[kind])
    common = None
    for task in TASKS:
        try:
            model = getattr(transformers, "AutoModel" + task).from_config(config)
            names = saved(model)
        except Exception:  # noqa: BLE001
            continue
        if not all(layers(names, stack["pattern"]) for stack in document["layers"]):
            continue
        start = model.base_model_prefix + "."
        found = {name.removeprefix(start) for name in names}
        found = {name for name in found if not any(layers({name}, stack["pattern"]) for stack in document["layers"])}
        common = found if common is None else common & found
    # Embeddings of tokens may be tied, and are compared by their rows; some names have an older form.
    table = [name for name in document.get("embeddings", {})]
    return {name for name in common or () if not re.search(r"parametrizations|(^|\.)\d+(\.|$)", name)
            # A file may have the part for text alone.
            and not re.search(r"(^|\.)(vision_tower|audio_tower|visual|embed_(vision|audio)|multi_modal_projector)\.", name)
            and not any(name.endswith(end) for end in table)}


def keys(document):
    """The keys of config.json that a document names, as (object, key)."""
    found = set()
    for group in document["groups"]:
        part = group.get("config")
        found |= {(part, group.get(name)) for name in ("width_key", "times_key")}
        found |= {(part, group.get("heads", {}).get(name)) for name in ("count_key", "key_count_key", "width_key")}
        experts = group.get("experts", {})
        found |= {(part, key) for key in experts.get("count_keys", [])}
        found |= {(part, experts.get(name)) for name in ("per_token_key", "group_count_key", "groups_per_token_key")}
    for stack in document.get("layers", []):
        part = stack.get("config")
        found.add((part, stack.get("count_key")))
        found.add((part, stack.get("shared_key")))
        found |= {(part, key) for key in stack.get("first_keys", [])}
        sparse = stack.get("sparse", {})
        found |= {(part, sparse.get(name)) for name in ("first_dense_key", "step_key")}
    for terms in list(document.get("embeddings", {}).values()) + list(document.get("rows", {}).values()):
        for key in re.split(r"[|*+]", terms):
            found.add(tuple(key.split(".")) if "." in key else (None, key))
    found |= {(part, "head_dim") for part in {part for part, _ in found}}
    return {(part, key) for part, key in found if key}


def configuration(kind, part, **values):
    config = transformers.AutoConfig.for_model(kind)
    inner = getattr(config, part) if part else config
    if not part and "num_hidden_layers" not in config.attribute_map and not hasattr(config, "num_hidden_layers"):
        inner = config.get_text_config()
    return type(inner)(**values)


def alike(config):
    """The keys that make other numbers of a configuration: those that its class computes."""
    return {key: value for key, value in vars(config).items() if isinstance(value, int) and not isinstance(value, bool)}


def defaults(kind, part, wanted):
    plain = configuration(kind, part)
    found = {}
    for key in wanted:
        value = getattr(plain, key, None)
        if isinstance(value, bool) or not isinstance(value, int):
            continue
        # A number that follows another one is computed: half of it, or the same.
        follows = False
        for other, number in alike(plain).items():
            if other == key or number < 2:
                continue
            try:
                changed = configuration(kind, part, **{other: number * 2})
            except Exception:  # noqa: BLE001
                continue
            follows = follows or getattr(changed, key, None) != value
        if not follows:
            found[key] = value
    return found


def filled(text):
    """JSON with the lists of tensors filled to lines of 116 columns."""
    def fill(match):
        space = match[1] + "  "
        words = " ".join(match[3].split())
        return f'{match[1]}"tensors": [\n' + textwrap.fill(
            words, 116, initial_indent=space, subsequent_indent=space, break_long_words=False,
            break_on_hyphens=False) + f"\n{match[1]}]"

    return re.sub(r'^( *)("tensors": \[)\n([^\]]*?)\n *\]', fill, text, flags=re.MULTILINE)


def pads(kind):
    """Whether a model cannot be built with a padding id that has no row."""
    config = transformers.AutoConfig.for_model(kind, **MODELS[kind])
    loader = getattr(transformers, CLASSES.get(kind, "AutoModelForCausalLM"))
    inner = config if hasattr(config, "vocab_size") else config.get_text_config()
    if not hasattr(inner, "vocab_size"):
        return False
    config.pad_token_id = inner.pad_token_id = inner.vocab_size
    try:
        loader.from_config(config) if loader.__name__.startswith("Auto") else loader(config)
    except AssertionError:
        return True
    return False


def main():
    chosen = sys.argv[1:]
    for path in sorted(glob.glob(f"{FOLDER}/*.json")):
        document = json.load(open(path))
        kinds_of = [{} for _ in document.get("layers", [])]
        all_defaults = document.get("defaults", {}) if chosen else {}
        aliases = {}
        outside = {}
        padding = [kind for kind in document.get("padding_types", []) if chosen and kind not in chosen]
        for kind in document.get("model_types", []):
            if chosen and kind not in chosen:
                continue
            base = kind if kind in MODELS else PARTS.get(kind)
            if base is None:
                print("  without a model:", kind)
                continue
            for names in forms(base):
                for number, stack in enumerate(document["layers"]):
                    for ends in layers(names, stack["pattern"]).values():
                        kinds_of[number].setdefault(tuple(sorted(ends)), []).append(kind)
            found = {}
            for part in {part for part, _ in keys(document)}:
                wanted = [key for own, key in keys(document) if own == part]
                own = defaults(base, part, wanted)
                found |= {(f"{part}.{key}" if part else key): value for key, value in own.items()}
            if pads(base):
                padding.append(kind)
            # A file of a model with several kinds of input may have the part for text alone, under other names.
            parts = hasattr(transformers.AutoConfig.for_model(base), "text_config") and "config" not in str(document["layers"][0])
            names = set() if parts else {name for name in outer(base, document)
                     if not any(other == name or other.endswith("." + name) for other in GONE[base])}
            if names:
                outside.setdefault(tuple(sorted(names)), []).append(kind)
            all_defaults[kind] = dict(sorted(found.items()))
            config = transformers.AutoConfig.for_model(base)
            named = {key for _, key in keys(document)}
            aliases |= {
                alias: key for alias, key in getattr(config, "attribute_map", {}).items()
                if key in named and alias not in named}
        if not document.get("model_types"):
            continue
        for number, stack in enumerate(document["layers"]):
            stack["kinds"] = [
                {"types": sorted(set(types), key=document["model_types"].index), "tensors": list(ends)}
                for ends, types in sorted(kinds_of[number].items())]
        document["defaults"] = all_defaults
        document["aliases"] = dict(sorted(aliases.items()))
        document["padding_types"] = padding
        if not chosen:
            document["outside"] = [
                {"types": types, "tensors": list(names)} for names, types in sorted(outside.items())]
        order = ["outside", "defaults", "aliases", "padding_types"]
        body = {key: value for key, value in document.items() if key not in order}
        groups = body.pop("groups")
        body |= {key: document[key] for key in order if document[key]} | {"groups": groups}
        open(path, "w").write(filled(json.dumps(body, indent=2)) + "\n")
        print(document["id"], "kinds", [len(stack["kinds"]) for stack in document["layers"]], "aliases", aliases)


main()
