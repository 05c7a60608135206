"""One cause, one message: a trouble has one row from its beginning to its end, however many calls it holds up."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Case, F, When

from services.gateway.models import Heartbeat, Incident
from services.languages import CODES, column, pick
from services.registry.models import Backend

GAP = timedelta(minutes=3)  # of the portal's heartbeat; longer is an incident of our own
TOLD_FOR = timedelta(hours=24)  # after the end, to those who were held up


def opened(backend: Backend | None, now: datetime, cause: str = "") -> bool:
    """A trouble began; True for whoever noted it first. While it lasts, a second call changes nothing."""
    if Incident.objects.filter(backend=backend, ended_at=None).exists():
        return False
    row = Incident(backend=backend, started_at=now, cause=cause[:300])
    Incident.objects.bulk_create([row], ignore_conflicts=True)  # the constraint lets one of two at once through
    return Incident.objects.filter(backend=backend, ended_at=None, started_at=now).exists()


def closed(backend: Backend | None, now: datetime) -> bool:
    """It is over; True for whoever ended it. Without an open one nothing changes."""
    over = Incident.objects.filter(backend=backend, ended_at=None)
    return bool(over.update(ended_at=Case(When(started_at__gt=now, then=F("started_at")), default=now)))


@transaction.atomic
def beat(now: datetime) -> bool:
    """Note that the portal's own clockwork runs. True after a silence: that is an incident, now over."""
    heart, is_first = Heartbeat.objects.select_for_update().get_or_create(pk=Heartbeat.ONLY, defaults={"at": now})
    if is_first or now <= heart.at:
        return False
    was_silent = now - heart.at > GAP
    if was_silent:
        minutes = int((now - heart.at).total_seconds() // 60)
        Incident.objects.create(started_at=heart.at, ended_at=now, cause=f"no heartbeat for {minutes} minutes")
    heart.at = now
    heart.save(update_fields=["at"])
    return was_silent


def silence(now: datetime) -> Incident | None:
    """The portal's own outage while it lasts, not stored yet: nobody is there to write it down."""
    heart = Heartbeat.objects.filter(pk=Heartbeat.ONLY, at__lt=now - GAP).first()
    return Incident(started_at=heart.at, cause="no heartbeat") if heart else None


@dataclass(frozen=True)
class Affected:
    """How far a trouble reaches: functions that need the backend, calls it held up, and whose calls these are."""

    functions: int = 0
    calls: int = 0
    people: int = 0


# Held up are, while it lasts, the calls not delivered yet; afterwards those that were made meanwhile. At any time
# those that tried and were not answered. Each arm has its index, so that a million calls behind them cost nothing.
_HELD = """
    SELECT id, caller FROM gateway_servicecall call JOIN reached USING (backend_id)
    WHERE trouble.ended_at IS NULL AND status = 'accepted'
    UNION ALL
    SELECT id, caller FROM gateway_servicecall call JOIN reached USING (backend_id)
    WHERE trouble.ended_at IS NULL AND status = 'delivering'
    UNION ALL
    SELECT id, caller FROM gateway_servicecall call JOIN reached USING (backend_id)
    WHERE trouble.ended_at IS NULL AND status = 'in_doubt'
    UNION ALL
    SELECT id, caller FROM gateway_servicecall call JOIN reached USING (backend_id)
    WHERE trouble.ended_at IS NOT NULL AND accepted_at BETWEEN trouble.started_at AND trouble.ended_at
    UNION ALL
    SELECT call.id, caller FROM gateway_attempt attempt JOIN reached USING (backend_id)
    JOIN gateway_servicecall call ON call.id = attempt.call_id
    WHERE attempt.started_at BETWEEN trouble.started_at AND coalesce(trouble.ended_at, now())
    AND attempt.outcome <> 'answered'"""
_AFFECTED = f"""
    WITH trouble AS (
        SELECT * FROM unnest(%s::int[], %s::bigint[], %s::timestamptz[], %s::timestamptz[])
        AS t(place, backend_id, started_at, ended_at)
    )
    SELECT place, functions, calls, people FROM trouble
    CROSS JOIN LATERAL (
        SELECT count(*) AS functions FROM registry_servicefunction function
        JOIN registry_functionversion version ON version.id = function.published_id
        WHERE function.state IN ('published', 'suspended')
        AND (trouble.backend_id IS NULL OR version.backend_id = trouble.backend_id)
    ) AS offered
    CROSS JOIN LATERAL (
        WITH reached AS (
            SELECT id AS backend_id FROM registry_backend WHERE trouble.backend_id IS NULL OR id = trouble.backend_id
        )
        SELECT count(DISTINCT id) AS calls, count(DISTINCT caller) AS people FROM ({_HELD}) AS held
    ) AS counted"""  # noqa: S608 (words of our own)


def affected_of(incidents: Sequence[Incident]) -> list[Affected]:
    """Of each, in the same order. One query."""
    columns = list(zip(*((n, i.backend_id, i.started_at, i.ended_at) for n, i in enumerate(incidents)), strict=True))
    if not columns:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_AFFECTED, [list(column) for column in columns])
        rows = cursor.fetchall()
    found = {place: Affected(*counts) for place, *counts in rows}
    return [found[place] for place in range(len(incidents))]


