"""Questions to a server from a test that waits for the answer."""

from __future__ import annotations

import json
import urllib.request
from typing import Any


def ask(url: str, path: str, token: str = "", body: object = None, method: str | None = None) -> Any:
    """The JSON that the server has at `path`, or answers to a PUT (or another method) of `body`."""
    held = {"Authorization": f"Bearer {token}".encode(), "Content-Type": b"application/json"}
    data = None if body is None else json.dumps(body).encode()
    how = method or ("GET" if body is None else "PUT")
    request = urllib.request.Request(f"{url}/api/v1{path}", headers=held, data=data, method=how)  # type: ignore[arg-type]  # bytes too
    with urllib.request.urlopen(request, timeout=60) as answer:
        content = answer.read()
    return json.loads(content) if content else None


def branch(url: str, token: str = "") -> list[dict[str, Any]]:
    """The messages of the chat that was used last."""
    chat = ask(url, "/chats?limit=1", token)["chats"][0]["id"]
    messages: list[dict[str, Any]] = ask(url, f"/chats/{chat}/messages", token)["messages"]
    return messages


def unwrapped(text: str) -> str:
    """Words as they were said, whatever lines the terminal had for them."""
    return " ".join(text.split())
