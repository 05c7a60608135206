"""What happens to a person's data by the clock. Each may run twice: the database decides what there is to do."""

import uuid
from datetime import timedelta

import structlog
from celery import shared_task
from django.utils import timezone
from kombu.exceptions import OperationalError

from identity.profile import ending, exporting
from identity.profile.models import DataExport

logger = structlog.get_logger(__name__)


def ring(asked: DataExport) -> None:
    """Ask a worker to make it; if the broker does not answer, the next round does."""
    try:
        make_export.delay(str(asked.pk))
    except OperationalError as error:
        logger.warning("doorbell_broken", kind="export", error=type(error).__name__)


@shared_task(name="profile.make_export")
def make_export(key: str) -> None:
    """Make one that was asked for."""
    asked = DataExport.objects.filter(pk=uuid.UUID(key), made_at=None).select_related("person").first()
    if asked is not None:
        exporting.make(asked)


@shared_task(name="profile.tidy_exports")
def tidy_exports() -> None:
    """Delete those whose day is over, and ring for those that nobody made."""
    exporting.forget(timezone.now())
    forgotten = DataExport.objects.filter(made_at=None, asked_at__lte=timezone.now() - timedelta(minutes=2))
    for key in forgotten.values_list("pk", flat=True)[:20]:
        make_export.delay(str(key))


@shared_task(name="profile.close_accounts")
def close_accounts() -> None:
    """Delete the accounts whose week of thought is over."""
    while ending.carry_out_due(timezone.now()) == ending.BATCH:
        pass
