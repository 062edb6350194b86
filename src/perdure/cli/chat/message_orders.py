"""Orders about what is said: swipes, edits, rewinding, deleting, showing again."""

from __future__ import annotations

from perdure.cli.chat import branch
from perdure.cli.chat.orders import ORDERS, count
from perdure.cli.chat.outcome import Edit, Outcome
from perdure.cli.chat.scene import Scene
from perdure.client.shapes import Message

HISTORY = 20
"""Messages that /history shows without a number."""


async def following(scene: Scene, _: str) -> Outcome:
    """The reply beside the last one, or another one."""
    messages = await scene.end()
    return await _go(scene, messages, branch.swiped(messages, 1))


async def previous(scene: Scene, _: str) -> Outcome:
    """The reply before."""
    messages = await scene.end()
    return await _go(scene, messages, branch.swiped(messages, -1))


async def swipe(scene: Scene, rest: str) -> Outcome:
    """The nth of the replies."""
    if not rest:
        return await following(scene, rest)
    n = count(rest, 1)
    if n is None:
        return _misread(scene, "swipe")
    messages = await scene.end()
    return await _go(scene, messages, branch.swiped_to(messages, n))


async def regenerate(scene: Scene, _: str) -> Outcome:
    """One more reply, whatever there is."""
    messages = await scene.end()
    return await _go(scene, messages, branch.another(messages))


async def go_on(scene: Scene, _: str) -> Outcome:
    """More of the last reply."""
    messages = await scene.end()
    if not messages or messages[-1]["role"] == "user" or messages[-1]["parent_id"] is None:
        scene.page.line("(there is no reply that could go on)")
        return None
    await scene.go_on(messages[-1])
    return None


async def edit(scene: Scene, rest: str) -> Outcome:
    """The last message of somebody, to be put in other words."""
    if rest not in ("", "reply"):
        return _misread(scene, "edit")
    found = branch.last_of(await scene.end(), "character" if rest else "user")
    if found is None:
        scene.page.line("(there is no such message)")
        return None
    return Edit(found)


async def rewind(scene: Scene, rest: str) -> Outcome:
    """Back to before the last n messages of the person."""
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


async def delete(scene: Scene, rest: str) -> Outcome:
    """Hide the last n messages."""
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


async def undo(scene: Scene, _: str) -> Outcome:
    """Bring back what was deleted last here."""
    mine = [pair for pair in scene.deleted if pair[0] == scene.talk.chat_id]
    if not mine:
        scene.page.line("(nothing was deleted here)")
        return None
    await scene.talk.api.restore_message(*mine[-1])
    scene.deleted.remove(mine[-1])
    scene.page.line("(it is back)")
    await scene.show_end(2)
    return None


async def greeting(scene: Scene, rest: str) -> Outcome:
    """Another beginning."""
    n = count(rest, 1)
    if n is None:
        return _misread(scene, "greeting")
    messages = await scene.end()
    return await _go(scene, messages, branch.greeted(messages, n if rest else None))


async def history(scene: Scene, rest: str) -> Outcome:
    """The last messages again."""
    n = count(rest, HISTORY)
    if n is None:
        return _misread(scene, "history")
    scene.page.gap()
    await scene.show_end(min(n, 500))
    return None


async def _go(scene: Scene, messages: list[Message], to: branch.Show | branch.Ask | branch.Nothing) -> Outcome:
    match to:
        case branch.Show(message_id):
            chat_id = scene.talk.chat_id
            chat = await scene.talk.api.put_head(chat_id, message_id, leaf=True)
            shown = await scene.talk.api.messages_from(chat_id, message_id, limit=HISTORY)
            if shown[-1]["id"] == chat["head_id"]:
                await scene.show(shown)
            else:
                await scene.show(shown[:1])
                scene.page.line(f"(a long branch; its last {HISTORY} messages:)")
                await scene.show_end(HISTORY)
        case branch.Ask(parent_id, first):
            await scene.another(parent_id, None if first else messages[-1])
        case branch.Nothing(why):
            scene.page.line(f"({why})")
    return None


def _misread(scene: Scene, name: str) -> Outcome:
    usage = ORDERS[name]
    scene.page.line(f"(it is written /{name} {usage.argument}: {usage.sentence})")
    return None
