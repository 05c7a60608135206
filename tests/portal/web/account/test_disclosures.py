"""Each person reads in plain words who has seen their data, and may ask why."""

import html
import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from identity.accounts.models import User
from identity.consent import asking, checkpoints
from identity.consent.models import News, Question
from portal.web.account import sentences
from scripts.verify_disclosures import verified
from services.gateway import flows
from services.registry.models import ServiceFunction
from tests.factories import OfficerFactory, UserFactory
from tests.identity.consent.lines import note
from tests.portal.web.doing.conftest import send

PAGE = "/en/account/disclosures/"
pytestmark = pytest.mark.django_db


def text_of(response: Any) -> str:
    return " ".join(html.unescape(response.content.decode()).split())


@pytest.fixture
def person() -> User:
    return UserFactory()


@pytest.fixture
def reader(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def test_a_call_reads_as_a_sentence_with_its_fields(signed_in: Client, function: ServiceFunction) -> None:
    call = send(signed_in, function)
    page = text_of(signed_in.get(PAGE))
    what = call.version.name_en
    assert f"{function.department.name_en} received this for “{what}” because you sent it." in page
    assert "Your name in English, Your identity card number, Mark, Months" in page
    assert f'href="/en/calls/{call.receipt}/"' in page


def test_a_call_that_was_taken_back_says_so(signed_in: Client, function: ServiceFunction) -> None:
    call = send(signed_in, function)
    flows.withdraw(call, callers=[call.caller])
    assert "You took it back before it left." in text_of(signed_in.get(PAGE))


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        ({"kind": "userinfo"}, "A site of Transport Department that you signed in to asked us for this"),
        ({"kind": "token"}, "You signed in to a site of Transport Department"),
        ({"kind": "export"}, "This was taken out in a file for “Transport Department”"),
        ({"ground": "Cap. 374, section 5"}, "On the ground of: Cap. 374, section 5"),
        ({"fields": ["phone"]}, "Phone"),
        ({"kind": "userinfo", "fields": ["birthdate", "name#zh-Hant"]}, "Your name in Chinese, Your date of birth"),
    ],
)
def test_every_kind_of_line_has_its_sentence(
    person: User, reader: Client, facts: dict[str, Any], sentence: str
) -> None:
    note(person, **facts)
    assert sentence in text_of(reader.get(PAGE))


def test_a_look_of_an_officer_names_the_department_and_not_the_officer(person: User, reader: Client) -> None:
    note(person, kind="officer", actor=OfficerFactory(first_name="Ka", last_name="Hidden"))
    page = text_of(reader.get(PAGE))
    assert "An officer of Transport Department looked at what you sent with “Transport Department”" in page
    assert "Hidden" not in page


def test_a_look_of_operations_says_so(person: User, reader: Client) -> None:
    note(person, kind="officer", actor=OfficerFactory(), recipient="operations", fields=[])
    assert "Someone of the team that runs Ferry looked at the record of your call" in text_of(reader.get(PAGE))


def test_a_line_for_somebody_else_is_read_by_both_with_the_others_name(reader: Client, person: User) -> None:
    parent = UserFactory(first_name="Yuk Lan", last_name="Wong")
    note(person, for_person=parent)
    assert "because you sent it for Yuk Lan Wong" in text_of(reader.get(PAGE))
    theirs = Client()
    theirs.force_login(parent)
    assert f"because {person} sent it for you" in text_of(theirs.get(PAGE))


@pytest.mark.parametrize(
    ("language", "sentence"), [("zh-hant", "運輸署收到了以下資料"), ("zh-hans", "運輸署收到了以下资料")]
)
def test_sentences_are_in_the_readers_language(person: User, reader: Client, language: str, sentence: str) -> None:
    note(person)
    assert sentence in text_of(reader.get(f"/{language}/account/disclosures/"))


def test_lines_of_others_are_theirs(person: User, reader: Client) -> None:
    note(UserFactory())
    assert "Your data has not been sent to anyone yet." in text_of(reader.get(PAGE))


def test_signed_out_it_asks_for_the_log_in(client: Client) -> None:
    assert client.get(PAGE)["Location"].startswith("/accounts/login/")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"recipient": "immd"}, ["Immigration"]),
        ({"kind": "export"}, ["Transport"]),
        ({"since": "2026-03-02"}, ["Transport"]),
        ({"until": "2026-03-01"}, ["Immigration"]),
        ({"since": "nonsense", "kind": "\0", "until": "9999-99-99"}, ["Immigration", "Transport"]),
        ({"recipient": "\0"}, ["Immigration", "Transport"]),
    ],
)
def test_the_list_is_narrowed(person: User, reader: Client, query: dict[str, str], expected: list[str]) -> None:
    first, second = (timezone.make_aware(datetime(2026, 3, day, 12)) for day in (1, 2))
    note(person, at=first, recipient="immd", purpose_names={"en": "Immigration"})
    note(person, at=second, kind="export", purpose_names={"en": "Transport"})
    page = text_of(reader.get(PAGE, query))
    assert [name for name in ("Immigration", "Transport") if f"“{name}”" in page] == expected


