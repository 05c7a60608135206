"""A department's site asks that a person be signed out (OpenID Connect RP-Initiated Logout 1.0)."""

from typing import Any

import pytest
from django.test import Client as Browser
from joserfc import jwt
from joserfc.jwk import ECKey

from identity.accounts.models import User
from identity.provider.models import LogoutDelivery
from tests.factories import UserFactory
from tests.identity.provider.party import ISSUER, Party, register, sign_in

BYE = "https://td.example.hk/bye"


@pytest.fixture
def party(browser: Browser) -> Party:
    client, secret = register(
        post_logout_redirect_uris=[BYE, f"{BYE}?from=ferry"], backchannel_logout_uri="http://127.0.0.1:9/out"
    )
    return Party(client, secret, browser)


def ask(party: Party, **given: str) -> Any:
    return party.browser.get("/sso/logout", given)


def hint_of(party: Party) -> str:
    return str(party.tokens()["id_token"])


def is_signed_in(browser: Browser) -> bool:
    return "_auth_user_id" in browser.session


def test_a_hint_of_this_session_signs_out_and_goes_back_with_the_state(party: Party) -> None:
    answer = ask(party, id_token_hint=hint_of(party), post_logout_redirect_uri=BYE, state="s1")
    assert answer["Location"] == f"{BYE}?state=s1"
    assert not is_signed_in(party.browser)


def test_a_query_of_the_registered_address_stays(party: Party) -> None:
    hint = hint_of(party)
    answer = ask(party, id_token_hint=hint, post_logout_redirect_uri=f"{BYE}?from=ferry", state="a b&c")
    assert answer["Location"] == f"{BYE}?from=ferry&state=a+b%26c"


def test_signing_out_tells_every_department_of_the_session(party: Party, browser: Browser) -> None:
    client, secret = register("hd", backchannel_logout_uri="http://127.0.0.1:9/out")
    Party(client, secret, browser).tokens()
    ask(party, id_token_hint=hint_of(party))
    told = LogoutDelivery.objects.values_list("client__client_id", flat=True)
    assert set(told) == {client.client_id, party.client.client_id}


def test_without_a_hint_the_person_is_asked(party: Party) -> None:
    answer = ask(party, client_id=party.client.client_id, post_logout_redirect_uri=BYE)
    assert answer.status_code == 200
    assert "name of td, en" in answer.content.decode()
    assert is_signed_in(party.browser)


def test_the_page_of_the_question_may_lead_back_to_the_site(party: Party) -> None:
    answer = ask(party, client_id=party.client.client_id, post_logout_redirect_uri=BYE)
    assert "form-action 'self' https://td.example.hk" in answer["Content-Security-Policy"]


def test_a_person_who_says_yes_is_signed_out_and_goes_back(party: Party) -> None:
    page = ask(party, client_id=party.client.client_id, post_logout_redirect_uri=BYE, state="s")
    answer = party.browser.post("/sso/logout/decide", {"asked": page.context["asked"], "action": "sign_out"})
    assert answer["Location"] == f"{BYE}?state=s"
    assert not is_signed_in(party.browser)


def test_a_person_who_says_no_stays_signed_in(party: Party) -> None:
    page = ask(party, client_id=party.client.client_id)
    party.browser.post("/sso/logout/decide", {"asked": page.context["asked"], "action": "stay"})
    assert is_signed_in(party.browser)


def test_the_answer_to_the_question_needs_a_csrf_token_and_our_signature(party: Party) -> None:
    strict = Browser(enforce_csrf_checks=True)
    assert strict.post("/sso/logout/decide", {"asked": "x", "action": "sign_out"}).status_code == 403
    forged = party.browser.post("/sso/logout/decide", {"asked": '["x","https://evil.example"]', "action": "sign_out"})
    assert forged.status_code == 400
    assert is_signed_in(party.browser)


def test_a_forged_hint_signs_nobody_out(party: Party) -> None:
    real = party.claims(hint_of(party))
    forged = jwt.encode({"alg": "ES256"}, real, ECKey.generate_key("P-256"), ["ES256"])
    answer = ask(party, id_token_hint=forged, post_logout_redirect_uri=BYE)
    assert answer.status_code == 400
    assert is_signed_in(party.browser)


