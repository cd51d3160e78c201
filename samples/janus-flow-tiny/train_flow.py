"""Trains janus-flow-tiny over a finished auto-encoder:

    train_flow.py --scenes scenes.npz --vae vae.pt --latents latents.pt --out flow.pt --minutes 60

Minutes are of processor time; where --out exists, the training goes on from there.

It begins with the language model and vision tower of janus-tiny, or with `--from FILE.safetensors`. Every step learns the velocity
of noisy latents, now and then without the prompt; every few steps learn answers to questions about pictures too, so that
`describe` is not forgotten.
"""
import argparse
import random
import time
from pathlib import Path

import torch
import torch.nn.functional as F

import flow
import prompts as promptlib
import run as runlib
import scenes
import stored
import tiny
import vae as vaelib

import data
import muon
import world

BARE_SHARE = 0.1
LANGUAGE_SCALE = 0.4  # of the learning rate for what is trained already
FITTED_PICTURES = 600


@torch.no_grad()
def latents_of(vae, pictures, chunk=64):
    """Mean latents of pictures, and the factor that gives them a standard deviation of 1."""
    parts = [vae.encode(vaelib.pixels_of(pictures[k : k + chunk]))[0] for k in range(0, len(pictures), chunk)]
    latents = torch.cat(parts)
    return latents, 1 / latents.std().item()


@torch.no_grad()
def start(model, rng):
    """Gives a model what janus-tiny knows; its aligner of two layers is fitted by one in the least squares."""
    given = stored.tensors(tiny.JANUS_TINY / "model" / "model.safetensors")
    model.load_state_dict(stored.from_janus_tiny(), strict=False)
    pictures = [data.met_picture(world.random_sentence(rng, held_out=False), rng)[0] for _ in range(FITTED_PICTURES)]
    features = model.vision_und_enc_model["vision_tower"](data.pixels_of(pictures)).flatten(0, 1)
    wanted = F.gelu(F.linear(features, given["model.aligner.fc1.weight"], given["model.aligner.fc1.bias"]))
    wanted = F.linear(wanted, given["model.aligner.hidden_layers.0.weight"], given["model.aligner.hidden_layers.0.bias"])
    inputs = torch.cat([features, torch.ones(len(features), 1)], 1)
    solved = torch.linalg.solve(inputs.T @ inputs + 1e-3 * torch.eye(inputs.shape[1]), inputs.T @ wanted)
    model.vision_und_enc_aligner.weight.copy_(solved[:-1].T)
    model.vision_und_enc_aligner.bias.copy_(solved[-1])
    text = promptlib.Text()
    model.beg_of_und_embed.copy_(model.language_model.model.embed_tokens.weight[text.boi : text.boi + 1])
    for name, module in model.named_modules():
        if name.endswith("depthwise"):
            torch.nn.init.trunc_normal_(module.weight, std=0.1)
        if name.endswith(("channelwise_linear_2", "cond_embeds_mapper", "unpatch_conv")):
            torch.nn.init.trunc_normal_(module.weight, std=0.02)


def times(count):
    """Times 0..1 at which to learn: more of them early, where a picture is laid out."""
    normal = torch.sigmoid(torch.randn(count) * 1.2 - 0.4)
    return torch.where(torch.rand(count) < 0.25, torch.rand(count) * 0.999, normal)


def flow_loss(model, text, rng, sentences, latents):
    """Mean square of what the velocity is off."""
    told = []
    for sentence in sentences:
        told.append((text.picture_prompt(data.typed(data.told(sentence, rng), rng)), rng.random() < BARE_SHARE))
    noise, t = torch.randn_like(latents), times(len(latents))
    share = t[:, None, None, None]
    velocity = model.velocity(told, share * latents + (1 - share) * noise, t)
    return (velocity - (latents - noise)).pow(2).mean()


def answer_loss(model, text, rng, count):
    pixels, ids, targets = data.describe_batch(text, rng, count)
    hidden = model.language_model.model(model.embed(ids, pixels, text.boi, text.placeholder))
    asked = targets >= 0
    return F.cross_entropy(model.language_model.lm_head(hidden[asked]).float(), targets[asked])


def optimiser_of(model, rate):
    """Muon for matrices, AdamW for embeddings and the rest; smaller steps for what janus-tiny has trained."""
    groups = []
    for known in (True, False):
        named = [(n, p) for n, p in model.named_parameters() if n.startswith(("language_model", "vision_und", "beg_")) == known]
        apart = ("embed_tokens", "lm_head", "pos_embed", "patch_embed", "depthwise", "in_conv", "unpatch_conv", "channelwise_norm")
        matrices, others = muon.split(named, lambda name, p: p.dim() == 2 and min(p.shape) > 8 and not any(a in name for a in apart))
        scale = LANGUAGE_SCALE if known else 1.0
        groups += [matrices | {"scale": scale}, others | {"scale": 0.7 * scale}]
    return muon.MuonAdamW(groups, rate)


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenes", required=True)
    parser.add_argument("--vae", required=True, help="checkpoint of train_vae.py")
    parser.add_argument("--latents", required=True, type=Path, help="the scenes' latents, made where the file does not exist")
    parser.add_argument("--out", required=True)
    parser.add_argument("--from", dest="given", type=Path, help="begin with these stored weights")
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--batch", type=int, default=16, help="of each process")
    parser.add_argument("--answers-batch", type=int, default=4, help="of each process")
    parser.add_argument("--answers-every", type=int, default=4)
    parser.add_argument("--lr", type=float, default=4e-3)
    parser.add_argument("--processes", type=int, default=2)
    return parser.parse_args()


def train(team, args):
    # each process draws its own examples; all start from the same weights
    torch.manual_seed(int(team.same(time.time())))
    rng, text = random.Random(time.time() + team.rank), promptlib.Text()
    pictures, sentences = scenes.load(args.scenes)
    if team.rank == 0 and not args.latents.exists():
        torch.save(latents_of(vaelib.stored(args.vae), pictures), args.latents)
    team.same(0)  # the others wait for the file
    latents, factor = torch.load(args.latents, weights_only=True)
    model = flow.JanusFlow()
    if args.given:
        model.load_state_dict(stored.tensors(args.given))
        factor = stored.scaling_factor(args.given.parent)
    elif not Path(args.out).exists():
        start(model, random.Random(1))
    run = runlib.Run(model, optimiser_of(model, args.lr), args.lr, args.minutes, args.out, decay=0.99, team=team)
    torch.manual_seed(rng.getrandbits(31))
    run.extra["scaling_factor"] = run.extra.get("scaling_factor", factor)
    latents *= run.extra["scaling_factor"]
    flows, answers = [], [0.0]
    while run.going():
        chosen = torch.randint(len(sentences), (args.batch,)).numpy()
        with torch.autocast("cpu", torch.bfloat16):
            loss = flow_loss(model, text, rng, [sentences[k] for k in chosen], latents[chosen])
            flows = flows[-99:] + [loss.item()]
            if args.answers_batch and run.steps % args.answers_every == 0:
                told = answer_loss(model, text, rng, args.answers_batch)
                answers = answers[-19:] + [told.item()]
                loss = loss + told
        run.step(loss)
        if team.rank == 0 and run.steps % 25 == 0:
            print(f"{run.spent():6.2f} min step {run.steps} flow {sum(flows) / len(flows):.4f} "
                  f"answers {sum(answers) / len(answers):.4f}", flush=True)


def main():
    args = parse()
    runlib.together(train, args.processes, args)


if __name__ == "__main__":
    main()
