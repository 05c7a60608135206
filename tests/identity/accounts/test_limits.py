"""How long a session lasts, and how long its surer proofs hold: by clocks that are passed in."""

from datetime import UTC, datetime, timedelta

import pytest

from identity.accounts import limits
from identity.accounts.limits import Use

NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)
HOUR, MINUTE, SECOND = timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)


def used(*, began: timedelta = timedelta(0), last: timedelta = timedelta(0), rested: timedelta | None = None) -> Use:
    """A session with these moments after noon."""
    return Use(NOON + began, NOON + last, None if rested is None else NOON + rested)


@pytest.mark.parametrize(("unused", "is_over"), [(59 * MINUTE + 59 * SECOND, False), (HOUR, True)])
def test_a_session_ends_when_nobody_uses_it_for_an_hour(unused: timedelta, is_over: bool) -> None:
    assert limits.is_over(used(), now=NOON + unused) is is_over


@pytest.mark.parametrize(("age", "is_over"), [(8 * HOUR - SECOND, False), (8 * HOUR, True)])
def test_a_session_ends_after_eight_hours_however_busy_it_is(age: timedelta, is_over: bool) -> None:
    assert limits.is_over(used(last=age - MINUTE), now=NOON + age) is is_over


def test_the_end_that_is_told_is_the_nearer_of_both() -> None:
    assert limits.ends_at(used(), now=NOON + HOUR) == NOON + 2 * HOUR
    assert limits.ends_at(used(), now=NOON + 7.5 * HOUR) == NOON + 8 * HOUR


@pytest.mark.parametrize(("age", "holds"), [(HOUR - SECOND, True), (HOUR, False)])
def test_a_surer_proof_holds_for_an_hour(age: timedelta, holds: bool) -> None:
    assert limits.plus_holds(NOON, used(last=age), now=NOON + age) is holds


@pytest.mark.parametrize(("unused", "holds"), [(30 * MINUTE - SECOND, True), (30 * MINUTE, False)])
def test_a_surer_proof_ends_with_half_an_hour_of_rest(unused: timedelta, holds: bool) -> None:
    assert limits.plus_holds(NOON, used(), now=NOON + unused) is holds


def test_coming_back_from_a_rest_does_not_bring_the_surer_proof_back() -> None:
    back = 35 * MINUTE
    assert not limits.plus_holds(NOON, used(last=back, rested=back), now=NOON + back + SECOND)


def test_a_proof_after_the_rest_counts() -> None:
    back = 35 * MINUTE
    assert limits.plus_holds(NOON + back, used(last=back, rested=back), now=NOON + back + SECOND)
