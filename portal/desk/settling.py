"""The page of one call: its technical record, and the word of the department that ends a doubt."""

from typing import Any

from django.contrib import messages
from django.db.models import Prefetch
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from portal.desk.access import person, staff_page
from portal.desk.changes import attempt_words, outcome_words
from portal.desk.pages import page, to
from services.gateway import acting, flows, looks, reach
from services.gateway.errors import NotSettleable, NotYours
from services.gateway.models import Attempt, ServiceCall
from services.registry.flows import is_officer

VERBS = ("arrived", "not_arrived")
REASON_LENGTH = 300


def _call(request: HttpRequest, receipt: str) -> ServiceCall:
    """One that the person may see; a 404 that does not tell others from unknown ones."""
    found = (
        ServiceCall.objects.visible_to(person(request))
        .defer("payload", "answer")
        .select_related("function__department", "version", "backend__department")
        .prefetch_related(Prefetch("attempts", queryset=Attempt.objects.order_by("started_at")))
        .prefetch_related("settlements__actor")
        .filter(receipt=receipt)
        .first()
    )
    if found is None:
        reach.note_stranger(request, receipt)
        raise Http404
    return found


@staff_page
def call(request: HttpRequest, receipt: str) -> HttpResponse:
    """The technical record of a call, without what the person sent and what came back. The person reads who looked."""
    return _page(request, _call(request, receipt))


def _page(request: HttpRequest, found: ServiceCall, *, status: int = 200, **said: Any) -> HttpResponse:
    if "sent" not in said:  # that look is noted with its fields
        looks.note(found, by=person(request))
    attempts = [(attempt, attempt_words(attempt.kind, attempt.outcome)) for attempt in found.attempts.all()]
    may_look = is_officer(person(request), found.function.department_id)
    is_in_doubt = found.status == ServiceCall.Status.IN_DOUBT and found.closed_at is None
    return page(
        request, "call", found.receipt, status=status, call=found, attempts=attempts,
        made_by=acting.label(found.mandate) if "sent" in said else "",  # names only in a look that says so
        trouble=outcome_words(found.trouble or ""), is_in_doubt=is_in_doubt,
        may_look=may_look,
        progress=found.hook_events.filter(outcome="progress"),
        may_settle=is_in_doubt and flows.may_settle(person(request), found), **said,
    )  # fmt: skip


@staff_page
@require_POST
def look(request: HttpRequest, receipt: str) -> HttpResponse:
    """What the person sent, masked. A post, because it is on record who looked."""
    found = _call(request, receipt)
    try:
        sent = flows.look_at(found, by=person(request))
    except NotYours as error:
        raise Http404 from error
    return _page(request, found, sent=sent)


@staff_page
@require_POST
def settle(request: HttpRequest, receipt: str) -> HttpResponse:
    """Say whether a call in doubt arrived: first what will happen, and once the person is sure it happens."""
    found, user = _call(request, receipt), person(request)
    if not flows.may_settle(user, found):
        raise Http404
    verb, reason = request.POST.get("verb", ""), request.POST.get("reason", "").strip()
    if verb not in VERBS or not reason or len(reason) > REASON_LENGTH:
        error = _("Say what you found out, and how, in at most %(count)s characters.") % {"count": REASON_LENGTH}
        return _page(request, found, status=422, error=error, verb=verb, reason=reason)
    if "sure" not in request.POST:
        looks.note(found, by=user)
        title = _("Has the department got it?") if verb == "arrived" else _("Send it again?")
        return page(request, "call_sure", title, call=found, verb=verb, reason=reason)
    try:
        flows.settle(found, arrived=verb == "arrived", by=user, reason=reason)
    except NotSettleable:
        messages.warning(request, _("It is not in doubt any more: see below what became of it."))
    else:
        messages.success(request, _("Noted, with your name and your reason."))
    return to("call", found.receipt)
