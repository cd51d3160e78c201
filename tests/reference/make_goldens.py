"""Writes the small checkpoints of tests/data/models and what the reference makes of them to tests/data/goldens.

A golden is `stages.safetensors`, f32 tensors by stage, and `golden.json`: texts, ids, codes, log-probabilities and
how clear every choice was. Outputs of inner blocks are stored after the network's final norm (`vision.blocks.0` is
what a tower of one block gives), so that a test needs no way into the networks. Of the decoder's positions only
the last few are kept, of the VQ network's stages those that are small.

    python make_goldens.py                 # all of them
    python make_goldens.py grouped-query   # one
"""

import json
import pathlib
import shutil
import sys

import numpy as np
from safetensors.torch import save_file
import torch

import make_checkpoint
import make_released
from make_checkpoint import Sizes
from pictures import random_picture
from reference import Reference, use_threads
from tiny_tokenizer import SPACE

DATA = pathlib.Path(__file__).resolve().parent.parent / "data"
LAST_POSITIONS = 16
LARGEST_STAGE = 10_000  # elements, of the VQ network's stages
STEPS = 24  # of greedy text
QUESTION, ANSWER = "What is in the picture?", " A red circle; 图 3"
PROMPT = "a large blue star left of a green triangle"

MODELS = {
    # Converted checkpoint: grouped-query attention, nested rope parameters, two shards, VQ channels that change.
    "grouped-query": (
        11,
        Sizes(
            dtype="bf16", shards=2, hidden=96, intermediate=112, layers=2, heads=6, kv_heads=2, rms_eps=1e-5,
            rope_theta=5000.0, rope_nested=True, vit_width=64, vit_heads=4, vit_depth=1, vit_mlp_ratio=3, patch=2,
            image=14, min_size=4, vq_multipliers=(2, 1), codebook=96,
        ),
    ),
    # Original checkpoint in the manner of Janus-Pro, without the pooling head.
    "original-pro": (
        12,
        Sizes(
            layout="original", dtype="f16", hidden=72, intermediate=112, layers=3, heads=3, kv_heads=3, pool=False,
            vit_width=128, vit_depth=1, vit_mlp_ratio=1, patch=4, image=20, vq_multipliers=(1, 1, 1), codebook=128,
        ),
    ),
    # Original checkpoint in the manner of Janus-1.3B: roles are plain text, the placeholder is not in the tokenizer.
    "original-1.3b": (
        13,
        Sizes(
            layout="original", family="janus-1.3b", dtype="bf16", partial=True, hidden=80, intermediate=104, layers=1,
            heads=4, kv_heads=4, base_vocab=270, vocab=300, vit_width=64, vit_depth=2, vit_mlp_ratio=1, patch=2,
            image=14, min_size=5, vq_multipliers=(1, 1), codebook=64, code_dim=5,
        ),
    ),
    # Tied head, every tensor of another type, one key-value head.
    "tied-mixed": (
        14,
        Sizes(
            dtype="mixed", tie=True, hidden=40, intermediate=56, layers=2, heads=2, kv_heads=1, vit_width=48,
            vit_heads=3, vit_depth=1, vit_mlp_ratio=2, patch=2, image=16, min_size=6, vq_multipliers=(1, 1), codebook=80,
            code_dim=4, vq_latent=24,
        ),
    ),
    # Cut copies of the released checkpoints.
    "janus-1.3b": (15, make_released.cut("janus-1.3b")),
    "janus-pro-1b": (16, make_released.cut("janus-pro-1b")),
    "janus-pro-7b": (17, make_released.cut("janus-pro-7b")),
}


def _floats(values):
    return [float(value) for value in values]


def _picture_tensor(picture):
    return torch.from_numpy(np.array(picture))  # [H, W, 3] u8


