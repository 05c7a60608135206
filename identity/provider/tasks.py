"""Chores of the provider. Each may run twice, or late."""

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from identity.provider import keys
from identity.provider.models import (
    AccessToken,
    AuthorizationCode,
    DeviceCode,
    PushedRequest,
    RefreshToken,
    TokenFamily,
    UsedAssertion,
)

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
