"""Arithmetic on dates: where the number of apps comes from and where it is going."""

from datetime import date, timedelta

from services.consolidation import progress
from services.consolidation.progress import Point

TODAY = date(2026, 11, 24)
DUE = date(2027, 12, 31)


def test_history_begins_on_the_eve_of_the_first_retirement() -> None:
    points = progress.history([date(2025, 3, 31)], once=10, today=TODAY)
    assert points == [Point(date(2025, 3, 30), 10), Point(date(2025, 3, 31), 9), Point(TODAY, 9)]


def test_apps_retired_on_one_day_make_one_step() -> None:
    points = progress.history([date(2025, 3, 31)] * 3, once=10, today=TODAY)
    assert [point.apps for point in points] == [10, 7, 7]


def test_history_without_retirements_is_today() -> None:
    assert progress.history([], once=10, today=TODAY) == [Point(TODAY, 10)]


def test_a_retirement_still_ahead_is_no_history() -> None:
    assert progress.history([TODAY + timedelta(days=1)], once=10, today=TODAY) == [Point(TODAY, 10)]


def test_history_that_ends_today_says_today_once() -> None:
    assert [point.on for point in progress.history([TODAY], once=10, today=TODAY)] == [TODAY - timedelta(days=1), TODAY]


def test_trend_goes_on_at_the_pace_of_the_last_two_years() -> None:
    gone = [TODAY - timedelta(days=days) for days in (1, 729)]
    trend = progress.by_trend(gone, now=10, target=8, today=TODAY, due=DUE)
    assert (trend.lands_on, trend.per_year) == (TODAY + timedelta(days=730), 1.0)


def test_trend_forgets_what_was_before_the_last_two_years() -> None:
    trend = progress.by_trend([TODAY - timedelta(days=730)], now=10, target=8, today=TODAY, due=DUE)
    assert trend.lands_on is None


def test_trend_without_retirements_stays_level() -> None:
    trend = progress.by_trend([], now=10, target=8, today=TODAY, due=DUE)
    assert (trend.points, trend.apps_when_due) == ([Point(TODAY, 10), Point(DUE, 10)], 10)


def test_trend_at_the_target_has_landed() -> None:
    assert progress.by_trend([], now=8, target=8, today=TODAY, due=DUE).lands_on == TODAY


def test_trend_says_how_many_are_left_when_due() -> None:
    gone = [TODAY - timedelta(days=days) for days in range(1, 74)]  # one in ten days
    trend = progress.by_trend(gone, now=72, target=36, today=TODAY, due=TODAY + timedelta(days=100))
    assert trend.apps_when_due == 62


def test_plan_lands_on_the_day_the_target_is_met() -> None:
    days = [date(2026, 12, 31), date(2027, 3, 31), date(2027, 6, 30)]
    plan = progress.by_plan(days, now=10, target=8, today=TODAY, due=DUE)
    assert (plan.lands_on, plan.apps_when_due) == (date(2027, 3, 31), 7)


def test_a_planned_date_that_has_passed_counts_for_nothing() -> None:
    plan = progress.by_plan([TODAY - timedelta(days=1)], now=10, target=8, today=TODAY, due=DUE)
    assert (plan.lands_on, plan.apps_when_due) == (None, 10)


def test_a_plan_after_the_due_date_does_not_help_by_then() -> None:
    plan = progress.by_plan([DUE + timedelta(days=1)], now=9, target=8, today=TODAY, due=DUE)
    assert (plan.lands_on, plan.apps_when_due) == (DUE + timedelta(days=1), 9)
