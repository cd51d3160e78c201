"""janus-flow-tiny in torch: the networks of JanusFlow at small size, under the names of its checkpoint.

B rows of a batch, L ids of a prompt without the tag that ends it, D the width of the language model, N = 64 places of a picture.
"""
import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn


@dataclass
class Sizes:
    vocabulary: int = 1024
    width: int = 256
    feed_forward: int = 512
    layers: int = 5
    heads: int = 4
    image: int = 64
    patch: int = 8
    vision_width: int = 128
    vision_layers: int = 4
    channels: int = 64  # of the U-ViT's encoder; its decoder has twice as many
    blocks: int = 2
    latent: int = 4
    epsilon: float = 1e-6

    @property
    def grid(self):
        return self.image // self.patch

    @property
    def latent_side(self):
        return 2 * self.grid


class RMSNorm(nn.Module):
    def __init__(self, width, epsilon):
        super().__init__()
        self.weight, self.epsilon = nn.Parameter(torch.ones(width)), epsilon

    def forward(self, x):
        return F.rms_norm(x.float(), self.weight.shape, self.weight, self.epsilon).to(x.dtype)


# --- the language model

def rotation(positions, head_width):
    """Cosines and sines of rotary embedding: positions [B, T] -> two of [B, 1, T, head_width]."""
    rates = 10000.0 ** (-torch.arange(0, head_width, 2) / head_width)
    angles = (positions[:, None, :, None].float() * rates).repeat(1, 1, 1, 2)
    return angles.cos(), angles.sin()


def rotated(x, turn):
    cos, sin = turn
    first, second = x.chunk(2, -1)
    return x * cos + torch.cat([-second, first], -1) * sin


class SelfAttention(nn.Module):
    def __init__(self, s):
        super().__init__()
        self.heads = s.heads
        self.q_proj, self.k_proj, self.v_proj, self.o_proj = (nn.Linear(s.width, s.width, bias=False) for _ in range(4))

    def forward(self, x, turn):
        q, k, v = (m(x).unflatten(-1, (self.heads, -1)).transpose(1, 2) for m in (self.q_proj, self.k_proj, self.v_proj))
        q, k = rotated(q, turn).to(v.dtype), rotated(k, turn).to(v.dtype)
        # written out: on a CPU the gradient of torch's own attention takes several times as long
        later = torch.full((x.shape[1], x.shape[1]), float("-inf"), dtype=q.dtype).triu(1)
        out = (q @ k.transpose(-1, -2) * q.shape[-1] ** -0.5 + later).softmax(-1).to(v.dtype) @ v
        return self.o_proj(out.transpose(1, 2).flatten(2))


class GatedMlp(nn.Module):
    def __init__(self, s):
        super().__init__()
        self.gate_proj, self.up_proj = (nn.Linear(s.width, s.feed_forward, bias=False) for _ in range(2))
        self.down_proj = nn.Linear(s.feed_forward, s.width, bias=False)

    def forward(self, x):
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


class DecoderLayer(nn.Module):
    def __init__(self, s):
        super().__init__()
        self.input_layernorm, self.self_attn = RMSNorm(s.width, s.epsilon), SelfAttention(s)
        self.post_attention_layernorm, self.mlp = RMSNorm(s.width, s.epsilon), GatedMlp(s)

    def forward(self, x, turn):
        x = x + self.self_attn(self.input_layernorm(x), turn)
        return x + self.mlp(self.post_attention_layernorm(x))


class LlamaModel(nn.Module):
    def __init__(self, s):
        super().__init__()
        self.head_width = s.width // s.heads
        self.embed_tokens = nn.Embedding(s.vocabulary, s.width)
        self.layers = nn.ModuleList([DecoderLayer(s) for _ in range(s.layers)])
        self.norm = RMSNorm(s.width, s.epsilon)

    def forward(self, x, positions=None):
        """Embeddings [B, T, D] -> normed hidden states; a row sees what stands before it."""
        if positions is None:
            positions = torch.arange(x.shape[1])[None]
        turn = rotation(positions, self.head_width)
        for layer in self.layers:
            x = layer(x, turn)
        return self.norm(x)


class Llama(nn.Module):
    def __init__(self, s):
        super().__init__()
        self.model = LlamaModel(s)
        self.lm_head = nn.Linear(s.width, s.vocabulary, bias=False)


# --- the vision tower

class VisionAttention(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x):
        q, k, v = self.qkv(x).unflatten(-1, (3, -1, 64)).permute(2, 0, 3, 1, 4)
        return self.proj(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))


