"""A test log-in at the desk: the whole code flow, shown, and nothing of it kept."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client as Browser
from django.utils import timezone

from identity.accounts.models import User
from identity.provider.models import Client, TokenFamily
from services.registry import client_trials, clients
from tests.factories import OfficerFactory, OperatorFactory, UserFactory
from tests.identity.provider.clients import words
from tests.identity.provider.party import sign_in
from tests.portal.desk.conftest import Desk, browser


@pytest.fixture
def client(desk: Desk) -> Client:
    """A draft that is complete."""
    return clients.draft(
        by=desk.officer, department=desk.department, values=words(scopes=["openid", "profile", "calls"])
    )


def signed_in(person: User) -> Browser:
    made = Browser()
    sign_in(made, person)
    return made


def address(client: Client, page: str = "try/") -> str:
    return f"/admin/clients/{client.client_id}/{page}"


def log_in(window: Browser, start: Any, action: str = "grant") -> Any:
    """From the first redirect over consent to the page of what came."""
    answer = start
    for _ in range(8):
        if answer.status_code == 200 and "handle" in (answer.context or {}):
            answer = window.post("/sso/consent", {"request": answer.context["handle"], "action": action})
        elif answer.status_code == 302:
            answer = window.get(answer["Location"].removeprefix("http://127.0.0.1:8000"))
        else:
            return answer
    raise AssertionError("led in circles")


def test_an_officer_logs_in_as_themself_and_sees_everything(desk: Desk, client: Client) -> None:
    window = signed_in(desk.officer)
    page = log_in(window, window.post(address(client)))
    run = page.context["run"]
    assert run.is_well, (run.error, run.checks)
    assert len(run.checks) == 7
    assert [step.title for step in run.steps] == [
        "Authorization request and its answer", "Token request and its answer", "The ID token: header and claims",
        "Userinfo request and its answer",
    ]  # fmt: skip
    assert "Wing Yan Lee" in page.content.decode()


def test_nothing_of_it_is_kept(desk: Desk, client: Client) -> None:
    window = signed_in(desk.officer)
    log_in(window, window.post(address(client)))
    assert list(Client.objects.all()) == [client]
    assert not TokenFamily.objects.exists()


def test_no_secret_is_shown_whole(desk: Desk, client: Client) -> None:
    window = signed_in(desk.officer)
    page = log_in(window, window.post(address(client)))
    sent = page.context["run"].steps[1]
    assert all(len(value) <= 7 for line in sent.sent.splitlines() if "secret" in line for value in [line.split('"')[3]])


def test_an_officer_whose_identity_nobody_verified_may_try_it_too(desk: Desk, client: Client) -> None:
    User.objects.filter(pk=desk.officer.pk).update(assurance="none")
    clients.save(client, {"least_acr": "plus"}, by=desk.officer)
    window = signed_in(desk.officer)
    assert log_in(window, window.post(address(client))).context["run"].is_well


def test_a_refusal_is_shown_as_what_it_is(desk: Desk, client: Client) -> None:
    window = signed_in(desk.officer)
    page = log_in(window, window.post(address(client)), "deny")
    assert not page.context["run"].is_well
    assert "access_denied" in page.content.decode()


def test_a_test_citizen_logs_in_in_another_window(desk: Desk, client: Client) -> None:
    link = desk.browser.get(address(client)).context["link"].removeprefix("http://127.0.0.1:8000")
    window = signed_in(UserFactory(first_name="Test", last_name="Citizen"))
    assert window.get(link).status_code == 200
    page = log_in(window, window.post(link))
    assert page.context["run"].is_well
    assert "Test Citizen" in page.content.decode()


def test_the_page_says_what_people_would_be_asked(desk: Desk, client: Client) -> None:
    page = desk.browser.get(address(client)).content.decode()
    for text in ("Your name", "Your date of birth", "To send forms to departments in your name", "用以顯示你的牌照。"):
        assert text in page


def test_a_forged_or_old_link_leads_nowhere(desk: Desk, client: Client) -> None:
    link = desk.browser.get(address(client)).context["link"].removeprefix("http://127.0.0.1:8000")
    assert Browser().get(f"{link[:-3]}xx/").status_code == 404


def test_a_link_of_an_officer_who_left_leads_nowhere(desk: Desk, client: Client) -> None:
    link = desk.browser.get(address(client)).context["link"].removeprefix("http://127.0.0.1:8000")
    desk.officer.memberships.all().delete()
    assert Browser().get(link).status_code == 404


def test_what_came_back_is_shown_once_and_only_where_it_began(desk: Desk, client: Client) -> None:
    assert Browser().get("/admin/clients/tried/", {"code": "x", "state": "y"}).status_code == 404
    window = signed_in(desk.officer)
    log_in(window, window.post(address(client)))
    assert window.get("/admin/clients/tried/").status_code == 404


def test_another_state_is_refused(desk: Desk, client: Client) -> None:
    window = signed_in(desk.officer)
    window.post(address(client))
    page = window.get("/admin/clients/tried/", {"code": "x", "state": "forged", "iss": "http://127.0.0.1:8000"})
    assert not page.context["run"].is_well


@pytest.mark.parametrize("role", ["stranger", "operator"])
def test_only_officers_of_the_department_try_it(desk: Desk, client: Client, role: str) -> None:
    window = browser(OfficerFactory() if role == "stranger" else OperatorFactory())
    assert window.post(address(client)).status_code in {403, 404}


def test_a_copy_is_no_client_of_the_desk(desk: Desk, client: Client) -> None:
    trial = client_trials.start(client, callback="http://127.0.0.1:8000/x", by=desk.officer)
    assert trial.client_id not in desk.browser.get("/admin/clients/").content.decode()
    assert desk.browser.get(address(trial, "")).status_code == 404


def test_a_copy_that_nobody_came_back_from_is_swept_away(desk: Desk, client: Client) -> None:
    client_trials.start(client, callback="http://127.0.0.1:8000/x", by=desk.officer)
    assert client_trials.sweep(timezone.now()) == 0
    assert client_trials.sweep(timezone.now() + timedelta(hours=2)) == 1
    assert list(Client.objects.all()) == [client]
