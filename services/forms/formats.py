"""Formats of what people fill in, checked properly. Each takes the one exact way of writing; tidy.py takes the others.

Every pattern is linear: no repetition inside a repetition.
"""

import re
from collections.abc import Callable
from datetime import MAXYEAR, MINYEAR, datetime

from jsonschema import FormatChecker

from identity.formats import is_date, is_email, is_hkid, is_phone

_BR_NUMBER = re.compile(r"[0-9]{8}")
_VEHICLE_MARK = re.compile(r"[A-Z0-9](?:[A-Z0-9 ]{0,6}[A-Z0-9])?")
_MONEY = re.compile(r"(?:0|[1-9][0-9]{0,9})\.[0-9]{2}")
_DATE_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?(?:Z|[+-][0-9]{2}:[0-9]{2})"
)
_FILE_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def is_br_number(text: str) -> bool:
    """Eight digits of a business registration."""
    return _BR_NUMBER.fullmatch(text) is not None


def is_vehicle_mark(text: str) -> bool:
    """AB1234, or a personalised mark of up to eight letters, digits and spaces."""
    return _VEHICLE_MARK.fullmatch(text) is not None


def is_money(text: str) -> bool:
    """Hong Kong dollars with two places, no sign, below ten thousand million."""
    return _MONEY.fullmatch(text) is not None


def is_date_time(text: str) -> bool:
    """RFC 3339 with its offset, a moment that exists and has a local time everywhere on earth."""
    if not _DATE_TIME.fullmatch(text):
        return False
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return False
    return MINYEAR < at.year < MAXYEAR


def is_file_id(text: str) -> bool:
    """A UUID in small letters, as POST /api/v1/files/ gives it."""
    return _FILE_ID.fullmatch(text) is not None


CHECKS: dict[str, Callable[[str], bool]] = {
    "hkid": is_hkid,
    "phone": is_phone,
    "br_number": is_br_number,
    "vehicle_mark": is_vehicle_mark,
    "decimal": is_money,
    "date": is_date,
    "date-time": is_date_time,
    "email": is_email,
    "file-id": is_file_id,
}

CHECKER = FormatChecker(formats=())


def _for_any_value(check: Callable[[str], bool]) -> Callable[[object], bool]:
    """JSON Schema: a format says nothing about values that are not strings."""
    return lambda value: not isinstance(value, str) or check(value)


for _name, _check in CHECKS.items():
    CHECKER.checks(_name)(_for_any_value(_check))
