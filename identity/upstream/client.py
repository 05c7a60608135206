"""What Ferry asks of the provider, over HTTP: signed, sealed, with time limits, never redirected."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import Any
from urllib.parse import urlencode

import urllib3
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from django.conf import settings
from django.utils import timezone

from identity.upstream.errors import Refused, Unreachable
from identity.upstream.wire import sealed, signed
from identity.upstream.wire.codes import Code

API = "/api/v1"
TIME_LIMIT = urllib3.Timeout(connect=3, read=8)  # seconds; a person waits
MOST_BYTES = 1024 * 1024  # of an answer
KEY_MARGIN = timedelta(seconds=60)  # so long before its end a key is fetched anew
LONGEST_KEPT = timedelta(hours=24)  # whatever the provider says of a key or a token

_pool = urllib3.PoolManager(maxsize=8, timeout=TIME_LIMIT, retries=False)
_keys: dict[tuple[str, str], tuple[bytes, datetime]] = {}  # of each provider, with its end
_lock = Lock()


@dataclass(frozen=True)
class Token:
    """That somebody approved: the person as this service alone knows them, and the right to ask them more."""

    access_token: str
    open_id: str
    scope: tuple[str, ...]
    expires_at: datetime


@dataclass(frozen=True)
class Ticket:
    """A request that waits in the person's app."""

    id: str
    by_qr: bool  # the app has to scan a code first


def is_configured() -> bool:
    """Whether there is a provider to ask."""
    return bool(settings.UPSTREAM_URL and settings.UPSTREAM_CLIENT_SECRET and settings.UPSTREAM_PRIVATE_KEY)


def qr_address(*, source: str, redirect_uri: str, state: str, language: str, ticket: str = "") -> str:
    """The provider's page with the QR code, or, by another `source`, the app on this device."""
    asked = {
        "clientID": settings.UPSTREAM_CLIENT_ID,
        "responseType": "code",
        "source": source,
        "redirectURI": redirect_uri,
        "scope": " ".join(settings.UPSTREAM_SCOPE),
        "state": state,
        "lang": language,
        "brokerPage": "true",
    }
    if ticket:
        asked["ticketID"] = ticket
    return f"{settings.UPSTREAM_URL}{API}/auth/getQR?{urlencode(asked)}"


def token(code: str) -> Token:
    """What an authorization code is worth. Raises Refused or Unreachable."""
    told = call("/auth/getToken", {"code": code, "grantType": "authorization_code"})
    now = timezone.now()
    lasts = min(timedelta(milliseconds=_whole(told, "expiresIn")), LONGEST_KEPT)
    return Token(
        access_token=_text(told, "accessToken", 2000),
        open_id=_text(told, "openID", 191),
        scope=tuple(_text(told, "scope", 500).replace(",", " ").split()),
        expires_at=now + lasts,
    )


def initiate(path: str, asked: Mapping[str, Any]) -> Ticket:
    """Put a request into a person's app. Raises Refused or Unreachable."""
    told = call(f"{path}/initiateRequest", asked)
    return Ticket(_text(told, "ticketID", 200), by_qr=told.get("authByQR") is True)


def call(path: str, asked: Mapping[str, Any]) -> dict[str, Any]:
    """The opened content of the answer. A key that has expired is fetched anew, once. Raises Refused, Unreachable."""
    key = content_key()
    reply = _post(path, {"content": sealed.seal(key, dict(asked))})
    if reply.get("code") == Code.KEY_EXPIRED:
        key = content_key(anew=True)
        reply = _post(path, {"content": sealed.seal(key, dict(asked))})
    _must_be_ok(reply)
    if "content" not in reply:
        return {}
    try:
        return sealed.unseal(key, reply["content"])
    except sealed.Unsealable as error:
        raise Unreachable("its answer cannot be opened") from error


def content_key(*, anew: bool = False) -> bytes:
    """The AES key that the provider and we share for a while, of this process. Raises Refused or Unreachable."""
    whose = (settings.UPSTREAM_URL, settings.UPSTREAM_CLIENT_ID)
    with _lock:
        kept = _keys.get(whose)
        if kept and not anew and timezone.now() < kept[1] - KEY_MARGIN:
            return kept[0]
    reply = _post("/security/getKey", {})
    _must_be_ok(reply)
    told = reply.get("content")
    if not isinstance(told, dict):
        raise Unreachable("it gives no key")
    try:
        key = sealed.unwrap(private_key(), told.get("secretKey"), wrapping=settings.UPSTREAM_KEY_WRAPPING)
    except sealed.Unsealable as error:
        raise Unreachable("its key cannot be unwrapped") from error
    lasts = min(timedelta(milliseconds=_whole(told, "expiresIn")), LONGEST_KEPT)
    with _lock:
        _keys[whose] = (key, timezone.now() + lasts)
    return key


def forget_keys() -> None:
    """Fetch a new key for the next request: after a change of provider or certificate."""
    with _lock:
        _keys.clear()


def private_key() -> RSAPrivateKey:
    """Of our certificate, from the environment. Raises ValueError if the setting is none."""
    return sealed.load_private_key(settings.UPSTREAM_PRIVATE_KEY)


def _post(path: str, document: dict[str, Any]) -> dict[str, Any]:
    body = json.dumps(document, separators=(",", ":")).encode()
    headers = signed.headers(
        body,
        client_id=settings.UPSTREAM_CLIENT_ID,
        secret=settings.UPSTREAM_CLIENT_SECRET,
        now=timezone.now(),
    )
    headers |= {"Content-Type": "application/json", "Accept": "application/json"}
    try:
        with _pool.request(
            "POST", f"{settings.UPSTREAM_URL}{API}{path}", body=body, headers=headers, preload_content=False
        ) as response:
            read = response.read(MOST_BYTES + 1)
            status = response.status
    except urllib3.exceptions.HTTPError as error:
        raise Unreachable("no answer") from error
    if status != 200 or len(read) > MOST_BYTES:
        raise Unreachable("an answer that is none")
    try:
        reply = json.loads(read)
    except (ValueError, RecursionError) as error:
        raise Unreachable("an answer that is no JSON") from error
    if not isinstance(reply, dict):
        raise Unreachable("an answer that is no JSON object")
    return reply


def _must_be_ok(reply: dict[str, Any]) -> None:
    code = reply.get("code")
    if code != Code.OK:
        raise Refused(str(code)[:20])


def _text(told: Mapping[str, Any], name: str, most: int) -> str:
    value = told.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= most:
        raise Unreachable(f"its answer has no {name}")
    return value


def _whole(told: Mapping[str, Any], name: str) -> int:
    value = told.get(name)
    if type(value) is not int or value < 0:
        raise Unreachable(f"its answer has no {name}")
    return min(value, 10**12)
