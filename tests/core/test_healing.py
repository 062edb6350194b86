"""A model that answers nobody is started anew, a few times; and what does not help is not done for ever."""

from __future__ import annotations

from perdure.core.healing import AGAIN_AFTER_S, MOST, Remedies


def course(deaf: str, ours: bool = True) -> tuple[Remedies, list[int]]:
    """What was done over looks a second apart: `d` is deaf, `.` hears. And at which of them it was started anew."""
    remedies, done = Remedies(ours=ours), []
    for n, look in enumerate(deaf):
        remedies, restart = remedies.next(deaf=look == "d", now=1000.0 + n)
        if restart:
            done.append(n)
    return remedies, done


def test_a_model_that_hears_is_let_alone() -> None:
    assert course("." * 100)[1] == []


def test_a_deaf_model_is_started_anew_and_given_time() -> None:
    """At once, and then not before it could have been asked."""
    again = int(AGAIN_AFTER_S)
    assert course("d" * (again + 1))[1] == [0, again]
    remedies, _ = course("d")
    healing = remedies.healing(deaf=True)
    assert healing is not None
    assert not healing.exhausted


def test_what_does_not_help_is_not_done_for_ever() -> None:
    """After the third time the operator is needed, and that is said."""
    remedies, done = course("d" * int(10 * AGAIN_AFTER_S))
    assert len(done) == MOST
    healing = remedies.healing(deaf=True)
    assert healing is not None
    assert healing.exhausted


def test_one_that_hears_again_for_long_is_forgiven() -> None:
    """The next time is another time; a moment's hearing between two starts is not."""
    again = int(AGAIN_AFTER_S)
    assert course("d" + "." * (again + 1) + "d")[0].restarts == 1
    assert course("d" + "." * 5 + "d" * again)[0].restarts == 2


def test_a_server_that_is_not_ours_is_not_started_anew() -> None:
    """It is said at once that the operator is needed."""
    remedies, done = course("d" * 200, ours=False)
    assert done == []
    healing = remedies.healing(deaf=True)
    assert healing is not None
    assert healing.exhausted
    assert remedies.healing(deaf=False) is None
