"""The reference's side of flow.py: a random JanusFlow checkpoint, and images of it in PyTorch.

    flow_reference.py REFERENCE make FOLDER [--tiny]
    flow_reference.py REFERENCE draw FOLDER --type bf16 --steps 10 --threads 2 [--attention sdpa]

REFERENCE is a checkout of deepseek-ai/Janus; tests/reference/README.md says which environment it needs. `draw` prints
the seconds from the prompt's ids to the pixels as JSON, loading left out.
"""

import argparse
import json
import pathlib
import sys
import time

import torch
from safetensors.torch import load_file, save_file

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "reference"))
import make_flow  # noqa: E402
from make_flow import FlowSizes, VaeSizes  # noqa: E402

SEED = 1
PROMPT = "a large blue star left of a green triangle"
GUIDANCE = 2.0
# JanusFlow-1.3B with stabilityai/sdxl-vae.
RELEASED = FlowSizes(
    hidden=2048, intermediate=5632, layers=24, heads=16, kv_heads=16, vocab=102400, vit_width=1024, vit_depth=24,
    vit_mlp=4096, pool=False, patch=16, image=384, min_size=14, channels=768,
    vae=VaeSizes(channels=(128, 256, 512, 512), layers=2, groups=32),
)
TINY = FlowSizes(pool=False)


def empty_model(sizes, attention="eager"):
    """The modules with weights that nothing has touched, so that they take no memory."""
    from transformers.modeling_utils import no_init_weights

    with no_init_weights():
        return make_flow.new_model(sizes, attention)


def make(folder, sizes):
    """In half precision, tensor by tensor: the modules in float32 would take twice the memory twice."""
    make_flow.write_settings(folder, sizes)
    shapes = {name: tensor.shape for name, tensor in empty_model(sizes).state_dict().items()}
    tensors = {
        name: make_flow.random_tensor(name, shape, SEED).to(torch.bfloat16)
        for name, shape in shapes.items()
        if ".attn_pool." not in name
    }
    make_flow.write_vae(folder / "vae", make_flow.fill(make_flow.new_vae(sizes.vae), SEED, "bf16"), sizes.vae)
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


def load(folder, sizes, dtype, attention):
    model = empty_model(sizes, attention)
    tensors = {name: tensor.to(dtype) for name, tensor in load_file(folder / "model.safetensors").items()}
    missing, unexpected = model.load_state_dict(tensors, strict=False, assign=True)
    if unexpected or any(".attn_pool." not in name for name in missing):
        raise KeyError(f"missing {missing}, unexpected {unexpected}")
    vae = make_flow.new_vae(sizes.vae)
    vae.load_state_dict(load_file(folder / "vae" / "diffusion_pytorch_model.safetensors"))
    return model.eval().requires_grad_(False), vae.to(dtype).eval().requires_grad_(False)


@torch.inference_mode()
def draw(folder, sizes, options):
    """The loop of the reference's demo."""
    import make_flow_goldens

    dtype = make_flow.DTYPES[options.type]
    torch.set_num_threads(options.threads)
    reference = make_flow_goldens.FlowReference(folder, *load(folder, sizes, dtype, options.attention), sizes)
    ids = reference.image_ids(PROMPT)
    side = 2 * sizes.grid
    z = torch.randn((1, sizes.vae.latent, side, side), generator=torch.Generator().manual_seed(SEED)).to(dtype)
    times = []
    for step in range(options.steps):
        begin = time.perf_counter()
        v = reference.velocity(ids, z, torch.tensor(step / options.steps * 1000, dtype=dtype))
        z = z + reference.guided(v, GUIDANCE) / options.steps
        times.append(time.perf_counter() - begin)
    begin = time.perf_counter()
    image = reference.vae.decode(z / reference.vae.config.scaling_factor).sample.float()
    decode = time.perf_counter() - begin
    print(json.dumps({
        "seconds": sum(times) + decode, "first_step": times[0], "step": sorted(times)[len(times) // 2],
        "decode": decode, "finite": bool(image.isfinite().all()),
    }))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("reference")
    parser.add_argument("command", choices=["make", "draw"])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--tiny", action="store_true", help="small sizes, to try the script")
    parser.add_argument("--type", choices=["bf16", "f32"], default="bf16")
    parser.add_argument("--attention", choices=["eager", "sdpa"], default="sdpa")
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    make_flow.use_reference(options.reference)
    sizes = TINY if options.tiny else RELEASED
    if options.command == "make":
        make(options.folder, sizes)
    else:
        draw(options.folder, sizes, options)


if __name__ == "__main__":
    main()
