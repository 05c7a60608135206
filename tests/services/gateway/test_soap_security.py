"""WS-Security against a department that reads the standard on its own (services/twins/soap_guard.py)."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from services.gateway.connectors.base import Outcome
from services.gateway.connectors.soap import SoapConnector
from services.registry.models import Backend
from tests.services.gateway.soap import backend_of, body_in_ledger, delivery_to, manners
from tests.services.twins.running import Twins

SOAP = SoapConnector()
PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
SIGNATURE = {"key": "TD_KEY", "certificate": "TD_CERTIFICATE"}


def certificate_of(key: PrivateKey) -> str:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "portal")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(days=1))
    return builder.not_valid_after(now + timedelta(days=1)).sign(key, SHA256()).public_bytes(Encoding.PEM).decode()


def pem_of(key: PrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.fixture(scope="module")
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture
def certificate(rsa_key: rsa.RSAPrivateKey, monkeypatch: pytest.MonkeyPatch) -> str:
    """Of our key; both lie in the environment."""
    made = certificate_of(rsa_key)
    monkeypatch.setenv("TD_KEY", pem_of(rsa_key))
    monkeypatch.setenv("TD_CERTIFICATE", made)
    return made


def with_token(twins: Twins, kind: str = "digest") -> Backend:
    wsse = {"username_token": {"username": "ferry", "password_type": kind}}
    return backend_of(twins, "token", settings={"wsse": wsse}, credentials="TD_PASSWORD")


def signing(twins: Twins, **more: str) -> Backend:
    return backend_of(twins, "signed", settings={"wsse": {"signature": SIGNATURE, **more}})


@pytest.mark.parametrize("kind", ["text", "digest"])
def test_a_user_name_token_opens_the_door_every_time(twins: Twins, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.setenv("TD_PASSWORD", "ferry-twin")
    backend = with_token(twins, kind)
    assert [SOAP.send(delivery_to(backend)).kind for _ in range(3)] == [Outcome.ANSWERED] * 3  # a nonce each


@pytest.mark.parametrize("kind", ["text", "digest"])
def test_a_wrong_password_does_not(twins: Twins, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.setenv("TD_PASSWORD", "guessed")
    outcome = SOAP.send(delivery_to(with_token(twins, kind)))
    assert (outcome.kind, outcome.detail) == (Outcome.AMBIGUOUS, "fault wsse:FailedAuthentication, not understood")


def test_the_door_is_closed_without_a_token(twins: Twins) -> None:
    outcome = SOAP.send(delivery_to(backend_of(twins, "token")))
    assert outcome.detail == "fault wsse:InvalidSecurity, not understood"


def test_the_password_is_not_shown_to_the_officer_who_tries(twins: Twins, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TD_PASSWORD", "ferry-twin")
    sent = SOAP.send(delivery_to(with_token(twins, "text"))).exchange["sent"]
    assert ("(hidden)" in sent, "ferry-twin" in sent) == (True, False)


@pytest.mark.parametrize("value", [None, ""])
def test_a_missing_secret_is_named_and_nothing_is_sent(
    twins: Twins, monkeypatch: pytest.MonkeyPatch, value: str | None
) -> None:
    monkeypatch.delenv("TD_PASSWORD", raising=False)
    if value is not None:
        monkeypatch.setenv("TD_PASSWORD", value)
    outcome = SOAP.send(delivery_to(with_token(twins)))
    assert (outcome.kind, outcome.detail) == (Outcome.UNSENDABLE, "the environment variable TD_PASSWORD is not set")


@pytest.mark.parametrize("name", ["TD_KEY", "TD_CERTIFICATE", "TD_THEIRS"])
def test_what_is_no_key_or_certificate_is_named_and_nothing_is_sent(
    twins: Twins, certificate: str, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("TD_THEIRS", certificate)
    monkeypatch.setenv(name, "no PEM")
    outcome = SOAP.send(delivery_to(signing(twins, verify="TD_THEIRS")))
    assert (outcome.kind, name in outcome.detail) == (Outcome.UNSENDABLE, True)


def test_a_signed_request_is_accepted_by_another_reader_of_the_standard(twins: Twins, certificate: str) -> None:
    delivery = delivery_to(signing(twins))
    with manners(twins, certificate=certificate):
        assert SOAP.send(delivery).kind == Outcome.ANSWERED
    sent = body_in_ledger(twins, delivery.receipt)
    assert "BinarySecurityToken" in sent
    assert "PRIVATE KEY" not in sent


def test_an_elliptic_curve_signs_as_well_and_line_ends_may_be_written(
    twins: Twins, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    made = certificate_of(key)
    monkeypatch.setenv("TD_KEY", pem_of(key).replace("\n", "\\n"))
    monkeypatch.setenv("TD_CERTIFICATE", made)
    with manners(twins, certificate=made):
        assert SOAP.send(delivery_to(signing(twins))).kind == Outcome.ANSWERED


def test_another_ones_signature_is_not_accepted(
    twins: Twins, certificate: str, rsa_key: rsa.RSAPrivateKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    monkeypatch.setenv("TD_KEY", pem_of(other))
    with manners(twins, certificate=certificate):
        assert SOAP.send(delivery_to(signing(twins))).detail == "fault wsse:FailedCheck, not understood"


def test_a_token_and_a_signature_go_together(twins: Twins, certificate: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TD_PASSWORD", "ferry-twin")
    backend = signing(twins)
    backend.settings["wsse"]["username_token"] = {"username": "ferry"}
    backend.credentials = "TD_PASSWORD"
    with manners(twins, certificate=certificate):
        assert SOAP.send(delivery_to(backend)).kind == Outcome.ANSWERED


def test_a_signed_answer_is_read(twins: Twins, certificate: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with manners(twins, certificate=certificate) as told:
        monkeypatch.setenv("TD_THEIRS", told["own_certificate"])
        backend = signing(twins, verify="TD_THEIRS")
        assert SOAP.send(delivery_to(backend)).kind == Outcome.ANSWERED
        refused = SOAP.send(delivery_to(backend, licence_number="VOID-1")).reading
    assert refused is not None
    assert refused.outcome == "rejected"


@pytest.mark.parametrize("harm", ["unsigned", "changed", "late", "body not signed"])
def test_an_answer_that_is_not_signed_as_it_should_be_is_not_believed(
    twins: Twins, certificate: str, monkeypatch: pytest.MonkeyPatch, harm: str
) -> None:
    with manners(twins, certificate=certificate, harm=harm) as told:
        monkeypatch.setenv("TD_THEIRS", told["own_certificate"])
        delivery = delivery_to(signing(twins, verify="TD_THEIRS"))
        outcome = SOAP.send(delivery)
    assert (outcome.kind, outcome.reading) == (Outcome.AMBIGUOUS, None)
    assert twins.effects("td-soap", delivery.receipt) == ["filed"]


def test_an_answer_signed_by_another_is_not_believed(
    twins: Twins, certificate: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TD_THEIRS", certificate)
    with manners(twins, certificate=certificate):
        outcome = SOAP.send(delivery_to(signing(twins, verify="TD_THEIRS")))
    assert (outcome.kind, "signature" in outcome.detail) == (Outcome.AMBIGUOUS, True)


def test_of_an_answer_only_what_is_signed_is_read(
    twins: Twins, certificate: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with manners(twins, certificate=certificate, harm="wrapped") as told:
        monkeypatch.setenv("TD_THEIRS", told["own_certificate"])
        outcome = SOAP.send(delivery_to(signing(twins, verify="TD_THEIRS")))
    assert ">changed<" in outcome.exchange["received"]
    assert outcome.reading is not None
    assert outcome.reading.values["case_number"].startswith("TD-")
