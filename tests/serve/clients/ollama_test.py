"""The ollama package."""

import datetime
import unittest

import ollama

from server import PICTURES, STAR, STAR_TEXT, Server, b64, described


class OllamaTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(Server())
        cls.client = ollama.Client(cls.server.address)

    def chat(self, content="Describe this image.", images=(STAR,), **more):
        return self.client.chat("janus-tiny", [{"role": "user", "content": content, "images": list(images)}], **more)

    def test_models_are_listed(self):
        (model,) = self.client.list().models
        self.assertEqual(model.model, "janus-tiny:latest")
        self.assertGreater(model.size, 1_000_000)
        self.assertRegex(model.digest, "^[0-9a-f]{64}$")
        self.assertEqual(model.details.family, "janus")
        self.assertLessEqual(model.modified_at, datetime.datetime.now(datetime.timezone.utc))

    def test_a_model_is_shown(self):
        for name in "janus-tiny", "janus-tiny:latest":
            shown = self.client.show(name)
            self.assertEqual(set(shown.capabilities), {"completion", "vision"})
            self.assertEqual(shown.modelinfo["general.architecture"], "janus")
            self.assertEqual(shown.modelinfo["janus.context_length"], 1024)
            self.assertEqual(shown.details.parameter_size, "8.7M")

    def test_what_runs_is_listed(self):
        self.chat(options={"num_predict": 1})
        (model,) = self.client.ps().models
        self.assertEqual(model.name, "janus-tiny:latest")
        self.assertEqual(model.context_length, 1024)

    def test_an_answer_about_an_image(self):
        for name in "janus-tiny", "janus-tiny:latest":
            reply = self.client.chat(name, [{"role": "user", "content": "Describe this image.", "images": [STAR]}])
            self.assertEqual((reply.message.role, reply.message.content), ("assistant", STAR_TEXT))
            self.assertEqual((reply.model, reply.done, reply.done_reason), (name, True, "stop"))
            self.assertGreater(reply.total_duration, reply.eval_duration)
            self.assertGreater(reply.prompt_eval_count, 64)
            self.assertEqual(reply.eval_count, 8)

    def test_a_stream(self):
        parts = list(self.chat(stream=True))
        self.assertEqual("".join(part.message.content for part in parts), STAR_TEXT)
        self.assertEqual([part.done for part in parts], [False] * (len(parts) - 1) + [True])
        self.assertGreater(len(parts), 3)

    def test_options(self):
        reply = self.chat(options={"temperature": 1.5, "seed": 7, "top_p": 0.9, "top_k": 40, "num_ctx": 4096})
        self.assertEqual(reply.message.content, described(
            STAR, "--temperature", "1.5", "--seed", "7", "--top-p", "0.9", "--top-k", "40"))
        reply = self.chat(options={"num_predict": 2})
        self.assertEqual((reply.done_reason, reply.eval_count), ("length", 2))
        reply = self.chat(options={"num_predict": -1, "stop": [" star"]})
        self.assertEqual((reply.message.content, reply.done_reason), (STAR_TEXT.split(" star")[0], "stop"))

    def test_several_turns(self):
        cross = PICTURES / "cross.png"
        reply = self.client.chat("janus-tiny", [
            {"role": "system", "content": "Answer briefly."},
            {"role": "user", "content": "Describe this image.", "images": [cross]},
            {"role": "assistant", "content": described(cross)},
            {"role": "user", "content": "Describe this image.", "images": [STAR]},
        ])
        self.assertTrue(reply.message.content)
        self.assertGreater(reply.prompt_eval_count, 128)

    def test_generate(self):
        reply = self.client.generate("janus-tiny", "Describe this image.", images=[b64(STAR)])
        self.assertEqual((reply.response, reply.done_reason), (STAR_TEXT, "stop"))
        parts = list(self.client.generate("janus-tiny", "Describe this image.", images=[STAR.read_bytes()], stream=True))
        self.assertEqual("".join(part.response for part in parts), STAR_TEXT)

    def test_an_empty_prompt_loads_the_model(self):
        self.assertEqual(self.client.generate("janus-tiny").done_reason, "load")
        self.assertEqual(self.client.chat("janus-tiny", []).done_reason, "load")

    def test_what_the_model_cannot_do_is_refused(self):
        for more in {"tools": [{"type": "function", "function": {"name": "f"}}]}, {"think": True}, {"format": "json"}:
            with self.subTest(more), self.assertRaises(ollama.ResponseError) as raised:
                self.chat(**more)
            self.assertEqual(raised.exception.status_code, 400)
        self.assertEqual(self.chat(think=False).message.content, STAR_TEXT)


if __name__ == "__main__":
    unittest.main()
