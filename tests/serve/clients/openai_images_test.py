"""Images by the openai package."""

import unittest

import openai

from server import PROMPT, Server, generated, image


class OpenaiImagesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(Server())
        cls.client = openai.OpenAI(base_url=f"{cls.server.address}/v1", api_key="any", max_retries=0)

    def generate(self, **more):
        return self.client.images.generate(model="janus-tiny", prompt=PROMPT, **more)

    def test_two_images_are_those_of_generate(self):
        reply = self.generate(n=2, size="auto", extra_body={"seed": 7})
        self.assertEqual(len(reply.data), 2)
        for k, made in enumerate(reply.data):
            expected = generated(PROMPT, 7 + k)
            self.assertEqual(image(made.b64_json).convert("RGB").tobytes(), expected.tobytes())

    def test_a_size_is_enlarged_and_said(self):
        reply = self.generate(size="512x512", response_format="b64_json")
        self.assertEqual(image(reply.data[0].b64_json).size, (512, 512))
        self.assertEqual((reply.size, reply.native_size), ("512x512", "64x64"))

    def test_formats(self):
        for name in "png", "jpeg", "webp":
            reply = self.generate(output_format=name)
            self.assertEqual(image(reply.data[0].b64_json).format, name.upper())
            self.assertEqual(reply.output_format, name)

    def test_partial_images_come_before_the_last(self):
        events = list(self.generate(stream=True, partial_images=2, size="auto", extra_body={"seed": 3}))
        self.assertEqual([event.type for event in events],
                         ["image_generation.partial_image"] * 2 + ["image_generation.completed"])
        self.assertEqual([event.partial_image_index for event in events[:-1]], [0, 1])
        whole = generated(PROMPT, 3)
        self.assertEqual(image(events[-1].b64_json).convert("RGB").tobytes(), whole.tobytes())
        for event in events[:-1]:
            self.assertNotEqual(image(event.b64_json).convert("RGB").tobytes(), whole.tobytes())
        self.assertGreater(events[-1].usage.output_tokens, 0)

    def test_a_stream_without_partial_images(self):
        events = list(self.generate(stream=True))
        self.assertEqual([event.type for event in events], ["image_generation.completed"])

    def test_embeddings_of_an_image(self):
        from server import STAR, data_url
        reply = self.client.embeddings.create(model="janus-tiny", input=data_url(STAR), encoding_format="float")
        self.assertGreater(len(reply.data[0].embedding), 16)


if __name__ == "__main__":
    unittest.main()
