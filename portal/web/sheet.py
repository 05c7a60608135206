"""What a person filled in, as labels and values in words: for looking over, for the receipt and for paper."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from identity.profile.models import ProfileField
from portal.web.templatetags.ferry import day, hkd, moment
from services import languages
from services.forms import fields
from services.forms.kinds import Json

_HONG_KONG_PHONE = re.compile(r"^(\+852)(\d{4})(\d{4})$")


@dataclass(frozen=True)
class Row:
    """One row of components/summary_list.html."""

    name: str
    label: str
    value: str | list[str]
    source: str = ""
    change_url: str = ""
    change_text: str = ""  # instead of `Change`


def rows(
    form: Json,
    data: Mapping[str, Any],
    *,
    file_names: Mapping[str, str],
    profile: Mapping[str, ProfileField] | None = None,
    form_url: str = "",
    is_for_another: bool = False,
) -> list[Row]:
    """In the order of the form. `form` in stored form, `file_names` by file id; with `form_url`, rows link to it.

    `is_for_another` says that the profile is that of somebody for whom the reader acts.
    """
    drawn = fields.render(form, data=data, errors=(), profile=profile or {}, language=languages.current())
    found = [
        Row(
            field.name,
            field.label,
            _in_words(field, data.get(field.name), file_names),
            field.provenance.theirs if is_for_another and field.provenance else field.source,
        )
        for field in drawn
    ]
    if not form_url:
        return found
    fixed = {field.name for field in drawn if field.readonly}
    return [row if row.name in fixed else replace(row, change_url=f"{form_url}#field-{row.name}") for row in found]


def say_day(at: date) -> str:
    """`Tuesday 3 March`; in earlier years `15 June 1988`, where nobody looks for the weekday."""
    if at.year >= timezone.localdate().year:
        return day(at)
    return date_format(at, "j F Y" if languages.current() == "en" else "Y年n月j日")


def _in_words(field: fields.Field, value: Any, file_names: Mapping[str, str]) -> str | list[str]:
    if value is None or value == "":
        return ""
    match field.kind:
        case "bool":
            return _("Yes") if value else _("No")
        case "choice":
            return dict(field.choices).get(value, str(value))
        case "file":
            return file_names.get(str(value), "")
        case "address":
            return _address(field, value)
        case "money":
            return hkd(value)
        case "date":
            return say_day(date.fromisoformat(value))
        case "phone":
            return _HONG_KONG_PHONE.sub(r"\1 \2 \3", value)
        case "datetime":
            return moment(datetime.fromisoformat(value))
        case _:
            return str(value)


def _address(field: fields.Field, value: Mapping[str, str]) -> list[str]:
    district = value.get("district", "")
    lines = [value.get("line_1", ""), value.get("line_2", ""), dict(field.choices).get(district, district)]
    return [line for line in lines if line]
