"""Undelivered calls: who waits for what since when, and a human's decision about one or many."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from identity.accounts.models import User
from portal.control import fields, undelivered
from portal.control.access import for_operations
from portal.control.wording import attempt_words
from services import moments
from services.gateway import flows, looks, receipts
from services.gateway.errors import NotSettleable
from services.gateway.models import ServiceCall
from services.registry.models import Backend, Department

PAGE_SIZE = 25
VERBS: dict[str, Callable[..., ServiceCall]] = {
    "retry": flows.retry,
    "close": flows.close,
    "arrived": partial(flows.settle, arrived=True),
    "not_arrived": partial(flows.settle, arrived=False),
}
ENDS_DOUBT = ("arrived", "not_arrived")  # asked about once more


@dataclass(frozen=True)
class Line:
    """One undelivered call as its line says it."""

    call: ServiceCall
    why: str
    detail: str
    state: str
    tone: str
    is_risky: bool


def lines(calls: Iterable[ServiceCall]) -> list[Line]:
    """Of undelivered.with_reasons."""
    return [
        Line(call, undelivered.why(call), call.last_detail or "", *undelivered.state(call),  # type: ignore[attr-defined]
             undelivered.may_be_filed_twice(call))
        for call in calls
    ]  # fmt: skip


@for_operations
@require_safe
def call_list(request: HttpRequest) -> HttpResponse:
    """All undelivered calls, or those of one backend or department."""
    return _list(request, backend=request.GET.get("backend", ""), department=request.GET.get("department", ""))


def _list(request: HttpRequest, *, backend: str, department: str, error: str = "", status: int = 200) -> HttpResponse:
    calls = undelivered.with_reasons(undelivered.waiting(backend=backend, department=department))
    page = Paginator(calls, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "lines": lines(page),
        "now": timezone.now(),
        "groups": undelivered.groups(),
        "of_backend": Backend.objects.filter(code=backend).select_related("department").first() if backend else None,
        "of_department": Department.objects.filter(code=department).first() if department else None,
        "reason_field": fields.reason_field(error=error),
        "error": error,
        "error_pairs": [("reason", error)],
    }
    return render(request, "control/call_list.html", context, status=status)


@for_operations
@require_POST
def resend(request: HttpRequest) -> HttpResponse:
    """Send all of a backend or department again."""
    assert isinstance(request.user, User)
    backend, department = request.POST.get("backend", ""), request.POST.get("department", "")
    if not (backend or department):
        return redirect("control:call-list")
    reason = request.POST.get("reason", "").strip()
    if error := fields.mistake(reason):
        return _list(request, backend=backend, department=department, error=error, status=422)
    result = undelivered.resend(
        undelivered.waiting(backend=backend, department=department), by=request.user, reason=reason
    )
    _report(request, result)
    query = urlencode({name: code for name, code in (("backend", backend), ("department", department)) if code})
    return redirect(f"{reverse('control:call-list')}?{query}")


def _report(request: HttpRequest, result: undelivered.Resent) -> None:
    said = [
        ngettext("%(count)s call is on its way again.", "%(count)s calls are on their way again.", result.sent)
        % {"count": result.sent}
    ]
    if result.settled_before:
        said.append(
            ngettext(
                "%(count)s was settled by somebody else meanwhile.",
                "%(count)s were settled by somebody else meanwhile.",
                result.settled_before,
            ) % {"count": result.settled_before}
        )  # fmt: skip
    if result.held_back:
        said.append(
            ngettext(
                "%(count)s might be filed twice: ask the department, then decide about it by itself.",
                "%(count)s might be filed twice: ask the department, then decide about each by itself.",
                result.held_back,
            ) % {"count": result.held_back}
        )  # fmt: skip
    (messages.success if result.sent else messages.warning)(request, " ".join(said))


@for_operations
@require_safe
def call_page(request: HttpRequest, receipt: str) -> HttpResponse:
    """What is known about one call, without what the person wrote in it. The person reads that somebody looked."""
    return _page(request, _call(receipt))


@for_operations
@require_POST
def settle(request: HttpRequest, receipt: str) -> HttpResponse:
    """One decision about one call; the reason is kept, and only sending again may go without."""
    assert isinstance(request.user, User)
    call = _call(receipt)
    verb = request.POST.get("verb", "")
    reason = request.POST.get("reason", "").strip()
    if not reason and verb == "retry":
        reason = _("Sent again from the list of undelivered calls")
    mistakes = {"verb": "" if verb in VERBS else _("Choose one."), "reason": fields.mistake(reason)}
    if any(mistakes.values()):
        return _page(request, call, mistakes=mistakes, typed={"verb": verb, "reason": reason}, status=422)
    if verb in ENDS_DOUBT and "sure" not in request.POST:
        looks.note(call, by=request.user)
        context = {"call": call, "line": lines([call])[0], "verb": verb, "reason": reason}
        return render(request, "control/call_sure.html", context)
    try:
        settled = VERBS[verb](call, by=request.user, reason=reason)
    except NotSettleable:
        messages.warning(request, _before(call))
        return redirect("control:call", receipt=call.receipt)
    messages.success(request, _done(settled, verb))
    return redirect("control:call-list")


def _done(call: ServiceCall, verb: str) -> str:
    if verb == "close":
        said = _("%(receipt)s is closed. The person reads your reason.")
    elif verb == "arrived":
        said = _("%(receipt)s is done. The person reads that the department has it.")
    elif call.status == ServiceCall.Status.IN_DOUBT:
        said = _("%(receipt)s: we are asking the department what became of it.")
    else:
        said = _("%(receipt)s is on its way again.")
    return said % {"receipt": call.receipt}


def _before(call: ServiceCall) -> str:
    """Who settled it, if somebody did; else the call went on by itself."""
    last = call.settlements.select_related("actor").order_by("-at").first()
    if last is None:
        return _("%(receipt)s has moved on by itself: there is nothing to decide any more.") % {"receipt": call.receipt}
    return _("%(receipt)s was settled already, by %(name)s, %(time)s.") % {
        "receipt": call.receipt, "name": _name(last.actor),
        "time": moments.say(last.at),
    }  # fmt: skip


def _name(person: User) -> str:
    return person.get_full_name() or person.get_username()


def _call(receipt: str) -> ServiceCall:
    calls = undelivered.with_reasons(ServiceCall.objects.all())
    return get_object_or_404(calls, receipt=receipts.normalise(receipt))


def _page(
    request: HttpRequest,
    call: ServiceCall,
    *,
    mistakes: dict[str, str] | None = None,
    typed: dict[str, str] | None = None,
    status: int = 200,
) -> HttpResponse:
    assert isinstance(request.user, User)
    looks.note(call, by=request.user)
    mistakes, typed = mistakes or {}, typed or {}
    attempts = [
        [
            moments.say(row.started_at), row.get_kind_display(), attempt_words(row.kind, row.outcome),
            f"{row.duration_ms} ms", row.detail or "–",
        ]
        for row in call.attempts.all()
    ]  # fmt: skip
    settlements = call.settlements.select_related("actor").order_by("at")
    context: dict[str, Any] = {
        "line": lines([call])[0],
        "is_open": call.status in {"failed", "in_doubt"} and call.closed_at is None,
        "is_in_doubt": call.status == ServiceCall.Status.IN_DOUBT,
        "attempts": attempts,
        "attempt_columns": [_("When"), _("What"), _("How it ended"), _("Took"), _("Technical detail")],
        "settlements": [
            [moments.say(row.at), _name(row.actor), row.get_verb_display(), row.reason]
            for row in settlements
        ],
        "settlement_columns": [_("When"), _("Who"), _("Decision"), _("Reason")],
        "verb_field": _verb_field(call, error=mistakes.get("verb", ""), value=typed.get("verb", "")),
        "reason_field": fields.reason_field(error=mistakes.get("reason", ""), value=typed.get("reason", "")),
        "error_pairs": [(name, text) for name, text in mistakes.items() if text],
        "facts": _facts(call),
    }  # fmt: skip
    return render(request, "control/call.html", context, status=status)


def _verb_field(call: ServiceCall, *, error: str, value: str) -> dict[str, object]:
    """What can be decided about a call in doubt; of components/field.html."""
    ask = [("retry", _("I do not know yet: ask the department's system again"))] if call.backend.has_lookup else []
    choices = [
        ("arrived", _("The department has it")),
        ("not_arrived", _("The department does not have it: send it again")),
        *ask,
        ("close", _("Close it: it will not be filed by us")),
    ]
    return {
        "name": "verb", "label": _("What did you find out?"), "kind": "choice", "choices": choices, "required": True,
        "error": error, "value": value,
    }  # fmt: skip


def _facts(call: ServiceCall) -> list[dict[str, str]]:
    """Of components/summary_list.html."""
    department = call.backend.department.name
    return [
        {"label": _("Service"), "value": call.version.name},
        {"label": _("Department"), "value": department},
        {"label": _("Backend"), "value": call.backend.code},
        {"label": _("Accepted at"), "value": moments.say(call.accepted_at)},
        {"label": _("Why"), "value": undelivered.why(call)},
        {"label": _("Deliveries tried"), "value": str(call.attempt_count)},
    ]
