"""What the app is asked of somebody who is signed in: details, a proof, a signature; over the real wire, both ways."""

import hashlib
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.live_server_helper import LiveServer
from structlog.testing import capture_logs

from identity.accounts.models import User
from identity.profile import flows as profile
from identity.upstream import client, flows, tasks
from identity.upstream.errors import NotConnected, Refused, SignInAgain, Unreachable
from identity.upstream.models import Connection, Transaction
from tests.factories import UserFactory
from tests.identity.upstream.fixtures import link
from tests.identity.upstream.running import IdentityApp, Phone
from tests.portal.web.upstream.walking import approve, page_of, sign_in, text_of

pytestmark = pytest.mark.django_db(transaction=True)
APP_PAGE = "/en/account/identity-app/"
DETAILS = f"{APP_PAGE}details/"
PROVE = "/en/identity-app/prove/"
DOCUMENT = hashlib.sha256(b"a contract").digest()
SIGNED: Any = {
    "document_sha256": DOCUMENT,
    "document_name": "Contract",
    "service_name": "Renew a licence",
    "department": "Transport Department",
}


@pytest.fixture
def ferry(identity_app: IdentityApp, live_server: LiveServer, settings: Any) -> IdentityApp:
    """The app, with Ferry at an address where it can call back."""
    settings.BASE_URL = live_server.url
    identity_app.register(live_server.url)
    return identity_app


@pytest.fixture
def signed_in(desktop: Client, ferry: IdentityApp) -> Client:
    sign_in(desktop, ferry)
    return desktop


def person_of(browser: Client) -> User:
    return User.objects.get(pk=browser.session["_auth_user_id"])


def last() -> Transaction:
    return Transaction.objects.latest("made_at")


def decide(browser: Client, app: IdentityApp, page: Any, do: str = "approve", person: str = "tai-man") -> Any:
    """On the phone; the page that then stands on the desktop."""
    Phone(app, person).decide(page.context["scan_url"], do)
    return browser.get(page_of(last()))


def test_the_app_fills_the_profile(signed_in: Client, ferry: IdentityApp) -> None:
    page = signed_in.post(DETAILS, {"contact": "1"}, follow=True)
    assert "Approved in the app." in text_of(decide(signed_in, ferry, page))
    known = profile.read(person_of(signed_in))
    assert {name: known[name].value for name in ("name_en", "hkid", "phone")} == {
        "name_en": "CHAN Tai Man", "hkid": "A123456(3)", "phone": "+85291234567",
    }  # fmt: skip
    assert person_of(signed_in).get_full_name() == "CHAN Tai Man"


def test_the_phone_lists_the_fields_that_will_be_given(signed_in: Client, ferry: IdentityApp) -> None:
    page = signed_in.post(DETAILS, follow=True)
    shown = Phone(ferry).text(page.context["scan_url"])
    assert "Identity card number" in shown
    assert "Mobile number" not in shown


def test_a_no_gives_nothing(signed_in: Client, ferry: IdentityApp) -> None:
    page = signed_in.post(DETAILS, follow=True)
    assert "You refused in the app" in text_of(decide(signed_in, ferry, page, "refuse"))
    assert profile.read(person_of(signed_in)) == {}


def test_the_app_of_somebody_else_cannot_approve(signed_in: Client, ferry: IdentityApp) -> None:
    page = signed_in.post(DETAILS, follow=True)
    ask = Phone(ferry, "mei-fong")
    assert ask.session.get(ask.scan(page.context["scan_url"]), timeout=10).status_code == 403


def test_a_proof_by_the_app_raises_the_session_to_plus(signed_in: Client, ferry: IdentityApp) -> None:
    page = signed_in.post(PROVE, {"next": "/en/calls/"}, follow=True)
    decide(signed_in, ferry, page)
    done = signed_in.post(page_of(last(), "finish/"))
    assert done["Location"] == "/en/calls/"
    noted = signed_in.session["authentication_noted"][-1]
    assert (noted["acr"], noted["amr"]) == ("plus", ["swk", "mca", "mfa"])


def test_the_page_goes_on_by_itself(signed_in: Client, ferry: IdentityApp) -> None:
    decide(signed_in, ferry, signed_in.post(PROVE, {"next": "/en/calls/"}, follow=True))
    assert 'hx-trigger="load' in text_of(signed_in.get(page_of(last(), "part/")))
    done = signed_in.post(page_of(last(), "finish/"), headers={"HX-Request": "true"})
    assert done["HX-Redirect"] == "/en/calls/"


def test_a_proof_counts_once_and_for_its_person_alone(signed_in: Client, ferry: IdentityApp) -> None:
    decide(signed_in, ferry, signed_in.post(PROVE, follow=True))
    other = Client()
    other.force_login(UserFactory())
    assert other.post(page_of(last(), "finish/")).status_code == 404
    signed_in.post(page_of(last(), "finish/"))
    assert signed_in.post(page_of(last(), "finish/")).status_code == 400


