"""The rows that every delivery takes and gives back, read and written by hand: see docs/decisions/0009.

Statements are prepared once a connection, because planning them takes PostgreSQL longer than carrying them out.
"""

import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.db import connection, models
from django.utils import timezone

from identity.statements import first_row, rows
from services.gateway.models import Attempt, Lane, ServiceCall
from services.registry.models import Backend, FunctionVersion, ServiceFunction

LEFT_OUT = {"answer", "blanked_at", "idempotency_key", "sent_sha256", "lease", "lease_until", "finished_at"}
CALL = [field.attname for field in ServiceCall._meta.concrete_fields if field.attname not in LEFT_OUT]
FUNCTION = [field.attname for field in ServiceFunction._meta.concrete_fields]
LANE = [field.attname for field in Lane._meta.concrete_fields]
_PAYLOAD = CALL.index("payload")
_READS_PAYLOAD = ServiceCall._meta.get_field("payload").from_db_value

LOCK = f"""
    SELECT moment.at, {", ".join(f"call.{name}" for name in CALL)}, {", ".join(f"lane.{name}" for name in LANE)}
    FROM (SELECT coalesce(%s::timestamptz, clock_timestamp()) AS at) moment, gateway_servicecall call
    JOIN gateway_lane lane ON lane.backend_id = call.backend_id
    WHERE call.id = ANY(%s) AND call.status = 'accepted' AND call.due_at <= moment.at
    ORDER BY call.backend_id, call.priority, call.accepted_at, call.id
    FOR UPDATE OF lane FOR UPDATE OF call SKIP LOCKED"""  # noqa: S608 (names of our own)
FIND = f"""
    SELECT EXISTS (SELECT 1 FROM registry_filingperiod WHERE function_id = function.id),
        {", ".join(f"function.{name}" for name in FUNCTION)}, {", ".join(f"lane.{name}" for name in LANE)}
    FROM registry_servicefunction function
    JOIN registry_functionversion version ON version.id = function.published_id
    LEFT JOIN gateway_lane lane ON lane.backend_id = version.backend_id
    WHERE function.code = %s AND function.state IN ('published', 'suspended')"""  # noqa: S608 (names of our own)
ADD_LANES = """
    INSERT INTO gateway_lane (backend_id, failures, last_error)
    SELECT DISTINCT backend_id, 0, '' FROM gateway_servicecall call WHERE id = ANY(%s) AND status = 'accepted'
        AND NOT EXISTS (SELECT 1 FROM gateway_lane WHERE backend_id = call.backend_id)
    ON CONFLICT DO NOTHING RETURNING backend_id"""
TAKE = """
    WITH wanted AS (
        SELECT *, row_number() OVER (PARTITION BY backend_id ORDER BY ordinality) AS place
        FROM unnest(%s::uuid[], %s::bigint[], %s::int[], %s::uuid[], %s::timestamptz[]) WITH ORDINALITY
            AS call (id, backend_id, slots, lease, lease_until, ordinality)
    ), held AS (
        SELECT backend_id, count(*) AS count FROM gateway_servicecall
        WHERE backend_id = ANY(%s) AND status = 'delivering' AND lease_until > %s GROUP BY backend_id
    )
    UPDATE gateway_servicecall call SET status = 'delivering', lease = wanted.lease, lease_until = wanted.lease_until,
        attempt_count = call.attempt_count + 1
    FROM wanted LEFT JOIN held USING (backend_id)
    WHERE call.id = wanted.id AND coalesce(held.count, 0) + wanted.place <= wanted.slots
    RETURNING call.id, coalesce(held.count, 0) + wanted.place"""
SETTLE = """
    WITH tried AS (
        INSERT INTO gateway_attempt (
            call_id, backend_id, kind, number, started_at, duration_ms, outcome, detail, sent_sha256, received_sha256
        ) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
    ), lane AS (
        UPDATE gateway_lane SET failures = 0, open_until = NULL, last_success_at = %s
        FROM (SELECT open_until AS was FROM gateway_lane WHERE backend_id = %s) before
        WHERE backend_id = %s
          AND (failures > 0 OR open_until IS NOT NULL OR last_success_at IS NULL OR last_success_at < %s)
        RETURNING before.was
    ), done AS (
        UPDATE gateway_servicecall SET status = %s, answer = %s, finished_at = %s, due_at = %s, trouble = %s,
            lease = NULL, lease_until = NULL
        WHERE id = %s AND status NOT IN ('completed', 'rejected', 'withdrawn') AND closed_at IS NULL
        RETURNING 1
    )
    SELECT (SELECT count(*) FROM done), (SELECT was FROM lane)"""


def lock(calls: Sequence[uuid.UUID], now: datetime | None = None) -> tuple[datetime, list[tuple[ServiceCall, Lane]]]:
    """Those of the calls that are due and that nobody has, each with its lane; locked until the transaction ends.

    Before them the moment that this was judged by: `now`, or the database's own time. Lanes are locked in the order
    of their backends, and a call that somebody else has locked is left out, so that nobody waits in a ring. Calls of
    one backend share one Lane instance.
    """
    found = rows(LOCK, [now, list(calls)])
    if len(found) < len(calls) and first_row(ADD_LANES, [list(calls)]):
        found = rows(LOCK, [now, list(calls)])
    lanes: dict[int, Lane] = {}
    locked = []
    for moment, *values in found:
        fields = list(values[: len(CALL)])
        fields[_PAYLOAD] = _READS_PAYLOAD(fields[_PAYLOAD])
        call = ServiceCall.from_db(connection.alias, CALL, fields)
        call.backend = known_backend(call.backend_id)
        call.version = known_version(call.version_id)
        call.function = call.version.function
        if call.backend_id not in lanes:
            lanes[call.backend_id] = Lane.from_db(connection.alias, LANE, values[len(CALL) :])
        locked.append((call, lanes[call.backend_id]))
        now = moment
    return now or timezone.now(), locked


