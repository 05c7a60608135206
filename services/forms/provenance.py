"""Where a pre-filled answer comes from: source, age and law; and whether the person keeps it back."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from identity.profile.models import ProfileField
from services.forms.kinds import Json
from services.forms.schema import is_locked

_DATE_FORMATS = {"en": "j F Y", "zh-hant": "Y年n月j日", "zh-hans": "Y年n月j日"}


@dataclass(frozen=True)
class Provenance:
    """What a form says below an answer that a profile knows, in one language."""

    source: str  # a sentence; empty once the person has written something else
    theirs: str  # the same for somebody who fills the form in for them
    age: str  # such as `8 months ago`
    law: str  # by which an authority vouches; empty for the person's own word
    is_verified: bool
    is_withheld: bool  # the person leaves it out, although the profile knows it


def of(
    form: Json, name: str, data: Mapping[str, Any], profile: Mapping[str, ProfileField], language: str
) -> Provenance | None:
    """Of one question of the form (in stored form); None where the profile knows nothing."""
    made = form["properties"][name]
    known = profile.get(made.get("x-profile", ""))
    if known is None:
        return None
    is_back = is_withheld(form, name, data, profile)
    is_shown = not is_back and (is_locked(made, profile) or name not in data or data[name] == known.value)
    return Provenance(
        source=_sentence(known, language) if is_shown else "",
        theirs=_sentence(known, language, is_theirs=True) if is_shown else "",
        age=age(known.checked_on, timezone.localdate()),
        law=str(ProfileField.Law(known.law).label) if known.law else "",
        is_verified=known.is_verified,
        is_withheld=is_back,
    )


def is_withheld(form: Json, name: str, data: Mapping[str, Any], profile: Mapping[str, ProfileField]) -> bool:
    """The person sends it empty, and the form goes without it: then even what an authority vouches for stays here."""
    is_known = form["properties"][name].get("x-profile", "") in profile
    return is_known and name not in form.get("required", []) and name in data and data[name] in ("", {})


def age(checked_on: date, today: date) -> str:
    """`today`, `12 days ago`, `8 months ago`, `3 years ago`; whole ones, as people say it."""
    days = (today - checked_on).days
    if days <= 0:
        return _("today")
    if days < 61:
        return ngettext("%(count)s day ago", "%(count)s days ago", days) % {"count": days}
    months = days * 12 // 365
    if months < 24:
        return ngettext("%(count)s month ago", "%(count)s months ago", months) % {"count": months}
    return ngettext("%(count)s year ago", "%(count)s years ago", months // 12) % {"count": months // 12}


def _sentence(known: ProfileField, language: str, *, is_theirs: bool = False) -> str:
    day = date_format(known.checked_on, _DATE_FORMATS[language])
    if not known.is_verified:
        told = _("From their profile: they told us on %(date)s") if is_theirs else ""
        return (told or _("From your profile: you told us on %(date)s")) % {"date": day}
    vouched = _("From their profile: %(source)s, checked %(date)s") if is_theirs else ""
    words = {"source": ProfileField.Source(known.source).label, "date": day}
    return (vouched or _("From your profile: %(source)s, checked %(date)s")) % words
