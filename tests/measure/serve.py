"""Measures janus serve under load, on this machine alone. Needs nothing but Python.

    serve.py idle build/release/bin/janus [--streams 64] [--seconds 10] [-- OPTION...]
    serve.py mixed build/release/bin/janus IMAGE... [--clients 16] [--seconds 600] [--vanish 0.05] [-- OPTION...]
    serve.py rows build/release/bin/janus [--requests 16] [--together 16] [--tokens 128] [-- OPTION...]
    serve.py overhead build/release/bin/janus [--images 400] [-- OPTION...]

`idle` holds event streams open and says how long /health takes meanwhile. `mixed` asks for answers and images from many
clients, a part of which goes away; it holds every whole reply against the command's own for that seed, and looks whether
rows are left behind and whether memory grows: by more than 2 %, it fails. `rows` answers one after the other and then
many at once, and says how many times as fast that is: of questions about one image, and of an image each. `overhead` says
what HTTP adds to a request, and to the captions of several hundred images. OPTIONs go to the server: -m MODEL --type q8_0.
"""
import argparse
import base64
import http.client
import json
import os
import random
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import zlib
from pathlib import Path

MODEL = "served"  # the first model's other name
MOST_GROWTH = 0.02  # of the memory, under a load that stays the same
PROMPTS = ["a red circle", "a large blue square on a white background", "two green triangles"]


