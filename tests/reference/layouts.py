"""The two checkpoint layouts of Janus: tensor names, fused tensors, configs.

`transformers` is the layout of JanusForConditionalGeneration (model_type janus), `original` that of the first
release (model_type multi_modality). Names of the first are the ones used everywhere else in these scripts.
"""

import re

import torch

# (transformers, original); every {} stands for the same text on both sides. The first match counts.
_NAMES = [
    ("model.language_model.{}", "language_model.model.{}"),
    ("lm_head.weight", "language_model.lm_head.weight"),
    ("model.vision_model.embeddings.patch_embedding.{}", "vision_model.vision_tower.patch_embed.proj.{}"),
    ("model.vision_model.embeddings.position_embedding.weight", "vision_model.vision_tower.pos_embed"),
    ("model.vision_model.encoder.layers.{}.layer_norm1.{}", "vision_model.vision_tower.blocks.{}.norm1.{}"),
    ("model.vision_model.encoder.layers.{}.layer_norm2.{}", "vision_model.vision_tower.blocks.{}.norm2.{}"),
    ("model.vision_model.encoder.layers.{}.self_attn.q_proj.{}", "vision_model.vision_tower.blocks.{}.attn.q.{}"),
    ("model.vision_model.encoder.layers.{}.self_attn.k_proj.{}", "vision_model.vision_tower.blocks.{}.attn.k.{}"),
    ("model.vision_model.encoder.layers.{}.self_attn.v_proj.{}", "vision_model.vision_tower.blocks.{}.attn.v.{}"),
    (
        "model.vision_model.encoder.layers.{}.self_attn.projection_layer.{}",
        "vision_model.vision_tower.blocks.{}.attn.proj.{}",
    ),
    ("model.vision_model.encoder.layers.{}.mlp.{}", "vision_model.vision_tower.blocks.{}.mlp.{}"),
    ("model.vision_model.post_layernorm.{}", "vision_model.vision_tower.norm.{}"),
    ("model.aligner.fc1.{}", "aligner.layers.0.{}"),
    ("model.aligner.hidden_layers.0.{}", "aligner.layers.2.{}"),
    ("model.generation_embeddings.weight", "gen_embed.weight"),
    ("model.generation_aligner.fc1.{}", "gen_aligner.layers.0.{}"),
    ("model.generation_aligner.hidden_layers.0.{}", "gen_aligner.layers.2.{}"),
    ("model.generation_head.proj_out.{}", "gen_head.output_mlp_projector.{}"),
    ("model.generation_head.vision_head.{}", "gen_head.vision_head.{}"),
    ("model.vqmodel.decoder.up.{}.block.{}", "gen_vision_model.decoder.conv_blocks.{}.res.{}"),
    ("model.vqmodel.decoder.up.{}", "gen_vision_model.decoder.conv_blocks.{}"),
    ("model.vqmodel.encoder.down.{}.block.{}", "gen_vision_model.encoder.conv_blocks.{}.res.{}"),
    ("model.vqmodel.encoder.down.{}", "gen_vision_model.encoder.conv_blocks.{}"),
    ("model.vqmodel.{}.mid.block_1.{}", "gen_vision_model.{}.mid.0.{}"),
    ("model.vqmodel.{}.mid.attn_1.{}", "gen_vision_model.{}.mid.1.{}"),
    ("model.vqmodel.{}.mid.block_2.{}", "gen_vision_model.{}.mid.2.{}"),
    ("model.vqmodel.{}", "gen_vision_model.{}"),
]
_NEVER_EVALUATED = re.compile(r".*\.attn_pool\..*|.*quantize\.codebook_used|.*rotary_emb\.inv_freq")


def _rename(name, pairs):
    for source, target in pairs:
        match = re.fullmatch(re.escape(source).replace(r"\{\}", "(.+?)"), name)
        if match:
            return target.format(*match.groups())
    raise KeyError(f"no name in the other layout for {name}")


