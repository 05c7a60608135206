"""Every backend's health."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from portal.control import lane_health
from portal.control.access import for_operations
from services.registry.models import Backend, Department


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
    backends = Backend.objects.filter(department=chosen) if chosen else Backend.objects.all()
    rows = lane_health.of(backends, now)
    page = "control/backend_list.html" + ("#rows" if request.headers.get("HX-Request") else "")
    context = {
        "rows": rows, "now": now, "departments": departments, "chosen": chosen, "is_paused": is_paused(request),
        "troubled_count": sum(row.is_in_trouble for row in rows),
    }  # fmt: skip
    return render(request, page, context)
