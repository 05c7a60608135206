"""Is it still you? Asked before a sensitive change, of everyone whose last proof is too long ago.

    @fresh(minutes=15)
    def change_bank_account(request): ...

Unlike django-allauth's own check this one also asks people who have neither password nor second factor here, because
an upstream signs them in: they prove it there, or sign in again.
"""

import time
from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.debug import sensitive_post_parameters

from identity.accounts import step_up
from identity.accounts.models import User
from identity.encryption import decrypt, encrypt

MINUTES = 15  # unless a view says otherwise
KEPT = "freshness_kept"  # one post that waits for its sender's proof, encrypted, in the session
KEPT_SECONDS = 900
LONGEST_KEPT = 100_000  # characters; a longer post is filled in again
RESUME = "resume"
View = Callable[..., HttpResponseBase]


def is_fresh(request: HttpRequest, *, minutes: int = MINUTES) -> bool:
    """Whether the session's last proof of its person is at most so old; nobody who is not signed in has any."""
    return step_up.is_enough(request, User.Assurance.NONE, max_age=minutes * 60)


def address(request: HttpRequest, *, next: str, minutes: int = MINUTES) -> str:
    """Where they prove it, to come back to `next`."""
    return step_up.address(request, User.Assurance.NONE, next=next, max_age=minutes * 60)


def fresh(*, minutes: int) -> Callable[[View], View]:
    """The view is only reached by a session whose last proof of the person is at most so many minutes old.

    Everybody else proves first, and comes back. What they had posted is kept meanwhile and then carried out, once;
    files are not.
    """

    def decorate(view: View) -> View:
        @sensitive_post_parameters()
        @wraps(view)
        def asked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not is_fresh(request, minutes=minutes):
                return _ask(request, minutes)
            if request.method == "GET" and RESUME in request.GET:
                _take_up(request)
            return view(request, *args, **kwargs)

        return asked

    return decorate


def _ask(request: HttpRequest, minutes: int) -> HttpResponse:
    place = request.get_full_path()
    if request.method == "POST":
        text = request.POST.urlencode()
        if len(text) <= LONGEST_KEPT:
            kept = {"path": request.path, "person": str(request.user.pk), "at": time.time()}
            request.session[KEPT] = {**kept, "post": encrypt(text.encode()).decode("ascii")}
        place = f"{request.path}?{urlencode({RESUME: 1})}"
    return redirect(address(request, next=place, minutes=minutes))


def _take_up(request: HttpRequest) -> None:
    """Make this request the post that was kept for it. It was checked for forgery when it came."""
    kept = request.session.pop(KEPT, None)
    if kept is None or (kept["path"], kept["person"]) != (request.path, str(request.user.pk)):
        return
    if time.time() - kept["at"] > KEPT_SECONDS:
        return
    request.method = request.META["REQUEST_METHOD"] = "POST"
    request.POST = QueryDict(decrypt(kept["post"].encode("ascii")))
