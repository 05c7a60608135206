"""Where a person is signed in, how they signed in before, and "this was not me"."""

import html
import re
from datetime import timedelta
from typing import Any

import pytest
from allauth.usersessions.models import UserSession
from django.core import mail
from django.db import DatabaseError, transaction
from django.test import Client
from django.utils import timezone

from identity.accounts import open_sessions, sign_ins, tasks
from identity.accounts.models import DeviceNotice, SignIn, User
from tests.factories import UserFactory
from tests.identity.accounts.signing_in import PHONE, sign_in

pytestmark = pytest.mark.django_db
DEVICES, HISTORY = "/en/account/devices/", "/en/account/devices/history/"


@pytest.fixture
def person() -> User:
    return UserFactory(username="chan")


def text_of(response: Any) -> str:
    return html.unescape(response.content.decode())


def link_of_mail() -> str:
    found = re.search(r"http://[^/]+(/\S+/not-me/\S+)", str(mail.outbox[-1].body))
    assert found
    return found[1]


def on_phone(person: User) -> Client:
    return sign_in(person, agent=PHONE, address="198.51.100.7")


def test_each_device_is_named_with_its_last_use_and_its_network(person: User) -> None:
    sign_in(person)
    page = text_of(on_phone(person).get(DEVICES))
    assert "Chrome on Android" in page
    assert "Edge on Windows" in page
    assert page.count("last used") == 2
    assert "network 203.0.…" in page
    assert "203.0.113" not in page


def test_this_device_is_marked_and_has_no_button(person: User) -> None:
    page = text_of(on_phone(person).get(DEVICES))
    assert page.count("this device") == 1
    assert 'name="session"' not in page


def test_one_device_is_signed_out_and_the_others_stay(person: User) -> None:
    desktop, phone, tablet = sign_in(person), on_phone(person), sign_in(person)
    row = UserSession.objects.get(session_key=desktop.cookies["ferry_session"].value)
    phone.post(f"{DEVICES}sign-out/", {"session": row.pk})
    assert [client.get(DEVICES).status_code for client in (desktop, phone, tablet)] == [302, 200, 200]


def test_all_others_are_signed_out_at_once(person: User) -> None:
    desktop, phone, tablet = sign_in(person), on_phone(person), sign_in(person)
    phone.post(f"{DEVICES}sign-out/", {"session": "others"})
    assert [client.get(DEVICES).status_code for client in (desktop, phone, tablet)] == [302, 200, 302]


def test_nobody_signs_somebody_else_out(person: User) -> None:
    other, mine = sign_in(UserFactory()), on_phone(person)
    row = UserSession.objects.get(session_key=other.cookies["ferry_session"].value)
    mine.post(f"{DEVICES}sign-out/", {"session": row.pk})
    assert other.get(DEVICES).status_code == 200


@pytest.mark.parametrize("named", ["", "x", "-1", "٣", "9" * 40])
def test_an_odd_session_is_no_error(person: User, named: str) -> None:
    assert on_phone(person).post(f"{DEVICES}sign-out/", {"session": named}).status_code == 302


