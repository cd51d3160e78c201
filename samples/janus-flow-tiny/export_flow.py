"""Writes trained weights as a model folder in JanusFlow's layout: `export_flow.py --flow flow.pt --vae vae.pt [--folder model]`."""
import argparse
import json
import shutil
from pathlib import Path

import torch
from safetensors.torch import save_file

import flow
import prompts as promptlib
import run as runlib
import stored
import tiny
import vae as vaelib

import text as textlib


def config_json(text):
    """config.json with the keys of the released one."""
    s = flow.Sizes()
    shared = {"block_out_channels": [s.channels], "hidden_size": s.width, "layers_in_middle": s.blocks, "norm_eps": s.epsilon,
              "use_bias": True, "use_mid_block": True}
    language = {
        "model_type": "llama", "vocab_size": s.vocabulary, "hidden_size": s.width, "intermediate_size": s.feed_forward,
        "num_hidden_layers": s.layers, "num_attention_heads": s.heads, "num_key_value_heads": s.heads,
        "max_position_embeddings": 1024, "rms_norm_eps": s.epsilon, "bos_token_id": text.bos, "eos_token_id": text.eos,
        "pad_token_id": text.pad, "torch_dtype": "bfloat16"}
    tower = {"image_size": s.image, "model_name": "siglip_large_patch16_384", "select_feature": "same", "select_layer": -1}
    encoder = shared | {"input_channels": s.latent, "kernel_size": 2, "stride": 2, "padding": 0}
    decoder = shared | {"in_channels": s.channels, "out_channels": s.latent, "upsamples": 1, "elementwise_affine": True}
    return {
        "architectures": ["MultiModalityCausalLM"], "model_type": "multi_modality", "torch_dtype": "bfloat16",
        "language_config": language,
        "vision_und_enc_config": {"cls": "CLIPVisionTower", "model_type": "vision_und_enc", "params": tower},
        "vision_gen_enc_config": {"cls": "ShallowUViTEncoder", "model_type": "vision_gen_enc", "params": encoder},
        "vision_gen_dec_config": {"cls": "ShallowUViTDecoder", "model_type": "vision_gen_dec", "params": decoder},
    }


def files(text, factor):
    """File name -> content of every JSON file of the folder."""
    s = flow.Sizes()
    special = {"bos_token": textlib.BOS, "eos_token": textlib.EOS, "pad_token": textlib.PAD, "unk_token": "<unk>"}
    return {
        "config.json": config_json(text),
        "preprocessor_config.json": {
            "image_processor_type": "VLMImageProcessor", "image_size": s.image, "min_size": 8, "do_normalize": True,
            "rescale_factor": 1 / 255, "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5],
            "background_color": [127, 127, 127]},
        "processor_config.json": {
            "processor_class": "VLChatProcessor", "image_tag": textlib.PLACEHOLDER, "num_image_tokens": s.grid ** 2,
            "add_special_token": False, "sft_format": "deepseek", "mask_prompt": True, "ignore_id": -100},
        "special_tokens_map.json": special,
        "tokenizer_config.json": json.loads((tiny.JANUS_TINY / "model" / "tokenizer_config.json").read_text()),
        "vae/config.json": vaelib.CONFIG | {"scaling_factor": factor},
    }


def write(tensors, path):
    path.unlink(missing_ok=True)
    save_file({name: t.to(torch.bfloat16).contiguous() for name, t in tensors.items()}, path, metadata={"format": "pt"})
    path.chmod(0o644)
    return path.stat().st_size


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--flow", required=True)
    parser.add_argument("--vae", required=True, help="checkpoint of train_vae.py, or a safetensors file")
    parser.add_argument("--folder", type=Path, default=stored.MODEL)
    args = parser.parse_args()
    tensors, extra = runlib.averaged(args.flow)
    (args.folder / "vae").mkdir(parents=True, exist_ok=True)
    size = write(tensors, args.folder / "model.safetensors")
    size += write(vaelib.stored(args.vae).state_dict(), args.folder / "vae" / "diffusion_pytorch_model.safetensors")
    for name, content in files(promptlib.Text(), extra["scaling_factor"]).items():
        (args.folder / name).write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n")
    shutil.copyfile(tiny.JANUS_TINY / "model" / "tokenizer.model", args.folder / "tokenizer.model")
    print(f"{size / 1e6:.2f} MB of weights")


if __name__ == "__main__":
    main()
