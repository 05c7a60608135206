"""What is done for the upstream identity beside the requests of people."""

from datetime import timedelta

import structlog
from celery import shared_task
from django.utils import timezone
from kombu.exceptions import OperationalError

from identity.upstream import client
from identity.upstream.errors import Unreachable
from identity.upstream.models import SeenNonce, Transaction
from identity.upstream.wire import signed

KEPT = timedelta(days=30)  # of what was asked and answered; signatures are kept by whoever asked for them
NONCES_KEPT = 2 * signed.WINDOW
logger = structlog.get_logger(__name__)


def ring_acknowledge(key: str) -> None:
    """Ask a worker to do it. Without a broker the provider does not hear that its answer arrived, which is all."""
    try:
        acknowledge.delay(key)
    except OperationalError:
        logger.warning("doorbell_broken", task="upstream.acknowledge")


@shared_task(
    name="upstream.acknowledge", autoretry_for=(Unreachable,), retry_backoff=True, retry_backoff_max=600, max_retries=6
)
def acknowledge(key: str) -> None:
    """Tell the provider that a signature arrived. Safe to run twice: it only hears so again."""
    transaction = Transaction.objects.get(pk=key)
    client.call(
        "/account/signing/ackResult", {"businessID": str(transaction.pk), "openID": transaction.asked["open_id"]}
    )


@shared_task(name="upstream.forget")
def forget() -> None:
    """Delete nonces that no longer protect anything, and transactions that nobody needs. Safe to run twice."""
    now = timezone.now()
    SeenNonce.objects.filter(seen_at__lt=now - NONCES_KEPT).delete()
    Transaction.objects.filter(expires_at__lt=now - KEPT).delete()
