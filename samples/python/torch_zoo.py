"""Modules as people write them, for torch_modules.py: small, untrained, each with an example of its inputs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import timm
import torch
import torchvision
import transformers
from torch import Tensor, nn
from torch.nn import functional as F


@dataclass(frozen=True)
class Case:
    """A module to cut.

    `refusal` is a part of the sentence with which it must be refused; `cut` is a tensor that the plan must cut.
    """

    name: str
    make: Callable[[], nn.Module]
    inputs: Callable[[], Any]
    options: dict[str, Any] = field(default_factory=dict)
    refusal: str | None = None
    cut: str | None = None


def images(batch: int, channels: int, size: int) -> Callable[[], Tensor]:
    return lambda: torch.randn(batch, channels, size, size)


def indices(batch: int, length: int, limit: int) -> Callable[[], Tensor]:
    return lambda: torch.randint(0, limit, (batch, length))


def mlp() -> nn.Module:
    return nn.Sequential(nn.Linear(20, 48), nn.BatchNorm1d(48), nn.ReLU(), nn.Dropout(), nn.Linear(48, 36, bias=False),
                         nn.BatchNorm1d(36), nn.GELU(), nn.Linear(36, 7))


class LeNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 6, 5, padding=2), nn.Conv2d(6, 16, 5)
        self.fc1, self.fc2, self.fc3 = nn.Linear(16 * 25, 120), nn.Linear(120, 84), nn.Linear(84, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        return self.fc3(F.relu(self.fc2(F.relu(self.fc1(torch.flatten(x, 1))))))


def vgg() -> nn.Module:
    layers: list[nn.Module] = []
    width = 3
    for item in (16, 16, None, 32, 32, None, 48):
        if item is None:
            layers.append(nn.MaxPool2d(2))
        else:
            layers += [nn.Conv2d(width, item, 3, padding=1), nn.BatchNorm2d(item), nn.ReLU(inplace=True)]
            width = item
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(48 * 4, 64), nn.ReLU(), nn.Dropout(),
                         nn.Linear(64, 10))


class Recurrent(nn.Module):
    """An embedding, a recurrent layer over [batch, length], and a classifier of the last step."""

    def __init__(self, kind: Callable[..., nn.RNNBase], **options: Any) -> None:
        super().__init__()
        self.embedding = nn.Embedding(50, 12)
        self.rnn = kind(12, 20, batch_first=True, **options)
        width = options.get("proj_size", 20) * (2 if options.get("bidirectional") else 1)
        self.out = nn.Linear(width, 5)

    def forward(self, words: Tensor) -> Tensor:
        return self.out(self.rnn(self.embedding(words))[0][:, -1])


def encoder() -> nn.Module:
    layer = nn.TransformerEncoderLayer(32, 4, 64, batch_first=True, activation="gelu")
    return nn.Sequential(nn.TransformerEncoder(layer, 2, enable_nested_tensor=False), nn.Linear(32, 5))


class Attention(nn.Module):
    """Self-attention with one matrix for queries, keys and values."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads, self.head_dim = heads, width // heads
        self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        batch, length, _ = x.shape
        q, k, v = self.qkv(x).reshape(batch, length, 3, self.heads, self.head_dim).permute(2, 0, 3, 1, 4)
        weights = (q @ k.transpose(-2, -1) * self.head_dim ** -0.5).softmax(-1)
        return self.proj((weights @ v).transpose(1, 2).flatten(2))


class AttentionBlock(nn.Module):
    """[batch, length, 32] → the same shape."""

    def __init__(self) -> None:
        super().__init__()
        self.norm1, self.attention, self.norm2 = nn.LayerNorm(32), Attention(32, 8), nn.LayerNorm(32)
        self.mlp = nn.Sequential(nn.Linear(32, 72), nn.GELU(), nn.Linear(72, 32))

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attention(self.norm1(x))
        return x + self.mlp(self.norm2(x))


def twice(inputs: int, outputs: int) -> nn.Module:
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(),
                         nn.Conv2d(outputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU())


class UNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.down1, self.down2 = twice(3, 12), twice(12, 20)
        self.middle = twice(20, 28)
        self.up2, self.join2 = nn.ConvTranspose2d(28, 20, 2, stride=2), twice(40, 20)
        self.up1, self.join1 = nn.ConvTranspose2d(20, 12, 2, stride=2), twice(24, 12)
        self.out = nn.Conv2d(12, 4, 1)

    def forward(self, x: Tensor) -> Tensor:
        one = self.down1(x)
        two = self.down2(F.max_pool2d(one, 2))
        three = self.middle(F.max_pool2d(two, 2))
        two = self.join2(torch.cat([self.up2(three), two], 1))
        return self.out(self.join1(torch.cat([self.up1(two), one], 1)))


