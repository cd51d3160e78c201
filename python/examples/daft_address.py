"""Captions a folder with Daft's OpenAI provider and a server: daft_address.py URL FOLDER OUTPUT.

URL is that of `janus serve --alias default`, http://127.0.0.1:8080.
"""

import sys

import daft
from daft.ai.openai.provider import OpenAIProvider
from daft.functions.ai import prompt


def main(url, folder, output):
    server = OpenAIProvider(name="janus", base_url=f"{url}/v1", api_key="none")
    pictures = daft.from_glob_path(f"{folder}/*").with_column("bytes", daft.col("path").download())
    captions = pictures.with_column(
        "caption",
        prompt(
            [daft.col("bytes"), daft.lit("Describe this image.")],
            provider=server,
            model="default",
            use_chat_completions=True,
            max_tokens=100,
            on_error="log",  # null in place of a caption, and the others go on
        ),
    )
    captions.select("path", "caption").write_parquet(output)


if __name__ == "__main__":
    main(*sys.argv[1:])
