"""Trains the image tokenizer: `train_vq.py --out vq.pt --minutes 25 [--resume vq.pt or a safetensors file]`.

A first part learns plain auto-encoding through the normalised latent; then the codebook is set by spherical k-means on
latents and everything is trained with it: straight-through decoder gradients, a commitment loss, rows that follow the mean
of their latents, unused rows restarted at badly served latents.
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
import vq as vqlib
import weights
import world


def fresh_model():
    vq = JanusVQVAE(sizes.vq_config())
    for module in vq.modules():
        if isinstance(module, torch.nn.Conv2d):
            module.reset_parameters()
    for module in vq.modules():
        if hasattr(module, "conv2"):
            module.conv2.weight.data.zero_()
            module.conv2.bias.data.zero_()
        if hasattr(module, "proj_out"):
            module.proj_out.weight.data.zero_()
            module.proj_out.bias.data.zero_()
    vqlib.scale_stream(vq, to_training=False)
    for norm in (vq.decoder.up[-1].block[1].norm1, vq.decoder.norm_out):
        norm.weight.data.fill_(1e-3 / vqlib.STREAM_SCALE)
    return vq


def save(vq, path):
    vqlib.scale_stream(vq, to_training=False)
    torch.save(vq.state_dict(), path)
    vqlib.scale_stream(vq, to_training=True)


def batch_of_pictures(rng, count, calm_share=0.7):
    """Pixels in -1..1 of calm scenes, which `generate` has to draw, and of the whole world: [B, 3, h, w]."""
    pictures = []
    for _ in range(count):
        sentence = world.random_sentence(rng, held_out=False)
        place = world.place_calm if rng.random() < calm_share else world.place
        pictures.append(world.draw(place(sentence, rng), sentence.background, sizes.IMAGE_SIZE, rng.choice((4, 4, 4, 8))))
    return data.pixels_of(pictures)


def pixel_weights(target):
    """More weight to edges, which decide what shape a reader sees, and to colour. [B, 3, h, w] -> [B, 1, h, w]."""
    spread = F.max_pool2d(target, 3, 1, 1) + F.max_pool2d(-target, 3, 1, 1)
    colored = (target.amax(1, keepdim=True) - target.amin(1, keepdim=True)) > 0.15
    return 1 + 3 * spread.amax(1, keepdim=True).clamp(0, 1) + 3 * colored


class Codebook:
    """Rows on the unit sphere that follow an exponential mean of the latents assigned to them."""

    def __init__(self, weight, decay=0.98):
        self.weight, self.decay = weight, decay
        self.count = torch.ones(len(weight))
        self.total = F.normalize(weight.data, dim=-1).clone()
        self.idle = torch.zeros(len(weight))

    @torch.no_grad()
    def k_means(self, latents, rounds=12):
        rows = latents[torch.randperm(len(latents))[: len(self.weight)]].clone()
        for _ in range(rounds):
            which = vqlib.nearest(latents, rows)
            total = torch.zeros_like(rows).index_add_(0, which, latents)
            empty = total.norm(dim=-1) < 1e-6
            similarity = (latents * rows[which]).sum(-1)
            worst = similarity.argsort()[: int(empty.sum())]
            total[empty] = latents[worst]
            rows = F.normalize(total, dim=-1)
        self.weight.data.copy_(rows)
        self.total.copy_(rows)
        self.count.fill_(1)

    @torch.no_grad()
    def follow(self, latents, which, restart):
        count = torch.bincount(which, minlength=len(self.weight)).float()
        total = torch.zeros_like(self.total).index_add_(0, which, latents)
        self.count.mul_(self.decay).add_(count, alpha=1 - self.decay)
        self.total.mul_(self.decay).add_(total, alpha=1 - self.decay)
        self.idle = torch.where(count > 0, 0, self.idle + 1)
        if restart:
            dead = (self.idle > 150).nonzero()[:16, 0]
            if len(dead):
                similarity = (latents * F.normalize(self.weight.data[which], dim=-1)).sum(-1)
                rows = latents[similarity.argsort()[: 4 * len(dead) : 4]]
                self.total[dead], self.count[dead], self.idle[dead] = rows, 1.0, 0.0
        # a row that nothing has reached for long keeps its direction
        self.weight.data.copy_(F.normalize(self.total, dim=-1))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", required=True)
    parser.add_argument("--minutes", type=float, default=25)
    parser.add_argument("--resume")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--lr", type=float, default=1.5e-3)
    parser.add_argument("--plain-share", type=float, default=0.2, help="share of the time without a codebook")
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(int(time.time()))
    rng = random.Random(time.time())

    vq = fresh_model()
    if args.resume:
        vq.load_state_dict(weights.vq_state(args.resume))
        args.plain_share = 0.0
    vqlib.scale_stream(vq, to_training=True)
    vq = vq.to(memory_format=torch.channels_last)
    vq.quantize.embedding.weight.requires_grad_(False)
    book = Codebook(vq.quantize.embedding.weight)
    optimiser = muon.MuonAdamW(muon.split(vq.named_parameters(), lambda name, p: p.dim() == 4 and min(p.shape[:2]) > 3), args.lr)

    start, step, quantised, recent = time.time(), 0, bool(args.resume), []
    while True:
        share = (time.time() - start) / (args.minutes * 60)
        if share >= 1:
            break
        for group in optimiser.param_groups:
            group["lr"] = args.lr * min(1, (step + 1) / 100) * (0.5 + 0.5 * np.cos(np.pi * share)) + 1e-6
        target = batch_of_pictures(rng, args.batch).contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16):
            z = vqlib.latent(vq, target)
            recent = recent[-40:] + [z.detach().reshape(-1, z.shape[-1])]
            commitment = torch.zeros(())
            if not quantised and share >= args.plain_share and len(recent) > 40:
                book.k_means(torch.cat(recent))
                quantised = True
            if quantised:
                rows = F.normalize(book.weight, dim=-1)
                which = vqlib.nearest(z.detach(), rows)
                q = rows[which]
                commitment = (z - q).pow(2).sum(-1).mean()
                book.follow(z.detach().reshape(-1, z.shape[-1]), which.reshape(-1), restart=share < 0.8)
                z = z + (q - z).detach()
            out = vqlib.decode_latent(vq, z, sizes.GRID).float()
        difference = (out - target) * pixel_weights(target)
        loss = difference.abs().mean() + 0.5 * difference.pow(2).mean()
        optimiser.zero_grad(set_to_none=True)
        (loss + 0.25 * commitment).backward()
        torch.nn.utils.clip_grad_norm_(vq.parameters(), 1.0)
        optimiser.step()
        if step % 50 == 0:
            used = int((book.idle < 100).sum()) if quantised else 0
            print(f"{time.time() - start:6.0f} s step {step} loss {loss:.4f} l1 {(out - target).abs().mean() * 127.5:.2f} "
                  f"commitment {commitment:.4f} used {used}", flush=True)
        if step % 200 == 199:
            save(vq, args.out)
        step += 1
    save(vq, args.out)
    print(f"{step} steps of {args.batch} pictures in {time.time() - start:.0f} s", flush=True)


if __name__ == "__main__":
    main()
