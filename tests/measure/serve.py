"""Measures janus serve under load, on this machine alone. Needs nothing but Python.

    serve.py idle build/release/bin/janus [--streams 64] [--seconds 10] [-- OPTION...]
    serve.py mixed build/release/bin/janus IMAGE... [--clients 16] [--seconds 600] [--vanish 0.05] [-- OPTION...]
    serve.py rows build/release/bin/janus IMAGE [--requests 64] [--together 16] [-- OPTION...]

`idle` holds event streams open and says how long /health takes meanwhile. `mixed` asks for answers and images from many
clients, a part of which goes away; it holds every whole reply against the command's own for that seed, and looks whether
rows are left behind and how memory grows. `rows` answers one after the other and then many at once, and says how many
times as fast that is, and what HTTP adds to a request. OPTIONs go to the server: -m MODEL --type q8_0.
"""
import argparse
import base64
import http.client
import json
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

PROMPTS = ["a red circle", "a large blue square on a white background", "two green triangles"]


class Server:
    def __init__(self, program, options):
        self.program, self.options = program, options
        self.process = subprocess.Popen([program, "serve", "--port", "0", *options], stderr=subprocess.PIPE, text=True)
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
    memory = []
    while any(thread.is_alive() for thread in threads):
        time.sleep(arguments.seconds / 40)
        memory.append(server.resident())
    time.sleep(1)
    left = server.busy()
    # Caches have grown by the first quarter.
    warm = memory[len(memory) // 4:len(memory) // 2] or memory
    growth = statistics.mean(memory[-5:]) / statistics.mean(warm) - 1
    if arguments.series:
        print("memory, MB:", *(f"{one / 1e6:.1f}" for one in memory))
    print(f"{counts} in {arguments.seconds} s; wrong: {len(wrong)}; requests left: {left:.0f}; memory "
          f"{memory[-1] / 1e6:.1f} MB, {100 * growth:+.2f} % since the first half")
    for one in wrong[:5]:
        print(one)
    server.stop()
    sys.exit(1 if wrong or left else 0)


def rows(arguments):
    server = Server(arguments.program, arguments.options)
    body = chat(arguments.image)
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=600)
    server.ask("POST", "/v1/chat/completions", body, connection)
    took = []
    for _ in range(arguments.requests):
        start = time.monotonic()
        server.ask("POST", "/v1/chat/completions", body, connection)
        took.append(time.monotonic() - start)
    before = server.metrics()
    start = time.monotonic()
    waiting = list(range(arguments.requests))

    def client():
        own = http.client.HTTPConnection("127.0.0.1", server.port, timeout=600)
        while waiting:
            try:
                waiting.pop()
            except IndexError:
                return
            server.ask("POST", "/v1/chat/completions", body, own)

    threads = [threading.Thread(target=client) for _ in range(arguments.together)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    together = time.monotonic() - start
    def sum_of(name, label):
        return next(value for key, value in before.items() if key.startswith(name + "_sum") and label in key)

    model = sum_of("janus_request_seconds", 'kind="answer"') / (arguments.requests + 1)
    inside = sum_of("janus_http_request_seconds", "/v1/chat/completions") / (arguments.requests + 1)
    print(f"one after the other: {1 / statistics.mean(took):.2f} answers a second, each {1000 * model:.2f} ms of the "
          f"engine, {1000 * (inside - model):.2f} ms of the server around it, the image's decoding included, and "
          f"{1000 * (statistics.mean(took) - inside):.2f} ms of this client; {arguments.together} at once: "
          f"{arguments.requests / together:.2f} answers a second, {sum(took) / together:.2f} times as many")
    server.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parts = parser.add_subparsers(required=True)
    for name, run in {"idle": idle, "mixed": mixed, "rows": rows}.items():
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
            part.add_argument("image")
            part.add_argument("--requests", type=int, default=64)
            part.add_argument("--together", type=int, default=16)
    words, options = sys.argv[1:], []
    if "--" in words:
        words, options = words[:words.index("--")], words[words.index("--") + 1:]
    arguments = parser.parse_args(words)
    arguments.options = options
    arguments.run(arguments)


if __name__ == "__main__":
    main()
