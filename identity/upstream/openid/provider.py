"""Any OpenID Provider as an upstream, by settings alone: allauth's own, with nonce, PKCE and checked ID tokens."""

import secrets
from typing import Any

from allauth.socialaccount.models import SocialLogin
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from django.http import HttpRequest, HttpResponse

from identity.accounts.models import User
from identity.upstream.openid.adapter import OpenIDAdapter, nonce_of


class OpenIDProvider(OpenIDConnectProvider):
    """Code flow with PKCE (S256), a nonce bound to the state, and an account by issuer and subject alone."""

    pkce_enabled_default = True
    oauth2_adapter_class = OpenIDAdapter
    supports_token_authentication = False

    def get_default_scope(self) -> list[str]:
        return ["openid"]

    def get_redirect_from_request_kwargs(self, request: HttpRequest) -> dict[str, Any]:
        """What the address asks for besides does not reach the provider."""
        kwargs: dict[str, Any] = super().get_redirect_from_request_kwargs(request)
        return kwargs | {"scope": self.get_scope(), "auth_params": self.get_auth_params()}

    def redirect(
        self, request: HttpRequest, process: str, next_url: str | None = None, data: Any = None, **kwargs: Any
    ) -> HttpResponse:
        """To the provider, with a state that only this session knows and the nonce that belongs to it."""
        state_id = secrets.token_urlsafe(32)
        auth_params = {**(kwargs.pop("auth_params", None) or self.get_auth_params()), "nonce": nonce_of(state_id)}
        response: HttpResponse = super().redirect(
            request, process, next_url, data, state_id=state_id, auth_params=auth_params, **kwargs
        )
        return response

    def extract_extra_data(self, data: dict[str, Any]) -> dict[str, Any]:
        """The issuer, and what it says of the level; nothing personal."""
        return {name: data["id_token"][name] for name in ("iss", "acr") if name in data["id_token"]}

    def extract_uid(self, data: dict[str, Any]) -> str:
        return str(data["id_token"]["sub"])

    def extract_common_fields(self, data: dict[str, Any]) -> dict[str, Any]:
        return {"username": f"oidc-{secrets.token_hex(6)}"}

    def extract_email_addresses(self, data: dict[str, Any]) -> list[Any]:
        """None: an address that somebody else says is theirs finds no account here."""
        return []

    def assurance_of(self, login: SocialLogin) -> str:
        """What the settings trust this provider with: at the most `basic`, for it signs nothing."""
        trusted = str(self.app.settings.get("assurance", User.Assurance.NONE))
        return trusted if trusted == User.Assurance.BASIC else User.Assurance.NONE