class Recommender(nn.Module):
    """Users and items as embeddings, and a network on both."""

    def __init__(self) -> None:
        super().__init__()
        self.user, self.item = nn.Embedding(40, 24), nn.Embedding(60, 16)
        self.net = nn.Sequential(nn.Linear(40, 32), nn.ReLU(), nn.Linear(32, 1))

    def forward(self, user: Tensor, item: Tensor) -> Tensor:
        return self.net(torch.cat([self.user(user), self.item(item)], -1)).squeeze(-1)


class Autoencoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encode = nn.Sequential(nn.Conv2d(1, 12, 3, stride=2, padding=1), nn.SiLU(),
                                    nn.Conv2d(12, 20, 3, stride=2, padding=1), nn.SiLU(), nn.Flatten(),
                                    nn.Linear(20 * 16, 32))
        self.widen = nn.Linear(32, 20 * 16)
        self.decode = nn.Sequential(nn.Unflatten(1, (-1, 4, 4)), nn.SiLU(),
                                    nn.ConvTranspose2d(20, 12, 4, stride=2, padding=1), nn.SiLU(),
                                    nn.ConvTranspose2d(12, 1, 4, stride=2, padding=1), nn.Sigmoid())

    def forward(self, x: Tensor) -> Tensor:
        return self.decode(F.silu(self.widen(self.encode(x))))


def prelu_group_norm() -> nn.Module:
    return nn.Sequential(nn.Conv2d(3, 16, 3, padding=1), nn.GroupNorm(8, 16), nn.PReLU(16),
                         nn.Conv2d(16, 24, 3, padding=1), nn.PReLU(24), nn.Conv2d(24, 16, 3, padding=1),
                         nn.InstanceNorm2d(16, affine=True), nn.PReLU(), nn.Conv2d(16, 4, 1))


class FixedView(nn.Module):
    """Its forward writes the number of channels as 512."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(3, 16, 3, padding=1), nn.Conv2d(16, 32, 3, padding=1)
        self.fc = nn.Linear(512, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool2d(F.relu(self.conv2(F.relu(self.conv1(x)))), 2)
        return self.fc(x.view(-1, 512))


def weight_norm() -> nn.Module:
    normed = nn.utils.parametrizations.weight_norm
    return nn.Sequential(nn.Linear(8, 24), nn.ReLU(), normed(nn.Linear(24, 24)), nn.ReLU(), nn.Linear(24, 20),
                         nn.ReLU(), nn.Linear(20, 4))


class Tied(nn.Module):
    """A language model whose output layer has the weight of its embedding."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(40, 24)
        self.up, self.down = nn.Linear(24, 64), nn.Linear(64, 24)
        self.head = nn.Linear(24, 40, bias=False)
        self.head.weight = self.embedding.weight

    def forward(self, words: Tensor) -> Tensor:
        x = self.embedding(words)
        return self.head(x + self.down(F.relu(self.up(x))))


class Scaled(nn.Module):
    """A layer of its own, with one factor for each channel."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.rand(width))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.scale


def own_parameter() -> nn.Module:
    return nn.Sequential(nn.Linear(8, 24), nn.ReLU(), nn.Linear(24, 20), Scaled(20), nn.ReLU(), nn.Linear(20, 4))


class TwoHeads(nn.Module):
    """One trunk, and an output for each of two tasks."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = nn.Sequential(nn.Conv2d(1, 8, 3), nn.ReLU(), nn.Conv2d(8, 24, 3), nn.BatchNorm2d(24), nn.ReLU(),
                                   nn.Conv2d(24, 24, 3, groups=4), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.fine, self.coarse = nn.Linear(24, 10), nn.Linear(24, 3)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = self.trunk(x)
        return self.fine(x), self.coarse(x)