class VisionBlock(nn.Module):
    def __init__(self, s):
        super().__init__()
        width = s.vision_width
        self.norm1, self.attn = nn.LayerNorm(width, s.epsilon), VisionAttention(width)
        self.norm2 = nn.LayerNorm(width, s.epsilon)
        self.mlp = nn.ModuleDict({"fc1": nn.Linear(width, 4 * width), "fc2": nn.Linear(4 * width, width)})

    def forward(self, x):
        x = x + self.attn(self.norm1(x))
        return x + self.mlp["fc2"](F.gelu(self.mlp["fc1"](self.norm2(x))))


class VisionTower(nn.Module):
    def __init__(self, s):
        super().__init__()
        self.patch_embed = nn.ModuleDict({"proj": nn.Conv2d(3, s.vision_width, s.patch, s.patch)})
        self.pos_embed = nn.Parameter(torch.zeros(1, s.grid ** 2, s.vision_width))
        self.blocks = nn.ModuleList([VisionBlock(s) for _ in range(s.vision_layers)])
        self.norm = nn.LayerNorm(s.vision_width, s.epsilon)

    def forward(self, pixels):
        x = self.patch_embed["proj"](pixels).flatten(2).transpose(1, 2) + self.pos_embed
        for block in self.blocks:
            x = block(x)
        return self.norm(x)


# --- the U-ViT

class ResponseNorm(nn.Module):
    """ConvNeXt V2's global response normalisation of channels-last rows [B, h, w, C]."""

    def __init__(self, channels):
        super().__init__()
        self.weight, self.bias = (nn.Parameter(torch.zeros(1, 1, 1, channels)) for _ in range(2))

    def forward(self, x):
        norms = x.float().pow(2).sum((1, 2), keepdim=True).add(1e-12).sqrt()
        share = norms / (norms.mean(-1, keepdim=True) + 1e-6)
        return self.bias + (self.weight * share + 1) * x


class ConvNextBlock(nn.Module):
    """Acts on channels-last [B, h, w, C], so that only the depthwise convolution needs to turn its input."""

    def __init__(self, channels, s):
        super().__init__()
        self.depthwise = nn.Conv2d(channels, channels, 7, padding=3, groups=channels)
        self.norm = RMSNorm(channels, s.epsilon)
        self.channelwise_linear_1 = nn.Linear(channels, 4 * channels)
        self.channelwise_norm = ResponseNorm(4 * channels)
        self.channelwise_linear_2 = nn.Linear(4 * channels, channels)
        self.cond_embeds_mapper = nn.Linear(s.width, 2 * channels)

    def forward(self, x, time):
        y = self.norm(self.depthwise(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1))
        y = self.channelwise_linear_2(self.channelwise_norm(F.gelu(self.channelwise_linear_1(y))))
        scale, shift = self.cond_embeds_mapper(F.silu(time))[:, None, None].chunk(2, -1)
        return (x + y) * (1 + scale) + shift


class MiddleBlock(nn.Module):
    def __init__(self, channels, s):
        super().__init__()
        self.res_blocks = nn.ModuleList([ConvNextBlock(channels, s) for _ in range(s.blocks)])

    def forward(self, x, time):
        for block in self.res_blocks:
            x = block(x, time)
        return x


class FlowEncoder(nn.Module):
    def __init__(self, s):
        super().__init__()
        self.channels = s.channels
        self.time_embed = nn.ModuleDict({"linear_1": nn.Linear(s.channels, s.width), "linear_2": nn.Linear(s.width, s.width)})
        self.in_conv = nn.Conv2d(s.latent, s.channels, 2, 2)
        self.mid_block = MiddleBlock(s.channels, s)

    def time(self, t):
        """Time 0 (noise) to 1 (picture) [B] -> its embedding [B, D]."""
        half = self.channels // 2
        angles = 1000 * t.float()[:, None] * torch.exp(-math.log(10000) / half * torch.arange(half))
        features = torch.cat([angles.cos(), angles.sin()], -1)
        return self.time_embed["linear_2"](F.silu(self.time_embed["linear_1"](features)))

    def forward(self, z, time):
        """Noisy latents [B, 4, 2h, 2w] -> [B, h, w, C]."""
        return self.mid_block(self.in_conv(z).permute(0, 2, 3, 1), time)


