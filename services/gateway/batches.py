"""Batches in the database: when they leave, which calls are in them, and what an answer file changes.

A call's record can be taken back until it is sealed. A sealed batch never changes: its file is made anew from its rows
whenever it is needed, and must come out with the same checksum.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, time, timedelta
from typing import Any

import structlog
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import Exists, Max, OuterRef
from django.utils import timezone

from identity import statements
from services.gateway import mapping, rows
from services.gateway.batch_files import Format, Json, sha256_of
from services.gateway.connectors.base import News, Outcome
from services.gateway.errors import ExchangeFailed
from services.gateway.models import Attempt, Batch, BatchRecord, ServiceCall
from services.registry import windows
from services.registry.models import Backend

logger = structlog.get_logger(__name__)
LOCK = 7_406_113  # the first half of the advisory locks of exchanges; the second is the backend
MOST_RECORDS = 10_000  # in a batch; what is over goes into another one at once
MOST_BYTES = 32 * 1024 * 1024  # of a batch's values, roughly
FARTHEST_DAYS = 30
UNANSWERED = ("accepted", "delivering", "waiting", "in_doubt")
OVERDUE, INCOMPLETE = "overdue", "not complete"  # troubles that pass


# --- When ---------------------------------------------------------------------------------------
def last_departure(backend: Backend, now: datetime) -> datetime | None:
    """The last moment of the backend's schedule up to now; None if there was none for weeks."""
    for offset in range(FARTHEST_DAYS):
        passed = [moment for moment in _departures(backend, now, -offset) if moment <= now]
        if passed:
            return passed[-1]
    return None


def next_departure(backend: Backend, after: datetime) -> datetime:
    """When a record that is put in at that moment leaves: on schedule, but never while the counter is closed."""
    for offset in range(FARTHEST_DAYS):
        coming = [moment for moment in _departures(backend, after, offset) if moment > after]
        if coming:
            return backend.opens_at(coming[0])
    return backend.opens_at(after + timedelta(days=FARTHEST_DAYS))


def _departures(backend: Backend, around: datetime, days: int) -> list[datetime]:
    """Those of one day, in order (Hong Kong time)."""
    schedule = backend.settings
    day = (around.astimezone(windows.HONG_KONG) + timedelta(days=days)).date()
    if windows.DAYS[day.weekday()] not in schedule.get("days", windows.DAYS):
        return []
    if schedule.get(windows.HOLIDAYS) == "closed" and windows.is_holiday(day):
        return []
    if minutes := schedule.get("every_minutes"):
        midnight = datetime.combine(day, time(), windows.HONG_KONG)
        return [midnight + timedelta(minutes=passed) for passed in range(0, 24 * 60, minutes)]
    clocks = sorted(time.fromisoformat(clock) for clock in schedule.get("departures", ()))
    return [datetime.combine(day, clock, windows.HONG_KONG) for clock in clocks]


# --- What leaves --------------------------------------------------------------------------------
def collect(receipt: str, backend: Backend, content: Json) -> BatchRecord | None:
    """Put the call into the next batch, once however often it is asked; None if there is no such call.

    One that left with a batch before is only delivered again when a human said so: it goes into the next one anew.
    """
    call = ServiceCall.objects.only("pk").filter(receipt=receipt).first()
    if call is None:
        return None
    moment = statements.clock()  # the one that decides about departures: ours may be wrong
    defaults = {"backend": backend, "content": content, "added_at": moment}
    record, is_new = BatchRecord.objects.select_related("batch").get_or_create(call=call, defaults=defaults)
    if not is_new and record.batch is not None and record.batch.state != Batch.State.SEALED:
        record.batch, record.line, record.content, record.added_at = None, None, content, moment
        record.save(update_fields=["batch", "line", "content", "added_at"])
    return record


def find(receipt: str) -> BatchRecord | None:
    """The call's record, with its batch."""
    return BatchRecord.objects.select_related("batch").defer("content").filter(call__receipt=receipt).first()


@transaction.atomic
def take_back(receipt: str) -> bool:
    """Take the call out of the next batch. False if it is sealed or was never in: the row's lock decides."""
    collected = BatchRecord.objects.select_for_update(of=("self",)).only("pk")
    record = collected.filter(call__receipt=receipt, batch=None).first()
    if record is None:
        return False
    record.delete()
    return True


def is_due(backend: Backend, now: datetime) -> bool:
    """A batch has to leave now."""
    departed_at = last_departure(backend, now)
    is_collected = departed_at is not None and _collected(backend, departed_at).exists()
    return is_collected or Batch.objects.filter(backend=backend, state=Batch.State.SEALED).exists()