def stages_of(reference, seed):
    """-> {stage: tensor}, golden.json as a dict."""
    pictures = [random_picture(reference.image_size * 2 + 3, reference.image_size + 9, seed),
                random_picture(reference.image_size - 3, reference.image_size + 4, seed + 1)]
    pixels = [reference.pixels(picture) for picture in pictures]
    stages = {f"picture.{k}": _picture_tensor(picture) for k, picture in enumerate(pictures)}
    stages |= {f"pixels.{k}": value for k, value in enumerate(pixels)}

    features, inner = reference.vision(pixels[0])
    norm = reference.inner.vision_model.post_layernorm
    stages |= {f"vision.{name}": norm(inner[name]).detach() for name in inner if name.startswith("blocks.")}
    stages["vision.features"] = features
    stages["aligned"] = reference.aligned(features)

    answer = reference.tokenizer.encode(ANSWER)
    golden = {"question": QUESTION, "answer": ANSWER, "prompt": PROMPT, "seed": seed, "answer_ids": answer}
    golden |= {"placeholder": reference.placeholder, "pad": reference.pad}
    golden["texts"] = [
        {"text": text, "ids": reference.tokenizer.encode(text)}
        for text in [reference.question_text(QUESTION, images=0), ANSWER, "naïve  café\r\n\t图 🦊 x1234", PROMPT]
    ]
    ids = reference.question_ids(QUESTION)
    embeddings = reference.embed(ids, pixels[:1])
    hidden, layers = reference.hidden(embeddings[None])
    stages["decoder.embeddings"] = embeddings[-LAST_POSITIONS:]
    for name, value in layers.items():
        stages[f"decoder.{name}"] = reference.decoder.norm(value[0, -LAST_POSITIONS:]).detach()
    stages["decoder.hidden"] = hidden[0, -LAST_POSITIONS:]
    golden["question_ids"] = ids
    logits, logprobs = reference.score_text(ids, pixels[:1], answer)
    stages["text.logits"] = logits
    golden["text_logprobs"] = _floats(logprobs)
    both = reference.question_ids(QUESTION, images=2)
    golden["both_pictures_logprobs"] = _floats(reference.score_text(both, pixels, answer)[1])
    golden["greedy_ids"], golden["greedy_margins"] = reference.greedy_text(ids, pixels[:1], STEPS)
    golden["max_tokens"] = STEPS
    golden["greedy_text"] = reference.tokenizer.decode(golden["greedy_ids"]).strip(SPACE)

    prompt_ids = reference.picture_ids(PROMPT)
    latent, inner = reference.latent(reference.pixels(pictures[0], normalize=True))
    codes, margins = reference.nearest_codes(latent)
    stages |= {f"vq.encoder.{name}": value for name, value in inner.items()}
    stages["vq.latent"] = latent
    golden |= {"prompt_ids": prompt_ids, "nearest_codes": codes, "nearest_margins": margins}
    forced = np.random.default_rng(seed).integers(0, reference.model.config.vq_config.num_embeddings, len(codes))
    golden["codes"] = forced = forced.tolist()
    hidden, logits = reference.code_logits(prompt_ids, forced)
    for row, name in enumerate(["conditional", "unconditional"]):
        stages[f"generation.hidden.{name}"] = hidden[row]
        stages[f"generation.logits.{name}"] = logits[row]
    stages["generation.logits.guided"] = reference.guided(logits, 5.0)
    golden["code_logprobs"] = {
        str(guidance): _floats(reference.score_codes(prompt_ids, forced, guidance)) for guidance in (1, 5)
    }
    golden["guidance"] = 5
    golden["greedy_codes"], golden["greedy_code_margins"] = reference.greedy_codes(prompt_ids, 5.0)

    image, inner = reference.decode(forced)
    stages |= {f"vq.decoder.{name}": value for name, value in inner.items()}
    stages["image"] = image
    stages = {
        name: value.contiguous()
        for name, value in stages.items()
        if not name.startswith("vq.") or value.numel() <= LARGEST_STAGE
    }
    return stages, golden


def make(name):
    seed, sizes = MODELS[name]
    model, folder = DATA / "models" / name, DATA / "goldens" / name
    for old in (model, folder):
        shutil.rmtree(old, ignore_errors=True)
    make_checkpoint.build(model, sizes, seed)
    stages, golden = stages_of(Reference(model), seed)
    folder.mkdir(parents=True)
    save_file(stages, folder / "stages.safetensors")
    (folder / "golden.json").write_text(json.dumps(golden, ensure_ascii=False) + "\n")
    for file in [*model.iterdir(), *folder.iterdir()]:
        file.chmod(0o644)
    size = sum(file.stat().st_size for file in [*model.iterdir(), *folder.iterdir()])
    print(f"{name}: {len(stages)} stages, {size / 1e6:.2f} MB")


def main():
    use_threads(1)
    for name in sys.argv[1:] or MODELS:
        make(name)


if __name__ == "__main__":
    main()
