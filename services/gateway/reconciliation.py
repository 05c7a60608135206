"""Our calls against the department's ledger: what was lost, filed twice, or filed without us.

The ledger is streamed into a table that lives as long as the transaction, and PostgreSQL compares: no more than a
buffer of it is ever in memory.
"""

from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path

from django.db import connection, transaction
from django.utils import timezone

from services.gateway import ledgers
from services.gateway.connectors.registry import answers_in_batches
from services.gateway.delivery import LEASE_MARGIN_SECONDS
from services.gateway.ledgers import Entry
from services.registry.models import Backend

SKEW = timedelta(minutes=5)  # by which a department's clock may differ from ours
MOST_SHOWN = 1000  # receipts behind each number
FAULTS = ("lost", "doubled", "unknown")
BESIDE = ("matched", "under_way", "uncovered", "tried")


@dataclass(frozen=True)
class Span:
    """Whole days in Hong Kong."""

    first: date
    days: int = 1

    @property
    def since(self) -> datetime:
        return timezone.make_aware(datetime.combine(self.first, time.min))

    @property
    def until(self) -> datetime:
        """The midnight at which it is over."""
        return self.since + timedelta(days=self.days)

    def __str__(self) -> str:
        last = self.first + timedelta(days=self.days - 1)
        return f"{self.first}" if last == self.first else f"{self.first} to {last}"


@dataclass(frozen=True)
class Finding:
    """One receipt on which we and the department differ."""

    receipt: str
    status: str  # of our call; empty if there is none
    filed: int  # how often, says the ledger
    refused: int


@dataclass(frozen=True)
class Fault:
    """One of the three numbers that must be zero, and the receipts behind it (the first thousand)."""

    count: int
    findings: list[Finding]


@dataclass(frozen=True)
class Reconciliation:
    """What a comparison found.

    `lost`: we say the department has it, and it has not. `doubled`: filed more than once. `unknown`: filed, but no
    call of ours, or one that we say never arrived. Apart from these: `under_way`, calls that are not decided yet;
    `uncovered`, calls near the ledger's ends that may stand in the ledger of the next day; `tried`, officers' tries.
    """

    backend: str
    span: Span
    entries: int
    matched: int
    under_way: int
    uncovered: int
    tried: int
    lost: Fault
    doubled: Fault
    unknown: Fault

    @property
    def is_clean(self) -> bool:
        return not (self.lost.count or self.doubled.count or self.unknown.count)


def reconcile(backend: Backend, span: Span, ledger: Path | None = None) -> Reconciliation:
    """Compare the calls that were sent to the backend in those days with the file, or with its own address.

    Raises LedgerUnreadable. Writes nothing.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        slack = SKEW + timedelta(seconds=2 * backend.timeout_seconds + LEASE_MARGIN_SECONDS)
        asked: dict[str, int | datetime] = {"backend": backend.pk, "since": span.since, "until": span.until}
        cursor.execute(SENT, {**asked, "slack": str(slack)})
        cursor.execute("SELECT min(sent_since), max(sent_until) FROM reconciled_sent")
        sent_since, sent_until = cursor.fetchone()
        since = min(sent_since or span.since, span.since - SKEW)
        until = max(sent_until or span.until, span.until + SKEW)
        with _source(backend, ledger, since, until) as entries:
            count = _take_in(entries)
        if ledger is not None:  # its rows say how far it reaches
            cursor.execute("SELECT min(at), max(at) FROM reconciled_entry")
            first, last = cursor.fetchone()
            since, until = min(first or span.since, span.since), max(last or span.until, span.until)
        is_batch = answers_in_batches(backend.connector)
        cursor.execute(VERDICTS, {**asked, "from": since, "to": until, "is_batch": is_batch})
        cursor.execute("SELECT verdict, count(*) FROM reconciled GROUP BY verdict")
        counts = dict(cursor.fetchall())
        lost, doubled, unknown = (Fault(counts.get(name, 0), _findings(name)) for name in FAULTS)
        cursor.execute("DROP TABLE reconciled, reconciled_entry, reconciled_sent")
    matched, under_way, uncovered, tried = (counts.get(name, 0) for name in BESIDE)
    return Reconciliation(
        backend.code, span, count, matched, under_way, uncovered, tried, lost=lost, doubled=doubled, unknown=unknown
    )


def _source(
    backend: Backend, ledger: Path | None, since: datetime, until: datetime
) -> AbstractContextManager[Iterable[Entry]]:
    return ledgers.of_file(ledger) if ledger else ledgers.of_backend(backend, since, until)


def _take_in(entries: Iterable[Entry]) -> int:
    """Stream the ledger into the database; how many rows it has."""
    count = 0
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMPORARY TABLE reconciled_entry (receipt text, at timestamptz, effect text) ON COMMIT DROP"
        )
        with cursor.copy("COPY reconciled_entry FROM STDIN") as copy:
            for entry in entries:
                copy.write_row((entry.receipt, entry.at, entry.effect))
                count += 1
        cursor.execute("ANALYZE reconciled_entry")
    return count


def _findings(verdict: str) -> list[Finding]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT receipt, coalesce(status, ''), filed, refused FROM reconciled WHERE verdict = %s"
            " ORDER BY receipt LIMIT %s",
            [verdict, MOST_SHOWN],
        )
        return [Finding(*row) for row in cursor.fetchall()]


# Calls with an exchange in the span that may have filed them, and the time in which the filing must lie: as far from
# the line as a lease is long, because of a worker that died only the end is known. A record
# of a batch is filed at any time from its leaving until its answer; until that is overdue it counts as under way.
SENT = """
CREATE TEMPORARY TABLE reconciled_sent ON COMMIT DROP AS
SELECT exchange.call_id,
       min(exchange.started_at) - %(slack)s::interval AS sent_since,
       max(CASE WHEN exchange.kind = 'batch' THEN greatest(exchange.started_at, call.finished_at, call.due_at)
                ELSE exchange.started_at + exchange.duration_ms * interval '1 ms' END
       ) + %(slack)s::interval AS sent_until,
       bool_or(exchange.kind = 'batch') AS left_in_batch, min(call.status) AS status
