"""Which backends there are, and how one is made."""

from __future__ import annotations

import json
import os
from collections.abc import Callable

import aiohttp

from perdure.config import MODEL_KEY_VARIABLE, MODEL_PORT_VARIABLE, Settings
from perdure.core.records import AddedBackend
from perdure.models.llamacpp import LlamaCppBackend
from perdure.models.openai import OpenAIBackend
from perdure.models.prompt_files import PromptFiles
from perdure.models.switched import SwitchedBackend

STARTER_NAME = "SmolLM2-135M-Instruct (starter)"

MANY = 600
"""Replies that one worker writes at once where somebody else's server does the work."""


def active_backend(settings: Settings) -> SwitchedBackend:
    """Whom workers ask, until they are told otherwise: what the settings say. Make it in the running loop."""

    def make(added: AddedBackend | None, session: aiohttp.ClientSession) -> OpenAIBackend:
        return make_backend(settings, added, session)

    def capacity(added: AddedBackend | None) -> int:
        return settings.streams_per_worker or (settings.slots if added is None and settings.managed else MANY)

    return SwitchedBackend(make, capacity)


def make_backend(settings: Settings, added: AddedBackend | None, session: aiohttp.ClientSession) -> OpenAIBackend:
    """A backend; without `added` the one that the settings mean. Raises ValueError for an address that is none."""
    if added is not None:
        return OpenAIBackend(added.url, added.model, added.api_key, name=added.name, session=session)
    if settings.backend_url is None:
        url = f"http://127.0.0.1:{os.environ.get(MODEL_PORT_VARIABLE, '0')}/v1"
        key = os.environ.get(MODEL_KEY_VARIABLE)
        name = model_name(settings)
        return LlamaCppBackend(url, name, key, name=name, session=session, prompts=prompt_files(settings))
    key = settings.backend_api_key.get_secret_value() if settings.backend_api_key else None
    return OpenAIBackend(str(settings.backend_url), settings.model or "", key, session=session)


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
