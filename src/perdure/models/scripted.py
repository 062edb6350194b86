"""A test double: an OpenAI-compatible server that says what it is told, at the pace it is told, and fails on cue.

    python -m perdure.models.scripted --port 8399

A real server on a real socket in its own process, so that everything between it and the reader is the real thing. It
prints `listening on 127.0.0.1:PORT` once it does; port 0 takes a free one. `perdure.models.script` says how a message
orders its reply. Beside the OpenAI calls there is a control plane: `POST /control` with
`{"default": {…}, "reset": true}` sets the script beneath all messages and forgets the log and the counts;
`GET /control/log` tells what was asked.

One asyncio protocol and one timer for all streams: it has to feed a thousand of them from half a core.
"""

from __future__ import annotations

import argparse
import asyncio
import heapq
import itertools
import json
import os
import signal
import socket
import struct
import sys
from collections import Counter, deque
from typing import Any

from perdure.models.script import BadScript, Request, Script, changed, ordered, read, told

LOG_LENGTH = 20_000
_SAMPLING = ("temperature", "top_p", "top_k", "min_p", "repeat_penalty", "seed", "stop", "cache_prompt")
_EVENT = b'data: {"choices":[{"finish_reason":%s,"index":0,"delta":{%s}}],"created":1,"id":"chatcmpl-scripted",' \
    b'"model":"scripted","object":"chat.completion.chunk"}\n\n'  # fmt: skip
_STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\nServer: scripted\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n"
)
_HEAD, _TAIL = (_EVENT % (b"null", b'"content":%s')).split(b"%s")


