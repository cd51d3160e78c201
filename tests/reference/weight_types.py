"""The types of weights, as the table in core/quant/format.cc has them."""
import pathlib
import re

from gguf import GGMLQuantizationType

TABLE = pathlib.Path(__file__).parents[2] / "core/quant/format.cc"


def weight_types():
    """The package's type of each, by janus' own name."""
    rows = re.findall(r'\.name = "(\w+)",[^{}]*?\.ggml_name = "(\w+)"', TABLE.read_text())
    return {name: GGMLQuantizationType[ggml_name] for name, ggml_name in rows}
