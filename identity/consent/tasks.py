"""What the disclosure log does by the clock."""

from datetime import UTC, datetime

import structlog
from celery import shared_task

from identity.consent import checkpoints
from identity.consent.errors import NoDisclosureKey

logger = structlog.get_logger(__name__)


@shared_task(name="consent.take_checkpoint")
def take_checkpoint() -> None:
    """Seal the day. Safe to run twice: the second time there is one of today."""
    now = datetime.now(UTC)
    if not checkpoints.is_due(now):
        return
    try:
        taken = checkpoints.take(now)
    except NoDisclosureKey:
        logger.error("disclosures_not_sealed")
        return
    logger.info("disclosures_sealed", number=taken.number, count=taken.entries)
