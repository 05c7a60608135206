"""A form that an officer typed is checked, and told where and why it cannot be used."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.forms import fields, schema
from services.forms.errors import Invalid, SchemaError
from services.forms.validation import validate
from services.languages import CODES
from tests.services.forms.filled import every_kind, one
from tests.services.forms.hostile import any_json

DELETED = object()


def _with(place: str, value: Any, kind: str = "choice") -> dict[str, Any]:
    """A sound form with one thing in it replaced."""
    made = copy.deepcopy(one(kind))
    *path, last = place.split("/")[1:]
    inner: Any = made
    for step in path:
        inner = inner[step]
    if value is DELETED:
        del inner[last]
    else:
        inner[last] = value
    return made


def _refusal(form: Any) -> SchemaError:
    with pytest.raises(SchemaError) as caught:
        schema.check(form)
    return caught.value


def test_a_form_with_every_kind_is_sound() -> None:
    schema.check(every_kind())


def test_a_form_without_fields_is_sound() -> None:
    schema.check(schema.build({}))


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("/type", "array"),
        ("/properties", []),
        ("/additionalProperties", True),
        ("/additionalProperties", DELETED),
        ("/$schema", "http://json-schema.org/draft-07/schema#"),
        ("/$defs", {}),
        ("/allOf", []),
        ("/patternProperties", {}),
        ("/required", "it"),
        ("/properties/it", True),
        ("/properties/it/type", "array"),
        ("/properties/it/type", ["string", "null"]),
        ("/properties/it/type", DELETED),
        ("/properties/it/$ref", "https://example.com/schema"),
        ("/properties/it/$dynamicRef", "#x"),
        ("/properties/it/pattern", "(a+)+$"),
        ("/properties/it/anyOf", []),
        ("/properties/it/not", {}),
        ("/properties/it/enum", []),
        ("/properties/it/enum", "lost"),
        ("/properties/it/title", DELETED),
        ("/properties/it/title", " "),
        ("/properties/it/title", "x" * 501),
        ("/properties/it/description", 3),
        ("/properties/it/x-profile", "salary"),
        ("/properties/it/x-profile", "phone"),
        ("/properties/it/x-profile", None),
        ("/properties/it/x-profile-editable", "yes"),
        ("/properties/it/x-i18n", []),
        ("/properties/it/x-i18n/zh-hant", "牌照"),
        ("/properties/it/x-i18n/zh-hant/title", DELETED),
        ("/properties/it/x-i18n/zh-hans/title", ""),
        ("/properties/it/x-i18n/en/enum", DELETED),
        ("/properties/it/x-i18n/zh-hant/enum/lost", DELETED),
    ],
)
def test_what_is_wrong_is_pointed_at(place: str, value: Any) -> None:
    refusal = _refusal(_with(place, value))
    assert refusal.pointer == place
    assert refusal.message


@pytest.mark.parametrize(
    ("kind", "place", "value"),
    [
        ("text", "/properties/it/maxLength", DELETED),
        ("text", "/properties/it/maxLength", 5000),
        ("text", "/properties/it/maxLength", "200"),
        ("text", "/properties/it/minLength", 201),
        ("text", "/properties/it/minLength", -1),
        ("int", "/properties/it/minimum", 1.5),
        ("int", "/properties/it/maximum", -1),
        ("hkid", "/properties/it/format", "regex"),
        ("hkid", "/properties/it/format", []),
        ("address", "/properties/it", {"type": "object", "title": "Where"}),
        ("text", "/properties/it/x-i18n/zh-hans/enum", {}),
    ],
)
def test_rules_of_a_kind_are_checked(kind: str, place: str, value: Any) -> None:
    assert _refusal(_with(place, value, kind)).pointer == place


@pytest.mark.parametrize("name", ["", "Licence", "licence number", "1st", "csrfmiddlewaretoken", "x" * 61, "a.b"])
def test_a_name_that_pages_cannot_post_is_refused(name: str) -> None:
    form = one("text")
    form["properties"] = {name: form["properties"]["it"]}
    form["required"] = []
    assert _refusal(form).pointer.startswith("/properties/")


def test_a_required_field_that_is_not_there_is_pointed_at() -> None:
    assert _refusal({**one("text"), "required": ["it", "other"]}).pointer == "/required/1"


def test_a_hint_in_one_language_only_is_incomplete() -> None:
    assert _refusal(_with("/properties/it/description", "On the card.")).pointer == (
        "/properties/it/x-i18n/zh-hant/description"
    )


def test_two_equal_choices_are_pointed_at() -> None:
    assert _refusal(_with("/properties/it/enum", ["lost", "own-vehicle", "lost"])).pointer == "/properties/it/enum/2"


def test_a_slash_in_a_name_is_escaped_in_the_pointer() -> None:
    assert _refusal({**one("text"), "a/b~": 1}).pointer == "/a~1b~0"


@pytest.mark.parametrize("text", ["a\x00b", "\ud800"])
def test_a_character_that_cannot_be_stored_is_refused(text: str) -> None:
    assert _refusal(_with("/properties/it/title", text)).pointer == "/properties/it/title"


def test_a_form_nested_a_hundred_thousand_deep_is_refused() -> None:
    deep: Any = {}
    for _ in range(100_000):
        deep = {"properties": deep}
    assert "deep" in _refusal(deep).message


def test_a_form_of_many_megabytes_is_refused() -> None:
    assert "large" in _refusal(_with("/properties/it/title", "x" * 5_000_000)).message


@given(any_json())
def test_any_json_gets_an_answer(form: Any) -> None:
    refusal = _refusal(form)
    assert "\x00" not in refusal.pointer.encode().decode()


@given(st.data())
def test_a_form_with_anything_changed_is_refused_or_works(data: st.DataObject) -> None:
    form = copy.deepcopy(every_kind())
    _change_something(form, data)
    try:
        schema.check(form)
    except SchemaError as refusal:
        refusal.pointer.encode()
        return
    for language in CODES:
        schema.localise(form, language, {})
        fields.render(form, data={}, errors=[], profile={}, language=language)
    with pytest.raises(Invalid):
        validate(form, [], profile={})
    validated = {name: 1.5 for name in form["properties"]}
    if validated:
        with pytest.raises(Invalid):
            validate(form, validated, profile={})


def _change_something(node: Any, data: st.DataObject) -> None:
    """Walks down a random way and replaces what is there by any JSON."""
    while True:
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        key = data.draw(st.sampled_from(keys))
        inner = node[key]
        if not isinstance(inner, dict | list) or not inner or data.draw(st.integers(0, 3)) == 0:
            node[key] = data.draw(any_json())
            return
        node = inner
