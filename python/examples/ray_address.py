"""Captions a folder with Ray Data and a server: ray_address.py URL FOLDER OUTPUT.

URL is that of `janus serve --alias default`, http://127.0.0.1:8080. Ray sends an OpenAI payload a row, several at a
time.
"""

import base64
import sys

import ray
from ray.data.llm import HttpRequestProcessorConfig, build_processor


def preprocess(row):
    picture = base64.b64encode(row["bytes"]).decode()
    content = [
        {"type": "text", "text": "Describe this image."},
        {"type": "image_url", "image_url": {"url": f"data:image/*;base64,{picture}"}},
    ]
    return {"payload": {"model": "default", "messages": [{"role": "user", "content": content}], "max_tokens": 100}}


def postprocess(row):
    # A picture that cannot be read is refused: the row then has the reason, and the others go on.
    answer = row["http_response"]
    refused = answer.get("error")
    return {
        "path": row["path"],
        "caption": None if refused else answer["choices"][0]["message"]["content"],
        "error": refused["message"] if refused else None,
    }


def main(url, folder, output):
    config = HttpRequestProcessorConfig(
        url=f"{url}/v1/chat/completions",
        qps=1000,  # without it rows are sent one after the other
        batch_size=16,
        max_retries=3,
        concurrency=1,
    )
    processor = build_processor(config, preprocess=preprocess, postprocess=postprocess)
    pictures = ray.data.read_binary_files(folder, include_paths=True)
    processor(pictures).write_parquet(output)


if __name__ == "__main__":
    main(*sys.argv[1:])
