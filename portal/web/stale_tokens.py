"""A form that stood open while its owner signed in elsewhere has an old CSRF token; that should cost them nothing."""

from collections.abc import Callable
from functools import wraps

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.csrf import CsrfViewMiddleware
from django.views.decorators.csrf import csrf_exempt

View = Callable[..., HttpResponse]


class _Check(CsrfViewMiddleware):
    """Django's own check; notes, instead of refusing, an old token in a post that came from our own pages."""

    is_stale = False

    def _reject(self, request: HttpRequest, reason: str) -> HttpResponseBase | None:
        if request.META.get("HTTP_ORIGIN") and self._origin_verified(request):  # type: ignore[attr-defined]
            self.is_stale = True  # browsers let no other site write our origin there
            return None
        return super()._reject(request, reason)  # type: ignore[misc, no-any-return]


def tells_stale_token(view: View) -> View:
    """The view is called with `is_stale=True` for such a post; every other failure is refused as everywhere."""

    @csrf_exempt
    @wraps(view)
    def checked(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        check = _Check(lambda _: HttpResponse())
        check.process_request(request)
        refusal = check.process_view(request, view, (), {})
        return refusal or view(request, *args, **kwargs, is_stale=check.is_stale)

    return checked  # type: ignore[return-value]