def test_departments_are_named_and_hear_of_the_end(person: User, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[Any] = []
    monkeypatch.setattr(open_sessions, "DEPARTMENTS", [lambda names: {key: ["Transport Department"] for key in names}])
    monkeypatch.setattr(open_sessions, "WHEN_ENDED", [heard.extend])
    desktop, phone = sign_in(person), on_phone(person)
    assert "Transport Department" in text_of(phone.get(DEVICES))
    phone.post(f"{DEVICES}sign-out/", {"session": "others"})
    assert [str(name) for name in heard] == [str(SignIn.objects.earliest("at").pk)]
    assert desktop.get(DEVICES).status_code == 302


def test_signing_out_ends_the_sessions_everywhere(person: User) -> None:
    desktop, phone = sign_in(person), on_phone(person)
    phone.post("/accounts/logout/")
    assert desktop.get(DEVICES).status_code == 302
    assert not UserSession.objects.exists()


def test_the_history_has_what_succeeded_and_what_did_not(person: User) -> None:
    Client(headers={"User-Agent": PHONE}).post("/accounts/login/", {"login": "chan", "password": "wrong"})
    page = text_of(sign_in(person).get(HISTORY))
    assert "Did not succeed" in page
    assert "Signed in" in page
    assert "password" in page


def test_a_wrong_name_is_in_nobodys_history_and_soon_forgotten(person: User) -> None:
    Client().post("/accounts/login/", {"login": "nobody-at-all", "password": "wrong"})
    assert SignIn.objects.get().person is None
    sign_ins.forget(now=timezone.now() + timedelta(days=1, minutes=1))
    assert not SignIn.objects.exists()


def test_a_history_is_ones_own(person: User) -> None:
    sign_in(person)
    assert "Edge on Windows" not in text_of(sign_in(UserFactory(), agent=PHONE).get(HISTORY))


def test_the_history_cannot_be_changed_even_in_the_database(person: User) -> None:
    sign_in(person)
    with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
        SignIn.objects.update(outcome="failed")


def test_the_history_is_kept_for_a_year(person: User) -> None:
    sign_in(person)
    sign_ins.forget(now=timezone.now() + timedelta(days=364))
    assert SignIn.objects.exists()
    sign_ins.forget(now=timezone.now() + timedelta(days=366))
    assert not SignIn.objects.exists()


def test_the_first_sign_in_of_all_is_no_news(person: User) -> None:
    sign_in(person)
    assert not DeviceNotice.objects.exists()


def test_a_device_that_is_known_is_no_news(person: User) -> None:
    desktop = sign_in(person)
    sign_in(person, desktop)
    assert not DeviceNotice.objects.exists()


def test_a_new_device_is_told_by_mail_once_and_in_the_persons_language(person: User) -> None:
    sign_in(person)
    User.objects.filter(pk=person.pk).update(language="zh-hant")
    on_phone(person)
    tasks.tell_of_new_devices()
    tasks.tell_of_new_devices()
    (sent,) = mail.outbox
    assert sent.to == [person.email]
    assert "/zh-hant/account/not-me/" in str(sent.body)


def test_a_new_device_is_told_on_the_next_page_of_the_known_one_only(person: User) -> None:
    desktop = sign_in(person)
    phone = on_phone(person)
    assert "Was it you?" in text_of(desktop.get("/en/account/"))
    assert "Was it you?" not in text_of(phone.get("/en/account/"))


def test_it_was_me_ends_the_notice(person: User) -> None:
    desktop, phone = sign_in(person), on_phone(person)
    notice = DeviceNotice.objects.get()
    desktop.post(f"{DEVICES}notice/{notice.pk}/", {"answer": "mine"})
    assert "Was it you?" not in text_of(desktop.get("/en/account/"))
    assert phone.get(DEVICES).status_code == 200


def test_this_was_not_me_signs_the_device_out_and_leads_to_a_new_password(person: User) -> None:
    desktop, stranger = sign_in(person), on_phone(person)
    notice = DeviceNotice.objects.get()
    page = text_of(desktop.post(f"{DEVICES}notice/{notice.pk}/", {"answer": "not_mine"}))
    assert "/accounts/password/change/" in page
    assert stranger.get(DEVICES).status_code == 302
    assert desktop.get(DEVICES).status_code == 200


def test_a_notice_is_of_ones_own_sign_ins_only(person: User) -> None:
    sign_in(person)
    on_phone(person)
    other = sign_in(UserFactory())
    assert other.get(f"{DEVICES}notice/{DeviceNotice.objects.get().pk}/").status_code == 404


def test_the_link_of_the_mail_works_without_signing_in_and_only_when_pressed(person: User) -> None:
    sign_in(person)
    stranger = on_phone(person)
    tasks.tell_of_new_devices()
    assert "Was it you?" in text_of(Client().get(link_of_mail()))
    assert stranger.get(DEVICES).status_code == 200
    page = text_of(Client().post(link_of_mail(), {"answer": "not_mine"}))
    assert "/accounts/password/reset/" in page
    assert stranger.get(DEVICES).status_code == 302


def test_it_finds_the_strangers_session_though_its_key_has_changed(person: User) -> None:
    sign_in(person)
    stranger = on_phone(person)
    new = {"oldpassword": "a-quiet-crossing", "password1": "calm-water-9", "password2": "calm-water-9"}
    stranger.post("/accounts/reauthenticate/", {"password": "a-quiet-crossing"})
    stranger.post("/accounts/password/change/", new)
    tasks.tell_of_new_devices()
    Client().post(link_of_mail(), {"answer": "not_mine"})
    assert stranger.get(DEVICES).status_code == 302


@pytest.mark.parametrize("token", ["forged", "x:y:z", "a" * 500])
def test_a_forged_link_is_refused_and_helps(client: Client, token: str) -> None:
    answer = client.get(f"/en/account/not-me/{token}/")
    assert answer.status_code == 410
    assert "This link does not work any more" in text_of(answer)
