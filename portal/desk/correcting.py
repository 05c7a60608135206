"""Reports that a register value is wrong, for officers of the department that keeps the register."""

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from identity.profile import corrections
from identity.profile.errors import AlreadyKnown, NotOpen, Unusable
from identity.profile.models import CorrectionRequest
from portal.desk.access import departments_of, person, staff_page
from portal.desk.pages import page, to
from services.registry import record
from services.registry.models import Department

SHOWN = 100
ANSWERED = 20
TEXTS = {"name_en", "name_zh", "hkid", "date_of_birth", "sex"}  # fields that can be put right in one line


def open_for(request: HttpRequest) -> QuerySet[CorrectionRequest]:
    """Open reports of the officer's own departments."""
    found: QuerySet[CorrectionRequest] = _own(request).open()
    return found


def _own(request: HttpRequest) -> Any:
    codes = departments_of(person(request)).values_list("code", flat=True)
    return CorrectionRequest.objects.filter(owner__in=list(codes))


def _one(request: HttpRequest, ticket: str) -> tuple[CorrectionRequest, Department]:
    """One that the officer may see; a 404 that does not tell others from unknown ones."""
    found = _own(request).select_related("person", "answered_by").filter(ticket=ticket).first()
    if found is None:
        raise Http404
    return found, Department.objects.get(code=found.owner)


@staff_page
def correction_list(request: HttpRequest) -> HttpResponse:
    """What waits for an answer, and what was answered lately; no values."""
    plain = ("value", "remark", "answer")
    return page(
        request, "correction_list", _("Reports of wrong data"),
        waiting=open_for(request).defer(*plain)[:SHOWN],
        answered=_own(request).exclude(state="open").defer(*plain).order_by("-answered_at")[:ANSWERED],
    )  # fmt: skip


@staff_page
def correction(request: HttpRequest, ticket: str) -> HttpResponse:
    found, _department = _one(request, ticket)
    return _page(request, found)


def _page(request: HttpRequest, found: CorrectionRequest, *, status: int = 200, **said: Any) -> HttpResponse:
    context = {"made": found, "is_open": found.state == "open", "can_put_right": found.name in TEXTS, **said}
    return page(request, "correction", found.ticket, status=status, **context)


@staff_page
@require_POST
def look(request: HttpRequest, ticket: str) -> HttpResponse:
    """The value and the remark. A post, because the person reads who looked."""
    found, department = _one(request, ticket)
    corrections.look(found, by=person(request), owner_names=department.names)
    return _page(request, found, is_seen=True)


@staff_page
@require_POST
def answer(request: HttpRequest, ticket: str) -> HttpResponse:
    """Tell the person what was found; with `right`, the profile says it from now on."""
    found, department = _one(request, ticket)
    text, right = request.POST.get("text", ""), request.POST.get("right", "").strip()
    try:
        corrections.answer(found, by=person(request), text=text, right=right if right and found.name in TEXTS else None)
    except Unusable as error:
        said = (
            _("Write an answer for the person.") if error.name == "answer" else _("This value does not fit the field.")
        )
        return _page(request, found, status=422, error=said, text=text, right=right)
    except AlreadyKnown:
        said = _("Another person has this identity card number.")
        return _page(request, found, status=422, error=said, text=text, right=right)
    except NotOpen:
        messages.warning(request, _("A colleague has answered it already."))
        return to("correction", found.ticket)
    record.of_row("correction.answered", found.ticket, department=department, by=person(request), details={})
    messages.success(request, _("Answered. The person reads it under “My data”."))
    return to("corrections")
