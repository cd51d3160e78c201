"""Weights of janus-flow-tiny: the start that janus-tiny gives, and what is stored under `model/`."""
import json

import torch
from safetensors.torch import load_file

import flow
import tiny

MODEL = tiny.HERE / "model"
_TOWER = "vision_und_enc_model.vision_tower."
_BLOCK = {"layer_norm1": "norm1", "layer_norm2": "norm2", "self_attn.projection_layer": "attn.proj", "mlp.fc1": "mlp.fc1",
          "mlp.fc2": "mlp.fc2"}


def tensors(path):
    """Name -> float32 tensor of a safetensors file."""
    return {name: t.float() for name, t in load_file(path).items()}


def from_janus_tiny(path=tiny.JANUS_TINY / "model" / "model.safetensors"):
    """Language model and vision tower of janus-tiny under the names of JanusFlow; the aligner is another and stays behind."""
    given, named = tensors(path), {}
    for name, t in given.items():
        if name.startswith("model.language_model."):
            named["language_model.model." + name.removeprefix("model.language_model.")] = t
    named["language_model.lm_head.weight"] = given["lm_head.weight"]
    vision = "model.vision_model."
    for part in ("weight", "bias"):
        named[f"{_TOWER}patch_embed.proj.{part}"] = given[f"{vision}embeddings.patch_embedding.{part}"]
        named[f"{_TOWER}norm.{part}"] = given[f"{vision}post_layernorm.{part}"]
        for n in range(flow.Sizes.vision_layers):
            layer, block = f"{vision}encoder.layers.{n}.", f"{_TOWER}blocks.{n}."
            named[f"{block}attn.qkv.{part}"] = torch.cat([given[f"{layer}self_attn.{p}_proj.{part}"] for p in "qkv"])
            for theirs, ours in _BLOCK.items():
                named[f"{block}{ours}.{part}"] = given[f"{layer}{theirs}.{part}"]
    named[f"{_TOWER}pos_embed"] = given[f"{vision}embeddings.position_embedding.weight"][None]
    return named


def scaling_factor(folder=MODEL):
    """What multiplies the auto-encoder's latents before the flow sees them, of a model folder."""
    return json.loads((folder / "vae" / "config.json").read_text())["scaling_factor"]
