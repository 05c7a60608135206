"""A person's copy of their chain, with its way up to a signed checkpoint, is checked by our script without us."""

import copy as copies_of
import json
import secrets
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from django.db import IntegrityError, transaction
from django.utils import timezone

from identity.accounts.models import User
from identity.consent import checkpoints, copies, ledger, merkle, tasks
from identity.consent.errors import NoDisclosureKey
from identity.consent.models import Checkpoint
from identity.signatures import Json
from scripts.verify_disclosures import NotProven, verified
from tests.factories import UserFactory
from tests.identity.consent.lines import note

pytestmark = pytest.mark.django_db
SCRIPT = Path(__file__).resolve().parents[3] / "scripts/verify_disclosures.py"


@pytest.fixture
def person(db: None) -> User:
    return UserFactory()


@pytest.fixture
def sealed(person: User) -> Json:
    """The person's copy: two lines that are sealed among those of forty others, and one that is not."""
    for _ in range(40):
        note(UserFactory())
    note(person)
    note(person)
    checkpoints.take(timezone.now())
    note(person)
    return copy_of(person)


def copy_of(person: User, now: datetime | None = None) -> Json:
    """As it is read from the file."""
    return dict(json.loads(json.dumps(copies.copy(person, now or timezone.now()))))


def keys() -> Json:
    return checkpoints.keys().key_set()


def test_a_copy_is_proven(sealed: Json) -> None:
    assert "3 lines" in (said := verified(sealed, keys()))
    assert "2 are sealed by checkpoint 1" in said


def test_a_copy_is_proven_by_later_checkpoints_that_found_nothing_new(person: User, sealed: Json) -> None:
    checkpoints.take(timezone.now())
    checkpoints.take(timezone.now())
    assert "3 are sealed by checkpoint 3" in verified(copy_of(person), keys())


def test_a_copy_is_proven_among_chains_of_the_same_bucket(person: User, monkeypatch: pytest.MonkeyPatch) -> None:
    place = ledger.bucket(person.pk)
    monkeypatch.setattr(ledger, "bucket", lambda chain: place)
    for _ in range(5):
        note(UserFactory())
    note(person)
    checkpoints.take(timezone.now())
    verified(copy_of(person), keys())


def test_a_chain_without_a_checkpoint_is_proven_by_itself(person: User) -> None:
    note(person)
    assert "No checkpoint has sealed them yet" in verified(copy_of(person), keys())


def _drop_tail(log: Json) -> None:
    del log["entries"][1:]


def _drop_first(log: Json) -> None:
    del log["entries"][0]


def _swap(log: Json) -> None:
    log["entries"][0], log["entries"][1] = log["entries"][1], log["entries"][0]


def _change(log: Json) -> None:
    log["entries"][0]["facts"]["recipient"] = "immd"


def _move(log: Json) -> None:
    log["proof"]["path"][-1]["side"] = {"left": "right", "right": "left"}[log["proof"]["path"][-1]["side"]]


def _resign(log: Json) -> None:
    log["proof"]["checkpoint"]["payload"] += "A"


@pytest.mark.parametrize("tamper", [_drop_tail, _drop_first, _swap, _change, _move, _resign])
def test_a_copy_that_was_changed_is_not_proven(sealed: Json, tamper: Callable[[Json], None]) -> None:
    tamper(sealed)
    with pytest.raises((NotProven, InvalidSignature)):
        verified(sealed, keys())


def test_a_portal_that_forgot_lines_is_caught_by_an_earlier_copy(person: User, sealed: Json) -> None:
    later = copies_of.deepcopy(sealed)
    del later["entries"][2:]
    with pytest.raises(NotProven, match="earlier copy"):
        verified(later, keys(), sealed)


def test_an_earlier_copy_is_the_beginning_of_a_later_one(person: User, sealed: Json) -> None:
    note(person)
    assert "4 lines" in verified(copy_of(person), keys(), sealed)


def test_another_key_proves_nothing(sealed: Json, settings: Any) -> None:
    settings.FERRY_DISCLOSURE_KEYS = [secrets.token_urlsafe(32)]
    with pytest.raises(NotProven, match="no key"):
        verified(sealed, keys())


def test_of_a_hidden_line_the_copy_has_only_the_digest_and_its_content_fits_later(person: User) -> None:
    shown_at = timezone.now() + timedelta(days=30)
    note(person, visible_from=shown_at, recipient="icac")
    checkpoints.take(timezone.now())
    before = copy_of(person)
    assert "icac" not in json.dumps(before)
    assert "1 of them will be shown later" in verified(before, keys())
    assert "0 of them" in verified(copy_of(person, shown_at), keys(), before)


def test_the_script_runs_by_itself(sealed: Json, tmp_path: Path) -> None:
    (tmp_path / "log.json").write_text(json.dumps(sealed))
    (tmp_path / "keys.json").write_text(json.dumps(keys()))
    command = [sys.executable, "-I", str(SCRIPT), "log.json", "keys.json"]
    assert subprocess.run(command, cwd=tmp_path, capture_output=True, text=True).stdout.startswith("PROVEN")
    (tmp_path / "keys.json").write_text("{}")
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert (ended.returncode, ended.stderr[:10]) == (1, "NOT PROVEN")


def test_the_script_stays_short() -> None:
    assert len(SCRIPT.read_text().splitlines()) <= 100


def test_checkpoints_are_chained(db: None) -> None:
    first, second = checkpoints.take(timezone.now()), checkpoints.take(timezone.now())
    assert (first.previous, second.previous) == (checkpoints.BEFORE_THE_FIRST, checkpoints.fingerprint(first))


def test_without_a_key_nothing_is_sealed(settings: Any) -> None:
    settings.FERRY_DISCLOSURE_KEYS = []
    with pytest.raises(NoDisclosureKey):
        checkpoints.take(timezone.now())


def test_the_task_seals_a_day_once(db: None) -> None:
    tasks.take_checkpoint()
    tasks.take_checkpoint()
    assert Checkpoint.objects.count() == 1


@pytest.mark.parametrize("act", [lambda rows: rows.update(root=""), lambda rows: rows.delete()])
def test_a_checkpoint_cannot_be_altered(act: Callable[[Any], object]) -> None:
    checkpoints.take(timezone.now())
    with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
        act(Checkpoint.objects.all())


@pytest.mark.parametrize("count", [0, 1, 2, 3, 6, 7, 8, 13])
def test_every_leaf_finds_its_way_to_the_root(count: int) -> None:
    leaves = [merkle.leaf(bytes([number])) for number in range(count)]
    for place, node in enumerate(leaves):
        for step in merkle.path(leaves, place):
            node = merkle.node(step.hash, node) if step.is_left else merkle.node(node, step.hash)
        assert node == merkle.root(leaves)


def test_the_root_of_nothing_is_that_of_the_standard() -> None:
    assert merkle.root([]).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
