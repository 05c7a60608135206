"""Departments hear that somebody signed out: every one of them, until it says that it heard."""

import threading
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import pytest
from django.test import Client as Browser
from django.utils import timezone
from joserfc import jws, jwt

from identity.accounts import open_sessions
from identity.accounts.models import User
from identity.provider import back_channel, keys, signing_out, subjects, tasks
from identity.provider.models import AccessToken, Client, LogoutDelivery, TokenFamily
from tests.factories import PASSWORD, UserFactory
from tests.identity.provider.clients import live


class Department:
    """A department's log-out address, which answers as it is told to."""

    def __init__(self) -> None:
        self.status, self.heard = 200, list[str]()
        department = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                department.heard.append(parse_qs(body)["logout_token"][0])
                self.send_response(department.status)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/logged-out"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def department() -> Iterator[Department]:
    made = Department()
    yield made
    made.server.shutdown()
    made.server.server_close()


def signed_in(client: Client, person: User, *, session: uuid.UUID, scope: str = "openid") -> TokenFamily:
    """What is left of a person's sign-in with a client."""
    now = timezone.now()
    return TokenFamily.objects.create(
        client=client, person=person, scope=scope, session=session, acr="basic", amr=["pwd"], auth_time=now,
        created_at=now, sid=subjects.sid(session, client.sector_identifier),
    )  # fmt: skip


def claims_of(token: str) -> dict[str, Any]:
    return dict(jwt.decode(token, keys.verifying(), algorithms=["RS256", "ES256"]).claims)


def later(**interval: int) -> datetime:
    return timezone.now() + timedelta(**interval)


@pytest.mark.django_db
@pytest.mark.parametrize("alg", ["RS256", "ES256"])
def test_a_department_is_told_with_a_logout_token(department: Department, alg: str) -> None:
    client = live(backchannel_logout_uri=department.url, id_token_signed_response_alg=alg)
    person, session = UserFactory(), uuid.uuid4()
    family = signed_in(client, person, session=session)
    signing_out.sessions_ended([session])
    assert back_channel.deliver(LogoutDelivery.objects.get().pk)
    (token,) = department.heard
    header = jws.extract_compact(token.encode()).headers()
    assert (header["typ"], header["alg"]) == ("logout+jwt", alg)
    told = claims_of(token)
    assert told["iss"] == "http://127.0.0.1:8000"
    assert (told["aud"], told["sid"]) == (client.client_id, family.sid)
    assert told["sub"] == subjects.sub("td", person.pk)
    assert told["events"] == {back_channel.EVENT: {}}
    assert 0 < told["exp"] - told["iat"] <= 120
    assert "nonce" not in told
    assert told["jti"]


@pytest.mark.django_db
def test_two_departments_hear_of_one_person_by_different_names(department: Department) -> None:
    person, session = UserFactory(), uuid.uuid4()
    for sector in ("td", "immd"):
        client = live(backchannel_logout_uri=department.url, department=sector, sector_identifier=sector)
        signed_in(client, person, session=session)
    signing_out.sessions_ended([session])
    for row in LogoutDelivery.objects.all():
        back_channel.deliver(row.pk)
    first, second = map(claims_of, department.heard)
    assert first["sub"] != second["sub"]
    assert first["sid"] != second["sid"]


@pytest.mark.django_db
def test_only_departments_of_this_session_are_told(department: Department) -> None:
    client = live(backchannel_logout_uri=department.url)
    signed_in(client, UserFactory(), session=uuid.uuid4())
    signing_out.sessions_ended([uuid.uuid4()])
    assert not LogoutDelivery.objects.exists()


@pytest.mark.django_db
def test_a_department_without_an_address_is_not_told_and_its_tokens_end() -> None:
    session = uuid.uuid4()
    family = signed_in(live(), UserFactory(), session=session)
    signing_out.sessions_ended([session])
    family.refresh_from_db()
    assert family.revoked_at is not None
    assert not LogoutDelivery.objects.exists()


@pytest.mark.django_db
def test_offline_access_outlives_the_session_and_not_the_person(department: Department) -> None:
    person, session = UserFactory(), uuid.uuid4()
    client = live(backchannel_logout_uri=department.url)
    family = signed_in(client, person, session=session, scope="openid offline_access")
    signing_out.sessions_ended([session])
    family.refresh_from_db()
    assert family.revoked_at is None
    signing_out.person_left(person)
    family.refresh_from_db()
    assert family.revoked_at is not None


@pytest.mark.django_db
def test_a_session_that_ends_twice_is_told_once(department: Department) -> None:
    session = uuid.uuid4()
    signed_in(live(backchannel_logout_uri=department.url), UserFactory(), session=session)
    signing_out.sessions_ended([session])
    signing_out.sessions_ended([session])
    assert LogoutDelivery.objects.count() == 1


@pytest.mark.django_db
def test_two_tabs_of_one_session_are_told_once(department: Department) -> None:
    person, session = UserFactory(), uuid.uuid4()
    client = live(backchannel_logout_uri=department.url)
    for _ in range(2):
        signed_in(client, person, session=session)
    signing_out.sessions_ended([session])
    assert LogoutDelivery.objects.count() == 1


