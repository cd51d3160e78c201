"""Small byte-level BPE tokenizers with DeepSeek's splits and the special tokens of Janus, trained on a fixed text."""

import json
import pathlib

from tokenizers import Tokenizer, models, trainers
from tokenizers.pre_tokenizers import ByteLevel

SYSTEM = (
    "You are a helpful language and vision assistant. You are able to understand the visual content that the user "
    "provides, and assist the user with a variety of tasks using natural language."
)
BEGIN, END, PAD = "<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>", "<｜▁pad▁｜>"
BEGIN_IMAGE, END_IMAGE, PLACEHOLDER = "<begin_of_image>", "<end_of_image>", "<image_placeholder>"
BEGIN_GENERATION = "<｜begin▁of▁generation｜>"
SPACE = " \t\n\r\f\v"  # what an answer has not at its ends
PRE_TOKENIZER = pathlib.Path(__file__).resolve().parent.parent / "data" / "deepseek-pre-tokenizer.json"
# DeepSeek's ordinary added tokens, in the numbering of Janus-1.3B and Janus-Pro-7B: the byte symbols of the bytes that
# no UTF-8 text has, which the trained vocabulary lacks.
_ORDINARY = "øöúÿõ÷ûýÀùÁþü"
_RESERVED = 4  # of the 576 reserved slots

_TEXT = [
    SYSTEM,
    "Describe this image.",
    "What is in the picture? A small red circle on a white background.",
    "a large blue star left of a green triangle on a black background",
    "A portrait of young girl. masterpiece, film grained, best quality.",
    "How many objects are there? There are 3 objects: a ring, a cross and a square.",
    "User: Assistant: the quick brown fox jumps over the lazy dog; 0123456789",
    "图片里有什么？一只小猫坐在草地上。你好，世界！",
    "Die Straße ist naß; ein Bär läuft über die Brücke. Ça va très bien, déjà vu.",
]


def special_tokens(family):
    """The added tokens of a family, in the order of their ids: (text, special)."""
    reserved = [(f"<｜place▁holder▁no▁{i}｜>", True) for i in range(_RESERVED)]
    head = [(BEGIN, True), (END, True)]
    image = [(BEGIN_IMAGE, True)] + reserved + [(END_IMAGE, True)]
    ordinary = [(text, False) for text in _ORDINARY]
    if family == "janus-1.3b":
        return head + ordinary + [(PAD, True)] + image
    if family.startswith("janusflow"):  # no slots; its processor adds the tags that are missing
        tags = [PAD, BEGIN_IMAGE, END_IMAGE]
        if family == "janusflow":
            tags += [PLACEHOLDER, BEGIN_GENERATION]
        return head + ordinary + [(text, True) for text in tags]
    if family == "janus-pro-7b":
        head += ordinary
    roles = ["<|ref|>", "<|/ref|>", "<|det|>", "<|/det|>", "<|grounding|>", "<|User|>", "<|Assistant|>"]
    return head + [(PAD, True)] + image + [(t, True) for t in [PLACEHOLDER, "<patch_placeholder>"] + roles]


def build(family, base_size):
    """tokenizer.json as a dict: `base_size` ids of the trained vocabulary (at least 243), then the added tokens."""
    empty = json.loads(Tokenizer(models.BPE()).to_str())
    empty["pre_tokenizer"] = json.loads(PRE_TOKENIZER.read_text())
    empty["decoder"] = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True}
    tokenizer = Tokenizer.from_str(json.dumps(empty))
    alphabet = sorted(set(ByteLevel.alphabet()) - set(_ORDINARY))
    trainer = trainers.BpeTrainer(
        vocab_size=base_size, initial_alphabet=alphabet, special_tokens=[], show_progress=False
    )
    tokenizer.train_from_iterator(_TEXT * 4, trainer)
    built = json.loads(tokenizer.to_str())
    base = len(built["model"]["vocab"])
    built["added_tokens"] = [
        {
            "id": base + i,
            "content": text,
            "single_word": False,
            "lstrip": False,
            "rstrip": False,
            "normalized": not special,
            "special": special,
        }
        for i, (text, special) in enumerate(special_tokens(family))
    ]
    if family == "janus-1.3b":
        begin = {"SpecialToken": {"id": BEGIN, "type_id": 0}}
        built["post_processor"] = {
            "type": "TemplateProcessing",
            "single": [begin, {"Sequence": {"id": "A", "type_id": 0}}],
            "pair": [begin, {"Sequence": {"id": "A", "type_id": 0}}, begin, {"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {BEGIN: {"id": BEGIN, "ids": [base], "tokens": [BEGIN]}},
        }
    else:
        # The begin token then comes from tokenizer_config.json's add_bos_token.
        built["post_processor"] = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": False, "use_regex": True}
    return built


def write(folder, family, base_size):
    """Writes tokenizer.json, tokenizer_config.json, special_tokens_map.json; returns {token: id} of the added ones."""
    folder = pathlib.Path(folder)
    built = build(family, base_size)
    (folder / "tokenizer.json").write_text(json.dumps(built, ensure_ascii=False, separators=(",", ":")))

    def token(text):
        return {
            "__type": "AddedToken",
            "content": text,
            "lstrip": False,
            "normalized": True,
            "rstrip": False,
            "single_word": False,
        }

    config = {
        "add_bos_token": True,
        "add_eos_token": False,
        "bos_token": token(BEGIN),
        "clean_up_tokenization_spaces": False,
        "eos_token": token(END),
        "model_max_length": 16384,
        "pad_token": None if family == "janus-1.3b" else PAD,
        "tokenizer_class": "LlamaTokenizerFast",
        "unk_token": None,
        "use_default_system_prompt": family != "janus-1.3b",
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=1, ensure_ascii=False) + "\n")
    names = {"bos_token": BEGIN, "eos_token": END, "pad_token": PAD}
    if family != "janus-1.3b":
        names["additional_special_tokens"] = [
            text for text, special in special_tokens(family) if special and text not in (BEGIN, END, PAD)
        ]
    (folder / "special_tokens_map.json").write_text(json.dumps(names, indent=1, ensure_ascii=False) + "\n")
    return {entry["content"]: entry["id"] for entry in built["added_tokens"]}
