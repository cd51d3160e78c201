"""Builds random JanusFlow checkpoints and autoencoders (AutoencoderKL) from a seed, with the reference's own modules.

    python make_flow.py REFERENCE /tmp/flow --seed 1 --hidden 48 --heads 3

REFERENCE is a checkout of deepseek-ai/Janus. Its class has the widths 1024, 2048 and 768 written into it: the layers
that have them are replaced here by ones of the sizes asked for. `vae/` beside the weights is the autoencoder.
"""

import argparse
import dataclasses
import json
import pathlib
import re
import sys
import zlib

import torch
from safetensors.torch import save_file

import tiny_tokenizer

DTYPES = {"f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16}
SCALING_FACTOR = 0.13025


def use_reference(folder):
    """Makes `janus` of a checkout of the reference importable."""
    # torchvision as PyPI has it is made for CUDA; beside a torch without it two operators are missing, which nothing
    # here calls.
    operators = torch.library.Library("torchvision", "DEF")
    for name in ("nms", "qnms"):
        operators.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    use_reference.operators = operators  # they last as long as this does
    sys.path.insert(0, str(folder))


@dataclasses.dataclass
class VaeSizes:
    channels: tuple = (8, 12)
    layers: int = 1
    groups: int = 4
    latent: int = 4
    spelling: str = "diffusers"  # or old (of the attention), or ldm
    dtype: str = "bf16"
    scaling: float = SCALING_FACTOR

    @property
    def factor(self):
        return 2 ** (len(self.channels) - 1)


@dataclasses.dataclass
class FlowSizes:
    dtype: str = "bf16"
    hidden: int = 48
    intermediate: int = 72
    layers: int = 2
    heads: int = 3
    kv_heads: int = 3
    rms_eps: float = 1e-6
    base_vocab: int = 280
    vocab: int = 320
    tags: bool = True  # whether the tokenizer has the placeholder and the generation tag
    vit_width: int = 64
    vit_depth: int = 1
    vit_mlp: int = 80
    pool: bool = True  # the tower's pooling head, stored and never evaluated
    patch: int = 4
    image: int = 24
    min_size: int = 6
    channels: int = 20  # of the U-ViT
    blocks: int = 2  # of its encoder, and of its decoder
    norm_eps: float = 1e-6
    vae: VaeSizes = dataclasses.field(default_factory=VaeSizes)

    @property
    def grid(self):
        return self.image // self.patch

    @property
    def tokens(self):
        return self.grid**2


def _normal(name, shape, seed, std):
    generator = torch.Generator().manual_seed(zlib.crc32(f"{seed} {name}".encode()))
    return torch.randn(shape, generator=generator) * std


def random_tensor(name, shape, seed):
    """A weight by the role that its name tells. None is trivial, and activations keep a sane range."""
    if "channelwise_norm" in name:
        return _normal(name, shape, seed, 0.4)
    if name.endswith(".bias"):
        return _normal(name, shape, seed, 0.1)
    if len(shape) == 1:
        return 1 + _normal(name, shape, seed, 0.2)
    if name.endswith(("pos_embed", "beg_of_und_embed")):
        return _normal(name, shape, seed, 0.7)
    gains = [
        (r".*(embed_tokens|lm_head)\.weight", 2.5),
        (r".*(q_proj|k_proj|to_q|to_k)\.weight", 1.4),
        (r".*(o_proj|down_proj|attn\.proj|fc2|conv2|to_out\.0|channelwise_linear_2)\.weight", 0.7),
        (r".*(cond_embeds_mapper|conv_out)\.weight", 0.4),
    ]
    gain = next((value for pattern, value in gains if re.fullmatch(pattern, name)), 1.0)
    return _normal(name, shape, seed, gain * torch.Size(shape[1:]).numel() ** -0.5)


def fill(module, seed, dtype):
    """Gives a module random weights that `dtype` holds exactly."""
    tensors = {
        name: random_tensor(name, tensor.shape, seed).to(DTYPES[dtype]).float()
        for name, tensor in module.state_dict().items()
    }
    module.load_state_dict(tensors)
    return module.eval().requires_grad_(False)


def new_model(sizes, attention="eager"):
    """The reference's model with the layers of fixed width replaced, and a tower of its class in place of the preset."""
    from janus.janusflow.models import modeling_vlm, siglip_vit
    from transformers import LlamaConfig

    language = LlamaConfig(**language_config(sizes), attn_implementation=attention)
    config = modeling_vlm.MultiModalityConfig(**flow_config(sizes) | {"language_config": language})
    preset = modeling_vlm.CLIPVisionTower.build_vision_tower
    modeling_vlm.CLIPVisionTower.build_vision_tower = lambda self, parameters: (
        siglip_vit.VisionTransformer(
            img_size=sizes.image, patch_size=sizes.patch, embed_dim=sizes.vit_width, depth=sizes.vit_depth,
            num_heads=sizes.vit_width // 64, mlp_ratio=sizes.vit_mlp / sizes.vit_width, class_token=False,
            global_pool="map", ignore_head=True, weight_init="skip", num_classes=0,
        ),
        {},
    )
    try:
        model = modeling_vlm.MultiModalityCausalLM(config)
    finally:
        modeling_vlm.CLIPVisionTower.build_vision_tower = preset
    model.vision_und_enc_model.select_feature = "same"
    model.vision_und_enc_aligner = torch.nn.Linear(sizes.vit_width, sizes.hidden)
    model.beg_of_und_embed = torch.nn.Parameter(torch.zeros(1, sizes.hidden))
    model.vision_gen_enc_aligner = torch.nn.Linear(sizes.channels, sizes.hidden)
    model.vision_gen_dec_aligner_norm = modeling_vlm.LlamaRMSNorm(sizes.hidden, eps=sizes.rms_eps)
    model.vision_gen_dec_aligner = torch.nn.Linear(sizes.hidden, sizes.channels)
    return model


def language_config(sizes):
    """Only what differs from LlamaConfig's defaults, as the released file has it."""
    config = {
        "hidden_size": sizes.hidden,
        "intermediate_size": sizes.intermediate,
        "max_position_embeddings": 1024,
        "num_attention_heads": sizes.heads,
        "num_hidden_layers": sizes.layers,
        "num_key_value_heads": sizes.kv_heads,
        "vocab_size": sizes.vocab,
    }
    return config if sizes.rms_eps == 1e-6 else config | {"rms_norm_eps": sizes.rms_eps}


def flow_config(sizes):
    """config.json, with the keys of the released one."""
    shared = {
        "block_out_channels": [sizes.channels], "hidden_size": sizes.hidden, "layers_in_middle": sizes.blocks,
        "norm_eps": sizes.norm_eps, "use_bias": True, "use_mid_block": True,
    }
    encoder = shared | {
        "elementwize_affine": True, "input_channels": sizes.vae.latent, "kernel_size": 2, "num_extra_tensors": 5,
        "padding": 0, "stride": 2,
    }
    decoder = shared | {
        "elementwise_affine": True, "in_channels": sizes.channels, "out_channels": sizes.vae.latent, "upsamples": 1,
    }
    tower = {
        "image_size": sizes.image, "model_name": "siglip_large_patch16_384", "select_feature": "same",
        "select_layer": -1,
    }
    return {
        "architectures": ["MultiModalityCausalLM"],
        "language_config": language_config(sizes) | {"model_type": "llama", "torch_dtype": "bfloat16"},
        "model_type": "multi_modality",
        "torch_dtype": "bfloat16",
        "transformers_version": "4.38.1",
        "vision_gen_dec_config": {"cls": "ShallowUViTDecoder", "model_type": "vision_gen_dec", "params": decoder},
        "vision_gen_enc_config": {"cls": "ShallowUViTEncoder", "model_type": "vision_gen_enc", "params": encoder},
        "vision_und_enc_config": {"cls": "CLIPVisionTower", "model_type": "vision_und_enc", "params": tower},
    }


def vae_config(sizes):
    levels = len(sizes.channels)
    return {
        "_class_name": "AutoencoderKL",
        "_diffusers_version": "0.20.0.dev0",
        "act_fn": "silu",
        "block_out_channels": list(sizes.channels),
        "down_block_types": ["DownEncoderBlock2D"] * levels,
        "force_upcast": True,
        "in_channels": 3,
        "latent_channels": sizes.latent,
        "layers_per_block": sizes.layers,
        "norm_num_groups": sizes.groups,
        "out_channels": 3,
        "sample_size": 1024,
        "scaling_factor": sizes.scaling,
        "up_block_types": ["UpDecoderBlock2D"] * levels,
    }


def new_vae(sizes):
    from diffusers import AutoencoderKL

    return AutoencoderKL(**{key: value for key, value in vae_config(sizes).items() if not key.startswith("_")})


_OLD_ATTENTION = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}
_LDM_ATTENTION = {"group_norm": "norm", "to_q": "q", "to_k": "k", "to_v": "v", "to_out.0": "proj_out"}
_LDM = [
    (r"(..)coder\.mid_block\.resnets\.0\.", r"\1coder.mid.block_1."),
    (r"(..)coder\.mid_block\.attentions\.0\.", r"\1coder.mid.attn_1."),
    (r"(..)coder\.mid_block\.resnets\.1\.", r"\1coder.mid.block_2."),
    (r"down_blocks\.(\d+)\.resnets\.(\d+)\.", r"down.\1.block.\2."),
    (r"down_blocks\.(\d+)\.downsamplers\.0\.", r"down.\1.downsample."),
    (r"up_blocks\.(\d+)\.resnets\.(\d+)\.", r"up.\1.block.\2."),
    (r"up_blocks\.(\d+)\.upsamplers\.0\.", r"up.\1.upsample."),
    (r"conv_shortcut", "nin_shortcut"),
    (r"conv_norm_out", "norm_out"),
]


