"""Sending a department's dead letters again: what would happen, how far it is, and the way to stop it."""

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from identity.accounts.models import User
from portal.control import fields
from portal.control.access import for_operations
from portal.control.wording import TROUBLES
from services.gateway import replaying
from services.gateway.errors import NotSettleable
from services.gateway.models import Replay, ServiceCall
from services.registry.models import Backend, Department

PER_MINUTE = 60
RECENT = 20
ASKED = ("backend", "department", "trouble", "function", "day")


@for_operations
@require_safe
def replay_list(request: HttpRequest) -> HttpResponse:
    """The way to choose; once a backend or department is chosen, what a replay would do; and the latest replays."""
    return _page(request, request.GET)


def _page(
    request: HttpRequest, asked: Mapping[str, str], *, mistakes: dict[str, str] | None = None, status: int = 200
) -> HttpResponse:
    mistakes = mistakes or {}
    choice = _choice(asked)
    context: dict[str, Any] = {
        "asked": {name: asked.get(name, "") for name in ASKED},
        "fields": _choosing(asked),
        "choice": choice,
        "replays": Replay.objects.select_related("backend", "department", "started_by")[:RECENT],
        "error_pairs": list(mistakes.items()),
        "reason_field": fields.reason_field(error=mistakes.get("reason", ""), value=asked.get("reason", "")),
        "rate_field": _rate_field(mistakes.get("per_minute", ""), asked.get("per_minute", "") or str(PER_MINUTE)),
    }
    if choice is not None:
        context |= {"preview": replaying.preview(choice), "sample": _sample(choice), "at_most": replaying.AT_MOST}
    return render(request, "control/replay_list.html", context, status=status)


def _choice(asked: Mapping[str, str]) -> replaying.Choice | None:
    """What is asked for; None without a backend or department, for nobody replays everything."""
    backend = Backend.objects.filter(code=asked.get("backend", "")).select_related("department").first()
    department = Department.objects.filter(code=asked.get("department", "")).first()
    if backend is None and department is None:
        return None
    return replaying.Choice(
        backend, department, asked.get("trouble", ""), asked.get("function", ""), _day(asked.get("day", ""))
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _sample(choice: replaying.Choice) -> dict[str, str] | None:
    found = replaying.sample(choice)
    if found is None:
        return None
    before, after = (json.dumps(body, ensure_ascii=False, indent=2) for body in (found.before, found.after))
    return {"receipt": found.receipt, "before": before, "after": after}


def _choosing(asked: Mapping[str, str]) -> list[dict[str, object]]:
    """Of components/field.html. Only what has undelivered calls is offered."""
    backends = Backend.objects.filter(calls__in=ServiceCall.objects.undelivered().order_by()).distinct()
    rows = list(backends.select_related("department").order_by("department__name_en", "code"))
    departments = {row.department.code: row.department.name for row in rows}
    choices = [
        ("department", _("Department"), list(departments.items())),
        ("backend", _("Backend"), [(row.code, row.code) for row in rows]),
        ("trouble", _("Why it failed"), list(TROUBLES.items())),
    ]
    made: list[dict[str, object]] = [
        {"name": name, "label": label, "kind": "choice", "choices": [("", _("All")), *found], "value": asked.get(name)}
        for name, label, found in choices
    ]
    return [
        *made,
        {"name": "function", "label": _("Code of a function"), "kind": "text", "value": asked.get("function", "")},
        {"name": "day", "label": _("Day it was given up"), "kind": "date", "value": asked.get("day", "")},
    ]


def _rate_field(error: str, value: str) -> dict[str, object]:
    return {
        "name": "per_minute", "label": _("At most so many calls a minute"), "kind": "int", "required": True,
        "maxlength": 4, "error": error, "value": value,
    }  # fmt: skip


@for_operations
@require_POST
def start(request: HttpRequest) -> HttpResponse:
    """Begin, with a reason and a rate."""
    assert isinstance(request.user, User)
    choice = _choice(request.POST)
    if choice is None:
        return redirect("control:replay-list")
    reason, rate = request.POST.get("reason", "").strip(), request.POST.get("per_minute", "")
    per_minute = int(rate) if rate.isascii() and rate.isdigit() and len(rate) < 5 else 0
    mistakes = {
        "reason": fields.mistake(reason),
        "per_minute": "" if 0 < per_minute <= replaying.MOST_PER_MINUTE else _("Give a number from 1 to 6000."),
    }
    if any(mistakes.values()):
        shown = {name: text for name, text in mistakes.items() if text}
        return _page(request, request.POST, mistakes=shown, status=422)
    uses_published = request.POST.get("mapping") == "published"
    try:
        replay = replaying.start(
            choice, by=request.user, reason=reason, per_minute=per_minute, uses_published=uses_published
        )
    except NotSettleable:
        messages.warning(request, _("Nothing is left to send: somebody else has settled these calls meanwhile."))
        return redirect("control:replay-list")
    return redirect("control:replay", replay.pk)


@for_operations
@require_safe
def replay_page(request: HttpRequest, pk: int) -> HttpResponse:
    """How far it is; htmx asks for that part alone."""
    replay = get_object_or_404(
        Replay.objects.select_related("backend", "department", "started_by", "stopped_by"), pk=pk
    )
    context = {"replay": replay, "progress": replaying.progress(replay)}
    part = "#progress" if request.headers.get("HX-Request") else ""
    return render(request, f"control/replay.html{part}", context)


@for_operations
@require_POST
def stop(request: HttpRequest, pk: int) -> HttpResponse:
    """Take back what has not left."""
    assert isinstance(request.user, User)
    count = replaying.stop(get_object_or_404(Replay.objects.select_related("backend"), pk=pk), by=request.user)
    said = ngettext(
        "Stopped. %(count)s call was taken back and is as it was before.",
        "Stopped. %(count)s calls were taken back and are as they were before.",
        count,
    )
    messages.success(request, said % {"count": count})
    return redirect("control:replay", pk)
