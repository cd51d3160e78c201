"""Times transformers with PyTorch on a GGUF file of `janus quantize --type bf16`.

    python transformers_peer.py MODEL.gguf --dtype bf16 --tokens 608 --threads 2

The steps are those of transformers' own loops without their sampling and bookkeeping, so a little faster than these.
"""

import argparse
import pathlib
import sys

import measure

measure.require("torch", "transformers", "gguf", "numpy")

import gguf
import numpy as np
import torch
from transformers import DynamicCache, JanusConfig, JanusForConditionalGeneration
from transformers.utils import logging

from janus_file import JanusFile

sys.path.append(str(pathlib.Path(__file__).parents[1] / "reference"))
import layouts

logging.set_verbosity_error()
logging.disable_progress_bar()

DTYPES = {"f32": torch.float32, "bf16": torch.bfloat16}


def to_torch(tensor):
    values = torch.from_numpy(tensor.data)
    if tensor.tensor_type == gguf.GGMLQuantizationType.BF16:
        values = values.view(torch.bfloat16)
    return values.reshape(tuple(map(int, reversed(tensor.shape))))


def load(path, dtype):
    file = JanusFile(path)
    tensors = {name: to_torch(tensor) for name, tensor in file.tensors.items()}
    config = file.config
    if file.original:
        tensors = layouts.to_transformers(tensors)
        config = layouts.transformers_config(config, tensors, image_token_id=0)
    config["tie_word_embeddings"] = False
    model, info = JanusForConditionalGeneration.from_pretrained(
        None, config=JanusConfig(**config), state_dict=tensors, dtype=dtype, output_loading_info=True
    )
    if info["missing_keys"] or info["unexpected_keys"]:
        sys.exit(f"model, {path}: expected the tensors of its config, found others: {info}; make the file again")
    return model.eval()


class Peer:
    def __init__(self, model, dtype):
        self.model, self.dtype = model, dtype
        self.inner, self.language = model.model, model.model.language_model
        vision = model.config.vision_config
        self.pixels = torch.rand(1, 3, vision.image_size, vision.image_size).to(dtype) * 2 - 1
        self.codes = torch.arange(vision.num_image_tokens)[None] * 101 % model.config.vq_config.num_embeddings

    def embeddings(self, tokens, rows=1):
        ids = torch.arange(1, tokens + 1) % self.language.config.vocab_size
        return self.language.embed_tokens(ids.expand(rows, -1))

    def vision(self):
        return self.inner.get_image_features(self.pixels).pooler_output

    def prefill(self, tokens):
        """Logits after the ids 1, 2, .. `tokens`: [V]."""
        hidden = self.language(inputs_embeds=self.embeddings(tokens), use_cache=True).last_hidden_state
        return self.model.lm_head(hidden[0, -1])

    def decode(self, what, rows, choose):
        """`choose` makes the next embeddings of the last hidden state: [B, D] -> [B, 1, D]."""
        cache = DynamicCache(config=self.language.config)
        tokens = measure.CONTEXT - measure.STEPS // 2
        out = self.language(inputs_embeds=self.embeddings(tokens, rows), past_key_values=cache)

        def step():
            nonlocal out
            out = self.language(inputs_embeds=choose(out.last_hidden_state[:, -1]), past_key_values=cache)

        measure.decode(what, rows, step)

    def next_word(self, hidden):
        return self.language.embed_tokens(self.model.lm_head(hidden).argmax(-1, keepdim=True))

    def next_code(self, hidden, guidance=5):
        conditional, unconditional = self.inner.generation_head(hidden)
        code = (unconditional + guidance * (conditional - unconditional)).argmax(-1)
        return self.model.prepare_embeddings_for_image_generation(code.expand(2, 1))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--dtype", choices=DTYPES, required=True)
    parser.add_argument("--tokens", type=int, required=True, help="of the prompt, with the picture's")
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--logits", help="only writes the logits after the ids 1, 2, .. N to this .npy file")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    dtype = DTYPES[arguments.dtype]
    with torch.inference_mode():
        peer = Peer(load(arguments.model, dtype), dtype)
        if arguments.logits:
            np.save(arguments.logits, peer.prefill(measure.CHECKED).float().numpy())
            return
        measure.whole_pass("vision", peer.vision)
        measure.whole_pass("prefill", lambda: peer.prefill(arguments.tokens))
        peer.decode("text_decode", 1, peer.next_word)
        peer.decode("image_decode", 2, peer.next_code)
        measure.whole_pass("vq_decode", lambda: peer.inner.vqmodel.decode(peer.codes))


if __name__ == "__main__":
    main()
