"""Trains the picture auto-encoder: `train_vae.py --scenes scenes.npz --out vae.pt --minutes 10` (of processor time; resumes).

With `--encoder FILE` the encoder of a checkpoint stays as it is, averaged and as bfloat16 holds it, and the decoder alone learns:
a flow trained on the encoder's latents stays valid.
"""
import argparse

import torch
import torch.nn.functional as F

import run as runlib
import scenes
import tiny  # noqa: F401
import muon
import vae as vaelib

# So small that latents keep what pictures need, so large that the decoder bears a latent that is a little off.
KL_WEIGHT = 5e-4
NOISE = 0.15  # at most, of a latent's standard deviation, where the decoder alone learns: a flow's latents are a little off


def pixel_weights(target):
    """More weight to edges, which decide what shape a reader sees, and to colour: [B, 3, h, w] -> [B, 1, h, w]."""
    spread = F.max_pool2d(target, 3, 1, 1) + F.max_pool2d(-target, 3, 1, 1)
    colored = (target.amax(1, keepdim=True) - target.amin(1, keepdim=True)) > 0.15
    return 1 + 3 * spread.amax(1, keepdim=True).clamp(0, 1) + 3 * colored


def fresh_model():
    """A model whose residual blocks begin as the identity."""
    model = vaelib.Vae()
    for module in model.modules():
        if isinstance(module, vaelib.Residual):
            torch.nn.init.zeros_(module.conv2.weight)
        if isinstance(module, vaelib.Attention):
            torch.nn.init.zeros_(module.to_out[0].weight)
    return model


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenes", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--encoder", help="checkpoint whose encoder stays as it is")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--batch", type=int, default=12)
    parser.add_argument("--lr", type=float, default=4e-3)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    pictures, _ = scenes.load(args.scenes)
    model = fresh_model()
    if args.encoder:
        model = vaelib.stored(args.encoder).train()
        model.encoder.requires_grad_(False)
        model.quant_conv.requires_grad_(False)
    groups = muon.split(model.named_parameters(), lambda name, p: p.dim() >= 2 and min(p.shape[:2]) > 4)
    run = runlib.Run(model, muon.MuonAdamW(groups, args.lr), args.lr, args.minutes, args.out, decay=0.98)
    shown = []
    while run.going():
        chosen = torch.randint(len(pictures), (args.batch,)).numpy()
        target = vaelib.pixels_of(pictures[chosen])
        mean, log_variance = model.encode(target)
        spread = (0.5 * log_variance).exp() if not args.encoder else NOISE * torch.rand(args.batch, 1, 1, 1) * mean.std()
        out = model.decode(mean + torch.randn_like(mean) * spread)
        difference = (out - target) * pixel_weights(target)
        kl = 0.5 * (mean.pow(2) + log_variance.exp() - 1 - log_variance).mean()  # what a frozen encoder no longer heeds
        run.step(difference.abs().mean() + 0.5 * difference.pow(2).mean() + KL_WEIGHT * kl)
        shown = shown[-19:] + [((out - target).abs().mean().item() * 127.5, kl.item(), mean.std().item())]
        if run.steps % 20 == 0:
            error, kl, std = (sum(column) / len(shown) for column in zip(*shown))
            print(f"{run.spent():6.2f} min step {run.steps} levels off {error:.2f} kl {kl:.2f} std {std:.2f}", flush=True)


if __name__ == "__main__":
    main()
