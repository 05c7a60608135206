"""The door: whoever is not signed in is sent to sign in, and comes back to a page that can be shown."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme


class SignInAndComeBack(LoginRequiredMiddleware):
    """Django's own, save for a button pressed after the session had run out.

    What the button posts to often answers a POST alone (405 for whoever comes back to it), so the person comes back
    to the page on which the button was, and sees whether to press it again.
    """

    def handle_no_permission(self, request: HttpRequest, view_func: Callable[..., Any]) -> HttpResponseRedirect:
        page = "" if request.method in ("GET", "HEAD") else page_of_the_form(request)
        if not page:
            return super().handle_no_permission(request, view_func)
        return redirect_to_login(page, self.get_login_url(view_func), self.get_redirect_field_name(view_func))


def page_of_the_form(request: HttpRequest) -> str:
    """Path and query of the page of ours from which the request came; empty if the browser does not say, or lies."""
    try:
        came_from = urlsplit(request.headers.get("Referer", "")[:2000])
    except ValueError:
        return ""
    path = came_from._replace(scheme="", netloc="", fragment="").geturl()
    is_ours = came_from.netloc == request.get_host() and url_has_allowed_host_and_scheme(path, allowed_hosts=None)
    return path if is_ours else ""
