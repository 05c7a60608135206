"""The citizen's way of taking a form back, without JavaScript."""

import pytest
from django.test import Client
from django.utils import timezone

from services.gateway.models import ServiceCall
from services.registry.models import ServiceFunction
from tests.factories import UserFactory
from tests.portal.web.doing.conftest import finish, send
from tests.portal.web.doing.test_calls import page_of, text_of
from tests.portal.web.doing.test_receipt_pdf import paper
from tests.portal.web.doing.test_receipt_pdf import text_of as words_of
from tests.services.gateway import delivering


@pytest.fixture
def call(signed_in: Client, function: ServiceFunction) -> ServiceCall:
    return send(signed_in, function)


def test_the_receipt_offers_it_and_a_question_comes_first(signed_in: Client, call: ServiceCall) -> None:
    address = page_of(call, "withdraw/")
    assert f'href="{address}"' in text_of(signed_in.get(page_of(call)))
    assert "Take this form back?" in text_of(signed_in.get(address))
    assert ServiceCall.objects.get().status == "accepted"


def test_yes_takes_it_back_and_the_receipt_says_so(signed_in: Client, call: ServiceCall) -> None:
    page = text_of(signed_in.post(page_of(call, "withdraw/"), follow=True))
    assert ServiceCall.objects.get().status == "withdrawn"
    for words in ("You took it back", "crossing-withdrawn", "The department has received nothing.", "?again="):
        assert words in page
    assert page_of(call, "withdraw/") not in page


def test_the_list_and_the_paper_say_so_too(signed_in: Client, call: ServiceCall) -> None:
    signed_in.post(page_of(call, "withdraw/"))
    assert '<span class="tag tag-info">Taken back</span>' in text_of(signed_in.get("/en/calls/"))
    assert "Taken back" in words_of(paper(signed_in, call))


def test_the_log_of_what_left_says_that_it_did_not(signed_in: Client, call: ServiceCall) -> None:
    signed_in.post(page_of(call, "withdraw/"))
    assert "You took it back before it left." in text_of(signed_in.get("/en/account/disclosures/"))


def test_too_late_is_said_kindly(signed_in: Client, call: ServiceCall) -> None:
    question = signed_in.get(page_of(call, "withdraw/"))
    assert delivering.claim(call.pk)
    answer = signed_in.post(page_of(call, "withdraw/"))
    assert (question.status_code, answer.status_code) == (200, 409)
    assert "It has left already" in text_of(answer)
    assert ServiceCall.objects.get().status == "delivering"


def test_an_answered_call_offers_nothing_to_take_back(signed_in: Client, call: ServiceCall) -> None:
    finish(call, "completed", case_number="TD-1")
    assert page_of(call, "withdraw/") not in text_of(signed_in.get(page_of(call)))
    assert "It has left already" in text_of(signed_in.get(page_of(call, "withdraw/")))


def test_a_second_click_leads_to_the_receipt(signed_in: Client, call: ServiceCall) -> None:
    signed_in.post(page_of(call, "withdraw/"))
    for answer in (signed_in.post(page_of(call, "withdraw/")), signed_in.get(page_of(call, "withdraw/"))):
        assert answer["Location"] == page_of(call)


def test_nobody_else_can(call: ServiceCall) -> None:
    stranger = Client()
    stranger.force_login(UserFactory())
    assert stranger.post(page_of(call, "withdraw/")).status_code == 404
    assert Client().post(page_of(call, "withdraw/"))["Location"].startswith("/accounts/login/")
    assert ServiceCall.objects.get().status == "accepted"


def test_no_other_site_can_press_the_button(signed_in: Client, call: ServiceCall) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.cookies = signed_in.cookies
    assert browser.post(page_of(call, "withdraw/"), headers={"Origin": "https://elsewhere.example"}).status_code == 403
    assert ServiceCall.objects.get().status == "accepted"


def test_after_sign_in_elsewhere_the_question_is_asked_again(signed_in: Client, call: ServiceCall) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.cookies = signed_in.cookies
    answer = browser.post(page_of(call, "withdraw/"), headers={"Origin": "http://testserver"})
    assert "Take this form back?" in text_of(answer)
    assert ServiceCall.objects.get().status == "accepted"


@pytest.mark.parametrize("language", ["zh-hant", "zh-hans"])
def test_it_speaks_chinese(signed_in: Client, call: ServiceCall, language: str) -> None:
    page = text_of(signed_in.get(f"/{language}/calls/{call.receipt}/withdraw/"))
    assert "Take this form back?" not in page
    ServiceCall.objects.update(status="withdrawn", finished_at=timezone.now())
    assert "You took" not in text_of(signed_in.get(f"/{language}/calls/{call.receipt}/"))
