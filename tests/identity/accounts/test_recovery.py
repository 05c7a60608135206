"""Back in without the old telephone: after a wait that can be stopped, or with a slip from a counter, once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.core import context
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import AnonymousUser, Permission
from django.core import mail
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection
from django.http import HttpRequest
from django.test import RequestFactory
from structlog.testing import capture_logs

from identity.accounts import attempts, recovery
from identity.accounts.models import Recovery, User
from identity.accounts.sessions import SessionStore
from identity.statements import clock
from tests.factories import OfficerFactory, UserFactory

NEW = "calm-water-9"


def anonymous() -> HttpRequest:
    request = RequestFactory().post("/")
    request.user, request.session = AnonymousUser(), SessionStore()
    return request


@pytest.fixture
def request_(db: None) -> Any:
    request = anonymous()
    with context.request_context(request):
        yield request


@pytest.fixture
def person(db: None) -> User:
    made = UserFactory(email="chan@example.hk")
    EmailAddress.objects.create(user=made, email=made.email, verified=True, primary=True)
    EmailAddress.objects.create(user=made, email="second@example.hk", verified=True)
    Authenticator.objects.create(user=made, type="totp", data={"secret": "x"})
    return made


@pytest.fixture
def officer(db: None) -> User:
    made = OfficerFactory()
    made.user_permissions.add(Permission.objects.get(codename="issue_recovery_slip"))
    return made


def issue(request: HttpRequest, person: User, officer: User) -> str:
    return recovery.issue_slip(request, person, officer=officer, document="hkid", reference="TD/26/118")


def secret_of_the_mail() -> str:
    body = next(str(message.body) for message in mail.outbox if message.to == ["chan@example.hk"])
    return body.partition("/recovery/link/")[2].partition("/")[0]


def end_the_wait() -> None:
    Recovery.objects.update(valid_from=clock() - timedelta(seconds=1))


def reason(act: Callable[[], object]) -> str:
    with capture_logs() as lines, pytest.raises(recovery.Refused) as refused:
        act()
    assert [line["reason"] for line in lines if line["event"] == "recovery_refused"] == [refused.value.reason]
    return refused.value.reason


def test_the_wait_begins_and_every_address_is_told(request_: HttpRequest, person: User, settings: Any) -> None:
    settings.RECOVERY_WAIT_HOURS = 72
    recovery.ask_by_email(request_, "Chan@example.hk")
    assert sorted(message.to[0] for message in mail.outbox) == ["chan@example.hk", "second@example.hk"]
    assert secret_of_the_mail() not in next(str(m.body) for m in mail.outbox if m.to == ["second@example.hk"])
    begun = Recovery.objects.get(person=person)
    assert begun.valid_from - begun.created_at == timedelta(hours=72)


def test_before_the_end_of_the_wait_the_link_opens_nothing(request_: HttpRequest, person: User) -> None:
    recovery.ask_by_email(request_, person.email)
    secret = secret_of_the_mail()
    assert reason(lambda: recovery.redeem(request_, secret, password=NEW)) == "early"


def test_after_it_the_link_takes_the_factors_and_sets_a_password(request_: HttpRequest, person: User) -> None:
    recovery.ask_by_email(request_, person.email)
    secret = secret_of_the_mail()
    end_the_wait()
    assert recovery.redeem(request_, secret, password=NEW) == person
    person.refresh_from_db()
    assert person.check_password(NEW)
    assert not Authenticator.objects.filter(user=person).exists()
    assert reason(lambda: recovery.redeem(request_, secret, password=NEW)) == "used"


def test_who_asks_again_gets_a_new_link_and_no_new_wait(request_: HttpRequest, person: User) -> None:
    recovery.ask_by_email(request_, person.email)
    first, begins = secret_of_the_mail(), Recovery.objects.get().valid_from
    mail.outbox.clear()
    recovery.ask_by_email(request_, person.email)
    assert Recovery.objects.get().valid_from == begins
    end_the_wait()
    assert reason(lambda: recovery.redeem(request_, first, password=NEW)) == "unknown"
    assert recovery.redeem(request_, secret_of_the_mail(), password=NEW) == person


def test_a_wait_that_was_stopped_opens_nothing(request_: HttpRequest, person: User) -> None:
    recovery.ask_by_email(request_, person.email)
    recovery.cancel(recovery.open_of(person)[0])
    end_the_wait()
    assert reason(lambda: recovery.redeem(request_, secret_of_the_mail(), password=NEW)) == "cancelled"
    assert recovery.open_of(person) == []


def test_an_address_typed_but_never_verified_begins_no_wait(request_: HttpRequest, person: User) -> None:
    EmailAddress.objects.create(user=person, email="typed@example.hk", verified=False)
    recovery.ask_by_email(request_, "typed@example.hk")
    assert not Recovery.objects.exists()
    assert mail.outbox[0].subject == "There is no account for this address"


def test_one_address_is_not_flooded(request_: HttpRequest, person: User) -> None:
    for _ in range(6):
        recovery.ask_by_email(request_, "nobody@example.hk")
    assert len(mail.outbox) == recovery.ASKING.free + 1


def test_a_slip_opens_the_account_the_same_day(request_: HttpRequest, person: User, officer: User) -> None:
    letters = issue(request_, person, officer)
    assert recovery.redeem(request_, recovery.plain(letters.lower().replace("-", " ")), password=NEW) == person
    assert Recovery.objects.get().issued_by == officer
    assert mail.outbox[0].subject == "A recovery slip was issued for your account"


def test_a_slip_runs_out_after_a_day(request_: HttpRequest, person: User, officer: User) -> None:
    letters = recovery.plain(issue(request_, person, officer))
    Recovery.objects.update(valid_from=clock() - timedelta(hours=25), valid_until=clock())
    assert reason(lambda: recovery.redeem(request_, letters, password=NEW)) == "expired"


def test_a_new_slip_ends_the_one_before(request_: HttpRequest, person: User, officer: User) -> None:
    first = recovery.plain(issue(request_, person, officer))
    issue(request_, person, officer)
    assert reason(lambda: recovery.redeem(request_, first, password=NEW)) == "cancelled"


def test_only_an_officer_with_the_permission_issues_one(request_: HttpRequest, person: User) -> None:
    with pytest.raises(PermissionDenied):
        issue(request_, person, OfficerFactory())


def test_no_officer_issues_one_for_themselves_or_a_colleague(request_: HttpRequest, officer: User) -> None:
    for staff in (officer, OfficerFactory()):
        with pytest.raises(PermissionDenied):
            issue(request_, staff, officer)


def test_guessing_letters_is_slowed(request_: HttpRequest) -> None:
    for number in range(recovery.TYPING.free + 1):
        with pytest.raises(recovery.Refused):
            recovery.redeem(request_, f"GUESS{number}", password=NEW)
    with pytest.raises(attempts.Locked):
        recovery.redeem(request_, "GUESS", password=NEW)


def test_the_letters_are_nowhere_in_the_database(request_: HttpRequest, person: User, officer: User) -> None:
    letters = issue(request_, person, officer)
    assert recovery.plain(letters) not in str(Recovery.objects.values().get())


def test_a_slip_without_a_reference_is_refused_by_the_database(person: User, officer: User) -> None:
    now = clock()
    with pytest.raises(IntegrityError, match="recovery_slip_says_who_checked_what"):
        Recovery.objects.create(
            person=person, kind="counter", secret_digest="x", created_at=now, valid_from=now,
            valid_until=now + timedelta(hours=1), issued_by=officer, document="hkid",
        )  # fmt: skip


def test_of_many_redemptions_at_once_one_counts(transactional_db: None) -> None:
    person, officer = UserFactory(), OfficerFactory()
    officer.user_permissions.add(Permission.objects.get(codename="issue_recovery_slip"))
    request = anonymous()
    with context.request_context(request):
        letters = recovery.plain(issue(request, person, officer))

    def one(_: int) -> bool:
        try:
            with context.request_context(request):
                recovery.redeem(request, letters, password=NEW)
        except recovery.Refused:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(one, range(8))) == 1
