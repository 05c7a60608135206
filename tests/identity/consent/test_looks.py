"""Every look of staff at a person's data is a line that the person reads at once, unless a rule says later."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from identity.accounts.models import User
from identity.consent import looks, news
from identity.consent.models import Disclosure, HidingRule, News
from tests.factories import UserFactory

NAMES = {"en": "Transport Department"}


def look(person: User, officer: User, **facts: Any) -> Disclosure | None:
    given: dict[str, Any] = {"recipient": "td", "purpose": "td-renew", "reference": "FRY-1", "at": timezone.now()}
    return looks.note(person=person, actor=officer, recipient_names=NAMES, purpose_names=NAMES, **{**given, **facts})


@pytest.fixture
def person(db: None) -> User:
    return UserFactory()


@pytest.fixture
def officer(db: None) -> User:
    return UserFactory()


def test_a_look_is_noted_with_the_officer(person: User, officer: User) -> None:
    look(person, officer)
    line = Disclosure.objects.of(person).visible().get()
    assert (line.kind, line.actor, line.fields) == ("officer", officer, [])


def test_the_same_look_within_an_hour_is_one(person: User, officer: User) -> None:
    now = timezone.now()
    look(person, officer, at=now)
    assert look(person, officer, at=now + timedelta(minutes=59)) is None
    assert look(person, officer, at=now + timedelta(minutes=61)) is not None


@pytest.mark.parametrize("other", [{"reference": "FRY-2"}, {"fields": ["phone"]}])
def test_another_look_within_the_hour_is_another(person: User, officer: User, other: dict[str, Any]) -> None:
    look(person, officer)
    assert look(person, officer, **other) is not None


def test_another_officer_is_another_look(person: User, officer: User) -> None:
    look(person, officer)
    assert look(person, UserFactory()) is not None


@pytest.mark.django_db(transaction=True)
def test_two_tabs_opened_at_once_are_one_look() -> None:
    person, officer = UserFactory(), UserFactory()

    def opened(_: int) -> None:
        try:
            look(person, officer)
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=8) as pool:
        list(pool.map(opened, range(8)))
    assert Disclosure.objects.count() == 1


def test_the_person_is_told_until_they_have_seen_it(person: User, officer: User) -> None:
    look(person, officer)
    look(person, officer, reference="FRY-2")
    assert News.objects.get(person=person).count == 2
    news.seen(person)
    assert News.objects.get(person=person).count == 0


# --- Later, by a rule -----------------------------------------------------------------------------
def rule(officer: User, **facts: Any) -> HidingRule:
    given: dict[str, Any] = {"days": 30, "latest_on": timezone.localdate() + timedelta(days=365)}
    return HidingRule.objects.create(
        recipient="td", purpose="td-renew", reason="An inquiry is under way.", set_by=officer, **{**given, **facts}
    )


def test_a_look_under_a_rule_is_in_the_chain_at_once_and_read_later(person: User, officer: User) -> None:
    rule(officer)
    look(person, officer)
    line = Disclosure.objects.get()
    assert (line.chain, line.ground) == (person.pk, "An inquiry is under way.")
    assert not Disclosure.objects.of(person).visible().exists()
    assert Disclosure.objects.of(person).visible(timezone.now() + timedelta(days=31)).exists()
    assert not News.objects.exists()


@pytest.mark.parametrize("other", [{"purpose": "td-other"}, {"recipient": "immd"}])
def test_a_rule_is_for_one_function_of_one_department(person: User, officer: User, other: dict[str, str]) -> None:
    rule(officer)
    look(person, officer, **other)
    assert Disclosure.objects.of(person).visible().exists()


@pytest.mark.parametrize(
    ("days", "latest_on", "expected"),
    [
        (10, date(2026, 12, 31), datetime(2026, 3, 11, 12, tzinfo=UTC)),
        (90, date(2026, 4, 1), datetime(2026, 3, 31, 16, tzinfo=UTC)),  # midnight in Hong Kong
        (90, date(2026, 2, 1), datetime(2026, 3, 1, 12, tzinfo=UTC)),
    ],
    ids=["after the days", "on the latest day", "the rule is over"],
)
def test_when_a_look_is_shown(days: int, latest_on: date, expected: datetime) -> None:
    assert (
        looks.shown_from(HidingRule(days=days, latest_on=latest_on), datetime(2026, 3, 1, 12, tzinfo=UTC)) == expected
    )
