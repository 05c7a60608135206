"""What the registry does by the clock."""

from celery import shared_task
from django.utils import timezone

from services.registry import client_trials, flows


@shared_task(name="registry.end_suspensions")
def end_suspensions() -> None:
    """Open again what was suspended until now."""
    flows.end_suspensions(timezone.now())


@shared_task(name="registry.end_trials")
def end_trials() -> None:
    """Take away the copies of test log-ins that nobody came back from. Run twice, the second finds none."""
    client_trials.sweep(timezone.now())
