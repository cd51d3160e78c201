"""Answers, chats and scores, and that they are the program's."""

from __future__ import annotations

import base64
import pickle

import janus_cpp as jc
import pytest


def test_answers_are_the_programs(model, program, pictures):
    for sampling in ({}, {"temperature": 1.5, "top_k": 40, "top_p": 0.95, "seed": 7}):
        flags = [f"--{name.replace('_', '-')}={value}" for name, value in sampling.items()]
        told = program.records("describe", *pictures, "-p", "What is this?", *flags)
        answers = model.describe(pictures, "What is this?", **sampling)
        assert [answer.ids for answer in answers] == [record["ids"] for record in told]
        assert list(answers) == [record["text"] for record in told]
        assert [answer.seed for answer in answers] == [record["seed"] for record in told]
        assert [answer.finish_reason for answer in answers] == [record["finish_reason"] for record in told]


def test_question_about_several_pictures(model, program, pictures):
    told = program.records("describe", *pictures[:2], "--together", "-p", "What has changed?")[0]
    assert model.describe(pictures[:2], "What has changed?", together=True).ids == told["ids"]
    with pytest.raises(jc.RequestError, match="together: expected a list"):
        model.describe(pictures[0], together=True)


def test_several_questions(model, pictures):
    questions = ["What is this?", "What colour is the object?"]
    about_one = model.describe(pictures[0], questions, seed=3, temperature=1)
    assert about_one[1] == model.describe(pictures[0], questions[1], seed=4, temperature=1)
    about_each = model.describe(pictures[:2], questions)
    assert about_each == [model.describe(pictures[0], questions[0]), model.describe(pictures[1], questions[1])]
    with pytest.raises(jc.RequestError, match="expected one, or 3, one a picture, found 2"):
        model.describe(pictures[:3], questions)


def test_answer_is_a_str(model, star):
    answer = model.describe(star, logprobs=2)
    assert isinstance(answer, str) and answer.upper() == str(answer).upper()
    assert [token[0] for token in answer.logprobs] == answer.ids
    assert all(token[2][0] == (token[0], token[1]) and len(token[2]) == 2 for token in answer.logprobs)
    again = pickle.loads(pickle.dumps(answer))
    assert again == answer and again.ids == answer.ids and again.timings == answer.timings


def test_stream_gives_the_answer_in_pieces(model, star):
    whole = model.describe(star)
    stream = model.describe(star, stream=True)
    pieces = list(stream)
    assert len(pieces) > 3 and "".join(pieces) == whole
    assert stream.result().ids == whole.ids
    with model.describe(star, stream=True) as stream:
        next(stream)
    with pytest.raises(jc.Cancelled):
        stream.result()
    with pytest.raises(jc.RequestError, match="expected one answer or image to be streamed"):
        model.describe([star], stream=True)


def test_stop_ends_the_answer_before_it(model, star):
    whole = model.describe(star)
    word = whole.split()[2]
    for stop in (word, [word], ["never said", word]):
        answer = model.describe(star, stop=stop)
        assert whole.startswith(answer) and word not in answer and answer.finish_reason == "stop"
    assert "".join(model.describe(star, stop=word, stream=True)) == model.describe(star, stop=word)


def test_broken_picture_is_an_error_of_its_item(model, pictures, tmp_path):
    torn = tmp_path / "torn.png"
    torn.write_bytes(open(pictures[0], "rb").read()[:100])
    mixed = [pictures[0], tmp_path / "none.png", b"GIF89a", torn, None, pictures[1]]
    answers = model.describe(mixed, errors="return")
    assert [type(answer) for answer in answers] == [
        jc.Answer, jc.ImageError, jc.ImageError, jc.ImageError, TypeError, jc.Answer
    ]
    assert answers[0] == model.describe(pictures[0]) and answers[5] == model.describe(pictures[1])
    assert "none.png: expected a readable file" in str(answers[1])
    with pytest.raises(jc.ImageError, match="none.png"):
        model.describe(mixed)
    # What is wrong with all of them is raised, whatever becomes of pictures.
    with pytest.raises(jc.RequestError, match="top_p"):
        model.describe(mixed, top_p=2, errors="return")


