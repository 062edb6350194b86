"""Which backends there are, and how one is made."""

from __future__ import annotations

import json
import os
from typing import Any

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
        told = ToldByModel(settings)
        return LlamaCppBackend(url, name, key, name=name, session=session, prompts=told.prompts, loading=told.loading)
    key = settings.backend_api_key.get_secret_value() if settings.backend_api_key else None
    return OpenAIBackend(str(settings.backend_url), settings.model or "", key, session=session)


class ToldByModel:
    """What the process of the embedded model said of itself last, in a file. A hint: the process may be gone."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._known: dict[str, PromptFiles] = {}

    def said(self) -> dict[str, Any]:
        """All of it; empty where it said nothing, or nothing that can be read."""
        try:
            said = json.loads(self._settings.paths.model_state.read_bytes())
        except (OSError, ValueError):
            return {}
        return said if isinstance(said, dict) else {}

    def prompts(self) -> PromptFiles | None:
        """Where the model that runs now keeps its prompts; None: nowhere."""
        identity = self.said().get("prompts")
        if not identity:
            return None
        if identity not in self._known:
            limit_bytes = self._settings.prompt_cache_mib * 1024**2
            self._known[identity] = PromptFiles(self._settings.paths.prompts, identity, limit_bytes)
        return self._known[identity]

    def loading(self) -> bool:
        """Whether it is not done yet, be it that it loads or that it is given its prompts back."""
        return self.said().get("state") == "loading"


def model_name(settings: Settings) -> str:
    """What people are told that speaks."""
    if settings.backend_url is not None:
        return settings.model or settings.backend_url.host or "model"
    return settings.gguf.stem if settings.gguf else STARTER_NAME
