"""My data: what Ferry knows of a person and where it comes from."""

from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from identity.accounts.freshness import fresh
from identity.accounts.models import User
from identity.profile import flows
from identity.profile.models import CorrectionRequest, ProfileField
from portal.web import profile_rows
from services import languages
from services.forms import fields, schema, validation
from services.forms.errors import FieldError, Invalid
from services.forms.kinds import Json

PAGE_SIZE = 20


@never_cache
@require_safe
def profile(request: HttpRequest) -> HttpResponse:
    """Each field with its source, and what the person reported as wrong."""
    assert isinstance(request.user, User)
    context = {
        "rows": profile_rows.rows(flows.read(request.user)),
        "corrections": CorrectionRequest.objects.of(request.user).defer("value", "remark", "answer")[:PAGE_SIZE],
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
