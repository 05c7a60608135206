"""The admin's own content security policy: its interface is written with Alpine, which evaluates expressions."""

from collections.abc import Callable

from csp.constants import SELF, UNSAFE_EVAL, UNSAFE_INLINE
from django.http import HttpRequest, HttpResponse

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
