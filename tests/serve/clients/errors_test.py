"""Every class of error, as the openai and ollama packages tell them apart."""

import contextlib
import signal
import tempfile
import threading
import unittest

import ollama
import openai

from server import PROMPT, STAR, Server, data_url


def client(server, key="any"):
    return openai.OpenAI(base_url=f"{server.address}/v1", api_key=key, max_retries=0)


def ask(of, **more):
    return of.chat.completions.create(
        **{"model": "janus-tiny", "messages": [{"role": "user", "content": "Hello"}], **more})


class ErrorsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(Server())

    def test_400_names_the_field(self):
        for field, value in {"temperature": -1, "top_p": 0, "max_tokens": 0, "seed": "x", "messages": "x"}.items():
            with self.subTest(field), self.assertRaises(openai.BadRequestError) as raised:
                ask(client(self.server), **{field: value})
            self.assertIn(field, str(raised.exception.param))
            self.assertEqual(raised.exception.type, "invalid_request_error")

    def test_400_for_images_that_are_none(self):
        for url in "data:image/png;base64,AAAA", "data:image/png;base64,%%%", "file:///etc/passwd", "http://127.0.0.1/":
            with self.subTest(url), self.assertRaises(openai.BadRequestError):
                ask(client(self.server), messages=[
                    {"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}]}])

    def test_400_for_sizes_that_are_not_square(self):
        for size in "512x256", "4096x4096", "x":
            with self.subTest(size), self.assertRaises(openai.BadRequestError):
                client(self.server).images.generate(model="janus-tiny", prompt=PROMPT, size=size)

    def test_404_lists_the_models(self):
        with self.assertRaises(openai.NotFoundError) as raised:
            ask(client(self.server), model="gpt-4")
        self.assertEqual(raised.exception.code, "model_not_found")
        self.assertIn("janus-tiny", str(raised.exception))

    def test_404_for_a_path(self):
        self.assertEqual(self.server.ask("GET", "/v1/nothing")[0], 404)

    def test_405_for_a_method(self):
        status, headers, _ = self.server.ask("GET", "/v1/images/generations")
        self.assertEqual(status, 405)
        self.assertIn("POST", headers["Allow"])

    def test_501_says_what_is_not_there(self):
        with self.assertRaises(openai.InternalServerError) as raised:
            client(self.server).images.edit(model="janus-tiny", image=STAR.open("rb"), prompt=PROMPT)
        self.assertEqual(raised.exception.status_code, 501)

    def test_ollama_errors(self):
        host = ollama.Client(self.server.address)
        for call in lambda: host.chat("nothing", [{"role": "user", "content": "Hello"}]), lambda: host.show("nothing"):
            with self.assertRaises(ollama.ResponseError) as raised:
                call()
            self.assertEqual(raised.exception.status_code, 404)
            self.assertIn("nothing", raised.exception.error)
        with self.assertRaises(ollama.ResponseError) as raised:
            host.pull("janus-tiny")
        self.assertEqual(raised.exception.status_code, 501)
        with self.assertRaises(ollama.ResponseError) as raised:
            host.chat("janus-tiny", [{"role": "user", "content": "Hello"}], options={"temperature": -1})
        self.assertEqual(raised.exception.status_code, 400)

    def test_413_for_a_body_that_is_too_large(self):
        with Server("--limit-body", "100000") as small:
            with self.assertRaises(openai.APIStatusError) as raised:
                ask(client(small), messages=[{"role": "user", "content": "a" * 200_000}])
            self.assertEqual(raised.exception.status_code, 413)
            self.assertEqual(small.ask("GET", "/health")[0], 200)


class KeyTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        keys = cls.enterClassContext(tempfile.NamedTemporaryFile("w", suffix=".key"))
        keys.write("a-key-of-mine\n")
        keys.flush()
        cls.server = cls.enterClassContext(Server("--api-key-file", keys.name))

    def test_401_without_the_key(self):
        for key in "another", "a-key-of-min", "a-key-of-mine2":
            with self.subTest(key), self.assertRaises(openai.AuthenticationError):
                ask(client(self.server, key))
        for method, path in ("GET", "/api/tags"), ("GET", "/sdapi/v1/options"), ("GET", "/props"), ("GET", "/metrics"):
            self.assertEqual(self.server.ask(method, path)[0], 401, path)

    def test_health_needs_no_key(self):
        self.assertEqual(self.server.ask("GET", "/health")[0], 200)

    def test_the_key_is_taken(self):
        self.assertTrue(ask(client(self.server, "a-key-of-mine"), max_tokens=1).choices)
        host = ollama.Client(self.server.address, headers={"Authorization": "Bearer a-key-of-mine"})
        self.assertTrue(host.list().models)

    def test_automatic1111_clients_send_it_as_a_password(self):
        import base64
        word = base64.b64encode(b"anybody:a-key-of-mine").decode()
        status, _, _ = self.server.ask("GET", "/sdapi/v1/options", headers={"Authorization": f"Basic {word}"})
        self.assertEqual(status, 200)
        word = base64.b64encode(b"anybody:another").decode()
        status, _, _ = self.server.ask("GET", "/sdapi/v1/options", headers={"Authorization": f"Basic {word}"})
        self.assertEqual(status, 401)


class BusyTest(unittest.TestCase):
    def test_429_where_the_queue_is_full(self):
        with Server("--rows", "1", "--queue", "1") as server, contextlib.ExitStack() as streams:
            refused = []

            def ask_long():
                try:
                    ask(client(server), max_tokens=900, temperature=3,
                        messages=[{"role": "user", "content": [
                            {"type": "image_url", "image_url": {"url": data_url(STAR)}},
                            {"type": "text", "text": "Describe this image."}]}])
                except openai.RateLimitError as error:
                    refused.append(error.response.headers["Retry-After"])

            threads = [threading.Thread(target=ask_long) for _ in range(24)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.assertTrue(refused)
            self.assertTrue(all(int(seconds) >= 1 for seconds in refused))

    def test_503_while_it_loads(self):
        with Server(wait=False) as server:
            statuses = set()
            while 200 not in statuses:
                try:
                    statuses.add(server.ask("GET", "/health")[0])
                except OSError:  # nobody listens yet
                    continue
            self.assertLessEqual(statuses, {200, 503})

    def test_503_while_it_ends(self):
        with Server() as server:
            connected = client(server)
            connected.models.list()
            events = client(server).images.generate(model="janus-tiny", prompt=PROMPT, n=10, stream=True,
                                                    partial_images=1)
            next(iter(events))
            server.process.send_signal(signal.SIGTERM)
            with self.assertRaises(openai.InternalServerError) as raised:  # on a connection that was open
                while True:
                    connected.models.list()
            self.assertEqual(raised.exception.status_code, 503)
            self.assertEqual([event.type for event in events][-1], "image_generation.completed")
            self.assertEqual(server.process.wait(timeout=60), 0)


if __name__ == "__main__":
    unittest.main()
