"""Measures janus-tiny on held-out combinations.

    evaluate.py drawn                        the classical reader on drawn pictures
    evaluate.py codes [--weights W]          the same after a pass through the image tokenizer: the ceiling for generate
    evaluate.py describe generate [--weights W] [--count 1000]
    evaluate.py describe generate --janus build/release/bin/janus      through the program instead of torch
    evaluate.py best --janus build/release/bin/janus --best-of 8 [--ranker self-vqa]

`describe` wants the exact sentence for a freshly drawn picture; `generate` uses guidance 5 and temperature 1, and asks
reader.py whether the picture shows what the prompt says. `best` does the same for the best of 1, 2, 4 .. N candidates, which
the program draws and ranks once: the best of n is the best among the first n seeds.
"""
import argparse
import collections
import json
import random
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image

import data
import reader
import sizes
import text as textlib
import train
import vq as vqlib
import weights
import world

HERE = Path(__file__).parent
CHUNK = 20


class Torch:
    """The model in torch, in float32."""

    def __init__(self, path, guidance):
        self.text = textlib.Text(HERE / "model" / "tokenizer.model")
        self.model, self.guidance = train.build(self.text).eval(), guidance
        self.model.load_state_dict(weights.state(path))

    @torch.no_grad()
    def describe(self, pictures):
        prompt = self.text.question(textlib.DEFAULT_QUESTION, sizes.CODES)
        answers = []
        for start in range(0, len(pictures), CHUNK):
            pixels = data.pixels_of(pictures[start : start + CHUNK])
            ids = torch.tensor([prompt] * len(pixels))
            out = self.model.model(input_ids=ids, pixel_values=pixels, use_cache=True)
            written = []
            for _ in range(24):
                best = self.model.lm_head(out.last_hidden_state[:, -1]).argmax(-1)
                written.append(best)
                out = self.model.model(input_ids=best[:, None], past_key_values=out.past_key_values, use_cache=True)
            for row in torch.stack(written, 1).tolist():
                answers.append(self.text.decode(row[: row.index(self.text.eos)] if self.text.eos in row else row).strip())
        return answers

    @torch.no_grad()
    def generate(self, prompts, seed):
        """One picture a prompt, as janus generates: rows with and without the prompt side by side, pads attended."""
        generator = torch.Generator().manual_seed(seed)
        ids = [self.text.picture_prompt(p) for p in prompts]
        pictures = [None] * len(ids)
        by_length = collections.defaultdict(list)
        for k, row in enumerate(ids):
            by_length[len(row)].append(k)
        for group in by_length.values():
            for start in range(0, len(group), CHUNK):
                part = group[start : start + CHUNK]
                rows = [ids[k] for k in part] + [data.without_prompt(ids[k], self.text) for k in part]
                codes = self._codes(torch.tensor(rows), generator)
                for k, picture in zip(part, vqlib.decode(self.model.model.vqmodel, codes)):
                    pictures[k] = picture
        return pictures

    def _codes(self, ids, generator):
        embeddings, cache, codes = self.model.get_input_embeddings()(ids), None, []
        for _ in range(sizes.CODES):
            out = self.model.model.language_model(inputs_embeds=embeddings, past_key_values=cache, use_cache=True)
            cache = out.past_key_values
            prompted, unprompted = self.model.model.generation_head(out.last_hidden_state[:, -1]).chunk(2)
            logits = unprompted + self.guidance * (prompted - unprompted)
            codes.append(torch.multinomial(logits.softmax(-1), 1, generator=generator)[:, 0])
            embeddings = self.model.prepare_embeddings_for_image_generation(codes[-1].repeat(2))[:, None]
        return torch.stack(codes, 1)


class Program:
    """The same through the janus program and its built-in or a given model."""

    def __init__(self, program, options):
        self.command, self.folder = [program], Path(tempfile.mkdtemp())
        self.options = options

    def _run(self, *arguments):
        done = subprocess.run([*self.command, *map(str, arguments), *self.options, "-q", "--json"], capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"{' '.join(map(str, arguments))}: exit {done.returncode}: {done.stderr}")
        return [json.loads(line) for line in done.stdout.splitlines()]

    def describe(self, pictures):
        answers = []
        for start in range(0, len(pictures), CHUNK):
            paths = []
            for k, picture in enumerate(pictures[start : start + CHUNK]):
                paths.append(self.folder / f"{k}.png")
                Image.fromarray(picture).save(paths[-1])
            answers += [line["text"] for line in self._run("describe", *paths)]
        return answers

    def generate(self, prompts, seed):
        return [candidates[0][1] for candidates in self.candidates(prompts, seed, 1, [])]

    def candidates(self, prompts, seed, count, options):
        """Of each prompt (score, picture), in the order of their seeds, from `seed` on without a break."""
        choice, drawn = ["--best-of", count, "--keep", count, *options] if count > 1 else [], []
        for start in range(0, len(prompts), CHUNK):
            part, folder = prompts[start : start + CHUNK], self.folder / f"drawn-{start}"
            folder.mkdir()
            path, first = folder / "prompts.txt", seed + start * count
            path.write_text("".join(p + "\n" for p in part))
            lines = self._run("generate", "--prompts", path, "-o", folder, "--seed", first, *choice)
            lines.sort(key=lambda line: line["seed"])
            found = [(line.get("score", 0), np.asarray(Image.open(line["output"]).convert("RGB"))) for line in lines]
            drawn += [found[k : k + count] for k in range(0, len(found), count)]
            shutil.rmtree(folder)
        return drawn


