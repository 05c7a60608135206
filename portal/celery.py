"""The Celery app: two queues, `calls` for deliveries and `chores` for everything else."""

import os

from celery import Celery
from celery.signals import setup_logging

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

app = Celery("ferry")
app.config_from_object("django.conf:settings", namespace="CELERY")
# What these do begins with Celery's signals.
app.conf.imports = ["portal.health", "portal.watch.correlation", "portal.watch.tracing"]
app.autodiscover_tasks()


@setup_logging.connect
def _leave_the_log_alone(**_: object) -> None:
    """Celery would set its own level and shape; Django has set ours."""
