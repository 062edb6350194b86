"""What each order does: one function for each name in `orders.ORDERS`; its argument is what stood behind the name."""

from __future__ import annotations

from perdure.cli.chat import chat_orders, keymap, message_orders
from perdure.cli.chat.listing import listed
from perdure.cli.chat.orders import ORDERS
from perdure.cli.chat.outcome import Action, Leave, Outcome
from perdure.cli.chat.scene import Scene


async def obey(scene: Scene, name: str, rest: str) -> Outcome:
    """Do it. Raises PerdureError."""
    return await ACTIONS[name](scene, rest)


async def _help(scene: Scene, _: str) -> Outcome:
    width = scene.page.width
    rows = [(f"/{name} {usage.argument}".strip(), usage.sentence) for name, usage in ORDERS.items()]
    for line in [*listed(rows, width), "", *listed([(key.shown, key.sentence) for key in keymap.KEYS], width)]:
        scene.page.line(line)
    scene.page.gap()
    return None


async def _quit(_: Scene, __: str) -> Outcome:
    return Leave()


ACTIONS: dict[str, Action] = {
    "next": message_orders.following,
    "prev": message_orders.previous,
    "swipe": message_orders.swipe,
    "regenerate": message_orders.regenerate,
    "continue": message_orders.go_on,
    "edit": message_orders.edit,
    "rewind": message_orders.rewind,
    "delete": message_orders.delete,
    "undo": message_orders.undo,
    "greeting": message_orders.greeting,
    "history": message_orders.history,
    "persona": chat_orders.persona,
    "new": chat_orders.new,
    "chats": chat_orders.chats,
    "characters": chat_orders.characters,
    "help": _help,
    "quit": _quit,
}
