"""Departments register the sites that sign people in through us: four eyes, own rows only, secrets shown once."""

import json
from typing import Any

import pytest
from django.db import IntegrityError
from django.test import Client as Browser
from django.utils import timezone
from joserfc.jwk import ECKey

from identity.provider.models import Client, TokenFamily, digest
from services.registry import clients
from tests.factories import OfficerFactory, OperatorFactory, UserFactory
from tests.identity.provider.clients import words
from tests.portal.desk.conftest import Desk, browser

WRITE = ["submit", "withdraw", "approve", "refuse", "change", "discard", "secret", "suspend", "resume"]
READ = ["", "edit/"]


def sheet(**changed: Any) -> dict[str, Any]:
    """The page of a new client as a browser posts it."""
    return {
        "department": "td", "name_en": "Licence book", "name_zh_hant": "牌照簿", "name_zh_hans": "",
        "purpose_en": "To show your licences.", "purpose_zh_hant": "用以顯示你的牌照。", "purpose_zh_hans": "",
        "kind": "confidential", "token_endpoint_auth_method": "client_secret_basic", "jwks": "", "jwks_uri": "",
        "redirect_uris": "https://td.example.hk/callback\nhttps://td.example.hk/other", "post_logout_redirect_uris": "",
        "backchannel_logout_uri": "", "scopes": ["openid", "profile"], "grant_types": ["authorization_code"],
        "sector": "", "id_token_signed_response_alg": "ES256", "least_acr": "basic", "consent_days": "90", **changed,
    }  # fmt: skip


def drafted(desk: Desk, **changed: Any) -> Client:
    return clients.draft(by=desk.officer, department=desk.department, values=words(**changed))


def approved(desk: Desk, **changed: Any) -> Client:
    client = clients.submit(drafted(desk, **changed), by=desk.officer)
    return clients.approve(client, by=desk.approver)


def address(client: Client, page: str = "") -> str:
    return f"/admin/clients/{client.client_id}/{page}"


def test_an_officer_drafts_a_client(desk: Desk) -> None:
    answer = desk.browser.post("/admin/clients/new/", sheet())
    client = Client.objects.get()
    assert answer.headers["Location"] == address(client)
    assert (client.state, client.department, client.sector_identifier) == ("draft", "td", "td")
    assert client.redirect_uris == ["https://td.example.hk/callback", "https://td.example.hk/other"]
    assert client.purpose_zh_hans == "用以显示你的牌照。"


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("redirect_uris", "http://td.example.hk/callback"),
        ("redirect_uris", "https://td.example.hk/#part"),
        ("redirect_uris", "https://*.example.hk/callback"),
        ("redirect_uris", "https://td.example.hk@evil.example/"),
        ("redirect_uris", "javascript:alert(1)"),
        ("redirect_uris", ""),
        ("post_logout_redirect_uris", "https://td.example.hk/bye#x"),
        ("backchannel_logout_uri", "http://td.example.hk/out"),
        ("jwks_uri", "http://td.example.hk/keys"),
        ("jwks", "not json"),
        ("jwks", json.dumps({"keys": [ECKey.generate_key("P-256").as_dict(private=True)]})),
        ("jwks", json.dumps({"keys": [{"kty": "oct", "k": "c2VjcmV0"}]})),
        ("jwks", json.dumps({"keys": []})),
        ("scopes", ["openid", "everything"]),
        ("consent_days", "9999"),
    ],
)
def test_a_wrong_entry_is_refused_beside_its_field(desk: Desk, name: str, typed: Any) -> None:
    answer = desk.browser.post("/admin/clients/new/", sheet(**{name: typed}))
    assert answer.status_code == 422
    assert name in answer.context["form"].errors
    assert not Client.objects.exists()


def test_what_a_private_key_holds_is_not_kept(desk: Desk) -> None:
    private = ECKey.generate_key("P-256").as_dict(private=True)
    answer = desk.browser.post("/admin/clients/new/", sheet(jwks=json.dumps({"keys": [private]})))
    assert "private" in str(answer.context["form"].errors["jwks"])


