"""The requests of Open WebUI's two image engines, replayed (open_webui/README.md)."""

import http.client
import json
import pathlib
import socket
import unittest

from server import PROMPT, Server, generated, image

REQUESTS = pathlib.Path(__file__).parent / "open_webui"


def replay(server, name):
    """Sends a recorded request; returns what Open WebUI makes of the reply: its JSON, whatever the content type."""
    request = (REQUESTS / f"{name}.http").read_bytes()
    request = request.replace(b"Host: 127.0.0.1:8080", f"Host: 127.0.0.1:{server.port}".encode())
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
        connection.sendall(request)
        reply = http.client.HTTPResponse(connection)
        reply.begin()
        body = reply.read()
    assert reply.status == 200, (name, reply.status, body)
    return json.loads(body)


def sent(name):
    return json.loads((REQUESTS / f"{name}.http").read_bytes().partition(b"\r\n\r\n")[2])


class OpenWebuiTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(Server())

    def test_openai_lists_models(self):
        models = replay(self.server, "openai_models")
        self.assertEqual([model["id"] for model in models["data"]], ["janus-tiny"])

    def test_openai_makes_images(self):
        for name in "openai_generations", "openai_generations_with_version":
            with self.subTest(name):
                data = replay(self.server, name)["data"]
                self.assertEqual(len(data), sent(name)["n"])
                for one in data:
                    self.assertFalse(one.get("url"))  # it would be fetched
                    made = image(one["b64_json"])
                    self.assertEqual((made.format, made.size), ("PNG", (512, 512)))

    def test_automatic1111_lists_and_sets_models(self):
        (model,) = replay(self.server, "automatic1111_1_models")
        self.assertEqual((model["title"], model["model_name"]), ("janus-tiny", "janus-tiny"))
        self.assertEqual(replay(self.server, "automatic1111_2_options")["sd_model_checkpoint"], "janus-tiny")
        replay(self.server, "automatic1111_3_set_model")
        self.assertEqual(replay(self.server, "automatic1111_2_options")["sd_model_checkpoint"], "janus-tiny")

    def test_automatic1111_makes_images(self):
        for name in "automatic1111_4_txt2img", "automatic1111_5_txt2img_with_params":
            with self.subTest(name):
                reply = replay(self.server, name)
                asked = sent(name)
                self.assertEqual(len(reply["images"]), asked["batch_size"])
                info = json.loads(reply["info"])
                self.assertEqual(len(info["all_seeds"]), asked["batch_size"])
                self.assertEqual(info["all_seeds"][0], info["seed"])
                for encoded, infotext in zip(reply["images"], info["infotexts"]):
                    made = image(encoded)
                    self.assertEqual((made.format, made.size), ("PNG", (512, 512)))
                    self.assertEqual(made.text["parameters"], infotext)

    def test_automatic1111_images_are_those_of_generate(self):
        _, _, body = self.server.ask("POST", "/sdapi/v1/txt2img", {
            "prompt": PROMPT, "width": 64, "height": 64, "seed": 7, "batch_size": 2, "n_iter": 2, "cfg_scale": 3})
        reply = json.loads(body)
        self.assertEqual(json.loads(reply["info"])["all_seeds"], [7, 8, 9, 10])
        for k, encoded in enumerate(reply["images"]):
            expected = generated(PROMPT, 7 + k, "--cfg-scale", "3")
            self.assertEqual(image(encoded).convert("RGB").tobytes(), expected.tobytes())


if __name__ == "__main__":
    unittest.main()
