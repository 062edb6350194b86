"""The judgement: any set of signs has a verdict, the order in which they were seen is none of its business."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdure.core.diagnosis import (
    RULES,
    Answer,
    Finding,
    Observation,
    Sign,
    Step,
    Wanted,
    judge,
    read,
    redirected,
    reported,
)
from perdure.core.errors import ProxyInTheWay, by_code

NOW = 1_800_000_000.0

signs = st.sampled_from(list(Sign))
observations = st.builds(
    Observation, st.sampled_from(list(Step)), st.text(min_size=1), st.one_of(st.none(), signs), code=st.none()
)
several = st.lists(observations, unique_by=lambda seen: seen.sign)


@given(several.flatmap(lambda seen: st.tuples(st.just(seen), st.permutations(seen))))
def test_a_verdict_is_one_of_six_whatever_was_seen_and_in_whatever_order(
    orders: tuple[list[Observation], list[Observation]],
) -> None:
    """With a confidence, with evidence, and with a row of the table where there is something to mend."""
    seen, turned = orders
    verdict = judge(seen)
    assert judge(turned) == verdict
    assert 0 <= verdict.confidence <= 1
    if verdict.finding in (Finding.OK, Finding.CANNOT_TELL):
        assert verdict.kind is None
    else:
        assert verdict.kind is not None and by_code()[verdict.kind.code] is verdict.kind
        assert verdict.evidence and verdict.confidence > 0 and verdict.remedy


@given(several)
def test_well_needs_an_answer(seen: list[Observation]) -> None:
    """Where nothing answered, or where it leads elsewhere, nobody is told that all is well."""
    found = {observation.sign for observation in seen}
    if judge(seen).finding is Finding.OK:
        assert Sign.ANSWERED in found
        assert not found & set(RULES)
        assert Sign.REDIRECTED_AWAY not in found


@given(several, st.sampled_from(list(RULES)))
def test_what_fails_earlier_on_the_way_decides(seen: list[Observation], sign: Sign) -> None:
    """A further sign of less weight changes nothing of the finding, but for the service's own word."""
    before = judge(seen)
    order = list(RULES)
    decided = [order.index(one.sign) for one in seen if one.sign is not None and one.sign in RULES]
    own_word = (Sign.INCIDENT, Sign.MAINTENANCE)
    if decided and order.index(sign) > min(decided) and sign not in own_word:
        more = [*seen, Observation(Step.ANSWER, "more", sign)]
        assert judge(more).finding is before.finding


def test_the_faults_of_the_table_are_those_of_the_tree() -> None:
    """One failure, one fault: but for this machine's clock, which is nobody else's."""
    for sign, rule in RULES.items():
        if sign is Sign.CLOCK_WRONG:
            assert rule.finding is Finding.CLIENT
        else:
            assert rule.finding is None
            assert judge([Observation(Step.ANSWER, "seen", sign)]).finding == str(rule.kind.fault)


def test_a_silence_is_the_servers_where_its_operators_say_so() -> None:
    """And surer, where it was the server's already; a page that says all is well makes it less sure."""
    silent = Observation(Step.ANSWER, "silent", Sign.SILENT)
    failed = Observation(Step.ANSWER, "500", Sign.SERVER_ERROR)
    incident = Observation(Step.STATUS_PAGE, "incident", Sign.INCIDENT)
    operational = Observation(Step.STATUS_PAGE, "all is well", Sign.ALL_OPERATIONAL)
    assert judge([silent]).finding is Finding.NETWORK
    assert judge([silent, incident]).finding is Finding.SERVER
    assert judge([failed, incident]).confidence > judge([failed]).confidence > judge([failed, operational]).confidence


