"""The front door: settings, pages, officer's desk, operations and API."""

from portal.celery import app as celery_app

__all__ = ["celery_app"]
