"""Which language a person reads, and remembering it: middleware that stands before LocaleMiddleware."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers
from django.utils.translation.trans_real import parse_accept_lang_header

from services.languages import CODES

# What browsers ask for -> what we speak. Macau and Taiwan read Traditional; a bare "zh" is most often Mainland.
_BY_BROWSER = {
    "zh-hant": "zh-hant",
    "zh-hk": "zh-hant",
    "zh-mo": "zh-hant",
    "zh-tw": "zh-hant",
    "yue": "zh-hant",
    "zh": "zh-hans",
    "en": "en",
}


class RememberLanguage:
    """Decides the language by address, then `?lang=`, then cookie, then browser, and keeps it in a cookie.

    LocaleMiddleware reads the cookie, so the decision is handed to it there. Stands outside the page cache: the
    cookie depends on the visitor, the page does not.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        remembered = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME)
        chosen = of_path(request.path_info) or _asked_for(request)
        language = chosen or (remembered if remembered in CODES else of_browser(request))
        request.COOKIES[settings.LANGUAGE_COOKIE_NAME] = language
        response = self.get_response(request)
        if of_path(request.path_info) is None:
            patch_vary_headers(response, ("Accept-Language", "Cookie"))
        if chosen and chosen != remembered and _is_page(response):
            _remember(response, chosen)
        return response


def of_path(path: str) -> str | None:
    """The language in front of an address, `/zh-hant/…`."""
    first = path[1:].partition("/")[0]
    return first if first in CODES else None


def of_browser(request: HttpRequest) -> str:
    """The best of Accept-Language, English if it names none of ours."""
    for tag, _weight in parse_accept_lang_header(request.headers.get("Accept-Language", "")):
        while tag:
            if tag in _BY_BROWSER:
                return _BY_BROWSER[tag]
            tag = tag.rpartition("-")[0]
    return settings.LANGUAGE_CODE


def _asked_for(request: HttpRequest) -> str | None:
    asked = request.GET.get("lang", "")
    return asked if asked in CODES else None


def _is_page(response: HttpResponse) -> bool:
    return response.headers.get("Content-Type", "").startswith("text/html")


def _remember(response: HttpResponse, language: str) -> None:
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=settings.LANGUAGE_COOKIE_AGE,
        secure=settings.LANGUAGE_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