def _collected(backend: Backend, until: datetime) -> Any:
    # Only a call that is known to wait: one whose worker died on the way is still to be delivered again.
    return BatchRecord.objects.filter(backend=backend, batch=None, added_at__lte=until, call__status="waiting")


@transaction.atomic
def seal(backend: Backend, departed_at: datetime, file_format: Format) -> Batch | None:
    """Make a batch of the records that were in at the departure, as many as one may hold; None if there are none.

    Raises ExchangeFailed if one does not fit the layout any more.
    """
    locked = _collected(backend, departed_at).select_for_update(of=("self",)).order_by("added_at", "pk")
    chosen = _as_many_as_fit(locked[:MOST_RECORDS].iterator(chunk_size=500))
    if not chosen:
        return None
    try:
        content = file_format.write([record.content for record in chosen])
    except ValueError as error:  # it did when it was collected
        raise ExchangeFailed(f"a record does not fit the layout any more: {error}") from error
    highest = Batch.objects.filter(backend=backend).aggregate(Max("number"))["number__max"] or 0
    batch = Batch.objects.create(
        backend=backend,
        number=highest + 1,
        file_name=f"{backend.code}-{highest + 1:06d}.{file_format.extension}",
        record_count=len(chosen),
        sha256=sha256_of(content),
    )
    for line, record in enumerate(chosen, 1):
        record.batch, record.line = batch, line
    BatchRecord.objects.bulk_update(chosen, ["batch", "line"], batch_size=500)
    logger.info("batch_sealed", backend=backend.code, batch=batch.number, records=len(chosen))
    return batch


def _as_many_as_fit(found: Iterator[BatchRecord]) -> list[BatchRecord]:
    chosen: list[BatchRecord] = []
    size = 0
    for record in found:
        size += sum(len(str(value)) for value in record.content.values())
        if chosen and size > MOST_BYTES:
            break
        chosen.append(record)
    return chosen


def to_leave(backend: Backend) -> list[Batch]:
    """Sealed and not known to have left, in order."""
    return list(Batch.objects.filter(backend=backend, state=Batch.State.SEALED).order_by("number"))


def content_of(batch: Batch, file_format: Format) -> bytes | None:
    """Its file; None if the rows do not give it any more, because the backend's layout was changed meanwhile."""
    try:
        content = file_format.write([record.content for record in batch.records.order_by("line")])
    except ValueError:
        return None
    return content if sha256_of(content) == batch.sha256 else None


def is_acknowledged(batch: Batch) -> bool:
    """The department has answered one of its records, so it has the file."""
    return Attempt.objects.filter(call__batch_record__batch=batch, kind=Attempt.Kind.ANSWER).exists()


def news_of_leaving(batch: Batch, expected_at: datetime) -> Iterator[News]:
    """For each of its calls that has not heard of it yet."""
    heard = Attempt.objects.filter(call=OuterRef("call"), kind=Attempt.Kind.BATCH)
    untold = batch.records.filter(~Exists(heard), call__status="waiting").order_by("line")
    for receipt, line in list(untold.values_list("call__receipt", "line")):
        yield News(
            receipt,
            Outcome(
                Outcome.ANSWERED,
                mapping.AWAITED,
                detail=f"{batch.file_name} record {line}",
                expected_at=expected_at,
                exchange={"sent_sha256": batch.sha256},
            ),
            Attempt.Kind.BATCH,
        )


def mark_sent(batch: Batch, now: datetime) -> None:
    """It left: what kept it from leaving is over."""
    batch.state, batch.sent_at, batch.trouble = Batch.State.SENT, now, ""
    batch.save(update_fields=["state", "sent_at", "trouble"])
    logger.info("batch_sent", batch=batch.file_name, records=batch.record_count)


# --- What comes back ----------------------------------------------------------------------------
def news_of_answers(
    backend: Backend, lines: Sequence[Mapping[str, Any]], *, receipt_field: str, file: str, sha256: str
) -> Iterator[News]:
    """Each line settles its call by receipt, once. What fits nothing is written down, and changes nothing."""
    calls = _calls_of(backend, [str(line.get(receipt_field, "")) for line in lines])
    for number, line in enumerate(lines, 1):
        place = f"{file} record {number}"
        call = calls.get(str(line.get(receipt_field, "")))
        if call is None:
            note(backend, None, f"{place}: no such receipt in a batch of ours")
            continue
        answer_map = rows.known_version(call.version_id).answer_map
        reading = mapping.read(answer_map, mapping.Reply(200, dict(line)))
        if reading is None or reading.outcome == "retry":
            note(backend, call, f"{place}: no rule understands it")
            continue
        answer = {"rule": reading.rule, "values": reading.values}
        if (call.status, call.answer) == (reading.outcome, answer):
            continue  # said before
        if is_settled(call):
            note(backend, call, f"{place}: the call was settled otherwise before")
            continue
        call.status, call.answer = reading.outcome, answer
        detail, exchange = place[-300:], {"received_sha256": sha256}
        yield News(call.receipt, Outcome(Outcome.ANSWERED, reading, detail, exchange=exchange), Attempt.Kind.ANSWER)


