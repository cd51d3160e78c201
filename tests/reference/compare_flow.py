"""JanusFlow against the reference's modules and diffusers' autoencoder: the stages of its images (see compare.py)."""

import copy
import json
import pathlib

import numpy as np
from PIL import Image
from safetensors.torch import load_file
import torch

import make_flow
import make_flow_goldens
from comparing import OWN_ROUNDINGS, PROMPT, QUESTION, Comparison, largest, relative_l2
from make_flow import FlowSizes, VaeSizes
from make_flow_goldens import planes

RELEASED = {}
DRAWN = ((1, 2.0), (2, 2.0), (10, 1.0), (10, 2.0))  # images: steps, guidance
UNLIKE_LIMIT = 1e-3  # share of the values of an 8-bit image that may be more than a level off


def philox4x32_10(counter, key):
    """Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011. counter: u32 [n, 4] -> u32 [n, 4]."""
    x = counter.astype(np.uint64)
    key = [np.uint64(word) for word in key]
    low = np.uint64(0xFFFFFFFF)
    for _ in range(10):
        products = x[:, 0] * np.uint64(0xD2511F53), x[:, 2] * np.uint64(0xCD9E8D57)
        x = np.stack(
            [
                (products[1] >> np.uint64(32)) ^ x[:, 1] ^ key[0], products[1] & low,
                (products[0] >> np.uint64(32)) ^ x[:, 3] ^ key[1], products[0] & low,
            ],
            axis=1,
        )
        key = [(key[0] + np.uint64(0x9E3779B9)) & low, (key[1] + np.uint64(0xBB67AE85)) & low]
    return x.astype(np.uint32)


