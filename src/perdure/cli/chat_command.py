"""`perdure chat`."""

from __future__ import annotations

import asyncio
import sys

import click

from perdure.cli.chat.choosing import NotChosen, chosen
from perdure.cli.chat.palette import THEMES
from perdure.cli.chat.talk import talk_with
from perdure.cli.server_option import Server, reach, with_server
from perdure.cli.telling import told
from perdure.client.shapes import Character
from perdure.core.errors import PerdureError


@click.command("chat")
@click.argument("name", required=False)
@click.option("--chat", "chat_id", metavar="ID", help="Go on with this chat.")
@click.option("--new", is_flag=True, help="Begin a new chat.  [default: go on with the last one; in a pipe: a new one]")
@click.option(
    "--theme",
    type=click.Choice(["auto", *THEMES]),
    default="auto",
    envvar="PERDURE_THEME",
    help="What the terminal's ground is; `either` uses its own colours.  [default: auto]",
)
@with_server
def command(server: Server, name: str | None, chat_id: str | None, new: bool, theme: str) -> None:
    """Talk with the character NAME (its name, the beginning of it, or its id) on a running server.

    Without a NAME you choose from a list. Ctrl-C ends a reply and keeps what was said; Ctrl-D leaves; /help tells the
    rest. Where input or output is no terminal, each line of input is a message, and replies come out as they are.
    """
    if chat_id is not None and (new or name is not None):
        raise click.UsageError("--chat names a chat that has its character: leave NAME and --new out.")
    try:
        if sys.stdin.isatty() and sys.stdout.isatty():
            status = asyncio.run(_at_a_terminal(server, name, chat_id, new, theme))
        else:
            status = asyncio.run(_in_a_pipe(server, name, chat_id))
    except PerdureError as error:
        raise click.ClickException(told(error)) from error
    except NotChosen as error:
        raise click.ClickException(str(error)) from error
    except KeyboardInterrupt:
        status = 130
    sys.exit(status)


async def _at_a_terminal(server: Server, name: str | None, chat_id: str | None, new: bool, theme: str) -> int:
    # Loaded here: a pipe needs none of what makes a terminal comfortable.
    from perdure.cli.chat.session import Session

    characters = _some(await reach(server))
    async with talk_with(server) as talk:
        session = Session(talk, characters, theme)
        if chat_id is not None:
            await session.run(lambda: session.resume(chat_id))
        elif name is not None:
            character = chosen(characters, name)
            await session.run(lambda: session.enter(character["id"], new=new))
        else:
            await session.run(lambda: session.choose(new=new))
    return 0


async def _in_a_pipe(server: Server, name: str | None, chat_id: str | None) -> int:
    from perdure.cli.chat.pipe import converse, show_characters

    characters = _some(await reach(server))
    if name is None and chat_id is None:
        show_characters(characters)
        return 0
    async with talk_with(server) as talk:
        character_id = chosen(characters, name)["id"] if name is not None else None
        return 1 if await converse(talk, character_id, chat_id) else 0


def _some(characters: list[Character]) -> list[Character]:
    if not characters:
        raise NotChosen("There are no characters. Bring one in with: perdure import FILE")
    return characters
