"""Service windows: when a backend's counter is open (Hong Kong time).

A window is JSON: {"mon": [["09:00", "17:00"]], ..., "general_holidays": "closed"}; a day left out is closed, so are
general holidays where it says so (Cap. 149); null is always open. Closures, such as a maintenance, are cut out of it.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import holidays

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
HONG_KONG = ZoneInfo("Asia/Hong_Kong")
HOLIDAYS = "general_holidays"
FARTHEST_DAYS = 30  # a counter that stays closed for longer than that never opens
Window = dict[str, Any]
Closures = Sequence[tuple[datetime, datetime]]


@lru_cache(maxsize=16)
def _holidays_of(year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays("HK", years=year))


def is_holiday(day: date) -> bool:
    """A general holiday in Hong Kong."""
    return day in _holidays_of(day.year)


def check(window: Window | None) -> None:
    """Raise ValueError, saying which day and why, unless the window is well formed."""
    if window is None:
        return
    if not isinstance(window, dict) or not any(spans for day, spans in window.items() if day != HOLIDAYS):
        raise ValueError("give at least one day, or leave the window empty for always open")
    if window.get(HOLIDAYS, "open") not in ("open", "closed"):
        raise ValueError(f"{HOLIDAYS}: say open or closed")
    for day, spans in window.items():
        if day == HOLIDAYS:
            continue
        if day not in DAYS:
            raise ValueError(f"{day!r} is not one of {', '.join(DAYS)}, {HOLIDAYS}")
        for span in spans:
            try:
                opens, closes = (time.fromisoformat(moment) for moment in span)
            except (TypeError, ValueError) as error:
                raise ValueError(f"{day}: {span!r} is not a pair such as ['09:00', '17:00']") from error
            if opens >= closes:
                raise ValueError(f"{day}: {span[0]} is not before {span[1]}")


def _spans(window: Window | None, around: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The open spans from that day on, in order."""
    for offset in range(FARTHEST_DAYS):
        day = (around.astimezone(HONG_KONG) + timedelta(days=offset)).date()
        if window is None:
            yield _moment(day, "00:00"), _moment(day + timedelta(days=1), "00:00")
        elif window.get(HOLIDAYS) != "closed" or not is_holiday(day):
            for opens, closes in sorted(window.get(DAYS[day.weekday()], [])):
                yield _moment(day, opens), _moment(day, closes)


def _moment(day: date, clock: str) -> datetime:
    return datetime.combine(day, time.fromisoformat(clock), HONG_KONG)


def next_open(window: Window | None, now: datetime, closures: Closures = ()) -> datetime:
    """`now` itself while the counter is open, else the moment it opens next.

    Raises ValueError for a window that never opens; `check` lets none such be stored.
    """
    if window is None and not closures:
        return now
    for opens, closes in _spans(window, now):
        moment = max(now, opens)
        for starts, ends in sorted(closures):
            if starts <= moment < ends:
                moment = ends
        if moment < closes:
            return moment
    if closures:  # closed for longer than we look ahead: the last of them ends it
        return next_open(window, max(ends for _, ends in closures))
    raise ValueError("the window never opens")
