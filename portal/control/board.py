"""The numbers of consolidation and their story: once, now, target, and where it is going."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal.control import burndown
from portal.control.wording import say_day, say_month
from services import moments
from services.consolidation import progress
from services.consolidation.models import Aim
from services.consolidation.progress import Point, Projection
from services.consolidation.stages import AppStage
from services.languages import current


@dataclass(frozen=True)
class Board:
    """Consolidation on one day."""

    today: date
    once: int
    now: int
    aim: Aim
    history: list[Point]
    trend: Projection
    plan: Projection
    overdue: int
    unplanned: int

    @property
    def verdict(self) -> str:
        """The picture in one sentence."""
        if self.now <= self.aim.apps:
            return _("The target is reached.")
        lands = self.trend.lands_on
        if lands is None:
            return _("No app was switched off in the last two years: at this pace the target is never reached.")
        if lands <= self.aim.due_on:
            return _("At today's pace the target is reached in %(month)s, in time.") % {"month": say_month(lands)}
        return _("At today's pace the target is reached in %(month)s, %(late)s late.") % {
            "month": say_month(lands), "late": _span(self.aim.due_on, lands),
        }  # fmt: skip

    @property
    def is_late(self) -> bool:
        lands = self.trend.lands_on
        return self.now > self.aim.apps and (lands is None or lands > self.aim.due_on)

    @property
    def outlook(self) -> str:
        """What the planned dates promise, and what they leave open."""
        said = [self._promise()]
        if self.overdue:
            said.append(
                ngettext(
                    "%(count)s app is past its planned date and still here.",
                    "%(count)s apps are past their planned dates and still here.",
                    self.overdue,
                ) % {"count": self.overdue}
            )  # fmt: skip
        if self.unplanned:
            said.append(
                ngettext("%(count)s app has no date yet.", "%(count)s apps have no date yet.", self.unplanned)
                % {"count": self.unplanned}
            )
        return (" " if current() == "en" else "").join(said)

    def _promise(self) -> str:
        left, due = self.plan.apps_when_due, say_day(self.aim.due_on)
        if left <= self.aim.apps and self.plan.lands_on:
            return _("If every planned date is kept, the target is reached in %(month)s.") % {
                "month": say_month(self.plan.lands_on)
            }
        return _("If every planned date is kept, %(left)s apps are left on %(due)s: %(over)s too many.") % {
            "left": left, "due": due, "over": left - self.aim.apps,
        }  # fmt: skip

    @property
    def story(self) -> burndown.Story:
        start = min(self.aim.set_at.astimezone(moments.HONG_KONG).date(), self.today)
        line = (Point(start, self.aim.apps_at_start), Point(self.aim.due_on, self.aim.apps))
        return burndown.Story(self.history, line, self.trend, self.plan)

    @property
    def pictures(self) -> list[tuple[str, burndown.Drawing]]:
        """The same picture for a broad and for a narrow screen."""
        return [
            ("wide", burndown.draw(self.story, burndown.WIDE)),
            ("narrow", burndown.draw(self.story, burndown.NARROW)),
        ]

    @property
    def rows(self) -> list[list[object]]:
        """The picture as a table, of components/table.html."""
        was = [[say_day(point.on), point.apps, _("so it was")] for point in self.history]
        planned = [[say_day(point.on), point.apps, _("planned")] for point in self.plan.points[1:]]
        ends = [[say_day(self.aim.due_on), self.aim.apps, _("target")]]
        if self.trend.lands_on:
            ends.append([say_day(self.trend.lands_on), self.aim.apps, _("at today's pace")])
        return [*was, *planned, *ends]

    @property
    def columns(self) -> list[str]:
        return [_("Day"), _("Apps left"), _("What it is")]

    @property
    def due(self) -> str:
        return say_day(self.aim.due_on)

    @property
    def target_label(self) -> str:
        return _("target %(count)s") % {"count": self.aim.apps}

    @property
    def landing_label(self) -> str:
        return say_month(self.trend.lands_on) if self.trend.lands_on else ""

    @property
    def pace(self) -> str:
        return f"{self.trend.per_year:.1f}"


def _span(begin: date, end: date) -> str:
    """`4 years 6 months`; less than a month counts as one."""
    months = max(round((end - begin) / timedelta(days=30.44)), 1)
    years, months = divmod(months, 12)
    parts = []
    if years:
        parts.append(ngettext("%(count)s year", "%(count)s years", years) % {"count": years})
    if months:
        parts.append(ngettext("%(count)s month", "%(count)s months", months) % {"count": months})
    return _("%(years)s and %(months)s") % {"years": parts[0], "months": parts[1]} if parts[1:] else parts[0]


def of(apps: Sequence[AppStage], aim: Aim | None, today: date) -> Board | None:
    """None without an aim: then there is nothing to land on."""
    if aim is None:
        return None
    gone = [stage.app.retire_by for stage in apps if stage.is_retired and stage.app.retire_by]
    left = [stage for stage in apps if not stage.is_retired]
    ahead = {"now": len(left), "target": aim.apps, "today": today, "due": aim.due_on}
    return Board(
        today=today,
        once=len(apps),
        now=len(left),
        aim=aim,
        history=progress.history(gone, once=len(apps), today=today),
        trend=progress.by_trend(gone, **ahead),  # type: ignore[arg-type]
        plan=progress.by_plan([stage.app.retire_by for stage in left if stage.app.retire_by], **ahead),  # type: ignore[arg-type]
        overdue=sum(stage.is_overdue(today) for stage in left),
        unplanned=sum(stage.app.retire_by is None for stage in left),
    )
