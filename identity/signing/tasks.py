"""What is done for signatures beside the requests of people."""

from celery import shared_task
from django.utils import timezone

from identity.signing import flows


@shared_task(name="signing.forget")
def forget() -> int:
    """Delete what nobody signed or used in time. Safe to run twice."""
    return flows.forget(timezone.now())
