"""Who may come in."""

from collections.abc import Callable
from functools import wraps

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

PERMISSION = "gateway.settle_calls"
View = Callable[..., HttpResponse]


def for_operations(view: View) -> View:
    """Whoever is not of operations reads so; the log-in comes before (LoginRequiredMiddleware)."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        if not request.user.has_perm(PERMISSION):
            reason = _("This page is for the people who run the portal.")
            return render(request, "403.html", {"reason": reason}, status=403)
        return view(request, *args, **kwargs)

    return never_cache(guarded)