@pytest.mark.django_db
def test_a_department_that_fails_is_told_again_later_with_another_jti(department: Department) -> None:
    session = uuid.uuid4()
    signed_in(live(backchannel_logout_uri=department.url), UserFactory(), session=session)
    signing_out.sessions_ended([session])
    row = LogoutDelivery.objects.get()
    department.status = 503
    assert not back_channel.deliver(row.pk)
    assert not back_channel.deliver(row.pk)  # not due yet
    row.refresh_from_db()
    assert (row.attempts, row.last_status, row.delivered_at) == (1, 503, None)
    assert back_channel.waiting(timezone.now()) == []
    assert back_channel.waiting(later(minutes=1)) == [row.pk]
    department.status = 204
    LogoutDelivery.objects.update(next_attempt_at=timezone.now())
    assert back_channel.deliver(row.pk)
    assert len({claims_of(token)["jti"] for token in department.heard}) == 2


@pytest.mark.django_db
def test_the_pauses_grow_up_to_an_hour() -> None:
    row = LogoutDelivery.objects.create(
        client=live(backchannel_logout_uri="https://10.0.0.1/"), sub="s", created_at=timezone.now(),
        next_attempt_at=timezone.now(),
    )  # fmt: skip
    pauses = []
    for attempts in (0, 1, 5, 20):
        LogoutDelivery.objects.update(attempts=attempts, next_attempt_at=timezone.now())
        back_channel.deliver(row.pk)
        row.refresh_from_db()
        pauses.append(round((row.next_attempt_at - timezone.now()).total_seconds()))
    assert pauses == sorted(pauses)
    assert (pauses[0] <= 10, pauses[-1]) == (True, 3600)


@pytest.mark.django_db
def test_after_a_day_it_is_given_up(department: Department) -> None:
    department.status = 400
    session = uuid.uuid4()
    signed_in(live(backchannel_logout_uri=department.url), UserFactory(), session=session)
    signing_out.sessions_ended([session])
    LogoutDelivery.objects.update(attempts=back_channel.MOST_ATTEMPTS - 1)
    back_channel.deliver(LogoutDelivery.objects.get().pk)
    row = LogoutDelivery.objects.get()
    assert row.given_up_at is not None
    assert back_channel.waiting(later(days=2)) == []


@pytest.mark.django_db
def test_an_inner_address_is_never_called() -> None:
    session = uuid.uuid4()
    signed_in(live(backchannel_logout_uri="https://169.254.169.254/out"), UserFactory(), session=session)
    signing_out.sessions_ended([session])
    row = LogoutDelivery.objects.get()
    assert not back_channel.deliver(row.pk)
    row.refresh_from_db()
    assert row.last_status is None


@pytest.mark.django_db(transaction=True)
def test_of_two_workers_only_one_tells(department: Department) -> None:
    session = uuid.uuid4()
    signed_in(live(backchannel_logout_uri=department.url), UserFactory(), session=session)
    signing_out.sessions_ended([session])
    row, results = LogoutDelivery.objects.get(), list[bool]()
    threads = [threading.Thread(target=lambda: results.append(_told(row.pk))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [False] * 5 + [True]
    assert len(department.heard) == 1


def _told(pk: uuid.UUID) -> bool:
    from django.db import connection

    try:
        return back_channel.deliver(pk)
    finally:
        connection.close()


# --- What ends a session ---------------------------------------------------------------------------------
@pytest.fixture
def person(db: None) -> User:
    made: User = UserFactory()
    return made


def browser_of(person: User) -> Browser:
    """A browser in which the person signed in by the page."""
    browser = Browser()
    answer = browser.post("/accounts/login/", {"login": person.username, "password": PASSWORD})
    assert answer.status_code == 302, answer.content
    return browser


def name_of(browser: Browser) -> uuid.UUID:
    return uuid.UUID(browser.session[open_sessions.SID])


def told() -> int:
    return LogoutDelivery.objects.count()


def test_signing_out_anywhere_tells_the_departments_of_every_session(person: User) -> None:
    client = live(backchannel_logout_uri="http://127.0.0.1:9/out")
    first, second = browser_of(person), browser_of(person)
    for browser in (first, second):
        signed_in(client, person, session=name_of(browser))
    first.post("/accounts/logout/")
    assert told() == 2


def test_a_new_password_tells_the_departments_of_the_other_sessions(person: User) -> None:
    client = live(backchannel_logout_uri="http://127.0.0.1:9/out")
    first, second = browser_of(person), browser_of(person)
    kept = signed_in(client, person, session=name_of(first))
    ended = signed_in(client, person, session=name_of(second))
    new = "another-quiet-crossing"
    answer = first.post("/accounts/password/change/", {"oldpassword": PASSWORD, "password1": new, "password2": new})
    assert answer.status_code == 302
    assert LogoutDelivery.objects.get().sid == ended.sid
    kept.refresh_from_db()
    assert kept.revoked_at is None


def test_access_tokens_of_an_ended_session_are_refused(person: User) -> None:
    session, now = uuid.uuid4(), timezone.now()
    family = signed_in(live(), person, session=session)
    AccessToken.objects.create(digest="x", family=family, scope="openid", created_at=now, expires_at=later(minutes=5))
    signing_out.sessions_ended([session])
    assert not AccessToken.objects.filter(family__revoked_at=None).exists()


def test_the_list_of_sessions_names_the_sites(person: User) -> None:
    session = uuid.uuid4()
    signed_in(live(), person, session=session)
    assert signing_out.names_of_departments([session]) == {session: ["Licence book"]}


def test_the_sweeper_rings_for_what_was_left(
    person: User, department: Department, django_capture_on_commit_callbacks: Any
) -> None:
    session = uuid.uuid4()
    signed_in(live(backchannel_logout_uri=department.url), person, session=session)
    with django_capture_on_commit_callbacks() as forgotten:  # the worker that should have rung died
        signing_out.sessions_ended([session])
    assert len(forgotten) == 1
    tasks.deliver_logout(str(back_channel.waiting(timezone.now())[0]))
    assert len(department.heard) == 1
