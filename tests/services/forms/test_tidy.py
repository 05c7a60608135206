"""What people write is read leniently where the meaning is sure."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.forms.kinds import DISTRICTS, KINDS
from services.forms.tidy import tidy, tidy_address, whole_number

SURE = [
    ("hkid", "a123456(3)", "A123456(3)"),
    ("hkid", "A1234563", "A123456(3)"),
    ("hkid", " A 123456 （3） ", "A123456(3)"),
    ("hkid", "Ａ１２３４５６（３）", "A123456(3)"),
    ("hkid", "ab9876543", "AB987654(3)"),
    ("phone", "9123 4567", "+85291234567"),
    ("phone", "(852) 9123-4567", "+85291234567"),
    ("phone", "00852 91234567", "+85291234567"),
    ("phone", "\u202a+852 9123 4567\u202c", "+85291234567"),
    ("phone", "+44 (0)20 7946 0000", "+442079460000"),
    ("phone", "９１２３４５６７", "+85291234567"),
    ("money", "1,200", "1200.00"),
    ("money", "HK$ 1,200.5", "1200.50"),
    ("money", "hkd 7", "7.00"),
    ("money", "$0012.3", "12.30"),
    ("money", "３００元", "300.00"),
    ("date", "2026/3/7", "2026-03-07"),
    ("date", "2026年3月27日", "2026-03-27"),
    ("date", "27/3/2026", "2026-03-27"),
    ("datetime", "2026-03-27T14:30", "2026-03-27T14:30:00+08:00"),
    ("datetime", "2026-03-27 9:05", "2026-03-27T09:05:00+08:00"),
    ("datetime", "2026-03-27t14:30:00z", "2026-03-27T14:30:00Z"),
    ("br_number", "1234 5678", "12345678"),
    ("br_number", "12345678-000-03-24-A", "12345678"),
    ("vehicle_mark", "ab 1234", "AB1234"),
    ("vehicle_mark", "ab-1234", "AB1234"),
    ("vehicle_mark", "i  love u", "I LOVE U"),
    ("email", " chan@example.hk ", "chan@example.hk"),
    ("text", "　ＴＤ １２３ ", "TD 123"),
    ("text", "one\r\ntwo", "one two"),
    ("longtext", " one\r\n two ", "one\n two"),
]
UNSURE = [
    ("date", "3/4/2026"),
    ("hkid", "A12345"),
    ("phone", "1234567"),
    ("money", "1.234"),
    ("money", "1,2"),
    ("money", "-5"),
    ("datetime", "2026-03-27"),
    ("br_number", "123456789"),
]


@pytest.mark.parametrize(("kind", "written", "meant"), SURE)
def test_a_sure_meaning_is_taken(kind: str, written: str, meant: str) -> None:
    assert tidy(kind, written) == meant


@pytest.mark.parametrize(("kind", "written"), UNSURE)
def test_an_unsure_meaning_is_left_as_written(kind: str, written: str) -> None:
    assert tidy(kind, written) == written


@given(st.sampled_from(KINDS), st.text())
def test_tidying_twice_changes_nothing_more(kind: str, text: str) -> None:
    assert tidy(kind, tidy(kind, text)) == tidy(kind, text)


@pytest.mark.parametrize("code", DISTRICTS)
@pytest.mark.parametrize("spelling", ["en", "zh-hant", "zh-hans"])
def test_a_district_is_known_by_its_name_in_any_language(code: str, spelling: str) -> None:
    assert tidy_address({"district": DISTRICTS[code][spelling]})["district"] == code


def test_an_empty_second_line_is_left_out() -> None:
    assert tidy_address({"line_1": " 8/F ", "line_2": "  "}) == {"line_1": "8/F"}


@pytest.mark.parametrize(("written", "meant"), [("3", 3), (" 1,200 ", 1200), ("１２", 12), ("-4", -4), ("007", 7)])
def test_a_whole_number_is_read_from_text(written: str, meant: int) -> None:
    assert whole_number(written) == meant


@pytest.mark.parametrize("written", ["", "three", "1.5", "1,2", "9" * 400, "٣"])
def test_text_that_is_no_whole_number_stays_text(written: str) -> None:
    assert whole_number(written) == written
