"""The calls that need a human: who waits for what since when, and sending many of them again."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Min, OuterRef, Q, Subquery
from django.utils.translation import gettext as _

from identity.accounts.models import User
from portal.control.wording import CALL_STATES, TROUBLES
from services.gateway import flows
from services.gateway.errors import NotSettleable
from services.gateway.models import Attempt, ServiceCall, ServiceCallQuerySet
from services.registry.models import Backend

MANY_AT_MOST = 200  # sent again by one click

# Sent twice, it might be filed twice: the department cannot be asked what became of it.
UNASKABLE = Q(status=ServiceCall.Status.IN_DOUBT, backend__has_lookup=False)


@dataclass(frozen=True)
class Group:
    """The undelivered calls of one backend."""

    backend: Backend
    count: int
    since: datetime


@dataclass(frozen=True)
class Resent:
    """What became of many retries."""

    sent: int
    settled_before: int  # by somebody else, meanwhile
    held_back: int  # might be filed twice


def waiting(*, backend: str = "", department: str = "") -> ServiceCallQuerySet:
    """Those of one backend or department, or all; oldest first, without anything personal."""
    calls = ServiceCall.objects.undelivered()
    if backend:
        calls = calls.filter(backend__code=backend)
    if department:
        calls = calls.filter(backend__department__code=department)
    return calls


def with_reasons(calls: ServiceCallQuerySet) -> ServiceCallQuerySet:
    """Each with what its page line says, in the same query; payload and answer stay where they are."""
    last = Attempt.objects.filter(call=OuterRef("pk")).order_by("-started_at").values("detail")[:1]
    return (
        calls.select_related("backend__department", "version", "function")
        .only(
            "receipt", "status", "trouble", "accepted_at", "attempt_count", "lookup_count", "closed_at",
            "function__code",
            "version__name_en", "version__name_zh_hant", "version__name_zh_hans", "version__function_id",
            "backend__code", "backend__has_lookup", "backend__is_idempotent", "backend__department__code",
            "backend__department__name_en", "backend__department__name_zh_hant", "backend__department__name_zh_hans",
        )
        .annotate(last_detail=Subquery(last))
    )  # fmt: skip


def groups() -> list[Group]:
    """By backend, most first. Two queries."""
    counted = (
        ServiceCall.objects.undelivered().order_by().values_list("backend_id").annotate(Count("pk"), Min("accepted_at"))
    )
    found = {backend_id: (count, since) for backend_id, count, since in counted}
    backends = Backend.objects.filter(pk__in=found).select_related("department")
    return sorted((Group(row, *found[row.pk]) for row in backends), key=lambda group: (-group.count, group.since))


def why(call: ServiceCall) -> str:
    return str(TROUBLES.get(call.trouble, _("The reason was not noted")))


def state(call: ServiceCall) -> tuple[str, str]:
    """A word and its tone."""
    word, tone = CALL_STATES.get(call.status, (call.get_status_display(), ""))
    return str(word), tone


def may_be_filed_twice(call: ServiceCall) -> bool:
    """Sending it again is a risk that only a human may take."""
    return call.status == ServiceCall.Status.IN_DOUBT and not call.backend.has_lookup


def resend(calls: ServiceCallQuerySet, *, by: User, reason: str) -> Resent:
    """Send many again, each in a transaction of its own; those that might be filed twice stay where they are."""
    sent = settled_before = 0
    for call in list(calls.exclude(UNASKABLE).only("pk", "status")[:MANY_AT_MOST]):
        try:
            flows.retry(call, by=by, reason=reason)
            sent += 1
        except NotSettleable:
            settled_before += 1
    return Resent(sent, settled_before, calls.filter(UNASKABLE).count())
