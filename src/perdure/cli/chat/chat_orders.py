"""Orders about who talks, and in which chat."""

from __future__ import annotations

from datetime import UTC, datetime

from perdure.cli.chat import choosing
from perdure.cli.chat.choosing import NotChosen
from perdure.cli.chat.outcome import Outcome, Pick
from perdure.cli.chat.picking import Choice
from perdure.cli.chat.scene import Scene


async def persona(scene: Scene, rest: str) -> Outcome:
    """Be somebody else."""
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
    await scene.talk.api.become(scene.talk.chat_id, None if choice.key == choosing.NOBODY else choice.key)
    scene.page.line(f"(you are {choice.title if choice.key != choosing.NOBODY else 'nobody in particular'} here)")


async def new(scene: Scene, rest: str) -> Outcome:
    """Another chat, with the same or with somebody."""
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


async def chats(scene: Scene, _: str) -> Outcome:
    """A chat to choose."""
    chats = await scene.talk.api.chats()
    return Pick("Which chat?", choosing.of_chats(chats, datetime.now(UTC), new=True), _enter)


async def _enter(scene: Scene, choice: Choice) -> None:
    if choice.key == choosing.NEW:
        await new(scene, "")
        return
    scene.page.gap()
    await scene.resume(choice.key)


async def characters(scene: Scene, rest: str) -> Outcome:
    """Somebody to talk with."""
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
