"""The national identity app as a provider of django-allauth, which finds the classes by the name of this file."""

import secrets
from typing import Any

from allauth.socialaccount.providers.base import Provider, ProviderAccount
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from identity.accounts.models import User
from identity.upstream import flows
from identity.upstream.models import Transaction
from identity.upstream.openid.provider import OpenIDProvider

BROWSER = "upstream_browser"  # a secret of the session, to which log-ins are bound


def name() -> str:
    """What the app is called in the language that is active."""
    names = settings.UPSTREAM_NAMES
    codes = [code for code, _name in settings.LANGUAGES]
    place = codes.index(get_language()) if get_language() in codes else 0
    return str(names[min(place, len(names) - 1)]) if names else str(_("Demonstration identity app"))


def browser_of(request: HttpRequest) -> str:
    """The secret by which this browser is known again; begins a session for someone who has none."""
    if BROWSER not in request.session:
        request.session[BROWSER] = secrets.token_urlsafe(32)
    return str(request.session[BROWSER])


class UpstreamAccount(ProviderAccount):
    """An account at the provider: the app's name says more than an openID."""

    def to_str(self) -> str:
        return name()


class UpstreamProvider(Provider):
    """Signing in with the identity app. It is configured by settings alone, so it has no SocialApp."""

    id = flows.PROVIDER
    name = "Identity app"
    uses_apps = False
    supports_redirect = True
    account_class = UpstreamAccount

    def get_login_url(self, request: HttpRequest, **kwargs: Any) -> str:
        address = reverse("upstream-start")
        return f"{address}?{urlencode(kwargs)}" if kwargs else address

    def redirect(
        self, request: HttpRequest, process: str, next_url: str | None = None, data: Any = None, **kwargs: Any
    ) -> HttpResponse:
        """Begin, and lead to the page where the person sees how to go on."""
        kind = Transaction.Kind.CONNECT if process == "connect" else Transaction.Kind.SIGN_IN
        person = request.user if isinstance(request.user, User) and kind != Transaction.Kind.SIGN_IN else None
        begun = flows.begin(
            kind, browser=browser_of(request), person=person, next=next_url or "", language=get_language() or "en"
        )
        return HttpResponseRedirect(reverse("web:upstream-transaction", args=[begun.pk]))

    def extract_uid(self, data: dict[str, Any]) -> str:
        return str(data["open_id"])

    def extract_extra_data(self, data: dict[str, Any]) -> dict[str, Any]:
        """Nothing: what the app tells is kept encrypted, in the profile."""
        return {}

    def extract_common_fields(self, data: dict[str, Any]) -> dict[str, Any]:
        """No name and no address: an account is found by its openID, and by nothing else."""
        return {"username": f"app-{secrets.token_hex(6)}"}


provider_classes = [UpstreamProvider, OpenIDProvider]