class FlowDecoder(nn.Module):
    def __init__(self, s):
        super().__init__()
        self.input_norm = RMSNorm(s.channels, s.epsilon)
        self.mid_block = MiddleBlock(2 * s.channels, s)
        self.out_convs = nn.ModuleList([nn.ModuleDict({
            "norm": RMSNorm(2 * s.channels, s.epsilon), "unpatch_conv": nn.Conv2d(2 * s.channels, 4 * s.latent, 1)})])

    def forward(self, x, skip, time):
        """[B, h, w, C] twice -> velocity [B, 4, 2h, 2w]."""
        x = self.mid_block(torch.cat([self.input_norm(x), skip.to(x.dtype)], -1), time)
        last = self.out_convs[0]
        return F.pixel_shuffle(last["unpatch_conv"](last["norm"](x).permute(0, 3, 1, 2)), 2)


class JanusFlow(nn.Module):
    def __init__(self, s=None):
        super().__init__()
        s = s or Sizes()
        self.sizes = s
        self.vision_und_enc_model = nn.ModuleDict({"vision_tower": VisionTower(s)})
        self.vision_und_enc_aligner = nn.Linear(s.vision_width, s.width)
        self.beg_of_und_embed = nn.Parameter(torch.zeros(1, s.width))
        self.vision_gen_enc_model, self.vision_gen_enc_aligner = FlowEncoder(s), nn.Linear(s.channels, s.width)
        self.vision_gen_dec_aligner_norm = RMSNorm(s.width, s.epsilon)
        self.vision_gen_dec_aligner = nn.Linear(s.width, s.channels)
        self.vision_gen_dec_model = FlowDecoder(s)
        self.language_model = Llama(s)

    def velocity(self, prompts, z, t):
        """Velocity of noisy latents z [B, 4, s, s] at times t [B].

        `prompts` are B lists of ids without their last tag. (ids, True) stands for the row without its prompt: of ids only the first
        is seen, and the picture stands where it would stand behind all of them.
        """
        llama, grid = self.language_model.model, self.sizes.grid
        rows = [(ids[:1], len(ids)) if bare else (ids, len(ids)) for ids, bare in prompts]
        longest = max(len(ids) for ids, _ in rows)
        count = 1 + grid ** 2  # the time, and the places
        padded = torch.zeros((len(rows), longest), dtype=torch.long)
        # a row's prompt, time and picture stand without a gap, and what pads it behind them no query before it sees
        order = torch.empty((len(rows), longest + count), dtype=torch.long)
        positions = torch.zeros((len(rows), longest + count), dtype=torch.long)
        for k, (ids, place) in enumerate(rows):
            n = len(ids)
            padded[k, :n] = torch.tensor(ids)
            order[k] = torch.cat([torch.arange(n), longest + torch.arange(count), torch.arange(n, longest)])
            positions[k, :n] = torch.arange(n)
            positions[k, n : n + count] = place + torch.arange(count)
        time = self.vision_gen_enc_model.time(t)
        skip = self.vision_gen_enc_model(z, time)
        picture = self.vision_gen_enc_aligner(skip).flatten(1, 2)
        x = torch.cat([llama.embed_tokens(padded).to(picture.dtype), time[:, None].to(picture.dtype), picture], 1)
        x = llama(torch.gather(x, 1, order[..., None].expand_as(x)), positions)
        places = torch.tensor([len(ids) + 1 for ids, _ in rows])[:, None] + torch.arange(grid ** 2)
        x = torch.gather(x, 1, places[..., None].expand(-1, -1, x.shape[-1]))
        x = self.vision_gen_dec_aligner(self.vision_gen_dec_aligner_norm(x))
        return self.vision_gen_dec_model(x.unflatten(1, (grid, grid)), skip, time).float()

    @torch.no_grad()
    def draw(self, prompts, z, steps, guidance):
        """Latents of B prompts (lists of ids) from noise z, by Euler steps."""
        for step in range(steps):
            t = torch.full((2 * len(prompts),), step / steps)
            both = [(ids, False) for ids in prompts] + [(ids, True) for ids in prompts]
            told, bare = self.velocity(both, z.repeat(2, 1, 1, 1), t).chunk(2)
            z = z + (guidance * told - (guidance - 1) * bare) / steps
        return z

    def embed(self, ids, pixels, begin, placeholder):
        """Ids [B, T] with one expanded picture a row -> embeddings with the pictures in their places."""
        x = self.language_model.model.embed_tokens(ids)
        patches = self.vision_und_enc_aligner(self.vision_und_enc_model["vision_tower"](pixels))
        x = torch.where((ids == begin)[..., None], self.beg_of_und_embed, x)
        return x.masked_scatter((ids == placeholder)[..., None], patches.to(x.dtype))
