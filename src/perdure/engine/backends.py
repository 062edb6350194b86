"""The backends that were added while Perdure runs, and which one is active."""

from __future__ import annotations

from urllib.parse import urlsplit

from perdure.core.errors import Invalid, NotFound
from perdure.core.records import AddedBackend
from perdure.ports.store import Records

ACTIVE = "backend_id"
"""The setting that names the active one; without it that is the one that Perdure was started with."""


def active(records: Records) -> AddedBackend | None:
    """The backend that the next attempts ask; None for the one that Perdure was started with."""
    backend_id = records.settings.get(ACTIVE)
    return records.backends.get(backend_id) if isinstance(backend_id, str) else None


def backend_of(records: Records, backend_id: str) -> AddedBackend:
    """The added backend, or NotFound."""
    backend = records.backends.get(backend_id)
    if backend is None:
        raise NotFound("There is no backend with this id.")
    return backend


def put(records: Records, backend: AddedBackend, *, keep_key: bool) -> tuple[bool, AddedBackend]:
    """Add a backend or change the one of its id; returns whether it is new, and how it is kept.

    With `keep_key` the key that it has stays. Raises Invalid where that would give it to another server.
    """
    known = records.backends.get(backend.id)
    if known is not None:
        key = known.api_key if keep_key else backend.api_key
        if keep_key and key is not None and _origin(known.url) != _origin(backend.url):
            raise Invalid(
                "api_key: the key that is kept was given for another address.",
                remedy="Enter the API key for the new address, or say that it needs none.",
            )
        backend = AddedBackend(backend.id, backend.name, backend.url, backend.model, known.created_at, key)
    return records.backends.put(backend), backend


def remove(records: Records, backend_id: str) -> None:
    """Forget a backend and its key, if it is there. Where it was active, the one that Perdure was started with is."""
    records.backends.remove(backend_id)
    if records.settings.get(ACTIVE) == backend_id:
        records.settings.remove(ACTIVE)


def _origin(url: str) -> tuple[str, str | None, int]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)
