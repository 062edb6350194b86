"""`perdure settings`."""

from __future__ import annotations

import click
from pydantic import SecretStr
from rich.console import Console
from rich.table import Table

from perdure.cli.options import with_settings
from perdure.config import Settings


@click.command("settings")
@with_settings()
def command(settings: Settings) -> None:
    """List all settings: the key in perdure.toml, the variable, what it is now, and what it means."""
    table = Table(box=None, header_style="bold")
    for title in ("KEY", "VARIABLE", "NOW", "MEANING"):
        table.add_column(title, overflow="fold")
    for name, field in Settings.model_fields.items():
        value = getattr(settings, name)
        shown = "(set)" if isinstance(value, SecretStr) else "-" if value in (None, ()) else str(value)
        table.add_row(name, f"PERDURE_{name.upper()}", shown, field.description)
    Console().print(table)
