"""Every backend's health, and one backend's week."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from portal.control import lane_health, undelivered
from portal.control.access import for_operations
from portal.control.wording import say_day
from services.registry.models import Backend, Department

PAGE_SIZE = 40


def is_paused(request: HttpRequest) -> bool:
    """The reader wants the figures to stand still."""
    return request.GET.get("pause") == "1"


@for_operations
@require_safe
def backend_list(request: HttpRequest) -> HttpResponse:
    """All of them, or those of one department; htmx asks for the rows alone."""
    now = timezone.now()
    departments = list(Department.objects.filter(backends__isnull=False).distinct())
    chosen = next((row for row in departments if row.code == request.GET.get("department")), None)
    rows = lane_health.of(Backend.objects.filter(department=chosen) if chosen else Backend.objects.all(), now)
    asked = request.GET.copy()
    asked.pop("pause", None)
    context = {
        "page": Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page")),
        "now": now,
        "departments": departments,
        "chosen": chosen,
        "asked": asked.urlencode(),
        "is_paused": is_paused(request),
        "troubled_count": sum(row.is_in_trouble for row in rows),
    }
    part = "#rows" if request.headers.get("HX-Request") else ""
    return render(request, f"control/backend_list.html{part}", context)


@for_operations
@require_safe
def backend_page(request: HttpRequest, code: str) -> HttpResponse:
    """One backend: its state, its week as a table, and its way to the calls that wait."""
    backend = get_object_or_404(Backend, code=code)
    now = timezone.now()
    (row,) = lane_health.of(Backend.objects.filter(pk=backend.pk), now)
    context = {
        "row": row,
        "rows": [row],
        "now": now,
        "waiting": undelivered.waiting(backend=code).count(),
        "week_columns": [_("Day"), _("Hours"), _("Deliveries"), _("Answered")],
        "week_rows": [
            [say_day(begin.date()), f"{begin:%H:%M}–{begin + lane_health.PIECE:%H:%M}", str(tried), str(answered)]
            for begin, tried, answered in row.pieces
        ],
        "numeric_columns": [2, 3],
    }
    return render(request, "control/backend.html", context)
