"""A server with clients good and bad, which is ended now and then and started again."""
import base64
import http.client
import json
import os
import re
import resource
import signal
import socket
import subprocess
import threading
import time
import traceback
from collections import Counter, deque
from pathlib import Path

from soak import inputs, program

CLIENTS = 3
REQUEST_SECONDS = 120  # of a reply that takes one, on a machine that has other work
QUIET_SECONDS = 40  # until nothing of the clients may be left; more than each time limit below
LIMITS = ["--header-seconds", "5", "--body-seconds", "10", "--idle-seconds", "20"]


class Life:
    """One process of the server, from its start to its end."""

    def __init__(self, janus, folder):
        self.process = subprocess.Popen([janus, "serve", "--port", "0", *LIMITS], cwd=folder, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace",
                                        env=program.clean_environment())
        self.port, self.last_lines = None, deque(maxlen=5)
        for line in self.process.stderr:
            self.last_lines.append(line)
            if found := re.match(r"janus serve: http://.*:(\d+)$", line):
                self.port = int(found.group(1))
                break
        threading.Thread(target=lambda: self.last_lines.extend(self.process.stderr), daemon=True).start()
        self.ending = False  # it is being told to end, so requests may fail
        self.troubled_until = 0.0  # it may open no files, so requests may fail

    def excused(self, since):
        """Whether a request that began then may have failed."""
        return self.ending or since < self.troubled_until or self.process.poll() is not None

    def ask(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=REQUEST_SECONDS)
        try:
            connection.request(method, path, body, {"Content-Type": "application/json"})
            reply = connection.getresponse()
            return reply.status, reply.read()
        finally:
            connection.close()

    def wait_until_ready(self):
        for _ in range(600):
            try:
                if self.ask("GET", "/health")[0] == 200:
                    return True
            except OSError:
                pass
            if self.process.poll() is not None:
                return False
            time.sleep(0.1)
        return False

    def busy(self):
        text = self.ask("GET", "/metrics")[1].decode()
        return sum(float(value) for value in re.findall(r"^janus_requests_(?:running|waiting)\S* (\S+)$", text, re.M))

    def descriptors(self):
        """What it has open, for people."""
        folder = Path(f"/proc/{self.process.pid}/fd")
        return " ".join(sorted(os.readlink(path) for path in folder.iterdir()))

    def status(self):
        """Resident bytes, open descriptors, threads; None once it has ended."""
        try:
            text = Path(f"/proc/{self.process.pid}/status").read_text()
            resident = int(re.search(r"VmRSS:\s+(\d+)", text).group(1)) * 1024
            return resident, len(os.listdir(f"/proc/{self.process.pid}/fd")), int(re.search(r"Threads:\s+(\d+)", text).group(1))
        except (OSError, AttributeError):
            return None


