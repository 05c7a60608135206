"""What failed on one day and why, with the way to each."""

from datetime import date, timedelta
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from portal.control import incident_list
from portal.control.access import for_operations
from services import moments
from services.gateway import digest


@for_operations
@require_safe
def today(request: HttpRequest) -> HttpResponse:
    return redirect("control:day", timezone.localdate().isoformat())


@for_operations
@require_safe
def day_page(request: HttpRequest, day: str) -> HttpResponse:
    """One day, and the ways to the day before and after it."""
    try:
        asked = date.fromisoformat(day)
    except ValueError as error:
        raise Http404 from error
    now = timezone.now()
    if not date(2000, 1, 1) <= asked <= timezone.localdate():
        raise Http404
    found = digest.of(asked)
    following = asked + timedelta(days=1)
    context = {
        "digest": found, "name": moments.say_date(asked), "now": now, "before": asked - timedelta(days=1),
        "after": following if following <= timezone.localdate() else None,
        "lines": incident_list.lines(found.incidents, now), "rows": [_row(group) for group in found.groups],
        "columns": [
            _("Backend"), _("Why"), _("Deliveries that failed"), _("Calls"), _("First"), _("Last"),
            _("Need a decision"),
        ],
        "numeric": [2, 3, 4, 5, 6],
    }  # fmt: skip
    return render(request, "control/day.html", context)


def _row(group: digest.Group) -> list[Any]:
    """Of components/table.html."""
    code = group.backend.code
    waits: Any = "–"
    if group.undelivered:
        waits = {"text": f"{group.undelivered:,}", "url": f"/control/calls/?backend={code}"}
    return [
        {"text": f"{group.backend.department.name} ({code})", "url": f"/control/backends/{code}/"}, group.words,
        f"{group.attempts:,}", f"{group.calls:,}", moments.say_time(group.first_at), moments.say_time(group.last_at),
        waits,
    ]  # fmt: skip
