"""Measures janus-flow-tiny on held-out combinations, in torch and float32:

    evaluate_flow.py drawn                  the classical reader on drawn scenes
    evaluate_flow.py latents                the same after a pass through the auto-encoder: the ceiling of generate
    evaluate_flow.py generate [--steps 10 30] [--count 500] [--guidance 2] [--sheet FILE.png]
    evaluate_flow.py describe [--count 500]

The stored weights are measured, or with --flow and --vae checkpoints of a training. `generate` asks janus-tiny's reader whether the
picture shows what the prompt says, `describe` wants the exact sentence.
"""
import argparse
import collections
import random
import time

import numpy as np
import torch

import flow
import prompts as promptlib
import run as runlib
import scenes
import stored
import vae as vaelib

import evaluate as measured  # of janus-tiny
import world

CHUNK = 50


def load(args):
    """Model, auto-encoder, and the factor between their latents."""
    vae = vaelib.stored(args.vae or stored.MODEL / "vae" / "diffusion_pytorch_model.safetensors")
    model = flow.JanusFlow()
    if args.flow:
        tensors, extra = runlib.averaged(args.flow)
        factor = extra["scaling_factor"]
    else:
        tensors, factor = stored.tensors(stored.MODEL / "model.safetensors"), stored.scaling_factor()
    model.load_state_dict({name: t.bfloat16().float() for name, t in tensors.items()})
    return model.eval(), vae, factor


@torch.no_grad()
def drawn_by(model, vae, factor, text, prompts, args, steps):
    """A picture a prompt."""
    generator, pictures = torch.Generator().manual_seed(args.seed), []
    side = model.sizes.latent_side
    for k in range(0, len(prompts), CHUNK):
        ids = [text.picture_prompt(p) for p in prompts[k : k + CHUNK]]
        z = torch.randn((len(ids), model.sizes.latent, side, side), generator=generator)
        pictures += list(vaelib.pictures_of(vae.decode(model.draw(ids, z, steps, args.guidance) / factor)))
    return pictures


@torch.no_grad()
def described_by(model, text, pictures):
    """The answer to the default question about each picture, written greedily."""
    prompt, answers = text.question(promptlib.DEFAULT_QUESTION, model.sizes.grid ** 2), []
    llama = model.language_model
    for k in range(0, len(pictures), CHUNK):
        pixels = vaelib.pixels_of(np.stack(pictures[k : k + CHUNK]))
        ids = torch.tensor([prompt] * len(pixels))
        x = model.embed(ids, pixels, text.boi, text.placeholder)
        written = []
        for _ in range(24):
            written.append(llama.lm_head(llama.model(x)[:, -1]).argmax(-1))
            if all(text.eos in row for row in torch.stack(written, 1).tolist()):
                break
            x = torch.cat([x, llama.model.embed_tokens(written[-1])[:, None]], 1)
        for row in torch.stack(written, 1).tolist():
            answers.append(text.decode(row[: row.index(text.eos)] if text.eos in row else row).strip())
    return answers


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="+", choices=("drawn", "latents", "generate", "describe"))
    parser.add_argument("--flow", help="checkpoint of train_flow.py")
    parser.add_argument("--vae", help="checkpoint of train_vae.py")
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--steps", type=int, nargs="+", default=[10, 30])
    parser.add_argument("--guidance", type=float, default=2.0)
    parser.add_argument("--sheet", help="write a contact sheet of the first pictures here")
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    rng, text = random.Random(args.seed), promptlib.Text()
    sentences = [world.random_sentence(rng, held_out=True) for _ in range(args.count)]
    pictures = [scenes.draw(s, rng) for s in sentences]
    start = time.time()
    if "drawn" in args.what:
        measured.read_all("drawn", pictures, sentences, start)
    vae = vaelib.stored(args.vae or stored.MODEL / "vae" / "diffusion_pytorch_model.safetensors")
    if "latents" in args.what:
        with torch.no_grad():
            back = list(vaelib.pictures_of(vae.decode(vae.encode(vaelib.pixels_of(np.stack(pictures)))[0])))
        measured.read_all("latents", back, sentences, start)
        if args.sheet:
            measured.contact_sheet([p for pair in zip(pictures[:48], back[:48]) for p in pair], args.sheet, scale=2)
    if not {"generate", "describe"} & set(args.what):
        return
    model, vae, factor = load(args)
    if "generate" in args.what:
        for steps in args.steps:
            start = time.time()
            drawn = drawn_by(model, vae, factor, text, [s.text() for s in sentences], args, steps)
            measured.read_all(f"generate, {steps} steps", drawn, sentences, start)
            if args.sheet:
                measured.contact_sheet(drawn[:48], args.sheet, scale=2)
    if "describe" in args.what:
        start = time.time()
        wild = [world.draw(world.place(s, rng), s.background, scenes.IMAGE_SIZE, 4) for s in sentences]
        pairs = zip(described_by(model, text, wild), (s.canonical().text() for s in sentences))
        failures = collections.Counter(measured.difference(found, wanted) for found, wanted in pairs if found != wanted)
        measured.report("describe", args.count, failures, time.time() - start)


if __name__ == "__main__":
    main()
