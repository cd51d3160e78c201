"""Training examples of janus-tiny: pictures as `describe` meets them, and codes with prompts as `generate` needs them."""
import cv2
import numpy as np
import torch
from PIL import Image, ImageFilter

import sizes
import text as textlib
import vq as vqlib
import world

# Of the scenes that `generate` learns to draw: one object alone comes in three sizes, so it takes as many examples as two.
PAIR_SHARE = 0.45


def clean_picture(sentence, rng):
    """A picture as `generate` should draw it."""
    return world.draw(world.place_calm(sentence, rng), sentence.background, sizes.IMAGE_SIZE, 8)


def met_picture(sentence, rng):
    """A picture as any renderer or file of flat scenes might deliver it, resized as the image processor does, and its objects."""
    side = sizes.IMAGE_SIZE
    kind = rng.random()
    if kind < 0.4:
        pixels = side
    elif kind < 0.7:
        pixels = rng.choice((96, 112, 128, 160, 192, 224, 256))
    else:
        pixels = rng.randint(48, 384)
    supersampling = rng.choice((1, 2, 3, 4, 4, 8)) if pixels <= 128 else rng.choice((1, 2))
    objects = world.place(sentence, rng)
    picture = world.draw(objects, sentence.background, pixels, supersampling)
    if rng.random() < 0.12:
        picture = cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.2, 0.6) * pixels / side)
    if rng.random() < 0.12:
        quality = [cv2.IMWRITE_JPEG_QUALITY, rng.randint(60, 97)]
        picture = cv2.imdecode(cv2.imencode(".jpg", picture[..., ::-1], quality)[1], cv2.IMREAD_COLOR)[..., ::-1]
    if pixels != side:
        how = Image.Resampling.BICUBIC if rng.random() < 0.85 else Image.Resampling.LANCZOS
        picture = np.asarray(Image.fromarray(picture).resize((side, side), how))
    if rng.random() < 0.15:
        noise = np.random.default_rng(rng.getrandbits(32)).normal(0, rng.uniform(0.5, 4), picture.shape)
        picture = np.clip(picture + noise, 0, 255).astype(np.uint8)
    return picture, objects


def pixels_of(pictures):
    """List of uint8 [h, w, 3] -> float [B, 3, h, w] in -1..1."""
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float() / 127.5 - 1


def told(sentence, rng):
    """The sentence, or its other telling: a prompt may use any of the four relations."""
    if sentence.relation and rng.random() < 0.5:
        other = {"left of": "right of", "above": "below"}[sentence.relation]
        return world.Sentence(sentence.objects[::-1], sentence.background, sentence.size, other)
    return sentence


def typed(sentence, rng):
    """A prompt as people type it: now and then with a capital or a full stop."""
    prompt = sentence.text()
    if rng.random() < 0.08:
        prompt = prompt.capitalize()
    return prompt + "." if rng.random() < 0.06 else prompt


class SceneEncoder:
    """Codes of clean pictures, with one fixed code for every patch that shows nothing but background.

    The encoder gives such patches some fifty different codes, depending on what lies around them, which tells the decoder of
    pictures nothing it could not do without (train_vq.py teaches it so) and costs the language model most of its effort.
    """

    def __init__(self, vq):
        self.vq = vq
        plain = [np.full((sizes.IMAGE_SIZE, sizes.IMAGE_SIZE, 3), value, np.uint8) for value in world.BACKGROUNDS.values()]
        middle = sizes.GRID // 2 * (sizes.GRID + 1)
        codes = vqlib.encode(vq, pixels_of(plain))[:, middle]
        self.ground = dict(zip(world.BACKGROUNDS.values(), codes.tolist()))

    def encode(self, pictures):
        """List of uint8 [h, w, 3] -> codes [B, N]."""
        with torch.autocast("cpu", torch.bfloat16):
            codes = vqlib.encode(self.vq, pixels_of(pictures).contiguous(memory_format=torch.channels_last))
        g, p = sizes.GRID, sizes.PATCH
        patches = torch.from_numpy(np.stack(pictures)).view(-1, g, p, g, p * 3).transpose(2, 3).reshape(len(pictures), g * g, -1)
        for value, code in self.ground.items():
            codes[(patches == value).all(-1)] = code
        return codes


class CodePool:
    """Drawn scenes and their codes; grows with every batch, so a scene is met a few times and then ever less."""

    def __init__(self, vq, rng, capacity=60000):
        self.encoder, self.rng, self.capacity = SceneEncoder(vq), rng, capacity
        self.sentences, self.codes = [], []

    def grow(self, count):
        fresh = [world.random_sentence(self.rng, held_out=False, pair_share=PAIR_SHARE).canonical() for _ in range(count)]
        codes = self.encoder.encode([clean_picture(s, self.rng) for s in fresh])
        for sentence, row in zip(fresh, codes.to(torch.int16)):
            if len(self.codes) < self.capacity:
                self.sentences.append(sentence)
                self.codes.append(row)
            else:
                k = self.rng.randrange(self.capacity)
                self.sentences[k], self.codes[k] = sentence, row

    def sample(self, count):
        chosen = [self.rng.randrange(len(self.codes)) for _ in range(count)]
        return [told(self.sentences[k], self.rng) for k in chosen], torch.stack([self.codes[k] for k in chosen]).long()


def describe_batch(text, rng, count):
    """-> pixels, ids [B, T] right-padded, targets [B, T] with -100 where nothing is to be learnt."""
    pictures, rows = [], []
    for _ in range(count):
        sentence = world.random_sentence(rng, held_out=False).canonical()
        pictures.append(met_picture(sentence, rng)[0])
        question = textlib.DEFAULT_QUESTION if rng.random() < 0.6 else rng.choice(textlib.QUESTIONS)
        prompt = text.question(question, sizes.CODES)
        rows.append((prompt, text.encode(sentence.text()) + [text.eos]))
    longest = max(len(p) + len(a) for p, a in rows)
    ids = torch.full((count, longest), text.pad)
    targets = torch.full((count, longest), -100)
    for k, (prompt, answer) in enumerate(rows):
        ids[k, : len(prompt) + len(answer)] = torch.tensor(prompt + answer)
        targets[k, len(prompt) - 1 : len(prompt) + len(answer) - 1] = torch.tensor(answer)
    return pixels_of(pictures), ids, targets


def without_prompt(ids, text):
    """The unconditional row: all but bos and boi becomes pad."""
    return [i if i in (text.bos, text.boi) else text.pad for i in ids]
