"""Small copies of the released checkpoints: their kinds of files, keys of JSON, names and types of tensors.

    python make_released.py janus-pro-7b /tmp/janus-pro-7b
    python make_released.py janus-pro-7b /tmp/janus-pro-7b --cut

What is small is the sizes: every tensor of the released model is there under its name and in its type. --cut leaves out
blocks and levels too, for the folders in tests/data/models. hidden_size and intermediate_size stand in the 7B's
language_config although the released one lacks them, because they are not LlamaConfig's here; the number of heads is,
and is missing in both.
"""

import argparse
import dataclasses

from make_checkpoint import Sizes, build

_COMMON = dict(
    layout="original", dtype="bf16", partial=True, vit_width=64, vit_depth=24, vit_mlp_ratio=2, patch=16, image=64,
    vq_base=32, vq_multipliers=(1, 1, 2, 2, 4), vq_res_blocks=2, vq_latent=48, codebook=192, context=16384,
)
_1B = dict(hidden=128, intermediate=96, layers=24, heads=16, kv_heads=16, vocab=400)

RELEASED = {
    "janus-1.3b": Sizes(**_COMMON, **_1B, family="janus-1.3b"),
    "janus-pro-1b": Sizes(**_COMMON, **_1B, family="janus-pro", container="pickle"),
    "janus-pro-7b": Sizes(
        **_COMMON, family="janus-pro-7b", container="pickle", shards=2, hidden=128, intermediate=160, layers=30, heads=32,
        kv_heads=32, vocab=400,
    ),
}

_CUT = dict(
    layers=2, vit_depth=1, vit_mlp_ratio=1, patch=2, image=8, min_size=3, vq_multipliers=(1, 1), vq_res_blocks=1, vq_latent=8,
    codebook=80, vocab=340,
)


def cut(name):
    """Sizes of the copy with fewer blocks."""
    released = RELEASED[name]
    return dataclasses.replace(released, **_CUT, hidden=2 * released.heads, intermediate=56)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", choices=RELEASED)
    parser.add_argument("folder")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cut", action="store_true")
    arguments = parser.parse_args()
    build(arguments.folder, cut(arguments.name) if arguments.cut else RELEASED[arguments.name], arguments.seed)


if __name__ == "__main__":
    main()
