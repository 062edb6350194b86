"""A real Perdure, looked at from outside."""

from __future__ import annotations

import pytest

from perdure.core.diagnosis import Finding, Sign, Step
from perdure.diagnose import Asked, Target, diagnose
from tests.http.asking import Asking
from tests.http.installation import Installation

pytestmark = pytest.mark.anyio


async def test_a_perdure_tells_of_its_model_and_its_events_get_through(ask: Asking, installation: Installation) -> None:
    """`/healthz` shows that it is one, its status how the model is, a chat's stream that nothing holds it back."""
    await ask.chat()
    found = await diagnose(Asked(target=Target.parse(installation.url)))
    assert found.verdict.finding is Finding.OK, found
    assert any(seen.step is Step.SERVICE and "is ready" in seen.detail for seen in found.observations)
    assert any(seen.step is Step.EVENTS and seen.sign is None for seen in found.observations)


async def test_a_perdure_with_a_token_is_known_as_one(guarded: Installation, token: str) -> None:
    """Its model's state needs the token, and that is told in the place of a guess; with it, all is read."""
    found = await diagnose(Asked(target=Target.parse(guarded.url)))
    assert any(seen.step is Step.SERVICE and "access token" in seen.detail for seen in found.observations)
    assert Sign.EVENTS_HELD not in [seen.sign for seen in found.observations]
    told = await diagnose(Asked(target=Target.parse(guarded.url), token=token))
    assert any(seen.step is Step.SERVICE and "is ready" in seen.detail for seen in told.observations)
