"""What Celery beat starts, and when: times of day are Hong Kong's. Each task may run twice."""

from typing import Any

from celery.schedules import crontab

SCHEDULE: dict[str, dict[str, Any]] = {
    "gateway.sweep": {"task": "gateway.sweep", "schedule": 3.0, "options": {"expires": 3}},
    "gateway.settle_in_doubt": {
        "task": "gateway.settle_in_doubt",
        "schedule": 10.0,
        "options": {"expires": 10},
    },
    "gateway.probe_backends": {
        "task": "gateway.probe_backends",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "gateway.exchange_batches": {
        "task": "gateway.exchange_batches",
        "schedule": 5.0,
        "options": {"expires": 5},
    },
    "gateway.pulse": {"task": "gateway.pulse", "schedule": 60.0, "options": {"expires": 60}},
    "consent.take_checkpoint": {"task": "consent.take_checkpoint", "schedule": crontab(minute=30, hour=0)},
    "gateway.send_digest": {"task": "gateway.send_digest", "schedule": crontab(minute=0, hour=7)},
    "profile.tidy_exports": {"task": "profile.tidy_exports", "schedule": 60.0, "options": {"expires": 60}},
    "profile.close_accounts": {"task": "profile.close_accounts", "schedule": crontab(minute=35)},
    "gateway.blank_ended": {"task": "gateway.blank_ended", "schedule": crontab(minute=50, hour=3)},
    "upstream.forget": {"task": "upstream.forget", "schedule": crontab(minute=50)},
    "signing.forget": {"task": "signing.forget", "schedule": crontab(minute=55)},
    "search.index": {"task": "search.index", "schedule": crontab(minute=40, hour=4)},
    "accounts.tell_of_new_devices": {
        "task": "accounts.tell_of_new_devices",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "accounts.forget": {"task": "accounts.forget", "schedule": crontab(minute=10, hour=4)},
    "forms.forget_drafts": {"task": "forms.forget_drafts", "schedule": crontab(minute=20, hour=4)},
    "provider.rotate_signing_keys": {"task": "provider.rotate_signing_keys", "schedule": crontab(minute=35, hour=3)},
    "provider.forget_expired": {"task": "provider.forget_expired", "schedule": crontab(minute=50)},
    "consolidation.take_reading": {"task": "consolidation.take_reading", "schedule": crontab(minute=5)},
    "registry.end_trials": {"task": "registry.end_trials", "schedule": crontab(minute=25)},
    "provider.sweep_logouts": {"task": "provider.sweep_logouts", "schedule": 10.0, "options": {"expires": 10}},
    "registry.end_suspensions": {
        "task": "registry.end_suspensions",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
}
