"""Each app on its way out: how far, when, and what is in the way."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from identity.accounts.models import User
from portal.control.access import for_operations
from portal.control.wording import APP_STATES, STEPS, say_day
from services import moments
from services.consolidation import flows, stages
from services.consolidation.errors import AlreadyDone, NotReady
from services.consolidation.models import Blocker
from services.registry.models import Department, LegacyApp

PAGE_SIZE = 40
LENGTHS = {"what": 300, "owner": 100, "outcome": 300, "reason": 300}


@for_operations
@require_safe
def app_list(request: HttpRequest) -> HttpResponse:
    """All apps, or those in one state or of one department."""
    departments = list(Department.objects.filter(apps__isnull=False).distinct())
    state = request.GET.get("state", "")
    chosen = next((row for row in departments if row.code == request.GET.get("department")), None)
    apps = LegacyApp.objects.order_by("retire_by", "code")
    if state in LegacyApp.Status.values:
        apps = apps.filter(status=state)
    if chosen:
        apps = apps.filter(department=chosen)
    today = timezone.localdate()
    rows = [_row(stage, today) for stage in stages.of_apps(apps, stages.carried())]
    rows.sort(key=lambda row: row["rank"])
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "page": page, "departments": departments, "chosen": chosen, "state": state,
        "states": [(code, word) for code, (word, _tone) in APP_STATES.items()],
    }  # fmt: skip
    return render(request, "control/app_list.html", context)


def _row(stage: stages.AppStage, today: Any) -> dict[str, Any]:
    """Overdue first, then by planned day, then those without one; what is gone comes last."""
    word, tone = APP_STATES[stage.app.status]
    day = stage.app.retire_by
    return {
        "stage": stage, "app": stage.app, "state": word, "tone": tone, "is_overdue": stage.is_overdue(today),
        "day": say_day(day) if day else "",
        "steps": [(STEPS[name], is_done) for name, is_done in stage.steps],
        "rank": (stage.is_retired, day is None, day or today, stage.app.code),
    }  # fmt: skip


@for_operations
@require_safe
def app_page(request: HttpRequest, code: str) -> HttpResponse:
    return _page(request, code)


def _page(request: HttpRequest, code: str, *, errors: dict[str, str] | None = None, status: int = 200) -> HttpResponse:
    carried = stages.functions().filter(app__code=code).select_related("published__backend").order_by("code")
    found = stages.of_apps(LegacyApp.objects.filter(code=code), stages.carried())
    if not found:
        get_object_or_404(LegacyApp, code=code)
    errors, typed = errors or {}, request.POST
    blockers = Blocker.objects.filter(app__code=code).select_related("opened_by", "closed_by").order_by("-opened_at")
    fields = {name: _field(name, errors.get(name, ""), typed.get(name, "")) for name in LENGTHS}
    context = _row(found[0], timezone.localdate()) | {
        "functions": [_function_row(function) for function in carried],
        "blockers": [
            (row, moments.say(row.opened_at), moments.say(row.closed_at) if row.closed_at else "") for row in blockers
        ],
        "fields": fields,
        "errors": [("" if name == "outcome" else name, text) for name, text in errors.items()],
    }  # fmt: skip
    return render(request, "control/app.html", context, status=status)


def _function_row(function: Any) -> dict[str, Any]:
    is_published = function.state in stages.OPEN_STATES
    return {
        "name": function.published.name if function.published else function.code,
        "code": function.code,
        "is_open": is_published,
        "steps": [
            (_("registered"), True),
            (_("published"), is_published),
            (_("done here"), is_published and stages.is_doable(function)),
            (_("tried"), function.is_tried),
            (_("used"), function.is_used),
        ],
    }


@for_operations
@require_POST
def blocker_open(request: HttpRequest, code: str) -> HttpResponse:
    assert isinstance(request.user, User)
    app = get_object_or_404(LegacyApp, code=code)
    said, errors = _read(request, "what", "owner")
    if errors:
        return _page(request, code, errors=errors, status=422)
    try:
        flows.open_blocker(app, what=said["what"], owner=said["owner"], by=request.user)
        messages.success(request, _("Noted."))
    except AlreadyDone:
        messages.warning(request, _("This app is switched off already: nothing can be in its way."))
    return redirect("control:app", code=code)


@for_operations
@require_POST
def blocker_close(request: HttpRequest, pk: int) -> HttpResponse:
    assert isinstance(request.user, User)
    blocker = get_object_or_404(Blocker.objects.select_related("app"), pk=pk)
    said, errors = _read(request, "outcome")
    if errors:
        return _page(request, blocker.app.code, errors=errors, status=422)
    try:
        flows.close_blocker(blocker, outcome=said["outcome"], by=request.user)
        messages.success(request, _("Cleared: “%(what)s”.") % {"what": blocker.what})
    except AlreadyDone:
        messages.warning(request, _("Somebody else has cleared this already."))
    return redirect("control:app", code=blocker.app.code)


@for_operations
@require_POST
def app_retire(request: HttpRequest, code: str) -> HttpResponse:
    assert isinstance(request.user, User)
    app = get_object_or_404(LegacyApp, code=code)
    said, errors = _read(request, "reason")
    if errors:
        return _page(request, code, errors=errors, status=422)
    try:
        flows.retire_app(app, by=request.user, reason=said["reason"])
        messages.success(request, _("%(app)s is switched off as of today.") % {"app": app.name})
    except AlreadyDone:
        messages.warning(request, _("This app is switched off already."))
    except NotReady as error:
        said_why = _("Not yet: %(blockers)s blockers are open, and %(functions)s functions are not published.")
        messages.warning(request, said_why % {"blockers": error.blockers, "functions": error.unpublished})
    return redirect("control:app", code=code)


def _read(request: HttpRequest, *names: str) -> tuple[dict[str, str], dict[str, str]]:
    """What was typed, and what is wrong with it."""
    said = {name: request.POST.get(name, "").strip() for name in names}
    errors = {name: _("Say it in a few words.") for name, text in said.items() if not text}
    errors |= {
        name: _("Say it in at most %(count)s characters.") % {"count": LENGTHS[name]}
        for name, text in said.items()
        if len(text) > LENGTHS[name]
    }
    return said, errors


def _field(name: str, error: str, value: str) -> dict[str, object]:
    """Of components/field.html."""
    labels = {
        "what": _("What is in the way"), "owner": _("Who clears it"), "outcome": _("How it was cleared"),
        "reason": _("Why it can go"),
    }  # fmt: skip
    return {
        "name": name, "label": labels[name], "kind": "text", "required": True, "maxlength": LENGTHS[name],
        "error": error, "value": value,
    }  # fmt: skip
