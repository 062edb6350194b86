"""The OpenAI-compatible endpoints: a model is a character, and a completion is a turn like any other.

So it is durable too: when the worker that speaks dies, the client's stream just goes on. Each request is a chat of its
own that is not listed and is forgotten after a day, since such clients bring the whole conversation every time.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import uuid4

from fastapi import APIRouter, Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from perdure.core.admission import MESSAGE_CHARS
from perdure.core.errors import NotFound
from perdure.core.records import Message, Role, StoredCharacter, TurnSettings
from perdure.core.turn import Kind
from perdure.engine import backends, intake
from perdure.engine.identity import derived_id
from perdure.engine.intake import Accepted, NewReply
from perdure.engine.tree import placed
from perdure.http.completion import Completion, Running
from perdure.http.problems import Json
from perdure.http.schemas.fields import Text
from perdure.http.service import Perdure, Service
from perdure.ports.store import Records

router = APIRouter(prefix="/v1", tags=["openai"])


class _Part(BaseModel):
    """A piece of a message; only text is understood."""

    type: Literal["text"]
    text: Text


class _Message(BaseModel):
    """A message as OpenAI's clients send it."""

    role: Literal["system", "developer", "user", "assistant"]
    content: Annotated[Text, Field(max_length=MESSAGE_CHARS)] | Annotated[list[_Part], Field(max_length=100)]

    @property
    def text(self) -> str:
        """The content as one text."""
        if isinstance(self.content, str):
            return self.content
        return "\n".join(part.text for part in self.content)


class _StreamOptions(BaseModel):
    include_usage: bool = False


def _someone(messages: list[_Message]) -> list[_Message]:
    if not any(message.role in ("user", "assistant") for message in messages):
        raise ValueError("there has to be a message of the user")
    return messages


class AskedCompletion(BaseModel):
    """A chat completion request; what Perdure does not know is ignored."""

    model_config = ConfigDict(extra="ignore")

    model: Annotated[Text, Field(max_length=200)]
    messages: Annotated[list[_Message], Field(min_length=1, max_length=2000), AfterValidator(_someone)]
    stream: bool = False
    stream_options: _StreamOptions | None = None
    max_tokens: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    max_completion_tokens: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    temperature: Annotated[float, Field(ge=0, le=5)] | None = None
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    seed: Annotated[int, Field(ge=0, lt=2**31)] | None = None
    stop: Annotated[Text, Field(max_length=200)] | Annotated[list[Text], Field(max_length=16)] | None = None
    n: Annotated[int, Field(ge=1, le=1)] | None = None

    def settings(self, defaults: TurnSettings) -> TurnSettings:
        """The turn's settings: the server's, with what the client asked for."""
        asked = {
            "max_tokens": self.max_completion_tokens or self.max_tokens,
            "temperature": self.temperature,
            "top_p": self.top_p,
            "seed": self.seed,
            "stop": [self.stop] if isinstance(self.stop, str) else self.stop,
            "system": "\n\n".join(m.text for m in self.messages if m.role in ("system", "developer")) or None,
        }
        return {**defaults, **{key: value for key, value in asked.items() if value is not None}}


@router.get("/models")
async def list_models(perdure: Perdure) -> Response:
    """The characters, as models."""

    def work(records: Records) -> list[dict[str, Any]]:
        return [_model(one, _backend(records, perdure)) for one in records.characters.all()]

    return Json({"object": "list", "data": await perdure.store.read(work)})


@router.get("/models/{model:path}")
async def get_model(model: str, perdure: Perdure) -> Response:
    """One character, as a model."""
    return Json(await perdure.store.read(lambda r: _model(_character(r, model), _backend(r, perdure))))


@router.post("/chat/completions")
async def complete(body: AskedCompletion, perdure: Perdure) -> Response:
    """A reply by the character that `model` names (by its name or id)."""
    chat_id, turn_id = str(uuid4()), str(uuid4())
    listener = await perdure.tailer.subscribe(chat_id)
    try:
        await perdure.accept(
            lambda r, now: perdure.door.admit(r, _begin(r, chat_id, turn_id, body, perdure.turn_settings(r), now))
        )
    except BaseException:
        perdure.tailer.unsubscribe(chat_id, listener)
        raise
    running = Running(turn_id, chat_id, body.model, int(perdure.clock.now()), listener)
    usage = body.stream_options is not None and body.stream_options.include_usage
    return Completion(perdure, running, stream=body.stream, usage=usage)


def _begin(
    records: Records, chat_id: str, turn_id: str, body: AskedCompletion, defaults: TurnSettings, now: float
) -> Accepted:
    """A chat that holds what the client brought, and a turn behind it."""
    stored = _character(records, body.model)
    intake.put_chat(records, chat_id, [stored.id], None, now, origin="openai")
    history: list[Message] = []
    nodes: dict[str, Message] = {}
    for n, given in enumerate(body.messages):
        if given.role in ("system", "developer"):
            continue
        own = given.role == "assistant"
        message = Message(
            id=derived_id(chat_id, str(n)),
            chat_id=chat_id,
            parent_id=history[-1].id if history else None,
            role=Role.CHARACTER if own else Role.USER,
            author=stored.id if own else None,
            author_name=stored.character.name if own else intake.DEFAULT_USER_NAME,
            text=given.text,
            created_at=now,
        )
        history.append(placed(message, history[-1] if history else None, nodes.__getitem__))
        nodes[message.id] = history[-1]
    records.messages.add(history)
    reply = NewReply(turn_id, Kind.REPLY, history[-1].id, body.settings(defaults))
    return intake.put_turn(records, chat_id, reply, now)


def _character(records: Records, model: str) -> StoredCharacter:
    stored = records.characters.shown(model) or records.characters.by_name(model)
    if stored is None:
        raise NotFound("There is no character of that name or id: see GET /v1/models.")
    return stored


def _backend(records: Records, perdure: Service) -> str:
    """What speaks now."""
    active = backends.active(records)
    return perdure.backends.default.name if active is None else active.name


def _model(stored: StoredCharacter, backend: str) -> dict[str, Any]:
    return {
        "id": stored.character.name,
        "object": "model",
        "created": int(stored.created_at),
        "owned_by": "perdure",
        "perdure": {"character_id": stored.id, "backend": backend},
    }
