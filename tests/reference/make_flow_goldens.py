"""Writes the small JanusFlow checkpoints of tests/data/flow and what the reference makes of them in float32.

    python make_flow_goldens.py REFERENCE          # all of them
    python make_flow_goldens.py REFERENCE plain    # one

REFERENCE is a checkout of deepseek-ai/Janus. Pictures go through its processor, prompts through its templates, and
the sampler is the loop of its demo in float32, with the noise given. As in tests/data/goldens, a golden is
`stages.safetensors`, f32 tensors by stage, and `golden.json`; outputs of inner layers of tower and decoder are stored
after the final norm. The golden `vae` is of an autoencoder alone, which is stored in three spellings of its names.
"""

import json
import pathlib
import shutil
import sys

import numpy as np
from safetensors.torch import save_file
import torch
import torch.nn.functional as F

import make_flow
from make_flow import FlowSizes, VaeSizes
from pictures import random_picture

DATA = pathlib.Path(__file__).resolve().parent.parent / "data" / "flow"
LAST_POSITIONS = 16
STEPS = 24  # of greedy text
QUESTION, ANSWER = "What is in the picture?", " A red circle; 图 3"
PROMPT = "a large blue star left of a green triangle"
TIME, GUIDANCE, EULER_STEPS, KEPT = 400.0, 2.0, 30, (1, 2, 30)
IMAGE_STEPS = 10  # of the image that is stored in 8 bits

MODELS = {
    # The released shape cut down: every tag in the tokenizer.
    "plain": (31, FlowSizes()),
    # Odd grid, one block each, an epsilon of its own, grouped-query attention, tags that are appended.
    "untagged": (
        32,
        FlowSizes(
            dtype="f16", hidden=40, intermediate=56, layers=1, heads=2, kv_heads=1, rms_eps=1e-5, tags=False,
            vit_depth=2, vit_mlp=64, pool=False, image=28, channels=28, blocks=1, norm_eps=1e-5,
            vae=VaeSizes(layers=2, spelling="old", dtype="f16"),
        ),
    ),
    # A tower of two heads, three levels in the autoencoder.
    "wide": (
        33,
        FlowSizes(
            hidden=72, intermediate=100, heads=4, kv_heads=4, vit_width=128, vit_mlp=96, pool=False, patch=8, image=40,
            channels=36,
            vae=VaeSizes(channels=(4, 8, 8), spelling="ldm"),
        ),
    ),
}
# One autoencoder in each spelling, in a type of its own; its weights are exact in all three.
VAE = (34, VaeSizes(channels=(8, 12, 12)))
SPELLINGS = {"diffusers": "f32", "old": "f16", "ldm": "bf16"}


def planes(values):
    return values[0].detach().clone()


def hooked(modules, run):
    """-> what `run` returns, {name: first output}."""
    outputs = {}

    def keep(name):
        def hook(module, inputs, output):
            outputs.setdefault(name, (output[0] if isinstance(output, tuple) else output).detach().clone())

        return hook

    hooks = [module.register_forward_hook(keep(name)) for name, module in modules.items()]
    result = run()
    for hook in hooks:
        hook.remove()
    return result, outputs


@torch.no_grad()
def vae_stages(vae, latent, pixels):
    """Decoder of `latent` as the sampler leaves it, and encoder of `pixels` -> {stage: [C, h, w]}."""
    scaling = vae.config.scaling_factor
    decoder, encoder = vae.decoder, vae.encoder
    modules = {"post_quant_conv": vae.post_quant_conv, "conv_in": decoder.conv_in, "mid": decoder.mid_block}
    modules |= {f"up.{k}": level for k, level in enumerate(decoder.up_blocks)}
    image, outputs = hooked(modules, lambda: vae.decode(latent / scaling).sample)
    stages = {f"vae.decoder.{name}": planes(value) for name, value in outputs.items()}
    stages["vae.image"] = planes(image)
    modules = {"conv_in": encoder.conv_in, "mid": encoder.mid_block}
    modules |= {f"down.{k}": level for k, level in enumerate(encoder.down_blocks)}
    found, outputs = hooked(modules, lambda: vae.encode(pixels).latent_dist.mean * scaling)
    stages |= {f"vae.encoder.{name}": planes(value) for name, value in outputs.items()}
    stages["vae.latent"] = planes(found)
    return stages


