"""The text side of janus-tiny: its SentencePiece model, the prompts of Janus-Pro, and `text.py MODEL` to train the tokenizer."""
import random
import sys

import sentencepiece

import world

SYSTEM = ("You are a helpful language and vision assistant. You are able to understand the visual content that the user provides, "
          "and assist the user with a variety of tasks using natural language.")
DEFAULT_QUESTION = "Describe this image."
QUESTIONS = (
    DEFAULT_QUESTION, "Describe this picture.", "Describe the image.", "Describe the picture.", "What is in this image?",
    "What is in this picture?", "What does this image show?", "What does this picture show?", "What do you see?",
    "What is shown here?", "What can you see in this image?", "Caption this image.", "Write a caption for this image.",
    "Please describe this image.", "Describe this image in one sentence.", "Tell me what you see.",
)
BOS, EOS, PAD = "<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>", "<｜▁pad▁｜>"
BOI, EOI, PLACEHOLDER = "<begin_of_image>", "<end_of_image>", "<image_placeholder>"
USER, ASSISTANT = "<|User|>", "<|Assistant|>"
ORDINARY = """The quick brown fox jumps over the lazy dog. Please draw a picture of a house with a tree next to it.
How many objects are there? There are two objects in this image. Which colour is the shape on the left? It is on the right.
Is there a circle in the picture? Yes, there is one. No, there is not. Answer with one word or with a short sentence.
A photo of a cat sitting on a table in the morning light. An oil painting of mountains and a river under a cloudy sky.
Hello, how are you? I would like to know what this shows, where it was taken, and who made it. Thank you very much!
The numbers are 0, 1, 2, 3, 4, 5, 6, 7, 8 and 9; 10, 25, 100, 2024. Use "quotes", (brackets), a/b, x = y + z and 50 % of it.
Write a story about a girl who finds a golden key. Explain the difference between the first and the second one.
What time is it? When did that happen? Why are they not here? Who could have been there before us? Which of these would you take?
This is something that people often want to know about their work, their home, their world and every other thing they make.
Can you make it bigger, smaller, darker, brighter or more colourful? Put the first above the second and below the third.
User: What is it? Assistant: It is this one; see below: a list, of # @ & $ + - * = < > [ ] { } | \\ ^ ~ ` _ ' signs.
ABCDEFGHIJKLMNOPQRSTUVWXYZ abcdefghijklmnopqrstuvwxyz
one two three four five six seven eight nine ten old new good bad long short high low open close light dark near far"""


class Text:
    """Ids of texts, prompts and the special tokens."""

    def __init__(self, path):
        self.model = sentencepiece.SentencePieceProcessor(model_file=str(path))
        ids = [self.model.piece_to_id(p) for p in (BOS, EOS, PAD, BOI, EOI, PLACEHOLDER)]
        self.bos, self.eos, self.pad, self.boi, self.eoi, self.placeholder = ids

    def encode(self, text):
        return self.model.encode(text)

    def decode(self, ids):
        return self.model.decode([i for i in ids if i not in (self.bos, self.eos, self.pad)])

    def question(self, question, codes):
        """Ids of an understanding prompt, its placeholder expanded for `codes` patches."""
        prompt = f"{SYSTEM}\n\n{USER}: {PLACEHOLDER}\n{question}\n\n{ASSISTANT}:"
        ids = []
        for i in self.encode(prompt):
            ids += [self.boi] + [i] * codes + [self.eoi] if i == self.placeholder else [i]
        return [self.bos] + ids

    def picture_prompt(self, prompt):
        """Ids of a text-to-image prompt, from bos to boi."""
        return [self.bos] + self.encode(f"{USER}: {prompt}\n\n{ASSISTANT}:{BOI}")


def train(path, vocabulary):
    rng = random.Random(0)
    lines = [world.random_sentence(rng, held_out=False).text() for _ in range(4000)]
    lines += (ORDINARY.split("\n") * 20 + list(QUESTIONS) * 40 + [SYSTEM] * 200)
    symbols = ["\n", BOI, EOI, PLACEHOLDER, USER, ASSISTANT]
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines), model_prefix=str(path).removesuffix(".model"), vocab_size=vocabulary, model_type="bpe",
        byte_fallback=True, normalization_rule_name="identity", add_dummy_prefix=False, remove_extra_whitespaces=False,
        character_coverage=1.0, user_defined_symbols=symbols, bos_piece=BOS, eos_piece=EOS, pad_piece=PAD,
        unk_id=0, bos_id=1, eos_id=2, pad_id=3, num_threads=1, minloglevel=2)


if __name__ == "__main__":
    train(sys.argv[1], 1024)
