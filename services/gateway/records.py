"""Record layouts are data: what stands where in a record of fixed length, for lines of a file and frames on a wire.

A layout is a JSON document (LAYOUT_SCHEMA). `load` checks it, `encode` and `decode` go between values and bytes,
`misfits` says everything that has no room. Values are those of JSON: text, whole numbers, decimals and ISO 8601 dates
as text, and a list of objects for a group that occurs several times. Nothing is ever cut. No Django here.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import pairwise
from typing import Any

from jsonschema import Draft202012Validator

from services.gateway.record_fields import (
    MOST_DIGITS,
    Field,
    RecordMisfit,
    RecordUnreadable,
    blank,
    encode_text,
    pack,
    unpack,
)

__all__ = [
    "LAYOUT_SCHEMA",
    "Field",
    "Layout",
    "RecordMisfit",
    "RecordUnreadable",
    "decode",
    "encode",
    "load",
    "misfits",
]

Json = dict[str, Any]
LONGEST_RECORD = 32_763  # bytes: what a COMMAREA of CICS holds
TYPES = (
    "text", "chinese", "integer", "decimal", "date", "time", "datetime", "constant", "sequence", "receipt", "group",
)  # fmt: skip
NUMBERS = {"integer", "decimal", "sequence"}
FORMATS = {"date": "%Y%m%d", "time": "%H%M%S", "datetime": "%Y%m%d%H%M%S"}
_FORMAT = {"type": "string", "pattern": r"^(%[YymdHMSj]|[-/:. T])+$", "maxLength": 40}

_FIELD: Json = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "pattern": "^[A-Za-z][A-Za-z0-9_]{0,39}$"},
        "offset": {"type": "integer", "minimum": 0, "maximum": LONGEST_RECORD},
        "length": {"type": "integer", "minimum": 1, "maximum": LONGEST_RECORD},
        "type": {"enum": list(TYPES)},
        "charset": {"enum": ["big5", "big5hkscs"]},
        "pad": {"type": "string", "minLength": 1, "maxLength": 1},
        "empty": {"type": "string", "minLength": 1, "maxLength": 1},
        "justify": {"enum": ["left", "right"]},
        "decimals": {"type": "integer", "minimum": 1, "maximum": 9},
        "signed": {"type": "boolean"},
        "required": {"type": "boolean"},
        "format": _FORMAT,
        "line_break": {"type": "string", "minLength": 1, "maxLength": 3},
        "value": {"type": "string", "maxLength": 200},
        "occurs": {"type": "integer", "minimum": 1, "maximum": 200},
        "fields": {"type": "array", "minItems": 1, "maxItems": 200, "items": {"$ref": "#/$defs/field"}},
    },
    "required": ["name", "offset", "length", "type"],
    "additionalProperties": False,
}
LAYOUT_SCHEMA: Json = {
    "type": "object",
    "properties": {
        "encoding": {"enum": ["ascii", "cp037", "cp1047"]},
        "length": {"type": "integer", "minimum": 1, "maximum": LONGEST_RECORD},
        "pad": {"type": "string", "minLength": 1, "maxLength": 1},
        "fields": {"type": "array", "minItems": 1, "maxItems": 200, "items": {"$ref": "#/$defs/field"}},
    },
    "required": ["encoding", "length", "fields"],
    "additionalProperties": False,
    "$defs": {"field": _FIELD},
}
"""Refers to its own #/$defs: give it an `$id` or use `load` where it stands inside another schema."""

_ONLY = {  # options that mean something for some types alone
    "charset": {"chinese"},
    "decimals": {"decimal"},
    "signed": {"integer", "decimal"},
    "format": set(FORMATS),
    "line_break": {"text", "chinese"},
    "value": {"constant"},
    "occurs": {"group"},
    "fields": {"group"},
}
_NEEDED = {"chinese": "charset", "decimal": "decimals", "constant": "value", "group": "fields"}


@dataclass(frozen=True)
class Layout:
    """A checked layout."""

    encoding: str
    length: int
    pad: str
    fields: tuple[Field, ...]

    def named(self, kind: str) -> Field | None:
        """The first field of that type, such as the receipt; groups are not looked into."""
        return next((field for field in self.fields if field.type == kind), None)


