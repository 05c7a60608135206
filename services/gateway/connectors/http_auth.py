"""How we say who we are to a backend over HTTP. Settings name the secret's environment variable, never the secret."""

import base64
import hashlib
import json
import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote_plus, urlencode, urljoin, urlsplit

from django.utils.translation import gettext as _

from services.gateway.connectors import http_wire
from services.gateway.connectors.http_wire import Ambiguous, Patience, Unreached, Unsendable
from services.registry.models import Backend

Auth = Mapping[str, Any]

HEADER_NAME = {"type": "string", "pattern": f"^{http_wire.TOKEN.pattern}$"}
_VARIABLE = {"type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]*$", "maxLength": 100}
_TEXT = {"type": "string", "minLength": 1, "maxLength": 500, "pattern": "^[\\x20-\\x7e]*$"}

# Scheme -> the settings that it needs, and those that it may have besides.
SCHEMES: dict[str, tuple[list[str], list[str]]] = {
    "header": (["header"], ["prefix"]),
    "query": (["parameter"], []),
    "basic": (["username"], []),
    "bearer": ([], []),
    "oauth2": (["token_url", "client_id"], ["scope", "client_auth"]),
}


def _only(scheme: str) -> dict[str, Any]:
    needed, allowed = SCHEMES[scheme]
    return {
        "if": {"properties": {"scheme": {"const": scheme}}, "required": ["scheme"]},
        "then": {"required": needed, "propertyNames": {"enum": ["scheme", *needed, *allowed]}},
    }


SETTINGS: dict[str, Any] = {  # of every connector that speaks HTTP
    "credential_header": HEADER_NAME,  # the older way to write {"scheme": "header", "header": ...}
    "auth": {
        "type": "object",
        "properties": {
            "scheme": {"enum": list(SCHEMES)},
            "header": HEADER_NAME,
            "prefix": {**_TEXT, "description": "before the secret, such as 'Key '"},
            "parameter": _TEXT,
            "username": {**_TEXT, "pattern": "^[^:\\x00-\\x1f\\x7f]*$"},  # RFC 7617 section 2
            "token_url": {**_TEXT, "description": "below the backend's address, or https://..."},
            "client_id": _TEXT,
            "scope": _TEXT,
            "client_auth": {"enum": ["basic", "body"]},
        },
        "required": ["scheme"],
        "allOf": [_only(scheme) for scheme in SCHEMES],
    },
    "tls": {
        "type": "object",
        "properties": {
            "client_certificate": {**_VARIABLE, "description": "names a PEM file: certificate, then its key"},
            "ca": {**_VARIABLE, "description": "names a PEM file: the only authorities that are trusted"},
        },
        "additionalProperties": False,
    },
}


def check(backend: Backend) -> None:
    """Raise ValueError, in the active language, for what SETTINGS cannot say."""
    auth = auth_of(backend)
    if auth and not backend.credentials:
        raise ValueError("$.auth: " + _("Name the environment variable that holds the secret, in its own field."))
    if "token_url" in auth and not _is_trusted(backend, token_address(backend, auth)):
        raise ValueError(
            "$.auth.token_url: "
            + _(
                "Give a path below the backend's address, an address on the same host, or one that begins with https://."
            )
        )
    if backend.settings.get("tls") and urlsplit(backend.address).scheme != "https":
        raise ValueError("$.tls: " + _("Give an address that begins with https://."))


def auth_of(backend: Backend) -> Auth:
    """The backend's way to be told who we are; empty if it does not ask."""
    if header := backend.settings.get("credential_header"):
        return {"scheme": "header", "header": header, **backend.settings.get("auth", {})}
    found: Auth = backend.settings.get("auth", {})
    return found


def token_address(backend: Backend, auth: Auth) -> str:
    base = backend.address if backend.address.endswith("/") else backend.address + "/"
    return urljoin(base, str(auth["token_url"]))


def _is_trusted(backend: Backend, address: str) -> bool:
    ours, theirs = urlsplit(backend.address), urlsplit(address)
    try:
        same = (ours.scheme, ours.hostname, ours.port) == (theirs.scheme, theirs.hostname, theirs.port)
    except ValueError:  # a port that is none
        return False
    return bool(theirs.hostname) and not theirs.password and (same or theirs.scheme == "https")


@dataclass(frozen=True)
class Credential:
    """What a request carries besides its own headers and query; kept out of every text that is shown or logged."""

    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    query: Mapping[str, str] = field(default_factory=dict, repr=False)

    def signed(self, url: str) -> str:
        """The address with the credential in its query, if that is where it goes."""
        return url + ("&" if "?" in url else "?") + urlencode(self.query) if self.query else url

    def added_to(self, headers: Mapping[str, str]) -> dict[str, str]:
        """The headers with the credential's, which count whatever a mapping says."""
        ours = {name.lower() for name in self.headers}
        return {name: value for name, value in headers.items() if name.lower() not in ours} | dict(self.headers)


def credential(backend: Backend, patience: Patience) -> Credential:
    """Raises Unsendable without its secret, Unreached when a token cannot be had."""
    auth = auth_of(backend)
    return _WAYS[auth["scheme"]](backend, auth, _secret(backend), patience) if auth else Credential()


def renewed(backend: Backend, used: Credential, patience: Patience) -> Credential | None:
    """Another credential instead of one that was refused, or None if there is no other. Raises as credential() does."""
    auth = auth_of(backend)
    if auth.get("scheme") != "oauth2":
        return None
    _tokens.forget(backend, auth, used.headers["Authorization"])
    return credential(backend, patience)


