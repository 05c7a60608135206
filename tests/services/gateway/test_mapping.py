from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway import mapping
from services.gateway.errors import MappingError

WORDS = {"en": "Done", "zh-hant": "完成", "zh-hans": "完成"}
RULE = {
    "when": "body.outcome == 'ACCEPTED'",
    "outcome": "completed",
    "values": {"case": "body.caseNo"},
    "title": WORDS,
    "message": WORDS,
    "items": [{"label": WORDS, "value": "case"}],
}
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def test_a_template_takes_values_from_the_form() -> None:
    assert mapping.compose({"licenceNo": "=form.licence_number"}, {"form": {"licence_number": "AB1"}}) == {
        "licenceNo": "AB1"
    }


def test_what_the_form_left_empty_is_not_sent() -> None:
    assert mapping.compose({"a": "=form.a", "b": ["=form.a", "x"]}, {"form": {}}) == {"b": ["x"]}


def test_two_equals_signs_begin_a_literal_one() -> None:
    assert mapping.compose("==1+1", {}) == "=1+1"


def test_a_value_that_looks_like_an_expression_is_not_evaluated() -> None:
    assert mapping.compose("=form.note", {"form": {"note": "=receipt"}, "receipt": "FRY"}) == "=receipt"


def test_a_broken_expression_says_which() -> None:
    with pytest.raises(MappingError, match=r"form\.\."):
        mapping.compose("=form..x", {"form": {}})


def test_the_fields_of_a_template_are_known() -> None:
    template = {"a": "=form.one", "b": ["=join(' ', [form.two, form.three.line_1])"], "c": "form.four"}
    assert mapping.names_in(template) == {"one", "two", "three"}


def test_a_template_that_mentions_no_field_of_the_form_is_refused_with_its_place() -> None:
    with pytest.raises(MappingError, match=r"/body/0: the form has no field two"):
        mapping.check_template({"body": ["=form.two"]}, {"one"})


def test_the_first_rule_that_fits_reads_the_answer() -> None:
    reply = mapping.Reply(200, {"outcome": "ACCEPTED", "caseNo": "TD-1"})
    assert mapping.read([{**RULE, "when": "`false`"}, RULE], reply) == mapping.Reading("completed", 1, {"case": "TD-1"})


def test_an_answer_that_no_rule_knows_is_not_understood() -> None:
    assert mapping.read([RULE], mapping.Reply(200, {"outcome": "???"})) is None


def test_a_value_of_a_shape_nobody_can_read_is_not_understood() -> None:
    assert mapping.read([RULE], mapping.Reply(200, {"outcome": "ACCEPTED", "caseNo": {"deep": 1}})) is None


@given(JSON)
def test_no_answer_whatever_makes_reading_fail(body: Any) -> None:
    reading = mapping.read([RULE], mapping.Reply(200, body))
    assert reading is None or reading.outcome == "completed"


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"when": None}, "/0/when"),
        ({"when": "a.."}, "a.."),
        ({"outcome": "perhaps"}, "/0/outcome"),
        ({"values": []}, "/0/values"),
        ({"title": {"en": "Done"}}, "/0/title"),
        ({"items": [{"label": WORDS, "value": "other"}]}, "/0/items/0"),
        ({"items": [{"label": WORDS, "value": "case", "words": {"Open": {"en": "Open"}}}]}, "/0/items/0/words/Open"),
    ],
)
def test_a_rule_that_cannot_be_used_is_refused_with_its_place(change: dict[str, Any], where: str) -> None:
    with pytest.raises(MappingError, match=where.replace(".", r"\.")):
        mapping.check_answer_map([{**RULE, **change}])


def test_a_good_rule_passes() -> None:
    mapping.check_answer_map([RULE])
    assert mapping.read([RULE], mapping.Reply(200, {"outcome": "ACCEPTED", "caseNo": "TD-1"})) is not None
