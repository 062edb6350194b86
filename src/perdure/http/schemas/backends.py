"""Backends, checks of them, and counts of tokens."""

from __future__ import annotations

import re
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, Field, SecretStr, model_validator

from perdure.http.schemas.fields import Asked, ErrorOnRecord, Id, Name, Text

_KEY = re.compile(r"[!-~]{1,1000}")


def _address(url: str) -> str:
    url = url.strip().rstrip("/")
    if not re.fullmatch(r"[!-~]+", url):
        raise ValueError("an address has no spaces, and no letters beyond ASCII")
    try:
        parts = urlsplit(url)
        usable = parts.scheme.lower() in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ValueError("this is no address: one begins with http:// or https:// and names a machine")
    if "@" in parts.netloc:
        raise ValueError("leave name and password out of the address; a key has a field of its own")
    if "?" in url or "#" in url:
        raise ValueError("leave out of the address what stands behind a ? or a #")
    return url


def _key(key: SecretStr) -> SecretStr:
    stripped = key.get_secret_value().strip()
    if stripped and not _KEY.fullmatch(stripped):
        raise ValueError("an API key has no spaces, and no letters beyond ASCII; copy it again")
    return SecretStr(stripped)


Address = Annotated[str, Field(min_length=1, max_length=2000), AfterValidator(_address)]
ApiKey = Annotated[SecretStr, Field(max_length=1100), AfterValidator(_key)]
ModelName = Annotated[Text, Field(max_length=200)]


class PutBackend(Asked):
    """A backend: an OpenAI-compatible server, and the model to ask it for (which some servers do without).

    Without `api_key` the key that is kept stays; null means that it needs none.
    """

    name: Name
    url: Address
    model: ModelName = ""
    api_key: ApiKey | None = None


class CheckBackend(Asked):
    """What is to be checked: an address, or the `id` of a backend that is there. A `model` is asked to speak."""

    id: Id | Literal["default"] | None = None
    url: Address | None = None
    api_key: ApiKey | None = None
    model: ModelName | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> CheckBackend:
        if (self.id is None) == (self.url is None):
            raise ValueError("send either the id of a backend or the url of a new one")
        if self.id is not None and self.api_key is not None:
            raise ValueError("the key of a backend that is there is kept; send a url to try another")
        return self


class BackendOut(BaseModel):
    """A backend. `default` is the one that Perdure was started with; keys are never told."""

    id: str
    name: str
    kind: Literal["embedded", "configured", "added"]
    url: str | None
    model: str
    has_key: bool
    active: bool


class CheckedOut(BaseModel):
    """What a check found: the models that are listed, what the model said, and what is wrong if something is."""

    ok: bool
    models: list[str]
    reply: str | None
    took_ms: int
    problem: ErrorOnRecord | None


class CountTokens(Asked):
    """Texts whose tokens are to be counted."""

    texts: Annotated[list[Text], Field(max_length=64)]


class TokensOut(BaseModel):
    """How many tokens each text has. `exact` where the active backend counted them, otherwise a cautious estimate."""

    tokens: list[int]
    exact: bool
    tokenizer: str | None
