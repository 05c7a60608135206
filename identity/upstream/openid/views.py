"""To an OpenID Provider and back."""

from allauth.socialaccount.helpers import render_authentication_error
from allauth.socialaccount.models import SocialApp
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView, OAuth2LoginView
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from requests import RequestException

from identity.accounts import freshness
from identity.upstream.openid.adapter import OpenIDAdapter


@login_not_required
def login(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Asks first on GET; on POST a page that leads to the provider, for our policy lets forms go nowhere else."""
    if request.POST.get("process") == "connect" and not freshness.is_fresh(request):
        return redirect(freshness.address(request, next=reverse("web:account-identity-app")))
    response = _view(OAuth2LoginView, request, provider_id)
    if not isinstance(response, HttpResponseRedirect):
        return response
    name = OpenIDAdapter(request, provider_id).get_provider().app.name
    return render(request, "upstream/leaving.html", {"url": response.url, "name": name})


@login_not_required
def callback(request: HttpRequest, provider_id: str) -> HttpResponse:
    """The provider's answer."""
    return _view(OAuth2CallbackView, request, provider_id)


def _view(kind: type[OAuth2LoginView | OAuth2CallbackView], request: HttpRequest, provider_id: str) -> HttpResponse:
    adapter = OpenIDAdapter(request, provider_id)
    try:
        response: HttpResponse = kind.adapter_view(adapter)(request)
    except SocialApp.DoesNotExist:
        raise Http404 from None
    except (OAuth2Error, RequestException, KeyError) as error:  # its description cannot be read, or is another's
        response = render_authentication_error(request, adapter.get_provider(), exception=error)
    return response
