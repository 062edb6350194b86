"""What an operator can set: by flag, by `PERDURE_*` variable, or in `perdure.toml`, in that order."""

from __future__ import annotations

import difflib
import ipaddress
import os
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import AnyHttpUrl, Field, SecretStr, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

CONFIG_VARIABLE = "PERDURE_CONFIG"
"""Names the settings file; without it `perdure.toml` in the working folder is read where there is one."""

MODEL_PORT_VARIABLE = "PERDURE_MODEL_PORT"
"""Where the managed model listens on the loopback; chosen once by `serve` for all of its processes."""

MODEL_KEY_VARIABLE = "PERDURE_MODEL_KEY"
"""What the managed model asks of its callers, since anybody on the machine can reach it; made anew by each `serve`."""

WEB_URL_VARIABLE = "PERDURE_WEB_URL"
"""Where web is reached from this machine; `serve` tells it to the health process."""


NEAR = 0.63
"""How like a setting a key must be (0 to 1): `api_key` to `backend_api_key`, but not `server` to `seed`."""


class UnknownKeysError(ValueError):
    """The settings file has keys that are no settings. The text names the file, them, and what may have been meant."""

    def __init__(self, file: Path, keys: Collection[str]) -> None:
        named = ", ".join(f"'{key}'{_meant(key)}" for key in keys)
        what = "a key that is no setting" if len(keys) == 1 else "keys that are no settings"
        super().__init__(
            f"The settings file {file} has {what}: {named}. "
            "Correct or remove what is wrong there; 'perdure serve --help' lists all settings."
        )


def nearest_setting(name: str) -> str | None:
    """The setting that somebody may have meant by `name`, a key of a file or a variable without its prefix."""
    spelt = name.lower().replace("-", "_").removeprefix("perdure_")
    return next(iter(difflib.get_close_matches(spelt, Settings.model_fields, n=1, cutoff=NEAR)), None)


def _meant(key: str) -> str:
    setting = nearest_setting(key)
    return f" (perhaps '{setting}' was meant)" if setting else ""


def default_data_dir() -> Path:
    """Where a person's data goes by the XDG base directory specification."""
    base = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(base) / "perdure"


