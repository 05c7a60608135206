"""Signatures of webhooks, after the Standard Webhooks specification 1.0 (symmetric, version 1 of its signatures).

The signed content is `{webhook-id}.{webhook-timestamp}.{body}`; a signature is `v1,` and the base64 of its HMAC-SHA256.
A secret is `whsec_` and the base64 of 24 to 64 random bytes. A header may carry several signatures with a space
between them, and we may know several secrets, so that either side can change its secret without losing a message.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Sequence
from datetime import datetime

TOLERANCE_SECONDS = 300
MOST_SIGNATURES = 10  # in one header; a sender that rotates has two
_ID = re.compile(r"[\x21-\x7e]{1,255}")
_TIMESTAMP = re.compile(r"[0-9]{1,12}")
_NOBODYS = [b"a key that signs for nobody"]  # so that an unknown sender costs the same time as a known one


def keys_of(secrets: str) -> list[bytes]:
    """The keys in a setting: secrets, newest first, with spaces or commas between. One that is none is left out."""
    return [key for secret in re.split(r"[\s,]+", secrets) if (key := _key(secret))]


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError):
        return b""
    return key if 24 <= len(key) <= 64 else b""


def sign(key: bytes, message_id: str, timestamp: int, body: bytes) -> str:
    """The signature as it stands in the header."""
    return f"v1,{base64.b64encode(_mac(key, message_id, str(timestamp), body)).decode()}"


def is_genuine(
    keys: Sequence[bytes], *, message_id: str, timestamp: str, signatures: str, body: bytes, now: datetime
) -> bool:
    """Whether a holder of one of the keys sent exactly this, at most five minutes ago. In constant time."""
    is_well_formed = _ID.fullmatch(message_id) is not None and _TIMESTAMP.fullmatch(timestamp) is not None
    is_fresh = is_well_formed and abs(now.timestamp() - int(timestamp)) <= TOLERANCE_SECONDS
    given = [part[3:] for part in signatures.split(" ")[:MOST_SIGNATURES] if part.startswith("v1,")]
    is_signed = False
    for key in keys or _NOBODYS:
        expected = base64.b64encode(_mac(key, message_id, timestamp, body))
        for one in given:
            is_signed |= hmac.compare_digest(expected, one.encode("utf-8", "replace"))
    return bool(keys) and is_fresh and is_signed


def _mac(key: bytes, message_id: str, timestamp: str, body: bytes) -> bytes:
    content = f"{message_id}.{timestamp}.".encode("utf-8", "replace") + body
    return hmac.new(key, content, hashlib.sha256).digest()
