"""The reference: JanusForConditionalGeneration in float32, every stage of it by name.

Pictures are prepared by the rule of the original processor and prompts are built by hand: transformers' own
processor rounds sizes differently and supposes 576 tokens. Its quantiser does not normalise when encoding, so the
nearest code is looked up here.
"""

import copy
import json
import os
import pathlib

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from safetensors.torch import load_file
from transformers import JanusConfig, JanusForConditionalGeneration
from transformers.utils import logging

import layouts
from tiny_tokenizer import BEGIN, BEGIN_IMAGE, END, END_IMAGE, PAD, PLACEHOLDER, SYSTEM

logging.set_verbosity_error()
logging.disable_progress_bar()


class TextTokenizer:
    """tokenizer.json or tokenizer.model of a folder through the Python packages that define them."""

    def __init__(self, folder):
        self.added = {}
        if (folder / "tokenizer.json").exists():
            from tokenizers import AddedToken, Tokenizer

            self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
            if self._tokenizer.token_to_id(PLACEHOLDER) is None:
                # The original processor appends it: the next id after the largest.
                self._tokenizer.add_special_tokens([AddedToken(PLACEHOLDER, normalized=False)])
            self._encode = lambda text: self._tokenizer.encode(text, add_special_tokens=False).ids
            self._id_of = self._tokenizer.token_to_id
            self._decode = lambda ids: self._tokenizer.decode(ids, skip_special_tokens=True)
        else:
            import sentencepiece

            model = sentencepiece.SentencePieceProcessor(model_file=str(folder / "tokenizer.model"))
            specials = [i for i in range(model.vocab_size()) if model.is_control(i)]
            self._encode = model.encode
            self._id_of = lambda text: model.piece_to_id(text) if model.piece_to_id(text) != model.unk_id() else None
            self._decode = lambda ids: model.decode([i for i in ids if i not in specials])

    def encode(self, text):
        """Ids of `text` alone: no begin token."""
        return self._encode(text)

    def decode(self, ids):
        return self._decode(ids)

    def id_of(self, token):
        return self._id_of(token)


def long_side_size(width, height, side, min_size):
    """The size a picture is resized to, divided, multiplied and truncated in double, in the original's order."""
    longest = max(width, height)
    return max(int(width / longest * side), min_size), max(int(height / longest * side), min_size)


