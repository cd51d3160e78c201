"""A GGUF file of `janus quantize`, for the peers: its tensors under the folder's names, its config, and the decoder
written anew as a file for llama.cpp."""

import json
import sys

import gguf
import numpy as np

PREFIX = "janus.prefix."
CONFIG = "janus.file.config.json"
# The decoder's parts in the two layouts of names: of transformers, of the first release.
LANGUAGE = ("model.language_model.", "language_model.model.")
TEXT_HEAD = ("lm_head.weight", "language_model.lm_head.weight")
CODE_HEAD = ("model.generation_head.vision_head.weight", "gen_head.vision_head.weight")
# Within a layer: (here, in llama.cpp's files).
LAYER = [
    ("input_layernorm", "attn_norm"),
    ("self_attn.q_proj", "attn_q"),
    ("self_attn.k_proj", "attn_k"),
    ("self_attn.v_proj", "attn_v"),
    ("self_attn.o_proj", "attn_output"),
    ("post_attention_layernorm", "ffn_norm"),
    ("mlp.gate_proj", "ffn_gate"),
    ("mlp.up_proj", "ffn_up"),
    ("mlp.down_proj", "ffn_down"),
]


class JanusFile:
    """tensors: by the folder's names, as gguf's reader has them: data, tensor_type, shape innermost first."""

    def __init__(self, path):
        reader = gguf.GGUFReader(path, "c")  # the mode whose arrays torch takes without a warning
        if CONFIG not in reader.fields:
            sys.exit(f"model, {path}: expected a file of janus quantize, found no {CONFIG} in it; give such a file")
        self.config = json.loads(reader.fields[CONFIG].contents())
        self.original = self.config["model_type"] == "multi_modality"  # of the first release
        fields = reader.fields.items()
        prefixes = {key[len(PREFIX) :]: field.contents() for key, field in fields if key.startswith(PREFIX)}

        def full(name):
            first, _, rest = name.partition(".")
            return f"{prefixes[first]}.{rest}" if first in prefixes else name

        self.tensors = {full(tensor.name): tensor for tensor in reader.tensors}


def interleaved(rows, heads):
    """Rows of q or k in the order of ggml's rotation, which turns neighbours where transformers turns halves."""
    return rows.reshape(heads, 2, len(rows) // heads // 2, -1).swapaxes(1, 2).reshape(rows.shape)


def write_llama(source, path, codes):
    """The decoder of the file `source` as a llama model without a tokenizer, block by block the same bytes.

    With `codes` its vocabulary is the codes of a picture and their head stands in place of the text's, so that its
    steps read what janus reads in a step of image decode.
    """
    file = JanusFile(source)
    config, tensors = file.config["language_config" if file.original else "text_config"], file.tensors
    language = LANGUAGE[file.original]
    head = tensors[(CODE_HEAD if codes else TEXT_HEAD)[file.original]]
    vocabulary, heads = int(head.shape[1]), config["num_attention_heads"]
    kv_heads = config.get("num_key_value_heads", heads)

    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(heads)
    writer.add_head_count_kv(kv_heads)
    writer.add_rope_dimension_count(config["hidden_size"] // heads)
    writer.add_rope_freq_base(config.get("rope_theta", 10000.0))
    writer.add_layer_norm_rms_eps(config.get("rms_norm_eps", 1e-6))
    writer.add_vocab_size(vocabulary)
    writer.add_tokenizer_model("none")
    writer.add_quantization_version(2)

    def add(name, tensor, change=lambda rows: rows):
        writer.add_tensor(name, change(tensor.data), raw_dtype=tensor.tensor_type)

    def for_each_id(rows):
        # Over again where a model has more codes than tokens: how much is read counts, not what.
        return np.resize(rows, (vocabulary, rows.shape[1]))

    add("token_embd.weight", tensors[language + "embed_tokens.weight"], for_each_id)
    add("output_norm.weight", tensors[language + "norm.weight"])
    add("output.weight", head)
    rotated = {"attn_q": heads, "attn_k": kv_heads}
    for layer in range(config["num_hidden_layers"]):
        for ours, theirs in LAYER:
            tensor = tensors[f"{language}layers.{layer}.{ours}.weight"]
            turn = (lambda rows, n=rotated[theirs]: interleaved(rows, n)) if theirs in rotated else (lambda rows: rows)
            add(f"blk.{layer}.{theirs}.weight", tensor, turn)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
