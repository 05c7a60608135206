"""Doing a function for somebody else: every page says for whom, and nothing meant for one is done for another."""

from collections.abc import Callable, Collection
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _

from identity.accounts.models import User
from identity.mandates import acting as session
from identity.mandates import flows, names
from identity.mandates.errors import NotUsable
from identity.mandates.models import Act, Mandate
from portal.web import sheet
from services.forms import fields
from services.forms import flows as drafts
from services.forms.kinds import kind_of
from services.forms.models import Draft
from services.gateway import acting
from services.registry.models import FunctionVersion

OPENED_FOR = "acting_for"  # hidden in forms: the mandate under which the form was opened, or nothing


class RefuseSpentMandates:
    """Middleware: whatever a mandate does not allow ends on a page that says so, for whom, and what is next."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        return refused(request, error) if isinstance(error, NotUsable) else None


def token(request: HttpRequest) -> str:
    """What a form carries, so that it is not taken for another person than the one it was opened for."""
    mandate = session.of(request)
    return str(mandate.pk) if mandate else ""


def check_open(request: HttpRequest, version: FunctionVersion, act: str = Act.PREPARE) -> Mandate | None:
    """The mandate under which this function is done now, if any. Raises NotUsable."""
    mandate = session.settled(request)
    if mandate is not None and isinstance(request.user, User):
        acting.require(mandate, request.user, act, version)
    return mandate


def turned_away(request: HttpRequest, version: FunctionVersion) -> HttpResponse | None:
    """For a posted form: the refusal, with what was typed kept and shown, if it cannot be taken under this mandate."""
    posted, person = request.POST.get(OPENED_FOR, ""), request.user
    if not isinstance(person, User):
        return None  # the session has ended: what was typed is kept for its owner, who signs in first
    try:
        mandate = check_open(request, version)
        if posted != (str(mandate.pk) if mandate else ""):
            flows.refuse_use("mixed_up", person, mandate)
    except NotUsable as error:
        data = fields.decode(version.form, request.POST.dict())
        if owner := _owner(posted, person):
            drafts.save_draft(version, data, caller=owner)
        return refused(request, error, typed=_typed(version, data), version=version)
    return None


def _owner(posted: str, person: User | None) -> str:
    """Whose draft the posted form is; empty if it names a mandate that is not the person's."""
    if person is None:
        return ""
    if not posted:
        return f"user:{person.pk}"
    opened = Mandate.objects.filter(agent=person, pk=posted).first() if _is_key(posted) else None
    return session.owner(opened) if opened and opened.principal_id else ""


def _is_key(text: str) -> bool:
    return len(text) == 36 and set(text) <= set("0123456789abcdef-") and text.count("-") == 4


def _typed(version: FunctionVersion, data: dict[str, Any]) -> list[sheet.Row]:
    """What the person wrote themselves: nothing that came from somebody's profile is shown again."""
    own = {
        name: made
        for name, made in version.form.get("properties", {}).items()
        if "x-profile" not in made and kind_of(made) != "file"
    }
    return [row for row in sheet.rows({**version.form, "properties": own}, data, file_names={}) if row.value]


def refused(
    request: HttpRequest,
    error: NotUsable,
    *,
    typed: Collection[sheet.Row] = (),
    version: FunctionVersion | None = None,
) -> HttpResponse:
    """The page that says why, with what was typed. 403; 409 for a form that was opened for somebody else."""
    mandate = error.mandate if isinstance(error.mandate, Mandate) else None
    context = {
        "title": _title(error.reason),
        "text": _why(error.reason, names.principal_of(mandate) if mandate else ""),
        "typed": typed,
        "version": version,
        "is_acting": session.is_asked_for(request),
        "code": error.reason,
    }
    return render(request, "web/mandate_refused.html", context, status=409 if error.reason == "mixed_up" else 403)


def _title(reason: str) -> str:
    if reason == "mixed_up":
        return _("This form was opened for somebody else")
    if reason in {"outside_function", "outside_act"}:
        return _("Your mandate does not go this far")
    return _("You cannot act under this mandate now")


def _why(reason: str, principal: str) -> str:
    said = {
        "ended": _("Your mandate to act for %(name)s was ended. Nothing has been sent."),
        "expired": _("Your mandate to act for %(name)s has run out. Nothing has been sent."),
        "not_yet": _("Your mandate to act for %(name)s has not begun yet. Nothing has been sent."),
        "not_accepted": _("Nobody has accepted that you act for %(name)s yet. Nothing has been sent."),
        "outside_function": _("Your mandate to act for %(name)s does not include this service. Nothing has been sent."),
        "outside_act": _("Your mandate to act for %(name)s does not include this step. Nothing has been sent."),
        "mixed_up": _("Since you opened this form, you have changed for whom you act. Nothing has been sent."),
    }.get(reason, _("This mandate is not yours, or does not exist. Nothing has been sent."))
    return said % {"name": principal or _("somebody else")}


def refused_with_draft(request: HttpRequest, error: NotUsable, draft_id: UUID | None) -> HttpResponse:
    """The same for a form that was looked over: its draft stays, and the page shows what the person wrote in it."""
    person = request.user if isinstance(request.user, User) else None
    if person is None or draft_id is None:
        return refused(request, error)
    own = Draft.objects.filter(pk=draft_id, caller__startswith=f"user:{person.pk.hex}/")
    draft = own.select_related("version__function").first()
    if draft is None:
        return refused(request, error)
    return refused(request, error, typed=_typed(draft.version, draft.data), version=draft.version)