def load(document: Any) -> Layout:
    """The layout that a document declares. Raises ValueError with a JSON pointer to the first fault."""
    try:
        return _load(json.dumps(document, sort_keys=True))
    except (TypeError, RecursionError) as error:
        raise ValueError("/: the layout is not JSON") from error


@lru_cache(maxsize=1024)
def _load(text: str) -> Layout:
    document = json.loads(text)
    found = sorted(Draft202012Validator(LAYOUT_SCHEMA).iter_errors(document), key=lambda error: list(error.path))
    for error in found:
        raise ValueError(f"/{'/'.join(map(str, error.path))}: {error.message[:200]}")
    encoding, length = document["encoding"], document["length"]
    _check_letter(document.get("pad", " "), encoding, "/pad")
    return Layout(encoding, length, document.get("pad", " "), _fields(document, encoding, "", depth=1))


def _fields(document: Json, encoding: str, where: str, *, depth: int) -> tuple[Field, ...]:
    """The fields of a record or of one item of a group, in the order of their offsets."""
    made = []
    for number, each in enumerate(document["fields"]):
        made.append((_field(each, encoding, f"{where}/fields/{number}", depth=depth), f"{where}/fields/{number}"))
    names: set[str] = set()
    for field, place in made:
        if field.name in names:
            raise ValueError(f"{place}/name: there is a field {field.name} already")
        names.add(field.name)
        if field.offset + field.size > document["length"]:
            raise ValueError(f"{place}/length: it ends after the record's {document['length']} bytes")
    made.sort(key=lambda pair: pair[0].offset)
    for (before, _), (after, place) in pairwise(made):
        if after.offset < before.offset + before.size:
            raise ValueError(f"{place}/offset: it begins inside {before.name}")
    return tuple(field for field, _ in made)


def _field(declared: Json, encoding: str, where: str, *, depth: int) -> Field:
    kind = declared["type"]
    for option in declared.keys() & _ONLY.keys():
        if kind not in _ONLY[option]:
            raise ValueError(f"{where}/{option}: a field of type {kind} has none")
    needed = _NEEDED.get(kind)
    if needed and needed not in declared:
        raise ValueError(f"{where}/{needed}: a field of type {kind} needs it")
    if depth > 1 and kind in {"group", "constant"}:
        raise ValueError(f"{where}/type: no {kind} can stand in a group")
    inner: tuple[Field, ...] = ()
    if kind == "group":
        inner = _fields(declared, encoding, where, depth=depth + 1)
    is_number = kind in NUMBERS
    field = Field(
        **{key: value for key, value in declared.items() if key not in {"fields", "charset", "format"}}
        | {
            "charset": declared.get("charset", encoding),
            "format": declared.get("format", FORMATS.get(kind, "")),
            "pad": declared.get("pad", "0" if is_number else " "),
            "justify": declared.get("justify", "right" if is_number else "left"),
            "required": declared.get("required", kind in {"receipt", "sequence"}),
            "fields": inner,
        }
    )
    _check_field(field, where)
    return field


def _check_field(field: Field, where: str) -> None:
    """Raise ValueError for what the schema cannot say of a single field."""
    for option in ("pad", "empty"):
        _check_letter(getattr(field, option), field.charset, f"{where}/{option}")
    if field.type in NUMBERS:
        if field.pad not in {"0", " "} or (field.pad == "0" and field.justify == "left"):
            raise ValueError(f"{where}/pad: a number is padded with zeros on the left, or with spaces")
        if not field.signed + field.decimals < field.length <= MOST_DIGITS + 1:
            raise ValueError(f"{where}/length: a number has 1 to {MOST_DIGITS} digits, besides its decimals and sign")
    if field.type in FORMATS:
        _check_format(field, where)
    if field.type == "constant":
        try:
            fits = len(encode_text(field.value, field.charset)) <= field.length
        except UnicodeEncodeError:
            fits = False
        if not fits:
            raise ValueError(f"{where}/value: it does not fit the field")


