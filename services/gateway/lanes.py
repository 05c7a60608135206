"""The way to one backend: breaker, bulkhead and service window, decided in the database for all workers at once."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.gateway.connectors.base import Outcome
from services.gateway.models import Lane, ServiceCall
from services.registry.models import Backend

FAILURES_TO_OPEN = 5
OPEN_FIRST_SECONDS = 10.0
OPEN_CAP_SECONDS = 300.0
TROUBLE = {Outcome.UNREACHED, Outcome.AMBIGUOUS}


@dataclass(frozen=True)
class Admission:
    """Whether a call may leave now; if not, why and until when."""

    is_open: bool
    trouble: str = ""  # closed, breaker, crowded
    until: datetime | None = None
    fills_lane: bool = False  # it takes the last slot, so another may be waiting behind it


def admit(backend: Backend, now: datetime) -> Admission:
    """Decide with the lane's row locked until the caller's transaction ends, so that two workers never share a slot."""
    opens = backend.opens_at(now)
    if opens > now:
        return Admission(False, "closed", opens)
    lane, _ = Lane.objects.select_for_update(of=("self",)).get_or_create(backend=backend)
    breaker = lane.breaker(now)
    if breaker == "open":
        return Admission(False, "breaker", lane.open_until)
    slots = 1 if breaker == "half-open" else backend.max_concurrency
    in_flight = ServiceCall.objects.filter(backend=backend, status="delivering", lease_until__gt=now).count()
    if in_flight >= slots:
        return Admission(False, "crowded")
    return Admission(True, fills_lane=in_flight + 1 >= slots)


def note(backend: Backend, outcome: Outcome, now: datetime) -> None:
    """Let the breaker learn from an outcome. A quiet success on a healthy lane writes nothing but, rarely, its time."""
    if outcome.kind == Outcome.UNSENDABLE:  # our own fault, not the backend's
        return
    lane, _ = Lane.objects.get_or_create(backend=backend)
    if outcome.kind not in TROUBLE:
        stale = lane.last_success_at is None or now - lane.last_success_at > timedelta(seconds=10)
        if lane.failures or lane.open_until or stale:
            Lane.objects.filter(pk=lane.pk).update(failures=0, open_until=None, last_success_at=now)
        return
    lane = Lane.objects.select_for_update(of=("self",)).get(pk=lane.pk)
    lane.failures += 1
    lane.last_failure_at = now
    lane.last_error = outcome.detail[:300]
    if lane.failures >= FAILURES_TO_OPEN:
        doubled = OPEN_FIRST_SECONDS * 2 ** min(lane.failures - FAILURES_TO_OPEN, 10)
        lane.open_until = now + timedelta(seconds=min(doubled, OPEN_CAP_SECONDS))
    lane.save()
