from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from identity.accounts.models import User
from identity.mandates.models import Mandate
from tests.factories import ServiceFunctionFactory, UserFactory
from tests.mandates import asked
from tests.portal.web.account.conftest import text_of

Browser = Callable[[User], Client]
ASK = {"address": "mother", "kind": "parent", "acts": ["read", "prepare"], "until": "2027-06-30"}


def test_an_ask_reaches_the_other_side_and_says_what_it_allows(daughter: User, mother: User, browser: Browser) -> None:
    assert browser(daughter).post("/en/account/mandates/ask/", ASK).status_code == 302
    mandate = Mandate.objects.get()
    other = browser(mother)
    assert "CHAN Siu Ling would act for you" in text_of(other.get("/en/account/mandates/"))
    page = text_of(other.get(f"/en/account/mandates/{mandate.pk}/"))
    for words in ("See calls and the answers to them", "Not allowed", "Send forms", "all services", "30 June"):
        assert words in page
    other.post(f"/en/account/mandates/{mandate.pk}/accept/")
    assert "LEUNG Mei Ling accepted it." in text_of(browser(daughter).get(f"/en/account/mandates/{mandate.pk}/"))


def test_the_asker_learns_no_name_before_it_is_accepted(daughter: User, mother: User, browser: Browser) -> None:
    client = browser(daughter)
    for address in ("mother", "no-such-person"):
        client.post("/en/account/mandates/ask/", {**ASK, "address": address})
    pages = [text_of(client.get(f"/en/account/mandates/{each.pk}/")) for each in Mandate.objects.all()]
    assert not any("LEUNG" in page or "梁" in page for page in pages)
    assert {page.count("would act for") for page in pages} == {2}


def test_nothing_is_posted_without_acts_or_a_day(daughter: User, browser: Browser) -> None:
    response = browser(daughter).post("/en/account/mandates/ask/", {"address": "mother", "kind": "parent"})
    assert response.status_code == 422
    assert "Tick at least one thing" in text_of(response)
    assert not Mandate.objects.exists()


def test_services_are_named_by_the_address_of_their_page(daughter: User, mother: User, browser: Browser) -> None:
    function = ServiceFunctionFactory()
    named = f"https://ferry.example.hk/en/functions/{function.code}/"
    browser(daughter).post("/en/account/mandates/ask/", {**ASK, "services": named, "categories": ["health"]})
    assert (Mandate.objects.get().functions, Mandate.objects.get().categories) == ([function.code], ["health"])


def test_a_service_that_nobody_knows_is_said(daughter: User, browser: Browser) -> None:
    response = browser(daughter).post("/en/account/mandates/ask/", {**ASK, "services": "no-such-service"})
    assert "We do not know this service: no-such-service" in text_of(response)


def test_an_invitation_is_shown_once_and_brought_by_the_other_side(
    daughter: User, mother: User, browser: Browser
) -> None:
    made = text_of(browser(mother).post("/en/account/mandates/offer/", {**ASK, "address": "", "invites": "true"}))
    code = made.split('class="number">')[1].split("<")[0]
    mandate = Mandate.objects.get()
    assert code not in text_of(browser(mother).get(f"/en/account/mandates/{mandate.pk}/"))
    response = browser(daughter).post("/en/account/mandates/redeem/", {"code": code})
    assert response["Location"] == f"/en/account/mandates/{mandate.pk}/"


def test_a_wrong_code_says_so(daughter: User, browser: Browser) -> None:
    response = browser(daughter).post("/en/account/mandates/redeem/", {"code": "AAAA"})
    assert response.status_code == 422
    assert "This code does not work" in text_of(response)


def test_ones_own_ask_is_not_accepted_by_its_address(
    daughter: User, mother: User, browser: Browser, security_log: list[Any]
) -> None:
    mandate = asked(daughter, mother)
    response = browser(daughter).post(f"/en/account/mandates/{mandate.pk}/accept/")
    assert response.status_code == 403
    assert "the other side decides" in text_of(response)
    assert security_log[-1]["event"] == "mandate_decision_refused"


@pytest.mark.parametrize("page", ["", "accept/", "refuse/", "end/", "limit/"])
def test_a_stranger_reaches_no_mandate(mandate: Mandate, browser: Browser, page: str) -> None:
    client = browser(UserFactory())
    address = f"/en/account/mandates/{mandate.pk}/{page}"
    response = client.post(address) if page else client.get(address)
    assert response.status_code == 404


def test_nobody_signed_in_is_sent_to_the_log_in(client: Client, mandate: Mandate) -> None:
    assert client.get("/en/account/mandates/")["Location"].startswith("/accounts/login/")


def test_the_principal_limits_and_ends_it(mandate: Mandate, mother: User, browser: Browser) -> None:
    client, address = browser(mother), f"/en/account/mandates/{mandate.pk}/"
    client.post(f"{address}limit/", {"acts": ["read"], "until": "2027-03-31"})
    mandate.refresh_from_db()
    assert mandate.acts == ["read"]
    client.post(f"{address}end/")
    assert "LEUNG Mei Ling ended it." in text_of(client.get(address))


def test_the_agent_does_not_take_more(mandate: Mandate, daughter: User, browser: Browser) -> None:
    address = f"/en/account/mandates/{mandate.pk}/limit/"
    response = browser(daughter).post(address, {"acts": ["read", "sign"], "until": "2026-12-01"})
    assert response.status_code == 422
    assert "not take more" in text_of(response)
