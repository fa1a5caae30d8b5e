"""Puts a tiny base and two LoRA adapters into one checkpoint, takes them out again, and has PEFT judge the folders.

usage: adapters.py TESSERA [--keep FOLDER]   (in a Python with torch, transformers and peft; not in CI)

transformers makes a Llama with random weights. PEFT makes two adapters of different ranks for different modules, `sql`
and `chat`. A file with another `lm_head.weight` is the third input, `head`. `tessera convert --add` puts all into one
checkpoint, once without a plan and once with the feed-forward channels cut into two units. Then, for both checkpoints,

* `extract --task sql` and `extract --task chat` must give each file of the adapter's folder, byte for byte;
* PEFT must load each extracted folder onto the base that `convert` gives back, and compute the same logits as before,
  with a difference of 0, also with both adapters loaded at once;
* `extract --task head` must give the file of the third input, byte for byte, and `convert` every file of the base;
* `convert --take NAME` must give the same files as `extract`.

Prints one line for each check. With --keep, base and inputs are written to FOLDER, with `expected.json`: the SHA-256 of
every file and tensor, and some logits. The tests compare Tessera with it.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import warnings

import peft
import safetensors.torch
import torch
import transformers

transformers.logging.set_verbosity_error()
# PEFT looks for the config.json of `tiny-llama`, which is no folder.
warnings.filterwarnings("ignore", "Could not find a config file")
transformers.utils.logging.disable_progress_bar()

CONFIGURATION = {
    "hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
    "intermediate_size": 40, "vocab_size": 32, "max_position_embeddings": 64, "pad_token_id": 0, "bos_token_id": 0,
    "eos_token_id": 1}
ADAPTERS = {
    "sql": {"r": 3, "lora_alpha": 8, "target_modules": ["q_proj", "v_proj"]},
    "chat": {"r": 5, "lora_alpha": 7, "target_modules": ["o_proj", "gate_proj", "down_proj"]}}
TOKENS = torch.tensor([[3, 7, 11, 5, 30, 2, 9]])


def make(folder):
    """Writes base/, sql/, chat/ and head.safetensors, and returns the logits of each adapter and of the base."""
    torch.manual_seed(11)
    model = transformers.LlamaForCausalLM(transformers.LlamaConfig(**CONFIGURATION)).eval()
    model.save_pretrained(f"{folder}/base")
    logits = {"base": compute(model)}
    for name, options in ADAPTERS.items():
        base = transformers.AutoModelForCausalLM.from_pretrained(f"{folder}/base")
        # The card has the model's name, which is a path otherwise.
        base.name_or_path = base.config._name_or_path = "tiny-llama"
        # Without random matrices, lora_B is zero and the adapter changes nothing.
        adapted = peft.get_peft_model(
            base, peft.LoraConfig(task_type="CAUSAL_LM", init_lora_weights=False, **options))
        adapted.peft_config["default"].base_model_name_or_path = "tiny-llama"
        logits[name] = compute(adapted.eval())
        adapted.save_pretrained(f"{folder}/{name}")
        # PEFT's own card is a form to fill in.
        with open(f"{folder}/{name}/README.md", "w") as card:
            card.write(f"# {name}\n\nA random LoRA adapter of rank {options['r']}, made by adapters.py.\n")
        assert (logits[name] - logits["base"]).abs().max() > 0.01
    torch.manual_seed(12)
    safetensors.torch.save_file(
        {"lm_head.weight": torch.randn(32, 24), "lm_head.bias": torch.randn(32)}, f"{folder}/head.safetensors",
        metadata={"made": "by adapters.py"})
    return logits


def compute(model):
    with torch.no_grad():
        return model(input_ids=TOKENS).logits.double()


def files(folder):
    return {name: open(f"{folder}/{name}", "rb").read() for name in sorted(os.listdir(folder))}


def need(condition, sentence):
    if not condition:
        sys.exit(f"FAILED: {sentence}")
    print(f"ok: {sentence}")


def check(tessera, folder, logits, options, words):
    """Makes a checkpoint with these options, and checks all that comes out of it."""

    def run(*arguments):
        ended = subprocess.run([tessera, *arguments], cwd=folder, capture_output=True, text=True)
        if ended.returncode != 0:
            sys.exit(f"FAILED: tessera {' '.join(arguments)}: {ended.stderr}")

    shutil.rmtree(f"{folder}/out", ignore_errors=True)
    os.mkdir(f"{folder}/out")
    run("convert", "base", "m.h5", "--add", "sql=sql", "--add", "chat=chat", "--add", "head=head.safetensors", *options)
    run("convert", "m.h5", "out/base/")
    need(files(f"{folder}/out/base") == files(f"{folder}/base"), f"{words}: the base comes back, file by file")
    for name in ADAPTERS:
        run("extract", "m.h5", f"out/{name}/", "--task", name)
        need(files(f"{folder}/out/{name}") == files(f"{folder}/{name}"), f"{words}: {name} comes back, file by file")
        run("convert", "m.h5", f"out/{name}-taken/", "--take", name)
        need(files(f"{folder}/out/{name}-taken") == files(f"{folder}/{name}"), f"{words}: --take {name} gives the same")
        base = transformers.AutoModelForCausalLM.from_pretrained(f"{folder}/out/base")
        found = compute(peft.PeftModel.from_pretrained(base, f"{folder}/out/{name}").eval())
        need((found - logits[name]).abs().max() == 0, f"{words}: PEFT loads {name}; its logits differ by 0")
    base = transformers.AutoModelForCausalLM.from_pretrained(f"{folder}/out/base")
    both = peft.PeftModel.from_pretrained(base, f"{folder}/out/sql", adapter_name="sql").eval()
    both.load_adapter(f"{folder}/out/chat", adapter_name="chat")
    for name in ADAPTERS:
        both.set_adapter(name)
        need((compute(both) - logits[name]).abs().max() == 0, f"{words}: both loaded, {name} chosen: logits differ by 0")
    run("extract", "m.h5", "out/head.safetensors", "--task", "head")
    same = open(f"{folder}/out/head.safetensors", "rb").read() == open(f"{folder}/head.safetensors", "rb").read()
    need(same, f"{words}: head comes back, byte for byte")


def expected(folder, logits):
    """What the tests compare with."""
    digests = {}
    for place, _, names in sorted(os.walk(folder)):
        for name in sorted(names):
            path = f"{place}/{name}"
            digests[os.path.relpath(path, folder)] = hashlib.sha256(open(path, "rb").read()).hexdigest()
    tensors = {}
    for name, file in [
        ("base", "base/model.safetensors"), ("sql", "sql/adapter_model.safetensors"),
        ("chat", "chat/adapter_model.safetensors"), ("head", "head.safetensors"),
    ]:
        tensors[name] = {
            key: {
                "shape": list(tensor.shape), "sha256": hashlib.sha256(tensor.contiguous().numpy().tobytes()).hexdigest()}
            for key, tensor in sorted(safetensors.torch.load_file(f"{folder}/{file}").items())}
    return {
        "made_with": f"torch {torch.__version__}, transformers {transformers.__version__}, peft {peft.__version__}",
        "logits": {name: [round(x, 6) for x in value[0, -1, :4].tolist()] for name, value in logits.items()},
        "files": digests, "tensors": tensors}


def main():
    # PEFT writes target_modules in the order of a set.
    if os.environ.get("PYTHONHASHSEED") != "0":
        os.execve(sys.executable, [sys.executable, *sys.argv], os.environ | {"PYTHONHASHSEED": "0"})
    arguments = sys.argv[1:]
    keep = arguments[arguments.index("--keep") + 1] if "--keep" in arguments else None
    tessera = os.path.abspath(arguments[0])
    with tempfile.TemporaryDirectory() as folder:
        logits = make(folder)
        if keep:
            shutil.copytree(folder, keep, dirs_exist_ok=True)
            with open(f"{keep}/expected.json", "w") as file:
                json.dump(expected(folder, logits), file, indent=1)
                file.write("\n")
        check(tessera, folder, logits, [], "no plan")
        subprocess.run(
            [tessera, "plan", "base", "--units", "2", "-o", "plan.json"], cwd=folder, check=True, capture_output=True)
        check(tessera, folder, logits, ["--plan", "plan.json"], "two units")


main()
