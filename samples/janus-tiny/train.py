"""Trains decoder, vision tower and heads of janus-tiny over a finished image tokenizer.

    train.py --out lm.pt --minutes 90 --vq vq.pt                    from nothing
    train.py --out lm.pt --minutes 90 --resume model/model.safetensors   from stored weights, with a fresh optimiser

Every step learns from two batches: prompts with the codes of a drawn scene, some of them without their prompt, and pictures
with a question and the sentence as answer. From `--guided-from` on, each prompted row is paired with its unconditional row,
and the guided distribution at the default weight must fit the codes too, so that guidance does not lift unlikely codes.
`--processes` trains with as many single-threaded processes, each on a processor of its own and with its own pictures, whose
gradients are averaged.
"""
import argparse
import math
import os
import random
import time
from pathlib import Path

import torch
import torch.distributed
import torch.nn.functional as F
from transformers import JanusForConditionalGeneration

import data
import muon
import sizes
import text as textlib
import vq as vqlib
import weights

GUIDANCE = 5.0
UNCONDITIONAL_SHARE = 0.12
# The guided distribution is fitted at this temperature, so that drawn at 1 its tail of unlikely codes weighs less.
GUIDED_TEMPERATURE = 1.4
HERE = Path(__file__).parent


def build(text):
    model = JanusForConditionalGeneration(sizes.janus_config(text))
    model.set_attn_implementation("eager")
    model.model.vqmodel.requires_grad_(False)
    return model


def hidden_of_codes(model, prompts, codes):
    """Final hidden states that predict each code: ids of B prompts, codes [B, N] -> [B, N, D]."""
    longest = max(map(len, prompts))
    ids = torch.zeros((len(prompts), longest), dtype=torch.long)
    place = torch.zeros((len(prompts), codes.shape[1]), dtype=torch.long)
    for k, prompt in enumerate(prompts):
        ids[k, : len(prompt)] = torch.tensor(prompt)
        place[k] = torch.arange(len(prompt) - 1, len(prompt) - 1 + codes.shape[1])
    words = model.get_input_embeddings()(ids)
    image = model.prepare_embeddings_for_image_generation(codes[:, :-1]).to(words.dtype)
    rows = []
    for k, prompt in enumerate(prompts):
        # causal attention makes what stands right of a row's last code harmless
        rows.append(torch.cat([words[k, : len(prompt)], image[k], words[k, : longest - len(prompt)]]))
    hidden = model.model.language_model(inputs_embeds=torch.stack(rows), use_cache=False).last_hidden_state
    return torch.gather(hidden, 1, place[..., None].expand(-1, -1, hidden.shape[-1]))


def code_loss(model, text, pool, rng, count, guided):
    """Cross-entropy of codes; with `guided`, also of the guided distribution. Returns (loss, numbers to print)."""
    sentences, codes = pool.sample(count)
    prompts = [text.picture_prompt(data.typed(s, rng)) for s in sentences]
    if not guided:
        prompts = [data.without_prompt(p, text) if rng.random() < UNCONDITIONAL_SHARE else p for p in prompts]
        logits = model.model.generation_head(hidden_of_codes(model, prompts, codes)).float()
        loss = F.cross_entropy(logits.flatten(0, 1), codes.flatten())
        return loss, (loss.item(), 0.0, 0.0)
    both = prompts + [data.without_prompt(p, text) for p in prompts]
    logits = model.model.generation_head(hidden_of_codes(model, both, codes.repeat(2, 1))).float()
    prompted, unprompted = logits.chunk(2)
    mixed = unprompted + GUIDANCE * (prompted - unprompted)
    losses = [F.cross_entropy(x.flatten(0, 1), codes.flatten()) for x in (prompted, mixed / GUIDED_TEMPERATURE, unprompted)]
    return 0.25 * losses[0] + 0.6 * losses[1] + 0.15 * losses[2], [x.item() for x in losses]


def answer_loss(model, text, rng, count):
    pixels, ids, targets = data.describe_batch(text, rng, count)
    hidden = model.model(input_ids=ids, pixel_values=pixels, use_cache=False).last_hidden_state
    asked = targets >= 0
    return F.cross_entropy(model.lm_head(hidden[asked]).float(), targets[asked])


def optimiser_of(model, rate):
    embeddings = ("embed_tokens", "lm_head", "generation_embeddings", "vision_head", "position_embedding", "patch_embedding")
    groups = muon.split(model.named_parameters(),
                        lambda name, p: p.dim() == 2 and min(p.shape) > 8 and not any(e in name for e in embeddings))
    groups[0]["weight_decay"] = 0.05
    groups[1]["scale"] = 0.7
    return muon.MuonAdamW(groups, rate)


