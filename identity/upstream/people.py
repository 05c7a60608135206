"""What the identity app says of a person, as Ferry's profile keeps it."""

from collections.abc import Iterator
from typing import Any

from django.utils import timezone

from identity import formats
from identity.accounts.models import User
from identity.profile import flows as profile
from identity.profile.models import ProfileField

IDENTITY_FIELDS = ("idNo", "enName", "chName", "birthDate", "gender")  # account/auth/profile
CONTACT_FIELDS = ("mobileNumber", "emailAddress")  # account/eme, besides IDENTITY_FIELDS
LONGEST = 200  # characters of one value

Found = tuple[str, Any]  # the profile's name of a field, and its value


def keep(person: User, told: dict[str, Any]) -> list[str]:
    """Store what is sound of an answer; returns the names of the fields that were stored.

    Name, card, birth and sex come from the identity card's record, so they replace what stood there. Nobody has checked
    the contact details that a person keeps in the app: they fill gaps and never replace what was told to Ferry.
    """
    known = profile.read(person)
    today = timezone.localdate()
    stored = []
    for name, value in _identity(told):
        profile.store(person, name, value, source=ProfileField.Source.IMMIGRATION, checked_on=today)
        stored.append(name)
    for name, value in _contact(told):
        if name not in known:
            profile.store(person, name, value, source=ProfileField.Source.PERSON, checked_on=today)
            stored.append(name)
    return stored


def name_of(told: dict[str, Any]) -> str:
    """The name in English, as on the card; empty if the app did not tell it."""
    return _text(_part(told, "enName", "UnstructuredName"))


def _identity(told: dict[str, Any]) -> Iterator[Found]:
    if name := name_of(told):
        yield "name_en", name
    chinese = _text(_part(told, "chName", "ChineseName"))
    if chinese and told.get("chNameVerified") != "N":
        yield "name_zh", chinese
    number = f"{_text(_part(told, 'idNo', 'Identification'))}({_text(_part(told, 'idNo', 'CheckDigit'))})"
    if formats.is_hkid(number):
        yield "hkid", number
    born = _text(told.get("birthDate"))
    if len(born) == 8 and born.isdecimal():  # YYYYMMDD
        born = f"{born[:4]}-{born[4:6]}-{born[6:]}"
    if formats.is_date(born):
        yield "date_of_birth", born
    sex = _text(told.get("gender"))
    if sex in {"M", "F", "X"} and "sex" in ProfileField.Name.values:
        yield "sex", sex


def _contact(told: dict[str, Any]) -> Iterator[Found]:
    country = _text(_part(told, "mobileNumber", "CountryCode")).lstrip("+")
    number = f"+{country}{_text(_part(told, 'mobileNumber', 'SubscriberNumber'))}"
    if formats.is_phone(number):
        yield "phone", number
    address = _text(told.get("emailAddress"))
    if formats.is_email(address):
        yield "email", address


def _part(told: dict[str, Any], name: str, part: str) -> object:
    whole = told.get(name)
    return whole.get(part) if isinstance(whole, dict) else None


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) and len(value) <= LONGEST and value.isprintable() else ""
