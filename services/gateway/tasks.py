"""The gateway's tasks. Each may run twice or not at all: the database decides what there is to do."""

import uuid
from datetime import timedelta
from typing import Any

import structlog
from celery import shared_task
from django.core.cache import cache
from django.db import connection, transaction
from django.utils import timezone
from kombu.exceptions import OperationalError

from identity import statements
from services import traces
from services.gateway import batches, carriers, delivery, digest, doorbell, events, incidents, recovery, retention
from services.gateway.connectors.base import BatchConnector, News
from services.gateway.connectors.registry import connectors
from services.gateway.errors import ExchangeFailed
from services.gateway.models import Attempt, Batch, Lane, ServiceCall
from services.registry.models import Backend

logger = structlog.get_logger(__name__)
IN_DOUBT_LIMIT = 200  # look-ups begun in one round
POLL_SECONDS = 300  # from one look for answers to the next, unless a backend says otherwise
POLL_QUIET = 12  # so many times rarer where no answer is awaited


def ring_look_up(call_id: uuid.UUID) -> None:
    """Ask a worker what became of a call in doubt; if the broker does not answer, the next round does."""
    try:
        look_up.delay(str(call_id))
    except OperationalError as error:
        logger.warning("doorbell_broken", call=call_id, error=type(error).__name__)


@shared_task(name=doorbell.TASK)
def deliver_waiting() -> None:
    """Take calls off the list until none is left, and hand each to a thread. Run twice, the two share the list.

    Waits while every thread carries a call: what it has not taken, another worker may.
    """
    while carriers.carry_some():
        pass


@shared_task(name="gateway.sweep")
def sweep() -> None:
    """Find calls that nobody holds and ring for them; two sweepers at once do no harm."""
    now = statements.clock()
    recovery.free_abandoned(now)
    doorbell.ring_again(recovery.waiting_calls(now))


@shared_task(name="gateway.settle_in_doubt")
def settle_in_doubt() -> None:
    """Begin the look-ups that are due, each in a task of its own so that a slow backend delays only its own."""
    due = ServiceCall.objects.filter(status="in_doubt", due_at__lte=statements.clock(), backend__has_lookup=True)
    for call_id in due.order_by("due_at").values_list("pk", flat=True)[:IN_DOUBT_LIMIT]:
        look_up.delay(str(call_id))


@shared_task(name="gateway.look_up")
def look_up(call_id: str) -> None:
    """Ask what became of one call in doubt. Run twice, it only asks twice."""
    recovery.settle_in_doubt(uuid.UUID(call_id))


@shared_task(name="gateway.probe_backends")
def probe_backends() -> None:
    """Ask the backends in trouble, and any not heard of for ten minutes, whether they are up."""
    now = timezone.now()
    for backend in Backend.objects.filter(connector__in=connectors).select_related("lane"):
        lane = getattr(backend, "lane", None)
        heard = [moment for moment in (lane and lane.last_success_at, lane and lane.probed_at) if moment]
        in_trouble = lane is not None and (lane.failures > 0 or lane.probe_ok is False)
        if in_trouble or not heard or (now - max(heard)).total_seconds() > 600:
            probe_backend.delay(backend.pk)


@shared_task(name="gateway.probe_backend")
def probe_backend(backend_id: int) -> None:
    """Ask one backend whether it is up, and note it. A healthy answer closes nothing: only a delivered call does."""
    backend = Backend.objects.get(pk=backend_id)
    connection.close()
    found = connectors[backend.connector].probe(backend)
    Lane.objects.update_or_create(backend=backend, defaults={"probed_at": timezone.now(), "probe_ok": found.is_up})


@shared_task(name="gateway.pulse")
def pulse() -> None:
    """Note that the portal lives; a long silence before it becomes an incident. Run twice, the second notes less."""
    if incidents.beat(timezone.now()):
        logger.error("portal_was_silent")


@shared_task(name="gateway.send_digest", autoretry_for=(OSError,), retry_backoff=60, max_retries=5)
def send_digest() -> None:
    """Mail what failed yesterday. Run twice, each letter leaves once."""
    digest.send(timezone.localdate() - timedelta(days=1))


@shared_task(name="gateway.blank_ended")
def blank_ended() -> None:
    """Delete what was sent with calls whose time is over. Safe to run twice: the second finds nothing."""
    if count := retention.blank_due(timezone.now()):
        logger.info("calls_blanked", count=count)


@shared_task(name="gateway.exchange_batches")
def exchange_batches() -> None:
    """Begin the exchanges that are due: a batch has to leave, or it is time to look for answers."""
    now = statements.clock()
    keys = [key for key, connector in connectors.items() if isinstance(connector, BatchConnector)]
    awaited = set(Batch.objects.filter(state=Batch.State.SENT).values_list("backend_id", flat=True))
    used = set(Batch.objects.values_list("backend_id", flat=True).distinct().order_by())
    for backend in Backend.objects.filter(connector__in=keys):
        seconds = backend.settings.get("poll_seconds", POLL_SECONDS)
        looks = [(backend.pk in awaited, "awaited", seconds), (backend.pk in used, "used", seconds * POLL_QUIET)]
        is_time = [cache.add(f"batch-look:{name}:{backend.pk}", 1, wait) for is_so, name, wait in looks if is_so]
        if any(is_time) or batches.is_due(backend, now):
            exchange_batch.delay(backend.pk)


@shared_task(name="gateway.exchange_batch")
def exchange_batch(backend_id: int) -> None:
    """Exchange files with one backend. Of two at once, one does nothing; cut off anywhere, the next goes on."""
    now, backend = statements.clock(), Backend.objects.get(pk=backend_id)
    connector = connectors[backend.connector]
    assert isinstance(connector, BatchConnector)
    traces.note(backend=backend.code, connector=backend.connector)
    with batches.alone(backend) as is_alone:
        if not is_alone or backend.opens_at(now) > now:
            return
        failure = ""
        try:
            for news in connector.exchange(backend, now):
                _write_down(backend, news)
        except ExchangeFailed as error:
            failure = str(error)[:300]
            logger.warning("exchange_failed", backend=backend.code, reason=failure)
        traces.note(outcome="failed" if failure else "exchanged")
        heard: dict[str, Any] = {"probed_at": timezone.now(), "probe_ok": not failure}
        if failure:
            heard |= {"last_failure_at": timezone.now(), "last_error": failure}
        Lane.objects.update_or_create(backend=backend, defaults=heard)


def _write_down(backend: Backend, news: News) -> None:
    """What a batch exchange learned of one call. A call that is settled stays as it is."""
    now, outcome = statements.clock(), news.outcome
    with transaction.atomic():
        locked = ServiceCall.objects.select_for_update(of=("self",)).defer("payload", "answer")
        call = locked.filter(receipt=news.receipt).first()
        if call is None or batches.is_settled(call):
            return
        call.backend = backend
        number = 1 if news.kind == Attempt.Kind.BATCH else call.attempts.filter(kind=news.kind).count() + 1
        delivery.record(call, news.kind, number, outcome, now, 0)
        delivery.settle(call, outcome, now)
    events.publish(call.pk, call.status)
