"""The fields of a fixed-length record: how a value becomes exactly so many bytes, and bytes a value again.

Nothing is ever cut. What does not fit raises RecordMisfit when it is packed; what cannot be read raises
RecordUnreadable. Neither puts a person's data into its text. No Django here: the demonstration departments read
the same layouts.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal, InvalidOperation
from typing import Any

HONG_KONG = timezone(timedelta(hours=8), "HKT")  # no summer time since 1979
LINE_BREAK = re.compile(r"\r\n|[\n\r\u2028\u2029]")
MOST_DIGITS = 31  # what a packed or zoned number of a mainframe can hold
# IBM-1047 is IBM-037 with these six places exchanged (z/OS "Latin 1 / Open Systems"); Python has only the latter.
_PLACES_1047 = ((0x5F, 0xB0), (0xAD, 0xBA), (0xBB, 0xBD))
_swapped = list(range(256))
for _one, _other in _PLACES_1047:
    _swapped[_one], _swapped[_other] = _other, _one
_TO_1047 = bytes(_swapped)


class RecordMisfit(ValueError):
    """A value that its field has no room or no letters for.

    `field` is a pointer such as `name` or `details/0/value`; `code` one of long, letter, line_break, digits, decimals,
    number, negative, moment, missing, many, padding, kind, unknown. `limit` is in bytes, digits, decimals or items.
    `letter` is the first that cannot be written: for the person, never for a log.
    """

    def __init__(self, field: str, code: str, *, limit: int = 0, letter: str = "", chinese: bool = False) -> None:
        super().__init__(f"{field}: {code}")
        self.field = field
        self.code = code
        self.limit = limit
        self.letter = letter
        self.chinese = chinese


class RecordUnreadable(ValueError):
    """Bytes that are not a record of this layout; the message names the field and never the contents."""


@dataclass(frozen=True)
class Field:
    """One field as its layout declares it. Offsets count bytes from 0, within the record or the group."""

    name: str
    offset: int
    length: int  # in bytes; of one item, where it is a group
    type: str
    charset: str
    pad: str = " "
    justify: str = "left"
    empty: str = " "  # fills the field when there is no value
    decimals: int = 0
    signed: bool = False
    required: bool = False
    format: str = ""
    line_break: str = ""  # stands for a line break; there may be none if this is empty
    value: Any = None  # of a constant
    occurs: int = 1
    fields: "tuple[Field, ...]" = ()

    @property
    def size(self) -> int:
        """Bytes that it takes in the record."""
        return self.length * self.occurs


def encode_text(text: str, charset: str) -> bytes:
    """The text in a charset of layouts, which Python may not know. Raises UnicodeEncodeError."""
    return text.encode("cp037").translate(_TO_1047) if charset == "cp1047" else text.encode(charset)


def decode_text(data: bytes, charset: str) -> str:
    """Raises UnicodeDecodeError."""
    return data.translate(_TO_1047).decode("cp037") if charset == "cp1047" else data.decode(charset)


def pack(field: Field, value: Any, where: str) -> bytes:
    """The value as exactly field.length bytes. Raises RecordMisfit at `where`."""
    if field.type == "constant":
        return _filled(field, encode_text(field.value, field.charset))
    if value is None or value == "":
        if field.required:
            raise RecordMisfit(where, "missing")
        return blank(field)
    if isinstance(value, bool | dict | list):
        raise RecordMisfit(where, "kind")
    return _PACKERS[field.type](field, value, where)


def blank(field: Field) -> bytes:
    """The field with nothing in it."""
    return encode_text(field.empty * field.length, field.charset)


def unpack(field: Field, data: bytes, where: str) -> Any:
    """The value in field.length bytes; None where it is empty. Raises RecordUnreadable at `where`."""
    try:
        text = decode_text(data, field.charset)
    except UnicodeDecodeError as error:
        raise RecordUnreadable(f"{where}: not {field.charset}") from error
    if field.type == "constant":
        if text != decode_text(pack(field, None, where), field.charset):
            raise RecordUnreadable(f"{where}: not the constant")
        return field.value
    bare = text.lstrip(field.pad) if field.justify == "right" else text.rstrip(field.pad)
    if not text.strip(field.empty) or not text.strip(" "):
        return None
    return _READERS[field.type](field, bare, text, where)


def _pack_text(field: Field, value: Any, where: str) -> bytes:
    text = LINE_BREAK.sub(lambda _: field.line_break or "\n", str(value))
    if field.pad == " ":
        text = text.strip(" ")
    chinese = field.type == "chinese"
    for letter in text:
        if unicodedata.category(letter) == "Cc":
            raise RecordMisfit(where, "line_break" if letter == "\n" else "letter", letter=letter, chinese=chinese)
    try:
        data = encode_text(text, field.charset)
    except UnicodeEncodeError as error:
        raise RecordMisfit(where, "letter", letter=text[error.start], chinese=chinese) from None
    if text.startswith(field.pad) if field.justify == "right" else text.endswith(field.pad):
        raise RecordMisfit(where, "padding")  # it would be read back shorter
    if len(data) > field.length:
        raise RecordMisfit(where, "long", limit=field.length, chinese=chinese)
    return _filled(field, data)


def _filled(field: Field, data: bytes) -> bytes:
    pad = encode_text(field.pad, field.charset)
    return data.rjust(field.length, pad) if field.justify == "right" else data.ljust(field.length, pad)


def _number(value: Any, where: str) -> Decimal:
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        raise RecordMisfit(where, "number") from None
    if not number.is_finite() or abs(number.adjusted()) > MOST_DIGITS * 2:
        raise RecordMisfit(where, "number")
    return number


def _pack_number(field: Field, value: Any, where: str) -> bytes:
    """Digits with the point left out; a signed field begins with + or - (COBOL: SIGN LEADING SEPARATE)."""
    shifted = _number(value, where).scaleb(field.decimals)
    if shifted != shifted.to_integral_value():
        raise RecordMisfit(where, "decimals", limit=field.decimals)
    if shifted < 0 and not field.signed:
        raise RecordMisfit(where, "negative")
    digits = str(abs(int(shifted)))
    room = field.length - field.signed
    if len(digits) > room:
        raise RecordMisfit(where, "digits", limit=room - field.decimals)
    sign = ("-" if shifted < 0 else "+") if field.signed else ""
    if sign and field.pad == "0":  # the sign stands before the zeros
        return encode_text(sign + digits.rjust(room, "0"), field.charset)
    return _filled(field, encode_text(sign + digits, field.charset))


def _pack_moment(field: Field, value: Any, where: str) -> bytes:
    """A date, time or both, from ISO 8601; one with a zone is written in Hong Kong time."""
    kind = _MOMENTS[field.type]
    try:
        moment: Any = value if isinstance(value, date | time) else kind.fromisoformat(str(value))
        if getattr(moment, "tzinfo", None) and isinstance(moment, datetime):
            moment = moment.astimezone(HONG_KONG).replace(tzinfo=None)
        text = moment.strftime(field.format)
        again: Any = _moment(field, text)
    except (ValueError, OverflowError, TypeError):
        raise RecordMisfit(where, "moment") from None
    # Compared as written: what the format leaves out, such as seconds, is not a value of this field.
    if len(text) != field.length or again.strftime("%Y%j") != moment.strftime("%Y%j"):
        raise RecordMisfit(where, "moment")
    return encode_text(text, field.charset)


def _moment(field: Field, text: str) -> date | time | datetime:
    read = datetime.strptime(text, field.format)  # local time, as the record has it
    if field.type == "datetime":
        return read
    return read.date() if field.type == "date" else read.time()


def _read_text(field: Field, bare: str, text: str, where: str) -> str | None:
    return bare or None


def _read_number(field: Field, bare: str, text: str, where: str) -> int | str:
    plain = bare.strip(" ") or "0"  # nothing but zeros, when zero is the pad
    if not re.fullmatch(r"[+-]?\d{1,64}" if field.signed else r"\d{1,64}", plain, re.ASCII):
        raise RecordUnreadable(f"{where}: not a number")
    return int(plain) if not field.decimals else f"{Decimal(plain).scaleb(-field.decimals):f}"


def _read_moment(field: Field, bare: str, text: str, where: str) -> str | None:
    if not text.strip("0 "):
        return None
    try:
        return _moment(field, text).isoformat()
    except ValueError as error:
        raise RecordUnreadable(f"{where}: not a {field.type}") from error


_MOMENTS: dict[str, Any] = {"date": date, "time": time, "datetime": datetime}
_PACKERS: dict[str, Callable[[Field, Any, str], bytes]] = {
    "text": _pack_text, "chinese": _pack_text, "receipt": _pack_text,
    "integer": _pack_number, "decimal": _pack_number, "sequence": _pack_number,
    "date": _pack_moment, "time": _pack_moment, "datetime": _pack_moment,
}  # fmt: skip
_READERS: dict[str, Callable[[Field, str, str, str], Any]] = {
    "text": _read_text, "chinese": _read_text, "receipt": _read_text,
    "integer": _read_number, "decimal": _read_number, "sequence": _read_number,
    "date": _read_moment, "time": _read_moment, "datetime": _read_moment,
}  # fmt: skip
