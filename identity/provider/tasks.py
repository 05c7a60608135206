"""Chores of the provider. Each may run twice, or late."""

from datetime import timedelta
from uuid import UUID

from celery import shared_task
from django.utils import timezone
from kombu.exceptions import OperationalError

from identity.provider import back_channel, keys
from identity.provider.models import (
    AccessToken,
    AuthorizationCode,
    DeviceCode,
    PushedRequest,
    RefreshToken,
    TokenFamily,
    UsedAssertion,
)
from identity.security import logger

KEPT = timedelta(days=1)  # so long a spent code or token is known, and its second use found out
UNUSED = timedelta(days=90)  # a family without any token of its own


@shared_task(name="provider.rotate_signing_keys")
def rotate_signing_keys() -> None:
    """Make the next keys in time; nothing happens while none is due."""
    keys.rotate()


@shared_task(name="provider.forget_expired")
def forget_expired() -> None:
    """Delete what can no longer be used, nor be told apart from what never was."""
    before = timezone.now() - KEPT
    UsedAssertion.objects.filter(expires_at__lt=timezone.now()).delete()
    for model in (AuthorizationCode, AccessToken, RefreshToken, PushedRequest, DeviceCode):
        model.objects.filter(expires_at__lt=before).delete()
    empty = TokenFamily.objects.filter(codes=None, access_tokens=None, refresh_tokens=None)
    empty.filter(created_at__lt=timezone.now() - UNUSED).delete()


def ring(delivery_id: UUID) -> None:
    """Ask a worker to tell a department now; if the broker does not answer, the sweeper finds it within seconds."""
    try:
        deliver_logout.delay(str(delivery_id))
    except OperationalError as error:
        logger.warning("doorbell_broken", error=type(error).__name__)


@shared_task(name="provider.deliver_logout", soft_time_limit=60)
def deliver_logout(delivery_id: str) -> None:
    """Tell one department that somebody signed out, if it is due. Run twice, the second finds nothing to do."""
    back_channel.deliver(UUID(delivery_id))


@shared_task(name="provider.sweep_logouts")
def sweep_logouts() -> None:
    """Find log-outs that are due to be told and ring for them; two sweepers at once do no harm."""
    for delivery_id in back_channel.waiting(timezone.now()):
        ring(delivery_id)
