"""Sharpens the decoder of the image tokenizer and leaves its codes as they are:
`train_decoder.py --out vq.pt --model lm.pt --minutes 15`.

Most of every batch are calm scenes with the fixed codes for empty patches, as `generate` is taught to write them, some are
scenes of the whole world with the codes the encoder gives. For half of the calm ones the language model draws every code anew,
given the right ones before it: what it gets wrong now and then, the decoder learns to overlook. A language model trained on
these codes stays valid.
"""
import argparse
import random
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

import data
import muon
import sizes
import text as textlib
import train
import train_vq
import vq as vqlib
import weights
import world

HERE = Path(__file__).parent


@torch.no_grad()
def redrawn(model, text, sentences, codes):
    """Codes [B, N] as the guided language model draws each of them after the given ones."""
    prompts = [text.picture_prompt(s.text()) for s in sentences]
    both = prompts + [data.without_prompt(p, text) for p in prompts]
    hidden = train.hidden_of_codes(model, both, codes.repeat(2, 1))
    prompted, unprompted = model.model.generation_head(hidden).float().chunk(2)
    mixed = unprompted + train.GUIDANCE * (prompted - unprompted)
    return torch.multinomial(mixed.softmax(-1).flatten(0, 1), 1).view(codes.shape)


def batch(model, text, scenes, rng, count):
    """-> pixels in -1..1 [B, 3, h, w], codes [B, N]."""
    calm = count * 3 // 4
    sentences = [world.random_sentence(rng, held_out=False) for _ in range(calm)]
    pictures = [data.clean_picture(s, rng) for s in sentences]
    codes = scenes.encode(pictures)
    wild = train_vq.batch_of_pictures(rng, count - calm, calm_share=0)
    with torch.autocast("cpu", torch.bfloat16):
        codes[: calm // 2] = redrawn(model, text, sentences[: calm // 2], codes[: calm // 2])
        wild_codes = vqlib.encode(scenes.vq, wild.contiguous(memory_format=torch.channels_last))
    return torch.cat([data.pixels_of(pictures), wild]), torch.cat([codes, wild_codes])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", required=True)
    parser.add_argument("--model", required=True, help="weights of the whole model")
    parser.add_argument("--minutes", type=float, default=15)
    parser.add_argument("--lr", type=float, default=8e-4)
    parser.add_argument("--batch", type=int, default=12)
    args = parser.parse_args()
    torch.set_num_threads(1)
    rng = random.Random(time.time())
    text = textlib.Text(HERE / "model" / "tokenizer.model")
    model = train.build(text).requires_grad_(False)
    # the stored precision, so that the codes are those of the stored model
    model.load_state_dict({name: t.bfloat16().float() for name, t in weights.state(args.model).items()})
    vq = model.model.vqmodel
    for module in (vq.decoder, vq.post_quant_conv):
        module.requires_grad_(True)
    vqlib.scale_stream(vq, to_training=True)
    vq.to(memory_format=torch.channels_last)
    scenes, rows = data.SceneEncoder(vq), vqlib.codebook(vq)
    optimiser = muon.MuonAdamW(muon.split(vq.named_parameters(), lambda name, p: p.dim() == 4 and min(p.shape[:2]) > 3), args.lr)
    start, step, mean = time.time(), 0, 0.0
    while (share := (time.time() - start) / (args.minutes * 60)) < 1:
        for group in optimiser.param_groups:
            group["lr"] = args.lr * min(1, (step + 1) / 50) * (0.5 + 0.5 * np.cos(np.pi * share)) + 1e-6
        target, codes = batch(model, text, scenes, rng, args.batch)
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
