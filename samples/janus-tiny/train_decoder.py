"""Sharpens the decoder of the image tokenizer and leaves its codes as they are:
`train_decoder.py --out vq.pt --resume vq.pt --minutes 15`.

Half of every batch are calm scenes with the fixed codes for empty patches, as `generate` is taught to write them, half are
scenes of the whole world with the codes the encoder gives. A language model trained on these codes stays valid.
"""
import argparse
import random
import time

import numpy as np
import torch
import torch.nn.functional as F
from transformers.models.janus.modeling_janus import JanusVQVAE

import data
import muon
import sizes
import train_vq
import vq as vqlib
import weights
import world


def batch(scenes, rng, count):
    """-> pixels in -1..1 [B, 3, h, w], codes [B, N]."""
    calm = [data.clean_picture(world.random_sentence(rng, held_out=False), rng) for _ in range(count // 2)]
    wild = train_vq.batch_of_pictures(rng, count - count // 2)
    with torch.autocast("cpu", torch.bfloat16):
        codes = vqlib.encode(scenes.vq, wild.contiguous(memory_format=torch.channels_last))
    return torch.cat([data.pixels_of(calm), wild]), torch.cat([scenes.encode(calm), codes])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", required=True)
    parser.add_argument("--resume", required=True)
    parser.add_argument("--minutes", type=float, default=15)
    parser.add_argument("--lr", type=float, default=8e-4)
    parser.add_argument("--batch", type=int, default=8)
    args = parser.parse_args()
    torch.set_num_threads(1)
    rng = random.Random(time.time())
    vq = JanusVQVAE(sizes.vq_config())
    # the stored precision, so that the codes are those of the stored model
    vq.load_state_dict({name: t.bfloat16().float() for name, t in weights.vq_state(args.resume).items()})
    vq.requires_grad_(False)
    for module in (vq.decoder, vq.post_quant_conv):
        module.requires_grad_(True)
    vqlib.scale_stream(vq, to_training=True)
    vq = vq.to(memory_format=torch.channels_last)
    scenes, rows = data.SceneEncoder(vq), vqlib.codebook(vq)
    optimiser = muon.MuonAdamW(muon.split(vq.named_parameters(), lambda name, p: p.dim() == 4 and min(p.shape[:2]) > 3), args.lr)
    start, step, mean = time.time(), 0, 0.0
    while (share := (time.time() - start) / (args.minutes * 60)) < 1:
        for group in optimiser.param_groups:
            group["lr"] = args.lr * min(1, (step + 1) / 50) * (0.5 + 0.5 * np.cos(np.pi * share)) + 1e-6
        target, codes = batch(scenes, rng, args.batch)
        with torch.autocast("cpu", torch.bfloat16):
            out = vqlib.decode_latent(vq, F.embedding(codes, rows), sizes.GRID).float()
        difference = (out - target) * train_vq.pixel_weights(target)
        loss = difference.abs().mean() + 0.5 * difference.pow(2).mean()
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(vq.parameters(), 1.0)
        optimiser.step()
        mean = loss.item() if not step else 0.95 * mean + 0.05 * loss.item()
        if step % 50 == 0:
            print(f"{time.time() - start:6.0f} s step {step} loss {mean:.4f}", flush=True)
        if step % 100 == 99:
            train_vq.save(vq, args.out)
        step += 1
    train_vq.save(vq, args.out)
    print(f"{step} steps of {args.batch} pictures in {time.time() - start:.0f} s", flush=True)


if __name__ == "__main__":
    main()
