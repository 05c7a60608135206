"""Asking why: a person's question about a line of their log, and the department's answer by a date."""

from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple

import holidays
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Count, F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from identity.accounts.models import User
from identity.consent import news
from identity.consent.errors import AlreadyAsked, NotAnswerable, TooManyQuestions
from identity.consent.models import Disclosure, Question

MOST_OPEN = 5  # questions of one person that wait for an answer
MOST_A_DAY = 10
LONGEST = 1_000  # characters, of a question and of an answer
YEAR = timedelta(days=365)


class Share(NamedTuple):
    """Of the questions that were answered or due within a year: how many, and how many were answered in time."""

    asked: int
    in_time: int

    @property
    def percent(self) -> str:
        """With its sign; rounded down, so that 100% means all."""
        return f"{self.in_time * 100 // self.asked if self.asked else 0}%"


def ask(line: Disclosure, *, by: User, text: str, now: datetime) -> Question:
    """Put the question to whoever got the data or looked at it. Raises AlreadyAsked or TooManyQuestions.

    The caller has made sure that the line is the person's own and visible.
    """
    try:
        with transaction.atomic():
            User.objects.select_for_update(no_key=True, of=("self",)).get(pk=by.pk)  # one at a time for each person
            own = Question.objects.filter(person=by)
            if own.filter(disclosure=line).exists():
                raise AlreadyAsked(_("You have asked about this already: see the line in your list."))
            if own.open().count() >= MOST_OPEN:
                raise TooManyQuestions(
                    _("You are waiting for %(count)s answers. Please ask again once one of them is there.")
                    % {"count": MOST_OPEN}
                )
            if own.filter(asked_at__gt=now - timedelta(days=1)).count() >= MOST_A_DAY:
                raise TooManyQuestions(_("You have asked a lot today. Please come back tomorrow."))
            return Question.objects.create(
                disclosure=line, person=by, recipient=line.recipient, text=text.strip()[:LONGEST], asked_at=now,
                due_at=due_at(now),
            )  # fmt: skip
    except IntegrityError as error:
        raise AlreadyAsked(_("You have asked about this already: see the line in your list.")) from error


@transaction.atomic
def answer(question: Question, *, by: User, text: str, now: datetime) -> Question:
    """Give the answer that the person reads under the line. Raises NotAnswerable if somebody was quicker."""
    text = text.strip()
    if not text or len(text) > LONGEST:
        raise NotAnswerable(
            _("Write the answer in the person's words, in at most %(count)s characters.") % {"count": LONGEST}
        )
    question = Question.objects.select_for_update(of=("self",)).select_related("person").get(pk=question.pk)
    if question.answered_at is not None:
        raise NotAnswerable(_("It has been answered already."))
    question.answer, question.answered_at, question.answered_by = text, now, by
    question.save(update_fields=["answer", "answered_at", "answered_by"])
    news.tell(question.person)
    return question


def share(recipient: str, now: datetime) -> Share:
    """How a department kept its dates in the last year. One query."""
    is_over = Q(answered_at__isnull=False) | Q(due_at__lte=now)
    counted = Question.objects.filter(is_over, recipient=recipient, due_at__gt=now - YEAR).aggregate(
        asked=Count("id"), in_time=Count("id", filter=Q(answered_at__lte=F("due_at")))
    )
    return Share(**counted)


def due_at(asked_at: datetime) -> datetime:
    """The end of the last of settings.ASK_WHY_WORKING_DAYS, counted from the day after, in Hong Kong."""
    day, left = timezone.localdate(asked_at), settings.ASK_WHY_WORKING_DAYS
    while left > 0:
        day += timedelta(days=1)
        left -= _is_working(day)
    return datetime.combine(day + timedelta(days=1), time(), tzinfo=timezone.get_default_timezone())


def _is_working(day: date) -> bool:
    return day.weekday() < 5 and day not in _holidays_of(day.year)


@lru_cache(maxsize=8)
def _holidays_of(year: int) -> frozenset[date]:
    """The general holidays of Hong Kong (Cap. 149)."""
    return frozenset(holidays.country_holidays("HK", years=year))