class Bag(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.bag = nn.EmbeddingBag(30, 24, mode="mean")
        self.net = nn.Sequential(nn.Linear(24, 28), nn.Tanh(), nn.Linear(28, 3))

    def forward(self, words: Tensor) -> Tensor:
        return self.net(self.bag(words))


class Translator(nn.Module):
    """nn.Transformer with a causal mask and a mask of padding, [length, batch, 32]."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(50, 32)
        self.transformer = nn.Transformer(32, 4, 2, 2, 48)
        self.out = nn.Linear(32, 50)

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        length = target.shape[0]
        causal = torch.triu(torch.full((length, length), float("-inf")), diagonal=1)
        padding = (source == 0).transpose(0, 1)
        x = self.transformer(self.words(source), self.words(target), tgt_mask=causal, src_key_padding_mask=padding,
                             memory_key_padding_mask=padding)
        return self.out(x)


class FusedGate(nn.Module):
    """A gated feed-forward layer with one matrix for both halves."""

    def __init__(self) -> None:
        super().__init__()
        self.words, self.both = nn.Embedding(50, 24), nn.Linear(24, 96)
        self.down, self.out = nn.Linear(48, 24), nn.Linear(24, 5)

    def forward(self, words: Tensor) -> Tensor:
        x = self.words(words)
        gate, up = self.both(x).chunk(2, dim=-1)
        return self.out(x + self.down(F.silu(gate) * up))


def audio() -> nn.Module:
    return nn.Sequential(nn.Conv1d(2, 12, 5, padding=2), nn.BatchNorm1d(12), nn.ReLU(), nn.Conv1d(12, 32, 3, padding=1),
                         nn.GLU(1), nn.ConvTranspose1d(16, 20, 4, stride=2, padding=1), nn.LeakyReLU(),
                         nn.Conv1d(20, 1, 3, padding=1), nn.Tanh())


def video() -> nn.Module:
    return nn.Sequential(nn.Conv3d(1, 8, 3, padding=1), nn.BatchNorm3d(8), nn.ReLU(), nn.MaxPool3d(2),
                         nn.Conv3d(8, 20, 3, padding=1), nn.BatchNorm3d(20), nn.ReLU(), nn.AdaptiveAvgPool3d(1),
                         nn.Flatten(), nn.Linear(20, 5))


class RMSBlock(nn.Module):
    """A gated feed-forward layer after an RMSNorm, as in language models."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.RMSNorm(24)
        self.gate, self.up = nn.Linear(24, 64, bias=False), nn.Linear(24, 64, bias=False)
        self.down = nn.Linear(64, 24, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        y = self.norm(x)
        return x + self.down(F.silu(self.gate(y)) * self.up(y))


def convnext() -> nn.Module:
    setting = torchvision.models.convnext.CNBlockConfig
    return torchvision.models.ConvNeXt([setting(24, 32, 2), setting(32, None, 2)], num_classes=10)


def vit() -> nn.Module:
    return timm.create_model("vit_tiny_patch16_224", img_size=32, patch_size=8, embed_dim=48, num_heads=4, depth=2,
                             num_classes=10)


def swin() -> nn.Module:
    return torchvision.models.SwinTransformer([4, 4], 24, [2, 2], [4, 4], [4, 4], num_classes=10)


def densenet() -> nn.Module:
    return torchvision.models.DenseNet(growth_rate=8, block_config=(2, 2, 2, 2), num_init_features=16, num_classes=10)


def bert() -> nn.Module:
    config = transformers.BertConfig(vocab_size=60, hidden_size=32, num_hidden_layers=2, num_attention_heads=4,
                                     intermediate_size=72, max_position_embeddings=32)
    return LogitsOnly(transformers.BertForSequenceClassification(config))


def llama() -> nn.Module:
    config = transformers.LlamaConfig(vocab_size=60, hidden_size=32, num_hidden_layers=2, num_attention_heads=8,
                                      num_key_value_heads=4, intermediate_size=72, use_cache=False)
    return LogitsOnly(transformers.LlamaForCausalLM(config))


def gpt2() -> nn.Module:
    config = transformers.GPT2Config(vocab_size=60, n_embd=32, n_layer=2, n_head=4, n_positions=32, use_cache=False,
                                     bos_token_id=1, eos_token_id=2)
    return LogitsOnly(transformers.GPT2LMHeadModel(config))


class LogitsOnly(nn.Module):
    """A transformers model with its logits as the only output."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids: Tensor) -> Tensor:
        return self.model(input_ids=input_ids).logits


def quantized() -> nn.Module:
    return torch.ao.quantization.quantize_dynamic(
        nn.Sequential(nn.Linear(8, 24), nn.ReLU(), nn.Linear(24, 20), nn.ReLU(), nn.Linear(20, 4)), {nn.Linear})


CASES = [
    Case("MLP with BatchNorm", mlp, lambda: torch.randn(3, 20), cut="5.running_mean"),
    Case("LeNet-like: conv, flatten, linear", LeNet, images(2, 1, 28), cut="fc1.weight"),
    Case("VGG-like", vgg, images(2, 3, 16), cut="3.weight"),
    Case("ResNet-18 (torchvision)", torchvision.models.resnet18, images(1, 3, 64), cut="layer2.0.downsample.0.weight"),
    Case("ResNeXt-50 (torchvision), groups", torchvision.models.resnext50_32x4d, images(1, 3, 64),
         cut="layer1.0.conv2.weight"),
    Case("ResNet-18 (torchvision), first layer too", torchvision.models.resnet18, images(1, 3, 64), {"cut_first": True},
         cut="layer1.0.conv2.weight"),
    Case("ShuffleNetV2 (torchvision)", torchvision.models.shufflenet_v2_x0_5, images(1, 3, 64)),
    Case("MobileNetV2 (torchvision), depthwise", torchvision.models.mobilenet_v2, images(1, 3, 64),
         cut="features.2.conv.1.0.weight"),
    Case("EfficientNet-B0 (torchvision), squeeze-excite", torchvision.models.efficientnet_b0, images(1, 3, 64),
         cut="features.2.0.block.2.fc1.weight"),
    Case("DenseNet (torchvision), concat", densenet, images(1, 3, 32),
         cut="features.denseblock1.denselayer2.conv1.weight"),
    Case("ConvNeXt (torchvision)", convnext, images(1, 3, 32), cut="features.1.0.block.3.weight"),
    Case("U-Net: concat, ConvTranspose2d", UNet, images(1, 3, 16), cut="up1.weight"),
    Case("Autoencoder: ConvTranspose2d", Autoencoder, images(2, 1, 16), cut="decode.2.weight"),
    Case("PReLU, GroupNorm, InstanceNorm", prelu_group_norm, images(2, 3, 9), {"cut_first": True}, cut="1.weight"),
    Case("LSTM classifier, 2 layers", lambda: Recurrent(nn.LSTM, num_layers=2), indices(3, 7, 50),
         cut="rnn.weight_hh_l1"),
    Case("LSTM, bidirectional", lambda: Recurrent(nn.LSTM, bidirectional=True), indices(3, 7, 50),
         cut="rnn.weight_hh_l0_reverse"),
    Case("LSTM with proj_size", lambda: Recurrent(nn.LSTM, proj_size=12), indices(3, 7, 50), {},
         "proj_size"),
    Case("GRU classifier", lambda: Recurrent(nn.GRU), indices(3, 7, 50), cut="rnn.weight_hh_l0"),
    Case("RNN classifier", lambda: Recurrent(nn.RNN), indices(3, 7, 50), cut="rnn.weight_hh_l0"),
    Case("nn.TransformerEncoder", encoder, lambda: torch.randn(2, 6, 32), cut="0.layers.1.self_attn.in_proj_weight"),
    Case("nn.Transformer with masks", Translator, lambda: (torch.randint(0, 50, (7, 2)), torch.randint(0, 50, (5, 2))),
         cut="transformer.decoder.layers.1.multihead_attn.in_proj_weight"),
    Case("Attention with a fused qkv", lambda: nn.Sequential(nn.Linear(12, 32), AttentionBlock(), nn.Linear(32, 5)),
         lambda: torch.randn(2, 6, 12), cut="1.attention.qkv.weight"),
    Case("RMSNorm, gated feed-forward", lambda: nn.Sequential(nn.Embedding(50, 24), RMSBlock(), nn.Linear(24, 5)),
         indices(2, 6, 50), cut="1.gate.weight"),
    Case("Gated feed-forward, chunk", FusedGate, indices(2, 6, 50), cut="both.weight"),
    Case("Conv1d, GLU, ConvTranspose1d", audio, lambda: torch.randn(2, 2, 16), cut="3.weight"),
    Case("Conv3d, BatchNorm3d", video, lambda: torch.randn(2, 1, 6, 6, 6), cut="4.weight"),
    Case("ViT (timm)", vit, images(2, 3, 32), cut="blocks.0.attn.qkv.weight"),
    Case("Swin (torchvision)", swin, images(1, 3, 64), cut="features.1.0.mlp.0.weight"),
    Case("BERT (transformers)", bert, indices(2, 6, 60), cut="model.bert.encoder.layer.0.attention.self.query.weight"),
    Case("GPT-2 (transformers), tied", gpt2, indices(2, 6, 60), cut="model.transformer.h.1.attn.c_attn.weight"),
    Case("Llama (transformers), grouped queries", llama, indices(2, 6, 60),
         cut="model.model.layers.0.self_attn.k_proj.weight"),
    Case("Recommender: Embedding, Linear", Recommender, lambda: (torch.randint(0, 40, (5,)), torch.randint(0, 60, (5,))),
         {"cut_first": True}, cut="user.weight"),
    Case("EmbeddingBag", Bag, indices(3, 5, 30), {"cut_first": True}, cut="bag.weight"),
    Case("Tied embedding and output layer", Tied, indices(2, 6, 40), {"cut_first": True}, cut="embedding.weight"),
    Case("Two heads, a task each", TwoHeads, images(2, 1, 9), {"tasks": ["fine", "coarse"]}, cut="trunk.5.weight"),
    Case("A layer with a parameter of its own", own_parameter, lambda: torch.randn(3, 8), cut="3.scale"),
    Case("view(-1, 512) in forward", FixedView, images(2, 3, 8), {}, "512"),
    Case("weight_norm on one layer", weight_norm, lambda: torch.randn(3, 8)),
    Case("Quantized layers", quantized, lambda: torch.randn(3, 8), {}, "quantized"),
]