def test_a_loopback_address_is_taken(desk: Desk) -> None:
    desk.browser.post("/admin/clients/new/", sheet(redirect_uris="http://127.0.0.1:5000/callback"))
    assert Client.objects.get().redirect_uris == ["http://127.0.0.1:5000/callback"]


def test_a_second_officer_approves_and_it_is_live(desk: Desk) -> None:
    client = drafted(desk)
    desk.browser.post(address(client, "submit/"))
    desk.other.post(address(client, "approve/"))
    client.refresh_from_db()
    assert (client.state, client.approved_by, client.created_by) == ("live", desk.approver, desk.officer)


def test_nobody_approves_what_they_wrote(desk: Desk) -> None:
    client = clients.submit(drafted(desk), by=desk.officer)
    desk.browser.post(address(client, "approve/"))
    client.refresh_from_db()
    assert client.state == "review"


def test_nobody_approves_what_they_changed_or_sent(desk: Desk) -> None:
    client = drafted(desk)
    clients.save(client, {"name_en": "Other"}, by=desk.approver)
    clients.submit(client, by=desk.officer)
    for each in (desk.browser, desk.other):
        each.post(address(client, "approve/"))
    client.refresh_from_db()
    assert client.state == "review"
    browser(OfficerFactory(department=desk.department)).post(address(client, "approve/"))
    client.refresh_from_db()
    assert client.state == "live"


def test_the_database_refuses_an_approval_by_the_author(desk: Desk) -> None:
    client = drafted(desk)
    client.state, client.approved_by = "live", desk.officer
    with pytest.raises(IntegrityError, match="client_approved_by_a_second_officer"):
        client.save()


def test_what_is_incomplete_is_not_sent(desk: Desk) -> None:
    client = drafted(desk, token_endpoint_auth_method="private_key_jwt")
    desk.browser.post(address(client, "submit/"))
    client.refresh_from_db()
    assert client.state == "draft"


def test_another_departments_sector_is_not_sent(desk: Desk) -> None:
    client = drafted(desk, sector_identifier="immd")
    desk.browser.post(address(client, "submit/"))
    client.refresh_from_db()
    assert client.state == "draft"


def test_a_refusal_needs_a_reason_and_goes_back_to_the_author(desk: Desk) -> None:
    client = clients.submit(drafted(desk), by=desk.officer)
    desk.other.post(address(client, "refuse/"), {"note": " "})
    client.refresh_from_db()
    assert client.state == "review"
    desk.other.post(address(client, "refuse/"), {"note": "The purpose is too wide."})
    client.refresh_from_db()
    assert client.state == "draft"


def test_a_secret_is_shown_once_and_kept_as_a_digest(desk: Desk) -> None:
    client = approved(desk)
    assert client.secret_digest == ""
    secret = desk.browser.post(address(client, "secret/")).context["secret"]
    client.refresh_from_db()
    assert client.secret_digest == digest(secret)
    assert secret not in desk.browser.get(address(client)).content.decode()


def test_a_new_secret_ends_the_old_one(desk: Desk) -> None:
    client = approved(desk)
    old = clients.rotate_secret(client, by=desk.officer)
    client.refresh_from_db()
    new = clients.rotate_secret(client, by=desk.officer, instead_of=clients.secret_mark(client))
    client.refresh_from_db()
    assert (client.check_client_secret(old), client.check_client_secret(new)) == (False, True)


def test_a_page_loaded_again_does_not_throw_away_the_secret_that_it_showed(desk: Desk) -> None:
    client = approved(desk)
    secret = desk.browser.post(address(client, "secret/")).context["secret"]
    answer = desk.browser.post(address(client, "secret/"), follow=True)
    client.refresh_from_db()
    assert "A new secret was made already." in answer.content.decode()
    assert client.check_client_secret(secret)


def test_what_waits_for_a_second_officer_stands_on_their_first_page(desk: Desk) -> None:
    client = clients.submit(drafted(desk), by=desk.officer)
    for page in ("/admin/", "/admin/waiting/"):
        assert address(client) in desk.other.get(page).content.decode()
        assert f'href="{address(client)}"' not in desk.browser.get(page).content.decode()


