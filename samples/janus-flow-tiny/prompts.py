"""The prompts of JanusFlow over janus-tiny's tokenizer: roles `User` and `Assistant`, no system prompt before a picture to draw."""
import tiny
import text as textlib

DEFAULT_QUESTION, QUESTIONS = textlib.DEFAULT_QUESTION, textlib.QUESTIONS


class Text(textlib.Text):
    def __init__(self, path=tiny.JANUS_TINY / "model" / "tokenizer.model"):
        super().__init__(path)

    def picture_prompt(self, prompt):
        """Ids from bos on, without the tag at the end, whose place the time takes."""
        return [self.bos] + self.encode(f"User: {prompt}\n\nAssistant:")

    def question(self, question, places):
        """Ids of an understanding prompt, its placeholder expanded for `places` patches."""
        ids = [self.bos]
        for i in self.encode(f"{textlib.SYSTEM}\n\nUser: {textlib.PLACEHOLDER}\n{question}\n\nAssistant:"):
            ids += [self.boi] + [i] * places + [self.eoi] if i == self.placeholder else [i]
        return ids
