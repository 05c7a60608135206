"""What a person may do with a pre-filled answer by one press: keep it back, take it again, or report it wrong."""

from dataclasses import replace
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from identity.accounts.models import User
from identity.mandates import acting
from identity.profile import corrections
from identity.profile.errors import NotCorrectable
from identity.profile.models import CorrectionRequest, ProfileField
from services.forms import flows as drafts
from services.forms.fields import Field
from services.forms.messages import in_sentence
from services.registry.models import Department, FunctionVersion

VERBS = ("withhold", "restore", "report")


def pressed(request: HttpRequest) -> tuple[str, str] | None:
    """Which of the verbs a post asks for, and the name of the field."""
    return next(((verb, request.POST[verb]) for verb in VERBS if verb in request.POST), None)


def act(
    request: HttpRequest, version: FunctionVersion, data: dict[str, Any], verb: str, name: str, *, caller: str
) -> HttpResponse:
    """Carry it out and go back to the form, where everything else stands as it was typed."""
    made = version.form.get("properties", {}).get(name, {})
    query = "change"
    if verb == "withhold" and "x-profile" in made:
        if name in version.form.get("required", []):
            query = f"change&needed={name}"
        else:
            data = {**data, name: ""}
    elif verb == "restore":
        data = {key: value for key, value in data.items() if key != name}
    elif verb == "report" and isinstance(request.user, User) and acting.of(request) is None:
        query = _report(request.user, made.get("x-profile", ""), version)
    drafts.save_draft(version, data, caller=caller)
    anchor = f"#field-{name}" if made and verb != "report" else ""  # the ticket stands at the top of the page
    return redirect(f"{reverse('web:function-form', args=[version.function.code])}?{query}{anchor}")


def _report(person: User, name: str, version: FunctionVersion) -> str:
    try:
        ticket = corrections.report(person, name, seen_in=version.function.code).ticket
    except NotCorrectable:
        return "change"
    return f"change&reported={ticket}"


def noted(drawn: list[Field], request: HttpRequest) -> list[Field]:
    """The fields, with the word that one cannot be left out beside it. An agent reports nothing for the other one."""
    if acting.of(request) is not None:
        drawn = [
            replace(field, source=made.theirs, provenance=replace(made, is_verified=False))
            if (made := field.provenance)
            else field
            for field in drawn
        ]
    needed = request.GET.get("needed")
    return [replace(field, note=_needed(field)) if needed == field.name else field for field in drawn]


def _needed(field: Field) -> str:
    words = {"field": in_sentence(field.label)}
    if field.readonly:
        return _("This service cannot be done without %(field)s, so it cannot be left out.") % words
    return _("This service cannot be done without %(field)s. You can write another one here.") % words


def reported(request: HttpRequest) -> dict[str, str] | None:
    """What to say about the report that the person has just made; nothing for a ticket that is not theirs."""
    ticket = request.GET.get("reported", "")
    if not ticket or not isinstance(request.user, User):
        return None
    made = CorrectionRequest.objects.of(request.user).filter(ticket=ticket[:14]).first()
    if made is None:
        return None
    department = Department.objects.filter(code=made.owner).first()
    return {
        "ticket": made.ticket,
        "field": str(ProfileField.Name(made.name).label),
        "department": department.name if department else made.owner,
        "url": reverse("web:account-correction", args=[made.ticket]),
    }
