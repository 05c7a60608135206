"""Forms as JSON Schema: stored in three languages, given out in one."""

import csv
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from services.forms import profile, schema
from services.forms.kinds import DISTRICTS, KINDS, kind_of, schema_of
from services.languages import CODES
from services.registry import content
from tests.services.forms.filled import GOOD, TITLES, every_kind, field, known, one

CATALOGUE = Path(content.__file__).parent / "catalogue"


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_is_known_again_from_its_schema(kind: str) -> None:
    assert kind_of(field(kind)) == kind


def test_every_field_is_required_except_files_and_long_texts() -> None:
    assert set(every_kind()["properties"]) - set(every_kind()["required"]) == {"a_longtext", "a_file"}


def test_a_field_named_optional_is_not_required() -> None:
    assert schema.build({"it": field("text")}, optional=["it"])["required"] == []


@pytest.mark.parametrize("language", CODES)
def test_a_localised_form_is_json_schema_2020_12_that_good_data_fits(language: str) -> None:
    plain = schema.localise(every_kind(), language)
    Draft202012Validator.check_schema(plain)
    assert Draft202012Validator(plain).is_valid(GOOD)


@pytest.mark.parametrize("language", CODES)
def test_a_localised_field_is_titled_in_its_language_alone(language: str) -> None:
    made = schema.localise(one("text"), language)["properties"]["it"]
    assert (made["title"], "x-i18n" in made) == (TITLES[language], False)


def test_a_hint_is_localised() -> None:
    stored = schema.build({"it": field("text", hints={"en": "On the bill.", "zh-hant": "印在帳單上。"})})
    assert schema.localise(stored, "zh-hans")["properties"]["it"]["description"] == "印在帳單上。"


@pytest.mark.parametrize(("language", "label"), [("en", "Lost"), ("zh-hant", "遺失"), ("zh-hans", "遗失")])
def test_choices_are_labelled_by_value(language: str, label: str) -> None:
    made = schema.localise(one("choice"), language)["properties"]["it"]
    assert (made["enum"], made["x-enum-titles"]["lost"]) == (["lost", "own-vehicle"], label)


def test_a_choice_without_a_label_is_spelled_out() -> None:
    made = schema.field("choice", titles=TITLES, choices={"own-vehicle": {}})
    assert made["x-i18n"]["en"]["enum"] == {"own-vehicle": "Own vehicle"}


@pytest.mark.parametrize("language", CODES)
def test_the_parts_of_an_address_are_named_in_the_language(language: str) -> None:
    parts = schema.localise(one("address"), language)["properties"]["it"]["properties"]
    assert parts["district"]["x-enum-titles"]["sha-tin"] == DISTRICTS["sha-tin"][language]
    assert all(part["title"] for part in parts.values())


def test_localising_leaves_the_stored_form_as_it_is() -> None:
    stored = every_kind()
    schema.localise(stored, "zh-hans", {})
    assert stored == every_kind()


def test_fields_keep_their_order() -> None:
    assert list(schema.localise(every_kind(), "en")["properties"]) == [f"a_{kind}" for kind in KINDS]


def test_what_a_profile_might_fill_may_be_left_out_while_nobody_is_known() -> None:
    assert schema.localise(one("phone", profile="phone"), "en")["required"] == []


def test_what_the_profile_lacks_is_required() -> None:
    assert schema.localise(one("phone", profile="phone"), "en", {})["required"] == ["it"]


def test_what_the_profile_holds_may_be_left_out() -> None:
    held = {"phone": known("phone", "+85291234567", source="person")}
    plain = schema.localise(one("phone", profile="phone"), "en", held)
    assert (plain["required"], "readOnly" in plain["properties"]["it"]) == ([], False)


def test_what_an_authority_vouches_for_is_read_only() -> None:
    held = {"hkid": known("hkid", "A123456(3)")}
    assert schema.localise(one("hkid", profile="hkid"), "en", held)["properties"]["it"]["readOnly"] is True


def test_an_editable_field_stays_open_even_if_verified() -> None:
    held = {"phone": known("phone", "+85291234567")}
    plain = schema.localise(one("phone", profile="phone", editable=True), "en", held)
    assert "readOnly" not in plain["properties"]["it"]


def _words(*names: str) -> dict[str, schema.Words]:
    return dict.fromkeys(names, schema.Words(TITLES))


def test_a_catalogue_cell_becomes_properties() -> None:
    made = schema.from_catalogue("licence:text;why:choice(a|b)", _words("licence", "why"))
    assert [(name, kind_of(one_field)) for name, one_field in made.items()] == [
        ("licence", "text"),
        ("why", "choice"),
    ]
    assert made["why"]["enum"] == ["a", "b"]


@pytest.mark.parametrize(
    "cell",
    [
        "licence",
        "licence:words",
        "licence:choice()",
        "licence:choice(a||b)",
        "licence:text;licence:date",
        ":text",
    ],
)
def test_a_broken_catalogue_cell_is_refused(cell: str) -> None:
    with pytest.raises(ValueError, match="“"):
        schema.from_catalogue(cell, _words("licence"))


def test_a_field_without_a_label_is_refused() -> None:
    with pytest.raises(ValueError, match="“licence” has no label"):
        schema.from_catalogue("licence:text", {})


def _catalogue() -> list[dict[str, Any]]:
    with (CATALOGUE / "functions.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_form_of_the_catalogue_is_sound_and_asks_nothing_twice() -> None:
    for row in _catalogue():
        names = [part.partition(":")[0] for part in row["fields"].split(";") if part]
        own = schema.from_catalogue(row["fields"], _words(*names))
        asked = profile.ask(own, action=row["action"], assurance=row["assurance"])
        schema.check(schema.build(asked))
        sources = [made["x-profile"] for made in asked.values() if "x-profile" in made]
        assert len(sources) == len(set(sources)), row["code"]


def test_each_kind_hands_out_a_schema_of_its_own() -> None:
    schema_of("address")["properties"].clear()
    assert schema_of("address")["properties"]
