#!/usr/bin/env python3
"""Writes the plans and claims of this folder: names, dtypes and shapes of Gemma 3n E4B, without weights.

    python3 make_plans.py [FOLDER]

The names and shapes come from transformers (5.24, with torch and timm), which builds the model on the meta device.
No weights are downloaded. E4B.plan.json has every tensor of the released checkpoint, E2B and the vendor's slices as
sub-networks. submodels.plan.json has the language model alone and the five sizes of the vendor's guide. README.md
names the sources of the widths, the skipped layers and the printed sizes.
"""

import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import line_json  # noqa: E402

PREFIX = "model.language_model."
LAYERS, WIDTH, INNER = 35, 16384, 256
FIRST_SHARED = 20
SKIPPED = range(20, 25)

# The vendor's slices (configs.csv): name, printed size, layers of 16384 channels. The others have 8192. E1.96B skips
# layers 20 to 24, as E2B does, and the other slices have all layers.
BLOCK = [range(first, first + 5) for first in range(0, LAYERS, 5)]


def blocks(*numbers):
    return [layer for number in numbers for layer in BLOCK[number]]


SLICES = [
    ("E1.96B-layer", "1.96B", [4]),
    ("E2.54B-layer", "2.54B", [4, *blocks(4)]),
    ("E2.69B-layer", "2.69B", [4, 9, 14, 19, *blocks(4)]),
    ("E2.98B-layer", "2.98B", blocks(3, 4, 6)),
    ("E3.18B-layer", "3.18B", [4, 9, *blocks(2, 3, 4), 29, 34]),
    ("E3.39B-layer", "3.39B", [4, 9, *blocks(2, 3, 4, 5), 34]),
    ("E3.59B-layer", "3.59B", [4, *blocks(1, 2, 3, 4, 5), 34]),
    ("E3.79B-layer", "3.79B", [4, *blocks(1, 2, 3, 4, 5, 6)]),
    ("E2.49B-block", "2.49B", blocks(4)),
    ("E2.73B-block", "2.73B", blocks(3, 4)),
    ("E2.98B-block", "2.98B", blocks(2, 3, 4)),
    ("E3.24B-block", "3.24B", blocks(2, 3, 4, 5)),
    ("E3.49B-block", "3.49B", blocks(1, 2, 3, 4, 5)),
    ("E3.79B-block", "3.74B", blocks(1, 2, 3, 4, 5, 6)),
]

# The guide's sizes (custom_slicing_configs.py): printed size, skipped layers, width of each kept layer.
SUBMODELS = [
    ("0.52B", [12, 13, 14, 15, *range(17, 28)], [4096] * 8 + [5120] * 7 + [6144] * 5),
    ("0.71B", range(15, 27), [5120] * 10 + [6144] * 8 + [7168] * 5),
    ("0.95B", range(19, 28), [6144] * 10 + [7168] * 9 + [8192] * 7),
    ("1.32B", range(21, 28), [6144] * 10 + [7168] * 9 + [8192] * 9),
    ("1.51B", range(20, 25), [6144] * 10 + [7168] * 10 + [8192] * 10),
]
STEPS = [4096, 5120, 6144, 7168, 8192, WIDTH]


def shapes():
    """The tensors of the released checkpoint.

    transformers 5.24 does not build the k and v projections of layers that use the keys and values of another layer
    (20 to 34); the released files have them. The output head is the token embedding, and the files have it once.
    """
    import torch
    from transformers import Gemma3nConfig, Gemma3nForConditionalGeneration
    with torch.device("meta"):
        model = Gemma3nForConditionalGeneration(Gemma3nConfig())
    found = {name: list(tensor.shape) for name, tensor in model.state_dict().items() if name != "lm_head.weight"}
    for layer in range(FIRST_SHARED, LAYERS):
        for part in ["k_norm", "k_proj", "v_proj"]:
            name = f"{PREFIX}layers.{{}}.self_attn.{part}.weight"
            found.setdefault(name.format(layer), found[name.format(0)])
    return dict(sorted(found.items(), key=lambda item: [int(part) if part.isdigit() else part
                                                        for part in re.split(r"(\d+)", item[0])]))


def entry(name, shape, unit_of_layer):
    """A tensor of the plan. `unit_of_layer` maps a layer that not every size has to its unit."""
    result = {"name": name, "dtype": "BF16", "shape": shape}
    layer = re.match(re.escape(PREFIX) + r"layers\.(\d+)\.", name)
    if layer:
        number = int(layer[1])
        if number in unit_of_layer:
            result["units"] = [unit_of_layer[number]]
        if name.endswith(("gate_proj.weight", "up_proj.weight")):
            result["axes"] = [f"ffn{number}", None]
        elif name.endswith("down_proj.weight"):
            result["axes"] = [None, f"ffn{number}"]
    elif name == PREFIX + "embed_tokens_per_layer.weight":
        result["axes"] = [None, {"axis": "layers", "inner": INNER}]
    elif name == PREFIX + "per_layer_model_projection.weight":
        result["axes"] = [{"axis": "layers", "inner": INNER}, None]
    return result


def layers_axis(units, unit_of_layer):
    held = [[layer for layer, unit in unit_of_layer.items() if unit == place] for place in range(units)]
    common = [layer for layer in range(LAYERS) if layer not in unit_of_layer]
    return {"size": LAYERS, "units": held, "common": common, "modules": True}


