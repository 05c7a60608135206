"""The provider's side of the wire: strict about what services send, exact about what it sends them.

Written apart from Ferry's own side (identity/upstream/wire), so that a slip in one of them shows.
"""

import base64
import hashlib
import hmac
import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

OK = "D00000"
BAD_PARAMETER = "D20001"  # the codes D20001, D20007 and D20009 are this demonstration's own
BAD_SIGNATURE = "D20006"
NONCE_SEEN = "D20007"
BAD_TOKEN = "D20009"  # noqa: S105 (a code)
KEY_EXPIRED = "D30002"
BAD_SEAL = "D30004"
WINDOW_MS = 300_000
KEY_LASTS_MS = 3_600_000
PADDINGS = {
    "OAEP-SHA256": padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None),
    "PKCS1-v1_5": padding.PKCS1v15(),
}


class Unacceptable(Exception):
    """The service's request is refused with a code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def now_ms() -> int:
    return int(time.time() * 1000)


@dataclass
class Service:
    """An online service as it is registered here."""

    client_id: str
    secret: str
    public_key: RSAPublicKey  # of its certificate
    redirect_uris: list[str]
    callback: str
    name: str = "Ferry 一渡通"
    wrapping: str = "OAEP-SHA256"
    key: bytes = b""
    key_ends_ms: int = 0
    nonces: dict[str, int] = field(default_factory=dict)  # and when each was seen

    def fresh_key(self) -> dict[str, Any]:
        """The answer of getKey: the key that is in force, or a new one."""
        if not self.key or now_ms() >= self.key_ends_ms:
            self.key, self.key_ends_ms = os.urandom(32), now_ms() + KEY_LASTS_MS
        now = now_ms()
        return {
            "secretKey": self.wrapped(self.key), "pubKey": "", "issueAt": now, "expiresIn": self.key_ends_ms - now
        }  # fmt: skip

    def wrapped(self, key: bytes) -> str:
        return base64.b64encode(self.public_key.encrypt(key, PADDINGS[self.wrapping])).decode()

    def must_have_signed(self, headers: Mapping[str, str], body: bytes) -> None:
        """Raises Unacceptable unless the request is this service's, of now, and here for the first time."""
        given = {name: headers.get(name, "") for name in ("clientID", "signatureMethod", "timestamp", "nonce")}
        expected = _signature(self.secret, given, body)
        if given["clientID"] != self.client_id or given["signatureMethod"] != "HmacSHA256":
            raise Unacceptable(BAD_SIGNATURE, "unknown client or method")
        if not hmac.compare_digest(expected, headers.get("signature", "")):
            raise Unacceptable(BAD_SIGNATURE, "signature does not match")
        if not given["timestamp"].isdecimal() or abs(now_ms() - int(given["timestamp"])) > WINDOW_MS:
            raise Unacceptable(BAD_SIGNATURE, "timestamp is out of the window")
        self._see(given["nonce"])

    def _see(self, nonce: str) -> None:
        now = now_ms()
        self.nonces = {each: at for each, at in self.nonces.items() if now - at < 2 * WINDOW_MS}
        if len(nonce) < 8 or nonce in self.nonces:
            raise Unacceptable(NONCE_SEEN, "nonce was used before")
        self.nonces[nonce] = now

    def opened(self, body: bytes) -> dict[str, Any]:
        """What a sealed request asks; raises Unacceptable."""
        if not self.key or now_ms() >= self.key_ends_ms:
            raise Unacceptable(KEY_EXPIRED, "the key has expired")
        try:
            raw = base64.b64decode(json.loads(body)["content"], validate=True)
            if raw[:4] != b"\0\0\0\x0c":
                raise ValueError("not twelve bytes of IV")
            document = json.loads(AESGCM(self.key).decrypt(raw[4:16], raw[16:], None))
        except (InvalidTag, ValueError, KeyError, TypeError, RecursionError):
            raise Unacceptable(BAD_SEAL, "content cannot be decrypted") from None
        if not isinstance(document, dict):
            raise Unacceptable(BAD_SEAL, "content is no object")
        return document

    def signed_headers(self, body: bytes, *, secret: str = "") -> dict[str, str]:
        """Of a callback; with another secret for a forged one."""
        headers = {
            "clientID": self.client_id,
            "signatureMethod": "HmacSHA256",
            "timestamp": str(now_ms()),
            "nonce": os.urandom(16).hex(),
        }
        headers["signature"] = _signature(secret or self.secret, headers, body)
        return headers

    def callback_body(self, code: str, content: dict[str, Any]) -> bytes:
        """A callback has a key of its own."""
        key = os.urandom(32)
        document = {
            "txID": os.urandom(12).hex(), "code": code, "message": "", "secretKey": self.wrapped(key),
            "content": sealed(key, content),
        }  # fmt: skip
        return json.dumps(document).encode()


def sealed(key: bytes, document: dict[str, Any]) -> str:
    iv = os.urandom(12)
    plain = json.dumps(document).encode()
    return base64.b64encode(b"\0\0\0\x0c" + iv + AESGCM(key).encrypt(iv, plain, None)).decode()


def digits(document_digest: bytes, open_id: str) -> str:
    """The identification code that the app shows before signing."""
    mixed = hashlib.md5(
        hashlib.sha512(document_digest + hashlib.sha256(open_id.encode()).digest()).digest(), usedforsecurity=False
    ).hexdigest()
    return "".join(str(int(mixed[8 * place], 16) % 10) for place in range(4))


def _signature(secret: str, headers: Mapping[str, str], body: bytes) -> str:
    text = "".join(headers[name] for name in ("clientID", "signatureMethod", "timestamp", "nonce")).encode() + body
    return quote(base64.b64encode(hmac.new(secret.encode(), text, hashlib.sha256).digest()), safe="")
