"""What consolidation does by the clock."""

from celery import shared_task

from services.consolidation import flows


@shared_task(name="consolidation.take_reading")
def take_reading() -> None:
    """Bring today's line up to date. Run twice, the second changes nothing."""
    flows.take_reading()
