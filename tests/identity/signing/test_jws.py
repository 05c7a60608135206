"""A person's signature under the seal: whole, or refused with the right word."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from joserfc import jws as reference
from joserfc.jwk import import_key

from identity.signatures import canonical, decode, encode
from identity.signing import jws, seal
from identity.signing.errors import NoSeal, SignatureRefused
from identity.upstream.signatures import Signature
from portal.launch.demo_seal import make_seal
from tests.identity.signing.conftest import DOCUMENT

Json = dict[str, Any]


def resealed(statement: Json, **changes: Any) -> Json:
    """The same with other contents, sealed by whoever holds the seal's key."""
    body = encode(canonical({**json.loads(decode(statement["payload"])), **changes}))
    key = import_key(_pem(), "EC")
    head = json.loads(decode(statement["protected"]))
    made: Any = reference.serialize_json({"protected": head}, decode(body), key)
    return {name: made[name] for name in ("payload", "protected", "signature")}


def _pem() -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    return seal.ours().key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def reason_of(signed: Any) -> str:
    with pytest.raises(SignatureRefused) as refused:
        jws.check(signed)
    return refused.value.reason


def test_it_tells_who_signed_what_and_when(statement: Json) -> None:
    found = jws.check(statement)
    assert (found.document, found.signer) == (DOCUMENT, "CHAN Tai Man")
    assert "Ferry demonstration seal" in found.seal.subject.rfc4514_string()


def test_another_library_finds_the_seal_good(statement: Json) -> None:
    room_for_certificates = reference.JWSRegistry()
    room_for_certificates.max_header_length = 10_000
    signed: Any = statement
    found = reference.deserialize_json(signed, import_key(_pem(), "EC"), registry=room_for_certificates)
    assert json.loads(found.payload)["document"] == DOCUMENT


@pytest.mark.parametrize("part", ["payload", "protected", "signature"])
def test_one_changed_letter_is_noticed(statement: Json, part: str) -> None:
    text = statement[part]
    place = len(text) // 2
    changed = {**statement, part: text[:place] + ("A" if text[place] != "A" else "B") + text[place + 1 :]}
    assert reason_of(changed) in {"other_document", "unknown", "not_trusted"}


def test_even_the_seals_holder_cannot_change_what_the_person_signed(statement: Json) -> None:
    assert reason_of(resealed(statement, document={**DOCUMENT, "id": "2"})) == "other_document"


def test_a_signature_of_another_document_does_not_fit(statement: Json, signs: Callable[[bytes], Signature]) -> None:
    other = jws.make(canonical({"id": "2"}), signs(canonical(DOCUMENT)))
    assert reason_of(other) == "not_trusted"


def test_a_stranger_who_seals_is_not_believed(statement: Json, settings: Any) -> None:
    settings.FERRY_SEAL = make_seal().split(",")
    assert reason_of(statement) == "not_trusted"


def test_a_time_outside_the_certificates_is_not_believed(statement: Json) -> None:
    at = jws.check(statement).signed_at - timedelta(days=1)
    assert reason_of(resealed(statement, signed_at=at.isoformat())) == "not_trusted"


def test_alg_none_is_nothing(statement: Json) -> None:
    head = {**json.loads(decode(statement["protected"])), "alg": "none"}
    assert reason_of({**statement, "protected": encode(canonical(head)), "signature": ""}) == "unknown"


@pytest.mark.parametrize("garbage", [{}, {"payload": 1, "protected": 2, "signature": 3}, [], "x", None])
def test_garbage_is_refused(garbage: Any) -> None:
    assert reason_of(garbage) == "unknown"


def test_a_portal_without_a_seal_says_so(settings: Any) -> None:
    settings.FERRY_SEAL = []
    with pytest.raises(NoSeal):
        seal.ours()
