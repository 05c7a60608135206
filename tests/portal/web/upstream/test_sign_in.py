"""Signing in with the identity app: by QR code, on the same device, and everything that may go wrong on the way."""

from datetime import timedelta
from typing import Any

import pytest
from allauth.socialaccount.models import SocialAccount
from django.test import Client
from django.utils import timezone
from structlog.testing import capture_logs

from identity.accounts.models import User
from identity.upstream.models import Connection, Transaction
from services.twins.identity_people import PEOPLE
from tests.factories import UserFactory
from tests.identity.upstream.fixtures import link
from tests.identity.upstream.running import IdentityApp, Phone, told
from tests.portal.web.upstream.walking import START, approve, begin, page_of, sign_in, text_of

pytestmark = pytest.mark.django_db
LOGIN = "/accounts/login/"


def who(browser: Client) -> str:
    return str(browser.session.get("_auth_user_id", ""))


def test_the_sign_in_page_offers_the_app(desktop: Client, identity_app: IdentityApp) -> None:
    page = text_of(desktop.get(LOGIN))
    assert "Sign in with Demonstration identity app" in page
    assert START in page


def test_without_a_secret_nobody_is_offered_an_app(desktop: Client, settings: Any) -> None:
    settings.UPSTREAM_CLIENT_SECRET = ""
    assert START not in text_of(desktop.get(LOGIN))


def test_the_waiting_page_works_without_script_and_with_it(desktop: Client, identity_app: IdentityApp) -> None:
    page = text_of(begin(desktop))
    assert '<noscript><meta http-equiv="refresh"' in page
    assert "/part/" in page


def test_the_app_gets_an_address_with_everything_that_it_needs(desktop: Client, identity_app: IdentityApp) -> None:
    asked = told(begin(desktop).context["scan_url"])
    assert (asked["clientID"], asked["responseType"], asked["source"]) == ("ferry", "code", "PC_Browser")
    assert asked["redirectURI"] == "https://testserver/accounts/upstream/back/"
    assert len(asked["state"]) >= 22


def test_someone_new_gets_an_account_by_their_openid_alone(desktop: Client, identity_app: IdentityApp) -> None:
    sign_in(desktop, identity_app)
    person = User.objects.get(pk=who(desktop))
    assert SocialAccount.objects.get(user=person).uid == PEOPLE["tai-man"].open_id("ferry")
    assert (person.email, person.get_full_name(), person.has_usable_password()) == ("", "", False)


def test_the_second_time_leads_to_the_same_account(identity_app: IdentityApp) -> None:
    first, second = Client(), Client()
    sign_in(first, identity_app)
    sign_in(second, identity_app)
    assert who(first) == who(second) != ""


def test_two_people_get_two_accounts(identity_app: IdentityApp) -> None:
    first, second = Client(), Client()
    sign_in(first, identity_app, "tai-man")
    sign_in(second, identity_app, "mei-fong")
    assert who(first) != who(second)


def test_nobody_is_found_by_name_or_address(desktop: Client, identity_app: IdentityApp, citizen: User) -> None:
    citizen.email = "chan@example.hk"
    citizen.save()
    sign_in(desktop, identity_app)
    assert who(desktop) != str(citizen.pk)


@pytest.mark.parametrize(("person", "level"), [("tai-man", "plus"), ("siu-ling", "basic")])
def test_the_account_is_as_sure_as_the_app(desktop: Client, identity_app: IdentityApp, person: str, level: str) -> None:
    sign_in(desktop, identity_app, person)
    assert User.objects.get(pk=who(desktop)).assurance == level


def test_the_session_says_how_it_was_proved(desktop: Client, identity_app: IdentityApp) -> None:
    sign_in(desktop, identity_app)
    noted = desktop.session["authentication_noted"][-1]
    assert (noted["acr"], noted["amr"], noted["person"]) == ("basic", ["swk", "mca"], who(desktop))


