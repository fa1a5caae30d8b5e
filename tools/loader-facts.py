"""Writes into the architectures' documents what transformers itself says of each model type.

usage: loader-facts.py   (in a Python with torch and transformers; not in CI)

For each model type of samples/huggingface/check.py:

* `kinds`: the tensors of a layer. A name that a flag of the configuration can take away is left out.
* `flags`: the tensors of a layer that depend on one flag alone, whatever the other flags and the form of the layer.
* `classes`: the weights outside the layers that a class for one task has, and others lack.
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
import tempfile
import textwrap

import safetensors
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
# Types without a model of their own in check.py, and one with the same layers.
ALIKE = {
    "siglip2_text_model": "siglip_text_model", "qwen3_vl_text": "qwen3_vl",
    "qwen2_vl_text": "qwen2_vl", "qwen2_5_vl_text": "qwen2_5_vl"}

# The names that flags take away, by model type.
GONE = {}


def made(kind, config):
    """A model of a configuration, of the class that check.py uses."""
    loader = getattr(transformers, CLASSES.get(kind, "AutoModelForCausalLM"))
    return loader.from_config(config) if loader.__name__.startswith("Auto") else loader(config)


def build(kind):
    return made(kind, transformers.AutoConfig.for_model(kind, **MODELS[kind]))


def variants(kind):
    """The configurations of further forms of layers."""
    return [MODELS[kind] | change for change in FORMS.get(kind, [])] + [
        values for name, values in MODELS.items() if name.split("-")[0] == kind and name != kind]


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
    for part, key in flags(config):
        value = getattr(part, key)
        try:
            setattr(part, key, not value)
            other = made(kind, config)
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
    for values in variants(kind):
        try:
            config = transformers.AutoConfig.for_model(kind, **values)
            yield {name for name in saved(made(kind, config)) if name not in gone}
        except Exception as error:  # noqa: BLE001
            print("  no form:", kind, values, type(error).__name__)


TEXT_PARTS = ("text_config", "llm_config", "language_config")


def switches(kind, document):
    """For each stack of layers, the flags that decide alone whether a tensor is there.

    Each is (key, the value with which the tensors are there, the value that loaders take for a missing key): names.
    """
    def ends(values, **changes):
        config = transformers.AutoConfig.for_model(kind, **values)
        for (part, key), value in changes.get("flags", {}).items():
            setattr(getattr(config, part) if part else config, key, value)
        names = saved(made(kind, config))
        return [set().union(*layers(names, stack["pattern"]).values()) for stack in document["layers"]]

    config = transformers.AutoConfig.for_model(kind, **MODELS[kind])
    plain = transformers.AutoConfig.for_model(kind)
    whole = set(made(kind, config).state_dict())
    found = {}
    for part, key in flags(config):
        value = getattr(part, key)
        name = next((name for name, own in vars(config).items() if own is part), None)
        try:
            setattr(part, key, not value)
            if set(made(kind, config).state_dict()) != whole:
                found[name, key] = value
        except Exception:  # noqa: BLE001
            pass
        finally:
            setattr(part, key, value)
    facts = [{} for _ in document["layers"]]
    for (part, key), value in found.items():
        if key == "tie_word_embeddings":
            continue
        contexts = [(MODELS[kind], {})] + [(values, {}) for values in variants(kind)] + [
            (MODELS[kind], {other: not own}) for other, own in found.items() if other != (part, key)]
        seen = {True: [], False: []}
        for values, others in contexts:
            try:
                both = {own: ends(values, flags=others | {(part, key): own}) for own in (True, False)}
            except Exception:  # noqa: BLE001
                continue
            for own, names in both.items():
                seen[own].append(names)
        for number, stack in enumerate(document["layers"]):
            if part and part not in (*TEXT_PARTS, stack.get("config")):
                continue
            for own in (True, False):
                here = set.intersection(*(names[number] for names in seen[own]))
                elsewhere = set().union(*(names[number] for names in seen[not own]))
                if here - elsewhere:
                    default = getattr(getattr(plain, part) if part else plain, key)
                    facts[number][key, own, default] = here - elsewhere
    return facts


# The ends of the names of AutoModel's classes.
TASKS = [
    "", "ForCausalLM", "ForMaskedLM", "ForSequenceClassification", "ForTokenClassification", "ForQuestionAnswering",
    "ForSeq2SeqLM", "ForSpeechSeq2Seq", "ForImageClassification", "ForAudioClassification", "ForCTC",
    "ForImageTextToText", "ForZeroShotImageClassification"]


def names_outside(kind, document):
    """The names outside the layers of each class: {(class, whether embeddings are tied; None: by default): names}."""
    found = {}
    for task in TASKS:
        for tied in (None, True, False):
            config = transformers.AutoConfig.for_model(kind, **MODELS[kind])
            config.architectures = []
            if tied is not None:
                config.tie_word_embeddings = tied
            try:
                model = getattr(transformers, "AutoModel" + task).from_config(config)
                names = saved(model)
            except Exception:  # noqa: BLE001
                continue
            if all(layers(names, stack["pattern"]) for stack in document["layers"]):
                start = model.base_model_prefix + "."
                found[type(model).__name__, tied] = {
                    name for name in (name.removeprefix(start) for name in names)
                    if not any(layers({name}, stack["pattern"]) for stack in document["layers"])}
    return found


def has_parts(kind, document):
    """Whether a file may have the part for text alone, under other names."""
    config = transformers.AutoConfig.for_model(kind, **MODELS[kind])
    return len(document["layers"]) == 1 and hasattr(config, "text_config")


def outer(kind, document):
    """The ends of the names outside the layers that every class for the whole model has, and that no flag takes away."""
    if has_parts(kind, document):
        return set()
    sets = [names for (_, tied), names in names_outside(kind, document).items() if tied is None]
    common = set.intersection(*sets) if sets else set()
    # Embeddings of tokens may be tied, and are compared by their rows; some names have an older form.
    table = tuple(document.get("embeddings", {}))
    gone = GONE[kind]
    return {name for name in common if not re.search(r"parametrizations|(^|\.)\d+(\.|$)", name)
            and not name.endswith(table)
            and not any(other == name or other.endswith("." + name) for other in gone)}


def heads(kind, document):
    """The weights that a class has for its task: {class: (always, with embeddings that are not tied)}.

    Biases and poolers are left out, because older files have other names for them, or lack them.
    """
    sets = names_outside(kind, document)
    base = set().union(*(names for (name, _), names in sets.items() if not re.search("For|LMHead|MTModel", name)))
    found = {}
    for name in {name for name, _ in sets}:
        own = {
            tied: {end for end in names - base if end.endswith(".weight")
                   and not re.search(r"pooler|embeddings|embed_tokens|norm\.weight$|(^|\.)\d+\.", end)}
            for (other, tied), names in sets.items() if other == name}
        always = set.intersection(*own.values())
        untied = own.get(False, set()) - always
        if always or untied:
            found[name] = (tuple(sorted(always)), tuple(sorted(untied)))
    return found


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


def integers(config):
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
        for other, number in integers(plain).items():
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
    inner = config if hasattr(config, "vocab_size") else config.get_text_config()
    if not hasattr(inner, "vocab_size"):
        return False
    config.pad_token_id = inner.pad_token_id = inner.vocab_size
    try:
        made(kind, config)
    except AssertionError:
        return True
    return False


def main():
    for path in sorted(glob.glob(f"{FOLDER}/*.json")):
        document = json.load(open(path))
        kinds_of = [{} for _ in document.get("layers", [])]
        all_defaults = {}
        aliases = {}
        outside = {}
        flags_of = [{} for _ in document.get("layers", [])]
        classes = {}
        padding = []
        for kind in document.get("model_types", []):
            base = kind if kind in MODELS else ALIKE.get(kind)
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
            for number, facts in enumerate(switches(base, document)):
                for (key, value, default), ends in facts.items():
                    flags_of[number].setdefault((key, value, default, tuple(sorted(ends))), []).append(kind)
            for name, ends in heads(base, document).items():
                classes.setdefault(ends, set()).add(name)
            if names := outer(base, document):
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
            stack["flags"] = [
                {"types": sorted(set(types), key=document["model_types"].index), "key": key, "value": value,
                 "default": default, "tensors": list(ends)}
                for (key, value, default, ends), types in sorted(flags_of[number].items())]
            if not stack["flags"]:
                del stack["flags"]
        document["classes"] = [
            {"classes": sorted(names)} | ({"tensors": list(always)} if always else {})
            | ({"untied": list(untied)} if untied else {})
            for (always, untied), names in sorted(classes.items())]
        document["defaults"] = all_defaults
        document["aliases"] = dict(sorted(aliases.items()))
        document["padding_types"] = padding
        document["outside"] = [
            {"types": types, "tensors": list(names)} for names, types in sorted(outside.items())]
        order = ["head", "outside", "classes", "defaults", "aliases", "padding_types"]
        body = {key: value for key, value in document.items() if key not in order}
        groups = body.pop("groups")
        body |= {key: document[key] for key in order[1:] if document[key]} | {"groups": groups}
        open(path, "w").write(filled(json.dumps(body, indent=2)) + "\n")
        print(document["id"], "kinds", [len(stack["kinds"]) for stack in document["layers"]], "aliases", aliases)


main()