def to_original(tensors):
    """Tensors by transformers name -> tensors by original name, with q, k and v of the vision tower fused."""
    renamed = {_rename(name, _NAMES): tensor for name, tensor in tensors.items()}
    renamed["vision_model.vision_tower.pos_embed"] = renamed["vision_model.vision_tower.pos_embed"].unsqueeze(0)
    for name in [n for n in renamed if ".attn.q." in n and n.startswith("vision_model.")]:
        parts = [renamed.pop(name.replace(".attn.q.", f".attn.{part}.")) for part in "qkv"]
        renamed[name.replace(".attn.q.", ".attn.qkv.")] = torch.cat(parts)
    return renamed


def to_transformers(tensors):
    """The inverse of to_original; tensors that the reference never evaluates are dropped."""
    split = {}
    for name, tensor in tensors.items():
        if _NEVER_EVALUATED.fullmatch(name):
            continue
        if ".attn.qkv." in name:
            for part, piece in zip("qkv", tensor.chunk(3)):
                split[name.replace(".attn.qkv.", f".attn.{part}.")] = piece
        else:
            split[name] = tensor[0] if name.endswith("vision_tower.pos_embed") else tensor
    back = [(original, ours) for ours, original in _NAMES]
    return {_rename(name, back): tensor for name, tensor in split.items()}


def transformers_config(config, tensors, image_token_id):
    """A config.json of the original layout and its tensors (transformers names) -> a config of the transformers layout.

    What the original config does not hold is read from the tensors; the decoder's missing keys have LlamaConfig's
    defaults.
    """
    language = dict(config["language_config"])
    language.pop("torch_dtype", None)
    language["model_type"] = "llama"
    hidden = tensors["model.language_model.embed_tokens.weight"].shape[1]
    patches, width = tensors["model.vision_model.embeddings.position_embedding.weight"].shape
    patch = tensors["model.vision_model.embeddings.patch_embedding.weight"].shape[-1]
    grid = round(patches**0.5)
    codebook, embed_dim = tensors["model.vqmodel.quantize.embedding.weight"].shape

    def count(pattern):
        found = [int(match[1]) for match in (re.match(pattern, name) for name in tensors) if match]
        return max(found) + 1

    base = tensors["model.vqmodel.encoder.conv_in.weight"].shape[0]
    levels = count(r"model\.vqmodel\.encoder\.down\.(\d+)\.")
    channels = [
        tensors[f"model.vqmodel.encoder.down.{level}.block.0.conv1.weight"].shape[0] for level in range(levels)
    ]
    return {
        "architectures": ["JanusForConditionalGeneration"],
        "model_type": "janus",
        "image_token_id": image_token_id,
        "tie_word_embeddings": False,
        "text_config": language,
        "vision_config": {
            "model_type": "janus_vision_model",
            "hidden_size": width,
            "num_hidden_layers": count(r"model\.vision_model\.encoder\.layers\.(\d+)\."),
            "num_attention_heads": width // 64,
            "image_size": grid * patch,
            "patch_size": patch,
            "mlp_ratio": tensors["model.vision_model.encoder.layers.0.mlp.fc1.weight"].shape[0] / width,
            "num_image_tokens": patches,
            "projection_dim": hidden,
            "depth": 2,
        },
        "vq_config": {
            "model_type": "janus_vqgan",
            "embed_dim": embed_dim,
            "num_embeddings": codebook,
            "latent_channels": tensors["model.vqmodel.quant_conv.weight"].shape[1],
            "base_channels": base,
            "channel_multiplier": [c // base for c in channels],
            "num_res_blocks": count(r"model\.vqmodel\.encoder\.down\.0\.block\.(\d+)\."),
            "projection_dim": hidden,
            "image_token_embed_dim": hidden,
            "num_hidden_layers": 2,
            "num_patches": grid,
        },
    }
