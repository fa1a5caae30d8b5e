"""Makes tiny seeded models of the families that presets know: weights with the names of their files, and an ONNX export.

usage: make.py [NAME …]   (in a Python with the packages that README.md lists; writes beside this file)

The weights are random, biases and statistics included, so that no two tensors are equal. The legacy exporter runs
without constant folding and without fusing norms: a linear layer is Transpose and MatMul on the stored weight.
Initializers get the names of the file's tensors by their values; where the graph holds a tensor transposed, it gets the
file's tensor and a Transpose node.
Each ONNX model must give what PyTorch gives, in ONNX Runtime, to 1e-5, or nothing is written.
"""

import json
import os
import sys
import tempfile
import warnings

import numpy
import onnx
import onnxruntime
import safetensors.torch
import timm
import torch
import torchvision
import transformers
from onnx import helper, numpy_helper
from torch import nn
from torchvision.models.resnet import BasicBlock, Bottleneck, ResNet

HERE = os.path.dirname(os.path.abspath(__file__))
warnings.filterwarnings("ignore")
transformers.logging.set_verbosity_error()
transformers.utils.logging.disable_progress_bar()
LENGTH = 7
SMALL = {
    "hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 40, "vocab_size": 32,
    "attn_implementation": "eager", "bos_token_id": 0, "eos_token_id": 1, "pad_token_id": 2}


