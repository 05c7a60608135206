import hashlib
import html
import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from identity.accounts.models import User
from services.gateway.models import Incident, ServiceCall
from services.registry.models import ServiceFunction
from tests.factories import UserFactory
from tests.portal.web.doing.conftest import address_of, finish, hidden, made, send

PAGES = ["", "part/", "receipt.pdf", "sent.json"]


def text_of(response: Any) -> str:
    return html.unescape(response.content.decode())


def page_of(call: ServiceCall, part: str = "") -> str:
    return f"/en/calls/{call.receipt}/{part}"


@pytest.fixture
def call(signed_in: Client, function: ServiceFunction) -> ServiceCall:
    return send(signed_in, function)


def older(call: ServiceCall, **age: int) -> None:
    call.accepted_at = timezone.now() - timedelta(**age)
    call.save()


# --- The receipt ----------------------------------------------------------------------------------
def test_the_receipt_stands_before_the_department_answered(signed_in: Client, call: ServiceCall) -> None:
    page = text_of(signed_in.get(page_of(call)))
    assert call.receipt in page
    assert f"<h1>{call.version.name_en}</h1>" in page
    assert "We have received your form." in page
    assert "The answer will appear here" in page
    assert "AB1234" in page


def test_the_fingerprint_is_that_of_the_exact_text(signed_in: Client, call: ServiceCall) -> None:
    sent = signed_in.get(page_of(call, "sent.json"))
    digest = hashlib.sha256(sent.content).hexdigest()
    groups = re.findall(r"<span>([0-9a-f]{4})</span>", text_of(signed_in.get(page_of(call))))
    assert "".join(groups) == digest == call.sent_sha256
    assert sent["Content-Disposition"] == f'attachment; filename="{call.receipt}.json"'


@pytest.mark.parametrize("part", PAGES)
def test_the_receipt_of_someone_else_is_not_found(call: ServiceCall, part: str) -> None:
    stranger = Client()
    stranger.force_login(UserFactory())
    assert stranger.get(page_of(call, part)).status_code == 404


def test_signed_out_the_receipt_waits_behind_the_log_in(client: Client, call: ServiceCall) -> None:
    assert client.get(page_of(call))["Location"] == f"/accounts/login/?next={page_of(call)}"
    assert client.get("/en/calls/FRY-0000-0000-0000/")["Location"].startswith("/accounts/login/")


def test_a_number_typed_by_hand_finds_the_receipt(signed_in: Client, call: ServiceCall) -> None:
    assert signed_in.get(f"/en/calls/{call.receipt.lower().replace('-', ' ')}/").status_code == 200


@pytest.mark.parametrize("number", ["x", "FRY-1", "%00", "FRY-0000-0000-0001", "é" * 50])
def test_a_number_that_cannot_be_one_is_not_found(signed_in: Client, number: str) -> None:
    assert signed_in.get(f"/en/calls/{number}/").status_code == 404


@pytest.mark.parametrize("part", PAGES)
def test_nothing_of_it_is_kept_by_a_cache(signed_in: Client, call: ServiceCall, part: str) -> None:
    assert "no-store" in signed_in.get(page_of(call, part))["Cache-Control"]


# --- How it stands --------------------------------------------------------------------------------
STATES = [
    ("completed", {"case_number": "TD-1"}, ["TD-1", "Done:"]),
    ("rejected", {"reason": "We have no such licence."}, ["We have no such licence.", "Problem:", "said no"]),
    ("failed", {}, ["Not delivered", "Our staff have been told"]),
    ("in_doubt", {}, ["Being checked", "so that it is not filed twice"]),
    ("waiting", {}, ["The department has your form", "The answer comes later."]),
]


@pytest.mark.parametrize(("status", "values", "said"), STATES, ids=[state[0] for state in STATES])
def test_each_status_has_its_words(
    signed_in: Client, call: ServiceCall, status: str, values: dict[str, str], said: list[str]
) -> None:
    finish(call, status, **values)
    page = text_of(signed_in.get(page_of(call)))
    assert [words for words in said if words not in page] == []


def test_a_call_that_staff_found_to_have_arrived_says_so(signed_in: Client, call: ServiceCall) -> None:
    call.status, call.finished_at = "completed", timezone.now()
    call.save()
    page = text_of(signed_in.get(page_of(call)))
    assert "Our staff checked with the department: it has your form." in page
    assert "The answer will appear here" not in page