def test_the_app_is_offered_where_more_has_to_be_proved(signed_in: Client, ferry: IdentityApp) -> None:
    page = text_of(signed_in.get(f"{reverse('web:account-prove')}?acr=plus&next=/en/calls/"))
    assert "Use your identity app" in page
    assert f"{PROVE}?next=" in page


def test_an_app_without_plus_is_not_offered_for_plus(desktop: Client, ferry: IdentityApp) -> None:
    sign_in(desktop, ferry, "siu-ling")
    assert "Use your identity app" not in text_of(desktop.get("/en/account/prove/?acr=plus&next=/"))


def test_a_token_that_has_ended_asks_for_the_app_first_and_then_goes_on(signed_in: Client, ferry: IdentityApp) -> None:
    Connection.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    page = signed_in.post(DETAILS, follow=True)
    assert last().kind == "reauthenticate"
    page = signed_in.get(Phone(ferry).decide(page.context["scan_url"]).replace("http://testserver", ""), follow=True)
    signed_in.post(page_of(last(), "finish/"))
    assert signed_in.post(DETAILS, follow=True).context["transaction"].kind == "profile"


def test_proving_once_more_with_somebody_elses_app_is_refused(signed_in: Client, ferry: IdentityApp) -> None:
    page = signed_in.post(PROVE, {"once-more": "1"}, follow=True)
    with capture_logs() as lines:
        page = signed_in.get(Phone(ferry, "mei-fong").decide(page.context["scan_url"]), follow=True)
    assert "Somebody else approved this" in text_of(page)
    assert [line["event"] for line in lines] == ["upstream_other_person"]


# --- Signing --------------------------------------------------------------------------------------
def test_a_document_is_signed_with_the_same_digits_on_both_screens(signed_in: Client, ferry: IdentityApp) -> None:
    asked = flows.ask_signature(person_of(signed_in), **SIGNED, next="/en/")
    page = signed_in.get(page_of(asked))
    assert asked.code in text_of(page)
    assert f'id="code">{asked.code}<' in Phone(ferry).text(page.context["scan_url"])
    decide(signed_in, ferry, page)
    made = flows.signature(asked)
    assert made is not None
    assert (made.signer, made.algorithm) == ("CHAN Tai Man", "SHA256withRSA")
    assert made.certificate_pem.startswith("-----BEGIN CERTIFICATE-----")


def test_there_is_no_signature_before_the_person_has_signed(signed_in: Client, ferry: IdentityApp) -> None:
    asked = flows.ask_signature(person_of(signed_in), **SIGNED)
    assert flows.signature(asked) is None
    decide(signed_in, ferry, signed_in.get(page_of(asked)), "refuse")
    assert flows.signature(asked) is None
    assert asked.outcome == "rejected"


def test_the_phone_shows_what_is_signed_and_for_whom(signed_in: Client, ferry: IdentityApp) -> None:
    asked = flows.ask_signature(person_of(signed_in), **SIGNED)
    shown = Phone(ferry).text(flows.address(asked))
    assert all(text in shown for text in ("Contract", "Renew a licence", "Transport Department"))


def test_the_provider_hears_that_a_signature_arrived(signed_in: Client, ferry: IdentityApp) -> None:
    asked = flows.ask_signature(person_of(signed_in), **SIGNED)
    tasks.acknowledge(str(asked.pk))
    assert str(asked.pk) in ferry.acknowledged()


def test_a_signature_of_something_else_does_not_count(signed_in: Client, ferry: IdentityApp) -> None:
    asked = flows.ask_signature(person_of(signed_in), **SIGNED)
    ferry.set_mode("wrong_document")
    page = decide(signed_in, ferry, signed_in.get(page_of(asked)))
    assert "The app’s answer could not be used" in text_of(page)
    assert flows.signature(asked) is None


def test_somebody_without_plus_cannot_sign(desktop: Client, ferry: IdentityApp) -> None:
    sign_in(desktop, ferry, "siu-ling")
    with pytest.raises(Refused):
        flows.ask_signature(person_of(desktop), **SIGNED)


def test_somebody_without_the_app_cannot_sign(citizen: User, ferry: IdentityApp) -> None:
    with pytest.raises(NotConnected):
        flows.ask_signature(citizen, **SIGNED)
    link(citizen)
    with pytest.raises(SignInAgain):
        flows.ask_signature(citizen, **SIGNED)


# --- Faults on the wire ---------------------------------------------------------------------------
def test_a_callback_that_comes_twice_counts_once(signed_in: Client, ferry: IdentityApp) -> None:
    page = signed_in.post(PROVE, follow=True)
    ferry.set_mode("replayed_callback")
    with capture_logs() as lines:
        assert decide(signed_in, ferry, page).context["outcome"] == "approved"
    assert [line["reason"] for line in lines if "reason" in line] == ["replayed"]


