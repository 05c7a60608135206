"""The provider's own answers: believed if genuine, of now, for the first time, and of one and the same request."""

import base64
import hashlib
import json
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from allauth.socialaccount.models import SocialAccount
from django.conf import settings as django_settings
from django.db import connections
from django.test import Client
from django.utils import timezone
from structlog.testing import capture_logs

from identity.accounts.models import User
from identity.profile import flows as profile
from identity.upstream import callbacks, client, flows, tasks
from identity.upstream.errors import Replayed
from identity.upstream.models import SeenNonce, Transaction
from services.twins.identity_keys import SigningRoom
from services.twins.identity_people import PEOPLE
from services.twins.identity_wire import Service
from tests.factories import UserFactory
from tests.identity.upstream.fixtures import citizen, link

__all__ = ["citizen"]
ADDRESS = "/accounts/upstream/callback/"
IDENTITY = ["idNo", "enName", "chName", "birthDate", "gender"]
Document = hashlib.sha256(b"a document").digest()


@pytest.fixture
def provider() -> Service:
    """What the provider knows of us, in our own hands: to say whatever a test wants."""
    return Service(
        client_id=django_settings.UPSTREAM_CLIENT_ID,
        secret=django_settings.UPSTREAM_CLIENT_SECRET,
        public_key=client.private_key().public_key(),
        redirect_uris=[],
        callback="",
    )


def waiting(person: User, kind: str, **asked: Any) -> Transaction:
    """A request that waits in the person's app."""
    ticket, state = secrets.token_hex(8), secrets.token_hex(8)
    open_id = SocialAccount.objects.get(user=person).uid
    return Transaction.objects.create(
        kind=kind,
        person=person,
        state_digest=flows.digest(state),
        ticket_digest=flows.digest(ticket),
        asked={"state": state, "ticket": ticket, "open_id": open_id, **asked},
        expires_at=timezone.now() + flows.LASTS,
    )


@pytest.fixture
def linked(citizen: User) -> User:
    link(citizen)
    return citizen


@pytest.fixture
def step_up(linked: User) -> Transaction:
    return waiting(linked, "step_up")


def answer(found: Transaction, **told: Any) -> dict[str, Any]:
    """A good one, except for what is given."""
    own = {"businessID": str(found.pk), "ticketID": found.asked["ticket"], "state": found.asked["state"]}
    return {**own, "openID": found.asked["open_id"], "isPassed": True, **told}


def send(provider: Service, content: dict[str, Any], code: str = "D00000", **headers: str) -> tuple[int, list[str]]:
    """The status, and the reasons in the security log."""
    body = provider.callback_body(code, content)
    return post(body, {**provider.signed_headers(body), **headers})


def post(body: bytes, headers: dict[str, str]) -> tuple[int, list[str]]:
    with capture_logs() as lines:
        reply = Client().post(ADDRESS, body, content_type="application/json", headers=headers)
    return reply.status_code, [line["reason"] for line in lines if "reason" in line]


def test_a_genuine_callback_is_believed(provider: Service, step_up: Transaction) -> None:
    assert send(provider, answer(step_up)) == (200, [])
    step_up.refresh_from_db()
    assert step_up.status == "approved"


def test_a_forged_signature_is_refused(provider: Service, step_up: Transaction) -> None:
    body = provider.callback_body("D00000", answer(step_up))
    assert post(body, provider.signed_headers(body, secret="guessed")) == (400, ["forged"])
    step_up.refresh_from_db()
    assert step_up.status == "open"


def test_a_changed_body_is_refused(provider: Service, step_up: Transaction) -> None:
    body = provider.callback_body("D40001", answer(step_up))
    headers = provider.signed_headers(body)
    assert post(body.replace(b"D40001", b"D00000"), headers) == (400, ["forged"])


def test_a_callback_without_a_signature_is_refused(step_up: Transaction) -> None:
    assert post(b"{}", {}) == (400, ["forged"])


def test_the_same_bytes_twice_are_refused_the_second_time(provider: Service, step_up: Transaction) -> None:
    body = provider.callback_body("D00000", answer(step_up))
    headers = provider.signed_headers(body)
    assert [post(body, headers), post(body, headers)] == [(200, []), (400, ["replayed"])]


def test_a_second_answer_to_one_request_is_refused(provider: Service, step_up: Transaction) -> None:
    send(provider, answer(step_up), "D40001")
    assert send(provider, answer(step_up)) == (400, ["replayed"])
    step_up.refresh_from_db()
    assert step_up.status == "rejected"


