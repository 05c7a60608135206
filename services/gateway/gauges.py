"""How things stand now at every backend, for the figures: read through the indexes of calls that are not over.

So the reading takes longer when more calls wait, never because more calls have been done. The statuses are written
out, because PostgreSQL uses a partial index only where the query says its condition.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from services.registry.models import Backend

BREAKER_STATES = {"closed": 0, "half-open": 1, "open": 2}

# A call that waits for its counter to open is `dated`; every other accepted one is in the queue, whatever holds it up.
# The columns after the first are fields of Standing.
QUERIES = (
    """SELECT backend_id,
           count(*) FILTER (WHERE NOT (trouble = 'closed' AND due_at > %(now)s)) AS queue,
           count(*) FILTER (WHERE trouble = 'closed' AND due_at > %(now)s) AS dated,
           min(accepted_at) FILTER (WHERE NOT (trouble = 'closed' AND due_at > %(now)s)) AS oldest_accepted_at
       FROM gateway_servicecall WHERE status = 'accepted' GROUP BY backend_id""",
    """SELECT backend_id, count(*) AS in_flight
       FROM gateway_servicecall WHERE status = 'delivering' GROUP BY backend_id""",
    """SELECT backend_id, count(*) FILTER (WHERE status = 'waiting') AS waiting,
           count(*) FILTER (WHERE status = 'in_doubt') AS in_doubt
       FROM gateway_servicecall WHERE status IN ('waiting', 'in_doubt') GROUP BY backend_id""",
    """SELECT call.backend_id, count(DISTINCT record.batch_id) AS batches_overdue
       FROM gateway_servicecall call JOIN gateway_batchrecord record ON record.call_id = call.id
       WHERE call.status IN ('waiting', 'in_doubt') AND call.status = 'waiting' AND call.due_at < %(now)s
       GROUP BY call.backend_id""",
)


@dataclass
class Standing:
    """One backend just now."""

    backend: str
    department: str
    connector: str
    breaker: str  # as Lane.breaker says
    bulkhead_limit: int  # deliveries at once
    queue: int = 0  # accepted and not held back by a closed counter
    dated: int = 0  # accepted, to leave when the counter opens
    oldest_accepted_at: datetime | None = None  # of the queue
    in_flight: int = 0
    waiting: int = 0  # with the department, whose answer comes later
    in_doubt: int = 0
    batches_overdue: int = 0  # files whose answer should have come


def read(now: datetime) -> list[Standing]:
    """Every backend. Five queries."""
    found = {}
    for backend in Backend.objects.select_related("department", "lane"):
        breaker = backend.lane.breaker(now) if hasattr(backend, "lane") else "closed"
        found[backend.pk] = Standing(
            backend.code, backend.department.code, backend.connector, breaker, backend.max_concurrency
        )
    with connection.cursor() as cursor:
        for query in QUERIES:
            cursor.execute(query, {"now": now})
            names = [column.name for column in cursor.description or []]
            for row in cursor.fetchall():
                vars(found[row[0]]).update(zip(names[1:], row[1:], strict=True))
    return list(found.values())