def test_what_is_registered_and_changed_is_said_in_words(desk: Desk) -> None:
    client = drafted(desk)
    clients.save(client, {"least_acr": "plus"}, by=desk.officer)
    page = desk.browser.get(address(client)).content.decode()
    assert "identity verified, and a strong factor" in page
    assert "least_acr" not in page


def test_a_change_of_a_live_client_waits_for_approval(desk: Desk) -> None:
    client = approved(desk)
    secret = clients.rotate_secret(client, by=desk.officer)
    change = clients.start_change(client, by=desk.approver)
    clients.save(change, {"redirect_uris": ["https://td.example.hk/new"]}, by=desk.approver)
    clients.submit(change, by=desk.approver)
    client.refresh_from_db()
    assert client.redirect_uris == words()["redirect_uris"]
    assert "https://td.example.hk/new" in desk.browser.get(address(change)).content.decode()
    clients.approve(change, by=desk.officer)
    client.refresh_from_db()
    assert client.redirect_uris == ["https://td.example.hk/new"]
    assert client.check_client_secret(secret)
    assert (client.created_by, client.approved_by) == (desk.approver, desk.officer)
    assert Client.objects.count() == 1


def test_nobody_approves_their_own_change(desk: Desk) -> None:
    change = clients.start_change(approved(desk), by=desk.approver)
    clients.submit(change, by=desk.approver)
    desk.other.post(address(change, "approve/"))
    change.refresh_from_db()
    assert change.state == "review"


def test_a_suspension_ends_every_token(desk: Desk) -> None:
    client = approved(desk)
    person, at = UserFactory(), timezone.now()
    TokenFamily.objects.create(client=client, person=person, acr="basic", amr=[], auth_time=at, created_at=at)
    desk.browser.post(address(client, "suspend/"), {"note": "Its server was broken into."})
    client.refresh_from_db()
    assert client.state == "suspended"
    assert not TokenFamily.objects.filter(revoked_at=None).exists()
    desk.browser.post(address(client, "resume/"))
    client.refresh_from_db()
    assert client.state == "live"


@pytest.mark.parametrize("page", READ)
def test_a_client_of_another_department_looks_unknown(desk: Desk, page: str) -> None:
    assert browser(OfficerFactory()).get(address(drafted(desk), page)).status_code == 404


@pytest.mark.parametrize("act", WRITE)
def test_an_officer_of_another_department_changes_nothing(desk: Desk, act: str) -> None:
    client = drafted(desk)
    assert browser(OfficerFactory()).post(address(client, f"{act}/"), {"note": "x"}).status_code == 404


@pytest.mark.parametrize("act", WRITE)
def test_operations_see_every_client_and_change_none(desk: Desk, act: str) -> None:
    client, operator = drafted(desk), browser(OperatorFactory())
    assert operator.get(address(client)).status_code == 200
    assert operator.post(address(client, f"{act}/"), {"note": "x"}).status_code == 403


@pytest.mark.parametrize("page", ["/admin/clients/", "/admin/clients/new/"])
def test_a_citizen_and_a_stranger_do_not_come_in(desk: Desk, page: str) -> None:
    assert browser(UserFactory()).get(page, follow=True).status_code == 403
    assert Browser().get(page, follow=True).redirect_chain[-1][0].startswith("/accounts/login/")


def test_the_list_shows_own_clients_only(desk: Desk) -> None:
    client = drafted(desk)
    assert client.client_id in desk.browser.get("/admin/clients/").content.decode()
    assert client.client_id not in browser(OfficerFactory()).get("/admin/clients/").content.decode()
    assert client.client_id in browser(OperatorFactory()).get("/admin/clients/").content.decode()


def test_a_draft_can_be_thrown_away_and_a_live_client_cannot(desk: Desk) -> None:
    draft, live = drafted(desk), approved(desk)
    for client in (draft, live):
        desk.browser.post(address(client, "discard/"))
    assert list(Client.objects.all()) == [live]


def test_each_step_stands_in_the_history(desk: Desk) -> None:
    client = approved(desk)
    verbs = list(clients.history(client).values_list("verb", flat=True))
    assert verbs == ["client.approved", "client.submitted", "client.drafted"]
