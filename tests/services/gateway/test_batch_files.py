"""The files that batches travel in: every value comes back as it was, and what is not whole is refused."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.batch_files import (
    CsvFormat,
    FileUnreadable,
    FixedWidthFormat,
    Manifest,
    format_of,
    read_manifest,
    sha256_of,
)

LAYOUT = {
    "encoding": "ascii",
    "length": 30,
    "fields": [
        {"name": "LINE", "offset": 0, "length": 4, "type": "sequence"},
        {"name": "RECEIPT_NO", "offset": 4, "length": 16, "type": "text", "required": True},
        {"name": "NOTE", "offset": 20, "length": 10, "type": "text"},
    ],
}
SETTINGS: dict[str, Any] = {"format": "fixed-width", "layout": LAYOUT, "answer_layout": LAYOUT}
CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)


@given(st.lists(st.fixed_dictionaries({"A": CELLS}, optional={"B": CELLS, "C": CELLS}), min_size=1))
def test_whatever_people_write_comes_back_from_a_csv_file(rows: list[dict[str, str]]) -> None:
    assert CsvFormat().read(CsvFormat().write(rows)) == rows


def test_a_value_may_hold_quotes_commas_and_line_breaks() -> None:
    content = CsvFormat().write([{"A": 'He said "no",\r\nand left'}])
    assert content == b'A\r\n"He said ""no"",\r\nand left"\r\n'


def test_declared_columns_stand_in_their_order_and_others_are_refused() -> None:
    declared = CsvFormat(columns=("B", "A"))
    assert declared.write([{"A": 1, "B": True}]) == b"B,A\r\nY,1\r\n"
    with pytest.raises(ValueError, match="C: there is no such column"):
        declared.write([{"C": "x"}])


def test_a_letter_that_the_encoding_has_not_is_refused_without_being_repeated() -> None:
    with pytest.raises(ValueError, match="a letter that big5 has not") as caught:
        CsvFormat("big5").write([{"A": "𨋢"}])
    assert "𨋢" not in str(caught.value)


def test_a_byte_order_mark_is_no_part_of_the_first_column() -> None:
    assert CsvFormat().read("\ufeffA\r\nx\r\n".encode()) == [{"A": "x"}]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\r\n",
        b"A,A\r\nx,y\r\n",
        b"A,\r\nx,y\r\n",
        b"A,B\r\nx\r\n",
        b"A\r\nx,y\r\n",
        b'A\r\n"x\r\n',
        b"A\r\n\xff\r\n",
    ],
)
def test_what_is_no_csv_file_is_refused(content: bytes) -> None:
    with pytest.raises(FileUnreadable):
        CsvFormat().read(content)


def test_records_of_fixed_length_count_themselves_and_come_back() -> None:
    made = format_of(SETTINGS)
    content = made.write([{"RECEIPT_NO": "FRY-1", "NOTE": "one"}, {"RECEIPT_NO": "FRY-2"}])
    assert content.splitlines()[1] == b"0002FRY-2                     "
    assert [row["RECEIPT_NO"] for row in made.read(content)] == ["FRY-1", "FRY-2"]


@pytest.mark.parametrize("cut", [1, 30, 31])
def test_a_record_that_is_cut_is_refused(cut: int) -> None:
    made = format_of(SETTINGS)
    content = made.write([{"RECEIPT_NO": "FRY-1"}])
    with pytest.raises(FileUnreadable):
        made.read(content[:cut])


def test_records_may_follow_each_other_without_an_end_of_line() -> None:
    made = format_of({**SETTINGS, "line_end": "none"})
    assert isinstance(made, FixedWidthFormat)
    assert len(made.write([{"RECEIPT_NO": "FRY-1"}, {"RECEIPT_NO": "FRY-2"}])) == 60


def test_records_of_fixed_length_need_both_layouts() -> None:
    with pytest.raises(ValueError, match="/answer_layout: records of fixed length need it"):
        format_of({"format": "fixed-width", "layout": LAYOUT})


def test_a_manifest_comes_back_as_it_was() -> None:
    manifest = Manifest("td-000001.csv", 1, 3, sha256_of(b"x"))
    assert read_manifest(manifest.to_bytes()) == manifest


@pytest.mark.parametrize(
    "change",
    [
        {"file": "../secrets.csv"},
        {"file": ".hidden.csv"},
        {"file": 7},
        {"number": "1"},
        {"records": -1},
        {"records": True},
        {"sha256": "abc"},
        {"sha256": None},
    ],
)
def test_a_manifest_that_promises_nothing_usable_is_refused(change: dict[str, Any]) -> None:
    said = {"file": "a.csv", "number": 1, "records": 1, "sha256": sha256_of(b"")} | change
    with pytest.raises(FileUnreadable):
        read_manifest(json.dumps(said).encode())


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"null", b"<!DOCTYPE html>", b"[" * 5000])
def test_what_is_no_manifest_is_refused(content: bytes) -> None:
    with pytest.raises(FileUnreadable):
        read_manifest(content)
