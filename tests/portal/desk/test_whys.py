"""Questions of citizens reach the department, with a date; nobody else reads or answers them."""

from datetime import timedelta

import pytest
from django.utils import timezone

from identity.consent import asking
from identity.consent.models import Disclosure, Question
from services.registry.models import Change
from tests.factories import OfficerFactory, OperatorFactory, UserFactory
from tests.identity.consent.lines import note
from tests.portal.desk.conftest import Desk, browser

ANSWER = {"text": "We renewed your licence."}


def asked(recipient: str, *, ago: timedelta = timedelta(), text: str = "What for?") -> Question:
    person = UserFactory(first_name="Mei", last_name="Secret")
    line = note(person, recipient=recipient, purpose_names={"en": "Borrow a bell"})
    return asking.ask(line, by=person, text=text, now=timezone.now() - ago)


def test_the_list_has_what_waits_and_marks_what_is_late(desk: Desk) -> None:
    asked(desk.department.code)
    page = desk.browser.get("/admin/whys/").content.decode()
    assert ("Borrow a bell" in page, "Overdue" in page) == (True, False)
    asked(desk.department.code, ago=timedelta(days=60))
    assert "Overdue" in desk.browser.get("/admin/whys/").content.decode()


def test_the_menu_counts_what_waits(desk: Desk) -> None:
    asked(desk.department.code)
    assert "Questions of citizens" in desk.browser.get("/admin/").content.decode()


def test_a_question_names_nobody(desk: Desk) -> None:
    page = desk.browser.get(f"/admin/whys/{asked(desk.department.code).pk}/").content.decode()
    assert ("What for?" in page, "Secret" in page) == (True, False)


def test_an_answer_is_kept_with_who_gave_it(desk: Desk) -> None:
    question = asked(desk.department.code)
    desk.browser.post(f"/admin/whys/{question.pk}/", ANSWER)
    question.refresh_from_db()
    assert (question.answer, question.answered_by) == (ANSWER["text"], desk.officer)
    assert Change.objects.get(verb="question.answered").actor == desk.officer


def test_an_answer_without_words_is_asked_for_again(desk: Desk) -> None:
    question = asked(desk.department.code)
    assert desk.browser.post(f"/admin/whys/{question.pk}/", {"text": " "}).status_code == 422
    assert Question.objects.open().exists()


def test_of_two_answers_the_first_stands(desk: Desk) -> None:
    question = asked(desk.department.code)
    desk.browser.post(f"/admin/whys/{question.pk}/", ANSWER)
    assert desk.other.post(f"/admin/whys/{question.pk}/", {"text": "Another."}).status_code == 422
    question.refresh_from_db()
    assert question.answered_by == desk.officer


def test_questions_to_another_department_look_unknown(desk: Desk) -> None:
    question = asked(desk.department.code)
    stranger = browser(OfficerFactory())
    assert stranger.get(f"/admin/whys/{question.pk}/").status_code == 404
    assert stranger.post(f"/admin/whys/{question.pk}/", ANSWER).status_code == 404
    assert "Borrow a bell" not in stranger.get("/admin/whys/").content.decode()


def test_operations_answer_for_themselves_and_for_no_department(desk: Desk) -> None:
    own, other = asked("operations"), asked(desk.department.code)
    ops = browser(OperatorFactory())
    assert ops.get(f"/admin/whys/{own.pk}/").status_code == 200
    assert ops.get(f"/admin/whys/{other.pk}/").status_code == 404
    assert desk.browser.get(f"/admin/whys/{own.pk}/").status_code == 404


# --- Rules of what is shown later -----------------------------------------------------------------
def rule(**changed: str) -> dict[str, str]:
    latest_on = (timezone.localdate() + timedelta(days=100)).isoformat()
    return {"days": "30", "latest_on": latest_on, "reason": "A will is being read.", **changed}


def look(desk: Desk) -> Disclosure:
    """The line of an officer's look at a call of the function."""
    from services.gateway import looks, receipts
    from services.gateway.models import ServiceCall

    version, person = desk.function.published, UserFactory()
    assert version is not None
    call = ServiceCall.objects.create(
        receipt=receipts.new(), function=desk.function, version=version, backend=desk.backend, person=person,
        caller=f"user:{person.pk}", idempotency_key="k", payload={"form": {}, "files": {}}, sent_sha256="0" * 64,
    )  # fmt: skip
    line = looks.note(call, by=desk.officer)
    assert line is not None
    return line


def test_a_rule_keeps_looks_back_and_is_on_record(desk: Desk) -> None:
    desk.browser.post(desk.address("looks/"), rule())
    line = look(desk)
    assert line.visible_from == line.at + timedelta(days=30)
    assert Change.objects.get(verb="function.hiding_set").details["reason"] == "A will is being read."


def test_without_its_rule_looks_are_read_at_once(desk: Desk) -> None:
    desk.browser.post(desk.address("looks/"), rule())
    desk.browser.post(desk.address("looks/"), {"remove": "yes"})
    line = look(desk)
    assert line.visible_from == line.at
    assert Change.objects.filter(verb="function.hiding_removed").exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"days": "0"}, {"days": "366"}, {"days": "x"}, {"reason": " "}, {"reason": "x" * 301}, {"latest_on": ""},
        {"latest_on": "2020-01-01"}, {"latest_on": "2999-01-01"},
    ],
)  # fmt: skip
def test_a_rule_without_reason_days_or_last_date_is_refused(desk: Desk, wrong: dict[str, str]) -> None:
    assert desk.browser.post(desk.address("looks/"), rule(**wrong)).status_code == 422
    assert not Change.objects.filter(verb="function.hiding_set").exists()


def test_a_rule_of_another_department_cannot_be_set(desk: Desk) -> None:
    assert browser(OfficerFactory()).post(desk.address("looks/"), rule()).status_code == 404


def test_a_question_about_a_site_says_what_the_site_received(desk: Desk) -> None:
    person = UserFactory()
    line = note(person, recipient=desk.department.code, kind="userinfo", fields=["birthdate", "email"])
    question = asking.ask(line, by=person, text="", now=timezone.now())
    page = desk.browser.get(f"/admin/whys/{question.pk}/").content.decode()
    assert ("Date of birth" in page, "birthdate" in page) == (True, False)