class FlowReference:
    def __init__(self, folder, model, vae, sizes):
        from janus.janusflow.models import VLChatProcessor, VLMImageProcessor
        from transformers import LlamaTokenizerFast

        self.model, self.vae, self.sizes = model, vae, sizes
        self.decoder = model.language_model.model
        settings = json.loads((folder / "preprocessor_config.json").read_text())
        tokenizer = LlamaTokenizerFast.from_pretrained(folder)
        self.processor = VLChatProcessor(VLMImageProcessor(**settings), tokenizer, num_image_tokens=sizes.tokens)
        self.tokenizer = self.processor.tokenizer
        self.end = self.tokenizer.eos_token_id

    def chat(self, content, answer, system):
        messages = [{"role": "User", "content": content}, {"role": "Assistant", "content": answer}]
        return self.processor.apply_sft_template_for_multi_turn_prompts(messages, "deepseek", system)

    def pixels(self, picture):
        return self.processor.image_processor([picture], return_tensors="pt").pixel_values.float()  # [1, 3, S, S]

    def asked(self, question, pictures):
        """-> ids, embeddings [1, T, D] by the reference's own merge."""
        content = (self.processor.image_tag + "\n") * len(pictures) + question
        text = self.chat(content, "", self.processor.system_prompt)
        prepared = self.processor(prompt=text, images=pictures, force_batchify=True)
        ids = prepared.input_ids[0].tolist()
        embeddings = self.model.prepare_inputs_embeds(
            prepared.input_ids, prepared.pixel_values.float(), prepared.images_seq_mask, prepared.images_emb_mask
        )
        return ids, embeddings

    def encode(self, text):
        return self.tokenizer.encode(text, add_special_tokens=False)

    def hidden(self, embeddings, mask=None):
        modules = {f"layers.{k}": layer for k, layer in enumerate(self.decoder.layers)}
        output, layers = hooked(
            modules, lambda: self.decoder(inputs_embeds=embeddings, attention_mask=mask, use_cache=False)
        )
        return output.last_hidden_state, layers

    def score(self, embeddings, answer):
        """Logits and log-probabilities of an answer behind a question."""
        behind = self.decoder.embed_tokens(torch.tensor([answer]))
        hidden, _ = self.hidden(torch.cat([embeddings, behind], dim=1))
        logits = self.model.language_model.lm_head(hidden)[0, embeddings.shape[1] - 1 : -1]
        return logits, F.log_softmax(logits.double(), dim=-1)[torch.arange(len(answer)), torch.tensor(answer)]

    def greedy(self, embeddings, count=STEPS):
        ids, margins = [], []
        for _ in range(count):
            best = self.model.language_model.lm_head(self.hidden(embeddings)[0][0, -1]).topk(2)
            margins.append(float(best.values[0] - best.values[1]))
            if int(best.indices[0]) == self.end:
                break
            ids.append(int(best.indices[0]))
            embeddings = torch.cat([embeddings, self.decoder.embed_tokens(best.indices[:1][None])], dim=1)
        return ids, margins

    # Generation: the demo's loop.

    def image_ids(self, prompt):
        text = self.chat(prompt, "", "") + self.processor.image_gen_tag
        return self.tokenizer.encode(text)

    def velocity(self, ids, z, time, stages=None):
        """-> velocities [2, C, h, w] of the conditional and the unconditional row."""
        model, grid, tokens = self.model, self.sizes.grid, self.sizes.tokens
        rows = torch.tensor([ids, ids[:1] + [self.processor.pad_id] * (len(ids) - 1)])
        text = self.decoder.embed_tokens(rows)[:, :-1]
        mask = torch.ones(2, text.shape[1] + 1 + tokens).int()
        mask[1, 1 : text.shape[1]] = 0
        encoder, decoder = model.vision_gen_enc_model, model.vision_gen_dec_model
        modules = {"time_features": encoder.time_proj, "t_emb": encoder.time_embed, "in_conv": encoder.in_conv}
        modules |= {f"encoder.{k}": block for k, block in enumerate(encoder.mid_block.res_blocks)}
        modules |= {f"decoder.{k}": block for k, block in enumerate(decoder.mid_block.res_blocks)}

        def run():
            z_emb, t_emb, skips = encoder(torch.cat([z, z]), torch.full((2,), time))
            aligned = model.vision_gen_enc_aligner(z_emb.flatten(2).permute(0, 2, 1))
            hidden, _ = self.hidden(torch.cat([text, t_emb.unsqueeze(1), aligned], dim=1), mask)
            hidden = hidden[:, -tokens:]
            back = model.vision_gen_dec_aligner(model.vision_gen_dec_aligner_norm(hidden))
            image = back.reshape(2, grid, grid, -1).permute(0, 3, 1, 2)
            return aligned, hidden, back, decoder(image, skips, t_emb)

        (aligned, hidden, back, v), outputs = hooked(modules, run)
        if stages is not None:
            stages |= {f"flow.{name}": planes(value) for name, value in outputs.items()}
            stages["flow.aligned"] = planes(aligned)
            for row, name in enumerate(["conditional", "unconditional"]):
                stages[f"flow.hidden.{name}"], stages[f"flow.velocity.{name}"] = hidden[row], v[row]
            stages["flow.decoder_input"] = planes(back)
        return v

    def guided(self, v, guidance):
        return guidance * v[:1] - (guidance - 1.0) * v[1:]

    def sample(self, ids, z, steps, guidance):
        """-> [latent after step 1, after step 2, ..]."""
        latents = []
        for step in range(steps):
            v = self.velocity(ids, z, np.float32(step / steps * 1000.0))
            z = z + self.guided(v, guidance) / steps
            latents.append(z)
        return latents


