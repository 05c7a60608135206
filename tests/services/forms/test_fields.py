"""A form between HTML and JSON."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.http import QueryDict
from django.template.loader import render_to_string
from django.utils.translation import override

from identity.profile.models import ProfileField
from services.forms import fields, schema
from services.forms.errors import FieldError, Invalid
from services.forms.kinds import DISTRICTS, KINDS
from services.forms.validation import validate
from services.languages import CODES
from tests.services.forms.filled import ADDRESS, CHOICES, GOOD, TITLES, every_kind, field, known, one

VERIFIED = {"hkid": known("hkid", "A123456(3)")}
TOLD = {"phone": known("phone", "+85291234567", source="person")}


def _drawn(
    form: dict[str, Any],
    data: dict[str, Any] | None = None,
    *,
    profile: dict[str, ProfileField] | None = None,
    errors: tuple[FieldError, ...] = (),
    language: str = "en",
) -> fields.Field:
    (made,) = fields.render(form, data=data or {}, errors=errors, profile=profile or {}, language=language)
    return made


@pytest.mark.parametrize("language", CODES)
def test_a_field_is_drawn_in_the_language(language: str) -> None:
    assert _drawn(one("text"), language=language).label == TITLES[language]


def test_fields_are_drawn_in_the_order_of_the_form() -> None:
    drawn = fields.render(every_kind(), data={}, errors=[], profile={}, language="en")
    assert [made.kind for made in drawn] == list(KINDS)


def test_a_long_text_is_optional_and_says_how_much_fits() -> None:
    made = _drawn(one("longtext"))
    assert (made.required, made.maxlength) == (False, 4000)


def test_a_choice_offers_its_labels() -> None:
    assert _drawn(one("choice"), language="zh-hant").choices == [
        ("lost", "遺失"),
        ("own-vehicle", "自己的車輛"),
    ]


def test_an_address_offers_the_districts() -> None:
    assert dict(_drawn(one("address")).choices) == {code: names["en"] for code, names in DISTRICTS.items()}


@pytest.mark.parametrize(
    ("kind", "mode"),
    [("int", "numeric"), ("money", "decimal"), ("phone", "tel"), ("email", "email"), ("text", "")],
)
def test_a_phone_shows_the_keyboard_that_fits(kind: str, mode: str) -> None:
    assert _drawn(one(kind)).inputmode == mode


def test_a_field_about_the_person_names_itself_to_the_browser() -> None:
    assert _drawn(one("email", profile="email")).autocomplete == "email"


def test_what_was_written_is_shown_again_with_its_mistake() -> None:
    made = _drawn(one("date"), {"it": "soon"}, errors=(FieldError("/it", "it", "Enter a date."),))
    assert (made.value, made.error) == ("soon", "Enter a date.")


def test_all_mistakes_in_an_address_are_said_beside_it() -> None:
    errors = (FieldError("/it/line_1", "it", "Enter the flat."), FieldError("/it/district", "it", "Choose."))
    assert _drawn(one("address"), errors=errors).error == "Enter the flat. Choose."


def test_a_kept_moment_is_shown_in_hong_kong_time() -> None:
    made = _drawn(one("datetime"), {"it": "2026-03-27T06:30:00Z"})
    assert made.value == datetime(2026, 3, 27, 14, 30, tzinfo=ZoneInfo("Asia/Hong_Kong"))


@pytest.mark.parametrize("text", ["9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00", "2026-03-27T14:30", "soon"])
def test_a_moment_that_cannot_be_shown_stays_text(text: str) -> None:
    assert _drawn(one("datetime"), {"it": text}).value == text


@pytest.mark.parametrize(
    ("language", "date"), [("en", "3 March 2026"), ("zh-hant", "2026年3月3日"), ("zh-hans", "2026年3月3日")]
)
def test_a_verified_value_is_shown_locked_with_its_source(language: str, date: str) -> None:
    made = _drawn(one("hkid", profile="hkid"), {"it": "G123456(A)"}, profile=VERIFIED, language=language)
    with override(language):
        authority = str(ProfileField.Source.IMMIGRATION.label)
    assert (made.value, made.readonly, made.is_filled_in) == ("A123456(3)", True, True)
    assert authority in made.source
    assert date in made.source


def test_what_the_person_told_us_is_filled_in_and_open() -> None:
    made = _drawn(one("phone", profile="phone"), profile=TOLD)
    assert (made.value, made.readonly) == ("+85291234567", False)
    assert made.source == "From your profile: you told us on 3 March 2026"


def test_a_changed_value_does_not_claim_to_be_from_the_profile() -> None:
    made = _drawn(one("phone", profile="phone"), {"it": "+85261234567"}, profile=TOLD)
    assert (made.value, made.source) == ("+85261234567", "")


def test_a_value_that_was_emptied_stays_empty() -> None:
    assert _drawn(one("phone", profile="phone"), {"it": ""}, profile=TOLD).value == ""


def test_a_form_without_titles_is_drawn_by_its_names() -> None:
    assert _drawn(schema.build({"it": {"type": "string"}})).label == "it"


@pytest.mark.parametrize("kind", KINDS)
def test_the_component_draws_every_kind(kind: str) -> None:
    made = _drawn(one(kind), {"it": GOOD.get(f"a_{kind}")})
    assert 'id="field-it"' in render_to_string("components/field.html", {"field": made})


def _posted(form: dict[str, Any], query: str) -> dict[str, Any]:
    return fields.decode(form, QueryDict(query))


def test_a_post_of_every_kind_is_good_data() -> None:
    query = QueryDict(mutable=True)
    query.update({name: str(value) for name, value in GOOD.items() if name not in {"a_address", "a_bool"}})
    query.update({f"a_address.{part}": text for part, text in ADDRESS.items()})
    query.update({"a_bool": "true", "a_datetime": "2026-03-27T14:30", "csrfmiddlewaretoken": "x", "is_admin": "1"})
    assert validate(every_kind(), fields.decode(every_kind(), query), profile={}) == GOOD


@pytest.mark.parametrize(
    ("kind", "query", "data"),
    [
        ("bool", "", {"it": False}),
        ("bool", "it=true", {"it": True}),
        ("int", "it=1,200", {"it": 1200}),
        ("int", "it=many", {"it": "many"}),
        ("text", "", {}),
        ("text", "it=", {"it": ""}),
        ("text", "it=%00%FF", {"it": "\x00\ufffd"}),
        ("hkid", "it=a1234563", {"it": "A123456(3)"}),
        ("address", "", {}),
        ("address", "it.line_1=&it.line_2=&it.district=", {"it": {}}),
        (
            "address",
            "it.line_1=8/F&it.line_2=&it.district=north",
            {"it": {"line_1": "8/F", "district": "north"}},
        ),
        ("file", "it.id=abc", {"it": "abc"}),
        ("file", "it=abc&it.id=", {}),
    ],
)
def test_a_post_is_read_by_kind(kind: str, query: str, data: dict[str, Any]) -> None:
    assert _posted(one(kind), query) == data


def test_a_new_file_takes_the_place_of_the_kept_one() -> None:
    assert fields.decode(one("file"), {"it.id": "old"}, {"it": "new"}) == {"it": "new"}


def test_an_empty_post_is_told_everything_that_is_missing() -> None:
    form = schema.build({"mark": field("vehicle_mark"), "where": field("address"), "why": field("choice")})
    with pytest.raises(Invalid) as caught:
        validate(form, _posted(form, "mark=&where.line_1=&where.line_2=&where.district="), profile={})
    assert [error.name for error in caught.value.errors] == ["mark", "where", "why"]


def test_choices_come_from_the_form_in_its_order() -> None:
    assert [value for value, _ in _drawn(one("choice")).choices] == list(CHOICES)
