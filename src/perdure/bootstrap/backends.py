"""Which backend the settings mean, and how it stands."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from typing import Any

from perdure.config import MODEL_KEY_VARIABLE, MODEL_PORT_VARIABLE, Settings
from perdure.models.llamacpp import LlamaCppBackend
from perdure.models.openai import OpenAIBackend
from perdure.models.prompt_files import PromptFiles

STARTER_NAME = "SmolLM2-135M-Instruct (starter)"


def make_backend(settings: Settings) -> OpenAIBackend:
    """The backend that workers ask."""
    if settings.backend_url is None:
        port = os.environ.get(MODEL_PORT_VARIABLE, "0")
        key = os.environ.get(MODEL_KEY_VARIABLE)
        name = model_name(settings)
        return LlamaCppBackend(f"http://127.0.0.1:{port}/v1", name, key, name=name, prompts=prompt_files(settings))
    key = settings.backend_api_key.get_secret_value() if settings.backend_api_key else None
    return OpenAIBackend(str(settings.backend_url), settings.model or "", key)


def prompt_files(settings: Settings) -> Callable[[], PromptFiles | None]:
    """Tells where the embedded model that runs now keeps its prompts, by what its process last said; None: nowhere."""
    known: dict[str, PromptFiles] = {}

    def now() -> PromptFiles | None:
        try:
            identity = json.loads(settings.paths.model_state.read_bytes()).get("prompts")
        except (OSError, ValueError, AttributeError):
            return None
        if not identity:
            return None
        if identity not in known:
            known[identity] = PromptFiles(settings.paths.prompts, identity, settings.prompt_cache_mib * 1024**2)
        return known[identity]

    return now


def model_name(settings: Settings) -> str:
    """What people are told that speaks."""
    if settings.backend_url is not None:
        return settings.model or settings.backend_url.host or "model"
    return settings.gguf.stem if settings.gguf else STARTER_NAME


async def backend_status(settings: Settings, backend: OpenAIBackend) -> Mapping[str, Any]:
    """How the model stands, for people: what its process last said, and whether it answers."""
    status: dict[str, Any] = {
        "name": backend.name,
        "model": model_name(settings),
        "starter": settings.managed and settings.gguf is None,
        "detail": None,
        "remedy": None,
        "progress": None,
    }
    if await backend.ready():
        return {**status, "state": "ready"}
    if settings.managed:
        try:
            said = json.loads(settings.paths.model_state.read_bytes())
        except (OSError, ValueError):
            said = {"state": "loading"}
        if said.get("state") == "ready":
            said = {"state": "loading", "detail": "The model is being started again."}
        return {**status, **said}
    return {
        **status,
        "state": "down",
        "detail": f"Nothing answers at {backend.name}.",
        "remedy": "Start the model's server, or check backend_url. Replies go on by themselves when it is back.",
    }
