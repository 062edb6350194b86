"""A command tells whose fault it is, in the same words for all faces of one failure, and once."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from perdure.cli import main, server_option
from perdure.core.errors import CaptivePortal, ConnectionCut, PerdureError, ProxyInTheWay, Restarting, page_of
from tests.faults import kinds
from tests.faults.proxy import Proxy
from tests.http.installation import Installation


@pytest.mark.parametrize(
    ("faces", "kind"),
    [
        ((kinds.Reset(), kinds.Cut(), kinds.Cut(30), kinds.rubbish()), ConnectionCut),
        ((kinds.page(502), kinds.page(503), kinds.answer(504), kinds.answer(529)), Restarting),
        ((kinds.page(404), kinds.page(200), kinds.not_http()), ProxyInTheWay),
        ((kinds.portal(), kinds.elsewhere("http://portal.invalid/")), CaptivePortal),
    ],
    ids=["cut", "away", "somebody-else", "sign-in"],
)
def test_all_faces_end_in_the_same_sentence(
    installation: Installation,
    monkeypatch: pytest.MonkeyPatch,
    faces: tuple[kinds.Fault, ...],
    kind: type[PerdureError],
) -> None:
    """Of the list of characters, of a conversation, and of an import alike; nobody is shown a traceback."""
    monkeypatch.setattr(server_option, "REFUSED_S", 0.0)
    monkeypatch.setattr(server_option, "START_S", 0.0)
    with Proxy(installation.url) as proxy:
        for face in faces:
            proxy.always(face)
            for arguments in (["chat"], ["chat", "Mizzle"], ["import", __file__]):
                done = CliRunner().invoke(main, [*arguments, "--server", proxy.url], input="")
                assert done.exit_code == 1
                assert isinstance(done.exception, SystemExit)
                assert done.stderr.count("\n") == 1
                more = f"(more: {page_of(kind)} on the server)"
                assert done.stderr.endswith(f" {kind.verdict} {kind.remedy} {more}\n")
                assert proxy.url in done.stderr
