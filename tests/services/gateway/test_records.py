"""Record layouts: what they may declare, what fits, and that what was written is read back."""

import copy
import json
from contextlib import suppress
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway import records
from services.gateway.record_fields import decode_text, encode_text
from services.gateway.records import RecordMisfit, RecordUnreadable

LAYOUT: dict[str, Any] = {
    "encoding": "cp1047",
    "length": 120,
    "fields": [
        {"name": "kind", "offset": 0, "length": 4, "type": "constant", "value": "TD[1"},
        {"name": "receipt", "offset": 4, "length": 20, "type": "receipt"},
        {"name": "number", "offset": 24, "length": 6, "type": "sequence"},
        {"name": "name", "offset": 30, "length": 20, "type": "chinese", "charset": "big5hkscs"},
        {"name": "amount", "offset": 50, "length": 9, "type": "decimal", "decimals": 2, "signed": True},
        {"name": "count", "offset": 59, "length": 4, "type": "integer"},
        {"name": "day", "offset": 63, "length": 8, "type": "date"},
        {"name": "at", "offset": 71, "length": 4, "type": "time", "format": "%H%M"},
        {"name": "code", "offset": 75, "length": 5, "type": "text", "justify": "right", "pad": "*"},
        {
            "name": "items",
            "offset": 84,
            "length": 12,
            "type": "group",
            "occurs": 3,
            "fields": [
                {"name": "title", "offset": 0, "length": 8, "type": "text"},
                {"name": "copies", "offset": 8, "length": 4, "type": "integer", "pad": " "},
            ],
        },
    ],
}
VALUES: dict[str, Any] = {
    "receipt": "FRY-1",
    "number": 7,
    "name": "陳大文嘅",
    "amount": "-12.30",
    "count": 0,
    "day": "2026-03-01",
    "at": "14:30:00",
    "code": "A1",
    "items": [{"title": "disc", "copies": 2}],
}


def layout(**changes: Any) -> records.Layout:
    return records.load({**copy.deepcopy(LAYOUT), **changes})


def one(**field: Any) -> records.Layout:
    """A layout of a single field of ten bytes."""
    declared = {"name": "x", "offset": 0, "length": 10, **field}
    return records.load({"encoding": "cp037", "length": 10, "fields": [declared]})


def misfit(value: Any, **field: Any) -> tuple[str, int, str]:
    with pytest.raises(RecordMisfit) as caught:
        records.encode(one(**field), {"x": value})
    return caught.value.code, caught.value.limit, caught.value.letter


def test_a_record_has_every_byte_in_its_place() -> None:
    assert records.encode(layout(), VALUES) == (
        b"\xe3\xc4\xad\xf1"  # "TD[1" in IBM-1047
        b"\xc6\xd9\xe8\x60\xf1" + b"\x40" * 15 + b"\xf0\xf0\xf0\xf0\xf0\xf7"
        b"\xb3\xaf\xa4\x6a\xa4\xe5\x9d\xef" + b"\x20" * 12 +  # Big5-HKSCS, padded with its own space
        b"\x60\xf0\xf0\xf0\xf0\xf1\xf2\xf3\xf0" + b"\xf0\xf0\xf0\xf0"
        b"\xf2\xf0\xf2\xf6\xf0\xf3\xf0\xf1" + b"\xf1\xf4\xf3\xf0" + b"\x5c\x5c\x5c\xc1\xf1" + b"\x40" * 4 +
        b"\x84\x89\xa2\x83\x40\x40\x40\x40" + b"\x40\x40\x40\xf2" + b"\x40" * 24
    )  # fmt: skip


def test_what_was_written_is_read_back() -> None:
    assert records.decode(layout(), records.encode(layout(), VALUES)) == {"kind": "TD[1", **VALUES}


def test_nothing_is_read_back_as_nothing() -> None:
    read = records.decode(layout(), records.encode(layout(), {"receipt": "R", "number": 1}))
    assert read["items"] == []
    assert {read[name] for name in ("name", "amount", "count", "day", "at", "code")} == {None}


def test_all_bytes_of_ibm_1047_make_the_round_trip() -> None:
    everything = bytes(range(256))
    assert encode_text(decode_text(everything, "cp1047"), "cp1047") == everything


@pytest.mark.parametrize(
    ("byte", "letter"), [(0x5F, "^"), (0xAD, "["), (0xB0, "¬"), (0xBA, "Ý"), (0xBB, "¨"), (0xBD, "]"), (0x25, "\n")]
)
def test_ibm_1047_differs_from_ibm_037_where_it_should(byte: int, letter: str) -> None:
    assert decode_text(bytes([byte]), "cp1047") == letter


