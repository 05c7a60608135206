"""A form as an officer may see it who has to recognise a call, but not to know the person: the gist of each value.

What a kind of value gives away is decided here alone, by its format and by whether it comes from a profile. Whatever is
not known to be harmless is hidden.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from services import languages
from services.forms.formats import is_date_time
from services.forms.kinds import Json, kind_of
from services.forms.schema import localise, title_of

DOTS = "****"
_HKID = re.compile(r"([A-Z]{1,2})([0-9]{2})[0-9]{4}\(([0-9A])\)")
_HONG_KONG_PHONE = re.compile(r"(\+852)[0-9]{4}([0-9]{4})")
_HARMLESS = {"choice", "bool", "int", "datetime"}  # what a question itself offers; unless a profile fills it in


@dataclass(frozen=True)
class Masked:
    """One question and the gist of its answer, in the active language."""

    title: str
    text: str


def masked(form_schema: Json, form: Mapping[str, Any]) -> list[Masked]:
    """In the order of the form (in stored form); a value that the form does not know comes last, hidden."""
    properties: dict[str, Json] = form_schema.get("properties", {})
    plain = localise(form_schema, languages.current())["properties"]
    known = [
        Masked(title_of(made) or name, _gist(made, plain[name], form[name]))
        for name, made in properties.items()
        if form.get(name) not in (None, "")
    ]
    return known + [Masked(name, DOTS) for name in form if name not in properties]


def _gist(made: Json, plain: Json, value: Any) -> str:
    kind, profile = kind_of(made), made.get("x-profile", "")
    if kind in _HARMLESS and not profile:
        return _harmless(kind, plain, value)
    by_profile, by_kind = _BY_PROFILE.get(profile), _BY_KIND.get(kind)
    if kind == "address" and isinstance(value, Mapping):
        return _district(plain, value)
    hide = by_profile or by_kind
    return hide(value) if hide and isinstance(value, str) else DOTS


def _harmless(kind: str, plain: Json, value: Any) -> str:
    """As it is, if it is of its kind: only what was checked when it was sent is known to be harmless."""
    match kind, value:
        case "bool", bool():
            return _("Yes") if value else _("No")
        case "choice", str():
            return str(plain.get("x-enum-titles", {}).get(value, DOTS))
        case "int", int():
            return str(value)
        case "datetime", str() if is_date_time(value):
            return value
    return DOTS


def _district(plain: Json, value: Mapping[str, Any]) -> str:
    titles = plain.get("properties", {}).get("district", {}).get("x-enum-titles", {})
    return f"{DOTS}, {titles.get(value.get('district'), DOTS)}"


def _hkid(text: str) -> str:
    """A123456(3) -> A12****(3)."""
    found = _HKID.fullmatch(text)
    return f"{found[1]}{found[2]}{DOTS}({found[3]})" if found else DOTS


def _phone(text: str) -> str:
    """+85291234567 -> +852 **** 4567; of other countries the last three digits."""
    found = _HONG_KONG_PHONE.fullmatch(text)
    return f"{found[1]} {DOTS} {found[2]}" if found else f"{DOTS}{text[-3:] if len(text) > 6 else ''}"


def _email(text: str) -> str:
    """chan@example.hk -> c****@example.hk."""
    name, at, host = text.rpartition("@")
    return f"{name[:1]}{DOTS}{at}{host}" if name else DOTS


def _name(text: str) -> str:
    """CHAN Tai Man -> C**** T**** M****; 陳大文 -> 陳****."""
    return " ".join(f"{word[:1]}{DOTS}" for word in text.split()) or DOTS


def _day(text: str) -> str:
    """1988-06-15 -> 1988-**-**."""
    return f"{text[:4]}-**-**" if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) else DOTS


def _ends(text: str) -> str:
    """12345678 -> ****678; AB1234 -> ****234."""
    return f"{DOTS}{text[-3:]}" if len(text) > 4 else DOTS


def _length(text: str) -> str:
    """Free text may hold anything, so only how much there is of it."""
    return _("%(count)s characters") % {"count": len(text)}


_BY_PROFILE: dict[str, Callable[[str], str]] = {
    "name_en": _name,
    "name_zh": _name,
    "hkid": _hkid,
    "phone": _phone,
    "email": _email,
    "date_of_birth": _day,
}
_BY_KIND: dict[str, Callable[[str], str]] = {
    "hkid": _hkid,
    "phone": _phone,
    "email": _email,
    "date": _day,
    "br_number": _ends,
    "vehicle_mark": _ends,
    "text": _length,
    "longtext": _length,
}