def test_a_closed_counter_says_when_the_form_goes(signed_in: Client, call: ServiceCall) -> None:
    call.trouble, call.due_at = "closed", timezone.now() + timedelta(hours=3)
    call.save()
    page = text_of(signed_in.get(page_of(call)))
    assert "We deliver your form on" in page
    assert "sse-connect" not in page


def test_after_ten_seconds_it_says_that_one_may_leave(signed_in: Client, call: ServiceCall) -> None:
    assert "taking longer than usual" not in text_of(signed_in.get(page_of(call)))
    older(call, seconds=11)
    assert "taking longer than usual" in text_of(signed_in.get(page_of(call)))


def test_no_sentence_stands_there_twice(signed_in: Client, call: ServiceCall) -> None:
    assert text_of(signed_in.get(page_of(call))).count("The answer usually comes within a moment.") == 1


def test_after_a_no_the_form_can_be_filled_in_again_with_the_same_answers(
    signed_in: Client, function: ServiceFunction, call: ServiceCall
) -> None:
    finish(call, "rejected", reason="There is no such mark.")
    again = f"{address_of(function)}?again={call.receipt}"
    assert f'href="{again}"' in text_of(signed_in.get(page_of(call)))
    assert 'value="AB1234"' in text_of(signed_in.get(again))


def test_the_answers_of_someone_else_fill_in_nothing(
    citizen: User, function: ServiceFunction, call: ServiceCall
) -> None:
    stranger = Client()
    stranger.force_login(UserFactory())
    assert "AB1234" not in text_of(stranger.get(f"{address_of(function)}?again={call.receipt}"))


# --- Following it ---------------------------------------------------------------------------------
def test_the_page_listens_to_the_calls_own_events(signed_in: Client, call: ServiceCall) -> None:
    page = text_of(signed_in.get(page_of(call)))
    assert f'sse-connect="/api/v1/calls/{call.receipt}/events"' in page
    assert 'hx-trigger="sse:status, load delay:' in page


@pytest.mark.parametrize(("age", "seconds"), [({"seconds": 1}, 2), ({"seconds": 30}, 5), ({"minutes": 9}, 30)])
def test_without_script_the_page_looks_again_by_itself(
    signed_in: Client, call: ServiceCall, age: dict[str, int], seconds: int
) -> None:
    older(call, **age)
    refresh = f'<noscript><meta http-equiv="refresh" content="{seconds}"></noscript>'
    assert refresh in text_of(signed_in.get(page_of(call)))


def test_once_answered_the_page_rests(signed_in: Client, call: ServiceCall) -> None:
    finish(call, "completed", case_number="TD-1")
    page = text_of(signed_in.get(page_of(call)))
    assert 'http-equiv="refresh"' not in page
    assert "sse-connect" not in page
    assert "hx-get" not in page


def seen_on(response: Any) -> str:
    return hidden(response)["seen"]


def test_the_part_says_nothing_while_nothing_is_new(signed_in: Client, call: ServiceCall) -> None:
    seen = re.search(r'name="seen" value="([^"]+)"', text_of(signed_in.get(page_of(call))))
    assert seen
    assert signed_in.get(page_of(call, "part/"), {"seen": seen[1]}).status_code == 204


def test_the_part_brings_the_answer_and_has_it_read_out(signed_in: Client, call: ServiceCall) -> None:
    finish(call, "completed", case_number="TD-1")
    part = text_of(signed_in.get(page_of(call, "part/"), {"seen": "delivering-3-live-"}))
    assert "TD-1" in part
    assert "data-announce" in part
    assert "<html" not in part


def test_what_was_read_out_is_not_read_out_again(signed_in: Client, call: ServiceCall) -> None:
    older(call, seconds=11)
    part = text_of(signed_in.get(page_of(call, "part/"), {"seen": "accepted-3-live-"}))
    assert "taking longer than usual" in part
    assert "data-announce" not in part


def test_without_the_stream_the_part_asks_by_the_clock(signed_in: Client, call: ServiceCall) -> None:
    part = text_of(signed_in.get(page_of(call, "part/"), {"polls": "", "seen": "accepted-3-live-"}))
    assert 'hx-trigger="every 4s"' in part
    assert "part/?polls" in part


