"""Letting calls go before their time, by a person's word: each is recorded with name and reason."""

from django.db import transaction
from django.utils import timezone

from identity.accounts.models import User
from services.gateway.errors import NotYours
from services.gateway.models import Lane, ServiceCall
from services.registry import maintaining, record
from services.registry.models import Backend, Maintenance

HELD_BY_BREAKER = ("breaker", "unreached", "ambiguous")  # troubles of calls that wait for the backend to be well


@transaction.atomic
def close_breaker(backend: Backend, *, by: User, reason: str) -> bool:
    """Let calls go to a backend again at once; False if its breaker was closed. Raises NotYours.

    Failures are counted from nought. An incident stays open: only a delivered call ends it.
    """
    if not by.has_perm("gateway.settle_calls"):
        raise NotYours("only operations may close a breaker")
    lane = Lane.objects.select_for_update(of=("self",)).filter(backend=backend, open_until__isnull=False).first()
    if lane is None:
        return False
    lane.failures, lane.open_until = 0, None
    lane.save(update_fields=["failures", "open_until"])
    _hasten(backend, *HELD_BY_BREAKER)
    record.of_row(
        "backend.breaker_closed", backend.code, department=backend.department, by=by, details={"reason": reason[:300]}
    )
    return True


@transaction.atomic
def end_maintenance(maintenance: Maintenance, *, by: User) -> Maintenance:
    """End it early, and let the calls go that it held back. Raises the registry's NotAllowed or NotOpen."""
    ended = maintaining.end(maintenance, by=by)
    _hasten(ended.backend, "closed")
    return ended


def _hasten(backend: Backend, *troubles: str) -> None:
    """Calls held back for one of these reasons become due when the backend opens; the sweeper finds them."""
    opens_at = backend.opens_at(timezone.now())
    held = ServiceCall.objects.filter(backend=backend, status="accepted", trouble__in=troubles, due_at__gt=opens_at)
    held.update(due_at=opens_at)