class Settings(BaseSettings):
    """All settings. A field's description is what `perdure settings` shows."""

    model_config = SettingsConfigDict(env_prefix="PERDURE_", extra="ignore", env_ignore_empty=True)

    host: str = Field("127.0.0.1", description="address to listen on; any but a loopback address needs access_token")
    port: int = Field(8377, ge=0, le=65535, description="port to listen on; 0 takes a free one")
    data_dir: Path = Field(default_factory=default_data_dir, description="folder that holds everything Perdure keeps")
    access_token: SecretStr | None = Field(None, description="what clients have to show; needed beyond this machine")
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="further names under which browsers may reach this server, separated by commas"
    )
    second_origin: AnyHttpUrl | None = Field(
        None,
        description="an address elsewhere that pages ask, without cookies, to tell a lost network from this server",
    )
    workers: int = Field(2, ge=1, le=64, description="worker processes")
    streams_per_worker: int = Field(
        0, ge=0, le=10_000, description="replies that one worker writes at once; 0 fits it to the backend"
    )
    backend_url: AnyHttpUrl | None = Field(
        None, description="an OpenAI-compatible server to use in the place of the embedded model"
    )
    backend_api_key: SecretStr | None = Field(None, description="key for backend_url")
    model: str | None = Field(None, description="model name to ask backend_url for")
    gguf: Path | None = Field(None, description="a GGUF file to run in the place of the starter model")
    slots: int = Field(4, ge=1, le=64, description="replies that the embedded model writes at once")
    threads: int = Field(0, ge=0, le=512, description="threads of the embedded model; 0 leaves one core to the rest")
    prompt_cache_mib: int = Field(
        512, ge=0, le=1_000_000, description="MiB on disk for prompts that the embedded model has read; 0 keeps none"
    )
    context_size: int = Field(
        4096, ge=512, le=10_000_000, description="tokens of context for each reply, the reply included"
    )
    max_tokens: int = Field(400, ge=1, le=1_000_000, description="tokens that a reply may have")
    temperature: float | None = Field(0.8, ge=0, le=5, description="sampler: 0 is always the likeliest word")
    top_p: float | None = Field(0.95, gt=0, le=1, description="sampler: only the likeliest words of this share")
    top_k: int | None = Field(None, ge=0, le=2**31 - 1, description="sampler: only so many of the likeliest words")
    min_p: float | None = Field(None, ge=0, le=1, description="sampler: no word below this share of the likeliest")
    repeat_penalty: float | None = Field(None, gt=0, le=10, description="sampler: above 1 repeats less")
    seed: int | None = Field(None, ge=0, lt=2**31, description="sampler: chance from this number; unset: per turn")
    first_token_s: float = Field(60.0, gt=0, description="seconds to wait for a backend's first token")
    stall_s: float = Field(15.0, gt=0, description="seconds of silence in mid-reply before another attempt")
    patience_s: float = Field(
        600.0, gt=0, description="seconds that a reply waits for a model that does not answer before it is given up"
    )
    messages_per_minute: int = Field(
        120, ge=0, le=1_000_000, description="messages and further replies a minute that one chat may have; 0: no limit"
    )
    max_queued: int = Field(
        500,
        ge=0,
        le=10_000_000,
        description="replies that may wait to be written before new ones are refused; 0: no limit",
    )
    memory_limit_mib: int = Field(
        2048,
        ge=0,
        description="MiB of memory that web, a worker or the health process may hold before it is started anew; 0: all",
    )
    escalate_after_s: float = Field(
        3600.0, gt=0, description="seconds after which an incident that has not mended itself needs the operator"
    )
    notify_webhooks: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="addresses that are told of incidents (Standard Webhooks), separated by commas"
    )
    notify_secret: SecretStr | None = Field(None, description="what such a webhook's messages are signed with")
    notify_mails: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="e-mail addresses that are told of incidents, separated by commas"
    )
    notify_smtp_url: SecretStr | None = Field(
        None, description="smtp://user:password@host:port or smtps://…, by which such e-mails are sent"
    )
    notify_from: str = Field("perdure@localhost", description="the sender of such e-mails")
    notify_after_s: float = Field(
        60.0, ge=0, description="seconds that an incident has to last before anybody is told by webhook or e-mail"
    )
    otlp_endpoint: AnyHttpUrl | None = Field(
        None, description="address of an OpenTelemetry collector (OTLP over HTTP) that gets a trace of each reply"
    )
    log_level: str = Field("info", pattern="(?i)^(debug|info|warning|error)$", description="what is logged")
    log_json: bool = Field(False, description="log as JSON lines")

    @field_validator("allowed_hosts", "notify_webhooks", "notify_mails", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("allowed_hosts", mode="after")
    @classmethod
    def _names(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(name.lower() for name in value)

    @field_validator("notify_webhooks", mode="after")
    @classmethod
    def _addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for address in value:
            AnyHttpUrl(address)
        return value

    @model_validator(mode="after")
    def _reachable(self) -> Settings:
        if self.notify_webhooks and self.notify_secret is None:
            raise ValueError("notify_webhooks needs notify_secret, by which receivers know who has sent a message")
        if self.notify_mails and self.notify_smtp_url is None:
            raise ValueError("notify_mails needs notify_smtp_url, the server that takes the mail")
        return self

    @field_validator("data_dir", "gguf", mode="after")
    @classmethod
    def _absolute(cls, value: Path | None) -> Path | None:
        return None if value is None else value.expanduser().absolute()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags before variables before the file. Raises UnknownKeysError."""
        path = Path(os.environ.get(CONFIG_VARIABLE) or "perdure.toml")
        file = TomlConfigSettingsSource(settings_cls, toml_file=path)
        unknown = [key for key in file.toml_data if key not in settings_cls.model_fields]
        if unknown:
            # A misspelt key that was passed over would be missed when it is too late: an access_token, say.
            raise UnknownKeysError(path, unknown)
        return init_settings, env_settings, file

    @property
    def paths(self) -> Paths:
        """Where things lie in the data folder."""
        return Paths(self.data_dir)

    @property
    def managed(self) -> bool:
        """Whether Perdure runs the model itself."""
        return self.backend_url is None

    @property
    def local_only(self) -> bool:
        """Whether nobody beyond this machine can connect."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    def environment(self) -> dict[str, str]:
        """The same settings as variables, for child processes.

        These read no settings file: what somebody writes into it meanwhile is for the next start, and its mistakes are
        no reason for a worker not to come back.
        """
        variables: dict[str, str] = {CONFIG_VARIABLE: os.devnull}
        for name, value in self:
            if isinstance(value, SecretStr):
                value = value.get_secret_value()
            if value is not None and value != ():
                text = ",".join(value) if isinstance(value, tuple) else str(value)
                variables[f"PERDURE_{name.upper()}"] = text
        return variables

    def turn_settings(self) -> dict[str, Any]:
        """What is kept with each turn: sampler, budget and context as they are when it is asked."""
        names = ("context_size", "max_tokens", "temperature", "top_p", "top_k", "min_p", "repeat_penalty", "seed")
        values = {name: getattr(self, name) for name in names}
        return {name: value for name, value in {**values, "model": self.model}.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Paths:
    """The data folder's layout."""

    data_dir: Path

    @property
    def database(self) -> Path:
        """The record."""
        return self.data_dir / "perdure.db"

    @property
    def health(self) -> Path:
        """What the health process remembers: incidents, uptime."""
        return self.data_dir / "health.db"

    @property
    def drill(self) -> Path:
        """How far the last drill is, or its verdict."""
        return self.data_dir / "drill.json"

    @property
    def site(self) -> Path:
        """The status page as files, as it was drawn last."""
        return self.data_dir / "status"

    @property
    def models(self) -> Path:
        """The starter weights."""
        return self.data_dir / "models"

    @property
    def prompts(self) -> Path:
        """What the embedded model has read: a cache, may be deleted at any time."""
        return self.data_dir / "prompts"

    @property
    def run(self) -> Path:
        """Sockets and locks of what runs now; may be deleted when nothing does."""
        return self.data_dir / "run"

    @property
    def bells(self) -> Path:
        """Sockets of the bells."""
        return self.run / "bells"

    @property
    def control(self) -> Path:
        """The supervisor's socket."""
        return self.run / "control.sock"

    @property
    def desk(self) -> Path:
        """The health process's socket."""
        return self.run / "health.sock"

    @property
    def model_state(self) -> Path:
        """What the managed model is doing, as its process last said."""
        return self.run / "model.json"