FROM gateway_attempt exchange JOIN gateway_servicecall call ON call.id = exchange.call_id
WHERE exchange.call_id IN (
        SELECT call_id FROM gateway_attempt
        WHERE backend_id = %(backend)s AND started_at >= %(since)s AND started_at < %(until)s)
  AND exchange.kind IN ('send', 'batch') AND exchange.outcome IN ('answered', 'ambiguous')
GROUP BY exchange.call_id
HAVING bool_or(exchange.started_at >= %(since)s AND exchange.started_at < %(until)s)
"""
VERDICTS = """
CREATE TEMPORARY TABLE reconciled ON COMMIT DROP AS
WITH told AS (
    SELECT receipt, count(*) FILTER (WHERE effect = 'filed') AS filed,
           count(*) FILTER (WHERE effect = 'refused') AS refused,
           bool_or(at >= %(since)s AND at < %(until)s) AS is_of_span
    FROM reconciled_entry GROUP BY receipt
), ours AS (
    SELECT call.receipt, call.status, sent.call_id IS NOT NULL AS is_of_span,
           sent.sent_since < %(from)s OR sent.sent_until > %(to)s AS is_uncovered,
           -- Decided since the ledger was asked; or a record whose file has not left, or may not have been read.
           sent.status IN ('accepted', 'delivering', 'in_doubt') OR call.status = 'waiting' AND %(is_batch)s
               AND (NOT sent.left_in_batch OR call.due_at > now()) AS is_under_way,
           call.attempt_count = 0 AND NOT EXISTS (
               SELECT FROM gateway_attempt WHERE call_id = call.id AND kind <> 'lookup') AS was_never_sent
    FROM gateway_servicecall call
    LEFT JOIN reconciled_sent sent ON sent.call_id = call.id
    WHERE call.backend_id = %(backend)s
      AND (sent.call_id IS NOT NULL OR call.receipt IN (SELECT receipt FROM told))
)
SELECT receipt, ours.status, coalesce(told.filed, 0) AS filed, coalesce(told.refused, 0) AS refused,
    CASE
        WHEN ours.status IS NULL AND receipt LIKE 'TRY-%%' THEN 'tried'
        WHEN ours.status IS NULL THEN 'unknown'
        WHEN told.filed > 1 THEN 'doubled'
        WHEN told.filed > 0 AND (ours.status IN ('failed', 'withdrawn')
                                 OR ours.status = 'accepted' AND ours.was_never_sent) THEN 'unknown'
        WHEN ours.status IN ('accepted', 'delivering', 'in_doubt') THEN 'under_way'
        WHEN ours.status IN ('completed', 'waiting') AND told.filed > 0 THEN 'matched'
        WHEN ours.status = 'rejected' AND told.filed + told.refused > 0 THEN 'matched'
        WHEN ours.status IN ('failed', 'withdrawn') THEN 'matched'
        WHEN ours.is_under_way THEN 'under_way'
        WHEN ours.is_uncovered THEN 'uncovered'
        ELSE 'lost'
    END AS verdict
FROM ours FULL JOIN told USING (receipt)
WHERE ours.is_of_span OR told.is_of_span
"""