def understanding(reference, seed, stages):
    sizes, model = reference.sizes, reference.model
    pictures = [random_picture(sizes.image * 2 + 3, sizes.image + 9, seed),
                random_picture(sizes.image - 3, sizes.image + 4, seed + 1)]
    pixels = [reference.pixels(picture) for picture in pictures]
    stages |= {f"picture.{k}": torch.from_numpy(np.array(picture)) for k, picture in enumerate(pictures)}
    stages |= {f"pixels.{k}": value[0] for k, value in enumerate(pixels)}
    tower = model.vision_und_enc_model.vision_tower
    features, blocks = hooked({f"blocks.{k}": b for k, b in enumerate(tower.blocks)},
                              lambda: model.vision_und_enc_model(pixels[0]))
    stages |= {f"vision.{name}": planes(tower.norm(value)) for name, value in blocks.items()}
    stages["vision.features"] = features[0]
    stages["aligned"] = torch.cat([model.beg_of_und_embed, model.vision_und_enc_aligner(features[0])])

    answer = reference.encode(ANSWER)
    ids, embeddings = reference.asked(QUESTION, pictures[:1])
    hidden, layers = reference.hidden(embeddings)
    stages["decoder.embeddings"] = embeddings[0, -LAST_POSITIONS:]
    for name, value in layers.items():
        stages[f"decoder.{name}"] = reference.decoder.norm(value[0, -LAST_POSITIONS:])
    stages["decoder.hidden"] = hidden[0, -LAST_POSITIONS:]
    stages["text.logits"], logprobs = reference.score(embeddings, answer)
    greedy, margins = reference.greedy(embeddings)
    both = reference.asked(QUESTION, pictures)[1]
    return pixels[0], {
        "question": QUESTION, "answer": ANSWER, "question_ids": ids, "answer_ids": answer,
        "placeholder": reference.processor.image_id, "begin_image": reference.processor.image_start_id,
        "pad": reference.processor.pad_id,
        "text_logprobs": logprobs.tolist(), "both_pictures_logprobs": reference.score(both, answer)[1].tolist(),
        "greedy_ids": greedy, "greedy_margins": margins, "max_tokens": STEPS,
        "greedy_text": reference.tokenizer.decode(greedy, skip_special_tokens=True).strip(),
    }


