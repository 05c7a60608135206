"""Where Ferry differs from django-allauth about identities of other providers."""

from typing import Any

from allauth.socialaccount import app_settings
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialLogin
from django.http import HttpRequest
from django.urls import reverse

from identity.accounts.models import User
from identity.security import logger


class SocialAccountAdapter(DefaultSocialAccountAdapter):
    """Providers stand in the settings, accounts are found by the provider's key for a person and by nothing else."""

    def list_apps(self, request: HttpRequest, provider: Any = None, client_id: Any = None) -> list[SocialApp]:
        """Those of the settings: no row that somebody adds in the admin can sign people in."""
        found = []
        for kind, facts in app_settings.PROVIDERS.items():
            for each in facts.get("APPS", []):
                app = SocialApp(provider=kind, **each)
                if provider in {None, kind, app.provider_id} and client_id in {None, "", app.client_id}:
                    found.append(app)
        return found

    def authenticate_by_email(self, login: SocialLogin) -> None:
        """Never: an address is no proof of who somebody is."""
        return

    def populate_user(self, request: HttpRequest, sociallogin: SocialLogin, data: dict[str, Any]) -> User:
        """A new account begins with the assurance that its provider is trusted with."""
        user: User = super().populate_user(request, sociallogin, data)
        assurance_of = getattr(sociallogin.provider, "assurance_of", None)
        if assurance_of is not None:
            user.assurance = assurance_of(sociallogin)
        return user

    def get_connect_redirect_url(self, request: HttpRequest, socialaccount: SocialAccount) -> str:
        return reverse("web:account-identity-app")

    def on_authentication_error(
        self, request: HttpRequest, provider: Any, error: Any = None, exception: Any = None, extra_context: Any = None
    ) -> None:
        """A line in the security log; the page that allauth shows says what to do next."""
        logger.warning("upstream_login_refused", client=getattr(provider, "sub_id", ""), reason=str(error or "unknown"))
