"""Where models lie that callers name: paths, or the hub's cache, which the program and huggingface_hub share."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

from . import _core, numbers
from ._core import ModelError
from .bars import bars_for
from .typed import Progress

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
    if options["vae"] is not None:
        numbers.path("vae", options["vae"])
    if chosen.path and _core.draws_latents(chosen.path):
        chosen.vae = find_vae(options["vae"])
        chosen.cached_vae = cached_vae()
        chosen.vae_advice = f'get it with janus_cpp.pull("{_VAE_REPOSITORY}"), or give vae=PATH'
    return chosen


def find_model(model: str | os.PathLike[str] | None) -> str:
    """The path of a model's folder or file; "" for the one inside. Raises ModelError where there is none."""
    if model is None or model == BUILTIN:
        return ""
    given = numbers.path("model", model)
    path = os.path.expanduser(given)
    if os.path.exists(path):
        return os.path.abspath(path)
    name = _REPOSITORY.fullmatch(given)
    if name is None or name["id"].startswith("."):
        raise ModelError(
            f"model {model}: expected a model folder, a GGUF file or owner/repo of the hub's cache, found nothing "
            'there; check the path, or get one with janus_cpp.pull("deepseek-community/Janus-Pro-1B")'
        )
    found = _snapshot(name["id"], name["revision"])
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
    given = numbers.path("vae", vae)
    path, name = os.path.expanduser(given), _REPOSITORY.fullmatch(given)
    if os.path.exists(path) or name is None:
        return path
    return _snapshot(name["id"], name["revision"]) or path


def cached_vae() -> str:
    """The path of the released autoencoder of JanusFlow; "" where the cache has none or nobody can look."""
    try:
        return _snapshot(_VAE_REPOSITORY, None) or ""
    except ModelError:
        return ""


def pull(repository: str, *, progress: Progress | None = None) -> str:
    """Downloads a model from the hub into the cache that the program ``janus`` and huggingface_hub share.

    repository: "owner/repo", or "owner/repo@revision". Needs huggingface_hub (``pip install "janus-cpp[hub]"``), and
      obeys its variables: HF_HOME, HF_ENDPOINT, HF_TOKEN, HF_HUB_OFFLINE. What is there already does not come again.
      With a JanusFlow model comes the autoencoder that it draws with.
    progress: called with ("files" or "bytes", done, total) in place of huggingface_hub's bars on stderr. What it raises
      ends the download.

    Returns the path, which `load` takes; so does the name. Raises ModelError where it cannot be had.
    """
    name = _REPOSITORY.fullmatch(numbers.text("repository", repository))
    if name is None:
        raise ModelError(f'repository: expected owner/repo or owner/repo@revision, found "{repository}"; correct it')
    path = _download(name["id"], name["revision"], _MODEL_FILES, progress)
    if _core.draws_latents(path) and not os.path.isdir(os.path.join(path, "vae")):
        _download(_VAE_REPOSITORY, None, _VAE_FILES, progress)
    return path


def _download(repository: str, revision: str | None, files: list[str], progress: Progress | None) -> str:
    hub = _hub(repository)
    bars = None if progress is None else bars_for(hub.utils.tqdm, progress)
    try:
        return str(hub.snapshot_download(repository, revision=revision, allow_patterns=files, tqdm_class=bars))
    except Exception as error:  # of what carries its requests, too, which changes with its versions
        if bars is not None and bars.raised is not None:
            raise bars.raised from None
        raise ModelError(f"model {repository}: expected the hub to give it, found: {_one_line(error)}") from error


def _snapshot(repository: str, revision: str | None) -> str | None:
    """The path of a repository in the cache; None where it is not there."""
    hub = _hub(repository)
    try:
        return str(hub.snapshot_download(repository, revision=revision, local_files_only=True))
    except hub.errors.LocalEntryNotFoundError as error:
        # Where files are missing that no model needs, too; those that are needed are named when it is opened.
        return getattr(error, "snapshot_path", None)
    except (hub.errors.HfHubHTTPError, hub.errors.HFValidationError, OSError) as error:
        raise ModelError(f"model {repository}: expected it in the hub's cache, found: {_one_line(error)}") from error


def _hub(repository: str) -> Any:
    try:
        import huggingface_hub
        import huggingface_hub.errors
        import huggingface_hub.utils
    except ImportError:
        raise ModelError(
            f"model {repository}: expected the package huggingface_hub, which knows the hub's cache, found it missing; "
            'install it with: pip install "janus-cpp[hub]", or give a path'
        ) from None
    return huggingface_hub


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _model_in(snapshot: str) -> str:
    """A snapshot that holds one .gguf and no config.json stands for that file."""
    if os.path.exists(os.path.join(snapshot, "config.json")):
        return snapshot
    single = [entry.path for entry in os.scandir(snapshot) if entry.name.endswith(".gguf")]
    return single[0] if len(single) == 1 else snapshot
