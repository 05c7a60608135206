"""One delivery: claim a call, carry it, finish it. Each step stands alone, so a worker may die between any two.

Claim and finish are short transactions; while the department is thinking, no database connection is held.
"""

import base64
import hashlib
import math
import random
import time
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone
from opentelemetry.trace import SpanKind

from identity import statements
from services import traces
from services.forms.files import read
from services.forms.models import StoredFile
from services.gateway import acting, doorbell, events, figures, incidents, lanes, rows, signed
from services.gateway.connectors.base import Delivery, Outcome, leaving_by
from services.gateway.connectors.registry import connectors
from services.gateway.following import following
from services.gateway.models import Attempt, Lane, ServiceCall
from services.registry.models import Backend, FunctionVersion

logger = structlog.get_logger(__name__)
LEASE_MARGIN_SECONDS = 15.0


@dataclass(frozen=True)
class Claim:
    """A call that this worker, and no other, may deliver until the lease runs out."""

    call: ServiceCall
    lease: uuid.UUID
    fills_lane: bool
    leaves_by: float = math.inf  # of time.monotonic(); after that it may be another worker's
    moment: datetime | None = None  # when it was taken, by the database's clock, which all share
    clock: float = field(default_factory=time.monotonic)  # and by this process's, which nobody sets

    def now(self) -> datetime:
        """The database's time. A step of this machine's wall clock, even while the call is out, changes nothing."""
        moment = self.moment or timezone.now()
        return moment + timedelta(seconds=time.monotonic() - self.clock)


def claim(calls: Sequence[uuid.UUID], now: datetime | None = None) -> list[Claim]:
    """Take those of the calls that are due and that their lanes admit; put the others off, with the reason.

    One transaction for all of them, because it costs as much as one for a single call.
    """
    clock = time.monotonic()
    with transaction.atomic():
        now, locked = rows.lock(calls, now)
        admitted, refused = _admitted(locked, now)
        taken = rows.take(admitted, now) if admitted else {}
        for call, admission in refused:
            _turn_back(call, admission.trouble or "crowded", admission.until or call.due_at)
        for each in admitted:
            if each.call.pk not in taken:
                _turn_back(each.call, "crowded", each.call.due_at)
    return [_claim(each, taken[each.call.pk], now, clock) for each in admitted if each.call.pk in taken]


def _admitted(
    locked: Iterable[tuple[ServiceCall, Lane]], now: datetime
) -> tuple[list[rows.Wanted], list[tuple[ServiceCall, lanes.Admission]]]:
    """Those that may leave if there is a slot, and those that may not, each with what their lane said."""
    admitted, refused = [], []
    for call, lane in locked:
        admission = lanes.admit(call, lane, now)
        if admission.free_at:
            lane.free_at = admission.free_at
            Lane.objects.filter(pk=lane.pk).update(free_at=lane.free_at)
        if admission.is_open:
            admitted.append(rows.Wanted(call, admission.slots, uuid.uuid4(), now + _lease_lasts(call.backend)))
        else:
            refused.append((call, admission))
    return admitted, refused


def _turn_back(call: ServiceCall, trouble: str, due_at: datetime) -> None:
    ServiceCall.objects.filter(pk=call.pk).update(trouble=trouble, due_at=due_at)


def _claim(wanted: rows.Wanted, taken: int, now: datetime, clock: float) -> Claim:
    call = wanted.call
    call.attempt_count += 1
    call.status, call.lease, call.lease_until = "delivering", wanted.lease, wanted.lease_until
    leaves_by = clock + _lease_lasts(call.backend).total_seconds()
    return Claim(call, wanted.lease, taken >= wanted.slots, leaves_by, now, clock)


def _lease_lasts(backend: Backend) -> timedelta:
    """Twice the time-out, because a slow reader may use it twice (connectors/http.py)."""
    return timedelta(seconds=2 * backend.timeout_seconds + LEASE_MARGIN_SECONDS)


def deliver(claimed: Claim) -> None:
    """Carry a call that is ours, and finish it; then ring for one behind it if its lane was full."""
    with following(claimed.call, "deliver"):
        outcome, duration_ms = carry(claimed.call, leaves_by=claimed.leaves_by)
        with traces.span("finish", outcome=outcome.kind):
            finish(claimed, outcome, duration_ms=duration_ms)
    if claimed.fills_lane:
        behind = ServiceCall.objects.due(statements.clock()).filter(backend=claimed.call.backend).first()
        if behind is not None:
            doorbell.ring(behind.pk)


