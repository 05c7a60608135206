"""What an officer sees of what a person sent: enough to recognise it, too little to know the person."""

from typing import Any

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from services.forms.kinds import KINDS
from services.forms.masking import masked
from services.forms.schema import build, field

pytestmark = pytest.mark.django_db


def gist(kind: str, value: Any, *, profile: str = "", **extra: Any) -> str:
    """Of one answer."""
    made = field(kind, titles={"en": "Question"}, profile=profile, **extra)
    (row,) = masked(build({"question": made}), {"question": value})
    assert row.title == "Question"
    return row.text


CASES = [
    ("hkid", "A123456(3)", "", "A12****(3)"),
    ("hkid", "WX123456(7)", "", "WX12****(7)"),
    ("hkid", "A123456(3)", "hkid", "A12****(3)"),
    ("phone", "+85291234567", "", "+852 **** 4567"),
    ("phone", "+4420794609", "phone", "****609"),
    ("email", "chan.taiman@example.hk", "", "c****@example.hk"),
    ("text", "CHAN Tai Man", "name_en", "C**** T**** M****"),
    ("text", "陳大文", "name_zh", "陳****"),
    ("date", "1988-06-15", "date_of_birth", "1988-**-**"),
    ("date", "2027-03-02", "", "2027-**-**"),
    ("br_number", "12345678", "", "****678"),
    ("vehicle_mark", "AB1234", "", "****234"),
    ("vehicle_mark", "A1", "", "****"),
    ("text", "My number is A123456(3)", "", "23 characters"),
    ("longtext", "長" * 100, "", "100 characters"),
    ("money", "250000.00", "", "****"),
    ("file", "0f8fad5b-d9cb-469f-a165-70867728950e", "", "****"),
    ("int", 12, "", "12"),
    ("bool", True, "", "Yes"),
    ("bool", False, "", "No"),
    ("datetime", "2027-03-02T14:30:00+08:00", "", "2027-03-02T14:30:00+08:00"),
]


@pytest.mark.parametrize(("kind", "value", "profile", "shown"), CASES)
def test_of_each_kind_only_the_gist_is_shown(kind: str, value: Any, profile: str, shown: str) -> None:
    assert gist(kind, value, profile=profile) == shown


def test_every_kind_is_thought_of() -> None:
    assert {kind for kind, *_ in CASES} | {"address", "choice"} == set(KINDS)


def test_of_an_address_the_district_stays() -> None:
    value = {"line_1": "Flat B, 12/F", "line_2": "18 Fuk Wa Street", "district": "sham-shui-po"}
    assert gist("address", value) == "****, Sham Shui Po"


def test_a_choice_is_what_the_question_offered() -> None:
    choices = {"own": {"en": "My own"}}
    assert gist("choice", "own", choices=choices) == "My own"
    assert gist("choice", "A123456(3)", choices=choices) == "****"


def test_it_speaks_the_officers_language() -> None:
    made = field("hkid", titles={"en": "Card", "zh-hant": "身份證", "zh-hans": "身份证"})
    with translation.override("zh-hant"):
        assert masked(build({"card": made}), {"card": "A123456(3)"})[0].title == "身份證"


def test_what_was_left_empty_is_left_out() -> None:
    form = build({"a": field("text", titles={"en": "A"}), "b": field("text", titles={"en": "B"})})
    assert masked(form, {"a": "", "b": None}) == []


def test_what_the_form_does_not_know_is_hidden() -> None:
    assert [(row.title, row.text) for row in masked(build({}), {"more": "A123456(3)"})] == [("more", "****")]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("value", [7, 1.5, [], {}, ["A123456(3)"], {"a": "A123456(3)"}, True, "A1234567890"])
def test_a_value_of_another_kind_gives_nothing_away(kind: str, value: Any) -> None:
    assert "A12345" not in gist(kind, value)


@given(st.sampled_from(["hkid", "phone", "email", "text", "longtext", "br_number"]), st.text(min_size=8, max_size=60))
def test_no_text_comes_through_whole(kind: str, text: str) -> None:
    assert gist(kind, text) != text
