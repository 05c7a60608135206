"""A form with one field of every kind, and data that fits it."""

from datetime import date
from typing import Any

from identity.profile.models import ProfileField
from services.forms import schema
from services.forms.kinds import KINDS

TITLES = {"en": "Licence number", "zh-hant": "牌照號碼", "zh-hans": "牌照号码"}
CHOICES = {
    "lost": {"en": "Lost", "zh-hant": "遺失", "zh-hans": "遗失"},
    "own-vehicle": {"en": "My vehicle", "zh-hant": "自己的車輛", "zh-hans": "自己的车辆"},
}
ADDRESS = {"line_1": "8/F, Harbour House", "line_2": "1 Pier Road", "district": "central-and-western"}
GOOD: dict[str, Any] = {
    "a_text": "TD 1234",
    "a_longtext": "It rained.\nThen it stopped.",
    "a_date": "2026-03-27",
    "a_datetime": "2026-03-27T14:30:00+08:00",
    "a_int": 3,
    "a_money": "1200.00",
    "a_choice": "lost",
    "a_email": "chan@example.hk",
    "a_phone": "+85291234567",
    "a_hkid": "A123456(3)",
    "a_br_number": "12345678",
    "a_vehicle_mark": "AB1234",
    "a_address": ADDRESS,
    "a_bool": True,
}


def field(kind: str, **values: Any) -> dict[str, Any]:
    """A property of the kind, titled “Licence number”."""
    return schema.field(kind, titles=TITLES, choices=CHOICES if kind == "choice" else None, **values)


def one(kind: str, **values: Any) -> dict[str, Any]:
    """A form whose only field, `it`, is of the kind."""
    return schema.build({"it": field(kind, **values)})


def every_kind() -> dict[str, Any]:
    """A form with a field `a_{kind}` of each kind."""
    return schema.build({f"a_{kind}": field(kind) for kind in KINDS})


def known(name: str, value: Any, *, source: str = "immd") -> ProfileField:
    """A profile field, checked on 3 March 2026, that is nowhere in the database."""
    return ProfileField(name=name, value=value, source=source, checked_on=date(2026, 3, 3))
