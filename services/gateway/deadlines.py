"""Deadlines that are fair: when we or the department were down in a filing period, its end moves by its own rule.

`stop_the_clock`: by as long as it was down. `extend`: by whole days for each time that it was down, and never to less
than as many days after it was back. Times shorter than a minute do not count, and two that overlap count once. Down is:
an incident of the backend or of the portal, and a maintenance that was announced less than three days before.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import F, Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from services import moments
from services.gateway.models import Incident, ServiceCall
from services.languages import current
from services.registry.models import Backend, FilingPeriod, Maintenance, ServiceFunction

SHORTEST = timedelta(minutes=1)
NOTICE = timedelta(days=3)  # a maintenance announced so long before is planned: people could reckon with it
SHOWN = 3  # outages that are told one by one
HONG_KONG = ZoneInfo("Asia/Hong_Kong")


@dataclass(frozen=True)
class Outage:
    """A time in which the way to the department was broken."""

    started_at: datetime
    ended_at: datetime | None  # None: it still is
    whose: str = "department"  # or portal

    def lasted_from(self, opened: datetime, now: datetime) -> timedelta:
        """How much of it lies after `opened`; not positive if none does."""
        return (self.ended_at or now) - max(self.started_at, opened)


@dataclass(frozen=True)
class Deadline:
    """A filing period as it stands at a moment."""

    opens_at: datetime
    closes_at: datetime  # as the department set it
    effective_at: datetime  # as it holds
    outages: tuple[Outage, ...] = ()  # those that moved it, oldest first
    stops_the_clock: bool = False  # else it was extended by days

    @property
    def is_moved(self) -> bool:
        return self.effective_at != self.closes_at


def effective(function: ServiceFunction, now: datetime, backend: Backend | None = None) -> Deadline | None:
    """The period that is open at `now`, else the next, else the last one; None for what can be filed at any time.

    As it was known at `now`: what happened later moves nothing. One query, unless the function's periods are
    prefetched, and two more if there are any. The backend is the published version's unless given.
    """
    periods: list[FilingPeriod] = sorted(function.filing_periods.all(), key=lambda period: period.closes_at)
    over = [period for period in periods if period.closes_at <= now][-2:]  # a moved one may still be open
    periods = over + [period for period in periods if period.closes_at > now]
    if not periods:
        return None
    if backend is None:
        assert function.published is not None
        backend = function.published.backend
    outages = _merged(_outages(backend, min(period.opens_at for period in periods), now))
    found = [_moved(period, outages, now) for period in periods]
    return next((deadline for deadline in found if deadline.effective_at > now), found[-1])


def of_call(call: ServiceCall) -> Deadline | None:
    """The deadline as it stood when the call was accepted: what a receipt says never changes."""
    return effective(call.function, call.accepted_at, call.backend)


def _outages(backend: Backend, since: datetime, now: datetime) -> Iterable[Outage]:
    """What was down between the two, as it was known at `now`."""
    incidents = Incident.objects.filter(Q(backend=backend) | Q(backend=None), started_at__lt=now).filter(
        Q(ended_at=None) | Q(ended_at__gt=since)
    )
    for whose, start, end in incidents.values_list("backend", "started_at", "ended_at"):
        yield Outage(start, end if end and end <= now else None, "department" if whose else "portal")
    maintenances = Maintenance.objects.filter(
        backend=backend, starts_at__lt=now, ends_at__gt=since, created_at__gt=F("starts_at") - NOTICE
    )
    for start, end in maintenances.values_list("starts_at", "ends_at"):
        yield Outage(start, end if end <= now else None)


def _merged(outages: Iterable[Outage]) -> list[Outage]:
    """In order, those that overlap made one; it counts as the portal's if one of them was."""
    merged: list[Outage] = []
    for outage in sorted(outages, key=lambda each: each.started_at):
        last = merged[-1] if merged else None
        if last is None or (last.ended_at is not None and outage.started_at > last.ended_at):
            merged.append(outage)
            continue
        is_open = last.ended_at is None or outage.ended_at is None
        end = None if is_open else max(filter(None, (last.ended_at, outage.ended_at)))
        merged[-1] = replace(last, ended_at=end, whose=max(last.whose, outage.whose))  # portal > department
    return merged


