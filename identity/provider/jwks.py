"""A client's public keys: as registered, or fetched from its `jwks_uri` and kept for a while."""

import json
from typing import Any

from django.core.cache import cache
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from identity.provider import outbound
from identity.provider.errors import InvalidClient
from identity.provider.models import Client
from identity.security import logger

KEPT_SECONDS = 300
MOST_KEYS = 20


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
        reply = outbound.get(client.jwks_uri, accept="application/jwk-set+json, application/json")
        found = json.loads(reply.body) if reply.status == 200 else None
    except (outbound.Unreachable, ValueError) as error:
        logger.warning("client_keys_unreachable", client=client.client_id, error=type(error).__name__)
        raise InvalidClient("The public keys of the client cannot be fetched") from None
    if not isinstance(found, dict):
        raise InvalidClient("The public keys of the client cannot be read")
    cache.set(key, found, KEPT_SECONDS)
    return found
