"""Any OpenAI-compatible server as a backend: Ollama, vLLM, llama.cpp, LM Studio, a hosted service.

The wire is OpenAI's `POST /chat/completions` with `stream: true`; `continue_final_message` and `add_generation_prompt`
are vLLM's names, which llama.cpp and SGLang share, for going on from an assistant message.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import suppress
from typing import Any

import aiohttp
import orjson
from yarl import URL

from perdure.core.errors import ModelBroken, ModelError, ModelRefused, ModelRubbish, NetworkError, PerdureError
from perdure.core.prompt import Ask, PromptMessage
from perdure.models import failures
from perdure.models.continuation import (
    EchoJoint,
    Joint,
    OverlapJoint,
    Prefill,
    StartedAnew,
    continuation_request,
    refuses_prefill,
)
from perdure.models.off_limits import Resolver, is_off_limits
from perdure.models.reply_stream import ReplyStream
from perdure.ports.models import Chunk

CONNECT_S = 5.0
READY_S = 1.0
TOKENS_S = 2.0
"""How long a count of tokens may take, in seconds: whoever asks is typing."""
LLAMA_CPP = "llama.cpp"
"""What llama.cpp says that it is."""
KEEP_ALIVE_S = 4.0
"""Below the 5 s after which uvicorn, Node and llama.cpp drop an idle connection, so that none is used as it dies."""
DRAIN_S = 0.25
"""How long the end of an answer is awaited behind its last token, so that its connection can be used again."""
BODY_S = 5.0
BODY_LIMIT_BYTES = 8 * 1024 * 1024

_CONTINUE = {"continue_final_message": True, "add_generation_prompt": False}
_WIRE_ERRORS = (aiohttp.ClientError, OSError)  # a TimeoutError is an OSError


class OpenAIBackend:
    """Streams replies from one model of one server.

    `url` may end with or without `/v1`. `prefill` says whether the server goes on from an assistant message: None finds
    out, and what is found out is remembered. A `session` given from outside stays open at `close`. Proxies from the
    environment are used only with `trust_env`. Raises ValueError for a URL that is none.
    """

    def __init__(
        self,
        url: str,
        model: str,
        api_key: str | None = None,
        *,
        prefill: bool | None = None,
        name: str | None = None,
        session: aiohttp.ClientSession | None = None,
        trust_env: bool = False,
    ) -> None:
        self._base, user = _base_url(url)
        self._model = model
        self._headers = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
        if api_key:
            self._headers["Authorization"] = f"Bearer {api_key}"
        elif user is not None:
            self._headers["Authorization"] = user
        self._where = self._base.authority
        self._name = name or (f"{model} at {self._where}" if model else self._where)
        self._session = session
        self._owns_session = session is None
        self._trust_env = trust_env
        self._prefill = {None: Prefill.UNKNOWN, True: Prefill.CLEAN, False: Prefill.NEVER}[prefill]
        self._budget_field = "max_tokens"
        self._unknown: set[str] = set()
        self._server: str | None = None

    @property
    def name(self) -> str:
        return self._name

    async def stream(self, ask: Ask) -> AsyncGenerator[Chunk, None]:
        """Stream the reply behind `ask.prefix`. See `perdure.ports.models.Backend.stream`."""
        if ask.max_tokens <= 0:
            yield Chunk("", finish="length")
            return
        while True:
            response, way = await self._open(ask)
            joint = _joint(ask.prefix, way)
            reply = ReplyStream(self._where, joint)
            try:
                if response.content_type in ("application/json", "text/html"):
                    chunk = await self._whole(response, reply)
                    if chunk is not None:
                        yield chunk
                content = response.content
                while not reply.over:
                    try:
                        data = await content.readany()
                    except _WIRE_ERRORS as error:
                        raise failures.from_client_error(error, self._where) from None
                    chunk = reply.feed(data) if data else reply.close()
                    if chunk is not None:
                        yield chunk
                if reply.failure is not None:
                    raise reply.failure
                await _drain(content)
                self._learn(joint)
                self._timed(reply.timings)
                yield Chunk("", finish=reply.finish)
                return
            except StartedAnew:
                self._prefill = Prefill.NEVER
            finally:
                if response.content.at_eof():
                    response.release()
                else:
                    response.close()

    async def ready(self) -> bool:
        """Whether something listens there."""
        try:
            async with asyncio.timeout(READY_S):
                _, writer = await asyncio.open_connection(self._base.host, self._base.port)
        except (OSError, UnicodeError):
            return False
        writer.close()
        return True

    async def absence(self) -> PerdureError | None:
        """What comes of asking for its models, where that is nothing; what it lists does not matter."""
        try:
            async with asyncio.timeout(READY_S):
                await self.check()
        except TimeoutError as error:
            return failures.from_client_error(error, self._where)
        except (ModelError, NetworkError) as error:
            return error if error.away else None
        return None

    async def check(self) -> list[str]:
        """The names of the models that the server offers. Raises ModelError, or NetworkError for the way to it."""
        try:
            async with self._http().get(
                self._base / "models",
                headers=self._headers,
                allow_redirects=False,
            ) as response:
                body = await _body(response)
        except _WIRE_ERRORS as error:
            raise failures.from_client_error(error, self._where) from None
        self._server = response.headers.get("Server", "")
        if response.status in (404, 405):
            raise ModelRubbish(f"What answers at {self._where} has no list of models at this address.")
        if response.status != 200:
            raise failures.from_status(response.status, response.headers, body, self._where)
        if response.content_type == "text/html":
            raise ModelRubbish(f"What answers at {self._where} is a web page, not a model's server.")
        try:
            return [str(entry["id"]) for entry in orjson.loads(body)["data"]]
        except (orjson.JSONDecodeError, KeyError, TypeError):
            raise ModelRubbish(f"What answers at {self._where} does not list models.") from None

    async def count_tokens(self, texts: Sequence[str]) -> list[int] | None:
        """How many tokens each text has, by the server's own tokenizer; None where it has none that can be asked, or
        does not answer within `TOKENS_S`. Never raises."""
        try:
            async with asyncio.timeout(TOKENS_S):
                if self._server is None:
                    await self.check()
                if self._server != LLAMA_CPP:
                    return None
                return await asyncio.gather(*(self._count(text) for text in texts))
        except (*_WIRE_ERRORS, ModelError, NetworkError, orjson.JSONDecodeError, KeyError, TypeError):
            return None

    async def _count(self, text: str) -> int:
        body = orjson.dumps({"content": text})
        url = self._base.parent / "tokenize"
        async with self._http().post(url, data=body, headers=self._headers, allow_redirects=False) as response:
            return len(orjson.loads(await _body(response))["tokens"])

    async def close(self) -> None:
        if self._owns_session and self._session is not None:
            await self._session.close()
            self._session = None

    def _extras(self) -> dict[str, Any]:
        """Members of the body that only this kind of server knows."""
        return {}

    async def foresee(self, messages: Sequence[PromptMessage]) -> None:
        """What a prompt will begin with soon. Whoever has a use for that may read it; never raises."""

    def _timed(self, timings: Mapping[str, Any]) -> None:
        """What the server says of its own work; nothing where it says nothing."""

    def _http(self) -> aiohttp.ClientSession:
        """The session, made at first use because it belongs to a running loop."""
        if self._session is None:
            self._session = new_session(trust_env=self._trust_env)
        return self._session

    def _learn(self, joint: Joint | None) -> None:
        if isinstance(joint, EchoJoint) and joint.verdict is not None and self._prefill is Prefill.UNKNOWN:
            self._prefill = joint.verdict

    def _body(self, ask: Ask, way: Prefill) -> bytes:
        messages = ask.messages
        body: dict[str, Any] = {"model": self._model, "stream": True, self._budget_field: ask.max_tokens}
        if ask.prefix and way is Prefill.NEVER:
            messages = continuation_request(ask)
        elif ask.prefix:
            messages = (*messages, PromptMessage("assistant", ask.prefix))
            body |= _CONTINUE
        body["messages"] = [{"role": message.role, "content": message.content} for message in messages]
        sampling = ask.sampling
        for key in ("temperature", "top_p", "top_k", "min_p", "repeat_penalty", "seed"):
            if (value := getattr(sampling, key)) is not None and key not in self._unknown:
                body[key] = value
        if sampling.stop:
            body["stop"] = sampling.stop
        return orjson.dumps(body | self._extras())

    async def _open(self, ask: Ask) -> tuple[aiohttp.ClientResponse, Prefill]:
        """Send the request; returns the answer, which is a 200, and how it was asked to go on.

        A server that refuses what only some servers know is asked again in the way that all of them know. Raises the
        ModelError that fits.
        """
        while True:
            way = self._prefill
            budget_field = self._budget_field
            try:
                response = await self._post(self._body(ask, way))
                if response.status == 200:
                    if way is Prefill.UNKNOWN and response.headers.get("Server") == LLAMA_CPP:
                        self._prefill = way = Prefill.CLEAN
                    return response, way
                body = await _body(response)
            except _WIRE_ERRORS as error:
                raise failures.from_client_error(error, self._where) from None
            failure = failures.from_status(response.status, response.headers, body, self._where)
            if type(failure) not in (ModelRefused, ModelBroken):  # some answer with 500 where they mean 400
                raise failure
            words = failures.complaint_of(body).words
            if budget_field == "max_tokens" and "max_completion_tokens" in words:
                self._budget_field = "max_completion_tokens"
            elif ask.prefix and way is not Prefill.NEVER and refuses_prefill(words):
                self._prefill = Prefill.NEVER
            elif unknown := failures.unknown_sampler(words) - self._unknown:
                self._unknown |= unknown
            else:
                raise failure

    async def _post(self, body: bytes) -> aiohttp.ClientResponse:
        """Send one request, on a connection that lives.

        A connection that was used before may have been closed by the server meanwhile (llama.cpp closes behind each
        stream, although it announces otherwise); that is no failure, and the next one is taken.
        """
        while True:
            reused: list[bool] = []
            try:
                return await self._http().post(
                    self._base / "chat/completions",
                    data=body,
                    headers=self._headers,
                    allow_redirects=False,
                    trace_request_ctx=reused,
                )
            except aiohttp.ClientConnectionError:
                if not reused:
                    raise

    async def _whole(self, response: aiohttp.ClientResponse, reply: ReplyStream) -> Chunk | None:
        """The reply of a server that does not stream, or the error that it gives in place of one."""
        try:
            body = await _body(response)
        except _WIRE_ERRORS as error:
            raise failures.from_client_error(error, self._where) from None
        if response.content_type == "text/html":
            raise ModelRubbish(f"What answers at {self._where} is a web page, not a model's server.")
        return reply.whole(body)


def new_session(*, trust_env: bool = False) -> aiohttp.ClientSession:
    """A session for backends, in the running loop. Whoever makes it closes it."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(resolver=Resolver(), limit=0, ttl_dns_cache=60, keepalive_timeout=KEEP_ALIVE_S),
        timeout=aiohttp.ClientTimeout(total=None, connect=CONNECT_S, sock_connect=CONNECT_S),
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=trust_env,
        trace_configs=[_reuse_noted()],
    )


