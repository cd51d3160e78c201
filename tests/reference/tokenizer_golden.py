"""Makes tests/data/tokenizer: small tokenizers, a corpus, and the ids and texts that the Python packages give for it.

    python tokenizer_golden.py OUT [--pre-tokenizer FILE]

FILE holds DeepSeek's `pre_tokenizer` section as JSON; without it the one in OUT/bpe.json is used again.

OUT/corpus.json         the texts
OUT/bpe.json            a byte-level BPE tokenizer with DeepSeek's splits and special tokens
OUT/fallback.json       a BPE tokenizer as converted from SentencePiece: no byte level, <0xHH> tokens
OUT/*.model             SentencePiece models
OUT/variants.json       what is compared: a base, the sections of it that are replaced, the files beside it
OUT/NAME.ids            one line for every `stride`-th text: its ids, two characters each (94 * high + low, from "!")
OUT/NAME.decoded.json   {index: text} where decoding the ids does not give the text back
OUT/splits.json         patterns, texts and how `tokenizers` splits them
"""
import argparse
import json
import pathlib
import re
import unicodedata

import sentencepiece
import tokenizers
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

import tokenizer_corpus as corpus

LINES, SEED, TRAINING_SEED = 10400, 1, 2
BOS, EOS, PAD = corpus.SPECIAL[:3]
NORMALIZED = ("flags", "accents", "composed")
PLACES = [f"<｜place▁holder▁no▁{i}｜>" for i in range(8)]
LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
          r"|\s+(?!\S)|\s+")
DEEPSEEK_V3 = [r"\p{N}{1,3}", "[一-龥\u3040-ゟ゠-ヿ]+",
               r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*"
               r"|\s*[\r\n]+|\s+(?!\S)|\s+"]


def split(pattern):
    return {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}


def byte_level(prefix_space=False, regex=False):
    return {"type": "ByteLevel", "add_prefix_space": prefix_space, "trim_offsets": True, "use_regex": regex}


def added(content, **flags):
    token = dict(id=0, content=content, single_word=False, lstrip=False, rstrip=False, normalized=False, special=False)
    return {**token, **flags}


def numbered(base, tokens):
    """`tokens` with the ids they have in the vocabulary, else the next free ones."""
    vocabulary = base["model"]["vocab"]
    new = [token["content"] for token in tokens if token["content"] not in vocabulary]
    return [{**t, "id": vocabulary.get(t["content"], len(vocabulary) + new.index(t["content"]) if t["content"] in new else 0)} for t in tokens]


def with_pre_tokenizer(tokenizer, section):
    state = json.loads(tokenizer.to_str())
    state["pre_tokenizer"] = section
    return Tokenizer.from_str(json.dumps(state))


def train_bpe(pre_tokenizer):
    tokenizer = with_pre_tokenizer(Tokenizer(models.BPE()), pre_tokenizer)
    # As DeepSeek's: without the bytes that UTF-8 never has. Those 13 characters are its odd added tokens.
    alphabet = sorted(set(pre_tokenizers.ByteLevel.alphabet()) - set(corpus.ODD))
    trainer = trainers.BpeTrainer(vocab_size=4000, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator(corpus.lines(TRAINING_SEED, 12000), trainer)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(t, normalized=False, special=True) for t in corpus.SPECIAL[:4] + PLACES + corpus.SPECIAL[4:]])
    number = tokenizer.token_to_id(BOS)
    tokenizer.post_processor = processors.TemplateProcessing(single=f"{BOS} $A", pair=f"{BOS} $A {BOS}:1 $B:1",
                                                             special_tokens=[(BOS, number)])
    return json.loads(tokenizer.to_str())


