"""`private_key_jwt`: a client proves itself by a signed, short-lived assertion that counts once (RFC 7523)."""

import hashlib
import time
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from authlib.oauth2.rfc7523 import JWTBearerClientAssertion
from django.utils import timezone
from joserfc import jwt
from joserfc.errors import JoseError

from identity import statements
from identity.provider import lifetimes
from identity.provider.errors import InvalidClient
from identity.provider.issuer import address, issuer
from identity.provider.jwks import key_set_of
from identity.provider.models import Client
from identity.security import logger

ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"]
LONGEST_JTI = 255  # characters

_REMEMBER = """
    INSERT INTO provider_usedassertion (id, digest, expires_at) VALUES (%s, %s, %s)
    ON CONFLICT (digest) DO NOTHING RETURNING 1"""


def use_once(kind: str, whose: str, jti: str, *, until: datetime) -> bool:
    """Whether this `jti` is new; from now on it is not. One statement, so that two at once cannot both be new."""
    digest = hashlib.sha256("\0".join([kind, whose, jti]).encode()).hexdigest()
    return statements.first_row(_REMEMBER, [uuid.uuid4(), digest, until]) is not None


class ClientAssertion(JWTBearerClientAssertion):
    """Authlib's reading of the parameters; what is believed of them is stricter."""

    CLIENT_AUTH_METHOD = "private_key_jwt"

    def __init__(self, endpoint: str) -> None:
        super().__init__()
        self.endpoint = endpoint

    def get_audiences(self) -> list[str]:
        """Us, by our name or by the endpoint that is called."""
        return [issuer(), address("token"), address(self.endpoint)]

    def resolve_client_public_key(self, client: Client) -> Any:
        return key_set_of(client)

    def process_assertion_claims(self, assertion: str, resolve_key: Any) -> dict[str, Any]:
        """The claims of an assertion that is signed, meant for us, fresh and new. Raises InvalidClient."""
        try:
            claims = jwt.decode(assertion, resolve_key, algorithms=ALGORITHMS).claims
        except (JoseError, ValueError) as error:
            logger.warning("client_assertion_forged", error=type(error).__name__)
            raise InvalidClient("The client assertion cannot be verified") from None
        self.verify_claims(claims)
        return claims

    def verify_claims(self, claims: dict[str, Any]) -> None:
        if claims.get("iss") != claims.get("sub"):
            raise InvalidClient("The client assertion must be issued by the client about itself")
        audience = claims.get("aud")
        named = audience if isinstance(audience, list) else [audience]
        if not named or not set(map(str, named)) <= set(self.get_audiences()):
            logger.warning("client_assertion_for_another", client=str(claims["sub"]))
            raise InvalidClient("The client assertion is meant for another audience")
        until = _fresh_until(claims)
        jti = claims.get("jti")
        if not isinstance(jti, str) or not 0 < len(jti) <= LONGEST_JTI:
            raise InvalidClient("The client assertion has no usable jti")
        if not use_once("client", str(claims["sub"]), jti, until=until):
            logger.warning("client_assertion_replayed", client=str(claims["sub"]))
            raise InvalidClient("The client assertion was used before")


def _fresh_until(claims: dict[str, Any]) -> datetime:
    """The moment from which the assertion is too old; raises InvalidClient if it is, or if it lasts too long."""
    now, skew = time.time(), lifetimes.CLOCK_SKEW.total_seconds()
    moments = {name: claims.get(name) for name in ("exp", "nbf", "iat")}
    if not all(_is_moment(moment) for name, moment in moments.items() if moment is not None or name == "exp"):
        raise InvalidClient("The client assertion has no usable exp")
    left = moments["exp"] - now  # type: ignore[operator]
    early = max((moments[name] or 0) - now for name in ("nbf", "iat"))
    if left <= -skew or early > skew:
        logger.warning("client_assertion_expired", client=str(claims["sub"]))
        raise InvalidClient("The client assertion has expired, or is not valid yet")
    if left > lifetimes.ASSERTION.total_seconds() + skew:
        raise InvalidClient("The client assertion may not be valid for longer than ten minutes")
    return timezone.now() + timedelta(seconds=left + skew)


def _is_moment(value: object) -> bool:
    """A number of seconds that a date can hold."""
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and 0 < value < datetime.max.replace(tzinfo=UTC).timestamp()
    )
