"""A form that the law wants signed: shown, signed in the app, sent once, and what the receipt says of it."""

import hashlib
import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.test import Client
from django.utils import timezone
from pytest_django.live_server_helper import LiveServer
from structlog.testing import capture_logs

from identity.accounts.models import User
from identity.consent.models import Disclosure
from identity.signing import verification
from identity.signing.models import SignedDocument
from services.forms.models import Draft
from services.gateway import delivery, proof, retention
from services.gateway.models import ServiceCall
from services.registry.models import ServiceFunction
from tests.factories import UserFactory
from tests.identity.accounts.signing_in import sign_in
from tests.identity.upstream.fixtures import identity_app
from tests.identity.upstream.running import IdentityApp, Phone
from tests.portal.web.doing.conftest import address_of, fill_in, hidden
from tests.portal.web.doing.signing import at_plus, last, linked, ready_to_sign, sign, text_of, to_sign

__all__ = ["identity_app"]
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def app(identity_app: IdentityApp, live_server: LiveServer, settings: Any) -> IdentityApp:
    settings.BASE_URL = live_server.url
    identity_app.register(live_server.url)
    return identity_app


@pytest.fixture
def function(transactional_db: None) -> ServiceFunction:
    return to_sign()


@pytest.fixture
def signer(citizen: User, app: IdentityApp) -> Client:
    return linked(citizen, app)


def send(client: Client, function: ServiceFunction, page: Any) -> Any:
    return client.post(address_of(function, "review"), hidden(page))


def sent(client: Client, app: IdentityApp, function: ServiceFunction) -> ServiceCall:
    """All of it."""
    answer = send(client, function, sign(client, app, ready_to_sign(client, function)))
    assert answer.status_code == 302, text_of(answer)
    return ServiceCall.objects.latest("accepted_at")


def test_what_is_signed_is_shown_before_character_for_character(signer: Client, function: ServiceFunction) -> None:
    page = signer.get(ready_to_sign(signer, function))
    assert json.loads(last().text) == json.loads(page.context["text"])
    assert json.loads(last().text)["form"]["topic"] == "A quiet crossing"
    assert last().sha256 == hashlib.sha256(last().text.encode()).hexdigest()
    assert "A quiet crossing" in text_of(page)


def test_a_signed_form_is_sent_once_and_the_receipt_names_the_signer(
    signer: Client, app: IdentityApp, function: ServiceFunction
) -> None:
    page = sign(signer, app, ready_to_sign(signer, function))
    assert "Signed by CHAN Tai Man" in text_of(page)
    answer = send(signer, function, page)
    call = ServiceCall.objects.get()
    assert answer["Location"] == f"/en/calls/{call.receipt}/"
    assert last().reference == call.receipt
    assert "CHAN Tai Man" in text_of(signer.get(answer["Location"]))
    assert not Draft.objects.exists()


def test_the_page_sends_by_itself_and_is_told_where_to_go(
    signer: Client, app: IdentityApp, function: ServiceFunction
) -> None:
    page = sign(signer, app, ready_to_sign(signer, function))
    assert 'hx-trigger="load' in text_of(page)
    done = signer.post(address_of(function, "review"), hidden(page), headers={"HX-Request": "true"})
    assert done["HX-Redirect"] == f"/en/calls/{ServiceCall.objects.get().receipt}/"


def test_the_department_the_proof_and_the_log_get_the_signature(
    signer: Client, app: IdentityApp, function: ServiceFunction
) -> None:
    call = sent(signer, app, function)
    told = delivery.delivery_of(call).context["signature"]
    assert (told["signer"], told["sha256"]) == ("CHAN Tai Man", last().sha256)
    assert proof.bundle(call, timezone.now())["signature"]["jws"] == told["jws"]
    assert "signature" in Disclosure.objects.get(reference=call.receipt).fields


def test_a_refusal_in_the_app_sends_nothing_and_keeps_the_form(
    signer: Client, app: IdentityApp, function: ServiceFunction
) -> None:
    page = sign(signer, app, ready_to_sign(signer, function), do="refuse")
    assert "This is what you sign" in text_of(page)
    assert (Draft.objects.count(), ServiceCall.objects.count()) == (1, 0)


def test_who_has_no_app_is_told_to_link_one_and_comes_back(
    citizen: User, app: IdentityApp, function: ServiceFunction
) -> None:
    client = at_plus(citizen)
    place = ready_to_sign(client, function)
    page = client.get(place)
    assert "First link your identity app" in text_of(page)
    begun = client.post("/accounts/upstream/login/", {"process": "connect", "next": place}, follow=True)
    back = client.get(Phone(app).decide(begun.context["scan_url"]), follow=True)
    done = client.post(f"/en/identity-app/{back.context['transaction'].pk}/finish/", follow=True)
    assert "Sign in Demonstration identity app" in text_of(done)
    assert client.get(place).status_code == 200


