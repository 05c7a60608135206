"""How each backend is doing: its lane, its last hour, its queue, and its week in pieces of six hours."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.core.cache import cache
from django.db.models import Aggregate, Count, DateTimeField, FloatField, Func, Q, QuerySet
from django.utils.translation import gettext as _

from services import moments
from services.gateway.models import Attempt, Batch, Lane, ServiceCall
from services.registry.models import Backend

PIECES = 28
PIECE = timedelta(hours=6)
WEEK_KEPT_SECONDS = 120  # the past hardly changes, and it is the one long read
MOST_BATCHES = 100  # in trouble, whose trouble is told
HEIGHT = 24  # of the picture, in its units


class _Percentile(Aggregate):
    function = "PERCENTILE_CONT"
    template = "%(function)s(%(share)s) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = FloatField()


class _Piece(Func):
    """The beginning of the six hours (Hong Kong time) that a moment lies in."""

    template = "date_bin('6 hours', %(expressions)s, TIMESTAMPTZ '2026-01-01 00:00+08')"
    output_field = DateTimeField()


@dataclass(frozen=True)
class Bar:
    """Six hours of deliveries: the part that was answered, over the part that was not."""

    x: int
    answered: int  # heights
    failed: int


@dataclass
class Health:
    """One backend as operations sees it."""

    backend: Backend
    now: datetime
    calls: int = 0  # deliveries tried in the last hour
    failures: int = 0
    p50_ms: float | None = None
    p95_ms: float | None = None
    queue: int = 0
    batches: list[str] = field(default_factory=list)  # what is the matter with files that left or came
    week: dict[datetime, tuple[int, int]] = field(default_factory=dict)  # piece -> tried, answered

    @property
    def lane(self) -> Lane | None:
        return getattr(self.backend, "lane", None)

    @property
    def breaker(self) -> str:
        return self.lane.breaker(self.now) if self.lane else "closed"

    @property
    def closed_until(self) -> datetime | None:
        """When its counter opens; None while it is open."""
        opens = self.backend.opens_at(self.now)
        return opens if opens > self.now else None

    @property
    def is_ailing(self) -> bool:
        """Its lane says so: the breaker, failures in a row, or a probe without an answer."""
        lane = self.lane
        return lane is not None and (self.breaker != "closed" or lane.failures > 0 or lane.probe_ok is False)

    @property
    def fails_often(self) -> bool:
        """A fifth of the last hour's deliveries came to nothing, whoever's fault it is."""
        return self.failures >= 3 and self.failures * 5 >= self.calls

    @property
    def is_in_trouble(self) -> bool:
        return self.is_ailing or self.fails_often or bool(self.batches)

    @property
    def heard_at(self) -> datetime | None:
        """When it last gave a sign of life."""
        lane = self.lane
        probed = lane.probed_at if lane and lane.probe_ok else None
        heard = [moment for moment in (lane and lane.last_success_at, probed) if moment]
        return max(heard, default=None)

    @property
    def state(self) -> tuple[str, str]:
        """A word and its tone. Never `well` about a backend that nobody has heard of."""
        if not self.backend.is_deliverable:
            return _("not connected yet"), ""
        if self.breaker == "open":
            return _("held back"), "error"
        if self.breaker == "half-open":
            return _("being tried again"), "waiting"
        if self.is_ailing:
            return _("failing"), "error"
        if self.fails_often:
            return _("many failures"), "waiting"
        if self.batches:
            return _("a batch needs a look"), "waiting"
        if self.closed_until:
            return _("counter closed"), ""
        return (_("well"), "success") if self.heard_at else (_("not heard of yet"), "")

    @property
    def notes(self) -> list[str]:
        """What goes with the state: until when, since when."""
        lane, notes = self.lane, []
        if lane and lane.open_until and self.breaker == "open":
            notes.append(_("no calls go out until %(time)s") % {"time": moments.say_time(lane.open_until)})
        if lane and lane.failures:
            notes.append(_("%(count)s failures in a row") % {"count": lane.failures})
        if self.closed_until:
            notes.append(_("opens %(time)s") % {"time": moments.say(self.closed_until)})
        notes += self.batches
        if self.is_in_trouble and self.heard_at:
            notes.append(_("last well %(time)s") % {"time": moments.say(self.heard_at)})
        return notes

    @property
    def bars(self) -> list[Bar]:
        """The week, oldest first; a piece without deliveries has no bar."""
        begin = _begin(self.now)
        bars = []
        for moment, (tried, answered) in sorted(self.week.items()):
            place = round((moment - begin) / PIECE)
            height = round(HEIGHT * answered / tried)
            if tried and 0 <= place < PIECES:
                bars.append(Bar(place * 5, height, HEIGHT - height))
        return bars

    @property
    def pieces(self) -> list[tuple[datetime, int, int]]:
        """The week as a table, newest first: when, tried, answered."""
        return [
            (moment.astimezone(moments.HONG_KONG), tried, answered)
            for moment, (tried, answered) in sorted(self.week.items(), reverse=True)
        ]

    @property
    def week_tried(self) -> int:
        return sum(tried for tried, _answered in self.week.values())

    @property
    def week_short(self) -> str:
        """`98 % of 340`, or that there was nothing."""
        if not self.week_tried:
            return _("no deliveries")
        return _("%(share)s %% of %(count)s") % {"share": self._week_share, "count": f"{self.week_tried:,}"}

    @property
    def _week_share(self) -> int:
        """In per cent; never rounded up to 100 while one is missing."""
        return sum(answered for _tried, answered in self.week.values()) * 100 // self.week_tried

    @property
    def week_words(self) -> str:
        """The picture for those who cannot see it."""
        if not self.week_tried:
            return _("No deliveries in the last seven days")
        return _("Last seven days: %(share)s %% of %(count)s deliveries answered") % {
            "share": self._week_share, "count": self.week_tried,
        }  # fmt: skip

    @property
    def urgency(self) -> tuple[bool, bool, int, int, int, str]:
        """Sorts those in trouble first, then the busy ones."""
        return (
            not self.is_in_trouble, self.breaker == "closed", -self.failures, -self.queue, -self.calls,
            self.backend.code,
        )  # fmt: skip


def _begin(now: datetime) -> datetime:
    """Where the week's first piece begins: the last piece is the one that `now` lies in."""
    local = now.astimezone(moments.HONG_KONG)
    this = local.replace(hour=local.hour // 6 * 6, minute=0, second=0, microsecond=0)
    return this - PIECE * (PIECES - 1)


def of(backends: QuerySet[Backend], now: datetime) -> list[Health]:
    """Of each of these, those in trouble first. Six queries, or five while the week is remembered."""
    rows = {
        backend.pk: Health(backend, now)
        for backend in backends.select_related("department", "lane").prefetch_related("maintenances")
    }
    for backend_id, calls, failures, p50, p95 in _last_hour(now):
        if row := rows.get(backend_id):
            row.calls, row.failures, row.p50_ms, row.p95_ms = calls, failures, p50, p95
    for backend_id, queue in _queues():
        if row := rows.get(backend_id):
            row.queue = queue
    for backend_id, file, trouble in _batches(now):
        if row := rows.get(backend_id):
            row.batches.append(f"{file}: {trouble}")
    for backend_id, piece, tried, answered in _week(now):
        if row := rows.get(backend_id):
            row.week[piece] = (tried, answered)
    return sorted(rows.values(), key=lambda row: row.urgency)


def _last_hour(now: datetime) -> Iterable[tuple[int, int, int, float, float]]:
    tried = Attempt.objects.filter(kind=Attempt.Kind.SEND, started_at__gt=now - timedelta(hours=1)).order_by()
    return tried.values_list("backend_id").annotate(
        calls=Count("pk"),
        failures=Count("pk", filter=~Q(outcome="answered")),
        p50=_Percentile("duration_ms", share=0.5),
        p95=_Percentile("duration_ms", share=0.95),
    )


def _queues() -> Iterable[tuple[int, int]]:
    return (
        ServiceCall.objects.filter(status__in=["accepted", "delivering"])
        .order_by().values_list("backend_id").annotate(Count("pk"))
    )  # fmt: skip


def _batches(now: datetime) -> Iterable[tuple[int, str, str]]:
    """Those in trouble, for a week after they were answered."""
    troubled = Batch.objects.exclude(trouble="").exclude(answered_at__lt=now - timedelta(days=7))
    return troubled.order_by("-number").values_list("backend_id", "file_name", "trouble")[:MOST_BATCHES]


def _week(now: datetime) -> list[tuple[int, datetime, int, int]]:
    begin = _begin(now)
    key = f"control:week:{begin:%Y%m%d%H}"
    kept: list[tuple[int, datetime, int, int]] | None = cache.get(key)
    if kept is None:
        tried = Attempt.objects.filter(kind=Attempt.Kind.SEND, started_at__gte=begin).order_by()
        counted = (
            tried.annotate(piece=_Piece("started_at"))
            .values_list("backend_id", "piece")
            .annotate(tried=Count("pk"), answered=Count("pk", filter=Q(outcome="answered")))
        )
        kept = list(counted)
        cache.set(key, kept, WEEK_KEPT_SECONDS)
    return kept