def affected(incident: Incident) -> Affected:
    """How far it reaches. One query."""
    return affected_of([incident])[0]


@dataclass(frozen=True)
class Notice:
    """What a person is told once, whatever the number of their calls that it holds up."""

    departments: list[str]  # whose systems do not answer, or do again; empty: the portal itself
    since: datetime
    until: datetime | None  # None while it lasts

    @property
    def is_over(self) -> bool:
        return self.until is not None


_NAMES = ", ".join(f"department.{column('name', code)}" for code in CODES)
_TOLD = f"""
    WITH trouble AS (
        SELECT backend_id, started_at, ended_at FROM gateway_incident WHERE ended_at IS NULL OR ended_at > %(told_from)s
        UNION ALL
        SELECT NULL, at, NULL FROM gateway_heartbeat WHERE at < %(silent_from)s
    )
    SELECT trouble.backend_id, trouble.started_at, trouble.ended_at, {_NAMES} FROM trouble
    LEFT JOIN registry_backend backend ON backend.id = trouble.backend_id
    LEFT JOIN registry_department department ON department.id = backend.department_id
    WHERE EXISTS (
        SELECT FROM gateway_servicecall call WHERE call.caller = ANY(%(callers)s)
        AND (%(receipt)s::text IS NULL OR call.receipt = %(receipt)s::text)
        AND (trouble.backend_id IS NULL OR call.backend_id = trouble.backend_id)
        AND CASE WHEN trouble.ended_at IS NULL THEN call.status IN ('accepted', 'delivering', 'in_doubt')
            ELSE call.accepted_at < trouble.ended_at
            AND (call.finished_at IS NULL OR call.finished_at > trouble.started_at) END
    )
    ORDER BY trouble.started_at"""  # noqa: S608 (names of our own)


def notices(callers: Sequence[str], now: datetime, *, receipt: str | None = None) -> list[Notice]:
    """What holds up the calls of these callers, or one of them, and what did until lately. One query.

    At most four notices: departments in trouble, those well again, and the same for the portal itself.
    """
    given = {
        "callers": list(callers), "receipt": receipt, "told_from": now - TOLD_FOR, "silent_from": now - GAP,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_TOLD, given)
        rows = cursor.fetchall()
    said = [(pick(dict(zip(CODES, row[3:], strict=True))) if row[0] else "", row[1], row[2]) for row in rows]
    troubled = {name for name, _, until in said if until is None}
    alike: dict[tuple[bool, bool], list[tuple[str, datetime, datetime | None]]] = {}
    for name, since, until in said:
        if until is None or name not in troubled:  # no all-clear beside a trouble of the same department
            alike.setdefault((until is not None, not name), []).append((name, since, until))
    return [
        Notice(
            departments=list(dict.fromkeys(name for name, _, _ in group if name)),
            since=min(since for _, since, _ in group),
            until=max(until for _, _, until in group if until) if is_over else None,
        )
        for (is_over, _), group in sorted(alike.items())
    ]