class Average:
    """Exponential mean of the trained weights, which is what gets saved."""

    def __init__(self, model, decay):
        self.decay, self.steps = decay, 0
        self.mean = {n: p.detach().clone() for n, p in model.named_parameters() if p.requires_grad}

    @torch.no_grad()
    def follow(self, model):
        self.steps += 1
        decay = min(self.decay, (1 + self.steps) / (10 + self.steps))
        for name, p in model.named_parameters():
            if p.requires_grad:
                self.mean[name].lerp_(p, 1 - decay)

    def save(self, model, path):
        torch.save({**model.state_dict(), **self.mean}, str(path) + ".part")
        Path(str(path) + ".part").replace(path)


class Team:
    """The processes that train together; alone where there is one."""

    def __init__(self, rank, size, port):
        self.rank, self.size = rank, size
        os.sched_setaffinity(0, {sorted(os.sched_getaffinity(0))[rank]})
        torch.set_num_threads(1)
        if size > 1:
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


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True)
    parser.add_argument("--minutes", type=float, default=90)
    parser.add_argument("--vq", help="weights of the image tokenizer")
    parser.add_argument("--vision", help="weights of the vision tower, from train_vision.py")
    parser.add_argument("--resume", help="weights of the whole model")
    parser.add_argument("--lr", type=float, default=4e-3)
    parser.add_argument("--codes-batch", type=int, default=40, help="of each process")
    parser.add_argument("--answers-batch", type=int, default=16, help="of each process")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--guided-from", type=float, default=0.6, help="share of the time after which guidance is trained too")
    parser.add_argument("--save-every", type=float, default=120, help="seconds")
    return parser.parse_args()


def prepared(args, text):
    """The model with the weights that the arguments name."""
    model = build(text)
    if args.resume:
        model.load_state_dict(weights.state(args.resume))
    if args.vq:
        # the stored precision, so that codes met in training are those of the stored model
        model.model.vqmodel.load_state_dict({n: t.bfloat16().float() for n, t in weights.vq_state(args.vq).items()})
        if not args.resume:
            # similar codes start out with similar inputs
            model.model.generation_embeddings.weight.data.copy_(vqlib.codebook(model.model.vqmodel))
    if args.vision:
        model.model.vision_model.load_state_dict(weights.state(args.vision))
    return model


def rate_at(share, step):
    """What of the learning rate is used: a short rise, then a cosine over the whole time."""
    return min(1, (step + 1) / 100) * (0.03 + 0.97 * (0.5 + 0.5 * math.cos(math.pi * share)))


def train(rank, args, port):
    team = Team(rank, args.processes, port)
    seed = int(team.same(time.time()))
    text = textlib.Text(HERE / "model" / "tokenizer.model")
    torch.manual_seed(seed)  # all start from the same weights
    model = prepared(args, text)
    rng = random.Random(seed * 64 + rank)
    torch.manual_seed(rng.getrandbits(31))
    pool = data.CodePool(model.model.vqmodel, rng)
    for _ in range(96):
        pool.grow(32)
    optimiser, average = optimiser_of(model, args.lr), Average(model, 0.996)

    start = saved = time.time()
    step, numbers, answers = 0, [0.0] * 3, 0.0
    while (share := team.same((time.time() - start) / (args.minutes * 60))) < 1:
        for group in optimiser.param_groups:
            group["lr"] = args.lr * rate_at(share, step)
        guided = share >= args.guided_from
        pool.grow(args.codes_batch // 3)
        with torch.autocast("cpu", torch.bfloat16):
            codes, parts = code_loss(model, text, pool, rng, args.codes_batch // (2 if guided else 1), guided)
            told = answer_loss(model, text, rng, args.answers_batch) if args.answers_batch else torch.zeros(())
        optimiser.zero_grad(set_to_none=True)
        (codes + told).backward()
        team.average_gradients(model)
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        keep = 0.98 if step else 0.0
        numbers = [keep * old + (1 - keep) * new for old, new in zip(numbers, parts)]
        answers = keep * answers + (1 - keep) * told.item()
        if rank == 0:
            average.follow(model)
            if step % 50 == 0:
                print(f"{time.time() - start:6.0f} s step {step} codes {numbers[0]:.3f} guided {numbers[1]:.3f} "
                      f"unconditional {numbers[2]:.3f} answers {answers:.4f}", flush=True)
            if time.time() - saved > args.save_every:
                average.save(model, args.out)
                saved = time.time()
        step += 1
    if rank == 0:
        average.save(model, args.out)
        print(f"{step} steps, {time.time() - start:.0f} s", flush=True)


def main():
    args = parse()
    port = random.randrange(20000, 60000)
    if args.processes == 1:
        train(0, args, port)
    else:
        torch.multiprocessing.spawn(train, (args, port), args.processes)


if __name__ == "__main__":
    main()
