"""Answers by the openai package: chat completions and responses."""

import unittest

import openai

from server import PICTURES, PROMPT, STAR, STAR_TEXT, Server, data_url, described, generated, image

QUESTION = {"type": "text", "text": "Describe this image."}


def part(path):
    return {"type": "image_url", "image_url": {"url": data_url(path)}}


def asked(*content):
    return [{"role": "user", "content": list(content)}]


class OpenaiChatTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(Server())
        cls.client = openai.OpenAI(base_url=f"{cls.server.address}/v1", api_key="any", max_retries=0)
        cls.model = cls.client.models.list().data[0].id

    def chat(self, messages, **more):
        return self.client.chat.completions.create(model=self.model, messages=messages, **more)

    def test_models_are_listed_and_looked_up(self):
        self.assertEqual(self.model, "janus-tiny")
        self.assertEqual(self.client.models.retrieve(self.model).id, self.model)

    def test_an_answer_about_an_image_is_that_of_describe(self):
        reply = self.chat(asked(QUESTION, part(STAR)))
        self.assertEqual(reply.choices[0].message.content, STAR_TEXT)
        self.assertEqual(reply.choices[0].message.role, "assistant")
        self.assertEqual(reply.choices[0].finish_reason, "stop")
        self.assertEqual(reply.model, self.model)
        self.assertGreater(reply.usage.prompt_tokens, 64)  # the places of the image
        self.assertEqual(reply.usage.total_tokens, reply.usage.prompt_tokens + reply.usage.completion_tokens)

    def test_sampling_fields_mean_what_the_options_do(self):
        reply = self.chat(asked(QUESTION, part(STAR)), temperature=1.5, seed=7, top_p=0.9,
                          extra_body={"top_k": 40})
        self.assertEqual(reply.choices[0].message.content,
                         described(STAR, "--temperature", "1.5", "--seed", "7", "--top-p", "0.9", "--top-k", "40"))

    def test_a_stream_has_the_same_text_and_the_usage(self):
        pieces, finish, usage, role = [], None, None, None
        for chunk in self.chat(asked(QUESTION, part(STAR)), stream=True, stream_options={"include_usage": True}):
            usage = chunk.usage or usage
            for choice in chunk.choices:
                role = choice.delta.role or role
                pieces.append(choice.delta.content or "")
                finish = choice.finish_reason or finish
        self.assertEqual("".join(pieces), STAR_TEXT)
        self.assertGreater(len(pieces), 3)
        self.assertEqual((role, finish), ("assistant", "stop"))
        self.assertEqual(usage, self.chat(asked(QUESTION, part(STAR))).usage)

    def test_a_stream_can_be_broken_off(self):
        with self.chat(asked(QUESTION, part(STAR)), stream=True, temperature=2, max_tokens=512) as stream:
            next(iter(stream))
        self.assertEqual(self.chat(asked(QUESTION, part(STAR))).choices[0].message.content, STAR_TEXT)

    def test_stop_and_max_tokens_end_an_answer(self):
        reply = self.chat(asked(QUESTION, part(STAR)), stop=[" star"])
        self.assertEqual((reply.choices[0].message.content, reply.choices[0].finish_reason),
                         (STAR_TEXT.split(" star")[0], "stop"))
        pieces = [chunk.choices[0].delta.content or ""
                  for chunk in self.chat(asked(QUESTION, part(STAR)), stop=" star", stream=True)]
        self.assertEqual("".join(pieces), STAR_TEXT.split(" star")[0])
        for field in "max_tokens", "max_completion_tokens":
            reply = self.chat(asked(QUESTION, part(STAR)), **{field: 2})
            self.assertEqual(reply.choices[0].finish_reason, "length")
            self.assertEqual(reply.usage.completion_tokens, 2)

    def test_several_images_and_turns(self):
        cross = described(PICTURES / "cross.png")
        reply = self.chat([
            *asked(part(PICTURES / "cross.png"), QUESTION),
            {"role": "assistant", "content": cross},
            *asked(part(STAR), QUESTION),
        ])
        self.assertTrue(reply.choices[0].message.content)
        self.assertGreater(reply.usage.prompt_tokens, 128)

    def test_logprobs_have_a_token_each(self):
        reply = self.chat(asked(QUESTION, part(STAR)), logprobs=True, top_logprobs=2)
        content = reply.choices[0].logprobs.content
        self.assertEqual("".join(entry.token for entry in content).strip(), STAR_TEXT)
        self.assertTrue(all(entry.logprob <= 0 and len(entry.top_logprobs) == 2 for entry in content))

    def test_a_response_answers(self):
        reply = self.client.responses.create(model=self.model, input=[{"role": "user", "content": [
            {"type": "input_text", "text": "Describe this image."},
            {"type": "input_image", "image_url": data_url(STAR), "detail": "auto"},
        ]}])
        self.assertEqual((reply.output_text, reply.status), (STAR_TEXT, "completed"))

    def test_a_response_streams(self):
        kinds, text = [], ""
        for event in self.client.responses.create(model=self.model, stream=True, input=[{"role": "user", "content": [
            {"type": "input_text", "text": "Describe this image."},
            {"type": "input_image", "image_url": data_url(STAR), "detail": "auto"},
        ]}]):
            kinds.append(event.type)
            text += event.delta if event.type == "response.output_text.delta" else ""
        self.assertEqual(text, STAR_TEXT)
        self.assertEqual((kinds[0], kinds[-1]), ("response.created", "response.completed"))

    def test_a_response_makes_an_image(self):
        reply = self.client.responses.create(model=self.model, input=PROMPT, tools=[{"type": "image_generation"}],
                                             tool_choice={"type": "image_generation"})
        calls = [item for item in reply.output if item.type == "image_generation_call"]
        self.assertEqual([call.status for call in calls], ["completed"])
        self.assertEqual(image(calls[0].result).size, generated(PROMPT, 42).size)


if __name__ == "__main__":
    unittest.main()