def respelled(tensors, spelling, levels):
    """Tensors of diffusers' names -> of one of the names that files have."""
    if spelling == "diffusers":
        return tensors
    renamed = {}
    for name, tensor in tensors.items():
        attention = re.fullmatch(r"(.*attentions\.0\.)(\w+(?:\.0)?)\.(weight|bias)", name)
        if attention:
            words = _OLD_ATTENTION if spelling == "old" else _LDM_ATTENTION
            name = f"{attention[1]}{words.get(attention[2], attention[2])}.{attention[3]}"
            if spelling == "ldm" and tensor.dim() == 2:
                tensor = tensor[:, :, None, None]
        if spelling == "ldm":
            for pattern, replacement in _LDM:
                name = re.sub(pattern, replacement, name)
            name = re.sub(r"\bup\.(\d+)", lambda match: f"up.{levels - 1 - int(match[1])}", name)
        renamed[name] = tensor
    return renamed


def _write_json(path, value):
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def write_vae(folder, vae, sizes):
    folder.mkdir(parents=True, exist_ok=True)
    tensors = respelled(vae.state_dict(), sizes.spelling, len(sizes.channels))
    file = "sdxl_vae.safetensors" if sizes.spelling == "ldm" else "diffusion_pytorch_model.safetensors"
    save_file({name: t.to(DTYPES[sizes.dtype]).contiguous() for name, t in tensors.items()}, folder / file)
    _write_json(folder / "config.json", vae_config(sizes))


