import json
from typing import Any

import pytest

from services.registry.models import Backend, FunctionVersion, ServiceFunction
from tests.factories import BackendFactory
from tests.portal.desk.conftest import Desk, row

NEW = "/admin/functions/new/"


def saved(desk: Desk, **changed: Any) -> FunctionVersion:
    answer = desk.browser.post(NEW, desk.sheet(**changed))
    assert answer.status_code == 302
    return FunctionVersion.objects.get(function__code="td-borrow-a-bell")


def page_of(desk: Desk, status: Any = 422, **changed: Any) -> str:
    answer = desk.browser.post(NEW, desk.sheet(**changed))
    assert answer.status_code == status
    return answer.content.decode()


def test_a_function_is_registered_as_a_draft_that_nobody_sees(desk: Desk) -> None:
    version = saved(desk)
    assert (version.state, version.function.state) == ("draft", "draft")


def test_the_address_is_made_from_the_english_name(desk: Desk) -> None:
    assert saved(desk).function.code == "td-borrow-a-bell"


def test_simplified_words_are_proposed_from_the_traditional_ones(desk: Desk) -> None:
    assert saved(desk).name_zh_hans == "借用渡轮钟"


def test_the_proposal_is_shown_as_one_before_anything_is_stored(desk: Desk) -> None:
    page = page_of(desk, 200, act="simplify")
    assert 'value="借用渡轮钟"' in page
    assert "proposed" in page
    assert not ServiceFunction.objects.filter(code="td-borrow-a-bell").exists()


def test_questions_become_a_form(desk: Desk) -> None:
    questions = row(0, kind="choice", choices="Green | 綠色\nred = Red | 紅色 | 红色")
    made = saved(desk, rows="0,", **questions).form["properties"]["colour"]
    assert made["enum"] == ["green", "red"]
    assert made["x-i18n"]["zh-hans"]["enum"] == {"green": "绿色", "red": "红色"}


def test_the_standard_mapping_sends_every_question(desk: Desk) -> None:
    version = saved(desk, rows="0,", **row(0))
    assert version.request_map["body"]["details"] == {"colour": "=form.colour"}
    assert version.answer_map


def test_a_question_without_chinese_is_not_stored_and_nothing_is_lost(desk: Desk) -> None:
    page = page_of(desk, **{"rows": "0,", **row(0, **{"title-zh-hant": ""})})
    assert "Write the question in 繁體中文." in page
    assert 'value="Colour"' in page


@pytest.mark.parametrize(
    ("verb", "order"),
    [("row-up-1", ["b", "a"]), ("row-down-0", ["b", "a"]), ("row-remove-0", ["b"]), ("row-add", ["a", "b", ""])],
)
def test_rows_are_moved_without_scripts(desk: Desk, verb: str, order: list[str]) -> None:
    answer = desk.browser.post(NEW, desk.sheet(act=verb, rows="0,1,", **row(0, name="a"), **row(1, name="b")))
    assert [one.name for one in answer.context["rows"]] == order


def test_the_usual_questions_about_the_person_are_added_once(desk: Desk) -> None:
    answer = desk.browser.post(NEW, desk.sheet(act="person", assurance="basic", rows="0,", **row(0, name="colour")))
    assert [one.name for one in answer.context["rows"]] == [
        "applicant_name", "applicant_hkid", "colour", "contact_phone", "contact_email", "postal_address"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ('{"type": "object",', "line 1, column"),
        ('{"type": "array"}', "/type"),
        ('{"type": "object", "properties": {"a": {"type": "text"}}, "additionalProperties": false}', "/properties/a"),
        ("[" * 5000, "nested"),
        ('{"a": NaN}', "NaN"),
    ],
)
def test_what_is_no_json_schema_is_refused_with_its_place(desk: Desk, text: str, where: str) -> None:
    page = page_of(desk, form_as="json", form_json=text)
    assert where in page
    assert text.replace('"', "&quot;") in page


def test_a_form_goes_to_json_and_back_unchanged(desk: Desk) -> None:
    form = desk.function.published.form if desk.function.published else {}
    answer = desk.browser.post(NEW, desk.sheet(act="rows", form_as="json", form_json=json.dumps(form)))
    assert [one.name for one in answer.context["rows"]] == list(form["properties"])


def test_a_mapping_that_names_an_unknown_question_is_refused_with_its_place(desk: Desk) -> None:
    request = {"method": "POST", "path": "v1/x", "body": {"a": "=form.nothing"}}
    sheet = desk.sheet(request_map=json.dumps(request))
    del sheet["request_standard"]
    page = desk.browser.post(NEW, sheet).content.decode()
    assert "/body/a: the form has no field nothing" in page


def test_rules_of_answers_are_checked(desk: Desk) -> None:
    sheet = desk.sheet(answer_map='[{"when": "status", "outcome": "fine"}]')
    del sheet["answer_standard"]
    assert "/0/outcome" in desk.browser.post(NEW, sheet).content.decode()


def test_a_system_of_another_department_cannot_be_chosen(desk: Desk) -> None:
    foreign: Backend = BackendFactory()
    page_of(desk, backend=foreign.pk)
    assert not ServiceFunction.objects.filter(code="td-borrow-a-bell").exists()


def test_a_code_that_is_taken_is_said_beside_its_field(desk: Desk) -> None:
    assert "There is a function with the code td-note already." in page_of(desk, code="td-note")


def test_the_preview_speaks_the_language_chosen(desk: Desk) -> None:
    sheet = desk.sheet(shown_language="zh-hant", rows="0,", **row(0))
    page = desk.browser.post("/admin/functions/preview/", sheet).content.decode()
    assert "借用渡輪鐘" in page
    assert "顏色" in page


def test_a_draft_is_changed_and_the_change_is_recorded(desk: Desk) -> None:
    version = saved(desk)
    desk.browser.post(desk.address("draft/", version.function), desk.sheet(name_en="Borrow a big bell"))
    version.refresh_from_db()
    change = version.function.changes.first()
    assert version.name_en == "Borrow a big bell"
    assert change is not None
    assert change.actor == desk.officer
    assert change.details["changed"]["name_en"] == ["Borrow a bell", "Borrow a big bell"]


def test_sending_for_approval_says_what_is_missing(desk: Desk) -> None:
    answer = desk.browser.post(NEW, desk.sheet(summary_en="", act="save-submit"), follow=True)
    assert "its name and summary in English" in answer.content.decode()