class Pacer:
    """One timer for all streams: each is called when it is due and answers when it is due again."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._due: list[tuple[float, int, Answer]] = []
        self._order = itertools.count()
        self._timer: asyncio.TimerHandle | None = None

    def add(self, due_at: float, answer: Answer) -> None:
        heapq.heappush(self._due, (due_at, next(self._order), answer))
        self._arm()

    def _arm(self) -> None:
        if not self._due:
            return
        due_at = self._due[0][0]
        if self._timer is not None:
            if self._timer.when() <= due_at:
                return
            self._timer.cancel()
        self._timer = self._loop.call_at(due_at, self._tick)

    def _tick(self) -> None:
        self._timer = None
        now = self._loop.time()
        while self._due and self._due[0][0] <= now:
            due_at, order, answer = heapq.heappop(self._due)
            if (next_at := answer.step(due_at, now)) is not None:
                heapq.heappush(self._due, (next_at, order, answer))
        self._arm()


class Answer:
    """One reply on its way out."""

    def __init__(
        self,
        connection: Connection,
        script: Script,
        entry: dict[str, Any],
        tokens: list[str],
        cut: bool,
    ) -> None:
        self._connection = connection
        self._script = script
        self._entry = entry
        self._tokens = tokens
        self._finish = "length" if cut else "stop"
        self._sent = 0
        faults = {
            name: after
            for name in (
                "die_after",
                "stall_after",
                "reset_after",
                "cut_after",
                "error_event",
                "garbage_after",
            )
            if (after := getattr(script, name)) is not None
        }
        self._fault = min(faults, key=lambda name: faults[name], default="")
        self._fault_at = faults.get(self._fault, -1)

    def step(self, due_at: float, now: float) -> float | None:
        """Send the token that is due, and all that are late; returns when the next one is due, None at the end."""
        if self._connection.gone:
            self._entry["outcome"] = "client left"
            return None
        frames: list[bytes] = []
        interval_s = self._script.interval
        while due_at <= now and self._sent < len(self._tokens) and self._sent != self._fault_at:
            frames.append(_HEAD + json.dumps(self._tokens[self._sent]).encode() + _TAIL)
            self._sent += 1
            due_at += interval_s
        self._entry["sent"] = self._sent
        if self._sent == self._fault_at and (not frames or interval_s == 0):
            self._write(frames)
            self._fail()
            return None
        if self._sent == len(self._tokens) and self._sent != self._fault_at:
            if not self._script.no_finish:
                frames.append(_EVENT % (b'"%s"' % self._finish.encode(), b""))
            frames.append(b"data: [DONE]\n\n")
            self._write(frames, last=True)
            self._entry["outcome"] = self._finish
            return None
        self._write(frames)
        return due_at

    def _write(self, frames: list[bytes], last: bool = False) -> None:
        body = b"".join(frames)
        data = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
        self._connection.transport.write(data + b"0\r\n\r\n" if last else data)
        if last:
            self._connection.done()

    def _fail(self) -> None:
        self._entry["outcome"] = self._fault
        transport = self._connection.transport
        match self._fault:
            case "die_after":
                os.kill(os.getpid(), signal.SIGKILL)
            case "reset_after":
                transport.get_extra_info("socket").setsockopt(
                    socket.SOL_SOCKET,
                    socket.SO_LINGER,
                    struct.pack("ii", 1, 0),
                )
                transport.abort()
            case "cut_after":
                transport.close()
            case "error_event":
                self._write([b"data: " + json.dumps(_error(self._script, 500)).encode() + b"\n\n"])
                transport.close()
            case "garbage_after":
                self._write([b'data: {"choices":[{"delta"\n\n'])
                transport.close()


class Server:
    """What all connections share."""

    def __init__(self, api_key: str | None = None) -> None:
        self.pacer = Pacer(asyncio.get_running_loop())
        self.default = Script()
        self.log: deque[dict[str, Any]] = deque(maxlen=LOG_LENGTH)
        self.seen: Counter[str] = Counter()
        self.api_key = api_key

    def control(self, orders: dict[str, Any]) -> None:
        if orders.get("reset"):
            self.default = Script()
            self.log.clear()
            self.seen.clear()
        self.default = changed(self.default, orders.get("default", {}))

    def script_for(self, request: Request) -> Script:
        script = ordered(request.message, self.default)
        self.seen[request.message] += 1
        late = script.times is not None and self.seen[request.message] > script.times
        return script.behaved() if late or (script.fresh and request.prefix) else script


class Connection(asyncio.Protocol):
    """HTTP/1.1 as far as clients of model servers need it: one request after the other, bodies with a length."""

    transport: asyncio.Transport

    def __init__(self, server: Server) -> None:
        self._server = server
        self._buffer = b""
        self._busy = False
        self.gone = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def connection_lost(self, _: Exception | None) -> None:
        self.gone = True

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        self._next()

    def done(self) -> None:
        """The answer is out; the next request may be read."""
        self._busy = False
        self._next()

    def _next(self) -> None:
        while not self._busy and not self.gone and b"\r\n\r\n" in self._buffer:
            head, _, rest_of_it = self._buffer.partition(b"\r\n\r\n")
            first, *lines = head.decode("latin-1").split("\r\n")
            pairs = (line.split(":", 1) for line in lines if ":" in line)
            headers = {name.strip().lower(): value.strip() for name, value in pairs}
            length = int(headers.get("content-length", 0))
            if len(rest_of_it) < length:
                if headers.get("expect", "").lower() == "100-continue" and not rest_of_it:
                    self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                return
            self._buffer = rest_of_it[length:]
            method, path, _ = (first + "  ").split(" ", 2)
            self._busy = True
            self._answer(method, path.partition("?")[0], headers, rest_of_it[:length])

    def _answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> None:
        server = self._server
        try:
            match method, path:
                case "GET", "/health":
                    loading = server.default.status is not None
                    self._send(503 if loading else 200, {"status": "loading" if loading else "ok"})
                case "GET", "/v1/models":
                    self._send(200, {"object": "list", "data": [{"id": "scripted", "object": "model"}]})
                case "GET", "/control/log":
                    self._send(200, {"requests": list(server.log)})
                case "POST", "/control":
                    server.control(json.loads(body))
                    self._send(200, {})
                case "POST", "/v1/chat/completions":
                    if server.api_key and headers.get("authorization") != f"Bearer {server.api_key}":
                        self._send(
                            401,
                            _error(Script(code="invalid_api_key", message="Incorrect API key."), 401),
                        )
                    else:
                        self._complete(json.loads(body))
                case _:
                    self._send(404, _error(Script(code="not_found_error", message="File Not Found"), 404))
        except BadScript as error:
            self._send(400, _error(Script(code="bad_script", message=f"scripted: {error}"), 400))
        except (ValueError, TypeError, KeyError) as error:
            self._send(400, _error(Script(code="invalid_request_error", message=f"scripted: {error!r}"), 400))

    def _complete(self, body: dict[str, Any]) -> None:
        request = read(body["messages"])
        script = self._server.script_for(request)
        limit = body.get("max_tokens") or body.get("max_completion_tokens")
        entry: dict[str, Any] = {
            "n": len(self._server.log),
            "message": request.message,
            "messages": len(body["messages"]),
            "prefix_chars": len(request.prefix),
            "in_words": request.in_words,
            "max_tokens": limit,
            "sampling": {key: body[key] for key in _SAMPLING if key in body},
            "sent": 0,
            "outcome": "open",
        }
        self._server.log.append(entry)
        if script.status is not None or script.html or script.json_error:
            entry["outcome"] = f"status {script.status or 200}"
            self._refuse(script)
            return
        if request.prefix and not request.in_words and script.no_prefill:
            entry["outcome"] = "refused prefill"
            refusal = "Unrecognized request argument supplied: continue_final_message"
            self._send(400, _error(Script(code="invalid_request_error", message=refusal), 400))
            return
        tokens, cut = told(request, script, body.get("seed"), limit)
        if script.whole or not body.get("stream"):
            entry.update(sent=len(tokens), outcome="length" if cut else "stop")
            message = {"role": "assistant", "content": "".join(tokens)}
            choice = {"index": 0, "message": message, "finish_reason": entry["outcome"]}
            usage = {"completion_tokens": len(tokens)}
            self._send(200, {"object": "chat.completion", "choices": [choice], "usage": usage})
            return
        opening = [_EVENT % (b"null", b'"role":"assistant","content":null')]
        opening += [_EVENT % (b"null", b'"reasoning_content":"t%d "' % n) for n in range(script.reasoning)]
        first = b"".join(opening)
        self.transport.write(_STREAM_HEAD + b"%x\r\n%b\r\n" % (len(first), first))
        due_at = asyncio.get_running_loop().time() + script.first
        self._server.pacer.add(due_at, Answer(self, script, entry, tokens, cut))

    def _refuse(self, script: Script) -> None:
        status = script.status or 200
        if script.html:
            self._send(status, "<!doctype html><title>nginx</title><h1>It works!</h1>", script.retry_after)
        else:
            self._send(status, _error(script, 500 if script.json_error else status), script.retry_after)

    def _send(self, status: int, body: object, retry_after: str | None = None) -> None:
        page = isinstance(body, str)
        data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        head = f"HTTP/1.1 {status} Scripted\r\nContent-Length: {len(data)}\r\n"
        head += f"Content-Type: {'text/html' if page else 'application/json'}\r\n"
        if retry_after is not None:
            head += f"Retry-After: {retry_after}\r\n"
        self.transport.write(f"{head}\r\n".encode() + data)
        self.done()


def _error(script: Script, status: int) -> dict[str, Any]:
    """An error as OpenAI and llama.cpp write it: the number only where the script names no code of its own."""
    kind: dict[str, Any] = {"type": script.code} if script.code else {"type": "server_error", "code": status}
    return {"error": {"message": script.message, **kind}}


async def start(host: str = "127.0.0.1", port: int = 0, api_key: str | None = None) -> asyncio.Server:
    """Listen in the running loop; for tests that need no process of its own."""
    shared = Server(api_key)
    return await asyncio.get_running_loop().create_server(
        lambda: Connection(shared),
        host,
        port,
        backlog=2048,
    )


async def _serve(host: str, port: int, api_key: str | None, with_parent: bool) -> None:
    server = await start(host, port, api_key)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if with_parent:
        loop.add_reader(sys.stdin.fileno(), stop.set)
    address = server.sockets[0].getsockname()
    print(f"listening on {address[0]}:{address[1]}", flush=True)
    await stop.wait()


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m perdure.models.scripted",
        description=__doc__.splitlines()[0],
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--api-key", help="reject requests without this bearer token")
    parser.add_argument("--with-parent", action="store_true", help="end when standard input closes")
    options = parser.parse_args()
    asyncio.run(_serve(options.host, options.port, options.api_key, options.with_parent))


if __name__ == "__main__":
    main()
