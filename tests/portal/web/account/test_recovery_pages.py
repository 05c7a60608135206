"""The pages of a way back in, and the counter's."""

from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Permission
from django.core import mail
from django.test import Client

from identity.accounts.models import Recovery, User
from identity.statements import clock
from tests.factories import OfficerFactory, UserFactory

NEW = {"password1": "calm-water-9", "password2": "calm-water-9"}


@pytest.fixture
def person(db: None) -> User:
    made = UserFactory(username="chan", email="chan@example.hk")
    EmailAddress.objects.create(user=made, email=made.email, verified=True, primary=True)
    Authenticator.objects.create(user=made, type="totp", data={"secret": "x"})
    return made


@pytest.fixture
def counter(db: None) -> Client:
    officer = OfficerFactory()
    officer.user_permissions.add(Permission.objects.get(codename="issue_recovery_slip"))
    client = Client()
    client.force_login(officer)
    return client


def link(client: Client, person: User) -> str:
    client.post("/en/recovery/", {"email": person.email})
    body = str(mail.outbox[0].body)
    return "/en/recovery/link/" + body.partition("/recovery/link/")[2].partition("\n")[0].strip()


def issue(counter: Client, name: str = "chan", **other: str) -> Any:
    form = {"name": name, "document": "hkid", "reference": "TD/26/118", "is_compared": "on", **other}
    return counter.post("/admin/recovery-slip/", form)


def test_before_the_end_of_the_wait_the_link_says_when(client: Client, person: User) -> None:
    page = client.get(link(client, person)).text
    assert "This link works from" in page
    assert "password1" not in page


def test_after_it_the_person_is_in_with_a_new_password_and_no_old_factor(client: Client, person: User) -> None:
    address = link(client, person)
    Recovery.objects.update(valid_from=clock() - timedelta(seconds=1))
    assert client.post(address, NEW)["Location"] == "/en/account/security/?recovered"
    assert client.session["_auth_user_id"] == str(person.pk)
    assert client.get(address).status_code == 410


def test_a_post_before_the_end_of_the_wait_changes_nothing(client: Client, person: User) -> None:
    client.post(link(client, person), NEW)
    assert "_auth_user_id" not in client.session
    assert Authenticator.objects.filter(user=person).exists()


def test_whoever_reads_the_mail_can_stop_it(client: Client, person: User) -> None:
    address = link(client, person)
    assert "It is stopped" in client.post(f"{address}stop/").text
    assert Recovery.objects.get().cancelled_at


def test_the_person_sees_it_on_their_page_and_can_stop_it(client: Client, person: User) -> None:
    link(Client(), person)
    client.force_login(person)
    assert "Somebody is getting back into your account" in client.get("/en/account/security/").text
    client.post(f"/en/account/security/recovery/{Recovery.objects.get().pk}/stop/")
    assert "Somebody is getting back" not in client.get("/en/account/security/").text


def test_nobody_stops_another_persons(client: Client, person: User) -> None:
    link(Client(), person)
    client.force_login(UserFactory())
    address = f"/en/account/security/recovery/{Recovery.objects.get().pk}/stop/"
    assert client.post(address).status_code == 404


def test_an_officer_issues_a_slip_and_the_person_gets_in(counter: Client, client: Client, person: User) -> None:
    letters = issue(counter).context["letters"]
    answer = client.post("/en/recovery/slip/", {"slip": letters.lower(), **NEW})
    assert answer["Location"] == "/en/account/security/?recovered"
    assert client.session["_auth_user_id"] == str(person.pk)


def test_other_devices_are_signed_out(counter: Client, client: Client, person: User) -> None:
    elsewhere = Client()
    elsewhere.force_login(person)
    elsewhere.get("/en/account/")
    client.post("/en/recovery/slip/", {"slip": issue(counter).context["letters"], **NEW})
    assert elsewhere.get("/en/account/").status_code == 302


def test_wrong_letters_are_explained(client: Client, db: None) -> None:
    assert "We do not know these letters" in client.post("/en/recovery/slip/", {"slip": "BCDF", **NEW}).text


def test_an_empty_slip_is_asked_for_in_our_own_words(client: Client, db: None) -> None:
    assert (
        "Type in the letters that stand on your slip."
        in client.post("/en/recovery/slip/", {"slip": ""}).content.decode()
    )


def test_a_link_that_nobody_knows_speaks_of_the_email(client: Client, db: None) -> None:
    answer = client.get("/en/recovery/link/nonsense/")
    assert answer.status_code == 410
    assert "We do not know this link. Open it from the email once more" in answer.content.decode()


def test_a_weak_or_mistyped_password_costs_no_slip(counter: Client, client: Client, person: User) -> None:
    letters = issue(counter).context["letters"]
    weak = client.post("/en/recovery/slip/", {"slip": letters, "password1": "short", "password2": "short"})
    other = client.post("/en/recovery/slip/", {"slip": letters, **NEW, "password2": "calm-water-8"})
    assert "Use at least 10 characters" in weak.text
    assert "The two passwords are not the same" in other.text
    assert Recovery.objects.get().used_at is None


@pytest.mark.parametrize("missing", ["reference", "is_compared", "document"])
def test_no_slip_without_saying_what_was_checked(counter: Client, person: User, missing: str) -> None:
    assert issue(counter, **{missing: ""}).status_code == 422
    assert not Recovery.objects.exists()


def test_an_officer_without_the_permission_has_no_such_page(client: Client, person: User) -> None:
    client.force_login(OfficerFactory())
    assert client.get("/admin/recovery-slip/").status_code == 403
    assert issue(client).status_code == 403


def test_a_colleagues_account_is_not_opened(counter: Client) -> None:
    OfficerFactory(username="colleague")
    assert issue(counter, "colleague").status_code == 422
    assert not Recovery.objects.exists()
