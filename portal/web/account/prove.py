"""Is it you? Where a person proves more than their session does, and goes back to what they were doing."""

from urllib.parse import urlencode

from django.contrib.auth import logout
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from identity.accounts import authentication, step_up
from identity.accounts.models import User


@never_cache
@require_safe
def prove(request: HttpRequest) -> HttpResponse:
    """The person's ways to prove `acr` (within `max_age` seconds), each leading back here, and from here to `next`."""
    acr = request.GET.get("acr", "")
    if acr not in User.Assurance.values:
        acr = User.Assurance.BASIC
    age = request.GET.get("max_age", "")
    max_age = min(int(age), step_up.LONGEST_MAX_AGE) if age.isascii() and age.isdigit() and len(age) < 10 else None
    place = step_up.safe(request, request.GET.get("next", ""))
    if step_up.is_enough(request, acr, max_age=max_age):
        return redirect(place)
    here = urlencode({"next": step_up.address(request, acr, next=place, max_age=max_age)})
    assert isinstance(request.user, User)
    is_known = acr == User.Assurance.NONE or request.user.assurance != User.Assurance.NONE
    context = {
        "acr": acr,
        "place": place,
        "is_known": is_known,
        "is_again": authentication.level(request) == acr,
        "ways": [
            {"title": way.title, "url": f"{way.url}?{here}"} for way in (step_up.ways(request, acr) if is_known else [])
        ],
        "here": here,
    }
    return render(request, "web/prove.html", context)


@require_POST
def sign_in_again(request: HttpRequest) -> HttpResponse:
    """For those who have no other way: this session ends, the log-in leads back. Sessions elsewhere go on."""
    place = step_up.safe(request, request.POST.get("next", ""))
    logout(request)
    return redirect_to_login(place)


@login_not_required
@require_safe
def visit_over(request: HttpRequest) -> HttpResponse:
    """For visitors whose account has run out. The same for everybody, so that it tells nothing of anybody."""
    return render(request, "web/visit_over.html")
