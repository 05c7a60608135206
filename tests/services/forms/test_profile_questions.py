"""A form asks as little of the person as its action needs, and nothing twice."""

import pytest

from services.forms import profile, schema
from services.registry.models import FunctionVersion
from tests.services.forms.filled import field

ACTIONS = FunctionVersion.Action.values


@pytest.mark.parametrize("action", ACTIONS)
def test_nobody_is_asked_who_they_are_for_what_anyone_may_use(action: str) -> None:
    assert profile.fields_for(action, "none") == {}


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("assurance", ["basic", "plus"])
def test_whoever_signs_in_is_asked_their_name(action: str, assurance: str) -> None:
    asked = profile.fields_for(action, assurance)
    assert asked["applicant_name"]["x-profile"] == "name_en"
    schema.check(schema.build(asked))


def test_an_enquiry_asks_least() -> None:
    assert set(profile.fields_for("enquire", "basic")) == {"applicant_name", "applicant_hkid"}


def test_an_application_asks_where_to_write() -> None:
    assert profile.fields_for("apply", "basic")["postal_address"]["x-profile"] == "address"


def test_the_person_stands_first_and_how_to_reach_them_last() -> None:
    asked = profile.ask({"licence": field("text")}, action="renew", assurance="basic")
    assert list(asked) == ["applicant_name", "applicant_hkid", "licence", "contact_phone", "contact_email"]


@pytest.mark.parametrize(
    ("name", "kind", "source"),
    [
        ("contact_phone", "phone", "phone"),
        ("mobile", "phone", "phone"),
        ("email", "email", "email"),
        ("date_of_birth", "date", "date_of_birth"),
        ("delivery_address", "address", "address"),
    ],
)
def test_an_own_question_that_means_the_same_is_filled_in(name: str, kind: str, source: str) -> None:
    asked = profile.ask({name: field(kind)}, action="apply", assurance="basic")
    assert [key for key, made in asked.items() if made.get("x-profile") == source] == [name]


def test_a_delivery_address_may_be_changed_but_not_a_date_of_birth() -> None:
    own = {"delivery_address": field("address"), "date_of_birth": field("date")}
    asked = profile.ask(own, action="enquire", assurance="none")
    assert asked["delivery_address"].get("x-profile-editable") is True
    assert "x-profile-editable" not in asked["date_of_birth"]


@pytest.mark.parametrize(
    ("name", "kind"), [("contact_phone", "text"), ("new_address", "address"), ("child_hkid", "hkid")]
)
def test_a_question_that_means_something_else_is_left_open(name: str, kind: str) -> None:
    asked = profile.ask({name: field(kind)}, action="enquire", assurance="none")
    assert "x-profile" not in asked[name]


def test_asking_leaves_the_given_fields_as_they_are() -> None:
    own = {"mobile": field("phone")}
    profile.ask(own, action="apply", assurance="basic")
    assert own == {"mobile": field("phone")}
