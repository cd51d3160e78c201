"""Holds janus tokenize against the package `tokenizers` on random Unicode, for the BPE variants of
tests/data/tokenizer; by hand, since each text is a process.

    python tokenizer_random.py JANUS [--texts 200] [--seed 1]

Prints a line a variant, and the texts whose ids differ. Exit code 1 where any does. Texts that tokenizers
itself panics of are passed over. Characters that Python's
unicodedata does not know are left out: libraries have different versions of Unicode.
"""
import argparse
import json
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import unicodedata

from tokenizers import Tokenizer

DATA = pathlib.Path(__file__).resolve().parents[1] / "data"
MODEL = DATA / "models" / "grouped-query"
# What tokenizers split and normalise by: letters, marks, digits of many scripts, spaces, emoji, jamo, CJK, controls.
RANGES = [(0x20, 0x7E), (0x20, 0x7E), (0x80, 0x24F), (0x300, 0x36F), (0x370, 0x5FF), (0x600, 0x6FF), (0x900, 0xDFF), (0x1100, 0x11FF),
          (0x1E00, 0x206F), (0x2070, 0x2BFF), (0x3000, 0x30FF), (0x4E00, 0x9FFF), (0xAC00, 0xD7A3), (0xF900, 0xFFEF), (0x10000, 0x1F0FF),
          (0x1F300, 0x1FAFF), (0x20000, 0x2A6DF), (0x1, 0x10FFFF)]


def character(pick):
    while True:
        code = pick.randint(*pick.choice(RANGES))
        if unicodedata.category(chr(code)) not in ("Cn", "Cs", "Co") and code != 0xFEFF:
            return chr(code)


def text(pick, special):
    parts = []
    for _ in range(pick.randint(1, 12)):
        kind = pick.random()
        if kind < 0.1:
            parts.append(pick.choice(special))
        elif kind < 0.3:
            parts.append(pick.choice([" ", "  ", "\n", "\r\n\r\n", "\t", "   \n "]))
        else:
            parts.append("".join(character(pick) for _ in range(pick.randint(1, 6))))
    return "".join(parts) + "."  # the end of a line that ends a file is no part of its text


def state_of(variant):
    state = json.loads((DATA / "tokenizer" / variant["base"]).read_text())
    for name, section in variant["replace"].items():
        state[name] = section
    for name, section in variant["merge"].items():
        state[name].update(section)
    return state


def compare(janus, variant, count, seed):
    """The texts whose ids differ."""
    state = state_of(variant)
    reference = Tokenizer.from_str(json.dumps(state))
    special = [token["content"] for token in state["added_tokens"]]
    pick = random.Random(seed)
    different = []
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(MODEL / "config.json", folder)
        (pathlib.Path(folder) / "tokenizer.json").write_text(json.dumps(state))
        for _ in range(count):
            words = text(pick, special)
            done = subprocess.run([janus, "tokenize", "-m", folder, "-"], input=words.encode(), capture_output=True, check=True)
            found = json.loads(done.stdout)
            try:
                expected = reference.encode(words, add_special_tokens=False).ids
            except BaseException as fault:  # a panic of its Rust, which some tokens with lstrip and rstrip bring about
                if type(fault).__name__ != "PanicException":
                    raise
                continue
            if found != expected and found[1:] != expected:
                different.append((words, expected, found))
    return different


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("janus")
    parser.add_argument("--texts", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    failed = False
    for variant in json.loads((DATA / "tokenizer" / "variants.json").read_text()):
        if not variant["base"].endswith(".json"):
            continue
        different = compare(options.janus, variant, options.texts, options.seed)
        print(f"{variant['name']}: {options.texts} texts, {len(different)} differ", flush=True)
        for words, expected, found in different[:5]:
            print(f"  {words!r}\n    expected {expected}\n    found    {found}")
        failed |= bool(different)
    sys.exit(failed)


if __name__ == "__main__":
    main()