def latent_noise(seed, shape):
    """The noise that janus begins an image of this seed with (docs/generating.md): f32 of shape [C, h, w]."""
    count = int(np.prod(shape))
    blocks = np.zeros((-(-count // 4), 4), np.uint32)
    blocks[:, 0], blocks[:, 2] = np.arange(len(blocks)), 2  # the stream of latents
    uniform = (philox4x32_10(blocks, (seed, 0)).astype(np.float64) + 0.5) * 2.0**-32
    radius, angle = np.sqrt(-2 * np.log(uniform[:, 0::2])), 2 * np.pi * uniform[:, 1::2]
    pairs = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=2)  # [n, 2, 2]
    return pairs.reshape(-1)[:count].astype(np.float32).reshape(shape)


class TextTokenizer:
    """What the tokenizer of the reference's processor makes of text alone."""

    def __init__(self, tokenizer):
        self._tokenizer = tokenizer

    def encode(self, text):
        return self._tokenizer.encode(text, add_special_tokens=False)

    def decode(self, ids):
        return self._tokenizer.decode(ids, skip_special_tokens=True)


class FlowReference(make_flow_goldens.FlowReference):
    """The reference's modules on a folder, by the names that Comparison asks for."""

    def __init__(self, folder):
        folder = pathlib.Path(folder)
        sizes = sizes_of_folder(folder)
        super().__init__(folder, load_model(folder, sizes), load_vae(folder / "vae", sizes.vae), sizes)
        self.image_size, self.begin = sizes.image, self.tokenizer.bos_token_id

    def pixels(self, picture):
        return super().pixels(picture)[0]

    @torch.no_grad()
    def vision(self, pixels):
        return self.model.vision_und_enc_model(pixels[None])[0], {}

    @torch.no_grad()
    def aligned(self, features):
        return torch.cat([self.model.beg_of_und_embed, self.model.vision_und_enc_aligner(features)])

    @torch.no_grad()
    def latents(self, prompt, seed, steps, guidance):
        """-> the latent [1, C, h, w] after each step."""
        side = 2 * self.sizes.grid
        z = torch.from_numpy(latent_noise(seed, (1, self.sizes.vae.latent, side, side)))
        return self.sample(self.image_ids(prompt), z, steps, guidance)

    @torch.no_grad()
    def decode(self, latent):
        """[1, C, h, w] -> image [3, H, W]."""
        return planes(self.vae.decode(latent / self.vae.config.scaling_factor).sample)

    @torch.no_grad()
    def encode_image(self, pixels):
        """[3, H, W] -> latent [C, h, w]."""
        return planes(self.vae.encode(pixels[None]).latent_dist.mean * self.vae.config.scaling_factor)

    @torch.no_grad()
    def decode_in_double(self, latent):
        """The same in float64: how far `decode` is from it is the rounding of the reference itself."""
        vae = copy.deepcopy(self.vae).double()
        return planes(vae.decode(latent.double() / vae.config.scaling_factor).sample)


def read_json(path):
    return json.loads(path.read_text())


def stored_tensors(folder):
    tensors = {}
    for file in sorted(folder.glob("*.safetensors")):
        tensors |= {name: tensor.float() for name, tensor in load_file(file).items()}
    return tensors


def sizes_of_folder(folder):
    """What the modules of a checkpoint have to be like: its config, and what that does not say from the tensors."""
    config, tensors = read_json(folder / "config.json"), stored_tensors(folder)
    language = config["language_config"]
    uvit = config["vision_gen_enc_config"]["params"]
    tower = "vision_und_enc_model.vision_tower."
    patches = tensors[tower + "patch_embed.proj.weight"]
    vae = read_json(folder / "vae" / "config.json")
    return FlowSizes(
        hidden=language["hidden_size"], intermediate=language["intermediate_size"], layers=language["num_hidden_layers"],
        heads=language["num_attention_heads"],
        kv_heads=language.get("num_key_value_heads", language["num_attention_heads"]),
        rms_eps=language.get("rms_norm_eps", 1e-6), vocab=language["vocab_size"],
        vit_width=patches.shape[0], patch=patches.shape[2],
        vit_depth=sum(name.startswith(tower) and name.endswith(".norm1.weight") for name in tensors),
        vit_mlp=tensors[tower + "blocks.0.mlp.fc1.weight"].shape[0],
        image=config["vision_und_enc_config"]["params"]["image_size"], channels=uvit["block_out_channels"][0],
        blocks=uvit["layers_in_middle"], norm_eps=uvit.get("norm_eps", 1e-6),
        vae=VaeSizes(
            channels=tuple(vae["block_out_channels"]), layers=vae["layers_per_block"], groups=vae["norm_num_groups"],
            latent=vae["latent_channels"], scaling=vae["scaling_factor"],
        ),
    )


def load_model(folder, sizes):
    model = make_flow.new_model(sizes)
    found = model.load_state_dict(stored_tensors(folder), strict=False)
    missing = [name for name in found.missing_keys if ".attn_pool." not in name]  # which nothing evaluates
    if missing or found.unexpected_keys:
        raise KeyError(f"{folder}: missing {missing}, unexpected {found.unexpected_keys}")
    return model.eval().requires_grad_(False)


def load_vae(folder, sizes):
    vae = make_flow.new_vae(sizes)
    own, stored = vae.state_dict(), stored_tensors(folder)
    for spelling in ("diffusers", "old", "ldm"):
        names = dict(zip(own, make_flow.respelled(own, spelling, len(sizes.channels))))
        if set(names.values()) == set(stored):
            break
    vae.load_state_dict({name: stored[spelt].reshape(own[name].shape) for name, spelt in names.items()})
    return vae.eval().requires_grad_(False)


def eight_bits(values):
    """[3, h, w] of -1..1 -> u8 [h, w, 3], to the nearest level in float32."""
    values = np.asarray(values, np.float32).transpose(1, 2, 0)
    return ((values.clip(-1, 1) + 1) / 2 * 255).round().astype(np.uint8)


class FlowComparison(Comparison):
    def __init__(self, model, program, seed, work, tensor_limit):
        reference = FlowReference(model)
        super().__init__(reference, TextTokenizer(reference.tokenizer), program, seed, work, tensor_limit)
        self.seed = seed

    def asked(self):
        return self.reference.asked(QUESTION, self.pictures[:1])[1]

    def score(self, answer):
        return self.reference.score(self.asked(), answer)[1].numpy()

    def greedy(self, count):
        return self.reference.greedy(self.asked(), count)

    def images(self):
        drawn = {}
        for steps, guidance in DRAWN:
            expected = self.reference.latents(PROMPT, self.seed, steps, guidance)[-1]
            drawn[steps, guidance] = expected
            stage = f"latent after {steps} of {steps} steps, guidance {guidance:g}"
            self.add(stage, "relative L2", self.tensor_limit,
                     lambda: relative_l2(np.load(self.generate(steps, guidance, "latent.npy")), planes(expected)))
        last = list(drawn)[-1]
        image = eight_bits(self.reference.decode(drawn[last]))

        def unlike():
            found = np.asarray(Image.open(self.generate(*last, "image.png")))
            levels = np.abs(found.astype(int) - image)
            return float((levels > 1).mean()), f"largest difference: {levels.max()} of 255"

        self.add(f"image of {last[0]} steps, guidance {last[1]:g}", "share unlike", UNLIKE_LIMIT, unlike)
        self.autoencoder(drawn[last])

    def generate(self, steps, guidance, kind):
        """-> the path of the latent or of the image of so many steps."""
        folder = self.work / f"{steps}-{guidance}"
        if not folder.exists():
            folder.mkdir()
            options = ["--steps", steps, "--cfg-scale", guidance, "-s", self.seed]
            self.janus("generate", PROMPT, *options, "-o", folder / "image.png", "--codes-out", folder / "latent.npy")
        return folder / kind

    def autoencoder(self, latent):
        image = self.reference.decode(latent)
        # A random autoencoder may amplify roundings so much that diffusers' own exceed the limit.
        own = relative_l2(image, self.reference.decode_in_double(latent))
        given = self.work / "given.npy"
        np.save(given, planes(latent).numpy())

        def decode(name):
            if not (self.work / name).exists():
                self.janus("decode", given, "-o", self.work / name)
            return self.work / name

        def decoded():
            return relative_l2(np.load(decode("given-image.npy")), image), f"diffusers from float64: {own:.2g}"

        self.add("VAE decode", "relative L2", max(self.tensor_limit, OWN_ROUNDINGS * own), decoded)

        def rounded():
            expected = eight_bits(np.load(decode("given-image.npy")))
            return largest(np.asarray(Image.open(decode("given-image.png"))), expected)

        self.add("8-bit image of its decoded values", "largest", 0.0, rounded)
        expected = self.reference.encode_image(self.pixels[0])

        def encoded():
            out = self.work / "encoded.npy"
            self.janus("encode", self.paths[0], "-o", out)
            return relative_l2(np.load(out), expected)

        self.add("VAE encode", "relative L2", self.tensor_limit, encoded)


def random_sizes(chance):
    """A checkpoint of any shape that both programs should take."""
    head_width = chance.choice([8, 12, 16, 20, 24, 32])
    heads = chance.randint(1, 5)
    levels = chance.choice([2, 2, 3, 4])
    patch = 2**levels
    groups = chance.choice([1, 2, 4])
    return FlowSizes(
        dtype=chance.choice(["f32", "f16", "bf16"]),
        hidden=heads * head_width,
        intermediate=chance.randint(30, 200),
        layers=chance.randint(1, 4),
        heads=heads,
        kv_heads=chance.choice([n for n in range(1, heads + 1) if heads % n == 0]),
        rms_eps=chance.choice([1e-6, 1e-5]),
        base_vocab=chance.randint(256, 300),
        vocab=chance.randint(330, 400),
        tags=chance.random() < 0.5,
        vit_width=64 * chance.randint(1, 2),
        vit_depth=chance.randint(1, 3),
        vit_mlp=chance.randint(30, 200),
        pool=chance.random() < 0.5,
        patch=patch,
        image=patch * chance.randint(2, 7),
        channels=2 * chance.randint(4, 24),
        blocks=chance.randint(1, 3),
        norm_eps=chance.choice([1e-6, 1e-5]),
        vae=VaeSizes(
            channels=tuple(groups * chance.randint(4 // groups, 6) for _ in range(levels)),
            layers=chance.randint(1, 2),
            groups=groups,
            spelling=chance.choice(["diffusers", "old", "ldm"]),
            dtype=chance.choice(["f32", "f16", "bf16"]),
            scaling=chance.choice([0.13025, 0.4]),
        ),
    )


# What compare.py asks a family for, besides RELEASED and random_sizes.
comparison = FlowComparison
add_arguments, sizes_of, build = make_flow.add_arguments, make_flow.sizes_of, make_flow.build
