"""What holds up a person's calls, said once however many there are, and once more when it is over."""

from collections.abc import Sequence

from django.utils import timezone
from django.utils.translation import gettext as _

from services import moments
from services.gateway import incidents
from services.languages import current


def told(callers: Sequence[str], *, receipt: str | None = None) -> list[dict[str, str]]:
    """Of components/notice.html: about all calls of these callers, or about one. One query."""
    return [_said(notice) for notice in incidents.notices(callers, timezone.now(), receipt=receipt)]


def _said(notice: incidents.Notice) -> dict[str, str]:
    title, text = _words(notice)
    names = {"departments": (", " if current() == "en" else "、").join(notice.departments)}
    times = {"since": moments.say(notice.since), "until": moments.say(notice.until) if notice.until else ""}
    return {"tone": "success" if notice.is_over else "waiting", "title": title % names, "text": text % times}


def _words(notice: incidents.Notice) -> tuple[str, str]:
    match (bool(notice.departments), notice.is_over):
        case (True, False):
            return (
                _("Not answering: %(departments)s"),
                _("There has been trouble since %(since)s. What you sent is safe with us: we deliver it as soon as we "
                  "get an answer. You need to do nothing."),
            )  # fmt: skip
        case (True, True):
            return (
                _("Answering again: %(departments)s"),
                _("There was trouble from %(since)s to %(until)s. What we kept for you is delivered now."),
            )
        case (False, False):
            return (
                _("Part of Ferry is not running"),
                _("It has not run since %(since)s. What you sent is safe with us: we deliver it as soon as we can. "
                  "You need to do nothing."),
            )  # fmt: skip
    return (
        _("Ferry runs again"),
        _("Part of it was out of order from %(since)s to %(until)s. What we kept for you is delivered now."),
    )
