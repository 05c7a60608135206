"""Formats take the one exact way of writing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from identity.formats import hkid_check_digit
from services.forms.formats import CHECKER, CHECKS

RIGHT = {
    "hkid": ["A123456(3)", "G123456(A)", "AB987654(3)"],
    "phone": ["+85291234567", "+85221234567", "+8613800138000", "+442079460000", "+6512345678"],
    "br_number": ["12345678", "00000000"],
    "vehicle_mark": ["AB1234", "1234", "A1", "LUCKY", "I LOVE U", "8"],
    "decimal": ["0.00", "1200.00", "9999999999.99"],
    "date": ["2026-03-27", "2024-02-29", "1931-01-01"],
    "date-time": ["2026-03-27T14:30:00+08:00", "2026-03-27T06:30:00Z", "2026-03-27T06:30:00.5Z"],
    "email": ["chan@example.hk", "a.b+c@mail.example.com"],
    "file-id": ["0b8f3a54-7a0e-4b6e-9d59-0a1f6c1f2a77"],
}
WRONG = {
    "hkid": [
        "A123456(4)",
        "A1234563",
        "a123456(3)",
        "A12345(3)",
        "ABC123456(3)",
        "A123456(B)",
        "Ａ123456(3)",
    ],
    "phone": ["91234567", "+85212345678", "+8529123456", "+852912345678", "+0123456789", "+1234567890123456"],
    "br_number": ["1234567", "123456789", "1234567A", "１２３４５６７８"],
    "vehicle_mark": ["", "ABCDEFGHI", "ab1234", "AB-1234", " AB1", "AB1 ", "車1234"],
    "decimal": ["1200", "1200.0", "1,200.00", "-1.00", "01.00", "1e3", "10000000000.00"],
    "date": ["2026-02-30", "2025-02-29", "27/03/2026", "2026-3-27", "20260327", "0000-01-01", "2026-W13-5"],
    "date-time": [
        "2026-03-27T14:30:00",
        "2026-03-27 14:30:00Z",
        "2026-03-27T25:00:00Z",
        "0001-01-01T00:00:00+08:00",
    ],
    "email": ["chan", "chan@", "@example.hk", "a b@example.hk", f"{'a' * 250}@example.hk", "a@b@c.hk"],
    "file-id": ["0B8F3A54-7A0E-4B6E-9D59-0A1F6C1F2A77", "{0b8f3a54-7a0e-4b6e-9d59-0a1f6c1f2a77}", "1"],
}
LETTERS = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=1, max_size=2)
SIX_DIGITS = st.text("0123456789", min_size=6, max_size=6)


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in RIGHT.items() for text in texts])
def test_a_right_spelling_is_taken(name: str, text: str) -> None:
    assert CHECKER.conforms(text, name)


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in WRONG.items() for text in texts])
def test_a_wrong_spelling_is_refused(name: str, text: str) -> None:
    assert not CHECKER.conforms(text, name)


@pytest.mark.parametrize("name", CHECKS)
@pytest.mark.parametrize("ending", ["\n", " ", "\x00"])
def test_nothing_may_follow_the_end(name: str, ending: str) -> None:
    assert not CHECKER.conforms(RIGHT[name][0] + ending, name)


@pytest.mark.parametrize("name", CHECKS)
@pytest.mark.parametrize("value", [None, 3, True, [], {}])
def test_a_format_says_nothing_about_other_types(name: str, value: object) -> None:
    assert CHECKER.conforms(value, name)


@pytest.mark.parametrize("name", CHECKS)
@pytest.mark.parametrize("piece", ["0", "A", "a.", "@", "9-", "+1", " ", "((("])
def test_a_hundred_thousand_characters_are_decided_on(name: str, piece: str) -> None:
    assert not CHECKER.conforms(piece * 100_000, name)


@given(LETTERS, SIX_DIGITS)
def test_exactly_one_check_digit_fits_an_identity_card(letters: str, digits: str) -> None:
    fitting = [last for last in "0123456789A" if CHECKER.conforms(f"{letters}{digits}({last})", "hkid")]
    assert len(fitting) == 1


@given(LETTERS, SIX_DIGITS, st.integers(0, 5), st.integers(1, 9))
def test_one_mistyped_digit_of_an_identity_card_is_noticed(letters: str, digits: str, at: int, by: int) -> None:
    mistyped = f"{digits[:at]}{(int(digits[at]) + by) % 10}{digits[at + 1 :]}"
    assert not CHECKER.conforms(f"{letters}{mistyped}({hkid_check_digit(letters, digits)})", "hkid")


@given(st.dates().map(lambda day: day.isoformat()))
def test_every_day_there_is_is_a_date(text: str) -> None:
    assert CHECKER.conforms(text, "date")
