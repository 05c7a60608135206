import io
import json
import zipfile
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from identity.accounts import export
from identity.accounts.models import User
from identity.consent import flows as consents
from identity.consent.models import Disclosure
from identity.profile import exporting, flows, tasks
from identity.profile.models import DataExport
from tests.factories import UserFactory


@pytest.fixture
def person(db: None) -> User:
    made = UserFactory(username="chan")
    flows.store(made, "name_zh", "陳大文", source="immd", checked_on=date(2025, 3, 12))
    consents.give(made, recipient="td", purpose="td-site", fields=["email"])
    return made


def opened(content: bytes) -> tuple[dict[str, Any], str]:
    """The data for machines, and the page."""
    with zipfile.ZipFile(io.BytesIO(content)) as bundle:
        assert bundle.testzip() is None
        return json.loads(bundle.read("data.json")), bundle.read("data.html").decode()


def test_the_archive_holds_what_the_rooms_know_for_machines_and_for_people(person: User) -> None:
    data, page = opened(exporting.archive(person, "en", timezone.now()))
    assert data["format"] == "ferry-export/1"
    assert data["data"]["profile"][0]["value"] == "陳大文"
    assert data["data"]["account"][0]["username"] == "chan"
    assert data["data"]["consents"][0]["fields"] == ["email"]
    assert "陳大文" in page
    assert "Immigration Department" in page


def test_every_room_is_in_it(person: User) -> None:
    data, _page = opened(exporting.archive(person, "en", timezone.now()))
    assert set(data["data"]) == set(export.registry.exporters)
    assert {"profile", "calls", "drafts", "disclosures", "consents", "sign_ins", "mandates"} <= set(data["data"])


def test_the_page_is_in_the_persons_language(person: User) -> None:
    _data, page = opened(exporting.archive(person, "zh-hant", timezone.now()))
    assert '<html lang="zh-hant">' in page
    assert "我的資料" in page


def test_what_somebody_typed_is_no_html_in_it(person: User) -> None:
    flows.store(person, "name_en", "<script>alert(1)</script>", source="immd", checked_on=date(2025, 3, 12))
    _data, page = opened(exporting.archive(person, "en", timezone.now()))
    assert "<script>" not in page


def test_a_small_one_is_made_at_once_and_kept_encrypted_for_a_day(person: User) -> None:
    made = exporting.ask(person, language="en")
    assert made.made_at is not None
    assert made.until - made.asked_at == timedelta(hours=24)
    with connection.cursor() as cursor:
        cursor.execute("SELECT content FROM profile_dataexport")
        assert not bytes(cursor.fetchone()[0]).startswith(b"PK")


def test_a_large_one_waits_for_the_task(person: User, monkeypatch: Any) -> None:
    monkeypatch.setattr(exporting, "SMALL", -1)
    made = exporting.ask(person, language="en")
    assert made.made_at is None
    tasks.make_export(str(made.pk))
    assert opened(exporting.take(made, person=person))[0]["format"] == "ferry-export/1"


def test_asking_again_replaces_what_there_was(person: User) -> None:
    first, second = exporting.ask(person, language="en"), exporting.ask(person, language="en")
    assert [each.pk for each in DataExport.objects.all()] == [second.pk] != [first.pk]


def test_taking_it_is_in_the_disclosure_log(person: User) -> None:
    made = exporting.ask(person, language="en")
    exporting.take(made, person=person)
    line = Disclosure.objects.get(kind="export")
    assert (line.person, line.recipient, line.reference) == (person, "self", str(made.pk))
    assert line.recipient_names["zh-hant"] == "你自己"


def test_nobody_else_takes_it(person: User) -> None:
    made = exporting.ask(person, language="en")
    with pytest.raises(DataExport.DoesNotExist):
        exporting.take(made, person=UserFactory())
    assert not Disclosure.objects.filter(kind="export").exists()


def test_after_a_day_it_is_gone(person: User) -> None:
    made = exporting.ask(person, language="en")
    DataExport.objects.update(asked_at=timezone.now() - timedelta(days=2), until=timezone.now() - timedelta(days=1))
    assert exporting.of(person) is None
    with pytest.raises(DataExport.DoesNotExist):
        exporting.take(made, person=person)
    tasks.tidy_exports()
    assert not DataExport.objects.exists()


def test_two_exporters_of_one_name_are_refused() -> None:
    made = export.Registry()
    made.register("bookings", lambda person: [], title="Bookings")
    for name in ("bookings", "../etc"):
        with pytest.raises(ValueError, match="not a new name"):
            made.register(name, lambda person: [], title="Bookings")
