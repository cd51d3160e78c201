"""What both trainings share: their course over processor time, averaged weights, and checkpoints that a later run resumes."""
import random
import signal
import time
from pathlib import Path

import torch
import torch.distributed
import torch.multiprocessing


class Team:
    """Processes of one thread each that train together, by the mean of their gradients; alone where there is one."""

    def __init__(self, rank, size, port):
        self.rank, self.size = rank, size
        if rank:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)  # the first decides when all end
        if size > 1:
            torch.set_num_threads(1)
            torch.distributed.init_process_group("gloo", f"tcp://127.0.0.1:{port}", rank=rank, world_size=size)

    def average_gradients(self, model):
        if self.size == 1:
            return
        gradients = [p.grad for p in model.parameters() if p.grad is not None]
        flat = torch.cat([g.flatten() for g in gradients]).div_(self.size)
        torch.distributed.all_reduce(flat)
        for gradient, mean in zip(gradients, flat.split([g.numel() for g in gradients])):
            gradient.copy_(mean.view_as(gradient))

    def same(self, value):
        """The first process's value, for decisions that all must take alike."""
        shared = torch.tensor([float(value)], dtype=torch.float64)
        if self.size > 1:
            torch.distributed.broadcast(shared, 0)
        return shared.item()


def together(work, size, args):
    """Runs work(team, args) in `size` processes, of which this is the first."""
    port = random.randrange(20000, 60000)
    others = [torch.multiprocessing.get_context("spawn").Process(target=_join, args=(work, rank, size, port, args), daemon=True)
              for rank in range(1, size)]
    for process in others:
        process.start()
    work(Team(0, size, port), args)
    for process in others:
        process.join()


def _join(work, rank, size, port, args):
    work(Team(rank, size, port), args)


class Run:
    """A training measured in processor time, so that a paused or crowded machine changes nothing but the hour it ends.

    The learning rate rises over 50 steps, stays, and falls over the last third. A checkpoint holds the weights, their exponential mean,
    the optimiser and the time spent; with a longer `minutes` a finished run goes on where it was. SIGTERM ends it with a checkpoint.
    """

    def __init__(self, model, optimiser, rate, minutes, path, decay, save_every=120, team=None):
        self.model, self.optimiser, self.rate, self.minutes, self.path = model, optimiser, rate, minutes, Path(path)
        self.decay, self.save_every, self.team = decay, save_every, team or Team(0, 1, 0)
        self.steps, self.spent_before, self.saved = 0, 0.0, time.time()
        self.start, self.told_to_end = time.process_time(), False
        if self.team.rank == 0:
            signal.signal(signal.SIGTERM, lambda *_: setattr(self, "told_to_end", True))
        self.mean = {n: p.detach().clone() for n, p in model.named_parameters()}
        self.extra = {}  # what else a checkpoint keeps
        if self.path.exists():
            stored = torch.load(self.path, weights_only=True)
            model.load_state_dict(stored["model"])
            optimiser.load_state_dict(stored["optimiser"])
            self.mean, self.steps, self.spent_before = stored["mean"], stored["steps"], stored["spent"]
            self.extra = stored.get("extra", {})

    def spent(self):
        """Minutes of processor time of the first process, since the first start."""
        return self.spent_before + (time.process_time() - self.start) / 60

    def going(self):
        """Sets the learning rate of the next step; False, after a last checkpoint, once the time is used up."""
        share = self.team.same(1 if self.told_to_end else self.spent() / self.minutes)
        if share >= 1:
            self.save()
            return False
        for group in self.optimiser.param_groups:
            group["lr"] = self.rate * min(1, (self.steps + 1) / 50) * min(1, max(0.02, (1 - share) * 3))
        return True

    def step(self, loss, clip=1.0):
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        self.team.average_gradients(self.model)
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), clip)
        self.optimiser.step()
        self.steps += 1
        decay = min(self.decay, (1 + self.steps) / (10 + self.steps))
        with torch.no_grad():
            for name, p in self.model.named_parameters():
                self.mean[name].lerp_(p, 1 - decay)
        if time.time() - self.saved > self.save_every:
            self.save()

    def save(self):
        if self.team.rank:
            return
        part = self.path.with_suffix(".part")
        torch.save({"model": self.model.state_dict(), "mean": self.mean, "optimiser": self.optimiser.state_dict(),
                    "steps": self.steps, "spent": self.spent(), "extra": self.extra}, part)
        part.replace(self.path)
        self.saved = time.time()


def averaged(path):
    """The averaged weights of a checkpoint, and what else it keeps."""
    stored = torch.load(path, weights_only=True)
    return stored["mean"], stored.get("extra", {})
