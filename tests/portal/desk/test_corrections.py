import html
from datetime import date
from typing import Any

import pytest
from django.test import Client

from identity.accounts.models import User
from identity.consent.models import Disclosure
from identity.profile import corrections, flows
from identity.profile.models import CorrectionRequest
from services.registry.models import Change
from tests.factories import DepartmentFactory, OfficerFactory, OperatorFactory, UserFactory


@pytest.fixture
def made(db: None) -> CorrectionRequest:
    person = UserFactory()
    flows.store(person, "name_en", "CHAN Tai Man", source="immd", checked_on=date(2025, 3, 12))
    return corrections.report(person, "name_en", remark="The last word is Ming")


@pytest.fixture
def officer(db: None) -> User:
    return OfficerFactory(department=DepartmentFactory(code="immd", name_en="Immigration Department"))


def desk(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def text_of(response: Any) -> str:
    return html.unescape(response.content.decode())


def test_a_report_is_on_the_owners_list_without_its_value(made: CorrectionRequest, officer: User) -> None:
    page = text_of(desk(officer).get("/admin/corrections/"))
    assert made.ticket in page
    assert "CHAN Tai Man" not in page


@pytest.mark.parametrize("path", ["", "look/", "answer/"])
def test_other_departments_and_operations_find_nothing(made: CorrectionRequest, officer: User, path: str) -> None:
    for stranger in (OfficerFactory(), OperatorFactory()):
        client = desk(stranger)
        assert made.ticket not in text_of(client.get("/admin/corrections/"))
        ask = client.post if path else client.get
        assert ask(f"/admin/corrections/{made.ticket}/{path}", {"text": "No."}).status_code == 404
    made.refresh_from_db()
    assert made.state == "open"


def test_looking_shows_the_value_and_is_in_the_persons_log(made: CorrectionRequest, officer: User) -> None:
    client = desk(officer)
    assert "CHAN Tai Man" not in text_of(client.get(f"/admin/corrections/{made.ticket}/"))
    page = text_of(client.post(f"/admin/corrections/{made.ticket}/look/"))
    assert "CHAN Tai Man" in page
    assert "The last word is Ming" in page
    line = Disclosure.objects.of(made.person).get()
    assert (line.kind, line.actor, line.recipient, line.reference, line.fields) == (
        "officer", officer, "immd", made.ticket, ["name_en"],
    )  # fmt: skip


def test_an_answer_reaches_the_person_and_the_record(made: CorrectionRequest, officer: User) -> None:
    desk(officer).post(f"/admin/corrections/{made.ticket}/answer/", {"text": "Put right.", "right": "CHAN Tai Ming"})
    made.refresh_from_db()
    assert (made.state, made.answer, made.answered_by) == ("corrected", "Put right.", officer)
    assert flows.read(made.person)["name_en"].value == "CHAN Tai Ming"
    assert Change.objects.get(verb="correction.answered").actor == officer


@pytest.mark.parametrize(("text", "right"), [("", ""), ("Put right.", "x" * 201)])
def test_a_wrong_answer_is_said_to_be_one(made: CorrectionRequest, officer: User, text: str, right: str) -> None:
    answer = desk(officer).post(f"/admin/corrections/{made.ticket}/answer/", {"text": text, "right": right})
    assert answer.status_code == 422
    made.refresh_from_db()
    assert made.state == "open"


def test_what_a_colleague_answered_is_not_answered_again(made: CorrectionRequest, officer: User) -> None:
    corrections.answer(made, by=UserFactory(), text="It is right.")
    page = desk(officer).post(f"/admin/corrections/{made.ticket}/answer/", {"text": "No."}, follow=True)
    assert "A colleague has answered it already." in text_of(page)
