"""A server that a test uses by its page, and the steps that several tests share."""

import base64
import contextlib
import json
import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.error
import urllib.request

from browser import Browser

PROGRAM = os.environ["JANUS_PROGRAM"]
SHOTS = pathlib.Path(os.environ["JANUS_SHOTS"])
PICTURES = pathlib.Path(__file__).resolve().parents[3] / "samples" / "pictures"
PROMPT = "a red circle left of a blue square on a white background"


class Server:
    """`janus serve` with options of the test, ready to answer; stopped at the end of a with block."""

    def __init__(self, *options):
        with contextlib.closing(socket.socket()) as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}/"
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen([PROGRAM, "serve", "--port", str(self.port), *options], stdout=self.log, stderr=self.log)
        until = time.monotonic() + 60
        while True:
            with contextlib.suppress(urllib.error.URLError, ConnectionError):
                urllib.request.urlopen(self.address + "health", timeout=5).close()
                return
            if self.process.poll() is not None or time.monotonic() > until:
                self.log.seek(0)
                raise AssertionError(f"the server does not answer: {self.log.read().decode(errors='replace')}")
            time.sleep(0.05)

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=60)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.stop()
        self.log.close()


def described(path):
    """What `janus describe` says of an image."""
    printed = subprocess.run([PROGRAM, "describe", str(path), "--json", "-q"], check=True, capture_output=True)
    return json.loads(printed.stdout)["text"]


def generated(prompt, seed):
    """The PNG that `janus generate` makes, in base64."""
    with tempfile.TemporaryDirectory() as folder:
        name = f"{folder}/image.png"
        subprocess.run([PROGRAM, "generate", prompt, "-o", name, "--seed", str(seed), "-q"], check=True, capture_output=True)
        return base64.b64encode(pathlib.Path(name).read_bytes()).decode()


class PageTest(unittest.TestCase):
    """A test with the server and the browser of its class, whose page is opened anew. After it the console must be
    without errors."""

    options = ()
    window = {}

    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(Server(*cls.options))
        cls.browser = cls.enterClassContext(Browser(**cls.window))

    def setUp(self):
        self.expected_errors = ()  # parts of console lines that the test itself causes
        self.browser.open(self.server.address)
        self.browser.run("localStorage.clear(); sessionStorage.clear()")
        self.browser.open(self.server.address)
        self.browser.errors()

    def tearDown(self):
        lines = [line for line in self.browser.errors() if not any(part in line for part in self.expected_errors)]
        self.assertEqual(lines, [])

    @property
    def view(self):
        return self.browser.run("return document.body.dataset.view")

    def ready(self):
        self.browser.until("the model's name", "return document.querySelector('#draw-examples').childElementCount > 0")

    def shot(self, name):
        self.browser.screenshot(SHOTS / f"{name}.png")

    def draw(self, prompt=PROMPT, **fields):
        """Starts to draw with these fields of the form."""
        for name, value in fields.items():
            self.browser.find(f"#draw-form [name={name}]").fill(str(value))
        # As a paste: thousands of keys take their time.
        self.browser.run("document.querySelector('#prompt').value = arguments[0]", prompt)
        self.browser.find("#draw-start").click()

    def images(self, count):
        """Waits until the gallery has so many images."""
        self.browser.until(f"{count} images", "return document.querySelectorAll('#thumbs li').length >= arguments[0]", count)

    def answer(self, number=1):
        """Waits for that answer, and returns its text."""
        self.browser.until(f"answer {number}", "return document.querySelectorAll('.turn:not(.user) .under span').length >= arguments[0]", number)
        return self.browser.run("return [...document.querySelectorAll('.turn:not(.user) .said')].at(-1).textContent")

    def attach(self, *paths):
        self.browser.find("#files").type("\n".join(map(str, paths)))
        self.browser.until("the images to be attached", "return document.querySelectorAll('#attached li').length >= arguments[0]", len(paths))
