"""Whether the portal lives, and what of it is ready. Its figures are in portal/watch."""

import threading
import time

import redis
import structlog
from celery.signals import beat_init, worker_ready
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache

logger = structlog.get_logger(__name__)
PULSE_EVERY_SECONDS = 5
PULSE_LASTS_SECONDS = 20


def _broker() -> "redis.Redis":
    return redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=0.5, socket_timeout=1)


def _beat_on(name: str) -> None:
    broker = _broker()
    while True:
        try:
            broker.set(f"pulse:{name}", int(time.time()), ex=PULSE_LASTS_SECONDS)
        except redis.RedisError as error:
            logger.warning("pulse_lost", part=name, error=type(error).__name__)
        time.sleep(PULSE_EVERY_SECONDS)


@worker_ready.connect
def _worker_pulse(sender: object, **_: object) -> None:
    queues = sender.app.amqp.queues.consume_from  # type: ignore[attr-defined]
    name = "worker" if "calls" in queues else "chores"
    threading.Thread(target=_beat_on, args=(name,), daemon=True).start()


@beat_init.connect
def _beat_pulse(**_: object) -> None:
    threading.Thread(target=_beat_on, args=("beat",), daemon=True).start()


@login_not_required
@never_cache
def live(request: HttpRequest) -> HttpResponse:
    """200 while this process answers at all."""
    return JsonResponse({"status": "ok"})


@login_not_required
@never_cache
def ready(request: HttpRequest) -> HttpResponse:
    """200 while forms can be accepted (503 without the database), with the state of every part.

    A missing worker or broker is `degraded`, not 503: receipts are given all the same, and taking the web away
    would turn a delay into a loss.
    """
    parts = {"web": "ok", "database": database(), **pulses()}
    if parts["database"] != "ok":
        return JsonResponse({"status": "unavailable", "parts": parts}, status=503)
    is_whole = all(state == "ok" for state in parts.values())
    return JsonResponse({"status": "ok" if is_whole else "degraded", "parts": parts})


def database() -> str:
    """`ok` or `down`."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return "down"
    return "ok"


def pulses() -> dict[str, str]:
    """The broker and the processes behind it: `ok`, `down`, or `unknown` while the broker cannot be asked."""
    names = ("worker", "chores", "beat")
    try:
        found = _broker().mget([f"pulse:{name}" for name in names])
    except redis.RedisError:
        return {"broker": "down", **dict.fromkeys(names, "unknown")}
    return {
        "broker": "ok",
        **{name: "ok" if pulse else "down" for name, pulse in zip(names, found, strict=True)},
    }
