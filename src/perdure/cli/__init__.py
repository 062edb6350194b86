"""The command line. Each command is a module of its own, loaded when called: `perdure web` need not load the rest."""

from __future__ import annotations

import gc
from importlib import import_module

import click

from perdure import __version__

COMMANDS = {
    "serve": "Run everything on this machine.",
    "chat": "Talk with a character in the terminal.",
    "import": "Bring character cards in.",
    "ps": "List the processes of a running server.",
    "restart": "Restart one of them.",
    "top": "Watch a running server, and restart, pause and drain it.",
    "status": "What works, what is broken, since when, and for how long.",
    "incidents": "List what was broken, and write into it.",
    "maintenance": "Plan work, so that it is no incident.",
    "diagnose": "Is it me or them? Look where the way to a web service ends.",
    "errors": "List what failed in ways that nobody foresaw.",
    "reports": "List what people have reported.",
    "settings": "List all settings, where they can be set, and what they are.",
    "drill": "Kill and freeze a server's processes and check that nothing is lost.",
    "web": "Run a web process alone.",
    "worker": "Run a worker alone.",
    "model": "Run the embedded model alone.",
    "health": "Watch over processes that are run alone.",
}


class _Commands(click.Group):
    """Loads a command's module when it is named. The list needs only the sentences above."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        # Modules stay. To look through all of them for garbage, again and again while they are loaded and now and then
        # afterwards, took a fifth of a process's start, and pauses for nothing.
        gc.disable()
        try:
            command: click.Command = import_module(f"perdure.cli.{name}_command").command
        finally:
            gc.freeze()
            gc.enable()
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="perdure")
def main() -> None:
    """Perdure: character chat in which a conversation outlives every failure behind it.

    `perdure serve` runs it all on this machine and prints the address to open in a browser.
    """
