"""A client's public keys: as registered, or fetched from its `jwks_uri` and kept for a while."""

import ipaddress
import json
import socket
from typing import Any
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from django.conf import settings
from django.core.cache import cache
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from identity.provider.errors import InvalidClient
from identity.provider.models import Client
from identity.security import logger

KEPT_SECONDS = 300
TIMEOUT_SECONDS = 3
LARGEST_SET = 64 * 1024  # bytes
MOST_KEYS = 20


class _NoRedirect(HTTPRedirectHandler):
    """The address was approved by an officer; where it leads on was not."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def key_set_of(client: Client) -> KeySet:
    """Raises InvalidClient if there are none that can be read."""
    found = client.jwks or _fetched(client)
    try:
        keys = KeySet.import_key_set({"keys": found["keys"][:MOST_KEYS]})
    except (JoseError, KeyError, TypeError, ValueError):
        raise InvalidClient("The public keys of the client cannot be read") from None
    if any(key.key_type == "oct" or key.is_private for key in keys):
        raise InvalidClient("The registered keys of the client are not public keys")
    return keys


def _fetched(client: Client) -> dict[str, Any]:
    key = f"provider:jwks:{client.pk}"
    if (kept := cache.get(key)) is not None:
        return dict(kept)
    try:
        found = json.loads(_get(client.jwks_uri))
    except (URLError, OSError, ValueError) as error:
        logger.warning("client_keys_unreachable", client=client.client_id, error=type(error).__name__)
        raise InvalidClient("The public keys of the client cannot be fetched") from None
    if not isinstance(found, dict):
        raise InvalidClient("The public keys of the client cannot be read")
    cache.set(key, found, KEPT_SECONDS)
    return found


def _get(address: str) -> bytes:
    """What stands at an https address outside our own machines; plain http only on a demonstration's own machine."""
    parts = urlsplit(address)
    if not _may_ask(parts.scheme, parts.hostname or "", parts.port or 443):
        raise ValueError("not an address to fetch keys from")
    request = Request(address, headers={"Accept": "application/jwk-set+json, application/json"})  # noqa: S310 (checked)
    with build_opener(_NoRedirect).open(request, timeout=TIMEOUT_SECONDS) as answer:
        body: bytes = answer.read(LARGEST_SET + 1)
    if len(body) > LARGEST_SET:
        raise ValueError("too large")
    return body


def _may_ask(scheme: str, host: str, port: int) -> bool:
    if not settings.IS_HTTPS:  # a demonstration: the client runs beside us
        return scheme in {"http", "https"}
    if scheme != "https":
        return False
    found = {info[4][0] for info in socket.getaddrinfo(host, port, proto=socket.IPPROTO_TCP)}
    return all(ipaddress.ip_address(str(each).partition("%")[0]).is_global for each in found)
