"""A server that a test asks, and what the commands themselves give for the same."""

import base64
import contextlib
import io
import json
import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

from PIL import Image

PROGRAM = os.environ["JANUS_PROGRAM"]
ROOT = pathlib.Path(__file__).resolve().parents[3]
PICTURES = ROOT / "samples" / "pictures"
STAR = PICTURES / "star.png"
STAR_TEXT = "a large yellow star on a black background"
PROMPT = "a red circle left of a blue square on a white background"


def free_port():
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """`janus serve` with options of the test, ready to answer; stopped at the end of a with block."""

    def __init__(self, *options, wait=True):
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [PROGRAM, "serve", "--port", str(self.port), *options], stdout=self.log, stderr=self.log)
        if wait:
            self.wait()

    def wait(self):
        until = time.monotonic() + 60
        while True:
            with contextlib.suppress(urllib.error.URLError, ConnectionError):
                return urllib.request.urlopen(f"{self.address}/health", timeout=5).read()
            if self.process.poll() is not None or time.monotonic() > until:
                raise AssertionError(f"the server does not answer: {self.text()}")
            time.sleep(0.05)

    def text(self):
        self.log.seek(0)
        return self.log.read().decode(errors="replace")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=60)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        code = self.stop() if self.process.poll() is None else self.process.returncode
        text = self.text()
        self.log.close()
        if error[0] is None and code != 0:
            raise AssertionError(f"expected the server to end with 0, found {code}: {text}")

    def ask(self, method, path, body=None, headers=None):
        """Returns status, headers and bytes. A body that is not bytes is sent as JSON."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(self.address + path, data, headers or {}, method=method)
        if data is not None and not request.has_header("Content-type"):
            request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=60) as reply:
                return reply.status, reply.headers, reply.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.headers, error.read()


def b64(path):
    return base64.b64encode(pathlib.Path(path).read_bytes()).decode()


def data_url(path):
    kind = "jpeg" if str(path).endswith("jpg") else "png"
    return f"data:image/{kind};base64,{b64(path)}"


def image(encoded):
    """The image of base64."""
    loaded = Image.open(io.BytesIO(base64.b64decode(encoded)))
    loaded.load()
    return loaded


def command(*arguments):
    """What a command prints as JSON, line by line."""
    printed = subprocess.run([PROGRAM, *arguments, "--json", "-q"], check=True, capture_output=True)
    return [json.loads(line) for line in printed.stdout.decode().splitlines()]


def described(path, *options):
    """What `janus describe` says of a picture."""
    return command("describe", str(path), *options)[0]["text"]


def generated(prompt, seed, *options):
    """The image that `janus generate` makes."""
    with tempfile.TemporaryDirectory() as folder:
        name = f"{folder}/image.png"
        command("generate", prompt, "-o", name, "--seed", str(seed), *options)
        with Image.open(name) as made:
            return made.convert("RGB").copy()