class NarrowResNet(ResNet):
    """A ResNet with torchvision's names and other widths: 64 → widths[0], 128 → widths[1], …"""

    def __init__(self, block, layers, widths):
        self.widths = dict(zip((64, 128, 256, 512), widths))
        super().__init__(block, layers, num_classes=5)
        self.conv1 = nn.Conv2d(3, widths[0], 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(widths[0])
        self.fc = nn.Linear(widths[3] * block.expansion, 5)

    def _make_layer(self, block, planes, blocks, stride=1, dilate=False):
        if planes == 64:
            self.inplanes = self.widths[64]
        return super()._make_layer(block, self.widths[planes], blocks, stride, dilate)


class Rotary(nn.Module):
    """The cosines and sines of rotary embeddings, as constants."""

    def __init__(self, cosines, sines):
        super().__init__()
        self.register_buffer("cosines", cosines, persistent=False)
        self.register_buffer("sines", sines, persistent=False)

    def forward(self, *inputs, **named):
        return self.cosines, self.sines


class Logits(nn.Module):
    """The logits of a Hugging Face model, from one positional input.

    A decoder gets its causal mask and rotary tables as constants: how transformers makes the mask is beyond the legacy
    exporter, and the tables need no operators in the graph.
    """

    def __init__(self, inner, input_name):
        super().__init__()
        self.inner, self.input_name = inner, input_name
        self.register_buffer("mask", torch.triu(torch.full((LENGTH, LENGTH), -1e9), 1)[None, None], persistent=False)
        rotary = getattr(getattr(inner, "model", None), "rotary_emb", None)
        if rotary is not None:
            with torch.no_grad():
                inner.model.rotary_emb = Rotary(*rotary(torch.zeros(1), torch.arange(LENGTH)[None]))

    def forward(self, x):
        extra = {}
        if type(self.inner).__name__.endswith(("ForCausalLM", "LMHeadModel")):
            extra = {"use_cache": False, "attention_mask": self.mask}
        return self.inner(**{self.input_name: x}, **extra).logits


class Experts(nn.Module):
    """A mixture of experts in which every expert computes every token, as an export without control flow has it."""

    def __init__(self, router, experts, top, normalised, shared=None, shared_gate=None):
        super().__init__()
        self.router = nn.Parameter(router)
        self.experts = nn.ParameterList([nn.Parameter(part) for expert in experts for part in expert])
        self.top, self.normalised = top, normalised
        self.shared, self.shared_gate = shared, shared_gate

    def forward(self, x):
        count = len(self.experts) // 3
        probabilities = torch.softmax(nn.functional.linear(x, self.router), -1)
        value, index = torch.topk(probabilities, self.top, -1)
        if self.normalised:
            value = value / value.sum(-1, keepdim=True)
        weights = (nn.functional.one_hot(index, count).to(x.dtype) * value.unsqueeze(-1)).sum(-2)
        total = 0
        for number in range(count):
            gate, up, down = (self.experts[3 * number + part] for part in range(3))
            inner = nn.functional.silu(nn.functional.linear(x, gate)) * nn.functional.linear(x, up)
            total = total + nn.functional.linear(inner, down) * weights[..., number:number + 1]
        if self.shared is not None:
            total = total + self.shared(x) * torch.sigmoid(self.shared_gate(x))
        return total


def resnet(block, blocks, widths):
    return NarrowResNet(block, blocks, widths), torch.randn(2, 3, 32, 32), None


def timm_vit():
    from timm.models.vision_transformer import VisionTransformer

    timm.layers.set_fused_attn(False)
    return VisionTransformer(
        img_size=16, patch_size=8, embed_dim=24, depth=2, num_heads=4, mlp_ratio=2, num_classes=5
    ), torch.randn(2, 3, 16, 16), None


def hf_vit():
    config = {key: value for key, value in SMALL.items() if key != "vocab_size"}
    model = transformers.ViTForImageClassification(
        transformers.ViTConfig(**config, image_size=16, patch_size=8, num_labels=5))
    return Logits(model, "pixel_values"), torch.randn(2, 3, 16, 16), model


def tokens():
    return torch.randint(0, 32, (2, LENGTH))


def bert():
    model = transformers.BertForSequenceClassification(
        transformers.BertConfig(**SMALL, max_position_embeddings=16, num_labels=5))
    return Logits(model, "input_ids"), tokens(), model


def gpt2():
    model = transformers.GPT2LMHeadModel(transformers.GPT2Config(
        n_embd=24, n_layer=2, n_head=4, n_inner=40, vocab_size=32, n_positions=16, attn_implementation="eager",
        bos_token_id=0, eos_token_id=1))
    return Logits(model, "input_ids"), tokens(), model


def llama():
    model = transformers.LlamaForCausalLM(transformers.LlamaConfig(**SMALL, num_key_value_heads=2))
    return Logits(model, "input_ids"), tokens(), model


def mixtral():
    config = transformers.MixtralConfig(**SMALL, num_key_value_heads=2, num_local_experts=4, num_experts_per_tok=2)
    model = transformers.MixtralForCausalLM(config)
    return Logits(model, "input_ids"), tokens(), model


def qwen_moe():
    config = transformers.Qwen2MoeConfig(
        **SMALL, num_key_value_heads=2, num_experts=4, num_experts_per_tok=2, moe_intermediate_size=12,
        shared_expert_intermediate_size=20)
    model = transformers.Qwen2MoeForCausalLM(config)
    return Logits(model, "input_ids"), tokens(), model


def unfold(model):
    """Experts that are stored together, one by one, with the routing that the model's configuration asks for."""
    for layer in model.model.layers:
        mlp = layer.mlp
        if not hasattr(mlp, "experts"):
            continue
        experts = []
        for fused, down in zip(mlp.experts.gate_up_proj, mlp.experts.down_proj):
            gate, up = fused.detach().chunk(2, 0)
            experts.append((gate.clone(), up.clone(), down.detach().clone()))
        config = model.config
        layer.mlp = Experts(
            mlp.gate.weight.detach().clone(), experts, config.num_experts_per_tok,
            getattr(config, "norm_topk_prob", True), getattr(mlp, "shared_expert", None),
            getattr(mlp, "shared_expert_gate", None))


# Name: (model, preset, heads that the preset is told).
MODELS = {
    "resnet18": (lambda: resnet(BasicBlock, [2, 2, 2, 2], (4, 8, 12, 16)), "resnet", None),
    "resnet50": (lambda: resnet(Bottleneck, [2, 2, 2, 2], (4, 4, 6, 8)), "resnet", None),
    "vit-timm": (timm_vit, "vit", 4),
    "vit-hf": (hf_vit, "vit-hf", 4),
    "bert": (bert, "bert", 4),
    "gpt2": (gpt2, "gpt2", 4),
    "llama": (llama, "llama", 4),
    "mixtral": (mixtral, "mixtral", 4),
    "qwen-moe": (qwen_moe, "qwen-moe", 4),
}


def randomise(model):
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.dim() < 2:
                parameter.copy_(0.2 * torch.randn(parameter.shape) + (1.0 if name.endswith("weight") else 0.0))
            else:
                fan = parameter[0].numel()
                parameter.copy_(torch.randn(parameter.shape) * (1.2 / fan ** 0.5))
        for name, buffer in model.named_buffers():
            if name.endswith("running_mean"):
                buffer.copy_(0.1 * torch.randn(buffer.shape))
            if name.endswith("running_var"):
                buffer.copy_(0.8 + 0.4 * torch.rand(buffer.shape))
            if name.endswith("num_batches_tracked"):
                buffer.fill_(7)


def export(model, x, name, path):
    torch.onnx.export(
        model, (x,), path, dynamo=False, opset_version=17, do_constant_folding=False,
        training=torch.onnx.TrainingMode.PRESERVE, input_names=[name], output_names=["logits"],
        dynamic_axes={name: {0: "N"}, "logits": {0: "N"}})


def rename(model, weights):
    """Gives initializers the names of the file's tensors; the names of the file that no initializer has are returned."""
    graph = model.graph
    free = {name: array for name, array in weights.items() if array.dtype == numpy.float32}
    missing = set(free)
    names, transposed = {}, []
    for tensor in graph.initializer:
        array = numpy_helper.to_array(tensor)
        for name, stored in free.items():
            if stored.shape == array.shape and numpy.array_equal(stored, array):
                names[tensor.name] = name
                tensor.name = name
                missing.discard(name)
                break
            if stored.ndim == 2 and stored.T.shape == array.shape and numpy.array_equal(stored.T, array):
                transposed.append((tensor.name, name))
                tensor.CopyFrom(numpy_helper.from_array(stored, name))
                missing.discard(name)
                break
    for node in graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
    for old, name in reversed(transposed):
        graph.node.insert(0, helper.make_node("Transpose", [name], [old], name=f"{name}.transposed", perm=[1, 0]))
    seen = {}
    for tensor in list(graph.initializer):
        if tensor.name in seen:
            graph.initializer.remove(tensor)
        seen[tensor.name] = True
    # Lists of values that only repeat what the exporter inferred are half of a tiny file, and paths have no place in it.
    del graph.value_info[:]
    for node in graph.node:
        node.doc_string = ""
        del node.metadata_props[:]
    onnx.checker.check_model(model)
    return missing


def main(chosen):
    table = {}
    for name, (build, preset, heads) in MODELS.items():
        torch.manual_seed(sum(map(ord, name)))
        model, x, hugging_face = build()
        randomise(model)
        model.eval()
        if hugging_face is not None:
            with tempfile.TemporaryDirectory() as folder:
                hugging_face.save_pretrained(folder)
                weights = safetensors.torch.load_file(os.path.join(folder, "model.safetensors"))
        else:
            weights = {key: value.contiguous() for key, value in model.state_dict().items()}
        with torch.no_grad():
            expected = model(x).numpy()
        if hugging_face is not None and hasattr(hugging_face, "model"):
            unfold(hugging_face)
        input_name = "tokens" if x.dtype == torch.int64 else "images"
        path = os.path.join(HERE, f"{name}.onnx")
        with tempfile.TemporaryDirectory() as folder:
            raw = os.path.join(folder, "raw.onnx")
            export(model, x, input_name, raw)
            graph = onnx.load(raw)
        missing = rename(graph, {key: value.numpy() for key, value in weights.items()})
        session = onnxruntime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
        (found,) = session.run(None, {input_name: x.numpy()})
        gap = float(numpy.abs(found - expected).max())
        assert gap <= 1e-5 * max(1.0, float(numpy.abs(expected).max())), (name, gap)
        assert not missing, (name, missing)
        table[name] = {
            "preset": preset, "heads": heads, "input": input_name, "shape": list(x.shape),
            "tensors": len(weights), "largest": round(float(numpy.abs(expected).max()), 3)}
        if not chosen or name in chosen:
            onnx.save(graph, path)
            file = os.path.join(HERE, f"{name}.safetensors")
            safetensors.torch.save_file(weights, file, {"format": "pt"})
            os.chmod(file, 0o644)
        print(name, gap, os.path.getsize(path), os.path.getsize(path.replace(".onnx", ".safetensors")))
    with open(os.path.join(HERE, "presets.json"), "w") as file:
        json.dump(table, file, indent=2)
        file.write("\n")


main(sys.argv[1:])
