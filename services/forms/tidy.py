"""Reading leniently what people write, where the meaning is sure: as formats.py wants it, or else as it stands.

Every function gives text back for any text; whether it is right is for formats.py to say.
"""

import re
import unicodedata
from collections.abc import Callable
from typing import Any

from identity.formats import has_hkid_shape
from services.forms.formats import CHECKS
from services.forms.kinds import DISTRICTS, schema_of

_LONGEST = 300  # characters; nothing with a format is longer, so longer text is not worth reading
_FULL_WIDTH = {
    code: code - 0xFEE0
    for code in (*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B))  # digits and letters
}
_DASHES = dict.fromkeys(map(ord, "‐‑‒–—―−－"), "-")
_HONG_KONG_OFFSET = "+08:00"
_DISTRICT_NAMES = {
    name.casefold().replace("區", "").replace("区", "").replace(" ", "").replace("-", ""): code
    for code, names in DISTRICTS.items()
    for name in (code, *names.values())
}


def tidy(kind: str, text: str) -> str:
    """The text as its kind is stored."""
    if kind == "longtext":
        return text.replace("\r\n", "\n").replace("\r", "\n").strip()
    if kind == "text":
        return re.sub(r"[\r\n\t]+", " ", text).translate(_FULL_WIDTH).strip()
    reader = _READERS.get(kind)
    if reader is None or len(text) > _LONGEST:
        return text
    meant = reader(_plain(text))
    return meant if _SHAPES[kind](meant) else text.strip()


def tidy_address(address: dict[str, Any]) -> dict[str, Any]:
    """Parts trimmed, an empty second line left out, the district by its code."""
    tidied = {key: tidy("text", part) if isinstance(part, str) else part for key, part in address.items()}
    district = tidied.get("district")
    if isinstance(district, str):
        spelling = re.sub(r"[\s區区-]", "", district[:_LONGEST].casefold())
        tidied["district"] = _DISTRICT_NAMES.get(spelling, district)
    if tidied.get("line_2") == "":
        del tidied["line_2"]
    return tidied


def whole_number(text: str) -> int | str:
    """`1,200` -> 1200; text that is no whole number stays text."""
    plain = _without_thousands(_plain(text))
    return int(plain) if re.fullmatch(r"-?[0-9]{1,15}", plain) else text


def _plain(text: str) -> str:
    """Full-width forms folded, invisible marks (as phones add when copying) dropped, dashes made hyphens."""
    folded = unicodedata.normalize("NFKC", text).translate(_DASHES)
    return "".join(letter for letter in folded if unicodedata.category(letter) != "Cf").strip()


def _without_thousands(text: str) -> str:
    return text.replace(",", "") if re.fullmatch(r"[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]*)?", text) else text


def _hkid(text: str) -> str:
    upper = text.upper()
    found = re.fullmatch(r"([A-Z]{1,2})([0-9]{6})[(-]?([0-9A])\)?", re.sub(r"\s", "", upper))
    return f"{found[1]}{found[2]}({found[3]})" if found else upper


def _phone(text: str) -> str:
    digits = re.sub(r"[\s().-]", "", text.replace("(0)", "") if text.startswith(("+", "00")) else text)
    if digits.startswith("00"):
        digits = f"+{digits[2:]}"
    if re.fullmatch(r"[2-9][0-9]{7}", digits):
        return f"+852{digits}"
    if re.fullmatch(r"852[2-9][0-9]{7}", digits):
        return f"+{digits}"
    return digits


def _br_number(text: str) -> str:
    """The certificate prints the number with its branch and year: 12345678-000-03-24-A."""
    compact = re.sub(r"\s", "", text)
    found = re.fullmatch(r"([0-9]{8})(?:-[0-9]{3}(?:-[0-9]{2}){0,2}(?:-[0-9A-Z])?)?", compact.upper())
    return found[1] if found else compact


def _vehicle_mark(text: str) -> str:
    upper = re.sub(r"\s+", " ", text.upper())
    found = re.fullmatch(r"([A-Z]{1,2})[ -]?([0-9]{1,4})", upper)
    return f"{found[1]}{found[2]}" if found else upper


def _money(text: str) -> str:
    amount = re.sub(r"\s", "", text.upper()).removesuffix("元").removeprefix("HKD").removeprefix("HK").removeprefix("$")
    found = re.fullmatch(r"0*([0-9]{1,10})(?:\.([0-9]{0,2}))?", _without_thousands(amount))
    return f"{found[1]}.{(found[2] or '').ljust(2, '0')}" if found else text


def _date(text: str) -> str:
    """Year first in any spelling; day first only where it cannot be the month."""
    found = re.fullmatch(r"([0-9]{4})(?:[-/.]|年)([0-9]{1,2})(?:[-/.]|月)([0-9]{1,2})日?", re.sub(r"\s", "", text))
    if found:
        return f"{found[1]}-{found[2]:0>2}-{found[3]:0>2}"
    found = re.fullmatch(r"(1[3-9]|2[0-9]|3[01])[-/.]([0-9]{1,2})[-/.]([0-9]{4})", text)
    return f"{found[3]}-{found[2]:0>2}-{found[1]}" if found else text


def _date_time(text: str) -> str:
    """Without an offset it is Hong Kong's time."""
    found = re.fullmatch(
        r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]([0-9]{1,2}:[0-9]{2})(:[0-9]{2}(?:\.[0-9]+)?)?(Z|[+-][0-9]{2}:[0-9]{2})?",
        text.upper(),
    )
    if not found:
        return text
    return f"{found[1]}T{found[2]:0>5}{found[3] or ':00'}{found[4] or _HONG_KONG_OFFSET}"


_READERS: dict[str, Callable[[str], str]] = {
    "hkid": _hkid,
    "phone": _phone,
    "br_number": _br_number,
    "vehicle_mark": _vehicle_mark,
    "money": _money,
    "date": _date,
    "datetime": _date_time,
    "email": str,
    "file": str.lower,
}
_SHAPES = {kind: CHECKS[schema_of(kind)["format"]] for kind in _READERS} | {"hkid": has_hkid_shape}
