"""Settings as options of commands: made from `Settings`, so that there is one list of them."""

from __future__ import annotations

import functools
import os
import tomllib
import types
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from pydantic import AnyHttpUrl, ValidationError
from pydantic_settings import SettingsError

from perdure.config import CONFIG_VARIABLE, Settings, UnknownKeysError

Command = Callable[..., Any]


def with_settings(*names: str) -> Callable[[Command], Command]:
    """Add options for the settings `names` (all of them without any) and pass `settings` to the command."""

    def decorate(command: Command) -> Command:
        @functools.wraps(command)
        def wrapped(**options: Any) -> Any:
            own = {name: options.pop(name) for name in chosen}
            config: Path | None = options.pop("config")
            return command(settings=load(own, config), **options)

        chosen = names or tuple(Settings.model_fields)
        decorated: Command = wrapped
        for name in reversed(chosen):
            decorated = _option(name)(decorated)
        path = click.Path(exists=True, dir_okay=False, path_type=Path)
        help_text = "Settings file.  [default: perdure.toml in the working folder]"
        return click.option("--config", type=path, metavar="FILE", help=help_text)(decorated)

    return decorate


def load(given: dict[str, Any], config: Path | None = None) -> Settings:
    """The settings with what was given by flags. Ends the command with a sentence where something is wrong."""
    flags = {name: value for name, value in given.items() if value is not None}
    try:
        if config is not None:
            os.environ[CONFIG_VARIABLE] = str(config.absolute())
        return Settings(**flags)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise click.UsageError(f"The setting {name} is not right: {first['msg']}.") from error
    except tomllib.TOMLDecodeError as error:
        file = os.environ.get(CONFIG_VARIABLE, "perdure.toml")
        raise click.UsageError(f"The settings file {file} is not valid TOML: {error}.") from error
    except UnknownKeysError as error:
        raise click.UsageError(str(error)) from error
    except (SettingsError, ValueError) as error:
        raise click.UsageError(f"The settings cannot be read: {error}") from error


def _option(name: str) -> Callable[[Command], Command]:
    field = Settings.model_fields[name]
    default = field.get_default(call_default_factory=True)
    text = field.description or ""
    if default not in (None, (), False, ""):
        text += f"  [default: {default}]"
    flag = f"--{name.replace('_', '-')}"
    if field.annotation is bool:
        return click.option(f"{flag}/--no-{name.replace('_', '-')}", default=None, help=text)
    return click.option(flag, metavar=_metavar(name, field.annotation), default=None, help=text)


def _metavar(name: str, annotation: Any) -> str:
    """What stands for the value in the help."""
    kinds = typing.get_args(annotation) if isinstance(annotation, types.UnionType) else (annotation,)
    if Path in kinds:
        return "FOLDER" if name.endswith("_dir") else "FILE"
    if int in kinds:
        return "N"
    if float in kinds:
        return "X"
    return "URL" if AnyHttpUrl in kinds else "TEXT"