@pytest.mark.parametrize("count", [1, 8])
def test_it_takes_as_many_queries_whatever_is_in_the_log(
    person: User, reader: Client, count: int, django_assert_num_queries: Any
) -> None:
    for _ in range(count):
        note(person)
    with django_assert_num_queries(8):
        reader.get(PAGE)


def test_pages_follow_each_other(person: User, reader: Client) -> None:
    for number in range(21):
        note(person, purpose_names={"en": f"Call {number}"})
    assert "“Call 0”" in text_of(reader.get(PAGE, {"page": "2"}))


# --- Kept back ------------------------------------------------------------------------------------
def test_a_line_that_is_kept_back_is_counted_and_not_shown(person: User, reader: Client) -> None:
    note(person, visible_from=timezone.now() + timedelta(days=3), purpose_names={"en": "Inquiry"})
    page = text_of(reader.get(PAGE))
    assert "One more line is kept back for a while" in page
    assert "Inquiry" not in page


def test_a_line_that_was_kept_back_says_why(person: User, reader: Client) -> None:
    now = timezone.now()
    note(person, at=now - timedelta(days=3), visible_from=now, ground="An inquiry was under way.")
    assert "It was kept back because: An inquiry was under way." in text_of(reader.get(PAGE))


# --- Told at once ---------------------------------------------------------------------------------
def test_the_next_page_tells_that_staff_looked_until_the_log_is_read(person: User, reader: Client) -> None:
    News.objects.create(person=person, count=2)
    assert "New about your data: </span>2" in text_of(reader.get("/en/"))
    assert "There are 2 new things about your data" in text_of(reader.get("/en/account/"))
    reader.get(PAGE)
    assert "New about your data" not in text_of(reader.get("/en/"))


# --- A copy that proves itself --------------------------------------------------------------------
def test_the_copy_is_proven_by_the_published_keys(person: User, reader: Client, client: Client) -> None:
    note(person)
    checkpoints.take(timezone.now())
    keys = client.get("/.well-known/ferry-disclosure-keys.json").json()
    assert "1 are sealed by checkpoint 1" in verified(json.loads(reader.get(f"{PAGE}log.json").content), keys)


def test_the_copy_is_the_persons_own(reader: Client) -> None:
    note(UserFactory())
    assert reader.get(f"{PAGE}log.json").json()["entries"] == []


def test_anyone_may_keep_the_checkpoints(client: Client) -> None:
    for _ in range(3):
        taken = checkpoints.take(timezone.now())
    published = client.get("/.well-known/ferry-checkpoints.json").json()["checkpoints"]
    assert published[0] == checkpoints.signed(taken)
    older = client.get("/.well-known/ferry-checkpoints.json", {"before": "3"}).json()["checkpoints"]
    assert older == published[1:]


# --- Asking why -----------------------------------------------------------------------------------
def ask(reader: Client, digest: str, text: str = "What for?") -> Any:
    return reader.post(f"{PAGE}{digest}/ask/", {"text": text}, follow=True)


def test_a_question_stands_under_its_line_with_the_day_it_is_due(person: User, reader: Client) -> None:
    page = text_of(ask(reader, note(person).hash))
    assert "Your question is on its way" in page
    assert "What for?" in page
    assert "The answer is due by" in page


def test_the_answer_stands_under_its_line(person: User, reader: Client) -> None:
    ask(reader, note(person).hash)
    asking.answer(Question.objects.get(), by=OfficerFactory(), text="To renew it.", now=timezone.now())
    assert "To renew it." in text_of(reader.get(PAGE))


def test_an_overdue_answer_is_marked(person: User, reader: Client) -> None:
    asking.ask(note(person), by=person, text="", now=timezone.now() - timedelta(days=60))
    assert "The answer was due by" in text_of(reader.get(PAGE))


def test_asking_too_much_is_refused_with_the_reason(person: User, reader: Client) -> None:
    for _ in range(asking.MOST_OPEN):
        ask(reader, note(person).hash)
    answer = ask(reader, note(person).hash)
    assert (answer.status_code, "You are waiting for 5 answers" in text_of(answer)) == (409, True)


def test_a_line_of_somebody_else_cannot_be_asked_about(reader: Client) -> None:
    assert ask(reader, note(UserFactory()).hash).status_code == 404


def test_a_line_that_is_kept_back_cannot_be_asked_about(person: User, reader: Client) -> None:
    line = note(person, visible_from=timezone.now() + timedelta(days=3))
    assert ask(reader, line.hash).status_code == 404


def test_the_share_answered_in_time_is_public(client: Client, function: ServiceFunction, person: User) -> None:
    for days in (2, 40):
        asked_at = timezone.now() - timedelta(days=60)
        line = note(person, recipient=function.department.code)
        question = asking.ask(line, by=person, text="", now=asked_at)
        asking.answer(question, by=OfficerFactory(), text="So.", now=asked_at + timedelta(days=days))
    page = text_of(client.get(f"/en/departments/{function.department.code}/"))
    assert "asked 2 times why" in page
    assert "Answered in time: 50%" in page


def test_what_a_site_received_is_named_in_words() -> None:
    said = sentences.titles(["birthdate", "name#zh-Hant", "phone_number"], {})
    assert said == "Your name in Chinese, Your date of birth, Your phone number"
