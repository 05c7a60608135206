"""Sealed contents: JSON under AES-256-GCM, with a key that travels wrapped for our RSA certificate.

content = base64(length of the IV, 4 bytes big-endian | IV, 12 bytes | ciphertext | tag, 16 bytes)
"""

import base64
import binascii
import json
import secrets
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import load_der_private_key, load_pem_private_key

KEY_BYTES = 32
IV_BYTES = 12
TAG_BYTES = 16
MOST_BYTES = 1024 * 1024  # of a sealed content
LEAST_RSA_BITS = 2048


def _oaep(digest: hashes.HashAlgorithm, mask: hashes.HashAlgorithm) -> padding.OAEP:
    return padding.OAEP(mgf=padding.MGF1(algorithm=mask), algorithm=digest, label=None)


# RFC 8017 section 7. Java's OAEPWithSHA-256AndMGF1Padding masks with SHA-1 unless it is told otherwise. The last one
# is for providers that know nothing better: what is unwrapped is signed by the provider, so nobody else can try keys.
WRAPPINGS: dict[str, padding.AsymmetricPadding] = {
    "OAEP-SHA256": _oaep(hashes.SHA256(), hashes.SHA256()),
    "OAEP-SHA256-MGF1-SHA1": _oaep(hashes.SHA256(), hashes.SHA1()),  # noqa: S303 (a mask, no signature)
    "OAEP-SHA1": _oaep(hashes.SHA1(), hashes.SHA1()),  # noqa: S303
    "PKCS1-v1_5": padding.PKCS1v15(),
}


class Unsealable(Exception):
    """No key, no content, or not what was sealed: it cannot be opened."""


def seal(key: bytes, document: dict[str, Any]) -> str:
    """The content, under an IV that is never used again."""
    plain = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    iv = secrets.token_bytes(IV_BYTES)
    sealed = AESGCM(key).encrypt(iv, plain, None)
    return base64.b64encode(IV_BYTES.to_bytes(4, "big") + iv + sealed).decode()


def unseal(key: bytes, content: object) -> dict[str, Any]:
    """The document; raises Unsealable if a bit was changed, the key is another one, or it is no JSON object."""
    raw = _decoded(content)
    if len(raw) < 4 + IV_BYTES + TAG_BYTES or int.from_bytes(raw[:4], "big") != IV_BYTES:
        raise Unsealable("not in the form of a content")
    iv, sealed = raw[4 : 4 + IV_BYTES], raw[4 + IV_BYTES :]
    try:
        document = json.loads(AESGCM(key).decrypt(iv, sealed, None))
    except (InvalidTag, ValueError, RecursionError) as error:
        raise Unsealable("another key, or changed on the way") from error
    if not isinstance(document, dict):
        raise Unsealable("no JSON object")
    return document


def unwrap(private_key: RSAPrivateKey, wrapped: object, *, wrapping: str) -> bytes:
    """The AES-256 key, of one of WRAPPINGS and no other; raises Unsealable."""
    try:
        key = private_key.decrypt(_decoded(wrapped), WRAPPINGS[wrapping])
    except ValueError as error:
        raise Unsealable("not wrapped for our certificate") from error
    if len(key) != KEY_BYTES:
        raise Unsealable("no AES-256 key")
    return key


def load_private_key(text: str) -> RSAPrivateKey:
    """From PEM, or from base64 of DER (PKCS #8) in one line. Raises ValueError unless it is RSA and long enough."""
    text = text.strip()
    if text.startswith("-----"):
        key = load_pem_private_key(text.encode(), password=None)
    else:
        key = load_der_private_key(base64.b64decode(text, validate=True), password=None)
    if not isinstance(key, RSAPrivateKey) or key.key_size < LEAST_RSA_BITS:
        raise ValueError(f"the key must be RSA of at least {LEAST_RSA_BITS} bits")
    return key


def _decoded(text: object) -> bytes:
    if not isinstance(text, str) or len(text) > MOST_BYTES:
        raise Unsealable("no text, or too long a one")
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Unsealable("no base64") from error
