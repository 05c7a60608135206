"""A service window in words, in the language of this request."""

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
        lines.append(_("%(days)s: %(hours)s") % {"days": who, "hours": hours or _("closed")})
    if window.get(HOLIDAYS) == "closed":
        lines.append(_("Closed on general holidays"))
    return lines


def _clock(text: str) -> str:
    at = time.fromisoformat(text)
    return f"{at.hour}:{at.minute:02}"