def test_bad_arguments(model, star):
    assert model.describe([]) == []
    for wrong, kind, words in [
        ({"seed": -1}, jc.RequestError, "seed: expected a whole number from 0"),
        ({"seed": 1 << 70}, jc.RequestError, "seed: expected a whole number of 64 bits"),
        ({"seed": "7"}, TypeError, "seed: expected a whole number, found '7'"),
        ({"seed": 1.0}, TypeError, "seed: expected a whole number, found 1.0"),
        ({"max_tokens": 0}, jc.RequestError, "max_tokens: expected a whole number of 1"),
        ({"max_tokens": 1 << 40}, jc.RequestError, "max_tokens"),
        ({"temperature": float("nan")}, jc.RequestError, "temperature"),
        ({"temperature": "hot"}, TypeError, "temperature: expected a number, found 'hot'"),
        ({"logprobs": 21}, jc.RequestError, "top_logprobs"),
        ({"prompt": ""}, jc.RequestError, "question"),
        ({"prompt": None}, TypeError, "prompt: expected a str"),
        ({"prompt": "\ud800"}, jc.RequestError, "prompt"),
        ({"prompt": "word " * 2000}, jc.RequestError, "expected at most 1024 tokens"),
        ({"stop": 3}, TypeError, "stop: expected a str"),
    ]:
        with pytest.raises(kind, match=words):
            model.describe(star, **wrong)
    for asked in (star, [star]):
        with pytest.raises(jc.RequestError, match='errors: expected "raise" or "return"'):
            model.describe(asked, errors="ignore")
    assert model.describe(star, max_tokens=1).finish_reason == "length"


def test_chat_takes_messages_of_openais_shape(model, program, star):
    url = "data:image/png;base64," + base64.b64encode(open(star, "rb").read()).decode()
    question = {"type": "text", "text": "What is this?"}
    told = program.records("describe", star, "-p", "What is this?")[0]
    for image in (
        {"type": "image_url", "image_url": {"url": url}},
        {"type": "image_url", "image_url": url},
        {"type": "image_url", "image_url": {"url": "file://" + star}},
        {"type": "image", "image": star},
    ):
        assert model.chat([{"role": "user", "content": [question, image]}]).ids == told["ids"]
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [{"type": "image", "image": star}, question]},
        {"role": "assistant", "content": "a star"},
        {"role": "user", "content": "What colour is it?"},
    ]
    answer = model.chat(messages, max_tokens=12)
    assert len(answer.ids) == 12 or answer.finish_reason == "stop"
    assert "".join(model.chat(messages, max_tokens=12, stream=True)) == answer


def test_chat_names_the_place_at_fault(model, star):
    def user(content):
        return [{"role": "user", "content": content}]

    for messages, kind, words in [
        ([], jc.RequestError, "messages: expected a user's message at the end"),
        ("hello", TypeError, "messages: expected a list"),
        ([3], TypeError, r"messages\[0\]: expected a dict"),
        ([{"role": "tool", "content": "x"}], jc.RequestError, r"messages\[0\].role: expected one of system"),
        ([{"content": "x"}], TypeError, r"messages\[0\].role: expected a str, found None"),
        (user(None), jc.RequestError, r"messages\[0\]: expected words or an image"),
        (user(3), TypeError, r"messages\[0\].content: expected a text or a list"),
        (user([{"type": "audio"}]), jc.RequestError, r"messages\[0\].content\[0\].type"),
        (user([{"type": "image_url", "image_url": "https://a/b.png"}]), jc.RequestError, "found an address"),
        (user([{"type": "image_url", "image_url": "data:image/png;base64,?"}]), jc.RequestError, "base64"),
        (user([{"type": "image_url", "image_url": "data:image/png;base64,AAAA"}]), jc.ImageError, "picture"),
        (user([{"type": "image"}]), TypeError, "found None"),
    ]:
        with pytest.raises(kind, match=words):
            model.chat(messages)


def test_scores_are_the_programs(model, program, star):
    texts = ["a large yellow star on a black background", "a cat"]
    told = program.records("score", "--image", star, "-p", "What is this?", *[f"--text={text}" for text in texts])[0]
    scores = model.score(star, texts, "What is this?")
    for score, expected in zip(scores, told["scores"]):
        assert score.ids.tolist() == expected["ids"]
        assert score.logprobs.tolist() == expected["logprobs"]
        assert score.total == expected["total"] == float(score)
    assert model.score(star, texts[1], "What is this?").total == scores[1].total
    assert scores[0].total > scores[1].total
    with pytest.raises(TypeError, match="text: expected a str, found int"):
        model.score(star, [3])
    with pytest.raises(jc.RequestError):
        model.score(star, [])


def test_tokens_are_the_programs(model, program):
    text = "a red circle, é 🙂"
    ids = model.tokenize(text)
    assert ids == program.records("tokenize", text)[0]["ids"]
    assert model.detokenize(ids) == text
    with pytest.raises(jc.RequestError):
        model.detokenize([1 << 20])
    with pytest.raises(TypeError, match="ids: expected a whole number"):
        model.detokenize("abc")
