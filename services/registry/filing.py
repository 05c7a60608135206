"""What a filing period has to be like."""

from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from services.registry.models import FilingPeriod

LONGEST = timedelta(days=3 * 366)
MOST_EXTEND_DAYS = 60


def wrong_with(period: FilingPeriod, now: datetime) -> list[str]:
    """What has to be put right, in the active language; empty if nothing has."""
    wrong = []
    if period.closes_at <= period.opens_at:
        wrong.append(_("an end that comes after the beginning"))
    if period.closes_at <= now:
        wrong.append(_("an end that is still to come"))
    if period.closes_at - period.opens_at > LONGEST:
        wrong.append(_("a period of at most three years"))
    if period.rule not in FilingPeriod.Rule.values:
        wrong.append(_("what happens when a system was down"))
    if not 1 <= period.extend_days <= MOST_EXTEND_DAYS:
        wrong.append(_("1 to %(most)s days") % {"most": MOST_EXTEND_DAYS})
    others = FilingPeriod.objects.filter(function=period.function).exclude(pk=period.pk)
    if others.filter(opens_at__lt=period.closes_at, closes_at__gt=period.opens_at).exists():
        wrong.append(_("times that no other period of this function has"))
    return wrong


def facts(period: FilingPeriod) -> dict[str, str | int]:
    """For the record of changes."""
    return {
        "opens_at": period.opens_at.isoformat(),
        "until": period.closes_at.isoformat(),
        "rule": period.rule,
        "extend_days": period.extend_days,
    }
