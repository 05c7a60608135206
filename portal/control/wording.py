"""How operations names states, reasons and months."""

from datetime import date, timedelta

from django.utils.dates import MONTHS
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from services.languages import current

APP_STATES = {
    "live": (_("live"), ""),
    "consolidating": (_("consolidating"), "waiting"),
    "retired": (_("retired"), "success"),
}
STEPS = {
    "registered": _("Functions registered"),
    "published": _("All published"),
    "used": _("All used here"),
    "switched_off": _("Switched off"),
}
TROUBLES = {  # of a call: its trouble, or the outcome of an attempt
    "answered": _("The department answered"),
    "busy": _("The department's system was too busy"),
    "unreached": _("The department's system could not be reached"),
    "ambiguous": _("It may have arrived: the department's system gave no clear answer"),
    "unknown_receipt": _("The department says that it never arrived"),
    "unsendable": _("It could not be put into the department's format"),
}
CALL_STATES = {
    "failed": (_("not delivered"), "error"),
    "in_doubt": (_("in doubt"), "waiting"),
}
PARTS = {
    "web": _("Web pages"),
    "database": _("Database"),
    "broker": _("Message broker"),
    "worker": _("Delivery worker"),
    "chores": _("Chores worker"),
    "beat": _("Clock"),
}
PART_STATES = {
    "ok": (_("works"), "success"),
    "down": (_("does not answer"), "error"),
    "unknown": (_("not known"), "waiting"),
}


def attempt_words(kind: str, outcome: str) -> str:
    """How an exchange ended. A look-up sends nothing, so it cannot itself have arrived."""
    if kind == "lookup" and outcome == "ambiguous":
        return gettext("The department's system gave no clear answer")
    return str(TROUBLES[outcome])


def say_day(day: date) -> str:
    """`31 December 2027` · 「2027年12月31日」: the weekday of a plan matters to nobody."""
    if current() == "en":
        return f"{day.day} {MONTHS[day.month]} {day.year}"
    return f"{day.year}年{day.month}月{day.day}日"


def say_month(day: date) -> str:
    """`June 2032` · 「2032年6月」."""
    return f"{MONTHS[day.month]} {day.year}" if current() == "en" else f"{day.year}年{day.month}月"


def say_span(span: timedelta) -> str:
    """`3 minutes`, `5 hours`, `2 days`: how long, in the largest unit that fits."""
    minutes = int(span.total_seconds() // 60)
    if minutes < 1:
        return gettext("less than a minute")
    if minutes < 60:
        return ngettext("%(count)s minute", "%(count)s minutes", minutes) % {"count": minutes}
    if minutes < 2880:
        return ngettext("%(count)s hour", "%(count)s hours", minutes // 60) % {"count": minutes // 60}
    return ngettext("%(count)s day", "%(count)s days", minutes // 1440) % {"count": minutes // 1440}
