"""A person's signature under the portal's seal: a JSON Web Signature that anybody can check without us.

Flattened JSON (RFC 7515 section 7.2.2), ES256, with the seal's certificates in `x5c`. Its payload holds the document,
the SHA-256 that the identity app signed (SHA256withRSA, PKCS #1 v1.5), that signature, and the signer's certificate.
"""

import base64
import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding

from identity.signatures import canonical, decode, encode
from identity.signing import seal as seals
from identity.signing.errors import SignatureRefused
from identity.upstream import signatures
from identity.upstream.signatures import Signature

FORMAT = "ferry-signature/1"
TYPE = "ferry-signature+json"
Json = dict[str, Any]


@dataclass(frozen=True)
class Checked:
    """A sound one: who signed what, when, and under whose seal."""

    document: Json
    sha256: str
    signer: str
    signed_at: datetime
    certificate: x509.Certificate
    seal: x509.Certificate


def make(document: bytes, signature: Signature) -> Json:
    """The statement `This person signed that document`, sealed. Raises NoSeal."""
    seal = seals.ours()
    protected = {
        "alg": "ES256",
        "typ": TYPE,
        "x5c": [base64.b64encode(each.public_bytes(Encoding.DER)).decode() for each in seal.chain],
    }
    statement = {
        "format": FORMAT,
        "document": json.loads(document),
        "sha256": hashlib.sha256(document).hexdigest(),
        "signer": {"name": signature.signer, "certificate": base64.b64encode(signature.certificate).decode()},
        "signature": {"alg": signature.algorithm, "value": base64.b64encode(signature.value).decode()},
        "signed_at": signature.signed_at.isoformat(timespec="seconds"),
    }
    head, body = encode(canonical(protected)), encode(canonical(statement))
    r, s = decode_dss_signature(seal.key.sign(f"{head}.{body}".encode(), ec.ECDSA(hashes.SHA256())))
    value = r.to_bytes(32, "big") + s.to_bytes(32, "big")  # RFC 7518 section 3.4
    return {"payload": body, "protected": head, "signature": encode(value)}


def check(signed: Json) -> Checked:
    """What it says, if it is whole, its seal and its signer are certified by somebody whom we trust.

    Raises SignatureRefused: `other_document` where something was changed, `not_trusted` for others' certificates.
    """
    try:
        head, statement = json.loads(decode(signed["protected"])), json.loads(decode(signed["payload"]))
        content = f"{signed['protected']}.{signed['payload']}".encode()
        chain = [x509.load_der_x509_certificate(base64.b64decode(each, validate=True)) for each in head["x5c"][:5]]
        value = decode(signed["signature"])
        if (head["alg"], head["typ"], statement["format"], len(value)) != ("ES256", TYPE, FORMAT, 64):
            raise SignatureRefused("unknown")
        signed_at = datetime.fromisoformat(statement["signed_at"])
        _check_seal(chain, value, content, signed_at)
        return _check_person(statement, signed_at, chain[0])
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError) as error:
        raise SignatureRefused("unknown") from error


def _check_seal(chain: list[x509.Certificate], value: bytes, content: bytes, at: datetime) -> None:
    key = chain[0].public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise SignatureRefused("unknown")
    numbers = encode_dss_signature(int.from_bytes(value[:32], "big"), int.from_bytes(value[32:], "big"))
    try:
        key.verify(numbers, content, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature as error:
        raise SignatureRefused("other_document") from error
    if not seals.is_trusted(chain, at):
        raise SignatureRefused("not_trusted")


def _check_person(statement: Json, at: datetime, seal: x509.Certificate) -> Checked:
    digest = hashlib.sha256(canonical(statement["document"])).hexdigest()
    if digest != statement["sha256"]:
        raise SignatureRefused("other_document")
    told = {"signature": statement["signature"]["value"], "cert": statement["signer"]["certificate"]}
    try:
        made = signatures.verify(told, document_sha256=bytes.fromhex(digest), at=at)
    except signatures.NotSigned as error:
        raise SignatureRefused("not_trusted") from error
    certificate = x509.load_der_x509_certificate(made.certificate)
    return Checked(statement["document"], digest, made.signer, at, certificate, seal)
