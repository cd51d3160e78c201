"""A server that cannot answer yet: its queue is full, or its model still loading."""

import http.server
import json
import threading
import urllib.error
import urllib.request

from page import PageTest


class StillLoading(http.server.ThreadingHTTPServer):
    """Stands before a server: gives its page, and for all else says that the model loads, until `loading` is False."""

    def __init__(self, behind):
        self.behind, self.loading = behind, True
        super().__init__(("127.0.0.1", 0), Passing)
        self.address = f"http://127.0.0.1:{self.server_port}/"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def __exit__(self, *unused):
        self.shutdown()
        super().__exit__(*unused)


class Passing(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.pass_on(None)

    def do_POST(self):
        self.pass_on(self.rfile.read(int(self.headers["Content-Length"])))

    def pass_on(self, body):
        if self.server.loading and (self.path == "/health" or self.path.startswith("/v1/")):
            error = {"message": "model janus-tiny: expected it to be loaded, found it loading; ask again",
                     "type": "server_error", "param": None, "code": "loading"}
            return self.answer(503, {"Content-Type": "application/json", "Retry-After": "2"},
                               json.dumps({"error": error}).encode())
        request = urllib.request.Request(self.server.behind + self.path[1:], body)
        if body:
            request.add_header("Content-Type", self.headers["Content-Type"])
        with urllib.request.urlopen(request, timeout=60) as reply:
            self.answer(reply.status, {"Content-Type": reply.headers["Content-Type"]}, reply.read())

    def answer(self, status, headers, body):
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *unused):
        pass


class FullTest(PageTest):
    options = ("--rows", "1", "--queue", "0")

    def test_a_full_queue_is_said_and_the_others_go_on(self):
        self.expected_errors = ("429 (Too Many Requests)",)
        self.ready()
        self.draw(count=4)
        self.browser.until("words", "return document.querySelector('.figure .problem')?.textContent.includes('The queue of the server is full.')")
        self.images(1)
        self.browser.until("the end of all", "return document.querySelectorAll('.figure[aria-busy]').length === 0")
        self.shot("full-light")
        self.draw()
        self.images(2)


class LoadingTest(PageTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server = cls.enterClassContext(StillLoading(cls.server.address))

    def test_a_model_that_loads_is_waited_for(self):
        self.expected_errors = ("503 (Service Unavailable)",)
        state = lambda words: self.browser.until(f"the state '{words}'", "return document.querySelector('#status').textContent === arguments[0]", words)
        state("loading the model")
        self.draw()
        self.browser.until("words", "return document.querySelector('.figure .problem')?.textContent.includes('still loading')")
        self.shot("loading-light")
        self.server.loading = False
        self.ready()
        state("ready")
        self.draw()
        self.images(1)
