"""Where models lie that callers name: paths, or the hub's cache, which the program and huggingface_hub share."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

from . import _core, numbers
from ._core import ModelError

#: The name of the small model that is part of the package.
BUILTIN = "janus-tiny"
_REPOSITORY = re.compile(r"(?P<id>[\w.-]+/[\w.-]+)(?:@(?P<revision>[\w./-]+))?")
_VAE_REPOSITORY = "stabilityai/sdxl-vae"
# What loading reads of a repository, whichever layout it has.
_MODEL_FILES = ["*.json", "*.model", "*.safetensors", "pytorch_model*.bin", "*.gguf"]
_VAE_FILES = ["config.json", "diffusion_pytorch_model.safetensors"]


def settings(options: Mapping[str, Any]) -> _core.LoadSettings:
    """What a model is opened with, of the arguments of `load`; those that are not there have their defaults."""
    chosen = _core.LoadSettings()
    chosen.path = find_model(options["model"])
    chosen.type = numbers.text("type", options["type"])
    chosen.device = numbers.text("device", options["device"])
    chosen.threads = numbers.count("threads", options["threads"], 1024)
    chosen.batch_size = numbers.count("batch_size", options.get("batch_size"), 4096)
    chosen.verify = bool(options.get("verify"))
    if chosen.path and _core.draws_latents(chosen.path):
        chosen.vae = find_vae(options["vae"])
        chosen.cached_vae = cached_vae()
        chosen.vae_advice = f'get it with janus_cpp.pull("{_VAE_REPOSITORY}"), or give vae=PATH'
    return chosen


def find_model(model: str | os.PathLike[str] | None) -> str:
    """The path of a model's folder or file; "" for the one inside. Raises ModelError where there is none."""
    if model is None or model == BUILTIN:
        return ""
    path = os.path.expanduser(os.fsdecode(model))
    if os.path.exists(path):
        return os.path.abspath(path)
    name = _REPOSITORY.fullmatch(os.fsdecode(model))
    if name is None or name["id"].startswith("."):
        raise ModelError(
            f"model {model}: expected a model folder, a GGUF file or owner/repo of the hub's cache, found nothing "
            'there; check the path, or get one with janus_cpp.pull("deepseek-community/Janus-Pro-1B")'
        )
    found = _snapshot(name["id"], name["revision"], local_files_only=True)
    if found is None:
        raise ModelError(
            f"model {model}: expected a path, or this model in the hub's cache, found it in neither; get it with "
            f'janus_cpp.pull("{model}")'
        )
    return _model_in(found)


def find_vae(vae: str | os.PathLike[str] | None) -> str:
    """The path of an autoencoder that is chosen; "" where none is."""
    if vae is None:
        return ""
    path = os.path.expanduser(os.fsdecode(vae))
    name = _REPOSITORY.fullmatch(os.fsdecode(vae))
    if os.path.exists(path) or name is None:
        return path
    return _snapshot(name["id"], name["revision"], local_files_only=True) or path


def cached_vae() -> str:
    """The path of the released autoencoder of JanusFlow; "" where the cache has none or nobody can look."""
    try:
        return _snapshot(_VAE_REPOSITORY, None, local_files_only=True) or ""
    except ModelError:
        return ""


def pull(repository: str) -> str:
    """Downloads a model from the hub into the cache that the program ``janus`` and huggingface_hub share.

    repository: "owner/repo", or "owner/repo@revision". Needs huggingface_hub (``pip install "janus-cpp[hub]"``), and
    obeys its variables: HF_HOME, HF_ENDPOINT, HF_TOKEN, HF_HUB_OFFLINE. What is there already does not come again. With
    a JanusFlow model comes the autoencoder that it draws with. Returns the path, which `load` takes; so does the name.
    Raises ModelError where it cannot be had.
    """
    name = _REPOSITORY.fullmatch(repository)
    if name is None:
        raise ModelError(f'repository: expected owner/repo or owner/repo@revision, found "{repository}"; correct it')
    path = _snapshot(name["id"], name["revision"])
    if path is None:
        raise ModelError(f"model {repository}: expected it on the hub, found nothing there; check the name")
    if _core.draws_latents(path) and not os.path.isdir(os.path.join(path, "vae")):
        _snapshot(_VAE_REPOSITORY, None, files=_VAE_FILES)
    return path


def _snapshot(
    repository: str, revision: str | None, *, local_files_only: bool = False, files: list[str] | None = None
) -> str | None:
    hub = _hub(repository)
    kind: dict[str, Any] = {} if local_files_only else {"allow_patterns": files or _MODEL_FILES}
    try:
        return str(hub.snapshot_download(repository, revision=revision, local_files_only=local_files_only, **kind))
    except hub.errors.LocalEntryNotFoundError as error:
        if local_files_only:
            return None
        raise ModelError(f"model {repository}: expected the hub to give it, found: {_one_line(error)}") from error
    except (hub.errors.HfHubHTTPError, hub.errors.HFValidationError, OSError) as error:
        raise ModelError(f"model {repository}: expected the hub to give it, found: {_one_line(error)}") from error


def _hub(repository: str) -> Any:
    try:
        import huggingface_hub
        import huggingface_hub.errors
    except ImportError:
        raise ModelError(
            f"model {repository}: expected the package huggingface_hub, which knows the hub's cache, found it missing; "
            'install it with: pip install "janus-cpp[hub]", or give a path'
        ) from None
    return huggingface_hub


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())


def _model_in(snapshot: str) -> str:
    """A snapshot that holds one .gguf and no config.json stands for that file."""
    if os.path.exists(os.path.join(snapshot, "config.json")):
        return snapshot
    single = [entry.path for entry in os.scandir(snapshot) if entry.name.endswith(".gguf")]
    return single[0] if len(single) == 1 else snapshot
