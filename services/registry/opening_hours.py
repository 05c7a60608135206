"""A service window in words, in the language of this request; and as lines that people can write."""

import re
from datetime import time
from itertools import groupby
from typing import Any

from django.utils.translation import gettext as _

from services.languages import current
from services.registry.windows import DAYS, HOLIDAYS


def _names() -> dict[str, str]:
    return {
        "mon": _("Monday"), "tue": _("Tuesday"), "wed": _("Wednesday"), "thu": _("Thursday"), "fri": _("Friday"),
        "sat": _("Saturday"), "sun": _("Sunday"),
    }  # fmt: skip


def say(window: dict[str, Any] | None) -> list[str]:
    """`Monday to Friday: 9:00–17:00` and so on, one line for each run of days that are alike."""
    if window is None:
        return [_("Always open")]
    names = _names()
    lines = []
    for spans, run in groupby(DAYS, key=lambda day: sorted(map(tuple, window.get(day, [])))):
        days = list(run)
        both = {"first": names[days[0]], "last": names[days[-1]]}
        who = _("%(first)s to %(last)s") % both if len(days) > 1 else both["first"]
        hours = (", " if current() == "en" else "、").join(f"{_clock(a)}–{_clock(b)}" for a, b in spans)
        lines.append(_("%(days)s: %(hours)s") % {"days": who, "hours": hours or _("not open")})
    if window.get(HOLIDAYS) == "closed":
        lines.append(_("Closed on general holidays"))
    return lines


HOLIDAY_LINE = "general holidays closed"
_DAY = "|".join(DAYS)
_LINE = re.compile(rf"({_DAY})(?:\s*-\s*({_DAY}))?[\s:]+(.+)")
_SPAN = re.compile(r"(\d{1,2}:\d\d)\s*[-–]\s*(\d{1,2}:\d\d)")


def write(window: dict[str, Any] | None) -> str:
    """As `read` takes it: `mon-fri 09:00-13:00, 14:00-17:00`, one line for days that are alike."""
    if window is None:
        return ""
    lines = []
    for spans, run in groupby(DAYS, key=lambda day: sorted(map(tuple, window.get(day, [])))):
        days = list(run)
        if spans:
            who = f"{days[0]}-{days[-1]}" if len(days) > 1 else days[0]
            lines.append(f"{who} {', '.join(f'{opens}-{closes}' for opens, closes in spans)}")
    return "\n".join([*lines, *([HOLIDAY_LINE] if window.get(HOLIDAYS) == "closed" else [])])


def read(text: str) -> dict[str, Any] | None:
    """The window that these lines describe; None for none. Raises ValueError, naming the line, for any other text."""
    window: dict[str, Any] = {}
    for line in filter(None, (line.strip().lower() for line in text.splitlines())):
        if line == HOLIDAY_LINE:
            window[HOLIDAYS] = "closed"
            continue
        found = _LINE.fullmatch(line)
        spans = [_SPAN.fullmatch(part.strip()) for part in found[3].split(",")] if found else []
        if found is None or not all(spans):
            raise ValueError(line)
        first, last = DAYS.index(found[1]), DAYS.index(found[2] or found[1])
        for day in DAYS[first : last + 1] or DAYS[first:] + DAYS[: last + 1]:
            window[day] = window.get(day, []) + [[f"{span[1]:0>5}", f"{span[2]:0>5}"] for span in spans if span]
    return window or None


def _clock(text: str) -> str:
    at = time.fromisoformat(text)
    return f"{at.hour}:{at.minute:02}"
