"""A filing period is fair: what was down while it was open moves its end, and nothing else does."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import translation

from services.gateway import deadlines, flows, story
from services.gateway.deadlines import Deadline
from services.gateway.errors import NotAvailable
from services.gateway.models import Incident
from services.registry.models import FilingPeriod, Maintenance, ServiceFunction
from tests.factories import BackendFactory, ServiceFunctionFactory, version_of

pytestmark = pytest.mark.django_db

OPENS = datetime(2027, 1, 1, 1, 0, tzinfo=UTC)
CLOSES = datetime(2027, 1, 31, 10, 0, tzinfo=UTC)  # Sunday 31 January, 6:00 pm in Hong Kong
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def function() -> ServiceFunction:
    return ServiceFunctionFactory(version__assurance="none")


def period(function: ServiceFunction, **values: Any) -> FilingPeriod:
    return FilingPeriod.objects.create(function=function, **{"opens_at": OPENS, "closes_at": CLOSES, **values})


def down(function: ServiceFunction | None, start: datetime, lasted: timedelta | None) -> None:
    """The function's department, or the portal; for so long, or still."""
    backend = version_of(function).backend if function else None
    Incident.objects.create(backend=backend, started_at=start, ended_at=start + lasted if lasted is not None else None)


def at(function: ServiceFunction, now: datetime) -> Deadline:
    found = deadlines.effective(ServiceFunction.objects.with_content().get(pk=function.pk), now)
    assert found
    return found


def moved(function: ServiceFunction, now: datetime = CLOSES - HOUR / 2) -> timedelta:
    return at(function, now).effective_at - CLOSES


# --- Stopping the clock -----------------------------------------------------------------------------
def test_without_a_period_there_is_no_deadline(function: ServiceFunction) -> None:
    assert deadlines.effective(function, OPENS) is None


def test_without_an_outage_the_deadline_is_the_departments(function: ServiceFunction) -> None:
    period(function)
    assert not at(function, OPENS + DAY).is_moved


@pytest.mark.parametrize("whose", ["department", "portal"])
def test_the_clock_stops_while_the_department_or_the_portal_is_down(function: ServiceFunction, whose: str) -> None:
    period(function)
    down(function if whose == "department" else None, OPENS + DAY, 3 * HOUR)
    assert moved(function) == 3 * HOUR
    assert [outage.whose for outage in at(function, CLOSES).outages] == [whose]


def test_another_departments_trouble_moves_nothing(function: ServiceFunction) -> None:
    period(function)
    Incident.objects.create(backend=BackendFactory(), started_at=OPENS + DAY, ended_at=OPENS + 2 * DAY)
    assert moved(function) == timedelta(0)


def test_two_outages_at_the_same_time_count_once(function: ServiceFunction) -> None:
    period(function)
    down(function, OPENS + DAY, 2 * HOUR)
    down(None, OPENS + DAY + HOUR, 2 * HOUR)
    assert moved(function) == 3 * HOUR


def test_two_outages_one_after_the_other_count_twice(function: ServiceFunction) -> None:
    period(function)
    down(function, OPENS + DAY, 2 * HOUR)
    down(function, OPENS + 2 * DAY, HOUR)
    assert moved(function) == 3 * HOUR


def test_only_what_lies_after_the_opening_counts(function: ServiceFunction) -> None:
    period(function)
    down(function, OPENS - 2 * HOUR, 3 * HOUR)
    down(function, OPENS - 9 * HOUR, HOUR)
    assert moved(function) == HOUR


def test_an_outage_over_the_deadline_counts_whole(function: ServiceFunction) -> None:
    period(function)
    down(function, CLOSES - HOUR, 3 * HOUR)
    assert moved(function, CLOSES + 2 * HOUR) == 3 * HOUR


def test_an_outage_in_the_time_that_was_won_counts_too(function: ServiceFunction) -> None:
    period(function)
    down(function, CLOSES - HOUR, 2 * HOUR)
    down(function, CLOSES + HOUR + HOUR / 2, HOUR)
    assert moved(function, CLOSES + 2.5 * HOUR) == 3 * HOUR


def test_what_breaks_after_the_deadline_moves_nothing(function: ServiceFunction) -> None:
    period(function)
    down(function, CLOSES + HOUR, HOUR)
    assert moved(function, CLOSES + DAY) == timedelta(0)


def test_while_it_is_down_the_deadline_keeps_moving(function: ServiceFunction) -> None:
    period(function)
    down(function, CLOSES - HOUR, None)
    assert at(function, CLOSES + 5 * HOUR).effective_at == CLOSES + 6 * HOUR


def test_a_flicker_is_no_outage(function: ServiceFunction) -> None:
    period(function)
    down(function, OPENS + DAY, timedelta(seconds=59))
    assert not at(function, CLOSES - HOUR).is_moved


def test_a_deadline_is_on_the_minute(function: ServiceFunction) -> None:
    period(function)
    down(function, OPENS + DAY, timedelta(minutes=10, seconds=1))
    assert moved(function) == timedelta(minutes=11)


# --- Extending by days ------------------------------------------------------------------------------
def test_each_outage_adds_the_days_of_the_rule(function: ServiceFunction) -> None:
    period(function, rule="extend", extend_days=2)
    down(function, OPENS + DAY, HOUR)
    down(None, OPENS + 2 * DAY, HOUR)
    assert moved(function) == 4 * DAY


