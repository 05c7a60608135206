"""The page of operations: how consolidation goes, how the backends are, and which calls need a human."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from portal.control import board, lane_health, parts, policy_reports, undelivered
from portal.control.access import for_operations
from portal.control.backends import is_paused
from portal.control.calls import lines
from portal.control.wording import say_day
from services.consolidation import stages
from services.consolidation.models import Aim
from services.gateway.models import Incident
from services.registry.models import Backend, Department, LegacyApp

BUSIEST = 5
CALLS_SHOWN = 5
BLOCKERS_SHOWN = 5
REPORTS_SHOWN = 10


@for_operations
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """Everything at a glance; each part leads to its own page."""
    calls = undelivered.waiting()
    context = _consolidation() | _health() | {
        "is_paused": is_paused(request),
        "policy_reports": policy_reports.recent()[:REPORTS_SHOWN],
        "call_count": calls.count(),
        "calls": lines(undelivered.with_reasons(calls)[:CALLS_SHOWN]),
    }  # fmt: skip
    return render(request, "control/overview.html", context)


@for_operations
@require_safe
def health_part(request: HttpRequest) -> HttpResponse:
    """What the page asks for again by itself."""
    return render(request, "control/health.html", _health() | {"is_paused": is_paused(request)})


def _consolidation() -> dict[str, Any]:
    today = timezone.localdate()
    carried = stages.carried()
    apps = stages.of_apps(LegacyApp.objects.all(), carried)
    aim = Aim.objects.order_by("-set_at", "-pk").first()
    departments = stages.of_departments(apps, carried, Department.objects.all(), today)
    count = stages.FunctionCount()
    for alike in carried:
        count.add(alike)
    blocked = [(stage, blocker) for stage in apps for blocker in stage.blockers]
    blocked.sort(key=lambda pair: pair[1].opened_at)
    return {
        "board": board.of(apps, aim, today),
        "apps_once": len(apps),
        "apps_now": sum(not stage.is_retired for stage in apps),
        "aim": aim,
        "functions": count,
        "functions_waiting": count.published - count.doable,
        "blocked": blocked[:BLOCKERS_SHOWN],
        "blocked_count": len(blocked),
        "departments": [_department_row(row) for row in departments],
        "numeric_columns": [1, 2, 3, 4],
        "department_columns": [
            _("Department"), _("Apps once"), _("Apps now"), _("Switched off"), _("Functions published"),
            _("Next switch-off"),
        ],
    }  # fmt: skip


def _department_row(row: stages.DepartmentStage) -> list[object]:
    """Of components/table.html."""
    next_on = say_day(row.next_on) if row.next_on else "–"
    return [row.department.name, *map(str, (row.once, row.now, row.retired, row.functions.published)), next_on]


def _health() -> dict[str, Any]:
    now = timezone.now()
    rows = lane_health.of(Backend.objects.all(), now)
    troubled = [row for row in rows if row.is_in_trouble]
    busy = [row for row in rows if not row.is_in_trouble and (row.calls or row.queue)]
    portal = parts.of_portal()
    return {
        "now": now,
        "parts": portal,
        "is_broker_down": any(part.code == "unknown" for part in portal),
        "troubled": troubled,
        "busy": busy[:BUSIEST],
        "well_count": len(rows) - len(troubled),
        "backend_count": len(rows),
        "incident_count": Incident.objects.filter(ended_at=None).count(),
        "queue": sum(row.queue for row in rows),
    }
