"""Is it me or them? What was seen on the way to a service, and what follows from it: whose fault, how sure, and why.

No clock, no socket: `perdure.diagnose` looks, and this judges. A judgement is always one of six classes: the four
faults of the tree of errors, `ok`, and `cannot_tell`, which is an answer too.
"""

from __future__ import annotations

from perdure.core.diagnosis.answers import Answer, Wanted, read, redirected
from perdure.core.diagnosis.signs import Observation, Sign, Step
from perdure.core.diagnosis.statuspage import reported
from perdure.core.diagnosis.verdict import RULES, Finding, Rule, Verdict, judge

__all__ = [
    "RULES",
    "Answer",
    "Finding",
    "Observation",
    "Rule",
    "Sign",
    "Step",
    "Verdict",
    "Wanted",
    "judge",
    "read",
    "redirected",
    "reported",
]
