"""A headless Chromium, driven by chromedriver in the WebDriver protocol, with nothing but the standard library."""

import base64
import json
import pathlib
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
KEYS = {"enter": "\ue007", "escape": "\ue00c", "control": "\ue009", "tab": "\ue004"}


class Failed(Exception):
    """What a test did not find."""


class Element:
    def __init__(self, browser, identity):
        self.browser, self.identity = browser, identity

    def _ask(self, method, path, body=None):
        return self.browser.ask(method, f"/element/{self.identity}/{path}", body)

    def click(self):
        self._ask("POST", "click", {})

    def type(self, text):
        self._ask("POST", "value", {"text": text})

    def fill(self, text):
        self._ask("POST", "clear", {})
        self.type(text)

    @property
    def text(self):
        return self._ask("GET", "text")

    @property
    def shown(self):
        return self._ask("GET", "displayed")


class Browser:
    """width, height: of the window in CSS pixels. dark: what the system prefers. phone: with touch, and a page
    that is as wide as the screen."""

    def __init__(self, width=1280, height=900, dark=False, phone=False):
        self.folder = tempfile.TemporaryDirectory(prefix="janus-page-", ignore_cleanup_errors=True)
        self.driver = subprocess.Popen(["chromedriver", "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        for line in self.driver.stdout:
            if "started successfully on port" in line:
                self.base = "http://127.0.0.1:" + line.rsplit(" ", 1)[1].strip().rstrip(".")
                break
        else:
            raise Failed("chromedriver: expected a port on its standard output, found none")
        arguments = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
                     "--no-first-run", "--disable-background-networking", f"--window-size={width},{height}",
                     f"--user-data-dir={self.folder.name}"]
        options = {"args": arguments}
        if phone:
            options["mobileEmulation"] = {"deviceMetrics": {"width": width, "height": height, "pixelRatio": 2, "touch": True}}
        wanted = {"browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
        session = self._send("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
        self.base += "/session/" + session["sessionId"]
        if dark:
            features = [{"name": "prefers-color-scheme", "value": "dark"}]
            self.command("Emulation.setEmulatedMedia", features=features)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        try:
            self.ask("DELETE", "")
        finally:
            self.driver.terminate()
            self.driver.wait()
            self.driver.stdout.close()
            self.folder.cleanup()

    def _send(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=120) as reply:
                return json.load(reply)["value"]
        except urllib.error.HTTPError as error:
            value = json.load(error)["value"]
            raise Failed(f"{path}: {value['error']}: {value['message'].splitlines()[0]}") from None

    def ask(self, method, path, body=None):
        return self._send(method, path, body)

    def command(self, name, **parameters):
        """A command of Chromium's own protocol."""
        return self.ask("POST", "/goog/cdp/execute", {"cmd": name, "params": parameters})

    def open(self, address):
        self.ask("POST", "/url", {"url": address})

    def run(self, script, *arguments):
        return self.ask("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def find(self, selector):
        found = self.ask("POST", "/element", {"using": "css selector", "value": selector})
        return Element(self, found[ELEMENT])

    def press(self, *keys):
        """Keys to what has the focus; all but the last are held."""
        values = [KEYS.get(key, key) for key in keys]
        actions = [{"type": "keyDown", "value": value} for value in values]
        actions += [{"type": "keyUp", "value": value} for value in reversed(values)]
        self.ask("POST", "/actions", {"actions": [{"type": "key", "id": "keys", "actions": actions}]})

    def until(self, what, script, *arguments, seconds=60):
        """Waits for `script` to return something true, and returns it."""
        end = time.monotonic() + seconds
        while not (value := self.run(script, *arguments)):
            if time.monotonic() > end:
                raise Failed(f"expected {what} within {seconds} s, found: {self.run('return document.body.innerText')[:1500]}")
            time.sleep(0.03)
        return value

    def screenshot(self, path):
        pathlib.Path(path).parent.mkdir(parents=True, exist_ok=True)
        pathlib.Path(path).write_bytes(base64.b64decode(self.ask("GET", "/screenshot")))

    def webp(self, path, quality=82):
        """A screenshot for a document."""
        data = self.command("Page.captureScreenshot", format="webp", quality=quality)["data"]
        pathlib.Path(path).write_bytes(base64.b64decode(data))

    def errors(self):
        """What the page's console has had of errors since the last call, such as refused scripts and styles."""
        return [entry["message"] for entry in self.ask("POST", "/se/log", {"type": "browser"}) if entry["level"] == "SEVERE"]