class ServerSoak:
    def __init__(self, janus, made, folder, kinds, rng, seconds, tally, series):
        self.janus, self.made, self.folder, self.kinds, self.rng = janus, made, folder, kinds, rng
        self.tally, self.series = tally, series
        self.until = time.monotonic() + seconds
        self.life_seconds = seconds / (4 if seconds < 3600 else 6)
        self.life, self.paused, self.over = None, False, False
        self.at_work = 0  # clients that are about something
        self.counts, self.lock = Counter(), threading.Lock()
        self.good = [name for name, data in made.pictures.items() if not name.startswith("broken")]
        self.broken = [name for name, data in made.pictures.items() if name.startswith("broken") and isinstance(data, bytes)]

    def count(self, what):
        with self.lock:
            self.counts[what] += 1

    def wrong(self, life, what):
        self.tally.wrong(None, f"server: {what}; its last lines: {' '.join(life.last_lines)[-300:]!r}", kind="serve")

    def failed(self, life, began, what):
        if not life.excused(began):
            self.wrong(life, what)
        self.count("failed beside faults")
        time.sleep(0.2)

    # What clients do.

    def question(self, name, **more):
        data = base64.b64encode(self.made.pictures[name]).decode()
        kind = "jpeg" if name.endswith("jpg") else "png"
        return json.dumps({"messages": [{"role": "user", "content": [
            {"type": "image_url", "image_url": {"url": f"data:image/{kind};base64,{data}"}},
            {"type": "text", "text": "Describe this image."}]}], **more})

    def good_request(self, rng):
        """Path, body, and what is wrong with a reply of status 200, None for nothing."""
        if rng.random() < 0.6:
            name, stream = rng.choice(self.good), rng.random() < 0.4
            expected = self.made.captions[f"in/{name}"][0]

            def text_of(data):
                if not stream:
                    return json.loads(data)["choices"][0]["message"]["content"]
                events = [line[6:] for line in data.decode().splitlines() if line.startswith("data: ")]
                if events[-1] != "[DONE]":
                    return "a stream without an end"
                deltas = [json.loads(event)["choices"] for event in events[:-1]]
                return "".join(choices[0]["delta"].get("content") or "" for choices in deltas if choices)

            def compare(data):
                found = text_of(data).strip()
                return None if found == expected else f"{name}: {found!r} in place of {expected!r}"

            return "/v1/chat/completions", self.question(name, stream=stream), compare
        line = rng.choice(self.made.prompts[:-1])

        def compare(data):
            found = inputs.pixels(base64.b64decode(json.loads(data)["data"][0]["b64_json"]))
            return None if found == self.made.images[line["output"]] else f"{line['prompt']}: another image"

        return "/v1/images/generations", json.dumps({"prompt": line["prompt"], "seed": line["seed"]}), compare

    def ask(self, life, rng):
        path, body, compare = self.good_request(rng)
        began = time.monotonic()
        try:
            status, data = life.ask("POST", path, body)
        except (OSError, http.client.HTTPException) as fault:
            return self.failed(life, began, f"{path}: {fault!r}")
        if status != 200:
            return self.failed(life, began, f"{path}: status {status}, {data[:200]}")
        try:
            difference = compare(data)
        except (ValueError, LookupError) as fault:
            difference = f"{path}: {fault!r} in {data[-200:]}"
        if difference:
            self.wrong(life, difference)
        self.count("answers" if "chat" in path else "images")

    def send(self, life, data):
        client = socket.create_connection(("127.0.0.1", life.port), timeout=REQUEST_SECONDS)
        client.sendall(data)
        return client

    def request_bytes(self, rng):
        path, body, _ = self.good_request(rng)
        if path.endswith("generations"):
            body = json.dumps({**json.loads(body), "stream": True, "janus_preview_every": 1})
        return (f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(body)}\r\n\r\n{body}").encode()

    def vanish(self, life, rng):
        """Goes away at any moment: within its request, while it waits, within the stream."""
        data = self.request_bytes(rng)
        with self.send(life, data if rng.random() < 0.7 else data[:rng.randrange(len(data))]) as client:
            time.sleep(rng.random() * 0.3)
            if rng.random() < 0.5:
                client.settimeout(0.3)
                client.recv(1000)
            if rng.random() < 0.5:  # with a reset
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.count("vanished")

    def stall(self, life, rng):
        """Sends a part and waits: for the server to close, or some seconds."""
        data = self.request_bytes(rng)
        began = time.monotonic()
        with self.send(life, data[:rng.randrange(len(data))]) as client:
            patient = rng.random() < 0.3
            client.settimeout(QUIET_SECONDS if patient else rng.random() * 4)
            try:
                while client.recv(65536):
                    pass
            except TimeoutError:
                if patient and not life.excused(began):
                    self.wrong(life, f"a request that stalls is kept for more than {QUIET_SECONDS} s")
        self.count("stalled")

    def rubbish(self, life, rng):
        """What is no request, and requests that are wrong: those have a status of their own."""
        began = time.monotonic()
        if rng.random() < 0.3:
            with self.send(life, rng.choice([rng.randbytes(400), b"\x16\x03\x01" + rng.randbytes(100), b"GET\r\n\r\n",
                                             b"POST /v1/models HTTP/1.1\r\nContent-Length: -5\r\n\r\n"])) as client:
                client.settimeout(rng.random() * 3)
                client.recv(1000)
        else:
            chat = "/v1/chat/completions"
            method, path, body, expected = rng.choice([
                ("POST", chat, "{", 400), ("POST", chat, "[" * 200, 400), ("POST", chat, rng.randbytes(300), 400),
                ("POST", chat, self.question(rng.choice(self.broken)), 400), ("GET", "/no/such/path", None, 404),
                ("POST", "/v1/images/generations", json.dumps({"prompt": inputs.TOO_LONG}), 400),
                ("DELETE", chat, None, 405)])
            status, data = life.ask(method, path, body)
            if status != expected and not life.excused(began):
                self.wrong(life, f"{method} {path} {str(body)[:40]!r}: status {status} in place of {expected}, {data[:200]}")
        self.count("rubbish")

    def client(self, rng):
        while not self.over:
            with self.lock:
                life = None if self.paused else self.life
                self.at_work += life is not None
            if life is None:
                time.sleep(0.05)
                continue
            try:
                if "clients" in self.kinds and rng.random() < 0.35:
                    rng.choice([self.vanish, self.stall, self.rubbish])(life, rng)
                else:
                    self.ask(life, rng)
            except (OSError, http.client.HTTPException):
                pass  # cut off, which is what the server may do to those three
            except Exception:  # a client that breaks off has shown nothing
                self.tally.problem("hung", None, f"soak.py itself: {traceback.format_exc()}", kind="serve")
            with self.lock:
                self.at_work -= 1

    # What befalls the server.

    def no_descriptors(self, life):
        """For two seconds it can open next to nothing."""
        pid = life.process.pid
        now = life.status()
        if now is None:
            return
        life.troubled_until = time.monotonic() + 3600
        before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (now[1] + self.rng.randint(0, 2), before[1]))
        time.sleep(2)
        if life.process.poll() is None:
            resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
        life.troubled_until = time.monotonic() + 3
        self.tally.fault("serve", "disk")

    def end(self, life):
        """Ends it in one of four ways, under load, and looks how it ends."""
        which = self.rng.choice([signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP]) \
            if "kill" in self.kinds else signal.SIGTERM
        life.ending = True
        life.process.send_signal(which)
        self.tally.fault("serve", "kill")
        try:
            code = life.process.wait(90)
        except subprocess.TimeoutExpired:
            self.tally.hung(None, f"server: no end 90 s after {which.name}", kind="serve")
            life.process.kill()
            code = life.process.wait()
        expected = {-9} if which == signal.SIGKILL else {0, 129} if which == signal.SIGHUP else {0}
        if code not in expected:
            (self.tally.signal if code < 0 else self.tally.wrong)(
                None, f"server: {program.ending(code)} after {which.name}; its last lines: {list(life.last_lines)}", kind="serve")

    def look_for_leftovers(self, life, first):
        """Without clients, nothing of them is left."""
        self.paused = True
        until = time.monotonic() + REQUEST_SECONDS
        while True:
            at_work = self.at_work
            left, last = life.busy(), life.status()
            if not at_work and not left and last[1] <= first[1] + 2 or time.monotonic() > until:
                break
            time.sleep(0.5)
        if left or last[1] > first[1] + 2:
            self.wrong(life, f"{left:.0f} requests left, {first[1]} descriptors at the start and {last[1]} without clients: "
                             f"{life.descriptors()}")
        self.paused = False

    def live(self):
        life = Life(self.janus, self.folder)
        if life.port is None or not life.wait_until_ready():
            self.wrong(life, f"it does not start: {life.process.poll()}")
            life.process.kill()
            life.process.wait()
            time.sleep(1)
            return
        first, began = life.status(), time.monotonic()
        self.life = life
        until = min(began + self.life_seconds, self.until)
        trouble = self.rng.uniform(0.4, 0.6) * (until - began) + began if "disk" in self.kinds else None
        samples = []
        while time.monotonic() < until and life.process.poll() is None:
            if trouble and time.monotonic() > trouble:
                self.no_descriptors(life)
                trouble = None
            if now := life.status():
                samples.append((time.monotonic() - began, *now))
                self.series.add("serve", life.process.pid, *now)
            time.sleep(max(0.2, self.life_seconds / 400))
        if life.process.poll() is not None:
            self.tally.signal(None, f"server: it ended by itself, {program.ending(life.process.returncode)}; its last lines: "
                                    f"{list(life.last_lines)}", kind="serve")
        else:
            try:
                self.look_for_leftovers(life, first)
            except (OSError, TypeError, http.client.HTTPException) as fault:
                self.wrong(life, f"{fault!r} without other clients")
            time.sleep(0.5)
            self.end(life)
        self.life = None
        self.tally.life(samples)

    def run(self, make_rng):
        clients = [threading.Thread(target=self.client, args=(make_rng(),), daemon=True) for _ in range(CLIENTS)]
        for client in clients:
            client.start()
        try:
            while time.monotonic() < self.until:
                self.live()
        except Exception:
            self.tally.problem("hung", None, f"soak.py itself: {traceback.format_exc()}", kind="serve")
        self.over = True
        for client in clients:
            client.join(REQUEST_SECONDS)
        self.tally.replies = self.counts
