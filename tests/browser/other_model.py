"""Another model's server, to be connected in the settings: it wants a key and says one thing; and one that is none."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

KEY, MODELS, SAYS = "right-key", ["otter-7b", "heron-70b"], "I am the other one, and pleased to be."


async def _models(request: web.Request) -> web.Response:
    if request.headers.get("Authorization") != f"Bearer {KEY}":
        error = {"error": {"message": "Incorrect API key provided.", "code": "invalid_api_key"}}
        return web.json_response(error, status=401)
    return web.json_response({"object": "list", "data": [{"id": name, "object": "model"} for name in MODELS]})


async def _completion(request: web.Request) -> web.StreamResponse:
    if request.headers.get("Authorization") != f"Bearer {KEY}":
        return await _models(request)
    asked = await request.json()
    assert asked["model"] in MODELS
    if not asked.get("stream"):
        message = {"role": "assistant", "content": SAYS}
        return web.json_response({"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]})
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    for delta, reason in (({"role": "assistant", "content": SAYS}, None), ({}, "stop")):
        chunk = {"choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}
        await response.write(f"data: {json.dumps(chunk)}\n\n".encode())
    await response.write(b"data: [DONE]\n\n")
    return response


async def _page(_: web.Request) -> web.Response:
    return web.Response(text="<!doctype html><title>A router</title><h1>Welcome</h1>", content_type="text/html")


@asynccontextmanager
async def other_model() -> AsyncIterator[str]:
    """Its address. Under `/v1` it is a model's server; anywhere else it answers with a page, as a router would."""
    app = web.Application()
    app.router.add_get("/v1/models", _models)
    app.router.add_post("/v1/chat/completions", _completion)
    app.router.add_route("*", "/{path:.*}", _page)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        port = runner.addresses[0][1]
        yield f"http://127.0.0.1:{port}"
    finally:
        await runner.cleanup()
