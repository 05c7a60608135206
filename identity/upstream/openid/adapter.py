"""The OpenID Connect client: checks the ID token whatever way it came (OpenID Connect Core 1.0 section 3.1.3.7)."""

import base64
import hashlib
import hmac
import time
from typing import Any

from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.models import SocialApp, SocialLogin, SocialToken
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.conf import settings
from django.http import HttpRequest
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from identity.security import logger

ALGORITHMS = ["ES256", "RS256", "PS256"]  # never none, never a shared secret
LEEWAY_SECONDS = 60
LONGEST_AGE_SECONDS = 600  # of an ID token when it comes


def nonce_of(state: str) -> str:
    """The nonce that goes with a state: nobody can make one, and it need not be kept."""
    made = hmac.digest(settings.SECRET_KEY.encode(), b"upstream-nonce:" + state.encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(made).rstrip(b"=").decode()


class OpenIDAdapter(OpenIDConnectOAuth2Adapter):
    """allauth's, with an ID token that must be there and must be good."""

    def complete_login(self, request: HttpRequest, app: SocialApp, token: SocialToken, **kwargs: Any) -> SocialLogin:
        claims = self.checked(str(kwargs["response"].get("id_token", "")), app, nonce_of(request.GET.get("state", "")))
        return self.get_provider().sociallogin_from_response(request, {"id_token": claims})

    def checked(self, id_token: str, app: SocialApp, nonce: str) -> dict[str, Any]:
        """The claims; raises OAuth2Error, which allauth turns into its error page."""
        try:
            decoded = jwt.decode(id_token, self._keys(), algorithms=ALGORITHMS)
            requests = jwt.JWTClaimsRegistry(
                now=int(time.time()),
                leeway=LEEWAY_SECONDS,
                iss={"essential": True, "value": self.openid_config["issuer"]},
                aud={"essential": True, "value": app.client_id},
                sub={"essential": True},
                exp={"essential": True},
                iat={"essential": True},
                nonce={"essential": True, "value": nonce},
            )
            requests.validate(decoded.claims)
            self._must_be_for_us(decoded.claims, app)
        except (JoseError, ValueError, TypeError) as error:
            logger.warning("upstream_token_forged", client=app.provider_id, reason=type(error).__name__)
            raise OAuth2Error("Invalid id_token") from error
        return decoded.claims

    def _must_be_for_us(self, claims: dict[str, Any], app: SocialApp) -> None:
        """Raises ValueError for a token that was given to another client, or long ago."""
        if claims.get("azp", app.client_id) != app.client_id:
            raise ValueError("given to another client")
        if isinstance(claims["aud"], list) and len(claims["aud"]) > 1 and "azp" not in claims:
            raise ValueError("for several, and given to nobody")
        if time.time() - claims["iat"] > LONGEST_AGE_SECONDS:
            raise ValueError("too old")

    def _keys(self) -> KeySet:
        with get_adapter().get_requests_session() as session:
            answer = session.get(self.openid_config["jwks_uri"])
            answer.raise_for_status()
        return KeySet.import_key_set(answer.json())

    @property
    def openid_config(self) -> dict[str, Any]:
        """The provider's description, whose issuer has to be the one in the settings (Discovery 1.0, section 4.3)."""
        config: dict[str, Any] = super().openid_config
        expected = str(self.get_provider().app.settings["server_url"]).partition("/.well-known/")[0]
        if config.get("issuer", "").rstrip("/") != expected.rstrip("/"):
            raise OAuth2Error("another issuer")
        return config
