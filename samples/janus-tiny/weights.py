"""Reads trained weights back, from a checkpoint of the training scripts or from the stored model."""
import torch
from safetensors.torch import load_file


def state(path):
    """Name -> float32 tensor, from a `.pt` or a `.safetensors` file."""
    tensors = load_file(path) if str(path).endswith(".safetensors") else torch.load(path)
    return {name: t.float() for name, t in tensors.items()}


def vq_state(path):
    """The image tokenizer's tensors under its own names."""
    prefix = "model.vqmodel."
    tensors = state(path)
    inner = {name.removeprefix(prefix): t for name, t in tensors.items() if name.startswith(prefix)}
    return inner or tensors
