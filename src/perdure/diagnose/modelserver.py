"""Where the service is a model's server: its errors are what Perdure makes of them when it asks for a reply."""

from __future__ import annotations

import re

from multidict import CIMultiDict

from perdure.core.diagnosis import Answer, Observation, Sign, Step
from perdure.diagnose.target import Target
from perdure.models.failures import from_status

_PLACES = re.compile(r"/(?:models|completions|embeddings)$")
"""How the addresses of OpenAI's API end, whoever speaks it."""

_NOT_ITS_OWN = (404, 405)
"""What says more of the address than of the model."""


def complaint(target: Target, answer: Answer, took_s: float) -> Observation | None:
    """What a model's server says is wrong; None where nothing is, or the service is another one."""
    document = answer.document
    if not _PLACES.search(target.path.partition("?")[0]) or document is None or not document.get("error"):
        return None
    if answer.status < 400 or answer.status in _NOT_ITS_OWN:
        return None
    error = from_status(answer.status, CIMultiDict(answer.headers), answer.body, target.authority)
    return Observation(Step.ANSWER, error.detail, Sign.PROBLEM, took_s, error.code, error.retry_after_s)