def generation(reference, seed, stages):
    sizes = reference.sizes
    ids = reference.image_ids(PROMPT)
    generator = torch.Generator().manual_seed(seed)
    z = torch.randn((1, sizes.vae.latent, 2 * sizes.grid, 2 * sizes.grid), generator=generator)
    stages["flow.noise"] = planes(z)
    v = reference.velocity(ids, z, TIME, stages)
    stages["flow.velocity.guided"] = planes(reference.guided(v, GUIDANCE))
    latents = reference.sample(ids, z, EULER_STEPS, GUIDANCE)
    stages["flow.image"] = image_of(reference.vae, reference.sample(ids, z, IMAGE_STEPS, GUIDANCE)[-1])
    stages |= {f"flow.latent.{step}": planes(latents[step - 1]) for step in KEPT}
    return latents[-1], {
        "prompt": PROMPT, "prompt_ids": ids, "time": TIME, "guidance": GUIDANCE, "steps": EULER_STEPS,
        "kept_steps": list(KEPT), "image_steps": IMAGE_STEPS,
    }


def image_of(vae, latent):
    """The image of a latent in 8 bits, [h, w, 3]: rounded in float32, which the demo's truncation only shifts."""
    pixels = vae.decode(latent / vae.config.scaling_factor).sample[0].permute(1, 2, 0)
    return ((pixels.clamp(-1, 1) + 1) / 2 * 255).round().to(torch.uint8)


def write(name, stages, golden):
    folder = DATA / "goldens" / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    save_file({stage: value.detach().contiguous() for stage, value in stages.items()}, folder / "stages.safetensors")
    (folder / "golden.json").write_text(json.dumps(golden, ensure_ascii=False) + "\n")
    size = sum(file.stat().st_size for file in folder.iterdir())
    print(f"{name}: {len(stages)} stages, {size / 1e6:.2f} MB")


@torch.no_grad()
def make_model(name):
    seed, sizes = MODELS[name]
    folder = DATA / "models" / name
    shutil.rmtree(folder, ignore_errors=True)
    reference = FlowReference(folder, *make_flow.build(folder, sizes, seed), sizes)
    stages = {}
    pixels, golden = understanding(reference, seed, stages)
    latent, more = generation(reference, seed, stages)
    ends = vae_stages(reference.vae, latent, pixels)
    stages |= {stage: ends[stage] for stage in ("vae.image", "vae.latent")}
    write(name, stages, golden | more | {"seed": seed})


@torch.no_grad()
def make_vae():
    seed, sizes = VAE
    # What bf16 and f16 both hold: few digits, and nothing too small.
    vae = make_flow.fill(make_flow.new_vae(sizes), seed, "bf16")
    for tensor in vae.state_dict().values():
        tensor[tensor.abs() < 2.0**-12] = 0
    for spelling, dtype in SPELLINGS.items():
        folder = DATA / "vae" / spelling
        shutil.rmtree(folder, ignore_errors=True)
        same = VaeSizes(**{**vars(sizes), "spelling": spelling, "dtype": dtype})
        make_flow.write_vae(folder, vae, same)
    generator = torch.Generator().manual_seed(seed)
    latent = torch.randn((1, sizes.latent, 5, 7), generator=generator)
    pixels = 2 * torch.rand((1, 3, 20, 28), generator=generator) - 1
    stages = {"vae.given_latent": planes(latent), "vae.pixels": planes(pixels)}
    write("vae", stages | vae_stages(vae, latent, pixels), {"seed": seed})


def main():
    torch.set_num_threads(1)
    make_flow.use_reference(sys.argv[1])
    names = sys.argv[2:] or [*MODELS, "vae"]
    for name in names:
        make_vae() if name == "vae" else make_model(name)
    for file in DATA.rglob("*"):
        if file.is_file():
            file.chmod(0o644)


if __name__ == "__main__":
    main()