def test_an_old_callback_is_refused(provider: Service, step_up: Transaction, monkeypatch: pytest.MonkeyPatch) -> None:
    body = provider.callback_body("D00000", answer(step_up))
    old = str(int((timezone.now() - timedelta(minutes=6)).timestamp() * 1000))
    monkeypatch.setattr("services.twins.identity_wire.now_ms", lambda: int(old))
    assert post(body, provider.signed_headers(body)) == (400, ["expired"])


def test_an_answer_to_a_request_that_is_over_is_refused(provider: Service, step_up: Transaction) -> None:
    Transaction.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert send(provider, answer(step_up)) == (400, ["expired"])


def test_an_answer_to_what_was_never_asked_is_refused(provider: Service, step_up: Transaction) -> None:
    unknown = answer(step_up, businessID="6a1f0c7e-5d0f-4a57-9c5b-6d3c6f4f0a11")
    assert send(provider, unknown) == (400, ["unknown"])
    assert send(provider, answer(step_up, businessID="' OR 1=1")) == (400, ["unknown"])


@pytest.mark.parametrize("part", ["ticketID", "state"])
def test_the_ticket_or_state_of_another_request_is_refused(provider: Service, step_up: Transaction, part: str) -> None:
    other = UserFactory()
    link(other, "mei-fong")
    theirs = answer(waiting(other, "step_up"))
    assert send(provider, answer(step_up, **{part: theirs[part]})) == (400, ["mixed_up"])
    step_up.refresh_from_db()
    assert step_up.status == "open"


def test_the_callback_of_somebody_elses_app_is_refused(provider: Service, step_up: Transaction) -> None:
    other = PEOPLE["mei-fong"].open_id("ferry")
    assert send(provider, answer(step_up, openID=other)) == (400, ["other_person"])
    step_up.refresh_from_db()
    assert step_up.status == "disowned"


def test_a_key_that_is_not_wrapped_for_us_is_refused(provider: Service, step_up: Transaction) -> None:
    document = json.loads(provider.callback_body("D00000", answer(step_up)))
    document["secretKey"] = base64.b64encode(bytes(256)).decode()
    body = json.dumps(document).encode()
    assert post(body, provider.signed_headers(body)) == (400, ["forged"])


def test_a_key_wrapped_by_pkcs_1_v1_5_is_taken_only_if_a_setting_says_so(
    provider: Service, step_up: Transaction, settings: Any
) -> None:
    provider.wrapping = "PKCS1-v1_5"
    assert send(provider, answer(step_up)) == (400, ["forged"])
    settings.UPSTREAM_KEY_WRAPPING = "PKCS1-v1_5"
    assert send(provider, answer(step_up)) == (200, [])


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b'{"code":"D00000"}', b"\xff", b"[" * 5000])
def test_what_is_no_callback_is_refused(provider: Service, body: bytes, db: None) -> None:
    assert post(body, provider.signed_headers(body)) == (400, ["forged"])


def test_a_callback_that_is_too_large_is_not_read(provider: Service, db: None) -> None:
    assert post(b"x" * (callbacks.MOST_BYTES + 1), {})[0] == 413


@pytest.mark.parametrize(
    ("code", "status"),
    [("D40000", "cancelled"), ("D40001", "rejected"), ("D40003", "timed_out"), ("D99999", "failed")],
)
def test_each_end_is_noted(provider: Service, step_up: Transaction, code: str, status: str) -> None:
    send(provider, answer(step_up), code)
    step_up.refresh_from_db()
    assert step_up.status == status


@pytest.mark.parametrize("passed", [False, "false", None, "N", 0])
def test_a_step_up_that_did_not_pass_is_a_no(provider: Service, step_up: Transaction, passed: object) -> None:
    send(provider, answer(step_up, isPassed=passed))
    step_up.refresh_from_db()
    assert step_up.status == "rejected"


def test_the_identity_card_fills_the_profile_with_source_and_date(provider: Service, linked: User) -> None:
    found = waiting(linked, "profile")
    send(provider, answer(found, **PEOPLE["tai-man"].fields(IDENTITY)))
    known = profile.read(linked)
    assert known["hkid"].value == "A123456(3)"
    assert known["name_zh"].value == "陳大文"
    assert {each.source for each in known.values()} == {"immd"}
    assert known["date_of_birth"].checked_on == timezone.localdate()


