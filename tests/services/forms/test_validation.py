"""What was filled in is sent tidied, with the person's own data; or everything to put right is said at once."""

from typing import Any

import pytest
from django.utils.translation import override
from referencing.exceptions import Unresolvable

from identity.profile.models import ProfileField
from services.forms import schema
from services.forms.errors import FieldError, Invalid
from services.forms.validation import validate
from tests.services.forms.filled import ADDRESS, GOOD, every_kind, field, known, one

Profile = dict[str, ProfileField]
NOBODY: Profile = {}


def _errors(form: dict[str, Any], data: Any, profile: Profile = NOBODY) -> list[FieldError]:
    with pytest.raises(Invalid) as caught:
        validate(form, data, profile=profile)
    return caught.value.errors


def _message(kind: str, value: Any) -> str:
    (error,) = _errors(one(kind), {"it": value})
    return error.message


def test_data_that_fits_comes_back_as_it_is() -> None:
    assert validate(every_kind(), GOOD, profile=NOBODY) == GOOD


def test_lenient_spellings_are_sent_in_the_exact_form() -> None:
    sent = {
        **GOOD,
        "a_hkid": "a1234563",
        "a_phone": "9123 4567",
        "a_money": "1,200",
        "a_vehicle_mark": "ab 1234",
    }
    assert validate(every_kind(), sent, profile=NOBODY) == GOOD


def test_an_optional_field_left_empty_is_left_out() -> None:
    assert validate(schema.build({"note": field("longtext")}), {"note": " \r\n"}, profile=NOBODY) == {}


def test_a_whole_number_written_with_a_point_is_whole() -> None:
    clean = validate(one("int"), {"it": 3.0}, profile=NOBODY)
    assert isinstance(clean["it"], int)


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("text", "Enter the licence number."),
        ("choice", "Choose the licence number."),
        ("address", "Enter the licence number."),
        ("bool", "Choose the licence number."),
    ],
)
@pytest.mark.parametrize("is_sent", [True, False])
def test_a_required_field_left_empty_is_named(kind: str, message: str, is_sent: bool) -> None:
    data: dict[str, Any] = {"it": {} if kind == "address" else "  " if kind == "text" else ""} if is_sent else {}
    assert _errors(one(kind), data) == [FieldError("/it", "it", message)]


@pytest.mark.parametrize(
    ("title", "message"),
    [
        ("Which bank?", "Please answer: Which bank?"),
        ("Your home address", "Enter your home address."),
        ("HKID number", "Enter the HKID number."),
        ("Last 4 characters", "Enter the last 4 characters."),
        ("Child's name", "Enter the child's name."),
        ("Email", "Enter the email."),
        ("What you expect to earn this year", "Enter what you expect to earn this year."),
    ],
)
def test_a_missing_field_is_named_as_one_would_say_it(title: str, message: str) -> None:
    form = schema.build({"it": schema.field("text", titles={"en": title, "zh-hant": "題"})})
    assert _errors(form, {})[0].message == message


@pytest.mark.parametrize(("language", "message"), [("zh-hant", "請填寫牌照號碼。"), ("zh-hans", "请填写牌照号码。")])
def test_a_missing_field_is_named_in_the_active_language(language: str, message: str) -> None:
    with override(language):
        assert _errors(one("text"), {})[0].message == message


@pytest.mark.parametrize(
    ("kind", "value", "message"),
    [
        ("date", "27 March", "Enter a date such as 2026-03-27."),
        ("datetime", "2026-03-27", "Enter a date and time such as 2026-03-27 14:30."),
        ("int", "three", "Enter a whole number such as 3."),
        ("int", 10**30, "Enter a number from 0 to 999999999."),
        ("int", -1, "Enter a number from 0 to 999999999."),
        ("money", "free", "Enter an amount in Hong Kong dollars such as 1200.00."),
        ("choice", "stolen", "Choose one of the options."),
        ("bool", "true", "Choose yes or no."),
        ("email", "chan", "Enter an email address such as name@example.com."),
        ("hkid", "A12345", "Enter an identity card number such as A123456(3)."),
        ("br_number", "1234", "Enter the 8 digits of the business registration number."),
        ("text", "x" * 201, "Use at most 200 characters; now there are 201."),
        ("longtext", "x" * 4001, "Use at most 4000 characters; now there are 4001."),
        ("text", 5, "Write this as text."),
        ("address", "8/F", "Give the address as an object with line_1, line_2 and district."),
    ],
)
def test_a_mistake_says_what_to_do(kind: str, value: Any, message: str) -> None:
    assert _message(kind, value) == message


def test_a_wrong_check_digit_is_told_from_a_wrong_shape() -> None:
    assert _message("hkid", "A123456(4)") == (
        "This identity card number does not add up. Check the letter, the six digits and the one in brackets."
    )


