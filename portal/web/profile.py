"""My data: what Ferry knows of a person and where it comes from, and everyone to whom it went."""

from typing import Any

from django.core.paginator import Page, Paginator
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from identity.accounts.freshness import fresh
from identity.accounts.models import User
from identity.consent.models import Disclosure
from identity.profile import flows
from identity.profile.models import CorrectionRequest, ProfileField
from portal.web import profile_rows
from services import languages
from services.forms import fields, schema, validation
from services.forms.errors import FieldError, Invalid
from services.forms.kinds import Json
from services.gateway.models import ServiceCall

PAGE_SIZE = 20


@never_cache
@require_safe
def profile(request: HttpRequest) -> HttpResponse:
    """Each field with its source, and the disclosure log, newest first."""
    assert isinstance(request.user, User)
    log = Paginator(Disclosure.objects.of(request.user), PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "rows": profile_rows.rows(flows.read(request.user)),
        "corrections": CorrectionRequest.objects.of(request.user).defer("value", "remark", "answer")[:PAGE_SIZE],
        "page": log,
        "disclosures": _disclosures(log),
        "is_saved": "saved" in request.GET,
    }
    return render(request, "web/profile.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@fresh(minutes=15)
def contact(request: HttpRequest) -> HttpResponse:
    """How departments can reach the person: theirs to say, and to take back."""
    assert isinstance(request.user, User)
    known = flows.read(request.user)
    form = _contact_form(known)
    errors: list[FieldError] = []
    data: dict[str, Any] = {}
    if request.method == "POST":
        data = fields.decode(form, request.POST.dict())
        try:
            _keep(request.user, validation.validate(form, data, profile={}), known, asked=form["properties"])
            return redirect(f"{reverse('web:profile')}?saved")
        except Invalid as invalid:
            errors = invalid.errors
    context = {
        "fields": fields.render(form, data=data, errors=errors, profile=known, language=languages.current()),
        "errors": [(error.name, error.message) for error in errors],
    }
    return render(request, "web/profile_contact.html", context, status=422 if errors else 200)


def _contact_form(known: dict[str, ProfileField]) -> Json:
    """Leaves out what an authority vouches for."""
    asked = {
        name: profile_rows.ASKED[name]
        for name in profile_rows.CONTACT
        if name not in known or not known[name].is_verified
    }
    return schema.build(asked, optional=asked)


@transaction.atomic
def _keep(person: User, told: dict[str, Any], known: dict[str, ProfileField], *, asked: Json) -> None:
    for name in asked:
        if name not in told:
            flows.forget(person, name)
        elif name not in known or known[name].value != told[name]:
            source = ProfileField.Source.PERSON
            flows.store(person, name, told[name], source=source, checked_on=timezone.localdate())


def _disclosures(log: Page[Disclosure]) -> list[dict[str, object]]:
    """What the page says of each. One query for the words of all the fields."""
    calls = ServiceCall.objects.filter(receipt__in=[row.reference for row in log]).select_related("version")
    found = {call.receipt: call for call in calls.only("receipt", "status", "version__form")}
    forms = {receipt: call.version.form for receipt, call in found.items()}
    taken_back = {receipt for receipt, call in found.items() if call.status == ServiceCall.Status.WITHDRAWN}
    return [
        {
            "at": row.at,
            "recipient": languages.pick(row.recipient_names),
            "purpose": languages.pick(row.purpose_names),
            "receipt": row.reference,
            "is_taken_back": row.reference in taken_back,
            "titles": _titles(forms.get(row.reference, {}), row.fields),
        }
        for row in log
    ]


def _titles(form: Json, names: list[str]) -> str:
    """As the form called them, in its order."""
    properties = form.get("properties", {})
    said = [schema.title_of(made) for name, made in properties.items() if name in names]
    return (", " if languages.current() == "en" else "、").join(said)