def test_a_page_in_the_place_of_json_is_as_sure_as_it_is_that_json_was_wanted() -> None:
    """Where somebody said so it is another's page; where only the address looks so it is a guess, and told as one."""
    page = Answer(200, {"content-type": "text/html"}, b"<html>Welcome</html>")
    said, guessed = (
        judge([read(page, wanted=wanted, secure=True, now=NOW)]) for wanted in (Wanted.JSON, Wanted.JSON_LIKELY)
    )
    assert said.kind is guessed.kind is ProxyInTheWay
    assert said.confidence > 0.7 and guessed.confidence <= 0.5
    missing = Answer(404, {"content-type": "text/html"}, b"<html>Not Found</html>")
    assert read(missing, wanted=Wanted.JSON, secure=True, now=NOW).sign is Sign.PROXY_PAGE
    assert read(missing, wanted=Wanted.JSON_LIKELY, secure=True, now=NOW).sign is Sign.NOT_FOUND


def test_how_long_the_service_asks_to_wait_is_part_of_the_verdict() -> None:
    """In seconds, whether it said so in seconds or as a date; that of the answer which decides."""
    for said in ("90", format_datetime(datetime.fromtimestamp(NOW + 90, UTC))):
        busy = read(Answer(503, {"retry-after": said}), wanted=Wanted.ANYTHING, secure=True, now=NOW)
        assert judge([busy]).retry_after_s == 90 and "asks to wait 90 s" in busy.detail
    assert judge([busy, Observation(Step.PROXY, "away", Sign.PROXY_AWAY)]).retry_after_s is None


def test_a_sign_in_is_believed_only_where_no_certificate_vouches() -> None:
    """What a certificate proves to be the service is no hotel, and where it leads is its own affair."""
    page = Answer(200, {"content-type": "text/html"}, b"<html>Hotspot: sign in</html>")
    assert read(page, wanted=Wanted.ANYTHING, secure=False, now=NOW).sign is Sign.PORTAL
    assert read(page, wanted=Wanted.ANYTHING, secure=True, now=NOW).sign is Sign.ANSWERED


@pytest.mark.parametrize(
    ("status", "secure", "url", "portal"),
    [
        (302, False, "http://login.b.test/", True),
        (302, False, "https://b.test/hotspot?to=a.test", True),
        (307, False, "http://192.168.1.1/", True),
        (302, True, "http://login.b.test/", False),
        (302, False, "https://login.b.test/", False),
        (302, False, "https://b.test/", False),
        (302, False, "http://www.a.test/login", False),
        (301, False, "http://login.b.test/", False),
    ],
)
def test_where_a_redirect_is_a_networks_sign_in(status: int, secure: bool, url: str, portal: bool) -> None:
    """For a while, without a certificate, to somebody else's page that wants a sign-in; all else cannot be told."""
    seen = redirected(Answer(status, {}), "a.test", url, secure=secure)
    assert seen.sign is (Sign.PORTAL if portal else Sign.REDIRECTED_AWAY)


@given(
    st.integers(200, 599),
    st.dictionaries(st.sampled_from(["content-type", "server", "via", "retry-after"]), st.text()),
    st.binary(),
)
def test_any_answer_is_read(status: int, headers: dict[str, str], body: bytes) -> None:
    """Whatever bytes come, and from 400 on they are never called well."""
    sign = read(Answer(status, headers, body), wanted=Wanted.JSON, secure=False, now=NOW).sign
    assert sign is not None
    assert (sign is Sign.ANSWERED) <= (status < 400)


@given(
    st.recursive(
        st.none() | st.booleans() | st.text() | st.integers(),
        lambda inner: (
            st.lists(inner) | st.dictionaries(st.sampled_from(["status", "indicator", "incidents", "name"]), inner)
        ),
    )
)
def test_no_status_page_can_break_its_reader(document: object) -> None:
    """Whatever stands where a status page is looked for."""
    if isinstance(document, dict):
        reported(document, "status.test")


def test_a_status_page_is_told_with_its_incidents_and_what_is_not_well() -> None:
    """The open incidents by name, the components that ail."""
    document = {
        "status": {"indicator": "major", "description": "Partial outage"},
        "incidents": [{"name": "Slow", "status": "investigating"}, {"name": "Old", "status": "resolved"}],
        "components": [{"name": "API", "status": "major_outage"}, {"name": "Web", "status": "operational"}],
    }
    told = reported(document, "status.test")
    assert told is not None and told.sign is Sign.INCIDENT
    assert told.detail == "The status page on status.test says: Partial outage; “Slow”; not well: API (major outage)."
