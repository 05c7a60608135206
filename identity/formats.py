"""Formats of what identifies and reaches a person, checked properly. Each takes the one exact way of writing.

Every pattern is linear: no repetition inside a repetition.
"""

import re
import unicodedata
from datetime import date

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

_HKID = re.compile(r"([A-Z]{1,2})([0-9]{6})\(([0-9A])\)")
_HKID_BARE = re.compile(r"([A-Z]{1,2})([0-9]{6})([0-9A])")
_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")
_HONG_KONG_PHONE = re.compile(r"\+852[2-9][0-9]{7}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_LONGEST = 60  # characters of a number as somebody may write it, with spaces
_EMAIL_MAX = 254  # characters, RFC 5321


def is_hkid(text: str) -> bool:
    """A123456(3) or WX123456(9), with the right check digit."""
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


def normal_hkid(text: str) -> str:
    """`a123456-3`, `A1234563` and full-width letters as A123456(3); what is no such number gives its bare letters."""
    bare = re.sub(r"[^A-Z0-9]", "", unicodedata.normalize("NFKC", text[:_LONGEST]).upper())
    found = _HKID_BARE.fullmatch(bare)
    return f"{found[1]}{found[2]}({found[3]})" if found else bare


def is_phone(text: str) -> bool:
    """E.164; a number in Hong Kong has eight digits that begin with 2 to 9."""
    pattern = _HONG_KONG_PHONE if text.startswith("+852") else _PHONE
    return pattern.fullmatch(text) is not None


def is_date(text: str) -> bool:
    """YYYY-MM-DD, a day that exists."""
    if not _DATE.fullmatch(text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def is_email(text: str) -> bool:
    """One address, as Django understands it."""
    if len(text) > _EMAIL_MAX:
        return False
    try:
        validate_email(text)
    except ValidationError:
        return False
    return True