class Reference:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.tokenizer = TextTokenizer(self.folder)
        config = json.loads((self.folder / "config.json").read_text())
        self.layout = "original" if config["model_type"] == "multi_modality" else "transformers"
        if self.layout == "original":
            self.model = self._load_original(config)
        else:
            self.model = JanusForConditionalGeneration.from_pretrained(
                self.folder, dtype=torch.float32, attn_implementation="eager"
            )
        self.model.eval()
        self.inner = self.model.model
        self.decoder = self.inner.language_model
        id_of = self.tokenizer.id_of
        self.begin, self.end, self.pad = id_of(BEGIN), id_of(END), id_of(PAD)
        self.begin_image, self.end_image = id_of(BEGIN_IMAGE), id_of(END_IMAGE)
        self.placeholder = id_of(PLACEHOLDER)
        vision = self.model.config.vision_config
        self.image_size, self.grid = vision.image_size, vision.image_size // vision.patch_size
        self.tokens = self.grid**2
        pro = id_of("<|User|>") is not None
        self.user, self.assistant = ("<|User|>", "<|Assistant|>") if pro else ("User", "Assistant")

    def _load_original(self, config):
        tensors = {}
        for file in sorted(self.folder.glob("*.safetensors")):
            tensors.update(load_file(file))
        if not tensors:
            for file in sorted(self.folder.glob("pytorch_model*.bin")):
                tensors.update(torch.load(file, map_location="cpu", weights_only=True))
        tensors = layouts.to_transformers({name: tensor.float() for name, tensor in tensors.items()})
        config = layouts.transformers_config(config, tensors, self.tokenizer.id_of(PLACEHOLDER))
        config["attn_implementation"] = "eager"
        model = JanusForConditionalGeneration(JanusConfig(**config))
        missing, unexpected = model.load_state_dict(tensors, strict=False, assign=True)
        if missing or unexpected:
            raise KeyError(f"missing {missing}, unexpected {unexpected}")
        return model

    # Pictures.

    def resize_and_pad(self, picture):
        """PIL image -> u8 [S, S, 3], by the original VLMImageProcessor."""
        config = json.loads((self.folder / "preprocessor_config.json").read_text())
        side = config.get("image_size") or config["size"]["height"]
        size = long_side_size(*picture.size, side, config["min_size"])
        if size != picture.size:
            picture = picture.resize(size, Image.BICUBIC)
        canvas = Image.new("RGB", (side, side), tuple(int(mean * 255) for mean in config["image_mean"]))
        canvas.paste(picture, ((side - size[0]) // 2, (side - size[1]) // 2))
        return np.asarray(canvas)

    def pixels(self, picture, normalize=None):
        """PIL image -> f32 [3, S, S]; normalised as the checkpoint says, or as told: the VQ tokenizer wants -1..1."""
        config = json.loads((self.folder / "preprocessor_config.json").read_text())
        values = (self.resize_and_pad(picture) * config["rescale_factor"]).astype(np.float32)
        if config.get("do_normalize", True) if normalize is None else normalize:
            values = (values - np.float32(config["image_mean"])) / np.float32(config["image_std"])
        return torch.from_numpy(values.transpose(2, 0, 1).copy())

    @torch.no_grad()
    def vision(self, pixels):
        """-> features [N, D] after the final norm, {stage: tensor} of what leads to them."""
        vision = self.inner.vision_model
        outputs = {}
        hooks = [vision.embeddings.register_forward_hook(lambda m, i, o: outputs.update({"embeddings": o[0]}))]
        for k, block in enumerate(vision.encoder.layers):
            hooks.append(block.register_forward_hook(lambda m, i, o, k=k: outputs.update({f"blocks.{k}": o[0]})))
        features = vision(pixels[None]).last_hidden_state[0]
        for hook in hooks:
            hook.remove()
        return features, outputs

    @torch.no_grad()
    def aligned(self, features):
        return self.inner.aligner(features)

    # Prompts.

    def expand(self, text):
        """Begin token, ids of `text`, each placeholder replaced by begin of image, N placeholders, end of image."""
        ids = [self.begin]
        for token in self.tokenizer.encode(text):
            if token == self.placeholder:
                ids += [self.begin_image] + [token] * self.tokens + [self.end_image]
            else:
                ids.append(token)
        return ids

    def question_text(self, question, images=1):
        content = (f"{PLACEHOLDER}\n" * images + question).strip()
        return f"{SYSTEM}\n\n{self.user}: {content}\n\n{self.assistant}:"

    def question_ids(self, question, images=1):
        return self.expand(self.question_text(question, images))

    def picture_ids(self, prompt):
        text = f"{self.user}: {prompt.strip()}\n\n{self.assistant}:{BEGIN_IMAGE}"
        return [self.begin] + self.tokenizer.encode(text)

    def unconditional(self, ids):
        """Everything between the begin token and the begin of the image is padding, which stays visible."""
        return [ids[0]] + [self.pad] * (len(ids) - 2) + [ids[-1]]

    # The decoder.

    @torch.no_grad()
    def embed(self, ids, pixels):
        """Token embeddings [T, D] with the aligned embeddings of `pixels` (a list) in the placeholders' places."""
        ids = torch.tensor(ids)
        embeddings = self.decoder.embed_tokens(ids)
        if pixels:
            aligned = torch.cat([self.aligned(self.vision(p)[0]) for p in pixels])
            embeddings[ids == self.placeholder] = aligned
        return embeddings

    @torch.no_grad()
    def hidden(self, embeddings):
        """[B, T, D] -> hidden states after the final norm, {layer: output}."""
        outputs = {}
        hooks = [
            layer.register_forward_hook(lambda m, i, o, k=k: outputs.update({f"layers.{k}": o}))
            for k, layer in enumerate(self.decoder.layers)
        ]
        hidden = self.decoder(inputs_embeds=embeddings, use_cache=False).last_hidden_state
        for hook in hooks:
            hook.remove()
        return hidden, outputs

    @torch.no_grad()
    def score_text(self, prompt_ids, pixels, answer_ids):
        """Logits [n, V] and log-probabilities [n] of forced ids, through the model's own merge of the pictures."""
        ids = torch.tensor([prompt_ids + answer_ids])
        logits = self.model(input_ids=ids, pixel_values=torch.stack(pixels) if pixels else None).logits[0]
        logits = logits[len(prompt_ids) - 1 : -1]
        return logits, _chosen(logits, answer_ids)

    @torch.no_grad()
    def greedy_text(self, prompt_ids, pixels, count):
        """New ids up to the end token, and for every step how far the best logit is above the second."""
        embeddings, cache, ids, margins = self.embed(prompt_ids, pixels)[None], None, [], []
        for _ in range(count):
            output = self.decoder(inputs_embeds=embeddings, past_key_values=cache, use_cache=True)
            cache = output.past_key_values
            best = self.model.lm_head(output.last_hidden_state[0, -1]).topk(2)
            margins.append(float(best.values[0] - best.values[1]))
            if int(best.indices[0]) == self.end:
                break
            ids.append(int(best.indices[0]))
            embeddings = self.decoder.embed_tokens(torch.tensor([[ids[-1]]]))
        return ids, margins

    @torch.no_grad()
    def code_logits(self, prompt_ids, codes):
        """Hidden states [2, n, D] and logits [2, n, codebook] under forced codes: conditional, then unconditional."""
        prompts = torch.tensor([prompt_ids, self.unconditional(prompt_ids)])
        embeddings = self.decoder.embed_tokens(prompts)
        forced = self.model.prepare_embeddings_for_image_generation(torch.tensor(codes[:-1], dtype=torch.long))
        embeddings = torch.cat([embeddings, forced.expand(2, -1, -1)], dim=1)
        hidden = self.hidden(embeddings)[0][:, len(prompt_ids) - 1 :]
        return hidden, self.inner.generation_head(hidden)

    @staticmethod
    def guided(logits, guidance):
        conditional, unconditional = logits
        return unconditional + guidance * (conditional - unconditional)

    def score_codes(self, prompt_ids, codes, guidance):
        return _chosen(self.guided(self.code_logits(prompt_ids, codes)[1], guidance), codes)

    @torch.no_grad()
    def greedy_codes(self, prompt_ids, guidance):
        """Codes of an image at temperature 0, and for every step how far the best guided logit is above the second."""
        prompts = torch.tensor([prompt_ids, self.unconditional(prompt_ids)])
        embeddings, cache, codes, margins = self.decoder.embed_tokens(prompts), None, [], []
        for _ in range(self.tokens):
            output = self.decoder(inputs_embeds=embeddings, past_key_values=cache, use_cache=True)
            cache = output.past_key_values
            best = self.guided(self.inner.generation_head(output.last_hidden_state[:, -1]), guidance).topk(2)
            margins.append(float(best.values[0] - best.values[1]))
            codes.append(int(best.indices[0]))
            embedding = self.model.prepare_embeddings_for_image_generation(torch.tensor([[codes[-1]]]))
            embeddings = embedding.expand(2, -1, -1)
        return codes, margins

    # The VQ tokenizer.

    @torch.no_grad()
    def decode(self, codes):
        """-> image [3, h, w], {stage: tensor}. Each stage is channels first."""
        vq, outputs = self.inner.vqmodel, {}
        decoder = vq.decoder
        stages = {"lookup": None, "post_quant_conv": vq.post_quant_conv, "conv_in": decoder.conv_in, "mid": decoder.mid.block_2}
        for k, level in enumerate(decoder.up):
            last = level.attn[-1] if len(level.attn) else level.block[-1]
            stages[f"up.{k}"] = level.upsample if hasattr(level, "upsample") else last
        hooks = [
            module.register_forward_hook(lambda m, i, o, name=name: outputs.update({name: o[0].clone()}))
            for name, module in stages.items()
            if module is not None
        ]
        # The lookup is the only place where transformers normalises the codebook: held against our own here.
        rows = F.normalize(vq.quantize.embedding.weight[torch.tensor(codes)], dim=-1)
        outputs["lookup"] = rows.T.reshape(-1, self.grid, self.grid)
        image = vq.decode(torch.tensor([codes]))[0]
        for hook in hooks:
            hook.remove()
        mine = vq.decoder(vq.post_quant_conv(outputs["lookup"][None]))[0]
        if not torch.allclose(mine, image, atol=1e-5):
            raise AssertionError("transformers no longer normalises codebook rows at lookup")
        return image, outputs

    @torch.no_grad()
    def decode_in_double(self, codes):
        """-> image [3, h, w] of the same weights in float64: how far decode is from it is the rounding of transformers itself."""
        vq = copy.deepcopy(self.inner.vqmodel).double()
        rows = F.normalize(vq.quantize.embedding.weight[torch.tensor(codes)], dim=-1)
        return vq.decoder(vq.post_quant_conv(rows.T.reshape(1, -1, self.grid, self.grid)))[0]

    @torch.no_grad()
    def latent(self, pixels):
        """-> latent [d, h, w] after quant_conv, {stage: tensor}. Each stage is channels first."""
        vq, outputs = self.inner.vqmodel, {}
        encoder = vq.encoder
        stages = {"conv_in": encoder.conv_in, "mid": encoder.mid.block_2, "conv_out": encoder.conv_out}
        for k, level in enumerate(encoder.down):
            last = level.attn[-1] if len(level.attn) else level.block[-1]
            stages[f"down.{k}"] = level.downsample if hasattr(level, "downsample") else last
        hooks = [
            module.register_forward_hook(lambda m, i, o, name=name: outputs.update({name: o[0].clone()}))
            for name, module in stages.items()
        ]
        latent = vq.quant_conv(encoder(pixels[None]))[0]
        for hook in hooks:
            hook.remove()
        return latent, outputs

    @torch.no_grad()
    def nearest_codes(self, latent):
        """Codes by the largest cosine, and how far the best cosine is above the second."""
        vectors = F.normalize(latent.flatten(1).T.double(), dim=-1)
        codebook = F.normalize(self.inner.vqmodel.quantize.embedding.weight.double(), dim=-1)
        best = (vectors @ codebook.T).topk(2)
        return best.indices[:, 0].tolist(), (best.values[:, 0] - best.values[:, 1]).tolist()


def _chosen(logits, ids):
    """Log-probabilities of `ids`, in double from the logits on."""
    return F.log_softmax(logits.double(), dim=-1)[torch.arange(len(ids)), torch.tensor(ids)]


def use_threads(count=None):
    torch.set_num_threads(count or int(os.environ.get("OMP_NUM_THREADS", "1")))
