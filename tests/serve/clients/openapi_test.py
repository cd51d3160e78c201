"""docs/openapi.yaml: a sound document, and what the server does."""

import base64
import json
import unittest

import yaml
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from server import ROOT, STAR, Server, data_url

DOCUMENT = yaml.safe_load((ROOT / "docs" / "openapi.yaml").read_text())
# Bodies of requests that the document's examples do not show.
MORE = {
    ("post", "/v1/chat/completions"): [
        {"messages": [{"role": "user", "content": "Hello"}], "max_tokens": 3, "stream": True,
         "stream_options": {"include_usage": True}},
        {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": data_url(STAR)}}]}],
         "max_tokens": 3, "logprobs": True, "top_logprobs": 2},
    ],
    ("post", "/v1/responses"): [
        {"input": "Hello", "max_output_tokens": 3, "stream": True},
        {"input": "a red circle", "tools": [{"type": "image_generation"}], "tool_choice": {"type": "image_generation"}},
    ],
    ("post", "/v1/images/generations"): [
        {"prompt": "a red circle", "stream": True, "partial_images": 2},
        {"prompt": "a red circle", "output_format": "jpeg", "n": 2},
        {"prompt": "a red circle", "response_format": "url", "best_of": 2},
        {"prompt": "a red circle", "stream": True, "janus_preview_every": 4, "best_of": 2},
    ],
    ("post", "/v1/embeddings"): [{"input": data_url(STAR)}, {"input": [data_url(STAR)], "encoding_format": "base64"}],
    ("post", "/api/chat"): [{"model": "janus-tiny", "messages": [{"role": "user", "content": "Hello"}],
                             "options": {"num_predict": 3}}, {"model": "janus-tiny"}],
    ("post", "/api/generate"): [{"model": "janus-tiny", "prompt": "Hello", "options": {"num_predict": 3}},
                                {"model": "janus-tiny"}],
}
# A body that is refused, for every path that takes one.
WRONG = {"model": 1, "messages": 1, "prompt": 1, "input": 1, "content": 1, "tokens": 1, "sd_model_checkpoint": 1}


def resolved(node):
    """A schema with its references below $defs, as the validator wants them."""
    return {**node, "components": DOCUMENT["components"]}


def problems(schema, value):
    return [f"{'/'.join(map(str, error.absolute_path))}: {error.message[:200]}"
            for error in Draft202012Validator(resolved(schema)).iter_errors(value)]


def deref(node):
    while "$ref" in node:
        found = DOCUMENT
        for name in node["$ref"].removeprefix("#/").split("/"):
            found = found[name]
        node = found
    return node


def values(kind, body):
    """The JSON values of a reply."""
    text = body.decode()
    if kind == "application/x-ndjson":
        return [json.loads(line) for line in text.splitlines()]
    if kind == "text/event-stream":
        data = [line.removeprefix("data: ") for line in text.splitlines() if line.startswith("data: ")]
        return [json.loads(line) for line in data if line != "[DONE]"]
    return [json.loads(text)] if kind == "application/json" else [text]


def operations():
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            if method == "parameters":
                continue
            yield method, path, operation


def filled(path):
    return path.replace("{model}", "janus-tiny").replace("{id}", "none").replace("{file}", "index.html")


def bodies(method, path, operation):
    if "requestBody" not in operation:
        return [None]
    schema = deref(operation["requestBody"]["content"]["application/json"]["schema"])
    return [*schema.get("examples", []), *MORE.get((method, path), [])]


class OpenapiTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(Server())

    def check(self, method, path, operation, status, headers, body):
        replies = operation["responses"]
        reply = deref(replies.get(str(status)) or replies["default"])
        kind = headers.get_content_type()
        self.assertIn(kind, reply["content"], f"{status}: {body[:300]}")
        found = values(kind, body)
        self.assertTrue(found)
        for value in found:
            self.assertEqual(problems(reply["content"][kind]["schema"], value), [], f"{status}: {value}"[:600])

    def test_the_document_is_sound(self):
        validate(DOCUMENT)

    def test_every_example_is_answered_as_it_says(self):
        for method, path, operation in operations():
            asked = bodies(method, path, operation)
            self.assertTrue(asked, f"{method} {path} has no example")
            offered = "200" in operation["responses"]
            for body in asked:
                with self.subTest(f"{method} {path} {body}"[:120]):
                    if body is not None and offered:
                        schema = operation["requestBody"]["content"]["application/json"]["schema"]
                        self.assertEqual(problems(schema, body), [])
                    reply = self.server.ask(method.upper(), filled(path), body)
                    self.assertEqual(reply[0], 200 if offered else 501, reply[2][:300])
                    self.check(method, path, operation, *reply)

    def test_every_error_is_as_it_says(self):
        for method, path, operation in operations():
            if "requestBody" not in operation or "200" not in operation["responses"]:
                continue
            for body, status in (b"{", 400), (b"[]", 400), (json.dumps(WRONG).encode(), 400):
                with self.subTest(f"{method} {path} {body}"):
                    reply = self.server.ask(method.upper(), path, body)
                    self.assertEqual(reply[0], status)
                    self.check(method, path, operation, *reply)

    def test_every_path_of_openai_is_there_without_v1(self):
        for method, path, operation in operations():
            if not path.startswith("/v1/"):
                continue
            body = bodies(method, path, operation)[0]
            short = filled(path).removeprefix("/v1")
            status = self.server.ask(method.upper(), short, body)[0]
            self.assertEqual(status, 200 if "200" in operation["responses"] else 501, short)


if __name__ == "__main__":
    unittest.main()
