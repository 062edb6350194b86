"""A chat on the page: what was said before, what is said now. Each method does what it says and shows it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from enum import Enum, auto

from perdure.cli.chat.branch import marked, place
from perdure.cli.chat.page import Page
from perdure.cli.chat.reading import read
from perdure.cli.chat.talk import Note, Talk
from perdure.cli.telling import told
from perdure.client.reply_view import ReplyView
from perdure.client.shapes import Character, Chat, Message
from perdure.core.errors import recall

EARLIER = 12
"""Messages that are shown of a chat that is continued."""

REACH = 500
"""Messages at the end of the branch among which orders look for what they mean."""


class Phase(Enum):
    """What is going on."""

    WORKING = auto()
    """Something that can be broken off."""
    ASKING = auto()
    """A reply is asked for, and will be there in a moment: Ctrl-C stops it as soon as it can be stopped."""
    READING = auto()
    """A reply is being read: Ctrl-C stops it."""


class Scene:
    """What the orders work on. `chat` is the one that is on; `deleted` what /undo brings back, the last one last."""

    def __init__(self, talk: Talk, page: Page) -> None:
        self.talk = talk
        self.page = page
        self.chat: Chat | None = None
        self.deleted: list[tuple[str, str]] = []
        self.stopping = False
        """Whether Ctrl-C has been pressed in this reply."""
        self.phase = Phase.WORKING
        """What is going on, and so what Ctrl-C means."""

    @property
    def characters(self) -> list[Character]:
        """Who is in the chat."""
        return self.chat.get("characters", []) if self.chat else []

    @property
    def names(self) -> str:
        """Who is in the chat, in words."""
        return " and ".join(character["name"] for character in self.characters)

    async def begin(self, character_ids: list[str]) -> None:
        """A new chat, with its greeting."""
        self.chat = await self.talk.begin(character_ids)
        await self.show_end(EARLIER)

    async def resume(self, chat_id: str) -> None:
        """Another chat, with the end of what was said in it, and the reply that may still be written there."""
        self.chat = await self.talk.resume(chat_id)
        await self.show_end(EARLIER)

    async def end(self) -> list[Message]:
        """The end of the branch that is shown, as the server has it now."""
        return await self.talk.api.messages(self.talk.chat_id, limit=REACH)

    async def show_end(self, count: int) -> None:
        """The last messages."""
        messages = await self.talk.api.messages(self.talk.chat_id, limit=count)
        if not messages:
            plural = len(self.characters) != 1
            self.page.line(f"{self.names} {'wait' if plural else 'waits'} for you to begin.")
        await self.show(messages)

    async def show(self, messages: Sequence[Message]) -> None:
        """Messages that are there. One that is still being written is read to its end."""
        for message in messages:
            if message["role"] == "user":
                self.page.said(message["text"])
                self.page.gap()
                continue
            if message["turn_id"] is not None and message["state"] in ("queued", "running"):
                await self.read(ReplyView(message["turn_id"], message["id"], message["author"]), marked(message))
                continue
            self.page.begin(message["author"], marked(message))
            self.page.words(message["text"])
            self.page.end()
            if message["error"] is not None:
                self.page.wrong(told(recall(message["error"])))
            self.page.gap()

    async def say(self, text: str, beside: Message | None = None) -> None:
        """A message, or another one in the stead of `beside`, and the reply to it."""
        self.page.gap()
        await self._answered(self.talk.say(text, beside["id"] if beside else None))

    async def put(self, text: str, beside: Message) -> None:
        """An edit: the person's message is answered, a character's is shown as it is now."""
        if beside["role"] == "user":
            await self.say(text, beside)
            return
        self.page.gap()
        await self.talk.api.put_message(self.talk.chat_id, text, beside=beside["id"], reply=False)
        await self.show_end(1)

    async def another(self, parent_id: str, like: Message | None) -> None:
        """A reply to `parent_id`, beside those that are like this one."""
        n = place(like)[1] + 1 if like else 1
        author = like["author"] if like else None
        asked = self.talk.ask(parent_id, "swipe" if like else "reply", author)
        await self._answered(asked, f"{n}/{n}" if n > 1 else "")

    async def go_on(self, message: Message) -> None:
        """More of a reply: a message beside it that begins as it does."""
        await self._answered(self.talk.ask(message["id"], "continue", message["author"], message["text"]), "goes on")

    async def read(self, view: ReplyView, remark: str = "") -> None:
        """A reply as it comes."""
        self.phase = Phase.READING
        if self.stopping:
            # Pressed before there was anything to stop.
            self.talk.press()
        try:
            await read(self.talk, self.page, view, remark)
        finally:
            self.phase = Phase.WORKING
        self.page.gap()

    async def _answered(self, asked: AsyncIterator[Note | ReplyView], remark: str = "") -> None:
        self.phase = Phase.ASKING
        try:
            async for item in asked:
                if isinstance(item, ReplyView):
                    await self.read(item, remark)
                else:
                    # Nobody knows for how long: Ctrl-C gives up at once.
                    self.phase = Phase.WORKING
                    self.page.aside(item.text)
        finally:
            self.phase = Phase.WORKING
