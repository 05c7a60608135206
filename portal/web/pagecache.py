"""Pages that are the same for everyone who is not signed in, kept ready for a few seconds."""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse

from portal.web.language import of_path
from services.registry.publication import EPOCH_KEY

TTL_SECONDS = 15  # a function page says whether a department answers now
LONGEST_QUERY = 300  # characters; whoever sends more waits for a page of their own
SHARED_VIEWS = {"web:home", "web:search", "web:category", "web:department-list", "web:department", "web:function"}
PERSONAL = ("messages", settings.SESSION_COOKIE_NAME)  # cookies that may change what a page says
TELLING = ("HTTP_HOST", "HTTP_HX_REQUEST", "HTTP_HX_HISTORY_RESTORE_REQUEST")

_gzip = re.compile(r"\bgzip\b")


@dataclass(frozen=True)
class Kept:
    """A whole answer, and the registry's epoch in which it was made."""

    epoch: object
    headers: dict[str, str]
    content: bytes


class SignedOutPageCache:
    """Stands outside the session, the content security policy and compression, so that a page is kept as it is sent.

    One round trip for a hit. Only whole pages of SHARED_VIEWS are kept, made for a request without session, and
    free of whatever belongs to one visitor: cookies, CSRF tokens, CSP nonces.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not _may_share(request):
            return self.get_response(request)
        is_gzipped = bool(_gzip.search(request.headers.get("Accept-Encoding", "")))
        key = _key(request, is_gzipped)
        found = cache.get_many([EPOCH_KEY, key])
        epoch, kept = found.get(EPOCH_KEY), found.get(key)
        if isinstance(kept, Kept) and kept.epoch == epoch:
            return HttpResponse(kept.content, headers=kept.headers)
        response = self.get_response(request)
        if _is_shareable(request, response):
            cache.set(key, Kept(epoch, dict(response.items()), response.content), TTL_SECONDS)
        return response


def _may_share(request: HttpRequest) -> bool:
    return (
        request.method == "GET"
        and of_path(request.path_info) is not None
        and len(request.META.get("QUERY_STRING", "")) <= LONGEST_QUERY
        and "HTTP_AUTHORIZATION" not in request.META
        and not any(name in request.COOKIES for name in PERSONAL)
    )


def _key(request: HttpRequest, is_gzipped: bool) -> str:
    """A digest: people type all sorts of things into a search box, and keys are not for reading."""
    parts = [request.get_full_path(), str(is_gzipped), *(request.META.get(name, "") for name in TELLING)]
    return "page:" + hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _is_shareable(request: HttpRequest, response: HttpResponse) -> bool:
    match = request.resolver_match
    return (
        match is not None
        and match.view_name in SHARED_VIEWS
        and response.status_code == 200
        and not response.streaming
        and not response.cookies
        and "CSRF_COOKIE_NEEDS_UPDATE" not in request.META  # set whenever a token was put into a page
        and not getattr(request, "csp_nonce", None)  # true once a nonce was put into a page
    )