def test_the_token_is_kept_encrypted_and_in_one_place(desktop: Client, identity_app: IdentityApp) -> None:
    sign_in(desktop, identity_app)
    assert Connection.objects.get().access_token
    assert Transaction.objects.get().answer.keys() == {"open_id"}
    assert SocialAccount.objects.get().extra_data == {}


def test_a_new_session_begins_when_somebody_signs_in(desktop: Client, identity_app: IdentityApp) -> None:
    page = approve(desktop, identity_app)
    before = desktop.session.session_key
    desktop.post(page_of(page.context["transaction"], "finish/"))
    assert desktop.session.session_key != before


def test_the_person_goes_on_where_they_were(desktop: Client, identity_app: IdentityApp) -> None:
    assert sign_in(desktop, identity_app, next="/en/calls/")["Location"] == "/en/calls/"


def test_nobody_is_led_to_another_site(desktop: Client, identity_app: IdentityApp) -> None:
    assert "evil.example" not in sign_in(desktop, identity_app, next="https://evil.example/")["Location"]


def test_on_the_same_device_the_app_leads_straight_back(desktop: Client, identity_app: IdentityApp) -> None:
    address = Phone(identity_app).decide(begin(desktop).context["here_url"])
    assert "No account is linked to this app yet" in text_of(desktop.get(address, follow=True))


def test_the_desktop_shows_whose_account_it_would_be_before_going_on(
    desktop: Client, identity_app: IdentityApp, citizen: User
) -> None:
    link(citizen)
    page = text_of(approve(desktop, identity_app))
    assert "You are about to sign in as CHAN T** M**." in page
    assert who(desktop) == ""


def test_a_code_approved_by_the_wrong_person_is_thrown_away(
    desktop: Client, identity_app: IdentityApp, citizen: User
) -> None:
    link(citizen, "mei-fong")
    found = approve(desktop, identity_app, "mei-fong").context["transaction"]
    with capture_logs() as lines:
        page = desktop.post(page_of(found, "finish/"), {"somebody-else": "1"}, follow=True)
    assert "Somebody else approved this" in text_of(page)
    assert [line["event"] for line in lines] == ["upstream_disowned"]
    assert desktop.post(page_of(found, "finish/")).status_code == 400
    assert who(desktop) == ""


def test_somebody_who_is_signed_in_is_told_that_they_would_be_signed_out(
    desktop: Client, identity_app: IdentityApp, citizen: User
) -> None:
    link(citizen)
    other = UserFactory(first_name="WONG Siu Ming")
    desktop.force_login(other)
    page = approve(desktop, identity_app)
    assert "WONG Siu Ming will be signed out" in text_of(page)
    desktop.post(page_of(page.context["transaction"], "finish/"))
    assert who(desktop) == str(citizen.pk)


@pytest.mark.parametrize(("do", "says"), [("refuse", "You refused in the app"), ("cancel", "You stopped in the app")])
def test_a_no_in_the_app_is_said_with_the_next_step(
    desktop: Client, identity_app: IdentityApp, do: str, says: str
) -> None:
    page = text_of(approve(desktop, identity_app, do=do))
    assert says in page
    assert f'href="{LOGIN}"' in page


@pytest.mark.parametrize(
    ("mode", "says"),
    [
        ("time_out", "The time for the app is over"),
        ("cancel", "You stopped in the app"),
        ("reject", "You refused in the app"),
    ],
)
def test_the_apps_own_ends_are_said(desktop: Client, identity_app: IdentityApp, mode: str, says: str) -> None:
    identity_app.set_mode(mode)
    assert says in text_of(approve(desktop, identity_app))


@pytest.mark.parametrize("mode", ["down", "error"])
def test_a_provider_in_trouble_is_said_kindly(desktop: Client, identity_app: IdentityApp, mode: str) -> None:
    address = Phone(identity_app).decide(begin(desktop).context["scan_url"])
    identity_app.set_mode(mode)
    assert "The app’s answer could not be used" in text_of(desktop.get(address, follow=True))


