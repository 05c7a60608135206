"""Where the number of apps comes from and where it is going: arithmetic on dates, without a database.

By trend: as many apps a day as were retired on average over the last 24 months, in a straight line from today.
By plan: each app goes on its planned date; a plan whose date has passed counts for nothing until it gets a new one.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

TREND_DAYS = 730


@dataclass(frozen=True)
class Point:
    """How many apps were, or will be, left at the end of a day."""

    on: date
    apps: int


@dataclass(frozen=True)
class Projection:
    """Where a way of looking ahead leads."""

    points: list[Point]  # from today on, to its landing or, without one, to the last day it knows
    lands_on: date | None  # the first day on which the target is reached; None: never, this way
    apps_when_due: int
    per_year: float = 0.0


def history(retired_on: Iterable[date], *, once: int, today: date) -> list[Point]:
    """One point for each day on which apps went, the first day's own eve before them, and today."""
    days = sorted(day for day in retired_on if day <= today)
    if not days:
        return [Point(today, once)]
    points = [Point(days[0] - timedelta(days=1), once)]
    for day in sorted(set(days)):
        points.append(Point(day, points[-1].apps - days.count(day)))
    return [*points, Point(today, points[-1].apps)] if points[-1].on < today else points


def by_trend(retired_on: Iterable[date], *, now: int, target: int, today: date, due: date) -> Projection:
    """On, at the average pace of the last 24 months."""
    begin = today - timedelta(days=TREND_DAYS)
    per_day = sum(begin < day <= today for day in retired_on) / TREND_DAYS
    left_when_due = max(now - math.floor(per_day * (due - today).days), 0)
    if now <= target:
        return Projection([Point(today, now)], today, left_when_due, per_day * 365)
    if not per_day:
        return Projection([Point(today, now), Point(due, now)], None, now)
    try:
        lands_on = today + timedelta(days=math.ceil((now - target) / per_day))
    except OverflowError:
        return Projection([Point(today, now), Point(due, left_when_due)], None, left_when_due, per_day * 365)
    return Projection([Point(today, now), Point(lands_on, target)], lands_on, left_when_due, per_day * 365)


def by_plan(planned_on: Iterable[date], *, now: int, target: int, today: date, due: date) -> Projection:
    """On, if every planned date that is still ahead is kept."""
    ahead = sorted(day for day in planned_on if day >= today)
    points = [Point(today, now)]
    for day in sorted(set(ahead)):
        points.append(Point(day, points[-1].apps - ahead.count(day)))
    lands_on = next((point.on for point in points if point.apps <= target), None)
    return Projection(points, lands_on, left_on(points, due))


def left_on(points: Sequence[Point], day: date) -> int:
    """What a stepped line says of a day; before it begins, what it begins with."""
    return next((point.apps for point in reversed(points) if point.on <= day), points[0].apps)
