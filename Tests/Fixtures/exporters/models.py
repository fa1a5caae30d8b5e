"""Small PyTorch models of the kinds that are exported most: seeded, each with an input."""

import torch
from torch import nn
from torch.nn import functional


class CNN(nn.Module):
    """Convolutions, batch norms, pooling, and a flatten before the head."""

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(8, 12, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2))
        self.hidden = nn.Linear(12 * 2 * 2, 16)
        self.head = nn.Linear(16, 5)

    def forward(self, x):
        return self.head(functional.relu(self.hidden(torch.flatten(self.features(x), 1))))


class Residual(nn.Module):
    """Two residual blocks with batch norms, the second with a projection."""

    class Block(nn.Module):
        def __init__(self, inputs, outputs, stride):
            super().__init__()
            self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
            self.bn1 = nn.BatchNorm2d(outputs)
            self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
            self.bn2 = nn.BatchNorm2d(outputs)
            self.shortcut = nn.Identity() if inputs == outputs else nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

        def forward(self, x):
            y = self.bn2(self.conv2(functional.relu(self.bn1(self.conv1(x)))))
            return functional.relu(y + self.shortcut(x))

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, padding=1)
        self.block1 = self.Block(8, 8, 1)
        self.block2 = self.Block(8, 12, 2)
        self.head = nn.Linear(12, 5)

    def forward(self, x):
        return self.head(self.block2(self.block1(functional.relu(self.stem(x)))).mean((2, 3)))


class ViT(nn.Module):
    """A patch embedding, a class token, and encoder blocks with a fused projection."""

    class Block(nn.Module):
        def __init__(self, width, heads, hidden):
            super().__init__()
            self.heads = heads
            self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
            self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)
            self.fc1, self.fc2 = nn.Linear(width, hidden), nn.Linear(hidden, width)

        def forward(self, x):
            b, n, c = x.shape
            q, k, v = self.qkv(self.norm1(x)).reshape(b, n, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4).unbind(0)
            y = functional.scaled_dot_product_attention(q, k, v)
            x = x + self.proj(y.transpose(1, 2).reshape(b, n, c))
            return x + self.fc2(functional.gelu(self.fc1(self.norm2(x))))

    def __init__(self):
        super().__init__()
        self.patches = nn.Conv2d(3, 16, 4, 4)
        self.token = nn.Parameter(torch.zeros(1, 1, 16))
        self.positions = nn.Parameter(torch.zeros(1, 17, 16))
        self.blocks = nn.ModuleList([self.Block(16, 4, 24) for _ in range(2)])
        self.norm, self.head = nn.LayerNorm(16), nn.Linear(16, 5)

    def forward(self, x):
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], 1) + self.positions
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x)[:, 0])


