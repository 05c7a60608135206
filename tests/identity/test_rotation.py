import secrets
import threading
from collections.abc import Iterator
from datetime import date
from io import StringIO
from typing import Any

import pytest
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from identity import rotation
from identity.accounts.models import User
from identity.encryption import is_current
from identity.profile import flows as profile
from identity.profile.models import BlindIndex, ProfileField
from tests.factories import UserFactory

HKID = "A123456(3)"
WRITERS = 4


def keep(person: User | None = None, name: str = "hkid", value: Any = HKID) -> ProfileField:
    source = "person" if name == "phone" else "immd"
    return profile.store(person or UserFactory(), name, value, source=source, checked_on=date(2026, 1, 1))


@pytest.fixture
def new_keys(settings: Any) -> Iterator[list[str]]:
    """Called for by the settings from here on, in front of the old ones. Yields the new ones."""
    found = [Fernet.generate_key().decode(), secrets.token_urlsafe(32)]

    def introduce() -> None:
        settings.FERRY_DATA_KEYS = [found[0], *settings.FERRY_DATA_KEYS]
        settings.FERRY_INDEX_KEYS = [found[1], *settings.FERRY_INDEX_KEYS]

    introduce_later.append(introduce)
    yield found
    introduce_later.clear()


introduce_later: list[Any] = []


def rotate(*arguments: str) -> str:
    said = StringIO()
    call_command("rotate_keys", *arguments, stdout=said)
    return said.getvalue()


def test_after_rotation_the_old_keys_can_go(db: None, settings: Any, new_keys: list[str]) -> None:
    row = keep()
    introduce_later[0]()
    assert "the older ones can be removed" in rotate("--wet-run")
    settings.FERRY_DATA_KEYS, settings.FERRY_INDEX_KEYS = [new_keys[0]], [new_keys[1]]
    assert ProfileField.objects.get(pk=row.pk).value == HKID
    assert profile.find_by_hkid(HKID) == row.person


def test_without_being_told_it_writes_nothing_and_says_that_the_old_keys_are_needed(
    db: None, new_keys: list[str]
) -> None:
    row = keep()
    introduce_later[0]()
    with pytest.raises(CommandError, match="2 values still need an older key"):
        rotate()
    with connection.cursor() as cursor:
        cursor.execute("SELECT value FROM profile_profilefield WHERE id = %s", [row.pk])
        assert not is_current(bytes(cursor.fetchone()[0]))


def test_a_second_run_renews_nothing(db: None, new_keys: list[str]) -> None:
    keep()
    introduce_later[0]()
    assert "1 renewed" in rotate("--wet-run")
    assert "renewed" not in rotate("--wet-run")


def test_more_rows_than_a_batch_are_all_renewed(db: None, new_keys: list[str], monkeypatch: Any) -> None:
    monkeypatch.setattr(rotation, "BATCH", 3)
    person = UserFactory()
    for name in ("name_en", "name_zh"):
        keep(person, name, "陳大文")
    for _each in range(5):
        keep(name="phone", value="+85291234567")
    introduce_later[0]()
    assert "profile.ProfileField.value: 7 values, 7 renewed" in rotate("--wet-run")


def test_a_value_that_no_key_opens_is_told_and_the_rest_is_renewed(db: None, new_keys: list[str]) -> None:
    lost, kept = keep(name="phone", value="+85291234567"), keep()
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE profile_profilefield SET value = %s WHERE id = %s",
            [Fernet(Fernet.generate_key()).encrypt(b"1"), lost.pk],
        )
    introduce_later[0]()
    with pytest.raises(CommandError, match="1 values cannot be read"):
        rotate("--wet-run")
    assert ProfileField.objects.get(pk=kept.pk).value == HKID


def test_keys_of_the_index_that_are_gone_leave_nothing_behind(db: None, settings: Any, new_keys: list[str]) -> None:
    keep()
    introduce_later[0]()
    rotate("--wet-run")
    assert BlindIndex.objects.count() == 2
    settings.FERRY_INDEX_KEYS = [new_keys[1]]
    rotate("--wet-run")
    assert BlindIndex.objects.count() == 1


def test_second_factors_come_along(db: None, settings: Any, new_keys: list[str]) -> None:
    person = UserFactory()
    secret = get_adapter().encrypt("JBSWY3DPEHPK3PXP")
    row = Authenticator.objects.create(user=person, type="totp", data={"secret": secret, "other": "plain"})
    introduce_later[0]()
    assert "mfa.Authenticator.data: 1 values, 1 renewed" in rotate("--wet-run")
    settings.FERRY_DATA_KEYS = [new_keys[0]]
    row.refresh_from_db()
    assert get_adapter().decrypt(row.data["secret"]) == "JBSWY3DPEHPK3PXP"
    assert row.data["other"] == "plain"


@pytest.mark.django_db(transaction=True)
def test_people_write_and_read_while_keys_rotate(settings: Any, new_keys: list[str]) -> None:
    people = [UserFactory() for _each in range(WRITERS)]
    for person in people:
        keep(person, "phone", "+85290000000")
    introduce_later[0]()
    written, stop, mistakes = {person.pk: "+85290000000" for person in people}, threading.Event(), list[str]()

    def work(person: User) -> None:
        number = 0
        try:
            while not stop.is_set() or number < 5:
                number += 1
                keep(person, "phone", f"+8529{number:07}")
                written[person.pk] = f"+8529{number:07}"
                if profile.read(person)["phone"].value != written[person.pk]:
                    mistakes.append(str(person.pk))
        except Exception as error:
            mistakes.append(repr(error))
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=[person]) for person in people]
    for thread in threads:
        thread.start()
    for _run in range(5):
        rotate("--wet-run")
    stop.set()
    for thread in threads:
        thread.join()
    settings.FERRY_DATA_KEYS = [new_keys[0]]
    assert mistakes == []
    assert {person.pk: profile.read(person)["phone"].value for person in people} == written


@pytest.mark.django_db(transaction=True)
def test_a_row_that_somebody_holds_is_passed_over_and_told(new_keys: list[str]) -> None:
    row = keep()
    introduce_later[0]()
    is_held, may_go = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            ProfileField.objects.select_for_update().get(pk=row.pk)
            is_held.set()
            may_go.wait(20)
        connection.close()

    holder = threading.Thread(target=hold)
    holder.start()
    is_held.wait(20)
    column = rotation._Column("here", "profile_profilefield", "id", "value")
    assert column.renewed().stale == 1
    may_go.set()
    holder.join()
    assert column.renewed() == rotation.Count("here", seen=1, renewed=1)
