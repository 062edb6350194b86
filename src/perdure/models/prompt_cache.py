"""What the model has read outlives it: a prompt that took long to read is saved, and given back to the next process.

llama.cpp keeps what it has read in its slots and in memory, finds it there by itself, and loses it when it dies. This
is only its copy on disk. A worker saves a prompt before it asks for the reply behind it, since saving waits for a slot
that speaks. The model's process fills the memory at its start, before anybody asks, so nobody has to choose a slot, and
two cannot choose the same. Whatever is in a slot, llama.cpp compares its tokens with what is asked: a wrong copy costs
time, never a word. And whatever fails here, the prompt is read.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import aiohttp
import structlog
from yarl import URL

from perdure.core.prompt import Ask, PromptMessage, estimate_tokens
from perdure.models import ahead
from perdure.models.prompt_files import PromptFiles, Saved, text_of, touch

log = structlog.get_logger()

WORTH_S = 1.0
"""A prompt is kept where so much of it would have to be read again, in seconds of reading."""
FIRST_GUESS_TOKENS = 200
"""What the model reads in a second, until it is known."""
SURELY_READ_TOKENS = 64
"""Fewer tell nothing of the speed, and are never worth a file."""
SAVE_S = 2.0
"""How long a save is waited for, in seconds. It takes milliseconds, unless somebody else has just taken the slot."""
SULK_S = 60.0
"""How long nothing is kept once that has failed, in seconds: on a disk that is full it will fail again."""
STEP_CHARS = 128
"""What is read ahead at a time: a reply that is asked for meanwhile waits for that, about a sixth of a second."""
STEP_S = 1.0
"""How long a reply waits for such a step at most, in seconds."""
LET_GO_S = 0.25
"""How long a slot may take to fall free behind whoever has died, in seconds: a token's time, and no more than that."""
LET_GO_STEP_S = 0.01
LOOK_EVERY_S = 0.5
"""How often a model that speaks is looked at until the rest of its memory can be filled, in seconds."""


class SlotsError(Exception):
    """llama.cpp did not do what was asked; the text is its own."""


class Slots:
    """llama.cpp's own calls around its slots, at the server's origin."""

    def __init__(self, origin: URL, headers: Mapping[str, str], http: Callable[[], aiohttp.ClientSession]) -> None:
        self._origin = origin
        self._headers = dict(headers)
        self._http = http

    async def free(self) -> tuple[int, int]:
        """How many slots speak to nobody now, and how many there are."""
        slots = await self._call("GET", "slots")
        return sum(not slot["is_processing"] for slot in slots), len(slots)

    async def let_go(self) -> None:
        """Wait until the slot of a worker that has just died is free, where it seems that there is one. Never raises.

        llama.cpp speaks to it until it finds the connection closed, at its next token. Whoever goes on with the reply
        before that is given another slot, in which the whole prompt has to be read.
        """
        until = time.monotonic() + LET_GO_S
        with suppress(aiohttp.ClientError, SlotsError, OSError, KeyError, TypeError, ValueError):
            free_at_first, count = await self.free()
            free = free_at_first
            while free < count and free <= free_at_first and time.monotonic() < until:
                await asyncio.sleep(LET_GO_STEP_S)
                free, count = await self.free()

    async def render(self, messages: Sequence[PromptMessage]) -> str:
        """The prompt as the model's chat template has it."""
        body = {"messages": [{"role": message.role, "content": message.content} for message in messages]}
        return str((await self._call("POST", "apply-template", body))["prompt"])

    async def read(self, prompt: str, slot: int = -1) -> tuple[int, int, float]:
        """Have it read and nothing said; returns the slot, the tokens that were read, and the seconds it took."""
        body = {"prompt": prompt, "n_predict": 0, "cache_prompt": True, "id_slot": slot}
        said = await self._call("POST", "completion", body)
        return said["id_slot"], said["timings"]["prompt_n"], said["timings"]["prompt_ms"] / 1000

    async def save(self, slot: int, name: str) -> tuple[int, int]:
        """Write what the slot holds; returns the tokens and the bytes."""
        async with asyncio.timeout(SAVE_S):
            said = await self._call("POST", f"slots/{slot}?action=save", {"filename": name})
        return said["n_saved"], said["n_written"]

    async def restore(self, slot: int, name: str) -> None:
        """Have the slot hold what was saved. The process dies of a file that is not what it wrote."""
        await self._call("POST", f"slots/{slot}?action=restore", {"filename": name})

    async def _call(self, method: str, path: str, body: object = None) -> Any:
        url = self._origin.join(URL(path))
        async with self._http().request(method, url, json=body, headers=self._headers) as response:
            if response.status == 503:
                raise aiohttp.ClientConnectionError("it is still loading its model")
            if response.status != 200:
                raise SlotsError((await response.text())[:200])
            return await response.json()


