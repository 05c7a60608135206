"""Ed25519 keys of the settings, and the JSON Web Signatures that the portal makes with them.

A signature is in flattened JSON form (RFC 7515 section 7.2.2) with `EdDSA` (RFC 8037); keys are named by their
thumbprints (RFC 7638). A setting holds the newest private key first, then older ones or, as `public:…`, what is left
of those whose private half is gone.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.core.exceptions import ImproperlyConfigured

RETIRED = "public:"
Json = dict[str, Any]


@dataclass(frozen=True)
class Keyring:
    """The newest private key signs, every public one is published."""

    signer: Ed25519PrivateKey | None
    public: tuple[Json, ...]  # JSON Web Keys, in the order of the setting

    def key_set(self) -> Json:
        """The public keys, newest first, as a JSON Web Key Set (RFC 7517 section 5)."""
        return {"keys": list(self.public)}

    def sign(self, document: Json, *, kind: str) -> Json:
        """The signed document: payload, protected (with `typ` as given) and signature. Needs a signer."""
        assert self.signer is not None
        header = {"alg": "EdDSA", "kid": self.public[0]["kid"], "typ": kind}
        protected, payload = encode(canonical(header)), encode(canonical(document))
        signature = self.signer.sign(f"{protected}.{payload}".encode())
        return {"payload": payload, "protected": protected, "signature": encode(signature)}

    def is_signed(self, signed: Json, *, kind: str) -> bool:
        """Whether one of these keys made the signature, for this kind of document."""
        try:
            header = json.loads(decode(signed["protected"]))
            key = next(key for key in self.public if key["kid"] == header["kid"])
            content = f"{signed['protected']}.{signed['payload']}".encode()
            Ed25519PublicKey.from_public_bytes(decode(key["x"])).verify(decode(signed["signature"]), content)
        except (InvalidSignature, StopIteration, ValueError, KeyError, TypeError):
            return False
        return bool((header.get("alg"), header.get("typ")) == ("EdDSA", kind))


def keyring(entries: Sequence[str], *, setting: str) -> Keyring:
    """The keys of a setting. Raises ImproperlyConfigured, naming it, for one that is none."""
    return _read(tuple(entries), setting)


@lru_cache(maxsize=8)
def _read(entries: tuple[str, ...], setting: str) -> Keyring:
    signer, public = None, []
    for number, entry in enumerate(entries):
        try:
            raw = decode(entry.removeprefix(RETIRED))
        except ValueError as error:
            raise ImproperlyConfigured(f"{setting}: a key is not base64url") from error
        if len(raw) != 32:
            raise ImproperlyConfigured(f"{setting}: a key has 32 bytes")
        if entry.startswith(RETIRED):
            public.append(_jwk(Ed25519PublicKey.from_public_bytes(raw)))
            continue
        private = Ed25519PrivateKey.from_private_bytes(raw)
        if number == 0:
            signer = private
        public.append(_jwk(private.public_key()))
    return Keyring(signer, tuple(public))


def _jwk(key: Ed25519PublicKey) -> Json:
    """RFC 8037 section 2; the id is the thumbprint of its three required members."""
    required = {"crv": "Ed25519", "kty": "OKP", "x": encode(key.public_bytes_raw())}
    return {**required, "kid": encode(hashlib.sha256(canonical(required)).digest()), "alg": "EdDSA", "use": "sig"}


def canonical(document: Any) -> bytes:
    """JSON with sorted keys, no spaces, in UTF-8 (after RFC 8785)."""
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def encode(raw: bytes) -> str:
    """Base64url without padding (RFC 7515 section 2)."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """The bytes of base64url without padding. Raises ValueError."""
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError("not base64url") from error