def whole(tensors):
    unit_of_layer = {layer: 1 for layer in SKIPPED}
    slices = {
        "name": "slices", "order": [0, 1],
        "levels": {name: [0] if name.startswith("E1.96B") else [0, 1] for name, _, _ in SLICES},
        "axes": {f"ffn{layer}": {"levels": [[0, 1] if layer in wide else [0] for _, _, wide in SLICES]}
                 for layer in range(LAYERS)},
    }
    return {
        "format": "tessera.plan/1",
        "description": "Gemma 3n E4B as released, with E2B and the slices of google/gemma3n-slicing-configs",
        "units": 2, "axes": {"layers": layers_axis(2, unit_of_layer), "ffn{}": {"units": [8192, 8192]}},
        "tensors": [entry(name, shape, unit_of_layer) for name, shape in tensors.items()],
        "tasks": [{"name": "all", "order": [0, 1], "levels": {"E2B": 1, "E4B": 2}}, slices],
    }


def submodels(tensors):
    """Units 0 to 5 are steps of FFN width. The others are groups of layers that the same sizes skip."""
    groups = {}
    for layer in range(LAYERS):
        skipped_by = tuple(name for name, skipped, _ in SUBMODELS if layer in skipped)
        if skipped_by:
            groups.setdefault(skipped_by, []).append(layer)
    unit_of_layer = {layer: len(STEPS) + place for place, group in enumerate(groups.values()) for layer in group}
    units = len(STEPS) + len(groups)
    steps = [width - before for before, width in zip([0, *STEPS], STEPS)] + [0] * len(groups)
    levels, axes = {}, {f"ffn{layer}": {"levels": []} for layer in range(LAYERS)}
    for name, skipped, widths in SUBMODELS:
        levels[name] = [len(STEPS) + place for place, group in enumerate(groups) if name not in group]
        kept = [layer for layer in range(LAYERS) if layer not in skipped]
        assert len(kept) == len(widths), name
        width_of = dict(zip(kept, widths))
        for layer in range(LAYERS):
            width = width_of.get(layer, 0)
            axes[f"ffn{layer}"]["levels"].append([place for place, step in enumerate(STEPS) if step <= width])
    return {
        "format": "tessera.plan/1",
        "description": "The language model of Gemma 3n E4B, with the sizes of the guide Gemma-3n-Submodels",
        "units": units, "axes": {"layers": layers_axis(units, unit_of_layer), "ffn{}": {"units": steps}},
        "tensors": [entry(name, shape, unit_of_layer) for name, shape in tensors.items() if name.startswith(PREFIX)],
        "tasks": [{"name": "guide", "order": list(range(units)), "levels": levels, "axes": axes}],
    }


POLICY = {name: f"policies/{name}.json" for name in ["text", "effective", "effective-as-described"]}


def claims(description, rows):
    """Printed sizes in billions have the suffix G, because B also stands for bytes."""
    return {"format": "tessera.claims/1", "description": description, "claims": [
        {"method": method, "task": task, "level": level, "claimed": claimed.replace("B", "G"), "policy": policy}
        for method, task, level, claimed, policy in rows]}


def whole_claims():
    rows = [
        ("E2B, Hub", "all", 1, "5,439,438,272", "all-stored"),
        ("E4B, Hub", "all", 2, "7,849,978,192", "all-stored"),
        ("E2B, developer guide", "all", 1, "5B", "all-stored"),
        ("E2B, model card", "all", 1, "6B", "all-stored"),
        ("E4B, developer guide and model card", "all", 2, "8B", "all-stored"),
        ("E2B, notebook: total", "all", 1, "5,976,833,408", "all-stored"),
        ("E2B, notebook: text", "all", 1, "4,456,156,768", POLICY["text"]),
        ("E2B, notebook: effective", "all", 1, "1,905,495,648", POLICY["effective"]),
        ("E2B, notebook: effective, as described", "all", 1, "1,905,495,648", POLICY["effective-as-described"]),
        ("E2B, slicing configs", "all", 1, "1.91B", POLICY["effective"]),
        ("E4B, slicing configs", "all", 2, "3.98B", POLICY["effective"]),
    ]
    rows += [(f"{name}, slicing configs", "slices", level, printed, POLICY["effective"])
             for level, (name, printed, _) in enumerate(SLICES, 1)]
    return claims("Sizes of Gemma 3n as printed by its vendor. Sources: Hub, the safetensors metadata of "
                  "google/gemma-3n-E2B-it and google/gemma-3n-E4B-it; model card, the README.md of "
                  "google/gemma-3n-E2B-it and google/gemma-3n-E4B; developer guide, developers.googleblog.com/en/"
                  "introducing-gemma-3n-developer-guide; notebook, [Gemma_3n]MatFormer_Lab.ipynb in "
                  "github.com/google-gemma/cookbook; slicing configs, configs.csv of the dataset "
                  "google/gemma3n-slicing-configs.", rows)


def submodel_claims():
    rows = [(f"{name}, guide", "guide", level, name, POLICY["effective"])
            for level, (name, _, _) in enumerate(SUBMODELS, 1)]
    return claims("Sizes of custom sub-models as printed in Guides/Gemma-3n-Submodels/custom_slicing_configs.py of "
                  "github.com/google-gemma/cookbook, commit d2f8ff9. The guide compares them with 1.91B for E2B, "
                  "which is the effective size.", rows)


def has_lines(value, depth):
    """Whether an axis, a tensor, a level or a claim has a line of its own, so that a diff shows single entries."""
    return depth < 2 or isinstance(value, dict) and (depth == 3 or {"levels", "axes"} <= value.keys())


if __name__ == "__main__":
    folder = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__))
    tensors = shapes()
    for name, document in [
            ("E4B.plan.json", whole(tensors)), ("E4B.claims.json", whole_claims()),
            ("submodels.plan.json", submodels(tensors)), ("submodels.claims.json", submodel_claims())]:
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            file.write(line_json.text(document, has_lines))