def test_contact_details_fill_gaps_and_replace_nothing(provider: Service, linked: User) -> None:
    profile.store(linked, "phone", "+85261112222", source="person", checked_on=timezone.localdate())
    found = waiting(linked, "form_filling")
    send(provider, answer(found, **PEOPLE["tai-man"].fields([*IDENTITY, "mobileNumber", "emailAddress"])))
    known = profile.read(linked)
    assert known["phone"].value == "+85261112222"
    assert (known["email"].value, known["email"].source) == ("chan@example.hk", "person")


@pytest.mark.parametrize(
    "told",
    [
        {"idNo": {"Identification": "A123456", "CheckDigit": "4"}},
        {"idNo": "A123456(3)"},
        {"birthDate": "19881315"},
        {"enName": {"UnstructuredName": "x" * 500}},
        {"chName": {"ChineseName": "陳大文"}, "chNameVerified": "N"},
        {"emailAddress": "no address"},
        {"mobileNumber": {"CountryCode": "852", "SubscriberNumber": "1"}},
    ],
)
def test_what_is_not_sound_does_not_reach_the_profile(provider: Service, linked: User, told: dict[str, Any]) -> None:
    send(provider, answer(waiting(linked, "form_filling"), **told))
    assert profile.read(linked) == {}


@pytest.fixture
def signing_room(tmp_path: Any, settings: Any) -> SigningRoom:
    settings.UPSTREAM_TRUST_FILE = tmp_path / "authority.pem"
    return SigningRoom(tmp_path)


Signed = Callable[..., tuple[str, str]]


def sign(provider: Service, linked: User, signature: str, certificate: str) -> Transaction:
    found = waiting(linked, "signature", document_sha256=Document.hex())
    send(provider, answer(found, signature=signature, cert=certificate))
    found.refresh_from_db()
    return found


def test_a_signature_of_the_document_is_taken(provider: Service, linked: User, signing_room: SigningRoom) -> None:
    found = sign(provider, linked, *signing_room.sign(PEOPLE["tai-man"], Document))
    assert found.status == "approved"


def test_a_signature_of_another_document_is_not(provider: Service, linked: User, signing_room: SigningRoom) -> None:
    found = sign(provider, linked, *signing_room.sign(PEOPLE["tai-man"], bytes(32)))
    assert (found.status, found.answer) == ("failed", None)


def test_a_certificate_of_another_authority_is_not_trusted(
    provider: Service, linked: User, signing_room: SigningRoom, tmp_path: Any
) -> None:
    stranger = SigningRoom(tmp_path / "stranger")
    assert sign(provider, linked, *stranger.sign(PEOPLE["tai-man"], Document)).status == "failed"


def test_the_authority_itself_signs_no_documents(
    provider: Service, linked: User, signing_room: SigningRoom, tmp_path: Any
) -> None:
    signature, _ = signing_room.sign(PEOPLE["tai-man"], Document)
    assert sign(provider, linked, signature, (tmp_path / "authority.pem").read_text()).status == "failed"


@pytest.mark.django_db(transaction=True)
def test_of_ten_answers_at_once_one_counts(citizen: User, provider: Service) -> None:
    link(citizen)
    found = waiting(citizen, "step_up")

    def receive(code: str) -> str:
        body = provider.callback_body(code, answer(found))
        try:
            return str(callbacks.receive(provider.signed_headers(body), body).status)
        except Replayed:
            return "replayed"
        finally:
            connections.close_all()

    with ThreadPoolExecutor(10) as pool:
        ends = list(pool.map(receive, ["D00000", "D40001"] * 5))
    assert ends.count("replayed") == 9


@pytest.mark.django_db(transaction=True)
def test_of_ten_uses_at_once_one_counts(citizen: User, provider: Service) -> None:
    link(citizen)
    found = waiting(citizen, "step_up")
    send(provider, answer(found))

    def use(_number: int) -> str:
        try:
            return str(flows.use(Transaction.objects.get(pk=found.pk)).status)
        except Replayed:
            return "replayed"
        finally:
            connections.close_all()

    with ThreadPoolExecutor(10) as pool:
        assert sorted(pool.map(use, range(10))) == ["done", *["replayed"] * 9]


def test_nonces_and_old_requests_are_forgotten(provider: Service, step_up: Transaction) -> None:
    send(provider, answer(step_up))
    tasks.forget()
    assert (SeenNonce.objects.count(), Transaction.objects.count()) == (1, 1)
    SeenNonce.objects.update(seen_at=timezone.now() - timedelta(hours=1))
    Transaction.objects.update(expires_at=timezone.now() - timedelta(days=31))
    tasks.forget()
    assert (SeenNonce.objects.count(), Transaction.objects.count()) == (0, 0)