class Decoder(nn.Module):
    """A decoder block with rotary embeddings, grouped queries, RMS norms and a gated feed-forward layer."""

    def __init__(self, width=16, heads=4, groups=2, head=6, hidden=20, vocabulary=24, length=6):
        super().__init__()
        self.heads, self.groups, self.head = heads, groups, head
        self.embedding = nn.Embedding(vocabulary, width)
        self.norm1, self.norm2, self.norm3 = (nn.Parameter(torch.ones(width)) for _ in range(3))
        self.q = nn.Linear(width, heads * head, bias=False)
        self.k = nn.Linear(width, groups * head, bias=False)
        self.v = nn.Linear(width, groups * head, bias=False)
        self.o = nn.Linear(heads * head, width, bias=False)
        self.gate, self.up = nn.Linear(width, hidden, bias=False), nn.Linear(width, hidden, bias=False)
        self.down = nn.Linear(hidden, width, bias=False)
        self.out = nn.Linear(width, vocabulary, bias=False)
        angles = torch.outer(torch.arange(length).float(), 1.0 / 100 ** (torch.arange(0, head, 2).float() / head))
        self.register_buffer("cosines", torch.cat([angles.cos(), angles.cos()], -1))
        self.register_buffer("sines", torch.cat([angles.sin(), angles.sin()], -1))
        self.register_buffer("mask", torch.triu(torch.full((length, length), -1e9), 1))

    @staticmethod
    def rms(x, weight):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-5) * weight

    def rotate(self, x):
        first, second = x.chunk(2, -1)
        return x * self.cosines + torch.cat([-second, first], -1) * self.sines

    def forward(self, tokens):
        x = self.embedding(tokens)
        b, n = tokens.shape
        y = self.rms(x, self.norm1)
        q = self.rotate(self.q(y).view(b, n, self.heads, self.head).transpose(1, 2))
        k = self.rotate(self.k(y).view(b, n, self.groups, self.head).transpose(1, 2))
        v = self.v(y).view(b, n, self.groups, self.head).transpose(1, 2)
        k, v = (
            t[:, :, None].expand(b, self.groups, self.heads // self.groups, n, self.head).reshape(b, self.heads, n, self.head)
            for t in (k, v))
        scores = torch.softmax(q @ k.transpose(2, 3) / self.head ** 0.5 + self.mask, -1)
        x = x + self.o((scores @ v).transpose(1, 2).reshape(b, n, self.heads * self.head))
        y = self.rms(x, self.norm2)
        x = x + self.down(functional.silu(self.gate(y)) * self.up(y))
        return self.out(self.rms(x, self.norm3))


class Recurrent(nn.Module):
    """An embedding by a linear layer, a bidirectional LSTM, a GRU, and a head on the last step."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Linear(6, 8)
        self.lstm = nn.LSTM(8, 10, batch_first=True, bidirectional=True)
        self.gru = nn.GRU(20, 8, batch_first=True)
        self.head = nn.Linear(8, 5)

    def forward(self, x):
        x, _ = self.lstm(torch.tanh(self.embed(x)))
        x, _ = self.gru(x)
        return self.head(x[:, -1])


class UNet(nn.Module):
    """Two levels, joined by concatenation, going up by a transposed convolution and by interpolation."""

    def __init__(self):
        super().__init__()
        self.down1, self.down2 = nn.Conv2d(3, 6, 3, padding=1), nn.Conv2d(6, 8, 3, padding=1)
        self.middle = nn.Conv2d(8, 10, 3, padding=1)
        self.up2, self.merge2 = nn.ConvTranspose2d(10, 8, 2, 2), nn.Conv2d(16, 8, 3, padding=1)
        self.merge1, self.out = nn.Conv2d(14, 6, 3, padding=1), nn.Conv2d(6, 2, 1)

    def forward(self, x):
        a = functional.relu(self.down1(x))
        b = functional.relu(self.down2(functional.max_pool2d(a, 2)))
        c = functional.relu(self.middle(functional.max_pool2d(b, 2)))
        b = functional.relu(self.merge2(torch.cat([self.up2(c), b], 1)))
        up = functional.interpolate(b, scale_factor=2.0, mode="nearest")
        return self.out(functional.relu(self.merge1(torch.cat([up, a], 1))))


class MLP(nn.Module):
    """Linear layers with LayerNorm and dropout, and a residual."""

    def __init__(self):
        super().__init__()
        self.first, self.norm1 = nn.Linear(12, 24), nn.LayerNorm(24)
        self.second, self.third = nn.Linear(24, 32), nn.Linear(32, 24)
        self.dropout, self.norm2, self.head = nn.Dropout(0.1), nn.LayerNorm(24), nn.Linear(24, 5)

    def forward(self, x):
        x = self.norm1(functional.relu(self.first(x)))
        x = self.norm2(x + self.dropout(self.third(functional.gelu(self.second(x)))))
        return self.head(x)


class Separable(nn.Module):
    """Inverted residuals: 1 × 1, depthwise 3 × 3, 1 × 1, with ReLU6."""

    class Block(nn.Module):
        def __init__(self, inputs, hidden, outputs):
            super().__init__()
            self.expand, self.bn1 = nn.Conv2d(inputs, hidden, 1, bias=False), nn.BatchNorm2d(hidden)
            self.depth, self.bn2 = nn.Conv2d(hidden, hidden, 3, 1, 1, groups=hidden, bias=False), nn.BatchNorm2d(hidden)
            self.project, self.bn3 = nn.Conv2d(hidden, outputs, 1, bias=False), nn.BatchNorm2d(outputs)

        def forward(self, x):
            y = functional.relu6(self.bn1(self.expand(x)))
            y = self.bn3(self.project(functional.relu6(self.bn2(self.depth(y)))))
            return x + y if x.shape == y.shape else y

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, 2, 1)
        self.blocks = nn.Sequential(self.Block(8, 16, 8), self.Block(8, 16, 12))
        self.head = nn.Linear(12, 5)

    def forward(self, x):
        x = self.blocks(functional.relu6(self.stem(x)))
        return self.head(functional.adaptive_avg_pool2d(x, 1).flatten(1))


class Squeeze(nn.Module):
    """Squeeze-and-excitation with swish and hard swish."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Conv2d(3, 12, 3, padding=1), nn.Conv2d(12, 16, 3, padding=1)
        self.reduce, self.expand = nn.Conv2d(16, 6, 1), nn.Conv2d(6, 16, 1)
        self.third, self.head = nn.Conv2d(16, 8, 1), nn.Linear(8, 5)

    def forward(self, x):
        x = functional.silu(self.second(functional.silu(self.first(x))))
        scale = torch.sigmoid(self.expand(functional.silu(self.reduce(functional.adaptive_avg_pool2d(x, 1)))))
        return self.head(functional.hardswish(self.third(x * scale)).mean((2, 3)))


class GroupNormed(nn.Module):
    """Convolutions in one dimension with group norms, a channel shuffle and split gates."""

    def __init__(self):
        super().__init__()
        self.first, self.norm1 = nn.Conv1d(4, 12, 3, padding=1), nn.GroupNorm(4, 12)
        self.second, self.third = nn.Conv1d(12, 24, 3, padding=1, groups=2), nn.Conv1d(24, 16, 1)
        self.norm2, self.head = nn.GroupNorm(1, 8), nn.Conv1d(8, 3, 1)

    def forward(self, x):
        x = functional.relu(self.norm1(self.first(x)))
        x = self.second(x)
        b, c, n = x.shape
        x = functional.leaky_relu(x.view(b, 2, c // 2, n).transpose(1, 2).reshape(b, c, n), 0.1)
        value, gate = self.third(x).chunk(2, 1)
        return self.head(self.norm2(value * torch.sigmoid(gate)))


def image(size=16):
    return torch.randn(2, 3, size, size)


# Name: model, input, and whether the batch is left open.
MODELS = {
    "cnn": (CNN, lambda: image(8), True),
    "residual": (Residual, lambda: image(8), False),
    "vit": (ViT, lambda: image(16), False),
    "decoder": (Decoder, lambda: torch.randint(0, 24, (2, 6)), True),
    "recurrent": (Recurrent, lambda: torch.randn(2, 5, 6), False),
    "unet": (UNet, lambda: image(16), False),
    "mlp": (MLP, lambda: torch.randn(2, 12), True),
    "separable": (Separable, lambda: image(16), False),
    "squeeze": (Squeeze, lambda: image(8), False),
    "groupnorm": (GroupNormed, lambda: torch.randn(2, 4, 10), False),
}


def make(name):
    """The model with random weights, statistics included, and its input."""
    build, data, is_open = MODELS[name]
    torch.manual_seed(sum(map(ord, name)))
    model = build().eval()
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            if parameter.dim() < 2:
                parameter.copy_(0.2 * torch.randn(parameter.shape) + (1.0 if "norm" in key or "bn" in key and key.endswith("weight") else 0.0))
            else:
                parameter.copy_(torch.randn(parameter.shape) * (1.2 / parameter[0].numel() ** 0.5))
        for key, buffer in model.named_buffers():
            if key.endswith("running_mean"):
                buffer.copy_(0.1 * torch.randn(buffer.shape))
            if key.endswith("running_var"):
                buffer.copy_(0.8 + 0.4 * torch.rand(buffer.shape))
    return model, data(), is_open
