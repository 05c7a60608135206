"""What the registry does by the clock."""

from celery import shared_task
from django.utils import timezone

from services.registry import flows


@shared_task(name="registry.end_suspensions")
def end_suspensions() -> None:
    """Open again what was suspended until now."""
    flows.end_suspensions(timezone.now())
