"""The identity app of an account: link it, get one's details from it, unlink it."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from identity.accounts import freshness
from identity.accounts.models import User
from identity.upstream import client, flows
from identity.upstream.errors import OnlyWay
from identity.upstream.models import Transaction
from identity.upstream.provider import name
from portal.web import upstream


@never_cache
@require_safe
def identity_app(request: HttpRequest) -> HttpResponse:
    """Whether an app is linked, and what can be done with it."""
    return _page(request)


@require_POST
def details(request: HttpRequest) -> HttpResponse:
    """Ask the app for name and card, or for these and the contact details."""
    kind = Transaction.Kind.FORM_FILLING if "contact" in request.POST else Transaction.Kind.PROFILE
    return upstream.ask(request, kind, next=reverse("web:profile"))


@never_cache
@require_POST
def unlink(request: HttpRequest) -> HttpResponse:
    """The app signs in to this account no more; refused while it is the only way in."""
    assert isinstance(request.user, User)
    if not freshness.is_fresh(request):
        return redirect(freshness.address(request, next=reverse("web:account-identity-app")))
    try:
        flows.unlink(request.user)
    except OnlyWay:
        return _page(request, is_only_way=True)
    return redirect("web:account-identity-app")


def _page(request: HttpRequest, *, is_only_way: bool = False) -> HttpResponse:
    assert isinstance(request.user, User)
    context = {
        "connection": flows.connection_of(request.user),
        "app": name(),
        "is_offered": client.is_configured(),
        "is_only_way": is_only_way,
    }
    return render(request, "web/identity_app.html", context, status=409 if is_only_way else 200)
