"""A test citizen, who never existed, and believable answers to any form."""

import base64
import hashlib
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from django.utils import timezone

from identity.profile.models import ProfileField
from services.forms.kinds import Json, kind_of

FILE_ID = "00000000-0000-4000-8000-000000000001"
_PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n%%EOF\n"
FILES: dict[str, dict[str, Any]] = {
    FILE_ID: {
        "name": "sample.pdf",
        "type": "application/pdf",
        "size": len(_PDF),
        "sha256": hashlib.sha256(_PDF).hexdigest(),
        "content": base64.b64encode(_PDF).decode(),
    }
}
_ADDRESS = {"line_1": "Flat B, 12/F, Sunrise House", "line_2": "18 Fuk Wa Street", "district": "sham-shui-po"}
_PERSON: dict[str, Any] = {
    "name_en": "CHAN Tai Man",
    "name_zh": "陳大文",
    "hkid": "A123456(3)",
    "date_of_birth": "1988-06-15",
    "phone": "+85291234567",
    "email": "test.citizen@example.hk",
    "address": _ADDRESS,
    "residential_address": _ADDRESS,
}
_IDENTITY = {"name_en", "name_zh", "hkid", "date_of_birth"}


def profile() -> dict[str, ProfileField]:
    """What is known of the test citizen; stored nowhere."""
    return {
        name: ProfileField(
            name=name,
            value=value,
            source=ProfileField.Source.IMMIGRATION if name in _IDENTITY else ProfileField.Source.PERSON,
            checked_on=date(2026, 1, 20),
        )
        for name, value in _PERSON.items()
    }


def answers(form: Json) -> dict[str, Any]:
    """An answer to each question that the profile does not answer."""
    return {
        name: _answer(name, made)
        for name, made in form.get("properties", {}).items()
        if made.get("x-profile") not in _PERSON
    }


def _answer(name: str, made: Json) -> Any:
    kind = kind_of(made)
    if kind == "choice":
        return (made.get("enum") or [""])[0]
    if kind in {"text", "longtext"}:
        return _text(name)[: made.get("maxLength", 200)]
    if kind == "int":
        return max(made.get("minimum", 0), min(2, made.get("maximum", 2)))
    return _fixed(timezone.localtime()).get(kind, "")


def _fixed(now: datetime) -> Mapping[str, Any]:
    soon = now + timedelta(days=7)
    return {
        "date": soon.date().isoformat(),
        "datetime": soon.replace(hour=10, minute=30, second=0, microsecond=0).isoformat(),
        "money": "120.00",
        "bool": True,
        "email": "test.citizen@example.hk",
        "phone": "+85291234567",
        "hkid": "A123456(3)",
        "br_number": "12345678",
        "vehicle_mark": "AB1234",
        "address": _ADDRESS,
        "file": FILE_ID,
    }


def _text(name: str) -> str:
    """By what the question is called: a number where it asks for one."""
    if "name" in name.split("_"):
        return "CHAN Tai Man"
    if any(word in name for word in ("number", "_no", "reference", "licence", "permit", "account", "case")):
        return "TD2026012345"
    return "A test from the department desk"