def carry(call: ServiceCall, *, leaves_by: float = math.inf) -> tuple[Outcome, int]:
    """Send the call, if it can leave before that moment of time.monotonic(). Holds no connection meanwhile.

    Returns the outcome, and how many milliseconds it took.
    """
    with following(call, "exchange", kind=SpanKind.CLIENT), leaving_by(leaves_by):
        outcome, duration_ms = _exchange(call)
        traces.note(outcome=outcome.kind)
    return outcome, duration_ms


def _exchange(call: ServiceCall) -> tuple[Outcome, int]:
    delivery = delivery_of(call)
    connection.close()
    clock = time.monotonic()
    try:
        outcome = connectors[call.backend.connector].send(delivery)
    except Exception as error:  # a connector's bug must not leave the call hanging until its lease runs out
        logger.exception("connector_broke", backend=call.backend.code, call=call.pk)
        outcome = Outcome(Outcome.AMBIGUOUS, detail=f"connector: {type(error).__name__}")
    return outcome, int((time.monotonic() - clock) * 1000)


def delivery_of(call: ServiceCall) -> Delivery:
    """The call as its connector sees it, with the files' contents."""
    named = call.payload["files"]
    files = {str(file.pk): _content(file) for file in StoredFile.objects.filter(pk__in=named)} if named else {}
    return Delivery(
        backend=call.backend,
        receipt=call.receipt,
        function=call.function.code,
        request_map=call.version.request_map,
        answer_map=call.version.answer_map,
        context={
            "form": call.payload["form"],
            "files": {key: {**about, **files.get(key, {})} for key, about in named.items()},
            "receipt": call.receipt,
            "function": call.function.code,
            "submitted_at": call.accepted_at.isoformat(timespec="seconds"),
            "language": call.language,
            "actor": acting.described(call) if call.mandate_id else None,
            "signature": signed.described(call),
        },
        traceparent=traces.current_header() or call.traceparent,
    )


def preview(version: FunctionVersion, form: dict[str, Any], actor: dict[str, Any] | None = None) -> Delivery:
    """A delivery of what has not been accepted yet, to see whether it fits; with a sample of a receipt.

    `actor` as acting.of_mandate has it, for one that is made under a mandate.
    """
    return Delivery(
        backend=version.backend,
        receipt="FRY-0000-0000-0000",
        function=version.function.code,
        request_map=version.request_map,
        answer_map=version.answer_map,
        context={
            "form": form,
            "files": {},
            "receipt": "FRY-0000-0000-0000",
            "function": version.function.code,
            "submitted_at": timezone.now().isoformat(timespec="seconds"),
            "language": "en",
            "actor": actor,
            "signature": None,
        },
    )


def _content(file: StoredFile) -> dict[str, str]:
    return {"content": base64.b64encode(read(file)).decode()}


def finish(claimed: Claim, outcome: Outcome, *, duration_ms: int) -> None:
    """Write down how it ended. The department's own word always counts; anything else only while the lease is ours."""
    now, call = claimed.now(), claimed.call
    started = now - timedelta(milliseconds=duration_ms)
    attempt = _attempt(call, Attempt.Kind.SEND, call.attempt_count, outcome, started, duration_ms)
    if outcome.kind == Outcome.ANSWERED:
        understand(call, outcome, now)
        settled = rows.settle(call, attempt, stale_before=now - lanes.SUCCESS_KEPT, now=now)
        is_news = settled.is_news
        if settled.breaker_was:
            incidents.closed(call.backend, now)
        if is_news:
            figures.observe_end(call)
    else:
        call, is_news = _without_answer(claimed, attempt, outcome, now)
    figures.observe_attempt(call.backend.code, attempt.kind, outcome.kind, duration_ms / 1000)
    if is_news:
        events.publish(call.pk, call.status)
    logger.info(
        "attempt_ended", call=call.pk, backend=call.backend.code, attempt=attempt.number, outcome=outcome.kind,
        ms=duration_ms, status=call.status,
    )  # fmt: skip


@transaction.atomic
def _without_answer(claimed: Claim, attempt: Attempt, outcome: Outcome, now: datetime) -> tuple[ServiceCall, bool]:
    """The call as it stands now, and whether it was still ours to change."""
    attempt.save()
    call = ServiceCall.objects.select_for_update(of=("self",)).defer("payload").get(pk=claimed.call.pk)
    call.backend = claimed.call.backend
    is_ours = call.lease == claimed.lease
    if is_ours:
        put_off(call, outcome, now)
    lanes.note(call.backend, outcome, now)
    return call, is_ours


