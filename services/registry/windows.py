"""Service windows: when a backend's counter is open (Hong Kong time).

A window is JSON: {"mon": [["09:00", "17:00"]], ...}; a day left out is closed; null is always open.
"""

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
HONG_KONG = ZoneInfo("Asia/Hong_Kong")
Window = dict[str, list[list[str]]]


def check(window: Window | None) -> None:
    """Raise ValueError, saying which day and why, unless the window is well formed."""
    if window is None:
        return
    if not isinstance(window, dict) or not any(window.values()):
        raise ValueError("give at least one day, or leave the window empty for always open")
    for day, spans in window.items():
        if day not in DAYS:
            raise ValueError(f"{day!r} is not one of {', '.join(DAYS)}")
        for span in spans:
            try:
                opens, closes = (time.fromisoformat(moment) for moment in span)
            except (TypeError, ValueError) as error:
                raise ValueError(f"{day}: {span!r} is not a pair such as ['09:00', '17:00']") from error
            if opens >= closes:
                raise ValueError(f"{day}: {span[0]} is not before {span[1]}")


def _spans(window: Window, around: datetime) -> Iterator[tuple[datetime, datetime]]:
    for offset in range(8):
        day = (around.astimezone(HONG_KONG) + timedelta(days=offset)).date()
        for opens, closes in sorted(window.get(DAYS[day.weekday()], [])):
            yield (
                datetime.combine(day, time.fromisoformat(opens), HONG_KONG),
                datetime.combine(day, time.fromisoformat(closes), HONG_KONG),
            )


def next_open(window: Window | None, now: datetime) -> datetime:
    """`now` itself while the counter is open, else the moment it opens next.

    Raises ValueError for a window that never opens; `check` lets none such be stored.
    """
    if window is None:
        return now
    for opens, closes in _spans(window, now):
        if now < closes:
            return max(now, opens)
    raise ValueError("the window never opens")
