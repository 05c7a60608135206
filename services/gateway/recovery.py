"""What time and mishaps leave behind: calls that nobody holds, and calls of which nobody knows what became."""

import time
import uuid
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import connection, transaction
from opentelemetry.trace import SpanKind

from identity import statements
from services import traces
from services.gateway import delivery, events, lanes
from services.gateway.connectors.base import Outcome
from services.gateway.connectors.registry import connectors
from services.gateway.following import following
from services.gateway.models import Attempt, ServiceCall

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
        events.publish(call.pk, call.status)
        logger.warning("call_abandoned", call=call.pk, backend=call.backend.code, status=call.status)
    return freed


_WAITING = """
    SELECT call.id FROM registry_backend backend
    LEFT JOIN gateway_lane lane ON lane.backend_id = backend.id
    CROSS JOIN LATERAL (
        SELECT count(*) AS count FROM gateway_servicecall
        WHERE backend_id = backend.id AND status = 'delivering'
    ) held
    CROSS JOIN LATERAL (
        SELECT id FROM gateway_servicecall
        WHERE backend_id = backend.id AND status = 'accepted' AND due_at <= %s
        ORDER BY priority, accepted_at
        LIMIT greatest(0, CASE WHEN lane.open_until IS NULL THEN backend.max_concurrency ELSE 1 END - held.count)
    ) call"""


def waiting_calls(now: datetime) -> list[uuid.UUID]:
    """Due calls that a free slot of their lane waits for; the doorbell for each is worth ringing.

    Backend by backend, those first where a person waits, so that no backlog of one hides the calls of another.
    """
    return [row[0] for row in statements.rows(_WAITING, [now])]


def settle_in_doubt(call_id: uuid.UUID) -> None:
    """Ask the backend what became of one call; believe `never heard of it` only after it has had time to arrive."""
    now = statements.clock()
    call = (
        ServiceCall.objects.select_related("backend", "version", "function")
        .filter(pk=call_id, status="in_doubt", due_at__lte=now)
        .first()
    )
    if call is None or not call.backend.has_lookup or call.lookup_count >= settings.GATEWAY_MAX_LOOKUPS:
        return
    with following(call, "look-up", kind=SpanKind.CLIENT):
        request, started = delivery.delivery_of(call), statements.clock()
        connection.close()
        clock = time.monotonic()
        outcome = connectors[call.backend.connector].lookup(request)
        traces.note(outcome=outcome.kind)
        _note_lookup(call, outcome, started, int((time.monotonic() - clock) * 1000))


def _note_lookup(call: ServiceCall, outcome: Outcome, started: datetime, duration_ms: int) -> None:
    now = statements.clock()
    with transaction.atomic():
        known = ServiceCall.objects.select_for_update(of=("self",)).filter(pk=call.pk)
        # Settled by a person meanwhile as `not arrived`: the department's own word still saves it from a second filing.
        statuses = ["in_doubt", "accepted"] if outcome.kind == Outcome.ANSWERED else ["in_doubt"]
        locked = known.filter(status__in=statuses).first()
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
    logger.info("lookup_ended", call=locked.pk, backend=call.backend.code, outcome=outcome.kind, status=locked.status)


def _had_time_to_arrive(call: ServiceCall, asked_at: datetime) -> bool:
    """A request cut off on our side may still be on its way on theirs, for as long as it could have taken."""
    last = call.attempts.filter(kind=Attempt.Kind.SEND).order_by("-started_at").first()
    if last is None:
        return True
    ended = last.started_at + timedelta(milliseconds=last.duration_ms)
    return asked_at >= ended + timedelta(seconds=min(call.backend.timeout_seconds, 5))
