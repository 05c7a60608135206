"""What the provider refuses, in the words of RFC 6749 section 4.1.2.1 and 5.2 and their extensions.

OAuth2Error (Authlib's)         told to the client, at an endpoint or through the browser
├ InvalidRequest, InvalidScope, …
└ LoginRequired, ConsentRequired, … (OpenID Connect Core 1.0 section 3.1.2.6)
Untrusted                       told to the person alone: the client or the way back to it is not to be trusted
"""

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749.errors import (
    AccessDeniedError as AccessDenied,
)
from authlib.oauth2.rfc6749.errors import (
    InvalidClientError as InvalidClient,
)
from authlib.oauth2.rfc6749.errors import (
    InvalidGrantError as InvalidGrant,
)
from authlib.oauth2.rfc6749.errors import (
    InvalidRequestError as InvalidRequest,
)
from authlib.oauth2.rfc6749.errors import (
    InvalidScopeError as InvalidScope,
)
from authlib.oidc.core.errors import (
    AccountSelectionRequiredError as AccountSelectionRequired,
)
from authlib.oidc.core.errors import (
    ConsentRequiredError as ConsentRequired,
)
from authlib.oidc.core.errors import (
    LoginRequiredError as LoginRequired,
)
from authlib.oidc.core.errors import (
    RequestNotSupportedError as RequestNotSupported,
)
from authlib.oidc.core.errors import (
    RequestURINotSupportedError as RequestURINotSupported,
)

__all__ = [
    "AccessDenied",
    "AccountSelectionRequired",
    "ConsentRequired",
    "InvalidClient",
    "InvalidDPoPProof",
    "InvalidGrant",
    "InvalidRequest",
    "InvalidScope",
    "LoginRequired",
    "OAuth2Error",
    "RequestNotSupported",
    "RequestURINotSupported",
    "TooManyRequests",
    "UnmetAuthenticationRequirements",
    "UnsupportedResponseType",
    "Untrusted",
]


class UnsupportedResponseType(OAuth2Error):
    error = "unsupported_response_type"
    description = "Only response_type=code is supported"


class UnmetAuthenticationRequirements(OAuth2Error):
    """OpenID Connect Core Error Code unmet_authentication_requirements 1.0."""

    error = "unmet_authentication_requirements"
    description = "The person could not prove what was asked for"


class InvalidDPoPProof(OAuth2Error):
    """RFC 9449 section 5."""

    error = "invalid_dpop_proof"


class TooManyRequests(OAuth2Error):
    error = "temporarily_unavailable"
    description = "Too many requests of this client; try again in a minute"
    status_code = 429


class Untrusted(Exception):
    """An authorization request that must not be answered through the browser (RFC 6749 section 4.1.2.1)."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason  # a literal, for the log and the page's small print
