"""ID tokens: who signed in, how and when, signed (OpenID Connect Core 1.0 section 2)."""

import time
from typing import Any

from authlib.oidc.core.util import create_half_hash
from joserfc import jwt
from joserfc.errors import JoseError

from identity.provider import keys, lifetimes, subjects
from identity.provider.issuer import issuer
from identity.provider.models import Client, TokenFamily


def encode(family: TokenFamily, *, access_token: str, nonce: str = "", told: dict[str, Any] | None = None) -> str:
    """The signed token of a family for its client; `told` are claims of the person that were asked for in it."""
    client = family.client
    alg = client.id_token_signed_response_alg
    kid, key = keys.current(alg)
    now = int(time.time())
    claims = {
        **(told or {}),
        "iss": issuer(),
        "sub": subjects.sub(client.sector_identifier, family.person_id),
        "aud": client.client_id,
        "iat": now,
        "exp": now + int(lifetimes.ID_TOKEN.total_seconds()),
        "auth_time": int(family.auth_time.timestamp()),
        "acr": family.acr,
        "amr": family.amr,
        "at_hash": create_half_hash(access_token, alg).decode(),
    }
    if family.sid:
        claims["sid"] = family.sid
    if nonce:
        claims["nonce"] = nonce
    return jwt.encode({"alg": alg, "kid": kid}, claims, key, [alg])


def subject_of_hint(hint: str, client: Client) -> str | None:
    """The `sub` of an `id_token_hint` that we signed for this client, be it expired; None for anything else.

    Section 3.1.2.1: the signature counts, the date does not.
    """
    try:
        claims = jwt.decode(hint, keys.verifying(), algorithms=list(Client.Algorithm.values)).claims
    except (JoseError, ValueError):
        return None
    if claims.get("iss") != issuer() or claims.get("aud") != client.client_id:
        return None
    found = claims.get("sub")
    return found if isinstance(found, str) else None
