"""Teaches the vision tower alone what each patch shows: `train_vision.py --out vision.pt --minutes 5`.

Naming shape and colour patch by patch costs a tenth of answering through the decoder and says far more a picture, so train.py
starts from these weights. The linear heads used here are thrown away.
"""
import argparse
import math
import random
import time

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from transformers.models.janus.modeling_janus import JanusVisionModel

import data
import muon
import sizes
import world

SHAPES, COLORS, GROUNDS = world.SHAPES, tuple(world.COLORS), tuple(world.BACKGROUNDS)
KINDS = ("small", "", "large", "pair")


def labels(objects, sentence):
    """-> shape, color, kind of what covers each patch (0: nothing) [N], and the background."""
    shape, color, kind = (np.zeros(sizes.CODES, np.int64) for _ in range(3))
    for obj in objects:
        covered = world.coverage(obj, sizes.GRID, sizes.PATCH).reshape(-1) > 0.08
        shape[covered] = SHAPES.index(obj.shape) + 1
        color[covered] = COLORS.index(obj.color) + 1
        kind[covered] = KINDS.index("pair" if sentence.relation else sentence.size) + 1
    return shape, color, kind, GROUNDS.index(sentence.background)


def sines(width):
    """Two-dimensional sines and cosines as a start for the position embedding: neighbours are told from the first step."""
    at = np.arange(sizes.GRID)
    waves = [f(at * (2 * math.pi / period)) for period in np.geomspace(2.5, 2.5 * sizes.GRID, width // 4) for f in (np.sin, np.cos)]
    axis = torch.tensor(np.stack(waves, 1), dtype=torch.float32)
    rows, columns = axis[:, None].expand(-1, sizes.GRID, -1), axis[None].expand(sizes.GRID, -1, -1)
    return torch.cat([rows, columns], -1).reshape(sizes.CODES, width)


def look_around(tower):
    """Starts queries and keys alike, so that patches first attend to those of near position (mimetic initialisation)."""
    width = tower.config.hidden_size
    for layer in tower.encoder.layers:
        attention = layer.self_attn
        basis = torch.linalg.qr(torch.randn(width, width))[0]
        for projection in (attention.q_proj, attention.k_proj):
            projection.weight.data.copy_(0.8 * basis + 0.02 * torch.randn(width, width))
            projection.bias.data.zero_()


class Heads(nn.Module):
    """Linear readers of the tower's features; the background is read at every patch."""

    def __init__(self, width):
        super().__init__()
        self.reads = nn.ModuleList(nn.Linear(width, n) for n in (len(SHAPES) + 1, len(COLORS) + 1, len(KINDS) + 1, len(GROUNDS)))

    def forward(self, features, wanted):
        losses, right = [], []
        for read, target in zip(self.reads, wanted):
            logits = read(features).float()
            covered = wanted[0] > 0
            losses.append(F.cross_entropy(logits.flatten(0, 1), target.flatten()) + F.cross_entropy(logits[covered], target[covered]))
            right.append((logits.argmax(-1) == target)[covered].float().mean().item())
        return sum(losses), right


def batch(rng, count):
    pictures, wanted = [], []
    for _ in range(count):
        sentence = world.random_sentence(rng, held_out=False)
        picture, objects = data.met_picture(sentence, rng)
        pictures.append(picture)
        shape, color, kind, ground = labels(objects, sentence)
        wanted.append(np.stack([shape, color, kind, np.full_like(shape, ground)]))
    return data.pixels_of(pictures), torch.from_numpy(np.stack(wanted, 1))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", required=True)
    parser.add_argument("--resume", help="weights of the tower")
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--lr", type=float, default=4e-3)
    parser.add_argument("--batch", type=int, default=64)
    args = parser.parse_args()
    torch.set_num_threads(1)
    rng = random.Random(time.time())
    config = sizes.vision_config()
    config._attn_implementation = "eager"
    tower, heads = JanusVisionModel(config), Heads(config.hidden_size)
    tower.embeddings.position_embedding.weight.data.copy_(0.3 * sines(config.hidden_size))
    look_around(tower)
    if args.resume:
        tower.load_state_dict(torch.load(args.resume))
    named = [*tower.named_parameters(), *heads.named_parameters()]
    groups = muon.split(named, lambda name, p: "layers" in name and p.dim() == 2)
    groups[1]["scale"] = 0.7
    optimiser = muon.MuonAdamW(groups, args.lr)
    start, step = time.time(), 0
    while (share := (time.time() - start) / (args.minutes * 60)) < 1:
        for group in optimiser.param_groups:
            group["lr"] = args.lr * min(1, (step + 1) / 50) * (0.02 + 0.98 * (0.5 + 0.5 * math.cos(math.pi * share)))
        pixels, wanted = batch(rng, args.batch)
        with torch.autocast("cpu", torch.bfloat16):
            loss, right = heads(tower(pixels).last_hidden_state, wanted)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        if step % 300 == 299:
            torch.save(tower.state_dict(), args.out)
        if step % 50 == 0:
            print(f"{time.time() - start:6.0f} s step {step} loss {loss.item():.3f} shape, color, kind, background right "
                  + " ".join(f"{r:.3f}" for r in right), flush=True)
        step += 1
    torch.save(tower.state_dict(), args.out)
    print(f"{step} steps, {time.time() - start:.0f} s", flush=True)


if __name__ == "__main__":
    main()