class Server:
    def __init__(self, program, options):
        self.program, self.options = program, options
        self.process = subprocess.Popen([program, "serve", "--port", "0", "--alias", MODEL, *options], stderr=subprocess.PIPE, text=True)
        self.port = None
        for line in self.process.stderr:
            if found := re.match(r"janus serve: http://.*:(\d+)$", line):
                self.port = int(found.group(1))
                break
        threading.Thread(target=self.process.stderr.read, daemon=True).start()
        if self.port is None:
            sys.exit(f"serve: expected a server, found that it ended with {self.process.wait()}")
        while self.ask("GET", "/health")[0] != 200:
            time.sleep(0.1)

    def ask(self, method, path, body=None, connection=None):
        own = connection or http.client.HTTPConnection("127.0.0.1", self.port, timeout=600)
        own.request(method, path, None if body is None else json.dumps(body), {"Content-Type": "application/json"})
        reply = own.getresponse()
        data = reply.read()
        if connection is None:
            own.close()
        return reply.status, data

    def metrics(self):
        text = self.ask("GET", "/metrics")[1].decode()
        return {key: float(value) for key, value in re.findall(r"^([^#\s]+(?:\{.*\})?) (\S+)$", text, re.M)}

    def busy(self):
        return sum(value for key, value in self.metrics().items()
                   if re.match(r"janus_requests_(running|waiting)", key))

    def resident(self):
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * 4096

    def busy_seconds(self):
        """Of all its threads on processors."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self):
        self.process.terminate()
        return self.process.wait(60)


def chat(image, seed=42, **more):
    encoded = base64.b64encode(Path(image).read_bytes()).decode()
    return {"messages": [{"role": "user", "content": [
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{encoded}"}},
        {"type": "text", "text": "Describe this image."}]}], "seed": seed, **more}


def send(port, path, body):
    text = json.dumps(body)
    client = socket.create_connection(("127.0.0.1", port))
    client.sendall(f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                   f"Content-Length: {len(text)}\r\n\r\n{text}".encode())
    return client


def idle(arguments):
    server = Server(arguments.program, [*arguments.options, "--queue", str(arguments.streams)])
    streams = [send(server.port, "/v1/images/generations", {"prompt": PROMPTS[k % 3], "stream": True, "seed": k})
               for k in range(arguments.streams)]
    took = []
    until = time.monotonic() + arguments.seconds
    while time.monotonic() < until:
        start = time.monotonic()
        if server.ask("GET", "/health")[0] != 200:
            sys.exit("serve: expected 200 of /health, found another status")
        took.append((time.monotonic() - start) * 1000)
        time.sleep(0.02)
    for stream in streams:
        stream.close()
    time.sleep(1)
    print(f"{len(streams)} streams, {len(took)} times /health: median {statistics.median(took):.2f} ms, "
          f"most {max(took):.2f} ms; {server.busy():.0f} requests left a second after the clients went")
    server.stop()


def described_text(program, options, image):
    described = subprocess.run([program, "describe", str(image), "--json", "-q", *options], check=True,
                               capture_output=True, text=True)
    return json.loads(described.stdout)["text"]


def generated(program, options, prompt, seed):
    with tempfile.TemporaryDirectory() as folder:
        name = f"{folder}/image.png"
        subprocess.run([program, "generate", prompt, "-o", name, "-s", str(seed), "-q", *options], check=True)
        return pixels(Path(name).read_bytes())


def pixels(png):
    """The image data of a PNG, without the texts in it."""
    at, data = 8, b""
    while at < len(png):
        length, kind = int.from_bytes(png[at:at + 4], "big"), png[at + 4:at + 8]
        if kind == b"IDAT":
            data += png[at + 8:at + 8 + length]
        at += 12 + length
    return zlib.decompress(data)


def mixed(arguments):
    # Those that the commands know, too.
    known = ("-m", "--model", "--type", "--device", "-t")
    options = [word for at, word in enumerate(arguments.options)
               if word in known or (at > 0 and arguments.options[at - 1] in known)]
    texts = {image: described_text(arguments.program, options, image) for image in arguments.images}
    images = {(prompt, seed): generated(arguments.program, options, prompt, seed)
              for prompt in PROMPTS for seed in range(4)}
    server = Server(arguments.program, arguments.options)
    until = time.monotonic() + arguments.seconds
    counts = {"answers": 0, "images": 0, "vanished": 0, "refused": 0}
    wrong, lock = [], threading.Lock()

    def count(what):
        with lock:
            counts[what] += 1

    def client(number):
        rng = random.Random(number)
        while time.monotonic() < until:
            image = rng.choice(arguments.images)
            prompt, seed = rng.choice(list(images))
            answers = rng.random() < 0.5
            path, body = (("/v1/chat/completions", chat(image)) if answers else
                          ("/v1/images/generations", {"prompt": prompt, "seed": seed}))
            if rng.random() < arguments.vanish:
                gone = send(server.port, path, {**body, "stream": rng.random() < 0.5})
                time.sleep(rng.random() * 0.1)
                gone.close()
                count("vanished")
                continue
            status, data = server.ask("POST", path, body)
            if status == 429:
                count("refused")
                time.sleep(0.2)
                continue
            if status != 200:
                wrong.append(f"{path}: {status} {data[:200]}")
            elif answers:
                count("answers")
                text = json.loads(data)["choices"][0]["message"]["content"]
                if text != texts[image]:
                    wrong.append(f"{image}: expected {texts[image]!r}, found {text!r}")
            else:
                count("images")
                if pixels(base64.b64decode(json.loads(data)["data"][0]["b64_json"])) != images[prompt, seed]:
                    wrong.append(f"{prompt} {seed}: another image than the command's")

    threads = [threading.Thread(target=client, args=(k,)) for k in range(arguments.clients)]
    for thread in threads:
        thread.start()
    memory, begin = [], time.monotonic()
    while any(thread.is_alive() for thread in threads):
        time.sleep(arguments.seconds / 120)
        memory.append((time.monotonic() - begin, server.resident()))
    time.sleep(1)
    left = server.busy()

    def median_between(low, high):
        return statistics.median(size for at, size in memory if low <= at / arguments.seconds <= high)

    # Of ten minutes, the second to the fourth and the eighth to the end.
    early, late = median_between(0.2, 0.4), median_between(0.8, 1)
    growth = late / early - 1
    if arguments.series:
        print("memory, MB:", *(f"{size / 1e6:.1f}" for _, size in memory))
    print(f"{counts} in {arguments.seconds} s; wrong: {len(wrong)}; requests left: {left:.0f}; memory: median "
          f"{early / 1e6:.1f} MB from {0.2 * arguments.seconds:.0f} to {0.4 * arguments.seconds:.0f} s, "
          f"{late / 1e6:.1f} MB from {0.8 * arguments.seconds:.0f} s on: {100 * growth:+.2f} %")
    for one in wrong[:5]:
        print(one)
    server.stop()
    sys.exit(1 if wrong or left or growth > MOST_GROWTH else 0)


def picture(number, side):
    """A PNG of coloured stripes, none like another's."""
    rng = random.Random(number)
    colours = [bytes(rng.randrange(256) for _ in range(3)) for _ in range(8)]
    lines = b"".join(b"\0" + b"".join(colours[(x + y) * 8 // (2 * side)] for x in range(side)) for y in range(side))

    def chunk(kind, data):
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

    head = side.to_bytes(4, "big") * 2 + bytes([8, 2, 0, 0, 0])
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(lines, 1)) +
            chunk(b"IEND", b""))


def question(image, text, tokens):
    """A request in Ollama's form, whose reply tells the times of its parts."""
    images = [base64.b64encode(image).decode()] if image else []
    return {"model": MODEL, "messages": [{"role": "user", "content": text, "images": images}], "stream": False,
            "options": {"num_predict": tokens}}


class Load:
    """Asks a server, and says how long that took it."""

    def __init__(self, server):
        self.server = server

    def send(self, bodies, together):
        """Returns the seconds on the clock and of the server's processors, and the replies."""
        waiting, replies, lock = list(bodies), [], threading.Lock()

        def client():
            own = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=3600)
            while True:
                with lock:
                    if not waiting:
                        return
                    body = waiting.pop(0)
                own.request("POST", "/api/chat", body, {"Content-Type": "application/json"})
                reply = own.getresponse()
                data = reply.read()
                if reply.status != 200:
                    sys.exit(f"serve: expected 200, found {reply.status}: {data[:200]}")
                with lock:
                    replies.append(json.loads(data))

        busy, start = self.server.busy_seconds(), time.monotonic()
        threads = [threading.Thread(target=client) for _ in range(together)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return time.monotonic() - start, self.server.busy_seconds() - busy, replies


def rows(arguments):
    server = Server(arguments.program, arguments.options)
    load = Load(server)
    serial = iter(range(1 << 30))

    def of_one_image(count):
        image = picture(-1, arguments.side)
        return [json.dumps(question(image, f"Question {next(serial)}: what is in this image?", arguments.tokens))
                for _ in range(count)]

    def of_an_image_each(count):
        return [json.dumps(question(picture(next(serial), arguments.side), "Describe this image.", arguments.tokens))
                for _ in range(count)]

    for name, bodies in {"a question each about one image": of_one_image, "an image each": of_an_image_each}.items():
        load.send(bodies(1), 1)  # brings the weights into memory, and of one image the image
        # Half before and half behind, as the machine may be another's too.
        first = load.send(bodies(arguments.alone // 2), 1)
        wall, busy, replies = load.send(bodies(arguments.requests), arguments.together)
        second = load.send(bodies(arguments.alone - arguments.alone // 2), 1)
        alone = [one + other for one, other in zip(first, second)]

        def each(part, of):
            return statistics.mean(reply[part] for reply in of) / 1e9

        one_wall, one_busy = alone[0] / arguments.alone, alone[1] / arguments.alone
        tokens = sum(reply["eval_count"] for reply in replies) / len(replies)
        print(f"{name}: one after the other {one_wall:.2f} s and {one_busy:.2f} s of processors an answer "
              f"(looking and reading {each('prompt_eval_duration', alone[2]):.2f} s, writing "
              f"{each('eval_duration', alone[2]):.2f} s), {arguments.together} at once {wall / len(replies):.2f} s and "
              f"{busy / len(replies):.2f} s: {one_wall * len(replies) / wall:.2f} times as many answers a second, "
              f"{one_busy * len(replies) / busy:.2f} by processor time; {tokens:.0f} tokens an answer", flush=True)
    server.stop()


def overhead(arguments):
    server = Server(arguments.program, [*arguments.options, "--rows", str(arguments.together)])
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=600)
    serial = iter(range(1 << 30))
    kinds = {"text": lambda: None, "the same image": lambda: picture(-1, arguments.side),
             "a new image": lambda: picture(next(serial), arguments.side)}
    for name, image in kinds.items():
        bodies = [json.dumps(question(image(), "Describe this image.", 16)) for _ in range(arguments.requests)]
        beside = []
        for body in bodies:
            start = time.monotonic()
            connection.request("POST", "/api/chat", body, {"Content-Type": "application/json"})
            reply = json.loads(connection.getresponse().read())
            took = time.monotonic() - start
            beside.append(1000 * took - (reply["prompt_eval_duration"] + reply["eval_duration"]) / 1e6)
        print(f"{name}, {len(bodies[0])} bytes: {statistics.median(beside):.2f} ms beside the model's own work, this "
              f"client's part included (median of {len(beside)})", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for k in range(arguments.images):
            Path(f"{folder}/{k:04d}.png").write_bytes(picture(next(serial), arguments.side))
        files = sorted(Path(folder).iterdir())
        compare_with_caption(arguments, server, files)
    server.stop()


def compare_with_caption(arguments, server, files):
    """Answers a second of both, in turns. The command's start is left out: that of one image."""
    load = Load(server)

    def caption(names):
        before, start = os.times(), time.monotonic()
        subprocess.run([arguments.program, "caption", *map(str, names), "-o", f"{names[0].parent}/out.jsonl", "-q", "-b",
                        str(arguments.together)], check=True)
        Path(f"{names[0].parent}/out.jsonl").unlink()
        after = os.times()
        return time.monotonic() - start, sum(after[2:4]) - sum(before[2:4])

    def describe_all(round_number):
        # A byte behind a PNG's end makes another file of it, which the server does not know yet.
        return load.send([json.dumps(question(name.read_bytes() + bytes([round_number]), "Describe this image.", 512))
                          for name in files], arguments.together)[:2]

    walls, busies, own = [], [], 0
    for k in range(arguments.rounds):
        before = time.process_time()
        served = describe_all(2 * k)
        own += time.process_time() - before
        start, command = caption(files[:1]), caption(files)
        again = describe_all(2 * k + 1)
        walls.append((served[0] + again[0]) / 2 / (command[0] - start[0]) * (len(files) - 1) / len(files))
        busies.append((served[1] + again[1]) / 2 / (command[1] - start[1]) * (len(files) - 1) / len(files))
    print(f"{len(files)} images, {arguments.together} at once, against caption -b {arguments.together}: "
          f"{100 * (statistics.median(walls) - 1):+.1f} % of the time ({', '.join(f'{one:.3f}' for one in walls)}), "
          f"{100 * (statistics.median(busies) - 1):+.1f} % of processor time "
          f"({', '.join(f'{one:.3f}' for one in busies)}); this client takes "
          f"{1000 * own / arguments.rounds / len(files):.2f} ms of a processor a request, which the time has in it")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parts = parser.add_subparsers(required=True)
    for name, run in {"idle": idle, "mixed": mixed, "rows": rows, "overhead": overhead}.items():
        part = parts.add_parser(name)
        part.set_defaults(run=run)
        part.add_argument("program")
        if name == "idle":
            part.add_argument("--streams", type=int, default=64)
            part.add_argument("--seconds", type=float, default=10)
        if name == "mixed":
            part.add_argument("images", nargs="+")
            part.add_argument("--clients", type=int, default=16)
            part.add_argument("--seconds", type=float, default=600)
            part.add_argument("--vanish", type=float, default=0.05)
            part.add_argument("--series", action="store_true", help="print the memory over time, too")
        if name == "rows":
            part.add_argument("--requests", type=int, default=16)
            part.add_argument("--together", type=int, default=16)
            part.add_argument("--alone", type=int, default=4, help="requests one after the other")
            part.add_argument("--tokens", type=int, default=128)
            part.add_argument("--side", type=int, default=384)
        if name == "overhead":
            part.add_argument("--requests", type=int, default=100)
            part.add_argument("--images", type=int, default=400)
            part.add_argument("--together", type=int, default=8)
            part.add_argument("--rounds", type=int, default=9)
            part.add_argument("--side", type=int, default=128)
    words, options = sys.argv[1:], []
    if "--" in words:
        words, options = words[:words.index("--")], words[words.index("--") + 1:]
    arguments = parser.parse_args(words)
    arguments.options = options
    arguments.run(arguments)


if __name__ == "__main__":
    main()
