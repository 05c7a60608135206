"""Sending many dead letters again behind a fence: chosen, looked at first, in order, slowly, and to be stopped.

Only calls that surely did not arrive are replayed. Those in doubt might be filed twice: each needs a decision of its
own (flows.settle).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Count, F, Max, Min, Q
from django.utils import timezone

from identity.accounts.models import User
from services import moments
from services.gateway import delivery, mapping
from services.gateway.connectors.base import BatchConnector, Outcome
from services.gateway.connectors.registry import connectors
from services.gateway.errors import MappingError, NotSettleable, NotYours
from services.gateway.models import Replay, ReplayedCall, ServiceCall, ServiceCallQuerySet, Settlement
from services.registry.models import Backend, Department, FunctionVersion

AT_MOST = 5000  # calls in one replay
MOST_PER_MINUTE = 6000
STATUS = ServiceCall.Status
BEFORE = ("status", "trouble", "finished_at", "attempt_count", "lookup_count", "priority", "version_id", "due_at")
_MOMENTS = ("finished_at", "due_at")
_CHANGED = [name.removesuffix("_id") for name in BEFORE]


@dataclass(frozen=True)
class Choice:
    """Which undelivered calls: of a backend or a department, and of these, if given, one trouble, function or day."""

    backend: Backend | None = None
    department: Department | None = None
    trouble: str = ""
    function: str = ""
    day: date | None = None  # Hong Kong's, on which the call was given up

    def calls(self) -> ServiceCallQuerySet:
        """In the order in which they were accepted."""
        found = ServiceCall.objects.undelivered().order_by("accepted_at", "pk")
        if self.backend:
            found = found.filter(backend=self.backend)
        if self.department:
            found = found.filter(backend__department=self.department)
        if self.trouble:
            found = found.filter(trouble=self.trouble)
        if self.function:
            found = found.filter(function__code=self.function)
        if self.day:
            begin = datetime.combine(self.day, time(), moments.HONG_KONG)
            found = found.filter(finished_at__gte=begin, finished_at__lt=begin + timedelta(days=1))
        return found


@dataclass(frozen=True)
class Change:
    """Calls that could not be sent with their own version of a function, whose published one is another."""

    function: str
    was: FunctionVersion
    now: FunctionVersion
    count: int


@dataclass(frozen=True)
class Preview:
    """What a replay would do."""

    count: int
    oldest: datetime | None
    newest: datetime | None
    held_back: int  # in doubt
    changes: list[Change]

    @property
    def is_cut(self) -> bool:
        return self.count > AT_MOST


def preview(choice: Choice) -> Preview:
    """Four queries at most, whatever is chosen. Nothing is changed."""
    failed = choice.calls().filter(status=STATUS.FAILED)
    about = failed.aggregate(count=Count("pk"), oldest=Min("accepted_at"), newest=Max("accepted_at"))
    return Preview(
        count=about["count"], oldest=about["oldest"], newest=about["newest"],
        held_back=choice.calls().filter(status=STATUS.IN_DOUBT).count(), changes=_changes(failed),
    )  # fmt: skip


def _remapped(failed: ServiceCallQuerySet) -> ServiceCallQuerySet:
    """Those that could not be sent and have another mapping by now, for the same backend."""
    return failed.filter(
        ~Q(function__published=F("version")), trouble=Outcome.UNSENDABLE, function__published__backend=F("backend")
    )


def _changes(failed: ServiceCallQuerySet) -> list[Change]:
    counted = list(
        _remapped(failed).order_by("function__code")
        .values_list("function__code", "version", "function__published").annotate(Count("pk"))
    )  # fmt: skip
    versions = FunctionVersion.objects.in_bulk({pk for _, *pair, _ in counted for pk in pair})
    return [Change(code, versions[was], versions[now], count) for code, was, now, count in counted]


@dataclass(frozen=True)
class Sample:
    """One call's request as it was and as it would be; what came from the person is masked."""

    receipt: str
    before: Any
    after: Any


def sample(choice: Choice) -> Sample | None:
    """Of the oldest call that would go with another mapping."""
    call = (
        _remapped(choice.calls().filter(status=STATUS.FAILED))
        .select_related("version", "function__published", "backend")
        .first()
    )
    if call is None or call.function.published is None:
        return None
    context = delivery.delivery_of(call).context
    maps = (call.version.request_map, call.function.published.request_map)
    return Sample(call.receipt, *(_masked(template, context) for template in maps))


def _masked(template: Any, context: dict[str, Any]) -> Any:
    """As mapping.compose fills it, but with `•••` for every value that an expression gave."""
    if isinstance(template, dict):
        filled = {key: _masked(value, context) for key, value in template.items()}
        return {key: value for key, value in filled.items() if value is not None}
    if isinstance(template, list):
        return [value for item in template if (value := _masked(item, context)) is not None]
    if not isinstance(template, str) or not template.startswith("=") or template.startswith("=="):
        return template
    try:
        return _veil(mapping.evaluate(template[1:], context))
    except MappingError:
        return f"⚠ {template}"  # the expression, which is the department's own


