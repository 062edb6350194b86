"""What web asks backends itself: how the active one stands, whether another would do, how many tokens a text has."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from yarl import URL

from perdure.bootstrap.backends import ToldByModel, active_backend, model_name
from perdure.config import Settings
from perdure.core.errors import ModelUnreachable, PerdureError
from perdure.core.records import AddedBackend
from perdure.models import checkup
from perdure.models.openai import OpenAIBackend
from perdure.models.prompt_files import forget
from perdure.ports.backends import CheckedBackend, DefaultBackend


class WebBackends:
    """What web asks backends itself (see `perdure.ports.backends.Backends`). Make it in the running loop."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._active = active_backend(settings)
        self.default = _default(settings, self._active.now)

    async def status(self, active: AddedBackend | None) -> Mapping[str, Any]:
        """How the active backend stands, for people: what its process last said, and whether it answers."""
        self._active.choose(active)
        backend = self._active.now
        starter = active is None and self._settings.managed and self._settings.gguf is None
        status: dict[str, Any] = {
            "id": self.default.id if active is None else active.id,
            "kind": self.default.kind if active is None else "added",
            "name": backend.name,
            "model": self.default.model if active is None else active.model,
            "starter": starter,
            "detail": None,
            "remedy": None,
            "progress": None,
        }
        if await backend.ready():
            return {**status, "state": "ready"}
        if active is None and self._settings.managed:
            return {**status, **self._said()}
        where = "backend_url" if active is None else "its address in the settings"
        return {
            **status,
            "state": "down",
            "detail": f"Nothing answers at {backend.name}.",
            "remedy": f"Start the model's server, or check {where}. Replies go on by themselves when it is back.",
        }

    async def absence(self, active: AddedBackend | None) -> PerdureError | None:
        """Why the active backend does not answer now; None where it does."""
        self._active.choose(active)
        backend = self._active.now
        if await backend.ready():
            return None
        return await backend.absence() or ModelUnreachable(f"Nothing answers at {backend.name}.")

    async def away(self, asked: AddedBackend | None) -> PerdureError | None:
        """Why a backend that is not the active one does not answer now; None where it does."""
        backend = self._active.made(asked)
        if await backend.ready():
            return await backend.absence()
        return ModelUnreachable(f"Nothing answers at {backend.name}.")

    async def check(self, asked: AddedBackend | None) -> CheckedBackend:
        """Look whether a backend does, active or not; None: the one that Perdure was started with."""
        loop = asyncio.get_running_loop()
        begun_at = loop.time()
        backend = self._active.made(asked)
        model = (self._settings.model or "") if asked is None else asked.model
        if asked is None and self._settings.managed:
            model = self.default.model
        checked = await checkup.check(backend, model)
        took_ms = round((loop.time() - begun_at) * 1000)
        return CheckedBackend(checked.models, checked.reply, checked.problem, took_ms)

    def refuse_unusable(self, added: AddedBackend) -> None:
        """Raise ValueError for an address that is none."""
        self._active.made(added)

    async def count_tokens(self, active: AddedBackend | None, texts: Sequence[str]) -> list[int] | None:
        """By the tokenizer of the active backend; None where it has none that can be asked."""
        self._active.choose(active)
        return await self._active.now.count_tokens(texts)

    async def forget(self) -> None:
        """Erase what is kept on disk of what the embedded model has read."""
        await asyncio.to_thread(forget, self._settings.paths.prompts)

    async def close(self) -> None:
        """Let go of all connections."""
        await self._active.close()

    def _said(self) -> Mapping[str, Any]:
        """What the process of the embedded model said last."""
        said = ToldByModel(self._settings).said() or {"state": "loading"}
        if said.get("state") == "ready":
            return {"state": "loading", "detail": "The model is being started again."}
        return said


def _default(settings: Settings, backend: OpenAIBackend) -> DefaultBackend:
    """What Perdure was started with, without secrets: a password may stand in the address."""
    url = None
    if settings.backend_url is not None:
        url = str(URL(str(settings.backend_url)).with_user(None).with_query(None).with_fragment(None))
    return DefaultBackend(
        name=backend.name,
        kind="embedded" if settings.managed else "configured",
        url=url,
        model=model_name(settings) if settings.managed else settings.model or "",
        has_key=settings.backend_api_key is not None and not settings.managed,
    )
