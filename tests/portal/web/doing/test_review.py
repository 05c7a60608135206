from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections
from django.test import Client
from django.utils import timezone

from identity.accounts.models import User
from identity.consent.models import Disclosure
from identity.profile import flows as profile
from services.forms import flows as drafts
from services.forms.models import Draft
from services.gateway.models import Lane, ServiceCall
from services.registry.models import ServiceFunction
from tests.factories import UserFactory
from tests.portal.web.doing.conftest import GOOD, address_of, fill_in, hidden, made, send, to_review


def text_of(response: Any) -> str:
    return str(response.content.decode())


def test_it_shows_everything_that_leaves_and_to_whom(signed_in: Client, function: ServiceFunction) -> None:
    to_review(signed_in, function)
    page = text_of(signed_in.get(address_of(function, "review")))
    assert f"These 6 things go to: {function.department.name_en}" in page
    for value in ("AB1234", "12", "CHAN Tai Man", "A123456(3)", "+852 9123 4567", "chan@example.hk"):
        assert value in page
    assert "Not given" in page


def test_each_answer_of_the_persons_own_can_be_changed(signed_in: Client, function: ServiceFunction) -> None:
    to_review(signed_in, function)
    page = text_of(signed_in.get(address_of(function, "review")))
    assert f'href="{address_of(function)}?change#field-mark"' in page
    assert "#field-applicant_hkid" not in page


def test_changing_begins_with_what_was_filled_in(signed_in: Client, function: ServiceFunction) -> None:
    to_review(signed_in, function)
    page = text_of(signed_in.get(f"{address_of(function)}?change"))
    assert 'value="AB1234"' in page
    assert "We kept what you filled in" not in page


def test_without_a_draft_it_leads_to_the_form(signed_in: Client, function: ServiceFunction) -> None:
    assert signed_in.get(address_of(function, "review"))["Location"] == address_of(function)


def test_a_draft_with_mistakes_leads_to_the_form_and_says_them(
    citizen: User, signed_in: Client, function: ServiceFunction
) -> None:
    assert function.published
    drafts.save_draft(function.published, {"mark": "AB1234"}, caller=f"user:{citizen.pk}")
    answer = signed_in.get(address_of(function, "review"), follow=True)
    assert answer.redirect_chain[-1][0] == f"{address_of(function)}?check"
    assert 'href="#field-months"' in text_of(answer)


def test_what_an_authority_vouches_for_wins_over_what_was_posted(signed_in: Client, function: ServiceFunction) -> None:
    call = send(signed_in, function, applicant_hkid="G123456(A)")
    assert call.payload["form"]["applicant_hkid"] == "A123456(3)"


def test_sending_gives_a_receipt_and_forgets_the_draft(signed_in: Client, function: ServiceFunction) -> None:
    form = to_review(signed_in, function)
    answer = signed_in.post(address_of(function, "review"), form)
    call = ServiceCall.objects.get()
    assert answer["Location"] == f"/en/calls/{call.receipt}/"
    assert call.payload["form"]["months"] == 12
    assert Disclosure.objects.get().reference == call.receipt
    assert not Draft.objects.exists()


def test_sending_again_shows_the_first_receipt(signed_in: Client, function: ServiceFunction) -> None:
    form = to_review(signed_in, function)
    first, second = (signed_in.post(address_of(function, "review"), form)["Location"] for _ in range(2))
    assert first == second
    assert ServiceCall.objects.count() == 1


def test_the_same_form_filled_in_anew_is_another_call(signed_in: Client, function: ServiceFunction) -> None:
    assert send(signed_in, function).receipt != send(signed_in, function).receipt


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_once_make_one_call(signed_in: Client, function: ServiceFunction) -> None:
    form = to_review(signed_in, function)

    def click(_: int) -> str:
        try:
            client = Client()
            client.cookies = signed_in.cookies
            return str(client.post(address_of(function, "review"), form)["Location"])
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as fingers:
        places = set(fingers.map(click, range(4)))
    assert ServiceCall.objects.count() == 1
    assert places == {f"/en/calls/{ServiceCall.objects.get().receipt}/"}


def test_only_what_was_looked_over_is_sent(signed_in: Client, function: ServiceFunction) -> None:
    seen = to_review(signed_in, function)
    to_review(signed_in, function, mark="ZZ9")
    answer = signed_in.post(address_of(function, "review"), seen)
    assert answer.status_code == 409
    assert "changed in another window" in text_of(answer)
    assert "ZZ9" in text_of(answer)
    assert not ServiceCall.objects.exists()


def test_a_profile_changed_meanwhile_is_looked_over_too(
    citizen: User, signed_in: Client, function: ServiceFunction
) -> None:
    seen = to_review(signed_in, function)
    profile.store(citizen, "name_en", "CHAN Siu Man", source="immd", checked_on=timezone.localdate())
    answer = signed_in.post(address_of(function, "review"), seen)
    assert answer.status_code == 409
    assert "CHAN Siu Man" in text_of(answer)


