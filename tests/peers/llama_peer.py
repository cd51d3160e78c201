"""Times llama.cpp, through its PyPI package, on the files of janus_file.write_llama.

    python llama_peer.py TEXT.gguf CODES.gguf --tokens 608 --threads 2

TEXT reads a prompt and takes steps of one sequence, CODES takes steps of two. Every setting is llama.cpp's default.
"""

import argparse
import sys

import measure

measure.require("llama_cpp", "numpy")

import llama_cpp as llama
import numpy as np

CELLS = 1024  # of the cache, a sequence


@llama.llama_log_callback
def errors_only(level, text, data):
    if level == 4:  # GGML_LOG_LEVEL_ERROR
        sys.stderr.write(text.decode(errors="replace"))


class Decoder:
    """A file, and a context of some sequences that all get the same ids."""

    def __init__(self, path, sequences, threads):
        self.model = llama.llama_model_load_from_file(path.encode(), llama.llama_model_default_params())
        if not self.model:
            sys.exit(f"model, {path}: expected a file that llama.cpp loads; its lines above say what it found")
        params = llama.llama_context_default_params()
        params.n_ctx, params.n_seq_max = CELLS * sequences, sequences
        params.n_threads = params.n_threads_batch = threads
        self.context = llama.llama_init_from_model(self.model, params)
        self.batch = llama.llama_batch_init(CELLS * sequences, 0, 1)
        self.vocabulary = llama.llama_vocab_n_tokens(llama.llama_model_get_vocab(self.model))
        self.sequences, self.position = sequences, 0

    def close(self):
        llama.llama_batch_free(self.batch)
        llama.llama_free(self.context)
        llama.llama_model_free(self.model)

    def forward(self, ids):
        """Logits of the last id, of the first sequence: [V]."""
        batch, at = self.batch, 0
        for sequence in range(self.sequences):
            for k, token in enumerate(ids):
                batch.token[at], batch.pos[at], batch.logits[at] = token, self.position + k, k == len(ids) - 1
                batch.n_seq_id[at], batch.seq_id[at][0] = 1, sequence
                at += 1
        batch.n_tokens = at
        if llama.llama_decode(self.context, batch) != 0:
            sys.exit("llama_decode: expected 0; llama.cpp's lines above say what it found")
        self.position += len(ids)
        return np.ctypeslib.as_array(llama.llama_get_logits_ith(self.context, len(ids) - 1), (self.vocabulary,))

    def prefill(self, tokens):
        llama.llama_memory_clear(llama.llama_get_memory(self.context), True)
        self.position = 0
        return self.forward([k % self.vocabulary for k in range(1, tokens + 1)])

    def decode(self, what):
        logits = self.prefill(measure.CONTEXT - measure.STEPS // 2)

        def step():
            nonlocal logits
            logits = self.forward([int(logits.argmax())])

        measure.decode(what, self.sequences, step)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("text")
    parser.add_argument("codes")
    parser.add_argument("--tokens", type=int, required=True, help="of the prompt")
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--logits", help="only writes the logits after the ids 1, 2, .. N to this .npy file")
    arguments = parser.parse_args()
    llama.llama_log_set(errors_only, None)
    llama.llama_backend_init()

    text = Decoder(arguments.text, 1, arguments.threads)
    if arguments.logits:
        np.save(arguments.logits, text.prefill(measure.CHECKED))
        return
    measure.whole_pass("prefill", lambda: text.prefill(arguments.tokens))
    text.decode("text_decode")
    text.close()
    codes = Decoder(arguments.codes, 2, arguments.threads)
    codes.decode("image_decode")
    codes.close()


if __name__ == "__main__":
    main()