def _veil(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _veil(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_veil(part) for part in value]
    return None if value is None else "•••"


@transaction.atomic
def start(choice: Choice, *, by: User, reason: str, per_minute: int, uses_published: bool = False) -> Replay:
    """Send the chosen calls again, the oldest first and at most so many a minute; name and reason stand on each.

    Raises NotYours, or NotSettleable when none is left to be sent.
    """
    if not by.has_perm("gateway.settle_calls"):
        raise NotYours("only operations may replay calls")
    chosen = choice.calls().filter(status=STATUS.FAILED).defer("payload", "answer")
    calls = list(chosen.select_related("function").select_for_update(of=("self",))[:AT_MOST])
    if not calls:
        raise NotSettleable("no such call is left")
    now = timezone.now()
    replay = Replay.objects.create(
        backend=choice.backend, department=choice.department, per_minute=min(per_minute, MOST_PER_MINUTE),
        uses_published=uses_published, reason=reason[:300], started_by=by, started_at=now,
    )  # fmt: skip
    remapped = set(_remapped(chosen).values_list("pk", flat=True)) if uses_published else set()
    ReplayedCall.objects.bulk_create([ReplayedCall(replay=replay, call=call, before=_standing(call)) for call in calls])
    for place, call in enumerate(calls):
        call.status, call.trouble, call.finished_at = STATUS.ACCEPTED, "", None
        call.attempt_count = call.lookup_count = 0
        call.priority = ServiceCall.Priority.BACKGROUND
        call.due_at = now + place * timedelta(minutes=1) / replay.per_minute
        if call.pk in remapped:
            call.version_id = call.function.published_id  # type: ignore[assignment]
    ServiceCall.objects.bulk_update(calls, _CHANGED, batch_size=1000)
    _decide(calls, Settlement.Verb.RETRY, by, replay.reason, now)
    return replay


def _standing(call: ServiceCall) -> dict[str, Any]:
    """The columns of BEFORE as JSON keeps them."""
    now = {name: getattr(call, name) for name in BEFORE}
    return now | {name: now[name] and now[name].isoformat() for name in _MOMENTS}


def _decide(calls: Iterable[ServiceCall], verb: str, by: User, reason: str, now: datetime) -> None:
    Settlement.objects.bulk_create(
        [Settlement(call=call, actor=by, verb=verb, reason=reason, at=now) for call in calls], batch_size=1000
    )


@dataclass(frozen=True)
class Progress:
    """How far a replay has come."""

    total: int
    to_go: int  # not left yet
    answered: int  # by the department: done, refused, or with it
    failed: int  # again
    in_doubt: int
    taken_back: int

    @property
    def share(self) -> int:
        """In per cent, of what was begun and not taken back."""
        count = self.total - self.taken_back
        return (count - self.to_go) * 100 // count if count else 100


def progress(replay: Replay) -> Progress:
    """One query."""
    kept = Q(taken_back_at=None)
    return Progress(
        **replay.calls.aggregate(
            total=Count("pk"),
            to_go=Count("pk", filter=kept & Q(call__status__in=[STATUS.ACCEPTED, STATUS.DELIVERING])),
            answered=Count("pk", filter=kept & Q(call__status__in=[STATUS.COMPLETED, STATUS.REJECTED, STATUS.WAITING])),
            failed=Count("pk", filter=kept & Q(call__status__in=[STATUS.FAILED, STATUS.WITHDRAWN])),
            in_doubt=Count("pk", filter=kept & Q(call__status=STATUS.IN_DOUBT)),
            taken_back=Count("pk", filter=~kept),
        )
    )


def stop(replay: Replay, *, by: User) -> int:
    """Take back what has not left yet, as it was before; how many calls that were. What has left, has left.

    A call that waits in a batch is taken out of it, unless its file is sealed. Raises NotYours.
    """
    if not by.has_perm("gateway.settle_calls"):
        raise NotYours("only operations may stop a replay")
    with transaction.atomic():
        now = timezone.now()
        Replay.objects.filter(pk=replay.pk, stopped_at=None).update(stopped_at=now, stopped_by=by)
        count = _take_back(replay, STATUS.ACCEPTED, by, now)
    return count + _take_out(replay, by)


def _take_back(replay: Replay, status: str, by: User, now: datetime, receipts: list[str] | None = None) -> int:
    """Those of that status which have not been tried since the replay began."""
    rows = replay.calls.filter(taken_back_at=None, call__status=status)
    rows = rows.filter(call__attempt_count=0) if receipts is None else rows.filter(call__receipt__in=receipts)
    locked = list(rows.select_related("call").defer("call__payload", "call__answer").select_for_update())
    for row in locked:
        for name, value in row.before.items():
            is_moment = name in _MOMENTS and value is not None
            setattr(row.call, name, datetime.fromisoformat(value) if is_moment else value)
        row.taken_back_at = now
    calls = [row.call for row in locked]
    ServiceCall.objects.bulk_update(calls, _CHANGED, batch_size=1000)
    ReplayedCall.objects.bulk_update(locked, ["taken_back_at"], batch_size=1000)
    _decide(calls, Settlement.Verb.TAKEN_BACK, by, replay.reason, now)
    return len(calls)


def _take_out(replay: Replay, by: User) -> int:
    """Each in a transaction of its own: taking it out of the batch and putting it back as it was are one act."""
    waiting = replay.calls.filter(taken_back_at=None, call__status=STATUS.WAITING)
    count = 0
    for receipt, protocol in list(waiting.values_list("call__receipt", "call__backend__connector")):
        connector = connectors.get(protocol)
        if isinstance(connector, BatchConnector):
            with transaction.atomic():
                if connector.take_back(receipt):
                    count += _take_back(replay, STATUS.WAITING, by, timezone.now(), [receipt])
                    ServiceCall.objects.filter(receipt=receipt).update(answer=None)
    return count
