"""What search found, as the page shows it."""

from collections.abc import Iterable
from functools import cache
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal.web import labels
from portal.web.asked import Asked
from portal.web.wording import wording
from services import languages
from services.registry.models import ServiceFunction
from services.search.find import Found, Hit

PAGE_SIZE = 20


def shown(found: Found, asked: Asked, said: str = "") -> dict[str, Any]:
    """The context of the results: rows, how many there are, and which page this is.

    `said`: the filter that the heading of the page says already.
    """
    return {
        "page": Paginator(range(found.count), PAGE_SIZE).get_page(asked.page),
        "items": items(found.results),
        "near": items(found.near),
        "counted": counted(found.count, found.did_you_mean or asked.q),
        "did_you_mean": found.did_you_mean,
        "filters": choices(asked),
        "chips": [chip for chip in chips(asked, found) if chip["name"] != said],
    }


def counted(count: int, words: str = "") -> str:
    """How many services there are, or fit the words."""
    if not words:
        return ngettext("%(count)s service", "%(count)s services", count) % {"count": f"{count:,}"}
    sentence = ngettext("%(count)s service for “%(words)s”", "%(count)s services for “%(words)s”", count)
    return sentence % {"count": f"{count:,}", "words": words}


def items(hits: Iterable[Hit]) -> list[dict[str, Any]]:
    """Rows of components/result_list.html. What all rows share is asked once: this is most of a search's time."""
    language = languages.current()
    address = reverse("web:function", args=["-"]).removesuffix("-/")
    return [_item(hit, language, f"{address}{hit.function.code}/") for hit in hits]


def _item(hit: Hit, language: str, url: str) -> dict[str, Any]:
    function, version = hit.function, hit.function.published
    assert version is not None  # the index holds published functions only
    name = wording(version, "name", language)
    tags = [{"text": str(labels.ACTIONS[version.action])}]
    if function.state == ServiceFunction.State.SUSPENDED:
        tags.append({"text": _("Paused"), "tone": "waiting"})
    return {
        "name": name.html(hit.matched),
        "url": url,
        "summary": wording(version, "summary", language).html(hit.matched),
        "department": wording(function.department, "name", language).html(hit.matched),
        "tags": tags,
        "note": foreign_note(name.is_foreign),
    }


def foreign_note(is_foreign: bool) -> str:
    """Said wherever a text is not in the reader's language."""
    return _("The department has not given this text in your language yet.") if is_foreign else ""


def chips(asked: Asked, found: Found) -> list[dict[str, str]]:
    """The filters in use, each with the address that leaves it out."""
    words: dict[str, Any] = {**labels.CATEGORIES, **labels.AUDIENCES, **labels.ACTIONS}
    words[asked.department] = _("One department")  # where nothing fits, nothing tells its name
    for hit in (*found.results[:1], *found.near[:1]):
        words[hit.function.department.code] = hit.function.department.name
    return [
        {"name": name, "text": str(words[value]), "url": asked.without(name).url} for name, value in asked.narrowing
    ]


def choices(asked: Asked) -> list[dict[str, Any]]:
    """What results can be narrowed to: the selects of components/filters.html."""
    language = languages.current()
    return [
        {"name": "action", "label": _("What to do"), "options": _options("action", asked.action, language)},
        {"name": "category", "label": _("Subject"), "options": _options("category", asked.category, language)},
        {"name": "audience", "label": _("Who it is for"), "options": _options("audience", asked.audience, language)},
    ]


@cache
def _options(name: str, chosen: str, language: str) -> SafeString:
    """The <option>s of a select in a language; `chosen` is one of the values that the labels know, or empty."""
    everything, known = {
        "action": (_("Anything"), labels.ACTIONS),
        "category": (_("All subjects"), labels.CATEGORIES),
        "audience": (_("Everyone"), labels.AUDIENCES),
    }[name]
    options = (("", everything), *known.items())
    rows = ((value, " selected" if value == chosen else "", label) for value, label in options)
    return format_html_join("", '<option value="{}"{}>{}</option>', rows)


def is_part(request: HttpRequest) -> bool:
    """Someone is typing, and wants the results alone."""
    asks = request.headers.get("HX-Request") == "true"
    return asks and request.headers.get("HX-History-Restore-Request") != "true"