def test_a_callback_with_a_wrong_signature_changes_nothing(signed_in: Client, ferry: IdentityApp) -> None:
    page = signed_in.post(PROVE, follow=True)
    ferry.set_mode("wrong_signature")
    with capture_logs() as lines:
        assert decide(signed_in, ferry, page).context["outcome"] == "open"
    assert [line["reason"] for line in lines if "reason" in line] == ["forged"]


def test_a_callback_of_the_wrong_person_is_refused(signed_in: Client, ferry: IdentityApp) -> None:
    page = signed_in.post(PROVE, follow=True)
    ferry.set_mode("wrong_person")
    assert "Somebody else approved this" in text_of(decide(signed_in, ferry, page))


def test_a_key_that_has_expired_is_fetched_anew_once(signed_in: Client, ferry: IdentityApp) -> None:
    before = client.content_key()
    client._post("/security/revokeKey", {})
    flows.ask("step_up", person_of(signed_in))
    assert client.content_key() != before


@pytest.mark.parametrize("mode", ["down", "error"])
def test_a_provider_in_trouble_loses_nothing(signed_in: Client, ferry: IdentityApp, mode: str) -> None:
    ferry.set_mode(mode)
    page = signed_in.post(DETAILS, follow=True)
    assert (page.status_code, "The identity app cannot be reached" in text_of(page)) == (502, True)


def test_a_slow_provider_is_waited_for(signed_in: Client, ferry: IdentityApp) -> None:
    ferry.set_mode("slow", 300)
    assert signed_in.post(DETAILS, follow=True).status_code == 200


def test_another_secret_of_ours_is_refused_by_the_provider(ferry: IdentityApp, settings: Any) -> None:
    settings.UPSTREAM_CLIENT_SECRET = "changed"
    client.forget_keys()
    with pytest.raises(Refused, match="D20006"):
        client.content_key()


def test_a_provider_that_is_not_there_is_unreachable(ferry: IdentityApp, settings: Any) -> None:
    settings.UPSTREAM_URL = "http://127.0.0.1:9"
    with pytest.raises(Unreachable):
        client.token("code")


# --- The link -------------------------------------------------------------------------------------
@pytest.fixture
def at_desk(desktop: Client, citizen: User, ferry: IdentityApp) -> Client:
    """With a password, a moment ago."""
    desktop.post("/accounts/login/", {"login": "chan", "password": "a-quiet-crossing"})
    return desktop


def test_linking_asks_first_and_then_signs_in_to_that_account(
    at_desk: Client, ferry: IdentityApp, citizen: User
) -> None:
    page = approve(at_desk, ferry, process="connect")
    assert "will sign in to the account of CHAN Tai Man" in text_of(page)
    assert flows.connection_of(citizen) is None
    at_desk.post(page_of(last(), "finish/"))
    assert flows.connection_of(citizen) is not None
    other = Client()
    sign_in(other, ferry)
    assert person_of(other) == citizen


def test_an_app_of_another_account_cannot_be_linked(at_desk: Client, ferry: IdentityApp, citizen: User) -> None:
    sign_in(Client(), ferry)
    page = approve(at_desk, ferry, process="connect")
    assert "This app belongs to another account" in text_of(page)
    assert at_desk.post(page_of(last(), "finish/")).status_code == 400
    assert flows.connection_of(citizen) is None


def test_unlinking_leaves_the_other_ways(at_desk: Client, ferry: IdentityApp, citizen: User) -> None:
    approve(at_desk, ferry, process="connect")
    at_desk.post(page_of(last(), "finish/"))
    at_desk.post(f"{APP_PAGE}unlink/")
    citizen.refresh_from_db()
    assert flows.connection_of(citizen) is None
    assert citizen.assurance == "basic"


def test_the_only_way_to_sign_in_cannot_be_unlinked(signed_in: Client, ferry: IdentityApp) -> None:
    page = signed_in.post(f"{APP_PAGE}unlink/")
    assert (page.status_code, "It is your only way to sign in" in text_of(page)) == (409, True)
    assert flows.connection_of(person_of(signed_in)) is not None


def test_unlinking_needs_a_recent_proof(signed_in: Client, ferry: IdentityApp) -> None:
    session = signed_in.session
    old = timezone.now().timestamp() - 3600
    session["authentication_noted"] = [{**each, "at": old} for each in session["authentication_noted"]]
    session["account_authentication_methods"] = [
        {**each, "at": old} for each in session["account_authentication_methods"]
    ]
    session.save()
    assert "/account/prove/" in signed_in.post(f"{APP_PAGE}unlink/")["Location"]


def test_the_page_of_the_app_asks_few_queries(
    signed_in: Client, ferry: IdentityApp, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(5):
        signed_in.get(APP_PAGE)
