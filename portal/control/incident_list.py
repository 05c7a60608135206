"""Troubles from beginning to end: what is going on now, and what was."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.core.paginator import Paginator
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from portal.control.access import for_operations
from portal.control.wording import say_span
from services.gateway import incidents
from services.gateway.models import Incident

PAGE_SIZE = 25


@dataclass(frozen=True)
class Line:
    """One incident, how long it lasted or has lasted, and how far it reaches."""

    incident: Incident
    lasted: str
    affected: incidents.Affected


def lines(found: Iterable[Incident], now: datetime) -> list[Line]:
    """One query beyond that of the incidents themselves."""
    rows = list(found)
    return [
        Line(row, say_span((row.ended_at or now) - row.started_at), affected)
        for row, affected in zip(rows, incidents.affected_of(rows), strict=True)
    ]


@for_operations
@require_safe
def incident_list(request: HttpRequest) -> HttpResponse:
    """Open ones first, then the latest; the portal's own silence at the very top while it lasts."""
    now = timezone.now()
    stored = Incident.objects.select_related("backend__department").order_by(
        F("ended_at").desc(nulls_first=True), "-started_at"
    )
    page = Paginator(stored, PAGE_SIZE).get_page(request.GET.get("page"))
    silence = incidents.silence(now) if page.number == 1 else None
    shown = lines([*([silence] if silence else []), *page], now)
    context = {"page": page, "lines": shown, "now": now}
    return render(request, "control/incident_list.html", context)
