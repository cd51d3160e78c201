"""Muon for matrices and convolution kernels, AdamW for the rest, behind one optimiser interface."""
import torch


def _orthogonal(matrices):
    """Newton-Schulz iteration towards the nearest semi-orthogonal matrices (coefficients of Keller Jordan's Muon): [K, M, N]."""
    a, b, c = 3.4445, -4.7750, 2.0315
    x = matrices.bfloat16()
    tall = x.shape[1] > x.shape[2]
    if tall:
        x = x.mT
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(5):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    return (x.mT if tall else x).float()


class MuonAdamW(torch.optim.Optimizer):
    """Groups with `muon=True` take orthogonalised momentum steps whose root mean square equals 0.2 lr, as AdamW's about do."""

    def __init__(self, groups, lr):
        super().__init__(groups, dict(lr=lr, muon=False, momentum=0.95, betas=(0.9, 0.98), eps=1e-8, weight_decay=0.0, scale=1.0))

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            rate = group["lr"] * group["scale"]
            trained = [p for p in group["params"] if p.grad is not None]
            for p in trained:
                p.mul_(1 - rate * group["weight_decay"])
            if group["muon"]:
                self._muon(trained, group, rate)
            else:
                for p in trained:
                    self._adam(p, group, rate)

    def _muon(self, trained, group, rate):
        alike = {}
        for p in trained:
            mean = self.state[p].setdefault("mean", torch.zeros_like(p))
            mean.mul_(group["momentum"]).add_(p.grad)
            update = (p.grad + group["momentum"] * mean).reshape(len(p), -1)
            alike.setdefault(update.shape, []).append((p, update))
        for shape, members in alike.items():
            for (p, _), update in zip(members, _orthogonal(torch.stack([u for _, u in members]))):
                p.add_(update.view(p.shape), alpha=-rate * 0.2 * max(shape) ** 0.5)

    def _adam(self, p, group, rate):
        state = self.state[p]
        mean = state.setdefault("mean", torch.zeros_like(p))
        square = state.setdefault("square", torch.zeros_like(p))
        state["step"] = state.get("step", 0) + 1
        first, second = group["betas"]
        mean.lerp_(p.grad, 1 - first)
        square.lerp_(p.grad * p.grad, 1 - second)
        mean_hat = mean / (1 - first ** state["step"])
        square_hat = square / (1 - second ** state["step"])
        p.add_(mean_hat / (square_hat.sqrt() + group["eps"]), alpha=-rate)


def split(named, muon, skip=()):
    """Parameter groups: what `muon(name, p)` says goes to Muon, the rest to AdamW."""
    named = [(n, p) for n, p in named if p.requires_grad and n not in skip]
    return [dict(params=[p for n, p in named if muon(n, p)], muon=True), dict(params=[p for n, p in named if not muon(n, p)])]