def refused(browser: Client, address: str) -> tuple[int, str, list[Any]]:
    """Status, page and reasons in the security log."""
    with capture_logs() as lines:
        page = browser.get(address)
    return page.status_code, text_of(page), [line["reason"] for line in lines if line["log_level"] == "warning"]


def test_a_forged_state_is_refused(desktop: Client, identity_app: IdentityApp) -> None:
    begin(desktop)
    status, page, reasons = refused(desktop, "/accounts/upstream/back/?state=made-up&code=1")
    assert (status, reasons) == (400, ["unknown"])
    assert "We do not know this answer" in page


def test_an_answer_counts_once(desktop: Client, identity_app: IdentityApp) -> None:
    address = Phone(identity_app).decide(begin(desktop).context["scan_url"])
    desktop.get(address)
    status, page, reasons = refused(desktop, address)
    assert (status, reasons) == (400, ["replayed"])
    assert "This answer was used already" in page


def test_an_answer_that_comes_too_late_is_refused(desktop: Client, identity_app: IdentityApp) -> None:
    address = Phone(identity_app).decide(begin(desktop).context["scan_url"])
    Transaction.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    status, page, reasons = refused(desktop, address)
    assert (status, reasons) == (400, ["expired"])
    assert "This answer came too late" in page


def test_an_answer_brought_by_another_browser_is_refused(desktop: Client, identity_app: IdentityApp) -> None:
    """A link with somebody else's code signs nobody in to that person's account, nor out of their own."""
    address = Phone(identity_app).decide(begin(desktop).context["scan_url"])
    victim = Client()
    begin(victim)
    status, page, reasons = refused(victim, address)
    assert (status, reasons) == (400, ["other_browser"])
    assert "You began in another browser" in page
    assert who(victim) == ""


def test_a_code_of_another_request_is_not_taken_twice(desktop: Client, identity_app: IdentityApp) -> None:
    """The state is ours, the code was redeemed before: the provider says no, and so do we."""
    used = told(Phone(identity_app).decide(begin(desktop).context["scan_url"]))
    desktop.get("/accounts/upstream/back/", used)
    fresh = told(begin(desktop).context["scan_url"])["state"]
    page = desktop.get("/accounts/upstream/back/", {"state": fresh, "code": used["code"]}, follow=True)
    assert "The app’s answer could not be used" in text_of(page)


def test_a_transaction_is_shown_to_the_browser_that_began_it_and_to_no_other(
    desktop: Client, identity_app: IdentityApp
) -> None:
    found = begin(desktop).context["transaction"]
    assert [Client().get(page_of(found, step)).status_code for step in ("", "part/")] == [404, 404]
    assert Client().post(page_of(found, "finish/")).status_code == 404


def test_nobody_signs_in_before_the_app_has_approved(desktop: Client, identity_app: IdentityApp) -> None:
    found = begin(desktop).context["transaction"]
    assert desktop.post(page_of(found, "finish/")).status_code == 400
    assert who(desktop) == ""


def test_an_approval_signs_in_once(desktop: Client, identity_app: IdentityApp) -> None:
    found = approve(desktop, identity_app).context["transaction"]
    desktop.post(page_of(found, "finish/"))
    assert "This answer was used already" in text_of(desktop.post(page_of(found, "finish/")))


def test_the_part_says_nothing_while_nothing_is_new(desktop: Client, identity_app: IdentityApp) -> None:
    page = begin(desktop)
    found = page.context["transaction"]
    assert desktop.get(page_of(found, "part/")).status_code == 204
    desktop.get(Phone(identity_app).decide(page.context["scan_url"], "refuse"))
    assert "You refused in the app" in text_of(desktop.get(page_of(found, "part/")))


@pytest.mark.parametrize(
    ("language", "says"), [("zh-hant", "以「示範身份應用程式」登入"), ("zh-hans", "用“演示身份应用”登录")]
)
def test_the_button_speaks_the_readers_language(
    desktop: Client, identity_app: IdentityApp, language: str, says: str
) -> None:
    desktop.cookies["ferry_language"] = language
    assert says in text_of(desktop.get(LOGIN))