@dataclass(frozen=True)
class Wanted:
    """A call that may leave if its backend still has one of so many slots, and the lease that it would get."""

    call: ServiceCall
    slots: int
    lease: uuid.UUID
    lease_until: datetime


def take(wanted: Sequence[Wanted], now: datetime) -> dict[uuid.UUID, int]:
    """Take slots for these calls, in their order: by the key of each that got one, how many are taken with it.

    The lanes' rows must be locked, so that nobody counts the same slots at the same moment.
    """
    columns: list[list[Any]] = [
        [each.call.pk for each in wanted], [each.call.backend_id for each in wanted], [each.slots for each in wanted],
        [each.lease for each in wanted], [each.lease_until for each in wanted],
    ]  # fmt: skip
    return dict(rows(TAKE, [*columns, list(set(columns[1])), now]))


@dataclass(frozen=True)
class Settled:
    """What the one statement of `settle` did."""

    is_news: bool  # the call took the answer; False if it was final before
    breaker_was: datetime | None  # until when the lane's breaker had been set, if this success closed it


def settle(call: ServiceCall, attempt: Attempt, *, stale_before: datetime, now: datetime) -> Settled:
    """Write an answered attempt, the call as it now stands, and the lane's success, in one statement.

    A department's own word counts even for a call that we had given up, unless a human closed it.
    """
    answer = ServiceCall._meta.get_field("answer").get_db_prep_value(call.answer, connection)
    row = first_row(
        SETTLE,
        [
            attempt.call_id, attempt.backend_id, attempt.kind, attempt.number, attempt.started_at, attempt.duration_ms,
            attempt.outcome, attempt.detail, attempt.sent_sha256, attempt.received_sha256,
            now, call.backend_id, call.backend_id, stale_before,
            call.status, answer, call.finished_at, call.due_at, call.trouble, call.pk,
        ],
    )  # fmt: skip
    return Settled(is_news=bool(row[0]), breaker_was=row[1])


def call_of_key(caller: str, idempotency_key: str) -> ServiceCall | None:
    """The call that this caller made with this key."""
    row = first_row(
        "SELECT id FROM gateway_servicecall WHERE caller = %s AND idempotency_key = %s", [caller, idempotency_key]
    )
    return ServiceCall.objects.get(pk=row[0]) if row else None


def callable_function(code: str) -> ServiceFunction | None:
    """A function that citizens may find, with all that a call needs. One query while its version is remembered."""
    values = first_row(FIND, [code])
    if values is None:
        return None
    has_periods, *values = values
    function = ServiceFunction.from_db(connection.alias, FUNCTION, values[: len(FUNCTION)])
    if not has_periods:
        vars(function)["_prefetched_objects_cache"] = {"filing_periods": []}
    version = known_version(function.published_id or 0)
    version.backend = known_backend(version.backend_id)
    lane = values[len(FUNCTION) :]
    lane_known = Lane.from_db(connection.alias, LANE, lane) if lane[0] is not None else None
    version.backend._state.fields_cache["lane"] = lane_known
    function.department, function.published, version.function = version.function.department, version, function
    return function


def known_version(pk: int) -> FunctionVersion:
    """The version with its function and department, as they were at most a minute ago. A version itself never changes.

    The instance is the caller's own.
    """

    def read() -> list[models.Model]:
        version = FunctionVersion.objects.select_related("function__department").get(pk=pk)
        return [version, version.function, version.function.department]

    version, version.function, version.function.department = _versions.take(pk, read, VERSION_KEPT_SECONDS)
    found: FunctionVersion = version
    return found


def known_backend(pk: int) -> Backend:
    """The backend with its department and coming maintenances, a few seconds old at most; the caller's own instance."""

    def read() -> list[models.Model]:
        backend = Backend.objects.select_related("department").get(pk=pk)
        return [backend, backend.department, *backend.maintenances.filter(ends_at__gt=timezone.now())]

    backend, backend.department, *coming = _backends.take(pk, read, settings.GATEWAY_BACKEND_KEPT_SECONDS)
    vars(backend)["_prefetched_objects_cache"] = {"maintenances": coming}
    found: Backend = backend
    return found


class _Memory:
    """Rows that are read anew after a while. What it gives out are copies: threads do not share them."""

    MOST = 4096

    def __init__(self) -> None:
        self._kept: dict[int, tuple[float, list[tuple[type[models.Model], list[Any]]]]] = {}

    def take(self, pk: int, read: Callable[[], list[models.Model]], seconds: float) -> list[Any]:
        until, rows = self._kept.get(pk, (0.0, []))
        if until <= time.monotonic():
            rows = [(type(row), [getattr(row, each.attname) for each in row._meta.concrete_fields]) for row in read()]
            if len(self._kept) >= self.MOST:
                self._kept.clear()
            self._kept[pk] = (time.monotonic() + seconds, rows)
        return [kind.from_db(connection.alias, _names(kind), values) for kind, values in rows]


@lru_cache(maxsize=8)
def _names(kind: type[models.Model]) -> list[str]:
    return [field.attname for field in kind._meta.concrete_fields]


VERSION_KEPT_SECONDS = 60.0
_versions, _backends = _Memory(), _Memory()
