"""Janus against transformers: the stages of images of codes, and checkpoints of random sizes (see compare.py)."""

import json

import numpy as np
from PIL import Image

import make_checkpoint
import make_released
from comparing import (
    CHOICE_MARGIN, LOGPROB_LIMIT, OWN_ROUNDINGS, PROMPT, QUESTION, Comparison, clear_choices, largest,
    relative_l2,
)
from make_checkpoint import Sizes
from reference import Reference

CODE_MARGIN = 1e-4  # of cosines
RELEASED = make_released.RELEASED


class JanusComparison(Comparison):
    def __init__(self, model, program, seed, work, tensor_limit):
        reference = Reference(model)
        super().__init__(reference, reference.tokenizer, program, seed, work, tensor_limit)
        entries = self.reference.model.config.vq_config.num_embeddings
        self.codes = np.random.default_rng(seed).integers(0, entries, self.reference.tokens).tolist()
        self.codes_path = work / "codes.json"
        grid = self.reference.grid
        self.codes_path.write_text(json.dumps({"height": grid, "width": grid, "codes": self.codes}))

    def score(self, answer):
        return self.reference.score_text(self.reference.question_ids(QUESTION), self.pixels[:1], answer)[1].numpy()

    def greedy(self, count):
        return self.reference.greedy_text(self.reference.question_ids(QUESTION), self.pixels[:1], count)

    def images(self):
        self.generation()
        self.image_tokenizer()

    def generation(self):
        reference = self.reference
        ids = reference.picture_ids(PROMPT)
        for guidance in (1, 5):
            expected = reference.score_codes(ids, self.codes, float(guidance)).numpy()

            def score(guidance=guidance, expected=expected):
                found = self.janus.json("score", "-p", PROMPT, "--codes", self.codes_path, "--cfg-scale", guidance)
                if found["codes"] != self.codes:
                    raise RuntimeError("the codes differ from those given")
                return largest(found["logprobs"], expected)

            self.add(f"code log-probabilities, guidance {guidance}", "largest", LOGPROB_LIMIT, score)
        chosen, margins = reference.greedy_codes(ids, 5.0)

        def generate():
            out = self.work / "greedy.json"
            options = ["-o", self.work / "greedy.png", "--temperature", 0, "--cfg-scale", 5, "--codes-out", out]
            self.janus("generate", PROMPT, *options)
            found = json.loads(out.read_text())["codes"]
            wrong, clear = clear_choices(found, chosen, margins, CHOICE_MARGIN)
            return float(wrong), f"{clear} of {len(margins)} choices are clear"

        self.add("greedy codes, guidance 5", "wrong codes", 0.0, generate)

    def image_tokenizer(self):
        reference = self.reference
        image = reference.decode(self.codes)[0].numpy()
        # A picture of a few codes may amplify roundings so much that transformers' own exceed the limit.
        own = relative_l2(image, reference.decode_in_double(self.codes).numpy())
        limit = max(self.tensor_limit, OWN_ROUNDINGS * own)

        def decode(name):
            self.janus("decode", self.codes_path, "-o", self.work / name)
            return self.work / name

        def decoded():
            return relative_l2(np.load(decode("image.npy")), image), f"transformers from float64: {own:.2g}"

        self.add("VQ decode", "relative L2", limit, decoded)

        def eight_bits():
            values = np.load(decode("image.npy")).astype(np.float32).transpose(1, 2, 0)
            expected = ((values + 1) / 2 * 255).clip(0, 255).astype(np.uint8)
            return largest(np.asarray(Image.open(decode("image.png"))), expected)

        self.add("8-bit image of its decoded values", "largest", 0.0, eight_bits)
        latent = reference.latent(reference.pixels(self.pictures[0], normalize=True))[0]
        codes, margins = reference.nearest_codes(latent)

        def latent_difference():
            return relative_l2(self.embed(0, "latent"), latent.flatten(1).T)  # [N, d]

        self.add("latent before quantisation", "relative L2", self.tensor_limit, latent_difference)

        def encode():
            out = self.work / "encoded.json"
            self.janus("encode", self.paths[0], "-o", out)
            found = json.loads(out.read_text())
            if (found["height"], found["width"]) != (reference.grid, reference.grid) or len(found["codes"]) != len(codes):
                raise RuntimeError(f"{found['height']} x {found['width']} codes, {len(found['codes'])} in number")
            clear = [i for i, margin in enumerate(margins) if margin > CODE_MARGIN]
            wrong = sum(found["codes"][i] != codes[i] for i in clear)
            return float(wrong), f"{len(clear)} of {len(codes)} choices are clear"

        self.add("codes of the nearest rows", "wrong codes", 0.0, encode)


def random_sizes(chance):
    """A checkpoint of any shape that both programs should take."""
    original = chance.random() < 0.5
    head_width = chance.choice([8, 12, 16, 20, 24, 32, 48, 64])
    heads = chance.randint(1, 6)
    kv_heads = chance.choice([n for n in range(1, heads + 1) if heads % n == 0])
    levels = chance.choice([3, 4, 5])
    patch = 2 ** (levels - 1)
    multipliers = [chance.choice([1, 1, 2]) for _ in range(levels)]
    vit_heads = chance.randint(1, 4)
    return Sizes(
        layout="original" if original else "transformers",
        family=chance.choice(["janus-pro", "janus-1.3b"]),
        dtype=chance.choice(["f32", "f16", "bf16", "mixed"]),
        shards=chance.choice([1, 1, 2, 3]),
        hidden=heads * head_width,
        intermediate=chance.randint(30, 300),
        layers=chance.randint(1, 4),
        heads=heads,
        kv_heads=kv_heads,
        base_vocab=chance.randint(256, 400),
        vocab=chance.randint(440, 600),
        rope_theta=chance.choice([10000.0, 1000.0, 500000.0]),
        rope_nested=not original and chance.random() < 0.5,
        rms_eps=chance.choice([1e-6, 1e-5]),
        tie=not original and chance.random() < 0.3,
        partial=original and chance.random() < 0.5,
        vit_width=64 * chance.randint(1, 3) if original else vit_heads * chance.choice([12, 16, 20, 32, 64]),
        vit_depth=chance.randint(1, 4),
        vit_heads=vit_heads,
        vit_mlp_ratio=chance.choice([1.5, 2, 4]),
        pool=chance.random() < 0.7,
        patch=patch,
        image=patch * chance.randint(max(2, 16 // patch), 96 // patch if patch > 4 else 12),
        vq_base=chance.choice([32, 32, 64]),
        vq_multipliers=tuple(multipliers),
        vq_res_blocks=chance.randint(1, 2),
        vq_latent=chance.choice([8, 24, 32, 40]),
        codebook=chance.randint(40, 500),
        code_dim=chance.choice([3, 4, 8, 12]),
        container=chance.choice(["safetensors", "pickle"]),
    )


# What compare.py asks a family for, besides RELEASED and random_sizes.
comparison = JanusComparison
add_arguments, sizes_of, build = make_checkpoint.add_arguments, make_checkpoint.sizes_of, make_checkpoint.build
