"""What went wrong on one day, by backend and cause: for operations, and for each department its own part."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.core.mail import EmailMessage
from django.db import connection
from django.db.models import Count, Max, Min, Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from services import moments
from services.gateway.models import Incident, ServiceCall
from services.registry.models import Backend, Department, Membership

KEPT_SECONDS = 3 * 86_400  # how long it is remembered that a day's mail has left

_FAILED = """
    SELECT backend.id, failed.* FROM registry_backend backend CROSS JOIN LATERAL (
        SELECT outcome, count(*), count(DISTINCT call_id), min(started_at), max(started_at)
        FROM gateway_attempt attempt
        WHERE attempt.backend_id = backend.id AND outcome <> 'answered' AND kind <> 'lookup'
            AND started_at >= %s AND started_at < %s
        GROUP BY outcome
    ) failed"""


@dataclass(frozen=True)
class Group:
    """What failed at one backend for one cause."""

    backend: Backend
    cause: str  # an Outcome.kind of the connectors, or another trouble of a call
    attempts: int  # that came to nothing
    calls: int  # that these were about
    first_at: datetime
    last_at: datetime
    undelivered: int = 0  # calls that need a human now

    @property
    def words(self) -> str:
        return cause_words(self.cause)


def cause_words(cause: str) -> str:
    """In the active language."""
    return {
        "busy": _("The department's system was too busy"),
        "unreached": _("The department's system could not be reached"),
        "ambiguous": _("It may have arrived: the department's system gave no clear answer"),
        "unknown_receipt": _("The department says that it never arrived"),
        "unsendable": _("It could not be put into the department's format"),
    }.get(cause, _("The reason was not noted"))


@dataclass(frozen=True)
class Digest:
    """One day, Hong Kong time."""

    day: date
    groups: list[Group]  # what needs a human first, then the most
    incidents: list[Incident]

    @property
    def is_quiet(self) -> bool:
        return not self.groups and not self.incidents

    @property
    def attempts(self) -> int:
        return sum(group.attempts for group in self.groups)

    @property
    def undelivered(self) -> int:
        return sum(group.undelivered for group in self.groups)


def bounds(day: date) -> tuple[datetime, datetime]:
    """When the day begins and when the next does."""
    begin = datetime.combine(day, time(), moments.HONG_KONG)
    return begin, begin + timedelta(days=1)


def of(day: date, department: Department | None = None) -> Digest:
    """Of all departments, or of one. Four queries."""
    begin, end = bounds(day)
    backends = Backend.objects.select_related("department")
    known = backends.filter(department=department) if department else backends
    rows = {backend.pk: backend for backend in known}
    found: dict[tuple[int, str], list[Any]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_FAILED, [begin, end])
        for backend, cause, *counts in cursor.fetchall():
            found[backend, cause] = [*counts, 0]
    for backend, cause, count, first, last in _undelivered(begin, end):
        counts = found.setdefault((backend, cause), [0, count, first, last, 0])
        counts[-1] = count
    groups = [Group(rows[backend], cause, *counts) for (backend, cause), counts in found.items() if backend in rows]
    groups.sort(key=lambda group: (-group.undelivered, -group.attempts, group.backend.code, group.cause))
    incidents = Incident.objects.filter(started_at__lt=end).filter(Q(ended_at=None) | Q(ended_at__gte=begin))
    if department:
        incidents = incidents.filter(backend__department=department)
    return Digest(day, groups, list(incidents.select_related("backend__department").order_by("started_at")))


def _undelivered(begin: datetime, end: datetime) -> Iterable[tuple[int, str, int, datetime, datetime]]:
    """Backend, trouble, how many calls that got into it that day still need a human, the first and last of them."""
    that_day = Q(finished_at__gte=begin, finished_at__lt=end) | Q(
        status="in_doubt", accepted_at__gte=begin, accepted_at__lt=end
    )
    calls = ServiceCall.objects.undelivered().filter(that_day).order_by()
    return calls.values_list("backend_id", "trouble").annotate(Count("pk"), Min("accepted_at"), Max("accepted_at"))


# --- As a letter ----------------------------------------------------------------------------------
def subject(digest: Digest) -> str:
    if digest.is_quiet:
        return _("%(day)s: nothing failed") % {"day": moments.say_date(digest.day)}
    return _("%(day)s: failed deliveries %(attempts)s, calls that need somebody %(undelivered)s") % {
        "day": moments.say_date(digest.day), "attempts": digest.attempts, "undelivered": digest.undelivered,
    }  # fmt: skip


def text(digest: Digest, *, for_officers: bool = False) -> str:
    """In the active language, with links to where something can be done about it."""
    lines = [subject(digest), ""]
    for group in digest.groups:
        lines += [*_said(group), f"  {settings.BASE_URL}{_place(group, for_officers)}", ""]
    lines += [_told(incident) for incident in digest.incidents]
    if not for_officers:
        lines += ["", f"{settings.BASE_URL}/control/days/{digest.day}/"]
    return "\n".join(lines).strip() + "\n"


def _said(group: Group) -> list[str]:
    """Where, why, how many, when; and what waits."""
    tried = ngettext("%(count)s delivery", "%(count)s deliveries", group.attempts) % {"count": group.attempts}
    when = _("%(first)s to %(last)s") % {
        "first": moments.say_time(group.first_at), "last": moments.say_time(group.last_at),
    }  # fmt: skip
    lines = [
        f"{group.backend.department.name} ({group.backend.code})",
        f"  {group.words}",
        f"  {tried}, {when}",
    ]
    if group.undelivered:
        waits = ngettext("%(count)s call needs somebody", "%(count)s calls need somebody", group.undelivered)
        lines.append(f"  {waits % {'count': group.undelivered}}")
    return lines


def _place(group: Group, for_officers: bool) -> str:
    if for_officers:
        return "/admin/gateway/servicecall/"
    return f"/control/backends/{group.backend.code}/"


def _told(incident: Incident) -> str:
    whose = incident.backend.code if incident.backend else _("Ferry itself")
    until = moments.say(incident.ended_at) if incident.ended_at else _("now")
    return _("Incident: %(whose)s, %(since)s to %(until)s") % {
        "whose": whose, "since": moments.say(incident.started_at), "until": until,
    }  # fmt: skip


def send(day: date, *, again: bool = False) -> int:
    """Mail the day to OPERATIONS_EMAIL, if it is set, and to each department's officers their own part of it.

    Each letter leaves once, however often this is called, unless `again`. Returns how many left. Raises OSError for a
    mail server that cannot be reached; whoever has not got theirs gets it with the next call.
    """
    sent = 0
    if settings.OPERATIONS_EMAIL:
        sent += _post(of(day), [settings.OPERATIONS_EMAIL], "operations", again=again)
    failing = {group.backend.department for group in of(day).groups}
    for department in sorted(failing, key=lambda row: row.code):
        officers = Membership.objects.filter(department=department, user__is_active=True).exclude(user__email="")
        addresses = list(officers.order_by("user__username").values_list("user__email", flat=True))
        if addresses:
            sent += _post(of(day, department), addresses, department.code, again=again)
    return sent


def _post(digest: Digest, addresses: list[str], whose: str, *, again: bool) -> bool:
    """Blind copies: a letter does not tell one officer the address of another."""
    key = f"digest:{digest.day}:{whose}"
    if not cache.add(key, 1, KEPT_SECONDS) and not again:
        return False
    letter = EmailMessage(subject(digest), text(digest, for_officers=whose != "operations"), bcc=addresses)
    try:
        letter.send()
    except OSError:
        cache.delete(key)
        raise
    return True
