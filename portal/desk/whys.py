"""Questions of citizens about lines of their log: what waits, what is late, and the answer that the person reads."""

from collections.abc import Iterable

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from identity.accounts.models import User
from identity.consent import asking
from identity.consent.errors import NotAnswerable
from identity.consent.models import Question
from identity.profile.models import ProfileField
from identity.provider import claims
from portal.desk.access import person, staff_page
from portal.desk.navigation import questions_for
from portal.desk.pages import page, to
from services.gateway.models import ServiceCall
from services.languages import pick
from services.registry import record
from services.registry.models import Department

PAGE_SIZE = 50


@staff_page
def why_list(request: HttpRequest) -> HttpResponse:
    """Open ones, the one due first in front; then the latest that were answered."""
    now, own = timezone.now(), questions_for(person(request)).select_related("disclosure", "answered_by")
    shown = Paginator(own.open(), PAGE_SIZE).get_page(request.GET.get("page"))
    return page(
        request, "why_list", _("Questions of citizens"), shown=shown, now=now,
        waiting=[(each, pick(each.disclosure.purpose_names), each.is_overdue(now)) for each in shown],
        answered=[
            (each, pick(each.disclosure.purpose_names), each.is_overdue(now))
            for each in own.exclude(answered_at=None).order_by("-answered_at")[:20]
        ],
    )  # fmt: skip


@staff_page
def why(request: HttpRequest, key: str) -> HttpResponse:
    """One question with the line that it is about, and the place for its answer. Nobody is named."""
    now, user = timezone.now(), person(request)
    found = questions_for(user).select_related("disclosure__actor", "answered_by").filter(pk=key).first()
    if found is None:
        raise Http404
    error, text = "", request.POST.get("text", "")[: asking.LONGEST + 1]
    if request.method == "POST":
        try:
            _answer(found, by=user, text=text)
        except NotAnswerable as refused:
            error = refused.message
        else:
            messages.success(request, _("Sent. The person reads it under the line."))
            return to("why-list")
    line = found.disclosure
    is_call = ServiceCall.objects.visible_to(user).filter(receipt=line.reference).exists()
    return page(
        request, "why", _("Why?"), is_call=is_call, titles=[] if is_call else _titles(line.fields),
        status=422 if error else 200, question=found, line=line,
        what=pick(line.purpose_names), is_overdue=found.is_overdue(now), text=text, error=error,
        longest=asking.LONGEST,
    )  # fmt: skip


def _titles(names: Iterable[str]) -> list[str]:
    """What a site received, by the names of the profile."""
    own = dict(ProfileField.Name.choices)
    return [str(own.get(claims.SOURCES.get(name, name), name)) for name in names]


@transaction.atomic
def _answer(question: Question, *, by: User, text: str) -> None:
    asking.answer(question, by=by, text=text, now=timezone.now())
    department = Department.objects.filter(code=question.recipient).first()
    record.of_row("question.answered", question.disclosure.reference, department=department, by=by, details={})
