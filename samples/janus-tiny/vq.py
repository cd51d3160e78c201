"""The image tokenizer of janus-tiny: transformers' JanusVQVAE with a forward pass that can be trained.

transformers' own forward multiplies in place, which autograd refuses, and its quantiser forgets the L2 normalisation of the
reference when it encodes, so both are written here over the same modules and parameter names.
"""
import torch
import torch.nn.functional as F


# With two channels in each of the 32 groups, the last group norm lets next to nothing of a picture's mean colour through,
# unless its input is so small that eps, not the variance, decides: then it is linear. So the stream into it is made small.
# Training sees the same function at ordinary amplitudes: a stream 1 / STREAM_SCALE larger, eps 1 / STREAM_SCALE^2 larger.
STREAM_SCALE = 2.0 ** -13


def scale_stream(vq, to_training):
    """Moves the decoder's last level between the stored form and the form for training; both compute the same."""
    first, second = vq.decoder.up[-1].block
    factor = 1 / STREAM_SCALE if to_training else STREAM_SCALE
    for conv in (first.conv2, first.nin_shortcut, second.conv2):
        conv.weight.data.mul_(factor)
        conv.bias.data.mul_(factor)
    for norm in (second.norm1, vq.decoder.norm_out):
        norm.eps = 1e-6 * factor ** 2 if to_training else 1e-6


def _norm_silu(norm, x):
    # torch's group norm is slow on channels-last tensors, its convolutions on the others
    return F.silu(norm(x.contiguous()).contiguous(memory_format=torch.channels_last))


def _res(block, x):
    h = block.conv1(_norm_silu(block.norm1, x))
    h = block.conv2(_norm_silu(block.norm2, h))
    return (block.nin_shortcut(x) if block.in_channels != block.out_channels else x) + h


def _attn(block, x):
    h = block.norm(x)
    n, c, height, width = x.shape
    q, k, v = (m(h).flatten(2).transpose(1, 2).contiguous() for m in (block.q, block.k, block.v))
    out = F.scaled_dot_product_attention(q[:, None], k[:, None], v[:, None])[:, 0]
    return x + block.proj_out(out.transpose(1, 2).reshape(n, c, height, width))


def _mid(mid, x):
    return _res(mid.block_2, _attn(mid.attn_1, _res(mid.block_1, x)))


def _level(level, x):
    for i, block in enumerate(level.block):
        x = _res(block, x)
        if len(level.attn):
            x = _attn(level.attn[i], x)
    return x


def latent(vq, pixels):
    """Pixels in -1..1 to L2-normalised latents: [B, 3, h, w] -> [B, N, C]."""
    encoder = vq.encoder
    x = encoder.conv_in(pixels)
    for level in encoder.down:
        x = _level(level, x)
        if hasattr(level, "downsample"):
            x = level.downsample(x)
    x = encoder.conv_out(_norm_silu(encoder.norm_out, _mid(encoder.mid, x)))
    z = vq.quant_conv(x).flatten(2).transpose(1, 2)
    return F.normalize(z.float(), dim=-1)


def codebook(vq):
    return F.normalize(vq.quantize.embedding.weight.float(), dim=-1)


def nearest(z, book):
    """Index of the codebook row nearest to each latent, both on the unit sphere: [..., C] -> [...]."""
    # neighbouring rows differ by less than bfloat16 resolves
    with torch.autocast("cpu", enabled=False):
        return (z.reshape(-1, z.shape[-1]).float() @ book.T).argmax(-1).view(z.shape[:-1])


def decode_latent(vq, z, side):
    """Quantised latents to pixels, unclamped: [B, N, C] -> [B, 3, h, w]."""
    x = vq.post_quant_conv(z.transpose(1, 2).reshape(z.shape[0], z.shape[-1], side, side))
    decoder = vq.decoder
    x = _mid(decoder.mid, decoder.conv_in(x))
    for level in decoder.up:
        x = _level(level, x)
        if hasattr(level, "upsample"):
            x = level.upsample.conv(F.interpolate(x, scale_factor=2.0, mode="nearest"))
    return decoder.conv_out(_norm_silu(decoder.norm_out, x))


@torch.no_grad()
def encode(vq, pixels):
    """Pixels in -1..1 to codes in row order: [B, 3, h, w] -> [B, N]."""
    return nearest(latent(vq, pixels), codebook(vq))


@torch.no_grad()
def decode(vq, codes):
    """Codes to pixels as the reference rounds them: [B, N] -> uint8 [B, h, w, 3]."""
    side = int(codes.shape[1] ** 0.5)
    pixels = decode_latent(vq, codebook(vq)[codes], side).float()
    return ((pixels + 1) / 2 * 255).clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1).contiguous().numpy()
