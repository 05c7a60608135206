"""What time and mishaps leave behind: calls that nobody holds, and calls of which nobody knows what became."""

import time
import uuid
from collections import Counter
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Count
from django.utils import timezone
from opentelemetry.trace import SpanKind

from services import traces
from services.gateway import delivery, events, figures, lanes
from services.gateway.connectors.base import Outcome
from services.gateway.connectors.registry import connectors
from services.gateway.following import following
from services.gateway.models import Attempt, ServiceCall
from services.registry.models import Backend

logger = structlog.get_logger(__name__)
SWEEP_LIMIT = 1000  # calls looked at in one sweep


def free_abandoned(now: datetime) -> int:
    """Take calls back from workers whose lease ran out: they may have arrived, so only some may be sent again."""
    expired = ServiceCall.objects.filter(status="delivering", lease_until__lte=now).values_list("pk", flat=True)
    freed = 0
    for call_id in list(expired[:SWEEP_LIMIT]):
        with transaction.atomic():
            call = (
                ServiceCall.objects.select_for_update(of=("self",), skip_locked=True)
                .select_related("backend")
                .filter(pk=call_id, status="delivering", lease_until__lte=now)
                .first()
            )
            if call is None:  # another sweeper, or the worker woke up
                continue
            outcome = Outcome(Outcome.AMBIGUOUS, detail="the worker did not come back")
            delivery.record(call, Attempt.Kind.SEND, call.attempt_count, outcome, now, 0)
            delivery.put_off(call, outcome, now)
        freed += 1
        figures.observe_end(call)
        events.publish(call.pk, call.status)
        logger.warning("call_abandoned", call=call.pk, backend=call.backend.code, status=call.status)
    return freed


def waiting_calls(now: datetime) -> list[uuid.UUID]:
    """Due calls that a free slot of their lane waits for, oldest first; the doorbell for each is worth ringing."""
    due = list(ServiceCall.objects.due(now).values_list("pk", "backend_id")[:SWEEP_LIMIT])
    if not due:
        return []
    slots: Counter[int] = Counter()
    backends = Backend.objects.filter(pk__in={backend for _, backend in due}).select_related("lane")
    for backend in backends:
        is_healthy = not hasattr(backend, "lane") or backend.lane.breaker(now) == "closed"
        slots[backend.pk] = backend.max_concurrency if is_healthy else 1
    in_flight = ServiceCall.objects.filter(status="delivering", backend__in=slots).values_list("backend")
    slots.subtract(dict(in_flight.annotate(Count("pk"))))
    chosen = []
    for call_id, backend_id in due:
        if slots[backend_id] > 0:
            slots[backend_id] -= 1
            chosen.append(call_id)
    return chosen


def settle_in_doubt(call_id: uuid.UUID) -> None:
    """Ask the backend what became of one call; believe `never heard of it` only after it has had time to arrive."""
    now = timezone.now()
    call = (
        ServiceCall.objects.select_related("backend", "version", "function")
        .filter(pk=call_id, status="in_doubt", due_at__lte=now)
        .first()
    )
    if call is None or not call.backend.has_lookup or call.lookup_count >= settings.GATEWAY_MAX_LOOKUPS:
        return
    with following(call, "look-up", kind=SpanKind.CLIENT):
        request = delivery.delivery_of(call)
        connection.close()
        started, clock = timezone.now(), time.monotonic()
        outcome = connectors[call.backend.connector].lookup(request)
        traces.note(outcome=outcome.kind)
        _note_lookup(call, outcome, started, int((time.monotonic() - clock) * 1000))


def _note_lookup(call: ServiceCall, outcome: Outcome, started: datetime, duration_ms: int) -> None:
    now = timezone.now()
    with transaction.atomic():
        locked = ServiceCall.objects.select_for_update(of=("self",)).filter(pk=call.pk, status="in_doubt").first()
        if locked is None:
            return
        locked.backend = call.backend
        locked.lookup_count += 1
        locked.save(update_fields=["lookup_count"])
        delivery.record(locked, Attempt.Kind.LOOKUP, locked.lookup_count, outcome, started, duration_ms)
        if outcome.kind == Outcome.ANSWERED:
            delivery.settle(locked, outcome, now)
        elif outcome.kind == Outcome.UNKNOWN_RECEIPT and _had_time_to_arrive(locked, started):
            delivery.put_off(locked, Outcome(Outcome.UNREACHED, detail="the department never received it"), now)
        else:  # not known yet: stay in doubt and ask again later
            delivery.put_off(locked, Outcome(Outcome.AMBIGUOUS, detail=outcome.detail), now)
        lanes.note(call.backend, outcome, now)
    events.publish(locked.pk, locked.status)
    figures.observe_end(locked)
    figures.observe_attempt(call.backend.code, Attempt.Kind.LOOKUP, outcome.kind, duration_ms / 1000)
    logger.info("lookup_ended", call=locked.pk, backend=call.backend.code, outcome=outcome.kind, status=locked.status)


def _had_time_to_arrive(call: ServiceCall, asked_at: datetime) -> bool:
    """A request cut off on our side may still be on its way on theirs, for as long as it could have taken."""
    last = call.attempts.filter(kind=Attempt.Kind.SEND).order_by("-started_at").first()
    if last is None:
        return True
    ended = last.started_at + timedelta(milliseconds=last.duration_ms)
    return asked_at >= ended + timedelta(seconds=min(call.backend.timeout_seconds, 5))