def train_fallback():
    """Like the tokenizer.json that transformers converts from a Llama's tokenizer.model."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.pre_tokenizer = pre_tokenizers.Split("▁", "merged_with_next")
    special = ["<unk>", "<s>", "</s>"] + [f"<0x{b:02X}>" for b in range(256)]
    trainer = trainers.BpeTrainer(vocab_size=1200, special_tokens=special, show_progress=False)
    # Few characters, so that the others become bytes.
    tokenizer.train_from_iterator(corpus.word_lines(TRAINING_SEED, 4000, ("english", "german", "cyrillic", "korean")), trainer)
    tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    state = json.loads(tokenizer.to_str())
    state["pre_tokenizer"] = None
    state["added_tokens"] = numbered(state, [added(t, special=True) for t in special[:3]])
    return state


def train_sentencepiece(path, **options):
    # Words alone: every character that is seen must have a place in the vocabulary.
    lines = corpus.word_lines(TRAINING_SEED, 12000)
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines), model_prefix=str(path), vocab_size=1800, byte_fallback=True, character_coverage=0.999,
        bos_piece=BOS, eos_piece=EOS, pad_piece=PAD, unk_id=0, bos_id=1, eos_id=2, pad_id=3, num_threads=1, minloglevel=2, **options)
    path.with_suffix(".vocab").unlink()


def bpe_variants(base):
    """(name, sections to replace, stride)."""
    odd = numbered(base, base["added_tokens"] + [added(t) for t in corpus.ODD])
    flags = numbered(base, [
        added(BOS, special=True), added("<image_placeholder>", lstrip=True, rstrip=True), added("the", single_word=True, normalized=True),
        added("Äpfel", normalized=True), added("世界", normalized=True, rstrip=True), added("  ", lstrip=True), added("мир", single_word=True),
        added("<|User|>", lstrip=True, special=True)])
    normalizer = {"type": "Sequence", "normalizers": [
        {"type": "NFKC"}, {"type": "Lowercase"}, {"type": "Replace", "pattern": {"String": "，"}, "content": ", "},
        {"type": "Replace", "pattern": {"Regex": "\\s{3,}"}, "content": "  "}, {"type": "Strip", "strip_left": False, "strip_right": True}]}
    accents = {"type": "Sequence", "normalizers": [{"type": "NFD"}, {"type": "StripAccents"}, {"type": "Prepend", "prepend": "_"}]}
    sequence = {"type": "Sequence", "pretokenizers": [split(p) for p in DEEPSEEK_V3] + [byte_level()]}
    whitespace = {"type": "Sequence", "pretokenizers": [{"type": "Whitespace"}, {"type": "Digits", "individual_digits": False}, byte_level()]}
    llama3 = {"type": "Sequence", "pretokenizers": [split(LLAMA3), byte_level()]}
    return [
        ("deepseek", {}, 1),
        ("odd_tokens", {"added_tokens": odd}, 4),
        ("gpt2", {"pre_tokenizer": byte_level(True, True), "post_processor": byte_level()}, 8),
        ("llama3", {"pre_tokenizer": llama3, "model": {**base["model"], "ignore_merges": True}}, 4),
        ("deepseek_v3", {"pre_tokenizer": sequence, "normalizer": {"type": "Sequence", "normalizers": []}}, 4),
        ("flags", {"added_tokens": flags, "normalizer": normalizer}, 4),
        ("accents", {"normalizer": accents, "pre_tokenizer": whitespace, "decoder": None}, 8),
        ("composed", {"normalizer": {"type": "NFC"}}, 8),
    ]


def metaspace_variants(base):
    """The three schemes of Metaspace; the first as transformers 5 writes it for Llama's tokenizers."""
    tokens = numbered(base, base["added_tokens"] + [added(t, special=True) for t in (BOS, "<image_placeholder>")])

    def metaspace(scheme, split):
        return {"type": "Metaspace", "replacement": "▁", "prepend_scheme": scheme, "split": split}

    def sections(scheme, split, decoder=None):
        decoder = decoder or {"type": "Sequence", "decoders": [metaspace(scheme, split), {"type": "ByteFallback"}, {"type": "Fuse"}]}
        return {"added_tokens": tokens, "normalizer": None, "pre_tokenizer": metaspace(scheme, split), "decoder": decoder}

    return [
        ("metaspace_first", sections("first", False, base["decoder"]), 16),
        ("metaspace_always", sections("always", True), 16),
        ("metaspace_never", sections("never", True), 16),
    ]


def same_tables(text):
    """Whether `tokenizers` knows how to normalise `text`: its tables are of Unicode 12 or older."""
    return all(getattr(normalizers, form)().normalize_str(text) == unicodedata.normalize(form, text) for form in ("NFKC", "NFC", "NFD")) and (
        normalizers.StripAccents().normalize_str(text) == "".join(c for c in text if unicodedata.category(c)[0] != "M"))


