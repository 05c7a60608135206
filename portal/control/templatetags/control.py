"""What the pages of operations ask for beyond the portal's own tags."""

from datetime import datetime

from django import template
from django.utils import timezone

register = template.Library()


@register.filter
def clock(at: datetime) -> str:
    """`14:02:33`, Hong Kong time: to the second, because the figures renew themselves."""
    return f"{timezone.localtime(at):%H:%M:%S}"