def _write_processor(folder, sizes):
    _write_json(
        folder / "preprocessor_config.json",
        {
            "background_color": [127, 127, 127], "do_normalize": True, "image_mean": [0.5, 0.5, 0.5],
            "image_processor_type": "VLMImageProcessor", "image_size": sizes.image, "image_std": [0.5, 0.5, 0.5],
            "min_size": sizes.min_size, "processor_class": "VLChatProcessor", "rescale_factor": 0.00392156862745098,
        },
    )
    _write_json(
        folder / "processor_config.json",
        {
            "add_special_token": False, "ignore_id": -100, "image_end_tag": "<end_of_image>",
            "image_gen_tag": tiny_tokenizer.BEGIN_GENERATION, "image_start_tag": "<begin_of_image>",
            "image_tag": tiny_tokenizer.PLACEHOLDER, "mask_prompt": True, "num_image_tokens": sizes.tokens,
            "processor_class": "VLChatProcessor", "sft_format": "deepseek",
        },
    )


def write_settings(folder, sizes):
    """Writes all files but the weights."""
    folder.mkdir(parents=True, exist_ok=True)
    tiny_tokenizer.write(folder, "janusflow" if sizes.tags else "janusflow-untagged", sizes.base_vocab)
    _write_json(folder / "config.json", flow_config(sizes))
    _write_processor(folder, sizes)


def build(folder, sizes, seed):
    """Writes the checkpoint and its autoencoder -> the two as modules."""
    folder = pathlib.Path(folder)
    write_settings(folder, sizes)
    model = fill(new_model(sizes), seed, sizes.dtype)
    tensors = {
        name: t.to(DTYPES[sizes.dtype]).contiguous()
        for name, t in model.state_dict().items()
        if sizes.pool or ".attn_pool." not in name
    }
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    vae = fill(new_vae(sizes.vae), seed, sizes.vae.dtype)
    write_vae(folder / "vae", vae, sizes.vae)
    return model, vae


def add_arguments(parser, sizes=FlowSizes(), prefix=""):
    for field in dataclasses.fields(sizes):
        value = getattr(sizes, field.name)
        option = "--" + prefix + field.name.replace("_", "-")
        if dataclasses.is_dataclass(value):
            add_arguments(parser, value, f"{field.name}-")
        elif isinstance(value, bool):
            parser.add_argument(option, action=argparse.BooleanOptionalAction, default=value)
        elif isinstance(value, tuple):
            parser.add_argument(option, type=int, nargs="+", default=list(value))
        else:
            parser.add_argument(option, type=type(value), default=value)


def sizes_of(arguments):
    def read(kind, prefix=""):
        return {field.name: getattr(arguments, prefix + field.name) for field in dataclasses.fields(kind)
                if hasattr(arguments, prefix + field.name)}

    return FlowSizes(**read(FlowSizes), vae=VaeSizes(**read(VaeSizes, "vae_")))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("reference")
    parser.add_argument("folder")
    parser.add_argument("--seed", type=int, default=1)
    add_arguments(parser)
    arguments = parser.parse_args()
    use_reference(arguments.reference)
    build(arguments.folder, sizes_of(arguments), arguments.seed)


if __name__ == "__main__":
    main()
