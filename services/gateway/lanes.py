"""The way to one backend: breaker, bulkhead, rate and service window, decided in the database for all workers."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.gateway import incidents
from services.gateway.connectors.base import Outcome
from services.gateway.models import Lane, ServiceCall
from services.registry.models import Backend

FAILURES_TO_OPEN = 5
OPEN_FIRST_SECONDS = 10.0
OPEN_CAP_SECONDS = 300.0
TROUBLE = {Outcome.UNREACHED, Outcome.AMBIGUOUS}
SUCCESS_KEPT = timedelta(seconds=10)  # a quiet success on a healthy lane is written down so rarely
RESERVED_AHEAD = timedelta(seconds=10)  # no place is given away for later, so that whoever waits is never far behind


@dataclass(frozen=True)
class Admission:
    """Whether a call may leave now, and into how many slots; if not, why and until when."""

    slots: int = 0
    trouble: str = ""  # closed, breaker, rate
    until: datetime | None = None
    free_at: datetime | None = None  # of a lane with a rate: what its row is to say from now on

    @property
    def is_open(self) -> bool:
        return self.slots > 0


def admit(call: ServiceCall, lane: Lane, now: datetime) -> Admission:
    """Decide for a call whose lane is locked. Writes nothing."""
    backend = call.backend
    opens = backend.opens_at(now)
    if opens > now:
        return Admission(trouble="closed", until=opens)
    breaker = lane.breaker(now)
    if breaker == "open":
        return Admission(trouble="breaker", until=lane.open_until)
    slots = 1 if breaker == "half-open" else backend.max_concurrency
    if backend.max_per_minute is None or call.trouble == "rate":  # with a place reserved, its time has come
        return Admission(slots)
    return _in_turn(lane, backend.max_per_minute, slots, now)


def _in_turn(lane: Lane, per_minute: int, slots: int, now: datetime) -> Admission:
    """The generic cell rate algorithm (ITU-T I.371): one place after the other, a second's worth at once."""
    place = max(lane.free_at or now, now)
    following = place + timedelta(minutes=1) / per_minute
    at_once = timedelta(seconds=1) if per_minute > 60 else timedelta()
    if place <= now + at_once:
        return Admission(slots, free_at=following)
    if place <= now + RESERVED_AHEAD:
        return Admission(trouble="rate", until=place, free_at=following)
    return Admission(trouble="crowded", until=now + RESERVED_AHEAD)


def note(backend: Backend, outcome: Outcome, now: datetime) -> None:
    """Let the breaker learn from an outcome. A quiet success on a healthy lane writes nothing but, rarely, its time."""
    if outcome.kind == Outcome.UNSENDABLE:  # our own fault, not the backend's
        return
    lane, _ = Lane.objects.get_or_create(backend=backend)
    if outcome.kind not in TROUBLE:
        stale = lane.last_success_at is None or now - lane.last_success_at > SUCCESS_KEPT
        if lane.failures or lane.open_until or stale:
            Lane.objects.filter(pk=lane.pk).update(failures=0, open_until=None, last_success_at=now)
        if lane.open_until:
            incidents.closed(backend, now)
        return
    lane = Lane.objects.select_for_update(of=("self",)).get(pk=lane.pk)
    lane.last_failure_at = now
    lane.last_error = outcome.detail[:300]
    was_open = lane.breaker(now) == "open"  # of calls that left before it opened: they tell nothing new
    lane.failures += not was_open
    if lane.failures >= FAILURES_TO_OPEN and not was_open:
        doubled = OPEN_FIRST_SECONDS * 2 ** min(lane.failures - FAILURES_TO_OPEN, 10)
        lane.open_until = now + timedelta(seconds=min(doubled, OPEN_CAP_SECONDS))
        incidents.opened(backend, now, lane.last_error)
    lane.save()