@pytest.mark.parametrize("kind", [name.removeprefix("a_") for name in GOOD])
@pytest.mark.parametrize("value", [None, [], [1], {"x": 1}, 1.5])
def test_a_value_of_the_wrong_json_type_is_pointed_at(kind: str, value: Any) -> None:
    assert all(error.pointer.startswith("/it") for error in _errors(one(kind), {"it": value}))


def test_parts_of_an_address_are_pointed_at_one_by_one() -> None:
    errors = _errors(one("address"), {"it": {"line_2": 5, "floor": "8"}})
    assert {(error.pointer, error.name) for error in errors} == {
        ("/it/line_1", "it"),
        ("/it/line_2", "it"),
        ("/it/district", "it"),
        ("/it/floor", "it"),
    }


def test_an_unknown_district_is_asked_for_again() -> None:
    errors = _errors(one("address"), {"it": {**ADDRESS, "district": "Atlantis"}})
    assert errors == [FieldError("/it/district", "it", "Choose the district.")]


def test_fields_that_the_form_does_not_have_are_refused() -> None:
    errors = _errors(one("text"), {"it": "x", "is_admin": True, "a/b": 1})
    assert [error.pointer for error in errors] == ["/is_admin", "/a~1b"]


def test_all_mistakes_are_said_at_once_in_the_order_of_the_form() -> None:
    names = [error.name for error in _errors(every_kind(), {"zzz": 1})]
    assert names == [*every_kind()["required"], ""]


@pytest.mark.parametrize("text", ["a\x00b", "a\x1bb", "\ud800", "a\ufffeb"])
@pytest.mark.parametrize("kind", ["text", "longtext", "email"])
def test_a_character_that_no_backend_takes_is_refused(kind: str, text: str) -> None:
    assert "character" in _message(kind, text)


@pytest.mark.parametrize("data", [None, [], "x", 3, True])
def test_data_that_is_no_object_is_refused_as_a_whole(data: Any) -> None:
    assert _errors(one("text"), data)[0].pointer == ""


@pytest.mark.parametrize(
    "data",
    [{"it": "x" * 200_000}, {"it": [0] * 5_000}, {"it": [[[[[]]]]]}, {"it": 10**4000}, {"x" * 200_000: 1}],
)
def test_data_beyond_any_form_is_refused_as_a_whole(data: Any) -> None:
    assert [error.pointer for error in _errors(one("text"), data)] == [""]


def test_a_verified_value_wins_over_what_was_sent() -> None:
    held = {"hkid": known("hkid", "A123456(3)")}
    assert validate(one("hkid", profile="hkid"), {"it": "G123456(A)"}, profile=held) == {"it": "A123456(3)"}


def test_a_verified_value_saves_from_mistakes_in_what_was_sent() -> None:
    held = {"hkid": known("hkid", "A123456(3)")}
    assert validate(one("hkid", profile="hkid"), {"it": [None]}, profile=held) == {"it": "A123456(3)"}


def test_an_editable_field_takes_what_was_sent_even_if_the_profile_is_verified() -> None:
    held = {"phone": known("phone", "+85291234567")}
    form = one("phone", profile="phone", editable=True)
    assert validate(form, {"it": "61234567"}, profile=held) == {"it": "+85261234567"}


def test_the_profile_fills_a_gap() -> None:
    held = {"phone": known("phone", "+85291234567", source="person")}
    assert validate(one("phone", profile="phone"), {}, profile=held) == {"it": "+85291234567"}


def test_what_the_person_emptied_is_not_filled_in_behind_their_back() -> None:
    held = {"phone": known("phone", "+85291234567", source="person")}
    assert _errors(one("phone", profile="phone"), {"it": ""}, held)[0].message == "Enter the licence number."


def test_what_the_profile_lacks_is_asked_for() -> None:
    assert _errors(one("phone", profile="phone"), {})[0].pointer == "/it"


def test_a_stale_profile_value_is_put_to_the_person() -> None:
    held = {"phone": known("phone", "ask my secretary", source="person")}
    assert _errors(one("phone", profile="phone"), {}, held)[0].name == "it"


def test_the_exception_text_holds_nothing_that_was_sent() -> None:
    with pytest.raises(Invalid) as caught:
        validate(one("hkid"), {"it": "A999999(9)"}, profile=NOBODY)
    assert "A999999" not in str(caught.value)


def test_a_form_that_points_elsewhere_fetches_nothing() -> None:
    form = schema.build({"it": {"type": "string", "$ref": "http://127.0.0.1:1/schema"}})
    with pytest.raises(Unresolvable):
        validate(form, {"it": "x"}, profile=NOBODY)