def report(name, count, failures, seconds):
    wrong = sum(failures.values())
    print(f"{name}: {count - wrong} of {count} right ({100 * (count - wrong) / count:.1f} %), {seconds:.0f} s")
    for why, times in failures.most_common(12):
        print(f"    {times:4d}  {why}")


def read_all(name, pictures, sentences, start):
    failures = collections.Counter()
    for picture, sentence in zip(pictures, sentences):
        why = reader.compare(picture, sentence)
        if why:
            failures[f"{'two objects' if sentence.relation else 'one object'}: {why}"] += 1
    report(name, len(sentences), failures, time.time() - start)


def difference(found, wanted):
    """First words in which two sentences differ."""
    a, b = found.split(), wanted.split()
    for x, y in zip(a, b):
        if x != y:
            return f"{x} for {y}"
    return "other length"


def contact_sheet(pictures, path, columns=12, scale=1):
    columns = min(columns, len(pictures))
    pictures = pictures[: columns * (len(pictures) // columns)]
    rows = [np.concatenate(pictures[k : k + columns], 1) for k in range(0, len(pictures), columns)]
    sheet = Image.fromarray(np.concatenate(rows, 0))
    sheet.resize((sheet.width * scale, sheet.height * scale), Image.Resampling.NEAREST).save(path, optimize=True)


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="+", choices=("drawn", "codes", "describe", "generate", "best"))
    parser.add_argument("--weights", default=str(HERE / "model" / "model.safetensors"))
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--guidance", type=float, default=5.0, help="torch only")
    parser.add_argument("--pixels", type=int, default=sizes.IMAGE_SIZE, help="size the described pictures are drawn at")
    parser.add_argument("--calm", action="store_true", help="scenes and codes as generate learns to draw them")
    parser.add_argument("--janus", help="path of the janus program")
    parser.add_argument("--best-of", type=int, default=8, help="candidates a prompt")
    parser.add_argument("--ranker", default="self-caption", help="what the program ranks them by")
    parser.add_argument("--options", default="", help="further options for the program, such as '-m FOLDER'")
    parser.add_argument("--sheet", help="write a contact sheet of the first generated pictures here")
    parser.add_argument("--threads", type=int, default=1)
    return parser.parse_args()


def main():
    args = parse()
    torch.set_num_threads(args.threads)
    rng = random.Random(args.seed)
    sentences = [world.random_sentence(rng, held_out=True) for _ in range(args.count)]
    side = args.pixels if "describe" in args.what and args.janus else sizes.IMAGE_SIZE
    place = world.place_calm if args.calm else world.place
    pictures = [world.draw(place(s, rng), s.background, side, 4) for s in sentences]
    start = time.time()
    if "drawn" in args.what:
        read_all("drawn", pictures, sentences, start)
    if "codes" in args.what:
        vq = train.build(textlib.Text(HERE / "model" / "tokenizer.model")).model.vqmodel.eval()
        vq.load_state_dict(weights.vq_state(args.weights))
        scenes, back = data.SceneEncoder(vq), []
        with torch.no_grad():
            for k in range(0, len(pictures), CHUNK):
                part = pictures[k : k + CHUNK]
                codes = scenes.encode(part) if args.calm else vqlib.encode(vq, data.pixels_of(part))
                back += list(vqlib.decode(vq, codes))
        read_all("codes", back, sentences, start)
        if args.sheet:
            contact_sheet([p for pair in zip(pictures[:48], back[:48]) for p in pair], args.sheet, scale=2)
    if not {"describe", "generate", "best"} & set(args.what):
        return
    if "best" in args.what and not args.janus:
        raise SystemExit("best: expected --janus, found none; the program draws and ranks")
    model = Program(args.janus, args.options.split()) if args.janus else Torch(args.weights, args.guidance)
    start = time.time()
    if "describe" in args.what:
        wanted = [s.canonical().text() for s in sentences]
        failures = collections.Counter(difference(f, w) for f, w in zip(model.describe(pictures), wanted) if f != w)
        report("describe", args.count, failures, time.time() - start)
    start = time.time()
    if "generate" in args.what:
        drawn = model.generate([s.text() for s in sentences], args.seed)
        read_all("generate", drawn, sentences, start)
        if args.sheet:
            contact_sheet(drawn[:96], args.sheet, scale=2)
    start = time.time()
    if "best" in args.what:
        drawn = model.candidates([s.text() for s in sentences], args.seed, args.best_of, ["--ranker", args.ranker])
        for n in (n for n in (1, 2, 4, 8, 16) if n <= args.best_of):
            best = [max(candidates[:n], key=lambda c: c[0])[1] for candidates in drawn]
            read_all(f"{args.ranker}, best of {n}", best, sentences, start)


if __name__ == "__main__":
    main()