# --- My calls ---------------------------------------------------------------------------------------
def test_my_calls_name_function_department_day_and_status(signed_in: Client, call: ServiceCall) -> None:
    finish(call, "completed", case_number="TD-1")
    page = text_of(signed_in.get("/en/calls/"))
    assert f'<a href="{page_of(call)}">{call.version.name_en}</a>' in page
    assert f"<span>{call.function.department.name_en}</span>" in page
    assert '<span class="tag tag-success">Done</span>' in page


def test_my_calls_are_mine(call: ServiceCall) -> None:
    stranger = Client()
    stranger.force_login(UserFactory())
    page = text_of(stranger.get("/en/calls/"))
    assert call.version.name_en not in page
    assert "You have not sent anything yet" in page


def many(call: ServiceCall, count: int) -> None:
    """More calls like it."""
    for number in range(count):
        call.pk, call.receipt, call.idempotency_key = None, f"FRY-{number}", str(number)
        call._state.adding = True
        call.save()


@pytest.mark.parametrize("more", [0, 49])
def test_my_calls_take_four_queries_whatever_their_number(
    signed_in: Client, call: ServiceCall, more: int, django_assert_num_queries: Any
) -> None:
    many(call, more)
    with django_assert_num_queries(4):
        signed_in.get("/en/calls/")


def test_my_calls_have_pages(signed_in: Client, call: ServiceCall) -> None:
    many(call, 49)
    assert "Page 1 of 5" in text_of(signed_in.get("/en/calls/"))
    assert "Page 5 of 5" in text_of(signed_in.get("/en/calls/?page=5"))


@pytest.mark.parametrize("page", ["99", "0", "-1", "x", "9" * 30, "²"])
def test_a_page_that_is_none_leads_to_the_first(signed_in: Client, call: ServiceCall, page: str) -> None:
    answer = signed_in.get("/en/calls/", {"page": page}, follow=True)
    assert call.receipt in answer.text


def call_of_a_browser(client: Client) -> ServiceCall:
    function = made("topic:text", assurance="none", action="report")
    client.post(address_of(function), {**hidden(client.get(address_of(function))), "topic": "A broken lamp"})
    client.post(address_of(function, "review"), hidden(client.get(address_of(function, "review"))))
    return ServiceCall.objects.get(function=function)


def test_a_browser_sees_its_own_calls_without_log_in(client: Client, db: None) -> None:
    call = call_of_a_browser(client)
    page = text_of(client.get("/en/calls/"))
    assert call.version.name_en in page
    assert "Sign in to see the others too." in page
    assert client.get(page_of(call)).status_code == 200
    assert Client().get(page_of(call)).status_code == 302


def test_calls_from_before_signing_in_stay_in_the_list(client: Client, citizen: User) -> None:
    call = call_of_a_browser(client)
    client.post("/accounts/login/", {"login": "chan", "password": "a-quiet-crossing"})
    assert page_of(call) in text_of(client.get("/en/calls/"))
    assert client.get(page_of(call)).status_code == 200


def test_signed_out_with_nothing_sent_my_calls_ask_for_the_log_in(client: Client, db: None) -> None:
    assert client.get("/en/calls/")["Location"] == "/accounts/login/?next=/en/calls/"


# --- A trouble is told once -----------------------------------------------------------------------
def trouble(call: ServiceCall, *, is_over: bool = False) -> None:
    now = timezone.now()
    started_at, ended_at = (now - timedelta(minutes=9), now) if is_over else (now, None)
    Incident.objects.create(backend=call.backend, started_at=started_at, ended_at=ended_at)


@pytest.mark.parametrize("more", [0, 5])
def test_a_trouble_is_said_once_on_my_calls(signed_in: Client, call: ServiceCall, more: int) -> None:
    many(call, more)
    trouble(call)
    assert text_of(signed_in.get("/en/calls/")).count("Not answering:") == 1


@pytest.mark.parametrize(("is_over", "said"), [(False, "What you sent is safe with us"), (True, "Answering again:")])
def test_a_trouble_and_its_end_are_said_on_the_call(
    signed_in: Client, call: ServiceCall, is_over: bool, said: str
) -> None:
    trouble(call, is_over=is_over)
    assert said in text_of(signed_in.get(page_of(call)))


def test_without_trouble_nothing_is_said(signed_in: Client, call: ServiceCall) -> None:
    assert "the system" not in text_of(signed_in.get("/en/calls/"))
