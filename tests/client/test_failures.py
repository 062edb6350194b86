"""Every way to fail ends in one error of the tree, whatever face it has. Against a proxy that fails for real."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from perdure.client import AsyncPerdure, Backoff, Budget, Lost
from perdure.client import connection as connecting
from perdure.client.failures import broken
from perdure.core.errors import (
    CaptivePortal,
    ConnectionCut,
    ConnectionRefused,
    Invalid,
    NameUnresolved,
    NetworkError,
    NoAnswer,
    Offline,
    PerdureError,
    ProxyInTheWay,
    Restarting,
    ServerError,
    StoreUnavailable,
    TlsFailed,
    TooLarge,
)
from tests.faults import kinds
from tests.faults.networks import UNKNOWN_NAME, Authority, black_hole, nobody
from tests.faults.proxy import Proxy
from tests.http.installation import Installation, eventually

pytestmark = pytest.mark.anyio

QUICK = Backoff(first_s=0.001, longest_s=0.01)
CHAT = "11111111-1111-4111-8111-111111111111"
STATUS = "/api/v1/status"


@pytest.fixture
async def proxy(installation: Installation) -> AsyncIterator[Proxy]:
    """One before a Perdure that is well."""
    with Proxy(installation.url) as proxy:
        yield proxy


async def ends_in(url: str, patience_s: float = 0.0, **options: Any) -> PerdureError:
    """What comes of asking how the server is."""
    async with AsyncPerdure(url, patience_s=patience_s, backoff=QUICK, **options) as perdure:
        try:
            await perdure.status()
        except PerdureError as error:
            return error
    raise AssertionError("nothing failed")


FACES: list[tuple[str, kinds.Fault, type[PerdureError]]] = [
    ("reset", kinds.Reset(), ConnectionCut),
    ("reset-in-the-body", kinds.Reset(10), ConnectionCut),
    ("closed", kinds.Cut(), ConnectionCut),
    ("cut", kinds.Cut(10), ConnectionCut),
    ("rubbish", kinds.rubbish(), ConnectionCut),
    ("corrupt", kinds.Corrupt(), ConnectionCut),
    ("silence", kinds.Stall(), NoAnswer),
    ("silence-in-the-body", kinds.Stall(10), NoAnswer),
    ("slow", kinds.Slow(9.0), NoAnswer),
    ("500-page", kinds.page(500), Restarting),
    ("502-page", kinds.page(502, "Bad Gateway"), Restarting),
    ("503-page", kinds.page(503), Restarting),
    ("504-text", kinds.answer(504, "upstream request timeout"), Restarting),
    ("529", kinds.answer(529), Restarting),
    ("429-page", kinds.page(429), Restarting),
    ("403-page", kinds.page(403, "Blocked"), ProxyInTheWay),
    ("404-page", kinds.page(404, "Not Found"), ProxyInTheWay),
    ("407", kinds.answer(407), ProxyInTheWay),
    ("413-page", kinds.page(413, "Request Entity Too Large"), TooLarge),
    ("200-page", kinds.page(200, "It works!"), ProxyInTheWay),
    ("another-service", kinds.answer(404, '{"detail": "Not Found"}', "application/json"), ProxyInTheWay),
    ("not-http", kinds.not_http(), ProxyInTheWay),
    ("200-error", kinds.answer(200, '{"error": {"message": "Overloaded"}}', "application/json"), ProxyInTheWay),
    ("sign-in", kinds.portal(), CaptivePortal),
    ("sent-to-sign-in", kinds.elsewhere("http://portal.invalid/login"), CaptivePortal),
    ("511", kinds.page(511), CaptivePortal),
    ("sent-on", kinds.elsewhere("/other/"), ProxyInTheWay),
]


@pytest.mark.parametrize(("fault", "kind"), [face[1:] for face in FACES], ids=[face[0] for face in FACES])
async def test_every_face_is_one_error_of_the_tree(
    proxy: Proxy, fault: kinds.Fault, kind: type[PerdureError], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Promise 8: of the very class, with its sentence and its remedy, and where nobody knows what arrived, unknown."""
    if kind is NoAnswer:  # nobody waits ten seconds for what never comes
        monkeypatch.setattr(connecting, "ATTEMPT_S", 0.1)
    proxy.always(fault)
    error = await ends_in(proxy.url)
    assert type(error) is kind
    assert (error.verdict, error.remedy) == (kind.verdict, kind.remedy)
    assert error.saved is (False if kind is TooLarge else None)
    assert proxy.url in error.detail, "the sentence names who was asked"
    assert "/api/" not in error.detail