def is_settled(call: ServiceCall) -> bool:
    """A department's word counts even for a call that we had given up, unless a human closed it."""
    return call.status in ("completed", "rejected", "withdrawn") or call.closed_at is not None


def _calls_of(backend: Backend, receipts: list[str]) -> dict[str, ServiceCall]:
    """Only those that left with a batch of this backend."""
    found: dict[str, ServiceCall] = {}
    ours = ServiceCall.objects.filter(batch_record__backend=backend, batch_record__batch__isnull=False)
    for start in range(0, len(receipts), 1000):
        some = ours.filter(receipt__in=receipts[start : start + 1000]).select_related("batch_record").defer("payload")
        found |= {call.receipt: call for call in some.defer("payload", "batch_record__content")}
    return found


def close_answered(backend: Backend, now: datetime) -> None:
    """Batches of which no call waits any more are answered in full; troubles that have passed go with it."""
    waiting = BatchRecord.objects.filter(batch=OuterRef("pk"), call__status__in=UNANSWERED)
    for batch in Batch.objects.filter(~Exists(waiting), backend=backend, state=Batch.State.SENT):
        batch.state, batch.answered_at = Batch.State.ANSWERED, now
        batch.trouble = _without(_without(batch.trouble, OVERDUE), INCOMPLETE)
        batch.save(update_fields=["state", "answered_at", "trouble"])
        logger.info("batch_answered", backend=backend.code, batch=batch.number)


# --- Trouble, for operations ----------------------------------------------------------------------
def note(backend: Backend, call: ServiceCall | None, text: str) -> None:
    """Write it down once, at the call's batch or else at the last one that left."""
    batch_id = call.batch_record.batch_id if call else None
    found = Batch.objects.filter(pk=batch_id) if batch_id else Batch.objects.filter(backend=backend).order_by("-number")
    say(found.first(), text)
    logger.warning("batch_trouble", backend=backend.code, reason=text)


def say(batch: Batch | None, text: str, *, instead_of: str = "") -> None:
    """Add to a batch's trouble, in the place of what began with `instead_of`; an empty text only takes that away."""
    if batch is None:
        return
    parts = [part for part in _without(batch.trouble, instead_of).split("; ") if part]
    if text and text not in parts:
        parts.append(text)
    trouble = "; ".join(parts)[:300]
    if trouble != batch.trouble:
        batch.trouble = trouble
        Batch.objects.filter(pk=batch.pk).update(trouble=trouble)


def _without(trouble: str, beginning: str) -> str:
    if not beginning:
        return trouble
    return "; ".join(part for part in trouble.split("; ") if part and not part.startswith(beginning))


def note_overdue(backend: Backend, now: datetime) -> None:
    """Say which batches should have been answered by now."""
    overdue_after = timedelta(hours=backend.settings.get("answer_overdue_hours", 48))
    for batch in Batch.objects.filter(backend=backend, state=Batch.State.SENT, sent_at__lt=now - overdue_after):
        left = batch.records.filter(call__status__in=UNANSWERED).count()
        say(batch, f"{OVERDUE}: {left} of {batch.record_count} records have no answer", instead_of=OVERDUE)


def note_incomplete(backend: Backend, files: Sequence[str]) -> None:
    """Say at the last batch that left which answer files have not been whole for too long; or that none is."""
    text = f"{INCOMPLETE}: {', '.join(files[:5])}" if files else ""
    say(Batch.objects.filter(backend=backend).order_by("-number").first(), text, instead_of=INCOMPLETE)


# --- One at a time ------------------------------------------------------------------------------
@contextmanager
def alone(backend: Backend) -> Iterator[bool]:
    """Whether nobody else exchanges files with this backend; so it stays until the end, or the connection's."""
    lock = [LOCK, backend.pk % 2**31]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", lock)
        is_ours = bool(cursor.fetchone()[0])
    try:
        yield is_ours
    finally:
        if is_ours:
            with suppress(OperationalError, InterfaceError), connection.cursor() as cursor:  # it went with the lock
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", lock)


def expected_at(backend: Backend, now: datetime) -> datetime:
    """When the answer to a batch that leaves now should be here."""
    return now + timedelta(hours=backend.settings.get("answer_within_hours", 24))


def awaited_at(record: BatchRecord) -> datetime:
    """When more is to be heard of a record: its departure, or after that its answer."""
    if record.batch is None:
        return next_departure(record.backend, record.added_at)
    return expected_at(record.backend, record.batch.sent_at or timezone.now())
