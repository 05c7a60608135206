"""What is asked of the database about all backends at once. Each query keeps to an index, whatever lies behind it.

The history is by far the largest table, and its index begins with the backend: so the queries about it go backend by
backend (LATERAL) instead of through all of it.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.core.cache import cache
from django.db import connection
from django.db.models import Count, Min, Q

from services.gateway.models import Batch, BatchRecord, ServiceCall

PIECE = timedelta(hours=6)
LATE = timedelta(hours=1)  # an attempt may be written down so long after it began
PAST_KEPT_SECONDS = 8 * 86_400  # what is over does not change
NOW_KEPT_SECONDS = 120

_LAST_HOUR = """
    SELECT backend.id, hour.* FROM registry_backend backend CROSS JOIN LATERAL (
        SELECT count(*) AS calls, count(*) FILTER (WHERE outcome <> 'answered'),
            percentile_cont(0.5) WITHIN GROUP (ORDER BY duration_ms),
            percentile_cont(0.95) WITHIN GROUP (ORDER BY duration_ms)
        FROM gateway_attempt attempt
        WHERE attempt.backend_id = backend.id AND kind = 'send' AND started_at > %s
    ) hour WHERE calls > 0"""
_PIECES = """
    SELECT backend.id, pieces.* FROM registry_backend backend CROSS JOIN LATERAL (
        SELECT date_bin('6 hours', started_at, TIMESTAMPTZ '2026-01-01 00:00+08') AS piece,
            count(*), count(*) FILTER (WHERE outcome = 'answered')
        FROM gateway_attempt attempt
        WHERE attempt.backend_id = backend.id AND kind = 'send' AND started_at >= %s AND started_at < %s
        GROUP BY piece
    ) pieces"""


def last_hour(now: datetime) -> list[tuple[int, int, int, float, float]]:
    """Backend, deliveries tried, those of them not answered, p50 and p95 in milliseconds."""
    return _asked(_LAST_HOUR, now - timedelta(hours=1))


def queues() -> Iterable[tuple[int, int, datetime]]:
    """Backend, calls that have not left yet, and when the oldest of them was accepted."""
    waiting = ServiceCall.objects.filter(status="accepted").order_by().values_list("backend_id")
    return waiting.annotate(Count("pk"), Min("accepted_at"))


def in_flight(now: datetime) -> Iterable[tuple[int, int]]:
    """Backend, and calls that a worker holds."""
    held = ServiceCall.objects.filter(status="delivering", lease_until__gt=now).order_by().values_list("backend_id")
    return held.annotate(Count("pk"))


def awaited() -> Iterable[tuple[int, int, int]]:
    """Backend, calls in doubt, and calls with the department."""
    calls = ServiceCall.objects.filter(status__in=["waiting", "in_doubt"]).order_by().values("backend_id")
    counted = calls.annotate(
        doubts=Count("pk", filter=Q(status="in_doubt")), waiting=Count("pk", filter=Q(status="waiting"))
    )
    return counted.values_list("backend_id", "doubts", "waiting")


def batches() -> Iterable[tuple[int, int, int]]:
    """Backend, files that are not answered in full, and those of them that something keeps from leaving."""
    counted = (
        Batch.objects.exclude(state="answered")
        .order_by()
        .values("backend_id")
        .annotate(files=Count("pk"), stuck=Count("pk", filter=Q(state="sealed") & ~Q(trouble="")))
    )
    return counted.values_list("backend_id", "files", "stuck")


def overdue(now: datetime) -> Iterable[tuple[int, int, int]]:
    """Backend, calls that left with a file and should have been answered by now, and how many files these are."""
    late = BatchRecord.objects.filter(call__status="waiting", call__due_at__lt=now, batch__state="sent").order_by()
    counted = late.values("backend_id").annotate(calls=Count("pk"), files=Count("batch", distinct=True))
    return counted.values_list("backend_id", "calls", "files")


def week(begin: datetime, count: int, now: datetime) -> list[tuple[int, datetime, int, int]]:
    """Backend, piece, deliveries tried and answered: of `count` pieces from `begin` on. What is over is remembered."""
    places = {begin + PIECE * number: f"control:piece:{begin + PIECE * number:%Y%m%d%H}" for number in range(count)}
    kept = cache.get_many(places.values())
    missing = [piece for piece, key in places.items() if key not in kept]
    if missing:
        found: dict[datetime, list[tuple[int, int, int]]] = {piece: [] for piece in missing}
        for backend, piece, tried, answered in _asked(_PIECES, missing[0], missing[-1] + PIECE):
            if piece in found:
                found[piece].append((backend, tried, answered))
        is_over = {piece: piece + PIECE + LATE < now for piece in missing}
        for over, seconds in ((True, PAST_KEPT_SECONDS), (False, NOW_KEPT_SECONDS)):
            cache.set_many({places[p]: found[p] for p in missing if is_over[p] == over}, seconds)
        kept |= {places[piece]: rows for piece, rows in found.items()}
    return [(backend, piece, *counts) for piece, key in places.items() for backend, *counts in kept[key]]


def _asked(query: str, *values: datetime) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return list(cursor.fetchall())