async def test_what_never_connected_was_not_saved(
    tmp_path: Path, installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And it is told apart how far the try has got."""
    authority = Authority(tmp_path)
    await asyncio.to_thread(eventually, installation.is_whole)
    ends: list[tuple[type[PerdureError], PerdureError]] = [
        (ConnectionRefused, await ends_in(nobody())),
        (NameUnresolved, await ends_in(UNKNOWN_NAME)),
        (TlsFailed, await ends_in(installation.url.replace("http:", "https:"))),
    ]
    with black_hole() as url, monkeypatch.context() as hurried:
        hurried.setattr(connecting, "CONNECT_S", 0.1)
        ends.append((NoAnswer, await ends_in(url)))
    for server, tls, word in (
        (authority.serves(expired=True), authority.trusts(), "expired"),
        (authority.serves("elsewhere.invalid"), authority.trusts(), "another name"),
        (authority.serves(), None, "signed"),
    ):
        with Proxy(installation.url, tls=server) as proxy:
            error = await ends_in(proxy.url, tls=tls)
            assert word in error.detail
            ends.append((TlsFailed, error))
    assert [type(error) for _, error in ends] == [kind for kind, _ in ends]
    assert {error.saved for _, error in ends} == {False}
    assert {error.verdict for _, error in ends} == {NetworkError.verdict}


async def test_a_certificate_that_is_trusted_is_well(tmp_path: Path, installation: Installation) -> None:
    """The same client, the same server."""
    authority = Authority(tmp_path)
    with Proxy(installation.url, tls=authority.serves()) as proxy:
        async with AsyncPerdure(proxy.url, tls=authority.trusts(), patience_s=0) as perdure:
            assert (await perdure.status())["version"]


@pytest.mark.parametrize(
    ("said", "has_route", "kind"),
    [
        (socket.EAI_AGAIN, False, Offline),
        (socket.EAI_AGAIN, True, NameUnresolved),
        (socket.EAI_NONAME, False, NameUnresolved),
    ],
)
def test_without_a_network_no_name_is_to_blame(said: int, has_route: bool, kind: type[PerdureError]) -> None:
    """A resolver that cannot ask anybody says "try again": it depends on the machine's own network what that means."""
    key: Any = None
    error = aiohttp.ClientConnectorDNSError(key, OSError(said, "said"))
    assert type(broken(error, "example.org:443", has_route=has_route)) is kind


async def test_a_silent_name_server_is_no_silent_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """However long a name server says nothing: nobody else is asked, and nothing was sent."""
    monkeypatch.setattr(connecting, "CONNECT_S", 0.05)
    monkeypatch.setattr(connecting, "has_route", lambda: True)

    async def silent(*_: object, **__: object) -> Any:
        await asyncio.Event().wait()

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", silent)
    error = await ends_in(UNKNOWN_NAME)
    assert (type(error), error.saved) == (NameUnresolved, False)


@pytest.mark.parametrize("url", ["perdure.example", "ftp://perdure.example", "http://", "http://perdure.example:port"])
def test_what_is_no_address_is_told_at_once(url: str) -> None:
    """Before anything is sent."""
    with pytest.raises(Invalid):
        AsyncPerdure(url)


@pytest.mark.parametrize(("url", "token"), [("http://a.invalid", "secret\n"), ("http://me:secret@a.invalid", "other")])
def test_a_token_that_cannot_be_shown_is_told_at_once(url: str, token: str) -> None:
    """The line break of a file that a token was read from, most often. What it is stays a secret."""
    with pytest.raises(Invalid) as mistake:
        AsyncPerdure(url, token)
    assert "secret" not in str(mistake.value)


async def test_what_is_no_text_is_told_before_it_is_sent(proxy: Proxy) -> None:
    """Half a character, as a terminal gives it for a file that is no UTF-8."""
    async with AsyncPerdure(proxy.url) as perdure:
        with pytest.raises(Invalid):
            await perdure.put_message(CHAT, "caf\udce9")
    assert proxy.count() == 0


async def test_no_secret_of_an_address_is_told(proxy: Proxy) -> None:
    """A password in the URL stays there."""
    proxy.always(kinds.Cut())
    error = await ends_in(proxy.url.replace("//", "//me:secret@"))
    assert "secret" not in error.detail


# --- again --------------------------------------------------------------------------------------------------


async def test_a_failing_server_gets_no_more_than_the_budget_allows(proxy: Proxy) -> None:
    """However many calls are made at once: each once, and all their retries together out of one bucket."""
    proxy.always(kinds.page(503))
    budget = Budget(size=5, per_s=0.001)
    async with AsyncPerdure(proxy.url, backoff=QUICK, budget=budget) as perdure:
        ends = await asyncio.gather(*(perdure.status() for _ in range(8)), return_exceptions=True)
    assert {type(end) for end in ends} == {Restarting}
    assert proxy.count(STATUS) == 8 + 5


@pytest.mark.parametrize("wait", ["0.3", "date"])
async def test_a_server_that_asks_for_time_gets_it(proxy: Proxy, wait: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """`Retry-After`, in seconds or as a date, is waited for, though the back-off would be shorter."""
    waits: list[float] = []
    really = asyncio.sleep

    async def noted(wait_s: float) -> None:
        waits.append(wait_s)
        await really(0)

    value = "Thu, 01 Jan 2099 00:00:00 GMT" if wait == "date" else wait
    proxy.once(kinds.answer(503, Retry_After=value))
    async with AsyncPerdure(proxy.url, backoff=QUICK, patience_s=1e10) as perdure:
        monkeypatch.setattr("perdure.client.connection.asyncio.sleep", noted)
        assert (await perdure.status())["version"]
    assert len(waits) == 1
    assert waits[0] > 1e9 if wait == "date" else waits == [0.3]


async def test_what_no_waiting_mends_is_asked_once(proxy: Proxy, tmp_path: Path) -> None:
    """A page to sign in, a certificate, another service."""
    for n, fault in enumerate((kinds.portal(), kinds.page(404), kinds.page(413), kinds.answer(501)), 1):
        proxy.always(fault)
        await ends_in(proxy.url, patience_s=60.0)
        assert proxy.count() == n


async def test_what_an_earlier_try_may_have_done_stays_unknown(proxy: Proxy) -> None:
    """The answer is lost, and then nobody listens: that the second try did not arrive says nothing of the first."""
    proxy.once(kinds.Reset())
    failed: list[PerdureError] = []

    def noticed(error: PerdureError) -> None:
        if not failed:
            proxy.always(kinds.REFUSE)
        failed.append(error)

    once_more = Budget(size=1, per_s=0.001)
    error = await ends_in(proxy.url, patience_s=60.0, budget=once_more, noticed=noticed)
    assert type(error) is ConnectionRefused
    assert error.saved is None


async def test_an_upload_is_repeated_like_everything(proxy: Proxy) -> None:
    """The same card is the same character, however often it was sent."""
    card = b'{"spec": "chara_card_v2", "spec_version": "2.0", "data": {"name": "Twice Sent"}}'
    proxy.once(kinds.Reset(), kinds.page(502), kinds.Cut(5))
    async with AsyncPerdure(proxy.url, backoff=QUICK) as perdure:
        character = await perdure.import_card(card)
        assert sum(one["name"] == "Twice Sent" for one in await perdure.characters()) == 1
        assert b"chara_card" in await perdure.export_card(character["id"], "json")
        await perdure.hide_character(character["id"])
    assert proxy.count("POST") == 4


async def test_a_success_that_holds_an_error_is_that_error(proxy: Proxy) -> None:
    """A gateway that says 200 to everything hides no failure."""
    proxy.always(kinds.answer(200, '{"code": "store_unavailable", "saved": false}', "application/json"))
    error = await ends_in(proxy.url)
    assert (type(error), error.saved, error.http_status) == (StoreUnavailable, False, 200)


async def test_an_unforeseen_answer_is_the_servers_with_its_id(proxy: Proxy) -> None:
    """What a newer server has a name for has its fault's class here, and its words."""
    document = '{"code": "invented_later", "fault": "server", "detail": "New.", "saved": true, "error_id": "e9"}'
    proxy.always(kinds.answer(501, document, "application/problem+json"))
    error = await ends_in(proxy.url)
    assert (type(error), error.detail, error.saved, error.error_id) == (ServerError, "New.", True, "e9")


async def test_a_stream_that_fails_is_asked_for_within_the_budget(proxy: Proxy) -> None:
    """For ever is no reason to be loud: reconnections take from the same bucket."""
    proxy.always(kinds.page(503), only="/events")
    failures: list[PerdureError] = []
    budget = Budget(size=3, per_s=0.001)
    async with AsyncPerdure(proxy.url, backoff=QUICK, budget=budget, noticed=failures.append) as perdure:
        chat = await perdure.put_chat([(await perdure.characters())[0]["id"]])
        events = perdure.follow(chat["id"])
        assert isinstance(await anext(events), Lost)
        going_on = asyncio.ensure_future(anext(events))
        while len(failures) < 4:
            await asyncio.sleep(0.001)
        # The bucket is empty: whatever time passes here is too short for another token.
        await asyncio.wait([going_on], timeout=0.1)
        going_on.cancel()
        await asyncio.gather(going_on, return_exceptions=True)
        await events.aclose()
    assert {type(error) for error in failures} == {Restarting}
    assert proxy.count("/events") == 1 + 3
