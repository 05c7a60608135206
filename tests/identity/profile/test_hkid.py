import threading
from datetime import date
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import IntegrityError, connection, transaction
from structlog.testing import capture_logs

from identity.accounts.models import User
from identity.profile import flows
from identity.profile.errors import AlreadyKnown, Unusable
from identity.profile.models import BlindIndex, ProfileField
from tests.factories import UserFactory

HKID, OTHER = "A123456(3)", "G123456(A)"


def keep(person: User, number: str = HKID) -> ProfileField:
    return flows.store(person, "hkid", number, source="immd", checked_on=date(2026, 1, 1))


@pytest.mark.parametrize("text", [HKID, "a123456(3)", "A1234563", " A 123456 - 3 ", "Ａ１２３４５６（３）"])
def test_a_person_is_found_by_their_number_however_it_is_written(db: None, text: str) -> None:
    person = UserFactory()
    keep(person)
    assert flows.find_by_hkid(text) == person


@pytest.mark.parametrize("text", ["A123456(4)", OTHER, "", "x" * 10_000, "%"])
def test_any_other_number_finds_nobody(db: None, text: str) -> None:
    keep(UserFactory())
    assert flows.find_by_hkid(text) is None


def test_each_search_is_in_the_security_log_without_the_number(db: None) -> None:
    officer = UserFactory()
    keep(UserFactory())
    with capture_logs() as lines:
        flows.find_by_hkid(HKID, by=officer)
        flows.find_by_hkid(OTHER)
    assert [(line["event"], line["outcome"]) for line in lines] == [
        ("hkid_searched", "found"),
        ("hkid_searched", "not_found"),
    ]
    assert lines[0]["person"] != lines[1]["person"] == "nobody"
    assert "123456" not in str(lines)


def test_a_number_belongs_to_one_person(db: None) -> None:
    keep(UserFactory())
    second = UserFactory()
    with pytest.raises(AlreadyKnown), transaction.atomic():
        keep(second)
    assert flows.read(second) == {}


def test_of_two_who_claim_a_number_at_once_one_gets_it(transactional_db: None) -> None:
    people, outcomes = [UserFactory() for _each in range(6)], []
    start = threading.Barrier(len(people))

    def claim(person: User) -> None:
        start.wait()
        try:
            keep(person)
            outcomes.append("kept")
        except AlreadyKnown:
            outcomes.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=claim, args=[person]) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["kept"] + ["refused"] * 5
    assert ProfileField.objects.count() == 1


def test_a_changed_number_is_the_only_one_that_finds_the_person(db: None) -> None:
    person = UserFactory()
    keep(person)
    keep(person, OTHER)
    assert flows.find_by_hkid(OTHER) == person
    assert flows.find_by_hkid(HKID) is None


def test_a_number_that_was_taken_back_is_free(db: None) -> None:
    person = UserFactory()
    keep(person)
    flows.forget(person, "hkid")
    assert flows.find_by_hkid(HKID) is None
    keep(UserFactory())


def test_a_wrong_check_digit_is_refused(db: None) -> None:
    with pytest.raises(Unusable):
        keep(UserFactory(), "A123456(4)")


def test_the_database_holds_no_readable_number_and_no_plain_digest(db: None) -> None:
    import hashlib

    keep(UserFactory())
    held = bytes(BlindIndex.objects.get().digest)
    assert held != hashlib.sha256(b"hkid:" + HKID.encode()).digest()
    assert HKID.encode() not in held


def test_two_rows_for_one_number_are_refused_by_the_database(db: None) -> None:
    keep(UserFactory())
    row = BlindIndex.objects.get()
    with pytest.raises(IntegrityError):
        BlindIndex.objects.create(person=UserFactory(), name="hkid", key="another", digest=row.digest)


@pytest.mark.parametrize("keys", [[], ["short"], ["!" * 43]])
def test_without_a_good_key_no_number_is_kept(db: None, settings: Any, keys: list[str]) -> None:
    settings.FERRY_INDEX_KEYS = keys
    with pytest.raises(ImproperlyConfigured), transaction.atomic():
        keep(UserFactory())