def test_an_app_that_cannot_sign_gets_the_next_step(citizen: User, app: IdentityApp, function: ServiceFunction) -> None:
    client = linked(citizen, app, "siu-ling")
    assert "Your app cannot sign yet" in text_of(client.get(ready_to_sign(client, function)))


# --- What does not count --------------------------------------------------------------------------
def test_a_signature_of_somebody_else_is_not_found(signer: Client, app: IdentityApp, function: ServiceFunction) -> None:
    sign(signer, app, ready_to_sign(signer, function))
    other = sign_in(UserFactory(assurance="basic"))
    place = f"/en/functions/{function.code}/sign/{last().pk}/"
    assert (other.get(place).status_code, other.post(place).status_code) == (404, 404)


def test_a_form_that_changed_after_signing_is_not_sent(
    signer: Client, app: IdentityApp, function: ServiceFunction
) -> None:
    page = sign(signer, app, ready_to_sign(signer, function))
    fill_in(signer, function, topic="A loud crossing")
    review = hidden(signer.get(address_of(function, "review")))
    with capture_logs() as lines:
        answer = signer.post(address_of(function, "review"), {**review, "signature": hidden(page)["signature"]})
    assert (answer.status_code, ServiceCall.objects.count()) == (409, 0)
    assert "The form was changed since you began to sign" in text_of(answer)
    assert ("signature_refused", "other_document") in [(line["event"], line.get("reason")) for line in lines]


def test_a_signature_counts_once(signer: Client, app: IdentityApp, function: ServiceFunction) -> None:
    sent(signer, app, function)
    fill_in(signer, function, topic="A quiet crossing")
    review = hidden(signer.get(address_of(function, "review")))
    answer = signer.post(address_of(function, "review"), {**review, "signature": str(last().pk)})
    assert (answer.status_code, ServiceCall.objects.count()) == (409, 1)


def test_a_signature_that_is_too_old_is_refused_and_can_be_made_anew(
    signer: Client, app: IdentityApp, function: ServiceFunction
) -> None:
    page = sign(signer, app, ready_to_sign(signer, function))
    SignedDocument.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    answer = send(signer, function, page)
    assert "Your signature is too old" in text_of(answer)
    assert Draft.objects.exists()
    sent(signer, app, function)


def test_a_page_kept_open_after_sending_leads_to_the_receipt(
    signer: Client, app: IdentityApp, function: ServiceFunction
) -> None:
    place = ready_to_sign(signer, function)
    page = sign(signer, app, place)
    answer = send(signer, function, page)
    assert signer.get(place)["Location"] == answer["Location"]
    assert send(signer, function, page)["Location"] == answer["Location"]


def test_what_was_signed_goes_with_what_was_sent(signer: Client, app: IdentityApp, function: ServiceFunction) -> None:
    call = sent(signer, app, function)
    ServiceCall.objects.update(status="completed", finished_at=timezone.now() - timedelta(days=4000))
    assert retention.blank_due(timezone.now()) == 1
    kept = SignedDocument.objects.get(reference=call.receipt)
    assert (kept.content, kept.jws, kept.signer, len(kept.sha256)) == (None, None, "", 64)


# --- Papers ---------------------------------------------------------------------------------------
def test_the_sealed_receipt_holds_the_signature_and_anybody_can_check_it(
    signer: Client, app: IdentityApp, function: ServiceFunction
) -> None:
    call = sent(signer, app, function)
    paper = signer.get(f"/en/calls/{call.receipt}/sealed.pdf")
    found = verification.check(paper.content)
    assert (found.state, found.signer, found.sha256) == ("whole", "CHAN Tai Man", last().sha256)
    page = text_of(Client().post("/en/verify/", {"document": ContentFile(paper.content, "r.pdf")}))
    assert all(words in page for words in ("This document is whole", "CHAN Tai Man", "A quiet crossing"))


def test_signature_and_proof_are_checked_too(signer: Client, app: IdentityApp, function: ServiceFunction) -> None:
    call = sent(signer, app, function)
    for paper in ("signature.json", "proof.json"):
        content = signer.get(f"/en/calls/{call.receipt}/{paper}").content
        page = text_of(Client().post("/en/verify/", {"document": ContentFile(content, paper)}))
        assert "This document is whole" in page
        assert "CHAN Tai Man" in page


def test_without_time_stamps_the_plain_receipt_is_offered(
    signer: Client, app: IdentityApp, function: ServiceFunction
) -> None:
    call = sent(signer, app, function)
    app.set_mode("down")
    answer = signer.get(f"/en/calls/{call.receipt}/sealed.pdf")
    assert (answer.status_code, "No time stamp just now" in text_of(answer)) == (503, True)
