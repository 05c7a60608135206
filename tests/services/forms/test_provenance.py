from datetime import date
from typing import Any

import pytest
from django.utils.translation import override

from services.forms import fields, provenance, schema
from services.forms.validation import validate
from tests.services.forms.filled import ADDRESS, field, known

HELD = {"hkid": known("hkid", "A123456(3)"), "phone": known("phone", "+85291234567", source="person")}
HELD["hkid"].law = "cap177"


def form(*, optional: bool) -> dict[str, Any]:
    properties = {"id": field("hkid", profile="hkid"), "tel": field("phone", profile="phone", editable=True)}
    return schema.build(properties, optional=properties if optional else ())


def drawn(name: str, data: dict[str, Any], *, optional: bool = True) -> fields.Field:
    made = fields.render(form(optional=optional), data=data, errors=(), profile=HELD, language="en")
    return next(each for each in made if each.name == name)


def test_what_is_filled_in_says_its_source_its_age_and_its_law() -> None:
    made = drawn("id", {}).provenance
    assert made is not None
    assert made.source == "From your profile: Immigration Department, identity card record, checked 3 March 2026"
    assert made.law == "Registration of Persons Ordinance (Cap. 177)"
    assert made.age == provenance.age(date(2026, 3, 3), date.today())


def test_the_persons_own_word_has_no_law() -> None:
    made = drawn("tel", {}).provenance
    assert made is not None
    assert (made.law, made.is_verified) == ("", False)


@pytest.mark.parametrize(
    ("checked", "said"),
    [("2026-03-03", "today"), ("2026-03-02", "1 day ago"), ("2026-02-01", "30 days ago"),
     ("2025-07-01", "8 months ago"), ("2024-03-03", "2 years ago"), ("2026-03-05", "today")],
)  # fmt: skip
def test_an_age_is_said_as_people_say_it(checked: str, said: str) -> None:
    assert provenance.age(date.fromisoformat(checked), date(2026, 3, 3)) == said


def test_an_age_is_said_in_chinese() -> None:
    with override("zh-hant"):
        assert provenance.age(date(2025, 7, 1), date(2026, 3, 3)) == "8個月前"


@pytest.mark.parametrize("name", ["id", "tel"])
def test_an_answer_that_is_kept_back_is_shown_empty_and_said_so(name: str) -> None:
    made = drawn(name, {name: ""})
    assert made.provenance is not None
    assert (made.value, made.source, made.provenance.is_withheld) == ("", "", True)


def test_even_a_verified_value_stays_here_when_it_is_kept_back() -> None:
    assert validate(form(optional=True), {"id": "", "tel": ""}, profile=HELD) == {}


def test_a_withheld_address_stays_here() -> None:
    asked = schema.build({"it": field("address", profile="address")}, optional=["it"])
    assert validate(asked, {"it": {}}, profile={"address": known("address", ADDRESS)}) == {}


def test_what_the_form_needs_is_not_kept_back() -> None:
    assert validate(form(optional=False), {"id": ""}, profile=HELD) == {"id": "A123456(3)", "tel": "+85291234567"}
    assert drawn("id", {"id": ""}, optional=False).value == "A123456(3)"


@pytest.mark.parametrize("forged", ["G123456(A)", "A123456(4)", " ", {}, [], None, 0, False, {"value": "x"}])
@pytest.mark.parametrize("optional", [True, False])
def test_a_forged_value_never_replaces_a_verified_one(forged: Any, optional: bool) -> None:
    clean = validate(form(optional=optional), {"id": forged}, profile=HELD)
    assert clean.get("id", "A123456(3)") == "A123456(3)"
