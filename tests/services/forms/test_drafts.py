"""What a person is filling in is kept, comes along when they sign in, and is forgotten in the end."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from uuid import UUID

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from services.forms import files, flows, tasks
from services.forms.models import Draft, StoredFile
from services.registry.models import FunctionVersion
from tests.factories import FunctionVersionFactory, ServiceFunctionFactory, form_for

pytestmark = pytest.mark.django_db
ALICE = "user:0b8f3a54-7a0e-4b6e-9d59-0a1f6c1f2a77"
BOB = "user:5d0e2c7a-4e2b-4f5e-8a55-3e9f3b1c8d10"
BROWSER = "session:fa11"
LONG_AGO = timezone.now() - timedelta(days=31)


def _version(spec: str = "topic:text;proof:file") -> FunctionVersion:
    return FunctionVersion.objects.get(published_for=ServiceFunctionFactory(version__form=form_for(spec)))


def _file(caller: str) -> StoredFile:
    return files.store(SimpleUploadedFile("proof.pdf", b"%PDF-1.7"), caller=caller)


def test_a_draft_is_found_again() -> None:
    version = _version()
    saved = flows.save_draft(version, {"topic": "trees"}, caller=ALICE)
    found = flows.find_draft(version, [ALICE])
    assert found is not None
    assert (found.pk, found.data) == (saved.pk, {"topic": "trees"})


def test_saving_again_keeps_the_same_draft() -> None:
    version = _version()
    first = flows.save_draft(version, {"topic": "trees"}, caller=ALICE)
    second = flows.save_draft(version, {"topic": "shrubs"}, caller=ALICE)
    assert second.pk == first.pk
    assert Draft.objects.get().data == {"topic": "shrubs"}


@pytest.mark.django_db(transaction=True)
def test_pressing_twice_at_once_begins_one_draft() -> None:
    version, together = _version(), Barrier(4)

    def press(number: int) -> UUID:
        together.wait(timeout=30)
        try:
            return flows.save_draft(version, {"topic": str(number)}, caller=ALICE).pk
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as hands:
        assert len(set(hands.map(press, range(4)))) == 1


def test_a_draft_is_its_callers_alone() -> None:
    version = _version()
    flows.save_draft(version, {"topic": "trees"}, caller=ALICE)
    assert flows.find_draft(version, [BOB]) is None
    assert flows.find_draft(version, []) is None


def test_a_draft_of_another_function_is_not_found() -> None:
    flows.save_draft(_version(), {"topic": "trees"}, caller=ALICE)
    assert flows.find_draft(_version(), [ALICE]) is None


def test_what_was_written_stands_encrypted() -> None:
    draft = flows.save_draft(_version(), {"topic": "trees"}, caller=ALICE)
    with connection.cursor() as cursor:
        cursor.execute("SELECT data FROM forms_draft WHERE id = %s", [draft.pk])
        assert b"trees" not in bytes(cursor.fetchone()[0])


def test_signing_in_brings_the_browsers_draft_and_its_files_along() -> None:
    version, proof = _version(), _file(BROWSER)
    begun = flows.save_draft(version, {"topic": "trees", "proof": str(proof.pk)}, caller=BROWSER)
    found = flows.find_draft(version, [ALICE, BROWSER])
    assert found is not None
    assert (found.pk, found.caller) == (begun.pk, ALICE)
    assert StoredFile.objects.get().caller == ALICE
    assert flows.find_draft(version, [BROWSER]) is None


def test_the_newest_of_two_drafts_wins() -> None:
    version = _version()
    older = flows.save_draft(version, {"topic": "old"}, caller=ALICE)
    Draft.objects.filter(pk=older.pk).update(updated_at=LONG_AGO)
    flows.save_draft(version, {"topic": "new"}, caller=BROWSER)
    found = flows.find_draft(version, [ALICE, BROWSER])
    assert found is not None
    assert found.data == {"topic": "new"}
    assert Draft.objects.count() == 1


def test_a_draft_of_an_earlier_version_comes_along_without_what_is_asked_no_more() -> None:
    old = _version("topic:text;shade:text")
    form = form_for("topic:text;size:int")
    new = FunctionVersion.objects.get(pk=FunctionVersionFactory(function=old.function, form=form).pk)
    begun = flows.save_draft(old, {"topic": "trees", "shade": "green"}, caller=ALICE)
    found = flows.find_draft(new, [ALICE])
    assert found is not None
    assert (found.pk, found.version, found.data) == (begun.pk, new, {"topic": "trees"})


def test_finding_a_draft_takes_one_query(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    version = _version()
    flows.save_draft(version, {"topic": "trees"}, caller=ALICE)
    with django_assert_num_queries(1):
        flows.find_draft(version, [ALICE, BROWSER])


def test_a_discarded_draft_leaves_its_files() -> None:
    version, proof = _version(), _file(ALICE)
    flows.discard(flows.save_draft(version, {"proof": str(proof.pk)}, caller=ALICE))
    assert flows.find_draft(version, [ALICE]) is None
    assert StoredFile.objects.filter(pk=proof.pk).exists()


def test_a_file_handed_over_to_a_call_cannot_be_sent_again() -> None:
    version, proof = _version(), _file(ALICE)
    flows.hand_over([proof], receipt="TD-2026-0000001")
    data = {"proof": str(proof.pk)}
    assert files.named_in(version.form, data, callers=[ALICE]) == {}
    assert list(files.named_in(version.form, data, callers=["call:TD-2026-0000001"])) == [str(proof.pk)]


def test_what_nobody_touched_for_thirty_days_is_forgotten() -> None:
    kept = flows.save_draft(_version(), {"topic": "kept"}, caller=ALICE)
    gone = flows.save_draft(_version(), {"topic": "gone"}, caller=ALICE)
    Draft.objects.filter(pk=gone.pk).update(updated_at=LONG_AGO)
    tasks.forget_drafts()
    assert list(Draft.objects.all()) == [kept]


def test_old_files_are_forgotten_unless_a_call_took_them() -> None:
    new, sent = _file(ALICE), _file(ALICE)
    _file(ALICE)
    flows.hand_over([sent], receipt="TD-2026-0000001")
    StoredFile.objects.exclude(pk=new.pk).update(created_at=LONG_AGO)
    tasks.forget_drafts()
    assert set(StoredFile.objects.all()) == {new, sent}


def test_forgetting_twice_is_harmless() -> None:
    flows.save_draft(_version(), {"topic": "kept"}, caller=ALICE)
    tasks.forget_drafts()
    tasks.forget_drafts()
    assert Draft.objects.count() == 1
