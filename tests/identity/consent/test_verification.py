"""Whoever changes the disclosure log behind our back is found, and the rows are named."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from identity.accounts.models import User
from identity.consent import checkpoints, verification
from identity.consent.models import Disclosure
from tests.factories import UserFactory
from tests.identity.consent.lines import note

pytestmark = pytest.mark.django_db
TABLES = ("consent_disclosure", "consent_chain", "consent_checkpoint", "consent_seal")


@pytest.fixture
def person(db: None) -> User:
    return UserFactory()


@pytest.fixture
def tamper() -> Callable[..., None]:
    """SQL of someone who may do everything: the triggers do not stop it."""

    def run(statement: str, *values: int | str) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            for table in TABLES:
                cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            cursor.execute(statement, values)

    return run


def seal(*, days_ago: float = 0) -> None:
    checkpoints.take(timezone.now() - timedelta(days=days_ago))


def test_a_log_as_it_was_written_has_no_problems(person: User) -> None:
    note(person, at=timezone.now() - timedelta(days=2))
    note(None, at=timezone.now() - timedelta(days=2))
    seal(days_ago=1)
    note(person)
    seal()
    note(UserFactory())
    assert list(verification.problems()) == []


@pytest.mark.parametrize(
    "change",
    [
        "recipient = 'immd'",
        "fields = '{}'",
        "at = at - interval '1 second'",
        "person_id = NULL",
        'recipient_names = \'{"en": "Nobody"}\'',
        "visible_from = visible_from + interval '1 day'",
        "reference = 'FRY-2'",
        "hash = digest",
        "digest = hash",
    ],
)
def test_a_changed_line_is_found(person: User, tamper: Callable[..., None], change: str) -> None:
    line = note(person)
    note(person)
    tamper(f"UPDATE consent_disclosure SET {change} WHERE id = %s", line.pk)  # noqa: S608 (written above)
    assert any(f"row {line.pk} " in problem for problem in verification.problems())


def test_a_line_changed_with_a_digest_and_hash_that_fit_is_found(person: User, tamper: Callable[..., None]) -> None:
    line, after = note(person), note(person)
    forged = "UPDATE consent_disclosure SET digest = repeat('0', 64), hash = consent_link(repeat('0', 64), previous, 1)"
    tamper(f"{forged} WHERE id = %s", line.pk)
    assert any(f"row {after.pk} " in problem and "does not follow" in problem for problem in verification.problems())


def test_a_removed_line_is_found(person: User, tamper: Callable[..., None]) -> None:
    note(person)
    line, after = note(person), note(person)
    tamper("DELETE FROM consent_disclosure WHERE id = %s", line.pk)
    assert [f"row {after.pk} (chain {person.pk}, number 3): follows number 1, so that lines are missing"] == list(
        verification.problems()
    )


def test_reordered_lines_are_found(person: User, tamper: Callable[..., None]) -> None:
    first, second = note(person), note(person)
    tamper("UPDATE consent_disclosure SET sequence = 3 WHERE id = %s", first.pk)
    tamper("UPDATE consent_disclosure SET sequence = 1 WHERE id = %s", second.pk)
    tamper("UPDATE consent_disclosure SET sequence = 2 WHERE id = %s", first.pk)
    found = "\n".join(verification.problems())
    assert f"row {first.pk} " in found
    assert f"row {second.pk} " in found


def test_a_line_appended_in_the_past_is_found(person: User) -> None:
    note(person)
    seal()
    line = note(person, at=timezone.now() - timedelta(days=1))
    (problem,) = verification.problems()
    assert f"row {line.pk} " in problem
    assert "dated before checkpoint 1" in problem


def test_a_line_appended_in_the_past_and_sealed_since_is_found(person: User) -> None:
    seal(days_ago=2)
    seal(days_ago=1)
    line = note(person, at=timezone.now() - timedelta(days=1.5))
    seal()
    (problem,) = verification.problems()
    assert f"row {line.pk} " in problem


def test_a_tail_that_was_cut_off_is_found(person: User, tamper: Callable[..., None]) -> None:
    note(person)
    tamper("DELETE FROM consent_disclosure WHERE id = %s", note(person).pk)
    (problem,) = verification.problems()
    assert f"chain {person.pk}: its last line is number 1" in problem


def test_a_tail_that_was_cut_off_with_its_end_set_back_is_found_by_the_checkpoint(
    person: User, tamper: Callable[..., None]
) -> None:
    first = note(person)
    line = note(person)
    seal()
    tamper("DELETE FROM consent_disclosure WHERE id = %s", line.pk)
    tamper("UPDATE consent_chain SET sequence = 1, head = %s", first.hash)
    (problem,) = verification.problems()
    assert problem == f"chain {person.pk}: line number 2 is not the one that checkpoint 1 sealed"


def test_a_whole_chain_that_is_gone_is_found(person: User, tamper: Callable[..., None]) -> None:
    note(person)
    tamper("DELETE FROM consent_disclosure")
    (problem,) = verification.problems()
    assert f"chain {person.pk}" in problem


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE consent_seal SET head = repeat('0', 64)",
        "UPDATE consent_seal SET sequence = 9",
        "DELETE FROM consent_seal",
        "UPDATE consent_checkpoint SET root = repeat('0', 64) WHERE number = 1",
        "UPDATE consent_checkpoint SET at = at - interval '1 day' WHERE number = 1",
        "UPDATE consent_checkpoint SET signature = reverse(signature) WHERE number = 1",
        "UPDATE consent_checkpoint SET payload = replace(payload, 'e', 'f') WHERE number = 1",
        "UPDATE consent_checkpoint SET entries = 7 WHERE number = 1",
        "DELETE FROM consent_seal; DELETE FROM consent_checkpoint WHERE number = 1",
        "UPDATE consent_seal SET checkpoint_id = 2; DELETE FROM consent_checkpoint WHERE number = 1",
    ],
)
def test_a_tampered_checkpoint_is_found(person: User, tamper: Callable[..., None], statement: str) -> None:
    note(person)
    seal()
    seal()
    tamper(statement)
    assert list(verification.problems())


def test_lines_rewritten_with_all_their_seals_are_found_by_the_signature(
    person: User, tamper: Callable[..., None]
) -> None:
    note(person)
    seal()
    tamper("DELETE FROM consent_seal")
    tamper("DELETE FROM consent_disclosure")
    tamper("DELETE FROM consent_chain")
    assert list(verification.problems()) == ["checkpoint 1: its root is not that of the seals"]


def test_the_command_ends_with_an_error_that_names_the_rows(
    person: User, tamper: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    line = note(person)
    tamper("UPDATE consent_disclosure SET recipient = 'immd'")
    with pytest.raises(CommandError, match="problems found: 1"):
        call_command("verify_disclosures")
    assert f"row {line.pk} " in capsys.readouterr().out


def test_the_command_says_how_much_it_checked(person: User, capsys: pytest.CaptureFixture[str]) -> None:
    note(person)
    seal()
    call_command("verify_disclosures")
    assert "1 lines, 1 checkpoints" in capsys.readouterr().out
    assert Disclosure.objects.count() == 1
