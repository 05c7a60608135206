"""What the provider can do, for clients to read (OpenID Connect Discovery 1.0 section 3, RFC 8414 section 2)."""

from typing import Any

from authlib.oauth2.rfc8628 import DEVICE_CODE_GRANT_TYPE

from identity.accounts.models import User
from identity.provider import assertions, claims, dpop
from identity.provider.issuer import address, issuer
from identity.provider.models import Client

AUTH_METHODS = ["client_secret_basic", "client_secret_post", "private_key_jwt"]


def configuration() -> dict[str, Any]:
    """The document at /.well-known/openid-configuration. Names nothing that is not so."""
    return {
        "issuer": issuer(),
        **{f"{name}_endpoint": address(path) for name, path in _ENDPOINTS.items()},
        "jwks_uri": address("jwks"),
        "scopes_supported": list(claims.SCOPES),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token", DEVICE_CODE_GRANT_TYPE],
        "acr_values_supported": list(User.Assurance.values),
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": list(Client.Algorithm.values),
        **{f"{name}_endpoint_auth_methods_supported": [*AUTH_METHODS, "none"] for name in ("token", "revocation")},
        "introspection_endpoint_auth_methods_supported": AUTH_METHODS,
        **{
            f"{name}_endpoint_auth_signing_alg_values_supported": assertions.ALGORITHMS
            for name in ("token", "revocation", "introspection")
        },
        "display_values_supported": ["page"],
        "claim_types_supported": ["normal"],
        "claims_supported": [*_TOKEN_CLAIMS, *claims.of_scopes(claims.SCOPES)],
        "ui_locales_supported": ["en", "zh-Hant", "zh-Hans"],
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
        "claims_parameter_supported": True,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "require_request_uri_registration": False,
        "require_pushed_authorization_requests": False,
        "authorization_response_iss_parameter_supported": True,
        "code_challenge_methods_supported": ["S256"],
        "dpop_signing_alg_values_supported": dpop.ALGORITHMS,
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
    }


_TOKEN_CLAIMS = ["sub", "iss", "aud", "exp", "iat", "auth_time", "acr", "amr", "sid", "nonce", "at_hash"]
_ENDPOINTS = {
    "authorization": "authorize",
    "token": "token",
    "userinfo": "userinfo",
    "revocation": "revocation",
    "introspection": "introspection",
    "pushed_authorization_request": "par",
    "end_session": "logout",
    "device_authorization": "device",
}
