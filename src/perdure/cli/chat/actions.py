"""What each order does. One function for each name in `orders.ORDERS`; the argument is what stood behind it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from perdure.cli.chat import branch, choosing, keymap
from perdure.cli.chat.choosing import NotChosen
from perdure.cli.chat.listing import listed
from perdure.cli.chat.orders import ORDERS, count
from perdure.cli.chat.picking import Choice
from perdure.cli.chat.scene import Scene
from perdure.client.shapes import Message

HISTORY = 20
"""Messages that /history shows without a number."""


@dataclass(frozen=True, slots=True)
class Edit:
    """A message to be put in other words; nothing is sent before that is done."""

    message: Message


@dataclass(frozen=True, slots=True)
class Leave:
    """Enough."""


@dataclass(frozen=True, slots=True)
class Pick:
    """Something is to be chosen from a list before the order can go on with it. No choice: nothing happens."""

    title: str
    choices: list[Choice]
    then: Callable[[Scene, Choice], Awaitable[object]]


Outcome = Edit | Leave | Pick | None
Action = Callable[[Scene, str], Awaitable[Outcome]]


async def obey(scene: Scene, name: str, rest: str) -> Outcome:
    """Do it. Raises ApiError."""
    return await ACTIONS[name](scene, rest)


async def _next(scene: Scene, _: str) -> Outcome:
    messages = await scene.end()
    return await _go(scene, messages, branch.swiped(messages, 1))


async def _prev(scene: Scene, _: str) -> Outcome:
    messages = await scene.end()
    return await _go(scene, messages, branch.swiped(messages, -1))


async def _swipe(scene: Scene, rest: str) -> Outcome:
    if not rest:
        return await _next(scene, rest)
    n = count(rest, 1)
    if n is None:
        return _misread(scene, "swipe")
    messages = await scene.end()
    return await _go(scene, messages, branch.swiped_to(messages, n))


async def _regenerate(scene: Scene, _: str) -> Outcome:
    messages = await scene.end()
    return await _go(scene, messages, branch.another(messages))


async def _continue(scene: Scene, _: str) -> Outcome:
    messages = await scene.end()
    if not messages or messages[-1]["role"] == "user" or messages[-1]["parent_id"] is None:
        scene.page.line("(there is no reply that could go on)")
        return None
    await scene.go_on(messages[-1])
    return None


async def _edit(scene: Scene, rest: str) -> Outcome:
    if rest not in ("", "reply"):
        return _misread(scene, "edit")
    found = branch.last_of(await scene.end(), "character" if rest else "user")
    if found is None:
        scene.page.line("(there is no such message)")
        return None
    return Edit(found)


async def _rewind(scene: Scene, rest: str) -> Outcome:
    n = count(rest, 1)
    if n is None:
        return _misread(scene, "rewind")
    messages = await scene.end()
    match branch.rewound(messages, n):
        case branch.Show(message_id):
            await scene.talk.api.put_head(scene.talk.chat_id, message_id, leaf=False)
            scene.page.line("(back here; what came after it is kept)")
            await scene.show_end(1)
        case branch.Nothing(why):
            scene.page.line(f"({why})")
    return None


async def _delete(scene: Scene, rest: str) -> Outcome:
    n = count(rest, 1)
    if n is None:
        return _misread(scene, "delete")
    messages = await scene.end()
    if len(messages) < n:
        scene.page.line("(there are not so many messages)")
        return None
    chat_id, message_id = scene.talk.chat_id, messages[-n]["id"]
    await scene.talk.api.hide_message(chat_id, message_id)
    scene.deleted.append((chat_id, message_id))
    scene.page.line(f"({'the last message is' if n == 1 else f'the last {n} messages are'} deleted: /undo brings back)")
    await scene.show_end(1)
    return None


async def _undo(scene: Scene, _: str) -> Outcome:
    mine = [pair for pair in scene.deleted if pair[0] == scene.talk.chat_id]
    if not mine:
        scene.page.line("(nothing was deleted here)")
        return None
    await scene.talk.api.restore_message(*mine[-1])
    scene.deleted.remove(mine[-1])
    scene.page.line("(it is back)")
    await scene.show_end(2)
    return None


async def _greeting(scene: Scene, rest: str) -> Outcome:
    n = count(rest, 1)
    if n is None:
        return _misread(scene, "greeting")
    messages = await scene.end()
    return await _go(scene, messages, branch.greeted(messages, n if rest else None))


async def _history(scene: Scene, rest: str) -> Outcome:
    n = count(rest, HISTORY)
    if n is None:
        return _misread(scene, "history")
    scene.page.gap()
    await scene.show_end(min(n, 500))
    return None


async def _persona(scene: Scene, rest: str) -> Outcome:
    choices = choosing.of_personas(await scene.talk.api.personas())
    if not rest:
        return Pick("Who are you here?", choices, _be)
    wanted = choosing.NOBODY if rest.casefold() == "none" else rest.casefold()
    found = [choice for choice in choices if wanted in (choice.key, choice.title.casefold())]
    if not found:
        scene.page.line(f"(there is no persona called '{rest}')")
        return None
    await _be(scene, found[0])
    return None


async def _be(scene: Scene, choice: Choice) -> None:
    await scene.talk.api.put_persona(scene.talk.chat_id, None if choice.key == choosing.NOBODY else choice.key)
    scene.page.line(f"(you are {choice.title if choice.key != choosing.NOBODY else 'nobody in particular'} here)")


async def _new(scene: Scene, rest: str) -> Outcome:
    ids = [character["id"] for character in scene.characters]
    if rest:
        try:
            ids = [choosing.chosen(await scene.talk.api.characters(), rest)["id"]]
        except NotChosen as error:
            scene.page.wrong(str(error))
            return None
    scene.page.gap()
    await scene.begin(ids)
    return None


async def _chats(scene: Scene, _: str) -> Outcome:
    chats = await scene.talk.api.chats()
    return Pick("Which chat?", choosing.of_chats(chats, datetime.now(UTC), new=True), _enter)


async def _enter(scene: Scene, choice: Choice) -> None:
    if choice.key == choosing.NEW:
        await _new(scene, "")
        return
    scene.page.gap()
    await scene.resume(choice.key)


async def _characters(scene: Scene, rest: str) -> Outcome:
    characters = await scene.talk.api.characters()
    if not rest:
        return Pick("With whom?", choosing.of_characters(characters), _talk_to)
    try:
        found = choosing.chosen(characters, rest)
    except NotChosen as error:
        scene.page.wrong(str(error))
        return None
    await _talk_to(scene, Choice(found["id"], found["name"]))
    return None


async def _talk_to(scene: Scene, choice: Choice) -> None:
    await go_on_with(scene, choice.key)


async def chats_with(scene: Scene, character_id: str) -> Outcome:
    """A character's chats to choose from, or its first one."""
    chats = await scene.talk.api.chats(character_id=character_id)
    if not chats:
        await scene.begin([character_id])
        return None

    async def enter(scene: Scene, choice: Choice) -> None:
        await (scene.begin([character_id]) if choice.key == choosing.NEW else scene.resume(choice.key))

    return Pick("Which chat?", choosing.of_chats(chats, datetime.now(UTC), new=True), enter)