class Golden:
    def __init__(self, out, lines):
        self.out, self.lines, self.variants = out, lines, []

    def write(self, name, stride, encode, decode, **entry):
        ids_lines, decoded, left_out = [], {}, []
        for i in range(0, len(self.lines), stride):
            if name in NORMALIZED and not same_tables(self.lines[i]):
                left_out.append(i)
                ids_lines.append("")
                continue
            ids = encode(self.lines[i])
            assert all(0 <= n < 94 * 94 for n in ids)
            ids_lines.append("".join(chr(33 + n // 94) + chr(33 + n % 94) for n in ids))
            text = decode(ids)
            if text != self.lines[i]:
                decoded[i] = text
        (self.out / f"{name}.ids").write_text("\n".join(ids_lines) + "\n")
        dump(self.out / f"{name}.decoded.json", decoded)
        self.variants.append({"name": name, "stride": stride, **entry, **({"left_out": left_out} if left_out else {})})
        print(f"{name}: {len(ids_lines)} texts, {sum(map(len, ids_lines)) // 2} ids, {len(decoded)} decoded otherwise, "
              f"{len(left_out)} left out (normalisation newer than the reference's tables)")


def dump(path, value):
    path.write_text(json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("],[", "],\n["), newline="")


def write_bpe(golden, base_name, base, variants):
    for name, sections, stride in variants:
        tokenizer = Tokenizer.from_str(json.dumps({**base, **sections}))
        for token in {**base, **sections}["added_tokens"]:
            assert tokenizer.token_to_id(token["content"]) == token["id"], token
        small = {key: value for key, value in sections.items() if key != "model"}
        merge = {"model": {"ignore_merges": True}} if "model" in sections else {}
        golden.write(name, stride, lambda text: tokenizer.encode(text).ids, tokenizer.decode, base=base_name, replace=small, merge=merge)


def write_sentencepiece(golden, name, stride):
    path = golden.out / f"{name}.model"
    first = sentencepiece.SentencePieceProcessor(model_file=str(path))
    # A normalizer_spec of {add_dummy_prefix: false} behind the model is merged into the model's own.
    later = sentencepiece.SentencePieceProcessor(model_proto=path.read_bytes() + bytes([3 << 3 | 2, 2, 3 << 3, 0]))
    control = {first.id_to_piece(i): i for i in range(first.get_piece_size()) if first.is_control(i)}
    cut = re.compile("(" + "|".join(map(re.escape, control)) + ")")

    def encode(text):
        ids = [first.bos_id()]
        for i, part in enumerate(cut.split(text)):
            if part in control:
                ids.append(control[part])
            elif part:
                ids += (first if i == 0 else later).encode(part)
        if not cut.search(text):
            assert ids[1:] == first.encode(text)
        return ids

    golden.write(name, stride, encode, first.decode, base=f"{name}.model")


def splits():
    """How `tokenizers` splits: the engine's syntax, and what becomes of the matches."""
    texts = ["", "Hello  World", "a\nb\n", "a  \nb  \n  c  ", "x\r\ny\r\n", "the-final--countxdownxx", "Ωμέγα ΣΟΦΟΣ ſ K", "12345 ٣٤٥ ½ⅷ²",
             "日本語 にほんご カタカナー々", "שלום עולם", "e\u0301a\u0300", "\u180e\u200b\u00a0\u3000\x85 x", "a_b c‿d 9\u200dz", "👩‍👩‍👧 ok", "IT'S they'Re",
             "foo bar\tbaz", "((a)[b]{c}.d)", "aaaa aaa aa a", "0xFFg", "\ue000\U00040000\ufffe", "ßẞ SS ǅ ǆ ª", "x^2 + $3.50 = €4"]
    patterns = [r"\s", r"\s+$", r"^\s*", r"\s+(?!\S)|\s+", r"\w+|[^\w\s]+", r"\W", r"\d", r"[\d\-]+", r"\D+", r"\h+", r"[\h]", r"\b", r"\B", r"\bb",
                r".+", r"x*", "", r"a{2}", r"a{2}?", r"a{,2}", r"a{2,}", r"a{1,2}+", r"a{1,2}?", r"a++", r"a?+a", r"\p{L}+", r"\p{^L}", r"\P{Lu}+",
                r"\p{N}{1,3}", r"[\p{L}\p{M}]+", r"\p{Han}+", r"\p{Hiragana}|\p{Katakana}", r"\p{Greek}+", r"\p{Alpha}+", r"\p{LC}+", r"\p{Lower}+",
                r"\p{Punct}+", r"\p{S}", r"\p{Co}|\p{Cn}", r"(?i:s|k)", r"a(?i)b|C", r"(?i)it's|re", r"(?=l)", r"(?<=l)l", r"(?<!a)a", r"(?>a|aa)a", r"(a|b)c",
                r"(?<name>o+)", r"[^\S\r\n]+", r"[\s\S]", r"[]a]", r"[a\-z]", r"[-a]", r"[a-c-]", r"\x41|\x{65e5}|\u30ab", r"[\x{1F300}-\x{1FAFF}]", r"\.|\+|\$",
                r"\A.|.\z", r"b\Z", "{|}", "a{|a{,}", r"[ -~]+", r"\t|\n|\r|\f|\v|\e", r"[!-/:-~]+", LLAMA3, *DEEPSEEK_V3]
    behaviours = {"Removed": "removed", "Isolated": "isolated", "MergedWithPrevious": "merged_with_previous",
                  "MergedWithNext": "merged_with_next", "Contiguous": "contiguous"}
    cases = []

    def case(pattern, pieces_of, behaviour, invert):
        pieces = [[piece for piece, _ in pieces_of.pre_tokenize_str(text)] for text in texts]
        cases.append([pattern, behaviour, invert, pieces])

    for pattern in patterns:
        case({"Regex": pattern}, pre_tokenizers.Split(Regex(pattern), "removed", invert=True), "Removed", True)
        case({"Regex": pattern}, pre_tokenizers.Split(Regex(pattern), "isolated"), "Isolated", False)
    for pattern in ({"Regex": "-|x*"}, {"Regex": r"\s"}, {"String": "a"}, {"String": "--"}, {"String": "."}, {"String": ""}):
        for name, value in behaviours.items():
            for invert in (False, True):
                text = pattern.get("String")
                case(pattern, pre_tokenizers.Split(Regex(pattern["Regex"]) if text is None else text, value, invert=invert), name, invert)
    return {"texts": texts, "cases": cases}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--pre-tokenizer", type=pathlib.Path)
    arguments = parser.parse_args()
    out = arguments.out
    out.mkdir(parents=True, exist_ok=True)
    source = arguments.pre_tokenizer
    pre_tokenizer = json.loads(source.read_text()) if source else json.loads((out / "bpe.json").read_text())["pre_tokenizer"]

    lines = corpus.lines(SEED, LINES)
    (out / "corpus.json").write_text("[" + ",\n".join(json.dumps(line, ensure_ascii=False) for line in lines) + "]\n", newline="")
    golden = Golden(out, lines)
    bpe, fallback = train_bpe(pre_tokenizer), train_fallback()
    dump(out / "bpe.json", bpe)
    dump(out / "fallback.json", fallback)
    write_bpe(golden, "bpe.json", bpe, bpe_variants(bpe))
    write_bpe(golden, "fallback.json", fallback, [("fallback", {}, 4)] + metaspace_variants(fallback))

    symbols = ["\n", *corpus.SPECIAL[3:6], "<|User|>", "<|Assistant|>"]
    train_sentencepiece(out / "plain", model_type="bpe", normalization_rule_name="identity", add_dummy_prefix=False,
                        remove_extra_whitespaces=False, user_defined_symbols=symbols)
    train_sentencepiece(out / "unigram", model_type="unigram", user_defined_symbols=symbols[1:3])
    write_sentencepiece(golden, "plain", 1)
    write_sentencepiece(golden, "unigram", 2)
    dump(out / "variants.json", golden.variants)
    dump(out / "splits.json", splits())
    print(f"tokenizers {tokenizers.__version__}, sentencepiece {sentencepiece.__version__}, Unicode {unicodedata.unidata_version}")


if __name__ == "__main__":
    main()