def suspend(function: ServiceFunction) -> None:
    function.state, function.suspended_reason_en = "suspended", "The system is being moved."
    function.save()


def unplug(function: ServiceFunction) -> None:
    assert function.published
    function.published.backend.connector = "telex"
    function.published.backend.save()


@pytest.mark.parametrize(("stop", "said"), [(suspend, "being moved"), (unplug, "cannot do this here yet")])
def test_a_function_that_closed_meanwhile_keeps_the_draft(
    signed_in: Client, function: ServiceFunction, stop: Callable[[ServiceFunction], None], said: str
) -> None:
    form = to_review(signed_in, function)
    stop(function)
    answer = signed_in.post(address_of(function, "review"), form)
    assert answer.status_code == 409
    assert said in text_of(answer)
    assert Draft.objects.count() == 1
    assert not ServiceCall.objects.exists()


def test_a_troubled_department_is_told_before_sending(signed_in: Client, function: ServiceFunction) -> None:
    assert function.published
    Lane.objects.update_or_create(
        backend=function.published.backend,
        defaults={"failures": 9, "open_until": timezone.now() + timedelta(minutes=5)},
    )
    to_review(signed_in, function)
    assert "not answering well right now" in text_of(signed_in.get(address_of(function, "review")))


def test_the_draft_of_someone_else_cannot_be_sent(signed_in: Client, function: ServiceFunction) -> None:
    form = to_review(signed_in, function)
    stranger = Client()
    stranger.force_login(UserFactory())
    answer = stranger.post(address_of(function, "review"), form)
    assert answer["Location"] == address_of(function)
    assert not ServiceCall.objects.exists()


def test_a_session_that_ran_out_on_the_review_leads_back_to_it(signed_in: Client, function: ServiceFunction) -> None:
    form = to_review(signed_in, function)
    signed_in.cookies.pop("ferry_session")
    answer = signed_in.post(address_of(function, "review"), form)
    assert answer["Location"] == f"/accounts/login/?next={address_of(function, 'review')}"
    login = {"login": "chan", "password": "a-quiet-crossing", "next": address_of(function, "review")}
    assert "Check before you send" in text_of(signed_in.post("/accounts/login/", login, follow=True))


def test_anyone_may_send_a_form_for_anyone(client: Client, db: None) -> None:
    function = made("topic:text", assurance="none", action="report")
    form = {**hidden(client.get(address_of(function))), "topic": "A broken lamp"}
    client.post(address_of(function), form)
    page = client.get(address_of(function, "review"))
    assert "This one thing goes to" in text_of(page)
    answer = client.post(address_of(function, "review"), hidden(page), follow=True)
    assert "A broken lamp" in text_of(answer)
    call = ServiceCall.objects.get()
    assert call.person is None
    assert call.caller.startswith("session:")


@pytest.mark.parametrize("draft", ["", "x", "\x00", "00000000-0000-0000-0000-000000000000"])
def test_nonsense_instead_of_a_draft_sends_nothing(signed_in: Client, function: ServiceFunction, draft: str) -> None:
    assert signed_in.post(address_of(function, "review"), {"draft": draft})["Location"] == address_of(function)


def test_an_old_token_from_our_own_page_costs_nothing(citizen: User, function: ServiceFunction) -> None:
    client = Client(enforce_csrf_checks=True, headers={"Origin": "http://testserver"})
    client.force_login(citizen)
    client.cookies["csrftoken"] = "a" * 32
    form = {**hidden(client.get(address_of(function))), **GOOD, "csrfmiddlewaretoken": "b" * 32}
    assert client.post(address_of(function), form)["Location"] == address_of(function, "review")
    seen = {**hidden(client.get(address_of(function, "review"))), "csrfmiddlewaretoken": "b" * 32}
    answer = client.post(address_of(function, "review"), seen)
    assert answer.status_code == 409
    assert "nothing has been sent yet" in text_of(answer)
    assert not ServiceCall.objects.exists()


@pytest.mark.parametrize("origin", ["https://elsewhere.example", "null", None])
def test_a_post_from_another_site_is_refused(citizen: User, function: ServiceFunction, origin: str | None) -> None:
    client = Client(enforce_csrf_checks=True, headers={"Origin": origin} if origin else {})
    client.force_login(citizen)
    assert client.post(address_of(function), GOOD).status_code == 403
    assert not Draft.objects.exists()


def test_filling_in_twice_keeps_one_draft(signed_in: Client, function: ServiceFunction) -> None:
    fill_in(signed_in, function, mark="AB1")
    fill_in(signed_in, function, mark="AB2")
    assert Draft.objects.get().data["mark"] == "AB2"
