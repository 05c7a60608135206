"""What a person reads about a call: the whole story, in order, and what comes next."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone, translation

from services.gateway import delivery, story
from services.gateway.connectors.base import Outcome
from services.gateway.models import Attempt, HookEvent, ServiceCall
from tests.services.gateway.conftest import MakeCall

pytestmark = pytest.mark.django_db
WORDS = {"en": "An officer has begun.", "zh-hant": "職員已開始處理。", "zh-hans": "工作人员已开始处理。"}
BEGAN = timezone.now()


def tried(call: ServiceCall, number: int, outcome: str, *, kind: str = Attempt.Kind.SEND, ms: int = 40) -> None:
    at = BEGAN + timedelta(minutes=number)
    delivery.record(call, kind, number, Outcome(outcome), at, ms)


def labels(call: ServiceCall) -> list[str]:
    return [step.label for step in story.timeline(ServiceCall.objects.get(pk=call.pk))]


def answered(call: ServiceCall, status: str) -> None:
    rule = next(n for n, rule in enumerate(call.version.answer_map) if rule["outcome"] == status)
    finished = BEGAN + timedelta(hours=1) if status in ServiceCall.FINAL else None
    values: dict[str, Any] = {"status": status, "answer": {"rule": rule, "values": {}}, "finished_at": finished}
    ServiceCall.objects.filter(pk=call.pk).update(accepted_at=BEGAN, **values)


def test_a_long_call_is_told_from_its_receipt_to_its_answer(make_call: MakeCall) -> None:
    call = make_call()
    tried(call, 1, "unreached")
    tried(call, 2, "answered")
    HookEvent.objects.create(
        backend=call.backend, event_id="1", call=call, outcome="progress", words=WORDS,
        received_at=BEGAN + timedelta(minutes=3),
    )  # fmt: skip
    tried(call, 4, "answered", kind=Attempt.Kind.ANSWER)
    answered(call, "completed")
    assert labels(call) == [
        "We received your form",
        "We could not reach the department's system",
        "Transport Department has your form",
        "An officer has begun.",
        "Transport Department answered",
    ]


def test_while_the_answer_is_awaited_the_story_ends_in_it(make_call: MakeCall) -> None:
    call = make_call()
    tried(call, 1, "answered")
    answered(call, "waiting")
    assert labels(call) == ["We received your form", "Transport Department has your form", "The answer"]


def test_a_quick_answer_needs_no_more_words(make_call: MakeCall) -> None:
    call = make_call()
    tried(call, 1, "answered")
    answered(call, "completed")
    assert labels(call) == ["We received your form", "Transport Department answered"]


def test_what_waits_for_its_batch_is_not_shown_as_arrived(make_call: MakeCall) -> None:
    call = make_call()
    tried(call, 1, "answered")
    answered(call, "waiting")
    ServiceCall.objects.filter(pk=call.pk).update(trouble="batch")
    assert labels(call) == ["We received your form", "Waiting for the next batch to Transport Department", "The answer"]


def test_a_call_in_doubt_is_being_asked_about_and_not_on_its_way(make_call: MakeCall) -> None:
    call = make_call(status="in_doubt")
    asked = "We are asking Transport Department whether your form arrived"
    assert labels(call) == ["We received your form", asked, "The answer"]


def test_two_chinese_sentences_have_no_space_between_them(make_call: MakeCall) -> None:
    call = make_call()
    tried(call, 1, "unreached")
    tried(call, 2, "unreached")
    with translation.override("zh-hant"):
        details = [step.detail for step in story.timeline(call)]
    assert [detail for detail in details if "已嘗試2次。這" in detail]


def test_it_says_when_the_next_try_is(make_call: MakeCall) -> None:
    later = make_call(trouble="unreached", due_at=timezone.now() + timedelta(minutes=10))
    assert "We try again on" in story.status_message(later)
    soon = make_call(trouble="unreached", due_at=timezone.now() + timedelta(seconds=5))
    assert "We keep trying" in story.status_message(soon)


def test_it_says_by_when_a_later_answer_is_expected(make_call: MakeCall) -> None:
    call = make_call(status="waiting", due_at=timezone.now() + timedelta(days=1))
    assert "usually comes by" in story.status_message(call)


@pytest.mark.parametrize(("ms", "said"), [(20_000, True), (2_999, False)])
def test_a_long_wait_is_told_in_seconds(make_call: MakeCall, ms: int, said: bool) -> None:
    call = make_call()
    tried(call, 1, "ambiguous", ms=ms)
    assert ("We waited" in str(story.timeline(call))) is said


@pytest.mark.parametrize("language", ["zh-hant", "zh-hans"])
def test_nothing_of_it_stays_english(make_call: MakeCall, language: str) -> None:
    call = make_call(trouble="unreached", due_at=timezone.now() + timedelta(minutes=10))
    tried(call, 1, "ambiguous", ms=20_000)
    with translation.override(language):
        told = " ".join(f"{step.label} {step.detail}" for step in story.timeline(call))
    assert not [word for word in ("We ", "The ", "seconds", "again") if word in told]
