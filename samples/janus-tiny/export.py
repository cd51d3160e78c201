"""Writes trained weights as a model folder in the transformers layout: `export.py WEIGHTS.pt [--vq vq.pt]`.

Only model.safetensors and the JSON files are written; tokenizer.model is made once by text.py and belongs to the weights.
"""
import argparse
import json
from pathlib import Path

import torch
from safetensors.torch import save_file

import sizes
import text as textlib
import train
import weights

HERE = Path(__file__).parent


def text_json(text):
    return {
        "model_type": "llama", "vocab_size": sizes.VOCABULARY, "hidden_size": sizes.WIDTH,
        **{key: getattr(sizes.text_config(text.bos, text.eos, text.pad), key) for key in (
            "intermediate_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads", "head_dim", "hidden_act",
            "max_position_embeddings", "initializer_range", "rms_norm_eps", "tie_word_embeddings", "attention_bias", "mlp_bias",
            "attention_dropout", "bos_token_id", "eos_token_id", "pad_token_id", "use_cache")},
        "rope_theta": 10000.0, "torch_dtype": "bfloat16",
    }


def plain(config, keys):
    return {"model_type": config.model_type, **{key: getattr(config, key) for key in keys}, "torch_dtype": "bfloat16"}


def config_json(text):
    vision = plain(sizes.vision_config(), (
        "hidden_size", "num_hidden_layers", "num_attention_heads", "num_channels", "image_size", "patch_size", "hidden_act",
        "layer_norm_eps", "mlp_ratio", "attention_bias", "attention_dropout", "hidden_dropout_rate", "projection_dim",
        "projection_dropout", "use_qk_norm", "initializer_range", "depth", "num_image_tokens"))
    vq = plain(sizes.vq_config(), (
        "embed_dim", "num_embeddings", "double_latent", "latent_channels", "in_channels", "out_channels", "base_channels",
        "channel_multiplier", "num_res_blocks", "num_patches", "dropout", "initializer_range", "projection_dim",
        "num_hidden_layers", "hidden_act", "image_token_embed_dim"))
    return {
        "architectures": ["JanusForConditionalGeneration"], "model_type": "janus", "torch_dtype": "bfloat16",
        "image_token_id": text.placeholder, "tie_word_embeddings": False,
        "text_config": text_json(text), "vision_config": vision, "vq_config": vq,
    }


def files(text):
    """File name -> content of every JSON file of the folder."""
    special = {"bos_token": textlib.BOS, "eos_token": textlib.EOS, "pad_token": textlib.PAD, "unk_token": "<unk>"}
    tokens = {"boi_token": textlib.BOI, "eoi_token": textlib.EOI, "image_token": textlib.PLACEHOLDER}
    return {
        "config.json": config_json(text),
        "generation_config.json": {
            "bos_token_id": text.bos, "eos_token_id": text.eos, "pad_token_id": text.pad, "guidance_scale": 5,
            "generation_kwargs": {"boi_token_id": text.boi}},
        "preprocessor_config.json": {
            "image_processor_type": "JanusImageProcessor", "image_size": sizes.IMAGE_SIZE,
            "size": {"height": sizes.IMAGE_SIZE, "width": sizes.IMAGE_SIZE}, "min_size": 8,
            "do_resize": True, "do_rescale": True, "rescale_factor": 1 / 255, "do_normalize": True,
            "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5], "background_color": [127, 127, 127], "resample": 3},
        "processor_config.json": {
            "processor_class": "JanusProcessor", "num_image_tokens": sizes.CODES, "use_default_system_prompt": True},
        "tokenizer_config.json": {
            "tokenizer_class": "LlamaTokenizer", "add_bos_token": True, "add_eos_token": False, "legacy": False,
            "add_prefix_space": False, "clean_up_tokenization_spaces": False, "model_max_length": 1024, **special, **tokens},
        "special_tokens_map.json": {**special, **tokens},
    }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("weights")
    parser.add_argument("--vq", help="take the image tokenizer from here: same codes, further trained decoder")
    parser.add_argument("--folder", type=Path, default=HERE / "model")
    args = parser.parse_args()
    text = textlib.Text(HERE / "model" / "tokenizer.model")
    model = train.build(text)
    model.load_state_dict(weights.state(args.weights))
    if args.vq:
        model.model.vqmodel.load_state_dict(weights.vq_state(args.vq))
    args.folder.mkdir(exist_ok=True)
    tensors = {name: t.to(torch.bfloat16).contiguous() for name, t in model.state_dict().items()}
    (args.folder / "model.safetensors").unlink(missing_ok=True)
    save_file(tensors, args.folder / "model.safetensors", metadata={"format": "pt"})
    (args.folder / "model.safetensors").chmod(0o644)
    for name, content in files(text).items():
        (args.folder / name).write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n")
    print(f"{sum(t.numel() for t in tensors.values())} weights, {(args.folder / 'model.safetensors').stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
