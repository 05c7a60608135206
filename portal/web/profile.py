"""My data: what Ferry knows of a person and where it comes from."""

from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from identity.accounts.models import User
from identity.profile import flows
from identity.profile.models import ProfileField
from portal.web import sheet
from services import languages
from services.forms import fields, schema, validation
from services.forms import profile as questions
from services.forms.errors import FieldError, Invalid
from services.forms.kinds import Json

CONTACT = ("phone", "email", "address")  # what a person may tell us themselves
_ASKED = {made["x-profile"]: made for made in questions.fields_for("apply", "basic").values()}


@never_cache
@require_safe
def profile(request: HttpRequest) -> HttpResponse:
    """Each field with its source."""
    assert isinstance(request.user, User)
    context = {"rows": _rows(flows.read(request.user)), "is_saved": "saved" in request.GET}
    return render(request, "web/profile.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
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
    asked = {name: _ASKED[name] for name in CONTACT if name not in known or not known[name].is_verified}
    return schema.build(asked, optional=asked)


@transaction.atomic
def _keep(person: User, told: dict[str, Any], known: dict[str, ProfileField], *, asked: Json) -> None:
    for name in asked:
        if name not in told:
            flows.forget(person, name)
        elif name not in known or known[name].value != told[name]:
            source = ProfileField.Source.PERSON
            flows.store(person, name, told[name], source=source, checked_on=timezone.localdate())


def _rows(known: dict[str, ProfileField]) -> list[sheet.Row]:
    """What is known, and what of the rest the person may add."""
    found = []
    for name, label in ProfileField.Name.choices:
        held = known.get(name)
        is_theirs = name in CONTACT and not (held and held.is_verified)
        if not held and not is_theirs:
            continue
        change_url = f"{reverse('web:profile-contact')}#field-{name}" if is_theirs else ""
        found.append(sheet.Row(name, str(label), _value(held), _source(held), change_url))
    return found


def _value(held: ProfileField | None) -> str | list[str]:
    if held is None:
        return ""
    form = schema.build({held.name: _ASKED.get(held.name) or _PLAIN[held.name]})
    return sheet.rows(form, {held.name: held.value}, file_names={})[0].value


def _source(held: ProfileField | None) -> str:
    if held is None:
        return ""
    if not held.is_verified:
        return _("You told us on %(date)s") % {"date": sheet.say_day(held.checked_on)}
    return _("%(source)s, checked %(date)s") % {
        "source": ProfileField.Source(held.source).label,
        "date": sheet.say_day(held.checked_on),
    }


# Fields that no form asks for by themselves: only their kind matters here.
_PLAIN = {
    "name_zh": schema.field("text", titles={"en": "Name in Chinese"}),
    "date_of_birth": schema.field("date", titles={"en": "Date of birth"}),
}
