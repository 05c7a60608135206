"""What the pages of operations ask for beyond the portal's own tags."""

from datetime import date, datetime

from django import template
from django.utils import timezone

from portal.control.wording import say_day

register = template.Library()


@register.filter
def clock(at: datetime) -> str:
    """`14:02:33`, Hong Kong time: to the second, because the figures renew themselves."""
    return f"{timezone.localtime(at):%H:%M:%S}"


@register.filter
def plain_day(day: date) -> str:
    """`31 December 2027` · 「2027年12月31日」."""
    return say_day(day)
