"""How each backend is doing: its lane, its last hour, what waits, and its week in pieces of six hours."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from portal.control import lane_counts
from portal.control.wording import say_span
from services import moments
from services.gateway.models import Lane
from services.registry.models import Backend, Maintenance

PIECES = 28
PIECE = lane_counts.PIECE
HEIGHT = 24  # of the picture, in its units


@dataclass
class Health:
    """One backend as operations sees it."""

    backend: Backend
    now: datetime
    calls: int = 0  # deliveries tried in the last hour
    failures: int = 0
    p50_ms: float | None = None
    p95_ms: float | None = None
    queue: int = 0  # not left yet
    queued_since: datetime | None = None  # the oldest of them
    in_flight: int = 0
    in_doubt: int = 0
    waiting: int = 0  # with the department
    overdue: int = 0  # of them, left with a file and should have been answered
    batches: int = 0  # files not answered in full
    batches_overdue: int = 0
    batches_stuck: int = 0  # sealed, and something keeps them from leaving
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
    def maintenance(self) -> Maintenance | None:
        return self.backend.maintenance(self.now)

    @property
    def next_maintenance(self) -> Maintenance | None:
        """The next one that is noted but has not begun."""
        coming = [row for row in self.backend.maintenances.all() if row.starts_at > self.now]
        return min(coming, key=lambda row: row.starts_at, default=None)

    @property
    def breaker_words(self) -> str:
        if self.breaker == "open" and self.lane and self.lane.open_until:
            return _("breaker open until %(time)s") % {"time": moments.say_time(self.lane.open_until)}
        return _("breaker half-open") if self.breaker == "half-open" else _("breaker closed")

    @property
    def queue_age(self) -> str:
        """Of the oldest call that has not left."""
        return say_span(self.now - self.queued_since) if self.queued_since else ""

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
        return self.is_ailing or self.fails_often or self.overdue > 0 or self.batches_stuck > 0

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
        if self.batches_stuck:
            return _("files held up"), "waiting"
        if self.overdue:
            return _("answers overdue"), "waiting"
        if self.maintenance:
            return _("maintenance"), ""
        if self.closed_until:
            return _("counter closed"), ""
        return (_("well"), "success") if self.heard_at else (_("not heard of yet"), "")

    @property
    def notes(self) -> list[str]:
        """What goes with the state: until when, since when."""
        lane, notes = self.lane, [self.breaker_words] if self.backend.is_deliverable else []
        if lane and lane.failures:
            notes.append(_("%(count)s failures in a row") % {"count": lane.failures})
        if self.closed_until:
            notes.append(_("opens %(time)s") % {"time": moments.say(self.closed_until)})
        if self.next_maintenance:
            notes.append(_("maintenance from %(time)s") % {"time": moments.say(self.next_maintenance.starts_at)})
        if self.is_in_trouble and self.heard_at:
            notes.append(_("last well %(time)s") % {"time": moments.say(self.heard_at)})
        return notes

    @property
    def bars(self) -> tuple[str, str]:
        """The week as two paths, of what was answered and of what was not; a piece without deliveries has no bar."""
        begin = _begin(self.now)
        answered, failed = [], []
        for moment, (tried, good) in sorted(self.week.items()):
            place = round((moment - begin) / PIECE)
            height = round(HEIGHT * good / tried) if tried else 0
            if not tried or not 0 <= place < PIECES:
                continue
            if height:
                answered.append(f"M{place * 5} {HEIGHT}v-{height}h4v{height}z")
            if height < HEIGHT:
                failed.append(f"M{place * 5} 0v{HEIGHT - height}h4v-{HEIGHT - height}z")
        return "".join(answered), "".join(failed)

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
    def urgency(self) -> tuple[bool, bool, int, int, int, int, str]:
        """Sorts those in trouble first, then the busy ones."""
        return (
            not self.is_in_trouble, self.breaker == "closed", -self.failures, -self.overdue - self.in_doubt,
            -self.queue, -self.calls, self.backend.code,
        )  # fmt: skip


def _begin(now: datetime) -> datetime:
    """Where the week's first piece begins: the last piece is the one that `now` lies in."""
    local = now.astimezone(moments.HONG_KONG)
    this = local.replace(hour=local.hour // 6 * 6, minute=0, second=0, microsecond=0)
    return this - PIECE * (PIECES - 1)


def of(backends: QuerySet[Backend], now: datetime) -> list[Health]:
    """Of each of these, those in trouble first. Eight queries, or nine when a piece of the week is not remembered."""
    rows = {
        backend.pk: Health(backend, now)
        for backend in backends.select_related("department", "lane").prefetch_related("maintenances")
    }
    for backend_id, values in _asked(now):
        if row := rows.get(backend_id):
            vars(row).update(values)
    for backend_id, piece, tried, answered in lane_counts.week(_begin(now), PIECES, now):
        if row := rows.get(backend_id):
            row.week[piece] = (tried, answered)
    return sorted(rows.values(), key=lambda row: row.urgency)


def _asked(now: datetime) -> Iterator[tuple[int, dict[str, Any]]]:
    """Backend, and some of the fields of its Health."""
    for backend, calls, failures, p50, p95 in lane_counts.last_hour(now):
        yield backend, {"calls": calls, "failures": failures, "p50_ms": p50, "p95_ms": p95}
    for backend, queue, since in lane_counts.queues():
        yield backend, {"queue": queue, "queued_since": since}
    for backend, flying in lane_counts.in_flight(now):
        yield backend, {"in_flight": flying}
    for backend, doubts, waiting in lane_counts.awaited():
        yield backend, {"in_doubt": doubts, "waiting": waiting}
    for backend, files, stuck in lane_counts.batches():
        yield backend, {"batches": files, "batches_stuck": stuck}
    for backend, late, files in lane_counts.overdue(now):
        yield backend, {"overdue": late, "batches_overdue": files}