def _secret(backend: Backend) -> str:
    if not backend.credentials:
        raise Unsendable("no environment variable is named for the backend's secret")
    secret = os.environ.get(backend.credentials, "").strip()
    if not secret:
        raise Unsendable(f"the environment variable {backend.credentials} is not set")
    return secret


def _basic(username: str, password: str) -> str:
    """RFC 7617, in UTF-8."""
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


@dataclass(frozen=True)
class _Token:
    authorization: str
    stale_at: float  # of time.monotonic(); it may expire a little later


class _Tokens:
    """Access tokens of this process: fetched once for all threads, used until shortly before they expire."""

    DEFAULT_SECONDS = 300.0  # where the answer does not say; RFC 6749 section 5.1 only recommends that it does
    LONGEST_SECONDS = 24 * 3600.0

    def __init__(self) -> None:
        self._kept: dict[str, _Token] = {}
        self._fetching: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()

    def of(self, backend: Backend, auth: Auth, secret: str, patience: Patience) -> str:
        """The Authorization header's value."""
        key = self._key(backend, auth, secret)
        with self._lock:
            fetching = self._fetching.setdefault(key, threading.Lock())
        if not fetching.acquire(timeout=max(patience.left_seconds, 0)):
            raise Unreached("another request for a token took too long")
        try:
            token = self._kept.get(key)
            if token is None or time.monotonic() >= token.stale_at:
                token = self._fetch(backend, auth, secret, patience)
                self._keep(key, token)
            return token.authorization
        finally:
            fetching.release()

    def forget(self, backend: Backend, auth: Auth, authorization: str) -> None:
        """A token was refused; one that another thread has fetched since is kept."""
        key = self._key(backend, auth, _secret(backend))
        with self._lock:
            if (kept := self._kept.get(key)) and kept.authorization == authorization:
                del self._kept[key]

    def _keep(self, key: str, token: _Token) -> None:
        now = time.monotonic()
        with self._lock:
            self._kept = {name: kept for name, kept in self._kept.items() if kept.stale_at > now} | {key: token}

    @staticmethod
    def _key(backend: Backend, auth: Auth, secret: str) -> str:
        facts = json.dumps([backend.code, backend.address, dict(auth), secret], sort_keys=True)
        return hashlib.sha256(facts.encode()).hexdigest()

    def _fetch(self, backend: Backend, auth: Auth, secret: str, patience: Patience) -> _Token:
        """RFC 6749 section 4.4. Whatever goes wrong here, the request itself was not sent."""
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        form = {"grant_type": "client_credentials"} | ({"scope": auth["scope"]} if "scope" in auth else {})
        if auth.get("client_auth", "basic") == "basic":  # section 2.3.1 wants both encoded as in a form
            headers["Authorization"] = _basic(quote_plus(auth["client_id"]), quote_plus(secret))
        else:
            form |= {"client_id": auth["client_id"], "client_secret": secret}
        address = token_address(backend, auth)
        if not _is_trusted(backend, address):
            raise Unsendable("the token's address is neither on the backend's host nor https")
        asked_at = time.monotonic()
        try:
            reply = http_wire.once(backend, patience, "POST", address, headers, urlencode(form).encode())
        except Unsendable:
            raise
        except (Unreached, Ambiguous) as error:
            raise Unreached(f"no token: {error}") from error
        return self._read(reply, asked_at)

    def _read(self, reply: http_wire.HttpReply, asked_at: float) -> _Token:
        try:
            said = json.loads(reply.content)
        except (ValueError, RecursionError):
            said = None
        token = said.get("access_token") if isinstance(said, dict) else None
        if reply.status != 200 or not isinstance(said, dict) or not isinstance(token, str) or not token:
            raise Unreached(f"no token: HTTP {reply.status}")
        if str(said.get("token_type", "")).lower() != "bearer":
            raise Unreached("no token: it is not a bearer token")
        seconds = said.get("expires_in")
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not seconds > 0:
            seconds = self.DEFAULT_SECONDS
        seconds = min(seconds, self.LONGEST_SECONDS)
        margin = min(30.0, seconds / 5)
        return _Token(f"Bearer {token}", asked_at + seconds - margin)


_tokens = _Tokens()


def _by_header(backend: Backend, auth: Auth, secret: str, patience: Patience) -> Credential:
    return Credential({auth["header"]: auth.get("prefix", "") + secret})


def _by_query(backend: Backend, auth: Auth, secret: str, patience: Patience) -> Credential:
    return Credential(query={auth["parameter"]: secret})


def _by_basic(backend: Backend, auth: Auth, secret: str, patience: Patience) -> Credential:
    return Credential({"Authorization": _basic(auth["username"], secret)})


def _by_bearer(backend: Backend, auth: Auth, secret: str, patience: Patience) -> Credential:
    return Credential({"Authorization": f"Bearer {secret}"})  # RFC 6750 section 2.1


def _by_oauth2(backend: Backend, auth: Auth, secret: str, patience: Patience) -> Credential:
    return Credential({"Authorization": _tokens.of(backend, auth, secret, patience)})


_WAYS: dict[str, Callable[[Backend, Auth, str, Patience], Credential]] = {
    "header": _by_header,
    "query": _by_query,
    "basic": _by_basic,
    "bearer": _by_bearer,
    "oauth2": _by_oauth2,
}
