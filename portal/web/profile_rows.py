"""What Ferry knows of a person, row by row: value, source, age, law, and what can be done about it."""

from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from identity.profile.models import ProfileField
from identity.profile.values import masked_account
from portal.web import sheet
from services.forms import profile as questions
from services.forms import provenance, schema
from services.forms.kinds import Json

CONTACT = ("phone", "email", "residential_address", "address")  # what a person may tell us themselves
BANK = ProfileField.Name.BANK_ACCOUNT
SEXES = {"F": gettext_lazy("Female"), "M": gettext_lazy("Male"), "X": gettext_lazy("Not stated")}
ASKED: dict[str, Json] = {
    **{made["x-profile"]: made for made in questions.fields_for("apply", "basic").values()},
    "residential_address": schema.field(
        "address",
        titles={"en": "Your home address", "zh-hant": "你的住址", "zh-hans": "您的住址"},
        profile="residential_address",
        editable=True,
    ),
}
# Fields that no form asks for by themselves: only their kind matters here.
_PLAIN = {
    "name_zh": schema.field("text", titles={"en": "Name in Chinese"}),
    "date_of_birth": schema.field("date", titles={"en": "Date of birth"}),
}


def rows(known: dict[str, ProfileField]) -> list[sheet.Row]:
    """What is known, and what of the rest the person may add."""
    found = []
    for name in ProfileField.Name.values:
        held = known.get(name)
        if held or name in CONTACT or name == BANK:
            found.append(row(held) if held else _missing(name))
    return found


def row(held: ProfileField) -> sheet.Row:
    """One that is known."""
    label = str(ProfileField.Name(held.name).label)
    if held.is_verified:
        wrong = reverse("web:account-correction-new", args=[held.name])
        return sheet.Row(held.name, label, value_of(held), source_of(held), wrong, _("This is wrong"))
    return sheet.Row(held.name, label, value_of(held), source_of(held), _change_url(held.name))


def _missing(name: str) -> sheet.Row:
    return sheet.Row(name, str(ProfileField.Name(name).label), "", "", _change_url(name))


def _change_url(name: str) -> str:
    if name == BANK:
        return reverse("web:account-bank")
    return f"{reverse('web:profile-contact')}#field-{name}" if name in CONTACT else ""


def value_of(held: ProfileField) -> str | list[str]:
    """In words; of an account number only as much as its owner needs to know it again."""
    value: Any = held.value
    match held.name:
        case ProfileField.Name.BANK_ACCOUNT:
            return masked_account(value)
        case ProfileField.Name.SEX:
            return str(SEXES[value])
        case ProfileField.Name.TRAVEL_DOCUMENT:
            return f"{value['country']} {value['number']}"
    form = schema.build({held.name: ASKED.get(held.name) or _PLAIN[held.name]})
    return sheet.rows(form, {held.name: value}, file_names={})[0].value


def source_of(held: ProfileField) -> str:
    """Who says so, since when, and by which law."""
    words = {"date": sheet.say_day(held.checked_on), "age": provenance.age(held.checked_on, timezone.localdate())}
    if not held.is_verified:
        return _("You told us on %(date)s (%(age)s)") % words
    words["source"] = str(ProfileField.Source(held.source).label)
    words["law"] = str(ProfileField.Law(held.law).label)
    return _("%(source)s, checked %(date)s (%(age)s). Law: %(law)s") % words
