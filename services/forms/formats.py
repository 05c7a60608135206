"""Formats of what people fill in, checked properly. Each takes the one exact way of writing; tidy.py takes the others.

Every pattern is linear: no repetition inside a repetition.
"""

import re
from collections.abc import Callable
from datetime import MAXYEAR, MINYEAR, date, datetime

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from jsonschema import FormatChecker

_HKID = re.compile(r"([A-Z]{1,2})([0-9]{6})\(([0-9A])\)")
_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")
_HONG_KONG_PHONE = re.compile(r"\+852[2-9][0-9]{7}")
_BR_NUMBER = re.compile(r"[0-9]{8}")
_VEHICLE_MARK = re.compile(r"[A-Z0-9](?:[A-Z0-9 ]{0,6}[A-Z0-9])?")
_MONEY = re.compile(r"(?:0|[1-9][0-9]{0,9})\.[0-9]{2}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DATE_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?(?:Z|[+-][0-9]{2}:[0-9]{2})"
)
_FILE_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_EMAIL_MAX = 254  # characters, RFC 5321


def is_hkid(text: str) -> bool:
    """A123456(3) or WX123456(7), with the right check digit."""
    found = _HKID.fullmatch(text)
    return found is not None and found[3] == hkid_check_digit(found[1], found[2])


def has_hkid_shape(text: str) -> bool:
    """Letters, six digits and a check digit, which may be the wrong one."""
    return _HKID.fullmatch(text) is not None


def hkid_check_digit(letters: str, digits: str) -> str:
    """Weights 9 to 2 over two letters (a space counts 36, A is 10) and six digits, modulo 11; 10 is written A."""
    values = [36 if letter == " " else ord(letter) - ord("A") + 10 for letter in letters.rjust(2)]
    values += [int(digit) for digit in digits]
    weighted = sum(value * weight for value, weight in zip(values, range(9, 1, -1), strict=True))
    return "0123456789A"[-weighted % 11]


def is_phone(text: str) -> bool:
    """E.164; a number in Hong Kong has eight digits that begin with 2 to 9."""
    pattern = _HONG_KONG_PHONE if text.startswith("+852") else _PHONE
    return pattern.fullmatch(text) is not None


def is_br_number(text: str) -> bool:
    """Eight digits of a business registration."""
    return _BR_NUMBER.fullmatch(text) is not None


def is_vehicle_mark(text: str) -> bool:
    """AB1234, or a personalised mark of up to eight letters, digits and spaces."""
    return _VEHICLE_MARK.fullmatch(text) is not None


def is_money(text: str) -> bool:
    """Hong Kong dollars with two places, no sign, below ten thousand million."""
    return _MONEY.fullmatch(text) is not None


def is_date(text: str) -> bool:
    """YYYY-MM-DD, a day that exists."""
    if not _DATE.fullmatch(text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def is_date_time(text: str) -> bool:
    """RFC 3339 with its offset, a moment that exists and has a local time everywhere on earth."""
    if not _DATE_TIME.fullmatch(text):
        return False
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return False
    return MINYEAR < at.year < MAXYEAR


def is_email(text: str) -> bool:
    """One address, as Django understands it."""
    if len(text) > _EMAIL_MAX:
        return False
    try:
        validate_email(text)
    except ValidationError:
        return False
    return True


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