@pytest.mark.parametrize(
    ("value", "field", "expected"),
    [
        ("elevenbytes", {"type": "text"}, ("long", 10, "")),
        ("六個中文字也", {"type": "chinese", "charset": "big5"}, ("long", 10, "")),
        ("𠮷", {"type": "chinese", "charset": "big5hkscs"}, ("letter", 0, "𠮷")),
        ("嘅", {"type": "chinese", "charset": "big5"}, ("letter", 0, "嘅")),
        ("陳", {"type": "text"}, ("letter", 0, "陳")),
        ("a\nb", {"type": "text"}, ("line_break", 0, "\n")),
        ("a\x00b", {"type": "text"}, ("letter", 0, "\x00")),
        ("ab*", {"type": "text", "pad": "*"}, ("padding", 0, "")),
        (12345678901, {"type": "integer"}, ("digits", 10, "")),
        (-1, {"type": "integer"}, ("negative", 0, "")),
        (1.5, {"type": "integer"}, ("decimals", 0, "")),
        ("1.005", {"type": "decimal", "decimals": 2}, ("decimals", 2, "")),
        ("100000000.00", {"type": "decimal", "decimals": 2}, ("digits", 8, "")),
        ("NaN", {"type": "integer"}, ("number", 0, "")),
        ("1e999999999", {"type": "integer"}, ("number", 0, "")),
        ("2026-02-30", {"type": "date", "format": "%Y-%m-%d"}, ("moment", 0, "")),
        ("0999-01-01", {"type": "date", "format": "%Y-%m-%d"}, ("moment", 0, "")),
        ("1926-01-01", {"type": "date", "format": "  %y%m%d  "}, ("moment", 0, "")),  # would be read back as 2026
        (True, {"type": "text"}, ("kind", 0, "")),
        ({}, {"type": "text"}, ("kind", 0, "")),
        (None, {"type": "receipt"}, ("missing", 0, "")),
        ("", {"type": "text", "required": True}, ("missing", 0, "")),
    ],
)
def test_what_does_not_fit_is_refused(value: Any, field: dict[str, Any], expected: tuple[str, int, str]) -> None:
    assert misfit(value, **field) == expected


def test_every_misfit_is_told_with_its_place() -> None:
    values = {"receipt": "R" * 21, "number": 1, "items": [{"title": "x"}, {"title": "too long a title", "hue": "red"}]}
    found = [(each.field, each.code) for each in records.misfits(layout(), values)]
    assert found == [("receipt", "long"), ("items/1/hue", "unknown"), ("items/1/title", "long")]


def test_more_items_than_places_are_refused() -> None:
    (found,) = records.misfits(layout(), {**VALUES, "items": [{}] * 4})
    assert (found.field, found.code, found.limit) == ("items", "many", 3)


def test_a_misfit_says_nothing_of_the_value() -> None:
    with pytest.raises(RecordMisfit) as caught:
        records.encode(one(type="text"), {"x": "my secret illness"})
    assert str(caught.value) == "x: long"


def test_a_line_break_becomes_what_the_layout_says() -> None:
    assert records.encode(one(type="text", line_break=" "), {"x": "a\r\nb"}) == "a b       ".encode("cp037")


def test_a_moment_with_a_zone_is_written_in_hong_kong_time() -> None:
    made = records.load(
        {"encoding": "ascii", "length": 14, "fields": [{"name": "x", "offset": 0, "length": 14, "type": "datetime"}]}
    )
    assert records.encode(made, {"x": "2026-03-01T20:00:00+00:00"}) == b"20260302040000"