@pytest.mark.parametrize("hint", ["x", "a.b.c", "eyJhbGciOiJub25lIn0.eyJpc3MiOiJ4In0."])
def test_a_hint_that_is_none_signs_nobody_out(party: Party, hint: str) -> None:
    assert ask(party, id_token_hint=hint).status_code == 400
    assert is_signed_in(party.browser)


def test_a_hint_of_another_person_is_a_question(party: Party) -> None:
    stranger: User = UserFactory()
    theirs = Browser()
    sign_in(theirs, stranger)
    hint = hint_of(Party(party.client, party.secret, theirs))
    answer = ask(party, id_token_hint=hint, post_logout_redirect_uri=BYE)
    assert answer.status_code == 200
    assert is_signed_in(party.browser)


def test_a_hint_of_another_session_is_a_question(party: Party, person: User) -> None:
    elsewhere = Browser()
    sign_in(elsewhere, person)
    answer = ask(party, id_token_hint=hint_of(Party(party.client, party.secret, elsewhere)))
    assert answer.status_code == 200
    assert is_signed_in(party.browser)


def test_a_hint_of_another_client_than_named_is_refused(party: Party, other: Party) -> None:
    answer = ask(party, id_token_hint=hint_of(party), client_id=other.client.client_id)
    assert answer.status_code == 400
    assert is_signed_in(party.browser)


@pytest.mark.parametrize("address", [f"{BYE}/", f"{BYE}?x=1", "https://evil.example/", "https://td.example.hk/"])
def test_an_address_that_is_not_registered_is_refused(party: Party, address: str) -> None:
    answer = ask(party, id_token_hint=hint_of(party), post_logout_redirect_uri=address)
    assert answer.status_code == 400
    assert is_signed_in(party.browser)


def test_an_address_without_a_client_is_refused(party: Party) -> None:
    assert ask(party, post_logout_redirect_uri=BYE).status_code == 400


def test_an_unknown_client_is_refused(party: Party) -> None:
    assert ask(party, client_id="nobody").status_code == 400


def test_a_hint_that_expired_still_counts(party: Party, monkeypatch: pytest.MonkeyPatch) -> None:
    hint = hint_of(party)
    import time

    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 3600)
    assert party.browser.get("/sso/logout", {"id_token_hint": hint, "post_logout_redirect_uri": BYE})["Location"] == BYE


def test_somebody_who_is_signed_out_already_goes_straight_back(party: Party) -> None:
    hint = hint_of(party)
    assert Browser().get("/sso/logout", {"id_token_hint": hint, "post_logout_redirect_uri": BYE})["Location"] == BYE


def test_a_form_of_another_site_works_though_the_cookie_does_not_come_with_it(party: Party) -> None:
    hint = hint_of(party)
    sent = Browser(enforce_csrf_checks=True).post(
        "/sso/logout", {"id_token_hint": hint, "post_logout_redirect_uri": BYE}
    )
    assert hint not in sent["Location"]
    assert party.browser.get(sent["Location"])["Location"] == BYE
    assert not is_signed_in(party.browser)


def test_the_question_is_asked_in_the_language_that_the_site_knows(party: Party) -> None:
    answer = ask(party, client_id=party.client.client_id, ui_locales="fr zh-Hant-HK en")
    assert 'lang="zh-Hant' in answer.content.decode()


def test_the_configuration_names_both_log_outs() -> None:
    found = Browser().get("/.well-known/openid-configuration").json()
    assert found["end_session_endpoint"] == f"{ISSUER}/sso/logout"
    assert found["backchannel_logout_supported"] is True
    assert found["backchannel_logout_session_supported"] is True


def test_a_log_out_token_is_no_hint(party: Party) -> None:
    from identity.provider import back_channel

    party.tokens()
    party.browser.post("/accounts/logout/")
    token = back_channel.token(LogoutDelivery.objects.select_related("client").get())
    assert ask(party, id_token_hint=token, post_logout_redirect_uri=BYE).status_code == 400