class PromptKeeper:
    """A worker's part. `files` says where the model that runs now keeps its prompts; None while it keeps none."""

    def __init__(self, slots: Slots, files: Callable[[], PromptFiles | None]) -> None:
        self._slots = slots
        self._files = files
        self._tokens_per_s = float(FIRST_GUESS_TOKENS)
        self._bytes_per_token = 0.0
        self._sulks_until = 0.0

    async def keep(self, ask: Ask) -> None:
        """Before the reply is asked for: have what is not on disk yet read, and save it. Never raises.

        What was read lies in the slot then, so the reply itself begins as soon as it would have.
        """
        if time.monotonic() < self._sulks_until:
            return
        try:
            files = self._files()
            if files is not None:
                await self._keep(files, ask.head, head=True)
                await self._keep(files, ask.messages, head=False)
        except aiohttp.ClientConnectionError:
            pass  # the model is away, of which the reply will tell
        except (aiohttp.ClientError, SlotsError, OSError, KeyError, TypeError, ValueError) as error:
            self._sulks_until = time.monotonic() + SULK_S
            log.warning("a prompt could not be saved: it is read again when the model dies", reason=str(error))

    async def foresee(self, messages: Sequence[PromptMessage]) -> None:
        """Read and save what a first reply will begin with, unless anybody speaks. Never raises.

        In small steps, each of which finds the one before in its slot; the first reply that has to read calls it off.
        """
        try:
            files = self._files()
            if files is None or time.monotonic() < self._sulks_until or not self._worth(files, text_of(messages)):
                return
            prompt = await self._slots.render(messages)
            with ahead.reading(files.root) as called_off:
                for end in range(STEP_CHARS, len(prompt) + STEP_CHARS, STEP_CHARS):
                    free, count = await self._slots.free()
                    if free < count or called_off():
                        return
                    slot, _, _ = await self._slots.read(prompt[:end])
                await self._save(files, slot, text_of(messages), head=True)
        except ahead.ReadBySomebodyError:
            pass
        except (aiohttp.ClientError, SlotsError, OSError, KeyError, TypeError, ValueError) as error:
            log.debug("nothing was read ahead", reason=str(error))

    async def _keep(self, files: PromptFiles, messages: Sequence[PromptMessage], *, head: bool) -> None:
        text = text_of(messages)
        closest, known = files.closest(text)
        if closest is not None and 2 * known >= len(closest.text):
            touch(closest)
        if not self._worth(files, text, known):
            return
        await ahead.call_off(files.root, STEP_S)
        if not self._worth(files, text):
            return  # it had just come to its end
        free, _ = await self._slots.free()
        if not free:
            return  # behind a queue it would wait twice
        slot, read, took_s = await self._slots.read(await self._slots.render(messages))
        if read >= SURELY_READ_TOKENS and took_s > 0:
            self._tokens_per_s = read / took_s
        log.debug("a prompt was read", read=read)
        await self._save(files, slot, text, head=head)

    def _worth(self, files: PromptFiles, text: str, known: int | None = None) -> bool:
        """Whether a file would save enough reading. So much of the text is known; None: that has to be found out."""
        if known is None:
            _, known = files.closest(text)
        if estimate_tokens(text[known:]) < max(self._tokens_per_s * WORTH_S, SURELY_READ_TOKENS):
            return False
        # It would push out everything else.
        return estimate_tokens(text) * self._bytes_per_token <= files.limit_bytes / 2

    async def _save(self, files: PromptFiles, slot: int, text: str, *, head: bool) -> None:
        file = files.new(head=head)
        tokens, size = await self._slots.save(slot, file.name)
        self._bytes_per_token = size / max(tokens, 1)
        await asyncio.to_thread(files.add, file, text, size)
        log.info("a prompt was saved", head=head, tokens=tokens, bytes=size)


class PromptFiller:
    """The model process's part: fills the memory of a server that has just started."""

    def __init__(self, slots: Slots, files: PromptFiles) -> None:
        self._slots = slots
        self._files = files
        self._rest: list[Saved] = []
        self._last_slot = 0

    async def first(self) -> None:
        """Fill the slots with what was used last: that is what somebody may be waiting for. Never raises."""
        try:
            _, count = await self._slots.free()
            chosen = await asyncio.to_thread(self._chosen)
            self._rest = chosen[count:]
            self._last_slot = count - 1  # llama.cpp takes the last of slots that were never used
            done = [await self._restore(slot, saved) for slot, saved in enumerate(chosen[:count])]
            log.info("the model knows saved prompts", restored=sum(done), waiting=len(self._rest))
        except (aiohttp.ClientError, SlotsError, OSError, KeyError, TypeError, ValueError) as error:
            log.warning("saved prompts could not be restored: they are read again", reason=str(error))

    async def rest(self) -> None:
        """Give llama.cpp's memory all others, one by one while it speaks to nobody. Never raises.

        They go through one slot: as something else is read there, what it held is moved to the memory.
        """
        try:
            while self._rest:
                free, count = await self._slots.free()
                if free < count:
                    await asyncio.sleep(LOOK_EVERY_S)
                    continue
                saved = self._rest.pop()  # the oldest: where the memory is full, the latest stays
                await self._slots.read(".", self._last_slot)
                await self._restore(self._last_slot, saved)
        except (aiohttp.ClientError, SlotsError, OSError, KeyError, TypeError, ValueError) as error:
            log.warning("saved prompts could not be restored: they are read again", reason=str(error))

    def _chosen(self) -> list[Saved]:
        """All that are worth it, what was used last first: one that another one begins with is in that one."""
        chosen: list[Saved] = []
        for saved in self._files.saved():
            if not saved.text or not any(other.text.startswith(saved.text) for other in chosen):
                chosen.append(saved)
        return chosen

    async def _restore(self, slot: int, saved: Saved) -> bool:
        if not await asyncio.to_thread(saved.sound):
            log.warning("a saved prompt is damaged: it is removed, and read again", file=saved.file.name)
            saved.remove()
            return False
        try:
            with saved.on_trial():
                await self._slots.restore(slot, saved.file.name)
        except FileNotFoundError:
            return False  # somebody has removed it
        except SlotsError as error:
            log.warning("a saved prompt was refused: it is removed, and read again", reason=str(error))
            return False
        return True
