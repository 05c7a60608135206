"""Chores of the forms."""

import structlog
from celery import shared_task
from django.utils import timezone

from services.forms import flows

logger = structlog.get_logger(__name__)


@shared_task(name="forms.forget_drafts")
def forget_drafts() -> None:
    """Forget what nobody has touched for 30 days. Safe to run twice: the second finds nothing."""
    drafts, files = flows.forget(before=timezone.now() - flows.KEEP)
    if drafts or files:
        logger.info("forms_forgotten", drafts=drafts, files=files)
