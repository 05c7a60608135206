"""Telling the workers that a call waits: one list at the broker, and one task while there is anything on it.

The database stays the truth. The list may be lost, or name a call twice: whoever takes a call asks the database, and
the sweeper names again whatever is still due.
"""

from collections.abc import Collection
from uuid import UUID

import redis
import structlog
from celery import current_app
from kombu.exceptions import OperationalError

from services.gateway.events import broker

logger = structlog.get_logger(__name__)
LIST = "gateway:waiting"
TASK = "gateway.deliver_waiting"
LONG = 10_000  # calls; a list of that length is not being taken from, and naming them again would only lengthen it
RING_AGAIN_SECONDS = 3


def ring(call_id: UUID) -> None:
    """Ask for a delivery. A worker that is on its way already takes this call along: no second task is needed.

    If the broker does not answer, the sweeper finds the call within seconds.
    """
    try:
        if broker().rpush(LIST, call_id.bytes) == 1:
            current_app.send_task(TASK)
    except (redis.RedisError, OperationalError) as error:
        logger.warning("doorbell_broken", call=call_id, error=type(error).__name__)


def ring_again(calls: Collection[UUID]) -> None:
    """Put calls on the list that may be on it already, and ring, whatever became of a task rung for before."""
    try:
        if calls and broker().llen(LIST) < LONG:
            broker().rpush(LIST, *(each.bytes for each in calls))
        if calls:
            current_app.send_task(TASK, expires=RING_AGAIN_SECONDS)
    except (redis.RedisError, OperationalError) as error:
        logger.warning("doorbell_broken", count=len(calls), error=type(error).__name__)


def take(most: int) -> list[UUID]:
    """The next calls of the list, at most so many, taken off it; none if the broker does not answer."""
    try:
        found: list[bytes] = broker().lpop(LIST, most) or []  # type: ignore[assignment]
        return [UUID(bytes=each) for each in found]
    except redis.RedisError as error:
        logger.warning("doorbell_broken", error=type(error).__name__)
        return []
