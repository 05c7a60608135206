"""Telling whoever waits that a call moved on. Losing a message costs a moment, never a call."""

import time
from collections.abc import Iterator
from functools import lru_cache
from uuid import UUID

import redis
import structlog
from django.conf import settings

logger = structlog.get_logger(__name__)
ASK_AGAIN_SECONDS = 2.0  # while waiting, the database is asked this often even if nothing was heard


@lru_cache(maxsize=1)
def broker() -> "redis.Redis":
    return redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=0.5, socket_timeout=5)


def publish(call_id: UUID, status: str) -> None:
    """Say on the channel `call:<id>` that the call has a new status."""
    try:
        broker().publish(f"call:{call_id}", status)
    except redis.RedisError as error:
        logger.warning("event_not_published", call=call_id, error=type(error).__name__)


def pulses(call_id: UUID, *, seconds: float) -> Iterator[str]:
    """Yield at once, then whenever the call may have moved on, for at most so many seconds.

    What is yielded is the status that was heard, or nothing where the database has to be asked. Listens before the
    first yield, so that nothing which happens after it is missed.
    """
    until = time.monotonic() + seconds
    channel = broker().pubsub(ignore_subscribe_messages=True)
    try:
        channel.subscribe(f"call:{call_id}")
        channel.get_message(timeout=ASK_AGAIN_SECONDS)  # that we listen now
    except redis.RedisError:
        yield from _by_the_clock(until)
        return
    try:
        yield ""
        while (left := until - time.monotonic()) > 0:
            try:
                message = channel.get_message(timeout=min(left, ASK_AGAIN_SECONDS))
            except redis.RedisError:
                yield from _by_the_clock(until)
                return
            yield message["data"].decode() if message else ""
    finally:
        channel.close()


def _by_the_clock(until: float) -> Iterator[str]:
    while time.monotonic() < until:
        yield ""
        time.sleep(1)
