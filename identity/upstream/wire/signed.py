"""Signed requests: who sends, when, and that no byte was changed; the same in both directions.

Headers: clientID, signatureMethod, timestamp (milliseconds since 1970), nonce, and signature, which is
urlencode(base64(HMAC-SHA256(secret, clientID + signatureMethod + timestamp + nonce + body))).
"""

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

METHOD = "HmacSHA256"
WINDOW = timedelta(minutes=5)  # so far a timestamp may be from our clock, either way
NONCE = re.compile(r"[\x21-\x7e]{8,128}")
TIMESTAMP = re.compile(r"[0-9]{13}")


class Forged(Exception):
    """The signature, or what it is made of, is not the other side's."""


class OutOfTime(Exception):
    """Signed well, but too long ago, or in the future."""


def headers(body: bytes, *, client_id: str, secret: str, now: datetime) -> dict[str, str]:
    """The five headers of a request with that body, with a nonce of its own."""
    timestamp, nonce = str(int(now.timestamp() * 1000)), secrets.token_hex(16)
    return {
        "clientID": client_id,
        "signatureMethod": METHOD,
        "timestamp": timestamp,
        "nonce": nonce,
        "signature": signature(body, client_id=client_id, secret=secret, timestamp=timestamp, nonce=nonce),
    }


def signature(body: bytes, *, client_id: str, secret: str, timestamp: str, nonce: str) -> str:
    """As it stands in the header."""
    signed = f"{client_id}{METHOD}{timestamp}{nonce}".encode() + body
    return quote(base64.b64encode(hmac.digest(secret.encode(), signed, hashlib.sha256)), safe="")


def check(given: Mapping[str, str], body: bytes, *, client_id: str, secret: str, now: datetime) -> str:
    """The nonce of a genuine request of now; raises Forged or OutOfTime. The caller sees to it that it comes once."""
    timestamp, nonce = given.get("timestamp", ""), given.get("nonce", "")
    if given.get("clientID") != client_id or given.get("signatureMethod") != METHOD:
        raise Forged("another client, or another method")
    if not TIMESTAMP.fullmatch(timestamp) or not NONCE.fullmatch(nonce):
        raise Forged("no timestamp, or no nonce")
    expected = signature(body, client_id=client_id, secret=secret, timestamp=timestamp, nonce=nonce)
    if not hmac.compare_digest(expected.encode(), given.get("signature", "").encode()):
        raise Forged("another signature")
    if abs(now - datetime.fromtimestamp(int(timestamp) / 1000, UTC)) > WINDOW:
        raise OutOfTime("the timestamp is too far from now")
    return nonce
