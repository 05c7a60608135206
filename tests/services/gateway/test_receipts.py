import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway import receipts


def test_a_receipt_number_can_be_read_out() -> None:
    assert re.fullmatch(r"FRY-[0-9A-HJKMNP-TV-Y]{4}-[0-9A-HJKMNP-TV-Y]{4}-[0-9A-HJKMNP-TV-Y]{4}", receipts.new())


def test_a_number_typed_with_look_alikes_and_spaces_is_understood() -> None:
    receipt = receipts.new()
    typed = receipt.lower().replace("-", " ").replace("0", "o").replace("1", "l")
    assert receipts.normalise(typed) == receipt


def test_a_number_that_begins_like_the_prefix_is_understood_without_it() -> None:
    start = "FRY0P1B9PR8"
    number = start + receipts._check_symbol(start)
    assert (
        receipts.normalise(number)
        == receipts.normalise(f"FRY-{number}")
        == f"FRY-{number[:4]}-{number[4:8]}-{number[8:]}"
    )


@given(st.integers(0, 11), st.sampled_from(receipts.ALPHABET))
def test_one_wrong_symbol_is_always_noticed(place: int, wrong: str) -> None:
    symbols = list(receipts.new().removeprefix("FRY").replace("-", ""))
    changed = [*symbols[:place], wrong, *symbols[place + 1 :]]
    expected = changed == symbols
    assert (receipts.normalise("".join(changed)) is not None) == expected


@pytest.mark.parametrize("typed", ["", "FRY", "FRY-1234", "é" * 12, "FRY-0000-0000-000/"])
def test_what_cannot_be_a_receipt_is_none(typed: str) -> None:
    assert receipts.normalise(typed) is None


def test_the_fingerprint_does_not_depend_on_the_order_of_fields() -> None:
    one = receipts.fingerprint("FRY-1", "td-x", {"form": {"a": 1, "b": "陳"}, "files": {}})
    other = receipts.fingerprint("FRY-1", "td-x", {"files": {}, "form": {"b": "陳", "a": 1}})
    assert one == other


def test_the_canonical_text_is_plain_utf8() -> None:
    assert "陳" in receipts.canonical("FRY-1", "td-x", {"form": {"name": "陳"}, "files": {}}).decode()
