"""A person may ask why; the department owes an answer by a date, and its share in time is counted."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from identity.accounts.models import User
from identity.consent import asking
from identity.consent.errors import AlreadyAsked, NotAnswerable, TooManyQuestions
from identity.consent.models import News, Question
from tests.factories import UserFactory
from tests.identity.consent.lines import note


@pytest.fixture
def person(db: None) -> User:
    return UserFactory()


def ask(person: User, *, ago: timedelta = timedelta(), recipient: str = "td") -> Question:
    return asking.ask(note(person, recipient=recipient), by=person, text="Why?", now=timezone.now() - ago)


def answer(question: Question, text: str = "To renew your licence.", *, after: timedelta | None = None) -> Question:
    now = timezone.now() if after is None else question.asked_at + after
    return asking.answer(question, by=UserFactory(), text=text, now=now)


@pytest.mark.parametrize(
    ("asked", "due"),
    [
        (datetime(2026, 3, 2, 2, tzinfo=UTC), datetime(2026, 3, 16, 16, tzinfo=UTC)),  # Monday to Monday, two weeks
        (datetime(2026, 3, 6, 17, tzinfo=UTC), datetime(2026, 3, 20, 16, tzinfo=UTC)),  # Saturday already in Hong Kong
        (datetime(2026, 4, 1, 2, tzinfo=UTC), datetime(2026, 4, 17, 16, tzinfo=UTC)),  # Good Friday to Easter Monday
    ],
    ids=["two weeks", "the weekend does not count", "general holidays do not count"],
)
def test_an_answer_is_due_after_ten_working_days(asked: datetime, due: datetime) -> None:
    assert asking.due_at(asked) == due


def test_a_line_is_asked_about_once(person: User) -> None:
    line = note(person)
    asking.ask(line, by=person, text="Why?", now=timezone.now())
    with pytest.raises(AlreadyAsked):
        asking.ask(line, by=person, text="Why?", now=timezone.now())


def test_nobody_waits_for_more_than_a_few_answers_at_once(person: User) -> None:
    questions = [ask(person) for _ in range(asking.MOST_OPEN)]
    with pytest.raises(TooManyQuestions):
        ask(person)
    answer(questions[0])
    ask(person)


def test_nobody_asks_more_than_a_few_times_a_day(person: User) -> None:
    for _ in range(asking.MOST_A_DAY):
        answer(ask(person))
    with pytest.raises(TooManyQuestions):
        ask(person)


@pytest.mark.django_db(transaction=True)
def test_questions_asked_at_once_keep_to_the_limit() -> None:
    person = UserFactory()
    lines = [note(person) for _ in range(12)]

    def asked(number: int) -> bool:
        try:
            asking.ask(lines[number], by=person, text="", now=timezone.now())
        except TooManyQuestions:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(max_workers=12) as pool:
        assert sum(pool.map(asked, range(12))) == asking.MOST_OPEN


def test_an_answer_is_news_for_the_person(person: User) -> None:
    answer(ask(person))
    assert (Question.objects.get().answer, News.objects.get(person=person).count) == ("To renew your licence.", 1)


def test_a_question_is_answered_once(person: User) -> None:
    question = answer(ask(person))
    with pytest.raises(NotAnswerable):
        answer(question, "Another answer.")


@pytest.mark.parametrize("text", ["", " \n", "x" * 1_001])
def test_an_answer_has_words_and_not_too_many(person: User, text: str) -> None:
    with pytest.raises(NotAnswerable):
        answer(ask(person), text)


def test_what_was_asked_and_answered_stands_encrypted(person: User) -> None:
    answer(ask(person))
    with connection.cursor() as cursor:
        cursor.execute("SELECT text, answer FROM consent_question")
        row = cursor.fetchone()
    assert all(bytes(value).startswith(b"gAAAA") for value in row or ())


def test_the_share_counts_answers_in_time_late_ones_and_those_overdue(person: User) -> None:
    long_ago = timedelta(days=60)
    answer(ask(person, ago=long_ago), after=timedelta(days=2))  # in time
    answer(ask(person, ago=long_ago), after=timedelta(days=40))  # late
    ask(person, ago=long_ago)  # overdue
    ask(person)  # not due yet
    ask(person, ago=long_ago, recipient="immd")
    assert asking.share("td", timezone.now()) == (3, 1)
    assert asking.share("td", timezone.now()).percent == "33%"


def test_a_department_that_nobody_asked_has_no_share(db: None) -> None:
    assert asking.share("td", timezone.now()) == (0, 0)