def _moved(period: FilingPeriod, outages: Sequence[Outage], now: datetime) -> Deadline:
    """Outages one after another: one that begins in time won by an earlier one counts too."""
    at, counted = period.closes_at, []
    for outage in outages:
        lasted = outage.lasted_from(period.opens_at, now)
        if outage.started_at >= at:
            break
        if lasted < SHORTEST:
            continue
        counted.append(outage)
        if period.rule == FilingPeriod.Rule.STOP_THE_CLOCK:
            at += lasted
        else:
            days = timedelta(days=period.extend_days)
            at = max(at + days, (outage.ended_at or now) + days)
    stops = period.rule == FilingPeriod.Rule.STOP_THE_CLOCK
    return Deadline(period.opens_at, period.closes_at, _whole_minute(at) if counted else at, tuple(counted), stops)


def _whole_minute(at: datetime) -> datetime:
    """Upwards, because pages say no seconds."""
    return at if not (at.second or at.microsecond) else at.replace(second=0, microsecond=0) + timedelta(minutes=1)


# --- In words -------------------------------------------------------------------------------------
def say(deadline: Deadline) -> str:
    """Until when one can file; if it moved, from when, and why."""
    if not deadline.is_moved:
        return _("File by %(time)s.") % {"time": moments.say(deadline.closes_at)}
    times = {"before": moments.say(deadline.closes_at), "time": moments.say(deadline.effective_at)}
    said = [_("The deadline was %(before)s. It has moved to %(time)s.") % times]
    said += [_why(outage, keeps_moving=deadline.stops_the_clock) for outage in deadline.outages[:SHOWN]]
    more = len(deadline.outages) - SHOWN
    if more > 0:
        again = ngettext("It was down %(count)s more time.", "It was down %(count)s more times.", more)
        said.append(again % {"count": more})
    return (" " if current() == "en" else "").join(said)


def _why(outage: Outage, *, keeps_moving: bool) -> str:
    times = {"start": moments.say(outage.started_at)}
    if outage.ended_at is not None:
        times["end"] = _until(outage.started_at, outage.ended_at)
        if outage.whose == "portal":
            return _("Ferry was down from %(start)s to %(end)s.") % times
        return _("The department's system was down from %(start)s to %(end)s.") % times
    if keeps_moving:
        if outage.whose == "portal":
            return _("Ferry has been down since %(start)s, and the deadline keeps moving until it is back.") % times
        said = _(
            "The department's system has been down since %(start)s, and the deadline keeps moving until it is back."
        )
        return said % times
    if outage.whose == "portal":
        return _("Ferry has been down since %(start)s.") % times
    return _("The department's system has been down since %(start)s.") % times


def _until(start: datetime, end: datetime) -> str:
    """The time alone where it is the same day."""
    is_same_day = start.astimezone(HONG_KONG).date() == end.astimezone(HONG_KONG).date()
    return moments.say_time(end) if is_same_day else moments.say(end)


def say_over(deadline: Deadline) -> str:
    """That it is too late, and what is next."""
    return _("The time to file ended on %(time)s. Please ask the department what you can do now.") % {
        "time": moments.say(deadline.effective_at)
    }


def say_early(deadline: Deadline) -> str:
    return _("You can file this from %(opens)s until %(closes)s.") % {
        "opens": moments.say(deadline.opens_at),
        "closes": moments.say(deadline.effective_at),
    }


def say_proof(deadline: Deadline, accepted_at: datetime) -> str:
    """For a receipt: until when, and that it was in time."""
    sent = _("You sent it on %(time)s, in time. Your receipt proves it.") % {"time": moments.say(accepted_at)}
    return (" " if current() == "en" else "").join([say(deadline), sent])
