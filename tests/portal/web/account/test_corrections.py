import html
from datetime import date
from typing import Any

import pytest
from django.test import Client

from identity.accounts.models import User
from identity.profile import corrections, flows
from identity.profile.models import CorrectionRequest
from tests.factories import DepartmentFactory, UserFactory


@pytest.fixture
def citizen(db: None) -> User:
    person = UserFactory()
    DepartmentFactory(code="immd", name_en="Immigration Department")
    flows.store(person, "name_en", "CHAN Tai Man", source="immd", checked_on=date(2025, 3, 12))
    flows.store(person, "phone", "+85291234567", source="person", checked_on=date(2025, 3, 12))
    return person


@pytest.fixture
def signed_in(citizen: User) -> Client:
    client = Client()
    client.force_login(citizen)
    return client


def text_of(response: Any) -> str:
    return html.unescape(response.content.decode())


def test_my_data_leads_to_a_report_of_each_checked_field(signed_in: Client) -> None:
    page = text_of(signed_in.get("/en/profile/"))
    assert "/en/account/corrections/new/name_en/" in page
    assert "/en/account/corrections/new/phone/" not in page


def test_a_report_with_a_word_of_explanation_gets_its_ticket(signed_in: Client) -> None:
    answer = signed_in.post("/en/account/corrections/new/name_en/", {"remark": "CHAN Tai Ming"}, follow=True)
    made = CorrectionRequest.objects.get()
    assert made.remark == "CHAN Tai Ming"
    assert made.ticket in text_of(answer)
    assert "Immigration Department" in text_of(answer)


def test_my_data_lists_reports_with_their_state(citizen: User, signed_in: Client) -> None:
    made = corrections.report(citizen, "name_en")
    assert "With the department" in text_of(signed_in.get("/en/profile/"))
    corrections.answer(made, by=UserFactory(), text="It is as on your card.")
    assert "Checked: it stays as it is" in text_of(signed_in.get("/en/profile/"))


def test_the_answer_is_on_the_tickets_page(citizen: User, signed_in: Client) -> None:
    made = corrections.report(citizen, "name_en")
    corrections.answer(made, by=UserFactory(), text="It is as on your card.")
    assert "It is as on your card." in text_of(signed_in.get(f"/en/account/corrections/{made.ticket}/"))


def test_more_can_be_said_while_it_is_open(citizen: User, signed_in: Client) -> None:
    made = corrections.report(citizen, "name_en")
    signed_in.post(f"/en/account/corrections/{made.ticket}/", {"remark": "The last word is wrong."})
    made.refresh_from_db()
    assert made.remark == "The last word is wrong."


def test_a_ticket_of_someone_else_is_not_found(citizen: User) -> None:
    made = corrections.report(citizen, "name_en")
    stranger = Client()
    stranger.force_login(UserFactory())
    for send in (stranger.get, stranger.post):
        assert send(f"/en/account/corrections/{made.ticket}/").status_code == 404


@pytest.mark.parametrize("name", ["phone", "hkid", "no-such-field"])
def test_what_nobody_vouches_for_is_not_reported(signed_in: Client, name: str) -> None:
    assert signed_in.post(f"/en/account/corrections/new/{name}/").status_code == 404
