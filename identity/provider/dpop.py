"""DPoP: a token is worth something only with the key that asked for it (RFC 9449)."""

import base64
import hashlib
import hmac
import time
from typing import Any
from urllib.parse import urlsplit

from django.utils import timezone
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

from identity.provider import lifetimes
from identity.provider.assertions import LONGEST_JTI, use_once
from identity.provider.errors import InvalidDPoPProof
from identity.security import logger

ALGORITHMS = ["ES256", "ES384", "ES512", "RS256", "PS256", "Ed25519"]
LONGEST_PROOF = 8000  # characters
_KINDS: dict[str, Any] = {"EC": ECKey, "RSA": RSAKey, "OKP": OKPKey}


def thumbprint(proof: str, *, method: str, address: str, token: str | None = None) -> str:
    """The `jkt` of the key whose possession the header proves, for this method and address (section 4.3).

    `token` is the access token that goes with it, at a resource. Raises InvalidDPoPProof.
    """
    try:
        key, claims = _verified(proof)
    except (JoseError, KeyError, TypeError, ValueError) as error:
        logger.warning("dpop_proof_forged", error=type(error).__name__)
        raise InvalidDPoPProof("The DPoP proof cannot be verified") from None
    if claims.get("htm") != method or _plain(claims.get("htu")) != _plain(address):
        logger.warning("dpop_proof_for_another")
        raise InvalidDPoPProof("The DPoP proof is for another request")
    if token is not None and not _matches(claims.get("ath"), token):
        logger.warning("dpop_proof_for_another")
        raise InvalidDPoPProof("The DPoP proof is for another access token")
    _use(claims, jkt := str(key.thumbprint()))
    return jkt


def _verified(proof: str) -> tuple[Any, dict[str, Any]]:
    """Key and claims of a proof that its own key signed. Raises what joserfc raises, or ValueError."""
    if not proof or len(proof) > LONGEST_PROOF:
        raise ValueError("no proof")
    header = jws.extract_compact(proof.encode()).headers()
    given = header["jwk"]
    if header.get("typ") != "dpop+jwt" or not isinstance(given, dict) or "d" in given:
        raise ValueError("not a proof")
    key = _KINDS[given["kty"]].import_key(given)
    return key, jwt.decode(proof, key, algorithms=ALGORITHMS).claims


def _use(claims: dict[str, Any], jkt: str) -> None:
    """Fresh, and for the first time."""
    issued, jti = claims.get("iat"), claims.get("jti")
    age = lifetimes.DPOP_PROOF
    if not isinstance(issued, int | float) or abs(time.time() - issued) > age.total_seconds():
        logger.warning("dpop_proof_expired")
        raise InvalidDPoPProof("The DPoP proof is not of this moment")
    if not isinstance(jti, str) or not 0 < len(jti) <= LONGEST_JTI:
        raise InvalidDPoPProof("The DPoP proof has no usable jti")
    if not use_once("dpop", jkt, jti, until=timezone.now() + 2 * age):
        logger.warning("dpop_proof_replayed")
        raise InvalidDPoPProof("The DPoP proof was used before")


def _plain(address: object) -> tuple[str, str, int | None, str] | None:
    """What is compared of an address: scheme, host, port and path, without query and fragment (section 4.3)."""
    if not isinstance(address, str):
        return None
    try:
        parts = urlsplit(address)
        port = parts.port or {"https": 443, "http": 80}.get(parts.scheme)
    except ValueError:
        return None
    return parts.scheme.lower(), (parts.hostname or "").lower(), port, parts.path


def _matches(ath: object, token: str) -> bool:
    expected = base64.urlsafe_b64encode(hashlib.sha256(token.encode()).digest()).rstrip(b"=").decode()
    return isinstance(ath, str) and hmac.compare_digest(ath.encode(), expected.encode())
