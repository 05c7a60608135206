"""What each field of a profile may hold, and how it is shown where not all of it should be seen."""

import re
from collections.abc import Callable
from typing import Any

from identity.formats import is_date, is_email, is_hkid, is_phone
from identity.profile.errors import Unusable
from identity.profile.models import ProfileField

TEXT_MAX = 200  # characters
SEXES = ("F", "M", "X")  # as ICAO Doc 9303 part 3 writes them; X is unspecified
DOTS = "••••"
_COUNTRY = re.compile(r"[A-Z]{1,3}")  # ICAO Doc 9303 part 3, section 5: ISO 3166-1 alpha-3, and D for Germany
_DOCUMENT = re.compile(r"[A-Z0-9]{5,15}")
_BANK = re.compile(r"[0-9]{3}")  # clearing code of the Hong Kong Interbank Clearing
_ACCOUNT = re.compile(r"[0-9]{6,12}")  # branch and number
_ADDRESS_PARTS = {"line_1", "line_2", "district"}


def check(name: str, value: Any) -> None:
    """Raises Unusable for what is no value of this field."""
    if name not in _CHECKS or not _CHECKS[name](value):
        raise Unusable(name)


def masked_account(value: dict[str, str]) -> str:
    """`004 ••••6789`: enough to know it again."""
    return f"{value['bank']} {DOTS}{value['account'][-4:]}"


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value.strip()) <= TEXT_MAX and value.isprintable()


def _is_address(value: Any) -> bool:
    """Two lines and a district's code; which codes there are is for forms to say."""
    if not isinstance(value, dict) or not {"line_1", "district"} <= value.keys() <= _ADDRESS_PARTS:
        return False
    return all(_is_text(part) for part in value.values())


def _parts(value: Any, **patterns: re.Pattern[str]) -> bool:
    """An object of exactly these texts."""
    if not isinstance(value, dict) or value.keys() != patterns.keys():
        return False
    return all(isinstance(value[key], str) and pattern.fullmatch(value[key]) for key, pattern in patterns.items())


def _text_that(check: Callable[[str], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and check(value)


_CHECKS: dict[str, Callable[[Any], bool]] = {
    ProfileField.Name.NAME_EN: _is_text,
    ProfileField.Name.NAME_ZH: _is_text,
    ProfileField.Name.HKID: _text_that(is_hkid),
    ProfileField.Name.TRAVEL_DOCUMENT: lambda value: _parts(value, country=_COUNTRY, number=_DOCUMENT),
    ProfileField.Name.DATE_OF_BIRTH: _text_that(is_date),
    ProfileField.Name.SEX: lambda value: value in SEXES,
    ProfileField.Name.PHONE: _text_that(is_phone),
    ProfileField.Name.EMAIL: _text_that(is_email),
    ProfileField.Name.RESIDENTIAL_ADDRESS: _is_address,
    ProfileField.Name.ADDRESS: _is_address,
    ProfileField.Name.BANK_ACCOUNT: lambda value: _parts(value, bank=_BANK, account=_ACCOUNT),
}
