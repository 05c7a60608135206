"""What a department sends by itself: how it goes with a call, and the answer when it comes later.

A message counts once: its id is kept in the transaction that changes the call.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from django.db import transaction
from django.utils import timezone

from services.gateway import delivery, events, figures, mapping, receipts, webhook_signature
from services.gateway.connectors.base import Outcome
from services.gateway.errors import NotDelivered, NotSigned, NotUnderstood, UnknownReceipt
from services.gateway.models import Attempt, HookEvent, ServiceCall
from services.languages import CODES
from services.registry.models import Backend

logger = structlog.get_logger(__name__)
MAX_BYTES = 256 * 1024
MAX_WORDS = 300  # characters of a line of progress, in each language
MAX_LINES = 50  # of progress, of one call
UNCHANGED = "unchanged"
PROGRESS = "progress"


@dataclass(frozen=True)
class Envelope:
    """A message as it came over the wire, with the headers of Standard Webhooks."""

    message_id: str
    timestamp: str
    signatures: str
    body: bytes


def sender(code: str, envelope: Envelope, now: datetime | None = None) -> Backend:
    """The backend that signed the message. Raises NotSigned, the same for whatever is wrong."""
    backend: Backend | None = Backend.objects.filter(code=code).first()
    name = backend.settings.get("webhook_secret", "") if backend else ""
    is_genuine = webhook_signature.is_genuine(
        webhook_signature.keys_of(os.environ.get(name, "")) if name else [],
        message_id=envelope.message_id,
        timestamp=envelope.timestamp,
        signatures=envelope.signatures,
        body=envelope.body,
        now=now or timezone.now(),
    )
    if backend is None or not is_genuine:
        raise NotSigned("the message is not signed by this backend")
    return backend


def take(backend: Backend, message_id: str, message: Any, body: bytes) -> str:
    """Let a genuine message change its call; what it changed: `progress`, the call's new status, or `unchanged`.

    `message` is the decoded `body`. The same id again changes nothing. Raises NotUnderstood, UnknownReceipt (also for
    another backend's call) or NotDelivered; after those the same id may be sent again.
    """
    kind, receipt, content = _parts(message)
    with transaction.atomic():
        # The id first: the same one at the same moment waits here, and then finds it taken.
        event, is_new = HookEvent.objects.get_or_create(
            backend=backend, event_id=message_id, defaults={"outcome": UNCHANGED}
        )
        if not is_new:
            return UNCHANGED
        event.call = call = _locked(backend, receipt)
        if kind == PROGRESS:
            _note_progress(call, event, content)
        else:
            _take_answer(call, event, content, body)
        event.save(update_fields=["call", "outcome", "words"])
    if event.outcome == call.status:
        figures.observe_attempt(backend.code, Attempt.Kind.ANSWER, Outcome.ANSWERED, 0)
        figures.observe_end(call)
    if event.outcome != UNCHANGED:
        events.publish(call.pk, call.status)
    logger.info("hook_taken", backend=backend.code, call=call.pk, kind=kind, outcome=event.outcome)
    return event.outcome


def _parts(message: Any) -> tuple[str, str, Any]:
    if not isinstance(message, dict):
        raise NotUnderstood("send an object with receipt, kind and body")
    kind, receipt = message.get("kind"), message.get("receipt")
    if kind not in {PROGRESS, "answer"}:
        raise NotUnderstood("kind must be progress or answer")
    if not isinstance(receipt, str) or len(receipt) > 100:
        raise NotUnderstood("receipt must be the number that came with the call")
    return kind, receipt, message.get("body")


def _locked(backend: Backend, receipt: str) -> ServiceCall:
    number = receipts.normalise(receipt)
    calls = ServiceCall.objects.select_for_update(of=("self",)).select_related("version").defer("payload")
    call = calls.filter(backend=backend, receipt=number).first() if number else None
    if call is None:
        raise UnknownReceipt("no call with this receipt went to this backend")
    is_sent = call.status != ServiceCall.Status.ACCEPTED or call.attempts.exists()
    if not is_sent:
        raise NotDelivered("the call has not been sent to this backend yet")
    call.backend = backend
    return call


# --- Progress -------------------------------------------------------------------------------------
def _note_progress(call: ServiceCall, event: HookEvent, content: Any) -> None:
    words = _words(content)
    is_over = call.is_final or call.hook_events.filter(outcome=PROGRESS).count() >= MAX_LINES
    if not is_over:
        event.words, event.outcome = words, PROGRESS


def _words(content: Any) -> dict[str, str]:
    """One line in the three languages. Raises NotUnderstood for anything else."""
    if not isinstance(content, Mapping) or set(content) != set(CODES):
        raise NotUnderstood(f"the body of progress has its text in {', '.join(CODES)}")
    words = {code: " ".join(text.split()) if isinstance(text := content[code], str) else "" for code in CODES}
    for code, text in words.items():
        if not 0 < len(text) <= MAX_WORDS or not text.isprintable():
            raise NotUnderstood(f"{code}: 1 to {MAX_WORDS} characters of plain text")
    return words


# --- The answer -----------------------------------------------------------------------------------
def _take_answer(call: ServiceCall, event: HookEvent, content: Any, body: bytes) -> None:
    reading = mapping.read(call.version.answer_map, mapping.Reply(200, content))
    if reading is None or reading.outcome == "retry":
        logger.warning("hook_not_understood", backend=call.backend.code, call=call.pk)
        raise NotUnderstood("no rule of the function's answer map fits this body")
    is_given_up = call.status == ServiceCall.Status.FAILED and call.closed_at is None
    if call.is_final and not is_given_up:
        return
    now = timezone.now()
    outcome = Outcome(Outcome.ANSWERED, reading, "webhook", exchange={"received": body})
    number = call.attempts.filter(kind=Attempt.Kind.ANSWER).count() + 1
    delivery.record(call, Attempt.Kind.ANSWER, number, outcome, now, 0)
    delivery.settle(call, outcome, now)
    event.outcome = call.status
