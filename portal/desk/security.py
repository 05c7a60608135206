"""The admin's own content security policy: its interface is written with Alpine, which evaluates expressions."""

from collections.abc import Callable

from csp.constants import SELF, UNSAFE_EVAL, UNSAFE_INLINE
from django.http import HttpRequest, HttpResponse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.i18n import set_language as change_language

from identity.security import logger

ROOT = "/admin/"  # as in portal/urls.py


class AdminPolicy:
    """Middleware that relaxes the policy below the admin's address, and nowhere else."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.path_info.startswith(ROOT):
            response._csp_update = {  # type: ignore[attr-defined]  # read by django-csp
                "script-src": [UNSAFE_EVAL],
                "style-src": [UNSAFE_INLINE],
                "frame-src": [SELF],
            }
        return response


def set_language(request: HttpRequest) -> HttpResponse:
    """Django's own, which leads nowhere but back here; whoever meant to lead a person elsewhere stands in the log."""
    place = request.POST.get("next", "")
    if place and not url_has_allowed_host_and_scheme(place, {request.get_host()}, require_https=request.is_secure()):
        logger.warning("next_refused", view="desk:set_language")
    return change_language(request)
