"""Pushed authorization requests (RFC 9126): the client proves itself first, and its parameters stay off the browser."""

from typing import Any

from identity.provider import authorization, client_authentication, dpop, lifetimes, pushed
from identity.provider.errors import InvalidRequest, Untrusted
from identity.provider.issuer import address
from identity.provider.limits import check
from identity.provider.oauth_request import ProviderRequest

SECRETS = ("client_secret", "client_assertion", "client_assertion_type")


def create(asked: ProviderRequest) -> dict[str, Any]:
    """Keep the request and name it. Raises OAuth2Error, for whatever would be wrong at the authorization endpoint."""
    client = client_authentication.authenticate(asked)
    check(client, "par")
    if "request_uri" in asked.form:
        raise InvalidRequest("A request_uri cannot be pushed")
    parameters = {name: value for name, value in asked.payload.data.items() if value and name not in SECRETS}
    parameters["client_id"] = client.client_id
    if proof := asked.headers.get("DPoP"):  # RFC 9449 section 10.1
        key = dpop.thumbprint(proof, method="POST", address=address("par"))
        if parameters.setdefault("dpop_jkt", key) != key:
            raise InvalidRequest("The dpop_jkt is not that of the DPoP proof")
    try:
        found = authorization.understood(authorization.located(client, parameters))
    except Untrusted:
        raise InvalidRequest("The redirect_uri is not registered") from None
    if found.problem is not None:
        raise found.problem
    return {
        "request_uri": pushed.push(client, parameters),
        "expires_in": int(lifetimes.PUSHED_REQUEST.total_seconds()),
    }