def _check_format(field: Field, where: str) -> None:
    sample = datetime(2026, 12, 31, 23)  # only to try the format
    text = sample.strftime(field.format)
    if len(text) != field.length:
        raise ValueError(f"{where}/length: {field.format} takes {len(text)}")
    try:
        again = datetime.strptime(text, field.format)
    except (ValueError, re.error):  # such as the same part twice
        again = datetime.min  # unlike the sample in everything
    whole = again.hour == sample.hour if field.type == "time" else again.date() == sample.date()
    if not whole:
        raise ValueError(f"{where}/format: it does not hold a whole {field.type}")


def _check_letter(letter: str, charset: str, where: str) -> None:
    try:
        fits = len(encode_text(letter, charset)) == 1
    except UnicodeEncodeError:
        fits = False
    if not fits:
        raise ValueError(f"{where}: give one letter that takes one byte in {charset}")


def encode(layout: Layout, values: Mapping[str, Any]) -> bytes:
    """One record of exactly layout.length bytes. Raises RecordMisfit for the first value that does not fit."""
    wrong: list[RecordMisfit] = []
    record = _encode(layout, values, wrong)
    if wrong:
        raise wrong[0]
    return record


def misfits(layout: Layout, values: Mapping[str, Any]) -> list[RecordMisfit]:
    """Everything that does not fit, in the order of the record; empty if `encode` would succeed."""
    wrong: list[RecordMisfit] = []
    _encode(layout, values, wrong)
    return wrong


def _encode(layout: Layout, values: Mapping[str, Any], wrong: list[RecordMisfit]) -> bytes:
    record = bytearray(encode_text(layout.pad, layout.encoding) * layout.length)
    _put(record, 0, layout.fields, values, "", wrong)
    return bytes(record)


def _put(
    record: bytearray,
    base: int,
    fields: tuple[Field, ...],
    values: Mapping[str, Any],
    where: str,
    wrong: list[RecordMisfit],
) -> None:
    unknown = values.keys() - {field.name for field in fields}
    wrong.extend(RecordMisfit(where + name, "unknown") for name in sorted(unknown))
    for field in fields:
        start, place, value = base + field.offset, where + field.name, values.get(field.name)
        if field.type == "group":
            _put_items(record, start, field, value, place, wrong)
            continue
        try:
            record[start : start + field.length] = pack(field, value, place)
        except RecordMisfit as misfit:
            wrong.append(misfit)


def _put_items(record: bytearray, start: int, field: Field, value: Any, where: str, wrong: list[RecordMisfit]) -> None:
    """A group's items, and blanks in the places that are left."""
    items = [] if value is None else value
    if not isinstance(items, list) or not all(isinstance(item, Mapping) for item in items):
        wrong.append(RecordMisfit(where, "kind"))
    elif len(items) > field.occurs:
        wrong.append(RecordMisfit(where, "many", limit=field.occurs))
    else:
        for number, item in enumerate(items):
            _put(record, start + number * field.length, field.fields, item, f"{where}/{number}/", wrong)
        for number in range(len(items), field.occurs):
            for inner in field.fields:
                begin = start + number * field.length + inner.offset
                record[begin : begin + inner.length] = blank(inner)


def decode(layout: Layout, record: bytes) -> Json:
    """The values of a record, None where a field is empty. Raises RecordUnreadable."""
    if len(record) != layout.length:
        raise RecordUnreadable(f"the record has {len(record)} bytes, not {layout.length}")
    return _take(record, 0, layout.fields, "")


def _take(record: bytes, base: int, fields: tuple[Field, ...], where: str) -> Json:
    values: Json = {}
    for field in fields:
        start = base + field.offset
        if field.type != "group":
            values[field.name] = unpack(field, record[start : start + field.length], where + field.name)
            continue
        items = [
            _take(record, start + number * field.length, field.fields, f"{where}{field.name}/{number}/")
            for number in range(field.occurs)
        ]
        while items and all(value is None for value in items[-1].values()):
            items.pop()
        values[field.name] = items
    return values
