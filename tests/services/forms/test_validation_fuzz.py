"""Whatever JSON is sent, the answer is clean data or errors that can be shown and stored."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.forms import fields
from services.forms.errors import FieldError, Invalid
from services.forms.validation import validate
from tests.services.forms.filled import GOOD, every_kind, known
from tests.services.forms.hostile import any_json, any_text

FORM = every_kind()
OPTIONAL = {name: any_json() for name in FORM["properties"]}
ADDRESSES = st.dictionaries(st.sampled_from(["line_1", "line_2", "district", "x"]), any_json())
NEARLY_GOOD = st.fixed_dictionaries(
    {name: st.one_of(st.just(value), any_json(), any_text()) for name, value in GOOD.items()} | {"a_address": ADDRESSES}
)


def _answer(data: Any) -> dict[str, Any] | None:
    """Clean data; or nothing, with every error one that an answer can carry."""
    try:
        return validate(FORM, data, profile={"hkid": known("hkid", "A123456(3)")})
    except Invalid as invalid:
        _assert_sayable(invalid.errors)
        return None


def _assert_sayable(errors: list[FieldError]) -> None:
    """As an answer can carry them, each in a place that there is."""
    assert errors
    for error in errors:
        assert error.message
        assert "\x00" not in f"{error.pointer}{error.name}{error.message}".encode().decode()
        assert error.name in {"", *FORM["properties"]}


def _assert_storable(clean: dict[str, Any]) -> None:
    """As PostgreSQL's JSONB takes it."""
    text = json.dumps(clean, ensure_ascii=False, allow_nan=False)
    assert "\\u0000" not in text.encode().decode()


@given(any_json())
def test_any_json_gets_an_answer(data: Any) -> None:
    assert _answer(data) is None


@given(st.fixed_dictionaries({}, optional=OPTIONAL))
def test_any_values_in_known_fields_get_an_answer(data: dict[str, Any]) -> None:
    clean = _answer(data)
    if clean is not None:
        _assert_storable(clean)


@given(NEARLY_GOOD)
def test_what_passes_can_be_stored_and_passes_again(data: dict[str, Any]) -> None:
    clean = _answer(data)
    if clean is not None:
        _assert_storable(clean)
        assert _answer(clean) == clean


@given(st.sampled_from(sorted(GOOD)), any_text())
def test_any_text_in_one_field_is_refused_or_storable(name: str, text: str) -> None:
    clean = _answer({**GOOD, name: text})
    if clean is not None:
        _assert_storable(clean)
        assert _answer(clean) == clean


@given(st.fixed_dictionaries({}, optional=OPTIONAL))
def test_any_kept_data_can_be_drawn_again(data: dict[str, Any]) -> None:
    drawn = fields.render(FORM, data=data, errors=[], profile={}, language="zh-hans")
    assert [field.name for field in drawn] == list(FORM["properties"])


@given(st.dictionaries(st.sampled_from([*FORM["properties"], "a_address.line_1", "a_file.id", "x"]), st.text()))
def test_any_post_becomes_data_that_gets_an_answer(post: dict[str, str]) -> None:
    data = fields.decode(FORM, post)
    assert data.keys() <= FORM["properties"].keys()
    clean = _answer(data)
    if clean is not None:
        _assert_storable(clean)