@pytest.mark.parametrize(
    ("at", "data"),
    [
        ("a constant", b"\xe3\xc4\xad\xf2"),
        ("a number", None),
        ("a date", None),
        ("Chinese", None),
        ("its length", None),
    ],
)
def test_what_cannot_be_read_is_said_without_its_contents(at: str, data: bytes | None) -> None:
    record = bytearray(records.encode(layout(), VALUES))
    if at == "a constant":
        record[0:4] = data or b""
    elif at == "a number":
        record[24:30] = "ABCDEF".encode("cp037")
    elif at == "a date":
        record[63:71] = "20261301".encode("cp037")
    elif at == "Chinese":
        record[30:32] = b"\xff\xff"
    else:
        record.append(0x40)
    with pytest.raises(RecordUnreadable) as caught:
        records.decode(layout(), bytes(record))
    assert "ABC" not in str(caught.value)


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ([{"name": "x", "offset": 0, "length": 4, "type": "text"}] * 2, "/fields/1/name"),
        ([{"name": "x", "offset": 0, "length": 4, "type": "text"},
          {"name": "y", "offset": 3, "length": 1, "type": "text"}], "/fields/1/offset"),
        ([{"name": "x", "offset": 8, "length": 4, "type": "text"}], "/fields/0/length"),
        ([{"name": "x", "offset": 0, "length": 4, "type": "colour"}], "/fields/0/type"),
        ([{"name": "x", "offset": 0, "length": 4, "type": "chinese"}], "/fields/0/charset"),
        ([{"name": "x", "offset": 0, "length": 4, "type": "text", "decimals": 2}], "/fields/0/decimals"),
        ([{"name": "x", "offset": 0, "length": 4, "type": "date"}], "/fields/0/length"),
        ([{"name": "x", "offset": 0, "length": 4, "type": "date", "format": "%d%m"}], "/fields/0/format"),
        ([{"name": "x", "offset": 0, "length": 4, "type": "date", "format": "%Y %S%H%B"}], "/fields/0/format"),
        ([{"name": "x", "offset": 0, "length": 4, "type": "constant", "value": "five5"}], "/fields/0/value"),
        ([{"name": "x", "offset": 0, "length": 4, "type": "text", "pad": "陳"}], "/fields/0/pad"),
        ([{"name": "x", "offset": 0, "length": 4, "type": "integer", "justify": "left"}], "/fields/0/pad"),
        ([{"name": "x", "offset": 0, "length": 2, "type": "decimal", "decimals": 2}], "/fields/0/length"),
        ([{"name": "x", "offset": 0, "length": 4, "type": "group", "fields": [
            {"name": "y", "offset": 2, "length": 4, "type": "text"}]}], "/fields/0/fields/0/length"),
        ([{"name": "9", "offset": 0, "length": 4, "type": "text"}], "/fields/0/name"),
        ([], "/fields"),
    ],
)  # fmt: skip
def test_a_faulty_layout_is_refused_with_a_pointer(fields: list[dict[str, Any]], pointer: str) -> None:
    with pytest.raises(ValueError, match=f"^{pointer}: "):
        records.load({"encoding": "ascii", "length": 10, "fields": fields})


def test_gaps_are_filled_with_the_pad() -> None:
    made = records.load(
        {
            "encoding": "ascii",
            "length": 6,
            "pad": ".",
            "fields": [{"name": "x", "offset": 2, "length": 2, "type": "text"}],
        }
    )
    assert records.encode(made, {"x": "ab"}) == b"..ab.."


ENCODINGS = st.sampled_from(["ascii", "cp037", "cp1047"])
TEXTS = st.text(st.characters(categories=["L", "N", "P", "S", "Zs", "Cc"]), max_size=14)
FIELDS = st.one_of(
    st.tuples(st.just({"type": "text", "length": 12}), TEXTS),
    st.tuples(st.just({"type": "text", "length": 12, "justify": "right"}), TEXTS),
    st.tuples(st.just({"type": "chinese", "length": 12, "charset": "big5hkscs"}), TEXTS),
    st.tuples(st.just({"type": "chinese", "length": 12, "charset": "big5"}),
              st.text("陳大文功許育嘅𠮷 Aa\\", max_size=8)),
    st.tuples(st.just({"type": "integer", "length": 5}), st.integers()),
    st.tuples(st.just({"type": "integer", "length": 5, "pad": " ", "signed": True}), st.integers(-(10**5), 10**5)),
    st.tuples(st.just({"type": "decimal", "length": 8, "decimals": 3, "signed": True}),
              st.decimals(-(10**5), 10**5, places=3).map(str)),
    st.tuples(st.just({"type": "date", "length": 8}), st.dates().map(date.isoformat)),
    st.tuples(st.just({"type": "date", "length": 5, "format": "%y%j"}), st.dates().map(date.isoformat)),
)  # fmt: skip


def same(field: dict[str, Any], value: Any) -> Any:
    """The value as a record means it: spaces around a text are not a part of it."""
    if field["type"] in {"text", "chinese"}:
        return value.strip(" ") or None
    return Decimal(value) if field["type"] == "decimal" else value


@given(ENCODINGS, st.lists(FIELDS, min_size=1, max_size=5))
def test_a_record_either_says_what_does_not_fit_or_is_read_back_whole(encoding: str, chosen: list[Any]) -> None:
    fields: list[dict[str, Any]] = []
    at = 0
    for number, (field, _) in enumerate(chosen):
        fields.append({**field, "name": f"f{number}", "offset": at})
        at += field["length"] + number % 2  # with a gap here and there
    made = records.load({"encoding": encoding, "length": at + 1, "fields": fields})
    values = {f"f{number}": value for number, (_, value) in enumerate(chosen)}
    wrong = records.misfits(made, values)
    if wrong:
        with pytest.raises(RecordMisfit, match=str(wrong[0])):
            records.encode(made, values)
        return
    record = records.encode(made, values)
    assert len(record) == made.length
    read = records.decode(made, record)
    for field in fields:
        assert same(field, values[field["name"]]) == (
            Decimal(read[field["name"]]) if field["type"] == "decimal" else read[field["name"]]
        )


@given(st.binary(min_size=120, max_size=120))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with suppress(RecordUnreadable):
        json.dumps(records.decode(layout(), data))
