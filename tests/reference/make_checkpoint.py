"""Builds a random Janus checkpoint: weights, configs, processor files and a tokenizer, in either layout.

The same seed and sizes give the same weights in both layouts. They are scaled so that activations keep a sane
range and logits spread like a trained model's, and no norm weight or bias is trivial: every tensor matters.

    python make_checkpoint.py /tmp/model --seed 1 --layout original --hidden 96 --heads 3 --dtype f16
"""

import argparse
import collections
import dataclasses
import json
import pathlib
import re
import zlib

import torch
from safetensors.torch import save_file
from transformers import JanusConfig, JanusForConditionalGeneration

import layouts
import tiny_tokenizer

MIXED = (torch.float16, torch.bfloat16, torch.float16, torch.bfloat16, torch.float32)
DTYPES = {"f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16}


@dataclasses.dataclass
class Sizes:
    """What a checkpoint is made of; every field is an option of the command line."""

    layout: str = "transformers"  # or original
    # Of the tokenizer: janus-1.3b has neither role tokens nor the placeholder, janus-pro-7b numbers them otherwise.
    family: str = "janus-pro"
    container: str = "safetensors"  # or pickle: pytorch_model.bin
    dtype: str = "bf16"  # f32, f16, bf16, or mixed: each tensor has its own
    shards: int = 1
    hidden: int = 96
    intermediate: int = 168
    layers: int = 2
    heads: int = 6
    kv_heads: int = 2
    head_dim: int = 0  # 0 = hidden / heads
    attention_bias: bool = False
    mlp_bias: bool = False
    base_vocab: int = 300  # trained ids of the tokenizer
    vocab: int = 336  # rows of the embedding; rows past the tokenizer's ids are never legitimate
    context: int = 1024
    rope_theta: float = 10000.0
    rope_nested: bool = False  # rope_parameters, as transformers 5 writes it, instead of rope_theta
    rms_eps: float = 1e-6
    tie: bool = False  # no lm_head.weight
    partial: bool = False  # original layout: leave out of language_config what equals LlamaConfig's defaults
    do_normalize: bool = True  # Janus-1.3B had false until November 2024
    vit_width: int = 64
    vit_depth: int = 2
    vit_heads: int = 4  # the original layout has width / 64
    vit_mlp_ratio: float = 4.0
    vit_eps: float = 1e-6
    pool: bool = True  # original layout: the tower's pooling head, stored and never evaluated
    patch: int = 8
    image: int = 32
    min_size: int = 14
    vq_base: int = 32
    vq_multipliers: tuple = (1, 1, 1, 1)  # as many as make the factor 2^(n-1) equal to `patch`
    vq_res_blocks: int = 1
    vq_latent: int = 32
    codebook: int = 96
    code_dim: int = 8

    def __post_init__(self):
        if self.layout == "original":
            self.vit_heads = self.vit_width // 64
            if self.tie or self.rope_nested:
                raise ValueError("the original layout has neither a tied head nor rope_parameters")
        if 2 ** (len(self.vq_multipliers) - 1) != self.patch:
            raise ValueError(f"{len(self.vq_multipliers)} VQ levels do not scale by the patch, {self.patch}")

    @property
    def tokens(self):
        return (self.image // self.patch) ** 2


def add_arguments(parser):
    """One option for each field of Sizes."""
    for field in dataclasses.fields(Sizes):
        option = "--" + field.name.replace("_", "-")
        if field.type is bool or field.type == "bool":
            parser.add_argument(option, action=argparse.BooleanOptionalAction, default=field.default)
        elif isinstance(field.default, tuple):
            parser.add_argument(option, type=int, nargs="+", default=list(field.default))
        else:
            parser.add_argument(option, type=type(field.default), default=field.default)


def sizes_of(arguments):
    values = {field.name: getattr(arguments, field.name) for field in dataclasses.fields(Sizes)}
    values["vq_multipliers"] = tuple(values["vq_multipliers"])
    return Sizes(**values)


def transformers_config(sizes, token_ids):
    """config.json of the transformers layout."""
    text = {
        "model_type": "llama",
        "attention_bias": sizes.attention_bias,
        "bos_token_id": token_ids[tiny_tokenizer.BEGIN],
        "eos_token_id": token_ids[tiny_tokenizer.END],
        "hidden_act": "silu",
        "hidden_size": sizes.hidden,
        "intermediate_size": sizes.intermediate,
        "max_position_embeddings": sizes.context,
        "mlp_bias": sizes.mlp_bias,
        "num_attention_heads": sizes.heads,
        "num_hidden_layers": sizes.layers,
        "num_key_value_heads": sizes.kv_heads,
        "rms_norm_eps": sizes.rms_eps,
        "tie_word_embeddings": sizes.tie,
        "vocab_size": sizes.vocab,
    }
    if sizes.head_dim:
        text["head_dim"] = sizes.head_dim
    if sizes.rope_nested:
        text["rope_parameters"] = {"rope_theta": sizes.rope_theta, "rope_type": "default"}
    else:
        text["rope_theta"] = sizes.rope_theta
    return {
        "architectures": ["JanusForConditionalGeneration"],
        "image_token_id": token_ids.get(tiny_tokenizer.PLACEHOLDER, max(token_ids.values()) + 1),
        "model_type": "janus",
        # As in converted checkpoints: true here whatever text_config says, and the head's presence decides.
        "tie_word_embeddings": True,
        "text_config": text,
        "vision_config": {
            "model_type": "janus_vision_model",
            "attention_bias": True,
            "depth": 2,
            "hidden_act": "gelu",
            "hidden_size": sizes.vit_width,
            "image_size": sizes.image,
            "layer_norm_eps": sizes.vit_eps,
            "mlp_ratio": sizes.vit_mlp_ratio,
            "num_attention_heads": sizes.vit_heads,
            "num_channels": 3,
            "num_hidden_layers": sizes.vit_depth,
            "num_image_tokens": sizes.tokens,
            "patch_size": sizes.patch,
            "projection_dim": sizes.hidden,
            "use_qk_norm": False,
        },
        "vq_config": {
            "model_type": "janus_vqgan",
            "base_channels": sizes.vq_base,
            "channel_multiplier": list(sizes.vq_multipliers),
            "double_latent": False,
            "embed_dim": sizes.code_dim,
            "hidden_act": "gelu",
            "image_token_embed_dim": sizes.hidden,
            "in_channels": 3,
            "latent_channels": sizes.vq_latent,
            "num_embeddings": sizes.codebook,
            "num_hidden_layers": 2,
            "num_patches": sizes.image // sizes.patch,
            "num_res_blocks": sizes.vq_res_blocks,
            "out_channels": 3,
            "projection_dim": sizes.hidden,
        },
    }


def original_config(sizes):
    """config.json of the original layout, which names a ViT preset and holds no VQ sizes."""
    language = {
        "hidden_size": sizes.hidden,
        "intermediate_size": sizes.intermediate,
        "max_position_embeddings": sizes.context,
        "model_type": "llama",
        "num_attention_heads": sizes.heads,
        "num_hidden_layers": sizes.layers,
        "num_key_value_heads": sizes.kv_heads,
        "rms_norm_eps": sizes.rms_eps,
        "rope_theta": sizes.rope_theta,
        "torch_dtype": "bfloat16",
        "vocab_size": sizes.vocab,
    }
    if sizes.head_dim:
        language["head_dim"] = sizes.head_dim
    if sizes.attention_bias:
        language["attention_bias"] = True
    if sizes.mlp_bias:
        language["mlp_bias"] = True
    if sizes.partial:
        defaults = {"hidden_size": 4096, "intermediate_size": 11008, "num_attention_heads": 32}
        defaults |= {"num_key_value_heads": 32, "rms_norm_eps": 1e-6, "rope_theta": 10000.0}
        language = {key: value for key, value in language.items() if key not in defaults or value != defaults[key]}

    def projector(name, input_dim):
        params = {"depth": 2, "input_dim": input_dim, "n_embed": sizes.hidden, "projector_type": "mlp_gelu"}
        return {"cls": "MlpProjector", "model_type": name, "params": params}

    return {
        "aligner_config": projector("aligner", sizes.vit_width),
        "architectures": ["MultiModalityCausalLM"],
        "gen_aligner_config": projector("gen_aligner", sizes.code_dim),
        "gen_head_config": {
            "cls": "vision_head",
            "model_type": "gen_head",
            "params": {
                "image_token_embed": sizes.hidden,
                "image_token_size": sizes.codebook,
                "n_embed": sizes.hidden,
            },
        },
        "gen_vision_config": {
            "cls": "VQ-16",
            "model_type": "gen_vision",
            "params": {"image_token_size": sizes.codebook, "n_embed": sizes.code_dim},
        },
        "language_config": language,
        "model_type": "multi_modality",
        "torch_dtype": "bfloat16",
        "transformers_version": "4.33.1",
        "vision_config": {
            "cls": "CLIPVisionTower",
            "model_type": "vision",
            "params": {
                "image_size": sizes.image,
                "model_name": "siglip_large_patch16_384",
                "select_feature": "same",
                "select_layer": -1,
            },
        },
    }


def _normal(name, shape, seed, std):
    generator = torch.Generator().manual_seed(zlib.crc32(f"{seed} {name}".encode()))
    return torch.randn(shape, generator=generator) * std


def random_tensor(name, shape, seed):
    """A weight by the role that its transformers name tells."""
    if name.endswith(".bias"):
        return _normal(name, shape, seed, 0.1)
    if len(shape) == 1:
        return 1 + _normal(name, shape, seed, 0.2)
    if name.endswith("quantize.embedding.weight"):
        # Rows of different lengths, so that lookups without normalisation show.
        return _normal(name, shape, seed, 1.0) * torch.exp(_normal(name + " length", (shape[0], 1), seed, 0.5))
    if name.endswith(("position_embedding.weight", "generation_embeddings.weight")):
        return _normal(name, shape, seed, 0.7)
    fan_in = torch.Size(shape[1:]).numel()
    gains = [
        (r".*(embed_tokens|lm_head)\.weight", 2.5),
        (r".*vision_head\.weight", 4.0),
        (r".*(q_proj|k_proj|attn(_1)?(\.\d+)?\.[qk])\.weight", 1.4),
        (r".*(o_proj|down_proj|projection_layer|fc2|conv2|attn(_1)?(\.\d+)?\.proj_out)\.weight", 0.7),
        (r".*decoder\.conv_out\.weight", 0.6),
    ]
    gain = next((value for pattern, value in gains if re.fullmatch(pattern, name)), 1.0)
    return _normal(name, shape, seed, gain * fan_in**-0.5)


def unused_tensors(sizes, seed):
    """What original checkpoints hold and nothing reads: the pooling head of the tower, and a buffer."""
    width, ff = sizes.vit_width, int(sizes.vit_width * sizes.vit_mlp_ratio)
    shapes = {"latent": (1, 1, width), "norm.weight": (width,), "norm.bias": (width,)}
    for name, rows, columns in [
        ("q", width, width),
        ("kv", 2 * width, width),
        ("proj", width, width),
        ("mlp.fc1", ff, width),
        ("mlp.fc2", width, ff),
    ]:
        shapes[f"{name}.weight"], shapes[f"{name}.bias"] = (rows, columns), (rows,)
    tensors = {
        f"vision_model.vision_tower.attn_pool.{name}": _normal(name, shape, seed, 1.0)
        for name, shape in (shapes if sizes.pool else {}).items()
    }
    tensors["gen_vision_model.quantize.codebook_used"] = torch.zeros(4 * sizes.codebook)
    return tensors


def _write_json(path, value):
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def _save_pickle(tensors, path, whole):
    """As transformers does: the whole model as the state_dict of a module, with its _metadata; a shard as a dict."""
    tensors = collections.OrderedDict(tensors) if whole else dict(tensors)
    if whole:
        tensors._metadata = collections.OrderedDict({"": {"version": 1}})
    torch.save(tensors, path)


def _write_weights(folder, tensors, dtype, shards, container):
    stored = {
        name: tensors[name].to(MIXED[i % len(MIXED)] if dtype == "mixed" else DTYPES[dtype]).contiguous()
        for i, name in enumerate(sorted(tensors))
    }
    pickle = container == "pickle"
    stem, ending = ("pytorch_model", "bin") if pickle else ("model", "safetensors")

    def save(part, file):
        if pickle:
            _save_pickle(part, folder / file, whole=shards == 1)
        else:
            save_file(part, folder / file, metadata={"format": "pt"})

    if shards == 1:
        save(stored, f"{stem}.{ending}")
        return
    names = list(stored)
    index = {"metadata": {"total_size": sum(t.nbytes for t in stored.values())}, "weight_map": {}}
    for shard in range(shards):
        file = f"{stem}-{shard + 1:05d}-of-{shards:05d}.{ending}"
        part = {name: stored[name] for name in names[shard::shards]}
        save(part, file)
        index["weight_map"].update({name: file for name in part})
    _write_json(folder / f"{stem}.{ending}.index.json", index)


def _write_processor(folder, sizes):
    original = sizes.layout == "original"
    preprocessor = {
        "background_color": [127, 127, 127],
        "do_normalize": sizes.do_normalize,
        "image_mean": [0.5, 0.5, 0.5],
        "image_std": [0.5, 0.5, 0.5],
        "min_size": sizes.min_size,
        "rescale_factor": 0.00392156862745098,
        "processor_class": "VLChatProcessor" if original else "JanusProcessor",
        "image_processor_type": "VLMImageProcessor" if original else "JanusImageProcessor",
    }
    if original:
        preprocessor["image_size"] = sizes.image
    else:
        preprocessor |= {"size": {"height": sizes.image, "width": sizes.image}, "resample": 3, "do_resize": True}
        preprocessor |= {"do_rescale": True, "do_pad": True}
    _write_json(folder / "preprocessor_config.json", preprocessor)
    processor = {"num_image_tokens": sizes.tokens, "processor_class": preprocessor["processor_class"]}
    if original:
        processor |= {"add_special_token": False, "ignore_id": -100, "image_tag": tiny_tokenizer.PLACEHOLDER}
        processor |= {"mask_prompt": True, "sft_format": "deepseek"}
    else:
        processor["use_default_system_prompt"] = True
    _write_json(folder / "processor_config.json", processor)


def build(folder, sizes, seed):
    """Writes the checkpoint into `folder`, made where it is missing."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    ids = tiny_tokenizer.write(folder, sizes.family, sizes.base_vocab)
    # One row more than the largest id: the placeholder may still have to be appended.
    if max(ids.values()) + 2 > sizes.vocab:
        raise ValueError(f"vocab {sizes.vocab} is smaller than the tokenizer's {max(ids.values()) + 2} ids")
    config = transformers_config(sizes, ids)
    with torch.device("meta"):
        model = JanusForConditionalGeneration(JanusConfig(**config))
    shapes = {name: tensor.shape for name, tensor in model.state_dict().items()}
    if sizes.tie:
        shapes.pop("lm_head.weight", None)
    else:
        shapes["lm_head.weight"] = shapes["model.language_model.embed_tokens.weight"]
    tensors = {name: random_tensor(name, shape, seed) for name, shape in shapes.items()}
    if sizes.layout == "original":
        tensors = layouts.to_original(tensors) | unused_tensors(sizes, seed)
        config = original_config(sizes)
    else:
        _write_json(
            folder / "generation_config.json",
            {
                "bos_token_id": ids[tiny_tokenizer.BEGIN],
                "eos_token_id": ids[tiny_tokenizer.END],
                "generation_kwargs": {"boi_token_id": ids[tiny_tokenizer.BEGIN_IMAGE]},
                "guidance_scale": 5,
                "pad_token_id": ids[tiny_tokenizer.PAD],
            },
        )
    _write_json(folder / "config.json", config)
    _write_weights(folder, tensors, sizes.dtype, sizes.shards, sizes.container)
    _write_processor(folder, sizes)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--seed", type=int, default=1)
    add_arguments(parser)
    arguments = parser.parse_args()
    build(arguments.folder, sizes_of(arguments), arguments.seed)


if __name__ == "__main__":
    main()