async def go_on_with(scene: Scene, character_id: str) -> None:
    """The last chat with a character alone, or the first one."""
    chats = await scene.talk.api.chats(character_id=character_id, limit=20)
    last = next((chat for chat in chats if chat["character_ids"] == [character_id]), None)
    scene.page.gap()
    await (scene.resume(last["id"]) if last else scene.begin([character_id]))


async def _help(scene: Scene, _: str) -> Outcome:
    width = scene.page.width
    rows = [(f"/{name} {usage.argument}".strip(), usage.sentence) for name, usage in ORDERS.items()]
    for line in [*listed(rows, width), "", *listed([(key.shown, key.sentence) for key in keymap.KEYS], width)]:
        scene.page.line(line)
    scene.page.gap()
    return None


async def _quit(_: Scene, __: str) -> Outcome:
    return Leave()


async def _go(scene: Scene, messages: list[Message], to: branch.Show | branch.Ask | branch.Nothing) -> Outcome:
    match to:
        case branch.Show(message_id):
            chat_id = scene.talk.chat_id
            await scene.talk.api.put_head(chat_id, message_id, leaf=True)
            await scene.show(await scene.talk.api.messages_from(chat_id, message_id))
        case branch.Ask(parent_id, first):
            await scene.another(parent_id, None if first else messages[-1])
        case branch.Nothing(why):
            scene.page.line(f"({why})")
    return None


def _misread(scene: Scene, name: str) -> Outcome:
    usage = ORDERS[name]
    scene.page.line(f"(it is written /{name} {usage.argument}: {usage.sentence})")
    return None


ACTIONS: dict[str, Action] = {
    "next": _next,
    "prev": _prev,
    "swipe": _swipe,
    "regenerate": _regenerate,
    "continue": _continue,
    "edit": _edit,
    "rewind": _rewind,
    "delete": _delete,
    "undo": _undo,
    "greeting": _greeting,
    "history": _history,
    "persona": _persona,
    "new": _new,
    "chats": _chats,
    "characters": _characters,
    "help": _help,
    "quit": _quit,
}
