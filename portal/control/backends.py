"""Every backend live, and one backend with its troubles, its files and what operations may do about it."""

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from portal.control import incident_list, lane_health, undelivered
from portal.control.access import for_operations
from portal.control.fields import reason_field
from portal.control.wording import say_day
from services import moments
from services.gateway.models import Batch
from services.languages import CODES
from services.registry import opening_hours
from services.registry.completeness import LANGUAGES
from services.registry.models import Backend, Department

PAGE_SIZE = 40  # worst first, so that whoever looks sees all trouble at once
INCIDENTS_SHOWN = 10
BATCHES_SHOWN = 20
BATCH_TONES = {"sealed": "waiting", "sent": "info", "answered": "success"}


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
    """One backend; htmx asks for its state alone."""
    return page(request, code)


def page(
    request: HttpRequest,
    code: str,
    *,
    mistakes: dict[str, str] | None = None,
    asked: str = "",
    status: int = 200,
) -> HttpResponse:
    """Of one backend. `mistakes` are what was wrong with the form named `asked`, field by field."""
    backend = get_object_or_404(Backend, code=code)
    now = timezone.now()
    (row,) = lane_health.of(Backend.objects.filter(pk=backend.pk), now)
    context = {"row": row, "rows": [row], "now": now, "is_paused": is_paused(request)}
    if request.headers.get("HX-Request"):
        return render(request, "control/backend.html#state", context)
    mistakes = mistakes or {}
    context |= {
        "waiting": undelivered.waiting(backend=code).count(),
        "hours": opening_hours.say(row.backend.service_window),
        "asked": asked,
        "error_pairs": list(mistakes.items()),
        "reason_field": reason_field(error=mistakes.get("reason", "") if asked == "breaker" else ""),
        "maintenances": [each for each in row.backend.maintenances.all() if each.ends_at > now],
        "maintenance_fields": _maintenance_fields(request, mistakes),
        "incidents": incident_list.lines(row.backend.incidents.order_by("-started_at")[:INCIDENTS_SHOWN], now),
    }  # fmt: skip
    return render(request, "control/backend.html", context | _batches(row.backend) | _week(row), status=status)


def _batches(backend: Backend) -> dict[str, Any]:
    """Of components/table.html: the newest first."""
    rows = [
        [
            str(batch.number), batch.file_name, {"text": batch.get_state_display(), "tone": BATCH_TONES[batch.state]},
            str(batch.record_count), moments.say(batch.sent_at) if batch.sent_at else "–",
            moments.say(batch.answered_at) if batch.answered_at else "–", batch.trouble or "–",
        ]
        for batch in Batch.objects.filter(backend=backend).order_by("-number")[:BATCHES_SHOWN]
    ]  # fmt: skip
    return {
        "batch_rows": rows,
        "batch_columns": [
            _("Number"), _("File"), _("State"), _("Records"), _("Sent"), _("Answered"), _("Trouble"),
        ],
        "batch_numeric": [0, 3],
    }  # fmt: skip


def _week(row: lane_health.Health) -> dict[str, Any]:
    return {
        "week_columns": [_("Day"), _("Hours"), _("Deliveries"), _("Answered")],
        "week_rows": [
            [say_day(begin.date()), f"{begin:%H:%M}–{begin + lane_health.PIECE:%H:%M}", str(tried), str(answered)]
            for begin, tried, answered in row.pieces
        ],
        "numeric_columns": [2, 3],
    }


def _maintenance_fields(request: HttpRequest, mistakes: dict[str, str]) -> list[dict[str, object]]:
    """Of components/field.html."""
    moments_asked = {"starts_at": _("It begins (Hong Kong time)"), "ends_at": _("It ends (Hong Kong time)")}
    reasons = {f"reason-{code}": _("Reason in %(language)s") % {"language": LANGUAGES[code]} for code in CODES}
    return [
        {
            "name": name, "label": label, "kind": "datetime" if name in moments_asked else "text", "maxlength": 300,
            "required": name != "reason-zh-hans", "value": request.POST.get(name, ""), "error": mistakes.get(name, ""),
            "hint": _("Left empty, it is made from the 繁體.") if name == "reason-zh-hans" else "",
        }
        for name, label in (moments_asked | reasons).items()
    ]  # fmt: skip
