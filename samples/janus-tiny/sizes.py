"""Sizes of janus-tiny, in transformers' terms."""
from transformers import JanusConfig, JanusVisionConfig, JanusVQVAEConfig, LlamaConfig

IMAGE_SIZE = 64
PATCH = 8
GRID = IMAGE_SIZE // PATCH
CODES = GRID * GRID
CODEBOOK = 2048
VOCABULARY = 1024
WIDTH = 256


def vq_config():
    return JanusVQVAEConfig(
        embed_dim=8, num_embeddings=CODEBOOK, double_latent=False, latent_channels=64, in_channels=3, out_channels=3,
        base_channels=32, channel_multiplier=[2, 1, 2, 4], num_res_blocks=1, num_patches=GRID, dropout=0.0,
        projection_dim=WIDTH, num_hidden_layers=2, hidden_act="gelu", image_token_embed_dim=WIDTH)


def vision_config():
    return JanusVisionConfig(
        hidden_size=128, num_hidden_layers=4, num_attention_heads=2, num_channels=3, image_size=IMAGE_SIZE, patch_size=PATCH,
        hidden_act="gelu", layer_norm_eps=1e-6, mlp_ratio=4.0, attention_bias=True, use_qk_norm=False,
        projection_dim=WIDTH, depth=2, num_image_tokens=CODES)


def text_config(bos, eos, pad):
    return LlamaConfig(
        vocab_size=VOCABULARY, hidden_size=WIDTH, intermediate_size=512, num_hidden_layers=5, num_attention_heads=4,
        num_key_value_heads=4, head_dim=64, hidden_act="silu", max_position_embeddings=1024, rms_norm_eps=1e-6,
        tie_word_embeddings=False, attention_bias=False, mlp_bias=False,
        rope_parameters={"rope_type": "default", "rope_theta": 10000.0},
        bos_token_id=bos, eos_token_id=eos, pad_token_id=pad)


def janus_config(text):
    """The whole configuration, with the special ids of a text tokenizer."""
    return JanusConfig(
        text_config=text_config(text.bos, text.eos, text.pad), vision_config=vision_config(), vq_config=vq_config(),
        image_token_id=text.placeholder, tie_word_embeddings=False,
        bos_token_id=text.bos, eos_token_id=text.eos, pad_token_id=text.pad)