def test_after_a_long_outage_the_days_are_counted_from_its_end(function: ServiceFunction) -> None:
    period(function, rule="extend", extend_days=1)
    down(function, CLOSES - HOUR, 3 * DAY)
    assert at(function, CLOSES + 3 * DAY).effective_at == CLOSES - HOUR + 4 * DAY


# --- Maintenance ------------------------------------------------------------------------------------
@pytest.mark.parametrize(("notice", "gained"), [(HOUR, 2 * HOUR), (5 * DAY, timedelta(0))])
def test_maintenance_counts_unless_it_was_announced_in_time(
    function: ServiceFunction, notice: timedelta, gained: timedelta
) -> None:
    period(function)
    start = OPENS + 10 * DAY
    backend = version_of(function).backend
    Maintenance.objects.create(backend=backend, starts_at=start, ends_at=start + 2 * HOUR, created_at=start - notice)
    assert moved(function) == gained


# --- Which period -----------------------------------------------------------------------------------
def test_of_several_periods_the_open_one_counts_then_the_next_then_the_last(function: ServiceFunction) -> None:
    period(function)
    later = CLOSES + 300 * DAY
    period(function, opens_at=later - 30 * DAY, closes_at=later)
    assert [at(function, now).closes_at for now in (OPENS + DAY, CLOSES + DAY, later + DAY)] == [CLOSES, later, later]


def test_a_period_that_moved_is_still_the_open_one(function: ServiceFunction) -> None:
    period(function)
    period(function, opens_at=CLOSES + DAY, closes_at=CLOSES + 30 * DAY)
    down(function, CLOSES - HOUR, 5 * HOUR)
    assert at(function, CLOSES + 4.5 * HOUR).closes_at == CLOSES


def test_what_happened_later_does_not_change_what_held_then(function: ServiceFunction) -> None:
    period(function)
    down(function, OPENS + 10 * DAY, HOUR)
    assert not at(function, OPENS + 9 * DAY).is_moved


def test_three_queries_tell_a_deadline(function: ServiceFunction, django_assert_num_queries: Any) -> None:
    period(function)
    row = ServiceFunction.objects.with_content().get(pk=function.pk)
    with django_assert_num_queries(3):
        deadlines.effective(row, CLOSES)


# --- What follows -----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("now", "code"),
    [(OPENS - HOUR, "too_early"), (OPENS, "open"), (CLOSES - HOUR, "open"), (CLOSES, "too_late")],
)
def test_availability_follows_the_period(function: ServiceFunction, now: datetime, code: str) -> None:
    period(function)
    found = story.availability(ServiceFunction.objects.with_content().get(pk=function.pk), now)
    assert (found.code, found.is_accepting) == (code, code == "open")
    assert found.deadline


def test_after_the_deadline_the_outage_still_lets_one_file(function: ServiceFunction) -> None:
    period(function)
    down(function, CLOSES - HOUR, 2 * HOUR)
    row = ServiceFunction.objects.with_content().get(pk=function.pk)
    assert story.availability(row, CLOSES + 1.5 * HOUR).code == "open"
    assert story.availability(row, CLOSES + 2 * HOUR).code == "too_late"


@pytest.mark.parametrize(("opens", "closes", "code"), [(-20, -10, "too_late"), (10, 20, "too_early")])
def test_what_comes_too_early_or_too_late_is_not_accepted(
    function: ServiceFunction, opens: int, closes: int, code: str
) -> None:
    now = datetime.now(UTC)
    period(function, opens_at=now + opens * DAY, closes_at=now + closes * DAY)
    with pytest.raises(NotAvailable) as refused:
        flows.submit(function, {"topic": "x"}, person=None, caller="session:x", idempotency_key="k", language="en")
    assert (refused.value.code, bool(refused.value.message)) == (code, True)


# --- In words ---------------------------------------------------------------------------------------
def test_it_says_until_when_and_why_it_moved(function: ServiceFunction) -> None:
    period(function)
    down(function, datetime(2027, 1, 30, 6, 0, tzinfo=UTC), HOUR)
    down(None, CLOSES - HOUR, None)
    said = deadlines.say(at(function, CLOSES))
    assert "The deadline was Sunday 31 January 2027, 6:00 pm. It has moved to Sunday 31 January 2027, 8:00 pm." in said
    assert "The department's system was down from Saturday 30 January 2027, 2:00 pm to 3:00 pm." in said
    assert "Ferry has been down since Sunday 31 January 2027, 5:00 pm" in said


def test_many_outages_are_not_all_told(function: ServiceFunction) -> None:
    period(function)
    for day in range(1, 8):
        down(function, OPENS + day * DAY, HOUR)
    said = deadlines.say(at(function, CLOSES))
    assert said.count("was down from") == 3
    assert "It was down 4 more times." in said


@pytest.mark.parametrize(("language", "words"), [("zh-hant", "現已延至"), ("zh-hans", "现已延至")])
def test_it_speaks_chinese(function: ServiceFunction, language: str, words: str) -> None:
    period(function)
    down(function, OPENS + DAY, HOUR)
    with translation.override(language):
        assert words in deadlines.say(at(function, CLOSES))


@pytest.mark.parametrize(("rule", "moves"), [("stop_the_clock", True), ("extend", False)])
def test_that_it_keeps_moving_is_said_only_where_it_does(function: ServiceFunction, rule: str, moves: bool) -> None:
    period(function, rule=rule)
    down(function, OPENS + DAY, None)
    said = deadlines.say(at(function, OPENS + 2 * DAY))
    assert "has been down since" in said
    assert ("keeps moving" in said) is moves
