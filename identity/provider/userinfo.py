"""What a client learns of the person, by their consent of this moment (OpenID Connect Core 1.0 section 5.3)."""

from typing import Any

from django.db import transaction
from django.http import HttpRequest

from identity.consent.models import Disclosure
from identity.provider import claims, dpop, subjects, tokens
from identity.provider.disclosing import disclosed
from identity.provider.errors import InvalidDPoPProof
from identity.provider.issuer import address
from identity.provider.limits import check
from identity.provider.oauth_request import FORM
from identity.provider.tokens import Bearer
from identity.security import logger

LONGEST_TOKEN = 512  # characters


class Refused(Exception):
    """A request for a protected resource without a token that is good for it (RFC 6750 section 3)."""

    def __init__(
        self, error: str = "", description: str = "", *, status: int = 401, scheme: str = "Bearer",
        scope: str = "openid",
    ) -> None:  # fmt: skip
        super().__init__(error)
        self.error, self.description, self.status, self.scheme = error, description, status, scheme
        self.scope = scope  # that is needed, where it is missing

    def challenge(self) -> str:
        """The WWW-Authenticate header."""
        facts = {"realm": "Ferry", "error": self.error, "error_description": self.description}
        if self.error == "insufficient_scope":
            facts["scope"] = self.scope
        if self.scheme == "DPoP":
            facts["algs"] = " ".join(dpop.ALGORITHMS)
        return f"{self.scheme} " + ", ".join(f'{name}="{value}"' for name, value in facts.items() if value)


def bearer(request: HttpRequest, resource: str) -> Bearer:
    """The token that a request for a protected resource brings: in the header, or in a form's body; never in a query.

    `resource` is the public address that a DPoP proof has to name. Raises Refused.
    """
    scheme, token = _presented(request)
    found = tokens.find_access(token) if len(token) <= LONGEST_TOKEN else None
    if found is None:
        logger.warning("access_token_refused")
        raise Refused("invalid_token", "The access token is unknown, expired or revoked", scheme=scheme)
    if found.jkt or scheme == "DPoP":
        _check_key(request, found, scheme, token, resource)
    return found


def _presented(request: HttpRequest) -> tuple[str, str]:
    name, _, token = request.headers.get("Authorization", "").partition(" ")
    scheme = {"bearer": "Bearer", "dpop": "DPoP"}.get(name.lower(), "")
    in_body = ""
    if request.method == "POST" and request.content_type == FORM:
        in_body = str(request.POST.get("access_token", ""))
    if scheme and in_body:
        raise Refused("invalid_request", "The access token is given twice", status=400)
    if scheme and token.strip():
        return scheme, token.strip()
    if in_body:
        return "Bearer", in_body
    raise Refused()  # no token: no error code either (RFC 6750 section 3.1)


def _check_key(request: HttpRequest, found: Bearer, scheme: str, token: str, resource: str) -> None:
    """RFC 9449 section 7.1: a bound token comes with a proof of its key, and never as a plain bearer token."""
    if scheme != "DPoP" or not found.jkt:
        logger.warning("access_token_without_its_key", client=found.client.client_id)
        raise Refused("invalid_token", "The access token and its scheme do not belong together", scheme="DPoP")
    try:
        proof = request.headers.get("DPoP", "")
        jkt = dpop.thumbprint(proof, method=str(request.method), address=resource, token=token)
    except InvalidDPoPProof as error:
        raise Refused("invalid_dpop_proof", str(error.description), scheme="DPoP") from None
    if jkt != found.jkt:
        logger.warning("access_token_with_another_key", client=found.client.client_id)
        raise Refused("invalid_token", "The access token is bound to another key", scheme="DPoP")


@transaction.atomic
def answer(request: HttpRequest) -> dict[str, Any]:
    """The claims of the userinfo endpoint, noted in the disclosure log. Raises Refused, TooManyRequests."""
    found = bearer(request, address("userinfo"))
    check(found.client, "userinfo")
    if "openid" not in found.scopes:
        raise Refused("insufficient_scope", "The access token has not the scope openid", status=403)
    client = found.client
    wanted = [*claims.of_scopes(found.scopes), *claims.asked_for(found.family.claims, "userinfo", client.scopes)]
    told = claims.values(found.person, wanted, allowed=found.allowed) if wanted else {}
    disclosed(found.family, told, kind=Disclosure.Kind.USERINFO)
    return {"sub": subjects.sub(client.sector_identifier, found.person.pk), **told}
