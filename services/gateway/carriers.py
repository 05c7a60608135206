"""The threads of one worker process that carry calls: one call each, for as long as its department thinks.

Celery's own threads only take calls off the list, because a task of Celery costs more than taking a call does.
"""

import threading
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import structlog
from celery.signals import worker_shutdown
from django.conf import settings
from django.db import connection

from services import traces
from services.gateway import delivery, doorbell

logger = structlog.get_logger(__name__)
AT_A_TIME = 16  # calls claimed together; more would wait for each other


@cache
def _threads() -> ThreadPoolExecutor:
    """Made as they are needed."""
    return ThreadPoolExecutor(settings.GATEWAY_CALLS_AT_ONCE, "carrier")


@worker_shutdown.connect
def _finish(**_: object) -> None:
    """A worker that is stopped first finishes the calls that are under way, as Celery does its tasks."""
    _threads().shutdown()
    _threads.cache_clear()


@cache
def _free() -> threading.Semaphore:
    return threading.Semaphore(settings.GATEWAY_CALLS_AT_ONCE)


def carry_some() -> bool:
    """Claim some of the waiting calls and have each delivered by a thread; False if none was waiting.

    Waits for the first thread that is free, and takes no more calls than threads are.
    """
    _free().acquire()
    places = 1
    while places < AT_A_TIME and _free().acquire(blocking=False):
        places += 1
    claimed: list[delivery.Claim] = []
    try:
        waiting = doorbell.take(places)
        if waiting:
            with traces.span("claim"):
                claimed = delivery.claim(waiting)
    finally:
        _give_back(places - len(claimed))
    for each in claimed:
        _threads().submit(_deliver, each)
    return bool(waiting)


def _deliver(claimed: delivery.Claim) -> None:
    try:
        delivery.deliver(claimed)
    except Exception:  # the lease runs out, and the sweeper asks what became of the call
        logger.exception("delivery_broke", call=claimed.call.pk, backend=claimed.call.backend.code)
    finally:
        connection.close()
        _give_back(1)


def _give_back(places: int) -> None:
    if places:
        _free().release(places)
