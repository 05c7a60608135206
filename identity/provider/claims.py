"""Scopes, the claims they stand for, and what a person's profile says of them (OpenID Connect Core 1.0 section 5)."""

import json
from collections.abc import Callable, Collection, Iterable
from datetime import UTC, datetime, time
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from identity.accounts.models import User
from identity.profile import flows as profile
from identity.profile.models import ProfileField
from identity.provider.errors import InvalidRequest

SCOPES: dict[str, tuple[str, ...]] = {  # section 5.4
    "openid": (),
    "profile": ("name", "name#zh-Hant", "birthdate", "gender", "updated_at"),
    "email": ("email", "email_verified"),
    "address": ("address",),
    "phone": ("phone_number", "phone_number_verified"),
    "offline_access": (),
    "calls": (),
}
NAMES: dict[str, str | Promise] = {  # what a person reads; what only describes another claim has none
    "name": _("Your name"),
    "name#zh-Hant": _("Your name in Chinese"),
    "birthdate": _("Your date of birth"),
    "gender": _("Your sex"),
    "email": _("Your e-mail address"),
    "address": _("Your address"),
    "phone_number": _("Your phone number"),
}
COMPANIONS = {"email": "email_verified", "phone_number": "phone_number_verified"}  # told with it, or not at all
SOURCES = {  # claim -> field of the profile
    "name": "name_en",
    "name#zh-Hant": "name_zh",
    "birthdate": "date_of_birth",
    "gender": "sex",
    "email": "email",
    "address": "address",
    "phone_number": "phone",
}
LONGEST_REQUEST = 5000  # characters of a `claims` parameter
_SCOPE_OF = {claim: scope for scope, found in SCOPES.items() for claim in found}
PLACES = ("id_token", "userinfo")


def parse(text: str) -> dict[str, dict[str, Any]]:
    """The `claims` parameter (section 5.5): {"id_token": {…}, "userinfo": {…}}, null made an empty object.

    Raises InvalidRequest if it is not that.
    """
    if not text:
        return {}
    try:
        found = json.loads(text) if len(text) <= LONGEST_REQUEST else None
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise InvalidRequest("The claims parameter is not a JSON object")
    asked: dict[str, dict[str, Any]] = {}
    for place in PLACES:
        wishes = {} if found.get(place) is None else found[place]
        if not isinstance(wishes, dict) or not all(isinstance(wish, dict | None) for wish in wishes.values()):
            raise InvalidRequest("The claims parameter does not name claims as objects")
        asked[place] = {name: wish or {} for name, wish in wishes.items()}
    return asked


def of_scopes(scopes: Iterable[str]) -> list[str]:
    """The claims that scopes stand for, in the order of SCOPES."""
    wanted = set(scopes)
    return [claim for scope, found in SCOPES.items() if scope in wanted for claim in found]


def asked_for(asked: dict[str, dict[str, Any]], place: str, allowed_scopes: Collection[str]) -> list[str]:
    """The claims named one by one for that place, of those scopes that the client registered."""
    return [name for name in asked.get(place, {}) if _SCOPE_OF.get(name) in allowed_scopes]


def fields(scopes: Iterable[str], asked: dict[str, dict[str, Any]], allowed_scopes: Collection[str]) -> list[str]:
    """What a person is asked to give: the claims that mean something to them, in the order of NAMES."""
    named = {name for place in PLACES for name in asked_for(asked, place, allowed_scopes)}
    wanted = {*of_scopes(scopes), *named}
    wanted |= {claim for claim, companion in COMPANIONS.items() if companion in wanted}
    return [claim for claim in NAMES if claim in wanted]


def values(person: User, wanted: Collection[str], *, allowed: Collection[str]) -> dict[str, Any]:
    """What is known of the wanted claims that the person gives; those unknown are left out (section 5.3.2)."""
    names = [claim for claim in NAMES if claim in wanted and claim in allowed]
    known = profile.read(person, only=[SOURCES[claim] for claim in names])
    told = {claim: _value(claim, known.get(SOURCES[claim]), person) for claim in names}
    told = {claim: value for claim, value in told.items() if value not in (None, "")}
    for claim, companion in COMPANIONS.items():
        if claim in told and companion in wanted:
            field = known.get(SOURCES[claim])
            told[companion] = field is not None and field.is_verified
    if "updated_at" in wanted and known:
        latest = max(field.checked_on for field in known.values())
        told["updated_at"] = int(datetime.combine(latest, time(), UTC).timestamp())
    return told


def _value(claim: str, field: ProfileField | None, person: User) -> Any:
    if field is not None:
        return _WRITTEN.get(claim, _as_it_is)(field.value)
    if claim == "email":
        return person.email
    return person.get_full_name() if claim == "name" else None


def _as_it_is(value: Any) -> Any:
    return value


def _address(value: Any) -> dict[str, str]:
    """Section 5.1.1; the district is our code for it in words."""
    if not isinstance(value, dict):
        return {"formatted": str(value), "country": "HK"}
    street = [str(value[name]) for name in ("line_1", "line_2", "line_3") if value.get(name)]
    district = str(value.get("district", "")).replace("-", " ").title()
    told = {
        "formatted": "\n".join([*street, district, "Hong Kong"]) if district else "\n".join([*street, "Hong Kong"]),
        "street_address": "\n".join(street),
        "locality": district,
        "region": "Hong Kong",
        "country": "HK",
    }
    return {name: text for name, text in told.items() if text}


_WRITTEN: dict[str, Callable[[Any], Any]] = {  # claims that are written otherwise than the profile has them
    "address": _address,
    "gender": {"F": "female", "M": "male"}.get,  # section 5.1; whoever is neither tells none
}
