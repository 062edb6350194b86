"""The store port: settings that were made while Perdure runs."""

from __future__ import annotations

from typing import Any

import pytest

from perdure.ports.store import Store

from .samples import T

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("value", [0, 0.8, 1.0, 2**31 - 1, True, False, "é😀", "", ["a"], {"a": None}], ids=repr)
async def test_a_setting_is_read_as_it_was_put(store: Store, value: Any) -> None:
    """Of the same type, the last one that was put; and None again once it was removed."""
    assert await store.read(lambda r: r.settings.get("key")) is None
    for each in ("before", value, value):
        await store.write(lambda r, each=each: r.settings.put("key", each, T))
    read = await store.read(lambda r: r.settings.get("key"))
    assert (read, type(read)) == (value, type(value))
    assert await store.read(lambda r: r.settings.all()) == {"key": value}
    for _ in range(2):
        await store.write(lambda r: r.settings.remove("key"))
        assert await store.read(lambda r: r.settings.all()) == {}
        assert await store.read(lambda r: r.settings.get("key")) is None
