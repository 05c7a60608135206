"""Housekeeping of signing in."""

from datetime import timedelta

from celery import shared_task

from identity.accounts import attempts
from identity.accounts.models import SignInTicket
from identity.statements import clock

KEPT = timedelta(days=2)  # longer than any counter counts and any ticket lives


@shared_task(name="accounts.forget")
def forget() -> None:
    """Delete counters and tickets of the day before yesterday. Safe to run twice: then there are none."""
    before = clock() - KEPT
    attempts.forget(before)
    SignInTicket.objects.filter(created_at__lt=before).delete()