def record(call: ServiceCall, kind: str, number: int, outcome: Outcome, started: datetime, duration_ms: int) -> Attempt:
    """Write the attempt's line, and count it once the caller's transaction stands."""
    attempt = _attempt(call, kind, number, outcome, started, duration_ms)
    attempt.save(force_insert=True)
    counted = partial(figures.observe_attempt, call.backend.code, kind, outcome.kind, duration_ms / 1000)
    transaction.on_commit(counted)
    return attempt


def _attempt(
    call: ServiceCall, kind: str, number: int, outcome: Outcome, started: datetime, duration_ms: int
) -> Attempt:
    exchange = outcome.exchange
    return Attempt(
        call_id=call.pk, backend_id=call.backend_id, kind=kind, number=number, started_at=started,
        duration_ms=duration_ms, outcome=outcome.kind, detail=outcome.detail[:300],
        sent_sha256=exchange.get("sent_sha256") or _print_of(exchange.get("sent")),
        received_sha256=exchange.get("received_sha256") or _print_of(exchange.get("received")),
    )  # fmt: skip


def _print_of(text: str | bytes | None) -> str:
    """SHA-256 of what went over the wire, in hexadecimal; empty where nothing did."""
    if not text:
        return ""
    return hashlib.sha256(text if isinstance(text, bytes) else text.encode()).hexdigest()


def understand(call: ServiceCall, outcome: Outcome, now: datetime) -> None:
    """Set the call to what the department said: done, refused, or `the answer comes later`. Saves nothing."""
    assert outcome.reading is not None
    call.status = outcome.reading.outcome
    is_waiting = outcome.reading.outcome == "waiting"  # without a rule: for a batch that has yet to leave or come back
    has_spoken = outcome.reading.rule >= 0 or not is_waiting
    call.answer = {"rule": outcome.reading.rule, "values": outcome.reading.values} if has_spoken else None
    call.finished_at = now if call.is_final else None
    call.due_at = outcome.expected_at or call.due_at
    call.trouble = outcome.trouble


def settle(call: ServiceCall, outcome: Outcome, now: datetime) -> None:
    """`understand`, and save it: for a call that the caller has locked."""
    understand(call, outcome, now)
    _let_go(call, trouble=call.trouble)


def put_off(call: ServiceCall, outcome: Outcome, now: datetime) -> None:
    """No answer. Try again, find out what happened, or give it to a human: whichever cannot file it twice."""
    is_last_try = outcome.kind == Outcome.UNSENDABLE or call.attempt_count >= settings.GATEWAY_MAX_ATTEMPTS
    if _may_be_filed(call, outcome, is_last_try=is_last_try):
        call.status = ServiceCall.Status.IN_DOUBT
        call.due_at = now + timedelta(seconds=_backoff(call.lookup_count))
    elif is_last_try:
        call.status = ServiceCall.Status.FAILED
        call.finished_at = now
    else:
        call.status = ServiceCall.Status.ACCEPTED
        wait = outcome.retry_after_seconds or _backoff(call.attempt_count - 1)
        call.due_at = now + timedelta(seconds=min(wait, settings.GATEWAY_RETRY_CAP_SECONDS))
    _let_go(call, trouble=outcome.kind)


def _may_be_filed(call: ServiceCall, outcome: Outcome, *, is_last_try: bool) -> bool:
    """Whether the department has to be asked before anything else happens to the call.

    A backend that files a receipt once is simply sent it again; but when no try is left, `not delivered` would be a
    guess if any earlier one may have arrived.
    """
    if not call.backend.is_idempotent:
        return outcome.kind == Outcome.AMBIGUOUS
    if not is_last_try:
        return False
    doubts = call.attempts.filter(outcome=Outcome.AMBIGUOUS, kind=Attempt.Kind.SEND)
    known = call.attempts.filter(outcome=Outcome.UNKNOWN_RECEIPT).order_by("-started_at").first()
    return (doubts.filter(started_at__gt=known.started_at) if known else doubts).exists()


def _backoff(tries: int) -> float:
    """Seconds: doubling from the first, capped, and spread over the upper half so that calls do not return in step."""
    ceiling = min(settings.GATEWAY_RETRY_FIRST_SECONDS * 2**tries, settings.GATEWAY_RETRY_CAP_SECONDS)
    return random.uniform(ceiling / 2, ceiling)  # noqa: S311  # spread, not secrecy


def _let_go(call: ServiceCall, *, trouble: str) -> None:
    call.lease = call.lease_until = None
    call.trouble = trouble
    fields: list[Any] = ["status", "answer", "finished_at", "due_at", "lease", "lease_until", "trouble"]
    call.save(update_fields=fields)
    transaction.on_commit(partial(figures.observe_end, call))
