"""The Celery app: two queues, `calls` for deliveries and `chores` for everything else."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

app = Celery("ferry")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.imports = ["portal.health", "portal.watch.correlation"]  # their pulses and ids are Celery's signals
app.autodiscover_tasks()
