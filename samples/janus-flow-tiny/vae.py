"""The picture auto-encoder of janus-flow-tiny: the architecture and names of diffusers' AutoencoderKL at small size."""
import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import nn

import run
import scenes

CONFIG = {
    "_class_name": "AutoencoderKL", "act_fn": "silu", "in_channels": 3, "out_channels": 3, "latent_channels": 4,
    "block_out_channels": [16, 32, 32], "down_block_types": ["DownEncoderBlock2D"] * 3, "up_block_types": ["UpDecoderBlock2D"] * 3,
    "layers_per_block": 1, "norm_num_groups": 2, "sample_size": scenes.IMAGE_SIZE, "scaling_factor": 1.0, "force_upcast": True,
}
EPSILON = 1e-6


def norm(channels):
    return nn.GroupNorm(CONFIG["norm_num_groups"], channels, EPSILON)


class Residual(nn.Module):
    def __init__(self, inner, outer):
        super().__init__()
        self.norm1, self.conv1 = norm(inner), nn.Conv2d(inner, outer, 3, padding=1)
        self.norm2, self.conv2 = norm(outer), nn.Conv2d(outer, outer, 3, padding=1)
        self.conv_shortcut = nn.Conv2d(inner, outer, 1) if inner != outer else None

    def forward(self, x):
        h = self.conv1(F.silu(self.norm1(x)))
        h = self.conv2(F.silu(self.norm2(h)))
        return (self.conv_shortcut(x) if self.conv_shortcut is not None else x) + h


class Attention(nn.Module):
    """One head over all places."""

    def __init__(self, channels):
        super().__init__()
        self.group_norm = norm(channels)
        self.to_q, self.to_k, self.to_v = (nn.Linear(channels, channels) for _ in range(3))
        self.to_out = nn.ModuleList([nn.Linear(channels, channels)])

    def forward(self, x):
        rows = self.group_norm(x).flatten(2).transpose(1, 2)
        mixed = F.scaled_dot_product_attention(*(m(rows)[:, None] for m in (self.to_q, self.to_k, self.to_v)))[:, 0]
        return x + self.to_out[0](mixed).transpose(1, 2).reshape(x.shape)


class Middle(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.resnets = nn.ModuleList([Residual(channels, channels) for _ in range(2)])
        self.attentions = nn.ModuleList([Attention(channels)])

    def forward(self, x):
        return self.resnets[1](self.attentions[0](self.resnets[0](x)))


class Resampler(nn.Module):
    def __init__(self, channels, down):
        super().__init__()
        self.down = down
        self.conv = nn.Conv2d(channels, channels, 3, stride=2 if down else 1, padding=0 if down else 1)

    def forward(self, x):
        # a smaller picture is read from its top left corner: one row below and one column on the right are padded
        return self.conv(F.pad(x, (0, 1, 0, 1)) if self.down else F.interpolate(x, scale_factor=2.0, mode="nearest"))


class Level(nn.Module):
    """Residual blocks of one resolution, and the way to the next, if there is one."""

    def __init__(self, inner, outer, count, down, last):
        super().__init__()
        self.resnets = nn.ModuleList([Residual(inner if k == 0 else outer, outer) for k in range(count)])
        if not last:
            setattr(self, "downsamplers" if down else "upsamplers", nn.ModuleList([Resampler(outer, down)]))
        self.last, self.way = last, "downsamplers" if down else "upsamplers"

    def forward(self, x):
        for block in self.resnets:
            x = block(x)
        return x if self.last else getattr(self, self.way)[0](x)


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        channels, layers = CONFIG["block_out_channels"], CONFIG["layers_per_block"]
        self.conv_in = nn.Conv2d(3, channels[0], 3, padding=1)
        inner = [channels[0], *channels[:-1]]
        self.down_blocks = nn.ModuleList([
            Level(inner[k], channels[k], layers, True, k == len(channels) - 1) for k in range(len(channels))])
        self.mid_block = Middle(channels[-1])
        self.conv_norm_out = norm(channels[-1])
        self.conv_out = nn.Conv2d(channels[-1], 2 * CONFIG["latent_channels"], 3, padding=1)

    def forward(self, x):
        x = self.conv_in(x)
        for level in self.down_blocks:
            x = level(x)
        return self.conv_out(F.silu(self.conv_norm_out(self.mid_block(x))))


class Decoder(nn.Module):
    def __init__(self):
        super().__init__()
        channels, layers = CONFIG["block_out_channels"][::-1], CONFIG["layers_per_block"] + 1
        self.conv_in = nn.Conv2d(CONFIG["latent_channels"], channels[0], 3, padding=1)
        self.mid_block = Middle(channels[0])
        inner = [channels[0], *channels[:-1]]
        self.up_blocks = nn.ModuleList([
            Level(inner[k], channels[k], layers, False, k == len(channels) - 1) for k in range(len(channels))])
        self.conv_norm_out = norm(channels[-1])
        self.conv_out = nn.Conv2d(channels[-1], 3, 3, padding=1)

    def forward(self, z):
        x = self.mid_block(self.conv_in(z))
        for level in self.up_blocks:
            x = level(x)
        return self.conv_out(F.silu(self.conv_norm_out(x)))


class Vae(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder, self.decoder = Encoder(), Decoder()
        latent = CONFIG["latent_channels"]
        self.quant_conv, self.post_quant_conv = nn.Conv2d(2 * latent, 2 * latent, 1), nn.Conv2d(latent, latent, 1)

    def encode(self, pixels):
        """Pixels in -1..1 [B, 3, h, w] -> mean and logarithm of the variance of their latents, unscaled [B, 4, h/4, w/4]."""
        mean, log_variance = self.quant_conv(self.encoder(pixels)).chunk(2, 1)
        return mean, log_variance.clamp(-30, 20)

    def decode(self, z):
        """Unscaled latents -> pixels in about -1..1."""
        return self.decoder(self.post_quant_conv(z))


def stored(path):
    """A model with the weights of a checkpoint of train_vae.py or of a safetensors file, as bfloat16 holds them."""
    tensors = load_file(path) if str(path).endswith(".safetensors") else run.averaged(path)[0]
    model = Vae()
    model.load_state_dict({name: t.bfloat16().float() for name, t in tensors.items()})
    return model.eval()


def pixels_of(pictures):
    """uint8 [B, h, w, 3] (numpy) -> float [B, 3, h, w] in -1..1."""
    return torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 127.5 - 1


def pictures_of(pixels):
    """Pixels in -1..1 -> rounded uint8 [B, h, w, 3] (numpy)."""
    return ((pixels.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8).permute(0, 2, 3, 1).contiguous().numpy()