def _base_url(url: str) -> tuple[URL, str | None]:
    """The address that `/chat/completions` is put behind, without credentials, and their header apart."""
    parsed = URL(url.strip())
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise ValueError("A backend's URL starts with http:// or https:// and names a host.")
    if is_off_limits(parsed.host):
        raise ValueError("At this address a cloud hands out credentials; no model's server is there.")
    user: str | None = None
    if parsed.user or parsed.password:
        user = aiohttp.encode_basic_auth(parsed.user or "", parsed.password or "")
    path = parsed.path.rstrip("/").removesuffix("/chat/completions")
    return parsed.with_user(None).with_path(path or "/v1").with_query(None).with_fragment(None), user


def _joint(prefix: str, way: Prefill) -> Joint | None:
    """What fits an answer to `prefix`, when it was asked for in that way; None where nothing has to be fitted."""
    if not prefix or way is Prefill.CLEAN:
        return None
    if way is Prefill.NEVER:
        return OverlapJoint(prefix)
    return EchoJoint(prefix, sure=way is Prefill.ECHOES)


def _reuse_noted() -> aiohttp.TraceConfig:
    """Tells each request whether it went out on a connection that had been used before."""

    async def note(_: aiohttp.ClientSession, context: Any, __: aiohttp.TraceConnectionReuseconnParams) -> None:
        if isinstance(context.trace_request_ctx, list):
            context.trace_request_ctx.append(True)

    config = aiohttp.TraceConfig()
    config.on_connection_reuseconn.append(note)
    return config


async def _body(response: aiohttp.ClientResponse) -> bytes:
    """An answer's body, as far as it matters, in as long as it should take."""
    body = b""
    async with asyncio.timeout(BODY_S), response:
        async for data in response.content.iter_any():
            body += data
            if len(body) > BODY_LIMIT_BYTES:
                break
    return body


async def _drain(content: aiohttp.StreamReader) -> None:
    """Read what stands between the last token and the end of the answer."""
    with suppress(*_WIRE_ERRORS):
        async with asyncio.timeout(DRAIN_S):
            while not content.at_eof():
                await content.readany()
